//! Everything that can be wrong: a clear message, the documented exit code, and nothing lost.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Output, TestPond, describe, noise};

fn with_a_commit() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("first");
    pond
}

#[test]
fn outside_a_pond() {
    let pond = TestPond::without_pond();
    for args in
        [&["status"][..], &["add", "-A"], &["commit", "-m", "x"], &["log"], &["restore", "a"], &["ls"]]
    {
        pond.fails(args, 128).expect_says("pond init");
    }
    assert_eq!(fs::read_dir(pond.mirror()).expect("the directory").count(), 0, "nothing is left behind");
}

#[test]
fn not_a_pond() {
    let pond = TestPond::without_pond();
    pond.mkdir(".pond");
    pond.fails(&["status"], 128).expect_says("pond");
    let nowhere = pond.beside("nowhere");
    pond.fails(&["--pond", nowhere.to_str().expect("text"), "log"], 128).expect_says("nowhere");
    pond.fails(&["-C", nowhere.to_str().expect("text"), "log"], 128).expect_says("nowhere");
}

#[test]
fn a_pond_of_a_newer_format() {
    let pond = with_a_commit();
    let config = pond.read(".pond/config.toml");
    let newer: String = config
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("format") {
                "format = 99\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    assert_ne!(config, newer, "config.toml states the format:\n{config}");
    pond.write(".pond/config.toml", newer);
    pond.write("b", "2\n");
    for args in [&["status"][..], &["log"], &["add", "-A"], &["commit", "-m", "x"]] {
        pond.fails(args, 128).expect_says("format").expect_says("newer");
    }
    pond.write(".pond/config.toml", config);
    assert_eq!(pond.history().len(), 1);
}

#[test]
fn damaged_configuration_is_an_error_with_its_place() {
    let pond = with_a_commit();
    let config = pond.read(".pond/config.toml");
    pond.write(".pond/config.toml", format!("{config}\n[user\n"));
    pond.fails(&["status"], 128).expect_says("config.toml");
    pond.write(".pond/config.toml", config);
    pond.ok(&["status"]);
}

#[test]
fn a_damaged_index_is_an_error_not_a_panic() {
    let pond = with_a_commit();
    let index = pond.read_bytes(".pond/mirrors/main/index");
    for (number, damaged) in
        [index[..index.len() / 2].to_vec(), vec![], noise(9, index.len())].iter().enumerate()
    {
        pond.write(".pond/mirrors/main/index", damaged);
        let output = pond.run(&["status", "--porcelain"]).expect_no_panic();
        assert!(matches!(output.code, 0 | 128), "case {number}\n{output}");
    }
    pond.write(".pond/mirrors/main/index", index);
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn unknown_revisions_and_paths() {
    let pond = with_a_commit();
    for revision in
        ["nonsense", "HEAD~5", "HEAD^2", "deadbeefdeadbeef", "@{op 999}", "HEAD:nowhere", "main@{99}"]
    {
        let output = pond.fails(&["rev-parse", revision], 128);
        let piece = revision.rsplit(':').next().expect("a piece").trim_start_matches("main");
        assert!(output.err().contains(piece), "{revision:?} is not named\n{output}");
    }
    pond.fails(&["log", "nonsense"], 128).expect_says("nonsense");
    pond.fails(&["show", "HEAD:nowhere"], 128).expect_says("nowhere");
    pond.fails(&["cat", "HEAD:nowhere"], 128).expect_says("nowhere");
    pond.fails(&["checkout", "nonsense"], 128).expect_says("nonsense");
    pond.fails(&["restore", "-s", "nonsense", "a"], 128).expect_says("nonsense");
    for args in
        [&["add", "nowhere"][..], &["rm", "nowhere"], &["restore", "nowhere"], &["mv", "nowhere", "b"]]
    {
        let output = pond.run(args).expect_no_panic();
        assert!(matches!(output.code, 1 | 128) && output.err().contains("nowhere"), "{output}");
    }
    let oplog = pond.run(&["log", "--format=%s"]).expect_code(0).lines();
    assert_eq!(oplog, ["first"]);
}

#[test]
fn wrong_usage_is_129() {
    let pond = with_a_commit();
    pond.fails(&["log", "--no-such-flag"], 129).expect_says("--no-such-flag");
    pond.fails(&["mv", "a"], 129);
    pond.fails(&["config"], 129);
    let unknown = pond.run(&["stauts"]).expect_no_panic();
    assert!(matches!(unknown.code, 128 | 129) && unknown.err().contains("status"), "did you mean\n{unknown}");
    let json = pond.run(&["--json", "rev-parse", "nonsense"]).expect_code(128);
    let error: serde_json::Value =
        serde_json::from_str(json.err().lines().next().expect("a line")).expect("JSON");
    assert_eq!(error["exit_code"], 128);
}

#[test]
fn an_ambiguous_prefix() {
    let (one, two) = colliding();
    let id = |content: &str| blake3::hash(content.as_bytes()).to_hex().to_string();
    let prefix = id(&one)[..4].to_owned();
    let pond = TestPond::new();
    pond.write("one", &one);
    pond.write("two", &two);
    pond.commit_all("both");
    let output = pond.fails(&["rev-parse", &prefix], 128).expect_says("ambiguous");
    assert!(output.err().contains(&id(&one)[..10]) && output.err().contains(&id(&two)[..10]), "{output}");
    assert_eq!(pond.id(&id(&one)[..10]), id(&one));
    pond.fails(&["rev-parse", &prefix[..3]], 128);
}

/// Two contents whose ids begin with the same four digits, not all of which are decimal.
fn colliding() -> (String, String) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for number in 0.. {
        let content = format!("content {number}\n");
        let prefix = blake3::hash(content.as_bytes()).to_hex()[..4].to_owned();
        if let Some(other) = seen.insert(prefix, content.clone()) {
            return (other, content);
        }
    }
    unreachable!("there are only 65,536 prefixes")
}

#[test]
fn a_name_that_cannot_be_kept() {
    let pond = TestPond::new();
    pond.write("fine", "1\n");
    pond.write("sub/.POND", "not allowed anywhere\n");
    let output = pond.run(&["add", "-A"]).expect_failure(3).expect_says(".POND");
    assert!(!output.err().contains("fine"), "{output}");
    assert_eq!(pond.lines(&["ls-files"]), ["fine"], "the rest is still added");
}

/// The binary where another user can reach it, and the pond owned by that user, so that permissions count
/// even where these tests run as root.
pub(crate) struct Nobody<'a> {
    pond: &'a TestPond,
    program: PathBuf,
    drop_root: bool,
}

const NOBODY: u32 = 65_534;

impl<'a> Nobody<'a> {
    pub(crate) fn of(pond: &'a TestPond) -> Self {
        let drop_root = rustix::process::geteuid().is_root();
        let program = pond.beside("pond-program");
        // By another process: what this one starts meanwhile would inherit the open file, and it could not be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_pond")).arg(&program).status();
        assert!(copied.expect("cp starts").success(), "a copy of the program");
        if drop_root {
            let root = pond.beside("");
            fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).expect("permissions");
            for entry in walkdir::WalkDir::new(&root) {
                let path = entry.expect("an entry").into_path();
                std::os::unix::fs::lchown(&path, Some(NOBODY), Some(NOBODY)).expect("a new owner");
            }
            chown(&root, Some(NOBODY), Some(NOBODY)).expect("a new owner");
        }
        Self { pond, program, drop_root }
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        let template = self.pond.command(args);
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.pond.mirror()).env_clear().stdin(Stdio::null());
        command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if self.drop_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        describe(args, command.output().expect("the program starts"))
    }
}

#[test]
fn unreadable_files_and_directories_do_not_stop_the_rest() {
    let pond = TestPond::new();
    pond.write("fine", "1\n");
    pond.write("secret", "2\n");
    pond.write("closed/inside", "3\n");
    let nobody = Nobody::of(&pond);
    pond.chmod("secret", 0o000);
    pond.chmod("closed", 0o000);
    let output = nobody.run(&["add", "-A"]).expect_failure(3).expect_says("secret").expect_says("closed");
    assert!(!output.err().contains("fine"), "{output}");
    nobody.run(&["commit", "-m", "what could be read"]).expect_code(0);
    pond.chmod("secret", 0o644);
    pond.chmod("closed", 0o755);
    assert_eq!(nobody.run(&["ls-files"]).expect_code(0).lines(), ["fine"]);
    nobody.run(&["add", "-A"]).expect_code(0);
    nobody.run(&["commit", "-m", "the rest"]).expect_code(0);
    pond.chmod("closed", 0o000);
    let status = nobody.run(&["status", "--porcelain"]);
    assert!(!status.out().contains("D closed"), "what can't be looked at is not deleted\n{status}");
    nobody.run(&["add", "-A"]).expect_failure(3);
    assert!(nobody.run(&["ls-files"]).lines().contains(&"closed/inside".to_owned()));
    pond.chmod("closed", 0o755);
}

#[test]
fn a_read_only_pond_can_be_read() {
    let pond = with_a_commit();
    pond.write("a", "1\n2\n");
    let nobody = Nobody::of(&pond);
    nobody.run(&["status"]).expect_code(0);
    set_writable(&pond.dot_pond(""), false);
    for args in
        [&["status", "--porcelain"][..], &["log", "--oneline"], &["diff"], &["cat", "HEAD:a"], &["show"]]
    {
        nobody.run(args).expect_code(0);
    }
    nobody.run(&["add", "a"]).expect_failure(128);
    nobody.run(&["commit", "-a", "-m", "no"]).expect_failure(128);
    set_writable(&pond.dot_pond(""), true);
    nobody.run(&["commit", "-a", "-m", "second"]).expect_code(0);
    assert_eq!(nobody.run(&["log", "--format=%s"]).lines(), ["second", "first"]);
}

fn set_writable(directory: &Path, writable: bool) {
    for entry in walkdir::WalkDir::new(directory) {
        let entry = entry.expect("an entry");
        if !entry.file_type().is_symlink() {
            let mode = entry.metadata().expect("metadata").permissions().mode();
            let mode = if writable { mode | 0o200 } else { mode & !0o222 };
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)).expect("permissions");
        }
    }
}

/// A small file system that is mounted while this lives.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    pub(crate) fn mount(at: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir(&at).expect("a directory");
        let options = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What stays mounted stays in the temporary directory: nothing else could be done here.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let pond = TestPond::without_pond();
    let Some(disk) = SmallDisk::mount(pond.mirror().join("disk"), 48) else {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    };
    let run = |args: &[&str]| pond.run_in(&disk.0, args);
    run(&["init"]).expect_code(0);
    fs::write(disk.0.join("small"), "kept\n").expect("a file");
    run(&["add", "-A"]).expect_code(0);
    run(&["commit", "-m", "first"]).expect_code(0);
    let large = disk.0.join("large");
    fs::write(&large, noise(10, 30 << 20)).expect("a file");
    run(&["add", "large"]).expect_failure(128).expect_says("space");
    run(&["status", "--porcelain"]).expect_code(0).expect_prints("?? large");
    assert_eq!(fs::read(&large).expect("the file").len(), 30 << 20, "the user's file is untouched");
    fs::remove_file(&large).expect("removed");
    fs::write(disk.0.join("small"), "kept\nmore\n").expect("a file");
    run(&["commit", "-a", "-m", "second"]).expect_code(0);
    assert_eq!(run(&["cat", "HEAD~1:small"]).expect_code(0).out(), "kept\n");
    assert_eq!(run(&["cat", "HEAD:small"]).expect_code(0).out(), "kept\nmore\n");
}

#[test]
fn a_full_disk_leaves_no_truncated_file_in_the_mirror() {
    let pond = TestPond::without_pond();
    let Some(disk) = SmallDisk::mount(pond.mirror().join("disk"), 80) else {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    };
    let run = |args: &[&str]| pond.run_in(&disk.0, args);
    run(&["init"]).expect_code(0);
    let (data, content) = (disk.0.join("data"), noise(11, 20 << 20));
    fs::write(&data, &content).expect("a file");
    run(&["add", "-A"]).expect_code(0);
    run(&["commit", "-m", "first"]).expect_code(0);
    fs::write(&data, "short\n").expect("a file");
    run(&["commit", "-a", "-m", "second"]).expect_code(0);
    let filler = disk.0.join("filler");
    let mut size = 64 << 20;
    while size > 4 << 20 && fs::write(&filler, vec![1; size]).is_err() {
        size -= 1 << 20;
    }
    run(&["restore", "-s", "HEAD~1", "data"]).expect_failure(3).expect_says("space");
    assert_eq!(fs::read_to_string(&data).expect("the file"), "short\n", "the old file, whole");
    fs::remove_file(&filler).expect("removed");
    run(&["restore", "-s", "HEAD~1", "data"]).expect_code(0);
    assert!(fs::read(&data).expect("the file") == content);
}

#[test]
fn ctrl_c_leaves_nothing_half_done() {
    let pond = with_a_commit();
    let mut interrupted = 0;
    for (round, delay) in [30, 60, 120, 240].into_iter().enumerate() {
        pond.write("large", noise(12 + round as u64, 96 << 20));
        let mut command = pond.command(&["add", "-A"]);
        let child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        thread::sleep(Duration::from_millis(delay));
        let id = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("a pid");
        // It may have ended already.
        let _ = kill_process(id, Signal::INT);
        let output = describe(&["add", "-A"], child.wait_with_output().expect("it ended")).expect_no_panic();
        assert!(matches!(output.code, 0 | 130), "{output}");
        interrupted += usize::from(output.code == 130);
        let status = pond.status();
        let expected = if output.code == 130 { "?? large" } else { "A  large" };
        assert_eq!(status, [expected]);
        pond.ok(&["restore", "--staged", "."]);
    }
    assert!(interrupted > 0, "no command was interrupted: this test proves nothing");
    pond.write("large", "small now\n");
    pond.commit_all("second");
    assert_eq!(pond.history().len(), 2);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let pond = with_a_commit();
    for number in 0..200 {
        pond.write(
            format!("many/{number}"),
            noise(number, 400).iter().map(|byte| format!("{byte}\n")).collect::<String>(),
        );
    }
    pond.commit_all("many");
    let mut command = pond.command(&["log", "-p"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = describe(&["log", "-p"], child.wait_with_output().expect("it ended")).expect_no_panic();
    assert!(output.stderr.is_empty() && matches!(output.code, 0 | 141), "{output}");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_stored_torn() {
    let pond = TestPond::new();
    let path = pond.path("busy");
    fs::write(&path, vec![b'a'; 48 << 20]).expect("a file");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let output = thread::scope(|scope| {
        // Several, so that on a busy machine one of them writes while pond reads.
        for number in 0..6 {
            let (path, stop) = (&path, &stop);
            scope.spawn(move || {
                let file = fs::File::options().write(true).open(path).expect("the file");
                for byte in (b'b'..=b'z').cycle() {
                    if stop.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    let at = number * (8 << 20);
                    std::os::unix::fs::FileExt::write_all_at(&file, &[byte; 4096], at).expect("written");
                }
            });
        }
        let tries = (0..10).map(|_| pond.run(&["add", "busy"]).expect_no_panic());
        let refused = tries.into_iter().find(|output| output.code != 0);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        refused
    });
    let output = output.expect("BUG: ten times nobody wrote");
    assert!(matches!(output.code, 3 | 128), "the file never stood still\n{output}");
    let output = output.expect_says("busy");
    assert!(output.err().contains("chang"), "{output}");
    pond.ok(&["add", "busy"]);
    pond.ok(&["commit", "-m", "quiet now"]);
    assert_eq!(pond.id("HEAD:busy"), crate::same_tree::hash_file(&path));
}
