//! Reading and writing the few Thrift structures (compact protocol) that stand inside packs.
//!
//! The parquet crate reads them too, but takes a list's declared length for an allocation's size: a flipped
//! bit in a footer may ask for hundreds of gigabytes and abort the process. Here nothing is allocated, and
//! every read is checked against the bytes that are there.

use super::Damage;

/// Wire types that pond's structures use.
pub(super) mod wire {
    pub(in crate::pack) const I32: u8 = 5;
    pub(in crate::pack) const I64: u8 = 6;
    pub(in crate::pack) const BINARY: u8 = 8;
    pub(in crate::pack) const LIST: u8 = 9;
    pub(in crate::pack) const STRUCT: u8 = 12;
}

const DEPTH_LIMIT: u32 = 16;

/// A cursor over encoded bytes.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Damage> {
        let byte = *self.bytes.get(self.at).ok_or(Damage("a structure ends early"))?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damage("a number is too long"))
    }

    /// A signed integer of any width.
    pub(super) fn integer(&mut self) -> Result<i64, Damage> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// An integer that must be a size or an offset.
    pub(super) fn size(&mut self) -> Result<u64, Damage> {
        u64::try_from(self.integer()?).map_err(|_| Damage("a size is negative"))
    }

    /// A byte string.
    pub(super) fn binary(&mut self) -> Result<&'a [u8], Damage> {
        let len = usize::try_from(self.varint()?).map_err(|_| Damage("a string is too long"))?;
        let end = self.at.checked_add(len).ok_or(Damage("a string is too long"))?;
        let bytes = self.bytes.get(self.at..end).ok_or(Damage("a string ends early"))?;
        self.at = end;
        Ok(bytes)
    }

    /// The head of a list: its elements' type and how many there are, never more than bytes are left.
    pub(super) fn list(&mut self) -> Result<(u8, usize), Damage> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        match usize::try_from(count) {
            Ok(count) if count <= self.bytes.len() - self.at => Ok((head & 15, count)),
            _ => Err(Damage("a list is longer than its bytes")),
        }
    }

    /// The head of a list of structures.
    pub(super) fn structures(&mut self) -> Result<usize, Damage> {
        match self.list()? {
            (_, 0) => Ok(0),
            (wire::STRUCT, count) => Ok(count),
            _ => Err(Damage("a list holds something else than structures")),
        }
    }

    /// The fields of a structure; `field` reads or skips each one's value.
    pub(super) fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, i64, u8) -> Result<(), Damage>,
    ) -> Result<(), Damage> {
        let mut id = 0i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            id = match head >> 4 {
                0 => self.integer()?,
                delta => id.checked_add(i64::from(delta)).ok_or(Damage("a field's number is too large"))?,
            };
            field(self, id, head & 15)?;
        }
    }

    /// Goes past a value of the wire type `kind`.
    pub(super) fn skip(&mut self, kind: u8) -> Result<(), Damage> {
        self.skip_at(kind, 0)
    }

    fn skip_at(&mut self, kind: u8, depth: u32) -> Result<(), Damage> {
        if depth > DEPTH_LIMIT {
            return Err(Damage("structures are nested too deep"));
        }
        match kind {
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => {
                for _ in 0..8 {
                    self.byte()?;
                }
            }
            wire::BINARY => drop(self.binary()?),
            9 | 10 => {
                let (element, count) = self.list()?;
                for _ in 0..count {
                    match element {
                        // A flag in a list takes a byte; as a field it is in the head.
                        1 | 2 => drop(self.byte()?),
                        _ => self.skip_at(element, depth + 1)?,
                    }
                }
            }
            wire::STRUCT => self.fields(|thrift, _, kind| thrift.skip_at(kind, depth + 1))?,
            _ => return Err(Damage("a value is of an unknown type")),
        }
        Ok(())
    }
}

/// Appends a signed integer in its variable-length form.
pub(super) fn put_integer(out: &mut Vec<u8>, value: i32) {
    let mut left = ((value << 1) ^ (value >> 31)) as u32;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive() {
        for value in [0, 1, -1, 63, 64, -64, -65, 300, i32::MAX, i32::MIN] {
            let mut bytes = Vec::new();
            put_integer(&mut bytes, value);
            assert_eq!(Thrift::new(&bytes).integer(), Ok(i64::from(value)));
        }
    }

    #[test]
    fn lies_about_lengths_are_refused() {
        assert!(Thrift::new(&[0xfc, 0xff, 0xff, 0xff, 0x7f]).list().is_err());
        assert!(Thrift::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).binary().is_err());
        assert!(Thrift::new(&[0x1c; 400]).skip(wire::STRUCT).is_err());
    }
}
