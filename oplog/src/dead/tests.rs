use super::*;
use crate::log::tests::{add, draft, remove};
use crate::log::{EntryDraft, encode, entry_path};
use crate::pond::Trust;

const NOW: i64 = 1_777_636_800_000;

struct Fixture {
    _dir: tempfile::TempDir,
    pond: Pond,
}

/// A pond whose packs have no content.
impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let unborn = Pond::prepare(dir.path(), None).expect("prepared");
        unborn.publish(&draft(0, "ada")).expect("a pond");
        let pond = Pond::open(dir.path(), &Trust::Ours).expect("opened");
        Self { _dir: dir, pond }
    }

    fn state(&self) -> TableState {
        state::load(&self.pond.table_dir(), &self.pond.cache_dir()).expect("a state").state
    }

    fn publish(&self, draft: &EntryDraft) {
        let state = self.state();
        let bytes = encode(draft, Some(state.digest)).bytes;
        fs::write(entry_path(&self.pond.table_dir(), state.version + 1), bytes).expect("written");
    }

    /// Puts the file of a pack into the table, and an index of it into the cache.
    fn put(&self, name: &str) -> PathBuf {
        let pack = add(name);
        let path = self.pond.table_dir().join(pack.path());
        fs::write(&path, name).expect("written");
        fs::write(self.pond.pack_index_path(&pack.digest), name).expect("written");
        path
    }

    fn indexes(&self) -> usize {
        fs::read_dir(self.pond.cache_dir().join("packs")).expect("a cache").count()
    }

    fn due(&self, grace: Duration) -> Vec<DeadPack> {
        let found = find(&self.pond, &self.state()).expect("found");
        found.into_iter().filter(|pack| pack.is_due(NOW, grace)).collect()
    }
}

fn us() -> Holder {
    Holder { pid: std::process::id(), host: "here".to_owned(), command: "test".to_owned(), since: 0 }
}

/// An operation that adds some packs and removes others, `age` before now.
fn operation(seq: i64, adds: &[&str], removes: &[String], age: i64) -> EntryDraft {
    let mut draft = draft(seq, "ada");
    draft.adds = adds.iter().map(|name| add(name)).collect();
    draft.removes = removes.iter().map(|name| remove(name)).collect();
    draft.removes.iter_mut().for_each(|file| file.deletion_timestamp = NOW - age);
    draft
}

#[test]
fn however_many_were_replaced_they_go() {
    let fixture = Fixture::new();
    // More than the state remembers.
    let many: Vec<String> = (0..1100).map(|number| format!("meta {number}")).collect();
    let packs: Vec<PathBuf> = many.iter().map(|name| fixture.put(name)).collect();
    let live = [fixture.put("data live"), fixture.put("meta live")];
    let adds: Vec<&str> = many.iter().map(String::as_str).chain(["data live", "meta live"]).collect();
    fixture.publish(&operation(1, &adds, &[], 0));
    fixture.publish(&operation(2, &[], &many, 3_600_000));
    assert_eq!(fixture.state().removed.len(), 1024);
    let found = find(&fixture.pond, &fixture.state()).expect("found");
    assert_eq!(found.len(), 1100);
    assert!(found.iter().all(|pack| pack.removed_at == Some(NOW - 3_600_000)), "the log knows of all");
    assert!(is_any_due(&fixture.state(), NOW) && !is_any_due(&fixture.state(), NOW - 1));
    assert!(is_look_due(&fixture.state()));
    assert_eq!(fixture.due(GRACE * 2), []);

    let deleted = delete(&fixture.pond, &fixture.due(GRACE), &us()).expect("deleted");
    assert_eq!((deleted.replaced.count, deleted.unnamed.count, deleted.indexes.count), (1100, 0, 1100));
    assert!(deleted.failed.is_none() && packs.iter().all(|path| !path.exists()));
    assert!(live.iter().all(|path| path.exists()) && fixture.indexes() == 2);
    assert_eq!((deleted.state.removed.len(), fixture.state().removed.len()), (0, 0));
    assert!(!is_any_due(&fixture.state(), NOW) && !is_look_due(&fixture.state()));
}

#[test]
fn what_is_named_meanwhile_stays() {
    let fixture = Fixture::new();
    let (back, gone) = (fixture.put("data back"), fixture.put("data gone"));
    fixture.publish(&operation(1, &["data back", "data gone"], &[], 0));
    let both = ["data back", "data gone"].map(str::to_owned);
    fixture.publish(&operation(2, &[], &both, 7_200_000));
    let due = fixture.due(GRACE);
    assert_eq!(due.len(), 2);
    fixture.publish(&operation(3, &["data back"], &[], 0));
    let deleted = delete(&fixture.pond, &due, &us()).expect("deleted");
    assert_eq!((deleted.replaced.count, back.exists(), gone.exists()), (1, true, false));
    assert_eq!(fixture.indexes(), 1);
}

#[test]
fn what_was_never_named_waits_for_an_hour_untouched() {
    let fixture = Fixture::new();
    let path = fixture.put("data orphan");
    assert_eq!(fixture.due(Duration::ZERO), [], "whoever wrote it may be about to name it");
    let found = find(&fixture.pond, &fixture.state()).expect("found");
    assert_eq!((found.len(), found[0].removed_at), (1, None));
    let old = DeadPack { touched: SystemTime::now() - GRACE, ..found[0].clone() };
    assert!(old.is_due(NOW, Duration::ZERO) && !old.is_due(NOW, GRACE * 2));

    // Written or renamed again since it was looked at.
    let deleted = delete(&fixture.pond, &[old], &us()).expect("deleted");
    assert!(deleted.unnamed.count == 0 && path.exists());
    // Others publish all the time.
    let turn = Lock::acquire(&fixture.pond.lock_path(), PATIENCE, &us()).expect("locked");
    let deleted = delete(&fixture.pond, &found, &us()).expect("not deleted");
    assert!(deleted.unnamed.count == 0 && path.exists() && fixture.indexes() == 1);
    drop(turn);
    let deleted = delete(&fixture.pond, &found, &us()).expect("deleted");
    assert!(deleted.unnamed.count == 1 && !path.exists() && fixture.indexes() == 0);
}

#[test]
fn a_clock_that_was_wrong_delays_and_hastens_nothing() {
    let fixture = Fixture::new();
    fixture.put("meta 1");
    fixture.publish(&operation(1, &["meta 1"], &[], 0));
    // Removed in what is the future now.
    fixture.publish(&operation(2, &[], &["meta 1".to_owned()], -10_000_000_000));
    assert_eq!(fixture.due(GRACE), [], "its file is new");
    assert_eq!(fixture.due(Duration::ZERO).len(), 1);
    let found = find(&fixture.pond, &fixture.state()).expect("found").remove(0);
    assert!(DeadPack { touched: SystemTime::now() - GRACE, ..found }.is_due(NOW, GRACE));
}
