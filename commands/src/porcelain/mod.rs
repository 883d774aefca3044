//! The commands for people. One file each; a new one is that file, its `mod` line, its line in `Porcelain`, and its name in
//! `help::GROUPS`.

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
mod stash;
mod status;
mod switch;
mod tag;
mod tour;
mod undo;

use crate::cli::commands;

commands! {
    /// Every porcelain command with its options. Their help is the doc comment of the Args struct.
    Porcelain {
        Show = "show" => show::ShowArgs,
        Ls = "ls" => ls::LsArgs,
        Log = "log" => log::LogArgs,
        Diff = "diff" => diff::DiffCommandArgs,
        Describe = "describe" => describe::DescribeArgs,
        Branch = "branch" => branch::BranchArgs,
        Tag = "tag" => tag::TagArgs,
        Add = "add" => add::AddArgs,
        Cat = "cat" => cat::CatArgs,
        Checkout = "checkout" => checkout::CheckoutArgs,
        Commit = "commit" => commit::CommitArgs,
        Init = "init" => init::InitArgs,
        Mv = "mv" => mv::MvArgs,
        Maintenance = "maintenance" => maintenance::MaintenanceArgs,
        CheckIgnore = "check-ignore" => check_ignore::CheckIgnoreArgs,
        Rm = "rm" => rm::RmArgs,
        Clean = "clean" => clean::CleanArgs,
        Stash = "stash" => stash::StashArgs,
        Status = "status" => status::StatusArgs,
        Switch = "switch" => switch::SwitchArgs,
        Reset = "reset" => reset::ResetArgs,
        Tour = "tour" => tour::TourArgs,
        Restore = "restore" => restore::RestoreArgs,
        Undo = "undo" => undo::UndoArgs,
        Merge = "merge" => merge::MergeArgs,
        CherryPick = "cherry-pick" => cherry_pick::CherryPickArgs,
        Revert = "revert" => revert::RevertArgs,
        Redo = "redo" => redo::RedoArgs,
        Op = "op" => op::OpArgs,
        Reflog = "reflog" => reflog::ReflogArgs,
        Completions = "completions" => completions::CompletionsArgs,
        Config = "config" => config::ConfigArgs,
        Help = "help" => help::HelpArgs,
        Man = "man" => man::ManArgs,
    }
}

impl Porcelain {
    /// Whether a configuration that cannot be read stops the command before it begins. Not those with which one
    /// finds out and repairs it.
    pub(crate) fn needs_config(&self) -> bool {
        !matches!(self, Self::Completions(_) | Self::Config(_) | Self::Help(_) | Self::Man(_))
    }
}
