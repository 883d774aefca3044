//! Stores contents: cuts them into chunks, leaves out what the pond has, and packs the rest in the staging area.
//!
//! Any number of threads read contents, each with a [`Reader`] of its own; others compress what they found, one row group at
//! a time. Both sides work on buffers that are used again, and the queue between them is short, so that memory stays
//! bounded whatever the size of the contents. Nothing is named before [`Ingest::finish`], which leaves whole, synced
//! packs in the staging area; a failed or dropped ingest leaves nothing there.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

use bytes::Bytes;
use pond_objects::chunker::{Chunker, LARGE_BLOB};
use pond_objects::grown::Beginning;
use pond_objects::page::{Body, Item, Page};
use pond_objects::paginate::{Paginator, Root};
use pond_objects::{ObjectId, ObjectSource as _};

use crate::pack::{DataPack, EncoderFactory, PackError, SealedPack, write_meta_pack};
use crate::row::{MetaRow, RowType};
use crate::schema::PackKind;
use crate::store::{StagedPack, Store};
use pond_durable::DurableError;

/// Raw bytes after which a row group is compressed and written.
const GROUP_BYTES: usize = 8 << 20;
/// Buffer for contents that are read as a stream.
const STREAM_BUFFER: usize = 4 << 20;

/// Buffer for contents that begin with a known one.
const GROWN_BUFFER: usize = 512 << 10;
/// A last chunk that is longer is not read with what comes before it.
const MAX_TAIL: usize = 256 << 10;

/// A stored content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The blob's id.
    pub id: ObjectId,
    /// Its bytes.
    pub size: u64,
}

/// Packs that an ingest left in the staging area; each is absent where it would be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StagedPacks {
    /// The chunks.
    pub data: Option<ObjectId>,
    /// Blobs of more than one chunk, and the pages of their manifests.
    pub meta: Option<ObjectId>,
    /// Bytes of both files.
    pub size: u64,
}

impl StagedPacks {
    /// Writes rows of metadata as a pack of the staging area.
    ///
    /// # Errors
    /// [`IngestError::Pack`] and [`IngestError::Durable`].
    pub(crate) fn of_rows(staging: &Path, rows: Vec<MetaRow>) -> Result<Self, IngestError> {
        let mut staged = Self::default();
        staged.meta = Some(persist(write_meta_pack(staging, rows)?, staging, &mut staged.size)?);
        pond_durable::sync_dir(staging)?;
        Ok(staged)
    }

    /// The packs by their names.
    pub fn names(&self) -> Vec<StagedPack> {
        let pack = |digest: Option<ObjectId>, kind| digest.map(|digest| StagedPack { digest, kind });
        pack(self.data, PackKind::Data).into_iter().chain(pack(self.meta, PackKind::Meta)).collect()
    }
}

/// Why contents could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The content could not be read. The ingest can go on with others.
    #[error("cannot read the content")]
    Read(#[source] io::Error),
    /// The content had another length than was said before. The ingest can go on with others.
    #[error("the content changed while it was read")]
    Unstable,
    /// The pack could not be written; the ingest has failed as a whole.
    #[error("cannot write to the staging area")]
    Pack(#[from] PackError),
    /// The pack could not be made durable; the ingest has failed as a whole.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// The system has no thread left to compress what is read.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// Another thread of the ingest failed first.
    #[error("the ingest was stopped by an error in another thread")]
    Stopped,
}

/// Chunks on their way to be compressed.
#[derive(Default)]
struct Batch {
    content: Vec<u8>,
    chunks: Vec<(ObjectId, usize)>,
}

/// Contents being stored. See the module's description.
pub struct Ingest<'a> {
    store: &'a Store,
    staging: &'a Path,
    encoders: EncoderFactory,
    pack: Mutex<DataPack>,
    failure: Mutex<Option<PackError>>,
    seen: Mutex<HashSet<ObjectId>>,
    meta: Mutex<Vec<MetaRow>>,
    spare: Mutex<Vec<Batch>>,
    queue: Mutex<Option<SyncSender<Batch>>>,
    waiting: Mutex<Receiver<Batch>>,
}

impl<'a> Ingest<'a> {
    /// An ingest into `staging` of what `store` does not have.
    ///
    /// # Errors
    /// [`IngestError::Pack`] where no file can be made there.
    pub fn new(store: &'a Store, staging: &'a Path) -> Result<Self, IngestError> {
        let pack = DataPack::create(staging)?;
        let (queue, waiting) = sync_channel(1);
        Ok(Self {
            store,
            staging,
            encoders: pack.encoder_factory(),
            pack: Mutex::new(pack),
            failure: Mutex::default(),
            seen: Mutex::default(),
            meta: Mutex::default(),
            spare: Mutex::default(),
            queue: Mutex::new(Some(queue)),
            waiting: Mutex::new(waiting),
        })
    }

    /// Runs `read` in as many threads as `readers` has, each with a reader and its own argument, beside `compressors` threads.
    /// Where the system has fewer threads left, one does the work of several.
    ///
    /// # Errors
    /// The first error that concerns the pack, and that not even one compressor could be started; what `read` gives back
    /// is the caller's.
    pub fn run<A: Send, T: Send>(
        &self,
        readers: Vec<A>,
        compressors: usize,
        read: impl Fn(&mut Reader<'_, 'a>, A) -> T + Sync,
    ) -> Result<Vec<T>, IngestError> {
        let queue = lock(&self.queue).take().ok_or(IngestError::Stopped)?;
        let work = |argument: A, queue: SyncSender<Batch>| {
            let mut reader = Reader { ingest: self, queue, batch: Batch::default(), buffer: Vec::new() };
            let result = read(&mut reader, argument);
            reader.flush().map(|()| result)
        };
        let todo: Vec<_> =
            readers.into_iter().map(|argument| Mutex::new(Some((argument, queue.clone())))).collect();
        drop(queue);
        let run = |at: usize| lock(&todo[at]).take().map(|(argument, queue)| work(argument, queue));
        let results = std::thread::scope(|scope| {
            let start = |_| Builder::new().spawn_scoped(scope, || self.compress());
            let started: Vec<_> = (0..compressors.max(1)).map(start).collect();
            if started.iter().all(Result::is_err) {
                return Err(IngestError::Thread(
                    started.into_iter().find_map(Result::err).expect("BUG: one at least"),
                ));
            }
            let handles: Vec<_> =
                (0..todo.len()).map(|at| Builder::new().spawn_scoped(scope, move || run(at)).ok()).collect();
            let join = |(at, handle): (usize, Option<std::thread::ScopedJoinHandle<'_, _>>)| {
                let done = handle.map_or_else(
                    || run(at),
                    |handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                );
                done.expect("BUG: every reader runs once")
            };
            Ok(handles.into_iter().enumerate().map(join).collect::<Vec<_>>())
        })?;
        if let Some(error) = lock(&self.failure).take() {
            return Err(error.into());
        }
        results.into_iter().collect()
    }

    /// As [`Self::run`] with one reader, on this thread: what it reads need not be able to go to another.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub fn run_here<T>(
        &self,
        compressors: usize,
        read: impl FnOnce(&mut Reader<'_, 'a>) -> T,
    ) -> Result<T, IngestError> {
        let queue = lock(&self.queue).take().ok_or(IngestError::Stopped)?;
        let (result, flushed) = std::thread::scope(|scope| {
            let start = |_| Builder::new().spawn_scoped(scope, || self.compress());
            let started: Vec<_> = (0..compressors.max(1)).map(start).collect();
            if started.iter().all(Result::is_err) {
                return Err(IngestError::Thread(
                    started.into_iter().find_map(Result::err).expect("BUG: one at least"),
                ));
            }
            let mut reader = Reader { ingest: self, queue, batch: Batch::default(), buffer: Vec::new() };
            let result = read(&mut reader);
            // Those who compress end with the queue, which ends with the reader.
            Ok((result, reader.flush()))
        })?;
        match lock(&self.failure).take() {
            Some(error) => Err(error.into()),
            None => flushed.map(|()| result),
        }
    }

    /// Completes the packs. They are synced and have their names, but nothing points to them yet.
    ///
    /// # Errors
    /// [`IngestError::Pack`] and [`IngestError::Staging`].
    pub fn finish(self) -> Result<StagedPacks, IngestError> {
        let mut staged = StagedPacks::default();
        let pack = self.pack.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if pack.rows() > 0 {
            staged.data = Some(persist(pack.finish()?, self.staging, &mut staged.size)?);
        }
        let rows = self.meta.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !rows.is_empty() {
            let sealed = write_meta_pack(self.staging, rows)?;
            staged.meta = Some(persist(sealed, self.staging, &mut staged.size)?);
        }
        if staged.size > 0 {
            pond_durable::sync_dir(self.staging)?;
        }
        Ok(staged)
    }

    fn compress(&self) {
        loop {
            let next = lock(&self.waiting).recv();
            let Ok(mut batch) = next else { return };
            if lock(&self.failure).is_none()
                && let Err(error) = self.write_group(&batch)
            {
                lock(&self.failure).get_or_insert(error);
            }
            batch.content.clear();
            batch.chunks.clear();
            lock(&self.spare).push(batch);
        }
    }

    fn write_group(&self, batch: &Batch) -> Result<(), PackError> {
        let mut encoder = self.encoders.encoder();
        let mut rest = &batch.content[..];
        for (id, length) in &batch.chunks {
            let (chunk, after) = rest.split_at(*length);
            encoder.push(RowType::Chunk, *id, chunk)?;
            rest = after;
        }
        let group = encoder.finish()?;
        lock(&self.pack).append(group)
    }
}

fn persist(mut sealed: SealedPack, staging: &Path, size: &mut u64) -> Result<ObjectId, IngestError> {
    let digest = sealed.digest;
    let path = staging.join(sealed.kind.staged_name(&digest));
    *size += sealed.size;
    sealed.persist(&path)?;
    Ok(digest)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One thread's side of an [`Ingest`].
pub struct Reader<'i, 'a> {
    ingest: &'i Ingest<'a>,
    queue: SyncSender<Batch>,
    batch: Batch,
    buffer: Vec<u8>,
}

impl Reader<'_, '_> {
    /// Stores a content that is whole in memory.
    ///
    /// # Errors
    /// [`IngestError::Stopped`] where the ingest has failed.
    pub fn store(&mut self, content: &[u8]) -> Result<Stored, IngestError> {
        let mut source = content;
        let size = content.len() as u64;
        let chunker = Chunker::for_size(size);
        if content.is_empty() || chunker.cut(content) == content.len() {
            let id = ObjectId::of_content(content);
            self.add_chunk(id, content)?;
            return Ok(Stored { id, size });
        }
        let id = ObjectId::of_content(content);
        if !self.first_seen(id) {
            return Ok(Stored { id, size });
        }
        // A known manifest does not prove that its chunks are there: the staged pack that had them may be lost.
        let mut rows = Vec::new();
        let mut manifest = Paginator::new(Body::Manifest, into_rows(&mut rows));
        while !source.is_empty() {
            let (chunk, rest) = source.split_at(chunker.cut(source));
            let chunk_id = ObjectId::of_content(chunk);
            self.add_chunk(chunk_id, chunk)?;
            let Ok(()) = manifest.push(chunk_item(chunk_id, chunk.len()));
            source = rest;
        }
        let Ok(root) = manifest.finish();
        if !self.ingest.store.has_blob(&id) {
            self.add_manifest(id, root, rows);
        }
        Ok(Stored { id, size })
    }

    /// Stores a content of `size` bytes that is read as a stream, in bounded memory. `progress` is told of bytes as they are read.
    ///
    /// # Errors
    /// [`IngestError::Read`] and [`IngestError::Unstable`], after which other contents can be stored, and
    /// [`IngestError::Stopped`].
    pub fn store_stream(
        &mut self,
        size: u64,
        source: &mut dyn io::Read,
        progress: &dyn Fn(u64),
    ) -> Result<Stored, IngestError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(STREAM_BUFFER, 0);
        let result = self.stream(size, source, progress, &mut buffer, Begun::default());
        self.buffer = buffer;
        result
    }

    /// What is known of a content of `size` bytes that begins with another, if that one is in the table with all its chunks and
    /// is cut in the same way.
    pub fn beginning(&self, old: Stored, size: u64) -> Option<Beginning> {
        let is_longer = old.size < size && (old.size < LARGE_BLOB) == (size < LARGE_BLOB);
        let store = self.ingest.store;
        if !is_longer || !store.has_meta_in_table(&old.id, RowType::Blob) {
            return None;
        }
        // What cannot be read is of no use here, and is told to whoever needs it.
        let manifest = store.manifest(&old.id).ok()??;
        let beginning = Beginning::read(store, &manifest).ok()??;
        let is_all = beginning.end.checked_add(beginning.last_size) == Some(old.size);
        (is_all && beginning.last_size <= MAX_TAIL as u64).then_some(beginning)
    }

    /// As [`Reader::store_stream`], of a content that may begin with `old`: the chunks of that are neither cut nor looked up
    /// again. `None` where it does not; the source was read in part then.
    ///
    /// # Errors
    /// Those of [`Reader::store_stream`].
    pub fn store_grown(
        &mut self,
        (old, beginning): (Stored, &Beginning),
        size: u64,
        source: &mut dyn io::Read,
        progress: &dyn Fn(u64),
    ) -> Result<Option<Stored>, IngestError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(buffer.len().max(GROWN_BUFFER), 0);
        let result = match begin(old, beginning, source, &mut buffer[..GROWN_BUFFER]) {
            Ok(Some(begun)) => {
                progress(old.size);
                self.stream(size, source, progress, &mut buffer, begun).map(Some)
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        self.buffer = buffer;
        result
    }

    fn stream(
        &mut self,
        size: u64,
        source: &mut dyn io::Read,
        progress: &dyn Fn(u64),
        buffer: &mut [u8],
        begun: Begun<'_>,
    ) -> Result<Stored, IngestError> {
        let chunker = Chunker::for_size(size);
        let mut whole = begun.whole;
        let mut rows = Vec::new();
        let mut manifest = Paginator::new(Body::Manifest, into_rows(&mut rows));
        let (mut start, mut end, mut total, mut chunks) = (0, begun.tail.len(), begun.total, 0);
        buffer[..end].copy_from_slice(&begun.tail);
        if let Some(beginning) = begun.beginning {
            let Ok(()) = beginning.put_into(&mut manifest);
            chunks = beginning.chunks();
        }
        let mut at_end = false;
        loop {
            if !at_end && end - start < chunker.max_chunk() {
                buffer.copy_within(start..end, 0);
                (start, end) = (0, end - start);
                let filled = end;
                at_end = fill(source, buffer, &mut end)?;
                whole.update(&buffer[filled..end]);
                total += (end - filled) as u64;
                progress((end - filled) as u64);
                if total > size {
                    return Err(IngestError::Unstable);
                }
            }
            if start == end {
                break;
            }
            let chunk = &buffer[start..start + chunker.cut(&buffer[start..end])];
            let (id, length) = (ObjectId::of_content(chunk), chunk.len());
            start += length;
            chunks += 1;
            self.add_chunk(id, chunk)?;
            let Ok(()) = manifest.push(chunk_item(id, length));
        }
        let Ok(root) = manifest.finish();
        if total != size {
            return Err(IngestError::Unstable);
        }
        let id = ObjectId::from_bytes(*whole.finalize().as_bytes());
        match chunks {
            0 => self.add_chunk(id, b"")?,
            1 => {}
            _ if self.ingest.store.has_blob(&id) || !self.first_seen(id) => {}
            _ => self.add_manifest(id, root, rows),
        }
        Ok(Stored { id, size })
    }

    fn first_seen(&self, id: ObjectId) -> bool {
        lock(&self.ingest.seen).insert(id)
    }

    fn add_chunk(&mut self, id: ObjectId, content: &[u8]) -> Result<(), IngestError> {
        if self.ingest.store.has_chunk(&id) || !self.first_seen(id) {
            return Ok(());
        }
        self.batch.content.extend_from_slice(content);
        self.batch.chunks.push((id, content.len()));
        if self.batch.content.len() >= GROUP_BYTES || self.batch.chunks.len() >= GROUP_BYTES / 256 {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), IngestError> {
        if self.batch.chunks.is_empty() {
            return Ok(());
        }
        let spare = lock(&self.ingest.spare).pop().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, spare);
        self.queue.send(full).map_err(|_| IngestError::Stopped)?;
        match lock(&self.ingest.failure).is_some() {
            true => Err(IngestError::Stopped),
            false => Ok(()),
        }
    }

    fn add_manifest(&self, blob: ObjectId, root: Root, rows: Vec<MetaRow>) {
        let size = i64::try_from(root.size).expect("BUG: a content's size fits");
        let content = Some(Bytes::copy_from_slice(root.id.as_bytes()));
        let row = MetaRow { id: Some(blob), size: Some(size), content, ..MetaRow::new(RowType::Blob) };
        lock(&self.ingest.meta).extend(rows.into_iter().chain([row]));
    }
}

/// Where a stream goes on: what was read of it before, and the chunks of that but for the last.
#[derive(Default)]
struct Begun<'b> {
    whole: blake3::Hasher,
    total: u64,
    tail: Vec<u8>,
    beginning: Option<&'b Beginning>,
}

/// Reads as many bytes as `old` has; `None` where they are others.
fn begin<'b>(
    old: Stored,
    beginning: &'b Beginning,
    source: &mut dyn io::Read,
    buffer: &mut [u8],
) -> Result<Option<Begun<'b>>, IngestError> {
    let mut begun = Begun { beginning: Some(beginning), ..Begun::default() };
    while begun.total < old.size {
        let most =
            usize::try_from(old.size - begun.total).map_or(buffer.len(), |left| left.min(buffer.len()));
        let mut end = 0;
        if fill(source, &mut buffer[..most], &mut end)? {
            return Err(IngestError::Unstable);
        }
        begun.whole.update(&buffer[..end]);
        let skipped = beginning.end.saturating_sub(begun.total).min(end as u64) as usize;
        begun.tail.extend_from_slice(&buffer[skipped..end]);
        begun.total += end as u64;
    }
    let is_same = begun.whole.finalize().as_bytes() == old.id.as_bytes();
    Ok(is_same.then_some(begun))
}

/// Reads until the buffer is full or the source ends; tells whether it has ended.
fn fill(source: &mut dyn io::Read, buffer: &mut [u8], end: &mut usize) -> Result<bool, IngestError> {
    while *end < buffer.len() {
        match source.read(&mut buffer[*end..]) {
            Ok(0) => return Ok(true),
            Ok(read) => *end += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(IngestError::Read(error)),
        }
    }
    Ok(false)
}

/// Takes the pages of a manifest as rows, made while its chunks are found: those of a large blob are many.
fn into_rows(rows: &mut Vec<MetaRow>) -> impl FnMut(ObjectId, &Page) -> Result<(), Infallible> {
    |id, page| {
        rows.push(MetaRow::page(id, page));
        Ok(())
    }
}

fn chunk_item(id: ObjectId, length: usize) -> Item {
    Item { name: Default::default(), kind: None, id, size: length as u64, count: 1 }
}
