//! Reading blobs whole or as a stream, verified chunk by chunk and as a whole.

use std::io;

use crate::cursor::Leaves;
use crate::id::ObjectId;
use crate::page::Body;
use crate::source::{ObjectSource, ReadError};

/// Why a blob was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Its content can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The other side can't be written.
    #[error("cannot write the content")]
    Write(#[source] io::Error),
}

/// Writes a blob's bytes to `out`, one chunk in memory at a time, and gives their number.
///
/// # Errors
/// [`CopyError::Read`] also where the whole does not hash to `id`: what was written until then is to be discarded.
pub fn copy_blob(
    source: &dyn ObjectSource,
    id: &ObjectId,
    out: &mut dyn io::Write,
) -> Result<u64, CopyError> {
    let Some(manifest) = source.manifest(id)? else {
        let chunk = source.chunk(id)?;
        out.write_all(&chunk).map_err(CopyError::Write)?;
        return Ok(chunk.len() as u64);
    };
    let mut whole = blake3::Hasher::new();
    let mut written = 0;
    for item in Leaves::new(source, Body::Manifest, &manifest.root)? {
        let item = item?;
        let chunk = source.chunk(&item.id)?;
        if chunk.len() as u64 != item.size {
            return Err(ReadError::Damaged { what: "blob", id: *id }.into());
        }
        whole.update(&chunk);
        out.write_all(&chunk).map_err(CopyError::Write)?;
        written += item.size;
    }
    if whole.finalize().as_bytes() != id.as_bytes() || written != manifest.size {
        return Err(ReadError::Damaged { what: "blob", id: *id }.into());
    }
    Ok(written)
}

/// A blob's bytes, whole in memory.
///
/// # Errors
/// Those of the source.
pub fn read_blob(source: &dyn ObjectSource, id: &ObjectId) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    match copy_blob(source, id, &mut bytes) {
        Ok(_) => Ok(bytes),
        Err(CopyError::Read(error)) => Err(error),
        Err(CopyError::Write(_)) => unreachable!("BUG: writing to memory does not fail"),
    }
}
