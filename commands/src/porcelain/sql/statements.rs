//! Where statements end.

/// A statement in a text of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// It, without the semicolon and without spaces and comments in front.
    pub(super) text: &'a str,
    /// Whether a semicolon ends it.
    pub(super) is_ended: bool,
}

/// The statements of a text, in order. Semicolons in quotes and comments end none; what is empty is left out.
pub(super) fn split(text: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (mut end, mut begin, mut is_ended) = (rest.len(), None, false);
        let mut at = 0;
        while at < rest.len() {
            let token = Token::first(&rest[at..]);
            if token.kind == Kind::Semicolon {
                (end, is_ended) = (at, true);
                break;
            }
            if token.kind == Kind::Text && begin.is_none() {
                begin = Some(at);
            }
            at += token.length;
        }
        if let Some(begin) = begin {
            found.push(Statement { text: rest[begin..end].trim_end(), is_ended });
        }
        rest = rest.get(end + usize::from(is_ended)..).unwrap_or_default();
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Comment,
    Semicolon,
    /// A quoted text or any other character.
    Text,
}

struct Token {
    kind: Kind,
    length: usize,
}

impl Token {
    fn first(text: &str) -> Self {
        let first = text.chars().next().unwrap_or_default();
        let rest = &text[first.len_utf8()..];
        let until = |end: &str, from: usize| {
            text[from..].find(end).map_or(text.len(), |found| from + found + end.len())
        };
        let (kind, length) = match first {
            ';' => (Kind::Semicolon, 1),
            // A doubled quote in it ends it and begins another at once: the same text.
            '\'' | '"' | '`' => (Kind::Text, until(first.encode_utf8(&mut [0; 4]), 1)),
            '-' if rest.starts_with('-') => (Kind::Comment, until("\n", 2)),
            '/' if rest.starts_with('*') => (Kind::Comment, until("*/", 2)),
            c if c.is_whitespace() => (Kind::Space, c.len_utf8()),
            c => (Kind::Text, c.len_utf8()),
        };
        Self { kind, length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(&str, bool)> {
        split(text).into_iter().map(|statement| (statement.text, statement.is_ended)).collect()
    }

    #[test]
    fn semicolons_end_statements() {
        assert_eq!(texts("SELECT 1; SELECT 2 ;\n"), [("SELECT 1", true), ("SELECT 2", true)]);
        assert_eq!(texts("SELECT 1"), [("SELECT 1", false)]);
        assert_eq!(texts(" ;; \n"), []);
        assert_eq!(texts(""), []);
    }

    #[test]
    fn quotes_and_comments_hide_them() {
        let text = "-- one; two\nSELECT 'a;''b', \"c;d\" /* ; */ FROM x; -- the end;";
        assert_eq!(texts(text), [("SELECT 'a;''b', \"c;d\" /* ; */ FROM x", true)]);
        assert_eq!(texts("SELECT ';"), [("SELECT ';", false)]);
        assert_eq!(texts("SELECT 1 /* ;"), [("SELECT 1 /* ;", false)]);
        assert_eq!(texts("SELECT 'é;'; ü"), [("SELECT 'é;'", true), ("ü", false)]);
    }
}
