//! `.pondignore` and its kin: gitignore's rules.

use crate::harness::TestPond;

fn untracked(pond: &TestPond) -> Vec<String> {
    let mut found = pond.lines(&["status", "--porcelain", "-uall"]);
    found.iter_mut().for_each(|line| *line = line.strip_prefix("?? ").expect("untracked").to_owned());
    found.sort();
    found
}

#[test]
fn patterns_mean_what_they_mean_to_git() {
    let pond = TestPond::new();
    pond.write(
        ".pondignore",
        "# comment\n*.tmp\n!keep.tmp\n/only-top\nbuild/\n**/cache/**\ndoc/*.log\ntrailing\\ \nx[0-9].csv\n",
    );
    for name in [
        "a.tmp",
        "keep.tmp",
        "sub/b.tmp",
        "only-top",
        "sub/only-top",
        "build/x",
        "sub/build/y",
        "deep/er/cache/z",
        "doc/a.log",
        "doc/sub/a.log",
        "trailing ",
        "x1.csv",
        "xa.csv",
        "# comment",
    ] {
        pond.write(name, "1");
    }
    let expected = ["# comment", ".pondignore", "doc/sub/a.log", "keep.tmp", "sub/only-top", "xa.csv"];
    let shown: Vec<String> =
        untracked(&pond).into_iter().map(|path| path.trim_matches('"').to_owned()).collect();
    assert_eq!(shown, expected);
    pond.ok(&["add", "-A"]);
    let staged = pond.lines(&["ls-files"]);
    assert_eq!(staged.len(), expected.len(), "{staged:?}");
}

#[test]
fn nested_files_and_the_private_ones_count_too() {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.dat\n");
    pond.write("sub/.pondignore", "!wanted.dat\nlocal\n");
    pond.write(".pond/info/exclude", "private\n");
    for name in ["a.dat", "sub/wanted.dat", "sub/other.dat", "sub/local", "local", "private"] {
        pond.write(name, "1");
    }
    assert_eq!(untracked(&pond), [".pondignore", "local", "sub/.pondignore", "sub/wanted.dat"]);
}

#[test]
fn pond_and_git_directories_are_never_content() {
    let pond = TestPond::new();
    pond.write(".git/HEAD", "ref: refs/heads/main\n");
    pond.write("sub/.git/config", "x");
    pond.write("kept", "1");
    pond.ok(&["add", "-A"]);
    assert_eq!(pond.lines(&["ls-files"]), ["kept"]);
}

#[test]
fn check_ignore_names_the_rule() {
    let pond = TestPond::new();
    pond.write(".pondignore", "\n*.tmp\n");
    pond.write("a.tmp", "1");
    pond.write("b.csv", "1");
    assert_eq!(pond.lines(&["check-ignore", "-v", "a.tmp"]), [".pondignore:2:*.tmp\ta.tmp"]);
    assert_eq!(pond.lines(&["check-ignore", "a.tmp", "b.csv"]), ["a.tmp"]);
    pond.run(&["check-ignore", "b.csv"]).expect_code(1);
}

#[test]
fn an_ignored_file_is_added_only_by_force() {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.tmp\n");
    pond.write("a.tmp", "1");
    let refused = pond.run(&["add", "a.tmp"]).expect_no_panic();
    assert!(refused.code != 0 && refused.err().contains("-f"), "{refused}");
    assert_eq!(pond.lines(&["ls-files"]), [""; 0]);
    pond.ok(&["add", "-f", "a.tmp"]);
    assert_eq!(pond.lines(&["ls-files"]), ["a.tmp"]);
    pond.commit_all("forced");
    pond.write("a.tmp", "22");
    assert_eq!(pond.status(), [" M a.tmp"], "a tracked file is not ignored");
}

#[test]
fn ignored_files_show_when_asked_for_and_survive() {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.tmp\n");
    pond.write("a.tmp", "1");
    pond.commit_all("rules");
    assert_eq!(pond.status(), [""; 0]);
    assert_eq!(pond.lines(&["status", "--porcelain", "--ignored"]), ["!! a.tmp"]);
    pond.ok(&["clean", "-f", "-d"]);
    assert!(pond.exists("a.tmp"));
    pond.ok(&["checkout", "-f", "HEAD"]);
    assert!(pond.exists("a.tmp"));
}
