//! Columns of templates: `%<(20)`, `%>>(8)`, and wrapped lines: `%w(72,4,8)`.

use bstr::ByteSlice as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Where a field stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    /// Takes spaces to its left if it is too long.
    RightStealing,
    Center,
}

/// Where a field that is too long is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Never,
    Start,
    Middle,
    End,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Padding {
    pub(super) align: Align,
    pub(super) width: usize,
    /// The width is counted from the line's beginning.
    pub(super) to_column: bool,
    pub(super) cut: Cut,
}

/// A form for lines: indentation of the first and of the others, and the width to fill; 0 for as long as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrap {
    pub(super) width: usize,
    pub(super) first: usize,
    pub(super) others: usize,
}

/// Columns that a text takes; codes for colours take none.
pub(super) fn width(text: &[u8]) -> usize {
    let mut columns = 0;
    let mut parts = text.split_str(b"\x1b[");
    columns += parts.next().map_or(0, |part| part.to_str_lossy().width());
    for part in parts {
        let shown = part.find_byte(b'm').map_or(part, |end| &part[end + 1..]);
        columns += shown.to_str_lossy().width();
    }
    columns
}

impl Padding {
    /// Appends a field in its column.
    pub(super) fn append(self, out: &mut Vec<u8>, field: &[u8]) {
        let line_start = out.rfind_byte(b'\n').map_or(0, |at| at + 1);
        let mut room =
            if self.to_column { self.width.saturating_sub(width(&out[line_start..])) } else { self.width };
        let taken = width(field);
        if taken > room && self.cut != Cut::Never {
            let cut = shorten(field, room, self.cut);
            return Self { cut: Cut::Never, to_column: false, width: room, ..self }
                .append(out, cut.as_bytes());
        }
        if self.align == Align::RightStealing {
            while taken > room && out.last() == Some(&b' ') {
                out.pop();
                room += 1;
            }
        }
        let spaces = room.saturating_sub(taken);
        let before = match self.align {
            Align::Left => 0,
            Align::Right | Align::RightStealing => spaces,
            Align::Center => spaces / 2,
        };
        out.resize(out.len() + before, b' ');
        out.extend_from_slice(field);
        out.resize(out.len() + spaces - before, b' ');
    }
}

/// The text in `room` columns, two dots for what was cut.
fn shorten(text: &[u8], room: usize, cut: Cut) -> String {
    let text = text.to_str_lossy();
    let kept = room.saturating_sub(2);
    let (head, tail) = match cut {
        Cut::Never | Cut::End => (kept, 0),
        Cut::Start => (0, kept),
        Cut::Middle => (kept / 2, kept - kept / 2),
    };
    let take = |columns: usize, characters: &mut dyn Iterator<Item = char>| {
        let mut left = columns;
        let fits = |c: &char| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        };
        characters.take_while(fits).collect::<String>()
    };
    let head = take(head, &mut text.chars());
    let tail: String = take(tail, &mut text.chars().rev()).chars().rev().collect();
    format!("{head}..{tail}")
}

impl Wrap {
    /// The text in this form.
    pub(super) fn apply(self, text: &[u8]) -> Vec<u8> {
        if self.width == 0 {
            return self.indent(text);
        }
        let mut out = vec![b' '; self.first];
        let mut column = self.first;
        let mut line_empty = true;
        let mut lines = text.split(|byte| *byte == b'\n').peekable();
        let start_line = |out: &mut Vec<u8>, column: &mut usize| {
            out.push(b'\n');
            out.resize(out.len() + self.others, b' ');
            *column = self.others;
        };
        let mut after_newline = false;
        while let Some(line) = lines.next() {
            // As in git, one blank that begins a line which is not joined is left out.
            let line = match line.split_first() {
                Some((b' ' | b'\t', rest)) if after_newline => rest,
                _ => line,
            };
            after_newline = false;
            for word in line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
                let length = width(word);
                if !line_empty && column + 1 + length > self.width {
                    start_line(&mut out, &mut column);
                } else if !line_empty {
                    out.push(b' ');
                    column += 1;
                }
                out.extend_from_slice(word);
                column += length;
                line_empty = false;
            }
            // A line that goes on with a word is joined; anything else, a list or an empty line, begins anew.
            let Some(next) = lines.peek() else { break };
            if !next.first().is_some_and(u8::is_ascii_alphanumeric) {
                after_newline = !next.is_empty();
                if next.is_empty() && lines.clone().nth(1).is_some() {
                    out.push(b'\n');
                    lines.next();
                    if lines.peek().is_none() {
                        break;
                    }
                }
                start_line(&mut out, &mut column);
                line_empty = true;
            }
        }
        // Indentation of a line that nothing followed on.
        while out.ends_with(b" ") && line_empty {
            out.pop();
        }
        out
    }

    fn indent(self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let indent = if at == 0 { self.first } else { self.others };
            out.resize(out.len() + indent, b' ');
            out.extend_from_slice(line);
        }
        out
    }
}
