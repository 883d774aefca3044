//! One layer of configuration: where its values come from, and how they are read.

use std::fmt;
use std::path::{Path, PathBuf};

use pond_durable::outside;
use serde::Serialize;

use super::Raw;

/// Which layer a value is from, in order of rising priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    System,
    User,
    Pond,
    Environment,
    CommandLine,
}

impl Scope {
    /// The word for it in `config --show-origin` and in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Pond => "pond",
            Self::Environment => "environment",
            Self::CommandLine => "command-line",
        }
    }
}

/// The exact place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File { path: PathBuf, line: usize },
    Variable(String),
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "${name}"),
            Self::CommandLine => f.write_str("-c"),
        }
    }
}

/// One configured value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Raw,
    pub(crate) scope: Scope,
    pub(crate) origin: Origin,
}

/// Why the configuration cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{path} is not UTF-8")]
    NotText { path: String },
    #[error("{path}:{line}:{column}: bad TOML: {reason}")]
    Syntax { path: String, line: usize, column: usize, reason: String },
    #[error("{path}:{line}: the value of '{key}' is of a type that no key takes")]
    BadType { path: String, line: usize, key: String },
    #[error("bad value '{value}' for '{key}' in {origin}: expected {expected}")]
    BadValue { key: String, value: String, origin: String, expected: String },
    #[error("'{key}' in {origin} names the environment variable {variable}, which is not set")]
    MissingVariable { key: String, origin: String, variable: String },
    #[error("bad configuration key '{key}' in {origin}: expected section.name or section.sub.name")]
    BadKey { key: String, origin: String },
    #[error("bad POND_CONFIG_COUNT or missing POND_CONFIG_KEY_n: {reason}")]
    BadEnvironment { reason: String },
}

/// Whether two keys are the same: the middle part counts exactly, the section and the name ignore case.
pub(crate) fn same_key(left: &str, right: &str) -> bool {
    fn parts(key: &str) -> (&str, &str, &str) {
        let (section, rest) = key.split_once('.').unwrap_or(("", key));
        let (middle, name) = rest.rsplit_once('.').unwrap_or(("", rest));
        (section, middle, name)
    }
    let (left, right) = (parts(left), parts(right));
    left.0.eq_ignore_ascii_case(right.0) && left.1 == right.1 && left.2.eq_ignore_ascii_case(right.2)
}

/// Whether `key` has the form `section.name` or `section.sub.name`.
pub(crate) fn is_well_formed(key: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match (key.split_once('.'), key.rsplit_once('.')) {
        (Some((section, _)), Some((_, name))) => {
            word(section) && word(name) && !key.contains(char::is_control)
        }
        _ => false,
    }
}

/// The entries of a file in the order of its lines; none if it does not exist.
pub(crate) fn read_file(scope: Scope, path: &Path) -> Result<Vec<Entry>, ConfigError> {
    let Some(text) = read_text(path)? else { return Ok(Vec::new()) };
    // Parsed without `into_mut`, which would forget the spans.
    let document = parse(&text, path)?;
    let mut entries = Vec::new();
    let mut reader = Reader { scope, path, text: &text, entries: &mut entries };
    reader.table(String::new(), document.as_table())?;
    entries.sort_by_key(|entry| match entry.origin {
        Origin::File { line, .. } => line,
        _ => 0,
    });
    Ok(entries)
}

/// The text of a file; `None` if it does not exist.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, ConfigError> {
    let name = || path.display().to_string();
    let bytes = outside::read(path).map_err(|reason| ConfigError::Unreadable { path: name(), reason })?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|_| ConfigError::NotText { path: name() })
}

/// Parses a file's text; the error names the line and the column.
pub(crate) fn parse<'a>(text: &'a str, path: &Path) -> Result<toml_edit::Document<&'a str>, ConfigError> {
    toml_edit::Document::parse(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        ConfigError::Syntax {
            path: path.display().to_string(),
            line,
            column,
            reason: error.message().lines().collect::<Vec<_>>().join(", "),
        }
    })
}

/// Line and column, both from 1, of a byte position.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

struct Reader<'a> {
    scope: Scope,
    path: &'a Path,
    text: &'a str,
    entries: &'a mut Vec<Entry>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: String, table: &dyn toml_edit::TableLike) -> Result<(), ConfigError> {
        for (name, item) in table.iter() {
            let key = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            if let Some(inner) = item.as_table_like() {
                self.table(key, inner)?;
                continue;
            }
            let line = position(self.text, item.span().map_or(0, |span| span.start)).0;
            let Some(value) = item.as_value().and_then(Raw::from_toml) else {
                return Err(ConfigError::BadType { path: self.path.display().to_string(), line, key });
            };
            let origin = Origin::File { path: self.path.to_owned(), line };
            self.entries.push(Entry { key, value, scope: self.scope, origin });
        }
        Ok(())
    }
}

/// The entries of `POND_CONFIG_COUNT`, `POND_CONFIG_KEY_n` and `POND_CONFIG_VALUE_n` among `variables`.
pub(crate) fn from_environment(variables: &[(String, String)]) -> Result<Vec<Entry>, ConfigError> {
    let find =
        |name: &str| variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let count = match find("POND_CONFIG_COUNT") {
        None | Some("") => return Ok(Vec::new()),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ConfigError::BadEnvironment { reason: format!("'{text}' is not a whole number") })?,
    };
    let mut entries = Vec::new();
    for n in 0..count {
        let name = format!("POND_CONFIG_KEY_{n}");
        let key = find(&name)
            .ok_or_else(|| ConfigError::BadEnvironment { reason: format!("{name} is not set") })?;
        let value = find(&format!("POND_CONFIG_VALUE_{n}")).unwrap_or("true");
        entries.push(text_entry(key, value, Scope::Environment, Origin::Variable(name.clone()))?);
    }
    Ok(entries)
}

/// The entries of the `-c key=value` options; a key alone means true.
pub(crate) fn from_command_line(settings: &[String]) -> Result<Vec<Entry>, ConfigError> {
    settings
        .iter()
        .map(|setting| {
            let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
            text_entry(key, value, Scope::CommandLine, Origin::CommandLine)
        })
        .collect()
}

fn text_entry(key: &str, value: &str, scope: Scope, origin: Origin) -> Result<Entry, ConfigError> {
    if !is_well_formed(key) {
        return Err(ConfigError::BadKey { key: key.to_owned(), origin: origin.to_string() });
    }
    Ok(Entry { key: key.to_owned(), value: Raw::Text(value.to_owned()), scope, origin })
}
