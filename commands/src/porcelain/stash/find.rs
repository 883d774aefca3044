//! The stash that a text names.

use std::ffi::OsStr;

use pond_objects::{Commit, ObjectId, ObjectSource as _};
use pond_refs::{At, Base, Revision};

use crate::error::{CommandError, fatal, nothing};
use crate::revisions;
use crate::workspace::Workspace;
use pond_objects::escape;

/// A stash: a commit of the mirror's files on the commit that HEAD was at, with one of the index beside it.
pub(super) struct Stash {
    /// What it is called: `stash@{0}`.
    pub(super) name: String,
    /// The operation that made it; none for a commit that is not on the stack.
    pub(super) seq: Option<i64>,
    /// The commit.
    pub(super) id: ObjectId,
    pub(super) commit: Commit,
    /// The commit that it is based on.
    pub(super) base_id: ObjectId,
    pub(super) base: Commit,
    /// The tree of what was staged.
    pub(super) index: ObjectId,
    /// The tree of untracked files.
    pub(super) untracked: Option<ObjectId>,
}

impl Stash {
    /// The number of the operation that made it, for who wants to drop it.
    pub(super) fn on_stack(&self) -> Result<i64, CommandError> {
        self.seq.ok_or_else(|| {
            nothing(format_args!("'{}' is not a stash reference", escape::plain(self.name.as_bytes())))
                .hint("'pond stash list' lists the stashes; 'apply' takes any commit that is like one")
        })
    }
}

/// Finds it; the newest without a text.
pub(super) fn find(workspace: &Workspace<'_>, text: Option<&OsStr>) -> Result<Stash, CommandError> {
    let stack = workspace.snapshot.view().stashes()?;
    let Some(number) = number(text) else {
        let text = text.unwrap_or_default();
        let found = revisions::resolve_found(workspace, text)?;
        let name = text.to_string_lossy().into_owned();
        let seq = stack.iter().find(|(_, id)| *id == found.id).map(|(seq, _)| *seq);
        return load(workspace, name, seq, found.id);
    };
    if stack.is_empty() {
        return Err(nothing("no stash entries found").hint("'pond stash' puts changes aside"));
    }
    let name = format!("stash@{{{number}}}");
    let entry = usize::try_from(number).ok().and_then(|number| stack.get(number));
    let Some((seq, id)) = entry else {
        return Err(nothing(format_args!("{name} is not a valid reference"))
            .hint("'pond stash list' lists the stashes"));
    };
    load(workspace, name, Some(*seq), *id)
}

/// The place on the stack that a text names.
fn number(text: Option<&OsStr>) -> Option<u64> {
    let Some(text) = text else { return Some(0) };
    let text = text.to_str()?;
    if !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let Revision { base, steps } = Revision::parse(text).ok()?;
    match base {
        Base::Name(name) if steps.is_empty() && is_stack(&name) => Some(0),
        Base::Reflog { reference: Some(name), at: At::Entry(number) }
            if steps.is_empty() && is_stack(&name) =>
        {
            Some(number)
        }
        _ => None,
    }
}

fn is_stack(name: &str) -> bool {
    name == "stash" || name == "refs/stash"
}

fn load(
    workspace: &Workspace<'_>,
    name: String,
    seq: Option<i64>,
    id: ObjectId,
) -> Result<Stash, CommandError> {
    let store = workspace.store();
    let commit = store.commit(&id)?;
    let strange = || {
        fatal(format_args!("'{}' is not a stash-like commit", escape::plain(name.as_bytes())))
            .hint("'pond stash list' lists the stashes")
    };
    let (base_id, index, untracked) = match commit.parents.as_slice() {
        [base, index] => (*base, *index, None),
        [base, index, untracked] => (*base, *index, Some(*untracked)),
        _ => return Err(strange()),
    };
    let index = store.commit(&index)?;
    if index.parents != [base_id] {
        return Err(strange());
    }
    let untracked = untracked.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree);
    Ok(Stash { name, seq, id, base: store.commit(&base_id)?, commit, base_id, index: index.tree, untracked })
}
