//! Merges by pond, put as git's are.

use std::collections::BTreeMap;

use bstr::{BStr, ByteSlice};
use pond_objects::large;
use pond_objects::memory::MemoryObjects;
use pond_objects::merge::{
    BasesOf, Labels, MergeOptions, Merged, MergedCommits, NewContent, Stage, Trees, merge_commits,
    merge_trees,
};
use pond_objects::page::Page;
use pond_objects::tree::{self, TreeBuilder};
use pond_objects::{ObjectId, ReadError, Side, path_order, read_blob};

use crate::oracle::GitMerge;
use crate::scenario::{File, Files};

/// Stores a tree of files.
pub(crate) fn store(objects: &mut MemoryObjects, files: &Files) -> ObjectId {
    let mut entries: Vec<_> = files.iter().collect();
    entries.sort_by(|a, b| path_order(a.0.as_bytes(), b.0.as_bytes()));
    let mut pages = Vec::new();
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), ReadError> {
        pages.push((id, page.clone()));
        Ok(())
    });
    for (path, (kind, content)) in entries {
        let id = if kind.is_blob() { objects.add_blob(content) } else { tree::empty_tree() };
        builder
            .push(path.as_bytes().as_bstr(), *kind, id, content.len() as u64)
            .expect("memory does not fail");
    }
    let root = builder.finish().expect("memory does not fail");
    pages.iter().for_each(|(id, page)| objects.add_page(*id, page));
    root.id
}

/// Merges commits and stores the merged contents.
pub(crate) fn merge_history(
    objects: &mut MemoryObjects,
    bases_of: &mut BasesOf<'_>,
    commits: [ObjectId; 2],
    labels: [&BStr; 2],
    options: &MergeOptions,
) -> MergedCommits {
    let mut contents = Vec::new();
    let merged =
        merge_commits(&*objects, bases_of, commits, labels, options, &mut |id,
                                                                           content|
         -> Result<(), ReadError> {
            contents.push((id, content));
            Ok(())
        });
    store_contents(objects, contents);
    merged.expect("all is there")
}

/// Merges trees and stores the merged contents.
pub(crate) fn merge(
    objects: &mut MemoryObjects,
    trees: &Trees<'_>,
    labels: Labels<'_>,
    options: &MergeOptions,
) -> Merged {
    let mut contents = Vec::new();
    let merged =
        merge_trees(&*objects, trees, labels, options, &mut |id, content| -> Result<(), ReadError> {
            contents.push((id, content));
            Ok(())
        });
    store_contents(objects, contents);
    merged.expect("all is there")
}

/// Stores merged contents.
fn store_contents(objects: &mut MemoryObjects, contents: Vec<(ObjectId, NewContent)>) {
    for (id, content) in contents {
        let bytes = match content {
            NewContent::Bytes(bytes) => bytes,
            NewContent::Spliced(spliced) => {
                let text = spliced.open(objects).expect("all is there");
                large::read(&text, 0..spliced.size()).expect("all is there")
            }
        };
        assert_eq!(objects.add_blob(&bytes), id);
    }
}

fn file(objects: &MemoryObjects, side: &Side) -> File {
    let content =
        if side.kind.is_blob() { read_blob(objects, &side.id).expect("it is stored") } else { Vec::new() };
    assert!(!side.kind.is_blob() || side.size == content.len() as u64, "a wrong size");
    (side.kind, content)
}

/// The files of the merged tree, empty directories among them.
pub(crate) fn files(objects: &mut MemoryObjects, ours: Option<ObjectId>, merged: &Merged) -> Files {
    let mut pages = Vec::new();
    let root = merged.tree(&*objects, ours.as_ref(), &mut |id, page| -> Result<(), ReadError> {
        pages.push((id, page.clone()));
        Ok(())
    });
    pages.iter().for_each(|(id, page)| objects.add_page(*id, page));
    let list = tree::list(objects, Some(&root.expect("all is there").id)).expect("all is there");
    let entry = |entry: &pond_objects::PathEntry| (entry.path.to_string(), file(objects, &Side::from(entry)));
    list.iter().map(entry).collect()
}

/// A merge as git would report it.
pub(crate) fn as_git(objects: &mut MemoryObjects, ours: Option<ObjectId>, merged: &Merged) -> GitMerge {
    let mut files = files(objects, ours, merged);
    files.retain(|_, (kind, _)| kind.is_blob());
    let mut stages = BTreeMap::new();
    for unmerged in &merged.unmerged {
        for (number, stage) in [&unmerged.base, &unmerged.ours, &unmerged.theirs].into_iter().enumerate() {
            if let Some(Stage { side, .. }) = stage {
                stages.insert((unmerged.path.to_string(), number + 1), file(objects, side));
            }
        }
        assert!(merged.conflict_of(unmerged.path.as_bstr()).is_some(), "{} is in no conflict", unmerged.path);
    }
    let mut messages: Vec<String> = merged.messages.iter().map(|message| message.text.clone()).collect();
    messages.sort();
    GitMerge { is_clean: merged.is_clean, files, stages, messages }
}
