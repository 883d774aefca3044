//! How an answer is written.

use crate::output::Format;

/// How the pages of a Parquet file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// With Zstandard, at level 3.
    #[default]
    Zstd,
    /// With Snappy: faster, and larger.
    Snappy,
    /// Not at all.
    None,
}

/// How an answer is written. The default is what other programs expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether a delimited file begins with the names of its columns.
    pub header: bool,
    /// What parts the fields of a delimited file. `None`: what its format says.
    pub delimiter: Option<u8>,
    /// What stands in a delimited file where there is no value.
    pub null: String,
    /// How the pages of a Parquet file are compressed.
    pub compression: Compression,
}

impl Default for Options {
    fn default() -> Self {
        Self { header: true, delimiter: None, null: String::new(), compression: Compression::default() }
    }
}

const DELIMITED: [&str; 4] = ["FORMAT", "HEADER", "DELIMITER", "NULL"];
const PARQUET: [&str; 2] = ["FORMAT", "COMPRESSION"];
const OTHERS: [&str; 1] = ["FORMAT"];

impl Options {
    /// Sets an option by its name in lower case. The error is a message.
    pub(crate) fn set(&mut self, format: Format, name: &str, value: Option<&str>) -> Result<(), String> {
        let delimited = matches!(format, Format::Csv | Format::Tsv);
        match name {
            "header" if delimited => self.header = truth(value)?,
            "delimiter" | "delim" | "sep" if delimited => self.delimiter = Some(delimiter(value)?),
            "null" | "nullstr" if delimited => value.unwrap_or_default().clone_into(&mut self.null),
            "compression" | "codec" if format == Format::Parquet => {
                self.compression = match value.unwrap_or_default().to_ascii_lowercase().as_str() {
                    "zstd" => Compression::Zstd,
                    "snappy" => Compression::Snappy,
                    "none" | "uncompressed" => Compression::None,
                    other => {
                        return Err(format!("'{other}' is no compression; known are zstd, snappy, none"));
                    }
                }
            }
            "format" => return Err("FORMAT is given twice".to_owned()),
            _ => {
                let known: &[&str] = match format {
                    Format::Csv | Format::Tsv => &DELIMITED,
                    Format::Parquet => &PARQUET,
                    Format::Json | Format::JsonLines | Format::Arrow => &OTHERS,
                };
                let (name, word) = (name.to_uppercase(), format.word());
                return Err(format!("{name} is no option of {word}; known are {}", known.join(", ")));
            }
        }
        Ok(())
    }
}

fn truth(value: Option<&str>) -> Result<bool, String> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "on" | "1") => Ok(true),
        Some("false" | "off" | "0") => Ok(false),
        Some(other) => Err(format!("HEADER is true or false, not '{other}'")),
    }
}

fn delimiter(value: Option<&str>) -> Result<u8, String> {
    match value {
        Some("\\t") => Ok(b'\t'),
        Some(value) if value.len() == 1 && !matches!(value, "\"" | "\n" | "\r") => Ok(value.as_bytes()[0]),
        _ => Err("DELIMITER is one ASCII character, in single quotes".to_owned()),
    }
}
