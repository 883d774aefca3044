//! Lines that several parents lost at one place, each written once.

use super::super::lines::{self, Whitespace};
use super::{Lost, Parents};

/// Puts the lines that another parent lost among those that earlier ones lost at the same place: a longest common
/// subsequence of both is written once.
pub(super) fn coalesce<'a>(
    known: Vec<Lost<'a>>,
    lost: &[&'a [u8]],
    bit: Parents,
    whitespace: Whitespace,
) -> Vec<Lost<'a>> {
    let own = |&text: &&'a [u8]| Lost { text, parents: bit };
    if known.is_empty() || lost.is_empty() || known.len().saturating_mul(lost.len()) > MOST_COMPARED {
        return known.into_iter().chain(lost.iter().map(own)).collect();
    }
    let is_same = |i: usize, j: usize| lines::are_equal(known[i].text, lost[j], whitespace);
    // How long the subsequence is of the first lines of both.
    let width = lost.len() + 1;
    let mut lengths = vec![0_u32; (known.len() + 1) * width];
    for i in 0..known.len() {
        for j in 0..lost.len() {
            lengths[(i + 1) * width + j + 1] = match is_same(i, j) {
                true => lengths[i * width + j] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (known.len(), lost.len());
    let mut joined = Vec::with_capacity(known.len().max(lost.len()));
    while i > 0 || j > 0 {
        if i > 0 && j > 0 && is_same(i - 1, j - 1) {
            (i, j) = (i - 1, j - 1);
            joined.push(Lost { parents: known[i].parents | bit, ..known[i].clone() });
        } else if i == 0 || j > 0 && lengths[i * width + j - 1] >= lengths[(i - 1) * width + j] {
            j -= 1;
            joined.push(own(&lost[j]));
        } else {
            i -= 1;
            joined.push(known[i].clone());
        }
    }
    joined.reverse();
    joined
}

/// Pairs of lines that are compared at most at one place; above it lines are not joined.
const MOST_COMPARED: usize = 16 << 20;
