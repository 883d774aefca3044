//! The formats that have names.

use std::io::{self, Write};

use bstr::ByteSlice as _;
use pond_history::{Packs, Stored};
use pond_objects::Tag;

use super::subject::{body_start, subject};
use super::{LogEntry, LogFormat, LogStyle, decoration};
use crate::text::size::{counted, human};
use crate::ui::color::Role;

/// A commit in a format that has a name.
pub(super) fn render(entry: &LogEntry<'_>, style: &LogStyle<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, entry, style).expect("BUG: writing to memory does not fail");
    out
}

/// An annotated tag: who made it, and its message as it is.
pub(super) fn tag(tag: &Tag, style: &LogStyle<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let head = format!("tag {}", tag.name);
    style
        .paint
        .write(&mut out, Role::CommitId, head.as_bytes())
        .expect("BUG: writing to memory does not fail");
    let who = format!("\nTagger: {} <{}>\n", tag.tagger.name, tag.tagger.email);
    out.extend_from_slice(&style.paint.safe(who.as_bytes()));
    out.extend_from_slice(format!("Date:   {}\n", style.date(tag.tagger.when)).as_bytes());
    if !tag.message.is_empty() {
        out.push(b'\n');
        out.extend_from_slice(&style.paint.safe(&tag.message));
    }
    out
}

fn write(out: &mut Vec<u8>, entry: &LogEntry<'_>, style: &LogStyle<'_>) -> io::Result<()> {
    let (commit, paint) = (entry.commit, style.paint);
    let mark = if entry.mark.is_empty() { String::new() } else { format!("{} ", entry.mark) };
    if matches!(style.format, LogFormat::Oneline) {
        paint.write(out, Role::CommitId, format!("{mark}{}", id(entry, style)).as_bytes())?;
        decoration::write_all(out, entry.decorations, (" (", ")"), paint)?;
        out.push(b' ');
        if let Some(reflog) = entry.reflog {
            let selector = reflog.selector(&reflog.name, style);
            out.extend_from_slice(&paint.safe(format!("{selector}: ").as_bytes()));
            out.extend_from_slice(&paint.safe(&reflog.message));
            return Ok(());
        }
        out.extend_from_slice(&paint.safe(&subject(&commit.message)));
        return Ok(());
    }
    paint.write(out, Role::CommitId, format!("commit {mark}{}", id(entry, style)).as_bytes())?;
    decoration::write_all(out, entry.decorations, (" (", ")"), paint)?;
    out.push(b'\n');
    if let Some(reflog) = entry.reflog {
        let (name, address) = &reflog.who;
        let place = format!("Reflog: {} ({name} <{address}>)\n", reflog.selector(&reflog.name, style));
        out.extend_from_slice(&paint.safe(place.as_bytes()));
        let message = [b"Reflog message: ", &reflog.message[..], b"\n"].concat();
        out.extend_from_slice(&paint.safe(&message));
    }
    if matches!(style.format, LogFormat::Raw) {
        let text = commit.encode();
        let headers = text.find(b"\n\n").map_or(&text[..], |end| &text[..=end]);
        out.extend_from_slice(&paint.safe(headers));
    } else {
        write_people(out, entry, style)?;
    }
    write_message(out, &commit.message, style);
    Ok(())
}

/// The commit's id, and that of the parent that it is compared with.
fn id(entry: &LogEntry<'_>, style: &LogStyle<'_>) -> String {
    match entry.from {
        Some(parent) => format!("{} (from {})", style.id(entry.id), style.id(parent)),
        None => style.id(entry.id),
    }
}

fn write_people(out: &mut Vec<u8>, entry: &LogEntry<'_>, style: &LogStyle<'_>) -> io::Result<()> {
    let commit = entry.commit;
    if commit.parents.len() > 1 {
        let parents: Vec<String> = commit.parents.iter().map(|id| (style.short)(id)).collect();
        writeln!(out, "Merge: {}", parents.join(" "))?;
    }
    let mut person = |label: &str, person: &pond_objects::Signature| {
        let text = format!("{} <{}>", person.name, person.email);
        out.extend_from_slice(label.as_bytes());
        out.extend_from_slice(&style.paint.safe(text.as_bytes()));
        out.push(b'\n');
    };
    match style.format {
        LogFormat::Full => {
            person("Author: ", &commit.author);
            person("Commit: ", &commit.committer);
        }
        LogFormat::Fuller => {
            person("Author:     ", &commit.author);
            writeln!(out, "AuthorDate: {}", style.date(commit.author.when))?;
            let text = format!("{} <{}>", commit.committer.name, commit.committer.email);
            out.extend_from_slice(b"Commit:     ");
            out.extend_from_slice(&style.paint.safe(text.as_bytes()));
            writeln!(out, "\nCommitDate: {}", style.date(commit.committer.when))?;
        }
        LogFormat::Short => person("Author: ", &commit.author),
        _ => {
            person("Author: ", &commit.author);
            writeln!(out, "Date:   {}", style.date(commit.author.when))?;
        }
    }
    match entry.stored {
        Some(stored) if matches!(style.format, LogFormat::Fuller) => {
            writeln!(out, "Stored:     {}", said(stored))
        }
        Some(stored) => writeln!(out, "Stored: {}", said(stored)),
        None => Ok(()),
    }
}

/// An operation, and what it stored.
fn said(stored: &Stored) -> String {
    let Some(version) = &stored.version else { return format!("operation {}", stored.operation) };
    let packs = |packs: &Packs, what: &str| {
        let [files, records] = [counted(packs.files, "file"), counted(packs.records, "record")];
        format!("{what} {files}, {records}, {}", human(packs.bytes))
    };
    let kinds = [(&version.meta, "metadata"), (&version.data, "contents")];
    let kinds = kinds.iter().filter(|(found, _)| found.files > 0).map(|(found, what)| packs(found, what));
    let kinds: Vec<String> = kinds.collect();
    format!("operation {}, Delta version {}: {}", stored.operation, version.number, kinds.join("; "))
}

/// Writes a message, indented, below an empty line; only its subject in the short format.
fn write_message(out: &mut Vec<u8>, message: &[u8], style: &LogStyle<'_>) {
    let only_subject = matches!(style.format, LogFormat::Short);
    let expands_tabs = matches!(style.format, LogFormat::Medium | LogFormat::Full | LogFormat::Fuller);
    let end = if only_subject { body_start(message).0 } else { message.len() };
    let lines: Vec<&[u8]> = message[..end].lines().skip_while(|line| line.trim_ascii().is_empty()).collect();
    let kept = lines.iter().rposition(|line| !line.trim_ascii().is_empty()).map_or(0, |last| last + 1);
    if kept == 0 {
        return;
    }
    out.push(b'\n');
    for line in &lines[..kept] {
        let line = style.paint.safe(line.trim_ascii_end());
        out.extend_from_slice(b"    ");
        if expands_tabs {
            expand_tabs(out, &line);
        } else {
            out.extend_from_slice(&line);
        }
        out.push(b'\n');
    }
}

/// Tabs reach to multiples of eight columns of the message, not of the terminal.
fn expand_tabs(out: &mut Vec<u8>, line: &[u8]) {
    let mut column = 0;
    for (at, part) in line.split(|byte| *byte == b'\t').enumerate() {
        if at > 0 {
            let spaces = 8 - column % 8;
            out.resize(out.len() + spaces, b' ');
            column += spaces;
        }
        out.extend_from_slice(part);
        column += super::pad::width(part);
    }
}
