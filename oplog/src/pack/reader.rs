//! Reading packs: one row by decoding one page, or all rows in order.
//!
//! A reader holds the file open, so a pack that maintenance deletes meanwhile can still be read. It may be
//! used by several threads at once. Contents are not rehashed here: the caller knows what it asked for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::cache::{ContentPage, PageCache};
use super::decode::{PageHeader, PlainPage, decode_page};
use super::footer::{Footer, PageSpan, check_spans, parse_offset_index};
use super::rows::{Columns, DataRows, MetaRows};
use super::{Damage, MAX_PAGE, PackError};
use crate::row::{MetaRow, RowType};
use crate::schema::PackKind;

/// What a reader without a shared cache keeps, in bytes.
const OWN_CACHE: usize = 4 << 20;

/// Bytes at the end of a file that are read at once, hoping that the footer is in them.
const TAIL: usize = 16 << 10;

const MAGIC: &[u8; 4] = b"PAR1";

/// An open pack.
#[derive(Debug)]
pub struct PackReader {
    path: PathBuf,
    file: File,
    size: u64,
    pub(super) footer: Footer,
    content: Option<usize>,
    content_pages: Vec<OnceLock<Vec<PageSpan>>>,
    cache: Arc<PageCache>,
    number: u64,
}

impl PackReader {
    /// Opens a pack and reads its footer. Decoded pages are kept in a small cache of the reader's own.
    pub fn open(path: &Path) -> Result<Self, PackError> {
        Self::open_with(path, Arc::new(PageCache::new(OWN_CACHE)))
    }

    /// Opens a pack whose decoded pages are kept in `cache`, which other readers may share.
    pub fn open_with(path: &Path, cache: Arc<PageCache>) -> Result<Self, PackError> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let file = File::open(path).map_err(PackError::io("open the pack", path))?;
        let size = file.metadata().map_err(PackError::io("examine the pack", path))?.len();
        let footer = read_footer(&file, path, size)?;
        Ok(Self {
            path: path.to_owned(),
            content: footer.column("content"),
            content_pages: footer.groups.iter().map(|_| OnceLock::new()).collect(),
            footer,
            size,
            file,
            cache,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// Which kind of pack it is, by its columns.
    pub fn kind(&self) -> PackKind {
        if self.footer.column("seq").is_some() { PackKind::Meta } else { PackKind::Data }
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Rows in the pack.
    pub fn rows_len(&self) -> u64 {
        self.footer.rows()
    }

    /// The content of one row. A row whose content is null is [`PackError::NoContent`].
    ///
    /// The bytes share the decoded page's memory where they are a good part of it, and are a copy otherwise,
    /// so that keeping them keeps no more than four times their length.
    pub fn read_content(&self, row_group: u32, row: u32) -> Result<Bytes, PackError> {
        let absent = || Damage("there is no such row");
        let group = self.footer.groups.get(row_group as usize).filter(|group| row < group.rows);
        let group = group.ok_or_else(absent).map_err(PackError::damaged(&self.path))?;
        let column = self.content.ok_or_else(absent).map_err(PackError::damaged(&self.path))?;
        let pages = self.pages_of_content(row_group, column)?;
        let page_number = page_with(pages, row);
        let key = (self.number, row_group, page_number as u32);
        let page = match self.cache.get(&key) {
            Some(page) => page,
            None => {
                let end = pages.get(page_number + 1).map_or(group.rows, |next| next.first_row);
                let plain = self.read_page(row_group, column, pages[page_number], end)?;
                let spans = plain.byte_spans().map_err(PackError::damaged(&self.path))?;
                let page = Arc::new(ContentPage { body: plain.body().clone(), spans });
                self.cache.insert(key, &page);
                page
            }
        };
        let span = page.spans.get((row - pages[page_number].first_row) as usize).copied().flatten();
        let (start, len) =
            span.ok_or_else(|| PackError::NoContent { path: self.path.clone(), row_group, row })?;
        Ok(slice(&page.body, start, len))
    }

    fn pages_of_content(&self, row_group: u32, column: usize) -> Result<&[PageSpan], PackError> {
        let known = &self.content_pages[row_group as usize];
        if let Some(pages) = known.get() {
            return Ok(pages);
        }
        let pages = self.page_spans(row_group, column)?;
        Ok(known.get_or_init(|| pages))
    }

    /// The bytes that a content of `len` bytes takes in the file: its part of the page that it stands in, rounded up. The page's
    /// header is read, not the content.
    pub fn stored_len(&self, row_group: u32, row: u32, len: u64) -> Result<u64, PackError> {
        let damaged = |what| PackError::damaged(&self.path)(Damage(what));
        let absent = || damaged("there is no such row");
        let group = self.footer.groups.get(row_group as usize).filter(|group| row < group.rows);
        group.ok_or_else(absent)?;
        let pages = self.pages_of_content(row_group, self.content.ok_or_else(absent)?)?;
        let page = pages.get(page_with(pages, row)).ok_or_else(absent)?;
        let bytes = self.read_at(page.offset, page.len.min(PageHeader::MAX_LEN))?;
        let header = PageHeader::parse(&bytes).map_err(PackError::damaged(&self.path))?;
        // Each value stands behind its length.
        let share = u128::from(len + 4) * page.len as u128;
        let share = share.div_ceil(u128::from((header.plain_len as u64).max(1)));
        Ok(u64::try_from(share).unwrap_or(u64::MAX).min(page.len as u64))
    }

    /// Every row of the pack in order, with every column. The first error ends the iteration.
    pub fn rows(&self) -> impl Iterator<Item = Result<MetaRow, PackError>> + '_ {
        self.select(Columns::ALL, None).map(|row| row.map(|(_, row)| row))
    }

    /// The rows of the pack in order and where they stand, with `columns` read and every other field `None`;
    /// where `only` is given, the rows of that type. Row groups without one are passed over. The first error
    /// ends the iteration.
    pub fn select(&self, columns: Columns, only: Option<RowType>) -> MetaRows<'_> {
        MetaRows::new(self, columns, only)
    }

    /// Every row of the pack in order with its content, one page in memory at a time. The first error ends the
    /// iteration.
    pub fn data_rows(&self) -> DataRows<'_> {
        DataRows::new(self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the pages of a column of a row group stand: from the offset index, or from the pages' headers
    /// where the pack is too small to have one.
    pub(super) fn page_spans(&self, row_group: u32, column: usize) -> Result<Vec<PageSpan>, PackError> {
        let group = &self.footer.groups[row_group as usize];
        let chunk = &group.chunks[column];
        let damaged = |damage| PackError::damaged(&self.path)(damage);
        if let Some((start, len)) = chunk.offset_index {
            let bytes = self.read_at(start, len)?;
            return parse_offset_index(&bytes, chunk, group.rows).map_err(damaged);
        }
        let mut spans = Vec::new();
        let (mut offset, mut first_row) = (chunk.start, 0u32);
        let end = chunk.start + chunk.len;
        while offset < end && first_row < group.rows {
            let len = (PageHeader::MAX_LEN as u64).min(end - offset) as usize;
            let header = PageHeader::parse(&self.read_at(offset, len)?).map_err(damaged)?;
            let len = header.header_len + header.stored_len;
            spans.push(PageSpan { offset, len, first_row });
            offset += len as u64;
            first_row = first_row.saturating_add(header.rows);
        }
        check_spans(&spans, chunk, group.rows).map_err(damaged)?;
        Ok(spans)
    }

    /// Reads and decodes a page, whose last row is before `end_row`.
    pub(super) fn read_page(
        &self,
        row_group: u32,
        column: usize,
        span: PageSpan,
        end_row: u32,
    ) -> Result<PlainPage, PackError> {
        if span.len > MAX_PAGE + PageHeader::MAX_LEN {
            return Err(PackError::damaged(&self.path)(Damage("a page is too large")));
        }
        let bytes = self.read_at(span.offset, span.len)?;
        let chunk = &self.footer.groups[row_group as usize].chunks[column];
        let optional = self.footer.columns[column].optional;
        decode_page(&bytes, chunk.codec, optional, end_row - span.first_row)
            .map_err(PackError::damaged(&self.path))
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, PackError> {
        let mut bytes = vec![0; len];
        read_exact_at(&self.file, &mut bytes, offset).map_err(PackError::io("read the pack", &self.path))?;
        Ok(bytes)
    }
}

/// The number of the page with a row.
fn page_with(pages: &[PageSpan], row: u32) -> usize {
    pages.partition_point(|page| page.first_row <= row).saturating_sub(1)
}

/// A row's bytes out of a page's, shared or copied.
fn slice(body: &Bytes, start: u32, len: u32) -> Bytes {
    let range = start as usize..start as usize + len as usize;
    if range.len() >= body.len() / 4 { body.slice(range) } else { Bytes::copy_from_slice(&body[range]) }
}

fn read_footer(file: &File, path: &Path, size: u64) -> Result<Footer, PackError> {
    let damaged = |what| PackError::damaged(path)(Damage(what));
    if size < 12 {
        return Err(damaged("it is too short"));
    }
    let mut tail = vec![0; (TAIL as u64).min(size) as usize];
    let read = |bytes: &mut [u8], offset| {
        read_exact_at(file, bytes, offset).map_err(PackError::io("read the pack", path))
    };
    let start = size - tail.len() as u64;
    read(&mut tail, start)?;
    let (rest, end) = tail.split_at(tail.len() - 8);
    if &end[4..] != MAGIC {
        return Err(damaged("it does not end as a Parquet file"));
    }
    let len = u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize;
    if len as u64 > size - 12 || len > MAX_PAGE {
        return Err(damaged("its footer is longer than the file"));
    }
    let footer = if len <= rest.len() {
        Footer::parse(&rest[rest.len() - len..], size)
    } else {
        let mut whole = vec![0; len];
        read(&mut whole, size - 8 - len as u64)?;
        Footer::parse(&whole, size)
    };
    footer.map_err(PackError::damaged(path))
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}
