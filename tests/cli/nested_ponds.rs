//! Ponds within a mirror, what only looks like one, and paths that nobody can stage.

use crate::harness::TestPond;

#[test]
fn a_place_that_is_no_pond_is_described() {
    let mut pond = TestPond::new();
    pond.write("file", "1\n");
    pond.write("d/data", "1\n");
    pond.write("m/.pond", "pond = \"..\"\nmirror = \"m\"\n");
    let cases = [
        ("file", "is a file: a pond is a directory"),
        ("d/data", "is a file: a pond is a directory"),
        ("d", "there is no pond at"),
        ("missing", "no such file or directory"),
        ("m", "another mirror of a pond"),
    ];
    for (place, words) in cases {
        pond.fails(&["--pond", place, "status"], 128).expect_says(words).expect_says("hint:");
        pond.set("POND", place);
        let output = pond.fails(&["log"], 128).expect_says(words);
        assert!(output.err().contains("POND") || place == "m", "{output}");
        pond.unset("POND");
    }
    pond.fails(&["--pond", "file", "init"], 128).expect_says("is a file: a pond is made in a directory");
    pond.ok(&["--pond", ".", "status"]);
    pond.ok(&["--pond", ".pond", "status"]);
}
