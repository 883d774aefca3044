//! Messages written in the user's editor: `POND_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`, `vi`.

use std::env;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitStatus;

use pond_objects::escape;

use crate::context::Context;
use crate::error::{CommandError, fatal, interrupted};
use crate::interrupt;
use crate::message::refuse_nul;
use crate::ui::shell;

/// Writes `initial` to the file at `path` (in `.pond`), lets the user edit it, and returns what they left, as it
/// is. The file stays, so that a message is not lost when the command fails later.
///
/// # Errors
/// Where the editor failed; one that Ctrl-C ended was interrupted.
pub(crate) fn edit(ctx: &Context, path: &Path, initial: &str) -> Result<String, CommandError> {
    let editor = choose(ctx)?;
    let name = escape::path(path);
    pond_durable::replace_derived(path, initial.as_bytes())
        .map_err(|error| fatal(format_args!("cannot write {name}")).because(&error))?;
    // The editor has its own idea of the current directory.
    let path = std::path::absolute(path)?;
    let shown = escape::plain(editor.as_bytes());
    let with_hint = |error: CommandError| {
        error.hint(format_args!(
            "what was written so far is in {name}; -m or -F gives a message without an editor"
        ))
    };
    let failed = |reason: String| with_hint(fatal(format_args!("the editor '{shown}' {reason}")));
    let (status, is_signalled) = {
        // Ctrl-C is meant for the editor: one that goes on has made use of it.
        let _deaf = interrupt::deaf();
        let status = shell::command(&editor, &[&path]).status();
        (status.map_err(|error| failed(format!("cannot be run: {error}")))?, interrupt::interrupted())
    };
    if !status.success() && (is_signalled || was_interrupted(status)) {
        return Err(with_hint(interrupted(format_args!("interrupted in the editor '{shown}'"))));
    }
    if !status.success() {
        return Err(failed(match status.code() {
            Some(code) => format!("ended with exit code {code}"),
            None => "was killed".to_owned(),
        }));
    }
    let bytes = fs::read(&path).map_err(|error| fatal(format_args!("cannot read {name}")).because(&error))?;
    refuse_nul(&bytes)?;
    String::from_utf8(bytes).map_err(|_| {
        fatal("the message is not UTF-8").hint(format_args!("it is in {name}; save it as UTF-8"))
    })
}

/// Whether Ctrl-C or Ctrl-\ ended the editor, or the shell that ran it says so of it.
fn was_interrupted(status: ExitStatus) -> bool {
    const SIGNALS: [i32; 2] = [2, 3];
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return SIGNALS.contains(&signal);
    }
    status.code().is_some_and(|code| SIGNALS.contains(&(code - 128)))
}

/// The editor's command line.
fn choose(ctx: &Context) -> Result<String, CommandError> {
    let set = |name: &str| env::var(name).ok().filter(|line| !line.trim().is_empty());
    let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if let Some(line) = set("POND_EDITOR") {
        return Ok(line);
    }
    if let Some(line) = ctx.config()?.string("core.editor")? {
        return Ok(line);
    }
    if !dumb && let Some(line) = set("VISUAL") {
        return Ok(line);
    }
    if let Some(line) = set("EDITOR") {
        return Ok(line);
    }
    let without = "give the message with -m or -F, or set EDITOR or core.editor";
    if dumb {
        return Err(fatal("the terminal is dumb, but EDITOR is unset").hint(without));
    }
    if !io::stdin().is_terminal() {
        return Err(fatal("there is no terminal to run an editor on, and EDITOR is unset").hint(without));
    }
    Ok("vi".to_owned())
}
