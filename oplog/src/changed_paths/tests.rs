use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::*;

fn id(number: usize) -> ObjectId {
    ObjectId::of_content(&number.to_le_bytes())
}

/// A commit of a history in which every fifth is a merge.
fn link(number: usize) -> Link {
    let count = if number == 0 { 0 } else { 1 + usize::from(number.is_multiple_of(5)) };
    Link {
        seconds: number as i64 - 7,
        parents: (1..=count).map(|back| id(number.wrapping_sub(back))).collect(),
    }
}

/// What it changed: many paths that share beginnings, some often, some once; and at times too many.
fn against(number: usize) -> Vec<ChangesAgainst> {
    let changes = |parent: usize| {
        let paths = [
            format!("a/{}", number % 7),
            format!("a/b/{}", number % (11 + parent)),
            format!("day/{number:05}/log"),
            "a".to_owned(),
        ];
        let sides = Sides(1 + (number % 3) as u8);
        let taken = paths.into_iter().take(number % 5).map(|path| (BString::from(path), sides));
        (!(number + parent).is_multiple_of(9)).then(|| taken.collect())
    };
    (0..contents::comparisons(&link(number))).map(changes).collect()
}

fn learn(dir: &Path, numbers: Range<usize>) {
    let paths = ChangedPaths::new(dir, true);
    numbers.rev().for_each(|number| paths.learn(&id(number), &link(number), &against(number)));
}

fn files(dir: &Path) -> Vec<PathBuf> {
    chain(&dir.join("changes"), true).iter().map(|file| file.path().clone()).collect()
}

/// What is known of each commit, by its id.
fn told(known: &KnownHistory) -> BTreeMap<ObjectId, (Link, Vec<ChangesAgainst>)> {
    let mut names = vec![Some(BTreeSet::new()); known.comparisons_len()];
    // A prefix at a time, as a search goes.
    for prefix in ["a", "day", "none"] {
        let mut found: Vec<(BString, Sides)> = Vec::new();
        let all = |path: &[u8], sides: Sides| path.starts_with(prefix.as_bytes()) && sides.0 < 4;
        assert!(known.each_change(prefix.as_bytes(), &all, &mut |_| ()));
        let seen = std::cell::RefCell::new(&mut found);
        let note = |path: &[u8], sides: Sides| {
            seen.borrow_mut().push((path.into(), sides));
            true
        };
        assert!(known.each_change(prefix.as_bytes(), &note, &mut |_| ()));
        for name in found {
            let this = |path: &[u8], sides: Sides| name.0 == path && name.1 == sides;
            let mut take = |number: usize| {
                names[number].as_mut().expect("not too many").insert(name.clone());
            };
            assert!(known.each_change(&name.0, &this, &mut take));
        }
    }
    known.many().for_each(|number| names[number] = None);
    let of_place = |place: usize| {
        let comparisons = names[known.comparisons(place)].iter();
        let changes = comparisons.map(|names| names.as_ref().map(|names| names.iter().cloned().collect()));
        let parents = known.parents(place).map(|parent| match parent {
            Parent::At(place) => known.id(place),
            Parent::Other(id) => id,
        });
        assert_eq!(parents.collect::<Vec<_>>(), known.link(place).parents);
        assert_eq!(known.seconds(place), known.link(place).seconds);
        assert_eq!(known.place(&known.id(place)), Some(place));
        (known.id(place), (known.link(place), changes.collect()))
    };
    let all: BTreeMap<_, _> = (0..known.len()).map(of_place).collect();
    assert_eq!(all.len(), known.len(), "each commit once");
    all
}

/// Panics unless exactly these are known.
fn assert_known(dir: &Path, numbers: Range<usize>) {
    let paths = ChangedPaths::new(dir, true);
    let expected: BTreeMap<_, _> = numbers
        .map(|number| {
            let mut against = against(number);
            against.iter_mut().flatten().for_each(|changes| changes.sort());
            (id(number), (link(number), against))
        })
        .collect();
    assert!(told(paths.known()) == expected);
    assert_eq!(paths.known().place(&id(usize::MAX)), None);
}

#[test]
fn what_was_learnt_is_known_to_the_next() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 0..WORTH_A_FILE - 1);
    assert_eq!(files(dir.path()).len(), 0, "so few are not worth it");
    assert_known(dir.path(), 0..0);
    learn(dir.path(), 0..1000);
    assert_known(dir.path(), 0..1000);
    learn(dir.path(), 1000..1100);
    assert_eq!(files(dir.path()).len(), 2, "the large file is not written again for a few");
    assert_known(dir.path(), 0..1100);
    learn(dir.path(), 1100..1800);
    assert_eq!(files(dir.path()).len(), 1, "but for many");
    assert_known(dir.path(), 0..1800);
    learn(dir.path(), 1700..1900);
    assert_known(dir.path(), 0..1900);
    // What lies behind what is known already.
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 900..1900);
    learn(dir.path(), 700..900);
    learn(dir.path(), 0..700);
    assert_known(dir.path(), 0..1900);
}

#[test]
fn a_damaged_file_counts_as_none_and_so_do_those_above() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 0..1000);
    learn(dir.path(), 1000..1100);
    let [lower, upper] = files(dir.path()).try_into().expect("two");
    for path in [&lower, &upper] {
        let whole = fs::read(path).expect("read");
        let spread = (0..40).map(|part| part * (whole.len() - 1) / 39);
        for at in spread.clone().chain([0, 9, 13, 20, 70, 110, 1140, 1160]) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(path, &bytes).expect("written");
            assert!(PathFile::open(path).is_none(), "byte {at} was changed");
        }
        for length in spread.filter(|length| *length < whole.len()) {
            fs::write(path, &whole[..length]).expect("written");
            assert!(PathFile::open(path).is_none(), "cut to {length}");
        }
        fs::write(path, &whole).expect("written");
    }
    assert_known(dir.path(), 0..1100);
    let whole = fs::read(&lower).expect("read");
    fs::write(&lower, &whole[..whole.len() / 2]).expect("written");
    assert_known(dir.path(), 0..0);
    assert!(!lower.exists(), "what is damaged does not stay");
    learn(dir.path(), 0..1100);
    assert_eq!(files(dir.path()).len(), 1);
    assert!(!upper.exists(), "nor does what stood on it");
    assert_known(dir.path(), 0..1100);
}

#[test]
fn of_two_that_were_written_at_once_one_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 0..1000);
    let [bottom] = files(dir.path()).try_into().expect("one");
    let alone = fs::read(&bottom).expect("read");
    learn(dir.path(), 1000..1200);
    let others = files(dir.path());
    let first = fs::read(&others[1]).expect("read");
    fs::remove_file(&others[1]).expect("deleted");
    learn(dir.path(), 1000..1300);
    fs::write(&others[1], first).expect("written");
    assert_known(dir.path(), 0..1300);
    learn(dir.path(), 1300..1400);
    assert!(!others[1].exists(), "the next writer sweeps");
    assert_known(dir.path(), 0..1400);
    assert_eq!(fs::read(&bottom).expect("read"), alone);
    // Two processes that learnt the same: the second finds that it is there.
    let [one, other] = [(); 2].map(|()| ChangedPaths::new(dir.path(), true));
    for paths in [&one, &other] {
        (1350..1500).for_each(|number| paths.learn(&id(number), &link(number), &against(number)));
    }
    drop((one, other));
    assert_known(dir.path(), 0..1500);
}

#[test]
fn nothing_is_written_where_that_is_not_allowed_or_not_possible() {
    let dir = tempfile::tempdir().expect("a directory");
    let others = ChangedPaths::new(dir.path(), false);
    (0..500).for_each(|number| others.learn(&id(number), &link(number), &against(number)));
    drop(others);
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 0);
    fs::write(dir.path().join("changes"), "in the way").expect("written");
    learn(dir.path(), 0..500);
    assert_known(dir.path(), 0..0);
    assert_eq!(fs::read(dir.path().join("changes")).expect("read"), b"in the way");
}

#[test]
fn ten_files_every_five_minutes_take_little_room() {
    let dir = tempfile::tempdir().expect("a directory");
    let paths = ChangedPaths::new(dir.path(), true);
    let commits = 2000;
    for number in 0..commits {
        let changes = (0..10).map(|at| (format!("logger-{at:02}.csv").into(), Sides(Sides::OTHER)));
        let parents = (number > 0).then(|| id(number - 1)).into_iter().collect();
        paths.learn(&id(number), &Link { seconds: number as i64, parents }, &[Some(changes.collect())]);
    }
    drop(paths);
    let [path] = files(dir.path()).try_into().expect("one");
    let size = fs::metadata(path).expect("it is there").len() as usize;
    assert!(size < commits * 70 + 2000, "{size} bytes: less than 7 a changed path, the commits included");
}
