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

use crate::command_group::commands;

commands! {
    /// Every plumbing command with its options.
    Plumbing {
        "for scripts" {
            CatObject = "cat-object" => cat_object::CatObjectArgs,
            CommitTree = "commit-tree" => commit_tree::CommitTreeArgs,
            CountObjects = "count-objects" => count_objects::CountObjectsArgs,
            ForEachRef = "for-each-ref" => for_each_ref::ForEachRefArgs,
            HashObject = "hash-object" => hash_object::HashObjectArgs,
            LsFiles = "ls-files" => ls_files::LsFilesArgs,
            MergeBase = "merge-base" => merge_base::MergeBaseArgs,
            RevList = "rev-list" => rev_list::RevListArgs,
            RevParse = "rev-parse" => rev_parse::RevParseArgs,
            UpdateRef = "update-ref" => update_ref::UpdateRefArgs,
            Version = "version" => version::VersionArgs,
        }
    }
}

impl Plumbing {
    /// Whether a configuration that cannot be read stops the command before it begins.
    pub(crate) fn needs_config(&self) -> bool {
        !matches!(self, Self::Version(_))
    }
}
