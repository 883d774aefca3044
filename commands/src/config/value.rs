//! Values as they are configured, and what is made of their text.

use std::borrow::Cow;
use std::path::PathBuf;

/// A value before any expansion.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// A string, or the text of any other scalar.
    Text(String),
    Bool(bool),
    Integer(i64),
    List(Vec<String>),
}

impl Raw {
    /// The value as one text; the items of a list are separated by a comma.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Integer(value) => Cow::Owned(value.to_string()),
            Self::List(items) => Cow::Owned(items.join(",")),
        }
    }

    /// The value of a TOML item that is no table. None for what no key takes (an inline table within an array).
    pub(crate) fn from_toml(value: &toml_edit::Value) -> Option<Self> {
        use toml_edit::Value;
        Some(match value {
            Value::String(text) => Self::Text(text.value().clone()),
            Value::Boolean(value) => Self::Bool(*value.value()),
            Value::Integer(value) => Self::Integer(*value.value()),
            Value::Float(value) => Self::Text(value.value().to_string()),
            Value::Datetime(value) => Self::Text(value.value().to_string()),
            Value::Array(items) => Self::List(
                items
                    .iter()
                    .map(|item| Some(Self::from_toml(item)?.text().into_owned()))
                    .collect::<Option<_>>()?,
            ),
            Value::InlineTable(_) => return None,
        })
    }
}

/// Truth in the words that git takes.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" => Some(false),
        _ => None,
    }
}

/// Replaces each `${env:VAR}`. Fails with the name of a variable that is not set.
pub(crate) fn expand_env(
    text: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Cow<'_, str>, String> {
    const OPEN: &str = "${env:";
    if !text.contains(OPEN) {
        return Ok(Cow::Borrowed(text));
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        expanded.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            expanded.push_str(OPEN);
            rest = after;
            break;
        };
        expanded.push_str(&lookup(name).ok_or_else(|| name.to_owned())?);
        rest = tail;
    }
    expanded.push_str(rest);
    Ok(Cow::Owned(expanded))
}

/// A path whose leading `~` or `~/` is the home directory, if that is known.
pub(crate) fn expand_home(text: &str) -> PathBuf {
    match (text.strip_prefix('~'), super::sources::home()) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(&rest[1..]),
        _ => PathBuf::from(text),
    }
}
