//! HEAD on its way to another place: what `switch` and `checkout` share.

use std::ffi::OsStr;

use bstr::{BStr, BString};
use pond_history::short_id;
use pond_objects::merge::MergeOptions;
use pond_objects::{ObjectId, ObjectSource as _, escape, path_order};
use pond_refs::{Head, RefName};
use pond_workspace::Carried;
use pond_workspace::LaidOut;
use pond_workspace::MovedHead;
use pond_workspace::Workspace;
use pond_workspace::switch::{SwitchError, SwitchRequest, Switched, To, switch};
use serde_json::{Map, Value, json};

use super::left_behind;
use super::new_name;
use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, fatal, interrupted};
use crate::report;
use crate::revisions;
use crate::ui::changes_json::{failed_rows, insert_path, path_rows};

/// The branch called so, if there is one; `-` and its kin are looked up.
pub(crate) fn branch_named(workspace: &Workspace<'_>, text: &OsStr) -> Result<Option<To>, CommandError> {
    if text == "-" || text.as_encoded_bytes().starts_with(b"@{-") {
        let found = revisions::resolve_found(workspace, text)?;
        let name = found.reference.filter(RefName::is_branch);
        return Ok(name.map(|name| To::Branch(name, found.id)));
    }
    let Some(name) = text.to_str().and_then(|text| RefName::branch(text).ok()) else { return Ok(None) };
    let at = workspace.snapshot().view().target(&name)?;
    Ok(at.map(|id| To::Branch(name, id)))
}

/// A new branch; with `force` one of that name may be there.
pub(crate) fn new_branch(
    workspace: &Workspace<'_>,
    name: &OsStr,
    start: Option<ObjectId>,
    force: bool,
) -> Result<To, CommandError> {
    Ok(To::new_branch(workspace, new_name(name)?, start, force)?)
}

impl From<SwitchError> for CommandError {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Workspace(error) => error.into(),
            SwitchError::InUse { .. } => Self::from_error(Class::Fatal, &error),
            SwitchError::Taken(ref name) => {
                let name = escape::plain(name.short().as_bytes());
                fatal(&error).hint(format_args!(
                    "'pond switch {name}' goes to it, 'pond switch -C {name}' moves it here"
                ))
            }
        }
    }
}

/// A move that was asked for.
pub(crate) struct Go {
    /// The kind of the operation.
    pub(crate) kind: &'static str,
    /// Where to.
    pub(crate) to: To,
    /// Whether changes that are not committed are given up.
    pub(crate) discard: bool,
    /// How they are merged where they are in the way, if that is wanted.
    pub(crate) merge: Option<MergeOptions>,
    /// Whether to explain what a detached HEAD is.
    pub(crate) advise: bool,
}

/// Moves HEAD and the mirror, and says so.
pub(crate) fn go(ctx: &Context, workspace: &mut Workspace<'_>, go: Go) -> Result<Outcome, CommandError> {
    let Go { kind, to, discard, merge, advise } = go;
    let Switched { moved, merged } = switch(workspace, SwitchRequest { kind, to: &to, discard, merge })?;
    explain(ctx, workspace, &moved.before, &to, advise)?;
    print(ctx, workspace, &moved, &to)?;
    if moved.laid_out.interrupted {
        return Err(interrupted(
            "interrupted; HEAD has moved, and the next command that changes the mirror writes the files that are missing",
        ));
    }
    if merged.is_some_and(|merged| !merged.is_clean) {
        ctx.ui.hint(
            "'pond add PATH' says that one is decided; 'pond undo' goes back, with the changes as they were",
        );
        return Ok(report::outcome_of_conflicts(&ctx.ui, &moved.laid_out));
    }
    Ok(if moved.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Says where HEAD is and was, in git's words.
fn explain(
    ctx: &Context,
    workspace: &Workspace<'_>,
    before: &Head,
    to: &To,
    advise: bool,
) -> Result<(), CommandError> {
    let (ui, head) = (&ctx.ui, workspace.head());
    if before.branch.is_none()
        && let Some(old) = before.commit.filter(|old| head.commit != Some(*old))
    {
        left_behind::tell(ctx, workspace, old)?;
    }
    let Some(branch) = &head.branch else {
        let Some(commit) = head.commit else { return Ok(()) };
        let subject = workspace.store().commit(&commit)?;
        let subject = escape::plain(subject.subject()).into_owned();
        ui.status(format_args!("HEAD is now at {} {subject}", short_id(workspace.store(), &commit)));
        if advise && before.branch.is_some() {
            ui.hint("HEAD is detached: it is at a commit, not on a branch, and commits made here belong to no branch");
            let back = before.branch.as_ref().map_or("main", |branch| branch.short());
            ui.hint(format_args!(
                "'pond switch -c NAME' makes a branch of them, 'pond switch {}' goes back",
                escape::plain(back.as_bytes())
            ));
        }
        return Ok(());
    };
    let is_same = before.branch.as_ref() == Some(branch);
    let branch = escape::plain(branch.short().as_bytes());
    match to {
        To::New { .. } if is_same => ui.status(format_args!("Reset branch '{branch}'")),
        To::New { old: Some(_), .. } => ui.status(format_args!("Switched to and reset branch '{branch}'")),
        To::New { .. } | To::Orphan(_) => ui.status(format_args!("Switched to a new branch '{branch}'")),
        _ if is_same => ui.status(format_args!("Already on '{branch}'")),
        _ => ui.status(format_args!("Switched to branch '{branch}'")),
    }
    Ok(())
}

/// Prints the document of a HEAD that moved; for people, the changes that came along.
fn print(ctx: &Context, workspace: &Workspace<'_>, moved: &MovedHead, to: &To) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    if !ui.is_json() {
        if !ui.is_quiet() {
            moved.carried.iter().for_each(|(letter, path)| ui.say(carried_line(*letter, path)));
        }
        return Ok(());
    }
    let mut document = head_json(workspace.head());
    document["detached"] = workspace.head().branch.is_none().into();
    document["created"] = matches!(to, To::New { old: None, .. } | To::Orphan(_)).into();
    document["before"] = head_json(&moved.before);
    document["carried"] = carried_rows(&moved.carried).into();
    add_files(&mut document, &moved.laid_out);
    ui.json(&document)
}

/// Where a HEAD stands.
pub(crate) fn head_json(head: &Head) -> Value {
    json!({
        "branch": head.branch.as_ref().map(RefName::short),
        "commit": head.commit.map(|commit| commit.to_hex()),
    })
}

/// What became of files.
pub(crate) fn add_files(document: &mut Value, laid_out: &LaidOut) {
    let mut written: Vec<&BString> = laid_out.written.keys().collect();
    written.sort_by(|a, b| path_order(a, b));
    document["written"] = path_rows(written).into();
    document["removed"] = path_rows(&laid_out.removed).into();
    document["failed"] = failed_rows(&laid_out.failed.paths).into();
}

/// A letter and a path.
pub(crate) fn carried_line(letter: char, path: &BString) -> String {
    format!("{letter}\t{}", escape::quoted(path))
}

/// Rows of letters and paths.
pub(crate) fn carried_rows(carried: &Carried) -> Vec<Map<String, Value>> {
    let row = |(letter, path): &(char, BString)| {
        let mut row = Map::new();
        insert_path(&mut row, "path", BStr::new(path));
        row.insert("status".to_owned(), letter.to_string().into());
        row
    };
    carried.iter().map(row).collect()
}
