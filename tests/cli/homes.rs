//! Files outside of the pond that no command is about: whatever is in their place, there is at most one warning, and the
//! command does its work.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::users::{OWNER, Users};

/// What is in a file's place.
#[derive(Clone, Copy, Debug)]
enum Place {
    Missing,
    File,
    /// Of root, for root alone.
    Unreadable,
    Directory,
    DanglingLink,
    LinkToItself,
    Fifo,
    Null,
    /// Its directory may not be entered.
    BehindADoor,
    /// Its directory is a file.
    BelowAFile,
}

impl Place {
    fn make(self, path: &Path, content: &str) {
        let parent = path.parent().expect("a parent");
        if let Self::BelowAFile = self {
            fs::create_dir_all(parent.parent().expect("a parent")).expect("directories");
            return fs::write(parent, "a file\n").expect("written");
        }
        fs::create_dir_all(parent).expect("directories");
        match self {
            Self::Missing | Self::BelowAFile => {}
            Self::File => fs::write(path, content).expect("written"),
            Self::Unreadable => {
                fs::write(path, content).expect("written");
                fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions");
            }
            Self::Directory => fs::create_dir(path).expect("a directory"),
            Self::DanglingLink => symlink("nowhere", path).expect("a link"),
            Self::LinkToItself => symlink(path, path).expect("a link"),
            Self::Fifo => {
                rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o644.into(), 0)
                    .expect("a fifo");
            }
            Self::Null => symlink("/dev/null", path).expect("a link"),
            Self::BehindADoor => {
                fs::write(path, content).expect("written");
                fs::set_permissions(parent, fs::Permissions::from_mode(0o700)).expect("permissions");
            }
        }
    }

    /// Whether it deserves a word.
    fn is_odd(self) -> bool {
        use Place::{BehindADoor, Directory, Fifo, LinkToItself, Unreadable};
        matches!(self, BehindADoor | Directory | Fifo | LinkToItself | Unreadable)
    }
}

const PLACES: [Place; 10] = [
    Place::Missing,
    Place::File,
    Place::Unreadable,
    Place::Directory,
    Place::DanglingLink,
    Place::LinkToItself,
    Place::Fifo,
    Place::Null,
    Place::BehindADoor,
    Place::BelowAFile,
];

/// Commands, and whether they ask for a name, and for ignore patterns.
const COMMANDS: [(&[&str], bool, bool); 5] = [
    (&["status"], false, true),
    (&["add", "-A"], false, true),
    (&["log"], false, false),
    (&["diff"], false, false),
    (&["commit", "--allow-empty", "-m", "x"], true, false),
];

type Variables = Vec<(&'static str, Option<OsString>)>;

/// Runs every command and compares the number of its warnings with what is expected of it.
#[track_caller]
fn expect_warnings(users: &Users, what: &str, variables: &Variables, expected: impl Fn(bool, bool) -> usize) {
    for (args, names, ignores) in COMMANDS {
        let output = users.run_with(OWNER, variables, args).expect_code(0);
        let err = output.err();
        let warnings = err.lines().filter(|line| line.starts_with("warning:")).count();
        assert_eq!(warnings, expected(names, ignores), "{what}\n{output}");
    }
}

#[test]
fn whatever_is_in_the_place_of_a_file_outside_the_work_goes_on() {
    let Some(users) = Users::new() else { return };
    users.run(OWNER, &["init"]).expect_code(0);
    users.run(OWNER, &["commit", "--allow-empty", "-m", "first"]).expect_code(0);
    users.write("a", "1\n");
    for (number, place) in PLACES.into_iter().enumerate() {
        let beside = |name: &str| users.pond.beside(format!("{name}{number}"));
        let odd = usize::from(place.is_odd());

        let home = beside("home");
        place.make(&home.join(".config/pond/config.toml"), "[log]\ndate = \"iso\"\n");
        let variables = vec![("HOME", Some(home.into())), ("XDG_CONFIG_HOME", None)];
        expect_warnings(&users, &format!("{place:?}: the user's settings"), &variables, |_, _| odd);

        let xdg = beside("xdg");
        place.make(&xdg.join("pond/config.toml"), "[log]\ndate = \"iso\"\n");
        let variables = vec![("XDG_CONFIG_HOME", Some(xdg.into()))];
        expect_warnings(&users, &format!("{place:?}: XDG"), &variables, |_, _| odd);

        let system = beside("system").join("config.toml");
        place.make(&system, "[log]\ndate = \"iso\"\n");
        let variables = vec![("POND_CONFIG_SYSTEM", Some(system.into()))];
        expect_warnings(&users, &format!("{place:?}: the system's settings"), &variables, |_, _| odd);

        let patterns = beside("patterns").join("ignore");
        place.make(&patterns, "*.o\n");
        let count = ("POND_CONFIG_COUNT", Some("1".into()));
        let key = ("POND_CONFIG_KEY_0", Some("core.excludesFile".into()));
        let variables = vec![count, key, ("POND_CONFIG_VALUE_0", Some(patterns.into()))];
        let expected = |_, ignores| if ignores { odd } else { 0 };
        expect_warnings(&users, &format!("{place:?}: core.excludesFile"), &variables, expected);

        let ignore = beside("ignore");
        place.make(&ignore.join("pond/ignore"), "*.o\n");
        let variables = vec![("XDG_CONFIG_HOME", Some(ignore.into()))];
        // The door is in front of the settings too.
        let is_shut = matches!(place, Place::BehindADoor);
        let expected = |_, ignores| if ignores || is_shut { odd } else { 0 };
        expect_warnings(&users, &format!("{place:?}: patterns of the user"), &variables, expected);

        let git = beside("git").join("config");
        place.make(&git, "[user]\nname = Ada\nemail = ada@example.org\n");
        let mut variables = vec![("GIT_CONFIG_GLOBAL", Some(git.into()))];
        variables.extend(NAMES.map(|name| (name, None)));
        let has_name = matches!(place, Place::File);
        let expected = |names, _| if names { odd + usize::from(!has_name) } else { 0 };
        expect_warnings(&users, &format!("{place:?}: git's settings"), &variables, expected);

        // All of it at once is still one warning, and one of the name that is not known.
        let home = beside("all");
        place.make(&home.join(".gitconfig"), "[user]\nname = Ada\nemail = ada@example.org\n");
        if let Place::BehindADoor = place {
            let mut variables = vec![("HOME", Some(home.into())), ("XDG_CONFIG_HOME", None)];
            variables.extend(NAMES.map(|name| (name, None)));
            expect_warnings(&users, "a home that may not be entered", &variables, |names, _| {
                1 + usize::from(names)
            });
        }
    }
}

const NAMES: [&str; 4] =
    ["POND_AUTHOR_NAME", "POND_AUTHOR_EMAIL", "POND_COMMITTER_NAME", "POND_COMMITTER_EMAIL"];

#[test]
fn a_home_that_is_none_is_no_home() {
    let Some(users) = Users::new() else { return };
    users.run(OWNER, &["init"]).expect_code(0);
    users.run(OWNER, &["commit", "--allow-empty", "-m", "first"]).expect_code(0);
    users.write("a", "1\n");
    // Settings that would be taken from the current directory.
    users.write(".gitconfig", "[user]\nname = Wrong\nemail = wrong@example.org\n");
    users.write("h/.gitconfig", "[user]\nname = Wrong\nemail = wrong@example.org\n");
    for home in [None, Some(""), Some("h"), Some("/nowhere"), Some("/dev/null")] {
        let mut variables: Variables = vec![("HOME", home.map(Into::into)), ("XDG_CONFIG_HOME", None)];
        variables.extend(NAMES.map(|name| (name, None)));
        expect_warnings(&users, &format!("HOME is {home:?}"), &variables, |names, _| usize::from(names));
        let author = users.run(OWNER, &["log", "-1", "--format=%an"]).expect_code(0).line();
        assert_eq!(author, format!("uid{OWNER}"), "HOME is {home:?}");
    }
}

#[test]
fn a_file_that_is_asked_for_is_an_error() {
    let Some(users) = Users::new() else { return };
    let home = users.pond.beside("shut");
    Place::BehindADoor.make(&home.join("pond/config.toml"), "");
    let variables = [("XDG_CONFIG_HOME", Some(home.into_os_string()))];
    for args in [
        &["config", "--global", "--list"][..],
        &["config", "--global", "user.name"],
        &["config", "--global", "user.name", "x"],
        &["config", "--global", "--unset", "user.name"],
    ] {
        users.run_with(OWNER, &variables, args).expect_failure(128).expect_says("permission denied");
    }
}

#[test]
fn a_directory_on_path_that_may_not_be_entered_hides_no_mistake() {
    let Some(users) = Users::new() else { return };
    let shut = users.pond.beside("programs");
    Place::BehindADoor.make(&shut.join("pond-other"), "");
    let path = format!("{}:/usr/bin:/bin", shut.display());
    let output = users.run_with(OWNER, &[("PATH", Some(path.into()))], &["stauts"]);
    output.expect_failure(129).expect_says("status");
}
