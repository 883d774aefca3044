//! Merges three versions of a text line by line, byte for byte as git does.
//!
//! Bytes need not be UTF-8, lines may end in LF or CRLF, the last may have no end. Conflicts are cut down to the lines that
//! differ and stand between markers.

use bstr::BStr;
use imara_diff::Interner;

use super::histogram::{Lines, diff};
use super::region::{self, Mode, Region};

/// How the lines of a conflict are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConflictStyle {
    /// Ours and theirs, cut down to what differs.
    #[default]
    Merge,
    /// Ours, the base and theirs, each whole.
    Diff3,
    /// Ours, the base and theirs; what ours and theirs both begin or end with stands outside.
    Zdiff3,
}

/// Whose lines are taken where both sides changed the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Favour {
    /// Ours.
    Ours,
    /// Theirs.
    Theirs,
    /// Ours, then theirs.
    Union,
}

/// What stands behind the markers of a conflict; may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels<'a> {
    /// Behind `<<<<<<<`.
    pub ours: &'a BStr,
    /// Behind `|||||||`.
    pub base: &'a BStr,
    /// Behind `>>>>>>>`.
    pub theirs: &'a BStr,
}

/// How texts are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// How conflicts are shown.
    pub style: ConflictStyle,
    /// Who wins in a conflict; `None` leaves it.
    pub favour: Option<Favour>,
    /// Characters of a marker.
    pub marker_size: usize,
}

impl TextOptions {
    /// Characters of a marker, unless something else is asked for.
    pub const MARKER_SIZE: usize = 7;
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { style: ConflictStyle::Merge, favour: None, marker_size: Self::MARKER_SIZE }
    }
}

/// A merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedText {
    /// The bytes, with markers where there are conflicts.
    pub content: Vec<u8>,
    /// Number of conflicts that are left.
    pub conflicts: usize,
}

/// Bytes at the beginning of a file in which a NUL byte makes it binary, as for git.
pub const BINARY_PROBE: usize = 8000;

/// Whether a content is no text.
pub fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(BINARY_PROBE)].contains(&0)
}

/// Merges what `ours` and `theirs` changed in `base`.
///
/// Takes time and memory in proportion to the three texts; files of few lines that repeat over and over take longer.
pub fn merge_text(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    labels: Labels<'_>,
    options: TextOptions,
) -> MergedText {
    merge_lines(base, ours, theirs, labels, options, None)
}

/// The same for a part of texts. `first_is_crlf` tells how the first line of the whole base ends, where that is not in it.
pub(super) fn merge_lines(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    labels: Labels<'_>,
    options: TextOptions,
    first_is_crlf: Option<Option<bool>>,
) -> MergedText {
    let mut interner = Interner::new((base.len() + ours.len() + theirs.len()) / 64);
    let [base_lines, our_lines, their_lines] =
        [base, ours, theirs].map(|content| Lines::of(content, &mut interner));
    let count = interner.num_tokens();
    let our_hunks = diff(&base_lines.tokens, &our_lines.tokens, count);
    let their_hunks = diff(&base_lines.tokens, &their_lines.tokens, count);
    if our_hunks.is_empty() || their_hunks.is_empty() {
        let content = if our_hunks.is_empty() { theirs } else { ours };
        return MergedText { content: content.to_vec(), conflicts: 0 };
    }
    let mut regions =
        region::combine(&our_hunks, &their_hunks, &our_lines, &their_lines, base_lines.tokens.len());
    match options.style {
        ConflictStyle::Merge => regions = region::refine(regions, &our_lines, &their_lines, count),
        ConflictStyle::Zdiff3 => region::trim(&mut regions, &our_lines, &their_lines),
        ConflictStyle::Diff3 => {}
    }
    let mut writer = Writer {
        base: &base_lines,
        ours: &our_lines,
        theirs: &their_lines,
        labels,
        options,
        first_is_crlf: first_is_crlf.unwrap_or_else(|| ends_in_crlf(&base_lines.texts, 0)),
        out: Vec::new(),
    };
    let mut at = 0;
    for region in regions.iter().filter(|region| region.mode != Mode::Same) {
        writer.copy(&our_lines.texts[at..region.ours.start]);
        writer.region(region);
        at = region.ours.end;
    }
    writer.copy(&our_lines.texts[at..]);
    let open = regions.iter().filter(|region| region.mode == Mode::Conflict && options.favour.is_none());
    MergedText { conflicts: open.count(), content: writer.out }
}

struct Writer<'a> {
    base: &'a Lines<'a>,
    ours: &'a Lines<'a>,
    theirs: &'a Lines<'a>,
    labels: Labels<'a>,
    options: TextOptions,
    /// How the base's first line ends.
    first_is_crlf: Option<bool>,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn copy(&mut self, lines: &[&[u8]]) {
        lines.iter().for_each(|line| self.out.extend_from_slice(line));
    }

    /// Copies lines that something follows: the last one gets an end where it has none.
    fn copy_ended(&mut self, lines: &[&[u8]], is_crlf: bool) {
        self.copy(lines);
        if lines.last().is_some_and(|line| !line.ends_with(b"\n")) {
            self.out.extend_from_slice(if is_crlf { b"\r\n" } else { b"\n" });
        }
    }

    fn marker(&mut self, sign: u8, label: &[u8], is_crlf: bool) {
        self.out.extend(marker(sign, self.options.marker_size, label, is_crlf));
    }

    fn region(&mut self, region: &Region) {
        let (ours, theirs) =
            (&self.ours.texts[region.ours.clone()], &self.theirs.texts[region.theirs.clone()]);
        match (region.mode, self.options.favour) {
            (Mode::Same, _) => {}
            (Mode::Ours, _) | (Mode::Conflict, Some(Favour::Ours)) => self.copy(ours),
            (Mode::Theirs, _) | (Mode::Conflict, Some(Favour::Theirs)) => self.copy(theirs),
            (Mode::Conflict, Some(Favour::Union)) => {
                self.copy_ended(ours, self.is_crlf(region));
                self.copy(theirs);
            }
            (Mode::Conflict, None) => {
                let is_crlf = self.is_crlf(region);
                self.marker(b'<', self.labels.ours, is_crlf);
                self.copy_ended(ours, is_crlf);
                if self.options.style != ConflictStyle::Merge {
                    self.marker(b'|', self.labels.base, is_crlf);
                    self.copy_ended(&self.base.texts[region.base.clone()], is_crlf);
                }
                self.marker(b'=', b"", is_crlf);
                self.copy_ended(theirs, is_crlf);
                self.marker(b'>', self.labels.theirs, is_crlf);
            }
        }
    }

    /// Whether markers end in CRLF: where the base's first line does, and neither side's line before the conflict in LF.
    fn is_crlf(&self, region: &Region) -> bool {
        let before = |lines: &Lines<'_>, start: usize| ends_in_crlf(&lines.texts, start.saturating_sub(1));
        before(self.ours, region.ours.start) != Some(false)
            && before(self.theirs, region.theirs.start) != Some(false)
            && self.first_is_crlf == Some(true)
    }
}

/// A line that begins, parts or ends a conflict.
pub(super) fn marker(sign: u8, size: usize, label: &[u8], is_crlf: bool) -> Vec<u8> {
    let mut line = vec![sign; size];
    if !label.is_empty() {
        line.push(b' ');
        line.extend_from_slice(label);
    }
    line.extend_from_slice(if is_crlf { b"\r\n" } else { b"\n" });
    line
}

/// Whether a line ends in CRLF; of a last line without an end, whether the one before does. `None` where no line has an end.
fn ends_in_crlf(lines: &[&[u8]], at: usize) -> Option<bool> {
    let line = lines.get(at)?;
    if line.ends_with(b"\n") {
        return Some(line.ends_with(b"\r\n"));
    }
    lines.get(at.checked_sub(1)?).map(|line| line.ends_with(b"\r\n"))
}
