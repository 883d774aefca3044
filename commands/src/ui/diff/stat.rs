//! How much changed: `--stat`, `--shortstat`, `--numstat`, laid out as in git.

use std::io::{self, Write};

use pond_objects::Change;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::DiffOptions;
use super::names::{display_path, write_path};
use crate::ui::color::Role;

/// How much of one file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    Lines {
        added: u64,
        deleted: u64,
    },
    /// Not compared line by line: sizes in bytes.
    Binary {
        old: u64,
        new: u64,
    },
    /// In conflict.
    Unmerged,
}

/// One line of a stat.
pub(super) struct Row<'a> {
    pub(super) change: &'a Change,
    pub(super) counts: Counts,
}

/// Writes the numbers of lines, for programs.
pub(super) fn write_numstat(out: &mut dyn Write, rows: &[Row<'_>], options: &DiffOptions) -> io::Result<()> {
    for Row { change, counts } in rows {
        match counts {
            Counts::Lines { added, deleted } => write!(out, "{added}\t{deleted}\t")?,
            Counts::Binary { .. } => out.write_all(b"-\t-\t")?,
            Counts::Unmerged => out.write_all(b"0\t0\t")?,
        }
        match &change.old_path {
            Some(old) if options.nul => {
                out.write_all(b"\0")?;
                write_path(out, old, options)?;
                out.write_all(b"\0")?;
                write_path(out, &change.path, options)?;
            }
            Some(_) => out.write_all(display_path(change).as_bytes())?,
            None => write_path(out, &change.path, options)?,
        }
        out.write_all(options.line_end())?;
    }
    Ok(())
}

/// Writes the line that sums up.
pub(super) fn write_shortstat(out: &mut dyn Write, rows: &[Row<'_>]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (added, deleted) = rows.iter().fold((0, 0), |sum, row| match row.counts {
        Counts::Lines { added, deleted } => (sum.0 + added, sum.1 + deleted),
        Counts::Binary { .. } | Counts::Unmerged => sum,
    });
    let files = rows.iter().filter(|row| row.counts != Counts::Unmerged).count() as u64;
    if files == 0 {
        return writeln!(out, " 0 files changed");
    }
    let s = |number: u64| if number == 1 { "" } else { "s" };
    write!(out, " {files} file{} changed", s(files))?;
    if added > 0 || deleted == 0 {
        write!(out, ", {added} insertion{}(+)", s(added))?;
    }
    if deleted > 0 || added == 0 {
        write!(out, ", {deleted} deletion{}(-)", s(deleted))?;
    }
    writeln!(out)
}

/// Widths of the columns.
struct Layout {
    name: usize,
    number: usize,
    graph: usize,
    most_changes: u64,
}

impl Layout {
    fn of(names: &[String], rows: &[Row<'_>], width: usize) -> Self {
        let longest = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let (mut most_changes, mut number, mut binary) = (0, 0, 0);
        for row in rows {
            match row.counts {
                Counts::Lines { added, deleted } => most_changes = most_changes.max(added + deleted),
                // `XXX -> YYY bytes` and the `Bin ` in front of it.
                Counts::Binary { old, new } => {
                    binary = binary.max(14 + digits(old) + digits(new));
                    number = 3;
                }
                Counts::Unmerged => binary = binary.max("Unmerged".len()),
            }
        }
        number = number.max(digits(most_changes));
        let width = width.max(16 + 6 + number);
        let wanted = usize::try_from(most_changes).unwrap_or(usize::MAX);
        let mut graph = if wanted.saturating_add(4) > binary { wanted } else { binary - 4 };
        let mut name = longest;
        // Names get five eighths of a line, the graph three, unless one leaves room for the other.
        if name.saturating_add(number + 6).saturating_add(graph) > width {
            graph = graph.min((width * 3 / 8).saturating_sub(number + 6).max(6));
            let room = width - number - 6 - graph;
            if name > room {
                name = room;
            } else {
                graph = width - number - 6 - name;
            }
        }
        Self { name, number, graph, most_changes }
    }

    /// The lengths of a row's plus and minus signs.
    fn signs(&self, added: u64, deleted: u64) -> (usize, usize) {
        let width = self.graph as u64;
        let (mut plus, mut minus) = (added, deleted);
        if width <= self.most_changes {
            let scale = |n: u64| if n == 0 { 0 } else { 1 + n * (width - 1) / self.most_changes };
            let mut total = scale(added + deleted);
            if total < 2 && added > 0 && deleted > 0 {
                total = 2;
            }
            // The smaller part is scaled, so that it does not vanish.
            if added < deleted {
                plus = scale(added);
                minus = total - plus;
            } else {
                minus = scale(deleted);
                plus = total - minus;
            }
        }
        (plus as usize, minus as usize)
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// The end of a name that is too long, from a slash if there is one.
fn shorten(name: &str, width: usize) -> String {
    if name.width() <= width {
        return name.to_owned();
    }
    let room = width.saturating_sub(3);
    let mut rest = name;
    while rest.width() > room {
        let first = rest
            .chars()
            .next()
            .map_or(0, |c| if c.width() == Some(0) && rest.len() == 1 { 1 } else { c.len_utf8() });
        rest = &rest[first..];
    }
    format!("...{}", rest.find('/').map_or(rest, |slash| &rest[slash..]))
}

/// Writes a line with a graph for each file, and the sum.
pub(super) fn write_stat(out: &mut dyn Write, rows: &[Row<'_>], options: &DiffOptions) -> io::Result<()> {
    let names: Vec<String> = rows.iter().map(|row| display_path(row.change)).collect();
    let layout = Layout::of(&names, rows, options.width);
    for (row, name) in rows.iter().zip(&names) {
        let name = shorten(name, layout.name);
        let padding = layout.name.saturating_sub(name.width());
        write!(out, " {name}{:padding$} | ", "")?;
        match row.counts {
            Counts::Lines { added, deleted } => {
                write!(out, "{:>width$}", added + deleted, width = layout.number)?;
                if added + deleted > 0 {
                    out.write_all(b" ")?;
                }
                let (plus, minus) = layout.signs(added, deleted);
                options.paint.write(out, Role::Added, "+".repeat(plus).as_bytes())?;
                options.paint.write(out, Role::Removed, "-".repeat(minus).as_bytes())?;
            }
            Counts::Binary { old, new } => {
                write!(out, "{:>width$} ", "Bin", width = layout.number)?;
                options.paint.write(out, Role::Removed, old.to_string().as_bytes())?;
                out.write_all(b" -> ")?;
                options.paint.write(out, Role::Added, new.to_string().as_bytes())?;
                out.write_all(b" bytes")?;
            }
            Counts::Unmerged => out.write_all(b"Unmerged")?,
        }
        out.write_all(b"\n")?;
    }
    write_shortstat(out, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shorten("some/long/directory/file.txt", 15), ".../file.txt");
        assert_eq!(shorten("abcdefghij", 8), "...fghij");
        assert_eq!(shorten("short", 8), "short");
    }
}
