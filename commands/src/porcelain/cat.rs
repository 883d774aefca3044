//! `pond cat`: the content of files in any version.

use std::ffi::OsString;

use pond_objects::{Kind, escape};
use pond_refs::ObjectKind;
use pond_workspace::{Purpose, open};

use crate::contents::write_blob;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
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
    /// REV:PATH, :PATH, or the id of a file's content
    #[arg(value_name = "REV:PATH", required = true)]
    files: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: CatArgs) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        return Err(usage("contents are no JSON").hint("'pond ls --json' tells what is known of a file"));
    }
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    // All are looked up before the first is printed.
    let mut ids = Vec::with_capacity(args.files.len());
    for text in &args.files {
        let shown = escape::plain(text.as_encoded_bytes());
        match revisions::resolve_path_optional(&workspace, text)? {
            Some(entry) if entry.kind == Kind::Directory => {
                return Err(fatal(format_args!("'{shown}' is a directory"))
                    .hint(format_args!("'pond ls {shown}' lists what is in it")));
            }
            Some(entry) => ids.push(entry.id),
            None => {
                let found = revisions::resolve_object(&workspace, text)?;
                if found.kind != ObjectKind::Blob {
                    return Err(fatal(format_args!(
                        "'{shown}' is a {}, not the content of a file",
                        found.kind
                    ))
                    .hint(format_args!("'{shown}:PATH' names a file in it")));
                }
                ids.push(found.id);
            }
        }
    }
    ctx.ui.page();
    for id in &ids {
        write_blob(&ctx.ui, workspace.store(), id)?;
    }
    Ok(Outcome::Done)
}
