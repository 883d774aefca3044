//! The stash that a text names.

use std::ffi::OsStr;

use pond_refs::{At, Base, Revision};
use pond_workspace::Workspace;
use pond_workspace::stash::Stash;

use crate::error::{CommandError, nothing};
use crate::revisions;

/// Finds it; the newest without a text.
pub(super) fn find(workspace: &Workspace<'_>, text: Option<&OsStr>) -> Result<Stash, CommandError> {
    let stack = workspace.snapshot().view().stashes()?;
    let Some(number) = number(text) else {
        let text = text.unwrap_or_default();
        let found = revisions::resolve_found(workspace, text)?;
        let name = text.to_string_lossy().into_owned();
        let seq = stack.iter().find(|(_, id)| *id == found.id).map(|(seq, _)| *seq);
        return Ok(Stash::load(workspace, name, seq, found.id)?);
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
    Ok(Stash::load(workspace, name, Some(*seq), *id)?)
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
