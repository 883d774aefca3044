//! The arrows between the crates, and who may name the libraries of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Which crates of the workspace each may use. A crate that is missing here fails the test, too.
const ARROWS: &[(&str, &[&str])] = &[
    ("pond-objects", &[]),
    ("pond-refs", &["pond-objects"]),
    ("pond-durable", &[]),
    ("pond-oplog", &["pond-objects", "pond-refs", "pond-durable"]),
    ("pond-checkpoint", &["pond-objects", "pond-durable", "pond-oplog"]),
    ("pond-hooks", &["pond-objects", "pond-refs"]),
    ("pond-history", &["pond-objects", "pond-refs", "pond-oplog"]),
    ("pond-mirror", &["pond-objects", "pond-refs", "pond-durable"]),
    ("pond-foreign", &[]),
    (
        "pond",
        &[
            "pond-objects",
            "pond-refs",
            "pond-durable",
            "pond-oplog",
            "pond-checkpoint",
            "pond-hooks",
            "pond-mirror",
            "pond-history",
        ],
    ),
];

/// Libraries of the table, each with the crate that alone may use it.
const OWNERS: &[(&str, Option<&str>)] = &[
    ("deltalake", Some("pond-checkpoint")),
    ("deltalake-core", Some("pond-checkpoint")),
    ("datafusion", None),
    ("parquet", Some("pond-oplog")),
];

/// Normal (not dev, not build) dependencies of each package of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline", "--manifest-path", manifest];
    let output = Command::new(env!("CARGO")).args(arguments).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
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
