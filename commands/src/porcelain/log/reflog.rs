//! `log -g`: the values that refs had, with what is known of the operations that gave them.

use std::ffi::{OsStr, OsString};

use pond_history::resolve::values;
use pond_history::short_id;
use pond_objects::{ObjectId, ObjectSource as _};
use pond_oplog::RowType;
use pond_oplog::operation::Operation;
use pond_refs::{At, Base, RefName, Revision, Tracked};
use pond_workspace::Workspace;

use super::LogArgs;
use super::filter;
use super::selector::Selector;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::operation_output::when;
use crate::revisions::{self, Arguments};
use crate::ui::log_format::Reflog;

/// Shows the values of one ref after the other. A filter leaves values out, and the others keep their numbers.
pub(super) fn run(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &LogArgs,
    arguments: &Arguments,
    limit: usize,
) -> Result<Outcome, CommandError> {
    let head = [OsString::from("HEAD")];
    let names = if arguments.revisions.is_empty() { &head[..] } else { &arguments.revisions };
    let tracked = names.iter().map(|name| begin(workspace, name)).collect::<Result<Vec<_>, _>>()?;
    let since = filter::since(args)?;
    let filter = filter::read(args)?;
    let store = workspace.store();
    let short = |id: &ObjectId| short_id(store, id);
    let mut output = args.output(ctx, workspace, &short)?;
    let touched = args.touched(workspace, arguments)?;
    let mut selector = Selector::new(workspace, args, arguments, filter, touched.as_ref(), &output)?;
    ctx.ui.page();
    let mut left = limit;
    let mut to_skip = args.walk.skip;
    for (tracked, first) in &tracked {
        for (number, found) in values(workspace.history(), tracked).enumerate().skip(*first) {
            if left == 0 {
                return Ok(Outcome::Done);
            }
            let (id, operation) = found?;
            let id = pond_history::peel(store, id)?;
            if store.type_of(&id) != Some(RowType::Commit) {
                continue;
            }
            let link = store.link(&id)?;
            if since.is_some_and(|since| link.seconds < since) {
                continue;
            }
            let Some((commit, changes)) = selector.choose(&id, &link)? else { continue };
            if to_skip > 0 {
                to_skip -= 1;
                continue;
            }
            left -= 1;
            let reflog = reflog(tracked, number, &operation, args.format.names_dates());
            output.print_logged(&id, &commit, &reflog, &changes)?;
        }
    }
    Ok(Outcome::Done)
}

/// The ref that a text names, and the value to begin with: `main`, `main@{2}`.
fn begin(workspace: &Workspace<'_>, text: &OsStr) -> Result<(Tracked, usize), CommandError> {
    let revision =
        text.to_str().and_then(|text| Revision::parse(text).ok()).filter(|found| found.steps.is_empty());
    if let Some(Base::Reflog { reference, at: At::Entry(number) }) = revision.map(|revision| revision.base) {
        let name = reference.unwrap_or_else(|| "HEAD".into());
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        return Ok((revisions::tracked(workspace, OsStr::new(&name))?, number));
    }
    Ok((revisions::tracked(workspace, text)?, 0))
}

fn reflog(tracked: &Tracked, number: usize, operation: &Operation, is_dated: bool) -> Reflog {
    let name = match tracked {
        Tracked::Head | Tracked::Current => "HEAD",
        Tracked::Ref(name) => RefName::short(name),
    };
    Reflog {
        name: name.to_owned(),
        short: name.to_owned(),
        number,
        when: when(operation),
        message: operation.command.clone().into(),
        who: (operation.user.clone(), format!("{}@{}", operation.user, operation.host)),
        is_dated,
    }
}
