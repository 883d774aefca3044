//! A table of any number of rows, for a terminal or for a pipe.
//!
//! On a terminal it has the first rows and the last, and as many columns as the width holds, long texts cut. In a pipe
//! it has everything; only so many rows decide how wide columns are, so that the others pass through.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::color::{Painted, Role};
use super::table::{Align, Cell};
use crate::text::size;

/// Rows at each end on a terminal.
const AT_EACH_END: usize = 20;
/// Rows that decide about widths in a pipe.
const LOOKED_AT: usize = 2_000;
/// A text is not cut to less.
const NARROWEST: usize = 8;
/// Stands for what was cut, and for columns that are left out.
const CUT: &str = "…";

/// A column's heading.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its name, safe to print.
    pub(crate) name: String,
    /// Where its cells stand.
    pub(crate) align: Align,
}

/// A table that is being written.
pub(crate) struct Grid {
    columns: Vec<Column>,
    /// The width of the terminal; `None` in a pipe.
    terminal: Option<usize>,
    color: bool,
    first: Vec<Vec<Cell>>,
    last: VecDeque<Vec<Cell>>,
    rows: u64,
    /// Once the first line was written.
    layout: Option<Layout>,
}

/// Which columns are shown, and how wide.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    /// Numbers of columns with their widths; one `None` for all that are left out.
    shown: Vec<(Option<usize>, usize)>,
}

impl Grid {
    /// A table of these columns for a terminal of this width, or for a pipe.
    pub(crate) fn new(columns: Vec<Column>, terminal: Option<usize>, color: bool) -> Self {
        Self { columns, terminal, color, first: Vec::new(), last: VecDeque::new(), rows: 0, layout: None }
    }

    /// Adds a row, of as many cells as there are columns.
    pub(crate) fn row(&mut self, out: &mut impl Write, cells: Vec<Cell>) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len(), "BUG: a row has a cell for each column");
        self.rows += 1;
        if self.terminal.is_some() {
            if self.first.len() < AT_EACH_END {
                self.first.push(cells);
            } else {
                // One more than is shown: where that is all, it takes the place of the line that says so.
                if self.last.len() > AT_EACH_END {
                    self.last.pop_front();
                }
                self.last.push_back(cells);
            }
            return Ok(());
        }
        if self.layout.is_none() && self.first.len() < LOOKED_AT {
            self.first.push(cells);
            return Ok(());
        }
        self.begin(out)?;
        self.line(out, &cells)
    }

    /// Writes what is left, and how many rows and columns there are.
    pub(crate) fn finish(mut self, out: &mut impl Write, says_how_many: bool) -> io::Result<()> {
        self.begin(out)?;
        let kept = AT_EACH_END as u64 + self.last.len() as u64;
        let mut shown = self.rows;
        if self.terminal.is_some() && self.rows > kept {
            self.last.pop_front();
            shown = 2 * AT_EACH_END as u64;
            let more = format!("{CUT} {} more", size::count(self.rows - shown));
            writeln!(out, "{}", self.painted(Role::Dim, &more))?;
        }
        for cells in std::mem::take(&mut self.last) {
            self.line(out, &cells)?;
        }
        if !says_how_many {
            return Ok(());
        }
        let of = |all: usize, shown: usize| match all == shown {
            true => String::new(),
            false => format!(" ({} shown)", size::count(shown as u64)),
        };
        let count = self.columns.len();
        let shown_columns =
            self.layout.iter().flat_map(|layout| &layout.shown).filter(|(at, _)| at.is_some());
        let text = format!(
            "({}{}, {}{})",
            size::counted(self.rows, "row"),
            of(self.rows as usize, shown as usize),
            size::counted(count as u64, "column"),
            of(count, shown_columns.count()),
        );
        writeln!(out, "{}", self.painted(Role::Dim, &text))
    }

    /// Writes the heading and the rows that decided about it, unless that is done.
    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.layout.is_some() {
            return Ok(());
        }
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.name.width()).collect();
        for row in self.first.iter().chain(&self.last) {
            widths.iter_mut().zip(row).for_each(|(width, cell)| *width = (*width).max(cell.text().width()));
        }
        self.layout = Some(Layout::new(&self.columns, &widths, self.terminal));
        let heading: Vec<Cell> =
            self.columns.iter().map(|column| Cell::new(&*column.name).role(Role::Heading)).collect();
        if !self.columns.is_empty() {
            self.line(out, &heading)?;
        }
        for cells in std::mem::take(&mut self.first) {
            self.line(out, &cells)?;
        }
        Ok(())
    }

    fn line(&self, out: &mut impl Write, cells: &[Cell]) -> io::Result<()> {
        let Some(layout) = &self.layout else { return Ok(()) };
        // Spaces are written only when text follows them.
        let mut pending = 0;
        for (at, width) in &layout.shown {
            let (text, role, align) = match at {
                Some(at) => {
                    let text = cells[*at].text();
                    // A later row of a pipe may be wider: nothing is taken from it.
                    let text = if self.terminal.is_some() { cut(text, *width) } else { text.into() };
                    (text, cells[*at].role_of(), self.columns[*at].align)
                }
                None => (CUT.into(), Some(Role::Dim), Align::Left),
            };
            let padding = width.saturating_sub(text.width());
            let (before, after) = if align == Align::Right { (padding, 0) } else { (0, padding) };
            pending += before;
            if !text.is_empty() {
                let style = role.filter(|_| self.color).map(Role::style);
                write!(out, "{:pending$}{}", "", Painted { text: &*text, style })?;
                pending = 0;
            }
            pending += after + 2;
        }
        writeln!(out)
    }

    fn painted<'a>(&self, role: Role, text: &'a str) -> Painted<&'a str> {
        Painted { text, style: self.color.then(|| role.style()) }
    }
}

impl Layout {
    fn new(columns: &[Column], widths: &[usize], terminal: Option<usize>) -> Self {
        let everything =
            || Self { shown: widths.iter().enumerate().map(|(at, width)| (Some(at), *width)).collect() };
        let Some(terminal) = terminal else { return everything() };
        // A number that is cut is another number.
        let narrowest = |at: usize| match columns[at].align {
            Align::Right => widths[at],
            Align::Left => widths[at].min(NARROWEST),
        };
        let mut shown: Vec<usize> = (0..columns.len()).collect();
        let total = |shown: &[usize], width: &dyn Fn(usize) -> usize| -> usize {
            let between = 2 * shown.len().saturating_sub(1);
            let mark = if shown.len() < columns.len() { 1 + 2 } else { 0 };
            shown.iter().map(|at| width(*at)).sum::<usize>() + between + mark
        };
        // The first column and the last say most.
        while shown.len() > 1 && total(&shown, &narrowest) > terminal {
            shown.remove(shown.len() / 2);
        }
        let mut widest = terminal;
        let width = |at: usize, widest: usize| narrowest(at).max(widths[at].min(widest));
        while widest > NARROWEST && total(&shown, &|at| width(at, widest)) > terminal {
            widest -= 1;
        }
        let mut all: Vec<(Option<usize>, usize)> =
            shown.iter().map(|at| (Some(*at), width(*at, widest))).collect();
        if shown.len() < columns.len() {
            let gap = shown.iter().enumerate().find(|(place, at)| place != *at);
            all.insert(gap.map_or(shown.len(), |(place, _)| place), (None, 1));
        }
        Self { shown: all }
    }
}

/// A text in at most `width` columns.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut used = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used + 1 > width {
            break;
        }
        end = at + c.len_utf8();
    }
    format!("{}{CUT}", &text[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(terminal: Option<usize>, columns: &[(&str, Align)], rows: &[&[&str]]) -> String {
        let column = |(name, align): &(&str, Align)| Column { name: (*name).to_owned(), align: *align };
        let mut grid = Grid::new(columns.iter().map(column).collect(), terminal, false);
        let mut out = Vec::new();
        for row in rows {
            grid.row(&mut out, row.iter().map(|text| Cell::new(*text)).collect()).expect("memory");
        }
        grid.finish(&mut out, true).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn long_texts_are_cut_and_numbers_are_not() {
        let columns = [("name", Align::Left), ("acres", Align::Right)];
        let text = print(Some(20), &columns, &[&["a long name of a fire", "1234567.5"], &["b", "1.0"]]);
        assert_eq!(
            text,
            "name           acres\na long n…  1234567.5\nb                1.0\n(2 rows, 2 columns)\n"
        );
        let text = print(None, &columns, &[&["a long name of a fire", "1234567.5"]]);
        assert!(text.contains("a long name of a fire  1234567.5\n"), "{text}");
    }

    #[test]
    fn columns_in_the_middle_go_first() {
        let columns = ["a", "b", "c", "d", "e"].map(|name| (name, Align::Right));
        let row = ["1111111", "2222222", "3333333", "4444444", "5555555"];
        let text = print(Some(30), &columns, &[&row]);
        let expected =
            "      a        b  …        e\n1111111  2222222  …  5555555\n(1 row, 5 columns (3 shown))\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_terminal_shows_both_ends() {
        let numbers: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
        let cells: Vec<[&str; 1]> = numbers.iter().map(|number| [number.as_str()]).collect();
        let rows: Vec<&[&str]> = cells.iter().map(|row| &row[..]).collect();
        let columns = [("n", Align::Right)];
        let text = print(Some(80), &columns, &rows);
        assert!(text.contains("\n 20\n… 60 more\n 81\n"), "{text}");
        assert!(text.ends_with("100\n(100 rows (40 shown), 1 column)\n"), "{text}");
        assert_eq!(print(None, &columns, &rows).lines().count(), 102);
        assert!(!print(Some(80), &columns, &rows[..41]).contains(CUT));
        assert!(print(Some(80), &columns, &rows[..42]).contains("20\n… 2 more\n23\n"));
    }
}
