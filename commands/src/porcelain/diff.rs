//! `pond diff`: what differs between the mirror, the index and commits.

use std::ffi::OsString;

use pond_history::diff::{Combined, trees};
use pond_history::{merge_bases, short_id};
use pond_mirror::index::pending::StageNumber;
use pond_objects::{Change, Kind, ObjectId, PathEntry, Side, escape};
use pond_refs::{ObjectKind, Range};
use pond_workspace::{Purpose, Workspace, open};

use crate::comparison::{self, DiffArgs, HostContents, staged_contents, stored_contents};
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::revisions::{self, Arguments, split_arguments};
use crate::ui::changes_json::change_json;
use crate::ui::diff::{Contents, DiffOptions, Forms, count, differs, write_conflicts};

/// Show what differs between the mirror, the index and commits
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
  pond diff               the mirror against the index: what 'pond add' would stage
  pond diff --staged      the index against HEAD: what 'pond commit' would commit
  pond diff REV           the mirror against a commit or a tree
  pond diff A B, A..B     one commit against another
  pond diff A...B         B against where it left A
  pond diff A:PATH B:PATH one file against another

Untracked files are not shown. Binary files are summarised: their sizes, and how many chunks both versions share.
Text of any size is compared. Of a file above 16 MiB only what differs is read, and the lines before it are counted; the
patch is the same as that of the whole file, but where equal lines repeat between two changes it may match others of them.
Where more than 16 MiB or 500,000 lines differ in one stretch, lines are matched within a window of that size that moves
along both versions: text that moved farther is shown as removed and added. Every patch turns the old file into the new one.
While a merge or the like waits, 'pond diff' shows files in conflict against ours and theirs at once, with a column of signs
for each; --ours, --theirs and --base compare them with that version alone. Where only one side has the file, and with
--staged, they are named only.

Examples:
  pond diff --stat
  pond diff --staged -- sensors/
  pond diff '@{yesterday}' HEAD --name-status
  pond diff --exit-code --quiet || echo changed

Exit codes: 0; 1 for differences, with --exit-code or --quiet; 3 where a file of the mirror could not be read;
128 for an unknown revision or path; 129.")]
pub(crate) struct DiffCommandArgs {
    /// Compare the index, not the mirror
    #[arg(long, visible_alias = "staged")]
    cached: bool,

    /// End with exit code 1 if there are differences; with --quiet too, which prints nothing
    #[arg(long)]
    exit_code: bool,

    /// Compare files in conflict with the version that both sides began with
    #[arg(short = '1', long, group = "stage")]
    base: bool,

    /// Compare files in conflict with our version
    #[arg(short = '2', long, group = "stage")]
    ours: bool,

    /// Compare files in conflict with their version
    #[arg(short = '3', long, group = "stage")]
    theirs: bool,

    #[command(flatten)]
    diff: DiffArgs,

    /// Revisions or a range; then paths
    #[arg(value_name = "REVISION|PATH")]
    arguments: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

/// The two places that are compared.
enum Places {
    /// A tree or, without one, the index, and the mirror.
    Mirror(Option<ObjectId>),
    /// A tree or, without one, HEAD, and the index.
    Index(Option<ObjectId>),
    Trees(ObjectId, ObjectId),
    Files(Box<(PathEntry, PathEntry)>),
}

pub(crate) fn run(ctx: &Context, args: DiffCommandArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let arguments = split_arguments(&workspace, &args.arguments, &args.paths, ctx.ends_with_dashes())?;
    let places = places(&workspace, &args, &arguments)?;
    let options = args.diff.options(&ctx.ui, Forms::PATCH)?;
    let (store, specs) = (workspace.store(), &arguments.pathspecs);
    let stage = args.stage();
    if stage.is_some() && !matches!(places, Places::Mirror(None)) {
        return Err(usage(
            "--base, --ours and --theirs compare the mirror with a conflict's versions: no revision, no --staged",
        ));
    }
    let short = |id: &ObjectId| short_id(store, id);
    let changes = match &places {
        Places::Mirror(tree) => {
            workspace.need_mirror()?;
            let stage_of_files = stage.unwrap_or(StageNumber::Ours);
            let mut found = comparison::mirror(
                &workspace,
                tree.as_ref(),
                specs,
                &args.diff,
                stage_of_files,
                !ctx.ui.is_quiet(),
            )?;
            if stage.is_some() {
                found.combined.clear();
            }
            let contents = &mut HostContents::new(store, &found.host);
            let outcome = show(ctx, &args, (&found.changes, &found.combined), contents, &options)?;
            let is_incomplete = found.host.report(&ctx.ui);
            return Ok(if is_incomplete && outcome == Outcome::Done { Outcome::Partial } else { outcome });
        }
        Places::Trees(old, new) => trees(store, Some(old), Some(new), specs, &args.diff.request()?)?,
        Places::Files(pair) => file_change(&pair.0, &pair.1),
        Places::Index(tree) => {
            let found = comparison::staged(&workspace, tree.as_ref(), specs, &args.diff)?;
            let contents = &mut staged_contents(store, found.unmerged, &short);
            return show(ctx, &args, (&found.changes, &[]), contents, &options);
        }
    };
    show(ctx, &args, (&changes, &[]), &mut stored_contents(store, &short), &options)
}

impl DiffCommandArgs {
    /// The version of files in conflict that is asked for.
    fn stage(&self) -> Option<StageNumber> {
        match (self.base, self.ours, self.theirs) {
            (true, ..) => Some(StageNumber::Base),
            (_, true, _) => Some(StageNumber::Ours),
            (_, _, true) => Some(StageNumber::Theirs),
            _ => None,
        }
    }
}

fn show(
    ctx: &Context,
    args: &DiffCommandArgs,
    (changes, combined): (&[Change], &[Combined]),
    contents: &mut dyn Contents,
    options: &DiffOptions,
) -> Result<Outcome, CommandError> {
    let quiet = ctx.ui.is_quiet();
    let mut different = !changes.is_empty();
    if different && args.diff.ignores_whitespace() && (quiet || args.exit_code) {
        different = differs(changes, contents, options)?;
    }
    if !quiet {
        if ctx.ui.is_json() {
            for change in changes {
                let counts = count(change, contents, options)?;
                ctx.ui.json_row(&change_json(change, counts))?;
            }
        } else {
            ctx.ui.page();
            write_conflicts(&mut ctx.ui.out(), combined, changes, contents, options)?;
        }
    }
    Ok(if different && (quiet || args.exit_code) { Outcome::Differences } else { Outcome::Done })
}

fn places(
    workspace: &Workspace<'_>,
    args: &DiffCommandArgs,
    arguments: &Arguments,
) -> Result<Places, CommandError> {
    let too_many = || usage("diff compares two places: at most two revisions, or one range");
    match (arguments.revisions.as_slice(), args.cached) {
        ([], true) => Ok(Places::Index(None)),
        ([], false) => Ok(Places::Mirror(None)),
        ([one], cached) => {
            if let Some(trees) = range(workspace, one)? {
                return if cached { Err(usage("--staged takes one revision, no range")) } else { Ok(trees) };
            }
            let tree = revisions::resolve_tree(workspace, one)?;
            Ok(if cached { Places::Index(Some(tree)) } else { Places::Mirror(Some(tree)) })
        }
        ([_, _], true) => Err(usage("--staged takes one revision")),
        ([old, new], false) => {
            let (old_file, new_file) = (file(workspace, old)?, file(workspace, new)?);
            match (old_file, new_file) {
                (Some(old), Some(new)) => Ok(Places::Files(Box::new((old, new)))),
                (None, None) => {
                    let old = revisions::resolve_tree(workspace, old)?;
                    Ok(Places::Trees(old, revisions::resolve_tree(workspace, new)?))
                }
                _ => Err(fatal("a file can be compared with a file only").hint("write both as REV:PATH")),
            }
        }
        _ => Err(too_many()),
    }
}

/// The trees of `A..B` and `A...B`; none for a single revision.
fn range(workspace: &Workspace<'_>, text: &OsString) -> Result<Option<Places>, CommandError> {
    let bytes = text.as_encoded_bytes();
    if bytes.contains(&b':') {
        return Ok(None);
    }
    let tree = |id: ObjectId| {
        let commit = pond_objects::ObjectSource::commit(workspace.store(), &id)?;
        Ok::<_, CommandError>(commit.tree)
    };
    let commit = |revision| Ok::<_, CommandError>(revisions::resolve_parsed(workspace, revision)?.id);
    match Range::parse(bytes)? {
        Range::Reachable(_) => Ok(None),
        Range::Exclude(_) => Err(usage("'^REV' excludes commits from a list; diff takes 'A..B' or 'A B'")),
        Range::Between { from, to } => Ok(Some(Places::Trees(tree(commit(&from)?)?, tree(commit(&to)?)?))),
        Range::Symmetric { left, right } => {
            let (left, right) = (commit(&left)?, commit(&right)?);
            let bases = merge_bases(workspace.store(), left, right)?;
            let base = bases.first().ok_or_else(|| {
                fatal("the two commits have no common ancestor").hint("'A..B' compares them with each other")
            })?;
            Ok(Some(Places::Trees(tree(*base)?, tree(right)?)))
        }
    }
}

/// The file that an argument names: `REV:PATH`, or a blob by its id.
fn file(workspace: &Workspace<'_>, text: &OsString) -> Result<Option<PathEntry>, CommandError> {
    if let Some(entry) = revisions::resolve_path_optional(workspace, text)? {
        return Ok(entry.kind.is_blob().then_some(entry));
    }
    let found = revisions::resolve_object(workspace, text)?;
    if found.kind != ObjectKind::Blob {
        return Ok(None);
    }
    let size = pond_history::blob_size(workspace.store(), &found.id)?;
    let path = escape::plain(text.as_encoded_bytes()).into_owned();
    Ok(Some(PathEntry { path: path.into(), kind: Kind::File, id: found.id, size }))
}

/// One file against another, whatever their paths.
fn file_change(old: &PathEntry, new: &PathEntry) -> Vec<Change> {
    let sides = (Side::from(old), Side::from(new));
    if sides.0 == sides.1 {
        return Vec::new();
    }
    vec![Change::at(new.path.clone(), Some(sides.0), Some(sides.1))]
}
