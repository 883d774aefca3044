//! Opening a pond for a command: in one place, for every purpose.
//!
//! The view in the table says where the mirror stands; the files HEAD and index follow it. A command that was killed
//! between publishing and writing them left them behind: opening brings them up to date, so that no one has to. A command that
//! changes the mirror first does what one before it left unfinished.

use std::sync::Arc;
use std::time::Duration;

use pond_durable::lock::Lock;
use pond_mirror::index::Index;
use pond_mirror::index::head_file::{self, HeadFile};
use pond_mirror::write::replaced::Replaced;
use pond_oplog::{PackKind, ReadonlyPond};
use pond_refs::Head;

use crate::error::WorkspaceError;
use crate::half_done::{Ended, HalfDone};
use crate::observer::{Event, Recovery};
use crate::publish::save;
use crate::recovery::catch_up::{CaughtUp, catch_up};
use crate::recovery::finish::Unfinished;
use crate::recovery::lost_index::{anew, naming};
use crate::session::Session;
use crate::staging::staged_packs;
use crate::workspace::{Workspace, parse_names};

/// How long a command waits for another that holds the mirror's lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a pond is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To look at the mirror, the index and the history. It waits for nobody.
    Look,
    /// The same, of history first: an index that cannot be read is no hindrance. It has no rows then; whoever needs them asks
    /// with [`Workspace::need_index`].
    LookAtHistory,
    /// To look at the table alone: the index, which a start in a large mirror would wait for, is left out and seems empty.
    LookAtTable,
    /// To change the mirror or its index; other commands are kept from both. Where an interrupted command left files that cannot
    /// be written, it fails: it would take them for changes of the user's.
    Change,
    /// The same for a command that ignores or overwrites the mirror's files: unfinished files stay due instead of failing
    /// the open.
    Overwrite,
    /// The same for a command that takes others back, the interrupted one perhaps among them.
    TakeBack,
    /// As [`Self::Overwrite`], where the index may be beyond reading. Before anything is done with it,
    /// [`Workspace::rebuild_index`] or [`Workspace::need_index`] is called.
    MendIndex,
}

/// What opening does where the index cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unreadable {
    /// It fails.
    Refuse,
    /// It goes on without.
    GoOn,
}

/// Opens the pond and the mirror of a session.
///
/// # Errors
/// Those of reading the table, HEAD and the index. Of a purpose that changes something also: another command holds the lock
/// for longer than ten seconds, the pond is not ours, or what an interrupted command left cannot be done.
pub fn open(session: &Session, purpose: Purpose) -> Result<Workspace<'_>, WorkspaceError> {
    match purpose {
        Purpose::Look => assemble(session, None, Unreadable::Refuse),
        Purpose::LookAtHistory => assemble(session, None, Unreadable::GoOn),
        Purpose::LookAtTable => table_alone(session),
        Purpose::Change => locked(session, Unreadable::Refuse, Unfinished::Refuse),
        Purpose::Overwrite => locked(session, Unreadable::Refuse, Unfinished::GoOn),
        Purpose::TakeBack => locked(session, Unreadable::Refuse, Unfinished::TakeBack),
        Purpose::MendIndex => locked(session, Unreadable::GoOn, Unfinished::GoOn),
    }
}

fn table_alone(session: &Session) -> Result<Workspace<'_>, WorkspaceError> {
    let pond = session.pond.clone();
    let snapshot = ReadonlyPond::open(&pond, &[])?;
    let head = head_of(session, head_file::read(&session.head_path())?, &snapshot)?;
    let index = Index::empty();
    Ok(Workspace {
        session,
        pond,
        snapshot,
        head,
        index,
        index_error: None,
        holds_index: false,
        half_done: None,
        ended: None,
        followed: None,
        lock: None,
    })
}

fn locked(
    session: &Session,
    unreadable: Unreadable,
    unfinished: Unfinished,
) -> Result<Workspace<'_>, WorkspaceError> {
    let pond = &session.pond;
    pond.need_ours()?;
    let path = session.lock_path();
    // From here on the command itself decides where it may stop.
    session.check_interrupt("nothing was changed")?;
    make_directories(session)?;
    let lock = Lock::acquire(&path, PATIENCE, &session.holder()?)?;
    // What a killed command left there is nobody's: whoever writes there holds these locks.
    let _ = pond_durable::sweep_temporaries(&session.mirror_dir());
    if let Ok(turn) = Lock::acquire(&pond.lock_path(), Duration::ZERO, &session.holder()?) {
        let _ = pond_durable::sweep_temporaries(&pond.staging_dir());
        drop(turn);
    }
    let mut workspace = assemble(session, Some(lock), unreadable)?;
    workspace.finish_half_done(unfinished)?;
    workspace.rescue_late_writes()?;
    Ok(workspace)
}

impl Workspace<'_> {
    /// Brings the index in line with what was published after operation `seq`, which the HEAD file follows, where a command did
    /// not live to do it. Where HEAD has not moved, and another process holds the mirror's lock, nothing is done: it is writing
    /// the index.
    ///
    /// While files of that command are due, it is done in memory only: index and HEAD file, as they are, tell the next
    /// command so, should this one be killed too. [`Self::finish_half_done`] writes them.
    pub(crate) fn catch_up(&mut self, seq: Option<i64>) -> Result<(), WorkspaceError> {
        let is_behind = self.index.header().base != self.head.commit;
        let is_followed = seq == Some(self.snapshot.state().seq);
        if !is_behind && (is_followed || self.lock.is_none() && !self.is_free()) {
            return Ok(());
        }
        let had_base = self.index.header().base.is_some();
        if let Some(CaughtUp { builder, unsure, host, index, moved, going_on, kind, follows }) =
            catch_up(&self.snapshot, &self.session.mirror, &self.index, seq, self.lock.is_some())?
        {
            if seq.is_some() {
                self.ended = Some(Ended { kind: kind.clone(), is_whole: true });
            }
            if unsure > 0 && (had_base || !host.is_empty() || !moved.is_empty()) {
                self.half_done =
                    Some(HalfDone { files: unsure, host, index, moved, going_on, kind, follows });
            }
            match builder {
                Some(builder) if self.lock.is_none() || self.half_done.is_some() => {
                    self.index = builder.finish();
                }
                Some(builder) => self.save_index(builder)?,
                None => {}
            }
        }
        if self.lock.is_some() { self.save_head() } else { Ok(()) }
    }

    /// Stores what programs wrote to files after earlier commands had replaced them.
    fn rescue_late_writes(&mut self) -> Result<(), WorkspaceError> {
        let open = Replaced::open(&self.pond.replaced_dir(), self.pond.mirror_root());
        let replaced = open.map_err(WorkspaceError::Replaced)?;
        if !replaced.is_empty() && save::rescue(self, &replaced)? { self.save_head() } else { Ok(()) }
    }
}

fn assemble(
    session: &Session,
    lock: Option<Lock>,
    unreadable: Unreadable,
) -> Result<Workspace<'_>, WorkspaceError> {
    let pond = session.pond.clone();
    let (index, index_error) = match Index::open(&session.index_path()) {
        Ok(found) => (found, None),
        Err(error) if unreadable == Unreadable::GoOn => (None, Some(Arc::new(error))),
        Err(error) => return Err(error.into()),
    };
    let is_missing = index.is_none() && index_error.is_none();
    let index = match index {
        Some(index) => index,
        None if is_missing && lock.is_some() => anew(&pond)?,
        // Whatever was staged can be read by its id.
        None => naming(&staged_packs::present(&pond)),
    };
    let staged = parse_names(&index.header().packs)?;
    let snapshot = ReadonlyPond::open(&pond, &staged)?;
    let file = head_file::read(&session.head_path())?;
    let followed = file.as_ref().map(|file| file.seq);
    let head = head_of(session, file, &snapshot)?;
    let mut workspace = Workspace {
        session,
        pond,
        snapshot,
        head,
        index,
        index_error,
        holds_index: false,
        half_done: None,
        ended: None,
        followed,
        lock,
    };
    if workspace.index_error.is_none() {
        if is_missing && !staged.is_empty() && workspace.head.commit.is_some() {
            session.tell(Event::Recovery(Recovery::IndexWasMissing));
        }
        workspace.catch_up(followed)?;
    }
    if workspace.lock.is_none() && workspace.is_left_half_done()? {
        workspace.tell_half_done();
    }
    Ok(workspace)
}

/// Makes the directories that a tool which copies files only may have left out.
fn make_directories(session: &Session) -> Result<(), WorkspaceError> {
    let pond = &session.pond;
    let kinds = [PackKind::Data, PackKind::Meta].map(|kind| pond.table_dir().join(kind.dir_name()));
    let [data, meta] = kinds;
    for directory in [session.mirror_dir(), pond.staging_dir(), data, meta] {
        if !directory.exists() {
            pond_durable::create_dir_all(&directory)
                .map_err(|source| WorkspaceError::MakeDirectory { path: directory, source })?;
        }
    }
    Ok(())
}

/// Where the mirror stands: as its file says, or, where the file is behind, as the view does.
fn head_of(
    session: &Session,
    file: Option<HeadFile>,
    snapshot: &ReadonlyPond,
) -> Result<Head, WorkspaceError> {
    match file {
        Some(file) if file.seq == snapshot.state().seq => Ok(file.head),
        _ => Ok(snapshot.view().head(&session.mirror)?),
    }
}
