//! Merges, compared with git's where it is installed.
//!
//! `POND_MERGE_ROUNDS` asks for more random scenarios than a test run takes.

mod conflicts;
mod git;
mod history;
mod laws;
mod oracle;
mod pond;
mod random;
mod scenario;
mod texts;
mod trees;

/// How many random scenarios are tried.
pub(crate) fn rounds(usual: u64) -> u64 {
    std::env::var("POND_MERGE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}
