//! Rows of the index that cannot stand beside what targets put there: a file or an empty directory where one of them needs
//! a directory, and all that is below one that is a file.

use std::collections::BTreeSet;

use bstr::BString;
use pond_objects::path::{above, is_below};
use pond_objects::{Kind, Side};

use crate::index::Index;
use crate::target::Target;

/// Those rows, each once, with what is staged there. Targets may be among them.
pub fn displaced(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
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
pub fn filled(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
    let mut found = above_targets(index, targets);
    found.retain(|(_, side)| side.kind == Kind::Directory);
    found
}

fn above_targets(index: &Index, targets: &[Target]) -> Vec<(BString, Side)> {
    parents(targets).into_iter().filter_map(|dir| live(index, index.find(dir).ok()?)).collect()
}

/// The targets, and that empty directories of the index go which are below one that is a file: no version has to say so.
pub fn with_emptied(index: &Index, mut targets: Vec<Target>) -> Vec<Target> {
    let mut emptied = below_targets(index, &targets);
    emptied.retain(|(path, side)| {
        side.kind == Kind::Directory && targets.iter().all(|target| target.path != *path)
    });
    targets.extend(emptied.into_iter().map(|(path, _)| Target { path, side: None }));
    targets
}

/// The directories that targets need, in order.
pub fn parents(targets: &[Target]) -> BTreeSet<&[u8]> {
    let mut found = BTreeSet::new();
    for target in targets.iter().filter(|target| target.side.is_some()) {
        // Where a directory was found before, those above it were.
        above(&target.path).take_while(|dir| found.insert(*dir)).for_each(drop);
    }
    found
}

/// Whether the index has a directory in which nothing is.
pub fn is_empty_directory(index: &Index, path: &[u8]) -> bool {
    let row = index.find(path).ok().and_then(|at| live(index, at));
    row.is_some_and(|(_, side)| side.kind == Kind::Directory)
}

fn live(index: &Index, at: usize) -> Option<(BString, Side)> {
    Some((index.path(at).into(), index.entry(at).row.staged?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::index::{Header, Row, Seen, Update};
    use pond_objects::ObjectId;

    fn side(kind: Kind) -> Side {
        match kind {
            Kind::Directory => Side::empty_directory(),
            kind => Side { kind, id: ObjectId::of_content(b"x"), size: 1 },
        }
    }

    /// Paths of up to three names, none below another one that is a file, or below an empty directory.
    fn paths(next: &mut impl FnMut(u64) -> u64) -> BTreeMap<BString, Side> {
        let mut found: BTreeMap<BString, Side> = BTreeMap::new();
        for _ in 0..next(8) {
            let names: Vec<&str> = (0..=next(3)).map(|_| ["a", "b"][next(2) as usize]).collect();
            let path = BString::from(names.join("/"));
            let meets = |other: &BString| is_below(other, &path) || is_below(&path, other);
            if !found.keys().any(meets) {
                let kind = if next(3) == 0 { Kind::Directory } else { Kind::File };
                found.insert(path, side(kind));
            }
        }
        found
    }

    fn edited(index: &Index, sides: impl IntoIterator<Item = (BString, Option<Side>)>) -> Index {
        let update = |side: Option<Side>| {
            side.map_or(Update::Delete, |side| Update::Set(Row::added(side, Seen::NEVER)))
        };
        let updates = sides.into_iter().map(|(path, side)| (path, update(side))).collect();
        index.edit(updates, Header::default(), 1).finish()
    }

    /// An index gives up just those rows when it is edited.
    #[test]
    fn an_edit_displaces_the_same() {
        let mut state = 7_u64;
        let mut next = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let mut seen = 0;
        for _ in 0..2_000 {
            let old = paths(&mut next);
            let index =
                edited(&Index::empty(), old.clone().into_iter().map(|(path, side)| (path, Some(side))));
            let mut new: BTreeMap<BString, Option<Side>> =
                paths(&mut next).into_iter().map(|(path, side)| (path, Some(side))).collect();
            for path in old.keys().filter(|_| next(4) == 0) {
                new.entry(path.clone()).or_insert(None);
            }
            let targets: Vec<Target> =
                new.iter().map(|(path, side)| Target { path: path.clone(), side: *side }).collect();
            let after = edited(&index, new.clone());
            let is_gone = |path: &&BString| after.find(path).is_err() && !new.contains_key(*path);
            let gone: BTreeSet<&BString> = old.keys().filter(is_gone).collect();
            let displaced = displaced(&index, &targets);
            let others: BTreeSet<&BString> =
                displaced.iter().map(|(path, _)| path).filter(|path| !new.contains_key(*path)).collect();
            assert_eq!(others, gone, "{old:?} {targets:?}");
            seen += gone.len();
            let emptied = with_emptied(&index, targets.clone());
            assert!(emptied[targets.len()..].iter().all(|one| old[&one.path].kind == Kind::Directory));
        }
        assert!(seen > 500, "{seen}: this proves nothing");
    }
}
