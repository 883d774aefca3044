//! Aliases: `alias.st = "status -s"` is a command of the user's, `alias.up = "!rsync ..."` a shell command.
//!
//! An alias never hides a command of pond's own, so a script can rely on those.

use std::ffi::OsString;

use crate::context::Context;
use crate::error::{CommandError, fatal};

/// What stands behind an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alias {
    /// Words that take the alias's place on the command line.
    Words(Vec<String>),
    /// A line for the shell; the remaining arguments follow it.
    Shell(String),
}

/// Looks an alias up. None if there is no such alias.
pub(crate) fn find(ctx: &Context, name: &str) -> Result<Option<Alias>, CommandError> {
    let key = format!("alias.{name}");
    let config = ctx.config()?;
    if config.entry(&key).is_none() {
        return Ok(None);
    }
    parse(name, &config.string(&key)?.unwrap_or_default()).map(Some)
}

fn parse(name: &str, text: &str) -> Result<Alias, CommandError> {
    if let Some(line) = text.trim_start().strip_prefix('!') {
        return Ok(Alias::Shell(line.trim().to_owned()));
    }
    match shlex::split(text) {
        Some(words) if !words.is_empty() => Ok(Alias::Words(words)),
        Some(_) => Err(fatal(format_args!("the alias '{name}' is empty"))),
        None => Err(fatal(format_args!("the alias '{name}' has a quote without an end: {text}"))),
    }
}

/// Puts the words of an alias where the alias stood: behind the options, before its `rest` arguments.
pub(crate) fn replace(arguments: &[OsString], after_verb: usize, words: Vec<String>) -> Vec<OsString> {
    let verb = arguments.len() - after_verb - 1;
    let words = words.into_iter().map(OsString::from);
    arguments[..verb].iter().cloned().chain(words).chain(arguments[verb + 1..].iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_words_or_a_shell_line() {
        let words = |text: &str| parse("x", text).expect("a good alias");
        assert_eq!(words("log '--format=%h %s'"), Alias::Words(vec!["log".into(), "--format=%h %s".into()]));
        assert_eq!(words("!ls -l"), Alias::Shell("ls -l".into()));
        assert!(parse("x", "log 'a").is_err() && parse("x", " ").is_err());
    }

    #[test]
    fn words_take_the_place_of_the_alias() {
        let arguments: Vec<OsString> = ["pond", "-C", "st", "st", "-q"].iter().map(OsString::from).collect();
        let replaced = replace(&arguments, 1, vec!["status".into(), "-s".into()]);
        assert_eq!(replaced, ["pond", "-C", "st", "status", "-s", "-q"]);
    }
}
