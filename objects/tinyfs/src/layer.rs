//! The one storage seam.

use std::error::Error;
use std::io;
use std::ops::Range;

use bstr::{BStr, BString};
use pond_objects::{CopyError, Entry, ObjectId, ReadError, Side};

/// Why a layer did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// A stored object can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is to be stored can't be read.
    #[error("cannot read the content")]
    Content(#[source] io::Error),
    /// What is to be stored has another length than was said.
    #[error("the content changed while it was read")]
    Changed,
    /// Whoever takes the bytes that are read failed.
    #[error("cannot write the content")]
    Taken(#[source] io::Error),
    /// The storage below failed.
    #[error("cannot store what was written")]
    Store(#[source] Box<dyn Error + Send + Sync>),
}

impl From<CopyError> for LayerError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Read(error) => Self::Read(error),
            CopyError::Write(error) => Self::Taken(error),
        }
    }
}

/// Keeps contents and directory versions by their ids.
///
/// What was stored can be read from then on, by the same layer. Nothing is changed in place: to store is to add, and to store
/// the same again changes nothing. An id that a layer did not give, and that its storage lacks, is
/// [`ReadError::Missing`]. A failed call leaves nothing that can be found.
pub trait PersistenceLayer {
    /// The entry with a name in a directory version; `None` if there is none. Reads one page a level.
    ///
    /// # Errors
    /// [`LayerError::Read`].
    fn find(&self, directory: &ObjectId, name: &BStr) -> Result<Option<Entry>, LayerError>;

    /// The first `most` entries of a directory version whose names are not below `from`, in order; fewer only at its end.
    ///
    /// # Errors
    /// [`LayerError::Read`].
    fn entries(&self, directory: &ObjectId, from: &BStr, most: usize) -> Result<Vec<Entry>, LayerError>;

    /// Writes a range of a content to `out`, in bounded memory, and reads no more than the chunks that it touches.
    ///
    /// # Errors
    /// [`LayerError::Read`], also where the content ends before the range does, and [`LayerError::Taken`].
    fn read(&self, content: &ObjectId, range: Range<u64>, out: &mut dyn io::Write) -> Result<(), LayerError>;

    /// Stores a content of `size` bytes, and gives its id.
    ///
    /// # Errors
    /// [`LayerError::Content`] and [`LayerError::Changed`], after which others can be stored, and [`LayerError::Store`].
    fn store(&self, size: u64, content: &mut dyn io::Read) -> Result<ObjectId, LayerError>;

    /// Stores a directory version: `base` (`None`: one without entries) with these changes, in order of their names, each name
    /// once; `None` takes an entry out. Of `base` only what the changes touch is read.
    ///
    /// # Errors
    /// [`LayerError::Read`] and [`LayerError::Store`].
    fn store_directory(
        &self,
        base: Option<&ObjectId>,
        changes: Vec<(BString, Option<Entry>)>,
    ) -> Result<Side, LayerError>;
}
