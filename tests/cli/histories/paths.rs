//! The histories of paths: what is known of the changes of commits from the cache is what their trees say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use pond_objects::Kind;

use super::both::{into_git, into_pond};
use super::plan::{Files, History, Version};
use crate::harness::{Output, Random, TestPond};
use crate::oracle::Git;

const HISTORIES: u64 = 60;

/// Pathspecs, and what they take.
type Taken = (&'static [&'static str], fn(&str) -> bool);

const PATHS: [Taken; 12] = [
    (&["a.csv"], |path| path == "a.csv"),
    (&["north"], |path| path.starts_with("north/")),
    (&["north/old/"], |path| path.starts_with("north/old/")),
    (&["north/old/f"], |path| path == "north/old/f"),
    (&["*.csv"], |path| path.ends_with(".csv")),
    (&[":(glob)north/*.txt"], |path| path == "north/c.txt" || path == "north/d.txt"),
    (&["north", ":!north/old"], |path| path.starts_with("north/") && !path.starts_with("north/old/")),
    (&[":!*.csv"], |path| !path.ends_with(".csv")),
    (&[":(icase)SOUTH/A.csv"], |path| path == "south/a.csv"),
    (&["d.txt", "south/f"], |path| path == "d.txt" || path == "south/f"),
    (&["crowd/0007"], |path| path == "crowd/0007"),
    (&["never", "sou", "north/a.csv/more"], |_| false),
];

/// A history with changes too many to be kept, and with a file where a directory was.
fn crowded() -> History {
    let file = |text: &str| (Kind::File, text.as_bytes().to_vec());
    let crowd = |text: &str, count: usize| -> Files {
        (0..count).map(|number| (format!("crowd/{number:04}"), file(text))).collect()
    };
    let with = |mut files: Files, path: &str, text: &str| {
        files.insert(path.to_owned(), file(text));
        files
    };
    let all = [
        (vec![], crowd("one", 600)),
        (vec![0], with(crowd("one", 600), "crowd/0007", "changed")),
        (vec![0], crowd("two", 600)),
        (vec![1, 2], with(crowd("two", 600), "crowd/0007", "changed")),
        (vec![2, 1], crowd("two", 600)),
        (vec![3, 4], with(crowd("two", 600), "crowd/0007", "anew")),
        (vec![5], with(Files::new(), "crowd", "a file")),
        (vec![6], with(crowd("one", 3), "a.csv", "x")),
        (vec![7], with(crowd("one", 8), "a.csv", "x")),
    ];
    let versions = all.into_iter().zip(0..).map(|((parents, files), minute)| Version {
        parents,
        seconds: 1_767_225_600 + 60 * minute,
        files,
    });
    History { seed: 0, versions: versions.collect(), tips: vec![8, 4] }
}

/// From which parents a commit has to differ.
#[derive(Clone, Copy, PartialEq)]
enum Differing {
    First,
    Any,
    All,
}

/// The subjects of the commits that the trees say changed what is taken, of those that branches lead to.
fn expected(histories: &[History], takes: fn(&str) -> bool, differing: Differing) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for history in histories {
        let next = |number: &usize| {
            let parents = &history.versions[*number].parents;
            parents[..if differing == Differing::First { parents.len().min(1) } else { parents.len() }]
                .to_vec()
        };
        let (mut seen, mut waiting) = (BTreeSet::new(), history.tips.clone());
        while let Some(number) = waiting.pop() {
            if !seen.insert(number) {
                continue;
            }
            let files = &history.versions[number].files;
            let parents = next(&number);
            let differs = |other: &Files| {
                let paths: BTreeSet<&String> = files.keys().chain(other.keys()).collect();
                paths.into_iter().any(|path| takes(path) && files.get(path) != other.get(path))
            };
            let answers: Vec<bool> =
                parents.iter().map(|parent| differs(&history.versions[*parent].files)).collect();
            let is_shown = match (answers.is_empty(), differing) {
                (true, _) => differs(&Files::new()),
                (false, Differing::All) => answers.iter().all(|differs| *differs),
                (false, _) => answers.contains(&true),
            };
            if is_shown {
                found.insert(format!("history {} commit {number}", history.seed));
            }
            waiting.extend(parents);
        }
    }
    found
}

fn histories() -> Vec<History> {
    (1..=HISTORIES).map(History::new).chain([crowded()]).collect()
}

fn files_of_cache(pond: &TestPond) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(pond.dot_pond("cache/changes")) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn log(pond: &TestPond, options: &[&str], paths: &[&str]) -> Output {
    let args = [&["log", "--branches", "--format=%s"], options, &["--"], paths].concat();
    pond.run(&args).expect_code(0)
}

#[test]
fn histories_of_paths_are_what_trees_and_git_say() {
    let pond = TestPond::new();
    let histories = histories();
    into_pond(&pond.mirror(), &histories);
    let git = Git::new(pond.beside("git"));
    if let Some(git) = &git {
        into_git(git, &histories);
    }
    // The first asks the trees, and the others what it left.
    let forms: [(&[&str], Differing); 4] = [
        (&[], Differing::All),
        (&["--first-parent"], Differing::First),
        (&["-m"], Differing::Any),
        (&["--topo-order"], Differing::All),
    ];
    let set = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    for (paths, takes) in PATHS {
        for (options, differing) in forms {
            let output = log(&pond, options, paths);
            let found = set(&output.out());
            assert_eq!(found, expected(&histories, takes, differing), "{paths:?} {options:?}");
            assert_eq!(output.lines().len(), found.len(), "each once: {output}");
            let Some(git) = &git else { continue };
            // Git shows a merge in a full history if it differs from any parent.
            let args = [&["log", "--branches", "--format=%s", "--full-history"], options, &["--"], paths];
            let by_git = set(&git.text(&args.concat()));
            match differing {
                Differing::All => assert!(found.is_subset(&by_git), "{paths:?}"),
                _ => assert_eq!(found, by_git, "{paths:?} {options:?}"),
            }
        }
    }
    assert_eq!(files_of_cache(&pond).len(), 1);
}

#[test]
fn whatever_becomes_of_the_cache_histories_of_paths_stay() {
    let pond = TestPond::new();
    into_pond(&pond.mirror(), &histories());
    let forms: [&[&str]; 11] = [
        &["log", "--branches", "--format=%H", "--", "north"],
        &["log", "--branches", "--format=%H", "-7", "--skip=3", "--", "*.csv"],
        &["log", "--branches", "--graph", "--format=%H", "--", "a.csv"],
        &["log", "--branches", "--format=%H", "--since=2026-01-01T00:06:00Z", "--", "north/old"],
        &["log", "--branches", "--follow", "--format=%H", "--", "d.txt"],
        &["log", "--branches", "--follow", "-m", "--name-status", "--format=%H", "--", "north/a.csv"],
        &["log", "h0/b1..h0/b0", "--format=%H", "--", "crowd/0007"],
        &["rev-list", "--branches", "--count", "--", "crowd"],
        &["rev-list", "--branches", "--parents", "--first-parent", "--", ":!south"],
        &["rev-list", "--left-right", "h1/b0...h2/b0", "--", "north"],
        &["log", "h3/b0", "h4/b0", "--format=%s", "--no-merges", "--author=Ada", "--", "b.csv", "f"],
    ];
    let all = || -> Vec<String> { forms.iter().map(|args| pond.ok(args)).collect() };
    let first = all();
    assert!(first.iter().all(|text| !text.is_empty()), "this tests nothing: {first:?}");
    assert_eq!(all(), first, "with what the first left");
    let [path] = files_of_cache(&pond).try_into().expect("one file");
    let whole = fs::read(&path).expect("read");
    let part = |from: usize, of: usize| whole.len() * from / of;
    let lengths = [0, 7, 90, 1500, part(1, 2), whole.len() - 1];
    let cut = lengths.map(|length| whole[..length].to_vec());
    let flipped = [8, 17, 1200, part(1, 3), part(2, 3), whole.len() - 2].map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    });
    for (number, bytes) in cut.into_iter().chain(flipped).enumerate() {
        fs::write(&path, bytes).expect("written");
        assert_eq!(pond.ok(forms[number % 3]), first[number % 3], "damage {number}");
        let made = files_of_cache(&pond);
        // The second form looks at few commits.
        assert!(number % 3 == 1 || made.len() == 1, "damage {number} left {made:?}");
        assert_eq!(pond.ok(forms[number % 3]), first[number % 3], "damage {number}, with what is made again");
        made.iter().for_each(|path| fs::remove_file(path).expect("deleted"));
    }
    // What is no file.
    std::os::unix::fs::symlink(pond.path("nowhere"), &path).expect("a link");
    assert_eq!(pond.ok(forms[0]), first[0]);
    fs::remove_dir_all(pond.dot_pond("cache")).expect("deleted");
    assert_eq!(all(), first);
    fs::remove_dir_all(pond.dot_pond("cache/changes")).expect("deleted");
    fs::write(pond.dot_pond("cache/changes"), "in the way").expect("written");
    assert_eq!(all(), first, "without a place for it");
    assert_eq!(fs::read(pond.dot_pond("cache/changes")).expect("read"), b"in the way");
}

/// What stands at a path counts where only a directory is asked for, which is listed if it is empty.
#[test]
fn what_was_a_directory_is_known_of_each_change() {
    let pond = TestPond::new();
    pond.write("f", "file");
    pond.commit_all("without");
    let mut trees = vec![pond.id("HEAD^{tree}")];
    pond.mkdir("e");
    pond.commit_all("an empty directory");
    trees.push(pond.id("HEAD^{tree}"));
    pond.write("e/inside", "file");
    pond.commit_all("not empty");
    trees.push(pond.id("HEAD^{tree}"));
    fs::remove_dir_all(pond.path("e")).expect("deleted");
    pond.write("e", "file");
    pond.commit_all("a file");
    trees.push(pond.id("HEAD^{tree}"));
    let mut ids = vec![pond.id("HEAD")];
    let mut random = Random::new(5);
    for number in 0..70 {
        let tree = &trees[usize::try_from(random.below(4)).expect("small")];
        let newest = &ids[ids.len() - 1];
        ids.push(pond.run(&["commit-tree", tree, "-m", &number.to_string(), "-p", newest]).line());
    }
    ids.reverse();
    let revisions: Vec<&str> = ids.iter().map(String::as_str).collect();
    let newest = revisions[0];
    for path in ["e", "e/", "e/inside", "f", "?", "?/", ":!e/", ":(icase)E/"] {
        // This compares trees.
        let shown = [&["show", "--no-patch", "--format=%H"], &revisions[..70], &["--", path]].concat();
        let expected = pond.lines(&shown);
        assert_eq!(expected.is_empty(), path == "f", "{path}");
        for turn in ["first", "second"] {
            let range = format!("{}..{newest}", ids[70]);
            for args in [&["rev-list", &range, "--", path][..], &["rev-list", newest, "--", path]] {
                let found = pond.lines(args);
                let found: Vec<&String> = found.iter().filter(|id| ids[..70].contains(id)).collect();
                assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{path}, {turn}");
            }
        }
    }
    assert_eq!(files_of_cache(&pond).len(), 1);
}
