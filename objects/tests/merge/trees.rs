//! Trees merged here and by `git merge-tree`.

use pond_objects::memory::MemoryObjects;
use pond_objects::merge::{ConflictStyle, Favour, Labels, MergeOptions, Trees};

use crate::git::Git;
use crate::oracle::{GitMerge, Version, import};
use crate::scenario::{File, Files, Scenario};
use crate::{oracle, pond, rounds};

pub(crate) fn show(files: &Files) -> String {
    let show = |(path, (kind, content)): (&String, &(pond_objects::Kind, Vec<u8>))| {
        let text = String::from_utf8_lossy(content).into_owned();
        let id = pond_objects::ObjectId::of_content(content).to_hex();
        let first = text.lines().next().unwrap_or_default().to_owned();
        format!("--- {path} {kind:?} {} lines, {} {first:?}\n", text.lines().count(), &id[..4])
    };
    files.iter().map(show).collect()
}

/// How two results of a merge differ.
pub(crate) fn explain(git: &GitMerge, pond: &GitMerge) -> String {
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

/// Why git's result is not wanted, in the few cases where it is not. `bases` are what the sides come from.
pub(crate) fn known(
    bases: &[&Files],
    sides: [&Files; 2],
    git: &GitMerge,
    pond: &GitMerge,
) -> Option<&'static str> {
    let is_left = |key: &(String, usize)| key.1 == 1 && !git.stages.contains_key(key);
    if pond.stages.keys().any(is_left) && sides[0].iter().any(|(path, file)| sides[1].get(path) == Some(file))
    {
        return Some("git drops what is at the old path of a file that both sides have at its new path");
    }
    let has_copies = |files: &Files| {
        let mut contents: Vec<&Vec<u8>> = files.values().map(|(_, content)| content).collect();
        contents.sort();
        contents.windows(2).any(|pair| pair[0] == pair[1])
    };
    if sides.into_iter().any(has_copies) {
        return Some("of several equal files git takes another one for the renamed one");
    }
    let is_back = |message: &String| {
        let target = message.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
        message.starts_with("CONFLICT (file location)") && bases.iter().any(|base| base.contains_key(target))
    };
    if pond.messages.iter().any(is_back) {
        return Some("git drops a file that goes along with its directory to a path that the base has");
    }
    let everywhere = |(path, file): (&String, &File)| {
        bases.iter().chain(&sides).all(|files| files.get(path) == Some(file)) && !git.files.contains_key(path)
    };
    if pond.files.iter().any(everywhere) {
        return Some("git drops a file that nobody touched, from a directory into which others come along");
    }
    let told = |merge: &GitMerge, start: &str| -> Vec<String> {
        merge.messages.iter().filter(|message| message.starts_with(start)).cloned().collect()
    };
    let in_way = "CONFLICT (implicit dir rename): Existing";
    if told(git, in_way) != told(pond, in_way) {
        return Some("git takes a removed directory for being in the way, and overlooks a file that is");
    }
    let split = "CONFLICT (directory rename split)";
    if told(git, split) != told(pond, split) {
        return Some("git does not look where all files went, once it is clear where most did");
    }
    None
}

/// A way to merge, and git's options for it.
struct Way {
    style: ConflictStyle,
    favour: Option<Favour>,
    settings: &'static [&'static str],
    options: &'static [&'static str],
}

const WAYS: [Way; 5] = [
    Way { style: ConflictStyle::Merge, favour: None, settings: &[], options: &[] },
    Way {
        style: ConflictStyle::Diff3,
        favour: None,
        settings: &["-c", "merge.conflictStyle=diff3"],
        options: &[],
    },
    Way {
        style: ConflictStyle::Zdiff3,
        favour: None,
        settings: &["-c", "merge.conflictStyle=zdiff3"],
        options: &[],
    },
    Way { style: ConflictStyle::Merge, favour: Some(Favour::Ours), settings: &[], options: &["-Xours"] },
    Way { style: ConflictStyle::Merge, favour: Some(Favour::Theirs), settings: &[], options: &["-Xtheirs"] },
];

#[test]
fn trees_merge_as_git_merges_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let git = Git(directory.path());
    if !git.knows("merge-tree", "--stdin") || !git.knows("merge-tree", "strategy-option") {
        return;
    }
    git.run(&["init", "-q", "--bare"], b"");
    let first: u64 = std::env::var("POND_MERGE_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let seeds: Vec<u64> = (first..first + rounds(250)).collect();
    let scenarios: Vec<(u64, Scenario)> = seeds.iter().map(|seed| (*seed, Scenario::new(*seed))).collect();
    let mut versions = Vec::new();
    for (seed, scenario) in &scenarios {
        let base = name(*seed, "base");
        versions.push(Version { name: base.clone(), parents: Vec::new(), files: &scenario.base });
        for (side, files) in [("ours", &scenario.ours), ("theirs", &scenario.theirs)] {
            versions.push(Version { name: name(*seed, side), parents: vec![base.clone()], files });
        }
    }
    import(&git, &versions);
    let mut explained = 0;
    let mut failures = 0;
    for (at, way) in WAYS.iter().enumerate() {
        let mine: Vec<_> = scenarios.iter().filter(|(seed, _)| *seed as usize % WAYS.len() == at).collect();
        let (others, wrong) = compare(&git, way, &mine);
        explained += others;
        failures += wrong;
    }
    assert_eq!(failures, 0, "of {} scenarios", scenarios.len());
    assert!(
        explained * 50 <= scenarios.len(),
        "{explained} known differences in {} scenarios",
        scenarios.len()
    );
}

fn name(seed: u64, side: &str) -> String {
    format!("s{seed}/{side}")
}

/// How many merges differ for a known reason, and how many for no reason; those are told.
fn compare(git: &Git<'_>, way: &Way, scenarios: &[&(u64, Scenario)]) -> (usize, usize) {
    let pairs: Vec<_> =
        scenarios.iter().map(|(seed, _)| (name(*seed, "ours"), name(*seed, "theirs"))).collect();
    let settings = [&["-c", "core.abbrev=40"], way.settings].concat();
    let expected = oracle::merge(git, &settings, way.options, &pairs);
    let (mut explained, mut failures) = (0, 0);
    for ((seed, scenario), expected) in scenarios.iter().zip(&expected) {
        let Some(expected) = expected else { continue };
        let merged = merge(git, way, *seed, scenario);
        let difference = explain(expected, &merged);
        if difference.is_empty() {
            continue;
        }
        let sides = [&scenario.ours, &scenario.theirs];
        if known(&[&scenario.base], sides, expected, &merged).is_some() {
            explained += 1;
        } else {
            failures += 1;
            println!("==== seed {seed} {:?}\n{difference}", way.options);
            let [base, ours, theirs] = [&scenario.base, &scenario.ours, &scenario.theirs].map(show);
            println!("BASE\n{base}\nOURS\n{ours}\nTHEIRS\n{theirs}\nGIT\n{}", show(&expected.files));
        }
    }
    (explained, failures)
}

fn merge(git: &Git<'_>, way: &Way, seed: u64, scenario: &Scenario) -> GitMerge {
    let mut objects = MemoryObjects::new();
    let files = [&scenario.base, &scenario.ours, &scenario.theirs];
    let [base, ours, theirs] = files.map(|files| Some(pond::store(&mut objects, files)));
    let (our_label, their_label) = (name(seed, "ours"), name(seed, "theirs"));
    let base_label = match way.style {
        ConflictStyle::Merge => String::new(),
        _ => git.id(&name(seed, "base")),
    };
    let [our_label, base_label, their_label] =
        [&our_label, &base_label, &their_label].map(|label| label.as_str().into());
    let labels = Labels { ours: our_label, base: base_label, theirs: their_label };
    // In memory or not, it is the same.
    let in_memory = [MergeOptions::default().in_memory, 0][seed as usize % 2];
    let options = MergeOptions { style: way.style, favour: way.favour, in_memory, ..MergeOptions::default() };
    let merged = pond::merge(&mut objects, &Trees { base, ours, theirs, nodes: None }, labels, &options);
    pond::as_git(&mut objects, ours, &merged)
}
