//! An object store over a local directory whose puts survive a power cut.
//!
//! [`LocalFileSystem`] never syncs, and makes a file visible in the same call that writes it, so nothing
//! can be added around it. Here every put, single or multipart, goes through [`pond_durable`]: after
//! `Ok` the object is on the device, after an error there is the old object or the whole new one.
//! Whatever reads, lists or deletes is delegated. Nothing is cached: two stores over one directory, in
//! one process or in several, agree.

use std::fmt;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use tempfile::NamedTempFile;

use pond_durable::{DurableError, Existing};

const NAME: &str = "DurableLocal";

/// The store over one directory, which exists.
#[derive(Debug)]
pub struct DurableLocal {
    inner: LocalFileSystem,
}

impl DurableLocal {
    /// The store whose objects are the files below `root`.
    pub fn new(root: &std::path::Path) -> Result<Self> {
        Ok(Self { inner: LocalFileSystem::new_with_prefix(root)? })
    }

    async fn sync_parent(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        blocking(move || pond_durable::sync_dir(pond_durable::parent(&path)).map_err(store_error)).await
    }
}

impl fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let existing = match options.mode {
            PutMode::Create => Existing::Keep,
            PutMode::Overwrite => Existing::Replace,
            PutMode::Update(_) => return Err(self.lacks("a put in the mode Update")),
        };
        if !options.attributes.is_empty() {
            return Err(self.lacks("attributes"));
        }
        let path = self.inner.path_to_filesystem(location)?;
        blocking(move || {
            let mut temp = temporary_for(&path)?;
            for bytes in &payload {
                temp.write_all(bytes).map_err(|source| write_error(&path, source))?;
            }
            pond_durable::persist_temp(temp, &path, existing).map_err(store_error)?;
            Ok(PutResult { e_tag: None, version: None })
        })
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            return Err(self.lacks("attributes"));
        }
        let path = self.inner.path_to_filesystem(location)?;
        blocking(move || {
            let temp = Arc::new(Mutex::new(Some(temporary_for(&path)?)));
            Ok(Box::new(DurableUpload { path, temp, end: 0 }) as Box<dyn MultipartUpload>)
        })
        .await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.sync_parent(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        // The new name first: after a power cut between the two both names may be there, never none.
        self.sync_parent(to).await?;
        self.sync_parent(from).await
    }
}

impl DurableLocal {
    fn lacks(&self, operation: &str) -> object_store::Error {
        object_store::Error::NotImplemented { operation: operation.to_owned(), implementer: self.to_string() }
    }
}

/// Parts go to their places in one temporary file, which gets its name when all are there.
#[derive(Debug)]
struct DurableUpload {
    path: PathBuf,
    /// None once it is complete or aborted.
    temp: Arc<Mutex<Option<NamedTempFile>>>,
    end: u64,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let start = self.end;
        self.end += data.content_length() as u64;
        let (temp, path) = (Arc::clone(&self.temp), self.path.clone());
        blocking(move || {
            let mut temp = temp.lock().unwrap_or_else(PoisonError::into_inner);
            let file = temp.as_mut().ok_or_else(|| ended(&path))?;
            file.seek(SeekFrom::Start(start)).map_err(|source| write_error(&path, source))?;
            for bytes in &data {
                file.write_all(bytes).map_err(|source| write_error(&path, source))?;
            }
            Ok(())
        })
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (temp, path, end) = (Arc::clone(&self.temp), self.path.clone(), self.end);
        blocking(move || {
            let mut slot = temp.lock().unwrap_or_else(PoisonError::into_inner);
            let temp = slot.take().ok_or_else(|| ended(&path))?;
            let length = temp.as_file().metadata().map_err(|source| write_error(&path, source))?.len();
            if length != end {
                let missing = std::io::Error::other(format!("{length} of {end} bytes were uploaded"));
                return Err(write_error(&path, missing));
            }
            pond_durable::persist_temp(temp, &path, Existing::Replace).map_err(store_error)?;
            Ok(PutResult { e_tag: None, version: None })
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        self.temp.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }
}

fn temporary_for(path: &std::path::Path) -> Result<NamedTempFile> {
    let dir = pond_durable::parent(path);
    pond_durable::create_dir_all(dir).map_err(store_error)?;
    pond_durable::temporary_in(dir).map_err(|source| write_error(path, source))
}

fn ended(path: &std::path::Path) -> object_store::Error {
    write_error(path, std::io::Error::other("the upload is complete or was aborted"))
}

fn write_error(path: &std::path::Path, source: std::io::Error) -> object_store::Error {
    store_error(DurableError::Write { path: path.to_owned(), source })
}

fn store_error(error: DurableError) -> object_store::Error {
    match error {
        DurableError::AlreadyExists(ref path) => {
            object_store::Error::AlreadyExists { path: path.display().to_string(), source: Box::new(error) }
        }
        error => object_store::Error::Generic { store: NAME, source: Box::new(error) },
    }
}

/// Runs what waits for the disk where it does not hold up other tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await?,
        Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
    }

    #[test]
    fn puts_create_and_replace() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = DurableLocal::new(dir.path()).expect("a store");
        let at = Path::from("_delta_log/00000000000000000000.json");
        runtime().block_on(async {
            store.put_opts(&at, "one".into(), PutMode::Create.into()).await.expect("created");
            let error = store.put_opts(&at, "two".into(), PutMode::Create.into()).await;
            assert!(matches!(error, Err(object_store::Error::AlreadyExists { .. })));
            assert_eq!(store.get(&at).await.expect("there").bytes().await.expect("bytes"), "one");
            store.put(&at, "two".into()).await.expect("replaced");
            assert_eq!(store.get(&at).await.expect("there").bytes().await.expect("bytes"), "two");
            let missing = store.get(&Path::from("none")).await;
            assert!(matches!(missing, Err(object_store::Error::NotFound { .. })));
        });
    }

    #[test]
    fn parts_may_arrive_in_any_order() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = DurableLocal::new(dir.path()).expect("a store");
        let at = Path::from("big");
        runtime().block_on(async {
            let mut upload = store.put_multipart(&at).await.expect("begun");
            let first = upload.put_part("first, ".into());
            let second = upload.put_part("second".into());
            second.await.expect("written");
            assert!(matches!(store.head(&at).await, Err(object_store::Error::NotFound { .. })));
            first.await.expect("written");
            upload.complete().await.expect("complete");
            let bytes = store.get(&at).await.expect("there").bytes().await.expect("bytes");
            assert_eq!(bytes, "first, second");
            assert!(upload.complete().await.is_err());

            let mut dropped = store.put_multipart(&Path::from("none")).await.expect("begun");
            dropped.put_part("x".into()).await.expect("written");
            dropped.abort().await.expect("aborted");
        });
        assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 1);
    }
}
