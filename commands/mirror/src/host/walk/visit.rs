//! The parallel part of a walk: one task a directory. The first few are done by the thread that asks, since the others take
//! longer to begin than most mirrors take to read.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::{BString, ByteSlice};
use pond_objects::Kind;
use rayon::Scope;

use super::host::{HostDir, NameKind, Names, join};
use super::nested::is_pond;
use super::{ChildKind, DirState, Host, Listing, Untracked, Walk, WalkOptions};
use crate::host::ignore::{self, Level, is_always_ignored, read_bounded};
use crate::index::Index;
use crate::temporary::is_temporary;

/// A directory that is to be read.
struct Task {
    number: usize,
    path: BString,
    parent: Arc<HostDir>,
    /// Bytes of `path` before the directory's own name.
    name_at: usize,
    level: Option<Arc<Level>>,
    /// The rows of the index below it.
    rows: Range<usize>,
    /// It is in an ignored directory: only what is tracked counts.
    ignored: bool,
    /// It is in a pond of its own.
    nested: bool,
}

/// So many directories are read before other threads are asked to help.
const ALONE: usize = 32;

/// Where directories that were found go.
enum Tasks<'t, 'scope> {
    /// To this thread, later.
    Here(&'t mut VecDeque<Task>),
    /// To whichever thread is free.
    Shared(&'t Scope<'scope>),
}

struct Shared<'a> {
    options: WalkOptions<'a>,
    next: AtomicUsize,
    listings: Mutex<Vec<(usize, Listing)>>,
    notes: Mutex<Walk>,
}

/// Walks, and puts the listings where their numbers say.
pub(super) fn run(mirror: &Path, options: WalkOptions<'_>) -> io::Result<Walk> {
    let root = Arc::new(HostDir::open_root(mirror)?);
    let names = root.read()?;
    let shared =
        Shared { options, next: AtomicUsize::new(1), listings: Mutex::default(), notes: Mutex::default() };
    let task = Task {
        number: 0,
        path: BString::default(),
        parent: root.clone(),
        name_at: 0,
        level: options.ignore.base(),
        rows: 0..options.index.map_or(0, |index| index.len()),
        ignored: false,
        nested: false,
    };
    let mut tasks = VecDeque::new();
    let listing = shared.list(&mut Tasks::Here(&mut tasks), &task, &root, &names, false);
    shared.keep(0, listing);
    for _ in 1..ALONE {
        let Some(task) = tasks.pop_front() else { break };
        shared.visit(&mut Tasks::Here(&mut tasks), &task);
    }
    if !tasks.is_empty() {
        rayon::scope(|scope| {
            for task in tasks {
                shared.spawn(scope, task);
            }
        });
    }
    let mut walk = shared.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
    walk.listings.resize_with(shared.next.into_inner(), Listing::default);
    for (number, listing) in shared.listings.into_inner().unwrap_or_else(PoisonError::into_inner) {
        walk.listings[number] = listing;
    }
    Ok(walk)
}

impl<'a> Shared<'a> {
    fn note(&self, note: impl FnOnce(&mut Walk)) {
        note(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn keep(&self, number: usize, listing: Listing) {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner).push((number, listing));
    }

    fn spawn<'scope>(&'scope self, scope: &Scope<'scope>, task: Task) {
        scope.spawn(move |scope| self.visit(&mut Tasks::Shared(scope), &task));
    }

    fn visit<'scope>(&'scope self, tasks: &mut Tasks<'_, 'scope>, task: &Task) {
        let held = || Listing { state: DirState::Is(Host::Held), ..Listing::default() };
        let listing = match self.open(&task.parent, &task.path, task.name_at) {
            Ok(Some((dir, names))) => match is_pond(&dir, &names) {
                true if !self.is_entered(task) => {
                    self.note(|walk| walk.nested.push(task.path.clone()));
                    held()
                }
                is_pond => self.list(tasks, task, &Arc::new(dir), &names, task.nested || is_pond),
            },
            Ok(None) => Listing::default(),
            Err(error) => {
                self.note(|walk| walk.unreadable.push((task.path.clone(), error)));
                held()
            }
        };
        self.keep(task.number, listing);
    }

    /// Opens and reads a directory; `None` if it is gone.
    fn open(&self, parent: &HostDir, path: &[u8], name_at: usize) -> io::Result<Option<(HostDir, Names)>> {
        let opened = parent.open_child(&path[name_at..]).and_then(|dir| dir.read().map(|names| (dir, names)));
        match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The rules in a directory: its own file on top of those above.
    fn level(
        &self,
        above: Option<Arc<Level>>,
        dir: &HostDir,
        path: &[u8],
        names: &Names,
    ) -> Option<Arc<Level>> {
        if names.find(ignore::FILE_NAME).is_none() {
            return above;
        }
        let content = dir.open_file(ignore::FILE_NAME.as_bytes()).and_then(|file| read_bounded(&file));
        self.options.ignore.enter(above, path, content)
    }

    fn list<'scope>(
        &'scope self,
        tasks: &mut Tasks<'_, 'scope>,
        task: &Task,
        dir: &Arc<HostDir>,
        names: &Names,
        nested: bool,
    ) -> Listing {
        let level = if task.ignored { None } else { self.level(task.level.clone(), dir, &task.path, names) };
        let mut listing = Listing::default();
        let mut path = join(&task.path, b"");
        let name_at = path.len();
        for (name, kind) in names.iter() {
            path.truncate(name_at);
            path.extend_from_slice(name);
            if is_always_ignored(name) {
                self.note_reserved(task, name, &path, nested);
                continue;
            }
            let mut stat = None;
            if kind == NameKind::Unknown {
                match dir.stat(name) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    found => stat = Some(found),
                }
            }
            let is_dir = match &stat {
                Some(Ok(stat)) => stat.kind() == Some(Kind::Directory),
                _ => kind == NameKind::Directory,
            };
            if !self.is_wanted(&path, is_dir) {
                continue;
            }
            let ignored = task.ignored || ignore::matched(level.as_deref(), &path, is_dir).is_ignored();
            if is_dir {
                let child = self.child_dir(task, &level, dir, &path, ignored);
                match child {
                    Some(ChildDir::Listed(rows)) => {
                        let number = self.next.fetch_add(1, Ordering::Relaxed);
                        let task = Task {
                            number,
                            path: path.clone(),
                            parent: dir.clone(),
                            name_at,
                            level: level.clone(),
                            rows,
                            ignored,
                            nested,
                        };
                        match tasks {
                            Tasks::Here(tasks) => tasks.push_back(task),
                            Tasks::Shared(scope) => self.spawn(scope, task),
                        }
                        listing.push(name, ChildKind::Dir(number));
                    }
                    Some(ChildDir::Collapsed) => listing.push(name, ChildKind::Is(Host::CollapsedDir)),
                    None => {}
                }
                continue;
            }
            if ignored && !self.is_tracked(&task.rows, &path) {
                self.note_ignored(&path, false);
                continue;
            }
            match stat.unwrap_or_else(|| dir.stat(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => listing.push(name, ChildKind::Is(self.file(&path, found))),
            }
        }
        listing.state = match (&listing.children[..], names.is_empty()) {
            ([], true) => DirState::Is(Host::EmptyDir),
            ([], false) => DirState::Is(Host::HollowDir),
            _ => DirState::Full,
        };
        listing.sort();
        listing
    }

    /// Notes a name that is never versioned: a temporary of a killed command, or what no command removes.
    fn note_reserved(&self, task: &Task, name: &[u8], path: &BString, nested: bool) {
        if is_temporary(name) {
            // Those in another pond may be of a command that is at work under that one's lock.
            if !nested {
                self.note(|walk| walk.temporaries.push(path.clone()));
            }
        } else if !task.path.is_empty() {
            self.note(|walk| walk.immovable.push(path.clone()));
        }
    }

    fn is_wanted(&self, path: &[u8], is_dir: bool) -> bool {
        self.options
            .pathspecs
            .is_none_or(|specs| specs.matches(path, is_dir) || is_dir && specs.may_match_below(path))
    }

    fn file(&self, path: &[u8], stat: io::Result<crate::stat::Stat>) -> Host {
        match stat {
            Ok(stat) => match (stat.kind(), stat.special()) {
                (Some(Kind::Directory), _) => {
                    let error = io::Error::other("it became a directory while the mirror was read");
                    self.note(|walk| walk.unreadable.push((path.into(), error)));
                    Host::Held
                }
                (_, Some(word)) => {
                    self.note(|walk| walk.special.push((path.into(), word)));
                    Host::Special(stat)
                }
                _ => Host::File(stat),
            },
            Err(error) => {
                self.note(|walk| walk.unreadable.push((path.into(), error)));
                Host::Held
            }
        }
    }

    /// Whether a directory is looked into, be it a pond: it is tracked, or something below it is.
    fn is_entered(&self, task: &Task) -> bool {
        let is_tracked = |index: &Index| {
            let own = task.rows.start.checked_sub(1).filter(|own| index.path(*own) == task.path);
            let own = own.and_then(|own| index.entry(own).staged);
            own.is_some_and(|side| side.kind == Kind::Directory) || index.any_live(task.rows.clone())
        };
        self.options.untracked == Untracked::Everything || self.options.index.is_some_and(is_tracked)
    }

    fn is_tracked(&self, rows: &Range<usize>, path: &[u8]) -> bool {
        self.options
            .index
            .is_some_and(|index| index.find_in(rows.clone(), path).is_ok_and(|number| index.is_live(number)))
    }

    fn note_ignored(&self, path: &[u8], is_dir: bool) {
        if self.options.ignored {
            let mut path = BString::from(path);
            if is_dir {
                path.push(b'/');
            }
            self.note(|walk| walk.ignored.push(path));
        }
    }

    /// What is done about a directory; `None` if it does not count.
    fn child_dir(
        &self,
        task: &Task,
        level: &Option<Arc<Level>>,
        dir: &Arc<HostDir>,
        path: &[u8],
        ignored: bool,
    ) -> Option<ChildDir> {
        let Some(index) = self.options.index else {
            if ignored {
                self.note_ignored(path, true);
                return None;
            }
            return Some(ChildDir::Listed(0..0));
        };
        let rows = index.range_of_dir_in(task.rows.clone(), path);
        // The row of a tracked empty directory stands right before those below it.
        let own = rows.start.checked_sub(1).filter(|own| task.rows.contains(own) && index.path(*own) == path);
        let own = own.and_then(|own| index.entry(own).staged);
        let tracked_itself = own.is_some_and(|side| side.kind == Kind::Directory);
        if index.any_live(rows.clone()) || ignored && tracked_itself {
            return Some(ChildDir::Listed(rows));
        }
        if ignored {
            self.note_ignored(path, true);
            return None;
        }
        let one_of_all = || self.options.pathspecs.is_none_or(|specs| specs.matches_all_below(path));
        match self.options.untracked {
            Untracked::No if own.is_some() => Some(ChildDir::Listed(rows)),
            Untracked::No => None,
            Untracked::Normal if !tracked_itself && one_of_all() => {
                self.holds_anything(level, dir, path).then_some(ChildDir::Collapsed)
            }
            _ => Some(ChildDir::Listed(rows)),
        }
    }

    /// Whether an untracked directory has something to version in it: a file that is not ignored, or an empty
    /// directory. Stops at the first, unless ignored names are asked for.
    fn holds_anything(&self, level: &Option<Arc<Level>>, parent: &Arc<HostDir>, path: &[u8]) -> bool {
        let mut found = false;
        let mut stack = vec![(parent.clone(), level.clone(), BString::from(path))];
        while let Some((parent, level, path)) = stack.pop() {
            let name_at = path.rfind_byte(b'/').map_or(0, |at| at + 1);
            let (dir, names) = match self.open(&parent, &path, name_at) {
                Ok(Some((dir, names))) if is_pond(&dir, &names) => {
                    self.note(|walk| walk.nested.push(path));
                    continue;
                }
                Ok(Some((dir, names))) => (Arc::new(dir), names),
                Ok(None) => continue,
                Err(error) => {
                    self.note(|walk| walk.unreadable.push((path, error)));
                    continue;
                }
            };
            let mut holds = names.is_empty();
            let level = self.level(level, &dir, &path, &names);
            for (name, kind) in names.iter().filter(|(name, _)| !is_always_ignored(name)) {
                let child = join(&path, name);
                let is_dir = match kind {
                    NameKind::Directory => true,
                    NameKind::Unknown => {
                        dir.stat(name).is_ok_and(|stat| stat.kind() == Some(Kind::Directory))
                    }
                    _ => false,
                };
                if ignore::matched(level.as_deref(), &child, is_dir).is_ignored() {
                    self.note_ignored(&child, is_dir);
                } else if is_dir {
                    stack.push((dir.clone(), level.clone(), child));
                } else if kind == NameKind::Special {
                    self.note_special(&dir, name, child);
                } else {
                    holds = true;
                }
            }
            found |= holds;
            if holds && self.options.ignored {
                self.note(|walk| walk.holding.push(path));
            }
            if found && !self.options.ignored {
                return true;
            }
        }
        found
    }

    fn note_special(&self, dir: &HostDir, name: &[u8], path: BString) {
        if let Ok(Some(word)) = dir.stat(name).map(|stat| stat.special()) {
            self.note(|walk| walk.special.push((path, word)));
        }
    }
}

enum ChildDir {
    /// It is to be listed; the rows of the index below it.
    Listed(Range<usize>),
    /// It stands for all that is in it.
    Collapsed,
}
