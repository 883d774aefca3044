//! Each kind of conflict: what is told, what a person has to decide, what stands in the tree meanwhile.

use bstr::{BString, ByteSlice};
use pond_objects::memory::MemoryObjects;
use pond_objects::merge::{
    DirectoryRenames, Favour, Labels, MergeOptions, Merged, MessageKind, Stage, Trees,
};
use pond_objects::node::NodeTable;
use pond_objects::{Change, Kind, ObjectId};

use crate::pond;
use crate::scenario::Files;

/// A merge of files: what came out, and what the tree holds then.
struct Outcome {
    merged: Merged,
    files: Files,
}

/// Files by path: `*path` is executable, `@path` a symlink, `path/` an empty directory.
fn files(entries: &[(&str, &str)]) -> Files {
    let file = |(path, content): &(&str, &str)| match (path.strip_prefix('*'), path.strip_prefix('@')) {
        (Some(path), _) => (path.to_owned(), (Kind::Executable, content.as_bytes().to_vec())),
        (_, Some(path)) => (path.to_owned(), (Kind::Symlink, content.as_bytes().to_vec())),
        _ => match path.strip_suffix('/') {
            Some(path) => (path.to_owned(), (Kind::Directory, Vec::new())),
            None => ((*path).to_owned(), (Kind::File, content.as_bytes().to_vec())),
        },
    };
    entries.iter().map(file).collect()
}

fn merge_with(
    options: &MergeOptions,
    versions: [&[(&str, &str)]; 3],
    nodes: Option<[&NodeTable; 3]>,
) -> Outcome {
    let mut objects = MemoryObjects::new();
    let [base, ours, theirs] = versions.map(|entries| Some(pond::store(&mut objects, &files(entries))));
    let labels = Labels { ours: "HEAD".into(), base: "1234567890".into(), theirs: "feature".into() };
    let merged = pond::merge(&mut objects, &Trees { base, ours, theirs, nodes }, labels, options);
    let files = pond::files(&mut objects, ours, &merged);
    Outcome { merged, files }
}

fn merge(base: &[(&str, &str)], ours: &[(&str, &str)], theirs: &[(&str, &str)]) -> Outcome {
    merge_with(&MergeOptions::default(), [base, ours, theirs], None)
}

impl Outcome {
    /// What conflicts say, without a line that something was merged.
    fn told(&self) -> Vec<(MessageKind, &str)> {
        let messages = self.merged.messages.iter().filter(|message| message.kind != MessageKind::AutoMerging);
        messages.map(|message| (message.kind, message.text.as_str())).collect()
    }

    /// Paths to decide about, with their stages: `path: base ours theirs`, `-` where there is none.
    fn unmerged(&self) -> Vec<String> {
        let stage = |stage: &Option<Stage>| stage.as_ref().map_or("-".into(), |stage| stage.path.to_string());
        let line = |one: &pond_objects::merge::Unmerged| {
            format!("{}: {} {} {}", one.path, stage(&one.base), stage(&one.ours), stage(&one.theirs))
        };
        self.merged.unmerged.iter().map(line).collect()
    }

    fn text(&self, path: &str) -> String {
        self.files
            .get(path)
            .map_or("nothing".into(), |(_, content)| String::from_utf8_lossy(content).into_owned())
    }

    fn paths(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    #[track_caller]
    fn assert_clean(&self, expected: &[(&str, &str)]) {
        assert!(self.merged.is_clean && self.merged.unmerged.is_empty(), "{:#?}", self.told());
        assert_eq!(self.files, files(expected));
    }
}

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

fn with(line: usize, text: &str) -> String {
    let lines = LINES.lines().enumerate().map(|(at, old)| if at + 1 == line { text } else { old });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn content() {
    let clean = merge(&[("f", LINES)], &[("f", &with(1, "x"))], &[("f", &with(9, "y"))]);
    assert_eq!(clean.merged.messages[0].text, "Auto-merging f");
    clean.assert_clean(&[("f", &with(1, "x").replace('9', "y"))]);

    let outcome = merge(&[("f", LINES)], &[("f", &with(5, "x"))], &[("f", &with(5, "y"))]);
    assert_eq!(outcome.told(), [(MessageKind::Content, "CONFLICT (content): Merge conflict in f")]);
    assert_eq!(outcome.unmerged(), ["f: f f f"]);
    assert!(outcome.merged.unmerged[0].has_markers);
    assert_eq!(outcome.text("f"), with(5, "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> feature"));
}

#[test]
fn a_side_wins_where_it_is_favoured() {
    let versions = [with(5, "x"), with(5, "y")];
    for (favour, expected) in [(Favour::Ours, "x"), (Favour::Theirs, "y"), (Favour::Union, "x\ny")] {
        let options = MergeOptions { favour: Some(favour), ..MergeOptions::default() };
        let outcome =
            merge_with(&options, [&[("f", LINES)], &[("f", &versions[0])], &[("f", &versions[1])]], None);
        outcome.assert_clean(&[("f", &with(5, expected))]);
    }
}

#[test]
fn add_add() {
    let outcome = merge(&[], &[("f", "x\n")], &[("f", "y\n")]);
    assert_eq!(outcome.told(), [(MessageKind::AddAdd, "CONFLICT (add/add): Merge conflict in f")]);
    assert_eq!(outcome.unmerged(), ["f: - f f"]);
    assert_eq!(outcome.text("f"), "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> feature\n");
    merge(&[], &[("f", "x\n")], &[("f", "x\n")]).assert_clean(&[("f", "x\n")]);
}

#[test]
fn binary() {
    let outcome = merge(&[("f", "\0a")], &[("f", "\0b")], &[("f", "\0c")]);
    let warning = "warning: Cannot merge binary files: f (HEAD vs. feature)";
    let conflict = (MessageKind::Content, "CONFLICT (content): Merge conflict in f");
    assert_eq!(outcome.told(), [(MessageKind::Binary, warning), conflict]);
    assert_eq!(outcome.merged.conflict_of(b"f".as_bstr()), Some(MessageKind::Binary));
    assert_eq!((outcome.text("f").as_str(), outcome.merged.unmerged[0].has_markers), ("\0b", false));
}

#[test]
fn modify_delete() {
    let outcome = merge(&[("data.csv", "1\n")], &[], &[("data.csv", "2\n")]);
    let text = "CONFLICT (modify/delete): data.csv deleted in HEAD and modified in feature.  Version feature of data.csv \
                left in tree.";
    assert_eq!(outcome.told(), [(MessageKind::ModifyDelete, text)]);
    assert_eq!(outcome.unmerged(), ["data.csv: data.csv - data.csv"]);
    assert_eq!(outcome.text("data.csv"), "2\n");
}

#[test]
fn modes_merge_like_content() {
    merge(&[("f", LINES)], &[("*f", LINES)], &[("f", &with(1, "x"))]).assert_clean(&[("*f", &with(1, "x"))]);
    let outcome = merge(&[], &[("*f", "x\n")], &[("f", "x\n")]);
    assert_eq!(outcome.told(), [(MessageKind::AddAdd, "CONFLICT (add/add): Merge conflict in f")]);
    assert_eq!(outcome.files["f"].0, Kind::Executable);
}

#[test]
fn symlinks_are_never_merged_by_line() {
    let outcome = merge(&[("@l", "1\n2\n3")], &[("@l", "x\n2\n3")], &[("@l", "1\n2\ny")]);
    assert_eq!(outcome.told(), [(MessageKind::Content, "CONFLICT (content): Merge conflict in l")]);
    assert_eq!((outcome.unmerged(), outcome.text("l")), (vec!["l: l l l".into()], "x\n2\n3".into()));
}

#[test]
fn distinct_types() {
    let outcome = merge(&[("f", LINES)], &[("f", &with(1, "x"))], &[("@f", "target")]);
    let text = "CONFLICT (distinct types): f had different types on each side; renamed one of them so each can be \
                recorded somewhere.";
    assert_eq!(outcome.told(), [(MessageKind::DistinctTypes, text)]);
    assert_eq!(outcome.unmerged(), ["f: - - f", "f~HEAD: f f -"]);
    assert_eq!((outcome.text("f"), outcome.text("f~HEAD")), ("target".into(), with(1, "x")));
}

#[test]
fn a_renamed_file_gets_the_other_sides_changes() {
    let outcome = merge(&[("old", LINES)], &[("new", &with(1, "x"))], &[("old", &with(9, "y"))]);
    outcome.assert_clean(&[("new", &with(1, "x").replace('9', "y"))]);

    let outcome = merge(&[("old", LINES)], &[("new", &with(5, "x"))], &[("old", &with(5, "y"))]);
    assert_eq!(outcome.unmerged(), ["new: old new old"]);
    assert_eq!(outcome.text("new"), with(5, "<<<<<<< HEAD:new\nx\n=======\ny\n>>>>>>> feature:old"));
}

#[test]
fn rename_rename() {
    let outcome = merge(&[("f", LINES)], &[("x", LINES)], &[("y", &with(1, "y"))]);
    let text = "CONFLICT (rename/rename): f renamed to x in HEAD and to y in feature.";
    assert_eq!(outcome.told(), [(MessageKind::RenameRename, text)]);
    assert_eq!(outcome.unmerged(), ["f: f - -", "x: - x -", "y: - - y"]);
    assert_eq!((outcome.text("x"), outcome.text("y")), (with(1, "y"), with(1, "y")));
    merge(&[("f", LINES)], &[("x", LINES)], &[("x", LINES)]).assert_clean(&[("x", LINES)]);
}

#[test]
fn renames_to_one_path() {
    let (a, b) = ("a\n".repeat(9), "b\n".repeat(9));
    let outcome = merge(&[("a", &a), ("b", &b)], &[("n", &a), ("b", &b)], &[("a", &a), ("n", &b)]);
    assert_eq!(outcome.told(), [(MessageKind::AddAdd, "CONFLICT (add/add): Merge conflict in n")]);
    assert_eq!((outcome.unmerged(), outcome.paths()), (vec!["n: - n n".into()], vec!["n"]));

    let ours = [("n", with(5, "x")), ("m", "m\n".into())];
    let ours = ours.each_ref().map(|(path, content)| (*path, content.as_str()));
    let outcome = merge(&[("f", LINES)], &ours, &[("f", &with(5, "y")), ("n", "other\n")]);
    let text = "CONFLICT (rename involved in collision): rename of f -> n has content conflicts AND collides with another \
                path; this may result in nested conflict markers.";
    assert_eq!(outcome.told()[0], (MessageKind::RenameCollides, text));
    assert!(outcome.text("n").contains("<<<<<<<< HEAD:n\nx\n"), "{}", outcome.text("n"));
}

#[test]
fn rename_delete() {
    let outcome = merge(&[("f", LINES)], &[("n", LINES)], &[]);
    let text = "CONFLICT (rename/delete): f renamed to n in HEAD, but deleted in feature.";
    assert_eq!(outcome.told(), [(MessageKind::RenameDelete, text)]);
    assert_eq!((outcome.unmerged(), outcome.paths()), (vec!["n: f n -".into()], vec!["n"]));
}

#[test]
fn a_file_gives_way_to_a_directory() {
    let outcome = merge(&[], &[("d", "file\n")], &[("d/f", "below\n")]);
    let text = "CONFLICT (file/directory): directory in the way of d from HEAD; moving it to d~HEAD instead.";
    assert_eq!(outcome.told(), [(MessageKind::FileDirectory, text)]);
    assert_eq!((outcome.unmerged(), outcome.paths()), (vec!["d~HEAD: - d -".into()], vec!["d/f", "d~HEAD"]));
    merge(&[("d", "1\n")], &[("d", "1\n")], &[("d/f", "2\n")]).assert_clean(&[("d/f", "2\n")]);
    merge(&[("d/f", "1\n")], &[("d", "2\n")], &[("d/f", "1\n")]).assert_clean(&[("d", "2\n")]);
    let taken = merge(&[], &[("d", "file\n"), ("d~HEAD", "taken\n")], &[("d/f", "below\n")]);
    assert_eq!(taken.paths(), ["d/f", "d~HEAD", "d~HEAD_0"]);
}

#[test]
fn a_file_that_nobody_touched_gives_way_to_a_directory_that_goes_along() {
    let (x, y) = ("x\n".repeat(9), "y\n".repeat(9));
    let base: &[(&str, &str)] = &[("a/x", &x), ("a/y", &y), ("c", "c\n")];
    let ours = [("x", x.as_str()), ("y", &y), ("c", "c\n")];
    let theirs = [("a/x", x.as_str()), ("a/y", &y), ("a/z", "z\n"), ("a/c/n", "n\n"), ("c", "c\n")];
    let outcome = merge(base, &ours, &theirs);
    let text = "CONFLICT (file/directory): directory in the way of c from HEAD; moving it to c~HEAD instead.";
    assert!(outcome.told().contains(&(MessageKind::FileDirectory, text)), "{:?}", outcome.told());
    assert_eq!(outcome.paths(), ["c/n", "c~HEAD", "x", "y", "z"]);
    assert_eq!(outcome.unmerged(), ["c/n: - - a/c/n", "c~HEAD: - c -", "z: - - a/z"]);
    // A change of one side is not lost with it.
    let ours = [("x", x.as_str()), ("y", &y), ("c", "ours\n")];
    let outcome = merge(base, &ours, &theirs);
    assert_eq!((outcome.text("c~HEAD"), outcome.paths().len()), ("ours\n".to_owned(), 5));
}

#[test]
fn a_new_file_goes_along_with_its_directory() {
    let (a, b) = ("a\n".repeat(9), "b\n".repeat(9));
    let base: &[(&str, &str)] = &[("d/a", &a), ("d/b", &b)];
    let versions = [base, &[("e/a", &a), ("e/b", &b)], &[("d/a", &a), ("d/b", &b), ("d/c", "new\n")]];
    let outcome = merge_with(&MergeOptions::default(), versions, None);
    let text = "CONFLICT (file location): d/c added in feature inside a directory that was renamed in HEAD, suggesting it \
                should perhaps be moved to e/c.";
    assert_eq!(outcome.told(), [(MessageKind::FileLocation, text)]);
    assert_eq!(
        (outcome.unmerged(), outcome.paths()),
        (vec!["e/c: - - d/c".into()], vec!["e/a", "e/b", "e/c"])
    );

    // The directory that all files left stays, and so do those in it that are empty: git has none of them.
    let ours = &[("d/", ""), ("e/a", &a), ("e/b", &b)];
    let emptied = merge_with(&MergeOptions::default(), [base, ours, versions[2]], None);
    assert_eq!(emptied.unmerged(), outcome.unmerged());
    assert_eq!(emptied.paths(), ["d", "e/a", "e/b", "e/c"]);
    let ours = &[("d/sub/", ""), ("e/a", &a), ("e/b", &b)];
    let emptied = merge_with(&MergeOptions::default(), [base, ours, versions[2]], None);
    assert_eq!(emptied.unmerged(), outcome.unmerged());

    let options = MergeOptions { directory_renames: DirectoryRenames::Apply, ..MergeOptions::default() };
    let outcome = merge_with(&options, versions, None);
    let text =
        "Path updated: d/c added in feature inside a directory that was renamed in HEAD; moving it to e/c.";
    assert_eq!(outcome.told(), [(MessageKind::FileMoved, text)]);
    outcome.assert_clean(&[("e/a", &a), ("e/b", &b), ("e/c", "new\n")]);

    let options = MergeOptions { directory_renames: DirectoryRenames::Ignore, ..MergeOptions::default() };
    let outcome = merge_with(&options, versions, None);
    outcome.assert_clean(&[("d/c", "new\n"), ("e/a", &a), ("e/b", &b)]);
}

#[test]
fn directories_that_it_is_unclear_where_they_went() {
    let (a, b) = ("a\n".repeat(9), "b\n".repeat(9));
    let base: &[(&str, &str)] = &[("d/a", &a), ("d/b", &b)];
    let theirs: &[(&str, &str)] = &[("d/a", &a), ("d/b", &b), ("d/c", "new\n")];
    let outcome = merge(base, &[("e/a", &a), ("f/b", &b)], theirs);
    let text = "CONFLICT (directory rename split): Unclear where to rename d to; it was renamed to multiple other \
                directories, with no destination getting a majority of the files.";
    assert_eq!(outcome.told(), [(MessageKind::DirectorySplit, text)]);
    assert!(!outcome.merged.is_clean && outcome.merged.unmerged.is_empty());
    assert_eq!(outcome.paths(), ["d/c", "e/a", "f/b"]);

    let theirs: &[(&str, &str)] = &[("d/a", &a), ("d/b", &b), ("d/c", "new\n"), ("e/c", "there\n")];
    let outcome = merge(base, &[("e/a", &a), ("e/b", &b)], theirs);
    let text = "CONFLICT (implicit dir rename): Existing file/dir at e/c in the way of implicit directory rename(s) putting \
                the following path(s) there: d/c.";
    assert_eq!(outcome.told(), [(MessageKind::DirectoryInWay, text)]);
    assert_eq!(outcome.paths(), ["d/c", "e/a", "e/b", "e/c"]);

    let base: &[(&str, &str)] = &[("c/b", &b), ("d/a", &a)];
    let theirs: &[(&str, &str)] = &[("c/b", &b), ("c/n", "1\n"), ("d/a", &a), ("d/n", "2\n")];
    let outcome = merge(base, &[("e/a", &a), ("e/b", &b)], theirs);
    let text = "CONFLICT (implicit dir rename): Cannot map more than one path to e/n; implicit directory renames tried to \
                put these paths there: c/n, d/n";
    assert_eq!(outcome.told(), [(MessageKind::DirectoryCollision, text)]);
    assert_eq!(outcome.paths(), ["c/n", "d/n", "e/a", "e/b"]);
}

#[test]
fn empty_directories_merge_too() {
    let file = ("f", "1\n");
    merge(&[file, ("d/", "")], &[file, ("d/", "")], &[file, ("d/x", "x\n")])
        .assert_clean(&[file, ("d/x", "x\n")]);
    merge(&[file, ("d/", "")], &[file, ("d/x", "x\n")], &[file, ("d/", "")])
        .assert_clean(&[file, ("d/x", "x\n")]);
    merge(&[file, ("d/", "")], &[file], &[file, ("d/", "")]).assert_clean(&[file]);
    merge(&[file, ("d/", "")], &[file, ("d/", "")], &[file]).assert_clean(&[file]);
    merge(&[file], &[file, ("d/", "")], &[file, ("e/", "")]).assert_clean(&[("d/", ""), ("e/", ""), file]);
    merge(&[file, ("d/", "")], &[file], &[file, ("d/x", "x\n")]).assert_clean(&[file, ("d/x", "x\n")]);
    // Each side empties the directory of one of its files, and neither removes it.
    let base: &[(&str, &str)] = &[("d/a", "a\n"), ("d/b", "b\n")];
    merge(base, &[("d/a", "a\n")], &[("d/b", "b\n")]).assert_clean(&[("d/", "")]);
    merge(base, &[("d/", "")], base).assert_clean(&[("d/", "")]);
    merge(base, base, &[("d/", "")]).assert_clean(&[("d/", "")]);
    merge(base, &[("d/", "")], &[]).assert_clean(&[]);
    // A file where the other side made an empty directory gives way to it.
    let outcome = merge(&[], &[("d", "file\n")], &[("d/e/", "")]);
    assert_eq!((outcome.told()[0].0, outcome.paths()), (MessageKind::FileDirectory, vec!["d/e", "d~HEAD"]));
    merge(&[("d/", "")], &[("d", "file\n")], &[("d/", "")]).assert_clean(&[("d", "file\n")]);
}

/// The table of a tree in which paths were renamed.
fn renamed(before: &NodeTable, pairs: &[(&str, &str)], has: [&[&str]; 2]) -> NodeTable {
    let rename = |(from, to): &(&str, &str)| {
        let side = pond_objects::Side { kind: Kind::File, id: ObjectId::ZERO, size: 1 };
        Change { old_path: Some(BString::from(*from)), ..Change::at((*to).into(), Some(side), Some(side)) }
    };
    let changes: Vec<_> = pairs.iter().map(rename).collect();
    let [old, new] = has.map(|paths| move |path: &[u8]| paths.iter().any(|have| have.as_bytes() == path));
    before.next(&changes, &old, &new)
}

#[test]
fn a_node_is_followed_whatever_became_of_it() {
    let base = NodeTable::default();
    let ours = renamed(&base, &[("old", "new")], [&["old"], &["new"]]);
    let theirs = NodeTable::default();
    let tables = Some([&base, &ours, &theirs]);
    let rewritten = with(1, "all").replace(|c: char| c.is_ascii_digit(), "other");
    let versions: [&[(&str, &str)]; 3] = [&[("old", LINES)], &[("new", &rewritten)], &[("*old", LINES)]];
    let outcome = merge_with(&MergeOptions::default(), versions, tables);
    outcome.assert_clean(&[("*new", &rewritten)]);
    let unknown = merge_with(&MergeOptions::default(), versions, None);
    assert_eq!(unknown.told()[0].0, MessageKind::ModifyDelete);

    // Another file stands at the old path: it stays.
    let versions: [&[(&str, &str)]; 3] =
        [&[("old", LINES)], &[("new", LINES), ("old", "another\n")], &[("old", &with(9, "y"))]];
    let side = pond_objects::Side { kind: Kind::File, id: ObjectId::ZERO, size: 1 };
    let new_node = [Change::at("old".into(), None, Some(side))];
    let occupied = ours.next(&new_node, &|path| path == b"new", &|path| path == b"new" || path == b"old");
    let outcome = merge_with(&MergeOptions::default(), versions, Some([&base, &occupied, &theirs]));
    outcome.assert_clean(&[("new", &with(9, "y")), ("old", "another\n")]);
}

#[test]
fn too_many_renames_are_said_to_be_too_many() {
    let texts: Vec<(String, String)> =
        (0..3).map(|at| (format!("{at}"), format!("{at}\n").repeat(5) + LINES)).collect();
    let at = |directory: &str, line: &str| -> Vec<(String, String)> {
        texts
            .iter()
            .map(|(name, text)| (format!("{directory}{name}{line}"), format!("{text}{line}\n")))
            .collect()
    };
    let (base, ours, theirs) = (at("a", ""), at("b", "x"), at("a", ""));
    let theirs: Vec<_> = theirs.into_iter().map(|(path, text)| (path, format!("first\n{text}"))).collect();
    let list = |all: &[(String, String)]| -> Files {
        all.iter().map(|(path, text)| (path.clone(), (Kind::File, text.clone().into_bytes()))).collect()
    };
    for (limit, is_skipped) in [(2, true), (3, false)] {
        let mut objects = MemoryObjects::new();
        let [base, ours, theirs] =
            [&base, &ours, &theirs].map(|all| Some(pond::store(&mut objects, &list(all))));
        let mut options = MergeOptions::default();
        options.renames.as_mut().expect("they are looked for").limit = limit;
        let labels = Labels { ours: "a".into(), base: "b".into(), theirs: "c".into() };
        let merged = pond::merge(&mut objects, &Trees { base, ours, theirs, nodes: None }, labels, &options);
        assert_eq!((merged.has_skipped_renames, merged.is_clean), (is_skipped, !is_skipped));
    }
}
