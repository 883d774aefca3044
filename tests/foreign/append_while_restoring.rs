//! A logger holds a file open and appends to it while commands replace the file: no line is lost.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use datafusion::prelude::{ParquetReadOptions, SessionContext};

use crate::harness::TestPond;
use crate::table::Table;

const RESTORES: usize = 10;

/// Appends a numbered line every 10 ms until it is told to stop; opens the file anew every forty lines,
/// as loggers do that rotate. Gives the number of lines.
fn logger(path: std::path::PathBuf, stop: &AtomicBool) -> usize {
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut file = OpenOptions::new().append(true).create(true).open(&path).expect("the log");
        for _ in 0..40 {
            writeln!(file, "reading {written:06}").expect("a line");
            written += 1;
            thread::sleep(Duration::from_millis(10));
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    written
}

#[test]
fn every_appended_line_is_in_the_file_or_recoverable() {
    let pond = TestPond::new();
    pond.write("log.txt", "version one\n");
    pond.commit_all("one");
    pond.write("log.txt", "version two\n");
    pond.commit_all("two");
    let stop = Arc::new(AtomicBool::new(false));
    let thread = thread::spawn({
        let (path, stop) = (pond.path("log.txt"), stop.clone());
        move || logger(path, &stop)
    });
    let mut said = 0;
    for round in 0..RESTORES {
        thread::sleep(Duration::from_millis(40));
        let revision = if round % 2 == 0 { "HEAD~1" } else { "HEAD" };
        let output = match round % 4 {
            3 => pond.run(&["checkout", "HEAD", "--", "log.txt"]),
            _ => pond.run(&["restore", "-s", revision, "log.txt"]),
        };
        let output = output.expect_no_panic();
        assert!(matches!(output.code, 0 | 3), "{output}");
        said += usize::from(output.err().contains("log.txt"));
    }
    thread::sleep(Duration::from_millis(50));
    stop.store(true, Ordering::Relaxed);
    let written = thread.join().expect("the logger");
    let after = pond.run(&["status"]).expect_code(0);
    said += usize::from(after.err().contains("log.txt"));
    assert!(written > RESTORES, "only {written} lines");
    assert!(said > 0, "no command said that the file was still written to\n{after}");
    let found = lines_found(&pond);
    let lost: Vec<usize> =
        (0..written).filter(|number| !found.contains(&format!("reading {number:06}"))).collect();
    assert!(lost.is_empty(), "{} of {written} lines are nowhere: {lost:?}", lost.len());
    let in_file = fs::read_to_string(pond.path("log.txt")).expect("the log");
    let in_file = in_file.lines().filter(|line| line.starts_with("reading")).count();
    assert!(in_file < written, "no restore replaced the file: this test proves nothing");
}

/// Every line in the mirror's file, among the replaced files, and in what the pond stores.
fn lines_found(pond: &TestPond) -> BTreeSet<String> {
    let mut contents = vec![pond.read_bytes("log.txt")];
    for entry in walkdir::WalkDir::new(pond.dot_pond("replaced")) {
        let entry = entry.expect("an entry");
        if entry.file_type().is_file() {
            contents.push(fs::read(entry.path()).expect("a replaced file"));
        }
    }
    contents.extend(Table::open(&pond.mirror()).bytes("select content from pond where type = 'chunk'"));
    contents.extend(staged_chunks(pond));
    let text: String =
        contents.iter().map(|content| String::from_utf8_lossy(content).into_owned() + "\n").collect();
    text.lines().map(str::to_owned).collect()
}

fn staged_chunks(pond: &TestPond) -> Vec<Vec<u8>> {
    let packs = fs::read_dir(pond.dot_pond("staging")).expect("the staging area");
    let paths: Vec<String> = packs
        .map(|entry| entry.expect("an entry").path().to_str().expect("text").to_owned())
        .filter(|path| path.ends_with(".data.parquet"))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut contents = Vec::new();
    for path in paths {
        let batches = runtime.block_on(async {
            let session = SessionContext::new();
            session
                .read_parquet(path, ParquetReadOptions::default())
                .await?
                .select_columns(&["content"])?
                .collect()
                .await
        });
        for batch in batches.expect("a pack") {
            let column =
                arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Binary).expect("bytes");
            let column = arrow::array::AsArray::as_binary::<i32>(&column).clone();
            contents.extend(column.iter().flatten().map(<[u8]>::to_vec));
        }
    }
    contents
}
