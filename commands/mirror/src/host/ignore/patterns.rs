//! The patterns of one file, as gitignore has them, and which of them decides on a path.
//!
//! A line is a pattern, but for empty ones and those that begin with `#`. Spaces at its end are no part of it, unless
//! a backslash stands before them; a carriage return before the line's end is not either, and other blanks are. Without a
//! `/` other than the last character a pattern is about names, with one about paths. The rules follow `dir.c` of git.
//!
//! Most patterns are plain names, paths and endings (`*.log`): these are looked up, so that their number
//! does not matter. The others are tried one after the other, from the last up.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};
use pond_objects::wildmatch::{Malformed, SPECIAL, Stars, Wildmatch};

/// The patterns of a file.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    all: Vec<Pattern>,
    names: HashMap<BString, Vec<usize>>,
    paths: HashMap<BString, Vec<usize>>,
    /// What a `*` stands before, by its last byte.
    endings: HashMap<u8, Vec<(BString, usize)>>,
    wild: Vec<Wild>,
}

/// A pattern of a file.
#[derive(Debug)]
pub struct Pattern {
    /// What is written, but for what is no part of the pattern.
    pub text: BString,
    /// The line, from 1.
    pub line: u32,
    /// Whether it takes back what others ignore.
    pub negated: bool,
    only_dir: bool,
}

#[derive(Debug)]
struct Wild {
    number: usize,
    of_path: bool,
    wildmatch: Wildmatch,
}

impl Patterns {
    /// Reads a file's content; `problem` is told the line of each pattern that can match nothing.
    pub(super) fn parse(content: &[u8], mut problem: impl FnMut(u32, Malformed)) -> Self {
        let mut patterns = Self::default();
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        for (line, text) in (1..).zip(content.split(|byte| *byte == b'\n')) {
            if text.starts_with(b"#") {
                continue;
            }
            if let Err(malformed) = patterns.push(line, without_blanks(text)) {
                problem(line, malformed);
            }
        }
        patterns
    }

    fn push(&mut self, line: u32, text: &[u8]) -> Result<(), Malformed> {
        let (negated, rest) = text.strip_prefix(b"!").map_or((false, text), |rest| (true, rest));
        let (only_dir, rest) = rest.strip_suffix(b"/").map_or((false, rest), |rest| (true, rest));
        let of_path = rest.contains(&b'/');
        let rest = rest.strip_prefix(b"/").unwrap_or(rest);
        if rest.is_empty() {
            return Ok(());
        }
        let number = self.all.len();
        let is_literal = |text: &[u8]| text.find_byteset(SPECIAL).is_none();
        match rest.split_first() {
            _ if is_literal(rest) => {
                let literals = if of_path { &mut self.paths } else { &mut self.names };
                literals.entry(rest.into()).or_default().push(number);
            }
            Some((b'*', ending @ [.., last])) if !of_path && is_literal(ending) => {
                self.endings.entry(*last).or_default().push((ending.into(), number));
            }
            _ => {
                let wildmatch = Wildmatch::new(b"", rest, Stars::WithinNames, false)?;
                self.wild.push(Wild { number, of_path, wildmatch });
            }
        }
        self.all.push(Pattern { text: text.into(), line, negated, only_dir });
        Ok(())
    }

    /// Whether there is no pattern.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The last pattern that matches a path, given from the directory of the file.
    pub(super) fn find(&self, path: &[u8], is_dir: bool) -> Option<&Pattern> {
        let name = path.rfind_byte(b'/').map_or(path, |at| &path[at + 1..]);
        let applies = |number: usize| is_dir || !self.all[number].only_dir;
        let last = |numbers: &Vec<usize>| numbers.iter().rev().copied().find(|number| applies(*number));

        let mut found = self.names.get(name.as_bstr()).and_then(last);
        found = found.max(self.paths.get(path.as_bstr()).and_then(last));
        let endings = name.last().and_then(|byte| self.endings.get(byte));
        let ends = |(ending, number): &&(BString, usize)| name.ends_with(ending) && applies(*number);
        found = found.max(endings.and_then(|all| all.iter().rev().find(ends)).map(|(_, number)| *number));
        for wild in self.wild.iter().rev() {
            if found > Some(wild.number) {
                break;
            }
            let text = if wild.of_path { path } else { name };
            if applies(wild.number) && wild.wildmatch.is_match(text) {
                found = Some(wild.number);
                break;
            }
        }
        found.map(|number| &self.all[number])
    }
}

/// A line up to what is no part of its pattern: a carriage return, a NUL and what follows, and spaces, unless escaped.
fn without_blanks(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.find_byte(0).map_or(line, |end| &line[..end]);
    let mut end = 0;
    let mut at = 0;
    while at < line.len() {
        let length = if line[at] == b'\\' { 2 } else { 1 };
        at = (at + length).min(line.len());
        if length == 2 || line[at - 1] != b' ' {
            end = at;
        }
    }
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_at_the_end() {
        let table: &[(&[u8], &[u8])] = &[
            (b"a", b"a"),
            (b"a  ", b"a"),
            (b" a b ", b" a b"),
            (b"a\t", b"a\t"),
            (b"a \t ", b"a \t"),
            (b"a\r", b"a"),
            (b"a \r", b"a"),
            (b"a\r ", b"a\r"),
            (b"a\\ ", b"a\\ "),
            (b"a\\  ", b"a\\ "),
            (b"a\\\\ ", b"a\\\\"),
            (b"a\\", b"a\\"),
            (b"a  \\", b"a  \\"),
            (b"a \0b", b"a"),
            (b"   ", b""),
        ];
        for (line, pattern) in table {
            assert_eq!(without_blanks(line).as_bstr(), pattern.as_bstr(), "{:?}", line.as_bstr());
        }
    }

    #[test]
    fn the_last_match_decides_however_it_is_found() {
        let content = b"name\n*.end\nna*\ndir/name\n!name/\n!*d\n[x]\n*\n!dir/*\n";
        let patterns = Patterns::parse(content, |line, malformed| panic!("{line}: {malformed}"));
        let line = |path: &[u8], is_dir| patterns.find(path, is_dir).map(|pattern| pattern.line);
        assert_eq!((line(b"name", false), line(b"dir/name", true)), (Some(8), Some(9)));
        let content = &content[..content.len() - b"*\n!dir/*\n".len()];
        let patterns = Patterns::parse(content, |line, malformed| panic!("{line}: {malformed}"));
        let line = |path: &[u8], is_dir| patterns.find(path, is_dir).map(|pattern| pattern.line);
        assert_eq!((line(b"name", false), line(b"name", true)), (Some(3), Some(5)));
        assert_eq!((line(b"dir/name", false), line(b"a/dir/name", false)), (Some(4), Some(3)));
        assert_eq!((line(b"a.end", false), line(b"nand", false)), (Some(6), Some(6)));
        assert_eq!((line(b"a/x", false), line(b"xx", false)), (Some(7), None));
    }

    #[test]
    fn what_can_match_nothing_is_told() {
        let mut told = Vec::new();
        let patterns = Patterns::parse(b"a[\n\n#[\n!b\\\n/\n!\n [[:no:]]\n", |line, malformed| {
            told.push((line, malformed))
        });
        assert!(patterns.is_empty());
        assert_eq!(told, [(1, Malformed::Bracket), (4, Malformed::Backslash), (7, Malformed::Class)]);
    }
}
