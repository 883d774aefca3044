use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const PACK: ObjectId = ObjectId::ZERO;

fn location(row: u32) -> Location {
    Location { row_group: row / 7, row, row_type: RowType::Chunk }
}

/// Ids that share beginnings, so that buckets and prefixes have neighbours.
fn ids() -> impl Strategy<Value = ObjectId> {
    (0u8..4, 0u8..3, any::<u8>(), any::<[u8; 4]>()).prop_map(|(first, second, third, rest)| {
        let mut bytes = [0xab; 32];
        (bytes[0], bytes[1], bytes[2]) = (first * 85, second, third);
        bytes[28..].copy_from_slice(&rest);
        ObjectId::from_bytes(bytes)
    })
}

proptest! {
    #[test]
    fn finds_what_a_map_finds(
        stored in prop::collection::vec(ids(), 0..200),
        asked in prop::collection::vec(ids(), 0..20),
        changes in prop::collection::vec((0u8..8, ids(), any::<i64>(), any::<i64>()), 0..50),
        numbers in prop::collection::btree_set(any::<i64>(), 0..20),
    ) {
        let mut entries = IndexEntries::default();
        let mut map = BTreeMap::new();
        for (id, row) in stored.iter().zip(0..) {
            entries.objects.push(IndexEntry { id: *id, location: location(row) });
            map.entry(*id).or_insert(location(row));
        }
        for (path, id, seq, mtime) in &changes {
            entries.changes.push(ChangeEntry::new(&[*path], id, *seq, *mtime));
        }
        for (seq, row) in numbers.iter().zip(0..) {
            entries.operations.push(OperationEntry { seq: *seq, location: Location { row_type: RowType::Op, ..location(row) } });
        }
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("index");
        let built = PackIndex::build(&PACK, entries);
        built.write(&path).expect("written");
        for index in [built, PackIndex::open(&path, &PACK).expect("intact")] {
            prop_assert_eq!(index.len(), map.len());
            prop_assert_eq!(index.entries().map(|entry| (entry.id, entry.location)).collect::<BTreeMap<_, _>>(), map.clone());
            for id in stored.iter().chain(&asked) {
                prop_assert_eq!(index.lookup(id), Ok(map.get(id).copied()));
                for digits in [4, 5, 6, 63, 64] {
                    let prefix: IdPrefix = id.to_hex()[..digits].parse().expect("a prefix");
                    let expected = map.iter().filter(|(id, _)| prefix.matches(id));
                    let expected: Vec<_> = expected.map(|(id, at)| IndexEntry { id: *id, location: *at }).collect();
                    prop_assert_eq!(index.matching(&prefix).expect("intact").collect::<Vec<_>>(), expected);
                }
            }
            for path in 0u8..8 {
                let found: Vec<_> = index.mtimes_of(&[path]).expect("intact").map(|c| (c.id_prefix, c.seq, c.mtime)).collect();
                let of_path = changes.iter().filter(|change| change.0 == path);
                let mut expected: Vec<_> = of_path.map(|(_, id, seq, mtime)| (id_prefix(id), *seq, *mtime)).collect();
                expected.sort_unstable();
                prop_assert_eq!(found, expected);
            }
            for seq in numbers.iter().chain([&0, &i64::MAX]) {
                prop_assert_eq!(index.operation(*seq).map(|found| found.is_some()), Ok(numbers.contains(seq)));
            }
            prop_assert_eq!(index.newest_operation().map(|found| found.map(|operation| operation.seq)), Ok(numbers.last().copied()));
        }
    }
}

/// An index of so many objects, a change and an operation.
fn whole(objects: u32) -> Vec<u8> {
    let entries = IndexEntries {
        objects: (0..objects)
            .map(|row| IndexEntry { id: ObjectId::of_content(&row.to_le_bytes()), location: location(row) })
            .collect(),
        changes: vec![ChangeEntry::new(b"a", &ObjectId::ZERO, 1, 2)],
        operations: vec![OperationEntry { seq: 1, location: location(1) }],
    };
    PackIndex::build(&PACK, entries).bytes.to_vec()
}

fn check(bytes: Vec<u8>) -> Result<PackIndex, IndexError> {
    PackIndex::check(Storage::Read(bytes), &PACK)
}

#[test]
fn damage_anywhere_is_noticed() {
    for (objects, step) in [(0, 1), (41, 1), (5003, 997)] {
        let whole = whole(objects);
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            // Bytes 12 to 16 say nothing, but a sum covers them.
            assert!(!check(bytes).is_ok_and(|index| index.check_all().is_ok()), "byte {at} of {objects}");
            assert!(check(whole[..at].to_vec()).is_err(), "{objects} cut at {at}");
        }
        assert_eq!(check(whole).expect("whole").check_all(), Ok(()));
    }
    let dir = tempfile::tempdir().expect("a directory");
    assert!(matches!(PackIndex::open(&dir.path().join("none"), &PACK), Err(IndexError::Io { .. })));
}

#[test]
fn the_index_of_another_pack_is_refused() {
    let other = ObjectId::of_content(b"another pack");
    assert!(matches!(PackIndex::check(Storage::Read(whole(41)), &other), Err(IndexError::Damaged(_))));
}

#[test]
fn a_damaged_bucket_says_nothing_and_others_are_believed() {
    let mut bytes = whole(5000);
    let index = check(bytes.clone()).expect("whole");
    assert_eq!(index.check_all(), Ok(()));
    let ids: Vec<ObjectId> = index.entries().map(|entry| entry.id).collect();
    bytes[index.layout.ids + 31] ^= 1;
    let damaged = check(bytes).expect("its head is whole");
    assert_eq!(damaged.lookup(&ids[0]), Err(DamagedPart));
    assert!(matches!(damaged.lookup(&ids[4999]), Ok(Some(_))));
    assert_eq!(damaged.check_all(), Err(DamagedPart));
}

#[test]
fn a_forgotten_row_gives_way_to_a_stored_one() {
    let id = ObjectId::of_content(b"x");
    let forgotten = Location { row_group: 0, row: 0, row_type: RowType::Forgotten };
    let stored = Location { row_group: 0, row: 1, row_type: RowType::Page };
    let objects = [forgotten, stored].map(|location| IndexEntry { id, location }).to_vec();
    let index = PackIndex::build(&PACK, IndexEntries { objects, ..IndexEntries::default() });
    assert_eq!(index.lookup(&id), Ok(Some(stored)));
    assert_eq!(index.entries().map(|entry| entry.id).collect::<BTreeSet<_>>().len(), 1);
}
