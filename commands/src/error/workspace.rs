//! What the errors of work on a pond and its mirror mean to a user.

use pond_mirror::index::pending::Sequence;
use pond_objects::escape;
use pond_workspace::WorkspaceError;
use pond_workspace::error::{LeftUndone, OtherCommands, Overwriter, in_one_line};

use super::Class;
use super::CommandError;
use super::conflict;
use super::fatal;
use super::interrupted;
use super::library::advice;
use crate::text::list::{more_than, paths_below};
use crate::text::size::counted;

/// What to do about staged content that is lost.
pub(crate) const ADD_AGAIN: &str = "'pond add' of these paths stores them again, as the mirror has them now";
/// What else.
pub(crate) const UNSTAGE: &str = "'pond restore --staged PATH' takes one out of the next commit";

/// Paths of a kind that are named.
const NAMED: usize = 20;

/// How that ends which waits for a person.
pub(crate) fn advice_on(sequence: Sequence) -> String {
    let command = sequence.command();
    match sequence.is_only_conflicts() {
        true => {
            "'pond status' lists them, 'pond add PATH' says that one is decided, 'pond reset --hard' gives all of it up".to_owned()
        }
        false => format!("'pond {command} --continue' ends it, 'pond {command} --abort' goes back"),
    }
}

/// What is to be done where changes are in the way of a command.
fn around_obstacles(doing: &Overwriter) -> String {
    let name = match doing {
        Overwriter::Command(name) => name.as_str(),
        Overwriter::Merging(_) => {
            return "move these files out of the way, or put them aside with 'pond stash -u'".to_owned();
        }
        Overwriter::Stash => {
            return "the stash is kept; commit these changes, or put them aside too, with 'pond stash -u'"
                .to_owned();
        }
    };
    let (merge, option) = match name {
        "reset" => ("", "--hard"),
        "switch" | "checkout" => (" merge them into the new version with -m,", "-f"),
        _ => return "commit your changes, or put them aside with 'pond stash -u'".to_owned(),
    };
    format!(
        "commit your changes, put them aside with 'pond stash -u',{merge} or use {option}, which stores them in the pond and takes the new version"
    )
}

/// What became of the other commands of a list, and what takes that back.
pub(crate) fn stays_of(others: OtherCommands) -> String {
    let words = others.words();
    match others {
        OtherCommands::Unchanged => words.to_owned(),
        OtherCommands::TakenBack => format!("{words}, and 'pond redo' does it again"),
        OtherCommands::DoneAgain => format!("{words}, and 'pond undo' takes it back"),
    }
}

/// Of several commits of one command, earlier ones may have been made.
fn nothing_changed(partway: bool) -> &'static str {
    if partway { "nothing more was changed" } else { "nothing was changed" }
}

impl From<WorkspaceError> for CommandError {
    fn from(error: WorkspaceError) -> Self {
        use WorkspaceError as E;
        match error {
            E::Read(error) => error.into(),
            E::Large(error) => error.into(),
            E::Pack(error) => error.into(),
            E::Log(error) => error.into(),
            E::State(error) => error.into(),
            E::Open(error) => error.into(),
            E::Durable(error) => error.into(),
            E::Lock(error) => error.into(),
            E::Ingest(error) => error.into(),
            E::Edit(error) => error.into(),
            E::Transaction(error) => error.into(),
            E::Index(error) => (&*error).into(),
            E::HeadFile(error) => error.into(),
            E::Scan(error) => error.into(),
            E::Pathspec(error) => error.into(),
            E::Io(error) => error.into(),
            E::Caller(error) => match error.downcast::<CommandError>() {
                Ok(error) => *error,
                Err(error) => Self::from_error(Class::Fatal, &*error),
            },
            E::Interrupted { .. } => interrupted(error),
            E::Unfinished { what, taken_back_by } => left_undone(what)
                .hint("solve that, and run the command again; the unfinished files do not count as your changes")
                .hint(format_args!(
                    "'pond {taken_back_by}' takes that command back; after 'pond reset' what is in the mirror counts as it is"
                )),
            error @ (E::MakeDirectory { .. }
            | E::NoStagedPack(_)
            | E::SetAside { .. }
            | E::Replaced(_)
            | E::Table(_)
            | E::OpenMirror(_)
            | E::ReadMirror(_)
            | E::WriteMirror { .. }
            | E::Rename { .. }
            | E::NotDurable(_)
            | E::RenamesNotDurable(_)
            | E::RemovalNotDurable(_)
            | E::NoTarget { .. }
            | E::NotACommit { .. }) => Self::from_error(Class::Fatal, &error),
            E::LateWrites(_) => Self::from_error(Class::Partial, &error),
            E::Store { .. } => Self::from_error(Class::Fatal, &error)
                .hint("nothing was changed; move the file out of the way, or name other paths"),
            refusal => refused(refusal),
        }
    }
}

/// What stands in the way of a command.
fn refused(error: WorkspaceError) -> CommandError {
    use WorkspaceError as E;
    match error {
        E::InsidePond { ref root } => {
            fatal(&error).hint(format_args!("run it from '{}'", escape::path(root)))
        }
        E::Obstacles { changed, untracked, doing } => {
            let part = |what: &str, paths: &[_]| {
                (!paths.is_empty())
                    .then(|| format!("{what} would be overwritten by {doing}:{}", paths_below(paths)))
            };
            let parts = [
                part("your local changes to these files", &changed),
                part("these untracked files", &untracked),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            conflict(parts.join("\n"))
                .hint(format_args!("nothing was changed; {}", around_obstacles(&doing)))
        }
        E::Uncommitted { ref paths, partway, .. } => conflict(format_args!("{error}:{}", paths_below(paths)))
            .hint(format_args!(
                "{}; commit them, or 'pond stash -u' puts them aside",
                nothing_changed(partway)
            )),
        E::StagedInTheWay { ref paths, partway, .. } => {
            conflict(format_args!("{error}:{}", paths_below(paths)))
                .hint(format_args!("{}; commit it, or 'pond stash' puts it aside", nothing_changed(partway)))
        }
        E::StagedChanges { ref paths } => {
            fatal(format_args!("{error} in these files:{}", paths_below(paths)))
                .hint("nothing was changed; commit them, put them aside with 'pond stash', or 'pond reset' takes them out of the index")
        }
        E::OutOfReach { ref paths, cause } => {
            let named =
                paths.iter().take(NAMED).map(|(path, error)| format!("\n  {}: {error}", escape::quoted(path)));
            let named: String = named.chain(more_than(paths.len(), NAMED)).collect();
            let this = fatal(format_args!("{error}:{named}")).hint("none of it was changed");
            match cause {
                Some(cause) => this.hint(advice(cause)),
                None => this,
            }
        }
        E::Immovable { ref paths } => fatal(format_args!("{error}:{}", paths_below(paths)))
            .hint("nothing was changed; move the directory away first"),
        E::Waiting { sequence, .. } => fatal(&error).hint(advice_on(sequence)),
        E::Unmerged { sequence, ref paths } => {
            let lines = paths.iter().take(NAMED).map(|path| format!("\n  {}", escape::quoted(path)));
            let error = conflict(format_args!("{error}:{}", lines.collect::<String>()))
                .hint("nothing was committed; edit them, then 'pond add PATH' says that one is decided");
            match sequence.is_only_conflicts() {
                true => error,
                false => error
                    .hint(format_args!("'pond {} --abort' goes back to before it", sequence.command())),
            }
        }
        E::ContentLost { packs, paths } => fatal(format_args!(
            "nothing was committed: the staged pack {packs}, and with it the content that was staged for these paths:{}",
            paths_below(&paths)
        ))
        .hint(ADD_AGAIN)
        .hint(UNSTAGE),
        E::Moved { others, .. } => {
            conflict(&error).hint(format_args!("{}; 'pond op log' lists what was done", stays_of(others)))
        }
        E::Newer { ref paths, others, .. } => conflict(format_args!("{error}:{}", paths_below(paths)))
            .hint(format_args!(
                "{}; -f takes it back all the same, and stores these changes in the pond first",
                stays_of(others)
            )),
        other => CommandError::from_error(Class::Fatal, &other),
    }
}

fn left_undone(what: LeftUndone) -> CommandError {
    match what {
        LeftUndone::Files(files) => fatal(left_files(files)),
        LeftUndone::Failed(source) => CommandError::from(*source)
            .context("what an interrupted command left unfinished cannot be written"),
    }
}

fn left_files(files: usize) -> String {
    format!("{} that an interrupted command left unfinished cannot be written", counted(files as u64, "file"))
}

/// What an interrupted command left and the next one goes on without, in one line.
pub(crate) fn left_undone_in_one_line(what: &LeftUndone) -> String {
    match what {
        LeftUndone::Files(files) => left_files(*files),
        failed @ LeftUndone::Failed(_) => in_one_line(failed),
    }
}
