//! `pond branch -m` and `-c`.

use pond_refs::{Expected, RefEdit, RefName};

use super::{in_use, new_name, taken};
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::ref_update::{self, Moves};
use crate::workspace::Workspace;
use pond_objects::escape;

/// Gives a branch another name, or a second one. Mirrors that are on a renamed branch are on it still.
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
    let old = match old {
        Some(old) => Some(RefName::new(&format!("heads/{old}"))?),
        None => None,
    };
    let mut workspace = ref_update::open(ctx.session()?, |head| {
        !copies && head.branch.is_some() && (old.is_none() || old == head.branch)
    })?;
    let old = match old.or_else(|| workspace.head.branch.clone()) {
        Some(old) => old,
        None => {
            return Err(fatal("HEAD is on no branch").hint("name the branch: 'pond branch -m OLD NEW'"));
        }
    };
    let new = new_name(new)?;
    let target = workspace.snapshot.view().target(&old)?;
    let is_unborn = target.is_none() && workspace.head.branch.as_ref() == Some(&old);
    if target.is_none() && (copies || !is_unborn) {
        return Err(fatal(format_args!("no branch named '{}'", escape::plain(old.short().as_bytes()))));
    }
    if new == old {
        return Ok(Outcome::Done);
    }
    if workspace.snapshot.view().target(&new)?.is_some() {
        if !force {
            return Err(taken(&new));
        }
        in_use(&workspace, &new, "replace")?;
    }
    let verb = if copies { "copied" } else { "renamed" };
    let parameters = [(verb, old.short().to_owned()), ("branch", new.short().to_owned())];
    let moves = moves(&workspace, old, new, copies, force)?;
    ref_update::publish(&mut workspace, "BRANCH", &parameters, moves, |_| ())?;
    Ok(Outcome::Done)
}

fn moves(
    workspace: &Workspace<'_>,
    old: RefName,
    new: RefName,
    copies: bool,
    force: bool,
) -> Result<Moves, CommandError> {
    let target = workspace.snapshot.view().target(&old)?;
    let expected = if force { Expected::Any } else { Expected::MustNotExist };
    let mut moves = Moves::default();
    if let Some(id) = target {
        let expected_old = Expected::MustBe(id);
        if !copies {
            moves.edits.push(RefEdit { name: old.clone(), expected: expected_old, new: None });
        }
        moves.edits.push(RefEdit { name: new.clone(), expected, new: target });
    }
    if !copies {
        moves.renamed = Some((old, new));
    }
    Ok(moves)
}
