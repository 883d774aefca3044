//! What there is where there is nothing to commit, in words.

use bstr::BString;
use pond_mirror::scan::{HostChange, Scan, State};
use pond_objects::{Kind, escape};
use pond_workspace::commit::CommitError;

use crate::error::{CommandError, nothing};
use crate::text::list::more_than;

/// Paths of a kind that are listed.
const LISTED: usize = 20;

/// The error of a commit without changes: with what is changed and not staged, or not tracked.
pub(super) fn words(error: &CommitError, scan: &Scan, tracks: bool) -> CommandError {
    let changed = lines(scan, |change| match change.state {
        State::Missing => Some("deleted: "),
        State::Modified | State::MaybeChanged | State::Unstable => Some("modified: "),
        State::Special(_) => change.row.map(|_| "modified: "),
        State::TypeChanged => Some("typechange: "),
        State::Untracked | State::Held => None,
    });
    let untracked = lines(scan, |change| (change.state == State::Untracked).then_some(""));
    match (changed.is_empty(), untracked.is_empty()) {
        (true, true) if !tracks => nothing(error).hint("there are no files here yet"),
        (true, true) => {
            nothing(error).hint("nothing is changed in the mirror either; --allow-empty commits all the same")
        }
        (true, false) => {
            nothing(format_args!("nothing added to commit but untracked files present:{}", list(&untracked)))
                .hint("'pond add' tracks them")
        }
        (false, true) => nothing(format_args!("no changes added to commit:{}", list(&changed)))
            .hint("'pond add' stages changes, -a those of tracked files"),
        (false, false) => nothing(format_args!(
            "no changes added to commit:{}\nuntracked files:{}",
            list(&changed),
            list(&untracked)
        ))
        .hint("'pond add' stages changes and tracks files, -a stages changes of tracked files"),
    }
}

/// The changes that get a word, each with its word.
fn lines(scan: &Scan, word: impl Fn(&HostChange) -> Option<&'static str>) -> Vec<String> {
    let line = |change: &HostChange| {
        let word = word(change)?;
        let mut path: BString = change.path.clone();
        if change.kind == Some(Kind::Directory) {
            path.push(b'/');
        }
        Some(format!("{word}{}", escape::quoted(&path)))
    };
    scan.changes.iter().filter_map(line).collect()
}

fn list(lines: &[String]) -> String {
    let mut text: String = lines.iter().take(LISTED).map(|line| format!("\n  {line}")).collect();
    text.extend(more_than(lines.len(), LISTED));
    text
}
