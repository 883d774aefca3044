//! Merges commits, also where several bases are equally good: these are merged first, into a base that no commit has.
//!
//! The method is that of git's recursive strategy: bases are merged one after another, the oldest first, each time on their
//! own bases; conflicts stay in the merged base as text, with markers two characters longer for each level.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use bytes::Bytes;

use super::content::NewContent;
use super::text::Labels;
use super::{MergeOptions, Merged, Trees, merge_at_depth};
use crate::blob::read_blob;
use crate::commit::Commit;
use crate::id::ObjectId;
use crate::large::{self, LargeError, Part, Spliced, Stored, Text as _};
use crate::memory::MemoryObjects;
use crate::node::NodeTable;
use crate::page::{Body, Page};
use crate::source::{Manifest, ObjectSource, ReadError};
use crate::tree::edit::edit;

/// The best common ancestors of a history that has several tips, and a commit: those that lead to no other one, newest first.
pub type BasesOf<'a> = dyn FnMut(&[ObjectId], ObjectId) -> Result<Vec<ObjectId>, ReadError> + 'a;

/// A merge of two commits.
#[derive(Debug, Clone)]
pub struct MergedCommits {
    /// The merge bases, oldest first; empty if the histories share nothing, and an empty tree was the base.
    pub bases: Vec<ObjectId>,
    /// What the trees come to.
    pub merged: Merged,
}

/// Merges `theirs` into `ours`, on the bases that `bases_of` finds.
///
/// `labels` are those of ours and theirs; the base's label is its short id, `merged common ancestors` or `empty tree`, as in
/// git. A merged base is built in memory; of it the sink gets the contents that the result or a stage of a conflict names.
///
/// # Errors
/// Those of reading, of `bases_of`, and the sink's.
pub fn merge_commits<E: From<ReadError>>(
    source: &dyn ObjectSource,
    bases_of: &mut BasesOf<'_>,
    [ours, theirs]: [ObjectId; 2],
    labels: [&BStr; 2],
    options: &MergeOptions,
    sink: &mut dyn FnMut(ObjectId, NewContent) -> Result<(), E>,
) -> Result<MergedCommits, E> {
    let mut bases = bases_of(&[ours], theirs)?;
    bases.reverse();
    let layer = Layer::above(source);
    let mut recursion = Recursion { bases_of, options, layer, made: HashMap::new() };
    let (base, label) = recursion.base(&bases, 0)?;
    let Recursion { layer, made, .. } = recursion;
    let (our_commit, their_commit) = (source.commit(&ours)?, source.commit(&theirs)?);
    let table = |commit: &Commit| NodeTable::load(source, commit.nodes.as_ref());
    let tables = match bases.as_slice() {
        [base] => Some([table(&source.commit(base)?)?, table(&our_commit)?, table(&their_commit)?]),
        _ => None,
    };
    let nodes = tables.as_ref().map(|[base, ours, theirs]| [base, ours, theirs]);
    let trees = Trees { base, ours: Some(our_commit.tree), theirs: Some(their_commit.tree), nodes };
    let labels = Labels { ours: labels[0], base: label.as_bstr(), theirs: labels[1] };
    let mut sink = |id: ObjectId, content: NewContent| -> Result<(), E> {
        sink(
            id,
            match content {
                NewContent::Spliced(spliced) => NewContent::Spliced(layer.in_stored(&spliced, &made)?),
                bytes @ NewContent::Bytes(_) => bytes,
            },
        )
    };
    let merged = merge_at_depth(&layer, &trees, labels, options, 0, &mut sink)?;
    let stages =
        merged.unmerged.iter().flat_map(|unmerged| [&unmerged.base, &unmerged.ours, &unmerged.theirs]);
    let named = stages.flatten().map(|stage| stage.side.id);
    let named = named.chain(merged.updates.iter().filter_map(|(_, side)| side.map(|side| side.id)));
    let named: HashSet<ObjectId> = named.filter(|id| made.contains_key(id)).collect();
    for id in named {
        let content = match &made[&id] {
            Some(spliced) => NewContent::Spliced(spliced.clone()),
            None => read_blob(&layer, &id)?.into(),
        };
        sink(id, content)?;
    }
    Ok(MergedCommits { bases, merged })
}

struct Recursion<'a, 'b> {
    bases_of: &'a mut BasesOf<'b>,
    options: &'a MergeOptions,
    layer: Layer<'a>,
    /// Contents of the layer that no tree of a commit needs to have; what large ones are made of.
    made: Made,
}

type Made = HashMap<ObjectId, Option<Arc<Spliced>>>;

impl Recursion<'_, '_> {
    /// The tree and the label of what bases, the oldest first, come to.
    fn base(&mut self, bases: &[ObjectId], depth: usize) -> Result<(Option<ObjectId>, BString), ReadError> {
        let [first, others @ ..] = bases else { return Ok((None, "empty tree".into())) };
        let mut tree = self.layer.commit(first)?.tree;
        for (at, other) in others.iter().enumerate() {
            let mut inner = (self.bases_of)(&bases[..=at], *other)?;
            inner.reverse();
            let (base, label) = self.base(&inner, depth + 1)?;
            let trees =
                Trees { base, ours: Some(tree), theirs: Some(self.layer.commit(other)?.tree), nodes: None };
            let labels = Labels {
                ours: "Temporary merge branch 1".into(),
                base: label.as_bstr(),
                theirs: "Temporary merge branch 2".into(),
            };
            tree = self.merge_bases(&trees, labels, depth + 1)?;
        }
        let label = if others.is_empty() { first.short() } else { "merged common ancestors".into() };
        Ok((Some(tree), label.into()))
    }

    fn merge_bases(
        &mut self,
        trees: &Trees<'_>,
        labels: Labels<'_>,
        depth: usize,
    ) -> Result<ObjectId, ReadError> {
        let mut made = Vec::new();
        let mut keep = |id, content| -> Result<(), ReadError> {
            made.push((id, content));
            Ok(())
        };
        let merged = merge_at_depth(&self.layer, trees, labels, self.options, depth, &mut keep)?;
        let mut pages: Vec<(ObjectId, Page)> = Vec::new();
        let root = edit(&self.layer, trees.ours.as_ref(), &merged.updates, &mut |id,
                                                                                 page|
         -> Result<
            (),
            ReadError,
        > {
            pages.push((id, page.clone()));
            Ok(())
        })?;
        pages.iter().for_each(|(id, page)| self.layer.above.add_page(*id, page));
        for (id, content) in made {
            let spliced = match content {
                NewContent::Bytes(bytes) => {
                    self.layer.above.add_blob(&bytes);
                    None
                }
                NewContent::Spliced(spliced) => {
                    self.layer.add(&spliced);
                    Some(spliced)
                }
            };
            self.made.insert(id, spliced);
        }
        Ok(root.id)
    }
}

/// Objects in memory above those of a source.
struct Layer<'a> {
    below: &'a dyn ObjectSource,
    above: MemoryObjects,
    /// Chunks that contents have which are not in memory: where they are.
    spliced: HashMap<ObjectId, (Arc<Spliced>, Range<u64>)>,
}

impl<'a> Layer<'a> {
    fn above(below: &'a dyn ObjectSource) -> Self {
        Self { below, above: MemoryObjects::new(), spliced: HashMap::new() }
    }

    fn add(&mut self, spliced: &Arc<Spliced>) {
        self.above.add_manifest(spliced.id, spliced.pieces());
        let mut start = 0;
        for piece in spliced.pieces() {
            self.spliced.entry(piece.id).or_insert_with(|| (spliced.clone(), start..piece.end));
            start = piece.end;
        }
    }

    /// The same text made of what is below only.
    fn in_stored(&self, spliced: &Arc<Spliced>, made: &Made) -> Result<Arc<Spliced>, ReadError> {
        let is_above = |blob: &ObjectId| made.contains_key(blob);
        if !spliced.blobs().any(is_above) {
            return Ok(spliced.clone());
        }
        let replaced = spliced.replacing(|blob, range| match made.get(blob) {
            None => Ok(None),
            Some(Some(other)) => {
                let other = self.in_stored(other, made)?;
                let parts = other.open(self)?.parts(range);
                Ok(parts)
            }
            Some(None) => {
                let text = Stored::open(self, *blob, read_blob(self, blob)?.len() as u64)?;
                let bytes = large::read(&text, range).map_err(LargeError::into_read)?;
                Ok(Some(vec![Part::Bytes(bytes.into())]))
            }
        })?;
        Ok(Arc::new(replaced))
    }
}

impl ObjectSource for Layer<'_> {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        self.above.page(body, id).or_else(|_| self.below.page(body, id))
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        let error = match self.above.chunk(id).or_else(|_| self.below.chunk(id)) {
            Ok(chunk) => return Ok(chunk),
            Err(error) => error,
        };
        let Some((spliced, range)) = self.spliced.get(id) else { return Err(error) };
        let text = spliced.open(self)?;
        Ok(large::read(&text, range.clone()).map_err(LargeError::into_read)?.into())
    }

    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
        match self.above.manifest(blob)? {
            Some(manifest) => Ok(Some(manifest)),
            None => self.below.manifest(blob),
        }
    }

    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
        self.below.commit(id)
    }
}
