//! One operation that changes any of refs, HEAD, the stack of stashes, the index and the mirror's files.
//!
//! It is published before the first file is written, then come the files, then the index, then the HEAD file. A command
//! that is killed in between, or cannot write a file, is done half: the next one that takes the mirror's lock does the rest,
//! which the operation tells (see [`super::catch_up`] and [`super::unwritten`]).

use pond_objects::Side;
use std::collections::{BTreeMap, HashMap};

use bstr::BString;
use pond_oplog::transaction::Transaction;
use pond_oplog::view::Head;
use pond_refs::{Expected, RefEdit, apply_edits};

use super::displaced::with_emptied;
use super::footprint::{Footprint, Touched};
use super::index::{Header, Row, Seen, Update};
use super::lay_out::{self, LaidOut, Target};
use super::move_head::{restaged, touched_index};
use super::pending::Pending;
use super::rebase;
use super::save::Saved;
use super::scan::Scan;
use crate::error::CommandError;
use crate::transact;
use crate::workspace::Workspace;

/// What an operation changes.
pub(crate) struct Rearrange<'a> {
    /// Its kind.
    pub(crate) kind: &'a str,
    /// Facts for readers of the table's history.
    pub(crate) parameters: &'a [(&'a str, String)],
    /// Where HEAD stands afterwards.
    pub(crate) head: Head,
    /// Refs that move.
    pub(crate) edits: Vec<RefEdit>,
    /// What files of the mirror become.
    pub(crate) files: Vec<Target>,
    /// What the next commit has; nothing takes a path out of it.
    pub(crate) staged: Vec<Target>,
    /// What differs between the two commits, where that is all that changes in files and index.
    pub(crate) whole: Option<Touched>,
    /// What waits for a person afterwards.
    pub(crate) pending: Option<Pending>,
    /// Whether it is an operation in any case, for what the caller adds to it.
    pub(crate) always: bool,
}

impl<'a> Rearrange<'a> {
    /// One that changes nothing yet.
    pub(crate) fn nothing(
        workspace: &Workspace<'_>,
        kind: &'a str,
        parameters: &'a [(&'a str, String)],
    ) -> Self {
        Self {
            kind,
            parameters,
            head: workspace.head.clone(),
            edits: Vec::new(),
            files: Vec::new(),
            staged: Vec::new(),
            whole: None,
            pending: workspace.index.header().pending.clone(),
            always: false,
        }
    }
}

/// Does it; nothing is published where nothing changes. `saved` is what was stored of the files that are overwritten, and
/// `extend` adds to the operation. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`LaidOut::failed`].
pub(crate) fn rearrange(
    workspace: &mut Workspace<'_>,
    request: Rearrange<'_>,
    scan: &Scan,
    saved: &Saved,
    extend: impl FnOnce(&mut Transaction<'_>),
) -> Result<LaidOut, CommandError> {
    let Rearrange { kind, parameters, head, mut edits, files, staged, whole, pending, always } = request;
    let [files, staged] = match whole {
        // Two commits say of every directory what becomes of it.
        Some(_) => [files, staged],
        None => [files, staged].map(|targets| with_emptied(&workspace.index, targets)),
    };
    // Mostly they are the same, and may be many.
    let staged = Some(staged).filter(|staged| *staged != files);
    let staged = staged.as_deref().unwrap_or(&files);
    let view = workspace.snapshot.view();
    let moves = apply_edits(&edits, |name| view.target(name))?;
    let mut footprint = match whole {
        Some(touched) => Footprint { host: touched.clone(), index: touched, ..Footprint::default() },
        None => Footprint {
            host: lay_out::touched(workspace, &files, saved, scan),
            index: touched_index(workspace, staged),
            ..Footprint::default()
        },
    };
    footprint.pending = Some([workspace.index.header().pending.clone(), pending.clone()]);
    if always || head != workspace.head || !footprint.is_empty() || !moves.is_empty() {
        let moves_head = head != workspace.head;
        // The branch that HEAD goes to has to be there still, where it is expected, when this is published.
        if let Some(branch) = head.branch.as_ref().filter(|_| moves_head)
            && edits.iter().all(|edit| edit.name != *branch)
        {
            let expected = Expected::from(head.commit);
            edits.push(RefEdit { name: branch.clone(), expected, new: head.commit });
        }
        let mut transaction = transact::begin(workspace, kind, parameters)?;
        saved.join(&mut transaction);
        footprint.join(workspace, &mut transaction)?;
        extend(&mut transaction);
        edits.into_iter().for_each(|edit| transaction.edit_ref(edit));
        if moves_head {
            transaction.set_head(&workspace.session.mirror, head.clone());
        }
        let published = transact::publish(workspace, transaction)?;
        workspace.head = head;
        workspace.refresh(published.state)?;
    }
    let laid_out = match files.is_empty() {
        true => LaidOut::default(),
        false => lay_out::lay_out(workspace, &files, saved, scan)?,
    };
    workspace.note_laid_out(&files, &laid_out);
    laid_out.show_what_gave_way(workspace, "undo");
    laid_out.show_due(workspace, "undo");
    save_index(workspace, &files, staged, &laid_out, pending)?;
    Ok(laid_out)
}

fn save_index(
    workspace: &mut Workspace<'_>,
    files: &[Target],
    staged: &[Target],
    laid_out: &LaidOut,
    pending: Option<Pending>,
) -> Result<(), CommandError> {
    let updates = updates(workspace, files, staged, laid_out);
    let header = workspace.index.header().clone();
    let delta_version = Some(workspace.snapshot.state().version);
    let header = Header { base: workspace.head.commit, delta_version, pending, ..header };
    let tree = workspace.head_tree()?;
    let file = workspace.index_file();
    let builder = rebase::across(&workspace.index, updates, workspace.store(), tree.as_ref(), header, file)?;
    workspace.save_index(builder)?;
    workspace.save_head()
}

/// What becomes of the rows of the index.
fn updates(
    workspace: &Workspace<'_>,
    files: &[Target],
    staged: &[Target],
    laid_out: &LaidOut,
) -> BTreeMap<BString, Update> {
    let on_host: HashMap<&BString, Option<Side>> = files
        .iter()
        .filter(|target| laid_out.is_done(&target.path))
        .map(|target| (&target.path, target.side))
        .collect();
    let mut updates: BTreeMap<BString, Update> = lay_out::updates_of_all(workspace, staged, laid_out);
    for target in staged.iter().filter(|target| on_host.get(&target.path) != Some(&target.side)) {
        updates.insert(target.path.clone(), restaged(workspace, &target.path, target.side, Seen::NEVER));
    }
    // Files that now have what is staged for them are known to be unchanged.
    for (path, side) in on_host {
        let Ok(at) = workspace.index.find(path) else { continue };
        let row = workspace.index.entry(at).row;
        if !updates.contains_key(path) && row.staged.is_some() && row.staged == side {
            updates.insert(path.clone(), Update::Set(Row { seen: laid_out.seen(path), ..row }));
        }
    }
    updates
}
