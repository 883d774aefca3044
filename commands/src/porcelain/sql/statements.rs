//! Where statements end.

/// A statement in a text of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// It, without the semicolon and without spaces and comments in front.
    pub(super) text: &'a str,
    /// The byte of the whole text where it begins.
    pub(super) begin: usize,
}

/// The statements of a text, in order. Semicolons in quotes and comments end none; what is empty is left out.
pub(super) fn split(text: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let before = text.len() - rest.len();
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
            found.push(Statement { text: rest[begin..end].trim_end(), begin: before + begin });
        }
        rest = rest.get(end + usize::from(is_ended)..).unwrap_or_default();
    }
    found
}

/// Whether a text may name a file of the index: a name in quotes that begins with a colon.
pub(super) fn may_read_index(text: &str) -> bool {
    ["':", "\":"].iter().any(|name| text.contains(name))
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

    fn texts(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn semicolons_end_statements() {
        assert_eq!(texts("SELECT 1; SELECT 2 ;\n"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(texts("SELECT 1"), ["SELECT 1"]);
        assert_eq!(texts(" ;; \n"), [""; 0]);
        assert_eq!(texts(""), [""; 0]);
    }

    #[test]
    fn each_begins_where_its_text_does() {
        let text = "SELECT 1;\n -- two\n SELECT 2";
        assert!(split(text).iter().all(|statement| text[statement.begin..].starts_with(statement.text)));
        assert_eq!(split(text)[1].begin, text.len() - "SELECT 2".len());
    }

    #[test]
    fn quotes_and_comments_hide_them() {
        let text = "-- one; two\nSELECT 'a;''b', \"c;d\" /* ; */ FROM x; -- the end;";
        assert_eq!(texts(text), ["SELECT 'a;''b', \"c;d\" /* ; */ FROM x"]);
        assert_eq!(texts("SELECT ';"), ["SELECT ';"]);
        assert_eq!(texts("SELECT 1 /* ;"), ["SELECT 1 /* ;"]);
        assert_eq!(texts("SELECT 'é;'; ü"), ["SELECT 'é;'", "ü"]);
    }
}
