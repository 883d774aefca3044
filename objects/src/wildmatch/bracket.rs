//! Bracket expressions: `[a-z]`, `[!x]`, `[[:digit:]_]`.

use super::Malformed;

/// The bytes that the bracket expression matches which `text` begins with, and how long it is.
///
/// With `icase` ASCII letters count in either case.
pub(super) fn read(text: &[u8], icase: bool) -> Result<(ByteSet, usize), Malformed> {
    let byte_at = |at: usize| text.get(at).copied().ok_or(Malformed::Bracket);
    let negated = matches!(text.get(1), Some(b'!' | b'^'));
    let first = if negated { 2 } else { 1 };
    let mut set = ByteSet::default();
    let mut at = first;
    // What a '-' would make the beginning of a range.
    let mut low = None;
    // A bracket right at the beginning closes nothing.
    while at == first || byte_at(at)? != b']' {
        match byte_at(at)? {
            b'\\' => {
                at += 1;
                let escaped = byte_at(at)?;
                set.insert(escaped);
                low = Some(escaped);
            }
            b'-' if low.is_some() && !matches!(text.get(at + 1), None | Some(b']')) => {
                at += if text[at + 1] == b'\\' { 2 } else { 1 };
                let high = byte_at(at)?;
                // A range the wrong way round holds nothing but its beginning.
                (low.take().unwrap_or(high)..=high).for_each(|byte| set.insert(byte));
            }
            b'[' if text.get(at + 1) == Some(&b':') => {
                let name = at + 2;
                let end =
                    name + text[name..].iter().position(|byte| *byte == b']').ok_or(Malformed::Bracket)?;
                match text[name..end].strip_suffix(b":") {
                    Some(class) => {
                        set.insert_class(class, icase)?;
                        at = end;
                        low = None;
                    }
                    None => {
                        set.insert(b'[');
                        low = Some(b'[');
                    }
                }
            }
            byte => {
                set.insert(byte);
                low = Some(byte);
            }
        }
        at += 1;
    }
    if icase {
        set.fold_case();
    }
    if negated {
        set.invert();
    }
    Ok((set, at + 1))
}

/// A set of bytes, a bit for each.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    pub(super) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(super) fn remove(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] &= !(1 << (byte & 63));
    }

    fn invert(&mut self) {
        self.0.iter_mut().for_each(|bits| *bits = !*bits);
    }

    fn fold_case(&mut self) {
        for lower in b'a'..=b'z' {
            let upper = lower.to_ascii_uppercase();
            if self.contains(lower) || self.contains(upper) {
                self.insert(lower);
                self.insert(upper);
            }
        }
    }

    fn insert_class(&mut self, name: &[u8], icase: bool) -> Result<(), Malformed> {
        let is_in: fn(&u8) -> bool = match name {
            b"alnum" => u8::is_ascii_alphanumeric,
            b"alpha" => u8::is_ascii_alphabetic,
            b"blank" => |byte| matches!(byte, b' ' | b'\t'),
            b"cntrl" => u8::is_ascii_control,
            b"digit" => u8::is_ascii_digit,
            b"graph" => u8::is_ascii_graphic,
            b"lower" | b"upper" if icase => u8::is_ascii_alphabetic,
            b"lower" => u8::is_ascii_lowercase,
            b"print" => |byte| matches!(byte, b' '..=b'~'),
            b"punct" => u8::is_ascii_punctuation,
            // Git counts neither the form feed nor the vertical tab.
            b"space" => |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
            b"upper" => u8::is_ascii_uppercase,
            b"xdigit" => u8::is_ascii_hexdigit,
            _ => return Err(Malformed::Class),
        };
        (0..=u8::MAX).filter(is_in).for_each(|byte| self.insert(byte));
        Ok(())
    }
}
