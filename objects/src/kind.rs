//! What an entry of a tree is.

/// What an entry of a tree names.
///
/// The first four are what a directory on the host holds; a [`Kind::Ref`] stands in views only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An ordinary file; the id is a blob's.
    File = 1,
    /// A file that its owner may execute; the id is a blob's.
    Executable = 2,
    /// A symbolic link; the id is the blob of its target's bytes.
    Symlink = 3,
    /// A directory; the id is a tree's.
    Directory = 4,
    /// A ref of a view; the id is a commit's or a tag's.
    Ref = 5,
}

impl Kind {
    /// The kind with this number in the encodings.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::File),
            2 => Some(Self::Executable),
            3 => Some(Self::Symlink),
            4 => Some(Self::Directory),
            5 => Some(Self::Ref),
            _ => None,
        }
    }

    /// The number in the encodings.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Git's mode for it, as people know it from `git ls-tree`.
    pub const fn mode(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Symlink => 0o120_000,
            Self::Directory => 0o040_000,
            Self::Ref => 0o160_000,
        }
    }

    /// Whether the entry's content is a blob.
    pub const fn is_blob(self) -> bool {
        matches!(self, Self::File | Self::Executable | Self::Symlink)
    }

    /// Whether it is an ordinary file, executable or not.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }
}
