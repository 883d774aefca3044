//! Patches beside those of git itself, where git is on the machine.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Output};

use bstr::{BString, ByteSlice as _};
use pond_objects::large::{LargeError, Piece, Text};
use pond_objects::{Kind, ObjectId};

use super::*;

mod pieces;

/// A path with its old and its new content.
type File<'a> = (&'a str, Option<&'a [u8]>, Option<&'a [u8]>);

/// Contents in memory, by id.
#[derive(Default)]
struct Fixture {
    contents: HashMap<ObjectId, Vec<u8>>,
    changes: Vec<Change>,
}

impl Fixture {
    fn side(&mut self, kind: Kind, content: &[u8]) -> Side {
        let id = ObjectId::of_content(content);
        self.contents.insert(id, content.to_vec());
        Side { kind, id, size: content.len() as u64 }
    }

    fn change(&mut self, path: &str, old: Option<&[u8]>, new: Option<&[u8]>) {
        let old = old.map(|content| self.side(Kind::File, content));
        let new = new.map(|content| self.side(Kind::File, content));
        self.changes.push(Change::at(path.into(), old, new));
    }

    fn rename(&mut self, old_path: &str, path: &str, old: &[u8], new: &[u8], similarity: u8) {
        self.change(path, Some(old), Some(new));
        let change = self.changes.last_mut().expect("just added");
        change.old_path = Some(BString::from(old_path));
        change.similarity = Some(similarity);
    }

    fn render(&mut self, options: &DiffOptions) -> String {
        let changes = self.changes.clone();
        let mut out = Vec::new();
        write_diff(&mut out, &changes, self, options).expect("memory");
        out.to_str_lossy().into_owned()
    }

    fn form(&mut self, forms: Forms) -> String {
        self.render(&DiffOptions { forms, ..DiffOptions::default() })
    }
}

impl Contents for Fixture {
    fn read(&mut self, change: &Change, which: OldOrNew) -> Result<SideContent, CommandError> {
        let side = which.of(change);
        Ok(side.map_or(SideContent::Absent, |side| SideContent::Bytes(self.contents[&side.id].clone())))
    }

    fn texts(&self, change: &Change) -> Result<Texts<'_>, CommandError> {
        let text = |side: Option<Side>| -> Box<dyn Text> {
            Box::new(side.map_or_else(Pieces::default, |side| Pieces::of(&self.contents[&side.id])))
        };
        Ok(Texts { old: text(change.old), new: text(change.new) })
    }

    fn shared(&self, _: &Change) -> Result<Option<Shared>, CommandError> {
        Ok(Some(Shared { chunks: 1, total: 2, bytes: 1, total_bytes: 3 }))
    }

    fn short(&self, id: &ObjectId) -> String {
        id.short()
    }
}

/// A text in memory, cut into pieces of a few bytes.
#[derive(Default)]
struct Pieces {
    content: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Pieces {
    fn of(content: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut start = 0;
        for end in 1..=content.len() {
            let last =
                content[..end].iter().rev().take(3).fold(0u32, |sum, byte| sum * 31 + u32::from(*byte));
            if last.wrapping_mul(2_654_435_761) >> 28 == 0 || end == content.len() {
                pieces.push(Piece { id: ObjectId::of_content(&content[start..end]), end: end as u64 });
                start = end;
            }
        }
        Self { content: content.to_vec(), pieces }
    }
}

impl Text for Pieces {
    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        self.touched(range).into_iter().try_for_each(|(at, within)| {
            let start = self.start_of(at) as usize;
            each(&self.content[start + within.start..start + within.end])
        })
    }
}

/// Runs git without anyone's configuration; none if there is no git.
fn git(directory: &Path, arguments: &[&str]) -> Option<Output> {
    Command::new("git")
        .args(["-c", "core.quotePath=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", directory)
        .env("LC_ALL", "C")
        .output()
        .ok()
}

/// Git's own answer for the same changes.
fn git_diff(files: &[File<'_>], arguments: &[&str]) -> Option<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    git(directory.path(), &["init", "--quiet"])?;
    let mut trees = Vec::new();
    for new in [false, true] {
        for file in files {
            let path = directory.path().join(file.0);
            match if new { file.2 } else { file.1 } {
                Some(content) => {
                    fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
                    fs::write(path, content).expect("a new file");
                }
                None if new => fs::remove_file(path).expect("written before"),
                None => {}
            }
        }
        git(directory.path(), &["add", "--all"])?;
        let tree = git(directory.path(), &["write-tree"])?;
        assert!(tree.status.success(), "{}", tree.stderr.to_str_lossy());
        trees.push(tree.stdout.trim().to_str_lossy().into_owned());
    }
    let all = [&["diff", "--no-color", "--no-renames"], arguments, &[&trees[0], &trees[1]]].concat();
    Some(git(directory.path(), &all)?.stdout.to_str_lossy().into_owned())
}

/// The text without the ids of `index` lines, which git computes in another way.
fn without_ids(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("index ") {
        Some(rest) => format!("index{}", rest.find(' ').map_or("", |space| &rest[space..])),
        None => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn assert_as_git(files: &[File<'_>], options: &DiffOptions, arguments: &[&str]) {
    let mut fixture = Fixture::default();
    for (path, old, new) in files {
        fixture.change(path, *old, *new);
    }
    if let Some(expected) = git_diff(files, arguments) {
        assert_eq!(without_ids(&fixture.render(options)), without_ids(&expected), "{arguments:?}");
    }
}

const OLD: &[u8] = b"int main(void)\n{\n    one();\n    two();\n\n    three();\n    four();\n    five();\n}\n\nint next(void)\n{\n    six();\n    seven();\n    eight();\n    nine();\n}\n";
const NEW: &[u8] = b"int main(void)\n{\n    one();\n    2();\n\n    three();\n    four();\n    five();\n}\n\nint next(void)\n{\n    six();\n    seven();\n    eight();\n    nine();\n    ten();\n}";

#[test]
fn simple_patches_are_gits() {
    let files: [File<'_>; 7] = [
        ("changed.c", Some(OLD), Some(NEW)),
        ("dir/gone.txt", Some(b"a\nb\n"), None),
        ("dir/new.txt", None, Some(b"a\nb")),
        ("empty", None, Some(b"")),
        ("na me.txt", Some(b"a\n"), Some(b"b\n")),
        ("odd\tna\"me", Some(b"a\n"), Some(b"b\n")),
        ("über", Some(b"a\n"), Some(b"a")),
    ];
    assert_as_git(&files, &DiffOptions::default(), &[]);
    assert_as_git(&files, &DiffOptions { context: 0, ..DiffOptions::default() }, &["-U0"]);
    assert_as_git(&files, &DiffOptions { context: 10, ..DiffOptions::default() }, &["-U10"]);
    assert_as_git(
        &files,
        &DiffOptions { word_diff: WordDiff::Plain, ..DiffOptions::default() },
        &["--word-diff"],
    );
    let porcelain = DiffOptions { word_diff: WordDiff::Porcelain, ..DiffOptions::default() };
    assert_as_git(&files, &porcelain, &["--word-diff=porcelain"]);
}

#[test]
fn whitespace_is_ignored_as_in_git() {
    let files: [File<'_>; 2] =
        [("more", Some(b"a b\nc\nd\n"), Some(b"a  b\n c\ne \n")), ("only", Some(b"a b\n"), Some(b"a  b \n"))];
    for (whitespace, flag) in [
        (Whitespace::IgnoreAmount, "-b"),
        (Whitespace::IgnoreAll, "-w"),
        (Whitespace::IgnoreAtEnd, "--ignore-space-at-eol"),
    ] {
        assert_as_git(&files, &DiffOptions { whitespace, ..DiffOptions::default() }, &[flag]);
    }
}

/// Numbers that are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A text of some lines, and the same after some edits.
fn edited(numbers: &mut Numbers, alphabet: u64) -> (Vec<u8>, Vec<u8>) {
    let line = |numbers: &mut Numbers| {
        let indent = " ".repeat(2 * numbers.below(3) as usize);
        match numbers.below(alphabet + 1) {
            0 => "\n".to_owned(),
            word => format!("{indent}w{word}\n"),
        }
    };
    let length = numbers.below(40);
    let old: Vec<String> = (0..length).map(|_| line(numbers)).collect();
    let mut new = old.clone();
    for _ in 0..1 + numbers.below(5) {
        let at = numbers.below(new.len() as u64 + 1) as usize;
        match numbers.below(3) {
            0 => new.insert(at, line(numbers)),
            1 if at < new.len() => drop(new.remove(at)),
            _ if at < new.len() => new[at] = line(numbers),
            _ => {}
        }
    }
    let mut text = |lines: Vec<String>| {
        let mut text = lines.concat().into_bytes();
        if numbers.below(5) == 0 {
            text.pop();
        }
        text
    };
    (text(old), text(new))
}

#[test]
fn random_patches_apply_and_are_mostly_gits() {
    let mut numbers = Numbers(7);
    let texts: Vec<(String, Vec<u8>, Vec<u8>)> = (0..300)
        .map(|case| {
            let (old, new) = edited(&mut numbers, if case % 2 == 0 { 4 } else { 30 });
            (format!("{case:03}"), old, new)
        })
        .collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, old, _) in &texts {
        fs::write(directory.path().join(name), old).expect("a new file");
    }
    for algorithm in
        [DiffAlgorithm::Myers, DiffAlgorithm::Patience, DiffAlgorithm::Histogram, DiffAlgorithm::Minimal]
    {
        let mut fixture = Fixture::default();
        for (name, old, new) in texts.iter().filter(|(_, old, new)| old != new) {
            fixture.change(name, Some(old), Some(new));
        }
        let patch = fixture.render(&DiffOptions { algorithm, ..DiffOptions::default() });
        fs::write(directory.path().join("patch"), &patch).expect("a new file");
        let Some(applied) = git(directory.path(), &["apply", "patch"]) else { return };
        assert!(applied.status.success(), "{algorithm:?}: {}", applied.stderr.to_str_lossy());
        for (name, old, new) in &texts {
            let path = directory.path().join(name);
            assert_eq!(fs::read(&path).expect("patched").as_bstr(), new.as_bstr(), "{algorithm:?} {name}");
            fs::write(&path, old).expect("reset");
        }
    }
    let files: Vec<_> =
        texts.iter().map(|(name, old, new)| (name.as_str(), Some(&old[..]), Some(&new[..]))).collect();
    let Some(expected) = git_diff(&files, &[]) else { return };
    let mut fixture = Fixture::default();
    files.iter().filter(|file| file.1 != file.2).for_each(|file| fixture.change(file.0, file.1, file.2));
    let ours = without_ids(&fixture.render(&DiffOptions::default()));
    let (ours, expected) = (by_file(&ours), by_file(&without_ids(&expected)));
    let same = ours.iter().filter(|(name, patch)| expected.get(*name) == Some(*patch)).count();
    // Of several shortest edit scripts the two may choose different ones.
    assert!(same * 10 >= expected.len() * 9, "{same} of {}", expected.len());
}

fn by_file(patch: &str) -> HashMap<String, String> {
    let files = patch.split("diff --git ").skip(1);
    files.map(|file| (file.lines().next().unwrap_or_default().to_owned(), file.to_owned())).collect()
}

#[test]
fn tables_are_gits() {
    let long =
        "a-directory-with-a-long-name/another-directory-with-a-long-name/and-a-file-with-a-long-name.txt";
    let many = "line\n".repeat(200);
    let files: [File<'_>; 5] = [
        (long, None, Some(many.as_bytes())),
        ("bin", Some(b"\0a"), Some(b"\0abc")),
        ("changed.c", Some(OLD), Some(NEW)),
        ("gone", Some(b"a\n"), None),
        ("日本.txt", Some(b"a\n"), Some(b"b\n")),
    ];
    let form = |change: fn(&mut Forms)| {
        let mut forms = Forms::NONE;
        change(&mut forms);
        DiffOptions { forms, ..DiffOptions::default() }
    };
    assert_as_git(&files, &form(|forms| forms.shortstat = true), &["--shortstat"]);
    assert_as_git(&files, &form(|forms| forms.stat = true), &["--stat=80"]);
    let mut fixture = Fixture::default();
    for file in &files {
        fixture.change(file.0, file.1, file.2);
    }
    for width in [30, 60, 100, 400] {
        let options = DiffOptions { width, ..form(|forms| forms.stat = true) };
        if let Some(expected) = git_diff(&files, &[&format!("--stat={width}")]) {
            assert_eq!(fixture.render(&options), expected, "{width}");
        }
    }
}

#[test]
fn renames_and_modes() {
    let mut fixture = Fixture::default();
    fixture.rename("dir/old", "dir/new", b"a\nb\nc\n", b"a\nb\nd\n", 66);
    fixture.rename("x", "y", b"same\n", b"same\n", 100);
    fixture.change("run.sh", Some(b"#!\n"), Some(b"#!\n"));
    fixture.changes[2].new = Some(Side { kind: Kind::Executable, ..fixture.changes[2].new.expect("set") });
    fixture.change("link", Some(b"text\n"), Some(b"target"));
    fixture.changes[3].new = Some(Side { kind: Kind::Symlink, ..fixture.changes[3].new.expect("set") });
    let patch = fixture.render(&DiffOptions::default());
    assert!(patch.starts_with(
        "diff --git a/dir/old b/dir/new\nsimilarity index 66%\nrename from dir/old\nrename to dir/new\nindex "
    ));
    assert!(patch.contains("--- a/dir/old\n+++ b/dir/new\n@@ -1,3 +1,3 @@\n a\n b\n-c\n+d\n"));
    assert!(
        patch.contains("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\ndiff --git")
    );
    assert!(patch.contains("diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\ndiff --git"));
    assert!(patch.contains("deleted file mode 100644") && patch.contains("new file mode 120000"));
    assert!(patch.ends_with("+++ b/link\n@@ -0,0 +1 @@\n+target\n\\ No newline at end of file\n"));
    let statuses = fixture.form(Forms { name_status: true, ..Forms::NONE });
    assert_eq!(statuses, "R066\tdir/old\tdir/new\nR100\tx\ty\nM\trun.sh\nT\tlink\n");
    let summary = fixture.form(Forms { summary: true, ..Forms::NONE });
    assert_eq!(
        summary,
        " rename dir/{old => new} (66%)\n rename x => y (100%)\n mode change 100644 => 100755 run.sh\n mode change 100644 => 120000 link\n"
    );
    let options =
        DiffOptions { nul: true, forms: Forms { numstat: true, ..Forms::NONE }, ..DiffOptions::default() };
    assert_eq!(
        fixture.render(&options),
        "1\t1\t\0dir/old\0dir/new\x000\t0\t\0x\0y\x000\t0\trun.sh\x001\t1\tlink\0"
    );
}

#[test]
fn reversed_patches_take_changes_back() {
    let mut fixture = Fixture::default();
    fixture.rename("old", "new", b"a\nb\n", b"a\nc\n", 50);
    fixture.change("added", None, Some(b"x\n"));
    let patch = fixture.render(&DiffOptions { reverse: true, ..DiffOptions::default() });
    assert!(patch.contains("rename from new\nrename to old\n") && patch.contains("-c\n+b\n"), "{patch}");
    assert!(
        patch.contains("deleted file mode 100644") && patch.contains("+++ /dev/null\n@@ -1 +0,0 @@\n-x\n")
    );
}

#[test]
fn what_is_not_text_is_summarised() {
    let mut fixture = Fixture::default();
    fixture.change("bin", Some(b"\0a"), Some(b"\0ab"));
    fixture.change("new", None, Some(b"\0"));
    fixture.change("large", Some(&b"\0x\n".repeat(30)), Some(b"x\n"));
    let options = DiffOptions { limit: 60, ..DiffOptions::default() };
    let patch = fixture.render(&options);
    assert!(
        patch.contains("Binary files a/bin and b/bin differ\n 2 B -> 3 B, 1 of 2 chunks shared, 33%\n"),
        "{patch}"
    );
    assert!(patch.contains("Binary files /dev/null and b/new differ\n new, 1 B"), "{patch}");
    assert!(patch.contains("\nBinary files a/large and b/large differ\n 90 B -> 2 B"), "{patch}");
    let patch = fixture.render(&DiffOptions { text: true, ..options });
    assert!(patch.contains("@@ -1 +1 @@\n-\0a\n\\ No newline"), "{patch}");
}

#[test]
fn colours_mark_words_and_a_terminal_is_safe() {
    let mut fixture = Fixture::default();
    fixture.change("f", Some(b"let a = 1;\x1b\n"), Some(b"let b = 1;\x1b\n"));
    let paint = Paint { color: true, escape: true };
    let patch = fixture.render(&DiffOptions { paint, ..DiffOptions::default() });
    assert!(patch.contains("\x1b[32m+\x1b[0m\x1b[32mlet \x1b[0m"), "{patch:?}");
    assert!(patch.contains("\x1b[7m\x1b[32mb\x1b[0m\x1b[32m = 1;\\033\x1b[0m\n"), "{patch:?}");
}

#[test]
fn a_large_rewrite_ends_at_its_deadline() {
    let mut numbers = Numbers(1);
    let mut text = || (0..40_000).map(|_| format!("{}\n", numbers.below(900))).collect::<String>();
    let (old, new) = (text(), text());
    let mut fixture = Fixture::default();
    fixture.change("f", Some(old.as_bytes()), Some(new.as_bytes()));
    let patch = fixture.render(&DiffOptions { time: Duration::from_millis(100), ..DiffOptions::default() });
    assert!(patch.starts_with("diff --git"));
}
