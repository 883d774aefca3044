//! Files that programs write to while they are added: what only grew is taken as it was, what is overwritten is held back.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::harness::TestPond;

/// Enough that reading it takes longer than a writer's pause.
const LARGE: usize = 24 << 20;

fn readings(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 64);
    for number in 0_u64.. {
        if text.len() >= bytes {
            break;
        }
        let value = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        writeln!(text, "2026-03-01T00:00:{:02}Z,{number},{value}", number % 60).expect("memory");
    }
    text
}

/// Runs `work` while `write` is called again and again; each call is one write and a pause.
fn beside<T>(write: impl Fn(u64) + Sync, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                write(number);
                thread::sleep(Duration::from_micros(300));
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        stop.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(bytes)).expect("appended");
}

fn overwrite(path: &Path, number: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("the file");
    file.write_all_at(&number.to_le_bytes(), 8 * (number % 64)).expect("overwritten");
}

#[test]
fn a_large_log_is_added_up_to_a_line_while_it_grows() {
    let pond = TestPond::new();
    pond.write("log.csv", readings(LARGE));
    pond.write("other.txt", "at rest\n");
    let log = pond.path("log.csv");
    // Half a line at a time, as programs do whose buffers are full.
    let write = |number: u64| append(&log, if number.is_multiple_of(2) { b"half of " } else { b"a line\n" });
    beside(write, || {
        pond.ok(&["add", "-A"]);
        pond.ok(&["commit", "-m", "one"]);
        assert_eq!(pond.status(), [" M log.csv"], "it has grown since");
        pond.run(&["diff"]).expect_code(0).expect_prints("+half of a line");
        pond.run(&["diff", "--stat"]).expect_code(0).expect_prints("log.csv");
        pond.ok(&["commit", "-a", "-m", "two"]);
    });
    let whole = pond.read_bytes("log.csv");
    let mut sizes = Vec::new();
    for revision in ["HEAD~1", "HEAD"] {
        let version = pond.run(&["cat", &format!("{revision}:log.csv")]).expect_code(0).stdout;
        assert!(whole.starts_with(&version), "{revision} is no beginning of the file");
        assert_eq!(version.last(), Some(&b'\n'), "{revision} ends within a line");
        sizes.push(version.len());
    }
    assert!(LARGE < sizes[0] && sizes[0] < sizes[1], "{sizes:?}");
    pond.commit_all("at rest");
    assert!(pond.status().is_empty());
    assert_eq!(pond.run(&["cat", "HEAD:log.csv"]).expect_code(0).stdout, whole);
}

#[test]
fn a_binary_file_that_grows_is_taken_as_it_was_when_it_was_opened() {
    let pond = TestPond::new();
    let mut content = readings(LARGE);
    content[0] = 0;
    pond.write("data.bin", &content);
    let data = pond.path("data.bin");
    beside(|number| append(&data, &number.to_be_bytes()), || pond.ok(&["add", "-A"]));
    pond.ok(&["commit", "-m", "one"]);
    let version = pond.run(&["cat", "HEAD:data.bin"]).expect_code(0).stdout;
    let whole = pond.read_bytes("data.bin");
    assert!(whole.starts_with(&version) && version.len() >= content.len());
    assert_eq!((version.len() - content.len()) % 8, 0, "what one write appended is torn");
}

#[test]
fn what_is_overwritten_while_it_is_read_is_held_back_and_the_rest_is_committed() {
    let pond = TestPond::new();
    pond.write("table.db", readings(LARGE));
    pond.write("notes.txt", "one\n");
    let first = pond.commit_all("one");
    pond.write("notes.txt", "two\n");
    let table = pond.path("table.db");
    beside(
        |number| overwrite(&table, number),
        || {
            // A write at least between the status that pond has of the file and the command.
            thread::sleep(Duration::from_millis(30));
            let committed = pond.fails(&["commit", "-a", "-m", "two"], 3);
            committed
                .expect_says("table.db: it changes while it is being read")
                .expect_prints("1 file changed");
            pond.fails(&["add", "-A"], 3).expect_says("table.db");
            // Nothing else is changed.
            pond.fails(&["commit", "-a", "-m", "three"], 3).expect_says("nothing was committed");
            pond.fails(&["commit", "-a", "-m", "four", "--json"], 3);
        },
    );
    assert_eq!(pond.id("HEAD~1"), first);
    assert_eq!(pond.ok(&["cat", "HEAD:notes.txt"]), "two\n");
    let version = pond.run(&["cat", "HEAD:table.db"]).expect_code(0).stdout;
    assert_eq!(version, pond.run(&["cat", "HEAD~1:table.db"]).expect_code(0).stdout);
    pond.ok(&["commit", "-a", "-m", "at rest"]);
    assert_eq!(pond.run(&["cat", "HEAD:table.db"]).expect_code(0).stdout, pond.read_bytes("table.db"));
}

#[test]
fn a_log_that_grows_while_it_is_saved_loses_nothing() {
    let pond = TestPond::new();
    pond.write("log.csv", readings(LARGE));
    pond.commit_all("one");
    pond.append("log.csv", "not committed\n");
    let log = pond.path("log.csv");
    let stopped = AtomicBool::new(false);
    // One that holds the file open: what it writes goes to the old file.
    let file = OpenOptions::new().append(true).open(&log).expect("the log");
    beside(
        |number| {
            if !stopped.load(Ordering::Relaxed) {
                writeln!(&file, "late {number}").expect("appended");
            }
        },
        || {
            pond.ok(&["restore", "log.csv"]);
            stopped.store(true, Ordering::Relaxed);
        },
    );
    drop(file);
    assert_eq!(pond.read_bytes("log.csv"), pond.run(&["cat", "HEAD:log.csv"]).expect_code(0).stdout);
    pond.ok(&["undo"]);
    assert!(pond.read("log.csv").contains("not committed\n"));
}
