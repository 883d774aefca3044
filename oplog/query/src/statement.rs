//! The statements that are taken: SQL as DataFusion has it, with some of what DuckDB adds, as long as it only reads.

use std::ops::ControlFlow;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Select, SelectFlavor, SelectItem,
    TableAlias, TableFactor, TableFunctionArgs, Value, VisitMut as _, VisitorMut, WildcardAdditionalOptions,
};

use crate::error::QueryError;

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// The rows of a statement.
    Rows(String),
    /// What the columns of a query hold.
    Summary(String),
}

impl Request {
    /// Reads `SUMMARIZE QUERY` and `SUMMARIZE TABLE`; anything else is SQL.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        if !word.eq_ignore_ascii_case("summarize") {
            return Self::Rows(text.to_owned());
        }
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let is_query =
            ["select", "from", "with", "values"].iter().any(|word| rest[..end].eq_ignore_ascii_case(word));
        Self::Summary(if is_query { rest.to_owned() } else { format!("SELECT * FROM {rest}") })
    }
}

/// A function whose value is a table, which has to be looked at before the query can be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// The files of a revision.
    FilesAt(String),
    /// The versions of a file.
    Versions(String),
    /// The items of the pages of one kind.
    Pages(String),
}

/// Stands in front of a call that was made a table's name. No file has it in its name.
const MARK: &str = "\0call ";

impl Call {
    /// The call that a table's name stands for.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (function, argument) = name.strip_prefix(MARK)?.split_once(' ')?;
        Some(match function {
            "files_at" => Self::FilesAt(argument.to_owned()),
            "versions" => Self::Versions(argument.to_owned()),
            "pages" => Self::Pages(argument.to_owned()),
            _ => return None,
        })
    }
}

/// Turns what DataFusion does not have into what it has: `FROM X` into `SELECT * FROM X`, and calls into names of tables.
pub(crate) fn rewrite(statement: &mut Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(inner) => match inner.visit(&mut Rewriter) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        },
        Statement::Explain(explain) => rewrite(&mut explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => Ok(()),
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = QueryError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<QueryError> {
        if select.flavor == SelectFlavor::FromFirstNoSelect {
            select.flavor = SelectFlavor::Standard;
            select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<QueryError> {
        let TableFactor::Table { name, alias, args: args @ Some(_), .. } = factor else {
            return ControlFlow::Continue(());
        };
        let called = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => ident.value.to_lowercase(),
            _ => return ControlFlow::Continue(()),
        };
        let (function, takes) = match called.as_str() {
            "files_at" => ("files_at", "a revision, as text"),
            "versions" => ("versions", "the path of a file, as text"),
            "pages" => ("pages", "'tree', 'manifest', 'nodes' or 'view'"),
            _ => return ControlFlow::Continue(()),
        };
        let Some(argument) = args.take().as_ref().and_then(one_text) else {
            return ControlFlow::Break(QueryError::Arguments { function, takes });
        };
        alias.get_or_insert_with(|| TableAlias {
            explicit: false,
            name: Ident::new(function),
            columns: Vec::new(),
            at: None,
        });
        let marked = Ident::with_quote('"', format!("{MARK}{function} {argument}"));
        *name = ObjectName(vec![ObjectNamePart::Identifier(marked)]);
        ControlFlow::Continue(())
    }
}

fn one_text(args: &TableFunctionArgs) -> Option<String> {
    match args.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Refuses a plan that would write or change the session.
pub(crate) fn check_reads(plan: &LogicalPlan) -> Result<(), QueryError> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        found = match node {
            LogicalPlan::Ddl(ddl) => Some(ddl.name().to_owned()),
            LogicalPlan::Dml(dml) => Some(dml.name().to_owned()),
            LogicalPlan::Copy(_) => Some("COPY".to_owned()),
            LogicalPlan::Statement(statement) => Some(statement.name().to_owned()),
            _ => None,
        };
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    found.map_or(Ok(()), |what| Err(QueryError::Writes(what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_of_tables_and_queries() {
        let summary = |text: &str| Request::Summary(text.to_owned());
        assert_eq!(Request::parse(" summarize 'x.csv'"), summary("SELECT * FROM 'x.csv'"));
        assert_eq!(Request::parse("SUMMARIZE\nFROM 'x.csv'"), summary("FROM 'x.csv'"));
        assert_eq!(Request::parse("select 1"), Request::Rows("select 1".to_owned()));
        assert_eq!(Request::parse("summarizes"), Request::Rows("summarizes".to_owned()));
    }
}
