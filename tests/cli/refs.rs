//! Refs and commits for scripts: `update-ref`, `commit-tree`, `for-each-ref`, and many of them at once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use crate::harness::{Output, TestPond, describe};

fn with_two_commits() -> (TestPond, String, String) {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    let first = pond.commit_all("one");
    pond.append("a", "2\n");
    let second = pond.commit_all("two");
    (pond, first, second)
}

#[test]
fn a_ref_moves_only_from_where_it_is_expected() {
    let (pond, first, second) = with_two_commits();
    let zeros = "0".repeat(64);
    pond.ok(&["update-ref", "refs/heads/x", "HEAD~1", ""]);
    assert_eq!(pond.id("x"), first);
    for none in [zeros.as_str(), &"0".repeat(40)] {
        pond.fails(&["update-ref", "refs/heads/x", "HEAD", none], 128).expect_says("expected");
    }
    pond.fails(&["update-ref", "refs/heads/x", "HEAD", &second], 128).expect_says("expected");
    pond.ok(&["update-ref", "-m", "because", "refs/heads/x", "HEAD", &first]);
    assert_eq!(pond.id("x"), second);
    pond.fails(&["update-ref", "-d", "refs/heads/x", &first], 128);
    pond.ok(&["update-ref", "-d", "refs/heads/x", &second]);
    pond.fails(&["rev-parse", "x"], 128);
    pond.fails(&["update-ref", "-d", "refs/heads/x"], 128).expect_says("no ref");
    pond.fails(&["update-ref", "x", "HEAD"], 128).expect_says("in full");
    pond.fails(&["update-ref", "refs/heads/x", "HEAD^{tree}"], 128).expect_says("a branch is at a commit");
    pond.ok(&["update-ref", "refs/tags/t", "HEAD^{tree}"]);
    pond.ok(&["update-ref", "refs/tags/t", &zeros]);
    pond.fails(&["update-ref", "refs/heads/x", &"ab".repeat(32)], 128);
}

#[test]
fn a_script_is_one_operation() {
    let (pond, first, second) = with_two_commits();
    let operations = || pond.delta_version();
    let before = operations();
    let script = format!(
        "create refs/heads/a {first}\ncreate refs/tags/t {second}\nverify refs/heads/main {second}\nverify refs/heads/b\n"
    );
    pond.run_with_input(&["update-ref", "--stdin"], script.as_bytes()).expect_code(0);
    assert_eq!(operations(), before + 1);
    let refused = format!("delete refs/heads/a {first}\nupdate refs/tags/t {first} {first}\n");
    pond.run_with_input(&["update-ref", "--stdin"], refused.as_bytes()).expect_failure(128);
    assert_eq!((pond.id("a"), pond.id("t")), (first.clone(), second), "all of it or nothing");
    pond.run_with_input(&["update-ref", "--stdin"], b"rename refs/heads/a\n")
        .expect_failure(128)
        .expect_says("line 1");
    let moved = format!("update refs/heads/a {first}\nupdate refs/heads/a {first}\n");
    pond.run_with_input(&["update-ref", "--stdin"], moved.as_bytes())
        .expect_failure(128)
        .expect_says("twice");
    assert_eq!(operations(), before + 1);
}

#[test]
fn the_index_stays_where_the_branch_is_moved() {
    let (pond, first, second) = with_two_commits();
    pond.ok(&["update-ref", "HEAD", "HEAD~1"]);
    assert_eq!((pond.id("HEAD"), pond.id("main")), (first.clone(), first.clone()));
    assert_eq!((pond.status(), pond.read("a")), (vec!["M  a".to_owned()], "1\n2\n".to_owned()));
    pond.ok(&["update-ref", "refs/heads/main", &second]);
    assert_eq!(pond.status(), [""; 0]);
    pond.ok(&["update-ref", "--no-deref", "HEAD", &first]);
    assert_eq!((pond.id("HEAD"), pond.id("main")), (first, second));
    assert_eq!(pond.ok(&["branch", "--show-current"]), "");
    pond.ok(&["checkout", "-f", "main"]);
    pond.ok(&["update-ref", "-d", "HEAD"]);
    assert_eq!(pond.status(), ["A  a"]);
    pond.ok(&["commit", "-m", "anew"]);
    assert_eq!(pond.history().len(), 1);
}

#[test]
fn a_commit_is_made_of_a_tree() {
    let (pond, first, second) = with_two_commits();
    let tree = pond.id("HEAD^{tree}");
    let made = pond.run(&["commit-tree", &tree, "-p", &first, "-p", &second, "-m", "s", "-m", "b"]);
    let id = made.expect_code(0).line();
    let text = pond.ok(&["cat-object", "-p", &id]);
    let head = format!("tree {tree}\nparent {first}\nparent {second}\nauthor Ada Field <ada@example.org> ");
    assert!(text.starts_with(&head) && text.ends_with("\n\ns\n\nb\n"), "{text}");
    assert_eq!(pond.id("main"), second, "no branch moves");
    let alone = pond.run_with_input(&["commit-tree", "HEAD^{tree}"], b"no newline").expect_code(0).line();
    assert!(pond.ok(&["cat-object", "-p", &alone]).ends_with("\n\nno newline"));
    pond.fails(&["commit-tree", "HEAD", "-m", "x"], 128).expect_says("no tree");
    pond.fails(&["commit-tree", "HEAD^{tree}", "-p", "HEAD^{tree}", "-m", "x"], 128);
    pond.fails(&["commit-tree", "nowhere", "-m", "x"], 128);
}

#[test]
fn refs_are_listed_in_any_form() {
    let (pond, first, second) = with_two_commits();
    pond.ok(&["tag", "v1", "-m", "First", "HEAD~1"]);
    pond.ok(&["branch", "site/north", "HEAD~1"]);
    let tag = pond.id("v1");
    assert_eq!(
        pond.lines(&["for-each-ref"]),
        [
            format!("{second} commit\trefs/heads/main"),
            format!("{first} commit\trefs/heads/site/north"),
            format!("{tag} tag\trefs/tags/v1"),
        ]
    );
    assert_eq!(pond.lines(&["for-each-ref", "--format=%(refname)", "refs/heads/*"]), ["refs/heads/main"]);
    assert_eq!(pond.lines(&["for-each-ref", "--format=%(refname:short)", "refs/heads/site"]), ["site/north"]);
    assert_eq!(
        pond.lines(&[
            "for-each-ref",
            "--count=1",
            "--sort=-creatordate",
            "--format=%(objectname:short) %(taggername)|%(*subject)"
        ]),
        [format!("{} Ada Field|one", &tag[..10])]
    );
    assert_eq!(
        pond.lines(&["for-each-ref", "--points-at", &first, "--format=%(refname:lstrip=2)"]),
        ["site/north", "v1"]
    );
    pond.ok(&["tag", "main"]);
    assert_eq!(
        pond.lines(&[
            "for-each-ref",
            "--format=%(refname:short) %(ahead-behind:v1)",
            "refs/heads/main",
            "refs/tags/main"
        ]),
        ["heads/main 1 0", "tags/main 1 0"]
    );
    pond.fails(&["for-each-ref", "--format=%(nonsense)"], 128).expect_says("unknown field name: nonsense");
    pond.fails(&["for-each-ref", "--format=%(refname"], 128);
    pond.fails(&["for-each-ref", "--sort=objectname:wrong"], 128);
}

/// Starts the program as the pond does, from any thread.
struct Starter {
    program: OsString,
    directory: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl Starter {
    fn of(pond: &TestPond) -> Self {
        let command = pond.command::<&str>(&[]);
        let variables =
            command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        Self {
            program: command.get_program().to_owned(),
            directory: pond.mirror(),
            variables: variables.collect(),
        }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(&self.directory).env_clear().envs(self.variables.iter().cloned());
        describe(args, command.stdin(Stdio::null()).output().expect("the program runs"))
    }
}

/// Writers that share two branches: what is refused is tried again on the new value, what was acknowledged is there once.
#[test]
fn commits_and_refs_of_many_processes_all_arrive() {
    const WORKERS: usize = 4;
    const ROUNDS: usize = 10;
    let (pond, _, _) = with_two_commits();
    let tree = pond.id("HEAD^{tree}");
    pond.ok(&["branch", "even"]);
    pond.ok(&["branch", "odd"]);
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            // The pond itself counts time and stays in this thread; commands can be made from a copy of its first.
            let (tree, start) = (tree.clone(), Starter::of(&pond));
            scope.spawn(move || {
                let branch = if worker % 2 == 0 { "refs/heads/even" } else { "refs/heads/odd" };
                for round in 0..ROUNDS {
                    let message = format!("worker {worker} round {round}");
                    loop {
                        let old = start.run(&["rev-parse", branch]).expect_code(0).line();
                        let made = start.run(&["commit-tree", &tree, "-p", &old, "-m", &message]);
                        let new = made.expect_code(0).line();
                        let moved = start.run(&["update-ref", branch, &new, &old]).expect_no_panic();
                        if moved.code == 0 {
                            break;
                        }
                        assert!(moved.err().contains("was expected"), "{moved}");
                    }
                }
            });
        }
    });
    let mut found: Vec<String> = Vec::new();
    for branch in ["even", "odd"] {
        found.extend(pond.lines(&["log", "--format=%s", &format!("main..{branch}")]));
    }
    found.sort();
    let mut wanted: Vec<String> = (0..WORKERS)
        .flat_map(|worker| (0..ROUNDS).map(move |round| format!("worker {worker} round {round}")))
        .collect();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn where_the_lock_cannot_be_had_the_first_wins() {
    let (pond, _, second) = with_two_commits();
    std::fs::remove_file(pond.dot_pond("lock")).expect("a lock file");
    std::fs::create_dir(pond.dot_pond("lock")).expect("a directory in its place");
    pond.ok(&["branch", "x"]);
    pond.write("a", "3\n");
    pond.commit_all("three");
    assert_eq!((pond.id("x"), pond.id("HEAD~1")), (second.clone(), second));
}
