//! The rows of the Delta table as they are: its packs, read as the Parquet files that they are.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::file_format::FileFormat as _;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as SqlResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use pond_objects::ObjectId;
use pond_oplog::schema::{PARTITION_COLUMN, meta_schema};
use pond_oplog::state::PackFile;
use pond_oplog::{PackKind, RowType};

use crate::filter::{Conditions, narrowing};
use crate::history::OwnedHistory;
use crate::objects::{Content, Located, PondFiles, STORE_URL};

/// Bytes at the end of a pack that are read at once: the footer is in them, of a small pack all of it.
const TAIL: usize = 32 << 10;

#[derive(Debug)]
pub(crate) struct Records {
    files: Arc<PondFiles>,
    packs: Vec<(PackFile, Located)>,
    /// The partition column, then those of the packs.
    schema: SchemaRef,
}

impl Records {
    pub(crate) fn new(history: &OwnedHistory, files: Arc<PondFiles>) -> Self {
        let table = history.pond.table_dir();
        let located = |pack: &PackFile| {
            let path = pack.path();
            let content = Content::Pack(table.join(&path));
            (pack.clone(), Located { path: path.into(), content, size: pack.size, modified: 0 })
        };
        let packs = history.snapshot.state().packs.iter().map(located).collect();
        let kind = Arc::new(partition_field());
        let fields: Vec<_> = std::iter::once(kind).chain(meta_schema().fields().iter().cloned()).collect();
        Self { files, packs, schema: Arc::new(Schema::new(fields)) }
    }

    /// The records of these packs alone.
    pub(crate) fn in_packs(mut self, wanted: &[ObjectId]) -> Self {
        self.packs.retain(|(pack, _)| wanted.contains(&pack.digest));
        self
    }

    /// The packs that can have rows for conditions.
    fn wanted(&self, filters: &[Expr]) -> Vec<PartitionedFile> {
        let conditions = Conditions::new(filters);
        let kinds = conditions.texts(PARTITION_COLUMN);
        let types = conditions.texts("type");
        let is_wanted = |kind: PackKind| {
            let chunk = RowType::Chunk.name();
            kinds.as_ref().is_none_or(|kinds| kinds.contains(kind.name()))
                && types.as_ref().is_none_or(|types| match kind {
                    PackKind::Data => types.contains(chunk),
                    PackKind::Meta => types.iter().any(|name| name != chunk),
                })
        };
        let packs = self.packs.iter().filter(|(pack, _)| is_wanted(pack.kind));
        packs
            .map(|(pack, located)| {
                PartitionedFile::new_from_meta(self.files.add(located))
                    .with_partition_values(vec![ScalarValue::from(pack.kind.name())])
                    .with_metadata_size_hint(TAIL)
            })
            .collect()
    }
}

fn partition_field() -> Field {
    Field::new(PARTITION_COLUMN, DataType::Utf8, false)
}

#[async_trait]
impl TableProvider for Records {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> SqlResult<Vec<TableProviderFilterPushDown>> {
        Ok(narrowing(filters, |column| matches!(column, PARTITION_COLUMN | "type")))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let files = self.wanted(filters);
        let columns = meta_schema().fields().len();
        let all: Vec<usize> = (0..=columns).collect();
        // DataFusion puts partition columns last.
        let moved = projection.unwrap_or(&all).iter().map(|at| at.checked_sub(1).unwrap_or(columns));
        let global = state.config_options().execution.parquet.clone();
        let options = TableParquetOptions { global, ..TableParquetOptions::default() };
        let format = ParquetFormat::new().with_options(options).with_force_view_types(false);
        let schema = TableSchema::builder(Arc::new(meta_schema()))
            .with_table_partition_cols(vec![Arc::new(partition_field())])
            .build();
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE_URL)?, format.file_source(schema))
            .with_file_groups(groups)
            .with_projection_indices(Some(moved.collect()))?
            .with_limit(limit)
            .build();
        format.create_physical_plan(state, scan).await
    }
}
