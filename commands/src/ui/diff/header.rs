//! The lines in front of a file's hunks.

use std::io::{self, Write};

use pond_objects::escape::quoted;
use pond_objects::{Change, Kind, ObjectId};

use super::DiffOptions;
use super::source::Contents;
use crate::ui::color::Role;

/// The names of a change's two sides as the patch spells them.
pub(super) struct Labels {
    pub(super) old: String,
    pub(super) new: String,
}

impl Labels {
    pub(super) fn of(change: &Change, options: &DiffOptions) -> Self {
        let label = |prefix: &str, path: &[u8]| quoted(&[prefix.as_bytes(), path].concat()).into_owned();
        Self {
            old: label(&options.old_prefix, change.source_path()),
            new: label(&options.new_prefix, &change.path),
        }
    }

    /// As in front of hunks and in messages: `/dev/null` for what is not there.
    pub(super) fn present(&self, change: &Change) -> (&str, &str) {
        let or_null = |present: bool, label| if present { label } else { "/dev/null" };
        (or_null(change.old.is_some(), self.old.as_str()), or_null(change.new.is_some(), self.new.as_str()))
    }
}

/// Writes the lines from `diff --git` to `index`.
pub(super) fn write_header(
    out: &mut dyn Write,
    change: &Change,
    labels: &Labels,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> io::Result<()> {
    let mut line = |text: String| write_header_line(out, &text, options);
    line(format!("diff --git {} {}", labels.old, labels.new))?;
    let mode = |kind: Kind| format!("{:06o}", kind.mode());
    match (change.old, change.new) {
        (None, Some(new)) => line(format!("new file mode {}", mode(new.kind)))?,
        (Some(old), None) => line(format!("deleted file mode {}", mode(old.kind)))?,
        (Some(old), Some(new)) if old.kind != new.kind => {
            line(format!("old mode {}", mode(old.kind)))?;
            line(format!("new mode {}", mode(new.kind)))?;
        }
        _ => {}
    }
    if let Some(old_path) = &change.old_path {
        line(format!("similarity index {}%", change.similarity.unwrap_or(0)))?;
        line(format!("rename from {}", quoted(old_path)))?;
        line(format!("rename to {}", quoted(&change.path)))?;
    }
    let id = |side: Option<pond_objects::Side>| side.map_or(ObjectId::ZERO, |side| side.id);
    let (old, new) = (id(change.old), id(change.new));
    if old != new || old.is_zero() {
        let kept = change.old.zip(change.new).filter(|(old, new)| old.kind == new.kind);
        let kind = kept.map(|(_, new)| format!(" {}", mode(new.kind))).unwrap_or_default();
        line(format!("index {}{kind}", id_range(&old, &new, contents, options)))?;
    }
    Ok(())
}

/// `old..new`, an absent one as zeros in the same width.
pub(super) fn id_range(
    old: &ObjectId,
    new: &ObjectId,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> String {
    let print = |id: &ObjectId| if options.full_index { id.to_hex() } else { contents.short(id) };
    match (old.is_zero(), new.is_zero()) {
        (true, false) => format!("{}..{}", zeros_like(&print(new)), print(new)),
        (false, true) => format!("{}..{}", print(old), zeros_like(&print(old))),
        _ => format!("{}..{}", print(old), print(new)),
    }
}

/// Writes one line of a header.
pub(super) fn write_header_line(out: &mut dyn Write, text: &str, options: &DiffOptions) -> io::Result<()> {
    options.paint.write(out, Role::DiffHeader, text.as_bytes())?;
    out.write_all(b"\n")
}

/// Zeros in the place of an id, as wide as another.
pub(super) fn zeros_like(id: &str) -> String {
    "0".repeat(id.len())
}

/// Writes the two lines that name the files in front of the hunks.
pub(super) fn write_file_names(
    out: &mut dyn Write,
    change: &Change,
    labels: &Labels,
    options: &DiffOptions,
) -> io::Result<()> {
    let (old, new) = labels.present(change);
    for (sign, label) in [("---", old), ("+++", new)] {
        options.paint.write(out, Role::DiffHeader, format!("{sign} {label}").as_bytes())?;
        // Without the tab, `patch` would take a name with a space to end there.
        out.write_all(if label.contains(' ') { b"\t\n" } else { b"\n" })?;
    }
    Ok(())
}
