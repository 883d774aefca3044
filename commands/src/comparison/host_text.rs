//! A large file of the mirror as a text: cut where the version that it is compared with is cut, as long as both go along.
//!
//! The file is read once, for the ids of its pieces and the number of their lines. What is read again later is verified.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use pond_mirror::stat::Stat;
use pond_objects::ObjectId;
use pond_objects::chunker::Chunker;
use pond_objects::large::{LargeError, Piece, Tally, Text};
use rayon::prelude::*;

/// Bytes of a file that are cut at a time.
const BUFFER: usize = 4 << 20;
/// Most pieces that are compared at a time.
const MOST_AT_ONCE: usize = 1024;

/// A file of the mirror.
pub(super) struct HostText {
    file: File,
    pieces: Vec<Piece>,
    tallies: Vec<Counted>,
}

/// The tally of a piece, in little space.
#[derive(Clone, Copy)]
struct Counted {
    ends: u32,
    /// From the piece's beginning.
    section: Option<std::num::NonZeroU32>,
    may_open: bool,
    is_ended: bool,
}

impl Counted {
    fn of(bytes: &[u8]) -> Self {
        let tally = Tally::of(0, bytes);
        let small = |number: u64| u32::try_from(number).expect("BUG: a piece is small");
        Self {
            ends: small(tally.ends),
            section: tally.section.and_then(|at| std::num::NonZeroU32::new(small(at))),
            may_open: tally.may_open,
            is_ended: tally.is_ended,
        }
    }

    fn tally(self, start: u64) -> Tally {
        Tally {
            ends: self.ends.into(),
            section: self.section.map(|at| start + u64::from(at.get())),
            may_open: self.may_open,
            is_ended: self.is_ended,
        }
    }
}

impl HostText {
    /// Reads a file that is compared with a version that has the pieces `other`. Of a file that only grows meanwhile, this
    /// is what it had at first; `None` where it changed in another way, or is no file.
    pub(super) fn read(file: File, other: &[Piece]) -> io::Result<Option<Self>> {
        let before = Stat::from_metadata(&file.metadata()?);
        if !before.kind().is_some_and(pond_objects::Kind::is_file) {
            return Ok(None);
        }
        let mut text = Self { file, pieces: Vec::new(), tallies: Vec::new() };
        let is_whole = match text.cut(before.size, other) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(error),
        };
        let after = Stat::from_metadata(&text.file.metadata()?);
        Ok((is_whole && (before == after || after.size > before.size)).then_some(text))
    }

    fn end(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.end)
    }

    fn cut(&mut self, size: u64, other: &[Piece]) -> io::Result<()> {
        let places: HashMap<ObjectId, usize> =
            other.iter().enumerate().rev().map(|(at, piece)| (piece.id, at)).collect();
        let mut next = 0;
        loop {
            next +=
                self.take_equal(size, &other[next..], next.checked_sub(1).map_or(0, |last| other[last].end))?;
            match self.take_new(size, &places, next)? {
                Some(found) => next = found + 1,
                None => return Ok(()),
            }
        }
    }

    /// Takes the pieces that the file has too from where it was cut last, and gives their number. The first of them begins
    /// at `start` in the other version.
    fn take_equal(&mut self, size: u64, others: &[Piece], start: u64) -> io::Result<usize> {
        let mut taken = 0;
        let mut at_once = rayon::current_num_threads();
        // By how much a place in the file is behind the one in the other version.
        let shift = self.end().wrapping_sub(start);
        loop {
            let batch = &others[taken..others.len().min(taken + at_once)];
            let first = self.end();
            let places: Vec<(&Piece, Range<u64>)> = batch
                .iter()
                .scan(first, |begin, piece| {
                    let range = *begin..piece.end.wrapping_add(shift);
                    *begin = range.end;
                    Some((piece, range))
                })
                .take_while(|(_, range)| range.end <= size)
                .collect();
            let file = &self.file;
            let found: Vec<Option<Counted>> = places
                .par_iter()
                .map_init(Vec::new, |buffer, (piece, range)| {
                    read_at(file, range, buffer)?;
                    Ok((ObjectId::of_content(buffer) == piece.id).then(|| Counted::of(buffer)))
                })
                .collect::<io::Result<_>>()?;
            let equal = found.iter().take_while(|found| found.is_some()).count();
            self.tallies.extend(found.into_iter().flatten().take(equal));
            self.pieces
                .extend(places[..equal].iter().map(|(piece, range)| Piece { id: piece.id, end: range.end }));
            taken += equal;
            if equal < batch.len() || batch.is_empty() {
                return Ok(taken);
            }
            at_once = (at_once * 2).min(MOST_AT_ONCE);
        }
    }

    /// Cuts the file until a piece comes that the other version has at `next` or later; `None` at its end.
    fn take_new(
        &mut self,
        size: u64,
        places: &HashMap<ObjectId, usize>,
        next: usize,
    ) -> io::Result<Option<usize>> {
        let chunker = Chunker::for_size(size);
        let mut buffer = Vec::new();
        let mut start = 0;
        while self.end() < size {
            let rest = size - self.end();
            if ((buffer.len() - start) as u64) < rest.min(chunker.max_chunk() as u64) {
                let end = size.min(self.end() + BUFFER as u64);
                read_at(&self.file, &(self.end()..end), &mut buffer)?;
                start = 0;
            }
            let chunk = &buffer[start..start + chunker.cut(&buffer[start..])];
            start += chunk.len();
            let id = ObjectId::of_content(chunk);
            self.tallies.push(Counted::of(chunk));
            self.pieces.push(Piece { id, end: self.end() + chunk.len() as u64 });
            if let Some(found) = places.get(&id).filter(|found| **found >= next) {
                return Ok(Some(*found));
            }
        }
        Ok(None)
    }
}

fn read_at(file: &File, range: &Range<u64>, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.resize(usize::try_from(range.end - range.start).map_err(io::Error::other)?, 0);
    file.read_exact_at(buffer, range.start)
}

impl Text for HostText {
    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        let mut buffer = Vec::new();
        for (at, within) in self.touched(range) {
            let start = self.start_of(at);
            match read_at(&self.file, &(start..self.pieces[at].end), &mut buffer) {
                Ok(()) if ObjectId::of_content(&buffer) == self.pieces[at].id => {}
                Ok(()) => return Err(LargeError::Changed),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(LargeError::Changed);
                }
                Err(error) => return Err(LargeError::File(error)),
            }
            each(&buffer[within])?;
        }
        Ok(())
    }

    fn tally(&self, range: Range<u64>) -> Result<Tally, LargeError> {
        let mut whole: Option<Tally> = None;
        for (at, within) in self.touched(range) {
            let start = self.start_of(at);
            let (from, to) = (start + within.start as u64, start + within.end as u64);
            let tally = if (from, to) == (start, self.pieces[at].end) {
                self.tallies[at].tally(start)
            } else {
                let mut tally = Tally::default();
                self.visit(from..to, &mut |bytes| {
                    tally = Tally::of(from, bytes);
                    Ok(())
                })?;
                tally
            };
            whole = Some(whole.map_or(tally, |whole| whole.and(from, tally)));
        }
        Ok(whole.unwrap_or_default())
    }

    fn is_tallied(&self) -> bool {
        true
    }
}
