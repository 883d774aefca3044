//! Configuration: TOML layers, later ones over earlier ones.
//!
//! system (`/etc/pond/config.toml`) < user (`$XDG_CONFIG_HOME/pond/config.toml`) < pond (`.pond/config.toml`) <
//! environment (`POND_CONFIG_COUNT`, `POND_CONFIG_KEY_n`, `POND_CONFIG_VALUE_n`) < `-c key=value`.
//! Keys are `section.name` or `section.sub.name`; the section and the name ignore case, the middle does not.
//! `known` lists every key with its type and default. `${env:VAR}` in a value is replaced when it is used and
//! never when it is listed. The file of a pond that belongs to another user counts for nothing, unless `safe.directory` in a
//! layer outside of it lists the pond. A user's or a system's file that cannot be read is passed over with a warning.

pub(crate) mod known;
pub(crate) mod layer;
pub(crate) mod safe;
pub(crate) mod sources;
mod value;
pub(crate) mod write;

use std::borrow::Cow;
use std::path::Path;

use known::KeyType;

pub(crate) use layer::{ConfigError, Entry, Scope};
pub(crate) use sources::Sources;
pub(crate) use value::Raw;

/// The effective configuration. Immutable once loaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// In order of rising priority.
    entries: Vec<Entry>,
    warnings: Vec<String>,
    /// Why files outside of the pond were passed over.
    unreadable: Option<ConfigError>,
    trusts_pond: bool,
}

impl Config {
    /// Reads every layer. A file that does not exist is an empty layer, and so is one outside of the pond that cannot be
    /// read; any other trouble is an error.
    pub(crate) fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (scope, path) in [(Scope::System, &sources.system), (Scope::User, &sources.user)] {
            let Some(path) = path else { continue };
            match layer::read_file(scope, path) {
                Ok(mut entries) => config.entries.append(&mut entries),
                Err(error @ ConfigError::Unreadable { .. }) => {
                    config.warnings.push(format!("{error}; going on without it"));
                    config.unreadable.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        let mut given = layer::from_environment(&sources.environment)?;
        given.append(&mut layer::from_command_line(&sources.command_line)?);
        if let Some(path) = &sources.pond {
            let root = path.parent().and_then(Path::parent);
            let outside = config.entries.iter().chain(&given);
            config.trusts_pond = sources.pond_is_ours || root.is_some_and(|root| safe::lists(outside, root));
            if config.trusts_pond {
                config.entries.append(&mut layer::read_file(Scope::Pond, path)?);
            }
        }
        config.entries.append(&mut given);
        for entry in &config.entries {
            if known::find(&entry.key).is_none() {
                config.warnings.push(unknown_key(entry));
            }
        }
        Ok(config)
    }

    /// Whether the pond is this user's, or listed as safe: else it is only read, and nothing in it counts as a setting.
    pub(crate) fn trusts_pond(&self) -> bool {
        self.trusts_pond
    }

    /// Why a file outside of the pond was passed over, if one was.
    pub(crate) fn unreadable(&self) -> Option<&ConfigError> {
        self.unreadable.as_ref()
    }

    /// What is odd but no error: unknown keys, and files that were passed over.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Every value of every layer, in order of rising priority.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry that counts for `key`, if it is configured anywhere.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| layer::same_key(&entry.key, key))
    }

    /// The value of a key as text, else its default from `known`. None if it has neither.
    pub(crate) fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.entry(key) {
            Some(entry) => Ok(Some(expand(entry)?)),
            None => Ok(known::find(key).and_then(|known| known.default).map(str::to_owned)),
        }
    }

    /// A key of type `Bool`. False if it has neither value nor default.
    pub(crate) fn bool(&self, key: &str) -> Result<bool, ConfigError> {
        self.typed(key, KeyType::Bool, value::parse_bool).map(Option::unwrap_or_default)
    }

    /// A key of type `Integer`.
    pub(crate) fn integer(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        self.typed(key, KeyType::Integer, |text| text.trim().parse().ok())
    }

    /// A key of type `Path`; a leading `~/` is the home directory.
    pub(crate) fn path(&self, key: &str) -> Result<Option<std::path::PathBuf>, ConfigError> {
        Ok(self.string(key)?.map(|text| value::expand_home(&text)))
    }

    /// Names under a section with their entries that count: `section("alias")` gives `("st", ...)`.
    pub(crate) fn section(&self, section: &str) -> Vec<(&str, &Entry)> {
        let mut found: Vec<(&str, &Entry)> = Vec::new();
        for entry in self.entries.iter().rev() {
            if let Some((head, name)) = entry.key.split_once('.')
                && head.eq_ignore_ascii_case(section)
                && !found.iter().any(|(other, _)| layer::same_key(other, name))
            {
                found.push((name, entry));
            }
        }
        found.sort_by_key(|(name, _)| *name);
        found
    }

    fn typed<T>(
        &self,
        key: &str,
        kind: KeyType,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.string(key)? else { return Ok(None) };
        match (parse(&text), self.entry(key)) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(entry)) => Err(ConfigError::BadValue {
                key: entry.key.clone(),
                value: text,
                origin: entry.origin.to_string(),
                expected: kind.expected().into_owned(),
            }),
            (None, None) => unreachable!("BUG: the default of {key} is not of its own type"),
        }
    }
}

/// Checks that a value would be accepted for a key, and says what is expected if not.
pub(crate) fn check(key: &str, text: &str) -> Result<(), String> {
    let Some(known) = known::find(key) else { return Ok(()) };
    let good = match known.kind {
        KeyType::Bool => value::parse_bool(text).is_some(),
        KeyType::Integer => text.trim().parse::<u64>().is_ok(),
        KeyType::OneOf(words) => words.contains(&text),
        KeyType::Text | KeyType::Path | KeyType::Paths => true,
    };
    // A value from the environment is only known when it is used.
    if good || text.contains("${env:") { Ok(()) } else { Err(known.kind.expected().into_owned()) }
}

fn unknown_key(entry: &Entry) -> String {
    let near = known::similar(&entry.key);
    let suggestion = near.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
    format!("unknown configuration key '{}' in {}{suggestion}", entry.key, entry.origin)
}

fn expand(entry: &Entry) -> Result<String, ConfigError> {
    let text = entry.value.text();
    let text = value::expand_env(&text, |name| std::env::var(name).ok()).map_err(|variable| {
        ConfigError::MissingVariable { key: entry.key.clone(), origin: entry.origin.to_string(), variable }
    })?;
    if let Some(known::Known { kind: KeyType::OneOf(words), .. }) = known::find(&entry.key)
        && !words.contains(&text.as_ref())
    {
        return Err(ConfigError::BadValue {
            key: entry.key.clone(),
            value: text.into_owned(),
            origin: entry.origin.to_string(),
            expected: KeyType::OneOf(words).expected().into_owned(),
        });
    }
    Ok(Cow::into_owned(text))
}

#[cfg(test)]
mod tests;
