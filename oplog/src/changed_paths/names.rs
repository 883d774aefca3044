//! The paths of a file in order, each with the comparisons in which it changed.
//!
//! A path is written as what it does not share with the one before; every [`BLOCK`]th is written whole, so that a search
//! can begin there.

use bstr::BString;

use super::Sides;

/// So many paths share their beginnings.
pub(super) const BLOCK: usize = 16;

/// Writes a number, seven bits a byte, the lowest first.
fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads a number and goes behind it; `None` if there is none.
fn take(bytes: &mut &[u8]) -> Option<u32> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(number).ok();
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take(bytes)? as usize;
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

/// Writes paths in their order, each with the numbers, in ascending order, of the comparisons. Gives the bytes, and where
/// each block begins.
pub(super) fn encode(names: &[(&(BString, Sides), &Vec<u32>)]) -> (Vec<u8>, Vec<u32>) {
    let (mut bytes, mut blocks) = (Vec::new(), Vec::new());
    let mut before: &[u8] = b"";
    let mut list = Vec::new();
    for (at, ((path, sides), numbers)) in names.iter().enumerate() {
        if at % BLOCK == 0 {
            blocks.push(bytes.len() as u32);
            before = b"";
        }
        let shared = before.iter().zip(path.iter()).take_while(|(one, other)| one == other).count();
        put(&mut bytes, shared as u32);
        put(&mut bytes, (path.len() - shared) as u32);
        bytes.extend_from_slice(&path[shared..]);
        bytes.push(sides.0);
        list.clear();
        let mut last = 0;
        for number in *numbers {
            put(&mut list, number - last);
            last = *number;
        }
        put(&mut bytes, list.len() as u32);
        bytes.extend_from_slice(&list);
        before = path;
    }
    (bytes, blocks)
}

/// Reads paths one after the other, from the beginning of a block.
pub(super) struct Names<'a> {
    bytes: &'a [u8],
    /// The path that was read last.
    pub(super) path: Vec<u8>,
    pub(super) sides: Sides,
    numbers: &'a [u8],
}

impl<'a> Names<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, path: Vec::new(), sides: Sides(0), numbers: &[] }
    }

    /// Goes to the next path; `Some(false)` if there is none, `None` if the bytes are no paths.
    pub(super) fn advance(&mut self) -> Option<bool> {
        if self.bytes.is_empty() {
            return Some(false);
        }
        let shared = take(&mut self.bytes)? as usize;
        let suffix = take_bytes(&mut self.bytes)?;
        if shared > self.path.len() {
            return None;
        }
        self.path.truncate(shared);
        self.path.extend_from_slice(suffix);
        let (sides, rest) = self.bytes.split_first()?;
        self.sides = Sides(*sides);
        self.bytes = rest;
        self.numbers = take_bytes(&mut self.bytes)?;
        Some(true)
    }

    /// Gives the comparisons in which the path changed; `None` if the bytes are no list of numbers.
    pub(super) fn each(&self, visit: &mut dyn FnMut(u32)) -> Option<()> {
        let (mut bytes, mut last) = (self.numbers, 0_u32);
        while !bytes.is_empty() {
            last = last.checked_add(take(&mut bytes)?)?;
            visit(last);
        }
        Some(())
    }
}
