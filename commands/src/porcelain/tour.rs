//! `pond tour`: the main job from init to an old version and back, on data that the tour makes.
//!
//! Every command is run as a child of this program, and what it printed is shown as it is. The children have a fixed
//! author, a fixed clock and the default settings, so that the tour's commits have the same ids everywhere. A child
//! that fails ends the tour; the directory stays as it is then.

mod data;
mod script;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use pond_objects::escape;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, interrupted, usage};
use crate::interrupt;
use crate::ui::color::Role;
use script::{SCRIPT, Step};

/// See pond at work on a small data set, in a new directory
///
/// Makes DIR with the readings of four weather stations in it (300 KB, the same each time), and walks through init, add,
/// status, commit, changes, a rename, diff, log, an old version laid out beside the live one, and back. Each command
/// is shown with what it really printed. DIR stays, to be played with and deleted. With -q nothing is explained.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond tour
  pond tour -q /tmp/look

Exit codes: 0; 128 where DIR is not empty, or a step failed; 129; 130.")]
pub(crate) struct TourArgs {
    /// The directory, new or empty; default: pond-tour here, or pond-tour-2 and so on where that is taken
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(ctx: &Context, args: TourArgs) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        return Err(usage("the tour is for people: it has no JSON"));
    }
    let program =
        env::current_exe().map_err(|error| fatal("cannot find pond's own program file").because(&error))?;
    let given = args.directory.map(|directory| ctx.cwd.join(directory));
    let directory = make_directory(&ctx.cwd, given)?;
    data::generate(&directory).map_err(|error| {
        fatal(format_args!("cannot write the tour's data to '{}'", escape::path(&directory))).because(&error)
    })?;
    let tour = Tour { ctx, program, directory };
    tour.walk()?;
    tour.farewell();
    Ok(Outcome::Done)
}

/// The directory that was asked for, if it is new or empty; otherwise the first name that is free.
fn make_directory(cwd: &Path, given: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    let cannot = |path: &Path, error: &io::Error| {
        fatal(format_args!("cannot make '{}'", escape::path(path))).because(error)
    };
    if let Some(path) = given {
        fs::create_dir_all(&path).map_err(|error| cannot(&path, &error))?;
        let mut entries = fs::read_dir(&path).map_err(|error| cannot(&path, &error))?;
        return match entries.next() {
            None => Ok(path),
            Some(_) => Err(fatal(format_args!("'{}' is not empty", escape::path(&path)))
                .hint("the tour wants a directory of its own: name a new one, or none")),
        };
    }
    for number in 1u32.. {
        let name = if number == 1 { "pond-tour".to_owned() } else { format!("pond-tour-{number}") };
        let path = cwd.join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(&path, &error)),
        }
    }
    Err(fatal("every name for the tour's directory is taken"))
}

struct Tour<'c> {
    ctx: &'c Context,
    program: PathBuf,
    directory: PathBuf,
}

impl Tour<'_> {
    fn walk(&self) -> Result<(), CommandError> {
        let mut clock = "";
        for step in SCRIPT {
            if interrupt::interrupted() {
                return Err(interrupted("the tour was interrupted").hint(self.where_it_is()));
            }
            match step {
                Step::Explain(text) => self.explain(text),
                Step::Clock(time) => clock = time,
                Step::Host(what, action) => {
                    self.ctx.ui.say(self.ctx.ui.paint(Role::Dim, format_args!("# {what}")));
                    action(&self.directory).map_err(|error| {
                        fatal("cannot change the tour's data").because(&error).hint(self.where_it_is())
                    })?;
                }
                Step::Pond(words) => self.command(words, clock)?,
            }
        }
        Ok(())
    }

    /// A paragraph in front of what follows.
    fn explain(&self, text: &str) {
        if !self.ctx.ui.is_quiet() {
            self.ctx.ui.say(format_args!("\n{}", self.ctx.ui.paint(Role::Heading, text)));
        }
    }

    /// Shows a command, runs it, and shows what it printed, on stdout and stderr, in the order in which it did.
    fn command(&self, words: &[&str], clock: &str) -> Result<(), CommandError> {
        let line: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
        let line = format!("pond {}", line.join(" "));
        self.ctx.ui.say(self.ctx.ui.paint(Role::Literal, format_args!("$ {line}")));
        let cannot = |error: io::Error| {
            fatal(format_args!("cannot run '{line}'")).because(&error).hint(self.where_it_is())
        };
        let (mut reader, writer) = io::pipe().map_err(cannot)?;
        let mut command = self.child(words, clock);
        command.stdin(std::process::Stdio::null());
        command.stdout(writer.try_clone().map_err(cannot)?).stderr(writer);
        let mut child = command.spawn().map_err(cannot)?;
        // It holds the ends of the pipe to write to; the reader would wait for them.
        drop(command);
        let mut output = Vec::new();
        let read = reader.read_to_end(&mut output);
        let status = child.wait().map_err(cannot)?;
        read.map_err(cannot)?;
        let text = String::from_utf8_lossy(&output);
        if !text.is_empty() {
            self.ctx.ui.say(text.strip_suffix('\n').unwrap_or(&text));
        }
        match status.code() {
            Some(0) => Ok(()),
            Some(130) => Err(interrupted("the tour was interrupted").hint(self.where_it_is())),
            _ => Err(fatal(format_args!("the tour ends here: '{line}' failed ({status})"))
                .hint(self.where_it_is())),
        }
    }

    /// This program again, on the tour's pond. Nothing of the user's settings reaches it: they could change what the
    /// tour explains, and its commits are nobody's.
    fn child(&self, words: &[&str], clock: &str) -> Command {
        let mut command = Command::new(&self.program);
        let ours = |name: &OsString| name.as_encoded_bytes().starts_with(b"POND");
        env::vars_os().map(|(name, _)| name).filter(ours).for_each(|name| {
            command.env_remove(name);
        });
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("POND_{role}_NAME"), "Tour Guide");
            command.env(format!("POND_{role}_EMAIL"), "tour@pond.example");
        }
        // Colours by the environment: the operations record the command line that is shown.
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        match self.ctx.ui.has_color() {
            true => command.env("CLICOLOR_FORCE", "1"),
            false => command.env("NO_COLOR", "1"),
        };
        command
            .args(words)
            .current_dir(&self.directory)
            .env("POND_NOW", clock)
            .env("POND_CONFIG_SYSTEM", "")
            .env("XDG_CONFIG_HOME", self.directory.join(".pond").join("no-config"))
            .env("TZ", "UTC")
            .env("COLUMNS", "100");
        command
    }

    fn where_it_is(&self) -> String {
        format!("what there is so far stays in '{}'", escape::path(&self.directory))
    }

    fn farewell(&self) {
        if self.ctx.ui.is_quiet() {
            return;
        }
        let directory = self.shown_directory();
        self.explain("That was the tour. The pond stays, and is yours to play with:");
        let ui = &self.ctx.ui;
        for (command, what) in script::NEXT {
            ui.say(format_args!("  {}  {what}", ui.paint(Role::Literal, format_args!("{command:48}"))));
        }
        ui.say(format_args!(
            "\nIt is in '{directory}': cd there first. To be rid of it, delete the directory."
        ));
        ui.say("'pond init' in a directory of your own begins a pond for your data.");
    }

    /// The directory as one would type it from here.
    fn shown_directory(&self) -> String {
        let short = self.directory.strip_prefix(&self.ctx.cwd).unwrap_or(&self.directory);
        escape::path(short).to_string()
    }
}

/// A word of a command line as a shell takes it.
fn shell_word(word: &str) -> Cow<'_, str> {
    // A `~` that is not in front is only itself, which `shlex` does not count on.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@~^+,%".contains(c);
    if !word.starts_with('~') && !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}
