//! Text beside the columns of a [`Graph`].
//!
//! Whatever is written through [`Columns::beside`] has a row of the graph in front of each line, so that renderers of
//! commits and of changes need not know of it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::graph::{Graph, Hue, Row};
use super::paint::Paint;

/// A graph that is written with what stands beside it.
pub(crate) struct Columns<Id> {
    graph: Graph<Id>,
    paint: Paint,
    /// A row was written whose line has not ended.
    in_line: bool,
}

impl<Id: Copy + Eq> Columns<Id> {
    pub(crate) fn new(paint: Paint) -> Self {
        Self { graph: Graph::new(), paint, in_line: false }
    }

    /// Goes on to the next commit; see [`Graph::advance`]. What is written before [`Self::start`] stands above it.
    pub(crate) fn advance(&mut self, commit: Id, mark: u8, parents: &[Id]) {
        self.graph.advance(commit, mark, parents);
    }

    /// Writes the rows above the commit and its own. What is written next stands beside it.
    pub(crate) fn start(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.end_line(out)?;
        while !self.graph.is_at_commit() {
            write_row(out, &self.graph.next_row(), self.paint)?;
            out.write_all(b"\n")?;
        }
        self.in_line = true;
        write_row(out, &self.graph.next_row(), self.paint)
    }

    /// Writes the rows of the commit that are left. The last one ends with its line only if the text before it did.
    pub(crate) fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let was_in_line = self.in_line;
        while !self.graph.is_at_rest() {
            self.end_line(out)?;
            write_row(out, &self.graph.next_row(), self.paint)?;
            self.in_line = true;
        }
        if was_in_line { Ok(()) } else { self.end_line(out) }
    }

    /// Ends the line if one was begun.
    pub(crate) fn end_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.in_line, false) { out.write_all(b"\n") } else { Ok(()) }
    }

    /// A writer of lines that stand beside the graph.
    pub(crate) fn beside<'a>(&'a mut self, out: &'a mut dyn Write) -> impl Write + 'a {
        Beside { out, columns: self }
    }

    /// Cells of the columns in front of text that stands below all rows of the commit.
    pub(crate) fn width(&self) -> usize {
        self.graph.rest_width()
    }
}

struct Beside<'a, Id> {
    out: &'a mut dyn Write,
    columns: &'a mut Columns<Id>,
}

impl<Id: Copy + Eq> Write for Beside<'_, Id> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !std::mem::replace(&mut self.columns.in_line, !piece.ends_with(b"\n")) {
                write_row(self.out, &self.columns.graph.gap_row(), self.columns.paint)?;
            }
            self.out.write_all(piece)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write_row(out: &mut dyn Write, row: &Row, paint: Paint) -> io::Result<()> {
    for cell in row.cells() {
        let style = cell.hue.filter(|_| paint.color).map_or_else(Style::new, style);
        paint.write_styled(out, style, &[cell.glyph])?;
    }
    Ok(())
}

/// The colours in git's order: six, and the same in bold.
fn style(hue: Hue) -> Style {
    const COLORS: [AnsiColor; Hue::COUNT / 2] = [
        AnsiColor::Red,
        AnsiColor::Green,
        AnsiColor::Yellow,
        AnsiColor::Blue,
        AnsiColor::Magenta,
        AnsiColor::Cyan,
    ];
    let style = COLORS[hue.index() % COLORS.len()].on_default();
    if hue.index() < COLORS.len() { style } else { style.bold() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(paint: Paint) -> String {
        let mut columns = Columns::new(paint);
        let mut out = Vec::new();
        for (commit, parents) in [(3, &[1, 2][..]), (2, &[]), (1, &[])] {
            columns.advance(commit, b'*', parents);
            columns.start(&mut out).expect("memory");
            write!(columns.beside(&mut out), "commit {commit}\n  text").expect("memory");
            columns.finish(&mut out).expect("memory");
            writeln!(columns.beside(&mut out)).expect("memory");
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_stand_beside_rows() {
        let lines = ["*   commit 3", "|\\    text", "| * commit 2", "|     text", "* commit 1", "    text"];
        assert_eq!(print(Paint::default()).lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn lines_are_coloured_and_commits_are_not() {
        let colored = print(Paint { color: true, escape: false });
        assert!(
            colored.starts_with("*   commit 3\n\x1b[31m|\x1b[0m\x1b[32m\\\x1b[0m    text\n"),
            "{colored:?}"
        );
        let plain: String = colored
            .split('\x1b')
            .map(|part| {
                part.split_once('m').map_or(
                    part,
                    |(code, text)| {
                        if code.starts_with('[') { text } else { part }
                    },
                )
            })
            .collect();
        assert_eq!(plain, print(Paint::default()));
    }
}
