//! The command line: global options and the list of commands. Each command's own options stand in its file.

pub(crate) mod globals;

use std::ffi::OsString;

use anstyle::{AnsiColor, Style};
use clap::{ArgAction, ArgMatches, Args as _, FromArgMatches as _};

use self::globals::GlobalArgs;
use crate::plumbing::Plumbing;
use crate::porcelain::Porcelain;

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
        .after_long_help(AFTER_HELP);
    GlobalArgs::augment_args(root)
}

/// Lets an option that needs a value take the next word, whatever it begins with, as git does: a message may be a list.
pub(crate) fn take_any_value(command: clap::Command) -> clap::Command {
    let takes_one = |arg: &clap::Arg| {
        let is_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        is_value && !arg.is_positional() && arg.get_num_args().is_none_or(|count| count.min_values() > 0)
    };
    command
        .mut_args(|arg| if takes_one(&arg) { arg.allow_hyphen_values(true) } else { arg })
        .mut_subcommands(take_any_value)
}

/// Makes the enum of a group of commands from a list of names in Rust, names as typed, and options. A command's own parser is
/// completed when it is needed.
macro_rules! commands {
    (#[doc = $doc:literal] $group:ident { $($variant:ident = $name:literal => $module:ident::$args:ident,)* }) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) enum $group {
            $($variant($module::$args),)*
        }

        impl $group {
            /// The parser of the command with this name.
            pub(crate) fn parser(name: &str) -> Option<clap::Command> {
                let complete: fn(clap::Command) -> clap::Command = match name {
                    $($name => |command| {
                        $crate::cli::take_any_value(<$module::$args as clap::Args>::augment_args(command))
                    },)*
                    _ => return None,
                };
                Some(clap::Command::new(name.to_owned()).defer(complete))
            }

            /// The parsers of all commands.
            pub(crate) fn parsers() -> impl Iterator<Item = clap::Command> {
                [$($name,)*].into_iter().filter_map(Self::parser)
            }

            /// The command with this name, and what was typed of it.
            pub(crate) fn from_matches(
                name: &str,
                matches: &mut clap::ArgMatches,
            ) -> Option<Result<Self, clap::Error>> {
                match name {
                    $($name => {
                        let args = <$module::$args as clap::FromArgMatches>::from_arg_matches_mut(matches);
                        Some(args.map(Self::$variant))
                    })*
                    _ => None,
                }
            }

            /// Runs the command.
            pub(crate) fn run(
                self,
                ctx: &crate::context::Context,
            ) -> Result<crate::error::Outcome, crate::error::CommandError> {
                match self {
                    $(Self::$variant(args) => $module::run(ctx, args),)*
                }
            }
        }
    };
}
pub(crate) use commands;
