//! A pond in a temporary directory, and the program run on it.
//!
//! Nothing of the machine's own configuration is seen: the environment is cleared, the home directory is a fresh one,
//! the clock stands still but for one minute at each commit.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// No command of these tests may take longer: a hang is a failure, not a timeout of CI.
const LONGEST: Duration = Duration::from_secs(300);
/// 2026-03-01 08:00:00 UTC.
const EPOCH: i64 = 1_772_352_000;
const MINUTE: i64 = 60;

/// The program that is tested.
pub(crate) fn program() -> PathBuf {
    if let Some(built) = option_env!("CARGO_BIN_EXE_pond") {
        return built.into();
    }
    // Of another package than the program's: cargo puts the tests below the directory of the programs.
    let this = std::env::current_exe().expect("a program has a path");
    let program = this.ancestors().nth(2).expect("cargo's layout").join("pond");
    assert!(program.exists(), "{} is not built: run 'cargo test --workspace'", program.display());
    program
}

/// What a command printed and how it ended.
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The exit code; 128 and the signal's number for a process that a signal ended.
    pub(crate) code: i32,
    command: String,
}

impl Output {
    /// The standard output as text.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The standard error as text.
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Panics with everything that is known unless the command ended with `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert!(self.code == code, "expected exit code {code}\n{self}");
        self
    }

    /// Panics unless the command failed with `code` and said why.
    #[track_caller]
    pub(crate) fn expect_failure(self, code: i32) -> Self {
        let this = self.expect_code(code);
        assert!(!this.err().trim().is_empty(), "a failure without a word\n{this}");
        this.expect_no_panic()
    }

    /// Panics if the program did.
    #[track_caller]
    pub(crate) fn expect_no_panic(self) -> Self {
        assert!(!self.err().contains("panicked at") && self.code != 101, "the program panicked\n{self}");
        self
    }

    /// Panics unless stderr holds `words`, in any case.
    #[track_caller]
    pub(crate) fn expect_says(self, words: &str) -> Self {
        assert!(self.err().to_lowercase().contains(&words.to_lowercase()), "stderr lacks {words:?}\n{self}");
        self
    }

    /// Panics unless stdout holds `words`.
    #[track_caller]
    pub(crate) fn expect_prints(self, words: &str) -> Self {
        assert!(self.out().contains(words), "stdout lacks {words:?}\n{self}");
        self
    }

    /// The first line of stdout.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        let out = self.out();
        let line = out.lines().next().unwrap_or_default();
        assert!(!line.is_empty(), "nothing was printed\n{self}");
        line.to_owned()
    }

    /// The lines of stdout.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.out().lines().map(str::to_owned).collect()
    }
}

/// The one readable text of a run: command, exit code, stdout, stderr.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$ {}\n[exit code {}]\n", self.command, self.code)?;
        write!(f, "--- stdout\n{}--- stderr\n{}", self.out(), self.err())
    }
}

/// A temporary directory with a mirror in it, and a home beside.
pub(crate) struct TestPond {
    root: TempDir,
    seconds: Cell<i64>,
    variables: Vec<(OsString, OsString)>,
}

impl TestPond {
    /// A mirror in which `pond init` was run.
    #[track_caller]
    pub(crate) fn new() -> Self {
        let this = Self::without_pond();
        this.ok(&["init"]);
        this
    }

    /// An empty directory that is no mirror yet.
    #[track_caller]
    pub(crate) fn without_pond() -> Self {
        let root = tempfile::Builder::new().prefix("pond-test-").tempdir().expect("a temporary directory");
        for name in ["mirror", "home"] {
            fs::create_dir(root.path().join(name)).expect("a directory");
        }
        Self { root, seconds: Cell::new(EPOCH), variables: Vec::new() }
    }

    /// Sets an environment variable for all commands to come.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.into(), value.into()));
    }

    /// Removes a variable that the harness sets.
    pub(crate) fn unset(&mut self, name: &str) {
        self.set(name, "\0");
    }

    /// The mirror's directory.
    pub(crate) fn mirror(&self) -> PathBuf {
        self.root.path().join("mirror")
    }

    /// A path beside the mirror, for things that the pond must not see.
    pub(crate) fn beside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(name)
    }

    /// A path in the mirror.
    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.mirror().join(Path::new(name.as_ref()))
    }

    /// A path in `.pond`.
    pub(crate) fn dot_pond(&self, name: &str) -> PathBuf {
        self.mirror().join(".pond").join(name)
    }

    /// Lets a minute pass, as every commit does.
    pub(crate) fn tick(&self) {
        self.seconds.set(self.seconds.get() + MINUTE);
    }

    fn now(&self) -> String {
        jiff::Timestamp::from_second(self.seconds.get()).expect("a time").to_string()
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let home = self.root.path().join("home");
        let mut all: Vec<(OsString, OsString)> = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
            ("HOME", home.clone().into_os_string()),
            ("XDG_CONFIG_HOME", home.join("config").into_os_string()),
            ("XDG_CACHE_HOME", home.join("cache").into_os_string()),
            ("POND_CONFIG_SYSTEM", "".into()),
            ("LC_ALL", "C".into()),
            ("TZ", "UTC".into()),
            ("NO_COLOR", "1".into()),
            ("POND_AUTHOR_NAME", "Ada Field".into()),
            ("POND_AUTHOR_EMAIL", "ada@example.org".into()),
            ("POND_COMMITTER_NAME", "Ada Field".into()),
            ("POND_COMMITTER_EMAIL", "ada@example.org".into()),
            ("POND_EDITOR", "false".into()),
            ("POND_NOW", self.now().into()),
            ("POND_AUTHOR_DATE", self.now().into()),
            ("POND_COMMITTER_DATE", self.now().into()),
        ]
        .into_iter()
        .map(|(name, value): (&str, OsString)| (name.into(), value))
        .collect();
        for (name, value) in &self.variables {
            all.retain(|(known, _)| known != name);
            if value != "\0" {
                all.push((name.clone(), value.clone()));
            }
        }
        all
    }

    /// The program with these arguments, ready to be started in the mirror.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(program());
        command.args(args).current_dir(self.mirror()).env_clear().envs(self.environment());
        command.stdin(std::process::Stdio::null());
        command
    }

    /// The newest version in the log of the table.
    pub(crate) fn delta_version(&self) -> u64 {
        let log = fs::read_dir(self.dot_pond("oplog/_delta_log")).expect("a log");
        let names = log.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        let versions = names.filter_map(|name| name.strip_suffix(".json")?.parse().ok());
        versions.max().expect("a version")
    }

    /// Runs the program in the mirror.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        self.run_from(self.mirror(), args, b"")
    }

    /// Runs it in another directory.
    pub(crate) fn run_in<S: AsRef<OsStr>>(&self, directory: impl AsRef<Path>, args: &[S]) -> Output {
        self.run_from(directory, args, b"")
    }

    /// Runs it in the mirror with a fault that strace injects into a system call: `fsync:error=EIO:when=2`, or
    /// `unlinkat:signal=KILL`. Gives whether the call was made at all; nothing where strace is missing or may not trace.
    pub(crate) fn run_with_fault<S: AsRef<OsStr>>(&self, args: &[S], fault: &str) -> Option<(Output, bool)> {
        let trace = self.beside("trace");
        let _ = fs::remove_file(&trace);
        let call = fault.split(':').next().expect("a call");
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(&trace);
        command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={fault}")]);
        command.arg(program()).args(args).current_dir(self.mirror());
        command.env_clear().envs(self.environment()).stdin(std::process::Stdio::null());
        let output = command.output().ok();
        let traced = fs::read_to_string(&trace).ok().filter(|_| output.is_some());
        let Some((output, traced)) = output.zip(traced) else {
            eprintln!("skipped: strace cannot trace here");
            return None;
        };
        Some((describe(args, output), traced.contains("INJECTED") || traced.contains("killed by SIGKILL")))
    }

    /// Runs it with something to read from stdin.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Output {
        self.run_from(self.mirror(), args, input)
    }

    fn run_from<S: AsRef<OsStr>>(&self, directory: impl AsRef<Path>, args: &[S], input: &[u8]) -> Output {
        let mut command = assert_cmd::Command::new(program());
        command.args(args).current_dir(directory).env_clear().envs(self.environment());
        let output = command.write_stdin(input).timeout(LONGEST).output().expect("the program starts");
        if args.iter().any(|arg| arg.as_ref() == "commit") {
            self.tick();
        }
        describe(args, output)
    }

    /// Runs it, expects success, and gives its stdout.
    #[track_caller]
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        self.run(args).expect_code(0).out()
    }

    /// Runs it, expects success, and gives the lines of its stdout.
    #[track_caller]
    pub(crate) fn lines<S: AsRef<OsStr>>(&self, args: &[S]) -> Vec<String> {
        self.run(args).expect_code(0).lines()
    }

    /// Runs it and expects a failure that is explained.
    #[track_caller]
    pub(crate) fn fails<S: AsRef<OsStr>>(&self, args: &[S], code: i32) -> Output {
        self.run(args).expect_failure(code)
    }

    /// A run as one text that is the same in every directory, fit for a snapshot: the clock stands still and ids follow
    /// from it, so that only the temporary directory's name is taken out.
    pub(crate) fn snapshot<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        let root = self.root.path().to_str().expect("text");
        self.run(args).expect_no_panic().to_string().replace(root, "[root]")
    }

    /// The full id of what a revision names.
    #[track_caller]
    pub(crate) fn id(&self, revision: &str) -> String {
        let id = self.run(&["rev-parse", revision]).expect_code(0).line();
        assert!(id.len() == 64 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "no id: {id:?}");
        id
    }

    /// Stages and commits everything, and gives the commit's id.
    #[track_caller]
    pub(crate) fn commit_all(&self, message: &str) -> String {
        self.ok(&["add", "-A"]);
        self.ok(&["commit", "-m", message]);
        self.id("HEAD")
    }

    /// All commits of HEAD, newest first.
    #[track_caller]
    pub(crate) fn history(&self) -> Vec<String> {
        self.lines(&["log", "--format=%H"])
    }

    /// `status --porcelain`, line by line.
    #[track_caller]
    pub(crate) fn status(&self) -> Vec<String> {
        self.lines(&["status", "--porcelain"])
    }

    /// Lays a revision out beside the mirror, and gives where.
    #[track_caller]
    pub(crate) fn lay_out(&self, revision: &str, name: &str) -> PathBuf {
        let directory = self.beside(name);
        self.ok(&[
            OsStr::new("restore"),
            "-s".as_ref(),
            revision.as_ref(),
            "--to".as_ref(),
            directory.as_ref(),
        ]);
        directory
    }

    /// Writes a file of the mirror, with the directories above it.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, content).expect("a file is written");
    }

    /// Appends to a file of the mirror.
    pub(crate) fn append(&self, name: &str, content: &str) {
        let file = fs::OpenOptions::new().append(true).create(true).open(self.path(name));
        file.and_then(|mut file| file.write_all(content.as_bytes())).expect("a file is appended to");
    }

    /// A file's text.
    #[track_caller]
    pub(crate) fn read(&self, name: impl AsRef<OsStr>) -> String {
        String::from_utf8(self.read_bytes(name)).expect("text")
    }

    /// A file's bytes.
    #[track_caller]
    pub(crate) fn read_bytes(&self, name: impl AsRef<OsStr>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Whether something is there, be it a dangling link.
    pub(crate) fn exists(&self, name: impl AsRef<OsStr>) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    pub(crate) fn mkdir(&self, name: &str) {
        fs::create_dir_all(self.path(name)).expect("a directory");
    }

    pub(crate) fn link(&self, target: &str, name: &str) {
        symlink(target, self.path(name)).expect("a symbolic link");
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).expect("permissions");
    }

    pub(crate) fn remove(&self, name: impl AsRef<OsStr>) {
        fs::remove_file(self.path(name)).expect("a file is removed");
    }

    /// Deletes everything in the mirror but `.pond`.
    pub(crate) fn empty_mirror(&self) {
        for entry in fs::read_dir(self.mirror()).expect("the mirror") {
            let entry = entry.expect("an entry");
            if entry.file_name().as_bytes() == b".pond" {
                continue;
            }
            let is_directory = entry.file_type().expect("a type").is_dir();
            let removed =
                if is_directory { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            removed.expect("an entry is removed");
        }
    }

    /// Keeps a copy of the mirror, without `.pond`, beside it.
    pub(crate) fn copy_mirror(&self, name: &str) -> PathBuf {
        let to = self.beside(name);
        copy_tree(&self.mirror(), &to);
        to
    }
}

/// What `output` says of a command with these arguments.
pub(crate) fn describe<S: AsRef<OsStr>>(args: &[S], output: std::process::Output) -> Output {
    use std::os::unix::process::ExitStatusExt as _;
    let code = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or_default());
    let words = args.iter().map(|arg| arg.as_ref().to_string_lossy().escape_debug().to_string());
    let command = std::iter::once("pond".to_owned()).chain(words).collect::<Vec<_>>().join(" ");
    Output { stdout: output.stdout, stderr: output.stderr, code, command }
}

/// Copies a directory with links, empty directories, permissions and times, but no `.pond` at its top.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    let walk = walkdir::WalkDir::new(from).min_depth(1).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() != 1 || entry.file_name() != ".pond") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.path().strip_prefix(from).expect("a path below"));
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir(&target).expect("a directory");
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).expect("a link"), &target).expect("a link");
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
            let modified = entry.metadata().expect("metadata").modified().expect("a time");
            let file = fs::File::options().write(true).open(&target);
            file.and_then(|file| file.set_modified(modified)).expect("a time is set");
        }
    }
}

/// Pseudo-random bytes that do not compress, the same for the same seed (xorshift64*).
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(random.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Sensor readings as a logger writes them, the same for the same seed.
pub(crate) fn readings(seed: u64, from: usize, to: usize) -> String {
    let mut random = Random::new(seed ^ from as u64);
    let mut text = String::new();
    for row in from..to {
        let (level, volts) = (random.below(1_500), random.below(40));
        text.push_str(&format!(
            "{},{}.{:02},{}\n",
            1_772_352_000 + row * 300,
            level / 100,
            level % 100,
            1_180 + volts
        ));
    }
    text
}

/// A small generator, good enough for delays and contents.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
