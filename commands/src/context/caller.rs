//! What the terminal's user is to a deed: who works, the clock, the configuration, and who is told.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use pond_objects::escape;
use pond_workspace::CallerError;
use pond_workspace::session::{Actor, Caller, Settings};

use super::Context;
use crate::config::{Config, ConfigError, sources};
use crate::error::CommandError;
use crate::login;
use crate::report::Terminal;
use crate::time;

impl Context {
    /// The caller of what this command does.
    pub(crate) fn caller(&self) -> Caller {
        let command_line = self.command_line.clone();
        let actor = move || actor(&command_line);
        Caller {
            actor: LazyLock::new(Box::new(actor)),
            clock: Box::new(|| Ok(time::moment()?.as_microsecond())),
            wall_clock: Box::new(time::checked_now),
            settings: Box::new(Configured(self.config.clone())),
            observer: Box::new(Terminal::new(&self.ui)),
        }
    }
}

fn actor(command_line: &[OsString]) -> Actor {
    Actor { user: login::login(), host: login::host(), command: in_one_line(command_line) }
}

/// The settings of the configuration, which may be bad.
struct Configured(Result<Config, ConfigError>);

impl Configured {
    fn config(&self) -> Result<&Config, CommandError> {
        self.0.as_ref().map_err(|error| error.clone().into())
    }
}

impl Settings for Configured {
    fn threads(&self) -> Result<Option<usize>, CallerError> {
        let wanted = self.config()?.integer("add.threads").map_err(CommandError::from)?;
        Ok(wanted.and_then(|wanted| usize::try_from(wanted).ok()).filter(|wanted| *wanted > 0))
    }

    fn excludes(&self) -> Result<Option<PathBuf>, CallerError> {
        let config = self.config()?;
        // Where the user's configuration cannot be read, the file beside it mostly can't be either: one warning is enough.
        let of_user = || sources::user_ignore_file().filter(|_| config.unreadable().is_none());
        Ok(config.path("core.excludesFile").map_err(CommandError::from)?.or_else(of_user))
    }

    fn conflict_style(&self) -> Result<Option<String>, CallerError> {
        Ok(self.config()?.string("merge.conflictStyle").map_err(CommandError::from)?)
    }
}

/// The command line as it was typed, in one line.
fn in_one_line(command_line: &[OsString]) -> String {
    let words = command_line.iter().enumerate().map(|(at, word)| {
        let text = word.to_string_lossy();
        if at == 0 {
            return "pond".to_owned();
        }
        let plain =
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./=:@~^{}+,%".contains(c));
        if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    escape::plain(line.as_bytes()).into_owned()
}
