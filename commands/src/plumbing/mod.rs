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
pub(crate) mod version;

use crate::cli::commands;

commands! {
    /// Every plumbing command with its options.
    Plumbing {
        RevParse = "rev-parse" => rev_parse::RevParseArgs,
        LsFiles = "ls-files" => ls_files::LsFilesArgs,
        HashObject = "hash-object" => hash_object::HashObjectArgs,
        CountObjects = "count-objects" => count_objects::CountObjectsArgs,
        CatObject = "cat-object" => cat_object::CatObjectArgs,
        MergeBase = "merge-base" => merge_base::MergeBaseArgs,
        RevList = "rev-list" => rev_list::RevListArgs,
        CommitTree = "commit-tree" => commit_tree::CommitTreeArgs,
        ForEachRef = "for-each-ref" => for_each_ref::ForEachRefArgs,
        UpdateRef = "update-ref" => update_ref::UpdateRefArgs,
        Version = "version" => version::VersionArgs,
    }
}

impl Plumbing {
    /// Whether a configuration that cannot be read stops the command before it begins.
    pub(crate) fn needs_config(&self) -> bool {
        !matches!(self, Self::Version(_))
    }
}
