use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use pond_objects::memory::MemoryObjects;
use pond_objects::{Kind, ObjectId};

use super::*;
use crate::write::materialize::{Expected, Flush, Materializer, Options};

const NOW: Ages = Ages { seen: Duration::ZERO, unseen: Duration::ZERO };

struct Pond {
    root: tempfile::TempDir,
    objects: MemoryObjects,
    new: ObjectId,
}

impl Pond {
    fn new() -> Self {
        let mut objects = MemoryObjects::new();
        let new = objects.add_blob(b"new\n");
        Self { root: tempfile::tempdir().expect("a directory"), objects, new }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn replaced(&self) -> Replaced {
        Replaced::open(&self.at(".pond/replaced"), self.root.path()).expect("opened")
    }

    fn with<T>(&self, replaced: &Replaced, run: impl FnOnce(&Materializer<'_>) -> T) -> T {
        let options = Options { flush: Flush::Never, replaced: Some(replaced), interrupted: &|| false };
        run(&Materializer::new(MirrorDir::open(self.root.path()).expect("opened"), &self.objects, options))
    }

    fn write(&self, replaced: &Replaced, path: &str, expected: Expected) -> bool {
        self.with(replaced, |to| to.write_file(path.into(), Kind::File, &self.new, 4, None, &expected))
            .is_ok()
    }

    fn files(&self) -> usize {
        fs::read_dir(self.at(".pond/replaced")).map_or(0, |listing| {
            listing.filter(|entry| entry.as_ref().expect("an entry").file_name() != "journal").count()
        })
    }
}

fn read(replaced: &Replaced, late: &LateWrite) -> (String, Stat) {
    let (mut file, stat) = replaced.open_kept(late).expect("opened");
    let mut content = String::new();
    file.read_to_string(&mut content).expect("read");
    (content, stat)
}

#[test]
fn late_writes_are_found_stored_and_released() {
    let pond = Pond::new();
    fs::write(pond.at("log"), "one\n").expect("written");
    let mut logger = OpenOptions::new().append(true).open(pond.at("log")).expect("opened");
    let replaced = pond.replaced();
    assert!(replaced.check().expect("checked").is_empty() && !pond.at(".pond").exists());
    assert!(pond.write(&replaced, "log", Expected::Any));
    assert!(replaced.check().expect("checked").is_empty());
    logger.write_all(b"two\n").expect("written");
    drop(replaced);

    let replaced = pond.replaced();
    let late = replaced.check().expect("checked");
    assert_eq!(late.len(), 1);
    assert_eq!((late[0].path.clone(), late[0].old_size, late[0].new_size), (Some("log".into()), 4, 8));
    assert_eq!(replaced.release(NOW).expect("released"), 0, "it is not stored");
    let (content, seen) = read(&replaced, &late[0]);
    assert_eq!((content.as_str(), fs::read_to_string(&late[0].kept).expect("read").len()), ("one\ntwo\n", 8));
    logger.write_all(b"three\n").expect("written");
    replaced.stored(&late[0], &seen).expect("noted");
    let replaced = pond.replaced();
    let late = replaced.check().expect("checked");
    assert_eq!((late[0].old_size, late[0].new_size), (8, 14), "what came while storing is late again");
    replaced.stored(&late[0], &read(&replaced, &late[0]).1).expect("noted");
    assert_eq!((replaced.check().expect("checked").len(), replaced.len()), (0, 1));
    assert_eq!(replaced.release(Ages::DEFAULT).expect("looked"), 0, "too young");
    assert_eq!(replaced.release(NOW).expect("released"), 1);
    assert_eq!(fs::read_dir(pond.at(".pond/replaced")).expect("a listing").count(), 0);
    assert_eq!(fs::read(pond.at("log")).expect("read"), b"new\n");
}

#[test]
fn what_another_process_has_open_is_kept() {
    let pond = Pond::new();
    fs::write(pond.at("log"), "").expect("written");
    let stdout = OpenOptions::new().append(true).open(pond.at("log")).expect("opened");
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(stdout).spawn().expect("cat is there");
    let replaced = pond.replaced();
    pond.with(&replaced, |to| to.remove("log".into(), &Expected::Any, &|_| false)).expect("removed");
    assert_eq!((replaced.release(NOW).expect("looked"), pond.files()), (0, 1));
    drop(child.stdin.take());
    child.wait().expect("cat ends");
    assert_eq!((replaced.release(NOW).expect("released"), pond.files()), (1, 0));
}

#[test]
fn failures_and_killed_commands_keep_nothing() {
    let pond = Pond::new();
    fs::write(pond.at("a"), "mine").expect("written");
    let stat = Stat::of(&pond.at("a")).expect("a stat");
    let replaced = pond.replaced();
    assert!(!pond.write(&replaced, "a", Expected::Stat(Stat { size: 1, ..stat })));
    assert_eq!(pond.files(), 0);
    // Killed after the link, before the rename; then the file goes on living.
    let dir = Dir::open(pond.root.path()).expect("opened");
    drop(replaced.keep(&dir, b"a", "a".into(), &stat, stat.inode).expect("kept").expect("it is that file"));
    fs::write(pond.at("a"), "edited").expect("written");
    let replaced = pond.replaced();
    assert!(replaced.check().expect("checked").is_empty());
    assert_eq!((replaced.release(Ages::DEFAULT).expect("released"), pond.files()), (1, 0));
    assert_eq!(fs::read(pond.at("a")).expect("read"), b"edited");
    // Another file under the name is not kept as this one.
    assert!(replaced.keep(&dir, b"a", "a".into(), &stat, stat.inode + 1).expect("looked").is_none());
    assert_eq!(pond.files(), 0);
}

#[test]
fn both_names_of_one_file_can_be_replaced() {
    let pond = Pond::new();
    fs::write(pond.at("a"), "mine").expect("written");
    fs::hard_link(pond.at("a"), pond.at("b")).expect("linked");
    let stat = Stat::of(&pond.at("a")).expect("a stat");
    let replaced = pond.replaced();
    assert!(
        pond.write(&replaced, "a", Expected::Stat(stat)) && pond.write(&replaced, "b", Expected::Stat(stat))
    );
    assert_eq!((pond.files(), replaced.check().expect("checked").len()), (2, 0));
}

#[test]
fn a_file_without_a_line_is_reported_whole() {
    let pond = Pond::new();
    fs::create_dir_all(pond.at(".pond/replaced")).expect("made");
    fs::write(pond.at(".pond/replaced/7-0"), "lost").expect("written");
    fs::write(pond.at(".pond/replaced/7-1"), "").expect("written");
    let replaced = pond.replaced();
    let late = replaced.check().expect("checked");
    assert_eq!((late.len(), &late[0].path, late[0].old_size, late[0].new_size), (1, &None, 0, 4));
    replaced.stored(&late[0], &read(&replaced, &late[0]).1).expect("noted");
    assert!(pond.replaced().check().expect("checked").is_empty());
    fs::write(pond.at("a"), "mine").expect("written");
    assert!(pond.write(&replaced, "a", Expected::Any) && pond.at(".pond/replaced/8-0").exists());
    assert_eq!(replaced.release(NOW).expect("released"), 3);
}

#[test]
fn without_hard_links_a_descriptor_keeps_the_file() {
    let pond = Pond::new();
    let other = Path::new("/dev/shm");
    let is_other = fs::metadata(other)
        .is_ok_and(|other| other.dev() != fs::metadata(pond.root.path()).expect("metadata").dev());
    let Some(elsewhere) = tempfile::tempdir_in(other).ok().filter(|_| is_other) else {
        eprintln!("skipped: /dev/shm is no other file system here");
        return;
    };
    fs::write(pond.at("log"), "one\n").expect("written");
    let mut logger = OpenOptions::new().append(true).open(pond.at("log")).expect("opened");
    let replaced = Replaced::open(elsewhere.path(), pond.root.path()).expect("opened");
    assert!(pond.write(&replaced, "log", Expected::Any) && replaced.len() == 1);
    logger.write_all(b"two\n").expect("written");
    let late = replaced.check().expect("checked");
    assert_eq!((late.len(), late[0].old_size, late[0].new_size), (1, 4, 8));
    let (content, seen) = read(&replaced, &late[0]);
    assert_eq!(content, "one\ntwo\n");
    replaced.stored(&late[0], &seen).expect("noted");
    assert!(replaced.check().expect("checked").is_empty());
}

/// Replaces a file fifty times while `append` adds lines to it, and gives the lines that were written and
/// those that are somewhere: stored, kept, or in the file.
fn fifty_times(append: impl Fn(&Path, u64) + Sync) -> (u64, BTreeSet<u64>) {
    let pond = Pond::new();
    let log = pond.at("log");
    fs::write(&log, "").expect("written");
    let (done, mut stored, written) = (AtomicBool::new(false), String::new(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                append(&log, written.fetch_add(1, Ordering::Relaxed));
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        let mut replacements = 0;
        while replacements < 50 {
            let replaced = pond.replaced();
            let mut file = fs::File::open(&log).expect("opened");
            let seen = stat_of_file(&file).expect("a stat");
            file.read_to_string(&mut stored).expect("read");
            drop(file);
            std::thread::sleep(Duration::from_millis(1));
            replacements += usize::from(pond.write(&replaced, "log", Expected::SameFile(seen)));
            for late in replaced.check().expect("checked") {
                let (content, seen) = read(&replaced, &late);
                stored.push_str(&content);
                replaced.stored(&late, &seen).expect("noted");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    // The next command.
    let replaced = pond.replaced();
    for late in replaced.check().expect("checked") {
        stored.push_str(&read(&replaced, &late).0);
    }
    stored.push_str(&fs::read_to_string(&log).expect("read"));
    let lines = stored.lines().filter_map(|line| line.strip_prefix("line ")?.parse().ok()).collect();
    (written.into_inner(), lines)
}

#[test]
fn a_logger_that_holds_its_file_open_loses_no_line() {
    let open = Mutex::new(None);
    let (written, found) = fifty_times(|path, line| {
        let mut open = open.lock().expect("not poisoned");
        let file = open.get_or_insert_with(|| OpenOptions::new().append(true).open(path).expect("opened"));
        writeln!(file, "line {line}").expect("written");
    });
    assert_eq!(found, (0..written).collect());
}

#[test]
fn a_logger_that_opens_its_file_for_every_line_loses_none() {
    let (written, found) = fifty_times(|path, line| {
        let mut file = OpenOptions::new().append(true).open(path).expect("it is always there");
        std::thread::sleep(Duration::from_micros(300));
        writeln!(file, "line {line}").expect("written");
    });
    assert_eq!(found, (0..written).collect());
}
