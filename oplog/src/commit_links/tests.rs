use pond_objects::{Commit, ObjectSource as _, Signature, Timestamp};

use super::*;
use crate::durable_local::DurableLocal;
use crate::init::{FirstOperation, publish};
use crate::pond::Pond;
use crate::snapshot::ReadonlyPond;
use crate::transaction::{Doing, Transaction};
use crate::view::Head;

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

fn learn(dir: &Path, numbers: std::ops::Range<usize>) {
    let links = CommitLinks::new(dir, true);
    numbers.for_each(|number| links.learn(&id(number), &link(number)));
}

fn files(dir: &Path) -> Vec<PathBuf> {
    open_all(&dir.join("commits"), true).iter().map(|file| file.path().clone()).collect()
}

/// Panics unless exactly these are known once a walk is long.
fn assert_known(dir: &Path, numbers: std::ops::Range<usize>) {
    let links = CommitLinks::new(dir, true);
    (0..OPEN_AFTER).for_each(|number| links.learn(&id(usize::MAX - number), &link(0)));
    for number in numbers.clone() {
        assert_eq!(links.get(&id(number)), Some(link(number)), "{number}");
    }
    assert_eq!(links.get(&id(numbers.end)), None);
}

#[test]
fn what_was_learnt_is_known_to_the_next() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 0..WORTH_A_FILE - 1);
    assert_eq!(files(dir.path()).len(), 0, "so few are not worth it");
    learn(dir.path(), 0..5000);
    assert_known(dir.path(), 0..5000);
    let short = CommitLinks::new(dir.path(), true);
    assert_eq!(short.get(&id(1)), None, "a short walk opens nothing");
    learn(dir.path(), 5000..5600);
    assert_eq!(files(dir.path()).len(), 2, "the large file is not written again for a few");
    assert_known(dir.path(), 0..5600);
    learn(dir.path(), 5600..8000);
    assert_eq!(files(dir.path()).len(), 1, "but for many");
    assert_known(dir.path(), 0..8000);
}

#[test]
fn a_damaged_file_is_as_none() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 0..600);
    let path = files(dir.path()).remove(0);
    let whole = fs::read(&path).expect("read");
    for at in [0, 9, 20, 50, 1063, 1070, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).expect("written");
        assert!(LinkFile::open(&path).is_none(), "byte {at} was changed");
    }
    for length in [0, 100, whole.len() - 1] {
        fs::write(&path, &whole[..length]).expect("written");
        assert!(LinkFile::open(&path).is_none(), "cut to {length}");
    }
    fs::write(&path, &whole).expect("written");
    assert_known(dir.path(), 0..600);
}

#[test]
fn what_is_damaged_does_not_stay() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(dir.path(), 0..600);
    learn(dir.path(), 600..1200);
    let (whole, damaged) = (files(dir.path()).remove(0), dir.path().join("commits/damaged.links"));
    for bytes in [&b""[..], b"PONDLINK and nothing else"] {
        fs::write(&damaged, bytes).expect("written");
        // A long walk that learns too little for a file of its own.
        assert_known(dir.path(), 0..1200);
        assert!(!damaged.exists() && whole.exists());
    }
    // What cannot be deleted is in nobody's way.
    fs::create_dir(&damaged).expect("made");
    assert_known(dir.path(), 0..1200);
    learn(dir.path(), 1200..4000);
    assert_known(dir.path(), 0..4000);
    assert!(damaged.exists());
}

#[test]
fn many_files_become_one() {
    let dir = tempfile::tempdir().expect("a directory");
    for part in 0..MOST_FILES {
        let numbers = part * 10..part * 10 + 10;
        let links = numbers.map(|number| (id(number), link(number))).collect();
        file::write(&dir.path().join("commits"), links).expect("written");
    }
    assert_eq!(files(dir.path()).len(), MOST_FILES);
    learn(dir.path(), MOST_FILES * 10..1000);
    assert_eq!(files(dir.path()).len(), 1);
    assert_known(dir.path(), 0..1000);
}

/// A pond with a line of so many commits; gives the newest.
fn pond(dir: &Path, commits: usize) -> (Pond, ObjectId) {
    let doing = Doing {
        kind: "COMMIT".into(),
        user: "ada".into(),
        host: "h".into(),
        command: "test".into(),
        time: 0,
        parameters: Default::default(),
    };
    let unborn = Pond::prepare(dir, None).expect("prepared");
    fs::write(unborn.mirror_dir().join("HEAD"), "x").expect("written");
    let first = FirstOperation { doing: doing.clone(), head: Head::default() };
    let pond = publish(unborn, &first).expect("a pond");
    let base = ReadonlyPond::open(&pond, &[]).expect("opened");
    let mut transaction = Transaction::new(&pond, &base, doing);
    let mut newest = None;
    for number in 0..commits {
        let when = Timestamp { seconds: number as i64, offset_minutes: 0 };
        let ada = Signature { name: "Ada".into(), email: "a@b".into(), when };
        newest = Some(transaction.add_commit(&Commit {
            tree: ObjectId::ZERO,
            parents: newest.into_iter().collect(),
            author: ada.clone(),
            committer: ada,
            nodes: None,
            extra: Vec::new(),
            message: "m\n".into(),
        }));
    }
    let table = DurableLocal::new(&pond.table_dir()).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(transaction.publish(&table)).expect("published");
    (pond, newest.expect("a commit"))
}

#[test]
fn a_walk_is_the_same_with_and_without_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let (pond, newest) = pond(dir.path(), 700);
    let walk = || {
        let snapshot = ReadonlyPond::open(&pond, &[]).expect("opened");
        let (mut next, mut seen) = (vec![newest], 0);
        while let Some(id) = next.pop() {
            let link = snapshot.store().link(&id).expect("it is there");
            assert_eq!(link, snapshot.store().commit(&id).expect("it is there").link());
            next.extend(link.parents);
            seen += 1;
        }
        assert_eq!(seen, 700);
    };
    walk();
    let path = files(&pond.cache_dir()).remove(0);
    walk();
    let whole = fs::read(&path).expect("read");
    fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    walk();
    assert_eq!(fs::read(&path).expect("read"), whole, "what was damaged is made again");
    fs::remove_dir_all(pond.cache_dir()).expect("deleted");
    walk();
}
