//! How commit, index and mirror differ: what `status` shows, before it is written in one form or another.

pub use crate::publish::lay_out::look_at_tracked;

use std::collections::HashSet;
use std::path::Path;

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::host::ignore::Problem;
use pond_mirror::host::walk::Untracked;
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::index::pending::{Conflict, Pending, Sequence};
use pond_mirror::index::{Index, Seen};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::ignored::{self, Ignored};
use pond_mirror::scan::{self, Hashing, Scan, ScanOptions, State};
use pond_objects::pathspec::Pathspecs;
use pond_objects::rename::{RenameOptions, find_renames};
use pond_objects::{Change, Kind, ObjectId, path_order, read_blob};

use crate::error::WorkspaceError;
use crate::observer::Work;
use crate::publish::lay_out;
use crate::staging::next_commit::staged_changes;
use crate::workspace::Workspace;

/// Most deleted, or added, files whose contents are compared. Equal contents are found among any number.
const MOST_COMPARED: usize = 50;
/// Largest file that is compared by content, in bytes.
const LARGEST_COMPARED: u64 = 1 << 20;

/// What is asked for.
pub struct StatusRequest<'a> {
    /// Where; `None` is the whole mirror.
    pub pathspecs: Option<&'a Pathspecs>,
    /// How much of what is not tracked is listed.
    pub untracked: Untracked,
    /// What is listed of what is ignored.
    pub ignored: IgnoredPaths,
    /// Whether renames are found among what is staged.
    pub renames: bool,
}

/// What is listed of what is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoredPaths {
    /// Nothing.
    None,
    /// What a rule ignores; a directory stands for all that is in it.
    Matching,
    /// The same, and a directory in which there is nothing else is one.
    Directories,
    /// Every file.
    Files,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Status {
    /// The branch's short name; nothing when HEAD is detached.
    pub branch: Option<String>,
    /// The commit that the mirror stands on.
    pub commit: Option<ObjectId>,
    /// A merge or the like that waits for a person.
    pub waiting: Option<Waiting>,
    /// Paths in conflict, in path order; they are in none of the other lists.
    pub unmerged: Vec<Unmerged>,
    /// From the last commit to what is staged, in path order.
    pub staged: Vec<Change>,
    /// From what is staged to the mirror, in path order.
    pub unstaged: Vec<Unstaged>,
    /// What an interrupted command has not brought to its version yet; in none of the other lists.
    pub due: Vec<Target>,
    /// The command that takes that one back.
    pub due_is_taken_back_by: &'static str,
    /// What is not tracked; directories end with `/`.
    pub untracked: Vec<(BString, Option<Kind>)>,
    /// What is ignored, if asked for; directories end with `/`.
    pub ignored: Vec<BString>,
    /// Tracked paths that could not be looked at.
    pub held: Vec<BString>,
    /// Ponds within the mirror.
    pub nested: Vec<BString>,
    /// Fifos, sockets and devices, each with its word.
    pub special: Vec<(BString, &'static str)>,
    /// What could not be looked at, with what the system said.
    pub unreadable: Vec<(BString, String)>,
    /// Files of patterns, and lines of them, that could not be used.
    pub problems: Vec<Problem>,
    /// Nothing of what is tracked is there.
    pub all_missing: bool,
    /// Rows of the index whose files proved to be unchanged, with their stats of now.
    pub refreshed: Vec<(usize, Seen)>,
}

/// What waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What it is.
    pub doing: Sequence,
    /// The commit that is picked or reverted.
    pub commit: Option<ObjectId>,
    /// Paths in conflict, whichever of them are listed.
    pub conflicts: usize,
    /// Whether anything is staged for its commit.
    pub is_empty: bool,
    /// Whether it has a commit to be made before it goes on.
    pub is_commit_due: bool,
    /// Whether there is one to be left out.
    pub can_skip: bool,
    /// The commits that come after that, in order.
    pub queue: Vec<ObjectId>,
}

/// A path in conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// The path.
    pub path: BString,
    /// Two letters, what each side did.
    pub letters: &'static str,
    /// The same in words.
    pub words: &'static str,
}

/// A tracked file that differs from what is staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unstaged {
    /// The path.
    pub path: BString,
    /// `M`, `T`, `D`, or `A` for one that was only announced.
    pub letter: char,
    /// What is in the mirror; nothing if it is gone.
    pub kind: Option<Kind>,
    /// Bytes of a file in the mirror.
    pub size: Option<u64>,
    /// The id of its content, where it was read.
    pub id: Option<ObjectId>,
    /// It changed while it was read.
    pub unstable: bool,
    /// The word for what is there if it is no file, symlink or directory.
    pub special: Option<&'static str>,
}

impl Status {
    /// Whether there is nothing to stage or to commit.
    pub fn is_clean(&self) -> bool {
        self.unmerged.is_empty()
            && self.staged.is_empty()
            && self.unstaged.is_empty()
            && self.untracked.is_empty()
            && self.held.is_empty()
            && self.due.is_empty()
    }
}

/// An index with fewer rows is looked through by the thread that asks.
const FEW_ROWS: usize = 2000;

/// Compares commit, index and mirror.
///
/// # Errors
/// Those of looking at the mirror's root; what single paths fail with is in [`Status::unreadable`].
pub fn status(workspace: &Workspace<'_>, request: &StatusRequest<'_>) -> Result<Status, WorkspaceError> {
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: request.pathspecs,
        untracked: request.untracked,
        ignored: request.ignored != IgnoredPaths::None,
        hashing: Hashing::SameSize,
    };
    let progress = workspace.session.work(Work::Look);
    let (root, index) = (workspace.pond.mirror_root(), &workspace.index);
    let (scan, staged) = match index.len() {
        // Other threads take longer to begin than this takes.
        0..FEW_ROWS => (scan::scan(root, index, options), staged(index, request.pathspecs)),
        _ => rayon::join(|| scan::scan(root, index, options), || staged(index, request.pathspecs)),
    };
    let mut scan = scan?;
    match request.ignored {
        IgnoredPaths::None | IgnoredPaths::Matching => {}
        IgnoredPaths::Directories => scan.ignored = ignored::collapse(&mut scan, index, request.pathspecs),
        IgnoredPaths::Files => scan.ignored = files(root, &mut scan, request.pathspecs)?,
    }
    let mut report = from_scan(index, scan);
    drop(progress);
    let mut staged = staged;
    if let Some(pending) = &index.header().pending {
        report.waiting = pending.waits().then(|| waiting(index, pending));
        set_conflicts_apart(&mut report, &mut staged, pending, request.pathspecs);
    }
    set_due_apart(&mut report, workspace, request.pathspecs)?;
    report.staged = if request.renames { with_renames(workspace, staged) } else { staged };
    report.branch = workspace.head.branch.as_ref().map(|branch| branch.short().to_owned());
    report.commit = workspace.head.commit;
    Ok(report)
}

/// Lists what is due as such, and nowhere else.
fn set_due_apart(
    report: &mut Status,
    workspace: &Workspace<'_>,
    pathspecs: Option<&Pathspecs>,
) -> Result<(), WorkspaceError> {
    report.due = workspace.due()?;
    if report.due.is_empty() {
        return Ok(());
    }
    report.due_is_taken_back_by = workspace.due_is_taken_back_by();
    let due: HashSet<&BString> = report.due.iter().map(|target| &target.path).collect();
    report.unstaged.retain(|change| !due.contains(&change.path));
    // A directory that stands for all that is in it is the user's if anything in it is.
    let scan = lay_out::look(workspace)?;
    let host = Differences::of(&scan);
    report.untracked.retain(|(path, _)| match path.strip_suffix(b"/") {
        Some(directory) => {
            !due.contains(&BString::from(directory))
                && (host.at(directory.into()).is_some()
                    || host.untracked_below(directory).any(|change| !due.contains(&change.path)))
        }
        None => !due.contains(path),
    });
    let is_dir = |target: &Target| target.side.is_some_and(|side| side.kind == Kind::Directory);
    report.due.retain(|target| pathspecs.is_none_or(|specs| specs.matches(&target.path, is_dir(target))));
    Ok(())
}

fn waiting(index: &Index, pending: &Pending) -> Waiting {
    Waiting {
        doing: pending.doing,
        commit: pending.commit(),
        conflicts: pending.conflicts.len(),
        is_empty: staged_changes(index).next().is_none(),
        is_commit_due: pending.is_commit_due(),
        can_skip: !pending.is_by_hand(),
        queue: pending.queue(),
    }
}

/// Lists paths in conflict as such, and nowhere else.
fn set_conflicts_apart(
    report: &mut Status,
    staged: &mut Vec<Change>,
    pending: &Pending,
    pathspecs: Option<&Pathspecs>,
) {
    let meant = pending.conflicts.iter().map(|conflict| Unmerged {
        path: conflict.path(),
        letters: conflict.letters(),
        words: conflict.words(),
    });
    report.unmerged =
        meant.filter(|one| pathspecs.is_none_or(|specs| specs.matches(&one.path, false))).collect();
    report.unmerged.sort_by(|a, b| path_order(&a.path, &b.path));
    let paths: HashSet<BString> = pending.conflicts.iter().map(Conflict::path).collect();
    staged.retain(|change| !paths.contains(&change.path));
    report.unstaged.retain(|change| !paths.contains(&change.path));
    report.untracked.retain(|(path, _)| !paths.contains(path));
}

/// The ignored paths of a scan with directories taken apart; empty ones end with `/`.
fn files(
    root: &Path,
    scan: &mut Scan,
    pathspecs: Option<&Pathspecs>,
) -> Result<Vec<BString>, WorkspaceError> {
    let found = ignored::expand(&HostDir::open_root(root)?, scan, pathspecs, true, &|_| true);
    let shown = |mut found: Ignored| {
        if found.is_dir {
            found.path.push(b'/');
        }
        found.path
    };
    let mut paths: Vec<BString> = found.into_iter().map(shown).collect();
    paths.sort_unstable_by(|left, right| path_order(left, right));
    Ok(paths)
}

/// What is staged, without what only says that an empty directory is no longer empty.
fn staged(index: &Index, pathspecs: Option<&Pathspecs>) -> Vec<Change> {
    let is_wanted = |change: &Change| {
        let side = change.new.or(change.old);
        let is_dir = side.is_some_and(|side| side.kind == Kind::Directory);
        let was_filled = is_dir && change.new.is_none() && index.any_live(index.range_of_dir(&change.path));
        !was_filled && pathspecs.is_none_or(|specs| specs.matches(&change.path, is_dir))
    };
    staged_changes(index).filter(is_wanted).collect()
}

fn with_renames(workspace: &Workspace<'_>, changes: Vec<Change>) -> Vec<Change> {
    let options =
        RenameOptions { limit: MOST_COMPARED, max_size: LARGEST_COMPARED, ..RenameOptions::default() };
    let store = workspace.store();
    find_renames(changes, options, &mut |_, side| read_blob(store, &side.id).ok())
}

fn from_scan(index: &Index, scan: Scan) -> Status {
    let mut report = Status {
        ignored: scan.ignored,
        nested: scan.nested,
        special: scan.special,
        unreadable: scan.unreadable.into_iter().map(|(path, error)| (path, error.to_string())).collect(),
        problems: scan.problems,
        all_missing: scan.all_missing,
        refreshed: scan.refreshed,
        ..Status::default()
    };
    for change in scan.changes {
        let intent = change.row.is_some_and(|row| index.entry(row).row.intent);
        let letter = match change.state {
            State::Untracked => {
                let mut path = change.path;
                if change.kind == Some(Kind::Directory) {
                    path.push(b'/');
                }
                report.untracked.push((path, change.kind));
                continue;
            }
            State::Held => {
                report.held.push(change.path);
                continue;
            }
            State::Special(_) if change.row.is_none() => continue,
            State::Missing => 'D',
            _ if intent => 'A',
            State::TypeChanged => 'T',
            // As git has it: the path is there, and what is in it is not what was staged.
            State::Modified | State::MaybeChanged | State::Unstable | State::Special(_) => 'M',
        };
        report.unstaged.push(Unstaged {
            path: change.path,
            letter,
            kind: change.kind,
            size: change.stat.filter(|_| change.kind.is_some()).map(|stat| stat.size),
            id: change.id,
            unstable: change.state == State::Unstable,
            special: match change.state {
                State::Special(word) => Some(word),
                _ => None,
            },
        });
    }
    report
}
