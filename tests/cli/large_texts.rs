//! Texts that are not held in memory: what they show beside git, and what merging them comes to.

use std::fs;

use crate::harness::TestPond;
use crate::merge::Pair;

/// A table of at least so many bytes, without its last rows.
fn table(size: usize) -> Vec<String> {
    let mut rows = vec!["time,station,temperature,state\n".to_owned()];
    let mut length = rows[0].len();
    let mut number = 0_u64;
    while length < size {
        number += 1;
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let row = format!(
            "{},ST{:02},{}.{:03},ok\n",
            1_700_000_000 + 10 * number,
            number % 7,
            mixed >> 60,
            mixed >> 32 & 511
        );
        length += row.len();
        rows.push(row);
    }
    rows
}

const MIB: usize = 1 << 20;

/// The text without the lines that name ids.
fn without_ids(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("index "));
    lines.map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn same(pair: &Pair, command: &str) {
    let args: Vec<&str> = command.split_whitespace().collect();
    let pond = pair.pond.run(&args).expect_code(0).expect_no_panic();
    let (pond, git) = (without_ids(&pond.out()), without_ids(&pair.git(&args).1));
    let differing = pond.lines().zip(git.lines()).find(|(pond, git)| pond != git);
    assert!(pond == git, "{command}: {} and {} bytes; {differing:?}", pond.len(), git.len());
}

#[test]
fn a_large_table_has_a_diff() {
    let Some(pair) = Pair::new() else { return };
    let mut rows = table(17 * MIB);
    pair.write("data.csv", rows.concat());
    pair.commit("table");
    let middle = rows.len() / 2;
    rows[1000] = rows[1000].replace("ok", "bad");
    rows.drain(middle..middle + 7);
    rows.insert(middle + 5000, "in between\n".to_owned());
    rows.push("1999999999,ST09,1.000,appended".to_owned());
    pair.write("data.csv", rows.concat());
    for command in [
        "diff",
        "diff -U0",
        "diff -U12",
        "diff -a",
        "diff -w",
        "diff --word-diff",
        "diff --diff-algorithm=histogram",
        "diff --stat",
        "diff --numstat",
        "diff --shortstat",
    ] {
        same(&pair, command);
    }
    pair.pond.run(&["diff", "--quiet"]).expect_code(1);
    pair.commit("changed");
    for command in [
        "diff HEAD~1 HEAD",
        "diff --stat HEAD HEAD~1",
        "show --format=%s",
        "show --stat --format=%s",
        "log -1 -p --format=%s",
        "log --numstat --format=%s",
    ] {
        same(&pair, command);
    }
    pair.remove("data.csv");
    same(&pair, "diff --numstat");
    let json = pair.pond.ok(&["--json", "diff", "HEAD~1", "HEAD"]);
    assert!(json.contains("\"added_lines\":3") && json.contains("\"deleted_lines\":8"), "{json}");
}

#[test]
fn large_texts_of_every_kind_have_a_diff() {
    let Some(pair) = Pair::new() else { return };
    let long = "0123456789".repeat(17 * MIB / 10);
    let rows = table(17 * MIB);
    let other: String = rows.iter().map(|row| row.replace(",ST", ";ST")).collect();
    let late = [rows.concat().as_bytes(), b"\0"].concat();
    let texts: [(&str, Vec<u8>, Vec<u8>); 4] = [
        ("one-line", format!("{{\n{long}\n}}\n").into(), format!("{{\n{long}x\n}}\n").into()),
        ("every-line", rows.concat().into(), other.into()),
        ("late-nul", late.clone(), [&late[..], b"\n"].concat()),
        ("binary", [b"\0", &late[..]].concat(), late),
    ];
    for (name, old, _) in &texts {
        pair.write(name, old);
    }
    pair.commit("all");
    for (name, _, new) in &texts {
        pair.write(name, new);
    }
    same(&pair, "diff --numstat");
    for (name, ..) in &texts[..3] {
        same(&pair, &format!("diff {name}"));
    }
    let shown = pair.pond.ok(&["diff", "binary"]);
    assert!(shown.contains("Binary files a/binary and b/binary differ\n 17.0 MiB -> 17.0 MiB"), "{shown}");
}

#[test]
fn a_large_file_merges_by_line() {
    let pond = TestPond::new();
    let base = table(66 * MIB);
    let end = base.len();
    let with = |edits: &[(usize, &str)]| -> String {
        let mut rows = base.clone();
        for (at, row) in edits {
            match rows.get_mut(*at) {
                Some(old) => *old = (*row).to_owned(),
                None => rows.push((*row).to_owned()),
            }
        }
        rows.concat()
    };
    let commit = |content: String, message: &str| {
        pond.write("data.csv", content);
        pond.ok(&["commit", "-q", "-a", "-m", message]);
    };
    pond.write("data.csv", base.concat());
    pond.ok(&["add", "data.csv"]);
    pond.ok(&["commit", "-q", "-m", "base"]);
    pond.ok(&["branch", "side"]);
    commit(with(&[(end, "appended\n")]), "append");
    pond.ok(&["switch", "-q", "side"]);
    commit(with(&[(1000, "corrected\n")]), "correct");
    pond.ok(&["switch", "-q", "main"]);
    pond.ok(&["merge", "-m", "both", "side"]);
    let read = || fs::read_to_string(pond.path("data.csv")).expect("the file");
    assert!(read() == with(&[(1000, "corrected\n"), (end, "appended\n")]), "a merge without conflicts");
    assert_eq!(pond.ok(&["diff", "--numstat", "HEAD~1", "HEAD"]), "1\t1\tdata.csv\n");

    commit(with(&[(1000, "corrected\n"), (5000, "ours\n"), (end, "appended\n")]), "ours");
    pond.ok(&["switch", "-q", "side"]);
    commit(with(&[(1000, "corrected\n"), (5000, "theirs\n"), (9000, "far away\n")]), "theirs");
    pond.ok(&["switch", "-q", "main"]);
    pond.run(&["merge", "side"]).expect_code(1);
    let conflict = |ours: &str, theirs: &str| {
        let conflict = format!("<<<<<<< {ours}\nours\n=======\ntheirs\n>>>>>>> {theirs}\n");
        with(&[(1000, "corrected\n"), (5000, &conflict), (9000, "far away\n"), (end, "appended\n")])
    };
    assert!(read() == conflict("HEAD", "side"), "a conflict is marked, and what is not in it merged");
    let shown = pond.ok(&["diff"]);
    assert!(shown.contains("@@@ -4998,7 -4998,7 +4998,11 @@@ correcte\n"), "{shown}");
    assert!(shown.contains("\n++<<<<<<< HEAD\n +ours\n++=======\n+ theirs\n++>>>>>>> side\n"), "{shown}");
    pond.write("data.csv", "spoilt\n");
    pond.ok(&["checkout", "-m", "--", "data.csv"]);
    assert!(read() == conflict("ours", "theirs"), "a conflict is written anew");
    pond.ok(&["merge", "--abort"]);
    pond.ok(&["merge", "-X", "theirs", "-m", "theirs", "side"]);
    let expected =
        with(&[(1000, "corrected\n"), (5000, "theirs\n"), (9000, "far away\n"), (end, "appended\n")]);
    assert!(read() == expected, "theirs where both changed the same");
}

#[test]
fn a_stash_of_a_large_file_goes_along_with_what_came_meanwhile() {
    let pond = TestPond::new();
    let mut rows = table(66 * MIB);
    pond.write("data.csv", rows.concat());
    pond.ok(&["add", "data.csv"]);
    pond.ok(&["commit", "-q", "-m", "base"]);
    rows[1000] = "stashed\n".to_owned();
    pond.write("data.csv", rows.concat());
    pond.ok(&["stash"]);
    rows[1000] = table(MIB)[1000].clone();
    rows[2000] = "committed\n".to_owned();
    pond.write("data.csv", rows.concat());
    pond.ok(&["commit", "-q", "-a", "-m", "meanwhile"]);
    pond.ok(&["stash", "pop"]);
    rows[1000] = "stashed\n".to_owned();
    assert!(fs::read_to_string(pond.path("data.csv")).expect("the file") == rows.concat(), "both are there");
}
