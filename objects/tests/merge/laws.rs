//! What holds for every merge: without a change of one side it gives the other, sides can be swapped, and it costs what
//! changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use pond_objects::memory::MemoryObjects;
use pond_objects::merge::{Labels, MergeOptions, Merged, Trees, merge_trees};
use pond_objects::page::{Body, Page};
use pond_objects::{Commit, Kind, Manifest, ObjectId, ObjectSource, ReadError};

use crate::scenario::{Files, Maker, Scenario};
use crate::{pond, rounds};

fn merge(objects: &mut MemoryObjects, versions: [&Files; 3]) -> (Merged, Files) {
    let [base, ours, theirs] = versions.map(|files| Some(pond::store(objects, files)));
    let labels = Labels { ours: "a".into(), base: "b".into(), theirs: "c".into() };
    let merged =
        pond::merge(objects, &Trees { base, ours, theirs, nodes: None }, labels, &MergeOptions::default());
    let files = pond::files(objects, ours, &merged);
    (merged, files)
}

/// Makes some directories that are empty, here and there.
fn with_empty(maker: &mut Maker, mut files: Files) -> Files {
    for _ in 0..maker.random.below(4) {
        let path: String = maker.random.pick(&["a", "x/a", "x/y", "y", "z/x", "q", "q/r"]).into();
        let is_free = !files.keys().any(|other| other.starts_with(&path) || path.starts_with(other.as_str()));
        if is_free {
            files.insert(path, (Kind::Directory, Vec::new()));
        }
    }
    files
}

#[test]
fn a_merge_keeps_what_only_one_side_did() {
    for seed in 0..rounds(400) {
        let mut maker = Maker::new(seed);
        let Scenario { base, ours, theirs } = Scenario::made_by(&mut maker);
        let [base, ours, theirs] = [base, ours, theirs].map(|files| with_empty(&mut maker, files));
        let objects = &mut MemoryObjects::new();
        for (versions, expected) in [
            ([&base, &ours, &base], &ours),
            ([&base, &base, &theirs], &theirs),
            ([&base, &ours, &ours], &ours),
        ] {
            let (merged, files) = merge(objects, versions);
            assert!(merged.is_clean, "seed {seed}");
            assert_eq!(&files, expected, "seed {seed}");
        }
        let ((one, one_files), (other, other_files)) =
            (merge(objects, [&base, &ours, &theirs]), merge(objects, [&base, &theirs, &ours]));
        assert_eq!(one.is_clean, other.is_clean, "seed {seed}");
        assert_eq!(one.unmerged.len(), other.unmerged.len(), "seed {seed}");
        if one.is_clean {
            assert_eq!(one_files, other_files, "seed {seed}");
        }
    }
}

/// Counts what is read.
struct Counting {
    objects: MemoryObjects,
    reads: AtomicUsize,
}

impl ObjectSource for Counting {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.objects.page(body, id)
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
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
fn a_merge_costs_what_changed() {
    let file = |content: String| (Kind::File, content.into_bytes());
    let base: Files = (0..60_000)
        .map(|n| (format!("{:02}/{}/f{n}", n % 50, n % 7), file(format!("{n}\n1\n2\n3\n4\n5\n"))))
        .collect();
    let (mut ours, mut theirs) = (base.clone(), base.clone());
    ours.insert("03/5/f103".into(), file("103\n1\n2\n3\n4\nours\n".into()));
    theirs.insert("03/5/f103".into(), file("theirs\n1\n2\n3\n4\n5\n".into()));
    theirs.insert("04/new".into(), file("new\n".into()));
    ours.remove("05/5/f5");
    let mut objects = MemoryObjects::new();
    let [base, our_tree, theirs] =
        [&base, &ours, &theirs].map(|files| Some(pond::store(&mut objects, files)));
    let source = Counting { objects, reads: AtomicUsize::new(0) };
    let labels = Labels { ours: "a".into(), base: "b".into(), theirs: "c".into() };
    let trees = Trees { base, ours: our_tree, theirs, nodes: None };
    let merged = merge_trees(&source, &trees, labels, &MergeOptions::default(), &mut |_,
                                                                                      _|
     -> Result<
        (),
        ReadError,
    > { Ok(()) });
    let merged = merged.expect("all is there");
    assert!(merged.is_clean && merged.updates.len() == 2, "{:?}", merged.updates);
    let mut written = 0;
    let root = merged.tree(&source, our_tree.as_ref(), &mut |_, _| -> Result<(), ReadError> {
        written += 1;
        Ok(())
    });
    assert_eq!(root.expect("all is there").count, 50);
    let reads = source.reads.load(Ordering::Relaxed);
    assert!(reads <= 60 && written <= 8, "{reads} read, {written} written");
}
