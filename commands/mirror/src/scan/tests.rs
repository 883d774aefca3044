use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use pond_objects::Side;
use pond_objects::pathspec::Mirror;

use super::*;
use crate::index::Header;
use crate::stat::now_ns;

/// A mirror with an index of it in which every stat is trusted.
struct Fixture {
    dir: tempfile::TempDir,
    index: Index,
}

const LATER: i64 = 3_600_000_000_000;

impl Fixture {
    fn new(paths: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for path in paths {
            let full = dir.path().join(path);
            if path.ends_with('/') {
                fs::create_dir_all(full).expect("a directory");
            } else {
                fs::create_dir_all(full.parent().expect("a parent")).expect("directories");
                fs::write(full, path).expect("a file");
            }
        }
        let mut fixture = Self { dir, index: Index::empty() };
        fixture.track();
        fixture
    }

    /// Stages everything that is there.
    fn track(&mut self) {
        let root = HostDir::open_root(self.dir.path()).expect("a directory");
        let scan = self.scan(Untracked::All);
        let mut updates =
            self.index.iter().map(|entry| (entry.path.into(), Update::Forget)).collect::<BTreeMap<_, _>>();
        for change in scan.changes.into_iter().filter(|change| change.state == State::Untracked) {
            let kind = change.kind.expect("a kind");
            let (id, stat) = match content::hash(&root, &change.path, kind, &mut Vec::new()) {
                Content::Read { id, stat, .. } => (id, stat),
                _ => (ObjectId::ZERO, Stat::default()),
            };
            let seen = Seen { trusted: true, ..Seen::new(&stat, now_ns() + LATER) };
            updates.insert(change.path, Update::Set(Row::added(Side { kind, id, size: stat.size }, seen)));
        }
        self.index = self.index.edit(updates, Header::default(), now_ns() + LATER).finish();
    }

    fn scan(&self, untracked: Untracked) -> Scan {
        self.scan_with(untracked, None, Hashing::SameSize)
    }

    fn scan_with(&self, untracked: Untracked, pathspecs: Option<&Pathspecs>, hashing: Hashing) -> Scan {
        let ignore = Ignore::new(self.dir.path(), None, None);
        let options = ScanOptions { ignore: &ignore, pathspecs, untracked, ignored: false, hashing };
        scan(self.dir.path(), &self.index, options).expect("a scan")
    }

    fn states(&self, untracked: Untracked) -> Vec<String> {
        words(&self.scan(untracked))
    }

    fn write(&self, path: &str, content: &str) {
        fs::write(self.dir.path().join(path), content).expect("a file");
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.dir.path().join(path)).expect("removed");
    }
}

fn words(scan: &Scan) -> Vec<String> {
    let slash = |change: &HostChange| if change.kind == Some(Kind::Directory) { "/" } else { "" };
    scan.changes.iter().map(|change| format!("{:?} {}{}", change.state, change.path, slash(change))).collect()
}

#[test]
fn every_state() {
    let fixture = Fixture::new(&["a", "b", "c", "d/e", "d/f", "empty/", "g", "h", "i"]);
    assert_eq!(fixture.states(Untracked::All), [""; 0], "nothing has changed");
    let root = fixture.dir.path();
    fixture.write("a", "another size");
    fixture.write("b", "B");
    fixture.remove("c");
    fixture.remove("d/e");
    fixture.write("empty/now", "");
    fixture.remove("g");
    symlink("a", root.join("g")).expect("a link");
    fs::set_permissions(root.join("h"), fs::Permissions::from_mode(0o755)).expect("a mode");
    fixture.remove("i");
    fs::create_dir(root.join("i")).expect("a directory");
    fixture.write("new", "");
    assert_eq!(
        fixture.states(Untracked::All),
        [
            "Modified a",
            "Modified b",
            "Missing c",
            "Missing d/e",
            "Untracked empty/now",
            "TypeChanged g",
            "Modified h",
            "TypeChanged i/",
            "Untracked new",
        ]
    );
    let scan = fixture.scan_with(Untracked::No, None, Hashing::Never);
    assert_eq!(words(&scan)[..2], ["Modified a", "MaybeChanged b"]);
    assert!(!scan.all_missing && scan.tracked == 9 && scan.present == 7);
}

#[test]
fn an_equal_content_is_found_and_its_stat_refreshed() {
    let mut fixture = Fixture::new(&["a", "b"]);
    fixture.write("a", "a");
    let scan = fixture.scan(Untracked::All);
    assert_eq!((words(&scan).len(), scan.refreshed.len()), (0, 1));
    let updates = refresh(&fixture.index, &scan.refreshed);
    fixture.index = fixture.index.edit(updates, Header::default(), now_ns() + LATER).finish();
    let stat = Stat::of(&fixture.dir.path().join("a")).expect("a stat");
    assert_eq!(fixture.index.entry(0).seen.ctime_ns, stat.ctime_ns);
}

#[test]
fn an_edit_that_keeps_size_and_time_is_found() {
    let fixture = Fixture::new(&["a"]);
    let path = fixture.dir.path().join("a");
    let before = fs::metadata(&path).expect("metadata").modified().expect("a time");
    fixture.write("a", "b");
    fs::File::options().write(true).open(&path).expect("a file").set_modified(before).expect("a time");
    assert_eq!(fixture.states(Untracked::All), ["Modified a"]);
}

#[test]
fn directories_and_files_swap_places() {
    let fixture = Fixture::new(&["file", "dir/a", "dir/b/c", "hollow"]);
    fixture.remove("file");
    fs::create_dir(fixture.dir.path().join("file")).expect("a directory");
    fixture.write("file/x", "");
    fs::remove_dir_all(fixture.dir.path().join("dir")).expect("removed");
    fixture.write("dir", "");
    assert_eq!(
        fixture.states(Untracked::Normal),
        ["Untracked dir", "Missing dir/a", "Missing dir/b/c", "Missing file", "Untracked file/",]
    );
    assert_eq!(fixture.states(Untracked::All)[3..], ["Missing file", "Untracked file/x"]);
}

#[test]
fn what_cannot_be_seen_is_not_missing() {
    let fixture = Fixture::new(&["pond/a", "pond/b/c", "fifo", "pipe/a", "z"]);
    // What is tracked stays so where a pond is made around it. What was below something else now is gone, as for git.
    fs::create_dir(fixture.dir.path().join("pond/.pond")).expect("a directory");
    fs::create_dir_all(fixture.dir.path().join("other/.pond")).expect("directories");
    fixture.remove("fifo");
    fs::remove_dir_all(fixture.dir.path().join("pipe")).expect("removed");
    let pipe = fixture.dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a fifo");
    let fifo = fixture.dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a fifo");
    let scan = fixture.scan(Untracked::All);
    assert_eq!(words(&scan), ["Special(\"fifo\") fifo", "Special(\"fifo\") pipe", "Missing pipe/a"]);
    assert_eq!((scan.nested, scan.special.len(), scan.all_missing), (vec!["other".into()], 2, false));
}

#[test]
fn an_emptied_mirror_is_told_from_deletions() {
    let fixture = Fixture::new(&["a", "b/c"]);
    fixture.remove("a");
    assert!(!fixture.scan(Untracked::All).all_missing);
    fs::remove_dir_all(fixture.dir.path().join("b")).expect("removed");
    fixture.write("other", "");
    assert!(fixture.scan(Untracked::All).all_missing);
    let specs = Pathspecs::parse(&["a".into()], &Mirror::plain(fixture.dir.path()), b"").expect("pathspecs");
    let scan = fixture.scan_with(Untracked::All, Some(&specs), Hashing::SameSize);
    assert_eq!((words(&scan), scan.all_missing), (vec!["Missing a".to_owned()], false));
    assert!(!Fixture::new(&[]).scan(Untracked::All).all_missing);
}

#[test]
fn pathspecs_limit_both_sides() {
    let fixture = Fixture::new(&["a/b/x", "a/b/y", "a/c", "d/", "e"]);
    for path in ["a/b/x", "a/c", "e"] {
        fixture.remove(path);
    }
    fixture.write("a/b/new", "");
    fixture.write("new", "");
    let of = |args: &[&str]| {
        let args: Vec<_> = args.iter().map(Into::into).collect();
        let specs = Pathspecs::parse(&args, &Mirror::plain(fixture.dir.path()), b"").expect("pathspecs");
        let found = words(&fixture.scan_with(Untracked::All, Some(&specs), Hashing::SameSize));
        (found, specs.unmatched().into_iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(of(&["a/b", "nothing"]).0, ["Untracked a/b/new", "Missing a/b/x"]);
    assert_eq!(of(&["a/b", "nothing"]).1, ["nothing"]);
    assert_eq!(of(&["e"]), (vec!["Missing e".into()], vec![]));
    assert_eq!(of(&["d"]), (vec![], vec![]));
    assert_eq!(of(&["d/x"]), (vec![], vec!["d/x".into()]));
    assert_eq!(of(&["*x", ":!e"]).0, ["Missing a/b/x"]);
}

#[test]
fn what_was_announced_counts_as_modified() {
    let mut fixture = Fixture::new(&["a"]);
    let row = Row { intent: true, ..fixture.index.entry(0).row };
    let updates = BTreeMap::from([("a".into(), Update::Set(row))]);
    fixture.index = fixture.index.edit(updates, Header::default(), now_ns()).finish();
    assert_eq!(fixture.states(Untracked::All), ["Modified a"]);
}

#[test]
fn a_file_that_grows_or_is_no_file_is_not_taken() {
    let fixture = Fixture::new(&["a", "dir/x"]);
    let root = HostDir::open_root(fixture.dir.path()).expect("a directory");
    symlink("dir", fixture.dir.path().join("link")).expect("a link");
    let hash = |path: &[u8], kind| content::hash(&root, path, kind, &mut Vec::new());
    assert!(
        matches!(hash(b"dir/x", Kind::File), Content::Read { id, .. } if id == ObjectId::of_content(b"dir/x"))
    );
    assert!(
        matches!(hash(b"link", Kind::Symlink), Content::Read { id, .. } if id == ObjectId::of_content(b"dir"))
    );
    assert!(matches!(hash(b"link/x", Kind::File), Content::Failed(_)), "no symlink on the way is followed");
    assert!(matches!(hash(b"dir", Kind::File), Content::Unstable | Content::Failed(_)));
    assert!(matches!(hash(b"a", Kind::Symlink), Content::Unstable | Content::Failed(_)));
    assert!(matches!(hash(b"gone", Kind::File), Content::Unstable));
}
