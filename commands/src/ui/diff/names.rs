//! What changed, without the content: `--name-only`, `--name-status`, `--raw`, `--summary`.

use std::io::{self, Write};

use bstr::ByteSlice as _;
use pond_history::diff::{is_unmerged, status_letter};
use pond_objects::escape::quoted;
use pond_objects::{Change, Kind};

use super::DiffOptions;
use super::header::id_range;
use super::source::Contents;

/// The letter, and for a rename the similarity: `R086`.
pub(super) fn status(change: &Change) -> String {
    match change.similarity {
        Some(similarity) if change.old_path.is_some() => format!("R{similarity:03}"),
        _ => status_letter(change).to_string(),
    }
}

/// A path as the line format has it: quoted where odd, or as it is before a NUL.
pub(super) fn write_path(out: &mut dyn Write, path: &[u8], options: &DiffOptions) -> io::Result<()> {
    if options.nul { out.write_all(path) } else { out.write_all(quoted(path).as_bytes()) }
}

/// Writes the paths.
pub(super) fn write_names(out: &mut dyn Write, changes: &[Change], options: &DiffOptions) -> io::Result<()> {
    for change in changes {
        write_path(out, &change.path, options)?;
        out.write_all(options.line_end())?;
    }
    Ok(())
}

/// Writes letter and path, or both paths of a rename.
pub(super) fn write_statuses(
    out: &mut dyn Write,
    changes: &[Change],
    options: &DiffOptions,
) -> io::Result<()> {
    changes.iter().try_for_each(|change| write_status(out, change, options))
}

fn write_status(out: &mut dyn Write, change: &Change, options: &DiffOptions) -> io::Result<()> {
    let between: &[u8] = if options.nul { b"\0" } else { b"\t" };
    out.write_all(status(change).as_bytes())?;
    for path in change.old_path.iter().chain([&change.path]) {
        out.write_all(between)?;
        write_path(out, path, options)?;
    }
    out.write_all(options.line_end())
}

/// Writes modes and ids too, as `git diff --raw`.
pub(super) fn write_raw(
    out: &mut dyn Write,
    changes: &[Change],
    contents: &dyn Contents,
    options: &DiffOptions,
) -> io::Result<()> {
    for change in changes {
        let mode = |side: Option<pond_objects::Side>| side.map_or(0, |side| side.kind.mode());
        let id = |side: Option<pond_objects::Side>| side.map_or(pond_objects::ObjectId::ZERO, |side| side.id);
        let ids = id_range(&id(change.old), &id(change.new), contents, options).replace("..", " ");
        // A path in conflict has no sides, and none is turned round; what stands beside the index is told all the same.
        let [old, new] = match is_unmerged(change) {
            true => contents.unmerged_kinds(change.path.as_ref()).map(|kind| kind.map_or(0, Kind::mode)),
            false => [mode(change.old), mode(change.new)],
        };
        write!(out, ":{old:06o} {new:06o} {ids} ")?;
        write_status(out, change, options)?;
    }
    Ok(())
}

/// Writes creations, deletions, renames and changes of mode.
pub(super) fn write_summary(out: &mut dyn Write, changes: &[Change]) -> io::Result<()> {
    for change in changes {
        let path = quoted(&change.path);
        match (change.old, change.new) {
            (None, Some(new)) => writeln!(out, " create mode {:06o} {path}", new.kind.mode())?,
            (Some(old), None) => writeln!(out, " delete mode {:06o} {path}", old.kind.mode())?,
            (Some(old), Some(new)) => {
                if let Some(old_path) = &change.old_path {
                    let similarity = change.similarity.unwrap_or(0);
                    writeln!(out, " rename {} ({similarity}%)", pretty_rename(old_path, &change.path))?;
                }
                if old.kind != new.kind {
                    write!(out, " mode change {:06o} => {:06o}", old.kind.mode(), new.kind.mode())?;
                    if change.old_path.is_none() {
                        write!(out, " {path}")?;
                    }
                    writeln!(out)?;
                }
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// The path, or a rename with what both paths share written once: `dir/{old => new}/file`.
pub(super) fn display_path(change: &Change) -> String {
    match &change.old_path {
        Some(old) => pretty_rename(old, &change.path),
        None => quoted(&change.path).into_owned(),
    }
}

/// A rename in one text, as in git; names that must be quoted are not joined.
fn pretty_rename(old: &[u8], new: &[u8]) -> String {
    let (quoted_old, quoted_new) = (quoted(old), quoted(new));
    if quoted_old.len() != old.len() || quoted_new.len() != new.len() {
        return format!("{quoted_old} => {quoted_new}");
    }
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let prefix = old[..same].rfind_byte(b'/').map_or(0, |slash| slash + 1);
    // The slash that ends the prefix may begin the suffix too: `a/{b => }/c`.
    let most = old.len().min(new.len()) - prefix.saturating_sub(1);
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let suffix = old[old.len() - tail..].find_byte(b'/').map_or(0, |slash| tail - slash);
    let text = |bytes: &[u8]| bytes.to_str_lossy().into_owned();
    if prefix + suffix == 0 {
        return format!("{} => {}", text(old), text(new));
    }
    let middle = |path: &[u8]| {
        let end = path.len() - suffix;
        text(if prefix < end { &path[prefix..end] } else { b"" })
    };
    format!(
        "{}{{{} => {}}}{}",
        text(&old[..prefix]),
        middle(old),
        middle(new),
        text(&old[old.len() - suffix..])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_share_what_they_can() {
        let cases = [
            ("a", "b", "a => b"),
            ("dir/a", "dir/b", "dir/{a => b}"),
            ("a/x", "b/x", "{a => b}/x"),
            ("a/b/c", "a/x/c", "a/{b => x}/c"),
            ("a/b/c", "a/c", "a/{b => }/c"),
            ("a/c", "a/b/c", "a/{ => b}/c"),
            ("x", "d/x", "x => d/x"),
            ("with\ttab", "b", "\"with\\ttab\" => b"),
        ];
        for (old, new, text) in cases {
            assert_eq!(pretty_rename(old.as_bytes(), new.as_bytes()), text);
        }
    }
}
