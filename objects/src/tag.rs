//! Annotated tags: an object with a name, who gave it and when, and a message.
//!
//! The canonical text is git's, as that of commits is.

use std::fmt::Write as _;

use bstr::{BString, ByteSlice};

use crate::headers::{Headers, TextError, with_message};
use crate::id::ObjectId;
use crate::signature::Signature;

const CONTEXT: &str = "pond v1 tag";

/// What a tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tagged {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A file's content.
    Blob,
    /// Another tag.
    Tag,
}

impl Tagged {
    const ALL: [Self; 4] = [Self::Commit, Self::Tree, Self::Blob, Self::Tag];

    /// The word in the text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }
}

/// One annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// What it names.
    pub object: ObjectId,
    /// What that is.
    pub kind: Tagged,
    /// The tag's short name.
    pub name: String,
    /// Who made it, and when.
    pub tagger: Signature,
    /// Headers of other versions: name and value.
    pub extra: Vec<(String, BString)>,
    /// The message.
    pub message: BString,
}

impl Tag {
    /// The tag's id: BLAKE3 `derive_key` over the text.
    pub fn id(&self) -> ObjectId {
        Self::id_of(&self.encode())
    }

    /// The id of a text.
    pub fn id_of(text: &[u8]) -> ObjectId {
        ObjectId::derived(CONTEXT, text)
    }

    /// The canonical text.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{name} {value}").expect("BUG: writing to memory does not fail");
        };
        line("object", &self.object);
        line("type", &self.kind.name());
        line("tag", &self.name);
        line("tagger", &self.tagger);
        with_message(text, &self.extra, &self.message)
    }

    /// The tag in a text.
    ///
    /// # Errors
    /// Any text that [`Tag::encode`] would not give back byte for byte.
    pub fn decode(text: &[u8]) -> Result<Self, TextError> {
        let bad = |name: &str| TextError::Header(name.into());
        let mut headers = Headers::new(text);
        let object = headers.id("object")?.ok_or_else(|| bad("object"))?;
        let word = headers.take("type")?.ok_or_else(|| bad("type"))?;
        let kind = Tagged::ALL.into_iter().find(|kind| kind.name().as_bytes() == word);
        let kind = kind.ok_or_else(|| bad("type"))?;
        let name =
            headers.take("tag")?.and_then(|name| name.to_str().ok()).ok_or_else(|| bad("tag"))?.to_owned();
        let tagger = headers.signature("tagger")?;
        let extra = headers.extra(&["object", "type", "tag", "tagger"])?;
        let tag = Self { object, kind, name, tagger, extra, message: headers.message().into() };
        if tag.encode() == text { Ok(tag) } else { Err(bad("not in canonical form")) }
    }

    /// The first line of the message.
    pub fn subject(&self) -> &[u8] {
        self.message.lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Timestamp;
    use proptest::prelude::*;

    fn sample() -> Tag {
        let when = Timestamp { seconds: 1_777_000_000, offset_minutes: -90 };
        Tag {
            object: ObjectId::of_content(b"commit"),
            kind: Tagged::Commit,
            name: "v1".into(),
            tagger: Signature { name: "Ada".into(), email: "ada@example.org".into(), when },
            extra: vec![],
            message: "First season\n".into(),
        }
    }

    #[test]
    fn the_text_and_its_id_are_pinned() {
        let text = format!(
            "object {}\ntype commit\ntag v1\ntagger Ada <ada@example.org> 1777000000 -0130\n\nFirst season\n",
            ObjectId::of_content(b"commit")
        );
        assert_eq!(sample().encode().as_bstr(), text.as_bytes().as_bstr());
        assert_eq!(sample().id().to_hex(), PINNED);
        assert_eq!(sample().subject(), b"First season");
    }

    const PINNED: &str = "a7684509d17c573097c3fe2d9259b644f05abe6a2040e41701664f38e15e5bfb";

    #[test]
    fn every_other_text_is_refused() {
        let text = String::from_utf8(sample().encode()).expect("a text");
        for (from, to) in [
            ("type commit", "type op"),
            ("type commit\n", ""),
            ("tagger Ada", "tagger  <"),
            ("tag v1\n", "tag v1\ntag v1\n"),
            ("-0130", "-0190"),
            ("object ", "Object "),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Tag::decode(changed.as_bytes()).is_err(), "{changed}");
        }
    }

    proptest! {
        #[test]
        fn decode_of_encode_is_identity(
            kind in prop::sample::select(Tagged::ALL.to_vec()),
            name in "[^\n]{1,20}",
            message in prop::collection::vec(any::<u8>(), 0..80),
            extra in prop::collection::vec(("x-[a-z]{1,8}", "[^\n]{0,20}"), 0..3),
        ) {
            let extra = extra.into_iter().map(|(k, v)| (k, v.into())).collect();
            let tag = Tag { kind, name, extra, message: message.into(), ..sample() };
            prop_assert_eq!(Tag::decode(&tag.encode()), Ok(tag));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Tag::decode(&bytes);
        }
    }
}
