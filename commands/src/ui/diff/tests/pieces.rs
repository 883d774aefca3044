//! Texts that are read piece by piece are shown as those that are in memory.

use super::*;

/// A text of many lines, and the same after some edits far from each other or near.
fn long_and_edited(numbers: &mut Numbers, is_repetitive: bool) -> (Vec<u8>, Vec<u8>) {
    let line = |numbers: &mut Numbers, number: u64| {
        let word = if is_repetitive { numbers.below(4) } else { number * 1000 + numbers.below(1000) };
        match numbers.below(20) {
            0 => format!("section{word}\r\n"),
            1 => format!("{}{word}\n", "x".repeat(300)),
            _ => format!("{:>width$}\n", word, width = 4 + numbers.below(3) as usize * 2),
        }
    };
    let length = 100 + numbers.below(900);
    let old: Vec<String> = (0..length).map(|number| line(numbers, number)).collect();
    let mut new = old.clone();
    for edit in 0..1 + numbers.below(6) {
        let at = numbers.below(new.len() as u64 + 1) as usize;
        match numbers.below(4) {
            0 => new.insert(at, line(numbers, 5000 + edit)),
            1 if at < new.len() => drop(new.remove(at)),
            2 if at < new.len() => new[at] = line(numbers, 6000 + edit),
            _ => drop(new.drain(at..(at + 5).min(new.len()))),
        }
    }
    let mut text = |lines: Vec<String>| {
        let mut text = lines.concat().into_bytes();
        if numbers.below(3) == 0 {
            text.pop();
        }
        text
    };
    (text(old), text(new))
}

/// All that is written of changes whose contents are read in pieces is what is written of those that are in memory.
fn assert_pieces_make_no_difference(fixture: &mut Fixture, case: usize, options: DiffOptions) {
    let forms = Forms { patch: true, numstat: true, ..Forms::NONE };
    let context = [3, 0, 1, 10, 5000][case % 5];
    let word_diff = if case.is_multiple_of(7) { WordDiff::Plain } else { WordDiff::None };
    let whole = DiffOptions { forms, context, word_diff, ..options };
    let windows = Limits { margin: [64, 4, 1, 0][case % 4], ..Limits::default() };
    let pieces = DiffOptions { limit: 0, windows, ..whole.clone() };
    assert_eq!(fixture.render(&pieces), fixture.render(&whole), "case {case}");
    let reverse = |options| DiffOptions { reverse: true, ..options };
    assert_eq!(fixture.render(&reverse(pieces)), fixture.render(&reverse(whole)), "case {case}, -R");
}

#[test]
fn pieces_make_no_difference() {
    let mut numbers = Numbers(11);
    let paint = Paint { color: true, escape: true };
    for case in 0..100 {
        let (old, new) = long_and_edited(&mut numbers, false);
        let mut fixture = Fixture::default();
        fixture.change("f", Some(&old), Some(&new));
        fixture.change("gone", Some(&old), None);
        fixture.change("new", None, Some(&new));
        assert_pieces_make_no_difference(&mut fixture, case, DiffOptions { paint, ..DiffOptions::default() });
    }
}

/// Nor where lines are taken for equal whose bytes differ.
#[test]
fn pieces_make_no_difference_where_whitespace_is_ignored() {
    let mut numbers = Numbers(17);
    for case in 0..120 {
        let (old, new) = long_and_edited(&mut numbers, false);
        let mut spaced = Vec::new();
        for line in new.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if numbers.below(5) == 0 {
                spaced.extend_from_slice([&b""[..], b" ", b"\t"][numbers.below(3) as usize]);
                spaced.extend_from_slice(&text.replace(b" ", b"   "));
                spaced.extend_from_slice([&b""[..], b"  ", b"\r"][numbers.below(3) as usize]);
                spaced.extend_from_slice(&line[text.len()..]);
            } else {
                spaced.extend_from_slice(line);
            }
        }
        let mut fixture = Fixture::default();
        fixture.change("f", Some(&old), Some(&spaced));
        let whitespace = [Whitespace::IgnoreAll, Whitespace::IgnoreAtEnd, Whitespace::IgnoreAmount][case % 3];
        let options = DiffOptions { whitespace, ..DiffOptions::default() };
        assert_pieces_make_no_difference(&mut fixture, case, options);
    }
}

/// Whatever the texts are and however small the windows, `git apply` makes the new text of the old one.
#[test]
fn patches_of_pieces_apply() {
    let mut numbers = Numbers(12);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut texts = Vec::new();
    for case in 0..200 {
        let (old, new) = long_and_edited(&mut numbers, case % 3 > 0);
        let name = format!("{case:03}");
        fs::write(directory.path().join(&name), &old).expect("a new file");
        texts.push((name, old, new));
    }
    let mut patch = String::new();
    let mut same = 0;
    for (case, (name, old, new)) in texts.iter().enumerate() {
        let mut fixture = Fixture::default();
        fixture.change(name, Some(old), Some(new));
        let windows = match case % 2 {
            0 => Limits { margin: 8, ..Limits::default() },
            _ => Limits { window: 400, lines: 1 + case % 40, margin: 2, changes: 1 + case % 5 },
        };
        let one = fixture.render(&DiffOptions { limit: 0, windows, ..DiffOptions::default() });
        same += usize::from(case % 2 == 0 && one == fixture.render(&DiffOptions::default()));
        patch.push_str(&one);
    }
    assert!(same >= 90, "{same} of 100 as of texts in memory");
    fs::write(directory.path().join("patch"), &patch).expect("a new file");
    let Some(applied) = git(directory.path(), &["apply", "patch"]) else { return };
    assert!(applied.status.success(), "{}", applied.stderr.to_str_lossy());
    for (name, _, new) in texts {
        assert!(fs::read(directory.path().join(&name)).expect("patched") == new, "{name}");
    }
}

/// The same of one result against two versions at once.
#[test]
fn pieces_make_no_difference_to_combined_diffs() {
    let mut numbers = Numbers(13);
    let mut shown = 0;
    for case in 0..150 {
        let (base, ours) = long_and_edited(&mut numbers, false);
        let mut lines: Vec<&[u8]> = lines::split(&base);
        for _ in 0..1 + numbers.below(3) {
            let at = numbers.below(lines.len() as u64) as usize;
            match numbers.below(3) {
                0 => lines.insert(at, b"section theirs\n"),
                1 => drop(lines.remove(at)),
                _ => lines[at] = b"theirs\n",
            }
        }
        let theirs = lines.concat();
        // Some lines of each, and some of neither.
        let (half, rest) = (ours.len() / 2, theirs.len() / 2);
        let result = [&ours[..half], b"\nneither\n", &theirs[rest..]].concat();
        let mut fixture = Fixture::default();
        let parents = [&ours, &theirs].map(|content| Some(fixture.side(Kind::File, content)));
        let new = Some(fixture.side(Kind::File, &result));
        let combined = Combined {
            path: "f".into(),
            parents: parents.to_vec(),
            renamed: vec![false; 2],
            new,
            is_in_mirror: case % 3 == 0,
        };
        let mut render = |options: &DiffOptions| {
            let mut out = Vec::new();
            write_conflicts(&mut out, std::slice::from_ref(&combined), &[], &mut fixture, options)
                .expect("memory");
            out.to_str_lossy().into_owned()
        };
        let context = [3, 0, 1, 10, 5000][case % 5];
        let whole = DiffOptions { context, dense: case % 2 == 0, ..DiffOptions::default() };
        let pieces = DiffOptions { limit: 0, ..whole.clone() };
        let expected = render(&whole);
        shown += usize::from(expected.contains("@@@"));
        assert_eq!(render(&pieces), expected, "case {case}");
    }
    assert!(shown > 100, "{shown} with hunks");
}
