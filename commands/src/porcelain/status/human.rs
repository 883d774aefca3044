//! The report in sections, for people.

use std::io::{self, Write};

use bstr::{BStr, BString};
use pond_history::diff::status_letter;
use pond_mirror::index::pending::Sequence;
use pond_objects::path::relative;
use pond_objects::{Kind, escape};
use pond_workspace::status::{Status, Unstaged, Waiting};

use crate::error::CommandError;
use crate::text::size::counted;
use crate::ui::Ui;
use crate::ui::color::{Painted, Role};

/// Writes the report. `listed`: untracked files were looked for.
pub(super) fn write(ui: &Ui, report: &Status, cwd: &BString, listed: bool) -> Result<(), CommandError> {
    let page = Page { report, cwd, listed, color: ui.has_color(), hints: !ui.is_quiet() };
    page.write(&mut ui.out())?;
    Ok(())
}

/// So many paths that are due are named: they are all that one command was about, and nobody has to decide about each.
const DUE_LISTED: usize = 20;

struct Page<'a> {
    report: &'a Status,
    cwd: &'a BString,
    listed: bool,
    color: bool,
    hints: bool,
}

impl Page<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let report = self.report;
        self.head(out)?;
        // What only has conflicts has no end of its own.
        if let Some(waiting) = report.waiting.as_ref().filter(|waiting| !waiting.doing.is_only_conflicts()) {
            self.waiting(out, waiting)?;
        }
        if !report.staged.is_empty() {
            let undo = match report.commit {
                Some(_) => "'pond restore --staged PATH' takes a change out",
                None => "'pond rm --cached PATH' takes a file out",
            };
            self.section(out, "Changes to be committed:", &[undo])?;
            for change in &report.staged {
                let is_dir = change.new.or(change.old).is_some_and(|side| side.kind == Kind::Directory);
                let mut text = match &change.old_path {
                    Some(old_path) => format!("{} -> {}", self.path(old_path), self.path(&change.path)),
                    None => self.path(&change.path),
                };
                if is_dir {
                    text.push('/');
                }
                self.line(out, Role::Staged, label(status_letter(change), is_dir), &text, "")?;
            }
        }
        if !report.unmerged.is_empty() {
            let hints = [
                "'pond add PATH' says that one is decided",
                "'pond checkout --ours PATH', --theirs take one side",
            ];
            self.section(out, "Paths in conflict:", &hints)?;
            for one in &report.unmerged {
                let text = format!("{:<17}{}", format!("{}:", one.words), self.path(&one.path));
                self.line(out, Role::Conflict, "", &text, "")?;
            }
        }
        if !report.unstaged.is_empty() {
            let hints = ["'pond add PATH' stages a change", "'pond restore PATH' discards it"];
            self.section(out, "Changes not staged for commit:", &hints)?;
            for change in &report.unstaged {
                let note = note(change);
                self.line(out, Role::Unstaged, label(change.letter, false), &self.path(&change.path), &note)?;
            }
        }
        if !report.due.is_empty() {
            let undo = format!("'pond {}' takes that command back", report.due_is_taken_back_by);
            let hints = ["the next command that changes the mirror does it", &undo];
            self.section(out, "Not yet written by a command that was interrupted:", &hints)?;
            for target in report.due.iter().take(DUE_LISTED) {
                let label = if target.side.is_some() { "to write:" } else { "to remove:" };
                self.line(out, Role::Unstaged, label, &self.path(&target.path), "")?;
            }
            if let Some(more) = report.due.len().checked_sub(DUE_LISTED).filter(|more| *more > 0) {
                writeln!(out, "\tand {more} more (--json lists them all)")?;
            }
        }
        if !report.held.is_empty() {
            // The directories that are to blame are named on stderr; a list of all that is in them helps nobody.
            let files = counted(report.held.len() as u64, "tracked file");
            writeln!(out, "\nNot looked at: {files}")?;
        }
        if !report.untracked.is_empty() {
            self.section(out, "Untracked files:", &["'pond add PATH' tracks a file"])?;
            for (path, _) in &report.untracked {
                self.line(out, Role::Untracked, "", &self.path(path), "")?;
            }
        }
        if !report.ignored.is_empty() {
            self.section(out, "Ignored files:", &["'pond add -f PATH' tracks one all the same"])?;
            for path in &report.ignored {
                self.line(out, Role::Untracked, "", &self.path(path), "")?;
            }
        }
        self.foot(out)
    }

    fn head(&self, out: &mut impl Write) -> io::Result<()> {
        match (&self.report.branch, self.report.commit) {
            (Some(branch), _) => writeln!(out, "On branch {}", escape::plain(branch.as_bytes()))?,
            (None, Some(commit)) => {
                let words =
                    Painted { text: "HEAD is detached", style: self.color.then(|| Role::Conflict.style()) };
                writeln!(out, "{words} at {}", commit.short())?;
                if self.hints {
                    writeln!(out, "  (a commit made here is on no branch)")?;
                }
            }
            (None, None) => writeln!(out, "On no branch")?,
        }
        if self.report.commit.is_none() {
            writeln!(out, "\nNo commits yet")?;
        }
        Ok(())
    }

    /// What is under way, and how it goes on.
    fn waiting(&self, out: &mut impl Write, waiting: &Waiting) -> io::Result<()> {
        let command = waiting.doing.command();
        let of = waiting.commit.map_or_else(String::new, |commit| format!(" of {}", commit.short()));
        let left = counted(waiting.queue.len() as u64, "commit");
        let next = waiting.queue.first().filter(|_| !waiting.is_commit_due);
        let is_empty = waiting.doing != Sequence::Merge && waiting.is_empty && next.is_none();
        let state = match (next, waiting.conflicts) {
            (Some(next), _) => format!(": {left} left, the next is {}", next.short()),
            (None, 0) if is_empty => ", and nothing of it is left to be committed".to_owned(),
            (None, 0) => ", and all its conflicts are decided".to_owned(),
            (None, count) => format!(": {} in conflict", counted(count as u64, "path")),
        };
        writeln!(out, "\nA {command}{of} is under way{state}")?;
        if next.is_none() && !waiting.queue.is_empty() {
            writeln!(out, "{left} after it")?;
        }
        if self.hints && is_empty && waiting.conflicts == 0 {
            writeln!(
                out,
                "  ('pond {command} --skip' leaves it out, 'pond commit --allow-empty' records it, 'pond {command} --abort' goes back)"
            )?;
        } else if self.hints {
            let going_on = if waiting.queue.is_empty() { "ends it" } else { "goes on" };
            let skip = match next {
                _ if waiting.queue.is_empty() || !waiting.can_skip => "",
                Some(_) => ", --skip leaves the next out",
                None => ", --skip leaves this one out",
            };
            writeln!(
                out,
                "  ('pond {command} --continue' {going_on}{skip}, 'pond {command} --abort' goes back)"
            )?;
        }
        Ok(())
    }

    fn section(&self, out: &mut impl Write, title: &str, hints: &[&str]) -> io::Result<()> {
        writeln!(out, "\n{title}")?;
        for hint in hints.iter().filter(|_| self.hints) {
            writeln!(out, "  ({hint})")?;
        }
        Ok(())
    }

    fn line(&self, out: &mut impl Write, role: Role, label: &str, text: &str, note: &str) -> io::Result<()> {
        let width = if label.is_empty() { 0 } else { 12 };
        let text = format!("{label:width$}{text}");
        writeln!(out, "\t{}{note}", Painted { text, style: self.color.then(|| role.style()) })
    }

    fn path(&self, path: &BString) -> String {
        escape::quoted(&relative(BStr::new(path), self.cwd)).into_owned()
    }

    fn foot(&self, out: &mut impl Write) -> io::Result<()> {
        let report = self.report;
        let text = match () {
            () if !report.staged.is_empty() || self.has_conflicts_or_merges() => return Ok(()),
            () if !report.unstaged.is_empty() => {
                "nothing is staged ('pond add' stages changes, 'pond commit -a' those of tracked files)"
            }
            () if !report.untracked.is_empty() => {
                "nothing is staged, but there are untracked files ('pond add' tracks them)"
            }
            () if !report.due.is_empty() => return Ok(()),
            () if !report.held.is_empty() => "nothing is staged, and not everything could be looked at",
            () if !self.listed => "nothing to commit (untracked files were not looked for; -u lists them)",
            () if report.commit.is_none() => "nothing to commit ('pond add' stages files)",
            () => return self.clean(out),
        };
        // What stands in brackets is advice.
        let text = if self.hints { text } else { text.split(" (").next().unwrap_or(text) };
        writeln!(out, "\n{text}")
    }

    /// Whether there is something to do that is not said with the files that changed: a merge is recorded even where it
    /// changes nothing.
    fn has_conflicts_or_merges(&self) -> bool {
        let waiting = self.report.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.conflicts > 0 || waiting.doing == Sequence::Merge)
    }

    fn clean(&self, out: &mut impl Write) -> io::Result<()> {
        let is_first = self.report.ignored.is_empty() && self.report.waiting.is_none();
        let gap = if is_first { "" } else { "\n" };
        writeln!(out, "{gap}nothing to commit, mirror clean")
    }
}

fn label(letter: char, is_dir: bool) -> &'static str {
    match letter {
        'A' if is_dir => "new dir:",
        'A' => "new file:",
        'D' => "deleted:",
        'R' => "renamed:",
        'T' => "typechange:",
        _ => "modified:",
    }
}

fn note(change: &Unstaged) -> String {
    match change.special {
        Some(word) => format!(" (it is a {word})"),
        None if change.unstable => " (it is being written to)".to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use pond_objects::{Change, ObjectId, Side};

    use super::*;

    fn text(report: &Status, listed: bool) -> String {
        let cwd = BString::default();
        let mut out = Vec::new();
        Page { report, cwd: &cwd, listed, color: false, hints: true }.write(&mut out).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_clean_mirror_is_two_lines() {
        let commit = Some(ObjectId::of_content(b"c"));
        let report = Status { branch: Some("main".to_owned()), commit, ..Status::default() };
        assert_eq!(text(&report, true), "On branch main\nnothing to commit, mirror clean\n");
        assert!(
            text(&report, false)
                .ends_with("\nnothing to commit (untracked files were not looked for; -u lists them)\n")
        );
    }

    #[test]
    fn sections_stand_apart() {
        let side = Side { kind: Kind::File, id: ObjectId::of_content(b"1"), size: 1 };
        let report = Status {
            branch: Some("main".to_owned()),
            staged: vec![Change::at("a".into(), None, Some(side))],
            untracked: vec![("b/".into(), Some(Kind::Directory))],
            ..Status::default()
        };
        let expected = "On branch main\n\nNo commits yet\n\nChanges to be committed:\n  \
            ('pond rm --cached PATH' takes a file out)\n\tnew file:   a\n\nUntracked files:\n  \
            ('pond add PATH' tracks a file)\n\tb/\n";
        assert_eq!(text(&report, true), expected);
    }
}
