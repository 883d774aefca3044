//! `REVISION:PATH`, `:PATH` and `:N:PATH`.

use std::fmt;
use std::str::FromStr;

use super::parse::{error, find_outside_braces, revision, utf8};
use super::{Revision, RevisionError, RevisionProblem};

/// A path in a revision or in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionPath {
    /// Where the path begins.
    pub root: PathRoot,
    /// The path as it was written, in bytes: from the root, or from the current directory where it begins
    /// with `./` or `../`. See [`RevisionPath::from_root`].
    pub path: Vec<u8>,
}

/// Where the path of a [`RevisionPath`] begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathRoot {
    /// The index: what the next commit would hold.
    Index,
    /// A stage of the index: 0 what the next commit would hold; of a path in conflict 1 the common ancestor's version, 2 ours,
    /// 3 theirs. Without it, a path that begins with such a digit and a colon is written with `./` in front.
    Stage(u8),
    /// A revision's tree.
    Revision(Revision),
}

impl RevisionPath {
    /// Parses `REVISION:PATH`, `:PATH` or `:N:PATH`.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, RevisionError> {
        let text = text.as_ref();
        Self::parse_optional(text)?.ok_or_else(|| {
            let text = String::from_utf8_lossy(text);
            error(&text, &text, RevisionProblem::PathWanted)
        })
    }

    /// As [`RevisionPath::parse`], but none for a text without a colon outside of braces: a revision, or a
    /// file of the host.
    pub fn parse_optional(text: impl AsRef<[u8]>) -> Result<Option<Self>, RevisionError> {
        let text = text.as_ref();
        let Some(colon) = find_outside_braces(text, |rest| rest[0] == b':') else { return Ok(None) };
        let (before, after) = (&text[..colon], &text[colon + 1..]);
        let (stage, path) = match after {
            [stage @ b'0'..=b'3', b':', path @ ..] if before.is_empty() => (Some(stage - b'0'), path),
            _ => (None, after),
        };
        let path = path.to_vec();
        let problem =
            |problem| error(&String::from_utf8_lossy(text), &String::from_utf8_lossy(&path), problem);
        if path.starts_with(b"/") {
            return Err(problem(RevisionProblem::AbsolutePath));
        }
        if path.contains(&0) {
            return Err(problem(RevisionProblem::Path));
        }
        let root = match (stage, before) {
            (Some(stage), _) => PathRoot::Stage(stage),
            (None, b"") => PathRoot::Index,
            (None, before) => PathRoot::Revision(revision(utf8(before)?)?),
        };
        Ok(Some(Self { root, path }))
    }

    /// The path from the root, normal: no `.`, no `..`, no slash at its end; empty for the root itself.
    /// `directory` is the normal path of the current directory from the root of the mirror, for paths that
    /// begin with `./` or `../`.
    ///
    /// # Errors
    ///
    /// [`RevisionProblem::OutsideRoot`] for a path that leads above the root, [`RevisionProblem::Path`] for
    /// one with an empty part.
    pub fn from_root(&self, directory: &[u8]) -> Result<Vec<u8>, RevisionError> {
        let problem = |problem| error(&self.to_string(), &String::from_utf8_lossy(&self.path), problem);
        let mut written: Vec<&[u8]> = self.path.split(|byte| *byte == b'/').collect();
        // A slash at the end says "directory"; an empty path is the root.
        if written.last().is_some_and(|part| part.is_empty()) {
            written.pop();
        }
        let mut parts: Vec<&[u8]> = Vec::new();
        if matches!(written.first(), Some(&(b"." | b".."))) {
            parts.extend(directory.split(|byte| *byte == b'/').filter(|part| !part.is_empty()));
        }
        for part in written {
            match part {
                b"" => return Err(problem(RevisionProblem::Path)),
                b"." => {}
                b".." => {
                    parts.pop().ok_or_else(|| problem(RevisionProblem::OutsideRoot))?;
                }
                _ => parts.push(part),
            }
        }
        Ok(parts.join(&b'/'))
    }

    /// The text that parses to this value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = match &self.root {
            PathRoot::Index => Vec::new(),
            PathRoot::Stage(stage) => vec![b':', b'0' + stage],
            PathRoot::Revision(revision) => revision.to_string().into_bytes(),
        };
        bytes.push(b':');
        bytes.extend_from_slice(&self.path);
        bytes
    }
}

impl FromStr for RevisionPath {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        Self::parse(text)
    }
}

/// Bytes of the path that are not UTF-8 are replaced; [`RevisionPath::to_bytes`] keeps them.
impl fmt::Display for RevisionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}
