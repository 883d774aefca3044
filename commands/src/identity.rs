//! Who makes a commit: `POND_AUTHOR_NAME` and its relatives, `user.name` and `user.email`, git's own configuration,
//! and at last login@host with one warning, so that a commit from cron never fails for want of a name.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pond_durable::outside;
use pond_objects::{Signature, Timestamp, escape};
use pond_refs::DayTime;
use pond_workspace::CallerError;
use pond_workspace::session::Signer;

use crate::config::sources;
use crate::context::Context;
use crate::error::{CommandError, fatal};
use crate::login;
use crate::time;

/// A name and an address, neither of which need be known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

impl Person {
    /// This, and what it lacks from another.
    fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self.name.is_some() && self.email.is_some() {
            return self;
        }
        let other = other();
        Self { name: self.name.or(other.name), email: self.email.or(other.email) }
    }
}

/// The author of a new commit: `POND_AUTHOR_NAME`, `POND_AUTHOR_EMAIL`, `POND_AUTHOR_DATE`.
pub(crate) fn author(ctx: &Context) -> Result<Signature, CommandError> {
    signature(ctx, "POND_AUTHOR")
}

/// The committer: `POND_COMMITTER_NAME`, `POND_COMMITTER_EMAIL`, `POND_COMMITTER_DATE`.
pub(crate) fn committer(ctx: &Context) -> Result<Signature, CommandError> {
    signature(ctx, "POND_COMMITTER")
}

impl Signer for Context {
    fn author(&self) -> Result<Signature, CallerError> {
        Ok(author(self)?)
    }

    fn committer(&self) -> Result<Signature, CallerError> {
        Ok(committer(self)?)
    }
}

/// `Name <address>` with a time that is not known, as `commit --author` takes it.
pub(crate) fn parse(text: &str, when: Timestamp) -> Result<Signature, CommandError> {
    let parts = text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    let (name, email) = parts.ok_or_else(|| {
        fatal(format_args!("'{}' names no author: expected 'Name <address>'", escape::plain(text.as_bytes())))
    })?;
    let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
    check(["--author", "--author"], &name, &email)?;
    Ok(Signature { name, email, when })
}

fn signature(ctx: &Context, prefix: &str) -> Result<Signature, CommandError> {
    let variable = |suffix: &str| match env::var(format!("{prefix}_{suffix}")) {
        Err(env::VarError::NotUnicode(_)) => Err(fatal(format_args!("{prefix}_{suffix} is not UTF-8"))),
        found => Ok(found.ok().filter(|text| !text.trim().is_empty())),
    };
    let config = ctx.config()?;
    let environment = Person { name: variable("NAME")?, email: variable("EMAIL")? };
    let origin = |in_environment: bool, suffix: &str, key: &str| match config.entry(key) {
        _ if in_environment => format!("{prefix}_{suffix}"),
        Some(entry) => format!("{key} in {}", entry.origin),
        None => format!("git's {key}"),
    };
    let origins = [
        origin(environment.name.is_some(), "NAME", "user.name"),
        origin(environment.email.is_some(), "EMAIL", "user.email"),
    ];
    let configured = Person { name: config.string("user.name")?, email: config.string("user.email")? };
    let person = environment.or(|| configured).or(|| git_person(ctx));
    let is_guess = person.name.is_none() || person.email.is_none();
    let guess = is_guess.then(|| (login::login(), login::host()));
    let (login, host) = guess.unwrap_or_default();
    let name = person.name.unwrap_or_else(|| login.clone()).trim().to_owned();
    let email = person.email.unwrap_or_else(|| format!("{login}@{host}")).trim().to_owned();
    check([&origins[0], &origins[1]], &name, &email)?;
    if is_guess {
        warn_once(ctx, &name, &email);
    }
    let when = match variable("DATE")? {
        Some(text) => time::parse(&text, DayTime::Same)
            .map_err(|error| error.context(format_args!("cannot use {prefix}_DATE")))?,
        None => time::from_zoned(&time::now()?),
    };
    Ok(Signature { name, email, when })
}

fn warn_once(ctx: &Context, name: &str, email: &str) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        let text = format!("{name} <{email}>");
        ctx.ui.warn(format_args!(
            "no identity configured (user.name, user.email); using {}",
            escape::plain(text.as_bytes())
        ));
        ctx.ui.hint(
            "pond config --global user.name 'Your Name'; pond config --global user.email you@example.org",
        );
    }
}

/// The characters that would break a commit's header apart have no place in it. `origins` says where the name and the
/// address are from.
fn check(origins: [&str; 2], name: &str, email: &str) -> Result<(), CommandError> {
    for (what, whose, text) in [("name", origins[0], name), ("address", origins[1], email)] {
        if text.contains(|c: char| c == '<' || c == '>' || c.is_control()) {
            return Err(fatal(format_args!(
                "the {what} '{}' ({whose}) has a '<', a '>' or a control character in it",
                escape::plain(text.as_bytes())
            ))
            .hint("'pond config --list --show-origin' shows where it is configured"));
        }
    }
    if name.is_empty() {
        return Err(fatal(format_args!("the name ({}) is empty", origins[0]))
            .hint("'pond config --global user.name NAME' sets one"));
    }
    Ok(())
}

/// Name and address from git's configuration of the user. No process is started, and includes are not followed. A file that
/// cannot be read is passed over, with a warning where there was none of the like.
fn git_person(ctx: &Context) -> Person {
    let mut files: Vec<PathBuf> = Vec::new();
    match env::var_os("GIT_CONFIG_GLOBAL") {
        Some(path) => files.push(path.into()),
        None => {
            files.extend(sources::home().map(|home| home.join(".gitconfig")));
            files.extend(sources::user_directory().map(|directory| directory.join("git/config")));
        }
    }
    files.iter().fold(Person::default(), |person, path| person.or(|| read_git_config(ctx, path)))
}

fn read_git_config(ctx: &Context, path: &Path) -> Person {
    static WARNED: AtomicBool = AtomicBool::new(false);
    match outside::read(path) {
        Ok(found) => parse_git_config(&String::from_utf8_lossy(&found.unwrap_or_default())),
        Err(reason) => {
            let is_said = ctx.config().is_ok_and(|config| config.unreadable().is_some());
            if !is_said && !WARNED.swap(true, Ordering::Relaxed) {
                let path = escape::path(path);
                ctx.ui.warn(format_args!("cannot read {path}: {reason}; going on without it"));
            }
            Person::default()
        }
    }
}

/// `name` and `email` of the section `[user]`; the last one wins, as in git.
fn parse_git_config(text: &str) -> Person {
    let mut person = Person::default();
    let mut in_user = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            in_user = header.split(']').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("user"));
        } else if in_user && let Some((key, value)) = line.split_once('=') {
            let value = Some(git_value(value)).filter(|value| !value.is_empty());
            match key.trim().to_ascii_lowercase().as_str() {
                "name" => person.name = value,
                "email" => person.email = value,
                _ => {}
            }
        }
    }
    person
}

/// A value without its quotes, escapes and comment.
fn git_value(text: &str) -> String {
    let mut value = String::new();
    let mut quoted = false;
    // Length up to the last character that is no space outside quotes.
    let mut kept = 0;
    let mut characters = text.trim().chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                quoted = !quoted;
                kept = value.len();
                continue;
            }
            '#' | ';' if !quoted => break,
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(other) => value.push(other),
                None => break,
            },
            other => value.push(other),
        }
        if quoted || !c.is_whitespace() {
            kept = value.len();
        }
    }
    value.truncate(kept);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp { seconds: 0, offset_minutes: 0 };

    fn person(name: &str, email: &str) -> Person {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Person { name: some(name), email: some(email) }
    }

    #[test]
    fn git_configuration_is_read() {
        let text = "[core]\n\tname = no\n[User]\n\tname = Ada \"Augusta\"  L. # me\n; x\n\temail=\"a#b@x\" ;c\n[user \"x\"]\nname = no\n";
        assert_eq!(parse_git_config(text), person("Ada Augusta  L.", "a#b@x"));
        assert_eq!(parse_git_config("[user]\nname =\n"), person("", ""));
        assert_eq!(parse_git_config("junk\n[user\nname\n= x"), person("", ""));
    }

    #[test]
    fn the_first_that_knows_wins() {
        let all = person("a", "").or(|| person("b", "c")).or(|| unreachable!("BUG: both are known"));
        assert_eq!(all, person("a", "c"));
    }

    #[test]
    fn names_that_break_a_header_are_refused() {
        for (name, email) in [("a<b", "x"), ("a", "x>"), ("a\nb", "x"), ("", "x"), ("a", "\0")] {
            assert!(check(["test"; 2], name, email).is_err(), "{name} {email}");
        }
        assert!(check(["test"; 2], "Ada", "").is_ok());
    }

    #[test]
    fn authors_are_parsed() {
        let ada = parse(" Ada L. <a@x> ", NOW).expect("an author");
        assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada L.", "a@x"));
        assert!(parse("Ada", NOW).is_err() && parse("<a@x>", NOW).is_err());
    }
}
