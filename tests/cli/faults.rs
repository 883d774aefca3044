//! System calls that fail, one after the other: what a command says of that is true.

use crate::harness::TestPond;

/// Calls of a command that are made to fail: so many, one in each run.
const MOST: usize = 30;

fn two_files() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "a\n");
    pond.write("d/b", "b\n");
    pond.commit_all("one");
    pond.append("a", "edited\n");
    pond.append("d/b", "edited\n");
    pond
}

fn state(pond: &TestPond) -> (Vec<String>, Vec<Option<Vec<u8>>>) {
    let read = |name| std::fs::read(pond.path(name)).ok();
    (pond.status(), ["a", "d/b"].map(read).to_vec())
}

#[test]
fn a_rename_over_a_file_that_fails_leaves_both() {
    let before = state(&two_files());
    for call in ["unlinkat", "renameat2", "fsync"] {
        let mut refused = 0;
        for number in 1..=MOST {
            let pond = two_files();
            let newest = || pond.ok(&["op", "log", "-1", "--oneline"]);
            let before_it = newest();
            let fault = format!("{call}:error=EIO:when={number}");
            let Some((output, is_made)) = pond.run_with_fault(&["mv", "-f", "a", "d/b"], &fault) else {
                return;
            };
            if !is_made {
                break;
            }
            let output = output.expect_no_panic();
            if output.err().contains("nothing was renamed") {
                refused += 1;
                assert_eq!(state(&pond), before, "{fault}\n{output}");
            } else if output.code == 0 {
                assert_eq!(pond.read("d/b"), "a\nedited\n", "{fault}\n{output}");
                assert!(!pond.exists("a"), "{fault}\n{output}");
            }
            if newest() != before_it {
                pond.ok(&["undo"]);
            }
            assert_eq!(state(&pond), before, "{fault}, taken back\n{output}");
            assert!(number < MOST, "so many calls of {call}?");
        }
        assert!(refused > 0 || call == "unlinkat", "no {call} was one of renaming: this proves nothing");
    }
}

#[test]
fn without_threads_the_work_is_done_all_the_same_or_refused() {
    let mut refused = 0;
    for number in 1..=6 {
        let pond = TestPond::new();
        (0..200).for_each(|file| pond.write(format!("d/{file}"), format!("{file}\n")));
        let fault = format!("clone3:error=EAGAIN:when={number}+");
        let Some((output, is_made)) = pond.run_with_fault(&["add", "-A"], &fault) else { return };
        let output = output.expect_no_panic();
        if output.code != 0 {
            refused += 1;
            let output = output.expect_code(128).expect_says("cannot start a thread");
            assert_eq!(pond.status(), ["?? d/"], "{output}");
            pond.ok(&["add", "-A"]);
        }
        assert_eq!(pond.status().len(), 200, "{fault}");
        assert!(is_made || number > 1, "no thread was started: this proves nothing");
    }
    assert!((1..6).contains(&refused), "{refused}");
}
