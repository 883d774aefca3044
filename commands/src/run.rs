//! The order of things: parse, make the context, run the command, flush, exit code.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::error::ErrorKind;
use pond_objects::escape;

use crate::alias::{self, Alias};
use crate::args::globals::GlobalArgs;
use crate::cli::{Cli, Command, parser};
use crate::context::{self, Context};
use crate::error::{Class, CommandError, Outcome, fatal, usage};
use crate::external;
use crate::interrupt;
use crate::maintain;
use crate::plumbing::version::Version;
use crate::porcelain::{Porcelain, help};
use crate::text::suggest;
use crate::time;
use crate::ui::color::ColorMode;
use crate::version::version_line;

/// Runs pond with these arguments, the program's name first.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    // Before anything else, since scripts ask it often: the parser alone takes longer.
    if arguments.len() == 2 && (arguments[1] == "--version" || arguments[1] == "-V") {
        return ExitCode::from(print_version(&version_line()));
    }
    panic::set_hook(Box::new(|info| {
        let text = format!("fatal: internal error, which should be reported: {info}\n");
        let _ = io::stderr().write_all(escape::message(&text).as_bytes());
    }));
    // Unwinding removes temporaries; what is durable is safe in any case.
    let code = panic::catch_unwind(AssertUnwindSafe(|| run(arguments))).unwrap_or(Class::Fatal.code());
    ExitCode::from(code)
}

fn run(mut arguments: Vec<OsString>) -> u8 {
    let typed = arguments.clone();
    let mut expanded: Vec<String> = Vec::new();
    loop {
        let mut cli = match parse(&arguments) {
            Ok(cli) => cli,
            Err(error) => return show_parse_error(error, &arguments),
        };
        if !expanded.is_empty() {
            // The first round changed the directory already.
            cli.globals.directories.clear();
        }
        let globals = cli.globals.clone();
        let ctx = match Context::new(cli.globals, typed.clone(), parser) {
            Ok(ctx) => ctx,
            Err(error) => {
                context::early_ui(&globals).show_error(&error);
                return error.class().code();
            }
        };
        let result = match cli.command {
            Some(Command::Other(words)) => match other(&ctx, words, &arguments, &mut expanded) {
                Ok(Next::Parse(again)) => {
                    arguments = again;
                    continue;
                }
                Ok(Next::Ended(outcome)) => Ok(outcome),
                Err(error) => Err(error),
            },
            command => execute(&ctx, command),
        };
        let code = end(&ctx, result);
        maintain::after(&ctx);
        return code;
    }
}

/// Parses a command line. What the parser has no words for is written in its words first: a number that follows `-M`
/// without anything between.
fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    if arguments.get(1).is_some_and(|word| word == "--") {
        let text = "a command stands before '--': 'pond help' lists them\n";
        return Err(parser().error(ErrorKind::UnknownArgument, text));
    }
    let error = match Cli::parse(arguments) {
        Err(error) if error.kind() == ErrorKind::UnknownArgument => error,
        parsed => return parsed,
    };
    let options = arguments.iter().take_while(|word| *word != "--").count();
    let mut rewritten = arguments.to_vec();
    for word in &mut rewritten[..options] {
        let number = word.to_str().and_then(|text| text.strip_prefix("-M"));
        if let Some(number) =
            number.filter(|number| number.starts_with(|c: char| c == '.' || c.is_ascii_digit()))
        {
            *word = format!("--find-renames={number}").into();
        }
    }
    // A command without the option did not know the word as it was typed.
    Cli::parse(&rewritten).map_err(|_| error)
}

fn execute(ctx: &Context, command: Option<Command>) -> Result<Outcome, CommandError> {
    let needs_config = match &command {
        Some(Command::Porcelain(command)) => command.needs_config(),
        Some(Command::Plumbing(command)) => command.needs_config(),
        _ => false,
    };
    if needs_config {
        for warning in ctx.config()?.warnings() {
            ctx.ui.warn(warning);
        }
    }
    // A clock that cannot be read is an error of every command that works on a pond or its settings.
    if needs_config || matches!(command, Some(Command::Porcelain(Porcelain::Config(_)))) {
        time::check()?;
        if let Some(warning) = time::zone::warning() {
            ctx.ui.warn(warning);
        }
    }
    match command {
        None => help::overview(ctx),
        Some(Command::Porcelain(command)) => command.run(ctx),
        Some(Command::Plumbing(command)) => command.run(ctx),
        Some(Command::Other(_)) => unreachable!("BUG: other commands are resolved before"),
    }
}

/// Flushes, shows what went wrong, and decides the exit code.
fn end(ctx: &Context, result: Result<Outcome, CommandError>) -> u8 {
    let flushed = ctx.ui.finish();
    let result = match (result, flushed) {
        // Nobody reads any more, which is no error; unless Ctrl-C in a pager was the reason.
        (Err(error), _) if error.is_broken_pipe() && ctx.ui.is_closed() => {
            return if interrupt::interrupted() { Class::Interrupted.code() } else { 0 };
        }
        (Ok(_), Err(error)) => Err(fatal("cannot write the output").because(&error)),
        (result, _) => result,
    };
    match result {
        Ok(outcome) => outcome.code(),
        Err(error) => {
            let error = match ctx.opened_session().and_then(|session| session.first_operation()) {
                Some((seq, taken_back_by)) if error.class() == Class::Fatal => {
                    error.after_publishing(seq, taken_back_by)
                }
                _ => error,
            };
            ctx.ui.show_error(&error);
            error.class().code()
        }
    }
}

enum Next {
    Parse(Vec<OsString>),
    Ended(Outcome),
}

/// A word that is no command of pond's own: an alias, a program on PATH, or a mistake.
fn other(
    ctx: &Context,
    words: Vec<OsString>,
    arguments: &[OsString],
    expanded: &mut Vec<String>,
) -> Result<Next, CommandError> {
    let (name, rest) = words.split_first().expect("BUG: the parser gives a command's name first");
    let text = name.to_string_lossy().into_owned();
    if let Some(alias) = alias::find(ctx, &text)? {
        if expanded.contains(&text) {
            expanded.push(text);
            return Err(fatal(format_args!("aliases go round in a circle: {}", expanded.join(" -> "))));
        }
        return match alias {
            Alias::Words(words) => {
                expanded.push(text);
                Ok(Next::Parse(alias::replace(arguments, rest.len(), words)))
            }
            Alias::Shell(line) => external::run_shell(ctx, &line, rest).map(Next::Ended),
        };
    }
    if let Some(outcome) = external::run(ctx, name, rest)? {
        return Ok(Next::Ended(outcome));
    }
    let command = parser();
    let config = ctx.config()?;
    let aliases = config.section("alias");
    let names =
        command.get_subcommands().map(clap::Command::get_name).chain(aliases.iter().map(|(name, _)| *name));
    let error = usage(format_args!("'{}' is not a pond command", escape::plain(name.as_encoded_bytes())));
    Err(match suggest::sentence(&suggest::similar(&text, names)) {
        Some(sentence) => error.hint(sentence),
        None => error.hint("'pond help' lists the commands"),
    })
}

/// Prints the version as this text, and gives the exit code.
fn print_version(text: &str) -> u8 {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Class::Fatal.code(),
        _ => 0,
    }
}

/// What clap could not take, or was asked for: help and version are results, all else is a usage error.
fn show_parse_error(error: clap::Error, arguments: &[OsString]) -> u8 {
    let globals = scan_globals(arguments);
    match error.kind() {
        ErrorKind::DisplayVersion if globals.json => {
            print_version(&serde_json::to_string_pretty(&Version::OWN).expect("BUG: texts are JSON"))
        }
        ErrorKind::DisplayVersion => print_version(&version_line()),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            match Context::new(globals.clone(), arguments.to_vec(), parser) {
                Ok(ctx) => {
                    let result = help::show_rendered(&ctx, arguments, &error);
                    end(&ctx, result)
                }
                Err(error) => {
                    context::early_ui(&globals).show_error(&error);
                    error.class().code()
                }
            }
        }
        _ => {
            let ui = context::early_ui(&globals);
            let rendered = error.render();
            if globals.json {
                let text = rendered.to_string();
                let first = text.lines().next().unwrap_or_default();
                ui.show_error(&usage(first.strip_prefix("error: ").unwrap_or(first)));
            } else {
                let color = globals.color.unwrap_or_default().applies_to(&io::stderr());
                let text = if color {
                    rendered.ansi().to_string()
                } else {
                    escape::message(&rendered.to_string()).into_owned()
                };
                let _ = io::stderr().write_all(text.as_bytes());
            }
            Class::Usage.code()
        }
    }
}

/// The global options that matter for showing a message, from a command line that could not be parsed.
fn scan_globals(arguments: &[OsString]) -> GlobalArgs {
    let mut globals = GlobalArgs::default();
    let mut words =
        arguments.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word {
            "--json" => globals.json = true,
            "--no-pager" => globals.no_pager = true,
            "--color" => globals.color = words.next().and_then(ColorMode::from_word).or(globals.color),
            _ => {
                if let Some(when) = word.strip_prefix("--color=") {
                    globals.color = ColorMode::from_word(when).or(globals.color);
                }
            }
        }
    }
    globals
}
