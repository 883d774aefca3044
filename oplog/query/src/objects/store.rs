//! The object store that DataFusion reads from.
//!
//! It has what was put into it by [`PondFiles::add`] and nothing else: no path that a query names reaches the host through it.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::Path as HostPath;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bstr::ByteSlice as _;
use bytes::Bytes;
use chrono::DateTime;
use futures::stream::{self, BoxStream, StreamExt as _};
use object_store::path::{Path, PathPart};
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result, coalesce_ranges,
};

use crate::error::{QueryError, blocking};
use crate::history::OwnedHistory;
use crate::objects::blob::read_range;
use crate::objects::located::{Content, Located};
use crate::profile::Profile;

/// The URL that the store is registered under.
pub(crate) const STORE_URL: &str = "pond://files";

/// Bytes that are read at once of a long range.
const PART: u64 = 1 << 20;

/// Ranges that are no further apart are read as one. A seek costs nothing here: what lies between would only be decompressed and
/// hashed.
const GAP: u64 = 4 << 10;

/// What DataFusion may read.
pub(crate) struct PondFiles {
    history: Arc<OwnedHistory>,
    profile: Arc<Profile>,
    known: RwLock<HashMap<Path, (Content, ObjectMeta)>>,
}

impl PondFiles {
    pub(crate) fn new(history: Arc<OwnedHistory>, profile: Arc<Profile>) -> Self {
        Self { history, profile, known: RwLock::default() }
    }

    /// Makes a file readable, and gives the object that it is.
    pub(crate) fn add(&self, file: &Located) -> ObjectMeta {
        let parts = |first: String| {
            let names = file.path.split_str("/").map(PathPart::from);
            Path::from_iter(std::iter::once(PathPart::from(first)).chain(names))
        };
        let location = match &file.content {
            Content::Blob(id) => parts(id.to_hex()),
            Content::Host(_) => parts("mirror".to_owned()),
            Content::Pack(_) => parts("oplog".to_owned()),
        };
        let e_tag = match &file.content {
            Content::Blob(id) => Some(id.to_hex()),
            Content::Host(_) | Content::Pack(_) => None,
        };
        let last_modified = DateTime::from_timestamp_micros(file.modified).unwrap_or_default();
        let meta =
            ObjectMeta { location: location.clone(), last_modified, size: file.size, e_tag, version: None };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(location, (file.content.clone(), meta.clone()));
        meta
    }

    fn known(&self, location: &Path) -> Result<(Content, ObjectMeta)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let not_found =
            || Error::NotFound { path: location.to_string(), source: "it was not asked for".into() };
        known.get(location).cloned().ok_or_else(not_found)
    }
}

/// A range of a file's bytes.
fn read(
    history: &OwnedHistory,
    profile: &Profile,
    content: &Content,
    range: Range<u64>,
) -> std::result::Result<Bytes, QueryError> {
    let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(length);
    match content {
        Content::Blob(id) => read_range(history.store(), id, range, profile, &mut bytes)?,
        Content::Host(path) => {
            bytes = read_file(path, range)?;
            profile.host(bytes.len());
        }
        Content::Pack(path) => {
            bytes = read_file(path, range)?;
            let name = path.file_name().unwrap_or_default();
            profile.pack(&name.to_string_lossy(), bytes.len());
        }
    }
    Ok(bytes.into())
}

fn read_file(path: &HostPath, range: Range<u64>) -> std::result::Result<Vec<u8>, QueryError> {
    use std::io::{Read as _, Seek as _, SeekFrom};

    let failed = |source| QueryError::Host { path: path.display().to_string(), source };
    let mut file = File::open(path).map_err(failed)?;
    file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(usize::MAX)];
    file.read_exact(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn store_error(error: QueryError) -> Error {
    Error::Generic { store: "pond", source: Box::new(error) }
}

#[async_trait]
impl ObjectStore for PondFiles {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (content, meta) = self.known(location)?;
        options.check_preconditions(&meta)?;
        let wrong = |source| Error::Generic { store: "pond", source };
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(|source| wrong(Box::new(source)))?,
            None => 0..meta.size,
        };
        let left = if options.head { range.end..range.end } else { range.clone() };
        let (history, profile) = (self.history.clone(), self.profile.clone());
        // One part after the other, when it is asked for: a file of any size passes through.
        let parts = stream::try_unfold(left, move |left| {
            let (history, profile, content) = (history.clone(), profile.clone(), content.clone());
            async move {
                if left.is_empty() {
                    return Ok(None);
                }
                let end = left.end.min(left.start + PART);
                let part = left.start..end;
                let bytes = blocking(move || read(&history, &profile, &content, part)).await;
                Ok(Some((bytes.map_err(store_error)?, end..left.end)))
            }
        });
        let payload = GetResultPayload::Stream(parts.boxed());
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        coalesce_ranges(ranges, |range| self.get_range(location, range), GAP).await
    }

    fn list(&self, _prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::empty().boxed()
    }

    async fn list_with_delimiter(&self, _prefix: Option<&Path>) -> Result<ListResult> {
        Ok(ListResult { common_prefixes: Vec::new(), objects: Vec::new() })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(writes())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(writes())
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(writes()) }).boxed()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(writes())
    }
}

fn writes() -> Error {
    store_error(QueryError::Writes("a file of a pond".to_owned()))
}

impl fmt::Display for PondFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STORE_URL)
    }
}

impl fmt::Debug for PondFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PondFiles")
    }
}
