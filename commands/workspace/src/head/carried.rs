//! Changes of tracked files that are in no commit, as one list with a letter each.

use bstr::BString;
use pond_mirror::index::{EntryRef, Index};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::{Scan, State};
use pond_objects::{Kind, Side};

use crate::publish::lay_out::LaidOut;

/// Paths in order, each with a letter: A added, D deleted, M modified, T another type of file.
pub type Carried = Vec<(char, BString)>;

/// How the host differs from the commit that the index is based on, at the paths of the index. The scan was made before
/// the files in `laid_out` were written.
pub(crate) fn carried(index: &Index, scan: &Scan, laid_out: &LaidOut) -> Carried {
    let host = Differences::of(scan);
    let is_new = |path: &BString| laid_out.written.contains_key(path);
    let letter = |base: Option<Side>, staged: Option<Side>, path: &BString| {
        let change = host.at(path.as_ref()).filter(|_| !is_new(path));
        let state = change.map(|change| change.state);
        let is_missing = staged.is_none() || state == Some(State::Missing);
        let is_other_type = |base: Side, side: Side| class(base.kind) != class(side.kind);
        match (base, staged) {
            (None, _) => (!is_missing).then_some('A'),
            (Some(_), _) if is_missing => Some('D'),
            (Some(_), _) if state == Some(State::TypeChanged) => Some('T'),
            (Some(base), Some(staged)) if base != staged && is_other_type(base, staged) => Some('T'),
            (base, staged) => (base != staged || is_changed(state)).then_some('M'),
        }
    };
    // A directory that is not empty any more is no loss.
    let is_filled = |entry: &EntryRef<'_>| {
        let was_empty = entry.row.base_side().is_some_and(|base| base.kind == Kind::Directory);
        was_empty && entry.row.staged.is_none() && index.any_live(index.range_of_dir(entry.path))
    };
    let rows = index.iter().filter(|entry| !is_filled(entry)).filter_map(|entry| {
        let path = entry.path.to_owned();
        Some((letter(entry.row.base_side(), entry.row.staged, &path)?, path))
    });
    rows.collect()
}

/// How the host differs from what is staged.
pub(crate) fn unstaged(index: &Index, scan: &Scan) -> Carried {
    let letter = |state: State, row: usize| match state {
        _ if index.entry(row).row.intent => Some('A'),
        State::Missing => Some('D'),
        State::TypeChanged => Some('T'),
        state => is_changed(Some(state)).then_some('M'),
    };
    let changed = scan.changes.iter();
    changed.filter_map(|change| Some((letter(change.state, change.row?)?, change.path.clone()))).collect()
}

fn is_changed(state: Option<State>) -> bool {
    matches!(state, Some(State::Modified | State::MaybeChanged | State::Unstable | State::Special(_)))
}

/// What git tells apart as types.
fn class(kind: Kind) -> u8 {
    match kind {
        Kind::File | Kind::Executable => 0,
        Kind::Symlink => 1,
        Kind::Directory | Kind::Ref => 2,
    }
}
