//! Taking operations back: refs, HEAD, the index and the host's files return to what they were before a command.
//!
//! An operation of a command that was typed in this mirror says so, and what it touched. Taking it back is an operation
//! of its own, which names the one that it undoes; so redoing is taking back the taking back. Whether an operation
//! still counts follows from those names alone, read from the newest operation on. Several operations that one command
//! left are taken back in one step, which names them all.

mod ahead;
mod compose;
mod find;
mod newer;
mod undecided;

use std::collections::{BTreeSet, HashMap, HashSet};

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::pending::Pending;
use pond_mirror::scan::Scan;
use pond_mirror::write::rename;
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::path::parent;
use pond_objects::{ObjectId, Side};
use pond_oplog::operation::Operation;
use pond_oplog::transaction::{StashEdit, Transaction};
use pond_oplog::view::{Moves, View};
use pond_refs::{Expected, Head, RefEdit, RefName};

use crate::error::{OtherCommands, WorkspaceError};
use crate::publish::footprint::{Footprint, Recorded};
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::mirror_writer::{MirrorWriter, write_to_mirror};
use crate::publish::remove::remove_emptied;
use crate::publish::save::{self, Saved};
use crate::publish::{rearrange, transact};
use crate::session::taken_back_by;
use crate::staging::stage::host_path;
use crate::workspace::Workspace;
use ahead::Ahead;

pub use ahead::check;
pub use find::{FoundOperation, by_number, continued_by, last, undone_by};
pub(crate) use find::{
    beginning_of_pending, beginning_of_sequence, by_command, counting_after, last_taken_back,
};

/// The header in which an operation names those that it undoes.
const UNDOES: &str = "undoes";

/// Refs and places that differ between two views.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ViewChange {
    /// Refs with their values before and after.
    pub refs: Vec<(RefName, Option<ObjectId>, Option<ObjectId>)>,
    /// Stashes: the operations that made them, likewise.
    pub stashes: Vec<(i64, Option<ObjectId>, Option<ObjectId>)>,
    /// This mirror's HEAD, if it moved.
    pub head: Option<(Head, Head)>,
}

impl ViewChange {
    /// The change that takes this one back.
    pub fn reversed(&self) -> Self {
        Self {
            refs: self.refs.iter().map(|(name, old, new)| (name.clone(), *new, *old)).collect(),
            stashes: self.stashes.iter().map(|(seq, old, new)| (*seq, *new, *old)).collect(),
            head: self.head.clone().map(|(old, new)| (new, old)),
        }
    }
}

/// What an operation changed of the view.
pub fn view_change(workspace: &Workspace<'_>, operation: &Operation) -> Result<ViewChange, WorkspaceError> {
    let store = workspace.store();
    let after = View::at(store, operation.view);
    let before = match operation.parent {
        Some(parent) => View::at(store, store.operation(&parent)?.view),
        None => View::empty(store),
    };
    let mirror = &workspace.session.mirror;
    let Moves { refs, stashes } = after.moves_since(&before)?;
    let (was, is) = (before.head(mirror)?, after.head(mirror)?);
    Ok(ViewChange { refs, stashes, head: (was != is).then_some((was, is)) })
}

/// What taking back operations comes to.
pub struct TakingBack {
    /// The operations, newest first.
    pub operations: Vec<Operation>,
    /// What they had changed of the view.
    pub view: ViewChange,
    /// What they had changed in the mirror, together.
    recorded: Recorded,
    /// What each of them left, or found, at a path: of the host, of the index.
    known: [Known; 2],
    /// What the host's files become.
    pub targets: Vec<Target>,
}

/// What became of the host's files.
pub struct TakenBack {
    /// Those that were written and removed.
    pub laid_out: LaidOut,
    /// Those that were renamed, from and to.
    pub renamed: Vec<(BString, BString)>,
}

/// How an attempt ended.
#[allow(clippy::large_enum_variant, reason = "there is one, for a moment")]
pub enum Attempt {
    /// It is done.
    Done(TakenBack),
    /// Nothing was changed: these paths were changed since. With [`Newer::Store`], or agreed to, they would be stored and
    /// overwritten.
    Newer(Vec<BString>),
}

/// What becomes of files, and of what is staged, where that was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// It stays, and nothing is taken back, but for paths that somebody has agreed to.
    Keep,
    /// It is stored in the pond, and overwritten.
    Store,
}

impl Newer {
    /// What `-f` says.
    pub fn of(force: bool) -> Self {
        if force { Self::Store } else { Self::Keep }
    }
}

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// `UNDO` or `REDO`.
    pub kind: &'static str,
    /// What becomes of that which was changed since.
    pub newer: Newer,
    /// Whether the operation counts as taken back; else this is a command like any other, which `undo` takes back.
    pub counts_as_undo: bool,
    /// Whether other commands of the same list were taken back before.
    pub partway: bool,
}

impl How {
    /// What became of other commands in the same list.
    pub fn others(self) -> OtherCommands {
        match (self.partway, self.kind) {
            (false, _) => OtherCommands::Unchanged,
            (true, "REDO") => OtherCommands::DoneAgain,
            (true, _) => OtherCommands::TakenBack,
        }
    }
}

/// What operations left or found at paths.
type Known = HashMap<BString, Vec<Option<Side>>>;

impl TakingBack {
    /// Reads what operations did, given newest first. Of several, none renamed anything in the mirror as it is.
    pub fn of(workspace: &Workspace<'_>, found: Vec<FoundOperation>) -> Result<Self, WorkspaceError> {
        let operations: Vec<Operation> = found.into_iter().map(|(_, operation)| operation).collect();
        let (mut views, mut parts) = (Vec::new(), Vec::new());
        for operation in operations.iter().rev() {
            views.push(view_change(workspace, operation)?);
            parts.push(Recorded::of(operation, workspace.store())?);
        }
        let known = [known(&parts, |part| &part.host), known(&parts, |part| &part.index)];
        let view = views.into_iter().reduce(compose::views).unwrap_or_default();
        let recorded = parts.into_iter().reduce(compose::recorded).unwrap_or_default();
        let target = |change: &pond_objects::Change| Target { path: change.path.clone(), side: change.old };
        let targets = recorded.host.iter().map(target).collect();
        Ok(Self { operations, view, recorded, known, targets })
    }

    /// The same with something else waiting after it than before the operations.
    pub fn leaving(mut self, pending: Option<Pending>) -> Self {
        if let Some([before, _]) = &mut self.recorded.pending {
            *before = pending;
        }
        self
    }

    /// What is taken back, for messages.
    pub fn name(&self) -> String {
        let numbers: Vec<String> =
            self.operations.iter().rev().map(|operation| operation.seq.to_string()).collect();
        match numbers.as_slice() {
            [one] => format!("operation {one}"),
            many => format!("operations {}", many.join(", ")),
        }
    }

    /// Does it. What was changed since at `agreed` paths is stored and overwritten in any case. The caller holds the mirror's
    /// lock.
    ///
    /// # Errors
    /// Before the operation is published nothing was changed. Files that could not be written are no error: they are
    /// in [`LaidOut::failed`].
    pub fn apply(
        &self,
        workspace: &mut Workspace<'_>,
        how: How,
        agreed: &[BString],
    ) -> Result<Attempt, WorkspaceError> {
        self.check_view(workspace, &Ahead::default(), how)?;
        let renames = self.renames(|path| is_on_host(workspace, path));
        let scan = lay_out::look(workspace)?;
        let mut targets = lay_out::changed_on_host(workspace, &scan, &self.targets);
        let in_the_way = self.in_the_way(workspace, &scan);
        targets.extend(in_the_way.host.iter().map(|path| Target { path: path.clone(), side: None }));
        let victims = lay_out::victims(workspace, &scan, &targets)?;
        let saved = save::store(workspace, &victims)?;
        if how.newer == Newer::Keep {
            let newer = self.newer(workspace, &saved.entries, &in_the_way, &Ahead::default());
            if newer.iter().any(|path| !agreed.contains(path)) {
                return Ok(Attempt::Newer(newer));
            }
        }
        workspace.session.check_interrupt(how.others().words())?;
        let writer = MirrorWriter::open(workspace)?;
        let index = self.index_updates(workspace);
        let mut footprint =
            Footprint { host: lay_out::touched(workspace, &targets, &saved, &scan), ..Footprint::default() };
        for (path, new) in &index {
            let old = workspace.index.row(path).and_then(|row| row.staged);
            footprint.index.add(path.clone(), old, *new);
        }
        footprint.moved = self.moved_back(workspace, &renames);
        footprint.pending = self
            .recorded
            .pending
            .as_ref()
            .map(|[before, _]| [workspace.index.header().pending.clone(), before.clone()]);
        // What is renamed to its place has its content already.
        targets.retain(|target| renames.iter().all(|(_, then)| *then != target.path));
        let numbers: Vec<String> =
            self.operations.iter().map(|operation| operation.seq.to_string()).collect();
        let parameters = [(UNDOES, numbers.join(" "))];
        let (head, published) = transact::operation(workspace, how.kind, &parameters, |transaction| {
            if how.counts_as_undo {
                transaction.note(UNDOES, numbers.join(" "));
            }
            saved.join(transaction);
            footprint.join(workspace, transaction)?;
            self.edit_view(transaction);
            let before = self.view.head.as_ref().map(|(before, _)| before);
            Ok(before.unwrap_or(&workspace.head).clone())
        })?;
        workspace.go_on(head, &published)?;
        let changes = Changes { renames, targets, index };
        let done = write_to_mirror(workspace, writer, |workspace, writer| {
            self.follow(workspace, writer, how, changes, saved, &scan)
        })?;
        Ok(Attempt::Done(done))
    }

    /// Brings the mirror's files, the index and the HEAD file to what was published.
    fn follow(
        &self,
        workspace: &mut Workspace<'_>,
        writer: &MirrorWriter,
        how: How,
        changes: Changes,
        mut saved: Saved,
        scan: &Scan,
    ) -> Result<TakenBack, WorkspaceError> {
        let Changes { renames, mut targets, index } = changes;
        let (renamed, failed) = rename_all(workspace, renames, how)?;
        // Where they were is free now.
        saved.stats.retain(|(path, _)| renamed.iter().all(|(now, _)| now != path));
        // What `mv` emptied goes again when that is done again.
        if how.kind != "REDO" {
            targets.extend(self.emptied(workspace, &targets));
        }
        let mut laid_out = lay_out::lay_out(workspace, writer, &targets, &saved, scan)?;
        for (path, reason) in failed {
            laid_out.failed.push_reason(path, &reason);
        }
        workspace.note_laid_out(&self.targets, &laid_out);
        laid_out.show_what_gave_way(workspace, taken_back_by(how.kind));
        laid_out.show_due(workspace, taken_back_by(how.kind));
        self.save_index(workspace, index, &laid_out)?;
        if laid_out.interrupted {
            return Err(WorkspaceError::Interrupted {
                state: "the operation was taken back, and the next command that changes the mirror writes the files that are missing",
            });
        }
        Ok(TakenBack { laid_out, renamed })
    }

    /// What is no longer where the operations left it: HEAD, a ref, or the stack of stashes.
    pub(crate) fn moved_since(&self, workspace: &Workspace<'_>) -> Result<Option<String>, WorkspaceError> {
        self.moved(workspace, &Ahead::default())
    }

    /// The same once what is ahead was done.
    fn moved(&self, workspace: &Workspace<'_>, ahead: &Ahead) -> Result<Option<String>, WorkspaceError> {
        if let Some((_, after)) = &self.view.head
            && ahead.head.as_ref().unwrap_or(&workspace.head) != after
        {
            return Ok(Some("HEAD has moved".to_owned()));
        }
        let view = workspace.snapshot.view();
        for (name, _, after) in &self.view.refs {
            let now = ahead.refs.get(name).map_or_else(|| view.target(name), |target| Ok(*target))?;
            if now != *after {
                return Ok(Some(format!("'{}' has moved", name.short())));
            }
        }
        let stashes: HashMap<i64, ObjectId> = view.stashes()?.into_iter().collect();
        let now = |seq: &i64| ahead.stashes.get(seq).copied().unwrap_or_else(|| stashes.get(seq).copied());
        let is_same = self.view.stashes.iter().all(|(seq, _, after)| now(seq) == *after);
        Ok((!is_same).then(|| "the stack of stashes was changed".to_owned()))
    }

    /// Refs and HEAD must still be where the operations left them.
    fn check_view(&self, workspace: &Workspace<'_>, ahead: &Ahead, how: How) -> Result<(), WorkspaceError> {
        self.moved(workspace, ahead)?.map_or(Ok(()), |what| {
            Err(WorkspaceError::Moved { name: self.name(), what, others: how.others() })
        })
    }

    fn edit_view(&self, transaction: &mut Transaction<'_>) {
        for (name, before, after) in &self.view.refs {
            transaction.edit_ref(RefEdit {
                name: name.clone(),
                expected: Expected::from(*after),
                new: *before,
            });
        }
        for (seq, before, _) in &self.view.stashes {
            match before {
                Some(commit) => transaction.edit_stash(StashEdit::Put(*seq, *commit)),
                None => transaction.edit_stash(StashEdit::Drop(*seq)),
            }
        }
    }

    /// What the index shall have at the paths that the operations touched in it.
    fn index_updates(&self, workspace: &Workspace<'_>) -> Vec<(BString, Option<Side>)> {
        let changed = self.recorded.index.iter().map(|change| (change.path.clone(), change.old));
        changed.filter(|(path, new)| staged(workspace, path) != *new).collect()
    }

    fn save_index(
        &self,
        workspace: &mut Workspace<'_>,
        index: Vec<(BString, Option<Side>)>,
        laid_out: &LaidOut,
    ) -> Result<(), WorkspaceError> {
        let staged: Vec<Target> = index.into_iter().map(|(path, side)| Target { path, side }).collect();
        let pending = match &self.recorded.pending {
            Some([before, _]) => before.clone(),
            None => workspace.index.header().pending.clone(),
        };
        rearrange::save_index(workspace, &self.targets, &staged, laid_out, &[], pending)
    }

    /// The directories of files that are removed here and were renamed before: they were there before the rename.
    fn emptied(&self, workspace: &Workspace<'_>, targets: &[Target]) -> Vec<Target> {
        let removed: HashSet<&BString> =
            targets.iter().filter(|target| target.side.is_none()).map(|target| &target.path).collect();
        let moved = self.recorded.moved.iter().map(|(_, now)| now).filter(|now| removed.contains(now));
        let dirs: BTreeSet<&[u8]> = moved.map(|now| parent(now)).filter(|dir| !dir.is_empty()).collect();
        let there = dirs.into_iter().filter(|dir| {
            let found = host_path(workspace.pond.mirror_root(), dir).symlink_metadata();
            found.is_ok_and(|found| found.is_dir())
        });
        there.map(|dir| Target { path: dir.into(), side: Some(Side::empty_directory()) }).collect()
    }

    /// The renames, and those that have nothing to do, since what they take back is still due: so that both lead from the one state
    /// to the other.
    fn moved_back(&self, workspace: &Workspace<'_>, renames: &Pairs) -> Pairs {
        let back = self.recorded.moved.iter().rev().map(|(from, to)| (to.clone(), from.clone()));
        back.filter(|pair| renames.contains(pair) || workspace.is_rename_due(&pair.1, &pair.0)).collect()
    }

    /// The renames that bring files and directories back as they are: where the new name is there and the old one is free.
    fn renames(&self, is_there: impl Fn(&BString) -> bool) -> Pairs {
        let back = self.recorded.moved.iter().rev().map(|(from, to)| (to.clone(), from.clone()));
        back.filter(|(now, then)| is_there(now) && !is_there(then)).collect()
    }
}

fn is_on_host(workspace: &Workspace<'_>, path: &[u8]) -> bool {
    host_path(workspace.pond.mirror_root(), path).symlink_metadata().is_ok()
}

/// What is to change in the mirror and in the index.
struct Changes {
    renames: Pairs,
    targets: Vec<Target>,
    index: Vec<(BString, Option<Side>)>,
}

/// Pairs of paths, from and to.
type Pairs = Vec<(BString, BString)>;

/// Renames on the host; gives what was renamed, and what was not with the reason.
fn rename_all(
    workspace: &Workspace<'_>,
    renames: Pairs,
    how: How,
) -> Result<(Pairs, Vec<(BString, String)>), WorkspaceError> {
    let (mut renamed, mut failed) = (Vec::new(), Vec::new());
    if renames.is_empty() {
        return Ok((renamed, failed));
    }
    let mirror = MirrorDir::open(workspace.pond.mirror_root()).map_err(WorkspaceError::OpenMirror)?;
    for (now, then) in renames {
        match rename::rename_back(&mirror, &now, &then) {
            Ok(()) => {
                // As `mv` did; where that is taken back, the directory was there before.
                if how.kind == "REDO" {
                    remove_emptied(workspace, &mirror, &now);
                }
                renamed.push((now, then));
            }
            Err(error) => failed.push((now, error.to_string())),
        }
    }
    Ok((renamed, failed))
}

fn known(parts: &[Recorded], of: fn(&Recorded) -> &Vec<pond_objects::Change>) -> Known {
    let mut known = Known::new();
    for change in parts.iter().flat_map(of) {
        known.entry(change.path.clone()).or_default().extend([change.old, change.new]);
    }
    known
}

fn staged(workspace: &Workspace<'_>, path: &BString) -> Option<Side> {
    workspace.index.row(path)?.staged
}
