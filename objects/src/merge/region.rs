//! Where two lists of differences from one base meet: the method of git's `xdiff`, level "zealous".

use std::ops::Range;

use imara_diff::Hunk;

use super::histogram::{Lines, diff};

/// Conflicts with no more lines than this between them are shown as one.
pub(super) const JOIN_LINES: usize = 3;

/// Whose lines stand in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Conflict,
    Ours,
    Theirs,
    /// Both sides turned out to have the same lines.
    Same,
}

/// A region that at least one side changed, in lines of each version.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub(super) mode: Mode,
    pub(super) base: Range<usize>,
    pub(super) ours: Range<usize>,
    pub(super) theirs: Range<usize>,
}

fn range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// The regions of two lists of hunks. Changes that touch or overlap are conflicts, unless they are the same change.
pub(super) fn combine(
    ours: &[Hunk],
    theirs: &[Hunk],
    our_lines: &Lines<'_>,
    their_lines: &Lines<'_>,
    base_len: usize,
) -> Vec<Region> {
    let mut regions = Vec::new();
    let (mut next_ours, mut next_theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    let shift = |next: Option<&&Hunk>, len: usize| match next {
        Some(hunk) => i64::from(hunk.after.start) - i64::from(hunk.before.start),
        None => len as i64 - base_len as i64,
    };
    loop {
        let (mine, other) = (next_ours.peek().copied(), next_theirs.peek().copied());
        let is_mine = mine.is_some_and(|mine| other.is_none_or(|other| mine.before.end < other.before.start));
        let is_other =
            other.is_some_and(|other| mine.is_none_or(|mine| other.before.end < mine.before.start));
        match (mine, other) {
            (None, None) => return regions,
            (Some(mine), _) if is_mine => {
                let base = range(&mine.before);
                let theirs = shifted(&base, shift(next_theirs.peek(), their_lines.tokens.len()));
                append(&mut regions, Region { mode: Mode::Ours, base, ours: range(&mine.after), theirs });
                next_ours.next();
            }
            (_, Some(other)) if is_other => {
                let base = range(&other.before);
                let ours = shifted(&base, shift(next_ours.peek(), our_lines.tokens.len()));
                append(&mut regions, Region { mode: Mode::Theirs, base, ours, theirs: range(&other.after) });
                next_theirs.next();
            }
            (Some(mine), Some(other)) => {
                let lines = |lines: &Lines<'_>, hunk: &Hunk| lines.tokens[range(&hunk.after)].to_vec();
                if mine.before != other.before || lines(our_lines, mine) != lines(their_lines, other) {
                    append(&mut regions, overlap(mine, other));
                }
                let (mine, other) = (mine.before.end, other.before.end);
                next_theirs.next_if(|_| mine >= other);
                next_ours.next_if(|_| other >= mine);
            }
            (Some(_), None) | (None, Some(_)) => {
                unreachable!("BUG: a change that nothing else is near was not taken")
            }
        }
    }
}

/// The same lines in a version that is longer or shorter before them. Where the region belongs to a conflict before it, its
/// start can lie before that version's first line; only its end counts then.
fn shifted(range: &Range<usize>, by: i64) -> Range<usize> {
    let shift = |at: usize| usize::try_from(at as i64 + by).unwrap_or(0);
    shift(range.start)..shift(range.end)
}

/// A conflict of two hunks: all lines that either of them changes. For its starts holds what holds for [`shifted`].
fn overlap(ours: &Hunk, theirs: &Hunk) -> Region {
    let (o, t) = (range(&ours.before), range(&theirs.before));
    let base = o.start.min(t.start)..o.end.max(t.end);
    let widened = |hunk: &Hunk, own: &Range<usize>| {
        let after = range(&hunk.after);
        after.start.saturating_sub(own.start - base.start)..after.end + (base.end - own.end)
    };
    Region { mode: Mode::Conflict, ours: widened(ours, &o), theirs: widened(theirs, &t), base }
}

/// Adds a region; one that touches the last becomes part of it, and a conflict where they are not of one side.
fn append(regions: &mut Vec<Region>, region: Region) {
    match regions.last_mut() {
        Some(last) if region.ours.start <= last.ours.end || region.theirs.start <= last.theirs.end => {
            if last.mode != region.mode {
                last.mode = Mode::Conflict;
            }
            last.base.end = region.base.end;
            last.ours.end = region.ours.end;
            last.theirs.end = region.theirs.end;
        }
        _ => regions.push(region),
    }
}

/// Cuts each conflict down to the lines in which the sides differ, then joins those that are near each other.
pub(super) fn refine(regions: Vec<Region>, ours: &Lines<'_>, theirs: &Lines<'_>, count: u32) -> Vec<Region> {
    let mut refined: Vec<Region> = Vec::with_capacity(regions.len());
    for mut region in regions {
        if region.mode != Mode::Conflict || region.ours.is_empty() || region.theirs.is_empty() {
            refined.push(region);
            continue;
        }
        let hunks = diff(&ours.tokens[region.ours.clone()], &theirs.tokens[region.theirs.clone()], count);
        if hunks.is_empty() {
            region.mode = Mode::Same;
            refined.push(region);
            continue;
        }
        refined.extend(hunks.iter().map(|hunk| Region {
            ours: shifted(&range(&hunk.before), region.ours.start as i64),
            theirs: shifted(&range(&hunk.after), region.theirs.start as i64),
            ..region.clone()
        }));
    }
    refined.dedup_by(|next, last| {
        let is_near = last.mode == Mode::Conflict
            && next.mode == Mode::Conflict
            && next.ours.start - last.ours.end <= JOIN_LINES;
        if is_near {
            last.ours.end = next.ours.end;
            last.theirs.end = next.theirs.end;
        }
        is_near
    });
    refined
}

/// Leaves out of each conflict the lines that both sides begin or end with.
pub(super) fn trim(regions: &mut [Region], ours: &Lines<'_>, theirs: &Lines<'_>) {
    for region in regions.iter_mut().filter(|region| region.mode == Mode::Conflict) {
        let both = |region: &Region| !region.ours.is_empty() && !region.theirs.is_empty();
        while both(region) && ours.tokens[region.ours.start] == theirs.tokens[region.theirs.start] {
            region.ours.start += 1;
            region.theirs.start += 1;
        }
        while both(region) && ours.tokens[region.ours.end - 1] == theirs.tokens[region.theirs.end - 1] {
            region.ours.end -= 1;
            region.theirs.end -= 1;
        }
    }
}
