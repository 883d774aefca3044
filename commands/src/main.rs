//! The `pond` binary. `run` holds the order of things; everything that touches the terminal, the environment
//! and the user lives in this crate, everything else in the libraries.

mod alias;
mod args;
mod cli;
mod command_group;
mod commit_output;
mod comparison;
mod config;
mod contents;
mod context;
mod deeds;
mod editor;
mod error;
mod external;
mod identity;
mod interrupt;
mod login;
mod maintain;
mod merging;
mod message;
mod mirror;
mod observer;
mod operation_output;
mod passwd;
mod plumbing;
mod porcelain;
mod recorded;
mod ref_list;
mod ref_update;
mod report;
mod revisions;
mod run;
mod session;
mod take_back;
mod text;
mod time;
mod transact;
mod ui;
mod version;
mod workspace;

fn main() -> std::process::ExitCode {
    run::main(std::env::args_os().collect())
}
