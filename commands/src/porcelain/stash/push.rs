//! `pond stash push`.

use crate::text::list::paths_below;
use pond_mirror::Target;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bstr::{BString, ByteSlice as _};
use pond_history::short_id;
use pond_objects::node::NodeTable;
use pond_objects::page::Page;
use pond_objects::tree::{TreeBuilder, empty_tree};
use pond_objects::{Commit, Kind, ObjectId, ObjectSource as _, Side, Signature, path_order};
use pond_oplog::transaction::{StashEdit, Transaction};
use serde_json::json;

use super::PushOptions;
use crate::context::Context;
use crate::deeds::add::warn_of_what_is_left_out;
use crate::error::{CommandError, Outcome, conflict, interrupted, nothing};
use crate::identity;
use crate::mirror::lay_out;
use crate::mirror::lost_content;
use crate::mirror::next_commit::{next_nodes_without_renames, staged_only};
use crate::mirror::rearrange::{Rearrange, Rearranged, rearrange};
use crate::mirror::save;
use crate::mirror::staged_tree::{NewPages, join};
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::switch::go::add_files;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::host::stat::now_ns;
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::{Index, Row, Seen, Update};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::refused::refused;
use pond_mirror::scan::{Hashing, HostChange, Scan, ScanOptions, State, scan};
use pond_objects::escape;
use pond_objects::path::{above, is_below};
use pond_objects::pathspec::Pathspecs;

pub(super) fn run(ctx: &Context, options: &PushOptions, paths: &PathArgs) -> Result<Outcome, CommandError> {
    let mut workspace = workspace::open(ctx.session()?, Purpose::Change)?;
    crate::merging::refuse_while_due(&workspace, "stash")?;
    workspace.need_mirror()?;
    let Some(head) = workspace.head.commit else {
        return Err(nothing("you do not have the initial commit yet")
            .hint("a stash is based on a commit; 'pond commit' makes the first"));
    };
    lost_content::require_none(&mut workspace)?;
    let pathspecs = (!paths.is_empty()).then(|| paths.pathspecs(&workspace)).transpose()?;
    let scan = lay_out::look(&workspace)?;
    let mut taken = taken(&workspace, &scan, options, pathspecs.as_ref());
    // Of what is not tracked, only what would be put aside is missed.
    let missed = scan.unreadable.iter().filter(|(path, _)| workspace.is_tracked(path));
    let mut missed: BTreeMap<BString, String> =
        missed.map(|(path, error)| (path.clone(), error.to_string())).collect();
    if options.include_untracked || options.all {
        taken.untracked = untracked(&workspace, options, pathspecs.as_ref(), &mut missed)?;
    }
    if let Some(unmatched) = pathspecs.as_ref().and_then(|specs| specs.unmatched().first().copied()) {
        return Err(conflict(format_args!(
            "pathspec '{}' did not match any tracked file",
            escape::plain(unmatched)
        ))
        .hint("nothing was changed; -u takes untracked files too"));
    }
    refuse_special(&scan, &taken)?;
    for (path, error) in &missed {
        ctx.ui.error(format_args!("{}: {error}; what is there is not put aside", escape::quoted(path)));
    }
    let outcome = if missed.is_empty() { Outcome::Done } else { Outcome::Partial };
    if taken.rows.is_empty() && taken.untracked.is_empty() {
        match ctx.ui.is_json() {
            true => ctx.ui.json(&json!({ "stash": null }))?,
            false if ctx.ui.is_quiet() || outcome == Outcome::Partial => {}
            false => ctx.ui.say("No local changes to save"),
        }
        return Ok(outcome);
    }
    let files = files(&workspace, &scan, &taken);
    let victims = lay_out::victims(&workspace, &scan, &files)?;
    let meant: HashSet<&BString> = files.iter().map(|target| &target.path).collect();
    let in_the_way: Vec<BString> =
        victims.iter().map(|victim| victim.path.clone()).filter(|path| !meant.contains(path)).collect();
    if !in_the_way.is_empty() {
        return Err(conflict(format_args!(
            "these untracked files are in the way of the last commit's version:{}",
            paths_below(&in_the_way)
        ))
        .hint("nothing was changed; -u puts untracked files aside too, -a ignored ones"));
    }
    ctx.check_interrupt("nothing was changed")?;
    let saved = save::store(&workspace, &victims)?;
    let stored: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    let commits = Commits::make(ctx, &workspace, head, &scan, &taken, &stored, options)?;
    let (message, id) = (commits.subject.clone(), commits.files.id());
    let staged = match options.keep_index {
        true => Vec::new(),
        false => taken.staged(),
    };
    let adopted = workspace.staged()?;
    let parameters = [("message", message.to_str_lossy().into_owned())];
    // A message that waited for everything to be committed has nothing left to wait for.
    let pending = workspace.index.header().pending.clone();
    let pending = pending.filter(|pending| pathspecs.is_some() || pending.waits());
    let request = Rearrange {
        files,
        staged,
        pending,
        always: true,
        ..Rearrange::nothing(&workspace, "STASH", &parameters)
    };
    let Rearranged { laid_out, .. } = rearrange(&mut workspace, request, &scan, &saved, |transaction| {
        // What is only staged may be in no commit but the stash's.
        transaction.adopt(&adopted);
        commits.join(transaction);
    })?;
    if ctx.ui.is_json() {
        let mut document = json!({
            "stash": "stash@{0}",
            "commit": id.to_hex(),
            "message": escape::plain(&message),
        });
        add_files(&mut document, &laid_out);
        ctx.ui.json(&document)?;
    } else if !ctx.ui.is_quiet() {
        ctx.ui.say(format_args!("Saved working directory and index state {}", escape::plain(&message)));
    }
    if laid_out.interrupted {
        return Err(interrupted(
            "interrupted; the changes are in the stash, and the next command that changes the mirror takes them out of the other files",
        ));
    }
    Ok(if laid_out.failed.is_empty() { outcome } else { Outcome::Partial })
}

/// The changes that are put aside.
struct Taken {
    /// Tracked paths with changes, and their rows.
    rows: Vec<(BString, Row)>,
    /// Untracked files and empty directories.
    untracked: Vec<(BString, Kind)>,
    /// Whether what is staged stays.
    keep_index: bool,
}

impl Taken {
    /// What the mirror shall have at a path afterwards.
    fn wanted(&self, row: &Row) -> Option<Side> {
        match self.keep_index {
            true => row.staged.filter(|_| !row.intent),
            false => row.base_side(),
        }
    }

    /// What the index shall have.
    fn staged(&self) -> Vec<Target> {
        let rows = self.rows.iter().filter(|(_, row)| row.staged != row.base_side() || row.intent);
        rows.map(|(path, row)| Target { path: path.clone(), side: row.base_side() }).collect()
    }
}

/// The tracked paths that a pathspec takes, and that differ from HEAD in the index or on the host.
fn taken(
    workspace: &Workspace<'_>,
    scan: &Scan,
    options: &PushOptions,
    pathspecs: Option<&Pathspecs>,
) -> Taken {
    let host = Differences::of(scan);
    let mut rows = Vec::new();
    for entry in workspace.index.iter() {
        let row = entry.row;
        let side = row.staged.or(row.base_side());
        let is_dir = side.is_some_and(|side| side.kind == Kind::Directory);
        if pathspecs.is_some_and(|specs| !specs.matches(entry.path, is_dir)) {
            continue;
        }
        let state = host.at(entry.path).map(|change| change.state).filter(|state| *state != State::Held);
        if row.staged != row.base_side() || row.intent || state.is_some() {
            rows.push((entry.path.to_owned(), row));
        }
    }
    Taken { rows, untracked: Vec::new(), keep_index: options.keep_index }
}

/// Refuses to put aside what has no content: the file that is tracked there would come in its place, and nobody could bring
/// back what was there.
fn refuse_special(scan: &Scan, taken: &Taken) -> Result<(), CommandError> {
    let host = Differences::of(scan);
    let special: Vec<BString> =
        taken.rows.iter().map(|(path, _)| path).filter(|path| host.is_special(path)).cloned().collect();
    match special.is_empty() {
        true => Ok(()),
        false => Err(conflict(format_args!(
            "these are fifos, sockets or devices, which have no content to put aside:{}",
            paths_below(&special)
        ))
        .hint("nothing was changed; move them away, or name the other paths after 'pond stash push --'")),
    }
}

/// What is not tracked and a pathspec takes. What the index knows, if only as deleted, is not among it.
fn untracked(
    workspace: &Workspace<'_>,
    options: &PushOptions,
    pathspecs: Option<&Pathspecs>,
    missed: &mut BTreeMap<BString, String>,
) -> Result<Vec<(BString, Kind)>, CommandError> {
    let ignore = if options.all { workspace.ignore_nothing() } else { workspace.ignore()? };
    let scan_options = ScanOptions {
        ignore: &ignore,
        pathspecs,
        untracked: Untracked::All,
        ignored: false,
        hashing: Hashing::Never,
    };
    let scan = scan(workspace.pond.mirror_root(), &workspace.index, scan_options)?;
    missed.extend(scan.unreadable.iter().map(|(path, error)| (path.clone(), error.to_string())));
    let refused = pathspecs.map(|specs| refused(specs, &scan)).unwrap_or_default();
    warn_of_what_is_left_out(workspace, &scan, &refused);
    missed.extend(refused);
    let found = scan.changes.iter().filter(|change| change.state == State::Untracked);
    // The directory of tracked files that are gone is there again with them.
    let is_unknown = |change: &&HostChange| {
        let is_again =
            change.kind == Some(Kind::Directory) && !workspace.index.range_of_dir(&change.path).is_empty();
        workspace.index.find(&change.path).is_err() && !is_again
    };
    let unknown = found.filter(is_unknown);
    Ok(unknown.filter_map(|change| Some((change.path.clone(), change.kind?))).collect())
}

/// What the mirror's files become.
fn files(workspace: &Workspace<'_>, scan: &Scan, taken: &Taken) -> Vec<Target> {
    let tracked: Vec<Target> =
        taken.rows.iter().map(|(path, row)| Target { path: path.clone(), side: taken.wanted(row) }).collect();
    let mut files = lay_out::changed_on_host(workspace, scan, &tracked);
    for (path, kind) in &taken.untracked {
        let is_needed = *kind == Kind::Directory
            && files.iter().any(|target| target.side.is_some() && is_below(&target.path, path));
        if !is_needed {
            files.push(Target { path: path.clone(), side: None });
        }
    }
    files
}

/// The commits that a stash is.
struct Commits {
    index: Commit,
    untracked: Option<Commit>,
    files: Commit,
    /// What it is called in lists.
    subject: BString,
    pages: Vec<(ObjectId, Arc<Page>)>,
}

impl Commits {
    fn make(
        ctx: &Context,
        workspace: &Workspace<'_>,
        head: ObjectId,
        scan: &Scan,
        taken: &Taken,
        stored: &HashMap<&BString, Side>,
        options: &PushOptions,
    ) -> Result<Self, CommandError> {
        let store = workspace.store();
        let base = store.commit(&head)?;
        let nodes = NodeTable::load(store, base.nodes.as_ref())?;
        let branch = workspace.head.branch.as_ref().map_or("(no branch)", |branch| branch.short());
        let at: BString = format!("{branch}: {} {}", short_id(store, &head), base.subject().as_bstr()).into();
        let subject = match &options.message {
            Some(message) => BString::from(format!("On {branch}: {message}")),
            None => [&b"WIP on "[..], &at].concat().into(),
        };
        let (author, committer) = (identity::author(ctx)?, identity::committer(ctx)?);
        let mut pages = NewPages::new(store);
        let mut commit = |index: Option<&Index>, tree, parents, message: &[u8]| {
            let nodes = index.map(|index| next_nodes_without_renames(index, &nodes));
            let nodes = nodes.and_then(|nodes| nodes.store());
            let nodes = nodes.map(|(root, new)| {
                new.iter().for_each(|(id, page)| pages.add(*id, page));
                root.id
            });
            make_commit(tree, parents, nodes, [&author, &committer], message)
        };
        let index = of_paths(workspace, taken);
        let files = of_files(workspace, &index, scan, taken, stored);
        let mut trees = NewPages::new(store);
        let index_tree = trees.add_tree_of(&index, Some(&base.tree))?;
        let files_tree = trees.add_tree_of(&files, Some(&base.tree))?;
        let untracked_tree = untracked_tree(taken, stored, &mut trees);
        let staged = commit(Some(&index), index_tree, vec![head], &[b"index on ", &at[..]].concat());
        let untracked = untracked_tree
            .map(|tree| commit(None, tree, Vec::new(), &[b"untracked files on ", &at[..]].concat()));
        let mut parents = vec![head, staged.id()];
        parents.extend(untracked.as_ref().map(Commit::id));
        let files = commit(Some(&files), files_tree, parents, &subject);
        let mut all = trees.into_pages();
        all.extend(pages.into_pages());
        Ok(Self { index: staged, untracked, files, subject, pages: all })
    }

    fn join(&self, transaction: &mut Transaction<'_>) {
        join(&self.pages, transaction);
        transaction.add_commit(&self.index);
        if let Some(untracked) = &self.untracked {
            transaction.add_commit(untracked);
        }
        let id = transaction.add_commit(&self.files);
        transaction.edit_stash(StashEdit::Push(id));
    }
}

fn make_commit(
    tree: ObjectId,
    parents: Vec<ObjectId>,
    nodes: Option<ObjectId>,
    [author, committer]: [&Signature; 2],
    message: &[u8],
) -> Commit {
    let message = [message, b"\n"].concat().into();
    let (author, committer) = (author.clone(), committer.clone());
    Commit { tree, parents, author, committer, nodes, extra: Vec::new(), message }
}

/// The index with what is staged at the paths that are taken, and nothing else.
fn of_paths(workspace: &Workspace<'_>, taken: &Taken) -> Index {
    let meant: HashSet<&[u8]> = taken.rows.iter().map(|(path, _)| path.as_slice()).collect();
    staged_only(&workspace.index, &|path, _| meant.contains(path as &[u8]))
}

/// The same with what the host has at the paths.
fn of_files(
    workspace: &Workspace<'_>,
    index: &Index,
    scan: &Scan,
    taken: &Taken,
    stored: &HashMap<&BString, Side>,
) -> Index {
    let host = Differences::of(scan);
    let untracked: HashSet<&[u8]> = taken.untracked.iter().map(|(path, _)| path.as_slice()).collect();
    let is_displaced = |path: &BString| {
        above(path).any(|dir| untracked.contains(dir))
            || host.untracked_below(path).any(|change| untracked.contains(change.path.as_slice()))
    };
    let mut updates = BTreeMap::new();
    for (path, row) in &taken.rows {
        let Some(change) = host.at(path.as_ref()) else { continue };
        let side = match (change.state, change.kind) {
            (State::Held | State::Special(_), _) => continue,
            // What is staged and was never in a commit is nowhere else, unless something that is put aside has its place.
            (State::Missing, _) if row.base_side().is_none() && !row.intent && !is_displaced(path) => {
                continue;
            }
            (State::Missing, _) => None,
            (_, Some(Kind::Directory)) => Some(Side { kind: Kind::Directory, id: empty_tree(), size: 0 }),
            // It vanished while it was read.
            _ => stored.get(path).copied(),
        };
        let update = match side {
            None => Update::Delete,
            Some(side) => Update::Set(row.restaged(side, Seen::NEVER)),
        };
        updates.insert(path.clone(), update);
    }
    index.edit(updates, workspace.index.header().clone(), now_ns()).finish()
}

/// The tree of what is not tracked; none where there is nothing.
fn untracked_tree(
    taken: &Taken,
    stored: &HashMap<&BString, Side>,
    pages: &mut NewPages<'_>,
) -> Option<ObjectId> {
    let side = |path: &BString, kind: Kind| match kind {
        Kind::Directory => Some(Side { kind, id: empty_tree(), size: 0 }),
        _ => stored.get(path).copied(),
    };
    let found = taken.untracked.iter();
    let mut entries: Vec<(&BString, Side)> =
        found.filter_map(|(path, kind)| Some((path, side(path, *kind)?))).collect();
    if entries.is_empty() {
        return None;
    }
    entries.sort_by(|a, b| path_order(a.0, b.0));
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), std::convert::Infallible> {
        pages.add(id, page);
        Ok(())
    });
    for (path, side) in entries {
        let Ok(()) = builder.push(path.as_bstr(), side.kind, side.id, side.size);
    }
    let Ok(root) = builder.finish();
    Some(root.id)
}
