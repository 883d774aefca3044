//! Asking queries of a pond.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{CatalogProvider as _, MemoryCatalogProvider};
use datafusion::dataframe::DataFrame;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::{SessionState, SessionStateBuilder, runtime_env as datafusion_runtime};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_runtime::{RuntimeEnv, RuntimeEnvBuilder};
use futures::FutureExt as _;
use futures::stream;

use crate::again::RunAgain;
use crate::answer::Answer;
use crate::catalog::PondSchema;
use crate::error::QueryError;
use crate::history::OwnedHistory;
use crate::objects::{PondFiles, STORE_URL};
use crate::output;
use crate::profile::Profile;
use crate::statement::{Parameters, Purpose, Request, check_reads, rewrite, substitute};
use crate::summary;

/// The catalog and the schema in it that hold all tables.
const CATALOG: &str = "pond";
const SCHEMA: &str = "main";

/// What queries may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of memory for rows that sorts, joins and aggregates hold. What does not fit goes to files, or the query fails.
    pub max_memory: usize,
    /// How many threads work on a query: at least 1.
    pub threads: usize,
    /// Where these files are: in a directory of their own that is removed in the end. `None`: where the system has such files.
    pub temporary: Option<PathBuf>,
}

/// Answers queries about one state of a pond. Cheap to ask again; must be used within a tokio runtime,
/// whose threads have 8 MiB of stack: plans of long statements are deep.
pub struct QueryContext {
    session: SessionContext,
    profile: Arc<Profile>,
    max_memory: usize,
}

/// What a statement asks for.
#[derive(Debug)]
pub enum Reply {
    /// Rows to show.
    Rows(Answer),
    /// Rows to write to a file of the host.
    Copy(Copy),
}

/// A `COPY ... TO`: rows, and where the statement wants them. Nothing is written yet: whoever asked opens the file and calls
/// [`output::write`].
#[derive(Debug)]
pub struct Copy {
    /// The file, as the statement names it.
    pub target: String,
    /// The format, which the statement or the end of the file's name says.
    pub format: output::Format,
    /// The options of the statement.
    pub options: output::Options,
    /// The rows.
    pub answer: Answer,
}

impl QueryContext {
    /// Queries of this state with these means. Reads nothing yet.
    ///
    /// # Errors
    /// If there can be no directory for temporary files.
    pub fn new(history: OwnedHistory, options: &Options) -> Result<Self, QueryError> {
        let (history, profile) = (Arc::new(history), Arc::new(Profile::default()));
        let files = Arc::new(PondFiles::new(history.clone(), profile.clone()));
        let runtime = runtime(options, &files)?;
        let config = config(options);
        let state = |config: SessionConfig| {
            SessionStateBuilder::new()
                .with_config(config)
                .with_runtime_env(runtime.clone())
                .with_default_features()
                .with_physical_optimizer_rule(Arc::new(RunAgain))
                .build()
        };
        let schema = PondSchema { history, files, profile: profile.clone(), session: state(config.clone()) };
        let session = SessionContext::new_with_state(state(config));
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(SCHEMA, Arc::new(schema))?;
        session.register_catalog(CATALOG, Arc::new(catalog));
        Ok(Self { session, profile, max_memory: options.max_memory })
    }

    /// Plans a statement and begins it. `parameters` are pairs of a name and a value, which stands in the text as `$name`. A value has
    /// the type that its place asks for; where that is not known, it is a whole number, a number, `true` or `false` if it looks like one,
    /// and text otherwise.
    ///
    /// # Errors
    /// [`QueryError::Writes`] for what does not only read, [`QueryError::Outside`] for files that are not the mirror's,
    /// [`QueryError::Parameter`] for a name that is missing on either side, and whatever is wrong with the query or the data that it needs
    /// to be planned. [`QueryError::place`] says where.
    pub async fn sql(&self, text: &str, parameters: &[(String, String)]) -> Result<Reply, QueryError> {
        let reply = AssertUnwindSafe(self.reply(text, parameters)).catch_unwind().await;
        let reply = reply.unwrap_or_else(|panic| Err(QueryError::of_panic(panic.as_ref())));
        reply.map_err(|error| error.with_limit(self.max_memory))
    }

    async fn reply(&self, text: &str, parameters: &[(String, String)]) -> Result<Reply, QueryError> {
        let request = Request::parse(text)?;
        let rows = self.plan(&request, parameters).await?;
        let stream = match request.purpose {
            Purpose::Rows | Purpose::Copy(_) => rows.execute_stream().await?,
            Purpose::Summary => {
                let batch = stream::once(summary::of(rows));
                Box::pin(RecordBatchStreamAdapter::new(summary::schema(), batch))
            }
        };
        let answer = Answer::new(stream, self.max_memory);
        Ok(match request.purpose {
            Purpose::Rows | Purpose::Summary => Reply::Rows(answer),
            Purpose::Copy(target) => Reply::Copy(Copy {
                target: target.path,
                format: target.format,
                options: target.options,
                answer,
            }),
        })
    }

    /// What the queries of this context read so far.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The columns of a query's answer.
    pub(crate) async fn schema_of(&self, text: &str) -> Result<SchemaRef, QueryError> {
        let rows = self.plan(&Request::parse(text)?, &[]).await?;
        Ok(rows.schema().inner().clone())
    }

    /// The names of DataFusion's functions.
    pub(crate) fn function_names(&self) -> Vec<String> {
        let state = self.session.state();
        let scalar = state.scalar_functions().keys();
        let others = state.aggregate_functions().keys().chain(state.window_functions().keys());
        scalar.chain(others).chain(state.table_functions().keys()).cloned().collect()
    }

    async fn plan(
        &self,
        request: &Request,
        parameters: &[(String, String)],
    ) -> Result<DataFrame, QueryError> {
        let state: SessionState = self.session.state();
        let mut parameters = Parameters::new(parameters)?;
        let mut statement = request.statement(state.config_options().sql_parser.recursion_limit.get())?;
        rewrite(&mut statement, &mut parameters)?;
        let plan = match state.statement_to_plan(statement.clone()).await {
            Err(_) if parameters.are_given() => {
                substitute(&mut statement, &mut parameters)?;
                state.statement_to_plan(statement).await
            }
            planned => planned,
        };
        let plan = plan?;
        check_reads(&plan)?;
        let plan = parameters.put_into(plan)?;
        Ok(DataFrame::new(state, plan))
    }
}

fn config(options: &Options) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.threads.max(1))
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    // Pages of columns without a wanted row are not read: each costs chunks to decompress and hash.
    let parquet = &mut config.options_mut().execution.parquet;
    (parquet.pushdown_filters, parquet.reorder_filters) = (true, true);
    config.options_mut().sql_parser.collect_spans = true;
    config
}

fn runtime(options: &Options, files: &Arc<PondFiles>) -> Result<Arc<RuntimeEnv>, QueryError> {
    let mode = match &options.temporary {
        Some(directory) => DiskManagerMode::Directories(vec![directory.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(options.max_memory)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode))
        .build_arc()?;
    // The host's files are there by default.
    runtime.deregister_object_store(ObjectStoreUrl::local_filesystem().as_ref())?;
    runtime.register_object_store(ObjectStoreUrl::parse(STORE_URL)?.as_ref(), files.clone());
    Ok(runtime)
}

impl fmt::Debug for QueryContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryContext").field("profile", &self.profile).finish_non_exhaustive()
    }
}
