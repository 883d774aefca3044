//! Files as one table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use bstr::BString;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::DataSourceExec;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::execution::SessionState;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

use crate::error::QueryError;
use crate::files::Source;
use crate::files::format::Format;
use crate::files::named_errors::{NamedErrors, Paths};
use crate::files::schema::union;
use crate::filter::{Conditions, narrowing};
use crate::objects::{PondFiles, STORE_URL};

/// Bytes that say whether JSON is an array.
const BEGINNING: u64 = 512;
/// Files whose columns are found out at the same time.
const AT_ONCE: usize = 4;

/// Files of the same format with the same columns.
#[derive(Debug)]
struct Group {
    format: Format,
    reader: Arc<dyn FileFormat>,
    schema: SchemaRef,
    files: Vec<PartitionedFile>,
}

/// A table of files, behind columns that are not in them.
#[derive(Debug)]
struct FileTable {
    /// The columns that are not in the files.
    front: Vec<FieldRef>,
    /// All columns.
    schema: SchemaRef,
    groups: Vec<Group>,
    paths: Paths,
}

/// What is known of a file's columns.
type Known = (Format, SchemaRef);

/// A look at one file.
type Look<'a> = BoxFuture<'a, Result<(Path, Known), QueryError>>;

/// Opens files as a table: reads as much of them as it takes to find out their columns.
pub(super) async fn open(
    front: Vec<FieldRef>,
    sources: Vec<Source>,
    files: &Arc<PondFiles>,
    session: &SessionState,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let store: Arc<dyn ObjectStore> = files.clone();
    let objects: Vec<(ObjectMeta, &Source)> =
        sources.iter().map(|source| (files.add(&source.file), source)).collect();
    // Versions can be equal.
    let mut looks: HashMap<Path, Look<'_>> = HashMap::new();
    for (meta, source) in &objects {
        let look = look(store.clone(), session, meta.clone(), source.file.path.clone());
        looks.entry(meta.location.clone()).or_insert_with(|| look.boxed());
    }
    let looks = stream::iter(looks.into_values().collect::<Vec<_>>());
    let known: HashMap<Path, Known> = looks.buffer_unordered(AT_ONCE).try_collect().await?;
    let own = union(objects.iter().map(|(meta, _)| known[&meta.location].1.as_ref()));
    let front: Vec<FieldRef> = front.into_iter().map(|field| beside(field, &own)).collect();
    let path = |(meta, source): &(ObjectMeta, &Source)| {
        (meta.location.clone(), crate::readable::path(&source.file.path))
    };
    let paths = Arc::new(objects.iter().map(path).collect());
    let mut groups: Vec<Group> = Vec::new();
    for (meta, source) in objects {
        let (format, schema) = &known[&meta.location];
        let schema = readable_as(*format, schema, &own);
        let file = PartitionedFile::new_from_meta(meta).with_partition_values(source.values.clone());
        match groups.iter_mut().find(|group| group.format == *format && group.schema == schema) {
            Some(group) => group.files.push(file),
            None => {
                let reader = format.reader(session);
                groups.push(Group { format: *format, reader, schema, files: vec![file] });
            }
        }
    }
    let schema = Arc::new(Schema::new(front.iter().chain(&own).cloned().collect::<Vec<_>>()));
    Ok(Arc::new(FileTable { front, schema, groups, paths }))
}

/// A file's format and columns.
async fn look(
    store: Arc<dyn ObjectStore>,
    session: &SessionState,
    meta: ObjectMeta,
    path: BString,
) -> Result<(Path, Known), QueryError> {
    let format = Format::of(&path)?;
    let known = match meta.size {
        0 => Ok((format, Arc::new(Schema::empty()))),
        _ => columns(&store, session, &meta, format).await,
    };
    let failed = |error: DataFusionError| QueryError::File {
        path: crate::readable::path(&path),
        source: Box::new(error.into()),
    };
    Ok((meta.location, known.map_err(failed)?))
}

async fn columns(
    store: &Arc<dyn ObjectStore>,
    session: &SessionState,
    meta: &ObjectMeta,
    mut format: Format,
) -> SqlResult<Known> {
    if matches!(format, Format::JsonLines(_)) && !format.compression().is_compressed() {
        let beginning = store.get_range(&meta.location, 0..meta.size.min(BEGINNING)).await?;
        format = format.by_beginning(&beginning);
    }
    let reader = format.reader(session);
    let schema = reader.infer_schema(session, store, std::slice::from_ref(meta)).await?;
    Ok((format, schema))
}

/// A column that is not in the files, under a name that none of theirs has.
fn beside(field: FieldRef, own: &[FieldRef]) -> FieldRef {
    let mut name = field.name().clone();
    while own.iter().any(|column| *column.name() == name) {
        name.insert(0, '_');
    }
    Arc::new(field.as_ref().clone().with_name(name))
}

/// The columns that a file is read with. Fields of delimited files are found by their place, so that all of a file's columns have
/// to be named in their order; Arrow files are read as they are. The others give what they have of the table's columns.
fn readable_as(format: Format, schema: &SchemaRef, all: &[FieldRef]) -> SchemaRef {
    match format {
        Format::Delimited(..) => {
            let of_table = |field: &FieldRef| {
                let found = all.iter().find(|column| column.name() == field.name());
                found.unwrap_or(field).clone()
            };
            Arc::new(Schema::new(schema.fields().iter().map(of_table).collect::<Vec<_>>()))
        }
        Format::Arrow => schema.clone(),
        Format::JsonLines(_) | Format::JsonArray(_) | Format::Parquet => Arc::new(Schema::new(all.to_vec())),
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> SqlResult<Vec<TableProviderFilterPushDown>> {
        Ok(narrowing(filters, |column| self.front.iter().any(|field| field.name() == column)))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let conditions = Conditions::new(filters);
        let mut plans = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let files = group.files.iter().filter(|file| self.can_fit(file, &conditions));
            let files: Vec<PartitionedFile> = files.cloned().collect();
            if !files.is_empty() {
                plans.push(self.scan_group(state, group, files, wanted, limit).await?);
            }
        }
        match plans.len() {
            0 => Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(wanted)?)))),
            1 => Ok(plans.swap_remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

impl FileTable {
    /// Whether the columns that are not in a file can fulfil conditions.
    fn can_fit(&self, file: &PartitionedFile, conditions: &Conditions) -> bool {
        use std::ops::RangeBounds as _;

        self.front.iter().zip(&file.partition_values).all(|(field, value)| match value {
            ScalarValue::Utf8(Some(text)) => {
                conditions.texts(field.name()).is_none_or(|texts| texts.contains(text))
                    && text.starts_with(&conditions.prefix(field.name()))
            }
            ScalarValue::Int64(Some(number)) | ScalarValue::TimestampMicrosecond(Some(number), _) => {
                conditions.range(field.name()).contains(number)
            }
            _ => true,
        })
    }

    async fn scan_group(
        &self,
        state: &dyn Session,
        group: &Group,
        files: Vec<PartitionedFile>,
        wanted: &[usize],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        // DataFusion puts the columns of files first.
        let own = group.schema.fields();
        let place = |at: usize| match at.checked_sub(self.front.len()) {
            None => Some(own.len() + at),
            Some(_) => own.iter().position(|field| field.name() == self.schema.field(at).name()),
        };
        let places: Vec<Option<usize>> = wanted.iter().map(|at| place(*at)).collect();
        let schema =
            TableSchema::builder(group.schema.clone()).with_table_partition_cols(self.front.clone()).build();
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let named = match group.format {
            Format::Delimited(..) | Format::JsonLines(_) | Format::JsonArray(_) => true,
            Format::Parquet | Format::Arrow => false,
        };
        let mut source = group.reader.file_source(schema);
        if named {
            source = Arc::new(NamedErrors::new(source, self.paths.clone()));
        }
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE_URL)?, source)
            .with_file_groups(groups)
            .with_projection_indices(Some(places.iter().flatten().copied().collect()))?
            .with_file_compression_type(group.format.compression())
            .with_limit(limit)
            .build();
        // Readers of text would look for their own source in the scan.
        let plan = match named {
            true => DataSourceExec::from_data_source(scan),
            false => group.reader.create_physical_plan(state, scan).await?,
        };
        let found = plan.schema();
        let is_same = |at: &usize, place: &Option<usize>| {
            place.is_some_and(|place| {
                place >= own.len() || own[place].data_type() == self.schema.field(*at).data_type()
            })
        };
        if wanted.iter().zip(&places).all(|(at, place)| is_same(at, place)) {
            return Ok(plan);
        }
        let mut next = 0;
        let columns = wanted.iter().zip(&places).map(|(at, place)| {
            let field = self.schema.field(*at);
            let column: Arc<dyn PhysicalExpr> = match place {
                Some(_) => {
                    let at = next;
                    next += 1;
                    cast(
                        Arc::new(Column::new(found.field(at).name(), at)),
                        found.field(at),
                        field.data_type(),
                    )
                }
                None => lit(ScalarValue::try_from(field.data_type())?),
            };
            Ok((column, field.name().clone()))
        });
        let columns = columns.collect::<SqlResult<Vec<_>>>()?;
        Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
    }
}

fn cast(column: Arc<dyn PhysicalExpr>, from: &Field, to: &DataType) -> Arc<dyn PhysicalExpr> {
    if from.data_type() == to { column } else { Arc::new(CastExpr::new(column, to.clone(), None)) }
}
