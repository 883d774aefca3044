//! Git beside the pond: the same history in both, so that one can be asked about the other.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::harness::{Random, TestPond};

/// A commit of the history to build: its parents' numbers, and its time.
pub(crate) struct Planned {
    pub(crate) parents: Vec<usize>,
    pub(crate) seconds: i64,
}

/// A history with equal times, and with clocks that were wrong if `skew` says so. Each commit has one of these numbers of
/// `parents`, fewer where they meet; they are among the `reach` commits before it.
pub(crate) fn plan(seed: u64, count: usize, skew: bool, parents: &[usize], reach: usize) -> Vec<Planned> {
    let mut random = Random::new(seed);
    let mut below = |end: usize| usize::try_from(random.below(end as u64)).expect("small");
    let mut plan: Vec<Planned> = Vec::new();
    for number in 0..count {
        let wanted = match parents[below(parents.len())] {
            0 if number <= 3 => 1,
            wanted => wanted,
        };
        let mut parents: Vec<usize> = Vec::new();
        for _ in 0..wanted.min(number) {
            let parent = number - 1 - below(number.min(reach));
            if !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        // Minutes apart at most, so that many are equal.
        let mut seconds = 1_700_000_000 + i64::try_from(number / 3).expect("small") * 60;
        if skew && below(8) == 0 {
            seconds -= 400;
        }
        plan.push(Planned { parents, seconds });
    }
    plan
}

/// A git repository, and git run in it so that nothing of the machine's configuration shows.
pub(crate) struct Git {
    directory: PathBuf,
}

impl Git {
    /// A new repository in a new directory; none where git is not installed.
    pub(crate) fn new(directory: PathBuf) -> Option<Self> {
        let version = Command::new("git").arg("--version").stdout(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            eprintln!("skipped: git is not installed");
            return None;
        }
        std::fs::create_dir(&directory).expect("a directory");
        let this = Self { directory };
        this.text(&["init", "-q", "--initial-branch=unused"]);
        Some(this)
    }

    /// Whether a command's usage names an option.
    pub(crate) fn knows(&self, command: &str, option: &str) -> bool {
        let usage = self.run(&[command, "-h"], b"");
        let knows = String::from_utf8_lossy(&[usage.stdout, usage.stderr].concat()).contains(option);
        if !knows {
            eprintln!("skipped: there is no git with '{command} {option}'");
        }
        knows
    }

    /// Runs git with something to read from stdin.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("git")
            .args(args)
            .current_dir(&self.directory)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        std::thread::scope(|scope| {
            // What git has no use for it need not read.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().expect("git ends")
        })
    }

    /// What it prints, whatever it ends with.
    pub(crate) fn text(&self, args: &[&str]) -> String {
        String::from_utf8(self.run(args, b"").stdout).expect("text")
    }

    /// Takes a stream of commits in, whose marks are the numbers from 1 to `count`, and gives their ids.
    pub(crate) fn import(&self, stream: &[u8], count: usize) -> Vec<String> {
        let output = self.run(&["fast-import", "--quiet", "--export-marks=marks"], stream);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut ids = vec![String::new(); count];
        for line in std::fs::read_to_string(self.directory.join("marks")).expect("marks").lines() {
            let (mark, id) = line[1..].split_once(' ').expect("a mark and an id");
            ids[mark.parse::<usize>().expect("a number") - 1] = id.to_owned();
        }
        ids
    }
}

/// A history in a pond and in a git repository; commits are told by their numbers.
pub(crate) struct Twins {
    pub(crate) pond: TestPond,
    git: Git,
    numbers: HashMap<String, usize>,
}

impl Twins {
    /// The history in both; none where git is not installed. Commit `n` is the branch `cN` in both.
    pub(crate) fn new(plan: &[Planned]) -> Option<Self> {
        let mut pond = TestPond::new();
        let git = Git::new(pond.beside("git"))?;
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
        let git_ids = git.import(script.as_bytes(), plan.len());
        let mut numbers = HashMap::new();
        // The short forms too: the commits are few enough for the shortest that each program prints.
        for (ids, digits) in [(&ids, 10), (&git_ids, 7)] {
            for (number, id) in ids.iter().enumerate() {
                numbers.extend([(id.clone(), number), (id[..digits].to_owned(), number)]);
            }
        }
        Some(Self { pond, git, numbers })
    }

    /// Ids replaced by the commits' numbers and colours written in one way, so that both sides can be compared.
    fn numbered(&self, text: &str) -> String {
        let text = text.replace("\x1b[0m", "\x1b[m").replace("\x1b[1m\x1b[", "\x1b[1;");
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
        let git = self.numbered(&self.git.text(args));
        let pond = self.pond.run(args).expect_no_panic();
        assert_eq!(self.numbered(&pond.out()), git, "git is right about {args:?}\n{pond}");
    }
}
