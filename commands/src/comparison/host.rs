//! The mirror's side of a comparison, read with care.
//!
//! Files are read into memory, never mapped, through a descriptor of the mirror that no symlink leads out of. A file that
//! vanishes or changes while it is looked at is named, and the command ends with "done in part".

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _};

use bstr::{BStr, BString};
use pond_history::short_id;
use pond_mirror::host::walk::Untracked;
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::index::{Index, Row};
use pond_mirror::scan::content::{self, Content};
use pond_mirror::scan::{self, Hashing, ScanOptions, State};
use pond_mirror::stat::Stat;
use pond_objects::large::{Absent, Piece};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, Kind, ObjectId, Side, escape};
use pond_oplog::Store;
use pond_workspace::Workspace;

use super::host_text::HostText;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::ui::diff::{Contents, OldOrNew, Shared, SideContent, Texts, shared_chunks, stored_text};

/// The paths at which the mirror differs from the index.
pub(crate) struct HostSides {
    root: HostDir,
    /// What the mirror has there; `None` where it has nothing.
    sides: HashMap<BString, (usize, Option<Side>)>,
    order: Vec<BString>,
    /// What the mirror has at paths in conflict.
    pub(super) unmerged: HashMap<BString, Kind>,
    /// Paths with a fifo, a socket or a device, with the word for each.
    special: HashMap<BString, &'static str>,
    /// Paths of which nothing, or nothing certain, could be learnt.
    failed: RefCell<Vec<(BString, String)>>,
    buffer: Vec<u8>,
}

impl HostSides {
    /// Compares the mirror with the index.
    pub(super) fn scan(workspace: &Workspace<'_>, pathspecs: &Pathspecs) -> Result<Self, CommandError> {
        let mirror = workspace.pond().mirror_root();
        let ignore = workspace.ignore()?;
        let options = ScanOptions {
            ignore: &ignore,
            pathspecs: Some(pathspecs),
            untracked: Untracked::No,
            ignored: false,
            hashing: Hashing::SameSize,
        };
        let scan = scan::scan(mirror, workspace.index(), options)?;
        let root = HostDir::open_root(mirror)?;
        let mut this = Self {
            root,
            sides: HashMap::new(),
            order: Vec::new(),
            unmerged: HashMap::new(),
            special: HashMap::new(),
            failed: RefCell::default(),
            buffer: Vec::new(),
        };
        for (path, error) in &scan.unreadable {
            this.fail(path.as_ref(), &error.to_string());
        }
        // What an interrupted command has still to write is no change.
        let due: HashSet<BString> = workspace.due()?.into_iter().map(|target| target.path).collect();
        for change in scan.changes.into_iter().filter(|change| !due.contains(&change.path)) {
            let Some(row) = change.row else { continue };
            let side = match change.state {
                State::Missing => None,
                State::Modified | State::TypeChanged | State::MaybeChanged | State::Unstable => {
                    let kind = change.kind.unwrap_or(Kind::File);
                    let size = change.stat.map_or(0, |stat| stat.size);
                    let id = match kind {
                        Kind::Directory => pond_objects::tree::empty_tree(),
                        _ => change.id.unwrap_or(ObjectId::ZERO),
                    };
                    Some(Side { kind, id, size })
                }
                // As git names it: modified. It has no content that could be shown.
                State::Special(word) => {
                    this.special.insert(change.path.clone(), word);
                    let kind = workspace.index().entry(row).staged.map_or(Kind::File, |side| side.kind);
                    Some(Side { kind, id: ObjectId::ZERO, size: 0 })
                }
                State::Untracked | State::Held => continue,
            };
            if change.state == State::Unstable {
                this.fail(change.path.as_ref(), "it changes while it is being read");
            }
            this.order.push(change.path.clone());
            this.sides.insert(change.path, (row, side));
        }
        Ok(this)
    }

    /// The paths, with the index's rows and what the mirror has.
    pub(super) fn changed<'a>(
        &'a self,
        index: &'a Index,
    ) -> impl Iterator<Item = (&'a BString, Row, Option<Side>)> + 'a {
        self.order.iter().map(|path| {
            let (row, side) = &self.sides[path];
            (path, index.entry(*row).row, *side)
        })
    }

    /// Whether the new side at a path is the mirror's.
    pub(super) fn has(&self, path: &BStr) -> bool {
        self.sides.contains_key(path)
    }

    /// What the mirror has at a path, if it differs from the index there.
    pub(super) fn side(&self, path: &BString) -> Option<Option<Side>> {
        self.sides.get(path).map(|(_, side)| *side)
    }

    /// Takes out the changes whose new side has no content, and reports them as not looked at.
    pub(super) fn leave_out_special(&self, changes: &mut Vec<Change>) {
        changes.retain(|change| {
            let word = self.special.get(&change.path);
            if let Some(word) = word {
                self.fail(change.path.as_ref(), &format!("it is a {word}, which has no content to compare"));
            }
            word.is_none()
        });
    }

    /// Learns the id of the mirror's file at a path, if `side` is that.
    pub(super) fn identify(&mut self, path: &BString, side: &mut Side) {
        let is_readable = self.sides.contains_key(path) && !self.special.contains_key(path);
        if !side.id.is_zero() || !is_readable {
            return;
        }
        match content::hash_beginning(&self.root, path, side.kind, &mut self.buffer) {
            Content::Read { id, stat, .. } => (side.id, side.size) = (id, stat.size),
            Content::Unstable => self.fail(path.as_ref(), "it changed or vanished while it was read"),
            Content::Failed(error) => self.fail(path.as_ref(), &format!("cannot read it: {error}")),
        }
    }

    /// The bytes of the mirror's file; `None` if they cannot be had whole.
    pub(super) fn read(&self, path: &BStr, side: &Side) -> Option<Vec<u8>> {
        read(&self.root, path, side.kind).ok().flatten()
    }

    fn fail(&self, path: &BStr, why: &str) {
        self.failed.borrow_mut().push((path.to_owned(), why.to_owned()));
    }

    /// Names what could not be looked at. Whether there was anything.
    pub(crate) fn report(&self, ui: &Ui) -> bool {
        let failed = self.failed.borrow();
        for (path, why) in failed.iter() {
            ui.error(format_args!("'{}': {why}", escape::plain(path)));
        }
        !failed.is_empty()
    }
}

/// The contents of changes whose new side may be the mirror's.
pub(crate) struct HostContents<'a> {
    store: &'a Store,
    host: &'a HostSides,
}

impl<'a> HostContents<'a> {
    /// Contents from the store and the mirror.
    pub(crate) fn new(store: &'a Store, host: &'a HostSides) -> Self {
        Self { store, host }
    }

    /// The mirror's file, to be compared with a version that has certain pieces; `None` where it can't be read.
    fn host_text(&self, path: &BStr, other: &[Piece]) -> Option<HostText> {
        let read = self.host.root.open_below(path).and_then(|file| HostText::read(file, other));
        let why = match read {
            Ok(Some(text)) => return Some(text),
            Ok(None) => "it changed while it was read".to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "it vanished meanwhile".to_owned(),
            Err(error) => format!("cannot read it: {error}"),
        };
        self.host.fail(path, &why);
        None
    }

    fn is_host(&self, change: &Change, which: OldOrNew) -> bool {
        which == OldOrNew::New && self.host.has(change.path.as_ref())
    }
}

impl Contents for HostContents<'_> {
    fn unmerged_kinds(&self, path: &BStr) -> [Option<Kind>; 2] {
        [None, self.host.unmerged.get(path).copied()]
    }

    fn read(&mut self, change: &Change, which: OldOrNew) -> Result<SideContent, CommandError> {
        let Some(side) = which.of(change) else { return Ok(SideContent::Absent) };
        if !self.is_host(change, which) {
            return Ok(SideContent::Bytes(pond_objects::read_blob(self.store, &side.id)?));
        }
        let path: &BStr = change.path.as_ref();
        let why = match read(&self.host.root, path, side.kind) {
            Ok(Some(bytes)) => return Ok(SideContent::Bytes(bytes)),
            Ok(None) => "it changed while it was read".to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "it vanished meanwhile".to_owned(),
            Err(error) => format!("cannot read it: {error}"),
        };
        self.host.fail(path, &why);
        Ok(SideContent::Absent)
    }

    fn texts(&self, change: &Change) -> Result<Texts<'_>, CommandError> {
        let old = stored_text(self.store, change.old)?;
        let Some(side) = change.new.filter(|_| self.is_host(change, OldOrNew::New)) else {
            return Ok(Texts { old, new: stored_text(self.store, change.new)? });
        };
        // Of a symlink there is nothing that is large. Without the file, nothing is shown.
        let new = side.kind.is_file().then(|| self.host_text(change.path.as_ref(), old.pieces())).flatten();
        Ok(match new {
            Some(new) => Texts { old, new: Box::new(new) },
            None => Texts { old: Box::new(Absent), new: Box::new(Absent) },
        })
    }

    fn shared(&self, change: &Change) -> Result<Option<Shared>, CommandError> {
        if self.is_host(change, OldOrNew::New) {
            return Ok(None);
        }
        match (change.old, change.new) {
            (Some(old), Some(new)) => Ok(Some(shared_chunks(self.store, &old, &new)?)),
            _ => Ok(None),
        }
    }

    fn short(&self, id: &ObjectId) -> String {
        short_id(self.store, id)
    }
}

/// Reads a file or the target of a symlink; `None` if it changed meanwhile or is something else now. Of a file that only
/// grew, this is what it had at first.
fn read(root: &HostDir, path: &BStr, kind: Kind) -> io::Result<Option<Vec<u8>>> {
    if kind == Kind::Symlink {
        return root.read_link_below(path).map(Some);
    }
    let mut file = root.open_below(path)?;
    let before = Stat::from_metadata(&file.metadata()?);
    if !before.kind().is_some_and(Kind::is_file) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    (&mut file).take(before.size).read_to_end(&mut bytes)?;
    let after = Stat::from_metadata(&file.metadata()?);
    let is_same = before == after || after.size > before.size;
    Ok((is_same && bytes.len() as u64 == before.size).then_some(bytes))
}
