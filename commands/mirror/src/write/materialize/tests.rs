use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pond_objects::memory::MemoryObjects;
use pond_objects::page::{Body, Page};
use pond_objects::{Commit, Manifest, ReadError};

use super::*;
use crate::write::secure_dir::LayOutError;

struct Host {
    root: tempfile::TempDir,
    objects: MemoryObjects,
}

impl Host {
    fn new() -> Self {
        Self { root: tempfile::tempdir().expect("a directory"), objects: MemoryObjects::new() }
    }

    fn at(&self, path: impl AsRef<OsStr>) -> PathBuf {
        self.root.path().join(path.as_ref())
    }

    fn materializer(&self) -> Materializer<'_> {
        with(self.root.path(), &self.objects)
    }

    fn put(&self, path: &str, content: &str) -> Stat {
        fs::create_dir_all(self.at(path).parent().expect("a parent")).expect("made");
        fs::write(self.at(path), content).expect("written");
        Stat::of(&self.at(path)).expect("a stat")
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).expect("read")
    }

    fn temporaries(&self) -> usize {
        fn count(dir: &Path) -> usize {
            let entries = fs::read_dir(dir).expect("a listing").map(|entry| entry.expect("an entry"));
            entries
                .map(|entry| {
                    let below =
                        if entry.file_type().expect("a type").is_dir() { count(&entry.path()) } else { 0 };
                    below + usize::from(crate::temporary::is_temporary(entry.file_name().as_bytes()))
                })
                .sum()
        }
        count(self.root.path())
    }
}

fn with<'a>(root: &Path, source: &'a dyn ObjectSource) -> Materializer<'a> {
    let options = Options { flush: Flush::BeforeNaming, replaced: None, interrupted: &|| false };
    Materializer::new(MirrorDir::open(root).expect("opened"), source, options)
}

fn file(content: &str, objects: &mut MemoryObjects) -> Want {
    let (id, size) = (objects.add_blob(content.as_bytes()), content.len() as u64);
    Want::Entry { kind: Kind::File, id, size, mtime_ns: None }
}

fn request(path: &str, want: Want, expected: Expected) -> WriteRequest {
    WriteRequest { path: path.into(), want, expected }
}

fn all(materializer: &Materializer<'_>, requests: &[WriteRequest]) -> Vec<Done> {
    with_threads(3, materializer, requests)
}

fn with_threads(threads: usize, materializer: &Materializer<'_>, requests: &[WriteRequest]) -> Vec<Done> {
    let Materialized { results: done, stuck, synced } =
        materializer.materialize_all(requests, threads, &|_| true, &|_, _| {});
    assert!(stuck.is_empty(), "{stuck:?}");
    synced.expect("synced");
    done
}

#[test]
fn content_mode_and_time_arrive() {
    let mut host = Host::new();
    let id = host.objects.add_blob(b"#!/bin/sh\n");
    let time = 1_234_567_890_123_456_789;
    let path = BStr::new(b"new/dir/\xff run");
    let written = host
        .materializer()
        .write_file(path, Kind::Executable, &id, 10, Some(time), &Expected::Absent)
        .expect("written");
    let stat = Stat::of(&host.at(OsStr::from_bytes(path))).expect("a stat");
    assert_eq!(written.stat, stat);
    assert_eq!((stat.kind(), stat.mtime_ns), (Some(Kind::Executable), time));

    // A plain file over it; then again over a private one.
    let expected = Expected::Stat(stat);
    let write = |kind, expected| {
        host.materializer().write_file(path, kind, &id, 10, None, &expected).expect("written")
    };
    let stat = write(Kind::File, expected).stat;
    assert_eq!(stat.kind(), Some(Kind::File));
    fs::set_permissions(host.at(OsStr::from_bytes(path)), Permissions::from_mode(0o640)).expect("set");
    assert_eq!(write(Kind::File, Expected::Any).stat.mode & 0o777, 0o640);
    assert_eq!(write(Kind::Executable, Expected::Any).stat.mode & 0o777, 0o750);
    assert_eq!(write(Kind::File, Expected::Any).stat.mode & 0o777, 0o640);
    assert_eq!(host.temporaries(), 0);
}

#[test]
fn the_guard_lets_nothing_be_overwritten() {
    let mut host = Host::new();
    let id = host.objects.add_blob(b"new");
    let seen = host.put("a", "mine");
    let write = |path: &str, expected| {
        host.materializer().write_file(path.into(), Kind::File, &id, 3, None, &expected)
    };
    let changed = |done: Result<Written, MaterializeError>| {
        assert!(matches!(done, Err(MaterializeError::ChangedMeanwhile { path }) if path == "a"));
    };
    changed(write("a", Expected::Absent));
    changed(write("a", Expected::Stat(Stat { size: 5, ..seen })));
    changed(write("a", Expected::Stat(Stat { inode: seen.inode + 1, ..seen })));
    host.put("a", "MINE!");
    changed(write("a", Expected::Stat(seen)));
    // Without kept inodes the same file must be unchanged too.
    changed(write("a", Expected::SameFile(seen)));
    fs::rename(host.at("a"), host.at("b")).expect("renamed");
    changed(write("a", Expected::Stat(seen)));
    assert_eq!((host.read("b").as_str(), host.temporaries()), ("MINE!", 0));

    let not_removed = host.materializer().remove("b".into(), &Expected::Stat(seen), &|_| true);
    assert!(matches!(not_removed, Err(MaterializeError::ChangedMeanwhile { .. })));
    let seen = Stat::of(&host.at("b")).expect("a stat");
    assert!(host.materializer().remove("b".into(), &Expected::Stat(seen), &|_| true).expect("removed"));
    assert!(!host.materializer().remove("b".into(), &Expected::Stat(seen), &|_| true).expect("was removed"));
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_temporary() {
    /// Hands out the first chunks of a blob only.
    struct Torn(MemoryObjects, AtomicUsize);
    impl ObjectSource for Torn {
        fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
            self.0.page(body, id)
        }
        fn chunk(&self, id: &ObjectId) -> Result<bytes::Bytes, ReadError> {
            match self.1.fetch_add(1, Ordering::Relaxed) {
                0..3 => self.0.chunk(id),
                _ => Err(ReadError::Missing { what: "chunk", id: *id }),
            }
        }
        fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
            self.0.manifest(blob)
        }
        fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
            self.0.commit(id)
        }
    }

    let mut host = Host::new();
    host.put("a", "mine");
    let content: Vec<u8> =
        (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let id = host.objects.add_blob(&content);
    let size = content.len() as u64;
    let write = |source: &dyn ObjectSource, size, interrupted: &(dyn Fn() -> bool + Sync)| {
        let options = Options { flush: Flush::Never, replaced: None, interrupted };
        let materializer =
            Materializer::new(MirrorDir::open(host.root.path()).expect("opened"), source, options);
        materializer
            .write_file("a".into(), Kind::File, &id, size, None, &Expected::Any)
            .map(|written| written.stat.size)
    };
    assert!(matches!(write(&host.objects, size - 1, &|| false), Err(MaterializeError::Size { .. })));
    assert!(matches!(write(&host.objects, size + 1, &|| false), Err(MaterializeError::Size { .. })));
    let asked = AtomicUsize::new(0);
    let interrupted = || asked.fetch_add(1, Ordering::Relaxed) > 2;
    assert!(matches!(write(&host.objects, size, &interrupted), Err(MaterializeError::Interrupted { .. })));
    let mut torn = Torn(MemoryObjects::new(), AtomicUsize::new(0));
    torn.0.add_blob(&content);
    assert!(matches!(write(&torn, size, &|| false), Err(MaterializeError::Read { .. })));
    assert_eq!((host.read("a").as_str(), host.temporaries()), ("mine", 0));
    assert_eq!(write(&host.objects, size, &|| false).expect("written"), size);
}

#[test]
fn symlinks_are_written_and_never_followed() {
    let (mut host, outside) = (Host::new(), Host::new());
    outside.put("target", "theirs");
    let to = outside.at("target").into_os_string();
    let id = host.objects.add_blob(to.as_bytes());
    let size = to.len() as u64;
    let content = host.objects.add_blob(b"new");
    let empty = host.objects.add_blob(b"");
    let link =
        |path: &str| host.materializer().write_symlink(path.into(), &id, size, Some(-5), &Expected::Absent);
    assert_eq!(link("link").expect("written").stat, Stat::of(&host.at("link")).expect("a stat"));
    assert_eq!(fs::read_link(host.at("link")).expect("a link"), outside.at("target"));
    let write = |path: &str| {
        host.materializer().write_file(path.into(), Kind::File, &content, 3, None, &Expected::Any)
    };
    assert!(matches!(write("link/x"), Err(MaterializeError::InTheWay { path }) if path == "link"));
    symlink(outside.root.path(), host.at("out")).expect("linked");
    assert!(matches!(write("out/target"), Err(MaterializeError::InTheWay { path }) if path == "out"));
    assert!(!host.materializer().remove("out/target".into(), &Expected::Any, &|_| true).expect("not there"));
    write("link").expect("the link itself is replaced");
    assert_eq!((outside.read("target").as_str(), host.read("link").as_str()), ("theirs", "new"));

    let long = host.materializer().write_symlink("l".into(), &id, u64::MAX, None, &Expected::Absent);
    assert!(matches!(long, Err(MaterializeError::Impossible { .. })));
    let other = host.materializer().write_symlink("l".into(), &id, size - 1, None, &Expected::Absent);
    assert!(other.is_err());
    let empty = host.materializer().write_symlink("l".into(), &empty, 0, None, &Expected::Absent);
    assert!(empty.is_err() && host.temporaries() == 0);
}

#[test]
fn what_is_not_ponds_stays_in_the_way() {
    let mut host = Host::new();
    let id = host.objects.add_blob(b"new");
    host.put("dir/untracked", "mine");
    host.put("file", "mine");
    fs::create_dir(host.at("empty")).expect("made");
    rustix::fs::mkfifoat(rustix::fs::CWD, host.at("fifo"), rustix::fs::Mode::RWXU).expect("made");
    let write =
        |path: &str| host.materializer().write_file(path.into(), Kind::File, &id, 3, None, &Expected::Any);
    for (path, culprit) in [("dir", "dir"), ("fifo", "fifo"), ("file/x", "file")] {
        assert!(matches!(write(path), Err(MaterializeError::InTheWay { path }) if path == culprit), "{path}");
    }
    let remove = |path: &str| host.materializer().remove(path.into(), &Expected::Any, &|_| true);
    assert!(matches!(remove("dir"), Err(MaterializeError::InTheWay { .. })));
    assert!(matches!(remove("fifo"), Err(MaterializeError::InTheWay { .. })));
    write("empty").expect("an empty directory gives way");
    for path in ["../x", "/x", ".pond/x", "a/.POND", "", "a//b"] {
        assert!(matches!(write(path), Err(MaterializeError::Refused { .. })), "{path}");
    }
    let long = "n".repeat(255);
    assert!(write(&long).is_ok());
    assert_eq!((host.read("dir/untracked").as_str(), host.read("file").as_str()), ("mine", "mine"));
    assert_eq!(host.temporaries(), 0);
}

#[test]
fn files_become_directories_and_back() {
    let mut host = Host::new();
    let want = file("new", &mut host.objects);
    let (a, b) = (host.put("a", "file"), host.put("b/c/d", "file"));
    let other = host.put("b/c/e", "file");
    host.put("k/gone", "file");
    fs::create_dir(host.at("k/stays")).expect("made");
    let directory = Want::Entry { kind: Kind::Directory, id: ObjectId::ZERO, size: 0, mtime_ns: None };
    let requests = [
        request("a/x/y", want, Expected::Absent),
        request("a", Want::Absent, Expected::Stat(a)),
        request("b", want, Expected::Absent),
        request("b/c/d", Want::Absent, Expected::Stat(b)),
        request("b/c/e", Want::Absent, Expected::Stat(other)),
        request("k/gone", Want::Absent, Expected::Any),
        request("e/f", directory, Expected::Absent),
    ];
    for done in all(&host.materializer(), &requests) {
        done.expect("done");
    }
    assert_eq!((host.read("a/x/y").as_str(), host.read("b").as_str()), ("new", "new"));
    assert!(host.at("k/stays").is_dir() && host.at("e/f").is_dir());

    // A file that is expected may make way for a directory at once.
    let seen = Stat::of(&host.at("b")).expect("a stat");
    let done = all(&host.materializer(), &[request("b", directory, Expected::Stat(seen))]);
    assert!(done[0].is_ok() && host.at("b").is_dir());
    let mine = request("a/x/y", directory, Expected::Absent);
    assert!(all(&host.materializer(), &[mine])[0].is_err());
}

#[test]
fn one_failure_does_not_stop_the_others_and_an_interruption_does() {
    let mut host = Host::new();
    let want = file("new", &mut host.objects);
    let long = "x".repeat(200) + "/" + &"y".repeat(256);
    let mut requests: Vec<_> =
        (0..40).map(|n| request(&format!("d{}/{n}", n % 3), want, Expected::Absent)).collect();
    requests.insert(20, request(&long, want, Expected::Absent));
    host.put("d1/4", "mine");
    let seen = AtomicUsize::new(0);
    let Materialized { results: done, .. } =
        host.materializer().materialize_all(&requests, 4, &|_| true, &|_, _| {
            seen.fetch_add(1, Ordering::Relaxed);
        });
    let failed: Vec<_> =
        done.iter().enumerate().filter(|(_, done)| done.is_err()).map(|(at, _)| at).collect();
    assert_eq!((failed, seen.into_inner(), host.read("d1/4").as_str()), (vec![4, 20], 41, "mine"));

    let asked = AtomicUsize::new(0);
    let interrupted = || asked.fetch_add(1, Ordering::Relaxed) >= 20;
    let other = tempfile::tempdir().expect("a directory");
    let options = Options { flush: Flush::Never, replaced: None, interrupted: &interrupted };
    let root = MirrorDir::open_empty(&other.path().join("out")).expect("made");
    let Materialized { results: done, .. } =
        Materializer::new(root, &host.objects, options).materialize_all(&requests, 1, &|_| true, &|_, _| {});
    assert!(done[0].is_ok());
    assert!(matches!(done.last(), Some(Err(MaterializeError::Interrupted { .. }))));
    assert!(matches!(MirrorDir::open_empty(&other.path().join("out")), Err(LayOutError::NotEmpty(_))));
}

#[test]
fn a_sparse_file_stays_sparse() {
    let mut host = Host::new();
    let mut content = vec![0; 48 << 20];
    content[20 << 20] = 1;
    content.extend_from_slice(b"end");
    let id = host.objects.add_blob(&content);
    let size = content.len() as u64;
    host.materializer()
        .write_file("s".into(), Kind::File, &id, size, None, &Expected::Absent)
        .expect("written");
    let metadata = fs::metadata(host.at("s")).expect("metadata");
    assert!(metadata.len() == size && metadata.blocks() * 512 < 1 << 20, "{} blocks", metadata.blocks());
    assert!(fs::read(host.at("s")).expect("read") == content);
}

#[test]
fn a_full_disk_leaves_what_was() {
    let mut host = Host::new();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(host.root.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("skipped: a small tmpfs can't be mounted here");
        return;
    }
    host.put("a", "mine");
    let big = "0123456789abcdef".repeat(1 << 16);
    let (big, small) = (file(&big, &mut host.objects), file("small", &mut host.objects));
    let requests = [request("a", big, Expected::Any), request("b", small, Expected::Absent)];
    // One after the other: beside the temporary that fills the disk, the small file would find no room either.
    let done = with_threads(1, &host.materializer(), &requests);
    let (old, new, temporaries) = (host.read("a"), host.read("b"), host.temporaries());
    let unmounted =
        std::process::Command::new("umount").arg(host.root.path()).status().expect("umount is there");
    assert!(unmounted.success());
    assert!(matches!(done[0], Err(MaterializeError::DiskFull { .. })), "{:?}", done[0]);
    assert!(done[1].is_ok());
    assert_eq!((old.as_str(), new.as_str(), temporaries), ("mine", "small", 0));
}
