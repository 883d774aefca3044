//! Git beside the pond: the same history in both, so that one can be asked about the other.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::harness::TestPond;

/// A commit of the history to build: its parents' numbers, and its time.
pub(crate) struct Planned {
    pub(crate) parents: Vec<usize>,
    pub(crate) seconds: i64,
}

/// A history in a pond and in a git repository; commits are told by their numbers.
pub(crate) struct Twins {
    pub(crate) pond: TestPond,
    repository: PathBuf,
    numbers: HashMap<String, usize>,
    /// The pond's ids.
    pub(crate) ids: Vec<String>,
    git_ids: Vec<String>,
}

impl Twins {
    /// The history in both; none where git is not installed. Commit `n` is the branch `cN` in both.
    pub(crate) fn new(plan: &[Planned]) -> Option<Self> {
        let version = Command::new("git").arg("--version").stdout(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            eprintln!("skipped: git is not installed");
            return None;
        }
        let mut pond = TestPond::new();
        let repository = pond.beside("git");
        std::fs::create_dir(&repository).expect("a directory");
        pond.write("a", "1\n");
        pond.commit_all("root");
        let tree = pond.id("HEAD^{tree}");
        let mut ids: Vec<String> = Vec::new();
        let mut script = String::new();
        for (number, commit) in plan.iter().enumerate() {
            let date = format!("@{} +0000", commit.seconds);
            pond.set("POND_COMMITTER_DATE", date.clone());
            pond.set("POND_AUTHOR_DATE", date);
            let mut args = vec!["commit-tree".to_owned(), tree.clone(), "-m".to_owned(), number.to_string()];
            for parent in &commit.parents {
                args.extend(["-p".to_owned(), ids[*parent].clone()]);
            }
            ids.push(pond.run(&args).expect_code(0).line());
            let text = format!("{number}\n");
            writeln!(script, "commit refs/heads/c{number}\nmark :{}", number + 1).expect("memory");
            writeln!(
                script,
                "committer Ada Field <ada@example.org> {} +0000\ndata {}\n{text}",
                commit.seconds,
                text.len()
            )
            .expect("memory");
            for (at, parent) in commit.parents.iter().enumerate() {
                let word = if at == 0 { "from" } else { "merge" };
                writeln!(script, "{word} :{}", parent + 1).expect("memory");
            }
            script.push('\n');
        }
        // The branch of the commit that brought the tree is in git's way.
        let mut edits = "delete refs/heads/main\n".to_owned();
        for (number, id) in ids.iter().enumerate() {
            writeln!(edits, "create refs/heads/c{number} {id}").expect("memory");
        }
        pond.run_with_input(&["update-ref", "--stdin"], edits.as_bytes()).expect_code(0);
        let mut this = Self { pond, repository, numbers: HashMap::new(), ids, git_ids: Vec::new() };
        this.git_with(&["init", "-q", "--initial-branch=unused"], b"");
        this.git_with(&["fast-import", "--quiet", "--export-marks=marks"], script.as_bytes());
        let marks = std::fs::read_to_string(this.repository.join("marks")).expect("marks");
        this.git_ids = vec![String::new(); plan.len()];
        for line in marks.lines() {
            let (mark, id) = line[1..].split_once(' ').expect("a mark and an id");
            let number = mark.parse::<usize>().expect("a number") - 1;
            this.git_ids[number] = id.to_owned();
            this.numbers.insert(id.to_owned(), number);
        }
        this.numbers.extend(this.ids.iter().enumerate().map(|(number, id)| (id.clone(), number)));
        Some(this)
    }

    fn git_with(&self, args: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("git")
            .args(args)
            .current_dir(&self.repository)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("git starts");
        child.stdin.take().expect("a pipe").write_all(input).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Ids replaced by the commits' numbers, so that both sides can be compared.
    fn numbered(&self, text: &str) -> String {
        let word = |word: &str| {
            let (mark, id) = match word.strip_prefix(['<', '>']) {
                Some(id) => (&word[..1], id),
                None => ("", word),
            };
            self.numbers.get(id).map_or_else(|| word.to_owned(), |number| format!("{mark}{number}"))
        };
        text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n").collect()
    }

    /// Panics unless pond and git print the same for the same arguments.
    #[track_caller]
    pub(crate) fn agree(&self, args: &[&str]) {
        let git = self.numbered(&self.git_with(args, b""));
        let pond = self.pond.run(args).expect_no_panic();
        assert_eq!(self.numbered(&pond.out()), git, "git is right about {args:?}\n{pond}");
    }
}
