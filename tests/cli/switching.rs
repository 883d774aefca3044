//! HEAD on its way between branches and commits: `switch`, `checkout`.

use std::fs;

use serde_json::Value;

use crate::harness::TestPond;

/// Two commits on `main`, tagged `v1`; `side` is at the first.
fn two() -> TestPond {
    let pond = TestPond::new();
    for (name, content) in [("a", "1\n"), ("b", "b\n"), ("d/c", "c\n")] {
        pond.write(name, content);
    }
    pond.commit_all("one");
    pond.write("a", "2\n");
    pond.write("n", "n\n");
    pond.commit_all("two");
    pond.ok(&["tag", "v1"]);
    pond.ok(&["tag", "-a", "-m", "x", "v2"]);
    pond.ok(&["branch", "side", "HEAD~1"]);
    pond
}

fn branch(pond: &TestPond) -> String {
    pond.ok(&["branch", "--show-current"]).trim().to_owned()
}

#[test]
fn head_goes_to_branches_and_back() {
    let pond = two();
    pond.run(&["switch", "side"]).expect_code(0).expect_says("Switched to branch 'side'");
    assert_eq!((branch(&pond).as_str(), pond.read("a").as_str()), ("side", "1\n"));
    assert!(!pond.exists("n") && pond.status().is_empty());
    pond.run(&["switch", "side"]).expect_code(0).expect_says("Already on 'side'");
    pond.run(&["switch", "-"]).expect_code(0).expect_says("Switched to branch 'main'");
    assert_eq!((pond.read("a").as_str(), pond.exists("n")), ("2\n", true));
    pond.run(&["switch", "-"]).expect_code(0).expect_says("'side'");
    pond.run(&["checkout", "-"]).expect_code(0).expect_says("'main'");
    assert_eq!(pond.run(&["switch", "-q", "side"]).expect_code(0).err(), "");
}

#[test]
fn what_is_no_branch_is_refused_with_the_way_to_go_there() {
    let pond = two();
    for (text, word) in [("HEAD~1", "commit 'HEAD~1'"), ("v1", "tag 'v1'"), ("v2", "tag 'v2'")] {
        pond.fails(&["switch", text], 128)
            .expect_says(&format!("a branch is expected, got {word}"))
            .expect_says("--detach");
    }
    pond.fails(&["switch", "HEAD^{tree}"], 128).expect_says("non-commit");
    pond.fails(&["switch", "mian"], 128)
        .expect_says("invalid reference: mian")
        .expect_says("did you mean 'main'?");
    pond.fails(&["switch", "nowhere"], 128).expect_says("'pond switch -c nowhere' makes one");
    pond.fails(&["switch"], 129).expect_says("missing branch");
    pond.fails(&["switch", "-"], 128)
        .expect_says("bad revision '-': HEAD has not been on another branch yet");
    pond.fails(&["log", "HEAD~2"], 128).expect_says("bad revision 'HEAD~2'");
    // A branch goes before a tag of its name.
    pond.ok(&["tag", "side", "main"]);
    pond.ok(&["switch", "side"]);
    assert_eq!((branch(&pond).as_str(), pond.id("HEAD")), ("side", pond.id("main~1")));
    pond.ok(&["switch", "-d", "v2"]);
    assert_eq!((branch(&pond).as_str(), pond.id("HEAD")), ("", pond.id("main")));
}

#[test]
fn a_new_branch_and_head_on_it_are_one_operation() {
    let pond = two();
    let version = || pond.delta_version();
    let before = version();
    pond.write("b", "changed\n");
    pond.run(&["switch", "-c", "new"]).expect_code(0).expect_says("Switched to a new branch 'new'");
    assert_eq!((version(), branch(&pond).as_str()), (before + 1, "new"));
    assert_eq!((pond.id("new"), pond.status()), (pond.id("main"), vec![" M b".to_owned()]));
    pond.run(&["checkout", "-b", "old", "side"]).expect_code(0).expect_says("new branch 'old'");
    assert_eq!(version(), before + 2);
    assert_eq!((pond.id("old"), pond.read("a").as_str()), (pond.id("side"), "1\n"));
    pond.fails(&["switch", "-c", "main"], 128).expect_says("already exists").expect_says("-C");
    pond.run(&["switch", "-C", "new", "v1"]).expect_code(0).expect_says("Switched to and reset branch 'new'");
    pond.run(&["checkout", "-B", "new", "side"]).expect_code(0).expect_says("Reset branch 'new'");
    assert_eq!((pond.id("new"), pond.read("a").as_str()), (pond.id("side"), "1\n"));
    for args in [&["switch", "-c", "x", "nowhere"][..], &["checkout", "-b", "x", "nowhere"]] {
        pond.fails(args, 128).expect_says("nowhere");
    }
    for name in ["a b", "HEAD", "x..y", "x.lock"] {
        pond.fails(&["switch", "-c", name], 128);
    }
    pond.ok(&["undo"]);
    assert_eq!((pond.id("new"), branch(&pond).as_str()), (pond.id("v1"), "new"));
    pond.ok(&["undo"]);
    pond.ok(&["undo"]);
    assert_eq!(branch(&pond), "new");
    pond.ok(&["undo"]);
    assert_eq!(pond.lines(&["branch"]), ["* main", "  side"]);
    assert_eq!(pond.read("b"), "changed\n");
}

#[test]
fn changes_come_along_or_stop_the_move() {
    let pond = two();
    pond.write("b", "changed\n");
    pond.write("new", "new\n");
    pond.ok(&["add", "new"]);
    pond.remove("d/c");
    let moved = pond.run(&["switch", "side"]).expect_code(0);
    assert_eq!(moved.lines(), ["M\tb", "D\td/c", "A\tnew"]);
    assert_eq!(pond.status(), [" M b", " D d/c", "A  new", "?? d/"]);
    pond.ok(&["switch", "main"]);
    pond.append("a", "3\n");
    let refused = pond.fails(&["switch", "side"], 1);
    assert!(refused.err().contains("your local changes to these files would be overwritten by switch:\n"));
    assert!(refused.err().contains("  a\n") && !refused.err().contains("  b\n"), "{refused}");
    pond.ok(&["restore", "a"]);
    pond.ok(&["switch", "side"]);
    pond.write("n", "mine\n");
    pond.fails(&["checkout", "main"], 1)
        .expect_says("these untracked files would be overwritten by checkout")
        .expect_says("  n\n");
    pond.ok(&["switch", "-f", "main"]);
    assert_eq!((pond.read("n").as_str(), pond.status()), ("n\n", vec![]));
    pond.ok(&["undo"]);
    assert_eq!((pond.read("n").as_str(), pond.read("b").as_str()), ("mine\n", "changed\n"));
    assert_eq!(pond.status(), [" M b", " D d/c", "A  new", "?? d/", "?? n"]);
}

#[test]
fn a_commit_that_is_left_behind_is_named() {
    let pond = two();
    pond.run(&["switch", "--detach", "v1"]).expect_code(0).expect_says("HEAD is now at");
    pond.run(&["switch", "-d", "side"]).expect_code(0).expect_says("Previous HEAD position was");
    pond.ok(&["commit", "--allow-empty", "-m", "lost one"]);
    pond.ok(&["commit", "--allow-empty", "-m", "lost two"]);
    let lost = pond.id("HEAD")[..10].to_owned();
    let left = pond.run(&["switch", "main"]).expect_code(0);
    for words in ["you are leaving 2 commits behind", "lost one", "lost two", &lost, "'pond branch NAME"] {
        assert!(left.err().contains(words), "{words}: {left}");
    }
    pond.ok(&["switch", "-d", &lost]);
    pond.ok(&["branch", "kept"]);
    let left = pond.run(&["switch", "main"]).expect_code(0).expect_says("Previous HEAD position was");
    assert!(!left.err().contains("behind"), "{left}");
    pond.run(&["checkout", "HEAD~1"]).expect_code(0).expect_says("HEAD is detached").expect_says("switch -c");
}

#[test]
fn a_branch_can_begin_without_a_commit() {
    let pond = two();
    pond.write("loose", "untracked\n");
    pond.run(&["switch", "--orphan", "fresh"]).expect_code(0).expect_says("new branch 'fresh'");
    assert_eq!((branch(&pond).as_str(), pond.status()), ("fresh", vec!["?? loose".to_owned()]));
    assert!(!pond.exists("a") && !pond.exists("d") && pond.exists("loose"));
    pond.fails(&["rev-parse", "HEAD"], 128);
    pond.commit_all("anew");
    assert_eq!(pond.history().len(), 1);
    pond.ok(&["switch", "main"]);
    assert_eq!((pond.read("a").as_str(), pond.exists("loose")), ("2\n", false));
    pond.fails(&["switch", "--orphan", "fresh"], 128).expect_says("already exists");
    pond.ok(&["undo"]);
    pond.ok(&["undo"]);
    pond.ok(&["undo"]);
    assert_eq!((branch(&pond).as_str(), pond.read("a").as_str()), ("main", "2\n"));
    assert_eq!(pond.read("loose"), "untracked\n");
}

#[test]
fn before_the_first_commit_there_are_new_branches_only() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "a"]);
    pond.fails(&["switch", "main"], 128).expect_says("invalid reference");
    pond.fails(&["switch", "--detach"], 128).expect_says("yet to be born");
    pond.ok(&["switch", "-c", "trunk"]);
    assert_eq!((branch(&pond).as_str(), pond.status()), ("trunk", vec!["A  a".to_owned()]));
    pond.ok(&["checkout", "-b", "other"]);
    pond.ok(&["undo"]);
    assert_eq!(branch(&pond), "trunk");
    pond.ok(&["commit", "-m", "one"]);
    assert_eq!(pond.lines(&["branch"]), ["* trunk"]);
}

#[test]
fn a_move_is_told_as_json() {
    let pond = two();
    pond.write("b", "changed\n");
    let document: Value =
        serde_json::from_str(&pond.ok(&["switch", "-c", "new", "side", "--json"])).expect("JSON");
    assert_eq!((&document["branch"], &document["created"]), (&"new".into(), &true.into()));
    assert_eq!(document["before"]["branch"], "main");
    assert_eq!(document["carried"][0]["path"], "b");
    assert_eq!(
        (&document["written"][0]["path"], &document["removed"][0]["path"]),
        (&"a".into(), &"n".into())
    );
}

/// The index's file and HEAD's, to be put back as if a command had not lived to write them.
fn kept(pond: &TestPond) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let path = |name: &str| pond.dot_pond(&format!("mirrors/main/{name}"));
    ["HEAD", "index"].map(|name| (path(name), fs::read(path(name)).expect("a file"))).into()
}

fn put_back(kept: Vec<(std::path::PathBuf, Vec<u8>)>) {
    kept.into_iter().for_each(|(path, content)| fs::write(path, content).expect("written"));
}

#[test]
fn the_next_command_ends_what_one_that_was_killed_began() {
    let pond = two();
    pond.write("b", "staged\n");
    pond.ok(&["add", "b"]);
    for (args, status) in [
        (&["reset", "--soft", "HEAD~1"][..], &["M  a", "M  b", "A  n"][..]),
        (&["reset", "HEAD~1"], &[" M a", " M b", "?? n"]),
        (&["reset", "--keep", "HEAD~1"], &[" M b"]),
        (&["switch", "side"], &["M  b"]),
        (&["reset", "--hard"], &[]),
        (&["reset", "--", "b"], &[" M b"]),
    ] {
        let files = kept(&pond);
        pond.ok(args);
        assert_eq!(pond.status(), status, "{args:?}");
        put_back(files);
        assert_eq!(pond.status(), status, "{args:?} as a reader sees it");
        pond.ok(&["add", "a"]);
        let mut after = pond.status();
        after.retain(|line| line != "M  a" && line != " M a");
        let mut wanted = status.to_vec();
        wanted.retain(|line| *line != "M  a" && *line != " M a");
        assert_eq!(after, wanted, "{args:?}");
        pond.ok(&["switch", "-f", "main"]);
        pond.ok(&["reset", "--hard", "v1"]);
        pond.run(&["clean", "-fdq"]).expect_code(0);
        pond.write("b", "staged\n");
        pond.ok(&["add", "b"]);
    }
}

#[test]
fn readers_see_what_a_killed_command_published_unless_one_is_at_work() {
    let pond = two();
    pond.write("b", "of main\n");
    pond.commit_all("main");
    pond.ok(&["switch", "side"]);
    pond.write("b", "of side\n");
    pond.commit_all("side");
    let files = kept(&pond);
    pond.fails(&["merge", "main"], 1);
    assert!(pond.status().contains(&"UU b".to_owned()));
    put_back(files);
    let lock = fs::File::open(pond.dot_pond("mirrors/main/lock")).expect("the lock");
    lock.lock().expect("free");
    let at_work = pond.run(&["status", "--porcelain"]).expect_code(0);
    assert!(!at_work.out().contains("UU b"), "it is being written: {at_work}");
    lock.unlock().expect("ours");
    let after = pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("was interrupted");
    assert!(after.out().contains("UU b"), "{after}");
    pond.run(&["undo"]).expect_code(0);
    assert_eq!(pond.status(), [""; 0]);

    // One that touches files only: what it left undone is told all the same.
    pond.write("b", "put aside\n");
    pond.ok(&["stash"]);
    let files = kept(&pond);
    pond.ok(&["stash", "pop"]);
    put_back(files);
    pond.write("b", "of side\n");
    pond.run(&["status"]).expect_code(0).expect_says("'pond undo' takes the command back");
    pond.run(&["undo"]).expect_code(0);
    pond.ok(&["stash", "pop"]);
    assert_eq!(pond.read("b"), "put aside\n");
}

#[test]
fn a_directory_of_ones_own_in_the_place_of_a_file_stays() {
    let pond = TestPond::new();
    pond.write("g/h/i", "i\n");
    pond.write("k", "k\n");
    pond.commit_all("a directory");
    pond.ok(&["switch", "-c", "other"]);
    pond.ok(&["rm", "-r", "g"]);
    pond.write("g", "file\n");
    pond.commit_all("a file");
    pond.remove("g");
    pond.write("g/mine", "mine\n");
    pond.fails(&["switch", "main"], 1).expect_says("nothing was changed");
    assert_eq!(branch(&pond), "other");
    pond.ok(&["reset", "--hard", "main"]);
    assert_eq!((pond.read("g/h/i").as_str(), pond.read("g/mine").as_str()), ("i\n", "mine\n"));
    assert_eq!(pond.status(), ["?? g/mine"]);
}

#[test]
fn empty_directories_are_in_nobodys_way() {
    let pond = TestPond::new();
    pond.write("d/f", "main\n");
    pond.commit_all("a directory");
    pond.ok(&["switch", "-c", "side"]);
    pond.remove("d/f");
    std::fs::remove_dir(pond.path("d")).expect("an empty directory");
    pond.write("d", "side\n");
    pond.commit_all("a file");
    for args in [&["switch", "side"][..], &["reset", "--hard", "side"], &["switch", "-f", "side"]] {
        pond.ok(&["switch", "-q", "main"]);
        pond.mkdir("d/deep/er");
        pond.ok(args);
        assert_eq!((pond.read("d"), pond.status()), ("side\n".into(), vec![]), "{args:?}");
        pond.ok(&["undo"]);
        assert_eq!(
            (pond.read("d/f"), pond.status()),
            ("main\n".into(), vec!["?? d/deep/".into()]),
            "{args:?}"
        );
        assert!(pond.exists("d/deep/er"));
        std::fs::remove_dir_all(pond.path("d/deep")).expect("removed");
    }
}

#[test]
fn what_is_staged_is_in_the_way_of_a_file_in_its_place() {
    for (staged, theirs) in [("c/s", "c"), ("c", "c/deep/s"), ("c/d/s", "c/d")] {
        let pond = TestPond::new();
        pond.write("k", "k\n");
        pond.commit_all("one");
        pond.ok(&["switch", "-c", "side"]);
        pond.write(theirs, "theirs\n");
        pond.commit_all("two");
        pond.ok(&["switch", "main"]);
        pond.write(staged, "staged\n");
        pond.ok(&["add", "-A"]);
        for content in ["staged\n", "changed\n"] {
            pond.write(staged, content);
            let before = pond.status();
            for args in [
                &["switch", "side"][..],
                &["checkout", "side"],
                &["merge", "side"],
                &["reset", "--keep", "side"],
            ] {
                pond.fails(args, 1).expect_says(staged);
                assert_eq!(
                    (pond.status(), pond.read(staged).as_str()),
                    (before.clone(), content),
                    "{args:?}"
                );
            }
        }
    }
}

#[test]
fn empty_directories_that_are_known_hinder_nothing() {
    let pond = TestPond::new();
    pond.write("k", "1\n");
    pond.mkdir("b/a");
    pond.mkdir("c/d");
    pond.commit_all("empty directories");
    pond.ok(&["switch", "-c", "side"]);
    std::fs::remove_dir_all(pond.path("b")).expect("removed");
    pond.write("c/d/file", "theirs\n");
    pond.commit_all("none");
    // With somebody's file in it, one stays that the version does not have.
    pond.ok(&["switch", "main"]);
    pond.write("b/a/mine", "mine\n");
    pond.ok(&["switch", "side"]);
    assert_eq!((pond.read("b/a/mine"), pond.status()), ("mine\n".into(), vec!["?? b/".into()]));
    pond.ok(&["switch", "main"]);
    std::fs::remove_file(pond.path("b/a/mine")).expect("removed");
    // A file above one gives way as any other.
    std::fs::remove_dir_all(pond.path("c")).expect("removed");
    pond.write("c", "mine\n");
    let before = pond.status();
    for args in [&["reset", "--hard", "side"][..], &["switch", "-f", "side"], &["restore", "-s", "side", "."]]
    {
        pond.run(args).expect_code(0);
        assert_eq!(pond.read("c/d/file"), "theirs\n", "{args:?}");
        pond.ok(&["undo"]);
        assert_eq!((pond.status(), pond.read("c")), (before.clone(), "mine\n".into()), "{args:?}");
    }
}

#[test]
fn the_directory_that_one_is_in_stays() {
    let pond = TestPond::new();
    pond.write("d/e/f", "f\n");
    pond.write("k", "k\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-q", "-c", "without"]);
    pond.ok(&["rm", "-q", "-r", "d"]);
    pond.commit_all("without");
    pond.ok(&["switch", "-q", "main"]);
    let inside = pond.path("d/e");
    for args in [&["switch", "without"][..], &["switch", "main"], &["reset", "--hard", "without"], &["undo"]]
    {
        pond.run_in(&inside, args).expect_code(0);
        assert!(inside.is_dir(), "{args:?}");
    }
    assert_eq!((pond.read("d/e/f"), pond.status()), ("f\n".into(), vec![]));
}
