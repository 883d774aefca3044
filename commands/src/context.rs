//! What every command gets: where it runs, what was asked for globally, the configuration, the terminal.

mod caller;
mod place;

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use pond_objects::escape;
use pond_oplog::Pond;
use pond_oplog::pond::Trust;
use pond_workspace::Session;

use self::place::NoPlace;
use crate::args::globals::GlobalArgs;
use crate::config::{Config, ConfigError, Sources, sources};
use crate::error::{CommandError, fatal};
use crate::ui::color::ColorMode;
use crate::ui::{Ui, UiSettings, pager};

pub(crate) use self::place::Place;

/// The surroundings of one command. Nothing in it changes while the command runs, but for what [`Session`] notes.
pub(crate) struct Context {
    /// The current directory, absolute, `-C` applied.
    pub(crate) cwd: PathBuf,
    /// The global options. `-q`, `-v`, `--json` and `--color` are better asked of `ui`.
    pub(crate) globals: GlobalArgs,
    /// The command line as it was typed, the program's name first.
    pub(crate) command_line: Vec<OsString>,
    /// Makes the parser of every command line, for what helps with them.
    pub(crate) parser: fn() -> clap::Command,
    /// The terminal.
    pub(crate) ui: Arc<Ui>,
    explicit_pond: Option<PathBuf>,
    place: Result<Place, NoPlace>,
    config: Result<Config, ConfigError>,
    session: OnceLock<Session>,
}

impl Context {
    /// Applies `-C`, finds the pond's directory and reads the configuration. Does not open the pond. A bad
    /// configuration is an error only of the commands that ask for it.
    pub(crate) fn new(
        globals: GlobalArgs,
        command_line: Vec<OsString>,
        parser: fn() -> clap::Command,
    ) -> Result<Self, CommandError> {
        for directory in globals.directories.iter().filter(|path| !path.as_os_str().is_empty()) {
            env::set_current_dir(directory).map_err(|error| cannot_change_to(directory, &error))?;
        }
        let cwd = env::current_dir()
            .map_err(|error| fatal("cannot find out the current directory").because(&error))?;
        let explicit_pond = globals
            .pond
            .clone()
            .or_else(|| env::var_os("POND").filter(|value| !value.is_empty()).map(PathBuf::from))
            .map(|path| std::path::absolute(&path).unwrap_or_else(|_| cwd.join(path)));
        let place = match &explicit_pond {
            Some(path) => Place::at(path),
            None => Place::above(&cwd),
        };
        let dot_pond = place.as_ref().ok().map(|place| place.dot_pond.as_path());
        let config = Config::load(&Sources::from_environment(dot_pond, &globals.settings));
        let ui = Arc::new(Ui::new(ui_settings(&globals, config.as_ref().ok())));
        Ok(Self {
            cwd,
            globals,
            command_line,
            parser,
            ui,
            session: OnceLock::new(),
            explicit_pond,
            place,
            config,
        })
    }

    /// The configuration; fatal if a layer of it cannot be used.
    pub(crate) fn config(&self) -> Result<&Config, CommandError> {
        self.config.as_ref().map_err(|error| CommandError::from(error.clone()))
    }

    /// Whether `--` is the last word of the command line: then what stands before it are no paths.
    pub(crate) fn ends_with_dashes(&self) -> bool {
        self.command_line.last().is_some_and(|word| word == "--")
    }

    /// Where the pond is, if there is one here. It has not been opened or checked.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref().ok()
    }

    /// The pond that `--pond` or `POND` names, absolute, whether or not it exists.
    pub(crate) fn explicit_pond(&self) -> Option<&Path> {
        self.explicit_pond.as_deref()
    }

    /// Opens the pond, whoever owns it: who changes something asks [`Pond::need_ours`] first.
    pub(crate) fn pond(&self) -> Result<Pond, CommandError> {
        let place = self.require_place()?;
        let trusted = self.config.as_ref().is_ok_and(Config::trusts_pond);
        let trust = if trusted { Trust::Anybody } else { sources::own_ponds() };
        Ok(Pond::open_to_read(&place.root, &trust)?)
    }

    /// The command's work on the pond, which is opened by the first call.
    pub(crate) fn session(&self) -> Result<&Session, CommandError> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let session = Session::new(self.pond()?, self.cwd.clone(), self.caller());
        Ok(self.session.get_or_init(|| session))
    }

    /// The same, where the command has opened the pond.
    pub(crate) fn opened_session(&self) -> Option<&Session> {
        self.session.get()
    }

    /// Where the pond is; fatal if there is none.
    pub(crate) fn require_place(&self) -> Result<&Place, CommandError> {
        self.place.as_ref().map_err(|nothing| match &self.explicit_pond {
            Some(path) => nothing.error_of(path, if self.globals.pond.is_some() { "--pond" } else { "POND" }),
            None => nothing.error(&self.cwd),
        })
    }

    /// The pond of a directory or of one above it, if there is one.
    pub(crate) fn place_above(directory: &Path) -> Option<Place> {
        Place::above(directory).ok()
    }
}

/// `-C` names no directory that can be gone to.
fn cannot_change_to(directory: &Path, error: &io::Error) -> CommandError {
    let this =
        fatal(format_args!("cannot change to '{}', which -C names", escape::path(directory))).because(error);
    match (error.kind(), env::current_dir()) {
        (io::ErrorKind::NotFound, Ok(here)) if directory.is_relative() => this
            .hint(format_args!("-C names a directory that exists; it counts from '{}'", escape::path(&here))),
        (io::ErrorKind::PermissionDenied, _) => {
            this.hint("this user may not do that; look at the owner and the mode")
        }
        _ => this.hint("-C names a directory that exists"),
    }
}

fn ui_settings(globals: &GlobalArgs, config: Option<&Config>) -> UiSettings {
    // What is wrong with a value is said by `config()`; here it counts as not set.
    let text = |key: &str| config.and_then(|config| config.string(key).ok().flatten());
    let configured = text("color.ui").and_then(|word| ColorMode::from_word(&word));
    let pager = if globals.no_pager { None } else { pager::choose(text("core.pager").as_deref()) };
    UiSettings {
        color: globals.color.or(configured).unwrap_or_default(),
        quiet: globals.quiet,
        verbose: globals.verbose,
        json: globals.json,
        pager,
    }
}

/// Settings for messages before there is a context.
pub(crate) fn early_ui(globals: &GlobalArgs) -> Ui {
    Ui::new(ui_settings(globals, None))
}
