//! What every persistence layer must do: for the tests of whoever has one.

mod machine;
mod model;

use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice as _};
use bytes::Bytes;
use pond_objects::tree::empty_tree;
use pond_objects::{Entry, Kind, ObjectId, ReadError, Side};

use crate::{DynamicDirectory, DynamicNode, FS, FsError, LayerError, Node, PersistenceLayer, WD};

pub use machine::{Outcome, run_machine};

/// Every check of the suite, on a layer that may have anything already.
///
/// # Panics
/// Where the layer does not do what is asked of it.
pub fn check(layer: &dyn PersistenceLayer) {
    contents(layer);
    directories(layer);
    missing(layer);
    a_state(layer);
    paths(layer);
    symlinks(layer);
    changes(layer);
    appends_and_ranges(layer);
    globs(layer);
    a_dynamic_directory(layer);
}

/// Bytes that do not compress and repeat nowhere.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

fn store(layer: &dyn PersistenceLayer, content: &[u8]) -> ObjectId {
    layer.store(content.len() as u64, &mut &*content).expect("a content is stored")
}

fn read(layer: &dyn PersistenceLayer, id: &ObjectId, range: std::ops::Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    layer.read(id, range, &mut out).expect("a stored content is read");
    out
}

fn contents(layer: &dyn PersistenceLayer) {
    for (length, seed) in [(0, 1), (1, 2), (5_000, 3), (300_000, 4), (5_000_000, 5)] {
        let content = noise(length, seed);
        let id = store(layer, &content);
        assert_eq!(id, ObjectId::of_content(&content), "a content is named by its bytes");
        assert_eq!(id, store(layer, &content), "storing again is no error");
        let size = length as u64;
        assert_eq!(read(layer, &id, 0..size), content);
        for range in [0..size.min(1), size / 3..size / 2, size.saturating_sub(7)..size] {
            let expected = &content[range.start as usize..range.end as usize];
            assert_eq!(read(layer, &id, range), expected);
        }
        let beyond = layer.read(&id, 0..size + 1, &mut Vec::new());
        assert!(matches!(beyond, Err(LayerError::Read(ReadError::Damaged { .. }))), "{beyond:?}");
    }
    for size in [2, 4] {
        let other = layer.store(size, &mut &b"abc"[..]);
        assert!(matches!(other, Err(LayerError::Changed)), "{other:?}");
    }
    let mut failing = std::iter::once(std::io::Error::other("torn")).map(Err::<u8, _>);
    let mut failing = FailingReader(&mut failing);
    let failed = layer.store(9, &mut failing);
    assert!(matches!(failed, Err(LayerError::Content(_))), "{failed:?}");
    let mut full = FullWriter;
    let id = store(layer, b"for nobody");
    let taken = layer.read(&id, 0..10, &mut full);
    assert!(matches!(taken, Err(LayerError::Taken(_))), "{taken:?}");
}

struct FailingReader<'a>(&'a mut dyn Iterator<Item = Result<u8, std::io::Error>>);

impl std::io::Read for FailingReader<'_> {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.next().transpose().map(|_| 0)
    }
}

struct FullWriter;

impl std::io::Write for FullWriter {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn file(name: &str, content: &[u8]) -> Entry {
    let (id, size) = (ObjectId::of_content(content), content.len() as u64);
    Entry { name: name.into(), kind: Kind::File, id, size }
}

fn directories(layer: &dyn PersistenceLayer) {
    let empty = layer.store_directory(None, Vec::new()).expect("an empty directory");
    assert_eq!(empty, Side::empty_directory());
    assert_eq!(empty.id, empty_tree());
    // More than one page.
    let all: Vec<Entry> = (0..2_000).map(|n| file(&format!("f{n:05}"), format!("{n}").as_bytes())).collect();
    let changes = all.iter().map(|entry| (entry.name.clone(), Some(entry.clone()))).collect();
    let side = layer.store_directory(None, changes).expect("a directory");
    assert_eq!(side.size, all.iter().map(|entry| entry.size).sum::<u64>());
    assert_eq!(layer.entries(&side.id, BStr::new(""), 5_000).expect("entries"), all);
    assert_eq!(layer.entries(&side.id, BStr::new("f01"), 2).expect("entries"), all[1_000..1_002]);
    assert_eq!(layer.entries(&side.id, BStr::new("g"), 2).expect("entries"), []);
    assert_eq!(layer.find(&side.id, BStr::new("f00700")).expect("found"), Some(all[700].clone()));
    assert_eq!(layer.find(&side.id, BStr::new("f")).expect("not found"), None);
    let changes =
        vec![("a".into(), Some(file("a", b"new"))), ("f00700".into(), None), ("nothing".into(), None)];
    let changed = layer.store_directory(Some(&side.id), changes).expect("a directory");
    assert_eq!(changed.size, side.size + 3 - 3);
    let entries = layer.entries(&changed.id, BStr::new(""), 5_000).expect("entries");
    let expected =
        std::iter::once(file("a", b"new")).chain(all.iter().filter(|e| e.name != "f00700").cloned());
    assert_eq!(entries, expected.collect::<Vec<_>>());
    let back = vec![("a".into(), None), ("f00700".into(), Some(all[700].clone()))];
    assert_eq!(layer.store_directory(Some(&changed.id), back).expect("a directory"), side);
}

fn missing(layer: &dyn PersistenceLayer) {
    let nothing = ObjectId::of_content(b"nobody stored this");
    let errors = [
        layer.find(&nothing, BStr::new("x")).err(),
        layer.entries(&nothing, BStr::new(""), 1).err(),
        layer.read(&nothing, 0..1, &mut Vec::new()).err(),
        layer.store_directory(Some(&nothing), vec![("x".into(), None)]).err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(LayerError::Read(ReadError::Missing { .. }))), "{error:?}");
    }
}

fn write(wd: &WD<'_, '_>, path: &str, content: &str) {
    wd.write(path, content.len() as u64, &mut content.as_bytes()).expect("a file is written");
}

fn text(wd: &WD<'_, '_>, path: &str) -> String {
    let file = wd.get(path).expect("it is there");
    String::from_utf8(file.read(0..u64::MAX).expect("it is read")).expect("text")
}

fn names(wd: &WD<'_, '_>, path: &str) -> Vec<String> {
    let list = wd.list(path).expect("a directory");
    list.map(|entry| entry.expect("an entry").name.to_string()).collect()
}

fn walked(fs: &FS<'_>) -> Vec<String> {
    let walk = fs.root().walk("").expect("the root");
    walk.map(|walked| walked.expect("an entry").path.to_string()).collect()
}

fn a_state(layer: &dyn PersistenceLayer) {
    let fs = FS::new(layer, None);
    assert_eq!(fs.finish().expect("nothing").id, empty_tree());
    let root = fs.root();
    root.make_directories("data/2026/05").expect("directories");
    write(&root, "data/2026/05/a.csv", "a\n");
    write(&root, "notes.txt", "hello");
    root.set_executable("notes.txt", true).expect("a mode");
    write(&root, "notes.txt", "hello again");
    let data = root.open("data").expect("a directory");
    assert_eq!(data.path(), "data");
    write(&data, "../data/b", "b");
    let first = fs.finish().expect("a tree");
    assert_eq!(first.size, 2 + 11 + 1);
    let paths = ["data", "data/2026", "data/2026/05", "data/2026/05/a.csv", "data/b", "notes.txt"];
    assert_eq!(walked(&fs), paths);
    let again = FS::new(layer, Some(first.id));
    assert_eq!(walked(&again), paths);
    let notes = again.root().get("notes.txt").expect("a file");
    assert!(matches!(notes.node(), Node::File { size: 11, executable: true, .. }));
    // Back and forth is the same tree, by whatever way.
    again.root().rename("data", "other").expect("renamed");
    again.root().remove_all("other/2026").expect("removed");
    assert_eq!(again.root().get("other").expect("a directory").node().size(), 1);
    assert_ne!(again.finish().expect("a tree"), first);
    again.root().make_directories("other/2026/05/").expect("directories");
    write(&again.root(), "other/2026/05/a.csv", "a\n");
    again.root().rename("other", "data").expect("renamed");
    assert_eq!(again.finish().expect("a tree"), first);
}

fn paths(layer: &dyn PersistenceLayer) {
    let fs = FS::new(layer, None);
    let root = fs.root();
    root.make_directories("a/b").expect("directories");
    write(&root, "a/b/f", "f");
    for path in ["a/b/f", "/a/b/f", "a//b/./f", "./a/b/../b/f", "a/../a/b/f"] {
        assert_eq!(root.get(path).expect("a file").path(), "a/b/f", "{path}");
    }
    assert_eq!(root.open("a/b").expect("a directory").get("/a").expect("a directory").path(), "a");
    assert_eq!(root.get("").expect("the root").path(), "");
    assert!(matches!(root.get(".."), Err(FsError::OutOfRoot(_))));
    assert!(matches!(root.get("a/../../x"), Err(FsError::OutOfRoot(_))));
    assert!(matches!(root.get("a/b/f/"), Err(FsError::NotADirectory(path)) if path == "a/b/f"));
    assert!(matches!(root.get("a/b/f/.."), Err(FsError::NotADirectory(_))));
    assert!(matches!(root.get("a/x/.."), Err(FsError::NotFound(path)) if path == "a/x"));
    for name in [".pond", "a/.POND", "nul\0", &"x".repeat(256)] {
        assert!(matches!(root.write(name, 0, &mut &b""[..]), Err(FsError::Name { .. })), "{name:?}");
    }
    let deep = ["d".repeat(200).as_str(); 21].join("/");
    assert!(matches!(root.make_directories(&deep), Err(FsError::Name { .. })));
    assert!(matches!(root.write("a/b/new/", 0, &mut &b""[..]), Err(FsError::NotADirectory(_))));
    assert!(matches!(root.remove(""), Err(FsError::Root)));
    assert!(matches!(root.make_directory(""), Err(FsError::Exists(_))));
    for name in [&b"\xff\xfe"[..], b"line\nend", b" ", b"-rf", b"*"] {
        root.write(name, 1, &mut &b"x"[..]).expect("names are bytes");
        assert_eq!(root.get(name).expect("a file").path(), name.as_bstr());
    }
}

fn symlinks(layer: &dyn PersistenceLayer) {
    let fs = FS::new(layer, None);
    let root = fs.root();
    root.make_directories("a/b").expect("directories");
    write(&root, "a/f", "f");
    for (path, target) in [
        ("a/b/up", "../f"),
        ("dir", "a/b"),
        ("out", "../../etc/passwd"),
        ("absolute", "/a/f"),
        ("loop", "pool"),
        ("pool", "loop"),
        ("a/self", "self/x"),
        ("nowhere", "a/new"),
    ] {
        root.symlink(path, target).expect("a symlink");
    }
    assert_eq!(text(&root, "a/b/up"), "f");
    assert_eq!(root.get("dir/up").expect("a file").path(), "a/f");
    assert_eq!(root.get("dir/..").expect("a directory").path(), "a", "`..` is where the link led");
    assert!(
        matches!(root.entry("dir").expect("a link").node(), Node::Symlink { target, .. } if target == "a/b")
    );
    assert!(matches!(root.entry("dir/").expect("a directory").node(), Node::Directory { .. }));
    for path in ["out", "absolute", "out/x"] {
        assert!(matches!(root.get(path), Err(FsError::OutOfRoot(_))), "{path}");
    }
    for path in ["loop", "pool/x", "a/self"] {
        assert!(matches!(root.get(path), Err(FsError::Loop(_))), "{path}");
    }
    assert!(matches!(root.get("nowhere"), Err(FsError::NotFound(path)) if path == "a/new"));
    write(&root, "nowhere", "made");
    assert_eq!(text(&root, "a/new"), "made");
    write(&root, "dir/up", "changed");
    assert_eq!(text(&root, "a/f"), "changed");
    root.remove("dir").expect("the link goes");
    assert_eq!(names(&root, "a/b"), ["up"]);
    for target in ["", "nul\0"] {
        assert!(matches!(root.symlink("bad", target), Err(FsError::Target(_))));
    }
}

fn changes(layer: &dyn PersistenceLayer) {
    let fs = FS::new(layer, None);
    let root = fs.root();
    root.make_directories("a/b").expect("directories");
    write(&root, "a/b/f", "f");
    write(&root, "g", "g");
    assert!(matches!(root.create("g", 0, &mut &b""[..]), Err(FsError::Exists(_))));
    assert!(matches!(root.write("a", 0, &mut &b""[..]), Err(FsError::IsADirectory(_))));
    assert!(matches!(root.remove("a"), Err(FsError::NotEmpty(_))));
    assert!(matches!(root.remove("none"), Err(FsError::NotFound(_))));
    assert!(matches!(root.rename("g", "a"), Err(FsError::Exists(_))));
    assert!(matches!(root.rename("none", "x"), Err(FsError::NotFound(_))));
    assert!(matches!(root.rename("a", "a/b/c"), Err(FsError::IntoItself { .. })));
    assert!(matches!(root.rename("g", "x/g"), Err(FsError::NotFound(_))));
    assert!(matches!(root.rename("g", "g/h"), Err(FsError::NotADirectory(_))));
    assert!(matches!(root.make_directories("g/x"), Err(FsError::NotADirectory(_))));
    let a = root.get("a").expect("a directory");
    assert!(matches!(root.copy(&a, "a/copy"), Err(FsError::IntoItself { .. })));
    root.copy(&a, "copy").expect("a copy");
    write(&root, "copy/b/f", "other");
    assert_eq!((text(&root, "a/b/f"), text(&root, "copy/b/f")), ("f".into(), "other".into()));
    root.remove("a/b/f").expect("removed");
    assert_eq!(names(&root, "a"), ["b"], "the directory stays, though it be empty");
    root.remove("a/b").expect("an empty directory");
    let before = fs.finish().expect("a tree");
    // From another filesystem over the same layer.
    let other = FS::new(layer, Some(before.id));
    root.copy(&other.root().get("").expect("its root"), "whole").expect("a copy of a root");
    assert_eq!(names(&root, "whole"), ["a", "copy", "g"]);
    assert_eq!(root.get("whole").expect("a directory").node().id(), Some(before.id));
    let unwritten = root.write("g", 5, &mut &b"abc"[..]);
    assert!(matches!(unwritten, Err(FsError::Layer(LayerError::Changed))));
    assert_eq!(text(&root, "g"), "g", "a failed change changes nothing");
}

fn appends_and_ranges(layer: &dyn PersistenceLayer) {
    use std::io::{Read as _, Seek as _, SeekFrom};

    let fs = FS::new(layer, None);
    let root = fs.root();
    let mut whole = Vec::new();
    for (part, seed) in [(10, 1), (0, 2), (3_000_000, 3), (2_500_000, 4), (1, 5)] {
        let part = noise(part, seed);
        root.append("log", part.len() as u64, &mut &part[..]).expect("appended");
        whole.extend(part);
    }
    let log = root.get("log").expect("a file");
    assert_eq!(log.node().id(), Some(ObjectId::of_content(&whole)));
    let mut reader = log.reader().expect("a reader");
    let (mut all, size) = (Vec::new(), whole.len() as u64);
    reader.read_to_end(&mut all).expect("it is read");
    assert!(all == whole, "a stream gives the bytes in order");
    assert_eq!(reader.seek(SeekFrom::End(-5)).expect("a place"), size - 5);
    let mut last = Vec::new();
    reader.read_to_end(&mut last).expect("it is read");
    assert_eq!(last, whole[whole.len() - 5..]);
    assert!(reader.seek(SeekFrom::Current(-(size as i64) - 1)).is_err());
    assert_eq!(log.read(4_000_000..4_000_009).expect("a range"), whole[4_000_000..4_000_009]);
    assert_eq!(log.read(size..size + 9).expect("nothing"), b"");
}

fn globs(layer: &dyn PersistenceLayer) {
    let fs = FS::new(layer, None);
    let root = fs.root();
    for path in ["a/x.csv", "a/b/y.csv", "a/b/c/z.csv", "a/b/c/z.txt", "w.csv", "ab/x.csv"] {
        if let Some((directory, _)) = path.rsplit_once('/') {
            root.make_directories(directory).expect("directories");
        }
        write(&root, path, "");
    }
    root.symlink("link", "a").expect("a symlink");
    let found = |wd: &WD<'_, '_>, pattern: &str| -> Vec<String> {
        wd.glob(pattern).expect("a pattern").map(|one| one.expect("an entry").path.to_string()).collect()
    };
    for (pattern, expected) in [
        ("*.csv", &["w.csv"][..]),
        ("**/*.csv", &["a/b/c/z.csv", "a/b/y.csv", "a/x.csv", "ab/x.csv", "w.csv"]),
        ("a/**/*.csv", &["a/b/c/z.csv", "a/b/y.csv", "a/x.csv"]),
        ("a/**", &["a/b", "a/b/c", "a/b/c/z.csv", "a/b/c/z.txt", "a/b/y.csv", "a/x.csv"]),
        ("a*/x.csv", &["a/x.csv", "ab/x.csv"]),
        ("**/b/**/z.*", &["a/b/c/z.csv", "a/b/c/z.txt"]),
        ("?", &["a"]),
        ("[!a]*", &["link", "w.csv"]),
        ("link/*", &[]),
        ("none/**", &[]),
    ] {
        assert_eq!(found(&root, pattern), expected, "{pattern}");
    }
    assert_eq!(found(&root.open("a/b").expect("a directory"), "*/z.*"), ["a/b/c/z.csv", "a/b/c/z.txt"]);
    assert!(matches!(root.glob("[a"), Err(FsError::Pattern { .. })));
}

/// Squares: a directory for each number that has been asked for, with a file of its square.
struct Squares(Option<u64>, Side);

impl<'a> DynamicDirectory<'a> for Squares {
    fn find(&self, name: &BStr) -> Result<Option<DynamicNode<'a>>, LayerError> {
        let number = name.to_str().ok().and_then(|name| name.parse().ok());
        Ok(match (self.0, number, name.as_bytes()) {
            (None, Some(number), _) => Some(DynamicNode::Directory(Rc::new(Self(Some(number), self.1)))),
            (Some(number), _, b"square") => {
                Some(DynamicNode::Content(Kind::File, Bytes::from((number * number).to_string())))
            }
            (Some(_), _, b"link") => Some(DynamicNode::Content(Kind::Symlink, Bytes::from("square"))),
            (Some(_), _, b"stored") => Some(DynamicNode::Stored(self.1)),
            _ => None,
        })
    }

    fn names(&self) -> Result<Vec<BString>, LayerError> {
        Ok(match self.0 {
            None => vec!["1".into(), "2".into()],
            Some(_) => vec!["link".into(), "square".into(), "stored".into()],
        })
    }
}

fn a_dynamic_directory(layer: &dyn PersistenceLayer) {
    let stored = FS::new(layer, None);
    write(&stored.root(), "f", "of a tree");
    let side = stored.finish().expect("a tree");
    let mut fs = FS::new(layer, None);
    fs.mount("@", Rc::new(Squares(None, side)));
    let root = fs.root();
    write(&root, "own", "own");
    assert_eq!(names(&root, ""), ["own"], "what is mounted is not listed");
    assert_eq!(names(&root, "@"), ["1", "2"]);
    assert_eq!(names(&root, "@/7"), ["link", "square", "stored"], "not all that is there is listed");
    assert_eq!((text(&root, "@/7/square"), text(&root, "@/9/link")), ("49".into(), "81".into()));
    assert_eq!(text(&root, "@/7/stored/f"), "of a tree");
    assert_eq!(text(&root.open("@/7").expect("a directory"), "../8/square"), "64");
    assert!(matches!(root.get("@/x"), Err(FsError::NotFound(path)) if path == "@/x"));
    let refused = [
        root.write("@/7/square", 0, &mut &b""[..]),
        root.write("@/7/stored/f", 0, &mut &b""[..]),
        root.remove("@/7/stored/f"),
        root.remove_all("@"),
        root.rename("own", "@/own"),
        root.rename("@/7", "own2"),
        root.make_directory("@/x"),
        root.set_executable("@/7/square", true),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(FsError::ReadOnly(_))), "{refused:?}");
    }
    let at = |path: &str| root.get(path).expect("it is there");
    root.copy(&at("@/7/square"), "square").expect("a computed content is stored");
    root.copy(&at("@/7/stored"), "copy").expect("a directory of a tree");
    assert!(matches!(root.copy(&at("@/7"), "x"), Err(FsError::Computed(_))));
    assert_eq!((text(&root, "square"), text(&root, "copy/f")), ("49".into(), "of a tree".into()));
    fs.finish().expect("a tree");
    assert_eq!(names(&fs.root(), ""), ["copy", "own", "square"]);
}
