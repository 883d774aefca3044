//! The oplog as a stranger sees it: the `deltalake` crate and DataFusion, and no line of pond's code.

use std::path::Path;

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use deltalake::kernel::CommitInfo;
use futures::TryStreamExt as _;
use tokio::runtime::Runtime;
use url::Url;

/// An open oplog, at its newest version or an older one.
pub(crate) struct Table {
    runtime: Runtime,
    delta: DeltaTable,
    session: SessionContext,
}

impl Table {
    /// The newest version of the oplog of a mirror.
    pub(crate) fn open(mirror: &Path) -> Self {
        Self::open_at(mirror, None)
    }

    /// One Delta version of it.
    pub(crate) fn open_version(mirror: &Path, version: u64) -> Self {
        Self::open_at(mirror, Some(version))
    }

    fn open_at(mirror: &Path, version: Option<u64>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let url = Url::from_directory_path(mirror.join(".pond/oplog")).expect("an absolute path");
        let (delta, session) = runtime.block_on(async {
            let delta = match version {
                None => deltalake::open_table(url).await,
                Some(version) => deltalake::open_table_with_version(url, version).await,
            };
            let delta = delta.expect("the oplog is a Delta table");
            let session = SessionContext::new();
            let provider = delta.table_provider().await.expect("a table provider");
            session.register_table("pond", provider).expect("registered");
            (delta, session)
        });
        Self { runtime, delta, session }
    }

    /// The Delta version that is open.
    pub(crate) fn version(&self) -> u64 {
        self.delta.version().expect("a loaded table has a version")
    }

    /// The rows that a query gives.
    #[track_caller]
    pub(crate) fn query(&self, sql: &str) -> Vec<RecordBatch> {
        let rows = self.runtime.block_on(async { self.session.sql(sql).await?.collect().await });
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The values of a query's columns as text; null is `-`.
    #[track_caller]
    pub(crate) fn texts(&self, sql: &str) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for batch in self.query(sql) {
            let columns: Vec<StringArray> = (0..batch.num_columns()).map(|at| strings(&batch, at)).collect();
            let value = |column: &StringArray, row| {
                if column.is_null(row) { "-".to_owned() } else { column.value(row).to_owned() }
            };
            rows.extend(
                (0..batch.num_rows()).map(|row| columns.iter().map(|column| value(column, row)).collect()),
            );
        }
        rows
    }

    /// A query's first column as bytes; none of its values may be null.
    #[track_caller]
    pub(crate) fn bytes(&self, sql: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        for batch in self.query(sql) {
            let column = binary(&batch, 0);
            assert_eq!(column.null_count(), 0, "{sql}");
            values.extend(column.iter().flatten().map(<[u8]>::to_vec));
        }
        values
    }

    /// The content of the one row of this type and id.
    #[track_caller]
    pub(crate) fn content(&self, kind: &str, id: &str) -> Vec<u8> {
        let sql = format!("select content from pond where type = '{kind}' and id = X'{id}'");
        let mut rows = self.bytes(&sql);
        assert!(!rows.is_empty(), "no {kind} {id}");
        rows.swap_remove(0)
    }

    /// The log's entries, newest first.
    pub(crate) fn history(&self) -> Vec<CommitInfo> {
        let history = self.runtime.block_on(async { self.delta.history(None).try_collect::<Vec<_>>().await });
        history.expect("a history")
    }
}

fn strings(batch: &RecordBatch, column: usize) -> StringArray {
    cast(batch.column(column), &DataType::Utf8).expect("a column that can be text").as_string::<i32>().clone()
}

fn binary(batch: &RecordBatch, column: usize) -> BinaryArray {
    cast(batch.column(column), &DataType::Binary).expect("a column of bytes").as_binary::<i32>().clone()
}
