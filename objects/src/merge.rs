//! Merges two versions of a tree that come from a common one: what both changed is brought together.
//!
//! The results are those of git's default strategy ("ort"): the same files with the same bytes, conflict markers included,
//! the same conflicts at the same paths, told in the same words. Different are, on purpose:
//!
//! - Empty directories are merged like everything else; git has none. A directory that both sides have stays, even when the
//!   merge takes away the last file in it. For files that go along with directories, one that a side emptied counts as gone.
//! - A renamed file is known by its node id where that is given, whatever became of its content. Only without one, equal
//!   and then similar contents are looked for, as git does, with the limits of [`RenameOptions`] (git's are wider). Where
//!   several equal files were renamed, other pairs can come out than git's.
//! - Of files above [`MergeOptions::in_memory`] only what differs is compared and merged, see [`large`]. The result is another one
//!   only where lines repeat.
//! - There are no submodules, merge drivers and attributes.
//! - Where git (2.47) loses a file, it is kept: one that a side put at the old path of a file that both sides have at its
//!   new path; one that goes along with its directory to a path that the base has; one that nobody touched, in a directory
//!   that files go along to, or in the place of such a directory.
//! - Git takes a directory that a side removed for being in the way of files that go along with another one, and
//!   overlooks a file that is there on both sides; what is in the way is what the side's tree has.
//! - Git does not look where all files of a directory went, once it is clear where most did, and does then not tell that
//!   it is unclear for a directory in it.
//! - Git tells of a file that it moved out of a directory's way also where that file is then deleted, and nothing is moved.
//!
//! Only what a side changed is read: a merge of a tree of a million files costs what the changes cost.

mod commits;
mod content;
mod directories;
mod empty;
mod histogram;
pub mod large;
pub mod message;
mod region;
mod renames;
mod resolve;
mod similar;
mod state;
pub mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::{BStr, BString, ByteSlice};

pub use self::commits::{BasesOf, MergedCommits, merge_commits};
pub use self::content::NewContent;
pub use self::message::{Message, MessageKind};
pub use self::text::{ConflictStyle, Favour, Labels};
use crate::change::Side;
use crate::id::ObjectId;
use crate::node::NodeTable;
use crate::page::Page;
use crate::paginate::Root;
use crate::rename::RenameOptions;
use crate::source::{ObjectSource, ReadError};
use crate::tree::edit::{Update, edit};

/// What becomes of files that one side puts into a directory that the other renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DirectoryRenames {
    /// They stay where they were put.
    Ignore,
    /// They go along, and that is a conflict, for a person to look at.
    #[default]
    Conflict,
    /// They go along.
    Apply,
}

/// How trees are merged.
#[derive(Debug, Clone, Copy)]
pub struct MergeOptions {
    /// How conflicts are shown in files.
    pub style: ConflictStyle,
    /// Who wins where both sides changed the same lines, or a file that is not merged by line; `None` leaves a conflict.
    pub favour: Option<Favour>,
    /// How renames are looked for by content; `None` knows those of node ids only.
    pub renames: Option<RenameOptions>,
    /// What renamed directories mean for new files in them.
    pub directory_renames: DirectoryRenames,
    /// Largest file that is merged in memory, in bytes. Three versions and the result are there at once, and some 50 bytes for
    /// each line. Larger ones are merged in pieces.
    pub in_memory: u64,
}

impl Default for MergeOptions {
    fn default() -> Self {
        Self {
            style: ConflictStyle::default(),
            favour: None,
            renames: Some(RenameOptions::default()),
            directory_renames: DirectoryRenames::default(),
            in_memory: 16 << 20,
        }
    }
}

/// The versions of a tree that are merged; `None` is a tree without entries.
#[derive(Debug, Clone, Copy)]
pub struct Trees<'a> {
    /// The common version.
    pub base: Option<ObjectId>,
    /// What is merged into.
    pub ours: Option<ObjectId>,
    /// What is merged.
    pub theirs: Option<ObjectId>,
    /// The node ids of base, ours and theirs, where all three are known.
    pub nodes: Option<[&'a NodeTable; 3]>,
}

/// One version of a file in conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Where the version has the file: another path than the conflict's where it was renamed.
    pub path: BString,
    /// What it is. Of a file whose content was merged before it met another one, this is the merged content.
    pub side: Side,
}

/// A path for a person to decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// The path.
    pub path: BString,
    /// The file in the base.
    pub base: Option<Stage>,
    /// The file in ours.
    pub ours: Option<Stage>,
    /// The file in theirs.
    pub theirs: Option<Stage>,
    /// What stands at the path meanwhile.
    pub result: Option<Side>,
    /// Whether that holds conflict markers; otherwise it is one side's version.
    pub has_markers: bool,
}

/// What a merge comes to.
#[derive(Debug, Clone)]
pub struct Merged {
    /// What stands at which path now where ours has something else, in path order. Files in conflict are among them, as
    /// they stand meanwhile. Where a file takes a directory's place, or the other way round, both are listed: what goes and
    /// what comes.
    pub updates: Vec<Update>,
    /// What a person has to decide, in order of the bytes of paths.
    pub unmerged: Vec<Unmerged>,
    /// What was done and what is in conflict, in order of the bytes of paths.
    pub messages: Vec<Message>,
    /// Whether there are no conflicts. There can be some that leave no path unmerged, about where directories went.
    pub is_clean: bool,
    /// Whether renames were looked for by equal content and name only, since more files were deleted or added than
    /// [`RenameOptions::limit`] allows to compare.
    pub has_skipped_renames: bool,
}

impl Merged {
    /// The kind of conflict that a path is in.
    pub fn conflict_of(&self, path: &BStr) -> Option<MessageKind> {
        let named = self.messages.iter().filter(|message| message.kind.is_conflict() && message.names(path));
        named.map(|message| message.kind).next()
    }

    /// The merged tree, files in conflict as they stand meanwhile; each new page is given to the sink.
    ///
    /// # Errors
    /// Those of reading pages of `ours`, and the sink's.
    pub fn tree<E: From<ReadError>>(
        &self,
        source: &dyn ObjectSource,
        ours: Option<&ObjectId>,
        sink: &mut dyn FnMut(ObjectId, &Page) -> Result<(), E>,
    ) -> Result<Root, E> {
        edit(source, ours, &self.updates, sink)
    }
}

/// Merges what `trees.theirs` changed in `trees.base` into `trees.ours`.
///
/// Each content that is in none of the trees is given to the sink with its id; the same one may come twice, and some may be
/// needed by a stage of a conflict only.
///
/// # Errors
/// Those of reading, and the sink's. What the sink got until then is then of no use.
pub fn merge_trees<E: From<ReadError>>(
    source: &dyn ObjectSource,
    trees: &Trees<'_>,
    labels: Labels<'_>,
    options: &MergeOptions,
    sink: &mut dyn FnMut(ObjectId, NewContent) -> Result<(), E>,
) -> Result<Merged, E> {
    merge_at_depth(source, trees, labels, options, 0, sink)
}

fn merge_at_depth<E: From<ReadError>>(
    source: &dyn ObjectSource,
    trees: &Trees<'_>,
    labels: Labels<'_>,
    options: &MergeOptions,
    depth: usize,
    sink: &mut dyn FnMut(ObjectId, NewContent) -> Result<(), E>,
) -> Result<Merged, E> {
    let mut merge = state::Merge {
        source,
        trees,
        labels,
        options,
        depth,
        sink,
        kept: HashMap::new(),
        paths: BTreeMap::new(),
        ours: HashMap::new(),
        empty: BTreeSet::new(),
        made: BTreeMap::new(),
        moved: BTreeSet::new(),
        results: BTreeMap::new(),
        unmerged: Vec::new(),
        messages: Vec::new(),
        is_clean: true,
        has_skipped_renames: false,
    };
    merge.collect()?;
    merge.process_renames()?;
    merge.resolve()?;
    let updates = merge.updates()?;
    let (is_clean, has_skipped_renames) = (merge.is_clean, merge.has_skipped_renames);
    let (mut unmerged, mut messages) = (merge.unmerged, merge.messages);
    unmerged.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    messages.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok(Merged { updates, unmerged, messages, is_clean, has_skipped_renames })
}
