//! `pond summarize`, `pond head` and `pond tail`: tables in files of any version.

use serde_json::Value;

use crate::harness::TestPond;

/// A pond with a log of twelve hours, of which one is missing, and an older version with six.
fn gauge() -> TestPond {
    let pond = TestPond::new();
    let text = |hours: &[u32]| {
        let rows = hours.iter().map(|hour| format!("2026-03-01T{hour:02}:00:00Z,{}.5\n", hour % 4));
        format!("time,level\n{}", rows.collect::<String>())
    };
    pond.write("data/gauge.csv", text(&[0, 1, 2, 3, 4, 5]));
    pond.write("data/notes.txt", "nothing\n");
    pond.commit_all("Six hours");
    pond.write("data/gauge.csv", text(&[0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]));
    pond.commit_all("Twelve hours, one of which is missing");
    pond
}

/// The times in the first column.
#[track_caller]
fn hours(pond: &TestPond, args: &[&str]) -> Vec<String> {
    let lines = pond.lines(args);
    lines[1..].iter().filter_map(|line| Some(line.split_once('T')?.1[..2].to_owned())).collect()
}

#[test]
fn the_first_and_last_rows_stand_in_the_order_of_the_file() {
    let pond = gauge();
    assert_eq!(hours(&pond, &["head", "-n", "2", "data/gauge.csv"]), ["00", "01"]);
    assert_eq!(hours(&pond, &["tail", "-n", "3", "data/gauge.csv"]), ["09", "10", "11"]);
    assert_eq!(hours(&pond, &["tail", "-n", "1", "HEAD~1:data/gauge.csv"]), ["05"]);
    assert_eq!(hours(&pond, &["tail", "data/gauge.csv"]).len(), 10, "ten, if nobody says how many");
    assert_eq!(hours(&pond, &["tail", "-n", "100", "data/gauge.csv"]).len(), 11, "no more than there are");
    assert_eq!(hours(&pond, &["head", "-n", "0", "data/gauge.csv"]), [""; 0]);
    // What is staged, and what is in the mirror.
    pond.append("data/gauge.csv", "2026-03-01T12:00:00Z,0.5\n");
    assert_eq!(hours(&pond, &["tail", "-n", "1", "data/gauge.csv"]), ["12"]);
    assert_eq!(hours(&pond, &["tail", "-n", "1", ":data/gauge.csv"]), ["11"]);

    let two = pond.ok(&["head", "-n", "1", "HEAD~1:data/gauge.csv", "data/gauge.csv"]);
    assert!(two.starts_with("==> HEAD~1:data/gauge.csv <==\n"), "{two}");
    assert!(two.contains("\n\n==> data/gauge.csv <==\n"), "{two}");
    let rows: Value =
        serde_json::from_str(&pond.ok(&["--json", "tail", "-n", "2", "HEAD:data/gauge.csv"])).expect("JSON");
    assert_eq!(rows.as_array().expect("an array").len(), 2);
    assert_eq!(rows[1]["level"], 3.5);
}

#[test]
fn a_summary_says_what_times_span_and_where_they_gap() {
    let pond = gauge();
    let text = pond.ok(&["summarize", "data/gauge.csv"]);
    let level =
        text.lines().find(|line| line.trim_start().starts_with("level")).expect("a line of the column");
    for part in ["Float64", "0.5", "3.5", "11"] {
        assert!(level.contains(part), "{part}: {text}");
    }
    assert!(text.contains("\n11 rows\n"), "{text}");
    let span =
        "time spans 11 hours; its longest gap is 2 hours, from 2026-03-01T05:00:00 to 2026-03-01T07:00:00\n";
    assert!(text.ends_with(span), "{text}");
    let older = pond.ok(&["summarize", "HEAD~1:data/gauge.csv"]);
    assert!(older.contains("time spans 5 hours; its longest gap is 1 hour, from "), "{older}");
    let columns: Value =
        serde_json::from_str(&pond.ok(&["--json", "summarize", "data/gauge.csv"])).expect("JSON");
    assert_eq!(columns[1]["column_name"], "level");
}

#[test]
fn what_is_no_table_is_refused() {
    let pond = gauge();
    for command in ["head", "tail", "summarize"] {
        pond.fails(&[command, "data/notes.txt"], 128).expect_says("notes.txt");
        pond.fails(&[command, "data/none.csv"], 128).expect_says("there is no file");
        pond.fails(&[command, "HEAD~5:data/gauge.csv"], 128).expect_says("HEAD~5");
        pond.fails(&[command], 129);
    }
    // A quote in a name ends no text.
    pond.write("it's.csv", "a\n1\n");
    assert!(pond.ok(&["head", "it's.csv"]).contains('1'));
    pond.fails(&["--json", "head", "it's.csv", "it's.csv"], 129).expect_says("one file");
}
