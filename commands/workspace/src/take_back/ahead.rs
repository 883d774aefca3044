//! Looks ahead: finds what would stop several commands from being taken back, before the first one is.
//!
//! Each command starts from what those before it in the list leave, which the recorded operations tell. Files are read and
//! nothing is stored, so a dry run can look ahead too. A file that will get its old name back is looked up under its present name.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pond_mirror::Target;
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::index::pending::Conflict;
use pond_mirror::scan::Scan;
use pond_mirror::scan::content::{self, Content};
use pond_mirror::scan::differences::Differences;
use pond_objects::node::rebase_path;
use pond_objects::path::is_below;
use pond_objects::{Kind, ObjectId, ObjectSource as _, Side, tree};
use pond_refs::Head;
use pond_refs::RefName;

use super::How;
use super::Newer;
use super::Pairs;
use super::TakingBack;
use crate::error::WorkspaceError;
use crate::publish::lay_out;
use crate::publish::save::Victim;
use crate::workspace::Workspace;

/// What taking back the commands so far will have changed.
#[derive(Debug, Default)]
pub struct Ahead {
    /// Refs, and where they will be.
    pub refs: HashMap<RefName, Option<ObjectId>>,
    /// Stashes, likewise.
    pub stashes: HashMap<i64, Option<ObjectId>>,
    /// HEAD, if it will have moved.
    pub head: Option<Head>,
    /// What the host will have at paths that commands brought.
    on_host: HashMap<BString, Option<Side>>,
    /// The same of the index.
    in_index: HashMap<BString, Option<Side>>,
    /// The conflicts that will wait for a person, where these are not those that do.
    conflicts: Option<Vec<Conflict>>,
    /// What is renamed, in this order: its names before that and after.
    renamed: Pairs,
}

impl Ahead {
    fn take_back(&mut self, workspace: &Workspace<'_>, taking: &TakingBack) {
        let view = &taking.view;
        self.refs.extend(view.refs.iter().map(|(name, before, _)| (name.clone(), *before)));
        self.stashes.extend(view.stashes.iter().map(|(seq, before, _)| (*seq, *before)));
        self.head = view.head.as_ref().map(|(before, _)| before.clone()).or(self.head.take());
        let renames = taking.renames(|path| self.is_there(workspace, path));
        renames.into_iter().for_each(|(before, after)| self.rename(before, after));
        self.on_host.extend(taking.targets.iter().map(|target| (target.path.clone(), target.side)));
        let index = taking.recorded.index.iter();
        self.in_index.extend(index.map(|change| (change.path.clone(), change.old)));
        if let Some([before, _]) = &taking.recorded.pending {
            let conflicts = before.as_ref().map(|before| before.conflicts.clone());
            self.conflicts = Some(conflicts.unwrap_or_default());
        }
    }

    /// Whether a path will be in conflict.
    pub(crate) fn is_in_conflict(&self, workspace: &Workspace<'_>, path: &BString) -> bool {
        let waiting = workspace.index.header().pending.as_ref().map(|pending| &pending.conflicts);
        self.conflicts.as_ref().or(waiting).into_iter().flatten().any(|conflict| conflict.path() == *path)
    }

    fn rename(&mut self, before: BString, after: BString) {
        let on_host = std::mem::take(&mut self.on_host).into_iter();
        let moved = on_host.map(|(path, side)| (rebase_path(&path, &after, &before), side));
        self.on_host = moved.collect();
        self.renamed.push((before, after));
    }

    /// The present path of what will be at a path; `None` if it will be renamed away.
    fn located(&self, path: &BString) -> Option<BString> {
        let is_at = |path: &BString, place: &BString| path == place || is_below(path, place);
        self.renamed.iter().rev().try_fold(path.clone(), |path, (before, after)| match is_at(&path, after) {
            true => Some(rebase_path(&path, before, after)),
            false => (!is_at(&path, before)).then_some(path),
        })
    }

    /// The future path of what is at a path now.
    fn then(&self, path: &BString) -> BString {
        self.renamed.iter().fold(path.clone(), |path, (before, after)| rebase_path(&path, after, before))
    }

    fn is_there(&self, workspace: &Workspace<'_>, path: &BString) -> bool {
        let on_host = || {
            let now = self.located(path);
            now.is_some_and(|now| super::is_on_host(workspace, &now))
        };
        self.on_host.get(path).map_or_else(on_host, Option::is_some)
    }

    /// Files of the host that a command would overwrite, by the paths that they will have, with what they hold now.
    fn untouched(
        &self,
        workspace: &Workspace<'_>,
        host: &mut Host,
        taking: &TakingBack,
    ) -> Result<Vec<(BString, Side)>, WorkspaceError> {
        let others = taking.targets.iter().filter(|target| !self.on_host.contains_key(&target.path));
        let now = |target: &Target| Some(Target { path: self.located(&target.path)?, side: target.side });
        let targets: Vec<Target> = others.filter_map(now).collect();
        let targets = lay_out::changed_on_host(workspace, &host.scan, &targets);
        let victims = lay_out::victims(workspace, &host.scan, &targets)?.into_iter();
        let victims = victims.filter(|victim| !self.on_host.contains_key(&self.then(&victim.path)));
        let identified = victims.filter_map(|victim| host.identify(victim));
        Ok(identified.map(|(path, side)| (self.then(&path), side)).collect())
    }

    /// What will be staged for a path.
    pub fn staged(&self, workspace: &Workspace<'_>, path: &BString) -> Option<Side> {
        self.in_index.get(path).copied().unwrap_or_else(|| super::staged(workspace, path))
    }

    /// Files of commands that were taken back which this one would overwrite, and which the commit of that time does
    /// not have.
    fn victims(
        &self,
        workspace: &Workspace<'_>,
        taking: &TakingBack,
    ) -> Result<Vec<(BString, Side)>, WorkspaceError> {
        let head = self.head.as_ref().unwrap_or(&workspace.head);
        let store = workspace.store();
        let tree = head.commit.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree);
        let mut found = Vec::new();
        for target in &taking.targets {
            let Some(Some(side)) = self.on_host.get(&target.path) else { continue };
            if !side.kind.is_blob() || Some(*side) == target.side {
                continue;
            }
            let entry = tree.map(|tree| tree::find(store, &tree, &target.path)).transpose()?.flatten();
            let is_committed = entry.is_some_and(|entry| (entry.kind, entry.id) == (side.kind, side.id));
            if !is_committed || self.staged(workspace, &target.path) != Some(*side) {
                found.push((target.path.clone(), *side));
            }
        }
        Ok(found)
    }
}

/// Checks that commands can be taken back in this order, as far as that can be known before. With `newer_is_kept`, files that were
/// changed since are an obstacle.
///
/// # Errors
/// The obstacle; nothing was changed.
pub fn check(
    workspace: &Workspace<'_>,
    takings: &[TakingBack],
    how: How,
    newer_is_kept: bool,
) -> Result<(), WorkspaceError> {
    let mut host =
        if newer_is_kept && how.newer == Newer::Keep { Some(Host::look(workspace)?) } else { None };
    let mut ahead = Ahead::default();
    for taking in takings {
        taking.check_view(workspace, &ahead, how)?;
        if let Some(host) = &mut host {
            let mut sides = ahead.untouched(workspace, host, taking)?;
            sides.extend(ahead.victims(workspace, taking)?);
            let in_the_way = taking.in_the_way(workspace, &host.scan);
            let newer = taking.newer(workspace, &sides, &in_the_way, &ahead);
            if !newer.is_empty() {
                return Err(taking.would_lose(&newer, how));
            }
        }
        ahead.take_back(workspace, taking);
    }
    Ok(())
}

/// The mirror's files.
struct Host {
    scan: Scan,
    root: HostDir,
    buffer: Vec<u8>,
}

impl Host {
    fn look(workspace: &Workspace<'_>) -> Result<Self, WorkspaceError> {
        let root = HostDir::open_root(workspace.pond.mirror_root())?;
        Ok(Self { scan: lay_out::look(workspace)?, root, buffer: Vec::new() })
    }

    /// A file that would be overwritten, with what it holds; `None` if that cannot be read: storing it reports the error.
    fn identify(&mut self, victim: Victim) -> Option<(BString, Side)> {
        if let Some(side) = victim.content {
            return Some((victim.path, side));
        }
        let found = Differences::of(&self.scan).at(BStr::new(&victim.path))?;
        let kind = found.kind.filter(|kind| *kind != Kind::Directory)?;
        match content::hash(&self.root, &victim.path, kind, &mut self.buffer) {
            Content::Read { id, stat, .. } => Some((victim.path, Side { kind, id, size: stat.size })),
            Content::Unstable | Content::Failed(_) => None,
        }
    }
}
