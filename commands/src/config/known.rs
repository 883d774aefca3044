//! Every configuration key that pond knows: one line each. A new key is a new line here and nothing else.

use std::borrow::Cow;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Text,
    Bool,
    Integer,
    /// A host path; `~/` is the home directory.
    Path,
    /// One such path, or a list of them: what `config --add` adds to.
    Paths,
    OneOf(&'static [&'static str]),
}

impl KeyType {
    /// The type in words, as messages and `config --known` name it.
    pub(crate) fn expected(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Text => "text",
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Path => "a path",
            Self::Paths => "a path or a list of paths",
            Self::OneOf(words) => return Cow::Owned(words.join(", ")),
        })
    }
}

/// One known key. `*` in a name stands for any text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) kind: KeyType,
    pub(crate) default: Option<&'static str>,
    pub(crate) doc: &'static str,
}

const fn key(name: &'static str, kind: KeyType, default: Option<&'static str>, doc: &'static str) -> Known {
    Known { name, kind, default, doc }
}

/// The words of `color.ui`, and of `--color`.
pub(crate) const COLOR_WORDS: &[&str] = &["auto", "always", "never"];

/// The table of keys, sorted by name.
pub(crate) const KNOWN: &[Known] = &[
    key(
        "add.threads",
        KeyType::Integer,
        Some("0"),
        "threads that hash and compress; 0: one for each processor",
    ),
    key(
        "alias.*",
        KeyType::Text,
        None,
        "a command of your own: `st = \"status -s\"`, or a shell command after `!`",
    ),
    key("color.ui", KeyType::OneOf(COLOR_WORDS), Some("auto"), "when to colour output"),
    key("core.editor", KeyType::Text, None, "the editor for messages"),
    key(
        "core.excludesFile",
        KeyType::Path,
        None,
        "ignore patterns for all your ponds; default: ignore beside the user's config.toml",
    ),
    key("core.pager", KeyType::Text, None, "the pager for long output; `cat` or nothing for none"),
    key("diff.renames", KeyType::Bool, Some("true"), "look for renames in diff, status and log"),
    key("init.defaultBranch", KeyType::Text, Some("main"), "the branch that `pond init` starts"),
    key(
        "log.date",
        KeyType::Text,
        Some("default"),
        "how log and show print dates: default, iso, iso-strict, relative, short, unix, raw, rfc",
    ),
    key(
        "maintenance.auto",
        KeyType::Bool,
        Some("true"),
        "commands merge small packs, write checkpoints and delete what was replaced when they have ended",
    ),
    key(
        "maintenance.autoDetach",
        KeyType::Bool,
        Some("true"),
        "what takes long of that is done by a process in the background",
    ),
    key(
        "pond.format",
        KeyType::Integer,
        None,
        "the format of the pond on disk; written by `pond init`, changed by nothing else",
    ),
    key(
        "safe.directory",
        KeyType::Paths,
        None,
        "mirrors of other users' ponds that may be written to: a path, `path/*` or `*`; never from a pond's own file",
    ),
    key("user.email", KeyType::Text, None, "your address, in commits"),
    key("user.name", KeyType::Text, None, "your name, in commits"),
];

/// The known key that `name` is, or that covers it.
pub(crate) fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| match known.name.split_once('*') {
        None => known.name.eq_ignore_ascii_case(name),
        Some((head, tail)) => {
            name.len() > head.len() + tail.len()
                && name.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
                && name.get(name.len() - tail.len()..).is_some_and(|end| end.eq_ignore_ascii_case(tail))
        }
    })
}

/// The known key that was probably meant.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    let names = KNOWN.iter().map(|known| known.name).filter(|known| !known.contains('*'));
    crate::text::suggest::similar(name, names).into_iter().next()
}
