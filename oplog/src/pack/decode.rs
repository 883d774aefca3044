//! Decoding one page: header, compression, definition levels, PLAIN values.

use std::cell::RefCell;

use bytes::Bytes;
use zstd::bulk::Decompressor;

use super::footer::Codec;
use super::thrift::{Thrift, wire};
use super::{Damage, MAX_PAGE};

/// What a page's header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageHeader {
    pub(super) header_len: usize,
    pub(super) plain_len: usize,
    pub(super) stored_len: usize,
    pub(super) rows: u32,
}

impl PageHeader {
    /// The most bytes that a header takes, with some to spare.
    pub(super) const MAX_LEN: usize = 128;

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let mut thrift = Thrift::new(bytes);
        let (mut plain, mut stored, mut rows) = (None, None, None);
        thrift.fields(|thrift, id, kind| {
            match (id, kind) {
                (1, wire::I32) => expect(thrift, 0, "a page is not a data page")?,
                (2, wire::I32) => plain = Some(thrift.size()?),
                (3, wire::I32) => stored = Some(thrift.size()?),
                (5, wire::STRUCT) => thrift.fields(|thrift, id, kind| {
                    match (id, kind) {
                        (1, wire::I32) => rows = Some(thrift.size()?),
                        (2, wire::I32) => expect(thrift, 0, "a page's values are not PLAIN")?,
                        (3, wire::I32) => expect(thrift, 3, "a page's levels are not RLE")?,
                        _ => thrift.skip(kind)?,
                    }
                    Ok(())
                })?,
                _ => thrift.skip(kind)?,
            }
            Ok(())
        })?;
        let (Some(plain), Some(stored), Some(rows)) = (plain, stored, rows) else {
            return Err(Damage("a page's header is not whole"));
        };
        if plain > MAX_PAGE as u64 || stored > MAX_PAGE as u64 {
            return Err(Damage("a page is too large"));
        }
        let rows = u32::try_from(rows).map_err(|_| Damage("a page has too many rows"))?;
        let header_len = thrift.position();
        Ok(Self { header_len, plain_len: plain as usize, stored_len: stored as usize, rows })
    }
}

fn expect(thrift: &mut Thrift<'_>, value: i64, otherwise: &'static str) -> Result<(), Damage> {
    if thrift.integer()? == value { Ok(()) } else { Err(Damage(otherwise)) }
}

/// A page's values, uncompressed.
#[derive(Debug)]
pub(super) struct PlainPage {
    body: Bytes,
    values_at: usize,
    present: Option<Vec<bool>>,
    rows: u32,
}

/// Decodes a page of `rows` rows, of a column that may hold nulls if it is `optional`.
pub(super) fn decode_page(
    bytes: &[u8],
    codec: Codec,
    optional: bool,
    rows: u32,
) -> Result<PlainPage, Damage> {
    let header = PageHeader::parse(bytes)?;
    if header.rows != rows {
        return Err(Damage("a page does not have the rows that it should"));
    }
    let stored = bytes
        .get(header.header_len..)
        .and_then(|rest| rest.get(..header.stored_len))
        .ok_or(Damage("a page ends early"))?;
    let body = match codec {
        Codec::Plain if header.plain_len == stored.len() => Bytes::copy_from_slice(stored),
        Codec::Plain => return Err(Damage("a page's two sizes do not agree")),
        Codec::Zstd => decompress(stored, header.plain_len)?,
    };
    if !optional {
        return Ok(PlainPage { body, values_at: 0, present: None, rows });
    }
    let head = body.get(..4).and_then(|head| head.try_into().ok()).ok_or(Damage("a page has no levels"))?;
    let levels_len = u32::from_le_bytes(head) as usize;
    let levels = body[4..].get(..levels_len).ok_or(Damage("a page's levels end early"))?;
    let present = decode_levels(levels, rows as usize)?;
    Ok(PlainPage { values_at: 4 + levels_len, present: Some(present), body, rows })
}

fn decompress(stored: &[u8], plain_len: usize) -> Result<Bytes, Damage> {
    thread_local! {
        static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    const FAILED: Damage = Damage("a page does not decompress");
    ZSTD.with_borrow_mut(|zstd| {
        let zstd = match zstd {
            Some(zstd) => zstd,
            None => zstd.insert(Decompressor::new().map_err(|_| FAILED)?),
        };
        let mut plain = Vec::with_capacity(plain_len);
        match zstd.decompress_to_buffer(stored, &mut plain) {
            Ok(len) if len == plain_len => Ok(Bytes::from(plain)),
            _ => Err(FAILED),
        }
    })
}

/// Definition levels of 0 and 1: runs of one value, and groups of eight as bits.
fn decode_levels(mut bytes: &[u8], rows: usize) -> Result<Vec<bool>, Damage> {
    const SHORT: Damage = Damage("a page's levels end early");
    let mut present = Vec::with_capacity(rows);
    while present.len() < rows {
        let mut head = 0u64;
        let mut shift = 0;
        loop {
            let (byte, rest) = bytes.split_first().ok_or(SHORT)?;
            bytes = rest;
            head |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 35 {
                return Err(Damage("a run of levels is too long"));
            }
        }
        let left = rows - present.len();
        let run = usize::try_from(head >> 1).map_err(|_| Damage("a run of levels is too long"))?;
        if run == 0 {
            return Err(Damage("a run of levels is empty"));
        }
        if head & 1 == 0 {
            let (value, rest) = bytes.split_first().ok_or(SHORT)?;
            bytes = rest;
            present.resize(present.len() + run.min(left), *value != 0);
        } else {
            let groups = run.min(left.div_ceil(8));
            let bits = bytes.get(..groups).ok_or(SHORT)?;
            bytes = &bytes[groups..];
            let values = bits.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
            present.extend(values.take(left));
        }
    }
    Ok(present)
}

impl PlainPage {
    fn is_present(&self, row: usize) -> bool {
        self.present.as_ref().is_none_or(|present| present[row])
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where each row's bytes stand in the body: start and length, or `None` for null.
    pub(super) fn byte_spans(&self) -> Result<Vec<Option<(u32, u32)>>, Damage> {
        const SHORT: Damage = Damage("a page's values end early");
        let mut at = self.values_at;
        // A value takes four bytes at least, so a lie about the rows costs no more than the page did.
        let mut spans = Vec::with_capacity((self.rows as usize).min(self.body.len()));
        for row in 0..self.rows as usize {
            if !self.is_present(row) {
                spans.push(None);
                continue;
            }
            let head = self.body.get(at..at + 4).and_then(|head| head.try_into().ok()).ok_or(SHORT)?;
            let len = u32::from_le_bytes(head);
            let start = at + 4;
            at = start + len as usize;
            if at > self.body.len() {
                return Err(SHORT);
            }
            spans.push(Some((start as u32, len)));
        }
        Ok(spans)
    }

    /// Each row's number, of `WIDTH` bytes.
    pub(super) fn numbers<const WIDTH: usize, T>(
        &self,
        from: impl Fn([u8; WIDTH]) -> T,
        out: &mut Vec<Option<T>>,
    ) -> Result<(), Damage> {
        let mut values = self.body[self.values_at..].chunks_exact(WIDTH);
        for row in 0..self.rows as usize {
            out.push(match self.is_present(row) {
                false => None,
                true => {
                    let value = values.next().and_then(|value| value.try_into().ok());
                    Some(from(value.ok_or(Damage("a page's values end early"))?))
                }
            });
        }
        Ok(())
    }
}
