//! Combined diffs: one result against several parents at once, as `git diff --cc` writes them.
//!
//! Every line of the result knows which parents lack it, and which lines of which parents were lost in front of it. Runs
//! of such lines are shown only where the result is more than a choice between two versions.

mod coalesce;
mod large;

use std::io::{self, Write};

use pond_history::diff::Combined;
use pond_objects::escape::quoted;
use pond_objects::{Kind, Side};

use super::header::{write_header_line, zeros_like};
use super::large::is_large;
use super::lines::{self, Whitespace};
use super::names::write_path;
use super::source::Contents;
use super::text::TextDiff;
use super::{DiffOptions, Pair};
use crate::error::CommandError;
use crate::ui::color::Role;
use coalesce::coalesce;

/// Writes paths in the forms that only name them.
pub(super) fn write_names(
    out: &mut dyn Write,
    all: &[Combined],
    contents: &dyn Contents,
    options: &DiffOptions,
) -> io::Result<()> {
    let forms = options.forms;
    for one in all {
        if forms.raw {
            write_raw(out, one, contents, options)?;
        }
        if forms.raw || forms.name_status {
            out.write_all(one.letters().as_bytes())?;
            out.write_all(if options.nul { b"\0" } else { b"\t" })?;
        }
        if forms.raw || forms.name_status || forms.name_only {
            write_path(out, &one.path, options)?;
            out.write_all(options.line_end())?;
        }
    }
    Ok(())
}

fn write_raw(
    out: &mut dyn Write,
    one: &Combined,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> io::Result<()> {
    out.write_all(":".repeat(one.parents.len()).as_bytes())?;
    let sides = || one.parents.iter().chain([&one.new]);
    for side in sides() {
        write!(out, "{:06o} ", side.map_or(0, |side| side.kind.mode()))?;
    }
    for side in sides() {
        write!(out, "{} ", print_id(one, *side, contents, options))?;
    }
    Ok(())
}

/// An id; zeros in the same width where there is none.
fn print_id(one: &Combined, side: Option<Side>, contents: &dyn Contents, options: &DiffOptions) -> String {
    let print = |side: &Side| if options.full_index { side.id.to_hex() } else { contents.short(&side.id) };
    match side.filter(|side| !side.id.is_zero()) {
        Some(side) => print(&side),
        None => {
            let known = one.parents.iter().chain([&one.new]).flatten().find(|side| !side.id.is_zero());
            zeros_like(&known.map(print).unwrap_or_default())
        }
    }
}

/// Writes one path with its hunks; writes nothing if there is nothing of interest.
pub(super) fn write_patch(
    out: &mut dyn Write,
    one: &Combined,
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    if (0..one.parents.len()).any(|parent| is_large(&one.change(parent), options)) {
        return large::write_patch(out, one, contents, options);
    }
    let mut pairs = Vec::with_capacity(one.parents.len());
    for parent in 0..one.parents.len() {
        pairs.push(Pair::read(&one.change(parent), contents)?);
    }
    let texts: Option<Vec<(&[u8], &[u8])>> = pairs.iter().map(|pair| pair.texts(options)).collect();
    let Some(texts) = texts else {
        return Ok(write_not_text(out, one, contents, options)?);
    };
    let mut result = Lines::of(&texts, options);
    let is_shown = result.choose(options.context, options.dense);
    if is_shown || one.is_named() {
        write_header(out, one, true, contents, options)?;
        if one.has_lines() {
            result.write(out, None, options)?;
        }
    }
    Ok(())
}

fn write_not_text(
    out: &mut dyn Write,
    one: &Combined,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> io::Result<()> {
    write_header(out, one, false, contents, options)?;
    writeln!(out, "Binary files differ")
}

fn write_header(
    out: &mut dyn Write,
    one: &Combined,
    with_names: bool,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> io::Result<()> {
    let mut line = |text: String| write_header_line(out, &text, options);
    let word = if options.dense { "cc" } else { "combined" };
    line(format!("diff --{word} {}", quoted(&one.path)))?;
    let ids: Vec<String> = one.parents.iter().map(|side| print_id(one, *side, contents, options)).collect();
    let new = one.new.filter(|_| !one.is_in_mirror);
    line(format!("index {}..{}", ids.join(","), print_id(one, new, contents, options)))?;
    let is_new = one.parents.iter().all(Option::is_none);
    if one.changes_mode() {
        let mode =
            |side: &Option<Side>| format!("{:06o}", side.map_or(0, |side: Side| Kind::mode(side.kind)));
        let old: Vec<String> = one.parents.iter().map(mode).collect();
        line(match &one.new {
            Some(_) if is_new => format!("new file mode {}", mode(&one.new)),
            Some(_) => format!("mode {}..{}", old.join(","), mode(&one.new)),
            None => format!("deleted file mode {}", old.join(",")),
        })?;
    }
    if with_names {
        let name = |prefix: &str| quoted(&[prefix.as_bytes(), &one.path].concat()).into_owned();
        let old = if is_new { "/dev/null".to_owned() } else { name(&options.old_prefix) };
        let new = if one.new.is_none() { "/dev/null".to_owned() } else { name(&options.new_prefix) };
        line(format!("--- {old}"))?;
        line(format!("+++ {new}"))?;
    }
    Ok(())
}

/// Parents as bits.
type Parents = u64;

/// A line that is not in the result, and the parents that had it.
#[derive(Clone, Debug)]
struct Lost<'a> {
    text: &'a [u8],
    parents: Parents,
}

/// A line of the result, or the place behind the last one.
#[derive(Clone, Debug, Default)]
struct Line<'a> {
    /// The line; none behind the last one.
    text: Option<&'a [u8]>,
    /// The parents that do not have it.
    added: Parents,
    /// What was lost in front of it.
    lost: Vec<Lost<'a>>,
    is_shown: bool,
    /// It is shown for the sake of what follows: what was lost in front of it is not.
    without_lost: bool,
}

impl Line<'_> {
    fn is_changed(&self) -> bool {
        self.added != 0 || !self.lost.is_empty()
    }
}

/// The result's lines, or some of them.
struct Lines<'a> {
    /// Lines of the result before these.
    first: usize,
    /// One more than there are lines.
    lines: Vec<Line<'a>>,
    /// Of each parent: its line number at each place, one place more than `lines` has.
    numbers: Vec<Vec<usize>>,
    all: Parents,
}

impl<'a> Lines<'a> {
    /// Compares the result, the second of each pair, with each parent.
    fn of(texts: &[(&'a [u8], &'a [u8])], options: &DiffOptions) -> Self {
        let result = lines::split(texts.first().map_or(&b""[..], |(_, new)| new));
        let mut this = Self::new(&result, 0);
        for (old, new) in texts {
            this.add(&TextDiff::of(old, new, options), 0, options.whitespace);
        }
        this
    }

    /// Lines that `first` other ones come before.
    fn new(result: &[&'a [u8]], first: usize) -> Self {
        let mut lines: Vec<Line<'a>> =
            result.iter().map(|text| Line { text: Some(*text), ..Line::default() }).collect();
        lines.push(Line::default());
        Self { first, lines, numbers: Vec::new(), all: 0 }
    }

    /// Compares them with the next parent, in which `before` lines come before those that were compared.
    fn add(&mut self, diff: &TextDiff<'a>, before: usize, whitespace: Whitespace) {
        let bit = 1 << self.numbers.len();
        self.all |= bit;
        for block in &diff.blocks {
            self.lines[block.new.clone()].iter_mut().for_each(|line| line.added |= bit);
            let lost = &diff.old[block.old.clone()];
            let known = std::mem::take(&mut self.lines[block.new.start].lost);
            self.lines[block.new.start].lost = coalesce(known, lost, bit, whitespace);
        }
        let mut number = before + 1;
        let mut numbers = Vec::with_capacity(self.lines.len() + 1);
        for line in &self.lines {
            numbers.push(number);
            number += line.lost.iter().filter(|lost| lost.parents & bit != 0).count();
            number += usize::from(line.text.is_some() && line.added & bit == 0);
        }
        numbers.push(number);
        self.numbers.push(numbers);
    }

    /// Decides which lines are shown; whether any is.
    fn choose(&mut self, context: usize, dense: bool) -> bool {
        for line in &mut self.lines {
            line.is_shown = line.is_changed();
        }
        let mut at = 0;
        while let Some(begin) = self.next(at, true) {
            let end = self.end_of_run(begin, context);
            if dense && !self.is_of_interest(begin, end) {
                self.lines[begin..end].iter_mut().for_each(|line| line.is_shown = false);
            }
            at = end;
        }
        self.add_context(context)
    }

    /// The first place from `at` on that is shown, or is not.
    fn next(&self, at: usize, is_shown: bool) -> Option<usize> {
        (at..self.lines.len()).find(|place| self.lines[*place].is_shown == is_shown)
    }

    /// Where a run ends that begins at a place, runs joined that have little between them.
    fn end_of_run(&self, begin: usize, context: usize) -> usize {
        let mut at = begin + 1;
        while at < self.lines.len() {
            if !self.lines[at].is_shown {
                let last = self.tail(begin, at).saturating_add(context).min(self.lines.len());
                match (at..last).rev().find(|place| self.lines[*place].is_shown) {
                    Some(place) => at = place,
                    None => break,
                }
            }
            at += 1;
        }
        at
    }

    /// Where a run that ends at a place ends for its context: a line that only follows lost ones is context itself.
    fn tail(&self, begin: usize, end: usize) -> usize {
        if begin < end && self.lines[end - 1].added == 0 { end - 1 } else { end }
    }

    /// Whether there are more than two versions of a run, or the result is neither of two.
    fn is_of_interest(&self, begin: usize, end: usize) -> bool {
        let run = &self.lines[begin..end];
        let lost = run.iter().flat_map(|line| line.lost.iter().map(|lost| lost.parents));
        let differing = run.iter().map(|line| line.added).filter(|added| *added != 0).chain(lost);
        let mut first = None;
        let all_same = differing.into_iter().all(|parents| *first.get_or_insert(parents) == parents);
        !all_same || first == Some(self.all)
    }

    fn add_context(&mut self, context: usize) -> bool {
        let Some(mut at) = self.next(0, true) else { return false };
        let count = self.lines.len();
        loop {
            for line in &mut self.lines[at.saturating_sub(context)..at] {
                line.without_lost |= !line.is_shown;
                line.is_shown = true;
            }
            // Runs with a small gap are joined; then some lines follow the last of them.
            let after = loop {
                let Some(end) = self.next(at, false) else { return true };
                let following = self.next(end, true).unwrap_or(count);
                let end = self.tail(at, end);
                if following >= end.saturating_add(context) {
                    let last = end.saturating_add(context).min(count);
                    self.lines[end..last].iter_mut().for_each(|line| line.is_shown = true);
                    break following;
                }
                self.lines[end..following].iter_mut().for_each(|line| line.is_shown = true);
                at = following;
                if at >= count {
                    return true;
                }
            };
            if after >= count {
                return true;
            }
            at = after;
        }
    }

    /// Writes what is shown; `before` is the section that these lines begin in.
    fn write(&self, out: &mut dyn Write, before: Option<&[u8]>, options: &DiffOptions) -> io::Result<()> {
        let mut at = 0;
        while let Some(begin) = self.next(at, true) {
            let starts = |line: &&Line<'a>| line.text.is_some_and(super::text::starts_section);
            let section = self.lines[at..begin].iter().rev().find(starts).and_then(|line| line.text);
            let section = section.or(before.filter(|_| at == 0));
            let end = self.next(begin, false).unwrap_or(self.lines.len());
            self.write_hunk(out, begin, end, section, options)?;
            at = end;
        }
        Ok(())
    }

    fn write_hunk(
        &self,
        out: &mut dyn Write,
        begin: usize,
        end: usize,
        section: Option<&[u8]>,
        options: &DiffOptions,
    ) -> io::Result<()> {
        let run = &self.lines[begin..end];
        // Without context, lines that only follow lost ones are left out, and counted nowhere.
        let is_left_out = |line: &&Line<'_>| options.context == 0 && line.added == 0 && line.text.is_some();
        let left_out = run.iter().filter(is_left_out).count();
        let length = run.len() - usize::from(end == self.lines.len());
        let marks = "@".repeat(self.numbers.len() + 1);
        let mut text = marks.clone();
        for numbers in &self.numbers {
            let (first, last) = (numbers[begin], numbers[end]);
            text.push_str(&format!(" -{first},{}", (last - first).saturating_sub(left_out)));
        }
        text.push_str(&format!(" +{},{} {marks}", self.first + begin + 1, length.saturating_sub(left_out)));
        options.paint.write(out, Role::DiffHunk, text.as_bytes())?;
        if let Some(section) = section.map(section_text).filter(|section| !section.is_empty()) {
            out.write_all(b" ")?;
            out.write_all(&options.paint.safe(section))?;
        }
        out.write_all(b"\n")?;
        for line in run {
            for lost in line.lost.iter().filter(|_| !line.without_lost) {
                self.write_line(out, b'-', lost.parents, lost.text, Some(Role::Removed), options)?;
            }
            let Some(text) = line.text.filter(|_| !is_left_out(&line)) else { continue };
            let role = (line.added != 0).then_some(Role::Added);
            self.write_line(out, b'+', line.added, text, role, options)?;
        }
        Ok(())
    }

    fn write_line(
        &self,
        out: &mut dyn Write,
        sign: u8,
        parents: Parents,
        text: &[u8],
        role: Option<Role>,
        options: &DiffOptions,
    ) -> io::Result<()> {
        let signs =
            (0..self.numbers.len()).map(|parent| if parents >> parent & 1 == 1 { sign } else { b' ' });
        let mut whole: Vec<u8> = signs.collect();
        whole.extend_from_slice(&options.paint.safe(text.strip_suffix(b"\n").unwrap_or(text)));
        match role {
            Some(role) => options.paint.write(out, role, &whole)?,
            None => out.write_all(&whole)?,
        }
        out.write_all(b"\n")
    }
}

/// As much of a section's first line as git shows here.
fn section_text(line: &[u8]) -> &[u8] {
    const LONGEST: usize = 40;
    let line = &line[..line.len().min(LONGEST)];
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let last = line.iter().rposition(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    &line[..last]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combined(parents: &[&str], result: &str) -> String {
        let texts: Vec<(&[u8], &[u8])> =
            parents.iter().map(|parent| (parent.as_bytes(), result.as_bytes())).collect();
        let options = DiffOptions::default();
        let mut lines = Lines::of(&texts, &options);
        let mut out = Vec::new();
        if lines.choose(options.context, true) {
            lines.write(&mut out, None, &options).expect("memory");
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_choice_between_two_versions_is_not_shown() {
        assert_eq!(combined(&["a\n1\nb\n", "a\n2\nb\n"], "a\n1\nb\n"), "");
        assert_eq!(combined(&["a\n1\nb\n", "a\n2\nb\n"], "a\n2\nb\n"), "");
        assert_eq!(combined(&["a\n", "a\n"], "a\n"), "");
    }

    #[test]
    fn what_is_neither_is_shown_against_both() {
        assert_eq!(
            combined(&["a\n1\nb\n", "a\n2\nb\n"], "a\n3\nb\n"),
            "@@@ -1,3 -1,3 +1,3 @@@\n  a\n- 1\n -2\n++3\n  b\n"
        );
        assert_eq!(combined(&["a\nx\n", "a\nx\n"], "a\n"), "@@@ -1,2 -1,2 +1,1 @@@\n  a\n--x\n");
    }
}
