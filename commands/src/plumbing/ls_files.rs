//! `pond ls-files`: what the index holds, and how the mirror differs from it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Write as _;

use bstr::{BStr, BString};
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::pending::{Conflict, StageNumber};
use pond_mirror::scan::{Hashing, HostChange, ScanOptions, State, scan};
use pond_objects::node::NodeTable;
use pond_objects::path::relative;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Kind, ObjectId, ObjectSource as _, Side, escape, path_order};
use pond_workspace::{Purpose, Workspace, open};
use pond_workspace::{StagedChanges, next_nodes};
use serde_json::Value;

use crate::contents::entry_json;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};

/// List what the index holds, and how the mirror differs from it
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without an option that chooses, the paths of the index are listed (-c). Paths count from the current directory, and
only what is in it is listed, unless paths are given. --stage shows mode, id, stage (0, or 1 to 3 of paths in conflict) and, behind a tab, the
path. -i chooses among -c and -o what the ignore rules match.

Examples:
  pond ls-files --stage
  pond ls-files -o -z | xargs -0 du -ch
  pond ls-files -m sensors/
  pond ls-files --nodes

Exit codes: 0; 3 where a part of the mirror could not be read; 128 outside of a pond; 129.")]
pub(crate) struct LsFilesArgs {
    /// List what is in the index
    #[arg(short, long)]
    cached: bool,

    /// List tracked paths that the mirror does not have
    #[arg(short, long)]
    deleted: bool,

    /// List tracked paths that the mirror has otherwise, or not at all
    #[arg(short, long)]
    modified: bool,

    /// List untracked files; ignored ones only with -i
    #[arg(short, long)]
    others: bool,

    /// List only what the ignore rules match
    #[arg(short, long)]
    ignored: bool,

    /// Show mode, id and stage
    #[arg(short, long)]
    stage: bool,

    /// List only paths in conflict, with each version: 1 the base's, 2 ours, 3 theirs
    #[arg(short, long)]
    unmerged: bool,

    /// Show the node ids too, which stay through renames; so does -v
    #[arg(long)]
    nodes: bool,

    /// End paths with NUL instead of a line end, and quote nothing
    #[arg(short = 'z')]
    nul: bool,

    /// Print paths from the mirror's root
    #[arg(long)]
    full_name: bool,

    /// Paths
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, mut args: LsFilesArgs) -> Result<Outcome, CommandError> {
    if args.ignored && !(args.cached || args.others) {
        return Err(usage("-i chooses among what -c or -o lists: give one of them too"));
    }
    args.cached |= !(args.deleted || args.modified || args.others);
    args.nodes |= ctx.ui.verbosity() > 0;
    let workspace = open(ctx.session()?, Purpose::Look)?;
    let cwd = workspace.cwd()?;
    let here = [OsString::from(".")];
    let given = if args.paths.is_empty() && !cwd.is_empty() { &here[..] } else { &args.paths };
    let specs = workspace.pathspecs(given, &cwd)?;
    let nodes = if args.nodes || ctx.ui.is_json() { Some(nodes(&workspace)?) } else { None };
    let lister = Lister { ctx, args: &args, workspace: &workspace, specs: &specs, cwd, nodes };
    ctx.ui.page();
    let mut outcome = Outcome::Done;
    if args.others || args.deleted || args.modified {
        outcome = lister.differences()?;
    }
    if args.cached {
        lister.cached()?;
    }
    Ok(outcome)
}

/// The node ids that the next commit gives.
fn nodes(workspace: &Workspace<'_>) -> Result<NodeTable, CommandError> {
    let commit = workspace.head().commit.map(|id| workspace.store().commit(&id)).transpose()?;
    let base = NodeTable::load(workspace.store(), commit.and_then(|commit| commit.nodes).as_ref())?;
    let changes = StagedChanges::find(workspace.index(), &base, workspace.store());
    Ok(next_nodes(&base, &changes))
}

struct Lister<'a> {
    ctx: &'a Context,
    args: &'a LsFilesArgs,
    workspace: &'a Workspace<'a>,
    specs: &'a Pathspecs,
    cwd: BString,
    nodes: Option<NodeTable>,
}

impl Lister<'_> {
    /// Paths in conflict, where their versions are to be listed.
    fn conflicts(&self) -> Vec<&Conflict> {
        let wanted = self.args.stage || self.args.unmerged;
        let pending = self.workspace.index().header().pending.iter().filter(|_| wanted);
        let meant = pending.flat_map(|pending| &pending.conflicts);
        meant.filter(|conflict| self.specs.matches(&conflict.path(), false)).collect()
    }

    /// The versions of a path in conflict, as git numbers them.
    fn versions(&self, conflict: &Conflict) -> Result<(), CommandError> {
        let path = conflict.path();
        let shown = if self.args.full_name { path.clone() } else { relative(&path, &self.cwd) };
        for (number, which) in (1..).zip(StageNumber::ALL) {
            let Some(side) = conflict.side(which) else { continue };
            if self.ctx.ui.is_json() {
                let mut row = entry_json(&path, side.kind, &side.id, side.size);
                row["stage"] = number.into();
                self.ctx.ui.json_row(&row)?;
                continue;
            }
            let mut out = self.ctx.ui.out();
            write!(out, "{:06o} {} {number}\t", side.kind.mode(), side.id)?;
            match self.args.nul {
                true => out.write_all(&[&shown[..], b"\0"].concat())?,
                false => writeln!(out, "{}", escape::quoted(&shown))?,
            }
        }
        Ok(())
    }

    fn cached(&self) -> Result<(), CommandError> {
        let ignore = if self.args.ignored { Some(self.workspace.ignore()?) } else { None };
        let mut conflicts = self.conflicts();
        conflicts.sort_by(|a, b| path_order(&a.path(), &b.path()));
        if self.args.unmerged {
            return conflicts.iter().try_for_each(|conflict| self.versions(conflict));
        }
        let in_conflict: HashSet<BString> = match self.args.stage {
            true => conflicts.iter().map(|conflict| conflict.path()).collect(),
            false => HashSet::new(),
        };
        let mut waiting = conflicts.iter().peekable();
        for entry in self.workspace.index().iter() {
            while let Some(conflict) =
                waiting.next_if(|conflict| path_order(&conflict.path(), entry.path).is_le())
            {
                self.versions(conflict)?;
            }
            if in_conflict.contains(entry.path) {
                continue;
            }
            let Some(side) = entry.row.staged else { continue };
            let is_dir = side.kind == Kind::Directory;
            if !self.specs.matches(entry.path, is_dir) {
                continue;
            }
            if ignore.as_ref().is_some_and(|ignore| !ignore.matched(entry.path, is_dir).ignored) {
                continue;
            }
            self.print("cached", entry.path, Some(side))?;
        }
        waiting.try_for_each(|conflict| self.versions(conflict))
    }

    fn differences(&self) -> Result<Outcome, CommandError> {
        let ignore = self.workspace.ignore()?;
        let options = ScanOptions {
            ignore: &ignore,
            pathspecs: Some(self.specs),
            untracked: if self.args.others { Untracked::All } else { Untracked::No },
            ignored: self.args.others && self.args.ignored,
            hashing: Hashing::SameSize,
        };
        let scan = scan(self.workspace.pond().mirror_root(), self.workspace.index(), options)?;
        // What an interrupted command has still to write is no change.
        let due: HashSet<BString> = self.workspace.due()?.into_iter().map(|target| target.path).collect();
        for change in scan.changes.iter().filter(|change| !due.contains(&change.path)) {
            let untracked = change.state == State::Untracked;
            if untracked && self.args.others && !self.args.ignored {
                self.print("other", change.path.as_ref(), host_side(change))?;
            }
            let staged = change.row.and_then(|row| self.workspace.index().entry(row).row.staged);
            if change.state == State::Missing && self.args.deleted {
                self.print("deleted", change.path.as_ref(), staged)?;
            }
            let differs = change.row.is_some() && change.state != State::Held;
            if differs && self.args.modified {
                self.print("modified", change.path.as_ref(), staged)?;
            }
        }
        for path in &scan.ignored {
            self.print("ignored", path.as_ref(), None)?;
        }
        for (path, error) in &scan.unreadable {
            self.ctx.ui.error(format_args!("cannot read '{}': {error}", escape::plain(path)));
        }
        Ok(if scan.unreadable.is_empty() { Outcome::Done } else { Outcome::Partial })
    }

    fn print(&self, state: &str, path: &BStr, side: Option<Side>) -> Result<(), CommandError> {
        let ui = &self.ctx.ui;
        let node = self
            .nodes
            .as_ref()
            .filter(|_| state != "other" && state != "ignored")
            .map(|nodes| nodes.node(path));
        if ui.is_json() {
            let mut row = match side {
                Some(side) => entry_json(path, side.kind, &side.id, side.size),
                None => Value::Object(serde_json::Map::new()),
            };
            if let Value::Object(row) = &mut row {
                crate::ui::changes_json::insert_path(row, "path", path);
                row.insert("state".into(), state.into());
                if let Some(node) = node {
                    row.insert("stage".into(), 0.into());
                    row.insert("node".into(), node.to_string().into());
                }
                if row.get("id").is_some_and(|id| *id == ObjectId::ZERO.to_hex()) {
                    row.insert("id".into(), Value::Null);
                }
            }
            return ui.json_row(&row);
        }
        let mut path = path.to_owned();
        if state == "other" && side.is_some_and(|side| side.kind == Kind::Directory) {
            path.push(b'/');
        }
        let shown = if self.args.full_name { path } else { relative(&path, &self.cwd) };
        let mut out = ui.out();
        if let Some(side) = side.filter(|_| self.args.stage && state != "other") {
            write!(out, "{:06o} {} 0\t", side.kind.mode(), side.id)?;
        }
        if let Some(node) = node.filter(|_| self.args.nodes) {
            write!(out, "{node}\t")?;
        }
        match self.args.nul {
            true => out.write_all(&shown)?,
            false => out.write_all(escape::quoted(&shown).as_bytes())?,
        }
        out.write_all(if self.args.nul { b"\0" } else { b"\n" })?;
        Ok(())
    }
}

/// What the mirror has at an untracked path; its id is not known.
fn host_side(change: &HostChange) -> Option<Side> {
    let size = change.stat.map_or(0, |stat| stat.size);
    change.kind.map(|kind| Side { kind, id: change.id.unwrap_or(ObjectId::ZERO), size })
}
