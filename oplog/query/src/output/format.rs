//! The formats that answers are written in.

/// A format that answers are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Fields parted by commas, as RFC 4180 has them.
    Csv,
    /// Fields parted by tabs.
    Tsv,
    /// One array of objects.
    Json,
    /// One object a line.
    JsonLines,
    /// Parquet: compressed, in pages that begin where the content says so, so that equal parts of two files are stored once.
    Parquet,
    /// Arrow's file format (not its stream).
    Arrow,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Tsv, Self::Json, Self::JsonLines, Self::Parquet, Self::Arrow];

    /// The word for it, which is the usual end of a file's name too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// The format that a word stands for, in any case of letters; `None` if it stands for none.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "parquet" => Self::Parquet,
            "arrow" | "ipc" | "feather" => Self::Arrow,
            _ => return None,
        })
    }

    /// The format that the end of a file's name says; `None` if it says none.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').and_then(|(_, ending)| Self::of_word(ending))
    }

    /// The words of all formats, for a message.
    pub(crate) fn known() -> String {
        let words: Vec<&str> = Self::ALL.into_iter().map(Self::word).collect();
        format!("known are {}", words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn words_and_endings_name_formats() {
        for format in Format::ALL {
            assert_eq!(Format::of_word(&format.word().to_uppercase()), Some(format));
            assert_eq!(Format::of_path(&format!("a.b/x.{}", format.word())), Some(format));
        }
        assert_eq!(Format::of_path("x.ndjson"), Some(Format::JsonLines));
        assert_eq!(Format::of_path("a.csv/x"), None);
        assert_eq!(Format::of_path("x.csv.gz"), None);
    }
}
