//! `pond fs`: read and change the pond without the mirror.

mod change;
mod cp;
mod du;
mod find;
mod put;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::porcelain::cat::{self, CatArgs};
use crate::porcelain::ls::{self, LsArgs};

/// Read and change the pond without the mirror
///
/// PATH counts from the root of the newest version of the current branch, or of the one that --branch names; './PATH' counts from
/// the current directory. 'REV:PATH' and '@/REV/PATH' are in any version: '@' lists branches and tags, and has every revision
/// as a directory. 'host:PATH' is a file of the host. Symlinks are followed on the way, never out of the pond.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Each change is a commit at once, and one operation: 'pond undo' takes it back. On the current branch the mirror goes along, as
with 'pond merge': its files become those of the new version; what is not committed stays, and where it is in the way nothing
is changed. Another branch changes without any file of the mirror.

Examples:
  pond fs ls -l sensors
  pond fs ls @/v1/sensors
  pond fs cat 'HEAD~3:sensors/well-3.csv' --range 0..1000
  curl -s https://example.org/api | pond fs put --append api/log.ndjson
  pond fs cp -r @/v1/config config -m 'Go back to the settings of v1'
  pond fs cp -r host:/media/card/2026-05 raw/2026-05 --branch incoming
  pond fs cp HEAD~1:notes.txt host:/tmp/
  pond fs find sensors -name '*.csv' -size +1M
  pond fs du -d 1

Exit codes: 0, also where a change changes nothing; 1 uncommitted changes are in the way, nothing was changed; 3 some files could
not be written; 128; 129; 130.")]
pub(crate) struct FsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the names in a directory; the options are those of 'pond ls'
    Ls(LsArgs),
    /// Print the content of files; the options are those of 'pond cat'
    Cat(CatArgs),
    /// Copy within the pond, into it or out of it
    Cp(cp::CpArgs),
    /// Rename files and directories, or move them into a directory
    Mv(change::MvArgs),
    /// Remove files and directories
    Rm(change::RmArgs),
    /// Make directories
    Mkdir(change::MkdirArgs),
    /// Write standard input to a file
    Put(put::PutArgs),
    /// Find files by name, type and size
    Find(find::FindArgs),
    /// Say what files take: their own bytes, and those that the pond stores for them
    Du(du::DuArgs),
}

pub(crate) fn run(ctx: &Context, args: FsArgs) -> Result<Outcome, CommandError> {
    match args.what {
        What::Ls(args) => ls::list(ctx, &args, ls::Plain::Path),
        What::Cat(args) => cat::print(ctx, &args, ls::Plain::Path),
        What::Cp(args) => cp::run(ctx, &args),
        What::Mv(args) => change::mv(ctx, &args),
        What::Rm(args) => change::rm(ctx, &args),
        What::Mkdir(args) => change::mkdir(ctx, &args),
        What::Put(args) => put::run(ctx, &args),
        What::Find(args) => find::run(ctx, &args),
        What::Du(args) => du::run(ctx, &args),
    }
}
