//! Which pieces of two texts are equal, in order.

use std::collections::HashMap;

use super::text::Piece;
use crate::id::ObjectId;

/// A run of equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) old: u64,
    pub(super) new: u64,
    pub(super) length: u64,
}

/// Runs of equal pieces in order: what both texts begin with, what they end with, and between these the pieces that each
/// has once, with the equal ones around them.
pub(super) fn equal_runs(old: &[Piece], new: &[Piece]) -> Vec<Run> {
    let is_equal = |(a, b): (&Piece, &Piece)| a.id == b.id;
    let prefix = old.iter().zip(new).take_while(|pair| is_equal(*pair)).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|pair| is_equal(*pair)).count();
    let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
    let mut runs = Vec::new();
    let mut add = |from: usize, to: usize, count: usize| {
        let start = |pieces: &[Piece], at: usize| at.checked_sub(1).map_or(0, |before| pieces[before].end);
        let (old_start, new_start) = (start(old, from), start(new, to));
        let length = start(old, from + count) - old_start;
        if length > 0 {
            runs.push(Run { old: old_start, new: new_start, length });
        }
    };
    add(0, 0, prefix);
    let (mut from, mut to) = (prefix, prefix);
    for (old_at, new_at) in anchors(&old[prefix..old_end], &new[prefix..new_end]) {
        let (mut first_old, mut first_new) = (old_at + prefix, new_at + prefix);
        if first_old < from || first_new < to {
            continue;
        }
        let mut count = 1;
        while first_old > from && first_new > to && old[first_old - 1].id == new[first_new - 1].id {
            (first_old, first_new, count) = (first_old - 1, first_new - 1, count + 1);
        }
        while first_old + count < old_end
            && first_new + count < new_end
            && old[first_old + count].id == new[first_new + count].id
        {
            count += 1;
        }
        add(first_old, first_new, count);
        (from, to) = (first_old + count, first_new + count);
    }
    add(old_end, new_end, suffix);
    runs
}

/// Pairs of pieces that each side has once: the longest list of them that is in order on both sides.
fn anchors(old: &[Piece], new: &[Piece]) -> Vec<(usize, usize)> {
    const TWICE: usize = usize::MAX;
    let places = |pieces: &[Piece]| {
        let mut places: HashMap<ObjectId, usize> = HashMap::with_capacity(pieces.len());
        for (at, piece) in pieces.iter().enumerate() {
            places.entry(piece.id).and_modify(|place| *place = TWICE).or_insert(at);
        }
        places
    };
    let (old_places, new_places) = (places(old), places(new));
    let once =
        |places: &HashMap<ObjectId, usize>, id: &ObjectId| places.get(id).copied().filter(|at| *at != TWICE);
    let pairs: Vec<(usize, usize)> = (new.iter().enumerate())
        .filter(|(_, piece)| once(&new_places, &piece.id).is_some())
        .filter_map(|(at, piece)| Some((once(&old_places, &piece.id)?, at)))
        .collect();
    ascending(&pairs)
}

/// The longest list of pairs with ascending first parts.
fn ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // By length less one: the pair with which a list of this length can end lowest.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].0 < pair.0);
        before.push(length.checked_sub(1).map(|last| ends[last]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let last = ends.last().copied();
    let mut chosen: Vec<_> = std::iter::successors(last, |at| before[*at]).map(|at| pairs[at]).collect();
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of ten bytes each, named by letters.
    fn pieces(names: &str) -> Vec<Piece> {
        let piece = |(at, name): (usize, char)| Piece {
            id: ObjectId::of_content(&[name as u8]),
            end: 10 * (at as u64 + 1),
        };
        names.chars().enumerate().map(piece).collect()
    }

    #[test]
    fn runs_are_found_in_order() {
        let found = |old: &str, new: &str| -> Vec<(u64, u64, u64)> {
            let runs = equal_runs(&pieces(old), &pieces(new));
            runs.iter().map(|run| (run.old / 10, run.new / 10, run.length / 10)).collect()
        };
        assert_eq!(found("abc", "abc"), [(0, 0, 3)]);
        assert_eq!(found("abc", ""), []);
        assert_eq!(found("abc", "abxc"), [(0, 0, 2), (2, 3, 1)]);
        assert_eq!(found("aaaa", "aaa"), [(0, 0, 3)]);
        assert_eq!(found("abXcdeYf", "abZcdeWWf"), [(0, 0, 2), (3, 3, 3), (7, 8, 1)]);
        // What stands twice is no anchor, and goes along with one beside it.
        assert_eq!(found("1ssk2", "3ssk4"), [(1, 1, 3)]);
        // Of two that changed places one is kept.
        assert_eq!(found("1pq2", "3qp4").len(), 1);
    }
}
