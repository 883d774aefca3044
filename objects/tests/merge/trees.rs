//! Trees merged here and by `git merge-tree`.

use pond_objects::memory::MemoryObjects;
use pond_objects::merge::{ConflictStyle, Labels, MergeOptions, Trees};

use crate::git::Git;
use crate::oracle::{GitMerge, Version, import};
use crate::scenario::{Files, Scenario};
use crate::{oracle, pond, rounds};

fn show(files: &Files) -> String {
    let show = |(path, (kind, content)): (&String, &(pond_objects::Kind, Vec<u8>))| {
        let text = String::from_utf8_lossy(content).into_owned();
        let id = pond_objects::ObjectId::of_content(content).to_hex();
        let first = text.lines().next().unwrap_or_default().to_owned();
        format!("--- {path} {kind:?} {} lines, {} {first:?}\n", text.lines().count(), &id[..4])
    };
    files.iter().map(show).collect()
}

fn explain(git: &GitMerge, pond: &GitMerge) -> String {
    let mut text = String::new();
    if git.is_clean != pond.is_clean {
        text += &format!("clean: git {} pond {}\n", git.is_clean, pond.is_clean);
    }
    for (path, file) in &git.files {
        match pond.files.get(path) {
            None => text += &format!("only git has {path}\n"),
            Some(other) if other != file => {
                let [git, pond] =
                    [file, other].map(|file| (file.0, String::from_utf8_lossy(&file.1).into_owned()));
                text +=
                    &format!("{path} differs:\ngit  {:?}\n{}\npond {:?}\n{}\n", git.0, git.1, pond.0, pond.1);
            }
            Some(_) => {}
        }
    }
    pond.files
        .keys()
        .filter(|path| !git.files.contains_key(*path))
        .for_each(|path| text += &format!("only pond has {path}\n"));
    let stages = |merge: &GitMerge| {
        merge.stages.keys().map(|(path, stage)| format!("{path}:{stage}")).collect::<Vec<_>>()
    };
    if git.stages != pond.stages {
        text += &format!("stages\ngit  {:?}\npond {:?}\n", stages(git), stages(pond));
    }
    if git.messages != pond.messages {
        text += &format!("messages\ngit  {:#?}\npond {:#?}\n", git.messages, pond.messages);
    }
    text
}

#[test]
fn trees_merge_as_git_merges_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let git = Git(directory.path());
    if !git.knows("merge-tree", "--stdin") {
        return;
    }
    git.run(&["init", "-q", "--bare"], b"");
    let first: u64 = std::env::var("POND_MERGE_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let seeds: Vec<u64> = (first..first + rounds(250)).collect();
    let scenarios: Vec<Scenario> = seeds.iter().map(|seed| Scenario::new(*seed)).collect();
    let mut versions = Vec::new();
    let name = |seed: &u64, side: &str| format!("s{seed}/{side}");
    for (seed, scenario) in seeds.iter().zip(&scenarios) {
        let base = name(seed, "base");
        versions.push(Version { name: base.clone(), parents: Vec::new(), files: &scenario.base });
        for (side, files) in [("ours", &scenario.ours), ("theirs", &scenario.theirs)] {
            versions.push(Version { name: name(seed, side), parents: vec![base.clone()], files });
        }
    }
    let imported = git.run(&["fast-import", "--quiet", "--force"], &import(&versions));
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let pairs: Vec<_> = seeds.iter().map(|seed| (name(seed, "ours"), name(seed, "theirs"))).collect();
    let expected = oracle::merge(&git, &[], &pairs);
    let mut failures = 0;
    for ((seed, scenario), expected) in seeds.iter().zip(&scenarios).zip(&expected) {
        let mut objects = MemoryObjects::new();
        if std::env::var_os("POND_MERGE_SHOW").is_some() {
            println!(
                "seed {seed}\nBASE\n{}\nOURS\n{}\nTHEIRS\n{}",
                show(&scenario.base),
                show(&scenario.ours),
                show(&scenario.theirs)
            );
            println!("GIT {:#?}\n{}", expected.messages, show(&expected.files));
        }
        let [base, ours, theirs] = [&scenario.base, &scenario.ours, &scenario.theirs]
            .map(|files| Some(pond::store(&mut objects, files)));
        let (our_label, their_label) = (name(seed, "ours"), name(seed, "theirs"));
        let labels = Labels {
            ours: our_label.as_str().into(),
            base: "base".into(),
            theirs: their_label.as_str().into(),
        };
        let options = MergeOptions { style: ConflictStyle::Merge, ..MergeOptions::default() };
        let trees = Trees { base, ours, theirs, nodes: None };
        let merged = pond::merge(&mut objects, &trees, labels, &options);
        let merged = pond::as_git(&mut objects, ours, &merged);
        let difference = explain(expected, &merged);
        if !difference.is_empty() {
            failures += 1;
            if failures <= 5 {
                println!("==== seed {seed}\n{difference}");
                if std::env::var_os("POND_MERGE_SHOW").is_some() {
                    println!(
                        "BASE\n{}\nOURS\n{}\nTHEIRS\n{}",
                        show(&scenario.base),
                        show(&scenario.ours),
                        show(&scenario.theirs)
                    );
                }
            }
        }
    }
    assert_eq!(failures, 0, "of {} scenarios", seeds.len());
}
