//! What can be named in a query, for completion.

use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;

use crate::context::QueryContext;
use crate::error::QueryError;
use crate::table_names::TABLE_NAMES;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns in their order.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as `DESCRIBE` says it.
    pub data_type: String,
    /// Whether it may lack values.
    pub is_nullable: bool,
}

impl QueryContext {
    /// The tables of history, in the order of their names. They read no rows.
    ///
    /// # Errors
    /// If HEAD cannot be read.
    pub async fn tables(&self) -> Result<Vec<Table>, QueryError> {
        let mut found = Vec::with_capacity(TABLE_NAMES.len());
        for name in TABLE_NAMES {
            found.push(Table { name: name.to_owned(), columns: self.columns(name).await? });
        }
        Ok(found)
    }

    /// The columns of a table, of a file by the name that it has between quotes, or of a call such as `versions('x.csv')`. Of files as
    /// much is read as it takes to find out their columns.
    ///
    /// # Errors
    /// If there is no such table, or a file is none.
    pub async fn columns(&self, table: &str) -> Result<Vec<Column>, QueryError> {
        let table = match table.ends_with(')') {
            true => table.to_owned(),
            false => format!("'{}'", table.replace('\'', "''")),
        };
        let schema = self.schema_of(&format!("SELECT * FROM {table}")).await?;
        let column = |field: &std::sync::Arc<arrow::datatypes::Field>| Column {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            is_nullable: field.is_nullable(),
        };
        Ok(schema.fields().iter().map(column).collect())
    }

    /// The functions that can be called, those whose value is a table among them, in the order of their names.
    pub fn functions(&self) -> Vec<String> {
        let mut names = self.function_names();
        names.extend(["files_at", "versions", "pages"].map(str::to_owned));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The words of SQL, in capital letters.
    pub fn keywords(&self) -> &'static [&'static str] {
        ALL_KEYWORDS
    }
}
