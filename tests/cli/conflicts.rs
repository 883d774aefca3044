//! Paths in conflict: how `diff` and `show` show them, what a stash leaves, and what other commands do with them; beside
//! git where it knows the same.

use std::fs;

use crate::harness::{Random, TestPond};
use crate::merge::{Pair, files, lines, two_branches, without_ids};

/// A text without ids, and without what pond says of binary files beyond git.
fn plain(text: &str) -> String {
    let is_summary =
        |line: &&str| line.starts_with(' ') && line.contains(" -> ") && line.contains(" shared, ");
    let clean = |line: &str| match line.starts_with("index ") {
        true => "index".to_owned(),
        false => without_ids(&format!(">>>>>>> {line}")).trim_start_matches(">>>>>>> ").to_owned(),
    };
    text.lines().filter(|line| !is_summary(line)).map(|line| clean(line) + "\n").collect()
}

/// Expects the same text from both.
#[track_caller]
fn same(pair: &Pair, args: &[&str]) -> String {
    let pond = pair.pond.run(args).expect_no_panic();
    let (_, git) = pair.git(args);
    let (pond, git) = (plain(&pond.out()), plain(&git));
    assert_eq!(pond, git, "{args:?}\npond:\n{pond}\ngit:\n{git}");
    git
}

#[test]
fn a_diff_of_conflicts_is_gits() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair);
    assert!(!pair.both(&["merge", "side"]));
    let shown = same(&pair, &["diff"]);
    assert!(shown.contains("diff --cc text\n") && shown.contains("@@@ -1,6 -1,6 +1,10 @@@"), "{shown}");
    assert!(shown.contains("* Unmerged path deleted by ours\n"), "{shown}");
    for option in
        ["-U0", "-U1", "-U20", "--name-only", "--name-status", "--numstat", "--stat", "--shortstat", "-w"]
    {
        same(&pair, &["diff", option]);
    }
    for option in ["--ours", "--theirs", "--base", "-1", "-2", "-3"] {
        same(&pair, &["diff", option]);
        same(&pair, &["diff", option, "--name-status"]);
    }
    for option in ["--stat", "--name-status", "--diff-filter=U"] {
        same(&pair, &["diff", "--cached", option, "--", "text", "added by both"]);
    }
    for option in [&[][..], &["-R"], &["--cached"], &["--cached", "-R"], &["--cached", "HEAD~1"]] {
        let raw = [&["diff", "--raw", "--diff-filter=U"], option].concat();
        let modes = |text: &str| -> Vec<String> {
            let line =
                |line: &str| format!("{} {}", &line[..14], line.rsplit(' ').next().unwrap_or_default());
            text.lines().map(line).collect()
        };
        assert_eq!(modes(&pair.pond.ok(&raw)), modes(&pair.git(&raw).1), "{raw:?}");
    }
    same(&pair, &["diff", "HEAD", "--", "text", "added by both"]);
    assert_eq!(same(&pair, &["diff", "--name-only", "--diff-filter=U"]).matches("text").count(), 1);
    pair.pond.fails(&["diff", "--ours", "HEAD"], 129);
    pair.pond.run(&["diff", "--quiet"]).expect_code(1);
    // What was done about them shows, and what is decided is an ordinary change.
    pair.write("text", lines(&[(3, "both"), (10, "theirs only"), (20, "ours only")]));
    pair.write("added by both", "neither\n");
    same(&pair, &["diff"]);
    pair.remove("binary");
    same(&pair, &["diff", "--", "binary", "text"]);
    pair.both(&["add", "text"]);
    pair.write("text", lines(&[(3, "both, and more")]));
    same(&pair, &["diff", "--", "added by both", "text"]);
    let rows = pair.pond.lines(&["diff", "--json", "--", "added by both"]);
    assert!(rows[0].contains("\"change\":\"unmerged\"") && rows.len() == 2, "{rows:?}");
}

#[test]
fn files_go_along_with_a_directory_that_was_emptied() {
    for is_removed in [false, true] {
        let Some(pair) = Pair::new() else { return };
        for name in ["x/1", "x/2", "x/3", "z/moved", "z/edited", "z/stays"] {
            pair.write(name, lines(&[(1, name)]));
        }
        pair.commit("base");
        pair.both(&["branch", "side"]);
        pair.rename("z/moved", "x/moved");
        pair.rename("z/edited", "x/edited");
        pair.write("x/edited", lines(&[(1, "z/edited"), (9, "ours")]));
        pair.write("x/added", "ours\n");
        pair.commit("ours");
        pair.both(&["checkout", "-q", "side"]);
        // The host keeps the directory, and so does pond; git has none.
        for number in 1..4 {
            pair.rename(&format!("x/{number}"), &format!("new/{number}"));
        }
        if is_removed {
            fs::remove_dir(pair.pond.path("x")).expect("it is empty");
        }
        pair.remove("z/moved");
        pair.remove("z/edited");
        pair.commit("theirs");
        pair.both(&["checkout", "-q", "main"]);
        assert!(!pair.both(&["merge", "side"]));
        assert_eq!(pair.unmerged(), ["AU new/added", "UD new/edited", "UD new/moved"]);
        pair.both(&["merge", "--abort"]);
        pair.both(&["checkout", "-q", "side"]);
        assert!(!pair.both(&["merge", "main"]));
        assert_eq!(pair.unmerged(), ["DU new/edited", "DU new/moved", "UA new/added"]);
    }
}

/// Changes, inserts and deletes lines here and there, and sometimes a file.
fn edit(pair: &Pair, random: &mut Random, who: &str) {
    for number in 0..4 {
        let name = format!("f{number}");
        if random.below(12) == 0 && pair.pond.exists(&name) {
            pair.remove(&name);
            continue;
        }
        let text = fs::read_to_string(pair.pond.path(&name)).unwrap_or_default();
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        for _ in 0..random.below(4) {
            let at = random.below(all.len() as u64 + 1) as usize;
            let line = format!("{who} {}", random.below(10_000));
            match random.below(3) {
                0 if at < all.len() => drop(all.remove(at)),
                1 if at < all.len() => all[at] = line,
                _ => all.insert(at, line),
            }
        }
        let end = if random.below(8) == 0 || all.is_empty() { "" } else { "\n" };
        pair.write(&name, all.join("\n") + end);
    }
    pair.write("always", format!("{who} {}\n", random.next()));
}

#[test]
fn merges_are_shown_as_git_shows_them() {
    let Some(pair) = Pair::new() else { return };
    let mut random = Random::new(7);
    for number in 0..4 {
        pair.write(&format!("f{number}"), lines(&[(1, "section one"), (15, "section two, or so")]));
    }
    pair.commit("base");
    for round in 0..8 {
        let branch = format!("side{round}");
        pair.both(&["branch", &branch]);
        edit(&pair, &mut random, "ours");
        pair.commit(&format!("ours {round}"));
        pair.both(&["checkout", "-q", &branch]);
        edit(&pair, &mut random, "theirs");
        pair.commit(&format!("theirs {round}"));
        pair.both(&["checkout", "-q", "main"]);
        assert!(!pair.both(&["merge", "--no-edit", &branch]));
        same(&pair, &["diff"]);
        // Somebody decides, and changes more than was asked for.
        for name in files(&pair.pond.mirror()).into_keys() {
            let text = fs::read_to_string(pair.pond.path(&name)).expect("text");
            let is_marker =
                |line: &&str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker));
            let kept: Vec<&str> = text.lines().filter(|line| !is_marker(line)).collect();
            pair.write(&name, kept.join("\n") + "\n");
        }
        edit(&pair, &mut random, "decided");
        same(&pair, &["diff"]);
        same(&pair, &["diff", "-U1"]);
        pair.both(&["add", "-A"]);
        pair.both(&["commit", "-q", "-m", &format!("merge {round}")]);
        for form in ["-p", "-U1", "--name-status", "--name-only", "--stat", "--first-parent"] {
            same(&pair, &["show", "--format=%s", form]);
        }
    }
}

/// A stash that does not go together with what was committed since.
fn stash_with_conflicts(pair: &Pair) {
    pair.write("a", lines(&[]));
    pair.write("b", lines(&[]));
    pair.write("gone", "1\n");
    pair.commit("base");
    pair.write("a", lines(&[(3, "stashed"), (20, "stashed")]));
    pair.write("b", lines(&[(5, "stashed")]));
    pair.write("gone", "2\n");
    pair.write("added", "stashed\n");
    pair.both(&["add", "added"]);
    pair.write("untracked", "stashed\n");
    pair.both(&["stash", "-q", "-u"]);
    pair.write("a", lines(&[(3, "committed")]));
    pair.remove("gone");
    pair.commit("since");
}

/// What `status --porcelain` of both says.
#[track_caller]
fn same_status(pair: &Pair) -> Vec<String> {
    let (_, git) = pair.git(&["status", "--porcelain"]);
    let (mut pond, mut git) = (pair.pond.status(), git.lines().map(str::to_owned).collect::<Vec<_>>());
    pond.sort();
    git.sort();
    assert_eq!(pond, git);
    git
}

#[test]
fn a_stash_leaves_its_conflicts() {
    let Some(pair) = Pair::new() else { return };
    stash_with_conflicts(&pair);
    let refused = pair.pond.run(&["stash", "pop"]).expect_code(1);
    let (has_popped, _) = pair.git(&["stash", "pop"]);
    assert!(!has_popped && refused.err().contains("CONFLICT (content): Merge conflict in a"), "{refused}");
    pair.compare("after stash pop");
    assert_eq!(same_status(&pair), ["?? untracked", "A  added", "DU gone", "M  b", "UU a"]);
    assert_eq!(pair.pond.lines(&["stash", "list"]).len(), 1);
    same(&pair, &["diff"]);
    // It has to be decided about.
    pair.pond.fails(&["commit", "-m", "no"], 1).expect_says("in conflict");
    pair.pond.fails(&["merge", "HEAD"], 128).expect_says("left conflicts");
    pair.pond.fails(&["stash"], 128).expect_says("left conflicts");
    pair.pond.fails(&["switch", "-c", "elsewhere", "HEAD~1"], 128);
    pair.pond.fails(&["merge", "--abort"], 128);
    pair.both(&["checkout", "--theirs", "a"]);
    pair.both(&["checkout", "--ours", "a"]);
    pair.write("a", lines(&[(3, "both"), (20, "stashed")]));
    pair.both(&["add", "a"]);
    assert_eq!(pair.unmerged(), ["DU gone"]);
    pair.both(&["rm", "-q", "gone"]);
    assert_eq!(same_status(&pair), ["?? untracked", "A  added", "M  a", "M  b"]);
    // Nothing waits any more.
    assert!(!pair.pond.ok(&["status", "--json"]).contains("\"doing\":\"stash\""));
    pair.both(&["commit", "-q", "-m", "decided"]);
    // The commit is taken back, and then what 'rm' decided.
    pair.pond.ok(&["undo"]);
    assert!(pair.unmerged_of_pond().is_empty());
    pair.pond.ok(&["undo"]);
    assert_eq!(pair.unmerged_of_pond(), ["DU gone"]);
    pair.pond.fails(&["commit", "-m", "no"], 1).expect_says("in conflict");
}

#[test]
fn a_stash_with_conflicts_is_taken_back_whole() {
    let Some(pair) = Pair::new() else { return };
    stash_with_conflicts(&pair);
    let before = files(&pair.pond.mirror());
    pair.pond.run(&["stash", "apply"]).expect_code(1);
    let after = files(&pair.pond.mirror());
    assert!(pair.pond.exists("untracked"));
    pair.pond.ok(&["undo"]);
    assert_eq!((files(&pair.pond.mirror()), pair.pond.status()), (before.clone(), vec![]));
    pair.pond.ok(&["redo"]);
    assert_eq!(files(&pair.pond.mirror()), after);
    assert_eq!(pair.pond.status(), ["UU a", "A  added", "M  b", "DU gone", "?? untracked"]);
    pair.pond.ok(&["reset", "-q", "--hard"]);
    pair.pond.remove("untracked");
    assert_eq!((files(&pair.pond.mirror()), pair.pond.status()), (before.clone(), vec![]));
    // What is not committed is not mixed with it.
    pair.pond.write("a", "not committed\n");
    pair.pond.fails(&["stash", "pop"], 1).expect_says("  a\n").expect_says("nothing was changed");
    assert_eq!(
        (pair.pond.read("a").as_str(), pair.pond.status()),
        ("not committed\n", vec![" M a".to_owned()])
    );
    pair.pond.ok(&["restore", "a"]);
    pair.pond.write("untracked", "mine\n");
    pair.pond.fails(&["stash", "pop"], 1).expect_says("  untracked\n");
    assert_eq!(pair.pond.status(), ["?? untracked"]);
}

#[test]
fn a_path_in_conflict_is_not_renamed_and_rm_decides() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair);
    assert!(!pair.both(&["merge", "side"]));
    assert!(!pair.both(&["mv", "text", "elsewhere"]));
    pair.pond
        .fails(&["mv", "text", "elsewhere"], 128)
        .expect_says("'text' is in conflict")
        .expect_says("hint:");
    let before = pair.unmerged();
    pair.pond.append("text", "an edit that is in no commit\n");
    fs::write(pair.pond.beside("git").join("text"), pair.pond.read("text")).expect("written");
    assert!(pair.both(&["rm", "-q", "text"]));
    assert!(pair.both(&["rm", "-q", "deleted by ours"]));
    assert!(pair.both(&["restore", "--staged", "added by both"]));
    assert_eq!(pair.unmerged().len(), before.len() - 3);
    pair.both(&["reset", "-q", "--", "binary"]);
    pair.unmerged();
    // What the file held is in the pond.
    for _ in 0..4 {
        pair.pond.ok(&["undo"]);
    }
    assert!(pair.pond.read("text").ends_with("an edit that is in no commit\n"));
    assert_eq!(pair.unmerged_of_pond(), before);
}

/// Makes a file one that nobody can change, or takes that back; whether the system can.
fn keep_from_change(path: &std::path::Path, flag: &str) -> bool {
    let done = std::process::Command::new("chattr").arg(flag).arg(path).output();
    done.is_ok_and(|output| output.status.success())
}

#[test]
fn a_conflict_that_cannot_be_written_is_not_taken_for_decided() {
    let pond = TestPond::new();
    pond.write("a", "base\n");
    pond.commit_all("base");
    pond.ok(&["switch", "-q", "-c", "side"]);
    pond.write("a", "theirs\n");
    pond.commit_all("theirs");
    pond.ok(&["switch", "-q", "main"]);
    pond.write("a", "ours\n");
    pond.commit_all("ours");
    let path = pond.path("a");
    if !keep_from_change(&path, "+i") {
        eprintln!("skipped: no file can be kept from being changed here");
        return;
    }
    let merged = pond.run(&["merge", "side"]);
    let picked = pond.run(&["merge", "--abort"]);
    assert!(keep_from_change(&path, "-i"));
    merged.expect_code(3).expect_says("do not add them as they are").expect_says("'pond undo'");
    picked.expect_no_panic();
    assert_eq!(pond.read("a"), "ours\n");
}

#[test]
fn the_versions_of_a_path_in_conflict_have_names() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair);
    assert_eq!(pair.pond.ok(&["cat", ":0:text"]), pair.pond.ok(&["cat", ":text"]));
    let none = pair.pond.run(&["cat", ":2:text"]).expect_code(128);
    none.expect_says("is not in conflict").expect_says("ls-files -u");
    assert!(!pair.both(&["merge", "side"]));
    for stage in 1..=3 {
        let name = format!(":{stage}:text");
        let (_, of_git) = pair.git(&["cat-file", "-p", &name]);
        assert!(!of_git.is_empty());
        assert_eq!(pair.pond.ok(&["cat", &name]), of_git, "{name}");
        assert_eq!(pair.pond.ok(&["show", &name]), of_git, "{name}");
    }
    let added = pair.pond.run(&["cat", ":1:added by both"]).expect_code(128);
    added.expect_says("has no stage 1");
    pair.pond.run(&["cat", ":0:text"]).expect_code(128).expect_says(":2:PATH ours");
    pair.pond.run(&["rev-parse", ":2:nothing"]).expect_code(128).expect_says("is not in conflict");
}

#[test]
fn a_path_in_conflict_is_not_restored_from_what_is_staged() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair);
    assert!(!pair.both(&["merge", "side"]));
    let unmerged = pair.unmerged();
    pair.write("text", "half decided\n");
    for args in [&["restore", "text"][..], &["restore", "."], &["checkout", "--", "."]] {
        assert!(!pair.both(args), "{args:?}");
        pair.pond.fails(args, 1).expect_says("text").expect_says("--ours");
        assert_eq!((pair.unmerged(), pair.pond.read("text")), (unmerged.clone(), "half decided\n".into()));
    }
    assert!(pair.both(&["restore", "--theirs", "text"]));
    assert_eq!(pair.unmerged(), unmerged);
}

#[test]
fn giving_up_brings_back_what_a_merge_left_to_be_decided() {
    // Of a binary file and of one that they deleted, ours stays in the mirror; nothing is written.
    for (command, theirs) in [("merge", "deletes"), ("merge", "binary"), ("cherry-pick", "binary")] {
        for decided in ["edited", "added", "removed", "theirs"] {
            let pond = TestPond::new();
            pond.write("a", b"\0base");
            pond.write("k", "k\n");
            pond.commit_all("base");
            pond.ok(&["switch", "-q", "-c", "side"]);
            match theirs {
                "binary" => pond.write("a", b"\0theirs"),
                _ => pond.remove("a"),
            }
            pond.commit_all("theirs");
            pond.ok(&["switch", "-q", "main"]);
            pond.write("a", b"\0ours");
            pond.commit_all("ours");
            pond.fails(&[command, "side"], 1);
            match decided {
                "removed" => drop(pond.ok(&["rm", "-q", "-f", "a"])),
                "theirs" if theirs == "binary" => drop(pond.ok(&["checkout", "-q", "--theirs", "a"])),
                _ => pond.write("a", "decided\n"),
            }
            if decided == "added" || decided == "theirs" {
                pond.ok(&["add", "a"]);
            }
            let (status, content) = (pond.status(), std::fs::read(pond.path("a")).ok());
            let abort = pond.run(&[command, "--abort"]).expect_code(0);
            assert_eq!((pond.read("a").as_str(), pond.status()), ("\0ours", vec![]), "{decided}: {abort}");
            pond.ok(&["undo"]);
            assert_eq!((std::fs::read(pond.path("a")).ok(), pond.status()), (content, status), "{decided}");
        }
    }
}

#[test]
fn a_commit_is_left_out_with_what_was_decided_about_it() {
    let Some(pair) = Pair::new() else { return };
    pair.write("d.bin", b"\0base");
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("d.bin", b"\0theirs");
    pair.commit("one");
    pair.write("n", "n\n");
    pair.commit("two");
    pair.both(&["checkout", "-q", "main"]);
    pair.write("d.bin", b"\0ours");
    pair.commit("ours");
    assert!(!pair.both(&["cherry-pick", "side~1", "side"]));
    pair.both(&["checkout", "--theirs", "d.bin"]);
    pair.both(&["add", "d.bin"]);
    assert!(pair.both(&["cherry-pick", "--skip"]));
    pair.compare("skipped");
    assert_eq!((pair.pond.read("d.bin").as_str(), pair.pond.status()), ("\0ours", vec![]));
}

#[test]
fn a_change_of_ones_own_stops_a_merge_that_would_leave_its_file_to_be_decided() {
    let pond = TestPond::new();
    pond.write("a", b"\0base");
    pond.commit_all("base");
    pond.ok(&["switch", "-q", "-c", "side"]);
    pond.write("a", b"\0theirs");
    pond.commit_all("theirs");
    pond.ok(&["switch", "-q", "main"]);
    pond.write("a", b"\0ours");
    pond.commit_all("ours");
    pond.write("a", b"\0newer");
    for command in ["merge", "cherry-pick"] {
        pond.fails(&[command, "side"], 1).expect_says("\n  a\n").expect_says("nothing was changed");
        assert_eq!((pond.read("a").as_str(), pond.status()), ("\0newer", vec![" M a".into()]));
    }
}

#[test]
fn what_was_decided_since_is_not_overwritten_by_undo() {
    let Some(pair) = Pair::new() else { return };
    let pond = &pair.pond;
    pair.write("a", "base\n");
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("a", "theirs\n");
    pair.commit("theirs");
    pair.both(&["checkout", "-q", "main"]);
    pair.write("a", "ours\n");
    pair.commit("ours");
    pond.fails(&["merge", "side"], 1);
    for (side, text) in [("--ours", "ours\n"), ("--theirs", "theirs\n")] {
        let markers = pond.read("a");
        assert!(markers.contains("<<<<<<<"), "{markers}");
        // While it is not decided, nothing is lost.
        pond.ok(&["checkout", side, "a"]);
        pond.ok(&["undo"]);
        assert_eq!((pond.read("a"), pond.status()), (markers.clone(), vec!["UU a".to_owned()]));
        pond.ok(&["redo"]);
        assert_eq!(pond.read("a"), text);
        pond.ok(&["add", "a"]);
        let dry = pond.run(&["undo", "-n"]).expect_code(0);
        dry.expect_says("without losing what was changed since");
        pond.fails(&["undo"], 1).expect_says("without losing what was changed since").expect_says("\n  a");
        pond.fails(&["undo", "--to", "0"], 1).expect_says("without losing what was changed since");
        assert_eq!(pond.read("a"), text);
        pond.ok(&["undo", "-f"]);
        assert_eq!(pond.read("a"), markers);
        pond.ok(&["merge", "--abort"]);
        assert_eq!(pond.read("a"), "ours\n");
        pond.fails(&["merge", "side"], 1);
    }
}
