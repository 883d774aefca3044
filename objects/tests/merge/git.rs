//! Git, run so that nothing of the machine's configuration shows.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A git that runs in a directory.
pub(crate) struct Git<'a>(pub &'a Path);

impl Git<'_> {
    /// Whether git is there and knows an option that its usage should name.
    pub(crate) fn knows(&self, command: &str, option: &str) -> bool {
        let usage = self.command(&[command, "-h"]).output();
        let knows = usage.is_ok_and(|usage| {
            [usage.stdout, usage.stderr].concat().windows(option.len()).any(|part| part == option.as_bytes())
        });
        if !knows {
            println!("skipped: there is no git with `{command} {option}`");
        }
        knows
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.0).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir(self.0).args(arguments);
        command
    }

    /// The id that a name stands for.
    pub(crate) fn id(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.run(&["rev-parse", name], b"").stdout).trim_end().to_owned()
    }

    /// Runs git and gives what it wrote and how it ended.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.command(arguments);
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("git starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        std::thread::scope(|scope| {
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().expect("git ends")
        })
    }
}

/// A `git cat-file --batch` that is asked for one object after another.
pub(crate) struct Objects {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Objects {
    pub(crate) fn new(git: &Git<'_>) -> Self {
        let mut command = git.command(&["cat-file", "--batch"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, output }
    }

    pub(crate) fn read(&mut self, id: &str) -> Vec<u8> {
        let input = self.child.stdin.as_mut().expect("a pipe");
        writeln!(input, "{id}").expect("git reads");
        let mut head = String::new();
        self.output.read_line(&mut head).expect("git answers");
        let size: usize =
            head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok()).expect("a size");
        let mut content = vec![0; size + 1];
        self.output.read_exact(&mut content).expect("the object");
        content.pop();
        content
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
