//! Scenario tests of the `pond` binary: one topic a file, one binary for all (each one links DataFusion).
//!
//! Every test runs the real program in a directory of its own, with a cleared environment and a fixed clock.

mod advice;
mod append_while_restoring;
mod bad_input;
mod branches;
mod commit_forms;
mod conflicts;
mod crash;
mod describe;
mod foreign_reader;
mod graph;
mod harness;
mod histories;
mod history;
mod identity;
mod ignore_like_git;
mod ignore_rules;
mod json_forms;
mod killed_moves;
mod layers;
mod lifecycle;
mod locks;
mod lost_staging;
mod many_commits;
mod merge;
mod merge_diffs;
mod merge_over;
mod mishaps;
mod odd_names;
mod oracle;
mod pathspecs;
mod plumbing;
mod refs;
mod reset;
mod rev_list;
mod same_tree;
mod sequences;
mod squash;
mod stash;
mod status_forms;
mod switching;
mod table;
mod tags;
mod tour;
mod undo;
