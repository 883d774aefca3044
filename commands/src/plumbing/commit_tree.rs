//! `pond commit-tree`: a commit from a tree, on no branch.

use std::ffi::OsString;
use std::path::PathBuf;

use bstr::BString;
use pond_objects::escape;
use pond_refs::ObjectKind;
use pond_workspace::commit_tree::{NewCommitOfTree, commit_tree};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::identity;
use crate::revisions;

/// Make a commit of a tree, and print its id
///
/// The commit is stored and belongs to no branch: update-ref or branch puts one there. Changes, renames and node ids are
/// recorded against the first parent, as 'pond commit' does.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without -m and -F the message is read from standard input. It is kept as it is; the author and the committer are found
as by 'pond commit'.

Examples:
  pond commit-tree 'HEAD^{tree}' -p HEAD -m 'The same once more'
  id=$(pond commit-tree 'v1:station-7' -m 'Station 7 by itself')
  pond update-ref refs/heads/station-7 $id ''

Exit codes: 0; 128 for what is no tree or no commit; 129.")]
pub(crate) struct CommitTreeArgs {
    /// The tree: an id, REV^{tree} or REV:DIRECTORY
    #[arg(value_name = "TREE")]
    tree: OsString,

    /// A commit that it follows (repeatable)
    #[arg(short, value_name = "PARENT")]
    parent: Vec<OsString>,

    /// The message; several are paragraphs
    #[arg(short, value_name = "TEXT")]
    message: Vec<String>,

    /// Take the message from FILE; '-' is standard input (repeatable)
    #[arg(short = 'F', value_name = "FILE")]
    file: Vec<PathBuf>,
}

pub(crate) fn run(ctx: &Context, args: CommitTreeArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let tree = tree(&workspace, &args.tree)?;
    let mut parents = Vec::with_capacity(args.parent.len());
    for text in &args.parent {
        let parent = revisions::resolve_found(&workspace, text)?.id;
        if parents.contains(&parent) {
            ctx.ui.error(format_args!("duplicate parent {parent} ignored"));
            continue;
        }
        parents.push(parent);
    }
    let message = message(&args)?;
    let new = NewCommitOfTree {
        tree,
        parents,
        author: identity::author(ctx)?,
        committer: identity::committer(ctx)?,
        message,
    };
    let (id, state) = commit_tree(&mut workspace, new)?;
    match ctx.ui.is_json() {
        true => ctx
            .ui
            .json(&json!({ "commit": id.to_hex(), "tree": tree.to_hex(), "delta_version": state.version }))?,
        false => ctx.ui.say(id),
    }
    Ok(Outcome::Done)
}

fn tree(workspace: &Workspace<'_>, text: &OsString) -> Result<pond_objects::ObjectId, CommandError> {
    if let Some(entry) = revisions::resolve_path_optional(workspace, text)? {
        if entry.kind == pond_objects::Kind::Directory {
            return Ok(entry.id);
        }
    } else {
        let found = revisions::resolve_object(workspace, text)?;
        if found.kind == ObjectKind::Tree {
            return Ok(found.id);
        }
    }
    let text = escape::plain(text.as_encoded_bytes());
    Err(fatal(format_args!("'{text}' is no tree")).hint("'REV^{tree}' is the tree of a commit"))
}

/// The paragraphs of -m, then the files; standard input where there are neither.
fn message(args: &CommitTreeArgs) -> Result<BString, CommandError> {
    let mut message: Vec<u8> = Vec::new();
    for paragraph in &args.message {
        if !message.is_empty() {
            message.push(b'\n');
        }
        message.extend_from_slice(paragraph.as_bytes());
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
    }
    let stdin = [PathBuf::from("-")];
    let files = if args.message.is_empty() && args.file.is_empty() { &stdin[..] } else { &args.file };
    for file in files {
        if !message.is_empty() {
            message.push(b'\n');
        }
        message.extend(crate::message::read(file)?);
    }
    Ok(message.into())
}
