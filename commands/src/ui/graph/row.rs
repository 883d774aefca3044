//! Rows of cells, and the colours of lines.

/// One of the colours that lines take in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hue(u8);

impl Hue {
    /// How many there are.
    pub(crate) const COUNT: usize = 12;
    /// The one before the first.
    pub(super) const LAST: Self = Self(Self::COUNT as u8 - 1);

    pub(super) fn next(self) -> Self {
        Self((self.0 + 1) % Self::COUNT as u8)
    }

    /// Which one it is, below [`Self::COUNT`].
    pub(crate) fn index(self) -> usize {
        self.0.into()
    }
}

/// One character of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// An ASCII character.
    pub(crate) glyph: u8,
    /// None for what belongs to no line.
    pub(crate) hue: Option<Hue>,
}

impl Cell {
    pub(super) const SPACE: Self = Self { glyph: b' ', hue: None };

    pub(super) fn line(glyph: u8, hue: Hue) -> Self {
        Self { glyph, hue: Some(hue) }
    }
}

/// What is drawn in front of one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row(Vec<Cell>);

impl Row {
    /// From left to right, with the spaces that bring the text of a commit into one column.
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.0
    }

    pub(super) fn width(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, cell: Cell) {
        self.0.push(cell);
    }

    pub(super) fn push_spaces(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, Cell::SPACE);
    }

    /// Fills up to a width with spaces.
    pub(super) fn widen(&mut self, width: usize) {
        self.0.resize(self.0.len().max(width), Cell::SPACE);
    }
}

impl FromIterator<Cell> for Row {
    fn from_iter<T: IntoIterator<Item = Cell>>(cells: T) -> Self {
        Self(cells.into_iter().collect())
    }
}
