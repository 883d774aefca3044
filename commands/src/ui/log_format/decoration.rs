//! Names that point at a commit.

use std::io::{self, Write};

use bstr::BString;

use crate::ui::color::Role;
use crate::ui::paint::Paint;

/// A name that points at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoration {
    /// HEAD, detached.
    Head,
    /// HEAD, on this branch.
    HeadOn(BString),
    Branch(BString),
    Tag(BString),
    /// A branch of another pond or mirror.
    Remote(BString),
}

impl Decoration {
    /// The text, as in git.
    pub(crate) fn text(&self) -> BString {
        match self {
            Self::Head => "HEAD".into(),
            Self::HeadOn(name) => [b"HEAD -> ", &name[..]].concat().into(),
            Self::Tag(name) => [b"tag: ", &name[..]].concat().into(),
            Self::Branch(name) | Self::Remote(name) => name.clone(),
        }
    }

    fn write(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let role = match self {
            Self::HeadOn(name) => {
                paint.write(out, Role::Head, b"HEAD -> ")?;
                return paint.write(out, Role::Branch, &paint.safe(name));
            }
            Self::Head => Role::Head,
            Self::Branch(_) => Role::Branch,
            Self::Tag(_) => Role::Tag,
            Self::Remote(_) => Role::RemoteBranch,
        };
        paint.write(out, role, &paint.safe(&self.text()))
    }
}

/// Writes all of a commit's names between two texts; writes nothing if it has none.
pub(super) fn write_all(
    out: &mut dyn Write,
    decorations: &[Decoration],
    (before, after): (&str, &str),
    paint: Paint,
) -> io::Result<()> {
    if decorations.is_empty() {
        return Ok(());
    }
    paint.write(out, Role::CommitId, before.as_bytes())?;
    for (at, decoration) in decorations.iter().enumerate() {
        if at > 0 {
            paint.write(out, Role::CommitId, b", ")?;
        }
        decoration.write(out, paint)?;
    }
    paint.write(out, Role::CommitId, after.as_bytes())
}
