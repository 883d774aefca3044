//! Texts merged here and by `git merge-file`.

use std::ops::Range;

use pond_objects::ObjectId;
use pond_objects::large::{self, LargeError, Limits, Part, Piece, Text as LargeText};
use pond_objects::memory::MemoryObjects;
use pond_objects::merge::large::{LargeOptions, merge_large};
use pond_objects::merge::text::{ConflictStyle, Favour, Labels, TextOptions, merge_text};

use crate::git::Git;
use crate::random::{Random, Text, text};
use crate::rounds;

#[test]
fn texts_merge_as_git_merges_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let git = Git(directory.path());
    if !git.knows("merge-file", "--diff-algorithm") {
        return;
    }
    for round in 0..rounds(150) {
        let random = &mut Random::new(round);
        let form = Text { words: random.pick(&[3, 12, 400]), end: random.pick(&["\n", "\n", "\r\n"]) };
        let base = form.lines(random, 40);
        let (ours, theirs) = (form.edit(random, &base), form.edit(random, &base));
        let versions = [base, ours, theirs].map(|lines| text(random, &lines));
        let (style, option) = random.pick(&[
            (ConflictStyle::Merge, "--marker-size=7"),
            (ConflictStyle::Diff3, "--diff3"),
            (ConflictStyle::Zdiff3, "--zdiff3"),
        ]);
        let (favour, wish) = random.pick(&[
            (None, "--quiet"),
            (None, "--quiet"),
            (Some(Favour::Ours), "--ours"),
            (Some(Favour::Theirs), "--theirs"),
            (Some(Favour::Union), "--union"),
        ]);
        for (name, content) in ["base", "ours", "theirs"].iter().zip(&versions) {
            std::fs::write(directory.path().join(name), content).expect("a file");
        }
        let expected = git.run(
            &[
                "merge-file",
                "-p",
                "--diff-algorithm=histogram",
                option,
                wish,
                "-L",
                "HEAD",
                "-L",
                "1234567",
                "-L",
                "feature",
                "ours",
                "base",
                "theirs",
            ],
            b"",
        );
        let labels = Labels { ours: "HEAD".into(), base: "1234567".into(), theirs: "feature".into() };
        let options = TextOptions { style, favour, ..TextOptions::default() };
        let [base, ours, theirs] = &versions;
        let merged = merge_text(base, ours, theirs, labels, options);
        let show = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        assert_eq!(show(&merged.content), show(&expected.stdout), "round {round} {option} {wish}");
        assert_eq!(merged.conflicts as i32, expected.status.code().expect("it ended"), "round {round}");
    }
}

/// A text in memory, cut into pieces of a few lines.
struct Pieces {
    content: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Pieces {
    fn of(content: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut start = 0;
        for (end, last) in content.iter().enumerate().map(|(at, byte)| (at + 1, *byte)) {
            if matches!(last, b'3' | b'7') || end == content.len() {
                pieces.push(Piece { id: ObjectId::of_content(&content[start..end]), end: end as u64 });
                start = end;
            }
        }
        Self { content: content.to_vec(), pieces }
    }
}

impl LargeText for Pieces {
    fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn visit(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
    ) -> Result<(), LargeError> {
        each(&self.content[range.start as usize..range.end as usize])
    }

    fn parts(&self, range: Range<u64>) -> Option<Vec<Part>> {
        Some(vec![Part::Bytes(self.content[range.start as usize..range.end as usize].into())])
    }
}

#[test]
fn large_texts_merge_as_small_ones() {
    let objects = MemoryObjects::new();
    let mut same = [0; 2];
    for round in 0..rounds(400) {
        let random = &mut Random::new(round);
        let words = random.pick(&[12, 100_000]);
        let form = Text { words, end: random.pick(&["\n", "\r\n"]) };
        let base = form.lines(random, 200);
        let (ours, theirs) = (form.edit(random, &base), form.edit(random, &base));
        let [base, ours, theirs] = [base, ours, theirs].map(|lines| text(random, &lines));
        let options = TextOptions {
            style: random.pick(&[ConflictStyle::Merge, ConflictStyle::Diff3, ConflictStyle::Zdiff3]),
            favour: random.pick(&[None, None, Some(Favour::Ours), Some(Favour::Theirs), Some(Favour::Union)]),
            ..TextOptions::default()
        };
        let labels = Labels { ours: "HEAD".into(), base: "1234567".into(), theirs: "feature".into() };
        let small = merge_text(&base, &ours, &theirs, labels, options);
        let pieces = [&base, &ours, &theirs].map(|content| Pieces::of(content));
        let merge = |in_memory: u64, limits: Limits| {
            let texts = [&pieces[0] as &dyn LargeText, &pieces[1], &pieces[2]];
            let merged = merge_large(texts, labels, options, &LargeOptions { in_memory, limits })
                .expect("it is in memory");
            let spliced = merged.content.finish(&objects).expect("it is in memory");
            let bytes = large::read(&spliced.open(&objects).expect("all is there"), 0..spliced.size());
            let bytes = bytes.expect("all is there");
            assert_eq!(ObjectId::of_content(&bytes), spliced.id);
            (String::from_utf8(bytes).expect("text"), merged.conflicts)
        };
        let limits = Limits { margin: random.pick(&[0, 1, 4, 64]), ..Limits::default() };
        let large = merge(1 << 20, limits);
        let is_same = large == (String::from_utf8(small.content).expect("text"), small.conflicts);
        same[usize::from(words == 12)] += usize::from(is_same);
        if words != 12 {
            assert!(is_same, "round {round}: {large:?}");
        }
        // However little is compared and merged at once, what a side did not change is the other's.
        let (_, conflicts) = merge(0, Limits { window: 100, lines: 5, margin: 1, changes: 3 });
        assert!(conflicts > 0 || small.conflicts == 0 || options.favour.is_some() || ours == theirs);
    }
    assert!(same[1] * 10 > rounds(400) as usize * 4, "{same:?} of texts with and without lines that repeat");
}

#[test]
fn a_side_without_changes_does_not_matter_to_large_texts() {
    let objects = MemoryObjects::new();
    let labels = Labels { ours: "".into(), base: "".into(), theirs: "".into() };
    for round in 0..rounds(100) {
        let random = &mut Random::new(round);
        let form = Text { words: random.pick(&[3, 12, 400]), end: "\n" };
        let base = form.lines(random, 100);
        let changed = form.edit(random, &base);
        let [base, changed] = [base, changed].map(|lines| Pieces::of(&text(random, &lines)));
        for [ours, theirs] in [[&base, &changed], [&changed, &base], [&changed, &changed]] {
            let limits = Limits { window: 60, lines: 7, margin: 2, changes: 4 };
            let options = LargeOptions { in_memory: 1 << 20, limits };
            let merged = merge_large([&base, ours, theirs], labels, TextOptions::default(), &options);
            let merged = merged.expect("it is in memory");
            assert_eq!(merged.conflicts, 0, "round {round}");
            let spliced = merged.content.finish(&objects).expect("it is in memory");
            assert_eq!(spliced.id, ObjectId::of_content(&changed.content), "round {round}");
        }
    }
}
