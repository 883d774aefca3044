//! Formats beside those of git itself, where git is on the machine.

use std::process::Command;

use bstr::ByteSlice as _;
use pond_objects::{Signature, Timestamp};

use super::*;

const MESSAGE: &str = "Add the readings\nof station 7\n\n\tTabbed line\n\n- a list\n- of things to be told at some length, so that it wraps\n\nStation: 7\nReviewed-by: Bo <bo@example.org>\n\tand others\n";

fn person(name: &str, seconds: i64, offset_minutes: i16) -> Signature {
    let email = format!("{}@example.org", name.to_lowercase());
    Signature { name: name.to_owned(), email, when: Timestamp { seconds, offset_minutes } }
}

fn commit(message: &str) -> Commit {
    Commit {
        tree: ObjectId::of_content(b"tree"),
        parents: vec![],
        author: person("Ada", 1_777_629_600, 120),
        committer: person("Cy", 1_777_633_200, -330),
        nodes: None,
        extra: vec![],
        message: message.into(),
    }
}

fn print(style: LogStyle<'_>, commits: &[Commit], decorations: &[Decoration]) -> String {
    let mut printer = LogPrinter::new(style);
    let mut out = Vec::new();
    for commit in commits {
        let id = commit.id();
        let entry = LogEntry { decorations, ..LogEntry::new(&id, commit) };
        printer.entry(&mut out, &entry).expect("memory");
    }
    out.to_str_lossy().into_owned()
}

fn format(text: &str, commit: &Commit) -> String {
    let short = ObjectId::short;
    let style =
        LogStyle::new(LogFormat::parse(text).expect("a format"), 1_777_640_000, Paint::default(), &short);
    print(
        style,
        std::slice::from_ref(commit),
        &[Decoration::HeadOn("main".into()), Decoration::Tag("v1".into())],
    )
}

/// A repository with commits like ours in it; none without git.
fn repository(messages: &[&str]) -> Option<tempfile::TempDir> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    git(&directory, &["init", "--quiet", "--initial-branch=main"], "")?;
    for message in messages {
        let made = git(
            &directory,
            &["commit", "--allow-empty", "--cleanup=verbatim", "--quiet", "--file=-"],
            message,
        )?;
        assert_eq!(made, "");
    }
    git(&directory, &["tag", "v1"], "")?;
    Some(directory)
}

fn git(directory: &tempfile::TempDir, arguments: &[&str], input: &str) -> Option<String> {
    let file = directory.path().join(".git-input");
    std::fs::write(&file, input).expect("a file");
    let output = Command::new("git")
        .args(arguments)
        .current_dir(directory.path())
        .stdin(std::fs::File::open(&file).expect("just written"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_AUTHOR_DATE", "1777629600 +0200")
        .env("GIT_COMMITTER_NAME", "Cy")
        .env("GIT_COMMITTER_EMAIL", "cy@example.org")
        .env("GIT_COMMITTER_DATE", "1777633200 -0530")
        .output()
        .ok()?;
    Some(output.stdout.to_str_lossy().into_owned() + &output.stderr.to_str_lossy())
}

/// Hex digits of ids as `#`, whatever their number.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut text = text.to_owned();
    let ids: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(is_id)
        .filter(|word| word.bytes().any(|byte| byte.is_ascii_alphabetic()))
        .map(str::to_owned)
        .collect();
    for id in ids {
        text = text.replace(&id, "#");
    }
    text
}

#[test]
fn formats_are_gits() {
    let Some(directory) = repository(&[MESSAGE]) else { return };
    let commit = commit(MESSAGE);
    let formats = [
        "oneline",
        "short",
        "medium",
        "full",
        "fuller",
        "raw",
        "reference",
        "%H%n%T|%P|%p%d%D",
        "%an %ae %al %ad",
        "%aD|%at|%ai|%aI|%as",
        "%cn %ce %cd|%cD|%ct|%ci|%cI|%cs",
        "%s%n%f%n%b|%B",
        "%%|%x41|%q|%(nothing)|%",
        "%m%e|",
        "%<(10)%an|%>(10)%an|%><(10)%an|%<(8,trunc)%s|%<(8,ltrunc)%s|%<(9,mtrunc)%s",
        "abc   %>>(2)%an|%<|(20)%cn|",
        "a%n%n%-b|%+s% s|%-e|%+e|% e",
        "%w(40,2,4)%s%n%n%b",
        "%w(0,2,4)%b%w()%s",
        "%(trailers)",
        "%(trailers:key=station,valueonly,separator=%x2C)|",
        "%(trailers:unfold,separator=;)",
        "%(trailers:keyonly)",
        "%Cred%s%Creset%C(bold blue)x %C(auto)%h",
        "format:%s",
        "tformat:%s",
        "%aN%aE%cl",
    ];
    for name in formats {
        let theirs = git(&directory, &["log", "--decorate", "--no-color", &format!("--format={name}")], "");
        assert_eq!(
            without_ids(&format(name, &commit)),
            without_ids(&theirs.expect("git ran before")),
            "{name}"
        );
    }
}

#[test]
fn separators_are_gits() {
    let Some(directory) = repository(&["One\n", "Two\n\nbody\n"]) else { return };
    let commits = [commit("Two\n\nbody\n"), commit("One\n")];
    let short = ObjectId::short;
    for name in ["oneline", "short", "medium", "format:%s", "tformat:%s", "%b", ""] {
        let style = LogStyle::new(LogFormat::parse(name).expect("a format"), 0, Paint::default(), &short);
        let theirs =
            git(&directory, &["log", "--no-decorate", "--no-color", &format!("--format={name}")], "");
        assert_eq!(
            without_ids(&print(style, &commits, &[])),
            without_ids(&theirs.expect("git ran before")),
            "{name}"
        );
    }
}

#[test]
fn merges_name_their_parents_and_ids_may_be_short() {
    let mut commit = commit("M\n");
    commit.parents = vec![ObjectId::of_content(b"1"), ObjectId::of_content(b"2")];
    let short = ObjectId::short;
    let style =
        LogStyle { abbreviate: true, ..LogStyle::new(LogFormat::Medium, 0, Paint::default(), &short) };
    let (id, one, two) = (commit.id().short(), commit.parents[0].short(), commit.parents[1].short());
    let text = print(style, &[commit], &[]);
    assert!(text.starts_with(&format!("commit {id}\nMerge: {one} {two}\nAuthor: Ada <")), "{text}");
}

#[test]
fn a_terminal_gets_colours_and_no_control_characters() {
    let short = ObjectId::short;
    let paint = Paint { color: true, escape: true };
    let commit = commit("Bad \x1b]0;title\x07\n");
    let format = LogFormat::parse("%C(auto)%h%d %s").expect("a format");
    let decorations = [Decoration::HeadOn("main".into()), Decoration::Tag("v1".into())];
    let text = print(LogStyle::new(format, 0, paint, &short), std::slice::from_ref(&commit), &decorations);
    let id = commit.id().short();
    assert_eq!(
        text.replace("\x1b[0m", "").replace("\x1b[1m", ""),
        format!(
            "\x1b[33m{id}\x1b[33m (\x1b[36mHEAD -> \x1b[32mmain\x1b[33m, \x1b[33mtag: v1\x1b[33m) Bad \\033]0;title\\a\n"
        )
    );
    let text = print(LogStyle::new(LogFormat::Medium, 0, paint, &short), &[commit], &[]);
    assert!(text.starts_with("\x1b[33mcommit ") && text.contains("    Bad \\033]0;title\\a\n"));
}

#[test]
fn unknown_names_are_refused() {
    assert!(LogFormat::parse("pretty").is_err());
}

#[test]
fn json_has_every_fact() {
    let commit = commit(MESSAGE);
    let decorations = [Decoration::HeadOn("main".into())];
    let id = commit.id();
    let entry = LogEntry { decorations: &decorations, ..LogEntry::new(&id, &commit) };
    let document = commit_json(&entry);
    assert_eq!(document["id"], commit.id().to_hex());
    assert_eq!(document["author"]["time"], "2026-05-01T12:00:00+02:00");
    assert_eq!(document["subject"], "Add the readings of station 7");
    assert_eq!(document["trailers"][1]["value"], "Bo <bo@example.org> and others");
    assert_eq!(document["refs"][0]["name"], "main");
}
