//! Nodes: what paths lead to.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bstr::BString;
use bytes::Bytes;
use pond_objects::{Kind, ObjectId, Side};

use crate::error::FsError;
use crate::fs::FS;
use crate::fs::resolve::{At, joined};
use crate::fs::wd::WD;
use crate::layer::LayerError;

/// Bytes that a [`Reader`] reads at once.
const STEP: u64 = 256 << 10;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file.
    File {
        /// Bytes.
        size: u64,
        /// Whether its owner may execute it.
        executable: bool,
        /// The id of its content; `None` where that is computed.
        id: Option<ObjectId>,
    },
    /// A directory.
    Directory {
        /// Bytes of all files below; 0 where they are computed.
        size: u64,
        /// The id of its version; `None` where something in it is changed, and where it is computed.
        id: Option<ObjectId>,
    },
    /// A symlink.
    Symlink {
        /// What it points to, as it was written.
        target: BString,
        /// The id of that; `None` where it is computed.
        id: Option<ObjectId>,
    },
}

impl Node {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File { executable: false, .. } => Kind::File,
            Self::File { executable: true, .. } => Kind::Executable,
            Self::Directory { .. } => Kind::Directory,
            Self::Symlink { .. } => Kind::Symlink,
        }
    }

    /// Bytes: of a file's content, of a symlink's target, of all that is below a directory.
    pub fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } | Self::Directory { size, .. } => *size,
            Self::Symlink { target, .. } => target.len() as u64,
        }
    }

    /// The id of its content; `None` where that is not stored as it is.
    pub fn id(&self) -> Option<ObjectId> {
        match self {
            Self::File { id, .. } | Self::Directory { id, .. } | Self::Symlink { id, .. } => *id,
        }
    }
}

/// A node with its path.
#[derive(Clone)]
pub struct NodePath<'f, 'a> {
    fs: &'f FS<'a>,
    names: Vec<BString>,
    node: Node,
    computed: Option<Bytes>,
}

impl fmt::Debug for NodePath<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePath").field("path", &self.path()).field("node", &self.node).finish()
    }
}

impl<'f, 'a> NodePath<'f, 'a> {
    pub(crate) fn new(fs: &'f FS<'a>, names: Vec<BString>, at: &At<'_, 'a>) -> Result<Self, FsError> {
        let mut computed = None;
        let node = match at {
            At::Stored(Side { kind: Kind::Directory, id, size }) => {
                Node::Directory { size: *size, id: Some(*id) }
            }
            At::Stored(Side { kind: Kind::Symlink, id, .. }) => {
                Node::Symlink { target: fs.target(at, joined(&names))?, id: Some(*id) }
            }
            At::Stored(Side { kind, id, size }) => {
                Node::File { size: *size, executable: *kind == Kind::Executable, id: Some(*id) }
            }
            At::Changed(directory) => Node::Directory {
                size: directory.size(fs.layer())?,
                id: directory.stored().map(|side| side.id),
            },
            At::Dynamic(_) => Node::Directory { size: 0, id: None },
            At::Content(Kind::Symlink, bytes) => Node::Symlink { target: bytes.to_vec().into(), id: None },
            At::Content(kind, bytes) => {
                computed = Some(bytes.clone());
                let executable = *kind == Kind::Executable;
                Node::File { size: bytes.len() as u64, executable, id: None }
            }
        };
        Ok(Self { fs, names, node, computed })
    }

    /// The path, in normal form.
    pub fn path(&self) -> BString {
        joined(&self.names)
    }

    /// The last name of the path; the root has none.
    pub fn name(&self) -> Option<&BString> {
        self.names.last()
    }

    /// What it is.
    pub fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn names(&self) -> &[BString] {
        &self.names
    }

    pub(crate) fn fs(&self) -> &'f FS<'a> {
        self.fs
    }

    pub(crate) fn computed(&self) -> Option<&Bytes> {
        self.computed.as_ref()
    }

    /// The directory, to work from.
    ///
    /// # Errors
    /// [`FsError::NotADirectory`].
    pub fn wd(&self) -> Result<WD<'f, 'a>, FsError> {
        match &self.node {
            Node::Directory { .. } => Ok(WD::new(self.fs, self.names.clone())),
            _ => Err(FsError::NotADirectory(self.path())),
        }
    }

    /// Reads a file's content as a stream, from wherever it is wanted.
    ///
    /// # Errors
    /// [`FsError::IsADirectory`]; and for a symlink, whose content is its target, [`FsError::NotFound`].
    pub fn reader(&self) -> Result<Reader<'a>, FsError> {
        let (source, size) = match (&self.node, &self.computed) {
            (Node::Directory { .. }, _) => return Err(FsError::IsADirectory(self.path())),
            (Node::File { size, .. }, Some(bytes)) => (Source::Computed(bytes.clone()), *size),
            (Node::File { size, id: Some(id), .. }, None) => (Source::Stored(*id), *size),
            _ => return Err(FsError::NotFound(self.path())),
        };
        Ok(Reader { layer: self.fs.layer(), source, size, at: 0, start: 0, buffer: Vec::new() })
    }

    /// Bytes of a range of a file's content, as far as it has them.
    ///
    /// # Errors
    /// Those of [`NodePath::reader`], and of reading.
    pub fn read(&self, range: Range<u64>) -> Result<Vec<u8>, FsError> {
        let reader = self.reader()?;
        let mut bytes = Vec::new();
        reader.copy(range, &mut bytes)?;
        Ok(bytes)
    }
}

#[derive(Debug, Clone)]
enum Source {
    Stored(ObjectId),
    Computed(Bytes),
}

/// Reads a file's content, a few hundred kilobytes in memory at a time. Chunks are verified as they are read.
pub struct Reader<'a> {
    layer: &'a dyn crate::PersistenceLayer,
    source: Source,
    size: u64,
    at: u64,
    /// Where the buffer begins in the content.
    start: u64,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    /// Bytes of the content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes a range to `out`, as far as the content has it, and gives how many bytes.
    ///
    /// # Errors
    /// [`LayerError::Read`] and [`LayerError::Taken`].
    pub fn copy(&self, range: Range<u64>, out: &mut dyn io::Write) -> Result<u64, LayerError> {
        let range = range.start.min(self.size)..range.end.min(self.size);
        if range.is_empty() {
            return Ok(0);
        }
        match &self.source {
            Source::Stored(id) => self.layer.read(id, range.clone(), out)?,
            Source::Computed(bytes) => {
                let part = &bytes[range.start as usize..range.end as usize];
                out.write_all(part).map_err(LayerError::Taken)?;
            }
        }
        Ok(range.end - range.start)
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let is_buffered = self.at >= self.start && self.at < self.start + self.buffer.len() as u64;
        if !is_buffered {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            self.copy(self.at..self.at.saturating_add(STEP), &mut buffer).map_err(io::Error::other)?;
            (self.start, self.buffer) = (self.at, buffer);
        }
        let skipped = (self.at - self.start) as usize;
        let rest = &self.buffer[skipped.min(self.buffer.len())..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
