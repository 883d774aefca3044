//! Conflicts written to the mirror anew, from the versions that do not go together.

use std::collections::BTreeMap;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};
use pond_mirror::index::pending::{Conflict, StageNumber};
use pond_objects::large::{Absent, Stored, Text};
use pond_objects::merge::large::{LargeOptions, merge_large};
use pond_objects::merge::text::{BINARY_PROBE, Labels, TextOptions, is_binary, merge_text};
use pond_objects::merge::{MergeOptions, NewContent};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{ObjectId, PathEntry, ReadError, Side, large, read_blob};
use pond_oplog::Store;

use super::RestoreError;
use super::Restored;
use super::Versions;
use super::reach;
use super::staged;
use crate::merged_trees;
use crate::workspace::Workspace;

/// Writes the conflicts of paths anew, and of other paths what is staged; they are in conflict until they are added, whatever
/// was decided about them. The caller holds the mirror's lock.
///
/// # Errors
/// As [`super::restore`].
pub fn recreate(
    workspace: &mut Workspace<'_>,
    options: &MergeOptions,
    pathspecs: &Pathspecs,
    kind: &str,
) -> Result<Restored, RestoreError> {
    let pending = workspace.index.header().pending.iter();
    let (open, decided): (Vec<_>, Vec<_>) =
        pending.map(|pending| (pending.conflicts.clone(), pending.decided.clone())).unzip();
    let is_meant = |conflict: &Conflict| pathspecs.matches(&conflict.path(), false);
    let reopened: Vec<Conflict> = decided.into_iter().flatten().filter(is_meant).collect();
    let conflicts: Vec<Conflict> = open.into_iter().flatten().chain(reopened.iter().cloned()).collect();
    let in_conflict: Vec<BString> = conflicts.iter().map(Conflict::path).collect();
    let mut entries = staged(workspace);
    entries.retain(|entry| {
        pathspecs.matches(&entry.path, !entry.kind.is_blob()) && !in_conflict.contains(&entry.path)
    });
    let mut contents = Vec::new();
    for (one, path) in conflicts.iter().zip(in_conflict).filter(|(_, path)| pathspecs.matches(path, false)) {
        let merged = merged(workspace, one, &path, options)?;
        let side = match merged {
            Merged::Text(side, text) => {
                contents.push(text);
                side
            }
            Merged::Whole(ours) => ours,
        };
        entries.push(PathEntry { path, kind: side.kind, id: side.id, size: side.size });
    }
    let packs = merged_trees::store_contents(workspace, contents)?;
    if !packs.is_empty() {
        // The index keeps them until the file is written, and for who takes this back and does it again.
        workspace.update_index(BTreeMap::new(), &packs)?;
    }
    let reopened = reopened.iter().map(Conflict::path).collect();
    let versions = Versions { reopened, packs, ..Versions::of_files(pathspecs, entries, kind) };
    reach(workspace, &versions)
}

/// What two versions of a path come to.
enum Merged {
    /// A text with markers where they collide, of our kind.
    Text(Side, NewContent),
    /// Ours, where no lines can be merged.
    Whole(Side),
}

fn merged(
    workspace: &Workspace<'_>,
    conflict_at: &Conflict,
    path: &BString,
    options: &MergeOptions,
) -> Result<Merged, RestoreError> {
    let (Some(ours), Some(theirs)) =
        (conflict_at.side(StageNumber::Ours), conflict_at.side(StageNumber::Theirs))
    else {
        return Err(RestoreError::OneSided { path: path.clone(), words: conflict_at.words() });
    };
    let base = conflict_at.side(StageNumber::Base).filter(|base| base.kind.is_file());
    let sides = [base, Some(ours), Some(theirs)];
    if !sides.iter().flatten().all(|side| side.kind.is_file()) {
        return Ok(Merged::Whole(ours));
    }
    let label = |text: &'static str| -> &'static BStr { text.as_bytes().as_bstr() };
    let labels = Labels { ours: label("ours"), base: label("base"), theirs: label("theirs") };
    let text_options =
        TextOptions { style: options.style, favour: None, marker_size: TextOptions::MARKER_SIZE };
    let store = workspace.store();
    if sides.iter().flatten().any(|side| side.size > options.in_memory) {
        let text = |side: Option<Side>| text_of(store, side);
        let [base, our_text, their_text] = [text(sides[0])?, text(sides[1])?, text(sides[2])?];
        for text in [&base, &our_text, &their_text] {
            if is_binary(&large::read(&**text, 0..text.size().min(BINARY_PROBE as u64))?) {
                return Ok(Merged::Whole(ours));
            }
        }
        let texts = [&*base, &*our_text, &*their_text];
        let merged = merge_large(texts, labels, text_options, &LargeOptions::default())?;
        let spliced = merged.content.finish(store)?;
        let side = Side { id: spliced.id, size: spliced.size(), ..ours };
        return Ok(Merged::Text(side, NewContent::Spliced(Arc::new(spliced))));
    }
    let read = |side: Option<Side>| match side {
        Some(side) => read_blob(store, &side.id),
        None => Ok(Vec::new()),
    };
    let [base, our_text, their_text] = [read(sides[0])?, read(sides[1])?, read(sides[2])?];
    if [&base, &our_text, &their_text].into_iter().any(|text| is_binary(text)) {
        return Ok(Merged::Whole(ours));
    }
    let text = merge_text(&base, &our_text, &their_text, labels, text_options).content;
    let side = Side { id: ObjectId::of_content(&text), size: text.len() as u64, ..ours };
    Ok(Merged::Text(side, text.into()))
}

/// A stored text; one without bytes if there is none.
fn text_of(store: &Store, side: Option<Side>) -> Result<Box<dyn Text + '_>, ReadError> {
    Ok(match side {
        Some(side) => Box::new(Stored::open(store, side.id, side.size)?),
        None => Box::new(Absent),
    })
}
