//! Making a new index: from rows in order, or from an old one and changes.

use std::cmp::Ordering;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};
use pond_objects::path::is_below;
use pond_objects::path_order;

use super::bases::Bases;
use super::columns::{Columns, ColumnsBuilder};
use super::updates::{Consequences, Update, Updates};
use super::{Header, Index, IndexError, Row, file};

/// Rows of a batch as a new index has them: small enough that an edit rewrites little.
const BATCH_ROWS: usize = 8192;
/// Rows at which a batch that an edit made longer is cut.
const LONGEST_BATCH: usize = BATCH_ROWS / 2 * 3;
/// A batch of fewer rows is put together with what follows it.
const SHORT_BATCH: usize = BATCH_ROWS / 4;
/// Batches that are kept in memory, of about a megabyte each, where it is known which file they are for.
const KEPT_BATCHES: usize = if cfg!(test) { 2 } else { 32 };

/// An index in the making. Nothing has its name before [`Self::save`].
#[must_use = "an index is written by save"]
#[derive(Debug)]
pub struct IndexBuilder {
    header: Header,
    done: Vec<Columns>,
    /// The file that a large one is written to while it is made.
    file: Option<PathBuf>,
    /// That file, where the batches before those in `done` are; or why they are not.
    written: Option<Result<file::Writer, IndexError>>,
    open: ColumnsBuilder,
    limit: usize,
    /// Of an index on another commit than the rows come from.
    bases: Bases,
    last: BString,
    /// The last path with a row that is not a tombstone: nothing below it can have one.
    last_live: BString,
}

impl IndexBuilder {
    /// A builder without rows. `now_ns` is the time of writing: what is stamped about then is not trusted.
    pub fn new(mut header: Header, now_ns: i64) -> Self {
        header.written_ns = now_ns;
        Self {
            header,
            done: Vec::new(),
            file: None,
            written: None,
            open: ColumnsBuilder::new(),
            limit: BATCH_ROWS,
            bases: Bases::default(),
            last: BString::default(),
            last_live: BString::default(),
        }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// When `path` does not come after every path so far, or lies below one that is not a directory:
    /// an index that is out of order would lose files without a word.
    pub fn push(&mut self, path: &[u8], row: &Row) {
        self.push_gone_before(Some(path));
        match self.bases.at(path, row) {
            None => self.append(path, row),
            Some(Some(row)) => self.append(path, &row),
            Some(None) => {}
        }
    }

    /// Appends tombstones for what the commit has and no row stands for.
    fn push_gone_before(&mut self, path: Option<&[u8]>) {
        while let Some((gone, tombstone)) = self.bases.gone_before(path) {
            self.append(&gone, &tombstone);
        }
    }

    fn append(&mut self, path: &[u8], row: &Row) {
        assert!(
            !path.is_empty() && (self.last.is_empty() || path_order(&self.last, path) == Ordering::Less),
            "BUG: rows of the index are pushed in order"
        );
        if row.staged.is_some() {
            assert!(
                self.last_live.is_empty() || !is_below(path, &self.last_live),
                "BUG: nothing of the index lies below a file"
            );
            self.last_live.clear();
            self.last_live.extend_from_slice(path);
        }
        self.last.clear();
        self.last.extend_from_slice(path);
        let stat = crate::stat::Stat {
            mtime_ns: row.seen.mtime_ns,
            ctime_ns: row.seen.ctime_ns,
            ..Default::default()
        };
        if row.seen.trusted && stat.is_racy(self.header.written_ns) {
            let mut doubted = *row;
            doubted.seen.trusted = false;
            self.open.push(path, &doubted);
        } else {
            self.open.push(path, row);
        }
        if self.open.len() >= self.limit {
            self.close();
        }
    }

    /// The rows as an index in memory.
    pub fn finish(mut self) -> Index {
        assert!(self.written.is_none(), "BUG: an index that is written to its file is saved");
        self.push_gone_before(None);
        self.close();
        Index::from_batches(self.header, self.done)
    }

    /// Writes the index durably in the place of `path`, and gives it back as it is in memory.
    ///
    /// After an error `path` is what it was before, or, where only the last fsync failed, the new one.
    pub fn save(mut self, path: &Path) -> Result<Index, IndexError> {
        self.push_gone_before(None);
        self.close();
        if let Some(written) = self.written.take() {
            debug_assert!(self.file.as_deref() == Some(path), "BUG: an index is saved where it was begun");
            let mut writer = written?;
            self.done.iter().try_for_each(|batch| writer.push(batch))?;
            drop(std::mem::take(&mut self.done));
            writer.finish()?;
            let gone = || IndexError::Io {
                action: "read",
                path: path.into(),
                source: std::io::ErrorKind::NotFound.into(),
            };
            return Index::open(path)?.ok_or_else(gone);
        }
        let index = self.finish();
        file::save(path, &index.header, &index.batches)?;
        Ok(index)
    }

    /// Appends rows of another index as they are. They come after all rows so far, and none lies below the last live one.
    fn copy(&mut self, batch: &Columns, rows: Range<usize>) {
        let mut start = rows.start;
        while start < rows.end {
            let next = self.bases.next().map_or(rows.end, |next| batch.position(start, next).min(rows.end));
            if start < next {
                self.copy_whole(batch, start..next);
                start = next;
            } else {
                self.push(batch.path(start), &batch.row(start));
                start += 1;
            }
        }
    }

    /// The same where no row gets another base.
    fn copy_whole(&mut self, batch: &Columns, rows: Range<usize>) {
        let mut start = rows.start;
        while start < rows.end {
            let part = start..rows.end.min(start + self.limit - self.open.len());
            start = part.end;
            if batch.may_be_racy(part.clone(), self.header.written_ns) {
                part.for_each(|at| self.append(batch.path(at), &batch.row(at)));
                continue;
            }
            self.open.extend(batch, part);
            if self.open.len() >= self.limit {
                self.close();
            }
        }
        self.pass(batch, rows);
    }

    /// Notes which paths came last.
    fn pass(&mut self, batch: &Columns, rows: Range<usize>) {
        if let Some(last) = rows.clone().next_back() {
            self.last = batch.path(last).into();
        }
        if let Some(live) = rows.rev().find(|at| batch.is_live(*at)) {
            self.last_live = batch.path(live).into();
        }
    }

    fn close(&mut self) {
        if self.open.len() > 0 {
            let batch = self.open.finish();
            self.keep(batch);
        }
    }

    /// Keeps a batch, or writes those that are kept and it.
    fn keep(&mut self, batch: Columns) {
        self.done.push(batch);
        if let Some(path) = self.file.as_ref().filter(|_| self.done.len() > KEPT_BATCHES) {
            let written = self.written.take().unwrap_or_else(|| file::Writer::create(path, &self.header));
            self.written = Some(written.and_then(|mut writer| {
                self.done.iter().try_for_each(|batch| writer.push(batch))?;
                Ok(writer)
            }));
            self.done.clear();
        }
    }

    /// Takes over a batch of another index as it is; its rows come after all rows so far.
    fn adopt(&mut self, batch: &Columns) {
        self.close();
        self.keep(batch.clone());
        self.pass(batch, 0..batch.len());
    }
}

/// See [`Index::edit_with`].
pub(super) fn edit(
    index: &Index,
    updates: &dyn Updates,
    bases: Bases,
    header: Header,
    now_ns: i64,
    file: Option<PathBuf>,
) -> IndexBuilder {
    let mut builder = IndexBuilder { bases, file, ..IndexBuilder::new(header, now_ns) };
    builder.limit = LONGEST_BATCH;
    let changes = Consequences::of(index, updates);
    let mut pending = changes.in_order(updates).peekable();
    for (number, batch) in index.batches.iter().enumerate() {
        // What belongs between this batch and the next is done with this one.
        let next = index.batches.get(number + 1).map(|next| next.path(0));
        let is_here = |path: &BStr| next.is_none_or(|next| path_order(path, next) == Ordering::Less);
        let touched = pending.peek().is_some_and(|(path, _)| is_here(path))
            || builder.bases.next().is_some_and(is_here);
        let hidden = !builder.last_live.is_empty() && is_below(batch.path(0), &builder.last_live);
        let short = builder.open.len() > 0 && builder.open.len() < SHORT_BATCH || batch.len() < SHORT_BATCH;
        if !touched && !hidden && !short {
            builder.adopt(batch);
            continue;
        }
        let mut at = 0;
        while at < batch.len() {
            let path = batch.path(at);
            while let Some((new, update)) =
                pending.next_if(|(new, _)| path_order(new, path) == Ordering::Less)
            {
                apply(&mut builder, new, update, None);
            }
            if let Some((_, update)) = pending.next_if(|(new, _)| *new == path) {
                apply(&mut builder, path, update, Some(&batch.row(at)));
                at += 1;
            } else if !builder.last_live.is_empty() && is_below(path, &builder.last_live) {
                // In the place of the directory that it was in is a file now.
                let old = batch.row(at);
                match old.staged {
                    Some(_) => apply(&mut builder, path, Update::Delete, Some(&old)),
                    None => builder.push(path, &old),
                }
                at += 1;
            } else {
                let end = pending.peek().map_or(batch.len(), |(new, _)| batch.position(at, new));
                builder.copy(batch, at..end);
                at = end;
            }
        }
        while let Some((new, update)) =
            pending.next_if(|(new, _)| next.is_none_or(|next| path_order(new, next) == Ordering::Less))
        {
            apply(&mut builder, new, update, None);
        }
        builder.push_gone_before(next);
    }
    for (new, update) in pending {
        apply(&mut builder, new, update, None);
    }
    builder
}

/// See [`Index::committed`].
pub(super) fn committed(index: &Index, header: Header, now_ns: i64) -> IndexBuilder {
    let mut builder = IndexBuilder::new(header, now_ns);
    for batch in &index.batches {
        if let Some(batch) = batch.committed(now_ns) {
            builder.adopt(&batch);
            continue;
        }
        for at in 0..batch.len() {
            if let Some(row) = batch.row(at).committed() {
                builder.push(batch.path(at), &row);
            }
        }
    }
    builder
}

fn apply(builder: &mut IndexBuilder, path: &[u8], update: Update, old: Option<&Row>) {
    match update {
        Update::Set(row) => builder.push(path, &row),
        Update::Stage(side, seen) => {
            builder.push(path, &old.map_or_else(|| Row::added(side, seen), |old| old.restaged(side, seen)));
        }
        Update::Delete => {
            if let Some(row) = old.and_then(Row::deleted) {
                builder.push(path, &row);
            }
        }
        Update::Forget => {}
    }
}
