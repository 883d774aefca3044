//! `add` and `commit` killed at any moment: the next command works unaided, what was acknowledged stays.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Random, TestPond, noise, readings};
use crate::same_tree::assert_same_tree;

const SEED: u64 = 20_260_301;
/// Rounds, each of one `add` and one `commit` that may be killed. The release check runs more:
/// `POND_TEST_KILLS=200 cargo test ... crash`.
const ROUNDS: usize = 15;

fn rounds() -> usize {
    std::env::var("POND_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

struct Killer {
    random: Random,
    killed: usize,
    finished: usize,
    /// How much longer than usual a command may live, in percent: it follows what becomes of the commands, since how long
    /// one takes on a busy machine is anybody's guess.
    patience: u64,
}

impl Killer {
    fn new() -> Self {
        Self { random: Random::new(SEED), killed: 0, finished: 0, patience: 300 }
    }

    /// Whether both have happened so many times.
    fn has_seen(&self, killed: usize, finished: usize) -> bool {
        self.killed >= killed && self.finished >= finished
    }

    /// Starts a command and kills it within some times the `usual` time, or lets it end. True where it ended well.
    fn run(&mut self, pond: &TestPond, args: &[&str], usual: Duration) -> bool {
        let mut command = pond.command(args);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let delay = self.random.below(usual.as_micros() as u64 * self.patience / 100 + 1);
        let finished = wait(&mut child, Duration::from_micros(delay));
        if !finished {
            child.kill().expect("SIGKILL");
        }
        let status = child.wait().expect("it ended");
        match status.code() {
            Some(0) => {
                self.finished += 1;
                self.patience = (self.patience * 3 / 4).max(10);
            }
            Some(code) => panic!("pond {args:?} failed with {code} without being killed"),
            None => {
                self.killed += 1;
                self.patience = (self.patience * 4 / 3).min(2_000);
            }
        }
        status.success()
    }
}

fn wait(child: &mut Child, most: Duration) -> bool {
    let end = Instant::now() + most;
    while Instant::now() < end {
        if child.try_wait().expect("a child").is_some() {
            return true;
        }
        thread::sleep(Duration::from_micros(200));
    }
    child.try_wait().expect("a child").is_some()
}

fn change(pond: &TestPond, round: usize) {
    pond.append("level.csv", &readings(SEED, round * 500, round * 500 + 500));
    pond.write(format!("dumps/{round:03}.bin"), noise(SEED + round as u64, 400_000));
    for number in 0..20 {
        pond.write(format!("small/{number}"), format!("{round} {number}\n"));
    }
}

fn timed(pond: &TestPond, args: &[&str]) -> Duration {
    let start = Instant::now();
    pond.ok(args);
    start.elapsed()
}

#[test]
fn killed_commands_lose_nothing_that_was_acknowledged() {
    let pond = TestPond::new();
    change(&pond, 0);
    let add_time = timed(&pond, &["add", "-A"]);
    let commit_time = timed(&pond, &["commit", "-m", "Round 0"]);
    let mut killer = Killer::new();
    let mut acknowledged: Vec<(String, PathBuf)> = vec![(pond.id("HEAD"), pond.copy_mirror("kept-0"))];
    for round in 1..=rounds() * 4 {
        if round > rounds() && killer.has_seen(3, 3) {
            break;
        }
        change(&pond, round);
        let mirror = pond.copy_mirror(&format!("kept-{round}"));
        let added = killer.run(&pond, &["add", "-A"], add_time);
        pond.ok(&["status", "--porcelain"]);
        let message = format!("Round {round}");
        let before = pond.id("HEAD");
        let committed = added && killer.run(&pond, &["commit", "-m", &message], commit_time);
        pond.tick();
        let head = pond.id("HEAD");
        if committed {
            assert_ne!(head, before, "round {round}: an acknowledged commit is not there");
        } else if head != before {
            assert_eq!(pond.id("HEAD~1"), before, "round {round}: the old state or the new one");
        }
        pond.run(&["commit", "-a", "--allow-empty", "-m", "Next command"]).expect_code(0);
        assert_same_tree(&mirror, &pond.mirror());
        if committed {
            acknowledged.push((head, mirror));
        }
    }
    assert!(killer.killed >= 3, "only {} commands were killed: this test proves nothing", killer.killed);
    assert!(killer.finished >= 3, "only {} commands ended by themselves", killer.finished);
    let history = pond.history();
    for (number, (id, kept)) in acknowledged.iter().enumerate() {
        assert!(history.contains(id), "commit {id} was acknowledged and is gone");
        assert_same_tree(kept, &pond.lay_out(id, &format!("out-{number}")));
    }
    for (number, id) in history.iter().enumerate() {
        pond.lay_out(id, &format!("any-{number}"));
    }
}

#[test]
fn a_killed_init_can_be_run_again() {
    let usual = timed(&TestPond::without_pond(), &["init"]);
    let mut killer = Killer::new();
    for round in 0..60 {
        if round >= 12 && killer.has_seen(1, 1) {
            break;
        }
        let pond = TestPond::without_pond();
        killer.run(&pond, &["init"], usual);
        pond.run(&["init"]).expect_no_panic();
        pond.write("a", format!("{round}"));
        pond.commit_all("one");
        assert_eq!(pond.history().len(), 1);
    }
    assert!(killer.killed >= 1, "no init was killed: this test proves nothing");
}
