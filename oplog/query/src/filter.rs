//! What the conditions of a query say of single columns, so that less is read. They are weaker than the conditions, which are
//! still applied to the rows.

use std::collections::BTreeSet;
use std::ops::Bound;

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};

/// Conditions of which all hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions(Vec<Expr>);

/// The column that a condition is about, if it is about one alone and in a form that is used here.
fn narrowed(filter: &Expr) -> Option<&str> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (column, _, _) = comparison(left, *op, right)?;
            Some(column)
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            list.iter().all(|value| matches!(value, Expr::Literal(..))).then(|| column(expr)).flatten()
        }
        Expr::Like(like) if !like.negated && !like.case_insensitive && like.escape_char.is_none() => {
            column(&like.expr)
        }
        _ => None,
    }
}

/// What a table answers that reads less by conditions on some of its columns, and leaves it to DataFusion to apply them.
pub(crate) fn narrowing(
    filters: &[&Expr],
    is_narrowed_by: impl Fn(&str) -> bool,
) -> Vec<TableProviderFilterPushDown> {
    let answer = |filter: &&Expr| match narrowed(filter).is_some_and(&is_narrowed_by) {
        true => TableProviderFilterPushDown::Inexact,
        false => TableProviderFilterPushDown::Unsupported,
    };
    filters.iter().map(answer).collect()
}

/// A comparison of a column with a value, turned so that the column stands on the left.
fn comparison<'e>(
    left: &'e Expr,
    op: Operator,
    right: &'e Expr,
) -> Option<(&'e str, Operator, &'e ScalarValue)> {
    match (left, right) {
        (_, Expr::Literal(value, _)) => Some((column(left)?, op, value)),
        (Expr::Literal(value, _), _) => Some((column(right)?, op.swap()?, value)),
        _ => None,
    }
}

fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(Column { name, .. }) => Some(name),
        Expr::Alias(alias) => column(&alias.expr),
        _ => None,
    }
}

fn text(value: &ScalarValue) -> Option<String> {
    value.try_as_str().flatten().map(str::to_owned)
}

/// Whole numbers, and times in microseconds.
fn number(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int64(value) => *value,
        ScalarValue::Int32(value) => value.map(i64::from),
        ScalarValue::TimestampMicrosecond(value, _) => *value,
        ScalarValue::TimestampNanosecond(value, _) => value.map(|value| value.div_euclid(1000)),
        _ => None,
    }
}

impl Conditions {
    pub(crate) fn new(filters: &[Expr]) -> Self {
        Self(filters.to_vec())
    }

    /// The values that a column of text can have; `None` if that is not known.
    pub(crate) fn texts(&self, name: &str) -> Option<BTreeSet<String>> {
        let mut found: Option<BTreeSet<String>> = None;
        for filter in &self.0 {
            let values: Option<BTreeSet<String>> = match filter {
                Expr::BinaryExpr(BinaryExpr { left, op, right }) => match comparison(left, *op, right) {
                    Some((column, Operator::Eq, value)) if column == name => {
                        text(value).map(|value| BTreeSet::from([value]))
                    }
                    _ => None,
                },
                Expr::InList(InList { expr, list, negated: false }) if column(expr) == Some(name) => {
                    let values = list.iter().map(|value| match value {
                        Expr::Literal(value, _) => text(value),
                        _ => None,
                    });
                    values.collect()
                }
                _ => None,
            };
            found = match (found, values) {
                (Some(found), Some(values)) => Some(&found & &values),
                (found, values) => found.or(values),
            };
        }
        found
    }

    /// What the values of a column of text begin with; empty if that is not known.
    pub(crate) fn prefix(&self, name: &str) -> String {
        let prefixes = self.0.iter().filter_map(|filter| match filter {
            Expr::Like(like) if narrowed(filter) == Some(name) => match like.pattern.as_ref() {
                Expr::Literal(pattern, _) => {
                    let pattern = text(pattern)?;
                    // A backslash makes the byte behind it an ordinary one.
                    let end = pattern.find(['%', '_', '\\']).unwrap_or(pattern.len());
                    Some(pattern[..end].to_owned())
                }
                _ => None,
            },
            _ => None,
        });
        prefixes.max_by_key(String::len).unwrap_or_default()
    }

    /// Between which values a column of numbers or times lies.
    pub(crate) fn range(&self, name: &str) -> (Bound<i64>, Bound<i64>) {
        let (mut low, mut high) = (Bound::Unbounded, Bound::Unbounded);
        for filter in &self.0 {
            let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { continue };
            let Some((column, op, value)) = comparison(left, *op, right) else { continue };
            let Some(value) = number(value).filter(|_| column == name) else { continue };
            let at_least = |low: Bound<i64>| match low {
                Bound::Included(known) => Bound::Included(known.max(value)),
                _ => Bound::Included(value),
            };
            let at_most = |high: Bound<i64>| match high {
                Bound::Included(known) => Bound::Included(known.min(value)),
                _ => Bound::Included(value),
            };
            match op {
                Operator::Eq => (low, high) = (at_least(low), at_most(high)),
                Operator::Gt | Operator::GtEq => low = at_least(low),
                Operator::Lt | Operator::LtEq => high = at_most(high),
                _ => {}
            }
        }
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeBounds as _;

    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn equal_values_and_lists_are_found() {
        let conditions = Conditions::new(&[
            col("path").in_list(vec![lit("a"), lit("b")], false),
            lit("a").eq(col("path")),
            col("size").gt(lit(3_i64)),
        ]);
        assert_eq!(conditions.texts("path"), Some(BTreeSet::from(["a".to_owned()])));
        assert_eq!(conditions.texts("kind"), None);
        assert!(!conditions.range("size").contains(&2));
        assert!(conditions.range("size").contains(&4));
    }

    #[test]
    fn a_pattern_gives_its_beginning() {
        let conditions = Conditions::new(&[col("path").like(lit("data/%.csv"))]);
        assert_eq!(conditions.prefix("path"), "data/");
        assert_eq!(conditions.prefix("kind"), "");
        let negated = Conditions::new(&[col("path").not_like(lit("data/%"))]);
        assert_eq!(negated.prefix("path"), "");
    }
}
