//! Ignored directories: what is in them, and what is one for all that is in it.

use std::io;

use bstr::{BString, ByteSlice as _};
use pond_objects::path::is_below;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Kind, path_order};

use crate::host::ignore::is_always_ignored;
use crate::host::walk::host::{HostDir, join};
use crate::host::walk::nested::is_pond;
use crate::index::Index;
use crate::scan::Scan;

/// A path that is ignored, or in an ignored directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The path from the mirror's root.
    pub path: BString,
    /// An empty directory.
    pub is_dir: bool,
}

/// The ignored paths that a scan names, directories taken apart into what is in them. Ponds, git repositories and special
/// files in them are put down in the scan, or left out. Without `deep`, directories and what is in untracked ones is left
/// out.
pub fn expand(
    root: &HostDir,
    scan: &mut Scan,
    pathspecs: Option<&Pathspecs>,
    deep: bool,
    is_in_tracked: &dyn Fn(&[u8]) -> bool,
) -> Vec<Ignored> {
    let mut expander = Expander { scan, found: Vec::new() };
    for path in std::mem::take(&mut expander.scan.ignored) {
        match path.strip_suffix(b"/") {
            Some(dir) if deep => {
                let opened = open_below(root, dir);
                expander.directory(opened, dir.into());
            }
            Some(_) => {}
            None if deep || is_in_tracked(&path) => expander.found.push(Ignored { path, is_dir: false }),
            None => {}
        }
    }
    let mut found = expander.found;
    found.retain(|found| pathspecs.is_none_or(|specs| specs.matches(&found.path, found.is_dir)));
    found
}

/// The ignored paths that a scan names, with each directory in which there is nothing else, tracked or to be tracked, in
/// the place of what is in it.
pub fn collapse(scan: &mut Scan, index: &Index, pathspecs: Option<&Pathspecs>) -> Vec<BString> {
    let holding = &scan.holding;
    let holds = |dir: &[u8]| {
        let at = holding.partition_point(|path| path_order(path, dir).is_lt());
        holding.get(at).is_some_and(|path| path == dir || is_below(path, dir))
    };
    let is_tracked = |dir: &[u8]| {
        index.find(dir).is_ok_and(|row| index.is_live(row)) || index.any_live(index.range_of_dir(dir))
    };
    let has_nothing_else = |dir: &&[u8]| {
        pathspecs.is_none_or(|specs| specs.matches_all_below(dir)) && !is_tracked(dir) && !holds(dir)
    };
    let mut shown: Vec<BString> = Vec::with_capacity(scan.ignored.len());
    for path in std::mem::take(&mut scan.ignored) {
        if shown.last().is_some_and(|last| last.ends_with(b"/") && path.starts_with(last)) {
            continue;
        }
        let inner = path.strip_suffix(b"/").unwrap_or(&path);
        let mut parents = inner.find_iter("/").map(|end| &inner[..end]);
        match parents.find(has_nothing_else) {
            Some(dir) => shown.push([dir, b"/"].concat().into()),
            None => shown.push(path),
        }
    }
    shown
}

fn open_below(root: &HostDir, path: &[u8]) -> io::Result<HostDir> {
    let mut names = path.split_str("/");
    let first = names.next().unwrap_or_default();
    names.try_fold(root.open_child(first)?, |dir, name| dir.open_child(name))
}

struct Expander<'a> {
    scan: &'a mut Scan,
    found: Vec<Ignored>,
}

impl Expander<'_> {
    fn directory(&mut self, opened: io::Result<HostDir>, path: BString) {
        let listed = opened.and_then(|dir| dir.read().map(|names| (dir, names)));
        let (dir, names) = match listed {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.scan.unreadable.push((path, error)),
        };
        if is_pond(&dir, &names) {
            return self.scan.nested.push(path);
        }
        if names.is_empty() {
            self.found.push(Ignored { path: path.clone(), is_dir: true });
        }
        for (name, _) in names.iter().filter(|(name, _)| !is_always_ignored(name)) {
            let child = join(&path, name);
            match dir.stat(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.scan.unreadable.push((child, error)),
                Ok(stat) => match stat.kind() {
                    Some(Kind::Directory) => self.directory(dir.open_child(name), child),
                    Some(_) => self.found.push(Ignored { path: child, is_dir: false }),
                    None => self.scan.special.push((child, stat.special().unwrap_or("special file"))),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn ignored_directories_are_taken_apart() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        for made in ["out/sub/empty", "out/pond/.pond"] {
            fs::create_dir_all(root.join(made)).expect("directories");
        }
        for written in ["out/a", "out/sub/b", "out/pond/c", "x.o"] {
            fs::write(root.join(written), "").expect("written");
        }
        let expanded = |deep| {
            let ignored = vec!["out/".into(), "x.o".into()];
            let mut scan = Scan { ignored, ..Scan::default() };
            let host = HostDir::open_root(root).expect("the root");
            let mut paths: Vec<String> = expand(&host, &mut scan, None, deep, &|_| true)
                .into_iter()
                .map(|found| format!("{}{}", found.path, if found.is_dir { "/" } else { "" }))
                .collect();
            paths.sort();
            (paths.join(" "), scan.nested)
        };
        assert_eq!(expanded(true), ("out/a out/sub/b out/sub/empty/ x.o".into(), vec!["out/pond".into()]));
        assert_eq!(expanded(false), ("x.o".into(), Vec::new()));
    }
}
