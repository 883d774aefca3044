//! The command line: global options and the list of commands. Each command's own options stand in its file.

use std::ffi::OsString;

use anstyle::{AnsiColor, Style};
use clap::{ArgMatches, Args as _, FromArgMatches as _};

use crate::args::globals::GlobalArgs;
use crate::plumbing::Plumbing;
use crate::porcelain::{Porcelain, help};
use crate::version::VERSION;

/// The colours of help and usage errors: those of `ui::color`.
const STYLES: clap::builder::Styles = clap::builder::Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Yellow.on_default())
    .valid(AnsiColor::Green.on_default());

/// A command line.
#[derive(Debug)]
pub(crate) struct Cli {
    pub(crate) globals: GlobalArgs,
    /// None for `pond` alone.
    pub(crate) command: Option<Command>,
}

/// Every command: pond's own, or one that is found elsewhere.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, for the length of the command")]
pub(crate) enum Command {
    Porcelain(Porcelain),
    Plumbing(Plumbing),
    /// An alias, or a program `pond-NAME`.
    Other(Vec<OsString>),
}

impl Cli {
    /// Parses a command line, the program's name first.
    pub(crate) fn parse(arguments: &[OsString]) -> Result<Self, clap::Error> {
        if let Some(cli) = Self::parse_typed(arguments) {
            return Ok(cli);
        }
        let mut matches = parser().try_get_matches_from(arguments)?;
        Self::from_matches(&mut matches)
    }

    /// The same with a parser that knows one command only, the first that is named: to build the others takes longer than
    /// many commands. What it cannot take is for the whole parser.
    fn parse_typed(arguments: &[OsString]) -> Option<Self> {
        let mut words = arguments.iter().skip(1).filter_map(|word| word.to_str());
        let command = words.find_map(|word| Porcelain::parser(word).or_else(|| Plumbing::parser(word)))?;
        let mut matches = root().subcommand(command).try_get_matches_from(arguments).ok()?;
        Self::from_matches(&mut matches).ok()
    }

    fn from_matches(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let command = match matches.remove_subcommand() {
            None => None,
            Some((name, mut matches)) => Some(match Porcelain::from_matches(&name, &mut matches) {
                Some(command) => Command::Porcelain(command?),
                None => match Plumbing::from_matches(&name, &mut matches) {
                    Some(command) => Command::Plumbing(command?),
                    None => {
                        let rest = matches.remove_many::<OsString>("").into_iter().flatten();
                        Command::Other([name.into()].into_iter().chain(rest).collect())
                    }
                },
            }),
        };
        Ok(Self { globals: GlobalArgs::from_arg_matches_mut(matches)?, command })
    }
}

/// The parser of every command line.
pub(crate) fn parser() -> clap::Command {
    let commands = Porcelain::parsers().chain(Plumbing::parsers());
    root().subcommands(commands).allow_external_subcommands(true)
}

/// The parser of what all commands share.
fn root() -> clap::Command {
    let root = clap::Command::new("pond")
        .about("Git-style, content-addressed versions of data directories")
        .version(VERSION)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .subcommand_value_name("COMMAND")
        .max_term_width(100)
        .styles(STYLES)
        .override_usage("pond [OPTIONS] COMMAND [ARGS]")
        .after_long_help(help::AFTER_HELP);
    GlobalArgs::augment_args(root)
}
