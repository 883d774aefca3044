//! Programs run in pond's place: `pond-NAME` from PATH for `pond NAME`, and shell aliases.
//!
//! Global options reach them: `-C` is the current directory, `--pond` is `POND`, `-c` is `POND_CONFIG_...`,
//! `--no-pager` is an empty `POND_PAGER`; `-q`, `-v`, `--json` and `--color` are their first arguments.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Command;

use pond_objects::escape;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::ui::shell;

/// Runs `pond-NAME`. None if there is no such program on PATH.
pub(crate) fn run(
    ctx: &Context,
    name: &OsStr,
    arguments: &[OsString],
) -> Result<Option<Outcome>, CommandError> {
    // With a slash it would be a path, not a name on PATH.
    let is_name = name.to_str().is_some_and(|name| {
        name.starts_with(|c: char| c.is_alphanumeric())
            && name.chars().all(|c| c.is_alphanumeric() || "-_.+".contains(c))
    });
    if !is_name {
        return Ok(None);
    }
    let mut program = OsString::from("pond-");
    program.push(name);
    let mut command = Command::new(&program);
    command.args(leading_options(ctx)).args(arguments);
    match execute(ctx, command) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // The system says so too of a directory on PATH that may not be entered: what cannot be seen is not there.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !is_on_path(&program) => Ok(None),
        Err(error) => {
            Err(fatal(format_args!("cannot run '{}'", escape::plain(program.as_encoded_bytes())))
                .because(&error))
        }
        Ok(outcome) => Ok(Some(outcome)),
    }
}

/// Whether a directory on PATH has something of this name.
fn is_on_path(program: &OsStr) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).exists())
}

/// Runs the line of a shell alias.
pub(crate) fn run_shell(ctx: &Context, line: &str, arguments: &[OsString]) -> Result<Outcome, CommandError> {
    let mut all = leading_options(ctx);
    all.extend_from_slice(arguments);
    execute(ctx, shell::through_shell(line, &all))
        .map_err(|error| fatal(format_args!("cannot run '{}'", escape::message(line))).because(&error))
}

fn leading_options(ctx: &Context) -> Vec<OsString> {
    let mut options = Vec::new();
    if ctx.globals.quiet {
        options.push("-q".into());
    }
    options.extend((0..ctx.globals.verbose).map(|_| OsString::from("-v")));
    if ctx.globals.json {
        options.push("--json".into());
    }
    if let Some(color) = ctx.globals.color {
        options.push(format!("--color={}", color.word()).into());
    }
    options
}

fn execute(ctx: &Context, mut command: Command) -> io::Result<Outcome> {
    if let Some(pond) = ctx.explicit_pond() {
        command.env("POND", pond);
    }
    if ctx.globals.no_pager {
        command.env("POND_PAGER", "");
    }
    pass_settings(ctx, &mut command);
    replace_process(command)
}

/// Gives the program the settings of `-c`.
pub(crate) fn pass_settings(ctx: &Context, command: &mut Command) {
    if !ctx.globals.settings.is_empty() {
        let first =
            env::var("POND_CONFIG_COUNT").ok().and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        for (n, setting) in ctx.globals.settings.iter().enumerate() {
            let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
            command.env(format!("POND_CONFIG_KEY_{}", first + n), key);
            command.env(format!("POND_CONFIG_VALUE_{}", first + n), value);
        }
        command.env("POND_CONFIG_COUNT", (first + ctx.globals.settings.len()).to_string());
    }
}

/// Becomes the program: signals and exit codes are its own.
#[cfg(unix)]
fn replace_process(mut command: Command) -> io::Result<Outcome> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace_process(mut command: Command) -> io::Result<Outcome> {
    let code = command.status()?.code().unwrap_or(128);
    Ok(Outcome::Exit(u8::try_from(code).unwrap_or(128)))
}
