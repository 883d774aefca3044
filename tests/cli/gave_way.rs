//! Files in no version, ignored ones among them, that stand where a version has something else: whoever takes them away says
//! so, and `undo` brings them back.

use crate::harness::TestPond;

/// `d` is a file in every version, and a directory with ignored files in the mirror.
fn in_the_place_of_a_file(name: &str) -> TestPond {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.o\n");
    pond.write("d", "1\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "other"]);
    pond.write("d", "2\n");
    pond.commit_all("two");
    pond.ok(&["switch", "main"]);
    pond.remove("d");
    pond.write(format!("d/{name}"), "mine\n");
    pond
}

#[test]
fn a_directory_that_gives_way_to_a_file() {
    for name in ["ignored.o", "plain"] {
        for (command, content) in [
            ("restore d", "1\n"),
            ("restore -s other d", "2\n"),
            ("checkout -- d", "1\n"),
            ("checkout other -- d", "2\n"),
            ("reset --hard", "1\n"),
            ("reset --hard other", "2\n"),
            ("switch -f other", "2\n"),
            ("checkout -f other", "2\n"),
        ] {
            let pond = in_the_place_of_a_file(name);
            let path = format!("d/{name}");
            let said = format!(
                "in the way; they are stored in the pond:\nwarning:   {path}\nhint: 'pond undo' brings them back"
            );
            pond.run(&command.split(' ').collect::<Vec<_>>()).expect_code(0).expect_says(&said);
            assert_eq!(pond.read("d"), content, "{command}");
            pond.ok(&["undo"]);
            assert_eq!(pond.read(&path), "mine\n", "{command}");
        }
        // What is not told to overwrite anything refuses.
        for command in ["switch other", "merge other", "stash"] {
            let pond = in_the_place_of_a_file(name);
            pond.fails(&command.split(' ').collect::<Vec<_>>(), 1);
            assert_eq!(pond.read(format!("d/{name}")), "mine\n", "{command}");
        }
    }
}

#[test]
fn a_file_in_the_place_of_another() {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.o\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "other"]);
    pond.write("x.o", "tracked\n");
    pond.write("deep/y", "tracked\n");
    pond.ok(&["add", "-f", "-A"]);
    pond.ok(&["commit", "-m", "two"]);
    pond.ok(&["switch", "main"]);
    pond.write("x.o", "mine\n");
    pond.write("deep", "mine too\n");
    pond.run(&["switch", "-f", "other"])
        .expect_code(0)
        .expect_says("stored in the pond:\nwarning:   deep\nwarning:   x.o");
    pond.ok(&["undo"]);
    assert_eq!((pond.read("x.o"), pond.read("deep")), ("mine\n".to_owned(), "mine too\n".to_owned()));
    // What is as the version has it gives way to nothing.
    pond.write("x.o", "tracked\n");
    pond.remove("deep");
    let output = pond.run(&["switch", "-f", "other"]).expect_code(0);
    assert!(!output.err().contains("in the way"), "{output}");
}
