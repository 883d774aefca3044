//! Every version of a file in the history of HEAD, through its renames.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::ScalarValue;
use pond_history::select::Follow;
use pond_history::{Walk, WalkOptions};
use pond_objects::{ObjectSource as _, PathEntry};

use crate::error::QueryError;
use crate::files::Source;
use crate::files::name::located;
use crate::history::OwnedHistory;
use crate::readable;

/// The columns in front of the file's own.
pub(super) fn columns() -> Vec<FieldRef> {
    let fields = [
        readable::text("commit_id", false),
        readable::time("commit_time", false),
        readable::text("commit_author", false),
        readable::text("commit_path", false),
    ];
    fields.map(Arc::new).to_vec()
}

/// The versions of the file that HEAD, or a commit before it, has at a path: the newest first.
pub(super) fn find(history: &OwnedHistory, path: &str) -> Result<Vec<Source>, QueryError> {
    let head = history.head.commit.ok_or(QueryError::NoCommit)?;
    let store = history.store();
    let path = match path.starts_with("./") || path.starts_with("../") {
        true => pond_refs::RevisionPath::parse(format!("HEAD:{path}"))?.from_root(&history.directory)?,
        false => path.as_bytes().to_vec(),
    };
    let mut follow = Follow::new(store, path.clone().into());
    let mut versions = Vec::new();
    for found in Walk::new(store, &[head], &[], WalkOptions::default())? {
        let (id, link) = found?;
        if follow.passes(&id, &link.parents)? {
            continue;
        }
        let commit = store.commit(&id)?;
        for change in follow.step(&id, &commit)? {
            let Some(side) = change.new.filter(|side| side.kind.is_file()) else { continue };
            let time = commit.author.when.seconds.saturating_mul(1_000_000);
            let values = vec![
                ScalarValue::from(id.to_hex()),
                ScalarValue::TimestampMicrosecond(Some(time), Some("UTC".into())),
                ScalarValue::from(commit.author.name.as_str()),
                ScalarValue::from(readable::path(&change.path)),
            ];
            let entry = PathEntry { path: change.path, kind: side.kind, id: side.id, size: side.size };
            versions.push(Source { file: located(entry), values });
        }
    }
    if versions.is_empty() {
        return Err(QueryError::NoFile(readable::path(&path)));
    }
    Ok(versions)
}
