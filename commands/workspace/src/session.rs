//! What a deed needs of its caller, and no more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use jiff::Zoned;
use pond_durable::lock::Holder;
use pond_objects::Signature;
use pond_oplog::transaction::Doing;
use pond_oplog::{Pond, TableState};

use crate::error::{CallerError, WorkspaceError};
use crate::observer::{Counter, Event, Observer, Work};

/// One caller's work on one mirror of a pond.
pub struct Session {
    /// The pond.
    pub pond: Pond,
    /// The mirror.
    pub mirror: String,
    /// The directory from which relative paths count, absolute.
    pub cwd: PathBuf,
    command: Mutex<Command>,
    /// The state of the table after what was published last.
    published: Mutex<Option<TableState>>,
    caller: Caller,
}

/// What is taken back together.
#[derive(Default)]
struct Command {
    /// How it was called, where the caller said so.
    words: Option<String>,
    /// The number of the first operation that it published, and the command that takes it back.
    first: Option<(i64, &'static str)>,
}

/// What the caller provides.
pub struct Caller {
    /// Who works; found out when something is published or locked.
    pub actor: LazyLock<Actor, Box<dyn FnOnce() -> Actor + Send + Sync>>,
    /// The clock.
    pub clock: Box<Clock>,
    /// The clock on the wall, with its zone: dates in revisions count from there.
    pub wall_clock: Box<dyn Fn() -> Zoned + Send + Sync>,
    /// What is configured.
    pub settings: Box<dyn Settings>,
    /// Who is told what happens.
    pub observer: Box<dyn Observer>,
}

/// The clock: microseconds since 1970.
pub type Clock = dyn Fn() -> Result<i64, CallerError> + Send + Sync;

/// Who works on a pond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The login name.
    pub user: String,
    /// The name of the machine.
    pub host: String,
    /// What was called, in one line: for a command, the command line.
    pub command: String,
}

/// What the user has configured, each asked for when it is needed: a bad value is an error only of those who need it.
pub trait Settings: Send + Sync {
    /// Threads for reading and for compressing; `None` for one per core.
    fn threads(&self) -> Result<Option<usize>, CallerError>;

    /// The user's own file with patterns of ignored paths.
    fn excludes(&self) -> Result<Option<PathBuf>, CallerError>;

    /// How conflicts are shown in files; `None` for the usual way.
    fn conflict_style(&self) -> Result<Option<String>, CallerError>;
}

/// Who signs commits, with the time of now.
pub trait Signer {
    /// Who makes a change.
    fn author(&self) -> Result<Signature, CallerError>;

    /// Who makes a commit of it.
    fn committer(&self) -> Result<Signature, CallerError>;
}

/// A signature signs what is committed with it, always with the same time.
impl Signer for Signature {
    fn author(&self) -> Result<Signature, CallerError> {
        Ok(self.clone())
    }

    fn committer(&self) -> Result<Signature, CallerError> {
        Ok(self.clone())
    }
}

impl Session {
    /// Work on a mirror of a pond, from the directory `cwd`.
    pub fn new(pond: Pond, cwd: PathBuf, caller: Caller) -> Self {
        let mirror = pond.mirror_id().to_owned();
        Self { pond, mirror, cwd, command: Mutex::default(), published: Mutex::new(None), caller }
    }

    /// Begins another command: what is published from here on is taken back by itself, not with what was published before.
    /// `words` say in the log of operations what was called.
    pub fn begin_command(&self, words: impl Into<String>) {
        *self.command() = Command { words: Some(words.into()), first: None };
    }

    /// The number of the first operation that this command published, and the command that takes it back.
    pub fn first_operation(&self) -> Option<(i64, &'static str)> {
        self.command().first
    }

    pub(crate) fn note_operation(&self, seq: i64, taken_back_by: &'static str) {
        self.command().first.get_or_insert((seq, taken_back_by));
    }

    fn command(&self) -> MutexGuard<'_, Command> {
        self.command.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was called, in one line.
    fn command_line(&self) -> String {
        self.command().words.clone().unwrap_or_else(|| self.actor().command.clone())
    }

    /// Who works.
    pub fn actor(&self) -> &Actor {
        &self.caller.actor
    }

    /// The directory of what is the mirror's own.
    pub(crate) fn mirror_dir(&self) -> PathBuf {
        self.pond.mirror_dir(&self.mirror)
    }

    /// The mirror's index.
    pub(crate) fn index_path(&self) -> PathBuf {
        self.mirror_dir().join("index")
    }

    /// The file that says where the mirror stands.
    pub(crate) fn head_path(&self) -> PathBuf {
        self.mirror_dir().join("HEAD")
    }

    /// The lock of those who change the mirror.
    pub fn lock_path(&self) -> PathBuf {
        self.mirror_dir().join("lock")
    }

    /// Notes what the table is after an operation of this session.
    pub(crate) fn note_published(&self, state: &TableState) {
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = Some(state.clone());
    }

    /// The state of the table after the last operation since this was asked before; `None` if there was none. Whoever calls
    /// deeds looks then whether upkeep is due.
    pub fn take_published(&self) -> Option<TableState> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The time, in microseconds since 1970.
    pub fn now(&self) -> Result<i64, WorkspaceError> {
        (self.caller.clock)().map_err(WorkspaceError::Caller)
    }

    /// The clock on the wall, with its zone.
    pub fn wall_clock(&self) -> &(dyn Fn() -> Zoned + Send + Sync) {
        &*self.caller.wall_clock
    }

    /// What is configured.
    pub fn settings(&self) -> &dyn Settings {
        &*self.caller.settings
    }

    /// Tells the caller of something.
    pub fn tell(&self, event: Event<'_>) {
        self.caller.observer.event(event);
    }

    /// Begins work that may take long.
    pub fn work(&self, work: Work) -> Box<dyn Counter> {
        self.caller.observer.work(work)
    }

    /// Whether the caller asked to stop. Cheap enough for inner loops.
    pub fn is_interrupted(&self) -> bool {
        self.caller.observer.is_interrupted()
    }

    /// Fails if the caller asked to stop. `state` says what was and what was not done: "nothing was changed".
    pub fn check_interrupt(&self, state: &'static str) -> Result<(), WorkspaceError> {
        match self.is_interrupted() {
            true => Err(WorkspaceError::Interrupted { state }),
            false => Ok(()),
        }
    }

    /// Who does what, now: the readable part of an operation.
    pub fn doing(&self, kind: &str, parameters: &[(&str, String)]) -> Result<Doing, WorkspaceError> {
        Ok(Doing { command: self.command_line(), ..doing(self.actor(), self.now()?, kind, parameters) })
    }

    /// Who holds a lock, for those who wait for it.
    pub fn holder(&self) -> Result<Holder, WorkspaceError> {
        Ok(Holder {
            pid: std::process::id(),
            host: self.actor().host.clone(),
            command: self.command_line(),
            since: self.now()?,
        })
    }
}

/// Who does what, and when (microseconds since 1970): the readable part of the operation that a command publishes.
pub fn doing(actor: &Actor, now: i64, kind: &str, parameters: &[(&str, String)]) -> Doing {
    let parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Doing {
        kind: kind.to_owned(),
        user: actor.user.clone(),
        host: actor.host.clone(),
        command: actor.command.clone(),
        time: now,
        parameters,
    }
}

/// The command that takes back an operation of this kind, where it is the newest.
pub fn taken_back_by(kind: &str) -> &'static str {
    if kind == "UNDO" { "redo" } else { "undo" }
}
