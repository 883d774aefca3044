//! What DataFusion says of an error, without the names of its parts.

use std::error::Error;

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

use crate::error::QueryError;
use crate::error::nearest::there_is;
use crate::table_names::TABLE_NAMES;

/// What is wrong, in plain text.
pub(super) fn of(error: &DataFusionError) -> String {
    match error {
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
                let text = split_place(text).0;
                text.replace("Expected: ", "expected ").replace(", found: EOF", ", found the end")
            }
            ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
        },
        DataFusionError::Plan(text) => planned(text),
        DataFusionError::Execution(text)
        | DataFusionError::Configuration(text)
        | DataFusionError::Ffi(text)
        | DataFusionError::Substrait(text)
        | DataFusionError::ResourcesExhausted(text) => plain(text),
        DataFusionError::NotImplemented(text) => format!("not implemented: {}", plain(text)),
        DataFusionError::Internal(text) => format!("DataFusion failed: {}", plain(text)),
        DataFusionError::SchemaError(error, _) => schema(error),
        DataFusionError::ArrowError(error, _) => arrow(error),
        DataFusionError::ParquetError(error) => chain(error.as_ref()),
        DataFusionError::ObjectStore(error) => chain(error.as_ref()),
        DataFusionError::IoError(error) => error.to_string(),
        DataFusionError::ExecutionJoin(_) => "a part of the query failed".to_owned(),
        DataFusionError::External(error) => chain(error.as_ref()),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => of(inner),
        DataFusionError::Collection(errors) => errors.iter().map(of).next().unwrap_or_default(),
        DataFusionError::Shared(inner) => of(inner),
    }
}

/// Line and column, from 1, if the error has them.
pub(super) fn place(error: &DataFusionError) -> Option<(usize, usize)> {
    let number = |number: u64| usize::try_from(number).ok();
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    if let Some(start) = span.map(|span| span.start) {
        return number(start.line).zip(number(start.column)).filter(|(line, _)| *line > 0);
    }
    match error.find_root() {
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => split_place(text).1,
            ParserError::RecursionLimitExceeded => None,
        },
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, .. } | SchemaError::AmbiguousReference { field } => {
                let start = field.spans().first()?.start;
                number(start.line).zip(number(start.column))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A text of the parser, and the place behind it.
fn split_place(text: &str) -> (&str, Option<(usize, usize)>) {
    let Some((rest, place)) = text.rsplit_once(" at Line: ") else { return (text, None) };
    let numbers = place.split_once(", Column: ").map(|(line, column)| (line.parse(), column.parse()));
    match numbers {
        Some((Ok(line), Ok(column))) => (rest, Some((line, column))),
        _ => (text, None),
    }
}

/// What the planner says of tables and functions.
fn planned(text: &str) -> String {
    if let Some(name) = text.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) {
        let name = name.strip_prefix("pond.main.").unwrap_or(name);
        return format!("there is no table '{name}'{}", there_is(name, &TABLE_NAMES.map(str::to_owned)));
    }
    let function =
        text.strip_prefix("Invalid function '").and_then(|rest| rest.split_once("'.\nDid you mean '"));
    if let Some((name, nearest)) = function {
        return format!(
            "there is no function '{name}'{}",
            there_is(name, &[nearest.trim_end_matches("'?").to_owned()])
        );
    }
    if let Some(name) =
        text.strip_prefix("table function '").and_then(|rest| rest.strip_suffix("' not found"))
    {
        let known = ["files_at", "versions", "pages", "generate_series", "range"].map(str::to_owned);
        return format!("there is no table function '{name}'{}", there_is(name, &known));
    }
    plain(text)
}

/// Which part of a query holds the most memory, from what DataFusion says of all of them.
pub(super) fn holder(detail: &str) -> String {
    let mut names =
        detail.lines().filter_map(|line| line.trim().split_once("(can spill: ").map(|(name, _)| name));
    let alone = detail.split_once(" for ").and_then(|(_, rest)| rest.split_whitespace().next());
    let name = names.next().or(alone).and_then(|name| name.split(['#', '[']).next());
    match name {
        Some("CrossJoinExec" | "NestedLoopJoinLoad" | "HashJoinInput") => {
            "a join holds all rows of one of its sides".to_owned()
        }
        Some(name) => format!("{name} holds most of it"),
        None => plain(detail),
    }
}

/// One paragraph, without what DataFusion puts in front of its own errors.
fn plain(text: &str) -> String {
    let mut text = text.split("\n\nbacktrace:").next().unwrap_or(text);
    let before = [
        "Error during planning: ",
        "Execution error: ",
        "Internal error: ",
        "Arrow error: ",
        "Schema error: ",
        "This feature is not implemented: ",
        "SQL error: ",
        "External error: ",
    ];
    while let Some(rest) = before.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    text.trim_end().trim_end_matches('.').replace("\n\t", " ").replace('\n', " ")
}

fn schema(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<String> = valid_fields.iter().map(|column| column.name.clone()).collect();
            let of = field
                .relation
                .as_ref()
                .map(|relation| format!(" in '{}'", relation.table()))
                .unwrap_or_default();
            format!("column '{}' does not exist{of}{}", field.name, there_is(&field.name, &names))
        }
        SchemaError::AmbiguousReference { field } => {
            format!("column '{0}' is in more than one table; say which, as in t.{0}", field.name)
        }
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => {
            format!("two columns have the name '{name}'; give one another name with AS")
        }
    }
}

fn arrow(error: &ArrowError) -> String {
    match error {
        ArrowError::ExternalError(error) => chain(error.as_ref()),
        ArrowError::NotYetImplemented(text) => format!("not implemented: {}", plain(text)),
        ArrowError::CastError(text)
        | ArrowError::MemoryError(text)
        | ArrowError::ParseError(text)
        | ArrowError::SchemaError(text)
        | ArrowError::ComputeError(text)
        | ArrowError::ArithmeticOverflow(text)
        | ArrowError::CsvError(text)
        | ArrowError::JsonError(text)
        | ArrowError::IpcError(text)
        | ArrowError::InvalidArgumentError(text)
        | ArrowError::ParquetError(text) => plain(text),
        ArrowError::IoError(_, error) => error.to_string(),
        ArrowError::DivideByZero => "division by zero".to_owned(),
        error => error.to_string(),
    }
}

/// An error with its causes; of one that only wraps another, that one.
fn chain(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<DataFusionError>() {
        return of(error);
    }
    if let Some(error) = error.downcast_ref::<ArrowError>() {
        return arrow(error);
    }
    if let Some(object_store::Error::Generic { source, .. }) = error.downcast_ref() {
        return chain(source.as_ref());
    }
    let text = match error.downcast_ref::<QueryError>() {
        Some(own) => own.to_string(),
        None => plain(&error.to_string()),
    };
    match error.source() {
        Some(source) => {
            let source = chain(source);
            if text.contains(&source) { text } else { format!("{text}: {source}") }
        }
        None => text,
    }
}
