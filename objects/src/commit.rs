//! Commits: a tree with its parents, who made it and when, and a message.
//!
//! The canonical text is git's: header lines, an empty line, the message. Headers that this version does not know are
//! kept in order, and hashed.

use std::fmt::Write as _;

use bstr::{BString, ByteSlice};

use crate::headers::{Headers, TextError, with_message};
use crate::id::ObjectId;
use crate::signature::Signature;

const CONTEXT: &str = "pond v1 commit";

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The directory version.
    pub tree: ObjectId,
    /// The commits it follows: none for the first, two and more for a merge.
    pub parents: Vec<ObjectId>,
    /// Who made the change, and when.
    pub author: Signature,
    /// Who made the commit, and when.
    pub committer: Signature,
    /// The table of node ids that can't be derived, where there are any.
    pub nodes: Option<ObjectId>,
    /// Headers of other versions: name and value.
    pub extra: Vec<(String, BString)>,
    /// The message, trailers at its end.
    pub message: BString,
}

/// What a walk through history needs to know of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// When it was committed: seconds since 1970.
    pub seconds: i64,
    /// The commits it follows.
    pub parents: Vec<ObjectId>,
}

impl Commit {
    /// The commit's id: BLAKE3 `derive_key` over the text.
    pub fn id(&self) -> ObjectId {
        ObjectId::derived(CONTEXT, &self.encode())
    }

    /// The id of a text.
    pub fn id_of(text: &[u8]) -> ObjectId {
        ObjectId::derived(CONTEXT, text)
    }

    /// Its place in history.
    pub fn link(&self) -> Link {
        Link { seconds: self.committer.when.seconds, parents: self.parents.clone() }
    }

    /// The canonical text.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{name} {value}").expect("BUG: writing to memory does not fail");
        };
        line("tree", &self.tree);
        self.parents.iter().for_each(|parent| line("parent", parent));
        line("author", &self.author);
        line("committer", &self.committer);
        if let Some(nodes) = &self.nodes {
            line("nodes", nodes);
        }
        with_message(text, &self.extra, &self.message)
    }

    /// The commit in a text.
    ///
    /// # Errors
    /// Any text that [`Commit::encode`] would not give back byte for byte.
    pub fn decode(text: &[u8]) -> Result<Self, TextError> {
        let mut headers = Headers::new(text);
        let tree = headers.id("tree")?.ok_or_else(|| TextError::Header("tree".into()))?;
        let mut parents = Vec::new();
        while let Some(parent) = headers.id("parent")? {
            parents.push(parent);
        }
        let author = headers.signature("author")?;
        let committer = headers.signature("committer")?;
        let nodes = headers.id("nodes")?;
        let extra = headers.extra(&["tree", "parent", "author", "committer", "nodes"])?;
        let message = headers.message().into();
        let commit = Self { tree, parents, author, committer, nodes, extra, message };
        if commit.encode() != text {
            return Err(TextError::Header("not in canonical form".into()));
        }
        Ok(commit)
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

    fn sample() -> Commit {
        let when = Timestamp { seconds: 1_777_000_000, offset_minutes: 120 };
        let person = Signature { name: "Ada".into(), email: "ada@example.org".into(), when };
        Commit {
            tree: ObjectId::of_content(b"tree"),
            parents: vec![ObjectId::of_content(b"parent")],
            author: person.clone(),
            committer: person,
            nodes: None,
            extra: vec![],
            message: "Add readings\n\nStation: 7\n".into(),
        }
    }

    #[test]
    fn the_id_is_pinned() {
        assert_eq!(sample().id().to_hex(), PINNED);
    }

    const PINNED: &str = "2ad8254e34067f0aa599fcfc8ddb6184cbe5a501f66292dde661f6a0891e226c";

    proptest! {
        #[test]
        fn decode_of_encode_is_identity(
            parents in prop::collection::vec(any::<[u8; 32]>(), 0..4),
            nodes in prop::option::of(any::<[u8; 32]>()),
            seconds in any::<i64>(),
            offset in -1439i16..1440,
            name in "[^<>\n\0]{0,20}",
            message in prop::collection::vec(any::<u8>(), 0..80),
            extra in prop::collection::vec(("x-[a-z]{1,8}", "[^\n]{0,20}"), 0..3),
        ) {
            let mut commit = sample();
            commit.parents = parents.into_iter().map(ObjectId::from_bytes).collect();
            commit.nodes = nodes.map(ObjectId::from_bytes);
            commit.author = Signature { name, email: "a@b".into(), when: Timestamp { seconds, offset_minutes: offset } };
            commit.extra = extra.into_iter().map(|(k, v)| (k, v.into())).collect();
            commit.message = message.into();
            prop_assert_eq!(Commit::decode(&commit.encode()), Ok(commit));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Commit::decode(&bytes);
        }
    }
}
