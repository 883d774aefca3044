//! `pond rev-parse`: the ids that revisions stand for, and where the pond is.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use pond_history::{CommitSet, short_id_from};
use pond_objects::{ObjectId, escape};
use pond_refs::Range;
use pond_workspace::{Purpose, Workspace, open};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::revisions;
use crate::ui::changes_json::insert_path;

/// Print the ids that revisions stand for, or where the pond is
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A range is printed as the commits that it begins at, then those that it leaves out with '^' in front.

Examples:
  pond rev-parse HEAD
  pond rev-parse HEAD^{tree} main@{1} 'HEAD:data.csv'
  pond rev-parse --short=12 main..HEAD
  pond rev-parse --abbrev-ref HEAD
  cd \"$(pond rev-parse --show-toplevel)\"

Exit codes: 0; 1 with --verify --quiet for what stands for nothing; 128 for what stands for nothing otherwise, or
outside of a pond; 129.")]
pub(crate) struct RevParseArgs {
    /// Take exactly one revision, which must exist; with --quiet, say nothing if it does not
    #[arg(long)]
    verify: bool,

    /// Print the beginning of ids, of N digits or as many as it takes
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "10")]
    short: Option<usize>,

    /// Print the short names of refs instead of ids; HEAD is the branch that it is on
    #[arg(long)]
    abbrev_ref: bool,

    /// Print the full names of refs instead of ids
    #[arg(long, conflicts_with = "abbrev_ref")]
    symbolic_full_name: bool,

    /// Print the mirror's root
    #[arg(long)]
    show_toplevel: bool,

    /// Print the current directory as a path from the mirror's root, with a slash at its end
    #[arg(long)]
    show_prefix: bool,

    /// Print the pond's directory
    #[arg(long)]
    pond_dir: bool,

    /// Print true in a pond's mirror or in the pond's directory, else false
    #[arg(long)]
    is_inside_pond: bool,

    /// Revisions, ranges, REV:PATH
    #[arg(value_name = "REVISION")]
    revisions: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: RevParseArgs) -> Result<Outcome, CommandError> {
    let asks_place = args.show_toplevel || args.show_prefix || args.pond_dir || args.is_inside_pond;
    let mut place = PlaceFacts { ctx, row: Map::new() };
    if args.is_inside_pond {
        place.is_inside(ctx.place().is_some());
    }
    if args.show_toplevel {
        place.path("toplevel", ctx.pond()?.mirror_root())?;
    }
    if args.pond_dir {
        place.path("pond_dir", ctx.pond()?.pond_dir())?;
    }
    if args.verify && args.revisions.len() != 1 {
        return Err(usage("--verify takes exactly one revision"));
    }
    if args.revisions.is_empty() && !args.show_prefix {
        return match asks_place {
            true => place.end().map(|()| Outcome::Done),
            false => {
                Err(usage("nothing to do: name a revision").hint("'pond rev-parse HEAD' prints HEAD's id"))
            }
        };
    }
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    if args.show_prefix {
        let cwd = workspace.cwd()?;
        let slash = if cwd.is_empty() { "" } else { "/" };
        place.prefix(&[&cwd[..], slash.as_bytes()].concat());
    }
    place.end()?;
    for text in &args.revisions {
        match print(ctx, &workspace, &args, text) {
            Err(_) if args.verify && ctx.ui.is_quiet() => return Ok(Outcome::Nothing),
            printed => printed?,
        }
    }
    Ok(Outcome::Done)
}

/// What was asked about the pond's place: a line for each fact, or all of them in one row of JSON.
struct PlaceFacts<'a> {
    ctx: &'a Context,
    row: Map<String, Value>,
}

impl PlaceFacts<'_> {
    fn is_inside(&mut self, is: bool) {
        match self.ctx.ui.is_json() {
            true => drop(self.row.insert("inside_pond".into(), is.into())),
            false => self.ctx.ui.say(is),
        }
    }

    fn path(&mut self, name: &str, path: &Path) -> Result<(), CommandError> {
        let bytes = path.as_os_str().as_encoded_bytes();
        if self.ctx.ui.is_json() {
            insert_path(&mut self.row, name, bytes.into());
            return Ok(());
        }
        if self.ctx.ui.is_terminal() {
            self.ctx.ui.say(escape::plain(bytes));
            return Ok(());
        }
        let mut out = self.ctx.ui.out();
        out.write_all(bytes)?;
        out.write_all(b"\n")?;
        Ok(())
    }

    fn prefix(&mut self, prefix: &[u8]) {
        match self.ctx.ui.is_json() {
            true => insert_path(&mut self.row, "prefix", prefix.into()),
            false => self.ctx.ui.say(escape::plain(prefix)),
        }
    }

    fn end(self) -> Result<(), CommandError> {
        if self.row.is_empty() { Ok(()) } else { self.ctx.ui.json_row(&self.row) }
    }
}

fn print(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &RevParseArgs,
    text: &OsString,
) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    if args.abbrev_ref || args.symbolic_full_name {
        let name = ref_name(workspace, text, args.abbrev_ref)?;
        if ui.is_json() {
            let revision = String::from_utf8_lossy(text.as_encoded_bytes());
            return ui.json_row(&json!({ "revision": revision, "ref": name }));
        }
        name.into_iter().for_each(|name| ui.say(name));
        return Ok(());
    }
    let set = objects(workspace, text)?;
    if args.verify && (set.include.len() != 1 || !set.exclude.is_empty()) {
        let text = escape::plain(text.as_encoded_bytes());
        return Err(fatal(format_args!("'{text}' is a range, where a single revision is needed")));
    }
    for (ids, excluded) in [(&set.include, false), (&set.exclude, true)] {
        for id in ids {
            if ui.is_json() {
                let revision = String::from_utf8_lossy(text.as_encoded_bytes());
                ui.json_row(&json!({ "revision": revision, "id": id.to_hex(), "excluded": excluded }))?;
                continue;
            }
            let sign = if excluded { "^" } else { "" };
            ui.say(format_args!("{sign}{}", shown(workspace, args, id)));
        }
    }
    Ok(())
}

fn shown(workspace: &Workspace<'_>, args: &RevParseArgs, id: &ObjectId) -> String {
    match args.short {
        Some(digits) => short_id_from(workspace.store(), id, digits),
        None => id.to_hex(),
    }
}

fn objects(workspace: &Workspace<'_>, text: &OsString) -> Result<CommitSet, CommandError> {
    let one = |id| CommitSet { include: vec![id], ..CommitSet::default() };
    if let Some(entry) = revisions::resolve_path_optional(workspace, text)? {
        return Ok(one(entry.id));
    }
    match Range::parse(text.as_encoded_bytes())? {
        Range::Reachable(_) => Ok(one(revisions::resolve_object(workspace, text)?.id)),
        _ => revisions::resolve_ranges(workspace, std::slice::from_ref(text)),
    }
}

/// The ref that a text names; none for a commit that no name led to.
fn ref_name(workspace: &Workspace<'_>, text: &OsString, short: bool) -> Result<Option<String>, CommandError> {
    let name = |name: &pond_refs::RefName| {
        if short { name.short().to_owned() } else { format!("refs/{name}") }
    };
    if text == "HEAD" || text == "@" {
        return Ok(Some(workspace.head().branch.as_ref().map_or("HEAD".to_owned(), name)));
    }
    let found = revisions::resolve_object(workspace, text)?;
    Ok(found.reference.as_ref().map(name))
}
