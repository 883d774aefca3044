//! Files of the mirror, as they are now. What is not in the mirror is refused: also where a symbolic link leads there.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bstr::{BString, ByteSlice as _};

use crate::error::QueryError;
use crate::files::name::{Named, Pattern};
use crate::history::OwnedHistory;
use crate::objects::{Content, Located};

/// What no query takes for data.
const POND: &[u8] = b".pond";

/// Finds what a path of the mirror means.
pub(super) fn find(history: &OwnedHistory, name: &str) -> Result<Named, QueryError> {
    let path = from_root(name, &history.directory)?;
    let root = fs::canonicalize(&history.mirror_root).map_err(failed(&history.mirror_root))?;
    let host = root.join(path.to_path().map_err(|_| QueryError::NoFile(name.to_owned()))?);
    match fs::canonicalize(&host) {
        Ok(real) if !is_within(&real, &root) => return Err(QueryError::Outside(name.to_owned())),
        Ok(real) => {
            let metadata = fs::metadata(&real).map_err(failed(&real))?;
            if !metadata.is_file() {
                let what = if metadata.is_dir() { "a directory" } else { "something else" };
                return Err(QueryError::NotAFile { name: name.to_owned(), what });
            }
            return Ok(Named { files: vec![located(path, real, &metadata)], is_pattern: false });
        }
        Err(_) if host.symlink_metadata().is_ok() => return Err(QueryError::NoFile(name.to_owned())),
        Err(_) => {}
    }
    let mut files = Vec::new();
    let Some(pattern) = Pattern::new(&path)? else { return Ok(Named { files, is_pattern: false }) };
    let directory: BString = match pattern.literal.rfind_byte(b'/') {
        Some(slash) => pattern.literal[..slash].into(),
        None => BString::default(),
    };
    let start = root.join(directory.to_path().map_err(|_| QueryError::NoFile(name.to_owned()))?);
    match fs::canonicalize(&start) {
        Ok(real) if !is_within(&real, &root) => return Err(QueryError::Outside(name.to_owned())),
        Ok(real) => walk(&real, &directory, &pattern, &mut files)?,
        Err(_) => {}
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Named { files, is_pattern: true })
}

/// The normal path from the mirror's root.
fn from_root(name: &str, directory: &[u8]) -> Result<BString, QueryError> {
    let outside = || QueryError::Outside(name.to_owned());
    if name.starts_with('/') {
        return Err(outside());
    }
    let mut parts: Vec<&[u8]> = directory.split_str("/").filter(|part| !part.is_empty()).collect();
    for part in name.as_bytes().split_str("/") {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop().ok_or_else(outside)?;
            }
            part => parts.push(part),
        }
    }
    match parts.first() {
        Some(first) if *first == POND => Err(outside()),
        _ => Ok(bstr::join("/", parts).into()),
    }
}

/// Whether a canonical path is in the mirror, and not in its pond.
fn is_within(real: &Path, root: &Path) -> bool {
    real.strip_prefix(root).is_ok_and(|below| below.iter().next() != Some(".pond".as_ref()))
}

/// Takes the files below a directory that fit. Symbolic links are not followed.
fn walk(dir: &Path, at: &[u8], pattern: &Pattern, files: &mut Vec<Located>) -> Result<(), QueryError> {
    for entry in fs::read_dir(dir).map_err(failed(dir))? {
        let entry = entry.map_err(failed(dir))?;
        let (host, name) = (entry.path(), entry.file_name());
        let Some(name) = <[u8]>::from_os_str(&name) else { continue };
        if name == POND {
            continue;
        }
        let path = pond_objects::name::join_path(at, name);
        let metadata = entry.metadata().map_err(failed(&host))?;
        if metadata.is_dir() {
            let literal = &pattern.literal;
            if literal.starts_with(&path) || path.starts_with(literal) {
                walk(&host, &path, pattern, files)?;
            }
        } else if metadata.is_file() && pattern.fits(&path) {
            files.push(located(path, host, &metadata));
        }
    }
    Ok(())
}

fn located(path: BString, host: PathBuf, metadata: &Metadata) -> Located {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or_default());
    Located { path, content: Content::Host(host), size: metadata.len(), modified }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> QueryError + use<> {
    let path = path.display().to_string();
    move |source| QueryError::Host { path, source }
}
