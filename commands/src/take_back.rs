//! Taking operations back: refs, HEAD, the index and the host's files return to what they were before a command.
//!
//! An operation of a command that was typed in this mirror says so, and what it touched. Taking it back is an operation
//! of its own, which names the one that it undoes; so redoing is taking back the taking back. Whether an operation
//! still counts follows from those names alone, read from the newest operation on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bstr::{BStr, BString};
use pond_objects::{ObjectId, ObjectSource as _};
use pond_oplog::operation::Operation;
use pond_oplog::transaction::Transaction;
use pond_oplog::view::{Head, MAIN_MIRROR, Moves, View};
use pond_refs::{Expected, RefEdit, RefName};

use crate::error::{CommandError, conflict, fatal, interrupted};
use crate::mirror::footprint::{Footprint, Recorded};
use crate::mirror::index::{Header, Seen, Side, Update};
use crate::mirror::lay_out::{self, LaidOut, Target};
use crate::mirror::move_head::restaged;
use crate::mirror::secure_dir::MirrorDir;
use crate::mirror::stat::now_ns;
use crate::mirror::{rebase, rename, save};
use crate::transact;
use crate::ui::escape;
use crate::workspace::Workspace;

/// An operation with its id.
pub(crate) type Found = (ObjectId, Operation);

/// The header in which an operation names the one that it undoes.
const UNDOES: &str = "undoes";

/// Whether the command was typed in this mirror.
fn is_typed_here(operation: &Operation) -> bool {
    operation.note("mirror") == Some(MAIN_MIRROR)
}

/// The number of the operation that this one took back.
pub(crate) fn undone_by(operation: &Operation) -> Option<i64> {
    operation.note(UNDOES)?.parse().ok()
}

/// The operations of this mirror that still count, newest first: those that were not taken back.
fn counting<'w>(workspace: &'w Workspace<'_>) -> impl Iterator<Item = Result<Found, CommandError>> + use<'w> {
    let mut undone = HashSet::new();
    workspace.snapshot.operations().filter_map(move |found| {
        let (id, operation) = match found {
            Ok(found) => found,
            Err(error) => return Some(Err(error.into())),
        };
        if !is_typed_here(&operation) || undone.remove(&operation.seq) {
            return None;
        }
        undone.extend(undone_by(&operation));
        Some(Ok((id, operation)))
    })
}

/// The command that `undo` takes back: the last one that was not taken back yet.
pub(crate) fn last(workspace: &Workspace<'_>) -> Result<Option<Found>, CommandError> {
    counting(workspace)
        .find(|found| found.as_ref().map_or(true, |(_, operation)| undone_by(operation).is_none()))
        .transpose()
}

/// What has to be taken back to come to what an operation left, newest first. What was done and taken back since is
/// left out; what was taken back since and done before is done again.
pub(crate) fn counting_after(workspace: &Workspace<'_>, seq: i64) -> Result<Vec<Found>, CommandError> {
    let is_later = |number: i64| number > seq;
    counting(workspace)
        .take_while(|found| found.as_ref().map_or(true, |(_, operation)| is_later(operation.seq)))
        .filter(|found| {
            found.as_ref().map_or(true, |(_, operation)| !undone_by(operation).is_some_and(is_later))
        })
        .collect()
}

/// The command that began what waits for a person.
pub(crate) fn beginning_of_pending(workspace: &Workspace<'_>) -> Result<Option<Found>, CommandError> {
    let began = |operation: &Operation| {
        undone_by(operation).is_none() && operation.note("pending-after").is_some_and(|text| !text.is_empty())
    };
    counting(workspace)
        .find(|found| found.as_ref().map_or(true, |(_, operation)| began(operation)))
        .transpose()
}

/// The taking back that `redo` takes back: the last one, unless a command was typed since.
pub(crate) fn last_taken_back(workspace: &Workspace<'_>) -> Result<Option<Found>, CommandError> {
    for found in counting(workspace) {
        let (id, operation) = found?;
        match operation.kind.as_str() {
            "UNDO" => return Ok(Some((id, operation))),
            "REDO" => {}
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The operation with a number; none where there is none.
pub(crate) fn by_number(workspace: &Workspace<'_>, seq: i64) -> Result<Option<Found>, CommandError> {
    for found in workspace.snapshot.operations() {
        let (id, operation) = found?;
        if operation.seq <= seq {
            return Ok((operation.seq == seq).then_some((id, operation)));
        }
    }
    Ok(None)
}

/// Refs and places that differ between two views.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ViewChange {
    /// Refs with their values before and after.
    pub(crate) refs: Vec<(RefName, Option<ObjectId>, Option<ObjectId>)>,
    /// Stashes: the operations that made them, likewise.
    pub(crate) stashes: Vec<(i64, Option<ObjectId>, Option<ObjectId>)>,
    /// This mirror's HEAD, if it moved.
    pub(crate) head: Option<(Head, Head)>,
}

impl ViewChange {
    /// The change that takes this one back.
    pub(crate) fn reversed(&self) -> Self {
        Self {
            refs: self.refs.iter().map(|(name, old, new)| (name.clone(), *new, *old)).collect(),
            stashes: self.stashes.iter().map(|(seq, old, new)| (*seq, *new, *old)).collect(),
            head: self.head.clone().map(|(old, new)| (new, old)),
        }
    }
}

/// What an operation changed of the view.
pub(crate) fn view_change(
    workspace: &Workspace<'_>,
    operation: &Operation,
) -> Result<ViewChange, CommandError> {
    let store = workspace.store();
    let after = View::at(store, operation.view);
    let before = match operation.parent {
        Some(parent) => View::at(store, store.operation(&parent)?.view),
        None => View::empty(store),
    };
    let Moves { refs, stashes } = after.moves_since(&before)?;
    let (was, is) = (before.head(MAIN_MIRROR)?, after.head(MAIN_MIRROR)?);
    Ok(ViewChange { refs, stashes, head: (was != is).then_some((was, is)) })
}

/// What taking back an operation comes to.
pub(crate) struct TakingBack {
    /// The operation.
    pub(crate) operation: Operation,
    /// What it had changed of the view.
    pub(crate) view: ViewChange,
    recorded: Recorded,
    /// What the host's files become.
    pub(crate) targets: Vec<Target>,
}

/// What became of the host's files.
pub(crate) struct TakenBack {
    /// Those that were written and removed.
    pub(crate) laid_out: LaidOut,
    /// Those that were renamed, from and to.
    pub(crate) renamed: Vec<(BString, BString)>,
}

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// `UNDO` or `REDO`.
    pub(crate) kind: &'static str,
    /// Whether what was changed since is given up, after it was stored in the pond.
    pub(crate) force: bool,
    /// Whether the operation counts as taken back; else this is a command like any other, which `undo` takes back.
    pub(crate) counts_as_undo: bool,
}

impl TakingBack {
    /// Reads what an operation did.
    pub(crate) fn of(workspace: &Workspace<'_>, operation: Operation) -> Result<Self, CommandError> {
        let view = view_change(workspace, &operation)?;
        let recorded = Recorded::of(&operation, workspace.store())?;
        let target =
            |change: &pond_objects::Change| Target { path: change.path.clone(), side: change.old.map(side) };
        let targets = recorded.host.iter().map(target).collect();
        Ok(Self { operation, view, recorded, targets })
    }

    /// Does it. The caller holds the mirror's lock.
    ///
    /// # Errors
    /// Before the operation is published nothing was changed. Files that could not be written are no error: they are
    /// in [`LaidOut::failed`].
    pub(crate) fn apply(&self, workspace: &mut Workspace<'_>, how: How) -> Result<TakenBack, CommandError> {
        self.check_view(workspace)?;
        let renames = self.renames(workspace);
        let scan = lay_out::look(workspace)?;
        let mut targets = lay_out::changed_on_host(workspace, &scan, &self.targets);
        let victims = lay_out::victims(workspace, &scan, &targets);
        let mut saved = save::store(workspace, &victims)?;
        if !how.force {
            self.refuse_newer(workspace, &saved.entries)?;
        }
        workspace.ctx.check_interrupt("nothing was changed")?;
        let index = self.index_updates(workspace);
        let mut footprint =
            Footprint { host: lay_out::touched(workspace, &targets, &saved, &scan), ..Footprint::default() };
        for (path, new) in &index {
            let old = workspace.index.find(path).ok().and_then(|at| workspace.index.entry(at).row.staged);
            footprint.index.add(path.clone(), old, *new);
        }
        footprint.moved = renames.clone();
        footprint.pending = self
            .recorded
            .pending
            .as_ref()
            .map(|[before, _]| [workspace.index.header().pending.clone(), before.clone()]);
        // What is renamed to its place has its content already.
        targets.retain(|target| renames.iter().all(|(_, then)| *then != target.path));
        let mut transaction =
            transact::begin(workspace, how.kind, &[("undoes", self.operation.seq.to_string())])?;
        if how.counts_as_undo {
            transaction.note(UNDOES, self.operation.seq.to_string());
        }
        saved.join(&mut transaction);
        footprint.join(workspace, &mut transaction)?;
        self.edit_view(&mut transaction);
        let published = transact::publish(workspace, transaction)?;
        if let Some((before, _)) = &self.view.head {
            workspace.head = before.clone();
        }
        workspace.refresh(published.state)?;
        let (renamed, failed) = rename_all(workspace, renames)?;
        // Where they were is free now.
        saved.stats.retain(|(path, _)| renamed.iter().all(|(now, _)| now != path));
        let mut laid_out = lay_out::lay_out(workspace, &targets, &saved, &scan)?;
        for (path, reason) in failed {
            laid_out.failed.push_reason(path, &reason);
        }
        laid_out.show_failures(workspace);
        self.save_index(workspace, index, &laid_out)?;
        if laid_out.interrupted {
            return Err(interrupted(
                "interrupted; the operation was taken back, but not all files: 'pond status' shows them",
            ));
        }
        Ok(TakenBack { laid_out, renamed })
    }

    /// Refs and HEAD must still be where the operation left them.
    fn check_view(&self, workspace: &Workspace<'_>) -> Result<(), CommandError> {
        let number = self.operation.seq;
        let moved = |what: &str| {
            conflict(format_args!("operation {number} can't be taken back: {what} since"))
                .hint("nothing was changed; 'pond op log' lists what was done")
        };
        if let Some((_, after)) = &self.view.head
            && workspace.head != *after
        {
            return Err(moved("HEAD has moved"));
        }
        let view = workspace.snapshot.view();
        for (name, _, after) in &self.view.refs {
            if view.target(name)? != *after {
                return Err(moved(&format!("'{}' has moved", name.short())));
            }
        }
        let stashes: HashMap<i64, ObjectId> = view.stashes()?.into_iter().collect();
        match self.view.stashes.iter().all(|(seq, _, after)| stashes.get(seq) == after.as_ref()) {
            true => Ok(()),
            false => Err(moved("the stack of stashes was changed")),
        }
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
                Some(commit) => transaction.put_stash(*seq, *commit),
                None => transaction.drop_stash(*seq),
            }
        }
        if let Some((before, _)) = &self.view.head {
            transaction.set_head(MAIN_MIRROR, before.clone());
        }
    }

    /// Refuses where a file, or what is staged, is neither what the operation left nor what it found.
    fn refuse_newer(&self, workspace: &Workspace<'_>, saved: &[(BString, Side)]) -> Result<(), CommandError> {
        let left: HashMap<&BString, [Option<Side>; 2]> = self
            .recorded
            .host
            .iter()
            .map(|change| (&change.path, [change.old.map(side), change.new.map(side)]))
            .collect();
        // What the operation found is there still where it did not live to write the file.
        let is_known =
            |path: &BString, side: Side| left.get(path).is_some_and(|both| both.contains(&Some(side)));
        let changed = saved.iter().filter(|(path, side)| !is_known(path, *side));
        let mut newer: BTreeSet<&BString> = changed.map(|(path, _)| path).collect();
        for change in &self.recorded.index {
            let staged = staged(workspace, &change.path);
            if staged != change.new.map(side) && staged != change.old.map(side) {
                newer.insert(&change.path);
            }
        }
        if newer.is_empty() {
            return Ok(());
        }
        let list: String =
            newer.iter().take(20).map(|path| format!("\n  {}", escape::quoted(path))).collect();
        Err(conflict(format_args!(
            "operation {} can't be taken back without losing what was changed since:{list}",
            self.operation.seq
        ))
        .hint(
            "nothing was changed; -f takes it back all the same, and stores these changes in the pond first",
        ))
    }

    /// What the index shall have at the paths that the operation touched in it.
    fn index_updates(&self, workspace: &Workspace<'_>) -> Vec<(BString, Option<Side>)> {
        let changed = self.recorded.index.iter().map(|change| (change.path.clone(), change.old.map(side)));
        changed.filter(|(path, new)| staged(workspace, path) != *new).collect()
    }

    fn save_index(
        &self,
        workspace: &mut Workspace<'_>,
        index: Vec<(BString, Option<Side>)>,
        laid_out: &LaidOut,
    ) -> Result<(), CommandError> {
        let mut updates: BTreeMap<BString, Update> = BTreeMap::new();
        let on_host: HashMap<&BString, Option<Side>> =
            self.targets.iter().map(|target| (&target.path, target.side)).collect();
        for (path, new) in index {
            let is_on_host = new.is_some() && on_host.get(&path) == Some(&new);
            let seen = if is_on_host { laid_out.seen(&path) } else { Seen::NEVER };
            updates.insert(path.clone(), restaged(workspace, &path, new, seen));
        }
        // Files that now have what is staged for them are known to be unchanged.
        for target in &self.targets {
            let Ok(at) = workspace.index.find(&target.path) else { continue };
            let row = workspace.index.entry(at).row;
            if !updates.contains_key(&target.path) && row.staged.is_some() && row.staged == target.side {
                let seen = laid_out.seen(&target.path);
                updates.insert(target.path.clone(), Update::Set(crate::mirror::index::Row { seen, ..row }));
            }
        }
        let mut header = workspace.index.header().clone();
        if let Some([before, _]) = &self.recorded.pending {
            header.pending.clone_from(before);
        }
        let edited = workspace.index.edit(updates, header.clone(), now_ns()).finish();
        let base = workspace.head.commit;
        let tree = base.map(|id| workspace.store().commit(&id)).transpose()?.map(|commit| commit.tree);
        let header = Header { base, delta_version: Some(workspace.snapshot.state().version), ..header };
        let builder = rebase::onto(&edited, workspace.store(), tree.as_ref(), header)?;
        workspace.save_index(builder)?;
        workspace.save_head()
    }

    /// The renames that bring files and directories back as they are: where the new name is there and the old one is free.
    fn renames(&self, workspace: &Workspace<'_>) -> Pairs {
        let root = workspace.pond.mirror_root();
        let is_there =
            |path: &BString| crate::mirror::stage::host_path(root, path).symlink_metadata().is_ok();
        let back = self.recorded.moved.iter().rev().map(|(from, to)| (to.clone(), from.clone()));
        back.filter(|(now, then)| is_there(now) && !is_there(then)).collect()
    }
}

/// Pairs of paths, from and to.
type Pairs = Vec<(BString, BString)>;

/// Renames on the host; gives what was renamed, and what was not with the reason.
fn rename_all(
    workspace: &Workspace<'_>,
    renames: Pairs,
) -> Result<(Pairs, Vec<(BString, String)>), CommandError> {
    let (mut renamed, mut failed) = (Vec::new(), Vec::new());
    if renames.is_empty() {
        return Ok((renamed, failed));
    }
    let open = |error: std::io::Error| fatal("cannot open the mirror").because(&error);
    let mirror = MirrorDir::open(workspace.pond.mirror_root()).map_err(open)?;
    for (now, then) in renames {
        match rename::rename_back(&mirror, &now, &then) {
            Ok(()) => renamed.push((now, then)),
            Err(error) => failed.push((now, error.to_string())),
        }
    }
    Ok((renamed, failed))
}

fn staged(workspace: &Workspace<'_>, path: &BString) -> Option<Side> {
    let at = workspace.index.find(BStr::new(path)).ok()?;
    workspace.index.entry(at).row.staged
}

fn side(of: pond_objects::Side) -> Side {
    Side { kind: of.kind, id: of.id, size: of.size }
}
