//! Writing contents of files to stdout: byte for byte for programs, harmless for a terminal.

use std::io::{self, Write};
use std::ops::Range;

use pond_objects::{CopyError, Kind, ObjectId, copy_blob, copy_range, escape, tree};
use pond_oplog::Store;
use serde_json::{Map, Value};

use crate::comparison::paint;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::ui::changes_json::{insert_path, kind_word};
use crate::ui::paint::Paint;

/// A line longer than this is escaped piece by piece.
const LONGEST_LINE: usize = 64 << 10;

/// Writes a blob, one chunk in memory at a time. On a terminal, control characters are made visible.
///
/// # Errors
/// Those of reading it, after what could be read was written; and of writing.
pub(crate) fn write_blob(ui: &Ui, store: &Store, id: &ObjectId) -> Result<(), CommandError> {
    write_content(ui, |out| copy_blob(store, id, out).map(drop))
}

/// The same of a range of its bytes, as far as it has them: only the chunks of those are read.
pub(crate) fn write_range(
    ui: &Ui,
    store: &Store,
    id: &ObjectId,
    range: &Range<u64>,
) -> Result<(), CommandError> {
    let size = pond_history::blob_size(store, id)?;
    write_content(ui, |out| copy_range(store, id, range.start.min(size)..range.end.min(size), out))
}

fn write_content(
    ui: &Ui,
    copy: impl FnOnce(&mut dyn Write) -> Result<(), CopyError>,
) -> Result<(), CommandError> {
    let mut out = ui.out();
    if !ui.is_terminal() {
        return Ok(copy(&mut out)?);
    }
    let mut safe = SafeWriter { out: &mut out, paint: paint(ui), line: Vec::new() };
    copy(&mut safe)?;
    safe.finish()?;
    Ok(())
}

/// Writes text of an object, made harmless on a terminal.
///
/// # Errors
/// Those of writing.
pub(crate) fn write_text(ui: &Ui, text: &[u8]) -> Result<(), CommandError> {
    ui.out().write_all(&paint(ui).safe(text))?;
    Ok(())
}

/// Writes the entries of a directory version: mode, kind, id, a tab, the name.
///
/// # Errors
/// Those of reading the tree, and of writing.
pub(crate) fn write_tree(ui: &Ui, store: &Store, id: &ObjectId, nul: bool) -> Result<(), CommandError> {
    let entries = tree::entries(store, id)?;
    let mut out = ui.out();
    for entry in entries {
        let what = if entry.kind == Kind::Directory { "tree" } else { "blob" };
        write!(out, "{:06o} {what} {}\t", entry.kind.mode(), entry.id)?;
        match nul {
            true => out.write_all(&entry.name)?,
            false => out.write_all(escape::quoted(&entry.name).as_bytes())?,
        }
        out.write_all(if nul { b"\0" } else { b"\n" })?;
    }
    Ok(())
}

/// An entry as JSON has it.
pub(crate) fn entry_json(path: &[u8], kind: Kind, id: &ObjectId, size: u64) -> Value {
    let mut row = Map::new();
    insert_path(&mut row, "path", path.into());
    row.insert("kind".into(), kind_word(kind).into());
    row.insert("mode".into(), format!("{:06o}", kind.mode()).into());
    row.insert("id".into(), id.to_hex().into());
    row.insert("size".into(), size.into());
    Value::Object(row)
}

/// Escapes whole lines, so that no character is taken apart.
struct SafeWriter<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    line: Vec<u8>,
}

impl SafeWriter<'_> {
    fn finish(mut self) -> io::Result<()> {
        self.drain(self.line.len())
    }

    fn drain(&mut self, end: usize) -> io::Result<()> {
        self.out.write_all(&self.paint.safe(&self.line[..end]))?;
        self.line.drain(..end);
        Ok(())
    }
}

impl Write for SafeWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            self.drain(end + 1)?;
        } else if self.line.len() > LONGEST_LINE {
            self.drain(self.line.len())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_escaped_whole() {
        let mut out = Vec::new();
        let paint = Paint { color: false, escape: true };
        let mut safe = SafeWriter { out: &mut out, paint, line: Vec::new() };
        for piece in ["gr\u{f6}".as_bytes().split_at(3).0, &"gr\u{f6}".as_bytes()[3..], b"\x1b[2J\nend"] {
            safe.write_all(piece).expect("memory");
        }
        safe.finish().expect("memory");
        assert_eq!(String::from_utf8(out).expect("text"), "gr\u{f6}\\033[2J\nend");
    }
}
