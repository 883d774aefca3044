//! The journal of `.pond/replaced`: which path each kept inode had, and what of it is stored.
//!
//! A line each time, its fields set apart by spaces; for one name the last line counts:
//!
//! ```text
//! kept NAME INODE SIZE MTIME SINCE PATH
//! gone NAME
//! ```
//!
//! Times are nanoseconds since 1970; bytes of the path other than visible ASCII, and `%`, are written `%XX`.
//! A line that can't be read is passed over: a file without a line is reported with all of its content.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use pond_durable::give_to_owner;
use pond_durable::in_place::{is_only_here, open_no_link};

use crate::stat::Stat;

const JOURNAL: &str = "journal";
/// Lines that may be superseded before the journal is written anew.
const SLACK: usize = 1000;

/// What of a kept file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Baseline {
    pub(super) size: u64,
    pub(super) mtime_ns: i64,
}

impl Baseline {
    pub(super) fn of(stat: &Stat) -> Self {
        Self { size: stat.size, mtime_ns: stat.mtime_ns }
    }

    pub(super) fn is(&self, stat: &Stat) -> bool {
        *self == Self::of(stat)
    }
}

/// One kept inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The path in the mirror; nothing if the journal does not say.
    pub(super) path: Option<BString>,
    pub(super) inode: u64,
    /// Nothing: none of it is stored.
    pub(super) baseline: Option<Baseline>,
    /// When it was replaced, or last stored.
    pub(super) since_ns: i64,
}

impl Kept {
    /// A file of which the journal says nothing.
    pub(super) fn unknown() -> Self {
        Self { path: None, inode: 0, baseline: None, since_ns: 0 }
    }

    /// Whether the file holds what is not stored. In a copy of the pond it is another file, to which nobody has written, and
    /// as old as the copy.
    pub(super) fn is_changed(&self, stat: &Stat) -> bool {
        let is_copy = self.inode != 0 && self.inode != stat.inode;
        self.baseline
            .map_or(stat.size > 0, |baseline| !(baseline.is(stat) || is_copy && baseline.size == stat.size))
    }
}

/// The open journal.
#[derive(Debug, Default)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    lines: usize,
}

impl Journal {
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join(JOURNAL), file: None, lines: 0 }
    }

    /// Notes that an inode is kept, or that more of it is stored.
    pub(super) fn kept(&mut self, name: &str, kept: &Kept) -> io::Result<()> {
        self.append(&line(name, kept))
    }

    /// Notes that an inode is no longer kept.
    pub(super) fn gone(&mut self, name: &str) -> io::Result<()> {
        self.append(&format!("gone {name}\n"))
    }

    /// Shortens the journal to what it says, if that is worth it.
    pub(super) fn tidy(&mut self, linked: &BTreeMap<String, Kept>) -> io::Result<()> {
        if linked.is_empty() {
            self.file = None;
            self.lines = 0;
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        if self.lines <= linked.len() + SLACK {
            return Ok(());
        }
        let lines: String = linked
            .iter()
            .filter(|(_, kept)| kept.baseline.is_some())
            .map(|(name, kept)| line(name, kept))
            .collect();
        replace(&self.path, lines.as_bytes())?;
        (self.file, self.lines) = (None, linked.len());
        Ok(())
    }

    /// Makes the lines durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let open = || {
                    let mut options = OpenOptions::new();
                    let file = open_no_link(options.create(true).append(true).read(true), &self.path)?;
                    give_to_owner(&file, self.path.parent().unwrap_or(&self.path));
                    io::Result::Ok(file)
                };
                let mut file = open()?;
                let old = fs::read(&self.path)?;
                if !is_only_here(&file)? {
                    // A copy of the pond shares it, and keeps other files.
                    replace(&self.path, &old)?;
                    file = open()?;
                }
                self.lines = old.lines().count();
                if old.last().is_some_and(|byte| *byte != b'\n') {
                    // The last line was cut off when a command was killed.
                    file.write_all(b"\n")?;
                }
                none.insert(file)
            }
        };
        self.lines += 1;
        file.write_all(line.as_bytes())
    }
}

/// Writes a journal with these lines in the place of the one at `path`.
fn replace(path: &Path, lines: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = open_no_link(options.create(true).write(true).truncate(true), &new)?;
    give_to_owner(&file, path.parent().unwrap_or(path));
    file.write_all(lines)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// What the journal of a directory says.
pub(super) fn read(dir: &Path) -> io::Result<BTreeMap<String, Kept>> {
    let bytes = match fs::read(dir.join(JOURNAL)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other?,
    };
    let mut kept = BTreeMap::new();
    for line in bytes.lines() {
        match line.to_str().ok().and_then(parse) {
            Some((name, Some(entry))) => drop(kept.insert(name, entry)),
            Some((name, None)) => drop(kept.remove(&name)),
            None => {}
        }
    }
    Ok(kept)
}

/// The names of the kept files in a directory.
pub(super) fn names(dir: &Path) -> io::Result<BTreeSet<String>> {
    let listing = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        other => other?,
    };
    let mut names = BTreeSet::new();
    for entry in listing {
        if let Ok(name) = entry?.file_name().into_string()
            && is_name(&name)
        {
            names.insert(name);
        }
    }
    Ok(names)
}

fn is_name(name: &str) -> bool {
    let is_number = |part: &str| part.parse::<u64>().is_ok();
    name.split_once('-').is_some_and(|(series, number)| is_number(series) && is_number(number))
}

fn line(name: &str, kept: &Kept) -> String {
    let Kept { path, inode, baseline, since_ns } = kept;
    let Baseline { size, mtime_ns } = baseline.unwrap_or(Baseline { size: 0, mtime_ns: 0 });
    let path = path.as_ref().map_or_else(|| "-".to_owned(), |path| format!("/{}", escape(path)));
    format!("kept {name} {inode} {size} {mtime_ns} {since_ns} {path}\n")
}

fn parse(line: &str) -> Option<(String, Option<Kept>)> {
    let mut fields = line.split(' ');
    let (verb, name) = (fields.next()?, fields.next().filter(|name| is_name(name))?.to_owned());
    let entry = match verb {
        "gone" => None,
        "kept" => Some(Kept {
            inode: fields.next()?.parse().ok()?,
            baseline: Some(Baseline {
                size: fields.next()?.parse().ok()?,
                mtime_ns: fields.next()?.parse().ok()?,
            }),
            since_ns: fields.next()?.parse().ok()?,
            path: match fields.next()? {
                "-" => None,
                path => Some(unescape(path.strip_prefix('/')?)?),
            },
        }),
        _ => return None,
    };
    fields.next().is_none().then_some((name, entry))
}

fn escape(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'!'..=b'~' if *byte != b'%' => text.push(char::from(*byte)),
            // Writing to a string does not fail.
            _ => drop(write!(text, "%{byte:02x}")),
        }
    }
    text
}

fn unescape(text: &str) -> Option<BString> {
    let mut path = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        path.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_damaged_ones_are_passed_over() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = Journal::new(dir.path());
        let baseline = Some(Baseline { size: 7, mtime_ns: -3 });
        let kept = |path: &[u8]| Kept { path: Some(path.into()), inode: 9, baseline, since_ns: 11 };
        let odd = kept(b"a b/%\xff\n\xe2\x80\xae");
        journal.kept("1-0", &odd).expect("noted");
        journal.kept("1-1", &kept(b"gone")).expect("noted");
        journal.gone("1-1").expect("noted");
        journal.append("kept 1-2 9 9 torn").expect("noted");
        drop(journal);
        let mut journal = Journal::new(dir.path());
        journal.kept("1-3", &kept(b"after")).expect("noted");
        let read = read(dir.path()).expect("read");
        assert_eq!(read, BTreeMap::from([("1-0".into(), odd), ("1-3".into(), kept(b"after"))]));
    }

    #[test]
    fn tidying_keeps_what_counts() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut journal = Journal::new(dir.path());
        let kept = Kept { path: Some("x".into()), ..Kept::unknown() };
        let kept = Kept { baseline: Some(Baseline { size: 1, mtime_ns: 2 }), ..kept };
        for _ in 0..=SLACK + 1 {
            journal.kept("1-0", &kept).expect("noted");
        }
        let linked = BTreeMap::from([("1-0".to_owned(), kept)]);
        journal.tidy(&linked).expect("tidied");
        assert_eq!(fs::read(dir.path().join(JOURNAL)).expect("read").lines().count(), 1);
        journal.gone("2-0").expect("noted");
        assert_eq!(read(dir.path()).expect("read"), linked);
        journal.tidy(&BTreeMap::new()).expect("tidied");
        assert!(!dir.path().join(JOURNAL).exists());
    }
}
