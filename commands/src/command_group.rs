//! Groups of commands: the enum of a group is made of a list with a line a command.

use clap::ArgAction;

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

/// Makes the enum of commands from a list of names in Rust, names as typed, and options, below the titles under which help lists
/// them. A command's own parser is completed when it is needed.
macro_rules! commands {
    (#[doc = $doc:literal] $group:ident { $($title:literal {
        $($variant:ident = $name:literal => $module:ident::$args:ident,)*
    })* }) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) enum $group {
            $($($variant($module::$args),)*)*
        }

        impl $group {
            /// The titles, each with the names below it.
            pub(crate) const TITLES: &[(&str, &[&str])] = &[$(($title, &[$($name,)*]),)*];

            /// The parser of the command with this name.
            pub(crate) fn parser(name: &str) -> Option<clap::Command> {
                let complete: fn(clap::Command) -> clap::Command = match name {
                    $($($name => |command| {
                        $crate::command_group::take_any_value(<$module::$args as clap::Args>::augment_args(command))
                    },)*)*
                    _ => return None,
                };
                Some(clap::Command::new(name.to_owned()).defer(complete))
            }

            /// The parsers of all commands.
            pub(crate) fn parsers() -> impl Iterator<Item = clap::Command> {
                [$($($name,)*)*].into_iter().filter_map(Self::parser)
            }

            /// The command with this name, and what was typed of it.
            pub(crate) fn from_matches(
                name: &str,
                matches: &mut clap::ArgMatches,
            ) -> Option<Result<Self, clap::Error>> {
                match name {
                    $($($name => {
                        let args = <$module::$args as clap::FromArgMatches>::from_arg_matches_mut(matches);
                        Some(args.map(Self::$variant))
                    })*)*
                    _ => None,
                }
            }

            /// Runs the command.
            pub(crate) fn run(
                self,
                ctx: &crate::context::Context,
            ) -> Result<crate::error::Outcome, crate::error::CommandError> {
                match self {
                    $($(Self::$variant(args) => $module::run(ctx, args),)*)*
                }
            }
        }
    };
}
pub(crate) use commands;
