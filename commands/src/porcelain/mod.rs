//! The commands for people. One file each; a new one is that file, its `mod` line, its variant in `Porcelain`, its
//! arm in `run`, and its name in `help::GROUPS`.

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
mod take_side;
mod tour;
mod undo;

use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Every porcelain command with its options. Their help is the doc comment of the Args struct.
// A parser is built for the command that is typed, not for all of them: that would take longer than most commands.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Porcelain {
    Show(show::ShowArgs),
    Ls(ls::LsArgs),
    Log(log::LogArgs),
    Diff(diff::DiffCommandArgs),
    Branch(branch::BranchArgs),
    Tag(tag::TagArgs),
    Add(add::AddArgs),
    Cat(cat::CatArgs),
    Checkout(checkout::CheckoutArgs),
    Commit(commit::CommitArgs),
    Init(init::InitArgs),
    Mv(mv::MvArgs),
    Maintenance(maintenance::MaintenanceArgs),
    CheckIgnore(check_ignore::CheckIgnoreArgs),
    Rm(rm::RmArgs),
    Clean(clean::CleanArgs),
    Stash(stash::StashArgs),
    Status(status::StatusArgs),
    Switch(switch::SwitchArgs),
    Reset(reset::ResetArgs),
    Tour(tour::TourArgs),
    Restore(restore::RestoreArgs),
    Undo(undo::UndoArgs),
    Merge(merge::MergeArgs),
    CherryPick(cherry_pick::CherryPickArgs),
    Revert(revert::RevertArgs),
    Redo(redo::RedoArgs),
    Op(op::OpArgs),
    Reflog(reflog::ReflogArgs),
    Completions(completions::CompletionsArgs),
    Config(config::ConfigArgs),
    Help(help::HelpArgs),
    Man(man::ManArgs),
}

impl Porcelain {
    /// Runs the command.
    pub(crate) fn run(self, ctx: &Context) -> Result<Outcome, CommandError> {
        match self {
            Self::Show(args) => show::run(ctx, args),
            Self::Ls(args) => ls::run(ctx, args),
            Self::Log(args) => log::run(ctx, args),
            Self::Diff(args) => diff::run(ctx, args),
            Self::Branch(args) => branch::run(ctx, args),
            Self::Tag(args) => tag::run(ctx, args),
            Self::Add(args) => add::run(ctx, args),
            Self::Cat(args) => cat::run(ctx, args),
            Self::Checkout(args) => checkout::run(ctx, args),
            Self::Commit(args) => commit::run(ctx, args),
            Self::Init(args) => init::run(ctx, args),
            Self::Mv(args) => mv::run(ctx, args),
            Self::Maintenance(args) => maintenance::run(ctx, args),
            Self::CheckIgnore(args) => check_ignore::run(ctx, args),
            Self::Rm(args) => rm::run(ctx, args),
            Self::Clean(args) => clean::run(ctx, args),
            Self::Stash(args) => stash::run(ctx, args),
            Self::Status(args) => status::run(ctx, args),
            Self::Switch(args) => switch::run(ctx, args),
            Self::Reset(args) => reset::run(ctx, args),
            Self::Tour(args) => tour::run(ctx, args),
            Self::Restore(args) => restore::run(ctx, args),
            Self::Undo(args) => undo::run(ctx, args),
            Self::Merge(args) => merge::run(ctx, args),
            Self::CherryPick(args) => cherry_pick::run(ctx, args),
            Self::Revert(args) => revert::run(ctx, args),
            Self::Redo(args) => redo::run(ctx, args),
            Self::Op(args) => op::run(ctx, args),
            Self::Reflog(args) => reflog::run(ctx, args),
            Self::Completions(args) => completions::run(ctx, args),
            Self::Config(args) => config::run(ctx, args),
            Self::Help(args) => help::run(ctx, args),
            Self::Man(args) => man::run(ctx, args),
        }
    }

    /// Whether a configuration that cannot be read stops the command before it begins. Not those with which one
    /// finds out and repairs it.
    pub(crate) fn needs_config(&self) -> bool {
        !matches!(self, Self::Completions(_) | Self::Config(_) | Self::Help(_) | Self::Man(_))
    }
}
