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
mod editor;
mod error;
mod external;
mod fs_place;
mod identity;
mod interrupt;
mod login;
mod maintain;
mod message;
mod operation_output;
mod passwd;
mod plumbing;
mod porcelain;
mod query;
mod ref_list;
mod report;
mod revisions;
mod run;
mod text;
mod time;
mod ui;
mod version;

fn main() -> std::process::ExitCode {
    run::main(std::env::args_os().collect())
}
