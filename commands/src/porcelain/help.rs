//! `pond help`, `pond` alone, and what `-h` and `--help` print.

use std::ffi::OsString;
use std::io::Write as _;

use super::Porcelain;
use crate::alias::{self, Alias};
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::plumbing::Plumbing;
use crate::text::suggest;
use crate::ui::color::Role;

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
    let mut command = (ctx.parser)();
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
    let mut options = (ctx.parser)().help_template("{options}").render_long_help().ansi().to_string();
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
    let mut command = (ctx.parser)();
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
    for (title, names) in Porcelain::TITLES.iter().chain(Plumbing::TITLES) {
        let members = names
            .iter()
            .filter_map(|name| Some(listed.swap_remove(listed.iter().position(|(other, _)| other == name)?)))
            .collect();
        group(title, members);
    }
    text
}
