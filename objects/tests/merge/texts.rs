//! Texts merged here and by `git merge-file`.

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
