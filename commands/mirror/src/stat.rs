//! What the host says of a path without reading it.
//!
//! A [`Stat`] is the evidence that a file did not change since its content was read. It is evidence
//! only while the clock tick in which the file was last written is over: see [`Stat::is_racy`].

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use pond_objects::Kind;

/// What `lstat` says of a path, as far as pond uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// Bytes of a file, or of a symlink's target.
    pub size: u64,
    /// Last write of the content, nanoseconds since 1970; programs can set it.
    pub mtime_ns: i64,
    /// Last change of content or attributes, nanoseconds since 1970; only the kernel sets it.
    pub ctime_ns: i64,
    /// Inode number, 0 where the host has none.
    pub inode: u64,
    /// Device number, 0 where the host has none.
    pub device: u64,
    /// Type and permission bits as in `st_mode`.
    pub mode: u32,
}

const TYPE_MASK: u32 = 0o170_000;
const SECOND: i64 = 1_000_000_000;
/// The longest step of the clock that kernels stamp files with (a jiffy at 100 Hz), doubled.
const FINE_GRAIN: i64 = 20_000_000;
/// The step of filesystems that keep whole seconds or, as FAT, even ones.
const COARSE_GRAIN: i64 = 2 * SECOND;
/// A file stamped later than this from now was written by a clock that is wrong.
const FUTURE: i64 = 24 * 3600 * SECOND;

impl Stat {
    /// A stamp that is older than this is never racy, in nanoseconds; see [`Self::is_racy`].
    pub const LONGEST_RACE: i64 = COARSE_GRAIN;

    /// Looks at `path` itself, never at what a symlink points to.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from_metadata(&std::fs::symlink_metadata(path)?))
    }

    /// The same from metadata that somebody has already asked for.
    #[cfg(unix)]
    pub fn from_metadata(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            size: metadata.size(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            device: metadata.dev(),
            mode: metadata.mode(),
        }
    }

    /// The same from metadata that somebody has already asked for.
    #[cfg(not(unix))]
    pub fn from_metadata(metadata: &std::fs::Metadata) -> Self {
        let of = |time: io::Result<SystemTime>| {
            time.ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
        };
        let kind = metadata.file_type();
        let mode = if kind.is_symlink() {
            0o120_777
        } else if kind.is_dir() {
            0o040_755
        } else {
            0o100_644
        };
        Self {
            size: metadata.len(),
            mtime_ns: of(metadata.modified()),
            ctime_ns: of(metadata.created()),
            mode,
            ..Self::default()
        }
    }

    /// The same from the system call's own answer.
    #[cfg(unix)]
    #[allow(clippy::unnecessary_cast)] // The fields' types differ from platform to platform.
    pub fn from_rustix(stat: &rustix::fs::Stat) -> Self {
        Self {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
            device: stat.st_dev as u64,
            mode: stat.st_mode as u32,
        }
    }

    /// What the path would be in a tree; nothing for special files.
    pub fn kind(&self) -> Option<Kind> {
        match self.mode & TYPE_MASK {
            0o100_000 if self.mode & 0o100 != 0 => Some(Kind::Executable),
            0o100_000 => Some(Kind::File),
            0o120_000 => Some(Kind::Symlink),
            0o040_000 => Some(Kind::Directory),
            _ => None,
        }
    }

    /// The word for a file that has no content to version.
    pub fn special(&self) -> Option<&'static str> {
        match self.mode & TYPE_MASK {
            0o010_000 => Some("fifo"),
            0o140_000 => Some("socket"),
            0o020_000 => Some("character device"),
            0o060_000 => Some("block device"),
            _ if self.kind().is_none() => Some("special file"),
            _ => None,
        }
    }

    /// Whether the time of the last write is one that 64 bits of nanoseconds cannot tell (before 1677, or after 2262): the nearest
    /// that they can stands for it.
    pub fn is_time_clamped(&self) -> bool {
        matches!(self.mtime_ns, i64::MIN | i64::MAX)
    }

    /// Whether a write right after the moment `now_ns` could leave the very same stat behind.
    ///
    /// True where the file was stamped within one grain of the host's clock before `now_ns`, or after
    /// it: 20 ms, or 2 s for a stamp without a fraction of a second. A stamp of more than a day ahead
    /// counts as past: the clock was wrong when it was set, and another write will show another one.
    pub fn is_racy(&self, now_ns: i64) -> bool {
        [self.mtime_ns, self.ctime_ns].into_iter().any(|stamp| {
            let grain = if stamp % SECOND == 0 { COARSE_GRAIN } else { FINE_GRAIN };
            stamp >= now_ns.saturating_sub(grain) && stamp <= now_ns.saturating_add(FUTURE)
        })
    }
}

#[cfg(unix)]
fn nanoseconds(seconds: i64, fraction: i64) -> i64 {
    seconds.saturating_mul(SECOND).saturating_add(fraction)
}

/// The host's clock in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanoseconds| -nanoseconds)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_from_the_mode() {
        let of = |mode| Stat { mode, ..Stat::default() };
        assert_eq!(of(0o100_644).kind(), Some(Kind::File));
        assert_eq!(of(0o100_700).kind(), Some(Kind::Executable));
        assert_eq!(of(0o100_655).kind(), Some(Kind::File), "only the owner's bit counts");
        assert_eq!(of(0o120_777).kind(), Some(Kind::Symlink));
        assert_eq!(of(0o040_755).kind(), Some(Kind::Directory));
        assert_eq!((of(0o010_644).kind(), of(0o010_644).special()), (None, Some("fifo")));
        assert_eq!(of(0o140_644).special(), Some("socket"));
        assert_eq!(of(0o100_644).special(), None);
    }

    #[test]
    fn racy_within_a_grain_of_the_clock() {
        let now = 1_000 * SECOND + 500_000_000;
        let at = |mtime_ns, ctime_ns| Stat { mtime_ns, ctime_ns, ..Stat::default() };
        let old = 3 * SECOND + 1;
        assert!(!at(old, old).is_racy(now));
        assert!(at(now, old).is_racy(now) && at(old, now - 10_000_000).is_racy(now));
        assert!(!at(old, now - 30_000_000).is_racy(now));
        assert!(at(999 * SECOND, old).is_racy(now), "a coarse stamp of the last two seconds");
        assert!(!at(998 * SECOND, old).is_racy(now));
        assert!(at(now + SECOND, old).is_racy(now));
        assert!(!at(now + 2 * FUTURE, old).is_racy(now), "the far future is a wrong clock");
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_is_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        let stat = Stat::of(&link).expect("a stat");
        assert_eq!((stat.kind(), stat.size), (Some(Kind::Symlink), 7));
        assert_eq!(
            stat,
            Stat::from_rustix(&rustix::fs::lstat(&link).expect("a stat")),
            "both ways of asking agree"
        );
    }
}
