//! A stored blob as a text.

use std::ops::Range;

use super::spliced::Part;
use super::text::{LargeError, Piece, Text};
use crate::cursor::Leaves;
use crate::id::ObjectId;
use crate::page::Body;
use crate::source::{ObjectSource, ReadError};

/// A stored blob. Each chunk that is read is verified; the whole is not, since it is not read.
pub struct Stored<'a> {
    source: &'a dyn ObjectSource,
    id: ObjectId,
    pieces: Vec<Piece>,
}

impl<'a> Stored<'a> {
    /// Reads the manifest of a blob of `size` bytes.
    ///
    /// # Errors
    /// Those of reading the manifest, and [`ReadError::Damaged`] where it has another size.
    pub fn open(source: &'a dyn ObjectSource, id: ObjectId, size: u64) -> Result<Self, ReadError> {
        let mut pieces = Vec::new();
        match source.manifest(&id)? {
            None if size == 0 => {}
            None => pieces.push(Piece { id, end: size }),
            Some(manifest) => {
                let mut end = 0;
                for item in Leaves::new(source, Body::Manifest, &manifest.root)? {
                    let item = item?;
                    end += item.size;
                    pieces.push(Piece { id: item.id, end });
                }
                if end != size {
                    return Err(ReadError::Damaged { what: "blob", id });
                }
            }
        }
        Ok(Self { source, id, pieces })
    }
}

impl Text for Stored<'_> {
    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        for (at, within) in self.touched(range) {
            let id = self.pieces[at].id;
            let chunk = self.source.chunk(&id)?;
            let start = self.start_of(at);
            if chunk.len() as u64 != self.pieces[at].end - start {
                return Err(ReadError::Damaged { what: "blob", id: self.id }.into());
            }
            each(&chunk[within])?;
        }
        Ok(())
    }

    fn parts(&self, range: Range<u64>) -> Option<Vec<Part>> {
        let size = self.size();
        Some(vec![Part::Stored { blob: self.id, size, range }])
    }
}
