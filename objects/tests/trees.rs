//! Trees of any size: built, read back, compared, and the same whatever way they came about.

use std::collections::{BTreeMap, HashSet};

use bstr::{BString, ByteSlice};
use pond_objects::cursor::Leaves;
use pond_objects::diff::diff_trees;
use pond_objects::memory::MemoryObjects;
use pond_objects::page::{Body, Item, Page};
use pond_objects::paginate::paginate;
use pond_objects::tree::{self, TreeBuilder};
use pond_objects::{Kind, ObjectId, ObjectSource, PathEntry, ReadError, path_order, read_blob};
use proptest::prelude::*;

type Files = BTreeMap<BString, ObjectId>;

fn build(objects: &mut MemoryObjects, files: &Files) -> ObjectId {
    let mut paths: Vec<_> = files.iter().collect();
    paths.sort_by(|a, b| path_order(a.0, b.0));
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), ReadError> {
        assert_eq!(Page::decode(page.body, &id, &page.encode()).as_ref(), Ok(page));
        objects.add_page(id, page);
        Ok(())
    });
    for (path, id) in paths {
        builder.push(path.as_bstr(), Kind::File, *id, 1).expect("memory does not fail");
    }
    builder.finish().expect("memory does not fail").id
}

fn list(objects: &MemoryObjects, tree: &ObjectId) -> Files {
    let mut files = Files::new();
    tree::walk(objects, tree, b"", &mut |entry: PathEntry| -> Result<(), ReadError> {
        assert!(files.insert(entry.path, entry.id).is_none());
        Ok(())
    })
    .expect("all pages are there");
    files
}

/// Files below few directories, of which none is also a file's name.
fn files() -> impl Strategy<Value = Files> {
    let path = "([abc]/){0,3}f[0-9]{1,3}";
    prop::collection::btree_map(path.prop_map(BString::from), any::<u8>(), 0..400).prop_map(|files| {
        files.into_iter().map(|(path, seed)| (path, ObjectId::of_content(&[seed]))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_tree_lists_what_it_was_built_from(files in files()) {
        let mut objects = MemoryObjects::new();
        let tree = build(&mut objects, &files);
        prop_assert_eq!(list(&objects, &tree), files.clone());
        for (path, id) in &files {
            let found = tree::find(&objects, &tree, path).expect("readable").map(|entry| entry.id);
            prop_assert_eq!(found, Some(*id));
        }
        prop_assert!(tree::find(&objects, &tree, b"a/nothing").expect("readable").is_none());
    }

    #[test]
    fn a_difference_is_exactly_what_differs(old in files(), new in files(), shared in files()) {
        let mut objects = MemoryObjects::new();
        let with = |mine: &Files| -> Files { mine.iter().chain(&shared).map(|(p, i)| (p.clone(), *i)).collect() };
        let (old, new) = (with(&old), with(&new));
        let (old_tree, new_tree) = (build(&mut objects, &old), build(&mut objects, &new));
        let changes = diff_trees(&objects, Some(&old_tree), Some(&new_tree), &|_, _| true).expect("readable");
        let mut patched = old.clone();
        for change in changes {
            prop_assert_eq!(patched.remove(&change.path), change.old.map(|side| side.id));
            prop_assert_ne!(change.old, change.new);
            if let Some(side) = change.new {
                patched.insert(change.path, side.id);
            }
        }
        prop_assert_eq!(patched, new);
    }
}

fn item(number: u64) -> Item {
    let name = format!("file-{number:07}");
    Item {
        id: ObjectId::of_content(name.as_bytes()),
        name: name.into(),
        kind: Some(Kind::File),
        size: 1,
        count: 1,
    }
}

#[test]
fn a_change_in_a_large_directory_makes_few_new_pages() {
    let (root, pages) = paginate(Body::Tree, (0..100_000).map(item));
    assert_eq!((root.count, root.size), (100_000, 100_000));
    let changed = (0..100_000).map(|n| if n == 50_000 { Item { size: 2, ..item(n) } } else { item(n) });
    let (_, after) = paginate(Body::Tree, changed);
    let new: Vec<_> = after.iter().filter(|(id, _)| pages.iter().all(|(old, _)| old != id)).collect();
    assert!(new.len() <= 4, "{} new pages", new.len());
    let inserted = paginate(Body::Tree, (0..100_001).map(item)).1;
    let new: Vec<_> = inserted.iter().filter(|(id, _)| pages.iter().all(|(old, _)| old != id)).collect();
    assert!(new.len() <= 4, "{} new pages", new.len());
}

#[test]
fn a_manifest_of_equal_chunks_is_shallow_and_reads_back() {
    let chunk = Item { name: "".into(), kind: None, id: ObjectId::of_content(b"zeros"), size: 9, count: 1 };
    let (root, pages) = paginate(Body::Manifest, std::iter::repeat_n(chunk, 300_000));
    assert_eq!((root.count, root.size), (300_000, 2_700_000));
    assert!(pages.iter().all(|(_, page)| page.level <= 4));
}

fn chunk(number: usize) -> Item {
    let id = ObjectId::of_content(&number.to_le_bytes());
    Item { name: "".into(), kind: None, id, size: 8_000, count: 1 }
}

#[test]
fn an_append_makes_short_pages_of_a_manifest_new() {
    // Chunks of a file, and what an append may store: pages, and items on them.
    for (chunks, most_pages, most_items) in [(170, 2.5, 40.0), (1_600, 3.5, 55.0), (65_000, 5.0, 80.0)] {
        let (mut pages, mut items) = (0, 0);
        let appends = 20;
        for number in 0..appends {
            let file = |last| (0..chunks + number).map(chunk).chain([chunk(last)]);
            let before: HashSet<_> =
                paginate(Body::Manifest, file(1 << 30)).1.into_iter().map(|(id, _)| id).collect();
            let after = paginate(Body::Manifest, file(1 << 31)).1;
            for (_, page) in after.iter().filter(|(id, _)| !before.contains(id)) {
                pages += 1;
                items += page.items.len();
            }
        }
        let mean = |sum: usize| sum as f64 / appends as f64;
        assert!(
            mean(pages) <= most_pages && mean(items) <= most_items,
            "{chunks}: {pages} pages, {items} items"
        );
    }
}

#[test]
fn the_last_page_of_a_level_may_have_one_item() {
    for (body, many) in [(Body::Tree, 80_000), (Body::Manifest, 3_000)] {
        let item = |number: usize| if body == Body::Tree { item(number as u64) } else { chunk(number) };
        let pages = paginate(body, (0..many).map(item)).1;
        let first = &pages.iter().find(|(_, page)| page.level == 1).expect("a level of two pages").1;
        // So many fill a page of the level above the leaves, and three begin another.
        let count = usize::try_from(first.count()).expect("few") + 3;
        let (root, pages) = paginate(body, (0..count).map(item));
        assert!(pages.iter().any(|(_, page)| page.level == 1 && page.items.len() == 1), "{body:?}");
        let mut objects = MemoryObjects::new();
        for (id, page) in &pages {
            assert_eq!(Page::decode(body, id, &page.encode()).as_ref(), Ok(page), "{body:?}");
            objects.add_page(*id, page);
        }
        let found: Result<Vec<Item>, _> = Leaves::new(&objects, body, &root.id).expect("a root").collect();
        assert!(found.expect("readable").into_iter().eq((0..count).map(item)), "{body:?}");
    }
    let empty = Page { body: Body::Manifest, level: 1, items: Vec::new() };
    assert!(Page::decode(Body::Manifest, &empty.id(), &empty.encode()).is_err());
}

#[test]
fn manifests_of_any_length_can_be_read() {
    for count in (0..2_500).step_by(11) {
        for (id, page) in paginate(Body::Manifest, (0..count).map(chunk)).1 {
            assert_eq!(Page::decode(Body::Manifest, &id, &page.encode()), Ok(page), "{count} chunks");
        }
    }
}

#[test]
fn a_manifest_of_other_page_sizes_reads_back() {
    let mut objects = MemoryObjects::new();
    let mut add = |level, items| {
        let page = Page { body: Body::Manifest, level, items };
        let (id, size, count) = (page.id(), page.size(), page.count());
        objects.add_page(id, &page);
        Item { name: "".into(), kind: None, id, size, count }
    };
    let chunks: Vec<Item> = (0..400).map(chunk).collect();
    let leaves: Vec<Item> = [0..193, 193..384, 384..400].map(|part| add(0, chunks[part].to_vec())).into();
    let root = add(1, leaves);
    assert_ne!(root.id, paginate(Body::Manifest, chunks.clone()).0.id);
    let found: Result<Vec<Item>, _> =
        Leaves::new(&objects, Body::Manifest, &root.id).expect("a root").collect();
    assert_eq!(found.expect("readable"), chunks);
}

#[test]
fn the_ids_of_manifests_are_pinned() {
    let root = paginate(Body::Manifest, (0..400).map(chunk)).0;
    assert_eq!(root.id.to_hex(), "2397feff4fb40133c830907127cd85411834101594c88e527598aa5fee9ffc6f");
}

#[test]
fn blobs_of_any_size_read_back_verified() {
    let mut objects = MemoryObjects::new();
    let mut content = Vec::new();
    for step in 0u64..700_000 {
        content.extend(step.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    }
    for length in [0, 1, 2048, 100_000, 5_000_000] {
        let id = objects.add_blob(&content[..length]);
        assert_eq!(id, ObjectId::of_content(&content[..length]));
        assert_eq!(read_blob(&objects, &id).expect("readable"), &content[..length]);
        assert_eq!(objects.manifest(&id).expect("readable").is_some(), length > 50_000);
    }
}

#[test]
fn the_ids_of_trees_are_pinned() {
    assert_eq!(
        tree::empty_tree().to_hex(),
        "8dfbf03e35fa927c684bc72ea928782613b1f96e2304e470b9be5d3418d40f55"
    );
    let mut objects = MemoryObjects::new();
    let files =
        Files::from([("a/b".into(), ObjectId::of_content(b"b")), ("c".into(), ObjectId::of_content(b"c"))]);
    assert_eq!(
        build(&mut objects, &files).to_hex(),
        "a8dc592482122a80c9ba3240bd011b76920077bade2d89bbd2dbdbc6f536a761"
    );
}

#[test]
fn hostile_pages_are_refused() {
    for name in ["..", ".pond", "a/b", ""] {
        let mut bad = item(1);
        bad.name = name.into();
        let page = Page { body: Body::Tree, level: 0, items: vec![bad] };
        assert!(Page::decode(Body::Tree, &page.id(), &page.encode()).is_err(), "{name:?}");
    }
    let unsorted = Page { body: Body::Tree, level: 0, items: vec![item(2), item(1)] };
    assert!(Page::decode(Body::Tree, &unsorted.id(), &unsorted.encode()).is_err());
    let good = Page { body: Body::Tree, level: 0, items: vec![item(1)] };
    assert!(Page::decode(Body::View, &good.id(), &good.encode()).is_err());
    let mut bytes = good.encode();
    for at in 0..bytes.len() {
        bytes[at] ^= 0x55;
        if let Ok(page) = Page::decode(Body::Tree, &good.id(), &bytes) {
            assert_eq!(page, good);
        }
        bytes[at] ^= 0x55;
    }
}

#[test]
#[should_panic(expected = "nothing of it lies below a file")]
fn nothing_lies_below_a_file() {
    let files: [(BString, ObjectId); 2] = ["d", "d/f"].map(|path| (path.into(), ObjectId::ZERO));
    build(&mut MemoryObjects::default(), &Files::from(files));
}
