//! `pond count-objects`: how much a pond holds, and what it takes on disk.

use std::path::Path;

use pond_oplog::{PackKind, RowType, dead};
use pond_workspace::{Purpose, Workspace, open};
use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::text::size;

/// Count the stored objects, and what they take on disk
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Rows are counted in every pack, those of the staging area included; what stands in two packs counts twice. Sizes
are those of the files, in bytes unless -H is given. -v lists everything. Packs that no version names any more are
waiting while another program may be reading them, for an hour, and dead from then on: the next upkeep deletes them.

Examples:
  pond count-objects
  pond count-objects -v -H
  pond count-objects --json

Exit codes: 0; 128 for a pack that cannot be read; 129.")]
pub(crate) struct CountObjectsArgs {
    /// Print sizes with units
    #[arg(short = 'H', long)]
    human_readable: bool,
}

/// The facts, as `--json` prints them.
#[derive(Debug, Default, Serialize)]
struct Counts {
    chunks: u64,
    blobs: u64,
    pages: u64,
    commits: u64,
    tags: u64,
    operations: u64,
    data_packs: u64,
    meta_packs: u64,
    staged_packs: u64,
    dead_packs: u64,
    waiting_packs: u64,
    versions: u64,
    data_size: u64,
    meta_size: u64,
    dead_size: u64,
    waiting_size: u64,
    log_size: u64,
    staging_size: u64,
    cache_size: u64,
}

pub(crate) fn run(ctx: &Context, args: CountObjectsArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let counts = count(&workspace)?;
    if ctx.ui.is_json() {
        ctx.ui.json(&counts)?;
        return Ok(Outcome::Done);
    }
    let bytes = |bytes: u64| if args.human_readable { size::human(bytes) } else { bytes.to_string() };
    if ctx.ui.verbosity() == 0 {
        let objects =
            counts.chunks + counts.blobs + counts.pages + counts.commits + counts.tags + counts.operations;
        let total = counts.data_size + counts.meta_size + counts.log_size + counts.staging_size;
        let total = if args.human_readable { size::human(total) } else { format!("{total} bytes") };
        ctx.ui.say(format_args!("{}, {total}", size::counted(objects, "object")));
        return Ok(Outcome::Done);
    }
    let numbers = [
        ("chunks", counts.chunks),
        ("blobs", counts.blobs),
        ("pages", counts.pages),
        ("commits", counts.commits),
        ("tags", counts.tags),
        ("operations", counts.operations),
        ("data-packs", counts.data_packs),
        ("meta-packs", counts.meta_packs),
        ("staged-packs", counts.staged_packs),
        ("dead-packs", counts.dead_packs),
        ("waiting-packs", counts.waiting_packs),
        ("versions", counts.versions),
    ];
    let sizes = [
        ("data-size", counts.data_size),
        ("meta-size", counts.meta_size),
        ("dead-size", counts.dead_size),
        ("waiting-size", counts.waiting_size),
        ("log-size", counts.log_size),
        ("staging-size", counts.staging_size),
        ("cache-size", counts.cache_size),
    ];
    numbers.iter().for_each(|(name, number)| ctx.ui.say(format_args!("{name}: {number}")));
    sizes.iter().for_each(|(name, size)| ctx.ui.say(format_args!("{name}: {}", bytes(*size))));
    Ok(Outcome::Done)
}

fn count(workspace: &Workspace<'_>) -> Result<Counts, CommandError> {
    let mut counts = Counts::default();
    workspace.store().for_each_id(&mut |_, row_type| match row_type {
        RowType::Chunk => counts.chunks += 1,
        RowType::Blob => counts.blobs += 1,
        RowType::Page => counts.pages += 1,
        RowType::Commit => counts.commits += 1,
        RowType::Tag => counts.tags += 1,
        RowType::Op => counts.operations += 1,
        RowType::Change | RowType::Forgotten => {}
    })?;
    let state = workspace.snapshot().state();
    for pack in &state.packs {
        let (number, size) = match pack.kind {
            PackKind::Data => (&mut counts.data_packs, &mut counts.data_size),
            PackKind::Meta => (&mut counts.meta_packs, &mut counts.meta_size),
        };
        *number += 1;
        *size += pack.size;
    }
    let now = crate::time::moment()?.as_millisecond();
    for pack in dead::find(workspace.pond(), state)? {
        let (number, size) = match pack.is_due(now, dead::GRACE) {
            true => (&mut counts.dead_packs, &mut counts.dead_size),
            false => (&mut counts.waiting_packs, &mut counts.waiting_size),
        };
        *number += 1;
        *size += pack.size;
    }
    counts.staged_packs = workspace.staged()?.len() as u64;
    counts.versions = state.version + 1;
    counts.log_size = size_of(&workspace.pond().table_dir().join(pond_oplog::log::LOG_DIR));
    counts.staging_size = size_of(&workspace.pond().staging_dir());
    counts.cache_size = size_of(&workspace.pond().cache_dir());
    Ok(counts)
}

/// Bytes of the files below a directory; those that vanish meanwhile count nothing.
fn size_of(directory: &Path) -> u64 {
    let files = walkdir::WalkDir::new(directory).into_iter().filter_map(Result::ok);
    files
        .filter_map(|entry| entry.metadata().ok())
        .filter(|metadata| metadata.is_file())
        .map(|file| file.len())
        .sum()
}
