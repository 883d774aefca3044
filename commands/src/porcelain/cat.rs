//! `pond cat`: the content of files in any version.

use std::ffi::OsString;
use std::ops::Range;

use pond_objects::{Kind, ObjectId, escape};
use pond_refs::ObjectKind;
use pond_workspace::{Purpose, Workspace, open};

use crate::contents::{write_blob, write_range};
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::fs_place::{FsPlace, entry_of, layer, of_branch};
use crate::porcelain::ls::Plain;
use crate::revisions;

/// Print the content of files in any version
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Contents are printed one after the other, byte for byte; on a terminal, control characters are made visible. Each is
checked against its id: if the last words are an error, what was printed before is not to be trusted. ':PATH'
is the content in the index. Of a symlink the target is printed.

Examples:
  pond cat HEAD~1:notes.txt
  pond cat :notes.txt
  pond cat '@{2026-05-01}:sensors/well-3.csv' > well-3.csv

Exit codes: 0; 128 for an unknown revision or path, a directory, or a damaged content; 129.")]
pub(crate) struct CatArgs {
    /// Only these bytes of each file, from START up to before END: START..END, START.., ..END
    #[arg(long, value_name = "RANGE", value_parser = parse_range)]
    range: Option<Range<u64>>,

    /// REV:PATH, :PATH, or the id of a file's content
    #[arg(value_name = "REV:PATH", required = true)]
    files: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: CatArgs) -> Result<Outcome, CommandError> {
    print(ctx, &args, Plain::Revision)
}

/// Prints what the arguments name.
pub(crate) fn print(ctx: &Context, args: &CatArgs, plain: Plain) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        return Err(usage("contents are no JSON").hint("'pond ls --json' tells what is known of a file"));
    }
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    // All are looked up before the first is printed.
    let ids: Vec<ObjectId> =
        args.files.iter().map(|text| content(&workspace, text, plain)).collect::<Result<_, _>>()?;
    ctx.ui.page();
    for id in &ids {
        match &args.range {
            None => write_blob(&ctx.ui, workspace.store(), id)?,
            Some(range) => write_range(&ctx.ui, workspace.store(), id, range)?,
        }
    }
    Ok(Outcome::Done)
}

/// The content that an argument names.
fn content(workspace: &Workspace<'_>, text: &OsString, plain: Plain) -> Result<ObjectId, CommandError> {
    let shown = escape::plain(text.as_encoded_bytes());
    let is_directory = || {
        Err(fatal(format_args!("'{shown}' is a directory"))
            .hint(format_args!("'pond ls {shown}' lists what is in it")))
    };
    if plain == Plain::Path
        && let FsPlace::Here(path) = FsPlace::parse(workspace, text)?
    {
        let layer = layer(workspace)?;
        let fs = of_branch(workspace, &layer, None)?;
        let entry = entry_of(&fs.root().entry(&path)?);
        return if entry.kind == Kind::Directory { is_directory() } else { Ok(entry.id) };
    }
    match revisions::resolve_path_optional(workspace, text)? {
        Some(entry) if entry.kind == Kind::Directory => is_directory(),
        Some(entry) => Ok(entry.id),
        None => {
            let found = revisions::resolve_object(workspace, text)?;
            match found.kind {
                ObjectKind::Blob => Ok(found.id),
                kind => Err(fatal(format_args!("'{shown}' is a {kind}, not the content of a file"))
                    .hint(format_args!("'{shown}:PATH' names a file in it"))),
            }
        }
    }
}

/// `0..1000`, `1000..`, `..1000`.
fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("'{text}' is no range of bytes such as 0..1000, 1000.. or ..1000");
    let (start, end) = text.split_once("..").ok_or_else(wrong)?;
    let number =
        |text: &str, default| if text.is_empty() { Ok(default) } else { text.parse().map_err(|_| wrong()) };
    let range = number(start, 0)?..number(end, u64::MAX)?;
    if range.start <= range.end { Ok(range) } else { Err(wrong()) }
}
