//! Columns aligned by display width; colours where the terminal wants them, the same text without them in a pipe.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::color::{Painted, Role};

/// Which side of its column a cell stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// One cell: text, safe to print (see `escape`), and its role.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    role: Option<Role>,
}

impl Cell {
    /// A cell without a colour.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), role: None }
    }

    /// The same text in a role's colour.
    pub(crate) fn role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// What stands in it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What it is.
    pub(super) fn role_of(&self) -> Option<Role> {
        self.role
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A table, whole in memory: for dozens of rows, not for streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table of these columns; headings that are all empty are not printed.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row, of as many cells as there are columns.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len(), "BUG: a row has a cell for each column");
        self.rows.push(cells.into());
    }

    /// Writes the table, a line for each row, without spaces at the ends of lines.
    pub(crate) fn write(&self, out: &mut impl Write, color: bool) -> io::Result<()> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        if self.columns.iter().any(|(name, _)| !name.is_empty()) {
            let heading: Vec<Cell> =
                self.columns.iter().map(|(name, _)| Cell::new(name.as_str()).role(Role::Heading)).collect();
            self.line(out, &heading, &widths, color)?;
        }
        for row in &self.rows {
            self.line(out, row, &widths, color)?;
        }
        Ok(())
    }

    fn line(&self, out: &mut impl Write, cells: &[Cell], widths: &[usize], color: bool) -> io::Result<()> {
        // Spaces are written only when text follows them.
        let mut pending = 0;
        for ((cell, width), (_, align)) in cells.iter().zip(widths).zip(&self.columns) {
            let padding = width - cell.text.width();
            let (before, after) = if *align == Align::Right { (padding, 0) } else { (0, padding) };
            pending += before;
            if !cell.text.is_empty() {
                let style = cell.role.filter(|_| color).map(Role::style);
                write!(out, "{:pending$}{}", "", Painted { text: &cell.text, style })?;
                pending = 0;
            }
            pending += after + 2;
        }
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(table: &Table, color: bool) -> String {
        let mut out = Vec::new();
        table.write(&mut out, color).expect("writing to memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn columns_align_by_width_and_lines_have_no_tail() {
        let mut table = Table::new(&[("name", Align::Left), ("size", Align::Right), ("", Align::Left)]);
        table.row(["日本".into(), "1 B".into(), "x".into()]);
        table.row(["a".into(), "10 KiB".into(), "".into()]);
        assert_eq!(print(&table, false), "name    size\n日本     1 B  x\na     10 KiB\n");
    }

    #[test]
    fn colour_does_not_change_the_layout() {
        let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
        table.row([Cell::new("id").role(Role::CommitId), "x".into()]);
        table.row(["longer".into(), "y".into()]);
        assert_eq!(print(&table, true), "\u{1b}[33mid\u{1b}[0m      x\nlonger  y\n");
    }
}
