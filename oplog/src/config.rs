//! The format's version in a pond's `config.toml`, which decides whether this program may touch the pond.
//!
//! The rest of that file is settings; they are the commands' business and are not looked at here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

/// The format that this program reads and writes.
pub const FORMAT: i64 = 1;
/// The file's name in the pond's directory.
pub const CONFIG_FILE: &str = "config.toml";

/// Why the format is not known, or not ours.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such file: the directory is no pond, or has lost it.
    #[error("'{}', which states the pond's format, is missing", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read '{}': {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no TOML, or has no number `pond.format`.
    #[error("'{}' is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In which way.
        why: String,
    },
    /// A newer program made the pond, or brought it to a newer format.
    #[error("'{}' says that this pond has format {found}, this program knows format {FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The pond's format.
        found: i64,
    },
}

/// What a new pond's file holds.
pub fn initial_text() -> String {
    format!("[pond]\nformat = {FORMAT}\n")
}

/// Checks that the pond in `pond_dir` has a format that this program knows.
pub fn check_format(pond_dir: &Path) -> Result<(), ConfigError> {
    let path = pond_dir.join(CONFIG_FILE);
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ConfigError::Missing(path)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(ConfigError::Damaged { path, why: "it is not UTF-8".to_owned() });
        }
        Err(source) => return Err(ConfigError::Read { path, source }),
    };
    // Every command looks: most ponds need no parser for it.
    if text == initial_text() {
        return Ok(());
    }
    let document: DocumentMut = match text.parse() {
        Ok(document) => document,
        // The first line says where, the others draw it.
        Err(error) => {
            let error: toml_edit::TomlError = error;
            let why = error.to_string().lines().next().unwrap_or_default().to_owned();
            return Err(ConfigError::Damaged { path, why });
        }
    };
    match document.get("pond").and_then(|pond| pond.get("format")).and_then(Item::as_integer) {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => Err(ConfigError::Newer { path, found }),
        Some(found) => Err(ConfigError::Damaged { path, why: format!("there is no format {found}") }),
        None => Err(ConfigError::Damaged { path, why: "it has no number 'format' in [pond]".to_owned() }),
    }
}

/// Reads the file; what has no end, or none that comes, is not one.
fn read(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_format_passes() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(matches!(check_format(dir.path()), Err(ConfigError::Missing(_))));
        let check = |text: &[u8]| {
            fs::write(dir.path().join(CONFIG_FILE), text).expect("written");
            check_format(dir.path())
        };
        assert!(check(initial_text().as_bytes()).is_ok());
        assert!(check(b"# mine\npond.format = 1\n[user]\nname = 'x'\n").is_ok());
        assert!(matches!(check(b"[pond]\nformat = 2\n"), Err(ConfigError::Newer { found: 2, .. })));
        for bad in
            [&b""[..], b"[pond]\n", b"[pond]\nformat = '1'\n", b"[pond]\nformat = 0\n", b"[po", b"\xff"]
        {
            assert!(matches!(check(bad), Err(ConfigError::Damaged { .. })), "{bad:?}");
        }
    }
}
