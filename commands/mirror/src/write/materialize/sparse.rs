//! Writes a stream to a file and leaves holes where it is zero.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// Shortest run of zero bytes that becomes a hole.
pub(super) const HOLE: usize = 64 << 10;
/// Step of the search for zeros, a page of the host.
const BLOCK: usize = 4 << 10;

/// Why the stream was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// It was longer than stated.
    Long,
    /// The command was interrupted.
    Interrupted,
}

/// The writer. Runs of at least [`HOLE`] zero bytes are not written. [`SparseWriter::finish`] must follow.
pub(super) struct SparseWriter<'a> {
    file: &'a File,
    /// Zeros that are not yet written.
    zeros: u64,
    /// Bytes that may still come.
    left: u64,
    interrupted: &'a (dyn Fn() -> bool + Sync),
    /// Set when `write` failed for another reason than the host.
    pub(super) cut: Option<Cut>,
}

impl<'a> SparseWriter<'a> {
    /// Writes to an empty file what shall be `size` bytes, until `interrupted`.
    pub(super) fn new(file: &'a File, size: u64, interrupted: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { file, zeros: 0, left: size, interrupted, cut: None }
    }

    /// Ends the file; gives whether all of the stated size came.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        if self.zeros >= HOLE as u64 {
            let end = self.file.stream_position()? + self.zeros;
            self.file.set_len(end)?;
        } else {
            self.write_zeros()?;
        }
        Ok(self.left == 0)
    }

    fn write_zeros(&mut self) -> io::Result<()> {
        static ZEROS: [u8; HOLE] = [0; HOLE];
        let zeros = std::mem::take(&mut self.zeros);
        match usize::try_from(zeros) {
            Ok(zeros) if zeros < HOLE => self.file.write_all(&ZEROS[..zeros]),
            _ => self.file.seek(SeekFrom::Current(zeros.cast_signed())).map(|_| ()),
        }
    }

    fn stop(&mut self, cut: Cut) -> io::Error {
        self.cut = Some(cut);
        io::Error::other("the stream was cut off")
    }
}

impl Write for SparseWriter<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if (self.interrupted)() {
            return Err(self.stop(Cut::Interrupted));
        }
        match self.left.checked_sub(data.len() as u64) {
            Some(left) => self.left = left,
            None => return Err(self.stop(Cut::Long)),
        }
        let mut at = 0;
        while at < data.len() {
            let zeros = leading_zeros(&data[at..]);
            self.zeros += zeros as u64;
            at += zeros;
            if at < data.len() {
                let end = next_hole(data, at);
                self.write_zeros()?;
                self.file.write_all(&data[at..end])?;
                at = end;
            }
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many zero bytes `data` begins with.
fn leading_zeros(data: &[u8]) -> usize {
    let whole =
        data.chunks_exact(64).take_while(|piece| piece.iter().fold(0, |all, byte| all | byte) == 0).count()
            * 64;
    whole + data[whole..].iter().take_while(|byte| **byte == 0).count()
}

/// Where, after `at`, zeros begin that are a hole's length or may go on in the next piece of the stream.
fn next_hole(data: &[u8], mut at: usize) -> usize {
    while at < data.len() {
        let zeros = leading_zeros(&data[at..]);
        if zeros >= HOLE || (at + zeros == data.len() && zeros >= BLOCK) {
            return at;
        }
        at += zeros.max(BLOCK);
    }
    data.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        use std::os::unix::fs::MetadataExt;
        let file = tempfile::NamedTempFile::new().expect("a file");
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        let mut writer = SparseWriter::new(file.as_file(), size, &|| false);
        pieces.iter().for_each(|piece| writer.write_all(piece).expect("written"));
        assert!(writer.finish().expect("finished"));
        let blocks = file.as_file().metadata().expect("metadata").blocks();
        (std::fs::read(file.path()).expect("read"), blocks * 512)
    }

    #[test]
    fn content_is_the_same_and_long_zeros_are_holes() {
        let zeros = vec![0; 300_000];
        let mut mixed = vec![7; 5_000];
        mixed.extend_from_slice(&zeros);
        mixed.extend_from_slice(b"end");
        let cases: [&[&[u8]]; 7] = [
            &[],
            &[b"short"],
            &[&zeros],
            &[&mixed],
            &[&mixed, &zeros, &zeros, b"x"],
            &[b"a", &[0; 5_000], b"b", &[0; 40_000], &[0; 40_000], b"c"],
            &[&[0; 9], &mixed, &[0; 100]],
        ];
        for pieces in cases {
            assert_eq!(round_trip(pieces).0, pieces.concat());
        }
        let (_, blocks) = round_trip(&[b"x", &zeros, &zeros, &zeros, b"y"]);
        assert!(blocks <= 64 << 10, "{blocks} bytes of blocks");
    }

    #[test]
    fn a_longer_stream_than_stated_is_cut_off() {
        let file = tempfile::tempfile().expect("a file");
        let mut writer = SparseWriter::new(&file, 3, &|| false);
        assert!(writer.write_all(b"four").is_err());
        assert_eq!(writer.cut, Some(Cut::Long));
        let mut writer = SparseWriter::new(&file, 3, &|| true);
        assert!(writer.write_all(b"abc").is_err());
        assert_eq!(writer.cut, Some(Cut::Interrupted));
        let mut short = SparseWriter::new(&file, 3, &|| false);
        short.write_all(b"ab").expect("written");
        assert!(!short.finish().expect("finished"));
    }
}
