//! What the names of tables in a query mean.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result as SqlResult;
use datafusion::execution::SessionState;
use pond_objects::page::{Body, Page};
use pond_oplog::pack::{Columns, PackReader};
use pond_oplog::{PackKind, RowType};
use pond_refs::Revision;

use crate::byte_stream::{ByteStreamTable, ByteStreams, NamedStream};
use crate::error::{QueryError, blocking};
use crate::files;
use crate::history::OwnedHistory;
use crate::objects::PondFiles;
use crate::profile::Profile;
use crate::statement::Call;
use crate::table_names::TABLE_NAMES;
use crate::tables;

/// The tables of history, table functions, and files.
pub(crate) struct PondSchema {
    pub(crate) history: Arc<OwnedHistory>,
    pub(crate) files: Arc<PondFiles>,
    pub(crate) profile: Arc<Profile>,
    /// The settings with which files are looked at.
    pub(crate) session: SessionState,
}

impl fmt::Debug for PondSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PondSchema").field("history", &self.history).finish_non_exhaustive()
    }
}

impl PondSchema {
    async fn find(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        match Call::of_name(name) {
            Some(Call::FilesAt(revision)) => return self.files_at(revision).await.map(Some),
            Some(Call::Versions(path)) => {
                return files::versions(&path, &self.history, &self.files, &self.session).await.map(Some);
            }
            Some(Call::Pages(body)) => return self.pages(&body).map(Some),
            None => {}
        }
        let (history, store, profile) = (self.history.clone(), self.files.clone(), self.profile.clone());
        let wanted = name.to_owned();
        if let Some(table) = blocking(move || tables::table(&wanted, &history, &store, &profile)).await? {
            return Ok(Some(table));
        }
        // A name without any of these is a table's that is not there, not a file's.
        if !name.contains(['.', '/', ':', '*']) {
            return Ok(None);
        }
        files::named(name, &self.history, &self.files, &self.session).await.map(Some)
    }

    async fn files_at(&self, revision: String) -> Result<Arc<dyn TableProvider>, QueryError> {
        let (history, profile) = (self.history.clone(), self.profile.clone());
        blocking(move || {
            let version = history.version_of(&Revision::parse(revision)?)?;
            Ok(tables::files_of(&history, version, &profile))
        })
        .await
    }

    fn pages(&self, word: &str) -> Result<Arc<dyn TableProvider>, QueryError> {
        let takes = "'tree', 'manifest', 'nodes' or 'view'";
        let body = Body::from_word(word).ok_or(QueryError::Arguments { function: "pages", takes })?;
        let columns = Schema::new(vec![
            Field::new("kind", DataType::UInt8, true),
            Field::new("name", DataType::Binary, true),
            Field::new("id", DataType::FixedSizeBinary(32), false),
            Field::new("size", DataType::UInt64, false),
            Field::new("count", DataType::UInt64, true),
        ]);
        let streams = Arc::new(Pages { history: self.history.clone(), body });
        Ok(Arc::new(ByteStreamTable::new(&columns, streams)))
    }
}

/// The pages of one kind that the table has.
#[derive(Debug)]
struct Pages {
    history: Arc<OwnedHistory>,
    body: Body,
}

impl ByteStreams for Pages {
    fn each(&self, give: &mut dyn FnMut(NamedStream) -> ControlFlow<()>) -> Result<(), QueryError> {
        let packs = self.history.snapshot.state().packs.iter().filter(|pack| pack.kind == PackKind::Meta);
        for pack in packs {
            let reader = PackReader::open(&self.history.pond.table_dir().join(pack.path()))?;
            for row in reader.select(Columns::ID | Columns::CONTENT, Some(RowType::Page)) {
                let (_, row) = row?;
                let (Some(id), Some(bytes)) = (row.id, row.content) else { continue };
                // What is no page at all may have been one of these: the table says so.
                let is_other = Page::decode_unverified(&bytes).is_ok_and(|page| page.body != self.body);
                if !is_other && give(NamedStream { record: id.to_hex(), bytes }).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl SchemaProvider for PondSchema {
    fn table_names(&self) -> Vec<String> {
        TABLE_NAMES.map(str::to_owned).to_vec()
    }

    async fn table(&self, name: &str) -> SqlResult<Option<Arc<dyn TableProvider>>> {
        Ok(self.find(name).await?)
    }

    fn table_exist(&self, name: &str) -> bool {
        TABLE_NAMES.contains(&name)
    }
}
