//! Changes to one configuration file: its comments, order and layout stay as they are.
//!
//! A change is written to a temporary beside the file, fsynced, renamed over it, and the directory fsynced: a
//! reader sees the old file or the new one, and a failed call leaves the old one.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pond_durable::give_to_owner;
use toml_edit::{DocumentMut, Item, Table, TableLike};

use super::known::{self, KeyType};
use super::layer::{self, ConfigError};
use super::value;

/// Why a configuration file was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("'{key}' cannot be set in {path}: '{part}' is a value there, not a section")]
    NotASection { key: String, path: String, part: String },
    #[error("'{key}' is a section in {path}, not a value")]
    IsASection { key: String, path: String },
    #[error("cannot write {path}: {source}")]
    Io { path: String, source: io::Error },
}

/// Sets a key in a file, which is made if it does not exist.
pub(crate) fn set(path: &Path, key: &str, text: &str) -> Result<(), WriteError> {
    change(path, key, |_| to_toml(key, text))
}

/// Adds a text to the list that a key has in a file, which is made if it does not exist.
pub(crate) fn add(path: &Path, key: &str, text: &str) -> Result<(), WriteError> {
    change(path, key, |old| {
        let mut items = match old {
            Some(toml_edit::Value::Array(items)) => items.clone(),
            Some(one) => toml_edit::Array::from_iter([one.clone()]),
            None => toml_edit::Array::new(),
        };
        items.push(text);
        items.fmt();
        items.into()
    })
}

/// Gives a key the value that `new` makes of the one that it has.
fn change(
    path: &Path,
    key: &str,
    new: impl FnOnce(Option<&toml_edit::Value>) -> toml_edit::Value,
) -> Result<(), WriteError> {
    let mut document = read(path)?;
    let parts = locate(document.as_table(), key).unwrap_or_else(|| split(key));
    let (name, sections) = parts.split_last().expect("BUG: a key has at least one part");
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in sections {
        let item = table.entry(part).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        table = item.as_table_like_mut().ok_or_else(|| WriteError::NotASection {
            key: key.to_owned(),
            path: path.display().to_string(),
            part: part.clone(),
        })?;
    }
    match table.get_mut(name) {
        Some(Item::Value(old)) => {
            let mut value = new(Some(old));
            // The comment at the end of the line belongs to the old value.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(Item::None) | None => {
            table.insert(name, Item::Value(new(None)));
        }
        Some(_) => {
            return Err(WriteError::IsASection { key: key.to_owned(), path: path.display().to_string() });
        }
    }
    replace(path, &document.to_string())
}

/// Removes a key from a file. False if it is not there; then nothing is written.
pub(crate) fn unset(path: &Path, key: &str) -> Result<bool, WriteError> {
    let mut document = read(path)?;
    let Some(parts) = locate(document.as_table(), key) else { return Ok(false) };
    let (name, sections) = parts.split_last().expect("BUG: a key has at least one part");
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in sections {
        table = table
            .get_mut(part)
            .and_then(Item::as_table_like_mut)
            .expect("BUG: the parts of a located key are sections");
    }
    table.remove(name);
    replace(path, &document.to_string())?;
    Ok(true)
}

fn read(path: &Path) -> Result<DocumentMut, WriteError> {
    let text = layer::read_text(path)?.unwrap_or_default();
    Ok(layer::parse(&text, path)?.into_mut())
}

/// The parts by which a key stands in the document, however it is spelled and divided there.
fn locate(table: &dyn TableLike, key: &str) -> Option<Vec<String>> {
    fn search(table: &dyn TableLike, prefix: &str, key: &str, parts: &mut Vec<String>) -> bool {
        for (name, item) in table.iter() {
            let full = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            parts.push(name.to_owned());
            let found = match item.as_table_like() {
                Some(inner) => search(inner, &full, key, parts),
                None => layer::same_key(&full, key),
            };
            if found {
                return true;
            }
            parts.pop();
        }
        false
    }
    let mut parts = Vec::new();
    search(table, "", key, &mut parts).then_some(parts)
}

/// `section`, the middle if there is one, `name`; known names in their own spelling.
fn split(key: &str) -> Vec<String> {
    let spelling = known::find(key).map(|known| known.name).filter(|name| !name.contains('*')).unwrap_or(key);
    let (section, rest) = spelling.split_once('.').unwrap_or(("", spelling));
    match rest.rsplit_once('.') {
        Some((middle, name)) => vec![section.to_owned(), middle.to_owned(), name.to_owned()],
        None => vec![section.to_owned(), rest.to_owned()],
    }
}

/// The text as a TOML value of the key's type.
fn to_toml(key: &str, text: &str) -> toml_edit::Value {
    match known::find(key).map(|known| known.kind) {
        Some(KeyType::Bool) => value::parse_bool(text).map_or_else(|| text.into(), Into::into),
        Some(KeyType::Integer) => text.trim().parse::<i64>().map_or_else(|_| text.into(), Into::into),
        _ => text.into(),
    }
}

fn replace(path: &Path, text: &str) -> Result<(), WriteError> {
    let write = || -> io::Result<()> {
        // People keep their configuration elsewhere and link to it: the link stays a link.
        let target: PathBuf = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(directory)?;
        let mut temporary = tempfile::Builder::new().prefix(".config-").tempfile_in(directory)?;
        // Of root behind sudo too, in a directory of the user's.
        give_to_owner(temporary.as_file(), directory);
        temporary.write_all(text.as_bytes())?;
        match fs::metadata(&target) {
            Ok(old) => temporary.as_file().set_permissions(old.permissions())?,
            Err(_) => make_readable(temporary.as_file())?,
        }
        temporary.as_file().sync_all()?;
        temporary.persist(&target).map_err(|error| error.error)?;
        sync_directory(directory)
    };
    write().map_err(|source| WriteError::Io { path: path.display().to_string(), source })
}

/// A temporary is private; a new configuration file has the mode that the umask gives.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    file.set_permissions(fs::Permissions::from_mode(0o666 & !mask.bits()))
}

#[cfg(not(unix))]
fn make_readable(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}
