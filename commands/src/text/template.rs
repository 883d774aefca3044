//! Templates: texts in which `%` begins something.

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<P> {
    /// Text as it is.
    Text(Vec<u8>),
    /// Something that is filled in.
    Piece(P),
}

/// What a `%` begins, and the text behind it.
pub(crate) enum Percent<'t, P> {
    /// A byte.
    Byte(u8, &'t str),
    /// Something that is filled in.
    Piece(P, &'t str),
}

/// Takes a template apart. `read` gets the text behind each `%`; if that begins nothing, the `%` is text.
///
/// # Errors
/// Those of `read`.
pub(crate) fn parts<'t, P, E>(
    text: &'t str,
    mut read: impl FnMut(&'t str) -> Result<Option<Percent<'t, P>>, E>,
) -> Result<Vec<Part<P>>, E> {
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some(percent) = rest.find('%') {
        literal.extend_from_slice(&rest.as_bytes()[..percent]);
        rest = &rest[percent + 1..];
        match read(rest)? {
            None => literal.push(b'%'),
            Some(Percent::Byte(byte, after)) => {
                literal.push(byte);
                rest = after;
            }
            Some(Percent::Piece(piece, after)) => {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(Part::Piece(piece));
                rest = after;
            }
        }
    }
    literal.extend_from_slice(rest.as_bytes());
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn what_begins_nothing_is_text() {
        let read = |rest: &'static str| -> Result<_, Infallible> {
            Ok(match rest.as_bytes().first() {
                Some(b'%') => Some(Percent::Byte(b'%', &rest[1..])),
                Some(b'a') => Some(Percent::Piece('a', &rest[1..])),
                _ => None,
            })
        };
        let text = |text: &str| Part::Text(text.into());
        let Ok(found) = parts("x%%%ay%z%", read);
        assert_eq!(found, [text("x%"), Part::Piece('a'), text("y%z%")]);
        assert_eq!(parts("", read), Ok(Vec::new()));
    }
}
