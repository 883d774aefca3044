//! Why there is nothing to commit, and what there is instead.

use bstr::BString;
use pond_objects::Kind;

use crate::error::{CommandError, nothing};
use crate::workspace::Workspace;
use pond_mirror::host::walk::Untracked;
use pond_mirror::scan::{Hashing, HostChange, Scan, ScanOptions, State, scan};
use pond_objects::escape;

/// Paths of a kind that are listed.
const LISTED: usize = 20;

/// The error of a commit without changes: with what is changed and not staged, or not tracked.
pub(super) fn error(workspace: &Workspace<'_>) -> CommandError {
    let waiting = workspace.index.header().pending.as_ref();
    if let Some(picked) = waiting.filter(|waiting| waiting.commit().is_some()) {
        let command = picked.doing.command();
        return nothing(format_args!("nothing is left of what the {command} would bring")).hint(
            format_args!("'pond {command} --skip' leaves it out, 'pond commit --allow-empty' records it"),
        );
    }
    // Whatever keeps the mirror from being read, there is nothing to commit.
    let scan = look(workspace).unwrap_or_default();
    let changed = lines(&scan, |change| match change.state {
        State::Missing => Some("deleted: "),
        State::Modified | State::MaybeChanged | State::Unstable => Some("modified: "),
        State::Special(_) => change.row.map(|_| "modified: "),
        State::TypeChanged => Some("typechange: "),
        State::Untracked | State::Held => None,
    });
    let untracked = lines(&scan, |change| (change.state == State::Untracked).then_some(""));
    match (changed.is_empty(), untracked.is_empty()) {
        (true, true) => {
            let error = nothing("nothing to commit: what is staged is what the last commit has");
            match workspace.index.is_empty() {
                true => error.hint("there are no files here yet"),
                false => {
                    error.hint("nothing is changed in the mirror either; --allow-empty commits all the same")
                }
            }
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

fn look(workspace: &Workspace<'_>) -> Result<Scan, CommandError> {
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: None,
        untracked: Untracked::Normal,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    Ok(scan(workspace.pond.mirror_root(), &workspace.index, options)?)
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
    if lines.len() > LISTED {
        text.push_str(&format!("\n  and {} more", lines.len() - LISTED));
    }
    text
}
