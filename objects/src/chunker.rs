//! Content-defined chunks: FastCDC (the 2020 variant, normalization level 1) by the fastcdc crate.
//!
//! The sizes depend on the blob's size alone, so that equal contents have equal chunks.

use fastcdc::v2020::{Normalization, cut, select_masks};

/// Blobs of this many bytes and more are cut into large chunks.
pub const LARGE_BLOB: u64 = 4 << 20;

/// Where a blob of a known size is cut.
#[derive(Debug, Clone)]
pub struct Chunker {
    min: usize,
    average: usize,
    max: usize,
    mask_small: u64,
    mask_large: u64,
}

impl Chunker {
    /// The chunker for a blob of `size` bytes: 2/8/32 KiB (least, average, most) under 4 MiB, 16/64/256 KiB from there.
    pub fn for_size(size: u64) -> Self {
        let average = if size < LARGE_BLOB { 8 << 10 } else { 64 << 10 };
        let (mask_small, mask_large) = select_masks(average, Normalization::Level1);
        Self { min: average / 4, average, max: average * 4, mask_small, mask_large }
    }

    /// Most bytes of a chunk: [`Chunker::cut`] needs that many to be sure, or the blob's end.
    pub fn max_chunk(&self) -> usize {
        self.max
    }

    /// Length of the chunk with which `data` begins.
    ///
    /// `data` holds at least [`Chunker::max_chunk`] bytes, or the rest of the blob; it is not empty.
    pub fn cut(&self, data: &[u8]) -> usize {
        if data.len() <= self.min {
            return data.len();
        }
        let (small, large) = (self.mask_small, self.mask_large);
        let (_, length) = cut(data, self.min, self.average, self.max, small, large, small << 1, large << 1);
        length
    }

    /// The chunks of a whole blob in memory.
    pub fn chunks<'a>(&'a self, mut data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        std::iter::from_fn(move || {
            if data.is_empty() {
                return None;
            }
            let (chunk, rest) = data.split_at(self.cut(data));
            data = rest;
            Some(chunk)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ObjectId;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7u64;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect()
    }

    #[test]
    fn cut_points_are_pinned() {
        let data = noise(200_000);
        let chunker = Chunker::for_size(data.len() as u64);
        let lengths: Vec<usize> = chunker.chunks(&data).map(<[u8]>::len).collect();
        assert_eq!(lengths.iter().sum::<usize>(), data.len());
        assert_eq!(&lengths[..5], PINNED);
        let first = chunker.chunks(&data).next().expect("a chunk");
        assert_eq!(ObjectId::of_content(first).short(), PINNED_ID);
    }

    const PINNED: &[usize] = &[18_224, 2_656, 7_795, 6_800, 6_085];
    const PINNED_ID: &str = "ca2b2e031b";

    #[test]
    fn a_cut_needs_no_more_than_the_largest_chunk() {
        let data = noise(600_000);
        let chunker = Chunker::for_size(LARGE_BLOB);
        let whole: Vec<usize> = chunker.chunks(&data).map(<[u8]>::len).collect();
        let mut rest = &data[..];
        let mut windowed = Vec::new();
        while !rest.is_empty() {
            let length = chunker.cut(&rest[..rest.len().min(chunker.max_chunk())]);
            windowed.push(length);
            rest = &rest[length..];
        }
        assert_eq!(whole, windowed);
    }
}
