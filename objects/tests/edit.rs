//! Edited trees are what building them from scratch gives, and share all pages that nothing touches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::{BString, ByteSlice};
use bytes::Bytes;
use pond_objects::memory::MemoryObjects;
use pond_objects::page::{Body, Page};
use pond_objects::tree::edit::{Update, edit};
use pond_objects::tree::{self, TreeBuilder};
use pond_objects::{Commit, Kind, Manifest, ObjectId, ObjectSource, ReadError, Side, path_order};
use proptest::prelude::*;

type Files = BTreeMap<BString, Side>;

fn build(objects: &mut MemoryObjects, files: &Files) -> ObjectId {
    let mut paths: Vec<_> = files.iter().collect();
    paths.sort_by(|a, b| path_order(a.0, b.0));
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), ReadError> {
        objects.add_page(id, page);
        Ok(())
    });
    for (path, side) in paths {
        builder.push(path.as_bstr(), side.kind, side.id, side.size).expect("memory does not fail");
    }
    builder.finish().expect("memory does not fail").id
}

fn side(seed: u8) -> Side {
    if seed == 0 {
        return Side { kind: Kind::Directory, id: tree::empty_tree(), size: 0 };
    }
    Side { kind: Kind::File, id: ObjectId::of_content(&[seed]), size: u64::from(seed) }
}

/// Takes away what a path displaces: itself, what is below, files above.
fn displace(files: &mut Files, path: &BString) {
    files.retain(|other, _| {
        let within = |inner: &[u8], outer: &[u8]| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        !within(other, path) && !within(path, other)
    });
}

fn apply(files: &Files, updates: &[Update]) -> Files {
    let mut files = files.clone();
    for (path, side) in updates {
        match side {
            Some(side) => {
                displace(&mut files, path);
                files.insert(path.clone(), *side);
            }
            None => files.retain(|other, _| {
                !other.strip_prefix(path.as_slice()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
            }),
        }
    }
    files
}

fn plain(entries: Vec<(String, u8)>) -> Files {
    let mut files = Files::new();
    for (path, seed) in entries {
        let path = BString::from(path);
        displace(&mut files, &path);
        files.insert(path, side(seed));
    }
    files
}

fn entries(count: usize) -> impl Strategy<Value = Vec<(String, u8)>> {
    prop::collection::vec(("([ab]/){0,2}([abc]|f[0-9]{1,3})", 0..9u8), 0..count)
}

/// Updates in order, none that puts something below a file that another puts there.
fn updates(entries: Vec<(String, Option<u8>)>) -> Vec<Update> {
    let mut updates: Vec<Update> = entries.into_iter().map(|(p, seed)| (p.into(), seed.map(side))).collect();
    updates.sort_by(|a, b| path_order(&a.0, &b.0));
    updates.dedup_by(|a, b| a.0 == b.0);
    let files: Vec<BString> =
        updates.iter().filter(|(_, side)| side.is_some()).map(|(p, _)| p.clone()).collect();
    updates.retain(|(path, side)| {
        side.is_none()
            || !files
                .iter()
                .any(|file| path.strip_prefix(file.as_slice()).is_some_and(|rest| rest.starts_with(b"/")))
    });
    updates
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_edited_tree_is_the_one_that_is_built(
        files in entries(400),
        changes in prop::collection::vec(("([ab]/){0,2}([abc]|f[0-9]{1,3})", prop::option::of(0..9u8)), 0..40),
    ) {
        let (files, updates) = (plain(files), updates(changes));
        let mut objects = MemoryObjects::new();
        let old = build(&mut objects, &files);
        let mut pages = Vec::new();
        let new = edit(&objects, Some(&old), &updates, &mut |id, page: &Page| -> Result<(), ReadError> {
            pages.push((id, page.clone()));
            Ok(())
        }).expect("all pages are there");
        pages.iter().for_each(|(id, page)| objects.add_page(*id, page));
        let expected = build(&mut MemoryObjects::new(), &apply(&files, &updates));
        prop_assert_eq!(new.id, expected);
        prop_assert_eq!(tree::list(&objects, Some(&new.id)).expect("every page was given").len(), apply(&files, &updates).len());
    }
}

/// Counts the pages that are read.
struct Counting<'a> {
    objects: &'a MemoryObjects,
    reads: AtomicUsize,
}

impl ObjectSource for Counting<'_> {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.objects.page(body, id)
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        self.objects.chunk(id)
    }

    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
        self.objects.manifest(blob)
    }

    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
        self.objects.commit(id)
    }
}

#[test]
fn an_edit_where_the_last_page_of_a_level_has_one_item() {
    let name = |number: u64| BString::from(format!("file-{number:07}"));
    let mut objects = MemoryObjects::new();
    let build_of = |objects: &mut MemoryObjects, count| {
        let files: Files = (0..count).map(|number| (name(number), side(1))).collect();
        (build(objects, &files), files)
    };
    let (root, _) = build_of(&mut objects, 80_000);
    let root = objects.page(Body::Tree, &root).expect("a page");
    assert_eq!(root.level, 2);
    let full = root.items[0].count;
    for count in [full, full + 1, full + 3] {
        let (old, files) = build_of(&mut objects, count);
        for updates in [
            vec![(name(count - 1), Some(side(2)))],
            vec![(name(count), Some(side(2)))],
            vec![(name(count - 2), None), (name(count - 1), None)],
            vec![(name(5), Some(side(2))), (name(count + 1), Some(side(2)))],
        ] {
            let edited =
                edit(&objects, Some(&old), &updates, &mut |_, _| -> Result<(), ReadError> { Ok(()) });
            let expected = build(&mut MemoryObjects::new(), &apply(&files, &updates));
            assert_eq!(edited.expect("all pages are there").id, expected, "{count} {updates:?}");
        }
    }
}

#[test]
fn an_edit_of_a_huge_directory_touches_few_pages() {
    let mut objects = MemoryObjects::new();
    let files: Files = (0..120_000).map(|n| (format!("d/file-{n:07}").into(), side(1))).collect();
    let root = build(&mut objects, &files);
    for (path, new) in [
        ("d/file-0060000", Some(side(2))),
        ("d/file-0000000", None),
        ("d/file-0000000a", Some(side(2))),
        ("d/zzz", Some(side(2))),
        ("d/file-0119999", None),
    ] {
        let update = (BString::from(path), new);
        let source = Counting { objects: &objects, reads: AtomicUsize::new(0) };
        let mut written = 0;
        let edited =
            edit(&source, Some(&root), std::slice::from_ref(&update), &mut |_, _| -> Result<(), ReadError> {
                written += 1;
                Ok(())
            })
            .expect("all pages are there");
        let read = source.reads.load(Ordering::Relaxed);
        assert!(read <= 12 && written <= 8, "{path}: {read} read, {written} written");
        let expected = build(&mut MemoryObjects::new(), &apply(&files, &[update]));
        assert_eq!(edited.id, expected, "{path}");
    }
}
