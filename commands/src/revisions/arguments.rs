//! Command lines on which revisions and paths stand side by side: `log main data/`, `diff HEAD~1 -- notes.txt`.
//!
//! As in git: what stands before `--` are revisions, what stands behind it are paths. Without `--`, revisions come first;
//! from the first argument on that is none, all are paths. An argument that could be both is refused.

use std::ffi::{OsStr, OsString};

use bstr::BString;
use pond_history::resolve::{self, ResolveRevisionError};
use pond_objects::pathspec::{PathspecError, Pathspecs};
use pond_objects::{escape, tree};
use pond_refs::{PathRoot, Range, ResolveError, RevisionPath};
use pond_workspace::Workspace;

use super::explain;
use crate::error::{CommandError, fatal, usage};

/// The arguments, told apart.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// Revisions and ranges, as they were written.
    pub(crate) revisions: Vec<OsString>,
    /// Paths, likewise.
    pub(crate) paths: Vec<OsString>,
    /// The paths' meaning.
    pub(crate) pathspecs: Pathspecs,
}

/// Tells revisions from paths. `mixed` stood before `--`, `paths` behind it; `ends_with_dashes` if nothing did.
pub(crate) fn split_arguments(
    workspace: &Workspace<'_>,
    mixed: &[OsString],
    paths: &[OsString],
    ends_with_dashes: bool,
) -> Result<Arguments, CommandError> {
    let dashes = !paths.is_empty() || ends_with_dashes;
    let count = if dashes { mixed.len() } else { revisions_in_front(workspace, mixed)? };
    let (revisions, rest) = mixed.split_at(count);
    let all: Vec<OsString> = rest.iter().chain(paths).cloned().collect();
    let pathspecs = match all.is_empty() {
        true => Pathspecs::default(),
        false => workspace.pathspecs(&all, &workspace.cwd()?)?,
    };
    Ok(Arguments { revisions: revisions.to_vec(), paths: all, pathspecs })
}

/// How many of the arguments are revisions; the others must be paths.
fn revisions_in_front(workspace: &Workspace<'_>, mixed: &[OsString]) -> Result<usize, CommandError> {
    let mut count = mixed.len();
    for (at, text) in mixed.iter().enumerate() {
        let resolved = try_revision(workspace, text)?;
        let is_path = looks_like_path(workspace, text);
        match (resolved, is_path) {
            (Ok(()), false) => {}
            (Ok(()), true) if is_host_file(workspace, text) => return Err(both(text)),
            (Ok(()), true) => {}
            (Err(_), true) => {
                count = at;
                break;
            }
            (Err(error), false) => return Err(error),
        }
    }
    for text in &mixed[count..] {
        if !looks_like_path(workspace, text) {
            let text = escape::plain(text.as_encoded_bytes());
            return Err(fatal(format_args!("there is no path '{text}' here"))
                .hint("revisions stand before paths; behind '--' every path is taken, deleted ones too"));
        }
    }
    Ok(count)
}

/// Whether a text is a revision, a range, or a path in one; the inner error says why not.
#[allow(clippy::type_complexity, reason = "damage ends the command, an unknown name may be a path")]
fn try_revision(workspace: &Workspace<'_>, text: &OsStr) -> Result<Result<(), CommandError>, CommandError> {
    let bytes = text.as_encoded_bytes();
    if let Ok(Some(path)) = RevisionPath::parse_optional(bytes) {
        let PathRoot::Revision(revision) = &path.root else {
            return Ok(super::entry_at(workspace, &path).map(drop));
        };
        return Ok(match resolve::tree(workspace.history(), revision) {
            Ok(_) => super::entry_at(workspace, &path).map(drop),
            Err(error) => Err(explain::error(workspace, error)),
        });
    }
    let neither = || {
        let name = String::from_utf8_lossy(bytes);
        let this = fatal(format_args!("unknown revision or path '{}'", escape::plain(bytes)));
        let mut ends = name.split("..").map(|end| end.trim_matches(['.', '^']));
        if ends.any(explain::is_short_of_an_id) {
            return this.hint(explain::id_needs_more());
        }
        match explain::did_you_mean(workspace, &name) {
            Some(sentence) => this.hint(sentence),
            None => this.hint("a path that is not here any more stands behind '--'"),
        }
    };
    let Ok(range) = Range::parse(bytes) else { return Ok(Err(neither())) };
    let revisions = match &range {
        Range::Reachable(one) | Range::Exclude(one) => vec![one],
        Range::Between { from, to } => vec![from, to],
        Range::Symmetric { left, right } => vec![left, right],
    };
    for revision in revisions {
        match resolve::object(workspace.history(), revision) {
            Ok(_) => {}
            Err(ResolveRevisionError::Revision { source: ResolveError::Unknown { .. }, .. }) => {
                return Ok(Err(neither()));
            }
            Err(error) => return Ok(Err(explain::named(workspace, error, text))),
        }
    }
    Ok(Ok(()))
}

/// Whether a text is magic, has wildcards, or names what is in the mirror, the index or the newest commit.
fn looks_like_path(workspace: &Workspace<'_>, text: &OsStr) -> bool {
    let bytes = text.as_encoded_bytes();
    if [&b":/"[..], b":(", b":!", b":^"].iter().any(|magic| bytes.starts_with(magic)) {
        return true;
    }
    if bytes.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[')) {
        return !bytes.contains(&b':');
    }
    is_host_file(workspace, text) || is_tracked(workspace, text)
}

fn is_host_file(workspace: &Workspace<'_>, text: &OsStr) -> bool {
    workspace.session().cwd.join(text).symlink_metadata().is_ok()
}

fn is_tracked(workspace: &Workspace<'_>, text: &OsStr) -> bool {
    let Ok(cwd) = workspace.cwd() else { return false };
    let given = [text.to_owned()];
    let Ok(specs) = workspace.pathspecs(&given, &cwd) else { return false };
    let Ok(index) = workspace.need_index() else { return is_in_head(workspace, specs.common_prefix()) };
    let rows = index.range_of_dir(specs.common_prefix());
    rows.into_iter().any(|number| specs.matches(index.path(number), false))
}

/// What serves for [`is_tracked`] where the index can't be read.
fn is_in_head(workspace: &Workspace<'_>, path: &[u8]) -> bool {
    let Ok(Some(tree)) = workspace.head_tree() else { return false };
    tree::find(workspace.store(), &tree, path).is_ok_and(|found| found.is_some())
}

fn both(text: &OsStr) -> CommandError {
    let text = escape::plain(text.as_encoded_bytes());
    fatal(format_args!("'{text}' is both a revision and a path here"))
        .hint(format_args!("'{text} --' means the revision, '-- {text}' the path"))
}

/// The path from the mirror's root of one path that a user wrote, without wildcards.
pub(crate) fn path_from_root(workspace: &Workspace<'_>, given: &OsStr) -> Result<BString, CommandError> {
    let bytes = given.as_encoded_bytes();
    let written = match bytes.strip_prefix(b":/").or_else(|| bytes.strip_prefix(b":(top)")) {
        Some(from_root) => from_root.to_vec(),
        None if bytes.starts_with(b"/") => {
            let root = workspace.pond().mirror_root();
            let outside = || PathspecError::Outside { given: bytes.into(), mirror: root.to_owned() };
            workspace.below_root(bytes).ok_or_else(outside)?.into()
        }
        None => [b"./", bytes].concat(),
    };
    let path = RevisionPath { root: PathRoot::Index, path: written };
    Ok(path.from_root(&workspace.cwd()?)?.into())
}

/// Takes `-3` out of the arguments; the last one counts.
pub(crate) fn take_count(arguments: &mut Vec<OsString>) -> Result<Option<usize>, CommandError> {
    let mut count = None;
    let mut wrong = None;
    arguments.retain(|argument| {
        let Some(digits) = argument.to_str().and_then(|text| text.strip_prefix('-')) else { return true };
        if digits.is_empty() || !digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            return true;
        }
        match digits.parse() {
            Ok(number) => count = Some(number),
            Err(_) => wrong = Some(digits.to_owned()),
        }
        false
    });
    match wrong {
        Some(digits) => Err(usage(format_args!("'-{digits}' is no number of commits"))),
        None => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::take_count;
    use std::ffi::OsString;

    #[test]
    fn a_number_is_a_count() {
        let mut arguments: Vec<OsString> = ["main", "-3", "-", "a-1"].map(OsString::from).into();
        assert_eq!(take_count(&mut arguments).ok(), Some(Some(3)));
        assert_eq!(arguments, ["main", "-", "a-1"]);
        assert!(take_count(&mut vec!["-3.5".into()]).is_err());
    }
}
