//! Ponds of other users: whoever may read the files reads the pond, nothing of theirs is run or changed, and root behind sudo
//! leaves them what is theirs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::harness::TestPond;
use crate::users::{OTHER, OWNER, Users, owners};

const READING: [&[&str]; 24] = [
    &["log"],
    &["log", "--graph", "-p"],
    &["show", "--stat"],
    &["status"],
    &["diff"],
    &["diff", "HEAD~1"],
    &["ls"],
    &["cat", "HEAD:a"],
    &["op", "log"],
    &["op", "show", "1"],
    &["reflog"],
    &["branch"],
    &["tag"],
    &["stash", "list"],
    &["describe", "--always"],
    &["ls-files"],
    &["rev-parse", "HEAD"],
    &["rev-list", "HEAD"],
    &["for-each-ref"],
    &["cat-object", "-p", "HEAD"],
    &["count-objects", "-v"],
    &["undo", "-n"],
    &["clean", "-n"],
    &["config", "--list"],
];

const WRITING: [&[&str]; 18] = [
    &["add", "-A"],
    &["commit", "--allow-empty", "-m", "x"],
    &["rm", "a"],
    &["mv", "a", "z"],
    &["restore", "a"],
    &["switch", "-c", "x"],
    &["reset", "--hard"],
    &["branch", "x"],
    &["tag", "x"],
    &["tag", "-a", "x"],
    &["stash"],
    &["clean", "-f"],
    &["undo"],
    &["merge", "HEAD~1"],
    &["update-ref", "refs/heads/x", "HEAD"],
    &["hash-object", "-w", "a"],
    &["config", "user.name", "x"],
    &["maintenance"],
];

/// A pond of the owner's with two commits, without a cache, and with settings that would run programs.
fn pond_of_owner() -> Option<Users> {
    let users = Users::new()?;
    users.run(OWNER, &["init"]).expect_code(0);
    for content in ["1\n", "2\n"] {
        users.write("a", content);
        users.run(OWNER, &["add", "-A"]).expect_code(0);
        users.run(OWNER, &["commit", "-m", "a commit"]).expect_code(0);
    }
    let config = users.pond.dot_pond("config.toml");
    let text = fs::read_to_string(&config).expect("the settings");
    let more = format!(
        "{text}\n[core]\npager = \"touch {0}\"\neditor = \"touch {0}\"\nexcludesFile = \"{0}\"\n[alias]\nevil = \"!touch {0}\"\n",
        users.pond.beside("evil").display()
    );
    fs::write(&config, more).expect("written");
    for entry in fs::read_dir(users.pond.dot_pond("cache")).expect("the cache") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
    }
    Some(users)
}

/// Every path below `.pond`, with what would show a change.
fn state(pond: &TestPond) -> Vec<String> {
    let entries = walkdir::WalkDir::new(pond.dot_pond("")).sort_by_file_name().into_iter();
    let line = |entry: walkdir::DirEntry| {
        let found = entry.metadata().expect("metadata");
        let times = (found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec());
        format!("{} {} {} {times:?}", entry.path().display(), found.len(), found.uid())
    };
    entries.map(|entry| line(entry.expect("an entry"))).collect()
}

#[test]
fn whoever_may_read_the_files_reads_the_pond_and_changes_nothing() {
    let Some(users) = pond_of_owner() else { return };
    // A stat that proves nothing: a command of the owner's would note it in the index.
    let touched = fs::File::options().write(true).open(users.pond.path("a")).expect("opened");
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("a time is set");
    let before = state(&users.pond);
    for user in [0, OTHER] {
        for args in READING {
            let output = users.run(user, args).expect_code(0);
            assert!(!output.err().contains("warning") && !output.err().contains("cache"), "{output}");
        }
        let elsewhere = users.pond.beside(format!("laid-out-{user}"));
        fs::create_dir(&elsewhere).expect("a directory");
        std::os::unix::fs::chown(&elsewhere, Some(user), None).expect("given away");
        users.run(user, &["restore".as_ref(), "--to".as_ref(), elsewhere.as_os_str()]).expect_code(0);
        assert_eq!(fs::read(elsewhere.join("a")).expect("laid out"), b"2\n");
        users.run(user, &["evil"]).expect_failure(129).expect_says("not a pond command");
        for args in WRITING {
            let output = users.run(user, args).expect_failure(128).expect_says("belongs to another user");
            output.expect_says("safe.directory");
        }
    }
    assert_eq!(before, state(&users.pond));
    assert!(!users.pond.beside("evil").exists(), "a program of the pond's was run");
}

#[test]
fn what_safe_directory_lists_is_written_to() {
    let Some(users) = pond_of_owner() else { return };
    let mirror = users.pond.mirror().display().to_string();
    let above = users.pond.beside("").display().to_string();
    let above = above.trim_end_matches('/');
    let lists = [
        (mirror.clone(), 0),
        (format!("{above}/*"), 0),
        ("*".into(), 0),
        (above.into(), 128),
        (format!("{mirror}/*"), 128),
        (String::new(), 128),
    ];
    for (number, (listed, code)) in lists.iter().enumerate() {
        let setting = format!("safe.directory={listed}");
        users.run(0, &["-c", &setting, "tag", &format!("t{number}")]).expect_code(*code);
    }
    // The pond cannot call itself safe.
    let config = users.pond.dot_pond("config.toml");
    let text = fs::read_to_string(&config).expect("the settings");
    fs::write(&config, format!("{text}[safe]\ndirectory = \"*\"\n")).expect("written");
    users.run(0, &["tag", "x"]).expect_failure(128);
    users
        .run(OWNER, &["config", "safe.directory", "*"])
        .expect_failure(128)
        .expect_says("cannot call itself safe");
    // In the user's file and in the system's it counts, and then the pond's settings do.
    users.run(0, &["config", "--global", "--add", "safe.directory", "/nowhere"]).expect_code(0);
    users.run(0, &["tag", "x"]).expect_failure(128);
    users.run(0, &["config", "--global", "--add", "safe.directory", &mirror]).expect_code(0);
    users.run(0, &["tag", "x"]).expect_code(0);
    users.run(0, &["evil"]).expect_code(0);
    assert!(users.pond.beside("evil").exists());
    users.run(0, &["config", "--global", "--unset", "safe.directory"]).expect_code(0);
    users.run(0, &["tag", "y"]).expect_failure(128);
    let system = users.pond.beside("system.toml");
    fs::write(&system, "[safe]\ndirectory = [\"/nowhere\", \"*\"]\n").expect("written");
    users.run_with(0, &[("POND_CONFIG_SYSTEM", Some(system.into()))], &["tag", "y"]).expect_code(0);
    assert_all_owned_by(OWNER, &users.pond.dot_pond(""));
}

#[track_caller]
fn assert_all_owned_by(user: u32, directory: &Path) {
    let others: Vec<_> = owners(directory).into_iter().filter(|(_, owner)| *owner != user).collect();
    assert!(others.is_empty(), "not of user {user}: {others:?}");
}

#[test]
fn root_behind_sudo_leaves_the_owner_what_it_writes() {
    let Some(users) = Users::new() else { return };
    let sudo = |args: &[&str]| users.run_with(0, &[("SUDO_UID", Some(OWNER.to_string().into()))], args);
    sudo(&["init"]).expect_code(0);
    assert_all_owned_by(OWNER, &users.pond.dot_pond(""));
    users.write("a", "1\n");
    users.write("b", &"a line that is long enough for more than one chunk\n".repeat(2_000));
    sudo(&["add", "-A"]).expect_code(0);
    assert_all_owned_by(OWNER, &users.pond.dot_pond(""));
    sudo(&["commit", "-m", "by root"]).expect_code(0);
    users.run(OWNER, &["commit", "--allow-empty", "-m", "by its owner"]).expect_code(0);
    // What is derived or made when it is needed is made by root now.
    for name in ["cache", "staging", "replaced", "lock", "mirrors/main/lock", "mirrors/main/index"] {
        let path = users.pond.dot_pond(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
    }
    users.write("a", "2\n");
    sudo(&["stash"]).expect_code(0);
    sudo(&["stash", "pop"]).expect_code(0);
    sudo(&["restore", "a"]).expect_code(0);
    for number in 0..40 {
        sudo(&["commit", "--allow-empty", "-m", &number.to_string()]).expect_code(0);
    }
    sudo(&["maintenance"]).expect_code(0);
    sudo(&["config", "log.date", "iso"]).expect_code(0);
    sudo(&["log"]).expect_code(0);
    sudo(&["undo"]).expect_code(0);
    assert_all_owned_by(OWNER, &users.pond.dot_pond(""));
    users.write("a", "3\n");
    for args in [&["add", "-A"][..], &["commit", "-m", "again"], &["undo"], &["maintenance"], &["stash"]] {
        users.run(OWNER, args).expect_code(0);
    }
    // Sudo helps with the ponds of the user who called it only, and only root.
    let other = [("SUDO_UID", Some(OTHER.to_string().into()))];
    users.run_with(0, &other, &["tag", "x"]).expect_failure(128);
    let owner = [("SUDO_UID", Some(OWNER.to_string().into()))];
    users.run_with(OTHER, &owner, &["tag", "x"]).expect_failure(128).expect_says("belongs to another user");
}
