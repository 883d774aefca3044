//! A text that is read piece by piece.

use std::io;
use std::ops::Range;

use super::spliced::Part;
use super::tally::{self, Tally};
use crate::id::ObjectId;
use crate::source::ReadError;

/// A stretch of a text that is known by the hash of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// BLAKE3 of its bytes.
    pub id: ObjectId,
    /// Where it ends in the text. It begins where the one before ends.
    pub end: u64,
}

/// Why a text can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LargeError {
    /// A stored object can't be read.
    #[error(transparent)]
    Stored(#[from] ReadError),
    /// A file can't be read.
    #[error("cannot read the file")]
    File(#[source] io::Error),
    /// A file has other bytes than when its pieces were made.
    #[error("the file changed while it was read")]
    Changed,
    /// Whoever took the bytes failed.
    #[error("cannot write the text")]
    Write(#[from] io::Error),
}

impl LargeError {
    /// Why a text that is stored can't be read, and that nobody writes.
    ///
    /// # Panics
    /// Where it is another error.
    pub fn into_read(self) -> ReadError {
        match self {
            Self::Stored(error) => error,
            _ => unreachable!("BUG: a stored text is read from the store, and into memory"),
        }
    }
}

/// A text that is read piece by piece, from several threads if need be. It stays the same while it exists, or reading it fails.
pub trait Text: Sync {
    /// Bytes.
    fn size(&self) -> u64 {
        self.pieces().last().map_or(0, |piece| piece.end)
    }

    /// All pieces in order. None is empty.
    fn pieces(&self) -> &[Piece];

    /// Gives the bytes of a range in order to `each`, a piece or less at a time.
    ///
    /// # Errors
    /// [`LargeError`] of reading, or what `each` returned.
    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError>;

    /// Counts the lines of a range. An implementation may know it without reading.
    ///
    /// # Errors
    /// [`LargeError`] of reading.
    fn tally(&self, range: Range<u64>) -> Result<Tally, LargeError> {
        tally::read_tally(self, range)
    }

    /// Whether [`Text::tally`] costs next to nothing.
    fn is_tallied(&self) -> bool {
        false
    }

    /// Where a piece begins.
    fn start_of(&self, piece: usize) -> u64 {
        piece.checked_sub(1).map_or(0, |before| self.pieces()[before].end)
    }

    /// The indexes of the pieces that a range touches, each with the part of the piece that is in the range.
    fn touched(&self, range: Range<u64>) -> Vec<(usize, Range<usize>)> {
        let pieces = self.pieces();
        let first = pieces.partition_point(|piece| piece.end <= range.start);
        let touched = (first..pieces.len()).take_while(|at| self.start_of(*at) < range.end);
        let with_part = touched.map(|at| {
            let start = self.start_of(at);
            let within = |place: u64| (place.clamp(start, pieces[at].end) - start) as usize;
            (at, within(range.start)..within(range.end))
        });
        with_part.filter(|(_, within)| !within.is_empty()).collect()
    }

    /// The stored contents that a range consists of; `None` where it is not stored.
    fn parts(&self, _range: Range<u64>) -> Option<Vec<Part>> {
        None
    }
}

impl<T: Text + ?Sized> Text for Box<T> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn pieces(&self) -> &[Piece] {
        (**self).pieces()
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        (**self).visit(range, each)
    }

    fn tally(&self, range: Range<u64>) -> Result<Tally, LargeError> {
        (**self).tally(range)
    }

    fn is_tallied(&self) -> bool {
        (**self).is_tallied()
    }

    fn parts(&self, range: Range<u64>) -> Option<Vec<Part>> {
        (**self).parts(range)
    }
}

/// The bytes of a range, in memory.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn read(text: &(impl Text + ?Sized), range: Range<u64>) -> Result<Vec<u8>, LargeError> {
    let length =
        usize::try_from(range.end - range.start).expect("BUG: what is read at once fits into memory");
    let mut bytes = Vec::with_capacity(length);
    text.visit(range, &mut |slice| {
        bytes.extend_from_slice(slice);
        Ok(())
    })?;
    Ok(bytes)
}

/// What stands where there is no file: a text of no bytes.
#[derive(Debug, Clone, Copy)]
pub struct Absent;

impl Text for Absent {
    fn pieces(&self) -> &[Piece] {
        &[]
    }

    fn visit(
        &self,
        _: Range<u64>,
        _: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        Ok(())
    }

    fn parts(&self, _: Range<u64>) -> Option<Vec<Part>> {
        Some(Vec::new())
    }
}
