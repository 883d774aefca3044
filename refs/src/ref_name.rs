//! Ref names: which texts may name a branch, a tag or a branch of a remote.
//!
//! A [`RefName`] holds a full name that obeys git's rules (`git check-ref-format`), so that every ref of a
//! pond can be carried to git and back, and so that none can be mistaken for an operator of a revision.

use std::fmt;
use std::str::FromStr;

use crate::quote::Quoted;

/// A full ref name: `heads/NAME`, `tags/NAME` or `remotes/REMOTE/NAME`, without a leading `refs/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

/// What a ref is, told by the first part of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// `heads/`: a branch of this pond.
    Branch,
    /// `tags/`: a tag.
    Tag,
    /// `remotes/`: a branch of another pond, as it was last seen there.
    Remote,
}

impl Namespace {
    const ALL: [Self; 3] = [Self::Branch, Self::Tag, Self::Remote];

    /// The beginning that every full name in it has, the slash included.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Branch => "heads/",
            Self::Tag => "tags/",
            Self::Remote => "remotes/",
        }
    }
}

/// Why a text is not a ref name: the text, and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid name: {rule}", Quoted(.name))]
pub struct RefNameError {
    /// The text as it was given.
    pub name: String,
    /// The first rule that it breaks.
    pub rule: NameRule,
}

/// One rule of ref names; its message says what a name must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameRule {
    /// No characters at all.
    #[error("it is empty")]
    Empty,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A full name outside of the three namespaces.
    #[error("a full name begins with heads/, tags/ or remotes/")]
    Namespace,
    /// `remotes/x`: the remote without a branch of it.
    #[error("after remotes/ stand the remote's name, a slash and a branch")]
    RemoteWithoutBranch,
    /// A leading, trailing or doubled slash.
    #[error("a slash stands at its beginning or end, or beside another")]
    EmptyComponent,
    /// A part between slashes that begins with a dot.
    #[error("a part of it begins with '.'")]
    LeadingDot,
    /// A part between slashes that ends in `.lock`.
    #[error("a part of it ends in '.lock'")]
    LockSuffix,
    /// The name ends in a dot.
    #[error("it ends in '.'")]
    TrailingDot,
    /// `..` anywhere: it writes ranges.
    #[error("it holds '..'")]
    DoubleDot,
    /// `@{` anywhere: it begins an earlier value.
    #[error("it holds '@{{'")]
    AtBrace,
    /// Just `@`, which is HEAD.
    #[error("'@' stands for HEAD")]
    At,
    /// A control character.
    #[error("it holds a control character")]
    Control,
    /// A character with a meaning in revisions, patterns or ranges.
    #[error("it holds {0:?}")]
    Character(char),
    /// A new branch or tag whose name begins like an option.
    #[error("it begins with '-'")]
    LeadingDash,
    /// A new branch or tag called HEAD.
    #[error("HEAD is the mirror's own")]
    Head,
    /// A new branch or tag whose name begins with `refs/`.
    #[error("'refs/' is how full names begin")]
    RefsPrefix,
    /// A new branch or tag whose name is a whole object id, which always means that object.
    #[error("64 hex digits always mean an object's id")]
    ObjectId,
}

impl RefName {
    /// The full name in `text`; a leading `refs/` is taken off.
    pub fn new(text: &str) -> Result<Self, RefNameError> {
        let full = text.strip_prefix("refs/").unwrap_or(text);
        check_full(full).map_err(|rule| RefNameError { name: text.to_owned(), rule })?;
        Ok(Self(full.to_owned()))
    }

    /// As [`RefName::new`], from the bytes of a view's entry.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RefNameError> {
        let text = std::str::from_utf8(bytes).map_err(|_| RefNameError {
            name: String::from_utf8_lossy(bytes).into_owned(),
            rule: NameRule::NotUtf8,
        })?;
        Self::new(text)
    }

    /// The branch that a person calls `name`. Refuses, beyond the rules of full names, what would be read as
    /// something else on a command line: `-x`, `HEAD`, `refs/x` and whole object ids.
    pub fn branch(name: &str) -> Result<Self, RefNameError> {
        Self::named(Namespace::Branch, name)
    }

    /// The tag that a person calls `name`, by the rules of [`RefName::branch`].
    pub fn tag(name: &str) -> Result<Self, RefNameError> {
        Self::named(Namespace::Tag, name)
    }

    /// The branch `branch` of the remote `remote`; `HEAD` is a possible branch here.
    pub fn remote(remote: &str, branch: &str) -> Result<Self, RefNameError> {
        for part in [remote, branch] {
            let rule = if part.starts_with('-') { Err(NameRule::LeadingDash) } else { check_format(part) };
            rule.map_err(|rule| RefNameError { name: part.to_owned(), rule })?;
        }
        Self::new(&format!("{}{remote}/{branch}", Namespace::Remote.prefix()))
    }

    fn named(namespace: Namespace, name: &str) -> Result<Self, RefNameError> {
        check_new(name).map_err(|rule| RefNameError { name: name.to_owned(), rule })?;
        Ok(Self(format!("{}{name}", namespace.prefix())))
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What kind of ref it is.
    pub fn namespace(&self) -> Namespace {
        Namespace::ALL
            .into_iter()
            .find(|namespace| self.0.starts_with(namespace.prefix()))
            .expect("BUG: a ref name outside of every namespace")
    }

    /// What people call it: the full name without its namespace (`main`, `v1`, `origin/main`).
    pub fn short(&self) -> &str {
        &self.0[self.namespace().prefix().len()..]
    }

    /// Whether it is a branch of this pond.
    pub fn is_branch(&self) -> bool {
        self.namespace() == Namespace::Branch
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefName({})", self.0)
    }
}

impl AsRef<str> for RefName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for RefName {
    type Err = RefNameError;

    fn from_str(text: &str) -> Result<Self, RefNameError> {
        Self::new(text)
    }
}

fn check_full(full: &str) -> Result<(), NameRule> {
    check_format(full)?;
    let namespace = Namespace::ALL
        .into_iter()
        .find(|namespace| full.starts_with(namespace.prefix()))
        .ok_or(NameRule::Namespace)?;
    if namespace == Namespace::Remote && !full[namespace.prefix().len()..].contains('/') {
        return Err(NameRule::RemoteWithoutBranch);
    }
    Ok(())
}

fn check_new(name: &str) -> Result<(), NameRule> {
    check_format(name)?;
    if name.starts_with('-') {
        Err(NameRule::LeadingDash)
    } else if name == "HEAD" {
        Err(NameRule::Head)
    } else if name.starts_with("refs/") {
        Err(NameRule::RefsPrefix)
    } else if name.parse::<pond_objects::ObjectId>().is_ok() {
        Err(NameRule::ObjectId)
    } else {
        Ok(())
    }
}

/// The rules that every name obeys, full or short.
pub(crate) fn check_format(name: &str) -> Result<(), NameRule> {
    if name.is_empty() {
        return Err(NameRule::Empty);
    }
    for character in name.chars() {
        if character.is_control() {
            return Err(NameRule::Control);
        }
        if matches!(character, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\') {
            return Err(NameRule::Character(character));
        }
    }
    if name == "@" {
        return Err(NameRule::At);
    }
    if name.contains("..") {
        return Err(NameRule::DoubleDot);
    }
    if name.contains("@{") {
        return Err(NameRule::AtBrace);
    }
    for part in name.split('/') {
        if part.is_empty() {
            return Err(NameRule::EmptyComponent);
        }
        if part.starts_with('.') {
            return Err(NameRule::LeadingDot);
        }
        if part.ends_with(".lock") {
            return Err(NameRule::LockSuffix);
        }
    }
    if name.ends_with('.') { Err(NameRule::TrailingDot) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(result: Result<RefName, RefNameError>) -> NameRule {
        result.expect_err("a refused name").rule
    }

    #[test]
    fn full_names_have_a_namespace_and_a_short_form() {
        for (text, namespace, short) in [
            ("heads/main", Namespace::Branch, "main"),
            ("refs/heads/site/north", Namespace::Branch, "site/north"),
            ("refs/tags/v1.0", Namespace::Tag, "v1.0"),
            ("remotes/board/main", Namespace::Remote, "board/main"),
        ] {
            let name: RefName = text.parse().expect("a full name");
            assert_eq!((name.namespace(), name.short()), (namespace, short));
            assert_eq!(name.as_str(), text.trim_start_matches("refs/"));
            assert_eq!(RefName::from_bytes(name.as_str().as_bytes()), Ok(name));
        }
        assert_eq!(rule(RefName::new("main")), NameRule::Namespace);
        assert_eq!(rule(RefName::new("mirrors/main/HEAD")), NameRule::Namespace);
        assert_eq!(rule(RefName::new("remotes/board")), NameRule::RemoteWithoutBranch);
        assert_eq!(rule(RefName::from_bytes(b"heads/\xff")), NameRule::NotUtf8);
    }

    #[test]
    fn each_rule_has_its_own_error() {
        for (name, expected) in [
            ("", NameRule::Empty),
            ("/a", NameRule::EmptyComponent),
            ("a/", NameRule::EmptyComponent),
            ("a//b", NameRule::EmptyComponent),
            (".a", NameRule::LeadingDot),
            ("a/.b", NameRule::LeadingDot),
            ("a.lock", NameRule::LockSuffix),
            ("a.lock/b", NameRule::LockSuffix),
            ("a.", NameRule::TrailingDot),
            ("a..b", NameRule::DoubleDot),
            ("a@{b", NameRule::AtBrace),
            ("@", NameRule::At),
            ("a\nb", NameRule::Control),
            ("a\u{7f}", NameRule::Control),
            ("a b", NameRule::Character(' ')),
            ("a~1", NameRule::Character('~')),
            ("a^", NameRule::Character('^')),
            ("a:b", NameRule::Character(':')),
            ("a?", NameRule::Character('?')),
            ("a*", NameRule::Character('*')),
            ("a[", NameRule::Character('[')),
            ("a\\b", NameRule::Character('\\')),
            ("-a", NameRule::LeadingDash),
            ("HEAD", NameRule::Head),
            ("refs/heads/a", NameRule::RefsPrefix),
            ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NameRule::ObjectId),
        ] {
            assert_eq!(rule(RefName::branch(name)), expected, "{name:?}");
            assert_eq!(rule(RefName::tag(name)), expected, "{name:?}");
        }
    }

    #[test]
    fn unusual_names_are_allowed_where_git_allows_them() {
        for name in ["a", "a/b", "a@b", "a.b", "é", "{x}", "deadbeef", "a-", "a.lockx", "heads/a", "a!"] {
            let branch = RefName::branch(name).expect("a branch name");
            assert_eq!(branch.short(), name);
            assert!(branch.is_branch());
        }
        assert_eq!(RefName::remote("board", "HEAD").expect("a remote name").as_str(), "remotes/board/HEAD");
        assert_eq!(rule(RefName::remote("-x", "main")), NameRule::LeadingDash);
        assert_eq!(rule(RefName::remote("x", "")), NameRule::Empty);
    }

    #[test]
    fn a_message_quotes_the_name_harmlessly() {
        let error = RefName::branch("a\u{1b}[2J").expect_err("a control character");
        assert_eq!(error.to_string(), "'a\\u{1b}[2J' is not a valid name: it holds a control character");
    }
}
