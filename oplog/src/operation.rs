//! Operations: what changed the pond, when, by whom, and which view of the refs it left.
//!
//! # The text
//!
//! An operation is stored as UTF-8 text, and its id is `derive_key("pond v1 operation", text)`. The text has
//! one line per header, each `NAME`, a space, the value, a line feed; nothing follows the last one. First
//! come these, in this order:
//!
//! | header | value |
//! |---|---|
//! | `pond-operation` | `1` |
//! | `seq` | the operation's number in decimal; each is one more than its parent's |
//! | `parent` | the id of the operation before; the line is absent in the first operation |
//! | `view` | the id of the view that it left |
//! | `time` | when it was made: `2026-05-01T12:00:00.123456Z` |
//! | `kind` | what it is: an upper-case letter, then upper-case letters, digits and `_` |
//! | `user` | who made it: the login |
//! | `host` | where |
//! | `command` | the command line |
//!
//! and then any further headers, whose names are a lower-case letter, then lower-case letters, digits and
//! `-`; readers keep those they do not know, in their order. In values `\` is written `\\`, and a control
//! character `\u{HEX}` with lower-case digits and no leading zeros; a value may be empty, the space before it
//! stays. Each operation has exactly one text: a reader refuses any other.

use pond_durable::line;
use std::fmt::Write as _;

use pond_objects::ObjectId;

const CONTEXT: &str = "pond v1 operation";
const KNOWN: [&str; 9] =
    ["pond-operation", "seq", "parent", "view", "time", "kind", "user", "host", "command"];
/// A text that is larger is refused unread: command lines are below the system's limit of 2 MiB.
const TEXT_LIMIT: usize = 16 << 20;

/// One operation. `id` is over all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its number, not negative.
    pub seq: i64,
    /// The operation before it; none for the first.
    pub parent: Option<ObjectId>,
    /// The view that it left.
    pub view: ObjectId,
    /// When: microseconds since 1970, UTC.
    pub time: i64,
    /// What it is, in the words of commitInfo: `INIT`, `COMMIT`, `BRANCH` ...
    pub kind: String,
    /// The login that made it.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The command line.
    pub command: String,
    /// Further headers, in their order.
    pub extra: Vec<(String, String)>,
}

/// Why a text is no operation, or an operation has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Not UTF-8, or larger than any operation.
    #[error("an operation is UTF-8 text of at most 16 MiB")]
    NotText,
    /// Another version of the format.
    #[error("an operation of format '{0}', this program reads format 1")]
    Format(String),
    /// A header is missing, or stands out of order.
    #[error("an operation has the header '{0}' at this place")]
    Expected(&'static str),
    /// A header's value does not follow the format.
    #[error("an operation's header '{0}' has a value that it cannot have")]
    Value(String),
    /// A further header has a name that it cannot have.
    #[error("an operation's header cannot be named '{0}'")]
    Name(String),
    /// The last line is cut short.
    #[error("an operation ends with a line feed")]
    Truncated,
}

impl Operation {
    /// The operation's text.
    pub fn encode(&self) -> Result<String, OperationError> {
        let value = |name: &str| OperationError::Value(name.to_owned());
        if self.seq < 0 {
            return Err(value("seq"));
        }
        if !is_name(&self.kind, u8::is_ascii_uppercase, b'_') {
            return Err(value("kind"));
        }
        let time = line::time_text(self.time).ok_or_else(|| value("time"))?;
        let mut text = format!("pond-operation 1\nseq {}\n", self.seq);
        let mut header = |name: &str, value: &str| {
            let _ = writeln!(text, "{name} {value}");
        };
        if let Some(parent) = self.parent {
            header("parent", &parent.to_hex());
        }
        header("view", &self.view.to_hex());
        header("time", &time);
        header("kind", &self.kind);
        header("user", &line::escape(&self.user));
        header("host", &line::escape(&self.host));
        header("command", &line::escape(&self.command));
        for (name, value) in &self.extra {
            if !is_name(name, u8::is_ascii_lowercase, b'-') || KNOWN.contains(&name.as_str()) {
                return Err(OperationError::Name(name.clone()));
            }
            header(name, &line::escape(value));
        }
        Ok(text)
    }

    /// The operation of a text.
    pub fn decode(text: &[u8]) -> Result<Self, OperationError> {
        if text.len() > TEXT_LIMIT {
            return Err(OperationError::NotText);
        }
        let text = std::str::from_utf8(text).map_err(|_| OperationError::NotText)?;
        let body = text.strip_suffix('\n').ok_or(OperationError::Truncated)?;
        let mut lines = body.split('\n').peekable();
        let mut next = |name: &'static str| {
            let value = lines.peek().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
            lines.next_if(|_| value.is_some()).and(value).ok_or(OperationError::Expected(name))
        };
        let bad = |name: &str| OperationError::Value(name.to_owned());
        let id = |name, value: &str| canonical_id(value).ok_or_else(|| bad(name));
        let plain = |name, value: &str| line::unescape(value).ok_or_else(|| bad(name));

        match next("pond-operation")? {
            "1" => {}
            other => return Err(OperationError::Format(line::escape(other))),
        }
        let seq = next("seq")?;
        let seq =
            seq.parse().ok().filter(|n: &i64| *n >= 0 && n.to_string() == seq).ok_or_else(|| bad("seq"))?;
        let parent = next("parent").ok().map(|value| id("parent", value)).transpose()?;
        let view = id("view", next("view")?)?;
        let time = line::parse_time(next("time")?).ok_or_else(|| bad("time"))?;
        let kind = next("kind")?.to_owned();
        let user = plain("user", next("user")?)?;
        let host = plain("host", next("host")?)?;
        let command = plain("command", next("command")?)?;
        let mut extra = Vec::new();
        for line in lines {
            let (name, value) =
                line.split_once(' ').ok_or_else(|| OperationError::Name(line::escape(line)))?;
            extra.push((name.to_owned(), plain(name, value)?));
        }
        let operation = Self { seq, parent, view, time, kind, user, host, command, extra };
        // Also refuses names that the encoding refuses.
        let canonical = operation.encode()?;
        debug_assert_eq!(canonical, text, "each value above has one text");
        Ok(operation)
    }

    /// The value of a further header.
    pub fn note(&self, name: &str) -> Option<&str> {
        self.extra.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The id of the operation with this text.
    pub fn id_of(text: impl AsRef<[u8]>) -> ObjectId {
        ObjectId::derived(CONTEXT, text.as_ref())
    }
}

/// An id in lower-case digits, the only form that the formats of this crate know.
pub fn canonical_id(text: &str) -> Option<ObjectId> {
    text.parse().ok().filter(|id: &ObjectId| id.to_hex() == text)
}

fn is_name(name: &str, letter: fn(&u8) -> bool, other: u8) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| letter(&first))
        && bytes.all(|byte| letter(&byte) || byte.is_ascii_digit() || byte == other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn example() -> Operation {
        Operation {
            seq: 12,
            parent: Some(ObjectId::of_content(b"parent")),
            view: ObjectId::of_content(b"view"),
            time: 1_777_636_800_123_456,
            kind: "COMMIT".to_owned(),
            user: "ada".to_owned(),
            host: "board".to_owned(),
            command: "pond commit -m 'two\nlines'".to_owned(),
            extra: vec![("via".to_owned(), String::new())],
        }
    }

    const TEXT: &str = "pond-operation 1\nseq 12\n\
        parent PARENT\n\
        view VIEW\n\
        time 2026-05-01T12:00:00.123456Z\nkind COMMIT\nuser ada\nhost board\n\
        command pond commit -m 'two\\u{a}lines'\nvia \n";

    #[test]
    fn the_text_and_its_id_are_pinned() {
        let text = example().encode().expect("an operation");
        let expected = TEXT
            .replace("PARENT", &ObjectId::of_content(b"parent").to_hex())
            .replace("VIEW", &ObjectId::of_content(b"view").to_hex());
        assert_eq!(text, expected);
        assert_eq!(
            Operation::id_of(&text).to_hex(),
            "142177679d323b7ef9a9c6ddcf1c971b8071faa7e31cce90dcd4669d32db431f"
        );
    }

    #[test]
    fn every_other_text_is_refused() {
        let text = example().encode().expect("an operation");
        assert!(Operation::decode(text.as_bytes()).is_ok());
        for end in 0..text.len() {
            // Without its last header it is a whole operation again.
            let whole = text[..end].ends_with("lines'\n");
            assert_eq!(Operation::decode(&text.as_bytes()[..end]).is_ok(), whole, "cut at {end}");
        }
        for (from, to) in [
            ("seq 12", "seq 012"),
            ("seq 12", "seq -1"),
            ("seq 12", "seq 99999999999999999999"),
            ("operation 1", "operation 2"),
            ("kind COMMIT", "kind commit"),
            ("kind COMMIT", "kind "),
            ("via ", "via"),
            ("via ", "Via "),
            ("via ", "seq 1"),
            ("via ", " "),
            ("via ", ""),
            ("user ada\n", ""),
            ("user ada\nhost board\n", "host board\nuser ada\n"),
            ("two\\u{a}", "two\\n"),
            ("ada", "a\u{7}a"),
            ("00.123456Z", "00Z"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            assert!(Operation::decode(changed.as_bytes()).is_err(), "{to:?} for {from:?}");
        }
        let view = ObjectId::of_content(b"view").to_hex();
        assert!(Operation::decode(text.replace(&view, &view.to_uppercase()).as_bytes()).is_err());
        assert_eq!(Operation::decode(b"\xff\n"), Err(OperationError::NotText));
    }

    proptest! {
        #[test]
        fn operations_come_back(
            seq in 0..i64::MAX,
            parent in proptest::option::of(any::<[u8; 32]>()),
            view in any::<[u8; 32]>(),
            time in 0..253_402_300_800_000_000i64,
            kind in "[A-Z][A-Z0-9_]{0,8}",
            (user, host, command) in any::<(String, String, String)>(),
            extra in proptest::collection::vec(("x-[a-z0-9-]{0,5}", any::<String>()), 0..3),
        ) {
            let (parent, view) = (parent.map(ObjectId::from_bytes), ObjectId::from_bytes(view));
            let operation = Operation { seq, parent, view, time, kind, user, host, command, extra };
            let text = operation.encode().expect("it has a text");
            prop_assert_eq!(Operation::decode(text.as_bytes()), Ok(operation));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Operation::decode(&bytes);
        }
    }
}
