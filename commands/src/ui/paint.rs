//! How text that a command prints is dressed: colours, and what a terminal would obey made visible.
//!
//! Renderers that write to any `Write` (diffs, `log`) get a [`Paint`] instead of asking what stdout is.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::Style;
use pond_objects::escape;

use super::color::Role;

/// What a renderer may write besides the text itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Paint {
    /// Colour codes.
    pub(crate) color: bool,
    /// Control characters of names, messages and contents are escaped: wanted wherever a person reads on a terminal,
    /// never where a program reads, which needs the bytes.
    pub(crate) escape: bool,
}

impl Paint {
    /// The style of a role; none without colours.
    pub(crate) fn style(self, role: Role) -> Style {
        if self.color { role.style() } else { Style::new() }
    }

    /// Text from a pond, fit for the reader: newlines and tabs stay.
    pub(crate) fn safe(self, text: &[u8]) -> Cow<'_, [u8]> {
        let harmless = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
        if !self.escape || text.iter().all(harmless) {
            return Cow::Borrowed(text);
        }
        let mut safe = Vec::with_capacity(text.len() + 16);
        for piece in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\t')) {
            let (piece, end) = match piece.split_last() {
                Some((b'\n' | b'\t', rest)) => piece.split_at(rest.len()),
                _ => (piece, &b""[..]),
            };
            safe.extend_from_slice(escape::prose(piece).as_bytes());
            safe.extend_from_slice(end);
        }
        Cow::Owned(safe)
    }

    /// Writes text of pond's own in a role's colours.
    pub(crate) fn write(self, out: &mut dyn Write, role: Role, text: &[u8]) -> io::Result<()> {
        self.write_styled(out, self.style(role), text)
    }

    /// Writes text in a style, codes only where there is something to dress.
    pub(crate) fn write_styled(self, out: &mut dyn Write, style: Style, text: &[u8]) -> io::Result<()> {
        if style == Style::new() || text.is_empty() {
            return out.write_all(text);
        }
        write!(out, "{}", style.render())?;
        out.write_all(text)?;
        write!(out, "{}", style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_control_characters() {
        let paint = Paint { color: false, escape: true };
        assert_eq!(paint.safe(b"a\tb\x1b[2J\xff\n").as_ref(), b"a\tb\\033[2J\\377\n");
        assert_eq!(Paint::default().safe(b"\x1b").as_ref(), b"\x1b");
    }

    #[test]
    fn codes_stand_around_text_only() {
        let paint = Paint { color: true, escape: true };
        let mut out = Vec::new();
        paint.write(&mut out, Role::Added, b"").expect("memory");
        assert!(out.is_empty());
        paint.write(&mut out, Role::Added, b"x").expect("memory");
        assert_eq!(out, b"\x1b[32mx\x1b[0m");
    }
}
