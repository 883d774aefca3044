//! `pond show`: objects of every kind, readable.

use std::ffi::OsString;
use std::io::Write as _;

use pond_history::diff::Against;
use pond_history::{Walk, WalkOptions, short_id};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Commit, Kind, ObjectId, ObjectSource as _, Tag, Tagged, escape, tree};
use pond_refs::{ObjectKind, Range};
use pond_workspace::{Purpose, Workspace, open};

use crate::commit_output::{CommitOutput, FormatArgs};
use crate::comparison::{DiffArgs, MergeArgs};
use crate::contents::{entry_json, write_blob};
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::revisions::{self, split_arguments};
use crate::ui::diff::Forms;

/// Show commits with their changes, tags, directories, or files of a version
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A commit is shown with its changes against its parent; a merge with what is in it as in none of its parents, and with --stat,
in JSON and with --first-parent against its first parent; -m and the other options for merges say otherwise. An annotated tag is shown with its message and what it names, a directory as the
list of its names, a file as its content: byte for byte, but with control characters made visible on a terminal. Without an object, HEAD is shown.
Of a range each commit is shown, newest first. With paths only commits are shown that changed one of them. 'Stored' names the
operation that recorded the commit, its version of the Delta table, and the files, records and bytes that it added there.

Examples:
  pond show
  pond show --stat HEAD~2
  pond show --stat main~3..main
  pond show v1:sensors
  pond show HEAD~1:notes.txt > old-notes.txt
  pond show HEAD -- notes.txt

Exit codes: 0; 128 for an unknown revision or path, or an object that is damaged; 129.")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    format: FormatArgs,

    /// Show a merge with its changes against its first parent
    #[arg(long)]
    first_parent: bool,

    #[command(flatten)]
    diff: DiffArgs,

    #[command(flatten)]
    merges: MergeArgs,

    /// Revisions, ranges, REV:PATH, or ids
    #[arg(value_name = "OBJECT")]
    objects: Vec<OsString>,

    /// Show only the changes of these paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: ShowArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let arguments = split_arguments(&workspace, &args.objects, &args.paths, ctx.ends_with_dashes())?;
    let objects = match arguments.revisions.is_empty() {
        true => vec![OsString::from("HEAD")],
        false => arguments.revisions.clone(),
    };
    let store = workspace.store();
    let short = |id: &ObjectId| short_id(store, id);
    let merges =
        args.merges.read(&args.diff, args.first_parent, Forms::PATCH, Against::All { dense: true })?;
    let mut output = CommitOutput::new(ctx, &workspace, &args.format, &args.diff, merges, &short)?;
    output.show_stored();
    ctx.ui.page();
    let named =
        objects.iter().map(|text| named(&workspace, text)).collect::<Result<Vec<_>, CommandError>>()?;
    let mut history = history(&workspace, &objects, &named)?;
    let is_walked = history.is_some();
    for (text, mut named) in objects.iter().zip(named) {
        while let Named::Tag(id) = named {
            let tag = store.tag(&id)?;
            output.print_tag(&id, &tag)?;
            named = tagged(&tag);
        }
        match named {
            Named::Tag(_) => unreachable!("BUG: a tag was followed to what it names"),
            Named::Commit(_) | Named::Range if is_walked => {
                for found in history.take().into_iter().flatten() {
                    let id = found?.0;
                    let commit = store.commit(&id)?;
                    show_commit(&workspace, &args, &arguments.pathspecs, &mut output, &id, &commit)?;
                }
            }
            Named::Range => unreachable!("BUG: a range is a history that is walked"),
            Named::Commit(id) => {
                let commit = store.commit(&id)?;
                show_commit(&workspace, &args, &arguments.pathspecs, &mut output, &id, &commit)?;
            }
            Named::Tree(id) => show_tree(ctx, &workspace, text, &id)?,
            Named::Blob(id) if ctx.ui.is_json() => {
                return Err(usage(format_args!("the content of {} is no JSON", short(&id)))
                    .hint("'pond ls --json' tells what is known of a file; 'pond cat' prints its content"));
            }
            Named::Blob(id) => write_blob(&ctx.ui, store, &id)?,
        }
    }
    Ok(Outcome::Done)
}

/// The commits of all ranges and revisions together, newest first; `None` if no range is among them.
fn history<'a>(
    workspace: &'a Workspace<'_>,
    objects: &[OsString],
    named: &[Named],
) -> Result<Option<Walk<'a>>, CommandError> {
    if !named.iter().any(|named| matches!(named, Named::Range)) {
        return Ok(None);
    }
    let of_history = |named: &Named| matches!(named, Named::Commit(_) | Named::Range);
    let texts: Vec<&OsString> =
        objects.iter().zip(named).filter(|(_, named)| of_history(named)).map(|(text, _)| text).collect();
    let set = revisions::resolve_ranges(workspace, &texts)?;
    let walk = Walk::new(workspace.store(), &set.include, &set.exclude, WalkOptions::default())?;
    Ok(Some(walk))
}

/// Prints a commit with its changes; with paths, only one that changed any of them.
fn show_commit(
    workspace: &Workspace<'_>,
    args: &ShowArgs,
    pathspecs: &Pathspecs,
    output: &mut CommitOutput<'_>,
    id: &ObjectId,
    commit: &Commit,
) -> Result<(), CommandError> {
    let store = workspace.store();
    let differing = output.merges().differing(args.first_parent);
    if !args.paths.is_empty() && !pond_history::diff::touches(store, commit, pathspecs, differing)? {
        return Ok(());
    }
    let changes = output.changes(commit, pathspecs, &args.diff)?;
    output.print(id, commit, &changes)
}

/// What an argument names.
enum Named {
    /// `A..B`, `A...B` or `^A`.
    Range,
    Commit(ObjectId),
    Tree(ObjectId),
    Blob(ObjectId),
    Tag(ObjectId),
}

fn tagged(tag: &Tag) -> Named {
    match tag.kind {
        Tagged::Commit => Named::Commit(tag.object),
        Tagged::Tree => Named::Tree(tag.object),
        Tagged::Blob => Named::Blob(tag.object),
        Tagged::Tag => Named::Tag(tag.object),
    }
}

fn named(workspace: &Workspace<'_>, text: &OsString) -> Result<Named, CommandError> {
    if let Some(entry) = revisions::resolve_path_optional(workspace, text)? {
        return Ok(match entry.kind {
            Kind::Directory => Named::Tree(entry.id),
            _ => Named::Blob(entry.id),
        });
    }
    if !matches!(Range::parse(text.as_encoded_bytes())?, Range::Reachable(_)) {
        return Ok(Named::Range);
    }
    let found = revisions::resolve_object(workspace, text)?;
    Ok(match found.kind {
        ObjectKind::Commit => Named::Commit(found.id),
        ObjectKind::Tree => Named::Tree(found.id),
        ObjectKind::Blob => Named::Blob(found.id),
        ObjectKind::Tag => Named::Tag(found.id),
    })
}

fn show_tree(
    ctx: &Context,
    workspace: &Workspace<'_>,
    text: &OsString,
    id: &ObjectId,
) -> Result<(), CommandError> {
    let entries = tree::entries(workspace.store(), id)?;
    if ctx.ui.is_json() {
        return entries.iter().try_for_each(|entry| {
            ctx.ui.json_row(&entry_json(&entry.name, entry.kind, &entry.id, entry.size))
        });
    }
    let mut out = ctx.ui.out();
    writeln!(out, "tree {}\n", escape::plain(text.as_encoded_bytes()))?;
    for entry in entries {
        let mark = if entry.kind == Kind::Directory { "/" } else { "" };
        writeln!(out, "{}{mark}", escape::quoted(&entry.name))?;
    }
    Ok(())
}
