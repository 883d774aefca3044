//! The picture of a history: which lines of history pass beside each commit, how they part and how they join.
//!
//! A [`Graph`] is told of commits one after the other, no commit before one of its children, each with the parents to
//! which edges lead. For each it gives [`Row`]s: some that make room above the commit, the commit's own, some that
//! lead its edges to where they go, and from then on one that can be repeated as often as text stands beside it. Of what
//! is printed beside the rows it knows nothing. The pictures are those of `git log --graph`, cell by cell.
//!
//! A *lane* is a line of history that waits for the commit it leads to; no two wait for the same. Lane `n` is drawn in
//! cell `2n` of a row; the cells between are for edges on their way from lane to lane. Below a commit the edges
//! stand where they leave it, which may be several to one lane and beside it: see [`Edges`].
//!
//! Memory is that of the lanes, one for each commit that was drawn to but not yet drawn.

mod edges;
mod row;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use edges::{Edges, Right};
pub(crate) use row::{Cell, Hue, Row};

/// A line of history.
#[derive(Clone, Copy, Debug)]
struct Lane<Id> {
    awaits: Id,
    hue: Hue,
}

/// How the last row of a commit meets the row below it: a line that leaned there leans on if it has to move anyway.
#[derive(Debug)]
enum Lean {
    Upright,
    /// The edges of a merge in this lane stood in that row; whether they pushed the lanes at its right aside.
    Forked {
        lane: usize,
        pushed: bool,
    },
    /// For each cell of that row, to which lane the edge in it leads.
    Moved(Vec<Option<usize>>),
}

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Graph<Id> {
    lanes: Vec<Lane<Id>>,
    /// That of the line that began last.
    hue: Hue,
    lean: Lean,
    /// The rows of the commit that were not given yet, and how many of them stand above its own.
    rows: VecDeque<Row>,
    above: Option<usize>,
    /// The commit's own row, for the case that a gap comes before it.
    upright: Row,
    /// The row of a gap before the commit's own row.
    gap: Row,
    /// The row that can be repeated below the others.
    rest: Row,
}

impl<Id: Copy + Eq> Graph<Id> {
    /// A picture without a commit.
    pub(crate) fn new() -> Self {
        Self {
            lanes: Vec::new(),
            hue: Hue::LAST,
            lean: Lean::Upright,
            rows: VecDeque::new(),
            above: None,
            upright: Row::default(),
            gap: Row::default(),
            rest: Row::default(),
        }
    }

    /// Goes on to the next commit, drawn as `mark` (ASCII), with the parents to which edges are to lead, each once. Rows of
    /// the commit before that were not asked for are never drawn.
    pub(crate) fn advance(&mut self, commit: Id, mark: u8, parents: &[Id]) {
        let waiting = self.lanes.iter().position(|lane| lane.awaits == commit);
        let here = waiting.unwrap_or(self.lanes.len());
        let edges = Edges::below(&self.lanes, here, parents, &mut self.hue);
        let step = Step {
            lanes: &self.lanes,
            here,
            mark,
            is_tip: waiting.is_none(),
            parents: parents.len(),
            edges: &edges,
        };
        let lean = std::mem::replace(&mut self.lean, Lean::Upright);

        let mut rows: VecDeque<Row> = step.make_room(&lean).collect();
        let is_below_room = !rows.is_empty();
        self.above = Some(rows.len());
        self.gap = step.gap();
        self.upright = step.commit(&Lean::Upright);
        rows.push_back(if is_below_room { self.upright.clone() } else { step.commit(&lean) });
        if parents.len() > 1 {
            rows.push_back(step.fork());
            self.lean = Lean::Forked { lane: here, pushed: matches!(edges.right, Right::Pushed(_)) };
        }
        let width = edges.cells.len();
        let mut cells = edges.cells;
        while !edges::are_home(&cells) {
            let (row, moved, drawn) = edges::move_left(&cells, &edges.lanes);
            rows.push_back(row);
            self.lean = Lean::Moved(drawn);
            cells = moved;
        }
        self.lanes = edges.lanes;
        self.rest = self.lanes.iter().flat_map(|lane| [Cell::line(b'|', lane.hue), Cell::SPACE]).collect();
        self.rows = rows;
        let all = self.rows.iter_mut().chain([&mut self.upright, &mut self.gap, &mut self.rest]);
        all.for_each(|row| row.widen(width));
    }

    /// The next row: the commit's own if [`Self::is_at_commit`], and the same again and again when there are no others.
    pub(crate) fn next_row(&mut self) -> Row {
        self.above = self.above.and_then(|above| above.checked_sub(1));
        self.rows.pop_front().unwrap_or_else(|| self.rest.clone())
    }

    /// A row that is not the commit's own, nor the last that leads its edges on: for text above or below it.
    pub(crate) fn gap_row(&mut self) -> Row {
        if !self.is_at_commit() {
            return self.next_row();
        }
        // What leaned above the gap has come upright in it.
        self.rows[0] = self.upright.clone();
        self.gap.clone()
    }

    /// Whether the next row is the commit's own.
    pub(crate) fn is_at_commit(&self) -> bool {
        self.above == Some(0)
    }

    /// Whether all rows were given that the commit needs.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.rows.is_empty()
    }

    /// Cells of the row that is repeated.
    pub(crate) fn rest_width(&self) -> usize {
        self.rest.width()
    }
}

/// A commit, with the lanes above it and the edges below it.
struct Step<'a, Id> {
    lanes: &'a [Lane<Id>],
    /// The commit's lane; the first that is free if none waits for it.
    here: usize,
    mark: u8,
    is_tip: bool,
    parents: usize,
    edges: &'a Edges<Id>,
}

impl<Id: Copy + Eq> Step<'_, Id> {
    /// The edges of an octopus merge that leave it in its own row, at its right.
    fn arms(&self) -> usize {
        self.parents.saturating_sub(if self.edges.leans_left { 3 } else { 2 })
    }

    fn is_octopus(&self) -> bool {
        self.parents > 2
    }

    /// The rows in which the lanes at the right of an octopus merge move aside, two for each of its arms.
    fn make_room(&self, lean: &Lean) -> impl Iterator<Item = Row> {
        let is_needed = self.is_octopus() && self.here + 1 < self.lanes.len();
        let count = if is_needed { 2 * self.arms() } else { 0 };
        (0..count).map(move |moved| {
            let mut row = Row::default();
            for (at, lane) in self.lanes.iter().enumerate() {
                let leans = match lean {
                    _ if moved > 0 => at > self.here,
                    Lean::Forked { lane, .. } => at > self.here && at > *lane,
                    _ => false,
                };
                row.push(Cell::line(if leans { b'\\' } else { b'|' }, lane.hue));
                if at == self.here {
                    row.push_spaces(moved);
                }
                row.push(Cell::SPACE);
            }
            row
        })
    }

    /// The row of a gap between the rows above and the commit's own.
    fn gap(&self) -> Row {
        let mut row = Row::default();
        for (at, lane) in self.lanes.iter().enumerate() {
            row.push(Cell::line(b'|', lane.hue));
            let is_wide = at == self.here && self.is_octopus();
            row.push_spaces(if is_wide { 2 * (self.parents - 2) } else { 1 });
        }
        row
    }

    /// The commit's own row.
    fn commit(&self, lean: &Lean) -> Row {
        let mut row = Row::default();
        for (at, lane) in self.lanes.iter().enumerate() {
            if at == self.here {
                self.push_commit(&mut row);
            } else {
                row.push(Cell::line(self.passing(at, lean), lane.hue));
            }
            row.push(Cell::SPACE);
        }
        if self.is_tip {
            self.push_commit(&mut row);
            row.push(Cell::SPACE);
        }
        row
    }

    /// How a lane passes the commit's row.
    fn passing(&self, at: usize, lean: &Lean) -> u8 {
        match (self.edges.right, lean) {
            (Right::Pushed(2..), _) if at > self.here => b'\\',
            (Right::Pushed(_), Lean::Forked { lane, pushed: true }) if at > self.here && at > *lane => b'\\',
            (Right::Pushed(_), _) if at > self.here => b'|',
            // It came from the right, and goes on to the left.
            (_, Lean::Moved(cells))
                if edges::lane_at(cells, 2 * at + 1) == Some(at)
                    && edges::lane_at(&self.edges.cells, 2 * at) != Some(at) =>
            {
                b'/'
            }
            _ => b'|',
        }
    }

    fn push_commit(&self, row: &mut Row) {
        row.push(Cell { glyph: self.mark, hue: None });
        let arms = if self.is_octopus() { self.arms() } else { 0 };
        for arm in 0..arms {
            let lane = edges::lane_at(&self.edges.cells, 2 * (self.here + arm + 2));
            let hue = self.edges.hue(lane);
            row.push(Cell { glyph: b'-', hue });
            row.push(Cell { glyph: if arm + 1 == arms { b'.' } else { b'-' }, hue });
        }
    }

    /// The row in which the edges of a merge part.
    fn fork(&self) -> Row {
        let mut row = Row::default();
        let edges = self.edges;
        // Underscores lead to a first parent that waits at the left.
        let target = edges.leans_left.then(|| edges.parents[0]);
        for (at, lane) in self.lanes[..self.here].iter().enumerate() {
            row.push(Cell::line(b'|', lane.hue));
            match target {
                Some(_) if at + 1 == self.here => {}
                Some(target) if at > target => row.push(Cell { glyph: b'_', hue: edges.hue(Some(target)) }),
                _ => row.push(Cell::SPACE),
            }
        }
        let pushes = matches!(edges.right, Right::Pushed(_));
        let glyphs =
            [b'/', b'|'].into_iter().skip(usize::from(!edges.leans_left)).chain(std::iter::repeat(b'\\'));
        for (number, (glyph, lane)) in glyphs.zip(&edges.parents).enumerate() {
            row.push(Cell { glyph, hue: edges.hue(Some(*lane)) });
            if glyph == b'\\' && (pushes || number + 1 < self.parents) {
                row.push(Cell::SPACE);
            }
        }
        if edges.right == Right::Unmoved {
            row.push(Cell::SPACE);
        }
        for lane in self.lanes.iter().skip(self.here + 1) {
            row.push(Cell::line(if pushes { b'\\' } else { b'|' }, lane.hue));
            row.push(Cell::SPACE);
        }
        row
    }
}
