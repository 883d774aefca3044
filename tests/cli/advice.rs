//! What a command that fails says of what to do next.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::PathBuf;

use crate::bad_input::SmallDisk;
use crate::harness::{TestPond, noise};

fn with_a_commit() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("d/b", "b\n");
    pond.commit_all("First");
    pond
}

/// The file with the contents of the only commit.
fn data_pack(pond: &TestPond) -> PathBuf {
    let directory = fs::read_dir(pond.dot_pond("oplog/kind=data")).expect("packs");
    let mut packs: Vec<PathBuf> = directory.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(packs.len(), 1, "{packs:?}");
    packs.pop().expect("a pack")
}

#[test]
fn a_directory_that_is_not_there() {
    let pond = with_a_commit();
    let here = pond.mirror().canonicalize().expect("the mirror");
    pond.fails(&["-C", "nowhere", "status"], 128)
        .expect_says("cannot change to 'nowhere', which -C names")
        .expect_says(&format!("counts from '{}'", here.display()));
    pond.fails(&["-C", "a", "status"], 128).expect_says("-C names a directory that exists");
}

#[test]
fn settings_that_are_garbage_or_gone() {
    let pond = with_a_commit();
    let settings = pond.read(".pond/config.toml");
    for garbage in ["=== [garb", "\u{1}\u{2}", "[pond]\n"] {
        pond.write(".pond/config.toml", garbage);
        pond.fails(&["status"], 128)
            .expect_says("config.toml")
            .expect_says("hint: the file is TOML")
            .expect_says("'format = 1'");
    }
    pond.remove(".pond/config.toml");
    for args in [&["status"][..], &["log"], &["init"], &["config", "user.name", "Ada"]] {
        pond.fails(args, 128).expect_says("config.toml").expect_says("missing").expect_says("'format = 1'");
    }
    assert!(!pond.exists(".pond/config.toml"), "a file without the format would be worse than none");
    pond.write(".pond/config.toml", "[pond]\nformat = 1\n");
    assert_eq!(settings, pond.read(".pond/config.toml"));
    assert_eq!(pond.history().len(), 1);
    fs::create_dir_all(pond.path("other/.pond")).expect("a directory");
    pond.run_in(pond.path("other"), &["status"])
        .expect_failure(128)
        .expect_says("is not a pond")
        .expect_says("move");
}

#[test]
fn a_damaged_pack_is_named() {
    let pond = TestPond::new();
    pond.write("noise", noise(1, 100_000));
    pond.commit_all("First");
    pond.remove("noise");
    let pack = data_pack(&pond);
    let name = pack.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o644)).expect("permissions");
    let file = fs::File::options().write(true).open(&pack).expect("the pack");
    file.write_all_at(b"damage", 50_000).expect("written");
    let out = pond.beside("out").into_os_string().into_string().expect("text");
    for args in [&["restore", "noise"][..], &["restore", "--to", &out]] {
        pond.fails(args, 3)
            .expect_says(&name)
            .expect_says("damaged")
            .expect_says("hint: keep this pond as it is");
    }
    pond.fails(&["cat", "HEAD:noise"], 128).expect_says(&name).expect_says("second copy");
    fs::remove_file(&pack).expect("removed");
    pond.fails(&["restore", "noise"], 3).expect_says(&name).expect_says("hint: keep this pond as it is");
}

#[test]
fn a_version_that_does_not_fit() {
    let pond = TestPond::new();
    pond.write("large", noise(2, 3 << 20));
    pond.write("small", "1\n");
    pond.commit_all("First");
    let Some(disk) = SmallDisk::mount(pond.beside("disk"), 1) else {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    };
    let out = disk.0.join("out").into_os_string().into_string().expect("text");
    pond.fails(&["restore", "--to", &out], 3)
        .expect_says("no space is left for `large`")
        .expect_says("hint: the disk is full")
        .expect_says("holds a part of the version");
}

#[test]
fn a_rename_that_was_not_staged() {
    let pond = with_a_commit();
    fs::rename(pond.path("a"), pond.path("new")).expect("renamed");
    pond.fails(&["mv", "a", "new"], 128).expect_says("'pond add a new' stages that");
    pond.ok(&["add", "a", "new"]);
    assert_eq!(pond.status(), ["R  a -> new"]);
    fs::rename(pond.path("new"), pond.path("d/new")).expect("renamed");
    pond.run_in(pond.path("d"), &["mv", "../new", "."])
        .expect_failure(128)
        .expect_says("'pond add ../new new' stages that");
    pond.remove("d/new");
    pond.fails(&["mv", "new", "d"], 128).expect_says("'pond restore new' brings it back");
}

#[test]
fn a_removal_that_was_done_before() {
    let pond = with_a_commit();
    pond.remove("d/b");
    pond.ok(&["rm", "-r", "d"]);
    pond.fails(&["rm", "-r", "d"], 128).expect_says("removed already");
    pond.fails(&["rm", "nothing"], 128).expect_says("ls-files");
}

#[test]
fn an_empty_name_is_said_to_be_where_it_is() {
    let mut pond = with_a_commit();
    pond.unset("POND_AUTHOR_NAME");
    let commit = ["commit", "--allow-empty", "-m", "x"];
    pond.fails(&[&["-c", "user.name="][..], &commit].concat(), 128).expect_says("(user.name in -c) is empty");
    pond.ok(&["config", "user.name", ""]);
    pond.fails(&commit, 128).expect_says("config.toml:").expect_says("is empty");
    pond.set("POND_AUTHOR_NAME", "A<B");
    pond.fails(&commit, 128).expect_says("(POND_AUTHOR_NAME)");
}

#[test]
fn a_clock_that_is_no_date() {
    let mut pond = with_a_commit();
    pond.set("POND_NOW", "garbage");
    let out = pond.beside("out").into_os_string().into_string().expect("text");
    for args in [
        &["status"][..],
        &["diff"],
        &["ls-files"],
        &["count-objects"],
        &["rev-parse", "--show-toplevel"],
        &["check-ignore", "a"],
        &["clean", "-n"],
        &["config", "--list"],
        &["hash-object", "a"],
        &["restore", "--to", &out],
        &["log"],
        &["init"],
    ] {
        pond.fails(args, 128).expect_says("cannot use POND_NOW: 'garbage' is not a date");
    }
    pond.ok(&["help", "log"]);
    pond.ok(&["version"]);
}

#[test]
fn the_beginning_of_an_id_that_is_too_short() {
    let pond = with_a_commit();
    for args in [&["rev-parse", "1"][..], &["log", "abc"], &["show", "12..HEAD"], &["checkout", "abc"]] {
        pond.fails(args, 128).expect_says("the beginning of an id needs 4 digits at least");
    }
    let unknown = pond.fails(&["rev-parse", "ghi"], 128);
    assert!(!unknown.err().contains("digits"), "{unknown}");
}
