//! A mirror's HEAD file: where it stands, as the last command left it.
//!
//! Three lines: `branch NAME` (left out when detached), `commit ID` (left out before the first), and `seq N`, the number
//! of the operation that it follows. The view in the table is the truth; the file saves a look at it, and is written over in
//! place.

use std::path::{Path, PathBuf};

use pond_durable::in_place;
use pond_refs::Head;
use pond_refs::RefName;

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadFile {
    /// Where the mirror stands.
    pub head: Head,
    /// The newest operation when this was written.
    pub seq: i64,
}

/// Why the file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HeadFileError {
    /// The system refused to read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The system refused to write.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The file's content; `None` where there is none or it can't be understood, so that the view is asked.
pub fn read(path: &Path) -> Result<Option<HeadFile>, HeadFileError> {
    let bytes =
        in_place::read(path).map_err(|source| HeadFileError::Read { path: path.to_owned(), source })?;
    Ok(bytes.and_then(|bytes| parse(std::str::from_utf8(&bytes).ok()?)))
}

/// Writes the file.
pub fn write(path: &Path, file: &HeadFile) -> Result<(), HeadFileError> {
    in_place::write(path, render(file).as_bytes())
        .map_err(|source| HeadFileError::Write { path: path.to_owned(), source })
}

/// Makes sure that the file says that the mirror follows operation `seq`, after a power cut too.
pub fn keep(path: &Path, head: &Head, seq: i64) -> Result<(), HeadFileError> {
    if read(path)?.is_none_or(|file| file.seq != seq) {
        write(path, &HeadFile { head: head.clone(), seq })?;
    }
    let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|source| HeadFileError::Write { path: path.to_owned(), source })
}

fn render(file: &HeadFile) -> String {
    let branch = file.head.branch.iter().map(|branch| format!("branch {branch}\n"));
    let commit = file.head.commit.iter().map(|commit| format!("commit {commit}\n"));
    branch.chain(commit).chain([format!("seq {}\n", file.seq)]).collect()
}

fn parse(text: &str) -> Option<HeadFile> {
    let mut head = Head::default();
    let mut seq = None;
    for line in text.lines() {
        match line.split_once(' ')? {
            ("branch", name) => head.branch = Some(RefName::new(name).ok()?),
            ("commit", id) => head.commit = Some(id.parse().ok()?),
            ("seq", number) => seq = Some(number.parse().ok()?),
            _ => return None,
        }
    }
    Some(HeadFile { head, seq: seq? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::ObjectId;

    #[test]
    fn what_is_written_is_read() {
        let branch = Some(RefName::branch("main").expect("a valid name"));
        let commit = Some(ObjectId::of_content(b"c"));
        for head in [
            Head { branch: branch.clone(), commit: None },
            Head { branch, commit },
            Head { branch: None, commit },
        ] {
            let file = HeadFile { head, seq: 12 };
            assert_eq!(parse(&render(&file)), Some(file));
        }
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("HEAD");
        for seq in [3, 3, 4] {
            keep(&path, &Head::default(), seq).expect("written");
            assert_eq!(read(&path).expect("read"), Some(HeadFile { head: Head::default(), seq }));
        }
        assert_eq!(parse("branch main"), None);
        assert_eq!(parse(""), None);
    }
}
