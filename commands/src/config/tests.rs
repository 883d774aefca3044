use std::fs;
use std::path::PathBuf;

use super::*;

fn write(directory: &tempfile::TempDir, name: &str, text: &str) -> Option<PathBuf> {
    let path = directory.path().join(name);
    fs::write(&path, text).expect("a writable temporary directory");
    Some(path)
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn later_layers_win() {
    let dir = directory();
    let mut sources = Sources {
        system: write(&dir, "s", "[user]\nname = \"system\"\nemail = \"s@x\"\n[core]\npager = \"more\"\n"),
        user: write(&dir, "u", "user.name = \"user\"\n[add]\nthreads = 4\n"),
        pond: write(&dir, "p", "[user]\nname = \"pond\"\n[init]\ndefaultBranch = \"trunk\"\n"),
        pond_is_ours: true,
        ..Sources::default()
    };
    let name = |sources: &Sources| {
        Config::load(sources).and_then(|config| config.string("user.name")).expect("good layers")
    };
    assert_eq!(name(&sources).as_deref(), Some("pond"));
    sources.environment = environment(&[
        ("POND_CONFIG_COUNT", "1"),
        ("POND_CONFIG_KEY_0", "USER.Name"),
        ("POND_CONFIG_VALUE_0", "environment"),
    ]);
    assert_eq!(name(&sources).as_deref(), Some("environment"));
    sources.command_line = vec!["user.name=line".to_owned(), "diff.renames".to_owned()];
    assert_eq!(name(&sources).as_deref(), Some("line"));

    let config = Config::load(&sources).expect("good layers");
    assert_eq!(config.integer("add.threads").expect("a number"), Some(4));
    assert!(config.bool("diff.renames").expect("a truth"));
    assert_eq!(config.string("core.pager").expect("text").as_deref(), Some("more"));
    assert_eq!(config.string("color.ui").expect("text").as_deref(), Some("auto"));
    assert_eq!(config.entry("user.email").map(|entry| entry.origin.to_string()), {
        Some(format!("{}:3", dir.path().join("s").display()))
    });
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
}

#[test]
fn a_file_that_is_missing_is_empty_and_bad_toml_names_its_place() {
    let dir = directory();
    let missing = Sources { user: Some(dir.path().join("none/config.toml")), ..Sources::default() };
    assert!(Config::load(&missing).expect("an empty layer").entries().is_empty());

    let bad = Sources { user: write(&dir, "u", "[user]\nname = \n"), ..Sources::default() };
    let text = Config::load(&bad).expect_err("bad TOML").to_string();
    assert!(text.contains("/u:2:8: bad TOML"), "{text}");
}

#[test]
fn unknown_keys_are_warned_about_with_a_suggestion() {
    let config = Config::load(&Sources {
        command_line: vec!["user.nam=x".to_owned(), "alias.st=status".to_owned()],
        ..Sources::default()
    })
    .expect("good layers");
    assert_eq!(config.warnings(), ["unknown configuration key 'user.nam' in -c; did you mean 'user.name'?"]);
    assert_eq!(config.section("alias").len(), 1);
}

#[test]
fn settings_of_a_pond_of_another_user_count_once_it_is_listed_as_safe() {
    let dir = directory();
    let text = "[core]\npager = \"rm\"\n[alias]\nst = \"!rm\"\n[safe]\ndirectory = \"*\"\n";
    let mut sources = Sources { pond: write(&dir, "p", text), ..Sources::default() };
    let config = Config::load(&sources).expect("good layers");
    assert!(config.entries().is_empty() && config.warnings().is_empty() && !config.trusts_pond());
    sources.command_line = vec!["safe.directory=*".to_owned()];
    let config = Config::load(&sources).expect("good layers");
    assert!(config.entry("core.pager").is_some() && config.trusts_pond());
}

#[test]
fn values_are_checked_against_their_types() {
    let load = |setting: &str| {
        Config::load(&Sources { command_line: vec![setting.to_owned()], ..Sources::default() })
            .expect("good layers")
    };
    let text = load("color.ui=blue").string("color.ui").expect_err("no such word").to_string();
    assert_eq!(text, "bad value 'blue' for 'color.ui' in -c: expected auto, always, never");
    assert!(load("add.threads=many").integer("add.threads").is_err());
    let text = load("user.email=${env:POND_TEST_UNSET_VARIABLE}").string("user.email").expect_err("unset");
    assert!(text.to_string().contains("POND_TEST_UNSET_VARIABLE"));
    assert!(
        Config::load(&Sources { command_line: vec!["nokey=1".to_owned()], ..Sources::default() }).is_err()
    );
    assert!(check("color.ui", "blue").is_err() && check("color.ui", "always").is_ok());
}

#[test]
fn every_default_is_of_its_type() {
    for known in known::KNOWN {
        if let Some(default) = known.default {
            assert_eq!(check(known.name, default), Ok(()), "{}", known.name);
        }
    }
    assert!(known::KNOWN.is_sorted_by_key(|known| known.name.to_ascii_lowercase()));
}

#[test]
fn variables_are_expanded() {
    let lookup = |name: &str| (name == "KEY").then(|| "secret".to_owned());
    assert_eq!(value::expand_env("a ${env:KEY} b", lookup).as_deref(), Ok("a secret b"));
    assert_eq!(value::expand_env("${env:NONE}", lookup), Err("NONE".to_owned()));
    assert_eq!(value::expand_env("${env:KEY", lookup).as_deref(), Ok("${env:KEY"));
}

#[test]
fn writing_keeps_comments_and_layout() {
    let dir = directory();
    let original = "# mine\n[user]\nname   = \"A\"  # me\n\n[core]\n# pager\npager = \"less\"\n";
    let path = write(&dir, "c", original).expect("a path");
    write::set(&path, "user.name", "B").expect("a good change");
    write::set(&path, "USER.email", "b@x").expect("a good change");
    write::set(&path, "add.threads", "3").expect("a good change");
    write::set(&path, "alias.st", "status -s").expect("a good change");
    let text = fs::read_to_string(&path).expect("the file");
    assert_eq!(
        text,
        "# mine\n[user]\nname   = \"B\"  # me\nemail = \"b@x\"\n\n[core]\n# pager\npager = \"less\"\n\n\
         [add]\nthreads = 3\n\n[alias]\nst = \"status -s\"\n"
    );
    assert!(write::unset(&path, "core.pager").expect("a good change"));
    assert!(!write::unset(&path, "core.pager").expect("nothing to do"));
    assert!(matches!(
        write::set(&path, "user", "x"),
        Err(write::WriteError::NotASection { .. } | write::WriteError::IsASection { .. }) | Ok(())
    ));
    assert!(matches!(write::set(&path, "user.name.x", "1"), Err(write::WriteError::NotASection { .. })));
}

#[test]
fn new_files_are_made_with_their_directory() {
    let dir = directory();
    let path = dir.path().join("a/b/config.toml");
    write::set(&path, "remote.the.shed.url", "x").expect("a good change");
    assert_eq!(fs::read_to_string(&path).expect("the file"), "[remote.\"the.shed\"]\nurl = \"x\"\n");
    assert!(write::unset(&path, "remote.the.shed.url").expect("a good change"));
}

#[test]
fn keys_compare_as_in_git() {
    assert!(layer::same_key("Core.Pager", "core.pager"));
    assert!(layer::same_key("remote.A.url", "REMOTE.A.URL"));
    assert!(!layer::same_key("remote.A.url", "remote.a.url"));
    assert!(layer::is_well_formed("a.b") && layer::is_well_formed("a.x y.b"));
    assert!(!layer::is_well_formed("a") && !layer::is_well_formed(".a") && !layer::is_well_formed("a. b"));
}
