//! What a merge tells: conflicts and what it did by itself, in git's words.

use bstr::{BStr, BString};

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// Both sides changed a file, and it was merged by line: with or without conflicts.
    AutoMerging,
    /// Both sides changed a file, or its executable bit, in ways that do not go together.
    Content,
    /// Both sides added a file, each another one.
    AddAdd,
    /// Both sides changed a file that is no text.
    Binary,
    /// One side changed what the other deleted.
    ModifyDelete,
    /// Each side renamed the same file, to different names.
    RenameRename,
    /// One side renamed what the other deleted.
    RenameDelete,
    /// A renamed file whose merged content has conflicts comes where the other side has a file.
    RenameCollides,
    /// A file where the other side has a directory: it got another name.
    FileDirectory,
    /// A file and a symlink of one name: files got another one.
    DistinctTypes,
    /// A file came into a directory that the other side renamed: it was moved there, for a person to confirm.
    FileLocation,
    /// A file came into a directory that the other side renamed, and was moved there.
    FileMoved,
    /// A directory that the other side split among several: files that came into it stay.
    DirectorySplit,
    /// Something is where files would be moved to with their directory: they stay.
    DirectoryInWay,
    /// Several files would be moved to one path with their directories: they stay.
    DirectoryCollision,
    /// A directory whose new place was itself renamed on the other side: files that came into it stay.
    DirectoryRerenamed,
}

impl MessageKind {
    /// Whether a person has to decide something.
    pub const fn is_conflict(self) -> bool {
        !matches!(self, Self::AutoMerging | Self::FileMoved | Self::DirectoryRerenamed)
    }
}

/// Something that a merge tells about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub kind: MessageKind,
    /// Where.
    pub path: BString,
    /// Further paths that have to do with it: where a file came from, what else it was renamed to.
    pub others: Vec<BString>,
    /// The words, as git's, without a line end. Paths that are no UTF-8 have replacement characters.
    pub text: String,
}

impl Message {
    pub(super) fn new(kind: MessageKind, path: &BStr, text: String) -> Self {
        Self { kind, path: path.into(), others: Vec::new(), text }
    }

    pub(super) fn with(mut self, others: &[&BStr]) -> Self {
        self.others = others.iter().map(|path| BString::from(*path)).collect();
        self
    }

    /// Whether it has to do with a path.
    pub fn names(&self, path: &BStr) -> bool {
        self.path == path || self.others.iter().any(|other| other == path)
    }
}
