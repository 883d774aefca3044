//! Compares two directories: names as bytes, kinds, the executable bit, contents, link targets, empty directories.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What is at one path, as far as a pond keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tree {
    what: What,
    /// Nanoseconds since 1970, of ordinary files when times are asked for.
    mtime: Option<i128>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    File { executable: bool, size: u64, hash: String },
    Link { target: OsString },
    Directory,
    Special,
}

/// Panics with the list of differences unless the trees are the same. A `.pond` at the top of either is left out.
#[track_caller]
pub(crate) fn assert_same_tree(a: &Path, b: &Path) {
    compare(a, b, false);
}

/// The same, with the modification times of files.
#[track_caller]
pub(crate) fn assert_same_tree_and_times(a: &Path, b: &Path) {
    compare(a, b, true);
}

#[track_caller]
fn compare(a: &Path, b: &Path, times: bool) {
    let (left, right) = (look(a, times), look(b, times));
    let mut differences = Vec::new();
    for (path, found) in &left {
        match right.get(path) {
            None => differences.push(format!("only in {}: {path:?}", a.display())),
            Some(other) if other != found => differences.push(format!("{path:?}: {found:?} and {other:?}")),
            Some(_) => {}
        }
    }
    let missing = right.keys().filter(|path| !left.contains_key(*path));
    differences.extend(missing.map(|path| format!("only in {}: {path:?}", b.display())));
    assert!(differences.is_empty(), "the trees differ:\n{}", differences.join("\n"));
    assert!(!left.is_empty(), "both trees are empty: the comparison would prove nothing");
}

fn look(root: &Path, times: bool) -> BTreeMap<PathBuf, Tree> {
    let walk = walkdir::WalkDir::new(root).min_depth(1).follow_links(false);
    let entries = walk.into_iter().filter_entry(|entry| entry.depth() != 1 || entry.file_name() != ".pond");
    let mut tree = BTreeMap::new();
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        let metadata = fs::symlink_metadata(entry.path()).expect("metadata");
        let kind = metadata.file_type();
        let what = if kind.is_dir() {
            What::Directory
        } else if kind.is_symlink() {
            What::Link { target: fs::read_link(entry.path()).expect("a link").into_os_string() }
        } else if kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device() {
            What::Special
        } else {
            let executable = metadata.mode() & 0o100 != 0;
            What::File { executable, size: metadata.len(), hash: hash_file(entry.path()) }
        };
        let seconds = i128::from(metadata.mtime());
        // The table keeps microseconds.
        let mtime = (times && kind.is_file())
            .then(|| seconds * 1_000_000_000 + i128::from(metadata.mtime_nsec() / 1000 * 1000));
        tree.insert(entry.path().strip_prefix(root).expect("a path below").to_owned(), Tree { what, mtime });
    }
    tree
}

/// The BLAKE3 of a file, in hex, as `b3sum` prints it.
pub(crate) fn hash_file(path: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    io::copy(&mut file, &mut hasher).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    hasher.finalize().to_hex().to_string()
}
