//! Differences within lines: marks on changed words, and `--word-diff`.

use std::io::{self, Write};
use std::ops::Range;
use std::time::Duration;

use similar::{Algorithm, DiffOp};

use super::DiffOptions;
use super::lines::edit_script;
use crate::ui::color::Role;

/// `--word-diff`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WordDiff {
    #[default]
    None,
    /// `[-removed-]{+added+}`
    Plain,
    /// Colours only.
    Color,
    /// One run of words a line, for scripts: ` `, `-` or `+` before it, `~` for a newline.
    Porcelain,
}

impl WordDiff {
    /// The mode with git's name.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "plain" => Some(Self::Plain),
            "color" => Some(Self::Color),
            "porcelain" => Some(Self::Porcelain),
            _ => None,
        }
    }
}

/// Byte ranges to mark, for each line of a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) old: Vec<Vec<Range<usize>>>,
    pub(super) new: Vec<Vec<Range<usize>>>,
}

/// Beyond this a block is no edit of words that a reader would follow.
const MAX_BYTES: usize = 64 << 10;
/// Time for one block; the marks are a help, not worth waiting for.
const TIME: Duration = Duration::from_millis(200);

/// What changed within a block of changed lines. No marks where the sides have too little in common for them to help.
pub(super) fn highlight(old: &[&[u8]], new: &[&[u8]]) -> Marks {
    let size = |lines: &[&[u8]]| lines.iter().map(|line| line.len()).sum::<usize>();
    if old.is_empty() || new.is_empty() || size(old) > MAX_BYTES || size(new) > MAX_BYTES {
        return Marks::default();
    }
    let (old_text, new_text) = (old.concat(), new.concat());
    let (old_words, new_words) = (pieces(&old_text), pieces(&new_text));
    let values = |words: &[Range<usize>], text: &[u8]| -> Vec<Vec<u8>> {
        words.iter().map(|word| text[word.clone()].to_vec()).collect()
    };
    let (old_values, new_values) = (values(&old_words, &old_text), values(&new_words, &new_text));
    let ops = edit_script(&old_values, &new_values, Algorithm::Myers, TIME);
    let weight =
        |values: &[Vec<u8>]| values.iter().filter(|word| !is_blank(word)).map(Vec::len).sum::<usize>();
    let common: usize = ops
        .iter()
        .filter(|op| matches!(op, DiffOp::Equal { .. }))
        .map(|op| weight(&old_values[op.old_range()]))
        .sum();
    // Less than a third in common: the lines were replaced, not edited.
    if common * 6 < weight(&old_values) + weight(&new_values) {
        return Marks::default();
    }
    let mut marks = Marks { old: vec![Vec::new(); old.len()], new: vec![Vec::new(); new.len()] };
    for op in ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        mark(&mut marks.old, old, span(&old_words, op.old_range()));
        mark(&mut marks.new, new, span(&new_words, op.new_range()));
    }
    marks
}

fn is_blank(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_whitespace)
}

/// The bytes from the first to the last of some words.
fn span(words: &[Range<usize>], which: Range<usize>) -> Range<usize> {
    match &words[which] {
        [] => 0..0,
        [first, .., last] => first.start..last.end,
        [only] => only.clone(),
    }
}

/// Marks a range of the joined lines in each line that it touches.
fn mark(marks: &mut [Vec<Range<usize>>], lines: &[&[u8]], range: Range<usize>) {
    let mut start = 0;
    for (line, marks) in lines.iter().zip(marks) {
        let end = start + line.len();
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to && line[from - start..to - start] != *b"\n" {
            match marks.last_mut() {
                Some(last) if last.end == from - start => last.end = to - start,
                _ => marks.push(from - start..to - start),
            }
        }
        start = end;
    }
}

/// Cuts a text into words, runs of blanks, line ends and single signs.
fn pieces(text: &[u8]) -> Vec<Range<usize>> {
    let class = |byte: u8| match byte {
        b'\n' => 0,
        b' ' | b'\t' | b'\r' => 1,
        // All bytes of a character outside ASCII stay together.
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => 2,
        _ => 3,
    };
    let same = |a: &u8, b: &u8| class(*a) == class(*b) && matches!(class(*a), 1 | 2);
    let mut at = 0;
    let pieces = text.chunk_by(same).map(|piece| {
        at += piece.len();
        at - piece.len()..at
    });
    pieces.collect()
}

/// Writes lines that both sides have.
pub(super) fn write_unchanged(out: &mut dyn Write, lines: &[&[u8]], options: &DiffOptions) -> io::Result<()> {
    let porcelain = options.word_diff == WordDiff::Porcelain;
    for line in lines {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if porcelain {
            out.write_all(b" ")?;
        }
        out.write_all(&options.paint.safe(text))?;
        out.write_all(if porcelain { b"\n~\n" } else { b"\n" })?;
    }
    Ok(())
}

/// Writes a changed block word by word, spaces as the new side has them.
pub(super) fn write_changed(
    out: &mut dyn Write,
    old: &[u8],
    new: &[u8],
    options: &DiffOptions,
) -> io::Result<()> {
    let (old_words, new_words) = (spaced_words(old), spaced_words(new));
    let values = |words: &[Range<usize>], text: &[u8]| -> Vec<Vec<u8>> {
        words.iter().map(|word| text[word.clone()].to_vec()).collect()
    };
    let ops = edit_script(
        &values(&old_words, old),
        &values(&new_words, new),
        options.algorithm.similar(),
        options.time,
    );
    let mut shown = 0;
    let mut at = 0;
    while at < ops.len() {
        if matches!(ops[at], DiffOp::Equal { .. }) {
            at += 1;
            continue;
        }
        // Neighbouring insertions and deletions are one replacement.
        let run = ops[at..].iter().take_while(|op| !matches!(op, DiffOp::Equal { .. })).count();
        let (first, last) = (&ops[at], &ops[at + run - 1]);
        let removed = span(&old_words, first.old_range().start..last.old_range().end);
        let added = span(&new_words, first.new_range().start..last.new_range().end);
        // Where nothing is added, the removed words stand behind the last word that stays.
        let next_new = first.new_range().start;
        let place = match next_new.checked_sub(1) {
            _ if !added.is_empty() => added.start,
            Some(before) => new_words[before].end,
            None => 0,
        };
        write_run(out, Run::Same, &new[shown..place], options)?;
        write_run(out, Run::Removed, &old[removed], options)?;
        write_run(out, Run::Added, &new[added.clone()], options)?;
        shown = place.max(added.end);
        at += run;
    }
    write_run(out, Run::Same, &new[shown..], options)?;
    if !new.ends_with(b"\n") && (!new.is_empty() || !old.is_empty()) {
        out.write_all(if options.word_diff == WordDiff::Porcelain { b"~\n" } else { b"\n" })?;
    }
    Ok(())
}

/// Words as `--word-diff` sees them: whatever stands between blanks.
fn spaced_words(text: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0;
    let runs = text.chunk_by(|a, b| a.is_ascii_whitespace() == b.is_ascii_whitespace()).map(|run| {
        at += run.len();
        at - run.len()..at
    });
    runs.filter(|run| !text[run.start].is_ascii_whitespace()).collect()
}

#[derive(Clone, Copy)]
enum Run {
    Same,
    Removed,
    Added,
}

/// Writes a run of text; marks do not reach over line ends.
fn write_run(out: &mut dyn Write, run: Run, text: &[u8], options: &DiffOptions) -> io::Result<()> {
    let paint = options.paint;
    let role = match run {
        Run::Same => None,
        Run::Removed => Some(Role::Removed),
        Run::Added => Some(Role::Added),
    };
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (line, ended) = line.strip_suffix(b"\n").map_or((line, false), |line| (line, true));
        if !line.is_empty() {
            let safe = paint.safe(line);
            let (before, after): (&str, &str) = match (options.word_diff, run) {
                (WordDiff::Porcelain, Run::Same) => (" ", "\n"),
                (WordDiff::Porcelain, Run::Removed) => ("-", "\n"),
                (WordDiff::Porcelain, Run::Added) => ("+", "\n"),
                (WordDiff::Plain, Run::Removed) => ("[-", "-]"),
                (WordDiff::Plain, Run::Added) => ("{+", "+}"),
                _ => ("", ""),
            };
            let (inside, end) = after.strip_suffix('\n').map_or((after, ""), |rest| (rest, "\n"));
            let dressed = [before.as_bytes(), &safe, inside.as_bytes()].concat();
            match role {
                Some(role) => paint.write(out, role, &dressed)?,
                None => out.write_all(&dressed)?,
            }
            out.write_all(end.as_bytes())?;
        }
        if ended {
            out.write_all(if options.word_diff == WordDiff::Porcelain { b"~\n" } else { b"\n" })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_on_the_changed_words() {
        let marks = highlight(&[b"let a = 1;\n"], &[b"let bc = 1;\n"]);
        assert_eq!(marks, Marks { old: vec![vec![4..5]], new: vec![vec![4..6]] });
    }

    #[test]
    fn lines_without_anything_in_common_are_not_marked() {
        assert_eq!(highlight(&[b"alpha beta\n"], &[b"gamma delta\n"]), Marks::default());
    }

    #[test]
    fn words_in_their_brackets() {
        let options = DiffOptions { word_diff: WordDiff::Plain, ..DiffOptions::default() };
        let mut out = Vec::new();
        write_changed(&mut out, b"one two three\n", b"one 2 three four\n", &options).expect("memory");
        assert_eq!(String::from_utf8_lossy(&out), "one [-two-]{+2+} three {+four+}\n");
        let mut out = Vec::new();
        write_changed(&mut out, b"one two three\n", b"one three\n", &options).expect("memory");
        assert_eq!(String::from_utf8_lossy(&out), "one[-two-] three\n");
    }
}
