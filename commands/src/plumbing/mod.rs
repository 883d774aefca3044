//! The commands for scripts: small, stable, one file each. They follow the pattern of `porcelain`.

mod cat_object;
mod commit_tree;
mod count_objects;
mod for_each_ref;
mod hash_object;
mod ls_files;
mod merge_base;
mod rev_list;
mod rev_parse;
mod update_ref;
mod version;

use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Every plumbing command with its options.
// A parser is built for the command that is typed, not for all of them: that would take longer than most commands.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Plumbing {
    RevParse(rev_parse::RevParseArgs),
    LsFiles(ls_files::LsFilesArgs),
    HashObject(hash_object::HashObjectArgs),
    CountObjects(count_objects::CountObjectsArgs),
    CatObject(cat_object::CatObjectArgs),
    MergeBase(merge_base::MergeBaseArgs),
    RevList(rev_list::RevListArgs),
    CommitTree(commit_tree::CommitTreeArgs),
    ForEachRef(for_each_ref::ForEachRefArgs),
    UpdateRef(update_ref::UpdateRefArgs),
    Version(version::VersionArgs),
}

impl Plumbing {
    /// Runs the command.
    pub(crate) fn run(self, ctx: &Context) -> Result<Outcome, CommandError> {
        match self {
            Self::RevParse(args) => rev_parse::run(ctx, args),
            Self::LsFiles(args) => ls_files::run(ctx, args),
            Self::HashObject(args) => hash_object::run(ctx, args),
            Self::CountObjects(args) => count_objects::run(ctx, args),
            Self::CatObject(args) => cat_object::run(ctx, args),
            Self::MergeBase(args) => merge_base::run(ctx, args),
            Self::RevList(args) => rev_list::run(ctx, args),
            Self::CommitTree(args) => commit_tree::run(ctx, args),
            Self::ForEachRef(args) => for_each_ref::run(ctx, args),
            Self::UpdateRef(args) => update_ref::run(ctx, args),
            Self::Version(args) => version::run(ctx, args),
        }
    }

    /// Whether a configuration that cannot be read stops the command before it begins.
    pub(crate) fn needs_config(&self) -> bool {
        !matches!(self, Self::Version(_))
    }
}
