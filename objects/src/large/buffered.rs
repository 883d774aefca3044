//! A text of which what was read last is kept: for many short reads near each other.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::spliced::Part;
use super::tally::{Tally, read_tally};
use super::text::{LargeError, Piece, Text, read};

/// Bytes that are read at a time. Longer ranges are not kept.
const BLOCK: u64 = 256 << 10;
/// Blocks that are kept.
const KEPT: usize = 4;

/// Another text, its last blocks in memory.
pub struct Buffered<T> {
    text: T,
    size: u64,
    blocks: Mutex<VecDeque<(u64, Arc<[u8]>)>>,
}

impl<T: Text> Buffered<T> {
    /// Nothing read yet.
    pub fn new(text: T) -> Self {
        Self { size: text.size(), text, blocks: Mutex::default() }
    }

    fn block(&self, number: u64) -> Result<Arc<[u8]>, LargeError> {
        let blocks = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let found = blocks().iter().find(|(known, _)| *known == number).map(|(_, block)| block.clone());
        if let Some(block) = found {
            return Ok(block);
        }
        let start = number * BLOCK;
        let block: Arc<[u8]> = read(&self.text, start..self.size.min(start + BLOCK))?.into();
        let mut blocks = blocks();
        blocks.truncate(KEPT - 1);
        blocks.push_front((number, block.clone()));
        Ok(block)
    }
}

impl<T: Text> Text for Buffered<T> {
    fn size(&self) -> u64 {
        self.size
    }

    fn pieces(&self) -> &[Piece] {
        self.text.pieces()
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        if range.end - range.start > BLOCK {
            return self.text.visit(range, each);
        }
        let mut at = range.start;
        while at < range.end {
            let block = self.block(at / BLOCK)?;
            let start = at / BLOCK * BLOCK;
            let end = range.end.min(start + block.len() as u64);
            each(&block[(at - start) as usize..(end - start) as usize])?;
            at = end;
        }
        Ok(())
    }

    fn tally(&self, range: Range<u64>) -> Result<Tally, LargeError> {
        match range.end - range.start > BLOCK {
            true => self.text.tally(range),
            false => read_tally(self, range),
        }
    }

    fn is_tallied(&self) -> bool {
        self.text.is_tallied()
    }

    fn parts(&self, range: Range<u64>) -> Option<Vec<Part>> {
        self.text.parts(range)
    }
}
