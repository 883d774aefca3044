//! A text made of stretches of stored ones and of new bytes: what a merge of large texts comes to, before it is stored.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::stored::Stored;
use super::text::{LargeError, Piece, Text};
use crate::chunker::Chunker;
use crate::id::ObjectId;
use crate::source::{ObjectSource, ReadError};

/// A stretch of a [`Spliced`] text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Bytes of a stored blob.
    Stored {
        /// Which one.
        blob: ObjectId,
        /// Its size.
        size: u64,
        /// Which bytes of it.
        range: Range<u64>,
    },
    /// New bytes.
    Bytes(Arc<[u8]>),
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Self::Stored { range, .. } => range.end - range.start,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    fn slice(&self, within: Range<u64>) -> Self {
        match self {
            Self::Stored { blob, size, range } => {
                let range = range.start + within.start..range.start + within.end;
                Self::Stored { blob: *blob, size: *size, range }
            }
            Self::Bytes(bytes) => Self::Bytes(bytes[within.start as usize..within.end as usize].into()),
        }
    }
}

/// A text of stretches, cut into the chunks that it would be stored as. It holds the new bytes only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spliced {
    /// The blob's id.
    pub id: ObjectId,
    /// Each stretch, and where it ends.
    parts: Vec<(Part, u64)>,
    pieces: Vec<Piece>,
}

impl Spliced {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.parts.last().map_or(0, |(_, end)| *end)
    }

    /// The chunks.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The stored blobs that it is made of.
    pub fn blobs(&self) -> impl Iterator<Item = &ObjectId> {
        self.parts.iter().filter_map(|(part, _)| match part {
            Part::Stored { blob, .. } => Some(blob),
            Part::Bytes(_) => None,
        })
    }

    /// The same text made of other stretches: those that `find` gives for a range of a stored blob, which are as long.
    ///
    /// # Errors
    /// Those of `find`.
    pub fn replacing<E, F>(&self, find: F) -> Result<Self, E>
    where
        F: Fn(&ObjectId, Range<u64>) -> Result<Option<Vec<Part>>, E>,
    {
        let mut splicer = Splicer::new();
        for (part, _) in &self.parts {
            let found = match part {
                Part::Stored { blob, range, .. } => find(blob, range.clone())?,
                Part::Bytes(_) => None,
            };
            found.unwrap_or_else(|| vec![part.clone()]).into_iter().for_each(|part| splicer.add(part));
        }
        Ok(Self { id: self.id, parts: splicer.parts, pieces: self.pieces.clone() })
    }

    /// The text, to be read from a source that has the stored stretches.
    ///
    /// # Errors
    /// Those of reading the manifests.
    pub fn open<'s>(&'s self, source: &'s dyn ObjectSource) -> Result<SplicedText<'s>, ReadError> {
        SplicedText::open(source, &self.parts, &self.pieces)
    }
}

/// Puts a [`Spliced`] text together.
#[derive(Debug, Default)]
pub struct Splicer {
    parts: Vec<(Part, u64)>,
}

impl Splicer {
    /// A text without bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds new bytes.
    pub fn add_bytes(&mut self, bytes: Vec<u8>) {
        self.add(Part::Bytes(bytes.into()));
    }

    /// Adds a stretch of a stored text.
    pub fn add_range(&mut self, text: &dyn Text, range: Range<u64>) {
        let parts = text.parts(range).expect("BUG: what is merged is stored, or made of what is");
        parts.into_iter().for_each(|part| self.add(part));
    }

    fn add(&mut self, part: Part) {
        if part.len() == 0 {
            return;
        }
        let start = self.parts.last().map_or(0, |(_, end)| *end);
        let end = start + part.len();
        match (self.parts.last_mut(), &part) {
            (
                Some((Part::Stored { blob, range, .. }, last_end)),
                Part::Stored { blob: next, range: next_range, .. },
            ) if blob == next && range.end == next_range.start => {
                range.end = next_range.end;
                *last_end = end;
            }
            _ => self.parts.push((part, end)),
        }
    }

    /// Reads the whole text once, for its id and its chunks.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn finish(self, source: &dyn ObjectSource) -> Result<Spliced, ReadError> {
        let size = self.parts.last().map_or(0, |(_, end)| *end);
        let chunker = Chunker::for_size(size);
        let mut whole = blake3::Hasher::new();
        let mut pieces = Vec::new();
        let mut pending: Vec<u8> = Vec::new();
        let mut cut_off = |pending: &mut Vec<u8>, is_end: bool| {
            let mut start = 0;
            while pending.len() - start >= if is_end { 1 } else { chunker.max_chunk() } {
                let length = chunker.cut(&pending[start..]);
                let id = ObjectId::of_content(&pending[start..start + length]);
                let end = pieces.last().map_or(0, |piece: &Piece| piece.end) + length as u64;
                pieces.push(Piece { id, end });
                start += length;
            }
            pending.drain(..start);
        };
        let text = SplicedText::open(source, &self.parts, &[])?;
        let read = text.visit(0..size, &mut |bytes| {
            whole.update(bytes);
            pending.extend_from_slice(bytes);
            if pending.len() >= 4 << 20 {
                cut_off(&mut pending, false);
            }
            Ok(())
        });
        read.map_err(LargeError::into_read)?;
        cut_off(&mut pending, true);
        let id = ObjectId::from_bytes(*whole.finalize().as_bytes());
        Ok(Spliced { id, parts: self.parts, pieces })
    }
}

/// An open [`Spliced`] text.
pub struct SplicedText<'a> {
    parts: &'a [(Part, u64)],
    pieces: &'a [Piece],
    stored: HashMap<ObjectId, Stored<'a>>,
}

impl<'a> SplicedText<'a> {
    fn open(
        source: &'a dyn ObjectSource,
        parts: &'a [(Part, u64)],
        pieces: &'a [Piece],
    ) -> Result<Self, ReadError> {
        let mut stored = HashMap::new();
        for (part, _) in parts {
            if let Part::Stored { blob, size, .. } = part
                && !stored.contains_key(blob)
            {
                stored.insert(*blob, Stored::open(source, *blob, *size)?);
            }
        }
        Ok(Self { parts, pieces, stored })
    }

    /// The stretches that a range touches, each with the part of it that is in the range.
    fn touched(&self, range: Range<u64>) -> impl Iterator<Item = (&'a Part, Range<u64>)> + use<'a> {
        let parts = self.parts;
        let first = parts.partition_point(|(_, end)| *end <= range.start);
        parts[first..]
            .iter()
            .map(|(part, end)| (part, end - part.len(), *end))
            .take_while({
                let end = range.end;
                move |(_, start, _)| *start < end
            })
            .map(move |(part, start, end)| {
                (part, range.start.clamp(start, end) - start..range.end.clamp(start, end) - start)
            })
    }
}

impl Text for SplicedText<'_> {
    fn size(&self) -> u64 {
        self.parts.last().map_or(0, |(_, end)| *end)
    }

    fn pieces(&self) -> &[Piece] {
        self.pieces
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        for (part, within) in self.touched(range) {
            match part {
                Part::Bytes(bytes) => each(&bytes[within.start as usize..within.end as usize])?,
                Part::Stored { blob, range, .. } => {
                    let stored = &self.stored[blob];
                    stored.visit(range.start + within.start..range.start + within.end, each)?;
                }
            }
        }
        Ok(())
    }

    fn parts(&self, range: Range<u64>) -> Option<Vec<Part>> {
        Some(self.touched(range).map(|(part, within)| part.slice(within)).collect())
    }
}

/// Reads a text as a stream.
pub struct Stream<'a> {
    text: &'a dyn Text,
    at: u64,
    buffer: Vec<u8>,
    taken: usize,
}

impl<'a> Stream<'a> {
    /// The text from its beginning.
    pub fn new(text: &'a dyn Text) -> Self {
        Self { text, at: 0, buffer: Vec::new(), taken: 0 }
    }
}

impl io::Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        const STEP: u64 = 1 << 20;
        if self.taken == self.buffer.len() && self.at < self.text.size() {
            let end = (self.at + STEP).min(self.text.size());
            self.buffer = super::text::read(self.text, self.at..end).map_err(io::Error::other)?;
            (self.at, self.taken) = (end, 0);
        }
        let length = into.len().min(self.buffer.len() - self.taken);
        into[..length].copy_from_slice(&self.buffer[self.taken..self.taken + length]);
        self.taken += length;
        Ok(length)
    }
}
