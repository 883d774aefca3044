//! The options that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::ui::color::ColorMode;

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
