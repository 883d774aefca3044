//! The commands for people. One file each; a new one is that file, its `mod` line, and its line in `Porcelain` below the title
//! that help lists it under.

mod add;
mod branch;
mod cat;
mod check_ignore;
mod checkout;
mod cherry_pick;
mod clean;
mod commit;
mod completions;
mod config;
mod describe;
mod diff;
mod ends;
mod fs;
mod head;
pub(crate) mod help;
mod init;
mod log;
mod ls;
mod maintenance;
mod man;
mod merge;
mod mv;
mod op;
mod path_args;
mod pick;
mod redo;
mod reflog;
mod removal_report;
mod reset;
mod restore;
mod revert;
mod rm;
mod sequence;
mod show;
mod sql;
mod stash;
mod status;
mod summarize;
mod switch;
mod tag;
mod tail;
mod tour;
mod undo;

use crate::command_group::commands;

commands! {
    /// Every porcelain command with its options. Their help is the doc comment of the Args struct.
    Porcelain {
        "start a pond" {
            Init = "init" => init::InitArgs,
            Tour = "tour" => tour::TourArgs,
        }
        "work on the current change" {
            Add = "add" => add::AddArgs,
            Rm = "rm" => rm::RmArgs,
            Mv = "mv" => mv::MvArgs,
            Restore = "restore" => restore::RestoreArgs,
            Clean = "clean" => clean::CleanArgs,
            Status = "status" => status::StatusArgs,
            Commit = "commit" => commit::CommitArgs,
            Stash = "stash" => stash::StashArgs,
        }
        "look at history" {
            Log = "log" => log::LogArgs,
            Show = "show" => show::ShowArgs,
            Diff = "diff" => diff::DiffCommandArgs,
            Describe = "describe" => describe::DescribeArgs,
            Ls = "ls" => ls::LsArgs,
            Cat = "cat" => cat::CatArgs,
        }
        "ask questions of the data" {
            Sql = "sql" => sql::SqlArgs,
            Summarize = "summarize" => summarize::SummarizeArgs,
            Head = "head" => head::HeadArgs,
            Tail = "tail" => tail::TailArgs,
        }
        "files without the mirror" {
            Fs = "fs" => fs::FsArgs,
        }
        "branches" {
            Branch = "branch" => branch::BranchArgs,
            Switch = "switch" => switch::SwitchArgs,
            Checkout = "checkout" => checkout::CheckoutArgs,
            Merge = "merge" => merge::MergeArgs,
            CherryPick = "cherry-pick" => cherry_pick::CherryPickArgs,
            Revert = "revert" => revert::RevertArgs,
            Tag = "tag" => tag::TagArgs,
        }
        "take back" {
            Undo = "undo" => undo::UndoArgs,
            Redo = "redo" => redo::RedoArgs,
            Reset = "reset" => reset::ResetArgs,
            Op = "op" => op::OpArgs,
            Reflog = "reflog" => reflog::ReflogArgs,
        }
        "work together" {
        }
        "look after the pond" {
            Maintenance = "maintenance" => maintenance::MaintenanceArgs,
        }
        "settings and help" {
            Config = "config" => config::ConfigArgs,
            CheckIgnore = "check-ignore" => check_ignore::CheckIgnoreArgs,
            Help = "help" => help::HelpArgs,
            Completions = "completions" => completions::CompletionsArgs,
            Man = "man" => man::ManArgs,
        }
    }
}

impl Porcelain {
    /// Whether a configuration that cannot be read stops the command before it begins. Not those with which one
    /// finds out and repairs it.
    pub(crate) fn needs_config(&self) -> bool {
        !matches!(self, Self::Completions(_) | Self::Config(_) | Self::Help(_) | Self::Man(_))
    }
}
