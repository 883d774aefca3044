//! Files as tables: of any version, of the index, or as they are in the mirror now.

mod format;
mod host;
mod name;
mod named_errors;
mod schema;
mod table;
mod versions;

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::execution::SessionState;

use crate::error::{QueryError, blocking};
use crate::history::OwnedHistory;
use crate::objects::{Located, PondFiles};

/// A file with the values of columns that are not in it.
#[derive(Debug)]
struct Source {
    file: Located,
    values: Vec<ScalarValue>,
}

/// The file or files with a name, as a table.
pub(crate) async fn named(
    text: &str,
    history: &Arc<OwnedHistory>,
    files: &Arc<PondFiles>,
    session: &SessionState,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let (history, name) = (history.clone(), text.to_owned());
    let found = blocking(move || name::find(&history, &name)).await?;
    let (columns, sources) = match found.is_pattern {
        true => partitions(found.files),
        false => {
            let sources = found.files.into_iter().map(|file| Source { file, values: Vec::new() });
            (Vec::new(), sources.collect())
        }
    };
    table::open(columns, sources, files, session).await
}

/// Every version of a file as a table.
pub(crate) async fn versions(
    path: &str,
    history: &Arc<OwnedHistory>,
    files: &Arc<PondFiles>,
    session: &SessionState,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let (history, path) = (history.clone(), path.to_owned());
    let sources = blocking(move || versions::find(&history, &path)).await?;
    table::open(versions::columns(), sources, files, session).await
}

/// The columns that directories named `key=value` stand for, as Hive names them: those that all of the files have.
fn partitions(files: Vec<Located>) -> (Vec<FieldRef>, Vec<Source>) {
    let pairs = |file: &Located| -> Vec<(String, String)> {
        let path = crate::readable::path(&file.path);
        let directories = path.rsplit_once('/').map_or("", |(directories, _)| directories);
        let pairs = directories.split('/').filter_map(|name| name.split_once('='));
        let pairs = pairs.filter(|(key, _)| !key.is_empty());
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    let mut all: Vec<Vec<(String, String)>> = files.iter().map(pairs).collect();
    let mut keys: Vec<String> = all.first().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    keys.retain(|key| all.iter().all(|pairs| pairs.iter().filter(|(other, _)| other == key).count() == 1));
    let mut columns = Vec::with_capacity(keys.len());
    let mut values: Vec<Vec<ScalarValue>> = vec![Vec::new(); files.len()];
    for key in keys {
        let texts = all.iter_mut().map(|pairs| {
            let at = pairs.iter().position(|(other, _)| *other == key);
            at.map(|at| pairs.swap_remove(at).1).unwrap_or_default()
        });
        let texts: Vec<String> = texts.collect();
        let numbers: Option<Vec<i64>> = texts.iter().map(|text| text.parse().ok()).collect();
        let (data_type, column): (DataType, Vec<ScalarValue>) = match numbers {
            Some(numbers) => (DataType::Int64, numbers.into_iter().map(ScalarValue::from).collect()),
            None => (DataType::Utf8, texts.into_iter().map(ScalarValue::from).collect()),
        };
        columns.push(Arc::new(arrow::datatypes::Field::new(key, data_type, false)));
        values.iter_mut().zip(column).for_each(|(values, value)| values.push(value));
    }
    let sources = files.into_iter().zip(values).map(|(file, values)| Source { file, values });
    (columns, sources.collect())
}
