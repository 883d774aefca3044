//! `pond stash apply`, `pop` and `branch`.

use crate::text::list::paths_below;
use pond_mirror::Target;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;

use bstr::{BStr, BString};
use pond_objects::merge::{Labels, MergeOptions, Merged, NewContent, Trees, merge_trees};
use pond_objects::{Kind, ObjectId, ObjectSource, ReadError, Side, diff, tree};
use pond_oplog::StagedPack;
use pond_oplog::transaction::StashEdit;
use pond_refs::Head;
use pond_refs::{Expected, RefEdit};
use serde_json::json;

use super::ApplyArgs;
use super::find::{Stash, find};
use super::list::tell_dropped;
use crate::context::Context;
use crate::deeds::switch::To;
use crate::error::{CommandError, Outcome, conflict, interrupted};
use crate::merging::{self, pack_contents};
use crate::mirror::lay_out::{self, LaidOut, target_of};
use crate::mirror::move_head::plan;
use crate::mirror::obstacles::Obstacles;
use crate::mirror::rearrange::{Rearrange, rearrange};
use crate::mirror::save;
use crate::mirror::stage::host_path;
use crate::mirror::staged_tree::NewPages;
use crate::porcelain::status;
use crate::porcelain::switch::go::{self, add_files, head_json};
use crate::ui::changes_json::path_rows;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::scan::Scan;
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::displaced::parents;
use pond_objects::escape;
use pond_objects::path::above;

pub(super) fn run(ctx: &Context, args: &ApplyArgs, pop: bool) -> Result<Outcome, CommandError> {
    let mut workspace = workspace::open(ctx.session()?, Purpose::Change)?;
    merging::refuse_while_pending(&workspace, "stash")?;
    workspace.need_mirror()?;
    let stash = find(&workspace, args.stash.as_deref())?;
    let seq = if pop { Some(stash.on_stack()?) } else { None };
    let brought = bring(&workspace, &stash, args.index)?;
    let scan = lay_out::look(&workspace)?;
    let mut obstacles = Obstacles::default();
    let host = Differences::of(&scan);
    brought.files.iter().for_each(|target| obstacles.add_of(&host, target));
    let files = with_untracked(&workspace, &stash, &host, &brought.files, &mut obstacles)?;
    obstacles.refuse("this stash")?;
    merging::tell(&workspace, &brought.merged);
    let is_dropped = pop && brought.merged.is_clean;
    let parameters = [("stash", stash.name.clone())];
    let request = Rearrange {
        files,
        staged: brought.staged,
        pending: Pending::new(Sequence::Stash, b"", &brought.merged.unmerged).unless_over(),
        always: is_dropped,
        ..Rearrange::nothing(&workspace, "STASH", &parameters)
    };
    let laid_out = publish(&mut workspace, request, &scan, &brought.packs, seq.filter(|_| is_dropped))?;
    if brought.merged.is_clean {
        return finish(ctx, workspace, &stash, is_dropped, &laid_out, &[]);
    }
    if args.index {
        ctx.ui.warn("what was staged is not staged again, since there are conflicts");
    }
    let outcome = finish(ctx, workspace, &stash, is_dropped, &laid_out, &conflicting(&brought.merged))?;
    if pop {
        ctx.ui.status("The stash entry is kept in case you need it again.");
    }
    ctx.ui.hint("'pond add PATH' says that one is decided; 'pond undo' takes the stash out again");
    Ok(if outcome == Outcome::Done { Outcome::Differences } else { outcome })
}

/// Publishes what brings a stash back, and does it.
fn publish(
    workspace: &mut Workspace<'_>,
    request: Rearrange<'_>,
    scan: &Scan,
    packs: &[StagedPack],
    seq: Option<i64>,
) -> Result<LaidOut, CommandError> {
    let victims = lay_out::victims(workspace, scan, &request.files)?;
    workspace.session.check_interrupt("nothing was changed")?;
    let saved = save::store(workspace, &victims)?;
    let done = rearrange(workspace, request, scan, &saved, |transaction| {
        transaction.adopt(packs);
        seq.into_iter().for_each(|seq| transaction.edit_stash(StashEdit::Drop(seq)));
    })?;
    Ok(done.laid_out)
}

/// What a stash changes here.
struct Brought {
    merged: Merged,
    files: Vec<Target>,
    staged: Vec<Target>,
    /// Contents that came about by merging.
    packs: Vec<StagedPack>,
}

/// Merges what the stash changed in its base into what is staged. New files are staged; with `index`, what was staged is.
/// Where there are conflicts, all is staged, as a merge does it.
fn bring(workspace: &Workspace<'_>, stash: &Stash, index: bool) -> Result<Brought, CommandError> {
    let mut pages = NewPages::new(workspace.store());
    let ours = pages.add_tree_of(&workspace.index, workspace.head_tree()?.as_ref())?;
    let mut contents = Vec::new();
    let merged = merge(&pages, stash, ours, stash.commit.tree, &mut contents)?;
    let files = lay_out::targets_of(&merged.updates);
    let of_index = match index && stash.index != stash.base.tree {
        true => Some(merge(&pages, stash, ours, stash.index, &mut contents)?),
        false => None,
    };
    if let Some(of_index) = of_index.as_ref().filter(|of_index| !of_index.is_clean) {
        let list = paths_below(&conflicting(of_index));
        return Err(conflict(format_args!("conflicts in what was staged:{list}"))
            .hint("nothing was changed; without --index, it is not staged"));
    }
    let staged = match of_index {
        _ if !merged.is_clean => files.clone(),
        Some(of_index) => lay_out::targets_of(&of_index.updates),
        None => {
            let is_new = |target: &&Target| {
                let row = workspace.index.row(&target.path);
                target.side.is_some() && row.is_none_or(|row| row.staged.is_none())
            };
            files.iter().filter(is_new).cloned().collect()
        }
    };
    Ok(Brought { merged, files, staged, packs: pack_contents(workspace, &contents)? })
}

fn merge(
    source: &dyn ObjectSource,
    stash: &Stash,
    ours: ObjectId,
    theirs: ObjectId,
    contents: &mut Vec<NewContent>,
) -> Result<Merged, CommandError> {
    let trees = Trees { base: Some(stash.base.tree), ours: Some(ours), theirs: Some(theirs), nodes: None };
    let labels = Labels {
        ours: BStr::new("Updated upstream"),
        base: BStr::new("Stash base"),
        theirs: BStr::new("Stashed changes"),
    };
    let mut keep = |_: ObjectId, content: NewContent| -> Result<(), ReadError> {
        contents.push(content);
        Ok(())
    };
    Ok(merge_trees(source, &trees, labels, &MergeOptions::default(), &mut keep)?)
}

fn conflicting(merged: &Merged) -> Vec<BString> {
    let told = merged.messages.iter().filter(|message| message.kind.is_conflict());
    let mut paths: Vec<BString> = told.map(|message| message.path.clone()).collect();
    paths.extend(merged.unmerged.iter().map(|unmerged| unmerged.path.clone()));
    paths.sort();
    paths.dedup();
    paths
}

/// The files with those of the stash that were not tracked. Whatever is there already is in the way.
fn with_untracked(
    workspace: &Workspace<'_>,
    stash: &Stash,
    host: &Differences<'_>,
    files: &[Target],
    obstacles: &mut Obstacles,
) -> Result<Vec<Target>, CommandError> {
    let mut all = files.to_vec();
    let root = workspace.pond.mirror_root();
    let needed = parents(files);
    let is_file = |target: &&Target| target.side.is_some_and(|side| side.kind.is_blob());
    let written: HashSet<&[u8]> = files.iter().filter(is_file).map(|target| target.path.as_slice()).collect();
    let kind_at = |path: &[u8]| host_path(root, path).symlink_metadata().ok().map(|stat| stat.is_dir());
    for entry in tree::list(workspace.store(), stash.untracked.as_ref())? {
        let there = kind_at(&entry.path);
        if entry.kind == Kind::Directory && there == Some(true) {
            continue;
        }
        // What the stash has of tracked files cannot stand beside it.
        let mut in_place = std::iter::once(entry.path.as_slice()).chain(above(&entry.path));
        if entry.kind.is_blob() && needed.contains(entry.path.as_slice())
            || in_place.any(|path| written.contains(path))
        {
            obstacles.add_untracked(&entry.path);
            continue;
        }
        let slashes = entry.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let above = slashes.map(|(at, _)| BString::from(&entry.path[..at]));
        let is_gone = |path: &BStr| files.iter().any(|target| target.path == path && target.side.is_none());
        match above.into_iter().find(|dir| kind_at(dir) == Some(false) && !is_gone(dir.as_ref())) {
            Some(file) => obstacles.add_untracked(&file),
            None if there == Some(true) && is_emptied(workspace, host, &entry.path, &is_gone) => {}
            None if there.is_some() => obstacles.add_untracked(&entry.path),
            None => {}
        }
        all.push(target_of(&entry));
    }
    Ok(all)
}

/// Whether all that a directory has goes: what is tracked in it and `is_gone` knows.
fn is_emptied(
    workspace: &Workspace<'_>,
    host: &Differences<'_>,
    dir: &BString,
    is_gone: &dyn Fn(&BStr) -> bool,
) -> bool {
    let index = &workspace.index;
    let mut tracked = index.range_of_dir(dir).filter(|number| index.is_live(*number));
    tracked.all(|number| is_gone(index.path(number))) && host.untracked_files_below(dir).next().is_none()
}

/// Says what is there now, and that the stash was dropped.
fn finish(
    ctx: &Context,
    workspace: Workspace<'_>,
    stash: &Stash,
    dropped: bool,
    laid_out: &LaidOut,
    conflicts: &[BString],
) -> Result<Outcome, CommandError> {
    let mut document = json!({
        "stash": stash.name,
        "commit": stash.id.to_hex(),
        "dropped": dropped,
        "conflicts": path_rows(conflicts),
        "head": head_json(&workspace.head),
    });
    // Whoever reads the mirror's state next needs no lock, and may save what it learns.
    drop(workspace);
    let mut outcome = Outcome::Done;
    if ctx.ui.is_json() {
        add_files(&mut document, laid_out);
        ctx.ui.json(&document)?;
    } else if !ctx.ui.is_quiet() {
        outcome = status::show(ctx)?;
    }
    if dropped {
        tell_dropped(ctx, stash);
    }
    if laid_out.interrupted {
        return Err(interrupted(
            "interrupted; the next command that changes the mirror writes the files that are missing; 'pond undo' takes back what was written, and brings the stash back",
        ));
    }
    Ok(if laid_out.failed.is_empty() { outcome } else { Outcome::Partial })
}

pub(super) fn branch(ctx: &Context, name: &OsStr, text: Option<&OsStr>) -> Result<Outcome, CommandError> {
    let mut workspace = workspace::open(ctx.session()?, Purpose::Change)?;
    merging::refuse_while_pending(&workspace, "stash")?;
    workspace.need_mirror()?;
    let stash = find(&workspace, text)?;
    let To::New { name, .. } = go::new_branch(&workspace, name, Some(stash.base_id), false)? else {
        unreachable!("BUG: a new branch is one")
    };
    let scan = lay_out::look(&workspace)?;
    let plan = plan(&workspace, &scan, Some(&stash.base.tree), false, "stash branch")?;
    let mut obstacles = Obstacles::default();
    let staged = over(&workspace, &scan, &plan.targets, &stash, stash.index, &mut obstacles)?;
    let files = over(&workspace, &scan, &plan.targets, &stash, stash.commit.tree, &mut obstacles)?;
    let files = lay_out::changed_on_host(&workspace, &scan, &files);
    let host = Differences::of(&scan);
    let files = with_untracked(&workspace, &stash, &host, &files, &mut obstacles)?;
    obstacles.refuse("this stash")?;
    let parameters = [("branch", name.short().to_owned()), ("stash", stash.name.clone())];
    let edit = RefEdit { name: name.clone(), expected: Expected::MustNotExist, new: Some(stash.base_id) };
    let request = Rearrange {
        head: Head { branch: Some(name.clone()), commit: Some(stash.base_id) },
        edits: vec![edit],
        files,
        staged,
        ..Rearrange::nothing(&workspace, "STASH", &parameters)
    };
    let laid_out = publish(&mut workspace, request, &scan, &[], stash.seq)?;
    ctx.ui.status(format_args!("Switched to a new branch '{}'", escape::plain(name.short().as_bytes())));
    let is_dropped = stash.seq.is_some();
    finish(ctx, workspace, &stash, is_dropped, &laid_out, &[])
}

/// The targets that lead to the stash's base, and over them what the stash changed there, up to the tree `to`.
fn over(
    workspace: &Workspace<'_>,
    scan: &Scan,
    targets: &[Target],
    stash: &Stash,
    to: ObjectId,
    obstacles: &mut Obstacles,
) -> Result<Vec<Target>, CommandError> {
    let host = Differences::of(scan);
    let mut all: BTreeMap<BString, Option<Side>> =
        targets.iter().map(|target| (target.path.clone(), target.side)).collect();
    for change in diff::diff_trees(workspace.store(), Some(&stash.base.tree), Some(&to), &|_, _| true)? {
        let target = Target { path: change.path, side: change.new };
        if all.contains_key(&target.path) {
            obstacles.add_around(&host, &target);
        } else {
            // What leads to the base leaves it alone: it has to be as in HEAD, which is as in the base.
            let row = workspace.index.row(&target.path);
            match row.and_then(|row| row.staged) == change.old {
                true => obstacles.add_of(&host, &target),
                false => obstacles.add_changed(&target.path),
            }
        }
        all.insert(target.path, target.side);
    }
    Ok(all.into_iter().map(|(path, side)| Target { path, side }).collect())
}
