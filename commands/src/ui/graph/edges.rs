//! The edges that leave a commit's row, and their way to the lanes they lead to.

use super::{Cell, Hue, Lane, Row};

/// What becomes of the lanes at the right of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// The commit needs no more room below than it had.
    Unmoved,
    /// The edges of a merge push them so many lanes to the right.
    Pushed(usize),
    /// The last edge of a merge leads to the lane beside it, and is one with it at once.
    Joined,
}

/// The edges below a commit's row (below its row of forks, if it is a merge).
#[derive(Debug)]
pub(super) struct Edges<Id> {
    /// The lanes when all edges are home.
    pub(super) lanes: Vec<Lane<Id>>,
    /// For each cell, to which lane the edge in it leads. As many cells as rows of this commit are wide.
    pub(super) cells: Vec<Option<usize>>,
    /// The lanes of the commit's parents.
    pub(super) parents: Vec<usize>,
    /// Whether the first edge of a merge leads to the left; the second then goes straight down.
    pub(super) leans_left: bool,
    pub(super) right: Right,
}

impl<Id: Copy + Eq> Edges<Id> {
    /// The edges below a commit in lane `here` of those above; in the first free one if no lane waits for it. `hue` is the one
    /// that was taken last.
    pub(super) fn below(above: &[Lane<Id>], here: usize, parents: &[Id], hue: &mut Hue) -> Self {
        let mut this = Self {
            lanes: Vec::with_capacity(above.len() + parents.len()),
            cells: Vec::with_capacity(2 * (above.len() + parents.len())),
            parents: Vec::with_capacity(parents.len()),
            leans_left: false,
            right: Right::Unmoved,
        };
        let (left, right) = above.split_at(here);
        for lane in left {
            this.lanes.push(*lane);
            this.place(this.lanes.len() - 1);
        }
        let is_tip = right.is_empty();
        for parent in parents {
            if is_tip || parents.len() > 1 {
                *hue = hue.next();
            }
            let waiting = above.iter().find(|lane| lane.awaits == *parent).copied();
            let lane = this.lane(waiting.unwrap_or(Lane { awaits: *parent, hue: *hue }));
            if this.parents.is_empty() && parents.len() > 1 {
                this.place_first_of(parents.len(), here, lane);
            } else {
                this.place(lane);
            }
            this.parents.push(lane);
        }
        if parents.is_empty() {
            this.cells.extend([None, None]);
        }
        for lane in right.iter().skip(1) {
            // Lanes differ, so that only a parent can be there already.
            let is_parent = parents.contains(&lane.awaits);
            let lane = if is_parent { this.lane(*lane) } else { this.push_lane(*lane) };
            this.place(lane);
        }
        this
    }

    /// The colour of a lane.
    pub(super) fn hue(&self, lane: Option<usize>) -> Option<Hue> {
        lane.and_then(|lane| self.lanes.get(lane)).map(|lane| lane.hue)
    }

    fn push_lane(&mut self, lane: Lane<Id>) -> usize {
        self.lanes.push(lane);
        self.lanes.len() - 1
    }

    /// The place of a lane, which is the next free one unless it has one.
    fn lane(&mut self, lane: Lane<Id>) -> usize {
        let found = self.lanes.iter().position(|other| other.awaits == lane.awaits);
        found.unwrap_or_else(|| self.push_lane(lane))
    }

    /// Lets the next edge lead to a lane.
    fn place(&mut self, lane: usize) {
        let beside = self.cells.len().checked_sub(2).and_then(|cell| self.cells[cell]);
        if matches!(self.right, Right::Pushed(_)) && beside == Some(lane) {
            self.right = Right::Joined;
        } else {
            self.cells.extend([Some(lane), None]);
        }
    }

    /// Lets the first edge of a merge of `count` parents lead to a lane. A lane at the left is nearly reached in the row of
    /// forks already.
    fn place_first_of(&mut self, count: usize, here: usize, lane: usize) {
        self.leans_left = lane < here;
        let pushed = count - 1 - usize::from(self.leans_left);
        self.right = if pushed == 0 { Right::Unmoved } else { Right::Pushed(pushed) };
        if self.leans_left {
            self.cells[(2 * lane + 3).min(2 * here - 1)] = Some(lane);
        } else {
            self.cells.extend([Some(lane), None]);
        }
    }
}

/// To which lane the edge in a cell leads; none for a cell that is empty or beyond the last.
pub(super) fn lane_at(cells: &[Option<usize>], at: usize) -> Option<usize> {
    cells.get(at).copied().flatten()
}

/// Whether every edge is in its lane, or enters it with the next row.
pub(super) fn are_home(cells: &[Option<usize>]) -> bool {
    cells.iter().enumerate().all(|(at, lane)| lane.is_none_or(|lane| lane == at / 2))
}

/// Draws a row in which each edge comes a step nearer to its lane, which is at its left. Gives the row, where the edges are
/// below it, and where they are in it.
///
/// A step is one cell, or two where an edge crosses another one. The first edge that moves may go all the way at once, on
/// underscores.
#[allow(clippy::type_complexity, reason = "three rows of cells, told apart by the caller's names")]
pub(super) fn move_left<Id>(
    cells: &[Option<usize>],
    lanes: &[Lane<Id>],
) -> (Row, Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut next: Vec<Option<usize>> = vec![None; cells.len()];
    let mut runner: Option<Runner> = None;
    for (at, lane) in cells.iter().enumerate() {
        let Some(lane) = *lane else { continue };
        let home = 2 * lane;
        if at == home {
            next[at] = Some(lane);
            continue;
        }
        let (step, from) = match next[at - 1] {
            None => (1, at),
            Some(other) if other == lane => continue,
            Some(_) => (2, at - 1),
        };
        next[at - step] = Some(lane);
        if runner.is_none() {
            runner = Some(Runner { lane, from });
            // No other edge may cross its way.
            (home + 3..at.saturating_sub(2)).step_by(2).for_each(|cell| next[cell] = Some(lane));
        }
    }
    let drawn = next.clone();
    let mut row = Row::default();
    let mut runs = false;
    for (at, lane) in drawn.iter().enumerate() {
        let Some(lane) = *lane else {
            row.push(Cell::SPACE);
            continue;
        };
        let ran = runner.as_ref().filter(|runner| runner.lane == lane && at + 1 != runner.from);
        let glyph = if at == 2 * lane {
            b'|'
        } else if ran.is_some() {
            runs = true;
            if at != 2 * lane + 3 {
                next[at] = None;
            }
            b'_'
        } else {
            // It is where the underscores bring it.
            if runs && runner.as_ref().is_some_and(|runner| at < runner.from) {
                next[at] = None;
            }
            b'/'
        };
        row.push(Cell::line(glyph, lanes[lane].hue));
    }
    (row, next, drawn)
}

/// The first edge that moves in a row.
struct Runner {
    lane: usize,
    /// The cell right of the one in which it is drawn.
    from: usize,
}
