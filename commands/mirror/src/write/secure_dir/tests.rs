use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::temporary::is_temporary;

fn tempdir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

fn names(dir: &Path) -> Vec<String> {
    let name =
        |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = fs::read_dir(dir).expect("a listing").map(name).collect();
    names.sort();
    names
}

#[test]
fn no_way_leads_out() {
    let (inside, outside) = (tempdir(), tempdir());
    fs::create_dir(inside.path().join("dir")).expect("made");
    fs::write(inside.path().join("file"), "").expect("written");
    symlink(outside.path(), inside.path().join("out")).expect("linked");
    symlink("dir", inside.path().join("in")).expect("linked");
    symlink("/proc/self/cwd", inside.path().join("dir/magic")).expect("linked");
    let root = MirrorDir::open(inside.path()).expect("opened");
    for (path, culprit) in [
        ("out", "out"),
        ("out/new", "out"),
        ("in/new", "in"),
        ("dir/magic/x", "dir/magic"),
        ("file/x/y", "file"),
        ("dir/../..", "dir/.."),
    ] {
        for make in [false, true] {
            let of = |opened: Result<Dir, DirError>| match opened {
                Err(DirError::InTheWay { path }) => assert_eq!(path, culprit),
                other => panic!("{path}: {other:?}"),
            };
            of(root.directory_by_names(path.as_bytes(), make));
            of(if make { root.make_directory(path.as_bytes()) } else { root.directory(path.as_bytes()) });
        }
    }
    assert!(names(outside.path()).is_empty());
    assert!(matches!(root.directory(b"a/b"), Err(DirError::Missing { path }) if path == "a"));
    root.make_directory(b"a/b").expect("made");
    root.directory(b"").expect("the root").make(b"c").expect("made");
    assert!(inside.path().join("a/b").is_dir() && inside.path().join("c").is_dir());
}

#[test]
fn a_link_swapped_in_leads_nowhere() {
    let (inside, outside) = (tempdir(), tempdir());
    let at = |name: &str| inside.path().join(name);
    fs::create_dir(at("d")).expect("made");
    symlink(outside.path(), at("link")).expect("linked");
    let root = MirrorDir::open(inside.path()).expect("opened");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, at("d"), CWD, at("link"), RenameFlags::EXCHANGE)
                    .expect("exchanged");
            }
        });
        for _ in 0..2000 {
            if let Ok(dir) = root.make_directory(b"d")
                && let Ok((temporary, _)) = dir.temporary_file(0o666)
            {
                let _ = temporary.into_new(b"x");
                let _ = dir.unlink(b"x");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(names(outside.path()).is_empty());
}

#[test]
fn temporaries_are_removed_unless_placed() {
    let root = tempdir();
    let dir = MirrorDir::open(root.path()).expect("opened").directory(b"").expect("the root");
    let (temporary, _) = dir.temporary_file(0o600).expect("created");
    assert!(is_temporary(temporary.name()) && names(root.path()).len() == 1);
    drop(temporary);
    dir.temporary_file(0o600).expect("created").0.into_new(b"a").expect("placed");
    let taken = dir.temporary_symlink(b"nowhere").expect("created").into_new(b"a");
    assert_eq!(taken.expect_err("is taken").kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(names(root.path()), ["a"]);
}

#[test]
fn a_name_that_somebody_chose_is_no_temporarys() {
    let root = tempdir();
    let name_in = |dir: &Dir| dir.temporary_file(0o600).expect("created").0.name().to_vec();
    let own = name_in(&MirrorDir::open(root.path()).expect("opened").directory(b"").expect("the root"));
    assert!(is_temporary(&own), "{:?}", own.as_bstr());
    let mut other = own.clone();
    let last = other.last_mut().expect("a name has bytes");
    *last = if *last == b'0' { b'1' } else { b'0' };
    assert!(!is_temporary(&other), "{:?}", other.as_bstr());
    for chosen in [
        ".pond-tmp-",
        ".pond-tmp-1",
        ".pond-tmp-0123456789abcdef",
        ".pond-tmp-0123456789abcdef0123456789abcdef",
    ] {
        assert!(!is_temporary(chosen.as_bytes()), "{chosen}");
    }
    // A command that lays a version out elsewhere holds no lock: nobody may take its temporaries for leftovers.
    let elsewhere = MirrorDir::open_empty(root.path()).expect("empty").directory(b"").expect("the root");
    assert!(!is_temporary(&name_in(&elsewhere)));
}

#[test]
fn only_the_expected_inode_is_replaced() {
    let root = tempdir();
    fs::write(root.path().join("a"), "foreign").expect("written");
    let inode = fs::metadata(root.path().join("a")).expect("there").ino();
    let dir = Dir::open(root.path()).expect("opened");
    let new = || dir.temporary_file(0o600).expect("created").0;
    assert!(!new().replace(b"a", inode + 1).expect("looked"));
    assert!(!new().replace(b"missing", inode).expect("looked"));
    assert_eq!(fs::read(root.path().join("a")).expect("read"), b"foreign");
    assert_eq!(names(root.path()), ["a"]);
    assert!(new().replace(b"a", inode).expect("replaced"));
    assert_eq!(fs::read(root.path().join("a")).expect("read"), b"");
    assert_eq!(names(root.path()), ["a"]);
}

#[test]
fn times_before_1970_and_of_links() {
    let root = tempdir();
    let dir = Dir::open(root.path()).expect("opened");
    dir.temporary_symlink(b"nowhere").expect("created").into_new(b"link").expect("placed");
    for time in [-1_500_000_001, 0, 1_700_000_000_123_456_789] {
        dir.set_mtime(b"link", time).expect("set");
        assert_eq!(Stat::of(&root.path().join("link")).expect("a stat").mtime_ns, time);
    }
}

#[test]
fn a_tree_is_laid_out_in_an_empty_directory_only() {
    let root = tempdir();
    MirrorDir::open_empty(&root.path().join("new/deep")).expect("made");
    MirrorDir::open_empty(&root.path().join("new/deep")).expect("still empty");
    assert!(matches!(MirrorDir::open_empty(root.path()), Err(LayOutError::NotEmpty(_))));
    fs::write(root.path().join("file"), "").expect("written");
    assert!(matches!(MirrorDir::open_empty(&root.path().join("file")), Err(LayOutError::Host { .. })));
}
