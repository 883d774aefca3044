//! `pond tag`: list, make and delete tags.

mod make;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use pond_history::refs::Listed;
use pond_history::short_id;
use pond_objects::escape;
use pond_refs::Namespace;
use pond_workspace::{Purpose, open, tag};

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::ref_list::{self, ListArgs, Patterns, Template};

/// List, make or delete tags
///
/// Without a name, the tags are listed. With one, a tag is made at HEAD or at OBJECT, which may be a commit, a directory
/// or a file of one. A tag with a message is an object of its own, with who made it and when; without, it is a name only.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A tag and a directory of tags cannot have the same name, as in git. A line of -m or -F that begins with '#' is kept;
git drops it. Tags are not signed, so there is no -s, and -v, which verifies in git, is refused.

Examples:
  pond tag
  pond tag -n --sort=-creatordate 'season-*'
  pond tag season-1
  pond tag -a season-1 HEAD~3 -m 'Everything up to March'
  pond tag raw-readings HEAD:readings
  pond tag -d season-1

Exit codes: 0; 1 some tag was not deleted, or the message is empty; 128 for a name that is taken or cannot be, or an unknown
object; 129.")]
pub(crate) struct TagArgs {
    /// Make a tag with a message, which an editor is started for
    #[arg(short, long)]
    annotate: bool,

    /// The message; several are paragraphs
    #[arg(short, long, value_name = "TEXT")]
    message: Vec<String>,

    /// Take the message from FILE; '-' is standard input
    #[arg(short = 'F', long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,

    /// Edit the message that -m or -F gives
    #[arg(short, long)]
    edit: bool,

    /// How the message is tidied: strip, whitespace, verbatim
    #[arg(long, value_name = "MODE")]
    cleanup: Option<String>,

    /// Take the place of the tag that there is
    #[arg(short, long)]
    force: bool,

    /// Delete tags
    #[arg(short, long, conflicts_with_all = ["annotate", "list"])]
    delete: bool,

    /// List; with patterns, those that match one
    #[arg(short, long)]
    list: bool,

    /// List with N lines of each message, or one
    #[arg(short = 'n', value_name = "N", num_args = 0..=1, default_missing_value = "1")]
    lines: Option<String>,

    #[command(flatten)]
    form: ListArgs,

    /// NAME [OBJECT]; names, or patterns
    #[arg(value_name = "NAME")]
    names: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, mut args: TagArgs) -> Result<Outcome, CommandError> {
    let names: Vec<String> = args.names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if args.delete {
        return delete(ctx, &names);
    }
    // `-n PATTERN`: the number stands right behind the letter, or not at all.
    let misplaced = args.lines.take_if(|text| text.parse::<usize>().is_err());
    let lines = match (&args.lines, &misplaced) {
        (Some(text), _) => text.parse().ok(),
        (None, Some(_)) => Some(1),
        (None, None) => None,
    };
    if ctx.ui.verbosity() > 0 && !args.list && !names.is_empty() {
        return Err(usage("'tag -v' verifies signatures in git, and tags of a pond have none")
            .hint("no tag was made; 'pond show NAME' shows who made one and what it says"));
    }
    let makes = args.annotate || !args.message.is_empty() || args.file.is_some() || args.force;
    let lists = args.list || lines.is_some() || args.form.any() || names.is_empty();
    match (makes, lists) {
        (true, true) if names.is_empty() => Err(usage("a tag has a name").hint("'pond tag NAME [OBJECT]'")),
        (true, _) | (false, false) => make::run(ctx, &args, &names),
        (false, true) => list(ctx, &args, misplaced.into_iter().chain(names).collect(), lines),
    }
}

fn list(
    ctx: &Context,
    args: &TagArgs,
    patterns: Vec<String>,
    lines: Option<usize>,
) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let template = args.form.template(&workspace)?;
    let facts = ref_list::facts(&workspace)?;
    let patterns = Patterns::short(&patterns, args.form.ignores_case())?;
    let refs = workspace.snapshot().view().refs_of(Namespace::Tag)?;
    let all = refs.into_iter().map(|(name, id)| Listed { name: Some(name), id }).collect();
    let refs = args.form.choose(&facts, all, &patterns)?;
    ctx.ui.page();
    match (template, lines.filter(|lines| *lines > 0)) {
        _ if ctx.ui.is_json() => ref_list::print_json(&ctx.ui, &facts, &refs)?,
        (Some(template), _) => ref_list::print(&ctx.ui, &facts, &refs, &template)?,
        (None, None) => {
            let mut out = ctx.ui.out();
            for one in &refs {
                writeln!(out, "{}", escape::plain(one.short_name().as_bytes()))?;
            }
        }
        (None, Some(lines)) => {
            let template = Template::parse(&format!("%(contents:lines={lines})"), &workspace)?;
            for one in &refs {
                let message = template.expand(&facts, one, crate::comparison::paint(&ctx.ui))?;
                let name = escape::plain(one.short_name().as_bytes());
                let mut out = ctx.ui.out();
                write!(out, "{name:15} ")?;
                out.write_all(&message)?;
                writeln!(out)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn delete(ctx: &Context, names: &[String]) -> Result<Outcome, CommandError> {
    if names.is_empty() {
        return Err(usage("which tag?").hint("'pond tag' lists them"));
    }
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let found = tag::find(&workspace, names)?;
    for text in &found.missing {
        ctx.ui.error(format_args!("tag '{}' not found", escape::plain(text.as_bytes())));
    }
    tag::delete(&mut workspace, &found)?;
    let gone = found.gone;
    for (name, id) in &gone {
        let (text, short) = (name.short(), short_id(workspace.store(), id));
        if ctx.ui.is_json() {
            ctx.ui.json_row(&serde_json::json!({ "deleted": text, "id": id.to_hex() }))?;
        } else if !ctx.ui.is_quiet() {
            ctx.ui.say(format_args!("Deleted tag '{}' (was {short})", escape::plain(text.as_bytes())));
        }
    }
    match gone.as_slice() {
        _ if ctx.ui.is_json() || ctx.ui.is_quiet() => {}
        [] => {}
        [(name, id)] => {
            ctx.ui.hint(format_args!("'pond tag {} {}' brings it back", name.short(), id.short()));
        }
        _ => ctx.ui.hint("'pond undo' brings them back"),
    }
    Ok(if gone.len() == names.len() { Outcome::Done } else { Outcome::Nothing })
}
