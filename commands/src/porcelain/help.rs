//! `pond help`, `pond` alone, and what `-h` and `--help` print.

use std::ffi::OsString;
use std::io::Write as _;

use crate::alias::{self, Alias};
use crate::cli::{self, AFTER_HELP};
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::ui::color::Role;
use crate::ui::suggest;

/// The commands in the order in which one meets them. A name without a command is left out; a command without a
/// group is listed under `OTHER`.
const GROUPS: &[(&str, &[&str])] = &[
    ("start a pond", &["init", "clone", "tour"]),
    (
        "work on the current change",
        &["add", "rm", "mv", "restore", "clean", "status", "commit", "stash", "sync"],
    ),
    ("look at history", &["log", "show", "diff", "describe", "ls", "cat", "blame", "sql"]),
    ("branches", &["branch", "switch", "checkout", "merge", "cherry-pick", "revert", "tag"]),
    ("take back", &["undo", "redo", "reset", "op", "reflog", "forget"]),
    ("work together", &["fetch", "pull", "push", "remote", "get", "drop"]),
    ("look after the pond", &["fsck", "gc", "maintenance", "upgrade"]),
    ("settings and help", &["config", "check-ignore", "help", "completions", "man"]),
];
const OTHER: &str = "for scripts";

/// Show what pond can do, or the help of one command
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond help
  pond help commit

Exit codes: 0; 129 for an unknown command.")]
pub(crate) struct HelpArgs {
    /// The command, or an alias; all commands if left out
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) fn run(ctx: &Context, args: HelpArgs) -> Result<Outcome, CommandError> {
    let Some(first) = args.command.first() else { return everything(ctx) };
    let mut command = cli::parser();
    if command.find_subcommand(first).is_none()
        && let Some(alias) = alias::find(ctx, first)?
    {
        let text = match alias {
            Alias::Words(words) => words.join(" "),
            Alias::Shell(line) => format!("!{line}"),
        };
        ctx.ui.say(format_args!("'{first}' is an alias of '{text}'"));
        return Ok(Outcome::Done);
    }
    command.build();
    let mut found = &mut command;
    for name in &args.command {
        let names: Vec<String> = found.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        found = found.find_subcommand_mut(name).ok_or_else(|| {
            let near = suggest::similar(name, names.iter().map(String::as_str));
            let error = usage(format_args!("there is no help for '{name}': it is not a pond command"));
            error
                .hint(suggest::sentence(&near).unwrap_or_else(|| "'pond help' lists the commands".to_owned()))
        })?;
    }
    let text = found.render_long_help();
    ctx.ui.page();
    print(ctx, &text)
}

/// `pond` alone: what there is, in groups, briefly.
pub(crate) fn overview(ctx: &Context) -> Result<Outcome, CommandError> {
    let mut out = ctx.ui.out();
    writeln!(out, "pond keeps versions of a data directory. Usage: pond [OPTIONS] COMMAND [ARGS]\n")?;
    write!(out, "{}", groups(ctx))?;
    writeln!(
        out,
        "\n'pond help COMMAND' explains a command, 'pond --help' the options that all of them take."
    )?;
    Ok(Outcome::Done)
}

/// `pond help`, `pond --help`: the groups and the global options.
fn everything(ctx: &Context) -> Result<Outcome, CommandError> {
    ctx.ui.page();
    let mut options = cli::parser().help_template("{options}").render_long_help().ansi().to_string();
    if !ctx.ui.has_color() {
        options = anstream::adapter::strip_str(&options).to_string();
    }
    let mut out = ctx.ui.out();
    writeln!(
        out,
        "pond keeps versions of a data directory: each commit is one version of a Delta Lake table.\n"
    )?;
    writeln!(out, "{} pond [OPTIONS] COMMAND [ARGS]\n", ctx.ui.paint(Role::Heading, "Usage:"))?;
    write!(out, "{}", groups(ctx))?;
    writeln!(out, "\n{}\n{}", ctx.ui.paint(Role::Heading, "Options:"), options.trim_end())?;
    writeln!(out, "\n{}", ctx.ui.paint(Role::Heading, "Examples:"))?;
    for line in [
        "pond init && pond add -A && pond commit -m 'first'",
        "pond status -s",
        "pond log --oneline -5 -- sensors/",
        "pond -C /data/station status --json",
    ] {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "\n{AFTER_HELP}")?;
    Ok(Outcome::Done)
}

/// The help that clap rendered for `-h` or `--help`. That of pond itself is replaced by the groups.
pub(crate) fn show_rendered(
    ctx: &Context,
    arguments: &[OsString],
    rendered: &clap::Error,
) -> Result<Outcome, CommandError> {
    let text = rendered.render();
    // Help of a command names it in the usage line; pond's own has the placeholder.
    let is_own = text.to_string().contains("Usage: pond [OPTIONS] COMMAND [ARGS]");
    let is_long = arguments.iter().any(|word| word == "--help");
    match (is_own, is_long) {
        (true, false) => overview(ctx),
        (true, true) => everything(ctx),
        (false, long) => {
            if long {
                ctx.ui.page();
            }
            print(ctx, &text)
        }
    }
}

fn print(ctx: &Context, text: &clap::builder::StyledStr) -> Result<Outcome, CommandError> {
    let text = if ctx.ui.has_color() { text.ansi().to_string() } else { text.to_string() };
    writeln!(ctx.ui.out(), "{}", text.trim_end())?;
    Ok(Outcome::Done)
}

/// The groups with a line for each command.
fn groups(ctx: &Context) -> String {
    let mut command = cli::parser();
    command.build();
    let mut listed: Vec<(String, String)> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .map(|sub| (sub.get_name().to_owned(), sub.get_about().map(ToString::to_string).unwrap_or_default()))
        .collect();
    let width = listed.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut group = |title: &str, members: Vec<(String, String)>| {
        if members.is_empty() {
            return;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", ctx.ui.paint(Role::Heading, title)));
        for (name, about) in members {
            text.push_str(&format!(
                "  {}  {about}\n",
                ctx.ui.paint(Role::Literal, format_args!("{name:width$}"))
            ));
        }
    };
    for (title, names) in GROUPS {
        let members = names
            .iter()
            .filter_map(|name| Some(listed.swap_remove(listed.iter().position(|(other, _)| other == name)?)))
            .collect();
        group(title, members);
    }
    listed.sort();
    group(OTHER, listed);
    text
}
