use std::collections::BTreeMap;

use bstr::BString;
use pond_objects::{Kind, NodeId, ObjectId};

use super::*;

const NOW: i64 = 1_700_000_000_500_000_000;
const OLD: Seen =
    Seen { mtime_ns: NOW - 10_000_000_001, ctime_ns: NOW - 9_999_999_999, inode: 7, trusted: true };

fn side(text: &str) -> Side {
    Side { kind: Kind::File, id: ObjectId::of_content(text.as_bytes()), size: text.len() as u64 }
}

fn build(rows: &BTreeMap<Key, Row>, header: Header) -> IndexBuilder {
    let mut builder = IndexBuilder::new(header, NOW);
    for (path, row) in rows {
        builder.push(&path.0, row);
    }
    builder
}

fn rows_of(index: &Index) -> BTreeMap<Key, Row> {
    index.iter().map(|entry| (Key(entry.path.into()), entry.row)).collect()
}

/// A path in the order of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key(BString);

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        path_order(&self.0, &other.0)
    }
}

fn key(path: &str) -> Key {
    Key(path.into())
}

#[test]
fn what_is_saved_is_what_is_opened() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    assert!(Index::open(&path).expect("no damage").is_none());

    let other = Side { kind: Kind::Executable, id: ObjectId::of_content(b"old"), size: 3 };
    let rows = BTreeMap::from([
        (key("a"), Row::added(side("a"), OLD)),
        (key("b/c"), Row::unchanged(side("bc"), OLD)),
        (
            key("b.txt"),
            Row { node: Some(NodeId(9)), ..Row::unchanged(side("x"), OLD).restaged(side("y"), OLD) },
        ),
        (
            key("d"),
            Row { staged: None, seen: Seen::NEVER, intent: false, base: Base::Other(other), node: None },
        ),
        (Key(b"e\xff\n".into()), Row { intent: true, ..Row::added(side(""), Seen::NEVER) }),
        (key("f"), Row { base: Base::Other(other), ..Row::added(side("f"), OLD) }),
    ]);
    let header = Header {
        base: Some(ObjectId::of_content(b"base")),
        delta_version: Some(12),
        pending: None,
        packs: vec!["one".into(), "two \"quoted\"".into()],
        written_ns: NOW,
    };
    build(&rows, header.clone()).save(&path).expect("saved");
    let index = Index::open(&path).expect("opened").expect("there is one");
    assert_eq!((rows_of(&index), index.header()), (rows, &header));
    assert_eq!(index.entry(3).path, "d");
    assert_eq!((index.find(b"b.txt"), index.find(b"b"), index.find(b"zz")), (Ok(2), Err(1), Err(6)));
    assert_eq!(
        (index.range_of_dir(b"b"), index.range_of_dir(b"a"), index.range_of_dir(b"")),
        (1..2, 1..1, 0..6)
    );
    assert!(!index.any_live(3..4) && index.any_live(2..4));
    build(&BTreeMap::new(), Header::default()).save(&path).expect("an empty one replaces it");
    assert!(Index::open(&path).expect("opened").expect("there is one").is_empty());
    let names =
        std::fs::read_dir(dir.path()).expect("listed").map(|entry| entry.expect("an entry").file_name());
    let names: std::collections::BTreeSet<_> = names.collect();
    assert!(names.contains(std::ffi::OsStr::new("index")), "{names:?}");
    assert!(names.iter().all(|name| name == "index" || name == "index.spare"), "{names:?}");
}

/// An index of so many rows.
fn of_rows(count: usize) -> IndexBuilder {
    let rows = (0..count).map(|number| (key(&format!("{number:06}")), Row::added(side("x"), OLD)));
    build(&rows.collect(), Header::default())
}

#[test]
fn who_reads_finds_one_index_or_the_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    of_rows(1).save(&path).expect("saved");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut read = 0;
            while read == 0 || !done.load(std::sync::atomic::Ordering::Relaxed) {
                let index = Index::open(&path).expect("never damaged").expect("there is one");
                let len = index.iter().count();
                assert!([1, 40, 300].contains(&len), "{len}");
                read += 1;
            }
        });
        for round in 0..60 {
            of_rows([40, 300, 1][round % 3]).save(&path).expect("saved");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        reading.join().expect("the reader");
    });
}

#[test]
fn only_a_small_file_of_one_name_is_written_over() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, spare) = (dir.path().join("index"), dir.path().join("index.spare"));
    let len = || Index::open(&path).expect("whole").expect("there is one").iter().count();
    // A large one stays as it is for those who have it open, whatever is written after it.
    of_rows(20_000).save(&path).expect("saved");
    assert!(std::fs::metadata(&path).expect("a file").len() > 1 << 20);
    let mapped = Index::open(&path).expect("whole").expect("there is one");
    for count in [1, 2, 3, 4] {
        of_rows(count).save(&path).expect("saved");
        assert_eq!(len(), count);
    }
    assert_eq!(mapped.iter().count(), 20_000);

    // So does the copy of a pond that shares its files.
    let copy = dir.path().join("copy");
    std::fs::hard_link(&path, &copy).expect("linked");
    let content = std::fs::read(&copy).expect("read");
    for count in [5, 6, 7] {
        of_rows(count).save(&path).expect("saved");
        assert_eq!((len(), std::fs::read(&copy).expect("read") == content), (count, true));
    }

    // What else is in its place is not followed, and goes.
    #[cfg(unix)]
    {
        std::fs::remove_file(&spare).expect("removed");
        std::os::unix::fs::symlink(&copy, &spare).expect("a link");
        of_rows(8).save(&path).expect("saved");
        assert_eq!((len(), std::fs::read(&copy).expect("read") == content), (8, true));
    }
    // One that a writer left who was killed is no index.
    std::fs::write(&spare, "half").expect("written");
    assert_eq!(len(), 8);
    of_rows(9).save(&path).expect("saved");
    assert_eq!(len(), 9);
}

#[test]
fn arrow_reads_it_without_pond() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    build(&BTreeMap::from([(key("a"), Row::added(side("a"), OLD))]), Header::default())
        .save(&path)
        .expect("saved");
    let file = std::fs::File::open(&path).expect("a file");
    let reader = arrow::ipc::reader::FileReader::try_new(file, None).expect("an Arrow file");
    assert_eq!(reader.map(|batch| batch.expect("a batch").num_rows()).sum::<usize>(), 1);
}

#[test]
fn every_damaged_byte_is_an_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    let rows =
        BTreeMap::from([(key("a"), Row::added(side("a"), OLD)), (key("b"), Row::unchanged(side("b"), OLD))]);
    build(&rows, Header::default()).save(&path).expect("saved");
    let good = std::fs::read(&path).expect("read");
    for at in (0..good.len()).step_by(5).chain(good.len() - 150..good.len()) {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        std::fs::write(&path, &bad).expect("written");
        let error = Index::open(&path).expect_err("damage");
        assert!(matches!(error, IndexError::Damaged { .. }), "byte {at}: {error}");
        std::fs::write(&path, &good[..at]).expect("written");
        assert!(matches!(Index::open(&path), Err(IndexError::Damaged { .. })), "cut at {at}");
    }
    assert!(Index::open(dir.path()).is_err(), "a directory is no index");
}

#[test]
fn what_was_written_just_now_is_not_trusted() {
    let at = |mtime_ns, ctime_ns| Seen { mtime_ns, ctime_ns, ..OLD };
    let rows = BTreeMap::from([
        (key("old"), Row::added(side("a"), OLD)),
        (key("written"), Row::added(side("b"), at(NOW - 1_000_000, NOW - 1_000_000))),
        (key("touched"), Row::added(side("c"), at(OLD.mtime_ns, NOW - 1_000_000))),
        (key("coarse"), Row::added(side("d"), at(NOW - 1_500_000_000, OLD.ctime_ns))),
    ]);
    let index = build(&rows, Header::default()).finish();
    let trusted: Vec<_> = index.iter().filter(|entry| entry.seen.trusted).map(|entry| entry.path).collect();
    assert_eq!(trusted, ["old"]);

    let row = rows[&key("old")];
    let stat = Stat {
        size: 1,
        mtime_ns: OLD.mtime_ns,
        ctime_ns: OLD.ctime_ns,
        inode: 7,
        device: 1,
        mode: 0o100_644,
    };
    assert!(is_unchanged(&row, &stat) && is_unchanged(&row, &Stat { device: 2, ..stat }));
    for other in [
        Stat { size: 2, ..stat },
        Stat { mtime_ns: 0, ..stat },
        Stat { ctime_ns: 0, ..stat },
        Stat { inode: 8, ..stat },
        Stat { mode: 0o100_755, ..stat },
        Stat { mode: 0o120_777, ..stat },
    ] {
        assert!(!is_unchanged(&row, &other), "{other:?}");
    }
    assert!(!is_unchanged(index.entry(1).deref(), &stat) || index.entry(1).path == "old");
}

#[test]
fn rows_remember_their_base() {
    let (old, new) = (side("old"), side("new"));
    let row = Row::unchanged(old, OLD).restaged(new, OLD);
    assert_eq!((row.base, row.base_side()), (Base::Other(old), Some(old)));
    assert_eq!(row.restaged(old, OLD).base, Base::Same);
    assert_eq!(row.deleted().map(|row| (row.staged, row.base)), Some((None, Base::Other(old))));
    assert_eq!(row.deleted().map(|row| row.restaged(old, OLD).base), Some(Base::Same));
    assert_eq!(Row::added(new, OLD).deleted(), None);
}

#[test]
fn setting_a_path_removes_what_cannot_stand_beside_it() {
    let rows = BTreeMap::from([
        (key("file"), Row::unchanged(side("f"), OLD)),
        (key("dir/a"), Row::unchanged(side("a"), OLD)),
        (key("dir/b"), Row::added(side("b"), OLD)),
        (key("dir/c/d"), Row::unchanged(side("d"), OLD)),
        (key("dir.x"), Row::unchanged(side("x"), OLD)),
    ]);
    let index = build(&rows, Header::default()).finish();
    let set = |text: &str| Update::Set(Row::added(side(text), OLD));
    let updates = BTreeMap::from([("file/x/y".into(), set("y")), ("dir".into(), set("now a file"))]);
    let edited = rows_of(&index.edit(updates, Header::default(), NOW).finish());
    let live: Vec<_> =
        edited.iter().filter(|(_, row)| row.staged.is_some()).map(|(path, _)| &path.0).collect();
    assert_eq!(live, ["dir", "dir.x", "file/x/y"]);
    let dead: Vec<_> =
        edited.iter().filter(|(_, row)| row.staged.is_none()).map(|(path, _)| &path.0).collect();
    assert_eq!(dead, ["dir/a", "dir/c/d", "file"]);
}

/// A small generator of numbers, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn an_edited_index_is_the_one_built_from_scratch() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for round in 0..20 {
        // Directories and files never share a name here: conflicts have a test of their own.
        let name = |numbers: &mut Numbers, range: u64| {
            format!("d{}/e{}/f{:05}", numbers.below(9), numbers.below(5), numbers.below(range))
        };
        let (count, range) = if round % 10 == 0 { (25_000, 2_000) } else { (200, 20) };
        let mut rows = BTreeMap::new();
        for _ in 0..count {
            let text = numbers.below(1000).to_string();
            let row = match numbers.below(3) {
                0 => Row::added(side(&text), OLD),
                1 => Row::unchanged(side(&text), OLD),
                _ => Row::unchanged(side(&text), OLD).deleted().expect("a base"),
            };
            rows.insert(Key(name(&mut numbers, range).into()), row);
        }
        let mut index = build(&rows, Header::default()).finish();
        for _ in 0..6 {
            let mut updates = BTreeMap::new();
            for _ in 0..numbers.below(40) {
                let update = match numbers.below(5) {
                    0 => Update::Delete,
                    1 => Update::Forget,
                    2 => Update::Stage(side(&numbers.below(1000).to_string()), OLD),
                    _ => Update::Set(Row::added(side(&numbers.below(1000).to_string()), OLD)),
                };
                updates.insert(BString::from(name(&mut numbers, range)), update);
            }
            for (path, update) in &updates {
                let path = Key(path.clone());
                match update {
                    Update::Set(row) => drop(rows.insert(path, *row)),
                    Update::Stage(side, seen) => {
                        let added = Row::added(*side, *seen);
                        let row = rows.get(&path).map_or(added, |row| row.restaged(*side, *seen));
                        rows.insert(path, row);
                    }
                    Update::Forget => drop(rows.remove(&path)),
                    Update::Delete => {
                        if let Some(row) = rows.remove(&path).and_then(|row| row.deleted()) {
                            rows.insert(path, row);
                        }
                    }
                }
            }
            index = index.edit(updates, Header::default(), NOW).finish();
            assert_eq!(index.len(), rows.len());
            assert!(
                index
                    .iter()
                    .map(|entry| (entry.path, entry.row))
                    .eq(rows.iter().map(|(path, row)| (path.0.as_bstr(), *row)))
            );
        }
        for (at, path) in rows.keys().enumerate().step_by(17) {
            assert_eq!(index.find(&path.0), Ok(at));
        }
        for dir in ["d3", "d3/e1", "d3/e9", "d"] {
            let expected: Vec<_> = rows.keys().filter(|path| is_below(&path.0, dir.as_bytes())).collect();
            let found = index.range_of_dir(dir.as_bytes());
            assert!(found.map(|number| index.path(number)).eq(expected.iter().map(|path| path.0.as_bstr())));
        }
    }
}

#[test]
fn a_committed_index_has_every_row_as_it_was_committed() {
    let mut numbers = Numbers(7);
    for kinds in [1, 2, 4, 5] {
        let mut rows = BTreeMap::new();
        for number in 0..20_000 {
            let side = side(&numbers.below(1000).to_string());
            let row = match numbers.below(kinds) {
                0 => Row::added(side, OLD),
                1 => Row { node: Some(NodeId(number)), ..Row::unchanged(side, OLD) },
                2 => Row::unchanged(side, Seen { mtime_ns: NOW, ..OLD }),
                3 => Row::unchanged(side, OLD).restaged(Side::empty_directory(), OLD),
                _ if number % 2 == 0 => Row { intent: true, ..Row::added(side, OLD) },
                _ => Row::unchanged(side, OLD).deleted().expect("a base"),
            };
            rows.insert(Key(format!("f{number:05}").into()), row);
        }
        let index = build(&rows, Header::default()).finish();
        let mut expected = IndexBuilder::new(Header::default(), NOW);
        for (path, row) in &rows {
            row.committed().iter().for_each(|row| expected.push(&path.0, row));
        }
        assert_eq!(rows_of(&index.committed(Header::default(), NOW).finish()), rows_of(&expected.finish()));
    }
}

#[test]
fn an_index_is_edited_and_put_on_another_commit_at_once() {
    let mut numbers = Numbers(11);
    for round in 0..20 {
        let (count, range) = if round == 0 { (25_000, 3_000) } else { (200, 20) };
        let name = |numbers: &mut Numbers| {
            format!("d{}/e{}/f{:05}", numbers.below(9), numbers.below(5), numbers.below(range))
        };
        let some_side = |numbers: &mut Numbers| side(&numbers.below(50).to_string());
        let mut rows = BTreeMap::new();
        for _ in 0..count {
            let row = Row::unchanged(some_side(&mut numbers), OLD);
            let row = match numbers.below(3) {
                0 => row,
                1 => row.restaged(some_side(&mut numbers), OLD),
                _ => row.deleted().expect("a base"),
            };
            rows.insert(Key(name(&mut numbers).into()), row);
        }
        let index = build(&rows, Header::default()).finish();
        let (mut updates, mut sides) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..30 {
            let path = BString::from(name(&mut numbers));
            let update = match numbers.below(3) {
                0 => Update::Delete,
                1 => Update::Forget,
                _ => Update::Stage(some_side(&mut numbers), OLD),
            };
            sides.insert(path.clone(), index.row(&path).and_then(|row| row.base_side()));
            updates.insert(path, update);
        }
        for _ in 0..30 {
            let side = (numbers.below(2) == 0).then(|| some_side(&mut numbers));
            sides.insert(name(&mut numbers).into(), side);
        }
        let mut expected = rows_of(&index.edit(updates.clone(), Header::default(), NOW).finish());
        for (path, side) in &sides {
            let row = expected.remove(&Key(path.clone()));
            let row = row.or_else(|| Row::unchanged((*side)?, Seen::NEVER).deleted());
            if let Some(row) = row.and_then(|row| row.on(*side)) {
                expected.insert(Key(path.clone()), row);
            }
        }
        let (updates, bases) = (SortedUpdates::from(updates), Bases::from(sides));
        let found = index.edit_with(&updates, bases, Header::default(), NOW, None).finish();
        assert_eq!(rows_of(&found), expected);
    }
}

#[test]
fn a_large_index_is_written_while_it_is_made() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("index");
    let rows = (0..50_000).map(|number| (key(&format!("f{number:05}")), Row::unchanged(side("old"), OLD)));
    let before = build(&rows.collect(), Header::default()).save(&path).expect("saved");
    let update = |number: u32| {
        let staged = side(&number.to_string());
        let update = if number.is_multiple_of(3) { Update::Delete } else { Update::Stage(staged, OLD) };
        (BString::from(format!("f{number:05}")), update)
    };
    let updates = SortedUpdates::from((0..60_000).step_by(7).map(update).collect::<BTreeMap<_, _>>());
    let edit = |file| before.edit_with(&updates, Bases::default(), Header::default(), NOW, file);
    let expected = rows_of(&edit(None).finish());
    // One that nobody saves changes nothing.
    drop(edit(Some(path.clone())));
    assert_eq!(rows_of(&Index::open(&path).expect("no damage").expect("an index")), rows_of(&before));
    let saved = edit(Some(path.clone())).save(&path).expect("saved");
    assert_eq!(rows_of(&saved), expected);
    assert_eq!(rows_of(&Index::open(&path).expect("no damage").expect("an index")), expected);
    assert_eq!(rows_of(&before).len(), 50_000, "the one before is mapped still");

    let nowhere = dir.path().join("none/index");
    assert!(edit(Some(nowhere.clone())).save(&nowhere).is_err());
}
