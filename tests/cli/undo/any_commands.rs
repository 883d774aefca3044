//! Fifty random commands are taken back one by one, and done again one by one: after each of them refs, HEAD, stashes, what is
//! staged, what waits and the host's files are exactly what they were at that point.
//!
//! What a user does between commands is no operation, so it is not taken back: files that were written, and paths that were
//! added. It is left out where a state is compared that came before it.

use std::collections::BTreeMap;

use pond_oplog::pond::Trust;
use pond_oplog::view::{Head, MAIN_MIRROR};
use pond_oplog::{Pond, ReadonlyPond};
use serde_json::Value;

use super::{Files, files, lively};
use crate::harness::{Random, TestPond};

const OPERATIONS: usize = 50;

/// The sequences of commands that are tried. A longer search: `POND_TEST_UNDOS=3-500 cargo test ... undo`.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let given = std::env::var("POND_TEST_UNDOS").ok();
    let range = given.as_deref().and_then(|text| text.split_once('-'));
    let range = range.and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range.unwrap_or(1..=2)
}

/// Commands; words in capitals stand for one of several things.
const COMMANDS: &[&str] = &[
    "checkout REVISION",
    "checkout -f REVISION",
    "checkout REVISION -- PATH",
    "checkout -b NEW REVISION",
    "restore PATH",
    "restore -s REVISION PATH",
    "restore -s REVISION PATH",
    "restore --staged PATH",
    "restore --staged -s REVISION PATH",
    "restore --staged --worktree -s REVISION PATH",
    "rm -r PATH",
    "rm -rf PATH",
    "rm -r --cached PATH",
    "mv PATH NEW",
    "mv -f PATH PATH",
    "clean -fd",
    "clean -f PATH",
    "commit -qm staged",
    "commit -qm staged",
    "commit -qam all",
    "commit -qam all",
    "commit -qam all",
    "commit -qam all",
    "commit -q --allow-empty -m empty",
    "commit -q --amend -m amended",
    "commit -qa --amend --no-edit",
    "branch BRANCH REVISION",
    "branch -f BRANCH REVISION",
    "branch -D BRANCH",
    "branch -M BRANCH BRANCH",
    "branch -m BRANCH NEW",
    "tag -f v1 REVISION",
    "tag -f -m annotated v2 REVISION",
    "tag -d v1",
    "tag -d v2",
    "switch BRANCH",
    "switch -f BRANCH",
    "switch -f BRANCH",
    "switch -C BRANCH REVISION",
    "switch -d REVISION",
    "switch --orphan NEW",
    "switch -",
    "reset MODE REVISION",
    "reset MODE REVISION",
    "reset MODE",
    "reset -q REVISION -- PATH",
    "stash",
    "stash -u",
    "stash -k",
    "stash push -u PATH",
    "stash pop",
    "stash pop --index STASH",
    "stash apply --index STASH",
    "stash apply STASH",
    "stash drop STASH",
    "stash branch NEW",
    "update-ref HEAD REVISION",
    "update-ref refs/heads/side REVISION",
    "update-ref refs/tags/v1 REVISION",
    "update-ref -d refs/heads/other",
];

/// What is tried half of the time where nothing is staged: else most of it would be refused.
const JOINING: &[&str] = &[
    "merge --no-edit REVISION",
    "merge --no-edit REVISION",
    "merge --no-edit REVISION",
    "merge --no-ff --no-edit REVISION",
    "merge --squash REVISION",
    "merge --no-commit REVISION",
    "merge -X theirs --no-edit REVISION",
    "cherry-pick REVISION",
    "cherry-pick REVISION",
    "cherry-pick -n REVISION",
    "revert --no-edit REVISION",
    "revert --no-edit REVISION",
    "switch -m BRANCH",
    "checkout -m REVISION",
    "checkout -m REVISION",
];

/// What is tried while a merge or the like waits.
const WHILE_WAITING: &[&str] = &[
    "DOING --abort",
    "DOING --continue",
    "DOING --continue",
    "DOING --continue",
    "DOING --quit",
    "checkout --ours PATH",
    "checkout --theirs PATH",
    "checkout -m PATH",
    "restore --conflict=diff3 PATH",
    "commit -q --no-edit",
    "commit -qam decided",
    "reset --hard",
];

/// What a word in capitals stands for; none for other words.
fn meanings(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "PATH" => &["a.csv", "b.csv", "h.csv", "moved", "d", "moved/f", "untracked", "run.sh", "link"],
        "REVISION" => &[
            "HEAD",
            "HEAD~1",
            "main",
            "main@{op 1}",
            "main@{op 2}",
            "side",
            "other",
            "v1",
            "stash@{0}",
            "new1",
        ],
        "BRANCH" => &["main", "side", "other", "-"],
        "MODE" => &["--soft", "--mixed", "--hard", "--keep"],
        "STASH" => &["stash@{0}", "stash@{1}"],
        "NEW" => &["new0", "new1", "new2", "new3", "new4", "new5", "new6", "new7"],
        _ => return None,
    })
}

/// Everything that taking back has to bring back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    refs: BTreeMap<String, String>,
    head: Head,
    stashes: Vec<(i64, String)>,
    /// What `status` tells: what waits, and paths that are staged, changed, untracked or in conflict.
    status: Value,
    files: Files,
}

/// How many operations there were, and the state.
pub(super) fn state(pond: &TestPond) -> (i64, State) {
    let opened = Pond::open(&pond.mirror(), &Trust::Anybody).expect("a pond");
    let snapshot = ReadonlyPond::open(&opened, &[]).expect("its state");
    let view = snapshot.view();
    let state = State {
        refs: view
            .refs()
            .expect("its refs")
            .into_iter()
            .map(|(name, id)| (name.to_string(), id.to_hex()))
            .collect(),
        head: view.head(MAIN_MIRROR).expect("its head"),
        stashes: view
            .stashes()
            .expect("its stashes")
            .into_iter()
            .map(|(seq, id)| (seq, id.to_hex()))
            .collect(),
        status: status(pond),
        files: files(pond),
    };
    (snapshot.state().seq, state)
}

fn status(pond: &TestPond) -> Value {
    let output = pond.run(&["status", "--json", "--no-renames", "-uall"]).expect_code(0);
    let mut status: Value = serde_json::from_str(&output.out()).expect("JSON");
    let rows = status.as_object_mut().expect("an object");
    // These follow from the rest, what a user did by hand included.
    rows.retain(|name, _| name != "clean" && name != "mirror_emptied");
    status
}

/// What scripts are told of the same.
fn told(pond: &TestPond) -> Vec<String> {
    let commands: [&[&str]; 5] = [
        &["rev-parse", "--symbolic-full-name", "HEAD"],
        &["rev-parse", "-q", "--verify", "HEAD"],
        &["for-each-ref"],
        &["stash", "list", "--json"],
        &["ls-files", "-s"],
    ];
    commands.map(|args| pond.run(args).out()).into()
}

impl State {
    /// Without what is at these paths.
    fn without(&self, paths: &[&str]) -> Self {
        let mut state = self.clone();
        state.files.retain(|path, _| !paths.contains(&path.as_str()));
        for (_, rows) in state.status.as_object_mut().expect("an object") {
            if let Some(rows) = rows.as_array_mut() {
                rows.retain(|row| !row["path"].as_str().is_some_and(|path| paths.contains(&path)));
            }
        }
        state
    }

    /// What there is, in few words.
    fn summary(&self) -> String {
        let files: Vec<String> = self
            .files
            .iter()
            .map(|(path, (mode, content))| format!("{path} {mode:o} {}", content.len()))
            .collect();
        format!("{:#?}\n{:#?}\n{:?}\n{:#}\n{files:#?}", self.refs, self.head, self.stashes, self.status)
    }
}

/// A sequence of commands as it is tried.
struct Trial {
    seed: u64,
    pond: TestPond,
    random: Random,
    /// What each operation left, the first one what was there before all of them.
    states: Vec<State>,
    /// What there is now, and how many operations there were.
    now: (i64, State),
    commands: Vec<String>,
    /// Paths that the user touched, and the states, from and to, that are compared without them.
    touched: Vec<(String, usize, usize)>,
    /// The state in which what waits began to wait.
    waits_since: usize,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let pond = lively();
        for branch in ["side", "other"] {
            pond.ok(&["branch", branch, "HEAD~1"]);
        }
        let now = state(&pond);
        let states = vec![now.1.clone()];
        let (commands, touched) = (Vec::new(), Vec::new());
        Self { seed, pond, random: Random::new(seed), states, now, commands, touched, waits_since: 0 }
    }

    fn any(&mut self, of: &[&'static str]) -> &'static str {
        of[usize::try_from(self.random.below(of.len() as u64)).expect("small")]
    }

    /// A command line made up at random; many of them are refused or have nothing to do.
    fn any_command(&mut self) -> Vec<String> {
        let doing = self.now.1.status["doing"].as_str().map(str::to_owned);
        let is_staged = self.now.1.status["staged"].as_array().is_some_and(|rows| !rows.is_empty());
        let commands = match &doing {
            Some(_) if self.random.below(3) > 0 => WHILE_WAITING,
            None if !is_staged && self.random.below(2) == 0 => JOINING,
            _ => COMMANDS,
        };
        let mut words = Vec::new();
        for word in self.any(commands).split(' ') {
            words.push(match (meanings(word), &doing) {
                (Some(meanings), _) => self.any(meanings).to_owned(),
                (None, Some(doing)) if word == "DOING" => doing.clone(),
                _ => word.to_owned(),
            });
        }
        words
    }

    /// What a user does between commands: a new file is written and added, or paths in conflict are decided as they are.
    fn do_by_hand(&mut self) {
        let now = self.states.len() - 1;
        let conflicts = self.now.1.status["unmerged"].as_array().cloned().unwrap_or_default();
        if conflicts.is_empty() {
            let name = format!("fresh{now}");
            self.pond.write(&name, format!("written after {now} operations\n"));
            self.pond.ok(&["add", &name]);
            self.touched.push((name, 0, now));
        }
        for row in conflicts {
            let path = row["path"].as_str().expect("a path").to_owned();
            self.pond.ok(&["add", "-A", "--", &path]);
            self.touched.push((path, self.waits_since, now));
        }
    }

    /// Tries one command; what it leaves is a new state if it is an operation, and else what was there before.
    fn try_one(&mut self) {
        if self.random.below(8) == 0 {
            self.do_by_hand();
            self.now = state(&self.pond);
        }
        let command = self.any_command();
        let output = self.pond.run(&command).expect_no_panic();
        assert!(output.code != 129, "not a command: {output}");
        let (before, found) = std::mem::replace(&mut self.now, state(&self.pond));
        let (seq, left) = &self.now;
        assert!(*seq <= before + 1, "one command, one operation: {output}");
        if *seq == before {
            let [had, has] = [&found, left].map(State::summary);
            assert!(
                *left == found,
                "seed {}: {output}\nchanged without an operation\n{had}\nto\n{has}",
                self.seed
            );
            return;
        }
        if left.status["doing"] != found.status["doing"] {
            self.waits_since = self.states.len();
        }
        self.commands.push(command.join(" "));
        self.states.push(left.clone());
    }

    /// Runs `undo` or `redo`, after which the state must be the one with this number.
    fn step(&self, verb: &str, number: usize, command: &str) {
        let output = self.pond.run(&[verb]);
        let about = format!("seed {}, {verb} of '{command}' of {:#?}", self.seed, self.commands);
        assert!(output.code == 0, "{about}\n{output}");
        let is_left_out = |(_, from, to): &&(String, usize, usize)| (*from..=*to).contains(&number);
        let left_out: Vec<&str> =
            self.touched.iter().filter(is_left_out).map(|(path, _, _)| path.as_str()).collect();
        let [found, wanted] =
            [&state(&self.pond).1, &self.states[number]].map(|state| state.without(&left_out));
        let [had, should] = [&found, &wanted].map(State::summary);
        assert!(found == wanted, "{about}\n{output}\nfound {had}\nshould be {should}");
    }
}

#[test]
fn fifty_commands_are_taken_back_and_done_again() {
    for seed in seeds() {
        let mut trial = Trial::new(seed);
        let at_start = told(&trial.pond);
        while trial.states.len() <= OPERATIONS {
            trial.try_one();
        }
        let at_end = told(&trial.pond);
        for number in (0..OPERATIONS).rev() {
            trial.step("undo", number, &trial.commands[number]);
        }
        // What a user added stays staged.
        let refs = at_start.len() - usize::from(!trial.touched.is_empty());
        assert_eq!(told(&trial.pond)[..refs], at_start[..refs], "seed {seed}");
        for number in 1..=OPERATIONS {
            trial.step("redo", number, &trial.commands[number - 1]);
        }
        assert_eq!(told(&trial.pond), at_end, "seed {seed}");
        trial.pond.fails(&["redo"], 1);
    }
}
