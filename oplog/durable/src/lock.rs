//! One writer at a time, by a lock of the operating system.
//!
//! The lock belongs to the process: the system frees it however the holder ends, so a lock is never stale
//! and there is nothing to clean up by hand. Its file is never renamed or deleted (a process could
//! otherwise lock a file that nobody else finds). What the file says about the holder is for people only;
//! whether the lock is held is never read from it.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::files;
use crate::in_place::open_no_link;
use crate::line;

/// Who holds a lock, as its file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine it runs on.
    pub host: String,
    /// Its command line.
    pub command: String,
    /// When it took the lock: microseconds since 1970, UTC.
    pub since: i64,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held it all the time that we waited.
    #[error("'{}' is locked by {}", path.display(), Whom(holder.as_ref()))]
    Busy {
        /// The lock's file.
        path: PathBuf,
        /// The holder, where the file tells of a process that is running.
        holder: Option<Holder>,
        /// How long we waited.
        waited: Duration,
    },
    /// The file system or its permissions let us write nothing here.
    #[error("cannot lock '{}': {source}", path.display())]
    ReadOnly {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system failed otherwise; file systems that know no locks among them.
    #[error("cannot lock '{}': {source}", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is free again as soon as it is dropped"]
pub struct Lock {
    file: File,
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const SHORT_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// So many times its patience a process waits where others take turns.
const MOST_TURNS: u32 = 60;
/// More than a holder writes; a file of this size or more is not read.
const TEXT_LIMIT: u64 = 64 * 1024;

impl Lock {
    /// Takes the lock of `path`, waiting up to `wait` for its holder. Where others take turns that is how long each of them is
    /// waited for: many processes on a slow machine all come to their turn. `us` is what others are told.
    ///
    /// The file is created if it is missing.
    pub fn acquire(path: &Path, wait: Duration, us: &Holder) -> Result<Self, LockError> {
        Self::acquire_with(path, wait, us, LONGEST_PAUSE, MOST_TURNS)
    }

    /// As [`Lock::acquire`], of a lock that is held for milliseconds only, and that one can do without: looks more often whether
    /// it is free, and waits up to `wait` in all, whoever holds it.
    pub fn acquire_often(path: &Path, wait: Duration, us: &Holder) -> Result<Self, LockError> {
        Self::acquire_with(path, wait, us, SHORT_PAUSE, 1)
    }

    /// Whether some process holds the lock of `path` at this moment; needs no right to write there.
    ///
    /// # Errors
    /// Those of opening the file, but for one that is missing, and of file systems that know no locks.
    pub fn is_held(path: &Path) -> io::Result<bool> {
        let file = match open_no_link(OpenOptions::new().read(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn acquire_with(
        path: &Path,
        wait: Duration,
        us: &Holder,
        longest: Duration,
        turns: u32,
    ) -> Result<Self, LockError> {
        let failed = |source: io::Error| failure(path, source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = open_no_link(&mut options, path).map_err(failed)?;
        files::give_to_owner(&file, files::parent(path));
        let begun = Instant::now();
        let mut turn = Turn { begun, holder: None, left: turns };
        let mut pause = SHORTEST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            let Some(left) = wait.checked_sub(turn.begun.elapsed()).filter(|left| !left.is_zero()) else {
                let holder = read_holder(&file, us);
                if turn.is_next(&holder) {
                    continue;
                }
                return Err(LockError::Busy { path: path.to_owned(), holder, waited: begun.elapsed() });
            };
            if turn.holder.is_none() {
                turn.holder = Some(read_holder(&file, us));
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(longest);
        }
        let lock = Self { file };
        // Only people read it: a full disk must not keep out the command that frees space.
        let _ = lock.describe(us);
        Ok(lock)
    }

    fn describe(&self, us: &Holder) -> io::Result<()> {
        let text = format!(
            "pid {}\nhost {}\ncommand {}\nsince {}\n",
            us.pid,
            line::escape(&us.host),
            line::escape(&us.command),
            us.since
        );
        let mut file = &self.file;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // So that the next one to wait does not read about us; see `describe`.
        let _ = self.file.set_len(0);
    }
}

/// The wait for one holder.
struct Turn {
    begun: Instant,
    /// Who held the lock when it began; `None` if it was not looked at.
    holder: Option<Option<Holder>>,
    /// It, and those that may follow.
    left: u32,
}

impl Turn {
    /// Begins the wait for the next holder, unless it is still the same one, or others came first too often.
    fn is_next(&mut self, holder: &Option<Holder>) -> bool {
        let has_changed = self.holder.as_ref().is_some_and(|before| before != holder);
        if !has_changed || self.left == 1 {
            return false;
        }
        *self = Self { begun: Instant::now(), holder: Some(holder.clone()), left: self.left - 1 };
        true
    }
}

fn failure(path: &Path, source: io::Error) -> LockError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            LockError::ReadOnly { path, source }
        }
        _ => LockError::Io { path, source },
    }
}

/// The holder, unless the text is partial or tells of a process of this machine that has ended.
fn read_holder(file: &File, us: &Holder) -> Option<Holder> {
    let mut text = String::new();
    let mut file = file;
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(TEXT_LIMIT).read_to_string(&mut text).ok()?;
    let holder = parse_holder(&text)?;
    (holder.host != us.host || is_running(holder.pid)).then_some(holder)
}

fn parse_holder(text: &str) -> Option<Holder> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let pid = field("pid")?.parse().ok()?;
    let host = line::unescape(field("host")?)?;
    let command = line::unescape(field("command")?)?;
    let since = field("since")?.parse().ok()?;
    Some(Holder { pid, host, command, since })
}

#[cfg(unix)]
fn is_running(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    // Any other error than "no such process" means that it is there and not ours.
    rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
}

#[cfg(not(unix))]
fn is_running(_pid: u32) -> bool {
    true
}

/// How the holder is named in a message.
struct Whom<'a>(Option<&'a Holder>);

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => write!(
                f,
                "'{}' (process {} on {}, since {})",
                line::escape(&holder.command),
                holder.pid,
                line::escape(&holder.host),
                line::time_text(holder.since).unwrap_or_else(|| "an unknown time".to_owned()),
            ),
            None => f.write_str("another process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(command: &str) -> Holder {
        let (host, command) = ("here".to_owned(), command.to_owned());
        Holder { pid: std::process::id(), host, command, since: 1_700_000_000_000_000 }
    }

    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn who_waits_while_others_take_turns_goes_on_waiting() {
        let begun = Instant::now();
        let mut turn = Turn { begun, holder: None, left: MOST_TURNS };
        assert!(!turn.is_next(&None), "it was not looked at: nothing is known");
        turn.holder = Some(Some(us("one")));
        assert!(!turn.is_next(&Some(us("one"))));
        assert!(turn.is_next(&Some(us("two"))) && !turn.is_next(&Some(us("two"))));
        // Between two holders the file says nothing.
        assert!(turn.is_next(&None) && !turn.is_next(&None));
        let more = (0..MOST_TURNS).filter(|number| turn.is_next(&Some(us(&number.to_string()))));
        assert_eq!(more.count(), MOST_TURNS as usize - 3, "but not for ever");
    }

    #[test]
    fn the_second_waits_and_learns_who_holds_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lock");
        let lock = Lock::acquire(&path, SHORT, &us("pond add\nx")).expect("free");
        let error = Lock::acquire(&path, SHORT, &us("pond commit")).expect_err("held");
        assert_eq!(
            error.to_string(),
            format!(
                "'{}' is locked by 'pond add\\u{{a}}x' (process {} on here, since 2023-11-14T22:13:20.000000Z)",
                path.display(),
                std::process::id()
            )
        );
        let waiting = path.clone();
        let thread =
            std::thread::spawn(move || Lock::acquire(&waiting, Duration::from_secs(60), &us("next")));
        drop(lock);
        drop(thread.join().expect("no panic").expect("free by then"));
        assert_eq!(std::fs::read(&path).expect("the file stays"), b"");
    }

    #[test]
    fn what_the_file_says_decides_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lock");
        for text in ["", "pid", "pid 1\nhost here\n", "pid x\nhost\ncommand\nsince", "\u{0}\n"] {
            std::fs::write(&path, text).expect("written");
            drop(Lock::acquire(&path, SHORT, &us("x")).expect("free"));
            let held = Lock::acquire(&path, SHORT, &us("x")).expect("free");
            std::fs::write(&path, text).expect("written");
            let error = Lock::acquire(&path, SHORT, &us("y")).expect_err("held");
            assert!(matches!(error, LockError::Busy { holder: None, .. }), "{error}");
            drop(held);
        }
    }

    #[test]
    fn a_process_that_has_ended_is_never_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lock");
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        child.wait().expect("it ends");
        let _held = Lock::acquire(&path, SHORT, &us("x")).expect("free");
        for (host, named) in [("here", false), ("elsewhere", true)] {
            let text = format!("pid {}\nhost {host}\ncommand x\nsince 0\n", child.id());
            std::fs::write(&path, text).expect("written");
            let error = Lock::acquire(&path, SHORT, &us("y")).expect_err("held");
            assert!(matches!(error, LockError::Busy { holder, .. } if holder.is_some() == named));
        }
    }
}
