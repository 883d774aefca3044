use super::*;
use crate::log::tests::draft;
use crate::state;

fn init(dir: &Path) -> Pond {
    let unborn = Pond::prepare(dir, None).expect("prepared");
    fs::write(unborn.mirror_dir().join("HEAD"), "x").expect("written");
    unborn.publish(&draft(0, "ada")).expect("a pond")
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_new_pond_is_found_from_below() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = fs::canonicalize(dir.path()).expect("a path").join("data");
    let pond = init(&root);
    assert_eq!(names(&root), [".pond"]);
    fs::create_dir_all(root.join("a/b")).expect("created");
    for start in [root.clone(), root.join("a/b"), root.join("a/../a"), root.join(".pond/staging")] {
        assert_eq!(Pond::discover(&start, &Trust::Ours).expect("found"), pond);
    }
    assert_eq!(Pond::open(&root.join(".pond"), &Trust::Ours).expect("opened"), pond);
    assert_eq!(pond.mirror_root(), root);
    let state = state::load(&pond.table_dir(), &pond.cache_dir()).expect("a state").state;
    assert_eq!((state.version, state.packs.len()), (0, 2));
    assert!(matches!(Pond::discover(dir.path(), &Trust::Ours), Err(OpenError::NotFound(_))));
    assert!(matches!(Pond::prepare(&root, None), Err(InitError::Exists(at)) if at == root.join(".pond")));
}

#[test]
fn an_unfinished_pond_is_none_and_goes_away() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Pond::prepare(dir.path(), None).expect("prepared"));
    assert!(names(dir.path()).is_empty());

    let killed = dir.path().join(format!("{UNBORN_PREFIX}killed"));
    fs::create_dir_all(killed.join("oplog")).expect("created");
    assert!(matches!(Pond::discover(dir.path(), &Trust::Ours), Err(OpenError::NotFound(_))));
    let unborn = Pond::prepare(dir.path(), None).expect("prepared");
    assert!(!killed.exists());
    assert!(matches!(Pond::prepare(dir.path(), None), Err(InitError::Busy(_))));
    fs::create_dir(dir.path().join(".pond")).expect("created");
    assert!(matches!(unborn.publish(&draft(0, "ada")), Err(InitError::Exists(_))));
    assert_eq!(names(dir.path()), [".pond"]);
}

#[test]
fn another_directory_names_its_pond() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = fs::canonicalize(dir.path()).expect("a path");
    let pond = init(&root.join("main"));
    let other = root.join("other");
    fs::create_dir_all(&other).expect("created");
    for target in ["../main", "../main/.pond", pond.mirror_root().to_str().expect("UTF-8")] {
        fs::write(other.join(".pond"), format!("pond = \"{target}\"\nmirror = \"field-2\"\n"))
            .expect("written");
        let mirror = Pond::discover(&other, &Trust::Ours).expect("opened");
        assert_eq!((mirror.mirror_id(), mirror.mirror_root()), ("field-2", other.as_path()));
        assert_eq!(mirror.table_dir(), pond.table_dir());
    }
    for bad in ["", "pond = 1", "pond = \"../main\"", "pond = \"../main\"\nmirror = \"../x\"\n"] {
        fs::write(other.join(".pond"), bad).expect("written");
        let error = Pond::open(&other, &Trust::Ours).expect_err(bad);
        assert!(matches!(error, OpenError::NotAPond { .. }), "{error}");
    }
}

#[test]
fn what_is_no_pond_of_ours_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join(".pond")).expect("created");
    let error = Pond::open(dir.path(), &Trust::Ours).expect_err("empty");
    assert!(error.to_string().ends_with(".pond' is not a pond: it has no config.toml"), "{error}");

    let root = dir.path().join("data");
    let pond = init(&root);
    fs::remove_file(pond.config_path()).expect("removed");
    let error = Pond::open(&root, &Trust::Ours).expect_err("lost");
    assert!(matches!(error, OpenError::Config(ConfigError::Missing(_))), "{error}");
    fs::write(pond.config_path(), "[pond]\nformat = 9\n").expect("written");
    let error = Pond::open(&root, &Trust::Ours).expect_err("newer");
    assert!(matches!(error, OpenError::Config(ConfigError::Newer { found: 9, .. })), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pond_of_another_user_needs_trust() {
    let dir = tempfile::tempdir().expect("a directory");
    let pond = init(&dir.path().join("data"));
    if std::os::unix::fs::chown(pond.pond_dir(), Some(12345), None).is_err() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    let error = Pond::discover(pond.mirror_root(), &Trust::Ours).expect_err("another user's");
    assert!(matches!(error, OpenError::ForeignOwner { owner: 12345, .. }), "{error}");
    for trust in [Trust::OursAnd(vec![12345]), Trust::Anybody] {
        assert_eq!(Pond::discover(pond.mirror_root(), &trust).expect("trusted"), pond);
    }
}
