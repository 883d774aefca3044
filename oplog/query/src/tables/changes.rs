//! What commits did to files: the change rows of the table, of the commits that are reachable.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, AsArray as _, StringBuilder};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::provider_as_source;
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::functions::encoding::expr_fn::encode;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TableProviderFilterPushDown, TableType, Volatility, col, lit,
};
use datafusion::physical_plan::ExecutionPlan;
use pond_history::{Walk, WalkOptions};
use pond_objects::ObjectId;
use pond_oplog::pack::{Columns, PackReader};
use pond_oplog::{PackKind, RowType};

use crate::error::{QueryError, blocking};
use crate::filter::Conditions;
use crate::history::OwnedHistory;
use crate::objects::PondFiles;
use crate::readable;
use crate::tables::records::Records;

#[derive(Debug)]
pub(crate) struct Changes {
    history: Arc<OwnedHistory>,
    files: Arc<PondFiles>,
    schema: SchemaRef,
}

impl Changes {
    pub(crate) fn new(history: Arc<OwnedHistory>, files: Arc<PondFiles>) -> Self {
        let schema = Schema::new(vec![
            readable::text("commit", false),
            readable::text("path", true),
            readable::text("old_path", true),
            readable::text("change", true),
            Field::new("mode", DataType::Int32, true),
            Field::new("size", DataType::Int64, true),
            readable::time("mtime", true),
            readable::text("id", true),
            readable::text("old_id", true),
            readable::text("node", true),
            readable::text("part", true),
            Field::new("seq", DataType::Int64, true),
            readable::time("recorded", true),
        ]);
        Self { history, files, schema: Arc::new(schema) }
    }

    /// The records to look through. The rows of a commit stand in packs that have the commit.
    async fn records(&self, conditions: &Conditions) -> Result<Records, QueryError> {
        let records = Records::new(&self.history, self.files.clone());
        let Some(commits) = conditions.texts("commit") else { return Ok(records) };
        let history = self.history.clone();
        let packs = blocking(move || {
            let ids = commits.iter().filter_map(|commit| commit.parse::<ObjectId>().ok());
            Ok(ids.flat_map(|id| history.store().packs_with(&id)).collect::<Vec<_>>())
        });
        Ok(records.in_packs(&packs.await?))
    }
}

#[async_trait]
impl TableProvider for Changes {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> SqlResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let records = self.records(&Conditions::new(filters)).await?;
        let commit_of = ScalarUDF::from(CommitOf::new(self.history.clone()));
        let hex = |name: &str| encode(col(name), lit("hex"));
        let same = ["path", "old_path", "change", "mode", "size", "mtime"].map(col);
        let mut columns = vec![commit_of.call(vec![col("content"), col("seq")]).alias("commit")];
        columns.extend(same);
        columns.extend([hex("id").alias("id"), hex("old_id").alias("old_id")]);
        columns.extend([col("node_id").alias("node"), col("part_id").alias("part")]);
        columns.extend([col("seq"), col("timestamp").alias("recorded")]);
        let mut plan = LogicalPlanBuilder::scan("records", provider_as_source(Arc::new(records)), None)?
            .filter(col("type").eq(lit(RowType::Change.name())))?
            .project(columns)?;
        for filter in filters {
            plan = plan.filter(unqualified(filter.clone())?)?;
        }
        plan = plan.filter(col("commit").is_not_null())?;
        let names = self.schema.fields().iter().map(|field| field.name().as_str());
        let wanted: Vec<Expr> = match projection {
            Some(columns) => columns.iter().map(|at| col(self.schema.field(*at).name())).collect(),
            None => names.map(col).collect(),
        };
        let plan = plan.project(wanted)?.limit(0, limit)?.build()?;
        state.create_physical_plan(&plan).await
    }
}

/// A condition whose columns are those of a plan without a name.
fn unqualified(filter: Expr) -> SqlResult<Expr> {
    use datafusion::common::Column;
    use datafusion::common::tree_node::{Transformed, TreeNode as _};

    let renamed = filter.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    });
    Ok(renamed?.data)
}

/// The id of the commit that a change row belongs to, in hex; null where it is not reachable.
#[derive(Debug)]
struct CommitOf {
    history: Arc<OwnedHistory>,
    signature: Signature,
    reachable: OnceLock<HashSet<ObjectId>>,
    /// The commits of operations, for rows that do not name theirs.
    of_operations: OnceLock<HashMap<i64, ObjectId>>,
}

impl CommitOf {
    fn new(history: Arc<OwnedHistory>) -> Self {
        let signature = Signature::exact(vec![DataType::Binary, DataType::Int64], Volatility::Immutable);
        Self { history, signature, reachable: OnceLock::new(), of_operations: OnceLock::new() }
    }

    fn reachable(&self) -> Result<&HashSet<ObjectId>, QueryError> {
        if let Some(known) = self.reachable.get() {
            return Ok(known);
        }
        let store = self.history.store();
        let walk = Walk::new(store, &self.history.tips()?, &[], WalkOptions::default())?;
        let found = walk.map(|found| found.map(|(id, _)| id)).collect::<Result<_, _>>()?;
        Ok(self.reachable.get_or_init(|| found))
    }

    fn of_operations(&self) -> Result<&HashMap<i64, ObjectId>, QueryError> {
        if let Some(known) = self.of_operations.get() {
            return Ok(known);
        }
        let mut found = HashMap::new();
        let packs = self.history.snapshot.state().packs.iter().filter(|pack| pack.kind == PackKind::Meta);
        for pack in packs {
            let reader = PackReader::open(&self.history.pond.table_dir().join(pack.path()))?;
            for row in reader.select(Columns::ID | Columns::SEQ, Some(RowType::Commit)) {
                let (_, row) = row?;
                found.extend(row.seq.zip(row.id));
            }
        }
        Ok(self.of_operations.get_or_init(|| found))
    }

    fn commit(&self, content: Option<&[u8]>, seq: Option<i64>) -> Result<Option<ObjectId>, QueryError> {
        let commit = match (content, seq) {
            (Some(content), _) => ObjectId::from_slice(content),
            (None, Some(seq)) => self.of_operations()?.get(&seq).copied(),
            (None, None) => None,
        };
        let reachable = self.reachable()?;
        Ok(commit.filter(|commit| reachable.contains(commit)))
    }
}

impl ScalarUDFImpl for CommitOf {
    fn name(&self) -> &str {
        "commit_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> SqlResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> SqlResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [content, seq] = arrays.as_slice() else {
            return Err(DataFusionError::Internal("commit_of takes two columns".to_owned()));
        };
        let (content, seq) = (content.as_binary::<i32>(), seq.as_primitive::<Int64Type>());
        let mut commits = StringBuilder::with_capacity(content.len(), 64 * content.len());
        for row in 0..content.len() {
            let content = content.is_valid(row).then(|| content.value(row));
            let seq = seq.is_valid(row).then(|| seq.value(row));
            commits.append_option(self.commit(content, seq)?.map(|id| id.to_hex()));
        }
        Ok(ColumnarValue::Array(Arc::new(commits.finish())))
    }
}

// One function is another if it was made for another scan.
impl PartialEq for CommitOf {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.history, &other.history)
    }
}

impl Eq for CommitOf {}

impl Hash for CommitOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.history).hash(state);
    }
}
