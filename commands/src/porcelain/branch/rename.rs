//! `pond branch -m` and `-c`.

use pond_refs::RefName;
use pond_workspace::branch::{self, RenameRequest};
use pond_workspace::refs;

use super::new_name;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};

/// Gives a branch another name, or a second one.
pub(super) fn run(
    ctx: &Context,
    names: &[String],
    copies: bool,
    force: bool,
) -> Result<Outcome, CommandError> {
    let (old, new) = match names {
        [new] => (None, new),
        [old, new] => (Some(old), new),
        _ => return Err(usage(format_args!("branch -{} takes [OLD] NEW", if copies { 'c' } else { 'm' }))),
    };
    let old = old.map(|old| RefName::new(&format!("heads/{old}"))).transpose()?;
    let mut workspace = refs::open(ctx.session()?, |head| {
        !copies && head.branch.is_some() && (old.is_none() || old == head.branch)
    })?;
    let request = RenameRequest { old, new: new_name(new)?, copies, force };
    branch::rename(&mut workspace, request)?;
    Ok(Outcome::Done)
}
