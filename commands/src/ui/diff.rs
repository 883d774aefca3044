//! How changes are shown: as patches that `git apply` and `patch` take, as tables, as lists of names.
//!
//! Everything is written to a `Write` as git would write it; [`DiffOptions`] says what, and how it is dressed. A
//! diff never takes unbounded time or memory: of contents above a size only what differs is read, in pieces, and the
//! search for a short edit script ends at a deadline.

mod binary;
mod combined;
mod header;
mod large;
mod lines;
mod names;
mod slide;
mod source;
mod stat;
mod text;
mod words;

use std::io::Write;
use std::time::Duration;

use bstr::{BStr, BString};
use pond_history::diff::{Combined, is_type_change, is_unmerged};
use pond_objects::escape::quoted;
use pond_objects::large::Limits;
use pond_objects::{Change, Kind, Side};

use super::paint::Paint;
use crate::error::CommandError;
use header::Labels;
use large::{LargeDiff, is_large};
use text::TextDiff;

pub(crate) use binary::is_binary;
pub(crate) use lines::{DiffAlgorithm, Whitespace};
pub(crate) use source::{
    Contents, OldOrNew, Shared, SideContent, StoredContents, Texts, shared_chunks, stored_text,
};
pub(crate) use stat::Counts;
pub(crate) use words::WordDiff;

/// The forms in which changes are written; several may be asked for, and come in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forms {
    pub(crate) raw: bool,
    pub(crate) name_only: bool,
    pub(crate) name_status: bool,
    pub(crate) numstat: bool,
    pub(crate) stat: bool,
    pub(crate) shortstat: bool,
    pub(crate) summary: bool,
    pub(crate) patch: bool,
}

impl Forms {
    /// Patches only: what `diff` and `show` write unless told otherwise.
    pub(crate) const PATCH: Self = Self { patch: true, ..Self::NONE };
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        raw: false,
        name_only: false,
        name_status: false,
        numstat: false,
        stat: false,
        shortstat: false,
        summary: false,
        patch: false,
    };

    /// Whether anything is asked for.
    pub(crate) fn any(self) -> bool {
        self != Self::NONE
    }

    fn names(self) -> bool {
        self.raw || self.name_only || self.name_status
    }

    fn counts(self) -> bool {
        self.numstat || self.stat || self.shortstat
    }
}

/// What is shown, and how.
#[derive(Clone, Debug)]
pub(crate) struct DiffOptions {
    pub(crate) forms: Forms,
    /// `-U`: lines around each change.
    pub(crate) context: usize,
    pub(crate) algorithm: DiffAlgorithm,
    pub(crate) whitespace: Whitespace,
    pub(crate) word_diff: WordDiff,
    /// `-a`: binary contents too are compared line by line.
    pub(crate) text: bool,
    /// `-R`: from new to old.
    pub(crate) reverse: bool,
    /// Against several parents at once: without what is only a choice between two versions.
    pub(crate) dense: bool,
    /// `--src-prefix`, `--dst-prefix`, `--no-prefix`.
    pub(crate) old_prefix: String,
    pub(crate) new_prefix: String,
    /// `--full-index`.
    pub(crate) full_index: bool,
    /// `-z`, for lists and `numstat`: NUL instead of newline, and no quotes.
    pub(crate) nul: bool,
    /// Columns for `stat`.
    pub(crate) width: usize,
    /// Bytes of either side above which contents are not held in memory.
    pub(crate) limit: u64,
    /// How much of larger contents is compared at once.
    pub(crate) windows: Limits,
    /// Longest search for one file's edit script.
    pub(crate) time: Duration,
    pub(crate) paint: Paint,
}

impl Default for DiffOptions {
    fn default() -> Self {
        Self {
            forms: Forms::PATCH,
            context: 3,
            algorithm: DiffAlgorithm::default(),
            whitespace: Whitespace::default(),
            word_diff: WordDiff::default(),
            text: false,
            reverse: false,
            dense: true,
            old_prefix: "a/".to_owned(),
            new_prefix: "b/".to_owned(),
            full_index: false,
            nul: false,
            width: 80,
            limit: 16 << 20,
            windows: Limits::default(),
            time: Duration::from_secs(5),
            paint: Paint::default(),
        }
    }
}

impl DiffOptions {
    fn line_end(&self) -> &'static [u8] {
        if self.nul { b"\0" } else { b"\n" }
    }
}

/// Writes changes in all forms asked for.
///
/// # Errors
/// Those of `contents`, and of writing.
pub(crate) fn write_diff(
    out: &mut dyn Write,
    changes: &[Change],
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    write_conflicts(out, &[], changes, contents, options)
}

/// The same with paths in conflict, which are among the changes as well: as patches they are shown against several
/// versions, before all others.
///
/// # Errors
/// Those of `contents`, and of writing.
pub(crate) fn write_conflicts(
    out: &mut dyn Write,
    combined: &[Combined],
    changes: &[Change],
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    let turned: Vec<Change>;
    let changes = if options.reverse {
        turned = changes.iter().map(turn).collect();
        &turned
    } else {
        changes
    };
    let contents = &mut Facing { contents, reverse: options.reverse };
    let forms = options.forms;
    if forms.raw {
        names::write_raw(out, changes, contents, options)?;
    }
    if forms.name_only {
        names::write_names(out, changes, options)?;
    }
    if forms.name_status {
        names::write_statuses(out, changes, options)?;
    }
    if forms.counts() {
        write_counts(out, changes, contents, options)?;
    }
    if forms.summary {
        names::write_summary(out, changes)?;
    }
    if forms.patch {
        if (forms.names() || forms.counts() || forms.summary) && !changes.is_empty() {
            out.write_all(b"\n")?;
        }
        for one in combined {
            combined::write_patch(out, one, contents, options)?;
        }
        let is_combined = |change: &&Change| combined.iter().any(|one| one.path == change.path);
        for change in changes.iter().filter(|change| !is_combined(change)) {
            write_patch(out, change, contents, options)?;
        }
    }
    Ok(())
}

/// Writes what a merge did: how much against its first parent, names and patches of what is as in no parent.
///
/// # Errors
/// Those of `contents`, and of writing.
pub(crate) fn write_merge(
    out: &mut dyn Write,
    combined: &[Combined],
    against_first: &[Change],
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    let forms = options.forms;
    let counts = Forms { raw: false, name_only: false, name_status: false, patch: false, ..forms };
    write_diff(out, against_first, contents, &DiffOptions { forms: counts, ..options.clone() })?;
    combined::write_names(out, combined, contents, options)?;
    if forms.patch {
        if counts.any() || forms.names() && !combined.is_empty() {
            out.write_all(b"\n")?;
        }
        for one in combined {
            combined::write_patch(out, one, contents, options)?;
        }
    }
    Ok(())
}

/// Whether anything differs under the options' rules: what `--exit-code` and `--quiet` ask.
///
/// # Errors
/// Those of `contents`.
pub(crate) fn differs(
    changes: &[Change],
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<bool, CommandError> {
    for change in changes {
        if count(change, contents, options)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How much a change changed; none where, under the options' rules, nothing differs.
///
/// # Errors
/// Those of `contents`.
pub(crate) fn count(
    change: &Change,
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<Option<Counts>, CommandError> {
    if is_unmerged(change) {
        return Ok(Some(Counts::Unmerged));
    }
    if is_content_equal(change) {
        return Ok(Some(Counts::Lines { added: 0, deleted: 0 }));
    }
    let counted = match is_large(change, options) {
        true => LargeDiff::of(change, contents, options)?.map(|diff| diff.counts()),
        false => {
            let pair = Pair::read(change, contents)?;
            pair.texts(options).map(|(old, new)| TextDiff::of(old, new, options).counts())
        }
    };
    let Some((added, deleted)) = counted else {
        let size = |side: Option<Side>| side.map_or(0, |side| side.size);
        return Ok(Some(Counts::Binary { old: size(change.old), new: size(change.new) }));
    };
    let only_content = change.old.zip(change.new).is_some_and(|(old, new)| old.kind == new.kind);
    let nothing = added + deleted == 0 && only_content && change.old_path.is_none();
    Ok((!nothing).then_some(Counts::Lines { added, deleted }))
}

fn write_counts(
    out: &mut dyn Write,
    changes: &[Change],
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes.iter().filter(|change| has_content(change) || is_unmerged(change)) {
        if let Some(counts) = count(change, contents, options)? {
            rows.push(stat::Row { change, counts });
        }
    }
    if options.forms.numstat {
        stat::write_numstat(out, &rows, options)?;
    }
    if options.forms.stat {
        stat::write_stat(out, &rows, options)?;
    }
    if options.forms.shortstat {
        stat::write_shortstat(out, &rows)?;
    }
    Ok(())
}

fn write_patch(
    out: &mut dyn Write,
    change: &Change,
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    // A file that becomes a symlink, say, is a deletion and an addition: no patch says it in one.
    if let (Some(old), Some(new)) = (change.old, change.new)
        && is_type_change(old.kind, new.kind)
    {
        write_patch(out, &Change::at(change.source_path().clone(), Some(old), None), contents, options)?;
        return write_patch(out, &Change::at(change.path.clone(), None, Some(new)), contents, options);
    }
    if is_unmerged(change) {
        writeln!(out, "* Unmerged path {}", quoted(&change.path))?;
        return Ok(());
    }
    if !has_content(change) {
        let what = if change.new.is_some() { "new" } else { "deleted" };
        writeln!(out, "Empty directory {} {what}", quoted(&[&change.path[..], b"/"].concat()))?;
        return Ok(());
    }
    let labels = Labels::of(change, options);
    if is_content_equal(change) {
        header::write_header(out, change, &labels, contents, options)?;
        return Ok(());
    }
    if is_large(change, options) {
        let contents: &dyn Contents = contents;
        return match LargeDiff::of(change, contents, options)? {
            Some(diff) => {
                let mut hunks = |out: &mut dyn Write| diff.write(out, options);
                write_text(out, change, &labels, contents, options, (diff.is_empty(), &mut hunks))
            }
            None => write_not_text(out, change, &labels, contents, options),
        };
    }
    let pair = Pair::read(change, contents)?;
    let Some((old, new)) = pair.texts(options) else {
        return write_not_text(out, change, &labels, contents, options);
    };
    let diff = TextDiff::of(old, new, options);
    let mut hunks = |out: &mut dyn Write| Ok(diff.write(out, options)?);
    write_text(out, change, &labels, contents, options, (diff.blocks.is_empty(), &mut hunks))
}

/// Writes the hunks of a file.
type WriteHunks<'a> = &'a mut dyn FnMut(&mut dyn Write) -> Result<(), CommandError>;

/// Writes the headers of two texts, and their hunks if there are any.
fn write_text(
    out: &mut dyn Write,
    change: &Change,
    labels: &Labels,
    contents: &dyn Contents,
    options: &DiffOptions,
    (is_empty, hunks): (bool, WriteHunks<'_>),
) -> Result<(), CommandError> {
    let kept = change.old.zip(change.new).is_some_and(|(old, new)| old.kind == new.kind);
    if is_empty && kept && change.old_path.is_none() {
        return Ok(());
    }
    header::write_header(out, change, labels, contents, options)?;
    if !is_empty {
        header::write_file_names(out, change, labels, options)?;
        hunks(out)?;
    }
    Ok(())
}

fn write_not_text(
    out: &mut dyn Write,
    change: &Change,
    labels: &Labels,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    header::write_header(out, change, labels, contents, options)?;
    let (old, new) = labels.present(change);
    // `git apply` takes this to mean that no hunks follow.
    writeln!(out, "Binary files {old} and {new} differ")?;
    let size = |side: Option<Side>| side.map(|side| side.size);
    binary::write_summary(out, size(change.old), size(change.new), contents.shared(change)?)?;
    Ok(())
}

/// Both contents of a change.
struct Pair {
    old: SideContent,
    new: SideContent,
}

impl Pair {
    fn read(change: &Change, contents: &mut dyn Contents) -> Result<Self, CommandError> {
        let mut read = |which: OldOrNew| match which.of(change) {
            Some(side) if side.kind.is_blob() => contents.read(change, which),
            _ => Ok(SideContent::Absent),
        };
        Ok(Self { old: read(OldOrNew::Old)?, new: read(OldOrNew::New)? })
    }

    /// Both as text, if they are to be compared line by line; what is absent has no lines.
    fn texts(&self, options: &DiffOptions) -> Option<(&[u8], &[u8])> {
        let text = |content| match content {
            &SideContent::Absent => Some(&b""[..]),
            SideContent::Bytes(bytes) => (options.text || !is_binary(bytes)).then_some(&bytes[..]),
        };
        text(&self.old).zip(text(&self.new))
    }
}

/// Whether either side is a file or a symlink; else the change is of an empty directory.
fn has_content(change: &Change) -> bool {
    [change.old, change.new].into_iter().flatten().any(|side| side.kind.is_blob())
}

/// Whether it is known without reading that both sides have the same content.
fn is_content_equal(change: &Change) -> bool {
    let known = |side: &Side| !side.id.is_zero();
    change.old.zip(change.new).is_some_and(|(old, new)| known(&old) && old.id == new.id)
}

/// Whether only the mode of a file changed.
pub(crate) fn is_mode_only(change: &Change) -> bool {
    let kinds = change.old.zip(change.new).is_some_and(|(old, new)| old.kind != new.kind);
    kinds && is_content_equal(change) && change.old_path.is_none()
}

/// The change seen from its other side.
fn turn(change: &Change) -> Change {
    let old_path: Option<BString> = change.old_path.as_ref().map(|_| change.path.clone());
    Change {
        path: change.source_path().clone(),
        old: change.new,
        new: change.old,
        old_path,
        similarity: change.similarity,
    }
}

/// The contents of changes that may have been turned: the giver of contents sees them as they were.
struct Facing<'a> {
    contents: &'a mut dyn Contents,
    reverse: bool,
}

impl Contents for Facing<'_> {
    fn read(&mut self, change: &Change, which: OldOrNew) -> Result<SideContent, CommandError> {
        if !self.reverse {
            return self.contents.read(change, which);
        }
        let other = if which == OldOrNew::Old { OldOrNew::New } else { OldOrNew::Old };
        self.contents.read(&turn(change), other)
    }

    fn texts(&self, change: &Change) -> Result<Texts<'_>, CommandError> {
        if !self.reverse {
            return self.contents.texts(change);
        }
        let Texts { old, new } = self.contents.texts(&turn(change))?;
        Ok(Texts { old: new, new: old })
    }

    fn shared(&self, change: &Change) -> Result<Option<Shared>, CommandError> {
        self.contents.shared(change)
    }

    fn short(&self, id: &pond_objects::ObjectId) -> String {
        self.contents.short(id)
    }

    fn unmerged_kinds(&self, path: &BStr) -> [Option<Kind>; 2] {
        self.contents.unmerged_kinds(path)
    }
}

#[cfg(test)]
mod tests;
