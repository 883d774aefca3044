//! The arrows between the crates and between the folders of each, who may name the libraries of the table, and that no library
//! speaks to a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which crates of the workspace each may use. A crate that is missing here fails the test, too.
const ARROWS: &[(&str, &[&str])] = &[
    ("pond-objects", &[]),
    ("pond-tinyfs", &["pond-objects"]),
    ("pond-refs", &["pond-objects"]),
    ("pond-durable", &[]),
    ("pond-oplog", &["pond-objects", "pond-tinyfs", "pond-refs", "pond-durable"]),
    ("pond-checkpoint", &["pond-objects", "pond-durable", "pond-oplog"]),
    ("pond-query", &["pond-objects", "pond-refs", "pond-oplog", "pond-history"]),
    ("pond-hooks", &["pond-objects", "pond-refs"]),
    ("pond-history", &["pond-objects", "pond-refs", "pond-oplog"]),
    ("pond-mirror", &["pond-objects", "pond-refs", "pond-durable"]),
    (
        "pond-workspace",
        &[
            "pond-objects",
            "pond-tinyfs",
            "pond-refs",
            "pond-durable",
            "pond-oplog",
            "pond-mirror",
            "pond-history",
            "pond-hooks",
        ],
    ),
    ("pond-foreign", &[]),
    (
        "pond",
        &[
            "pond-objects",
            "pond-tinyfs",
            "pond-refs",
            "pond-durable",
            "pond-oplog",
            "pond-checkpoint",
            "pond-hooks",
            "pond-mirror",
            "pond-workspace",
            "pond-history",
            "pond-query",
        ],
    ),
];

/// Libraries of the table, each with the crate that alone may use it.
const OWNERS: &[(&str, Option<&str>)] = &[
    ("deltalake", Some("pond-checkpoint")),
    ("deltalake-core", Some("pond-checkpoint")),
    ("datafusion", Some("pond-query")),
    ("parquet", Some("pond-oplog")),
];

/// What belongs to the program alone: its own commands in words, the environment, the terminal.
const OF_THE_PROGRAM: &[&str] = &["'pond ", "env::", "println!", "stdout"];

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline", "--manifest-path", manifest];
    let output = Command::new(env!("CARGO")).args(arguments).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Normal (not dev, not build) dependencies of each package of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let normal = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .collect()
    };
    packages.iter().map(|package| (text(&package["name"]), normal(package))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn violations(found: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (package, dependencies) in found {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == package) else {
            wrong.push(format!("{package} has no place among the layers"));
            continue;
        };
        for dependency in dependencies {
            let is_ours = found.contains_key(dependency);
            if is_ours && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{package} must not use {dependency}"));
            }
            if let Some((_, owner)) = OWNERS.iter().find(|(library, _)| library == dependency)
                && *owner != Some(package)
            {
                wrong.push(format!("{package} must not use {dependency}"));
            }
        }
    }
    wrong
}

#[test]
fn the_layers_stand_as_designed() {
    let found = dependencies();
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(found["pond-checkpoint"].contains("deltalake"), "the dependencies were read");
    assert_eq!(violations(&found), [""; 0]);
}

#[test]
fn a_violated_arrow_is_found() {
    let mut found = dependencies();
    let mut add = |package: &str, dependency: &str| {
        found.get_mut(package).expect("a package").insert(dependency.to_owned());
    };
    add("pond-refs", "pond-oplog");
    add("pond", "parquet");
    let wrong = violations(&found);
    assert_eq!(wrong, ["pond must not use parquet", "pond-refs must not use pond-oplog"]);
}

/// A source file: its path below `src`, and its lines of code without comments, tests left out.
struct Source {
    path: PathBuf,
    code: String,
}

/// The sources of each package.
fn sources() -> BTreeMap<String, Vec<Source>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let folder = |package: &Value| {
        let manifest = text(&package["manifest_path"]);
        Path::new(&manifest).parent().expect("a folder").join("src")
    };
    let sources = packages.map(|package| (text(&package["name"]), folder(package)));
    sources.filter(|(_, src)| src.is_dir()).map(|(name, src)| (name, sources_below(&src))).collect()
}

fn sources_below(folder: &Path) -> Vec<Source> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("a readable folder"));
    let is_source = |path: &Path| {
        let path = path.strip_prefix(folder).expect("a path below");
        path.extension().is_some_and(|ending| ending == "rs")
            && !path.iter().any(|name| name == "tests" || name == "tests.rs")
    };
    let sources = files.filter(|entry| is_source(entry.path())).map(|entry| {
        let text = fs::read_to_string(entry.path()).expect("text");
        let before_tests = text.split("\nmod tests {").next().unwrap_or_default();
        let lines = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
        Source {
            path: entry.path().strip_prefix(folder).expect("a path below").to_owned(),
            code: lines.flat_map(|line| [line, "\n"]).collect(),
        }
    });
    sources.collect()
}

/// Sources that hold something of [`OF_THE_PROGRAM`].
fn words_of_the_program(sources: &[Source]) -> Vec<String> {
    let found = sources.iter().flat_map(|source| {
        let words = OF_THE_PROGRAM.iter().filter(|word| source.code.contains(**word));
        words.map(|word| format!("{}: {word}", source.path.display()))
    });
    found.collect()
}

#[test]
fn no_library_speaks_to_a_terminal() {
    let all = sources();
    assert!(all["pond"].iter().any(|source| source.code.contains("stdout")), "the sources were read");
    for (package, sources) in all.iter().filter(|(package, _)| *package != "pond") {
        assert_eq!(words_of_the_program(sources), [""; 0], "{package}");
    }
}

/// The module at the top of a crate that a file belongs to.
fn top_module(path: &Path) -> String {
    let first = Path::new(path.iter().next().expect("a name"));
    first.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// Which modules at the top each of them imports.
fn imports(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeSet<String> = sources.iter().map(|source| top_module(&source.path)).collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let own = top_module(&source.path);
        if own == "main" || own == "lib" {
            continue;
        }
        for rest in source.code.split("crate::").skip(1) {
            let list = rest.strip_prefix('{').and_then(|list| list.split('}').next());
            for name in list.unwrap_or(rest).split(',').take(if list.is_some() { usize::MAX } else { 1 }) {
                let name: String =
                    name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name != own && modules.contains(&name) {
                    imports.entry(own.clone()).or_default().insert(name);
                }
            }
        }
    }
    imports
}

/// The modules that import each other, if only by way of others.
fn in_a_circle(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let reaches = |from: &String| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&String> = imports.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(imports.get(module).into_iter().flatten());
            }
        }
        reached
    };
    imports.keys().filter(|module| reaches(module).contains(module)).cloned().collect()
}

#[test]
fn no_folders_import_each_other() {
    for (package, sources) in sources() {
        assert_eq!(in_a_circle(&imports(&sources)), [""; 0], "{package}");
    }
}

#[test]
fn a_circle_and_a_word_are_found() {
    let source = |path: &str, code: &str| Source { path: path.into(), code: code.to_owned() };
    let sources = [
        source("a.rs", "use crate::{b, c};"),
        source("b/inner.rs", "use crate::d::X;"),
        source("c.rs", ""),
        source("d.rs", "let text = crate::a::y(\"'pond add'\");"),
    ];
    assert_eq!(in_a_circle(&imports(&sources)), ["a", "b", "d"]);
    assert_eq!(words_of_the_program(&sources), ["d.rs: 'pond "]);
}
