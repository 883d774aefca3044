//! Errors of delimited files and JSON that say which file they are in, and where.

use std::collections::HashMap;
use std::fmt::{self, Formatter};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema};
use arrow::error::ArrowError;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::FutureExt as _;
use futures::stream::StreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::error::QueryError;

/// The paths of files, by the objects that they are.
pub(super) type Paths = Arc<HashMap<Path, String>>;

/// A source of the rows of files, whose errors name the file.
#[derive(Clone)]
pub(super) struct NamedErrors {
    inner: Arc<dyn FileSource>,
    paths: Paths,
}

impl NamedErrors {
    pub(super) fn new(inner: Arc<dyn FileSource>, paths: Paths) -> Self {
        Self { inner, paths }
    }

    fn around(&self, inner: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self { inner, paths: self.paths.clone() })
    }
}

impl FileSource for NamedErrors {
    fn create_file_opener(
        &self,
        object_store: Arc<dyn ObjectStore>,
        base_config: &FileScanConfig,
        partition: usize,
    ) -> SqlResult<Arc<dyn FileOpener>> {
        let inner = self.inner.create_file_opener(object_store, base_config, partition)?;
        let columns = self.inner.table_schema().file_schema().clone();
        Ok(Arc::new(Opener { inner, paths: self.paths.clone(), columns }))
    }

    fn table_schema(&self) -> &TableSchema {
        self.inner.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        self.around(self.inner.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.inner.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.inner.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.inner.metrics()
    }

    fn file_type(&self) -> &str {
        self.inner.file_type()
    }

    fn fmt_extra(&self, format: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        self.inner.fmt_extra(format, f)
    }

    fn supports_repartitioning(&self) -> bool {
        self.inner.supports_repartitioning()
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> SqlResult<Option<Arc<dyn FileSource>>> {
        let inner = self.inner.try_pushdown_projection(projection)?;
        Ok(inner.map(|inner| self.around(inner)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> SqlResult<TreeNodeRecursion>,
    ) -> SqlResult<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }
}

struct Opener {
    inner: Arc<dyn FileOpener>,
    paths: Paths,
    columns: Arc<Schema>,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> SqlResult<FileOpenFuture> {
        let path = self.paths.get(&file.object_meta.location).cloned().unwrap_or_default();
        let columns = self.columns.clone();
        let name = move |error: DataFusionError| named(error, &path, &columns);
        let opened = self.inner.open(file).map_err(&name)?;
        let rows = async move {
            let rows = opened.await.map_err(&name)?;
            Ok(rows.map(move |batch: SqlResult<RecordBatch>| batch.map_err(&name)).boxed())
        };
        Ok(rows.boxed())
    }
}

/// The error with the file that it is in.
fn named(error: DataFusionError, path: &str, columns: &Schema) -> DataFusionError {
    let path = path.to_owned();
    let own = match error.find_root() {
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ParseError(text) => cell(text, &path, columns),
            ArrowError::CsvError(text) => line(text, &path),
            _ => None,
        },
        _ => None,
    };
    own.unwrap_or_else(|| QueryError::File { path, source: Box::new(error.into()) }).into()
}

/// A value that is not of its column's type.
fn cell(text: &str, path: &str, columns: &Schema) -> Option<QueryError> {
    let (value, rest) = text.strip_prefix("Error while parsing value '")?.split_once("' as type '")?;
    let (data_type, rest) = rest.split_once("' for column ")?;
    let (column, rest) = rest.split_once(" at line ")?;
    // The line of names is not counted.
    let line = rest.split(". Row data").next()?.parse::<u64>().ok()? + 1;
    let column =
        columns.fields().get(column.parse::<usize>().ok()?).map(|field: &FieldRef| field.name().clone())?;
    let (path, value, data_type) = (path.to_owned(), value.to_owned(), data_type.to_owned());
    Some(QueryError::Value { path, line, column, value, data_type })
}

/// A line with more or fewer fields than there are names.
fn line(text: &str, path: &str) -> Option<QueryError> {
    let (line, rest) =
        text.strip_prefix("incorrect number of fields for line ")?.split_once(", expected ")?;
    let (expected, found) = rest.split_once(" got ")?;
    let (line, expected) = (line.parse().ok()?, expected.parse().ok()?);
    Some(QueryError::Fields { path: path.to_owned(), line, expected, found: found.to_owned() })
}
