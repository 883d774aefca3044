//! What DataFusion does not have, in terms of what it has.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Select, SelectFlavor, SelectItem,
    TableAlias, TableFactor, TableFunctionArgs, Value, ValueWithSpan, VisitMut as _, VisitorMut,
    WildcardAdditionalOptions,
};

use crate::error::QueryError;
use crate::statement::Parameters;

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

/// Puts the values of parameters into a statement, each of the type that it looks like: for places that ask for no type, where
/// DataFusion cannot plan an open parameter.
pub(crate) fn substitute(
    statement: &mut Statement,
    parameters: &mut Parameters<'_>,
) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(inner) => match inner.visit(&mut Substitution { parameters }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        },
        Statement::Explain(explain) => substitute(&mut explain.statement, parameters),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => Ok(()),
    }
}

struct Substitution<'r, 'p> {
    parameters: &'r mut Parameters<'p>,
}

impl VisitorMut for Substitution<'_, '_> {
    type Break = QueryError;

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<QueryError> {
        if let Value::Placeholder(name) = &value.value {
            match self.parameters.literal(name) {
                Ok(literal) => value.value = literal,
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }
}

/// Turns what DataFusion does not have into what it has: `FROM X` into `SELECT * FROM X`, and calls into names of tables.
///
/// A parameter that is an argument of such a call is put in here.
pub(crate) fn rewrite(statement: &mut Statement, parameters: &mut Parameters<'_>) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(inner) => match inner.visit(&mut Rewriter { parameters }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        },
        Statement::Explain(explain) => rewrite(&mut explain.statement, parameters),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => Ok(()),
    }
}

struct Rewriter<'r, 'p> {
    parameters: &'r mut Parameters<'p>,
}

impl VisitorMut for Rewriter<'_, '_> {
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
        let argument = match args.take().as_ref().and_then(one_value) {
            Some(Value::SingleQuotedString(text)) => text.clone(),
            Some(Value::Placeholder(name)) => match self.parameters.text(name) {
                Ok(text) => text.to_owned(),
                Err(error) => return ControlFlow::Break(error),
            },
            _ => return ControlFlow::Break(QueryError::Arguments { function, takes }),
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

fn one_value(args: &TableFunctionArgs) -> Option<&Value> {
    match args.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] => Some(&value.value),
        _ => None,
    }
}
