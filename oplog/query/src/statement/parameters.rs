//! Values that a query takes by name.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::Value;

use crate::error::QueryError;

/// The values that were given, and which of them the query has used.
#[derive(Debug)]
pub(crate) struct Parameters<'p> {
    given: BTreeMap<&'p str, &'p str>,
    used: BTreeSet<&'p str>,
}

impl<'p> Parameters<'p> {
    /// Takes pairs of a name, without its `$`, and a value.
    pub(crate) fn new(given: &'p [(String, String)]) -> Result<Self, QueryError> {
        let mut named = BTreeMap::new();
        for (name, value) in given {
            if named.insert(name.as_str(), value.as_str()).is_some() {
                return Err(QueryError::Parameter(format!("the parameter ${name} is given twice")));
            }
        }
        Ok(Self { given: named, used: BTreeSet::new() })
    }

    /// Whether there are any.
    pub(crate) fn are_given(&self) -> bool {
        !self.given.is_empty()
    }

    /// The text of the parameter that stands in a query as `$NAME`.
    pub(crate) fn text(&mut self, placeholder: &str) -> Result<&'p str, QueryError> {
        let name = placeholder.strip_prefix('$').unwrap_or(placeholder);
        let Some((name, value)) = self.given.get_key_value(name) else {
            let given = self.given.keys().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ");
            let given =
                if given.is_empty() { "no parameter is given".to_owned() } else { format!("given: {given}") };
            return Err(QueryError::Parameter(format!("the parameter {placeholder} has no value; {given}")));
        };
        self.used.insert(name);
        Ok(value)
    }

    /// The value of this parameter, as a statement has it.
    pub(crate) fn literal(&mut self, placeholder: &str) -> Result<Value, QueryError> {
        let text = self.text(placeholder)?;
        Ok(match looks_like(text) {
            ScalarValue::Int64(_) | ScalarValue::Float64(_) => Value::Number(text.to_owned(), false),
            ScalarValue::Boolean(Some(truth)) => Value::Boolean(truth),
            _ => Value::SingleQuotedString(text.to_owned()),
        })
    }

    /// Puts the values into a plan, each with the type of its place.
    pub(crate) fn put_into(&mut self, plan: LogicalPlan) -> Result<LogicalPlan, QueryError> {
        let types = types(&plan)?;
        let mut values = Vec::with_capacity(types.len());
        for (placeholder, data_type) in &types {
            let text = self.text(placeholder)?;
            let value = typed(text, data_type.as_ref()).ok_or_else(|| {
                let data_type = data_type.as_ref().map(DataType::to_string).unwrap_or_default();
                QueryError::Parameter(format!(
                    "the parameter {placeholder} is '{text}', which is no {data_type}"
                ))
            })?;
            values.push((placeholder.trim_start_matches('$').to_owned(), value));
        }
        if let Some(name) = self.given.keys().find(|name| !self.used.contains(*name)) {
            let known: Vec<&str> = types.keys().map(String::as_str).collect();
            let known = match known.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            return Err(QueryError::Parameter(format!("the query has no parameter ${name}; {known}")));
        }
        if values.is_empty() { Ok(plan) } else { Ok(plan.with_param_values(values)?) }
    }
}

/// The parameters of a plan with the types that their places ask for; `None` if they say nothing or contradict each other.
fn types(plan: &LogicalPlan) -> Result<BTreeMap<String, Option<DataType>>, QueryError> {
    let mut found: BTreeMap<String, Option<DataType>> = BTreeMap::new();
    let mut contradicted = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Placeholder(placeholder) = expr {
                    let here = placeholder.field.as_ref().map(|field| field.data_type().clone());
                    let here = here.filter(|data_type| !data_type.is_null());
                    let known = found.entry(placeholder.id.clone()).or_default();
                    match (&known, here) {
                        (Some(known), Some(here)) if *known != here => {
                            contradicted.insert(placeholder.id.clone());
                        }
                        (None, here) => *known = here,
                        _ => {}
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    for name in contradicted {
        found.insert(name, None);
    }
    Ok(found)
}

/// A value of this type; of the type that it looks like if there is none, or if both are numbers.
fn typed(text: &str, data_type: Option<&DataType>) -> Option<ScalarValue> {
    let looks_like = looks_like(text);
    match data_type {
        None => Some(looks_like),
        Some(data_type) => match ScalarValue::try_from_string(text.to_owned(), data_type) {
            Ok(value) if !value.is_null() => Some(value),
            _ => (data_type.is_numeric() && looks_like.data_type().is_numeric()).then_some(looks_like),
        },
    }
}

fn looks_like(text: &str) -> ScalarValue {
    let is_number =
        text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'));
    if let Ok(number) = text.parse::<i64>() {
        ScalarValue::from(number)
    } else if let Some(number) = text.parse::<f64>().ok().filter(|number| is_number && number.is_finite()) {
        ScalarValue::from(number)
    } else if let Ok(truth) = text.to_ascii_lowercase().parse::<bool>() {
        ScalarValue::from(truth)
    } else {
        ScalarValue::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_type_of_its_place_or_its_look() {
        assert_eq!(typed("12", None), Some(ScalarValue::from(12_i64)));
        assert_eq!(typed("1e3", None), Some(ScalarValue::from(1000.0)));
        assert_eq!(typed("TRUE", None), Some(ScalarValue::from(true)));
        assert_eq!(typed("inf", None), Some(ScalarValue::from("inf")));
        assert_eq!(typed("12", Some(&DataType::Utf8)), Some(ScalarValue::from("12")));
        assert_eq!(typed("1.5", Some(&DataType::Int64)), Some(ScalarValue::from(1.5)));
        assert_eq!(typed("x", Some(&DataType::Int64)), None);
    }
}
