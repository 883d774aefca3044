//! The command line: global options and the list of commands. Each command's own options stand in its file.

use std::ffi::OsString;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::plumbing::Plumbing;
use crate::porcelain::Porcelain;
use crate::ui::color::ColorMode;

/// The version, with the commit of the sources where it is known.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit of the sources.
pub(crate) const COMMIT: Option<&str> = option_env!("POND_COMMIT");
/// The platform that this was built for.
pub(crate) const TARGET: &str = env!("POND_TARGET");

/// What `pond --version` prints, without the line's end.
pub(crate) fn version_line() -> String {
    match COMMIT {
        Some(commit) => format!("pond {VERSION} ({commit})"),
        None => format!("pond {VERSION}"),
    }
}

/// What closes pond's own help and manual page.
pub(crate) const AFTER_HELP: &str = "\
Environment:
  POND                 the pond to use, as --pond
  POND_PAGER           the pager; then core.pager, PAGER, less; cat or nothing for none
  POND_EDITOR          the editor; then core.editor, VISUAL, EDITOR, vi
  POND_AUTHOR_NAME, POND_AUTHOR_EMAIL, POND_AUTHOR_DATE, and the same with COMMITTER
                       who makes a commit and when; before user.name and user.email
  POND_CONFIG_COUNT, POND_CONFIG_KEY_n, POND_CONFIG_VALUE_n
                       configuration, n counting from 0; POND_CONFIG_SYSTEM names the system's file
  POND_NOW             a date that stands in for the clock, so that a script gets the same ids each time
  NO_COLOR, CLICOLOR_FORCE, TERM=dumb
                       no colours, colours, no colours and no progress

Exit codes: 0 done; 1 differences, conflicts, or nothing to do; 3 done in part; 128 fatal; 129 usage;
130 interrupted. A program pond-NAME on PATH is run by 'pond NAME'; 'pond help config' tells of aliases.";

/// The colours of help and usage errors: those of `ui::color`.
const STYLES: clap::builder::Styles = clap::builder::Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Yellow.on_default())
    .valid(AnsiColor::Green.on_default());

/// Git-style, content-addressed versions of data directories
#[derive(Debug, Parser)]
#[command(
    name = "pond",
    version = VERSION,
    disable_help_subcommand = true,
    args_override_self = true,
    subcommand_value_name = "COMMAND",
    max_term_width = 100,
    styles = STYLES,
    override_usage = "pond [OPTIONS] COMMAND [ARGS]",
    after_long_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: GlobalArgs,
    /// None for `pond` alone.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Every command: pond's own, or one that is found elsewhere.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, for the length of the command")]
pub(crate) enum Command {
    #[command(flatten)]
    Porcelain(Porcelain),
    #[command(flatten)]
    Plumbing(Plumbing),
    /// An alias, or a program `pond-NAME`.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Options before the command; `-q`, `-v`, `--json` and `--color` are taken after it too, so a command has no
/// options of these names of its own and reads them from `ctx.ui`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Run as if started in DIR; several are each relative to the one before
    #[arg(short = 'C', value_name = "DIR")]
    pub(crate) directories: Vec<PathBuf>,

    /// Set a configuration value for this command (repeatable)
    #[arg(short = 'c', value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,

    /// The pond to use: a directory with .pond in it, or the .pond directory; default: $POND, then the first upward from here
    #[arg(long, value_name = "DIR")]
    pub(crate) pond: Option<PathBuf>,

    /// Never start a pager
    #[arg(long)]
    pub(crate) no_pager: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", global = true, hide_possible_values = true)]
    #[arg(help = "When to use colours: auto, always, never")]
    pub(crate) color: Option<ColorMode>,

    /// Say less: no status messages and no progress
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print JSON: one document, or one line for each row; errors are JSON too, on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
}
