//! Rows of the index that cannot stand beside what targets put there: a file or an empty directory where one of them needs
//! a directory, and all that is below one that is a file.

use std::collections::BTreeSet;

use bstr::BString;
use pond_objects::Kind;

use super::index::{Index, Side};
use super::lay_out::Target;
use super::order::{above, is_below};

/// Those rows, each once, with what is staged there. Targets may be among them.
pub(crate) fn displaced(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
    let mut found = above_targets(index, targets);
    found.extend(below_targets(index, targets));
    found
}

fn below_targets(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
    let files = targets.iter().filter(|target| target.side.is_some_and(|side| side.kind.is_blob()));
    let below = |target: &Target| {
        let next = index.find(&target.path).map_or_else(|next| next, |at| at + 1);
        let below = (next..index.len()).take_while(|at| is_below(index.path(*at), &target.path));
        below.filter_map(|at| live(index, at)).collect::<Vec<_>>()
    };
    files.flat_map(below).collect()
}

/// Empty directories of the index in which a target puts something: they have no row of their own then.
pub(crate) fn filled(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
    let mut found = above_targets(index, targets);
    found.retain(|(_, side)| side.kind == Kind::Directory);
    found
}

fn above_targets(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
    parents(targets).into_iter().filter_map(|dir| live(index, index.find(dir).ok()?)).collect()
}

/// The targets, and that empty directories of the index go which are below one that is a file: no version has to say so.
pub(crate) fn with_emptied(index: &Index, mut targets: Vec<Target>) -> Vec<Target> {
    let mut emptied = below_targets(index, &targets);
    emptied.retain(|(path, side)| {
        side.kind == Kind::Directory && targets.iter().all(|target| target.path != *path)
    });
    targets.extend(emptied.into_iter().map(|(path, _)| Target { path, side: None }));
    targets
}

/// The directories that targets need, in order.
pub(crate) fn parents(targets: &[Target]) -> BTreeSet<&[u8]> {
    let mut found = BTreeSet::new();
    for target in targets.iter().filter(|target| target.side.is_some()) {
        // Where a directory was found before, those above it were.
        above(&target.path).take_while(|dir| found.insert(*dir)).for_each(drop);
    }
    found
}

/// Whether the index has a directory in which nothing is.
pub(crate) fn is_empty_directory(index: &Index, path: &[u8]) -> bool {
    let row = index.find(path).ok().and_then(|at| live(index, at));
    row.is_some_and(|(_, side)| side.kind == Kind::Directory)
}

fn live(index: &Index, at: usize) -> Option<(BString, Side)> {
    Some((index.path(at).into(), index.entry(at).row.staged?))
}
