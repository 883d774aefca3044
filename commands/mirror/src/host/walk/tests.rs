use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use pond_objects::pathspec::Mirror;
use pond_objects::{ObjectId, Side};

use super::*;
use crate::index::{Header, IndexBuilder, Row, Seen};

fn tree(paths: &[&str]) -> tempfile::TempDir {
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
    dir
}

fn index(files: &[&str], dirs: &[&str]) -> Index {
    use pond_objects::Kind::{Directory, File};
    let rows = files.iter().map(|path| (*path, File)).chain(dirs.iter().map(|path| (*path, Directory)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|left, right| path_order(left.0.as_bytes(), right.0.as_bytes()));
    let mut builder = IndexBuilder::new(Header::default(), 0);
    for (path, kind) in rows {
        builder.push(path.as_bytes(), &Row::added(Side { kind, id: ObjectId::ZERO, size: 0 }, Seen::NEVER));
    }
    builder.finish()
}

fn listed(root: &Path, index: Option<&Index>, untracked: Untracked) -> (Walk, Vec<String>) {
    let ignore = Ignore::new(root, None, None);
    let options = WalkOptions { ignore: &ignore, index, pathspecs: None, untracked, ignored: true };
    let mut walk = walk(root, options).expect("a walk");
    let words = walk.entries().into_iter().map(|(path, host)| match host {
        Host::File(_) => path.to_string(),
        Host::EmptyDir => format!("{path}/ empty"),
        Host::HollowDir => format!("{path}/ hollow"),
        Host::CollapsedDir => format!("{path}/ collapsed"),
        Host::Special(_) => format!("{path} special"),
        Host::Held => format!("{path} held"),
    });
    let words = words.collect();
    (walk, words)
}

#[test]
fn everything_in_order() {
    let dir = tree(&[
        "b",
        "a/z",
        "a/y/x",
        "a.txt",
        "a-b",
        "empty/",
        "deep/empty/",
        ".pond/config.toml",
        ".git/HEAD",
    ]);
    let (_, words) = listed(dir.path(), None, Untracked::All);
    assert_eq!(words, ["a/y/x", "a/z", "a-b", "a.txt", "b", "deep/empty/ empty", "empty/ empty"]);
    assert_eq!(listed(tree(&[]).path(), None, Untracked::All).1, [""; 0], "the root is no entry");
    let ignore = Ignore::new(dir.path(), None, None);
    let options = WalkOptions {
        ignore: &ignore,
        index: None,
        pathspecs: None,
        untracked: Untracked::All,
        ignored: false,
    };
    assert!(walk(&dir.path().join("missing"), options).is_err());
}

#[test]
fn odd_names_links_and_special_files() {
    let dir = tree(&[
        "real/x",
        "new\nline",
        " space ",
        "-n",
        "nested/.pond/config.toml",
        "nested/y",
        "second/.pond",
        "third/.pond",
        "third/z",
    ]);
    let root = dir.path();
    fs::write(root.join("second/.pond"), "pond = \"..\"\nmirror = \"second\"\n").expect("a file");
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").expect("a file");
    symlink(".", root.join("real/loop")).expect("a link");
    symlink("real", root.join("linked")).expect("a link");
    symlink("/nowhere", root.join("dangling")).expect("a link");
    rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .expect("a fifo");
    let (walk, words) = listed(root, None, Untracked::All);
    assert_eq!(
        words,
        [
            " space ",
            "-n",
            "caf\u{fffd}",
            "dangling",
            "fifo special",
            "linked",
            "nested held",
            "new\nline",
            "real/loop",
            "real/x",
            "second held",
            "third/z"
        ]
    );
    assert_eq!(walk.nested, ["nested", "second"]);
    assert_eq!(walk.special, [("fifo".into(), "fifo")]);
    assert!(walk.unreadable.is_empty());
}

#[test]
fn ignored_unless_tracked() {
    let dir = tree(&[
        "a.log",
        "b.log",
        "out/x",
        "out/y",
        "gone/z",
        "only/k.log",
        "sub/.pondignore",
        "sub/a.log",
        "t/",
    ]);
    fs::write(dir.path().join(".pondignore"), "*.log\nout/\ngone/\n/t/\n").expect("patterns");
    fs::write(dir.path().join("sub/.pondignore"), "!a.log\n").expect("patterns");
    let tracked = index(&["b.log", "out/y"], &["t"]);
    let (walk, words) = listed(dir.path(), Some(&tracked), Untracked::All);
    assert_eq!(
        words,
        [".pondignore", "b.log", "only/ hollow", "out/y", "sub/.pondignore", "sub/a.log", "t/ empty"]
    );
    assert_eq!(walk.ignored, ["a.log", "gone/", "only/k.log", "out/x"]);
}

#[test]
fn untracked_directories_collapse() {
    let paths =
        ["t/a", "t/new", "t/u/x", "u/deep/x", "v/", "w/.hide", "w/.pondignore", "e/now", "n/.pond/x", "f/x"];
    let dir = tree(&paths);
    fs::write(dir.path().join("w/.pondignore"), "*\n").expect("patterns");
    let tracked = index(&["t/a", "f"], &["e"]);
    let (walk, words) = listed(dir.path(), Some(&tracked), Untracked::Normal);
    assert_eq!(
        words,
        ["e/now", "f/ collapsed", "t/a", "t/new", "t/u/ collapsed", "u/ collapsed", "v/ collapsed"]
    );
    assert_eq!(
        (walk.nested, walk.ignored),
        (vec!["n".into()], vec!["w/.hide".into(), "w/.pondignore".into()])
    );
    let (_, words) = listed(dir.path(), Some(&tracked), Untracked::No);
    assert_eq!(words, ["e/now", "f/x", "t/a", "t/new"], "what is tracked or stands in its place");
}

#[test]
fn pathspecs_prune() {
    let dir = tree(&["a/x", "a/b/y", "c/z", "d/e/f"]);
    let ignore = Ignore::new(dir.path(), None, None);
    let specs = Pathspecs::parse(&["a/b".into(), "*.q".into(), "c".into()], &Mirror::plain(dir.path()), b"")
        .expect("pathspecs");
    let options = WalkOptions {
        ignore: &ignore,
        index: None,
        pathspecs: Some(&specs),
        untracked: Untracked::All,
        ignored: false,
    };
    let files: Vec<_> = walk(dir.path(), options)
        .expect("a walk")
        .entries()
        .into_iter()
        .filter(|(_, host)| matches!(host, Host::File(_)))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(files, ["a/b/y", "c/z"]);
    assert_eq!(specs.unmatched(), ["*.q"]);
}

#[test]
fn a_deep_tree_is_no_problem() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = vec!["d"; 700].join("/");
    fs::create_dir_all(dir.path().join(&path)).expect("directories");
    fs::write(dir.path().join(&path).join("x"), "").expect("a file");
    let (_, words) = listed(dir.path(), None, Untracked::All);
    assert_eq!(words, [format!("{path}/x")]);
    assert_eq!(listed(dir.path(), Some(&Index::empty()), Untracked::Normal).1, ["d/ collapsed"]);
}
