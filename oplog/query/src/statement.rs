//! The statements that are taken: SQL as DataFusion has it, with some of what DuckDB adds, as long as it only reads.

mod copy;
mod parameters;
mod rewrite;
mod tokens;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;

use crate::error::QueryError;

pub(crate) use copy::Target;
pub(crate) use parameters::Parameters;
pub(crate) use rewrite::{Call, rewrite, substitute};
use tokens::{is_word, select_from, tokenize};

/// What is asked.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// What to do with the rows.
    pub(crate) purpose: Purpose,
    /// The statement that gives them.
    tokens: Vec<TokenWithSpan>,
    /// Line and column of its end, from 1.
    end: (usize, usize),
}

/// What is done with the rows of a statement.
#[derive(Debug, PartialEq)]
pub(crate) enum Purpose {
    /// They are the answer.
    Rows,
    /// The answer says what their columns hold.
    Summary,
    /// They are written to a file.
    Copy(Target),
}

impl Request {
    /// Reads `SUMMARIZE QUERY`, `SUMMARIZE TABLE` and `COPY ... TO`; anything else is SQL.
    pub(crate) fn parse(text: &str) -> Result<Self, QueryError> {
        let tokens = tokenize(text)?;
        tokens::check_length(&tokens)?;
        let end = tokens.last().map_or((1, 1), |token| tokens::place(token.span.end));
        let (purpose, tokens) = match tokens.as_slice() {
            [first, rest @ ..] if is_word(first, "summarize") => (Purpose::Summary, summarized(rest)),
            [first, rest @ ..] if is_word(first, "copy") => {
                let (target, tokens) = copy::parse(rest, end)?;
                (Purpose::Copy(target), tokens)
            }
            _ => (Purpose::Rows, tokens),
        };
        Ok(Self { purpose, tokens, end })
    }

    /// The one statement, with places as in the text.
    pub(crate) fn statement(&self, recursion_limit: usize) -> Result<Statement, QueryError> {
        let parser = DFParserBuilder::new(self.tokens.clone())
            .with_dialect(&GenericDialect {})
            .with_recursion_limit(recursion_limit)
            .build();
        let statements = parser.and_then(|mut parser| parser.parse_statements());
        let mut statements = statements.map_err(|error| QueryError::from(error).or_at(self.end))?;
        match (statements.pop_front(), statements.len()) {
            (Some(statement), 0) => Ok(statement),
            (None, _) => Err(QueryError::grammar("there is no statement", self.end)),
            (Some(_), _) => Err(QueryError::grammar("there is more than one statement", self.end)),
        }
    }
}

/// The query that a summary is of.
fn summarized(rest: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let is_query = rest.first().is_some_and(|first| {
        ["select", "from", "with", "values"].iter().any(|word| is_word(first, word)) || tokens::opens(first)
    });
    if is_query { rest.to_vec() } else { select_from(rest) }
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

    fn statement(text: &str) -> (Purpose, String) {
        let request = Request::parse(text).expect("a request");
        let statement = request.statement(50).expect("a statement").to_string();
        (request.purpose, statement)
    }

    #[test]
    fn summaries_are_of_tables_and_queries() {
        let summary = |text: &str| (Purpose::Summary, text.to_owned());
        assert_eq!(statement(" summarize 'x.csv';"), summary("SELECT * FROM 'x.csv'"));
        assert_eq!(statement("SUMMARIZE\nFROM 'x.csv'"), summary("FROM 'x.csv'"));
        assert_eq!(statement("SUMMARIZE (SELECT 1)"), summary("(SELECT 1)"));
        assert_eq!(statement("select 1"), (Purpose::Rows, "SELECT 1".to_owned()));
    }

    #[test]
    fn there_is_one_statement() {
        let place =
            |text: &str| Request::parse(text).expect("tokens").statement(50).expect_err("none").place();
        assert_eq!(place(""), Some((1, 1)));
        assert_eq!(place("-- nothing\n;"), Some((2, 2)));
        assert_eq!(place("select 1; select 2"), Some((1, 19)));
        assert_eq!(place("select 1 +"), Some((1, 11)));
    }
}
