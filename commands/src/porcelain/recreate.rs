//! `checkout -m`, `restore -m`: conflicts written to the mirror anew, from the versions that do not go together; and how such
//! options are read.

use crate::context::Context;
use std::collections::BTreeMap;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};
use pond_objects::merge::large::{LargeOptions, merge_large};
use pond_objects::merge::text::{BINARY_PROBE, Labels, TextOptions, is_binary, merge_text};
use pond_objects::merge::{MergeOptions, NewContent};
use pond_objects::{ObjectId, PathEntry, read_blob};
use pond_objects::{Side, large};

use crate::args::strategy::StrategyArgs;
use crate::error::{CommandError, Outcome, conflict};
use crate::merging;
use crate::porcelain::restore::{Restore, restore, staged};
use crate::ui::diff::stored_text;
use crate::workspace::Workspace;
use pond_mirror::index::pending::{Conflict, Which};
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

/// Options that merge again, or merge what is not committed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct AgainArgs {
    /// With paths: write conflicts anew, with markers; with a branch: merge changes that are in the way into its files
    #[arg(short, long)]
    merge: bool,

    /// The same, with conflicts shown in the style merge, diff3 or zdiff3
    #[arg(long, value_name = "STYLE")]
    conflict: Option<String>,
}

impl AgainArgs {
    /// How to merge, if that is asked for.
    pub(super) fn options(&self, workspace: &Workspace<'_>) -> Result<Option<MergeOptions>, CommandError> {
        let strategy = StrategyArgs { conflict: self.conflict.clone(), ..StrategyArgs::default() };
        (self.merge || self.conflict.is_some()).then(|| strategy.options(workspace)).transpose()
    }
}

/// Writes the conflicts of paths anew, and of other paths what is staged; they stay in conflict until they are added.
pub(super) fn recreate(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    options: &MergeOptions,
    pathspecs: &Pathspecs,
    kind: &str,
) -> Result<Outcome, CommandError> {
    let pending = workspace.index.header().pending.clone();
    let conflicts: Vec<Conflict> = pending.into_iter().flat_map(|pending| pending.conflicts).collect();
    let in_conflict: Vec<BString> = conflicts.iter().map(Conflict::path).collect();
    let mut source = staged(workspace);
    source.retain(|entry| {
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
        source.push(PathEntry { path, kind: side.kind, id: side.id, size: side.size });
    }
    let packs = merging::store_contents(workspace, contents)?;
    if !packs.is_empty() {
        // The index keeps them until the file is written, and for who takes this back and does it again.
        workspace.update_index(BTreeMap::new(), &packs)?;
    }
    restore(
        ctx,
        workspace,
        &Restore { pathspecs, source, revision: None, index: false, files: true, keep_others: true, kind },
    )
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
) -> Result<Merged, CommandError> {
    let (Some(ours), Some(theirs)) = (conflict_at.side(Which::Ours), conflict_at.side(Which::Theirs)) else {
        let path = escape::plain(path).into_owned();
        return Err(conflict(format_args!(
            "'{path}' is not there on both sides ({}): it can't be merged again",
            conflict_at.words()
        ))
        .hint("nothing was changed; --ours and --theirs take one side, 'pond rm' decides that it goes"));
    };
    let base = conflict_at.side(Which::Base).filter(|base| base.kind.is_file());
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
        let text = |side: Option<Side>| stored_text(store, side);
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
        Some(side) => Ok::<_, CommandError>(read_blob(store, &side.id)?),
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
