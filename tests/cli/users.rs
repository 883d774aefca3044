//! The program run as users that are nobody on this machine. It takes root and setpriv; without them tests are skipped.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Output, TestPond, describe};

/// Whose the mirror is.
pub(crate) const OWNER: u32 = 47_110;
/// Somebody else.
pub(crate) const OTHER: u32 = 47_120;

/// A mirror of [`OWNER`]'s without a pond, and the program where everybody can run it.
pub(crate) struct Users {
    pub(crate) pond: TestPond,
    program: PathBuf,
}

impl Users {
    /// `None`, with a word, where nobody else's processes can be started.
    pub(crate) fn new() -> Option<Self> {
        let can_change = Command::new("setpriv").args(["--reuid", "1", "true"]).output();
        if !rustix::process::geteuid().is_root() || !can_change.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: root and setpriv are needed to work as other users");
            return None;
        }
        let pond = TestPond::without_pond();
        fs::set_permissions(pond.beside(""), fs::Permissions::from_mode(0o755)).expect("permissions");
        let program = pond.beside("program");
        let built = env!("CARGO_BIN_EXE_pond");
        fs::hard_link(built, &program)
            .or_else(|_| fs::copy(built, &program).map(drop))
            .expect("the program is where others can run it");
        chown(pond.mirror(), Some(OWNER), Some(OWNER)).expect("the mirror is given away");
        Some(Self { pond, program })
    }

    /// Runs the program in the mirror as a user.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, user: u32, args: &[S]) -> Output {
        self.run_with(user, &[], args)
    }

    /// The same with variables, or without them where they have no value.
    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        user: u32,
        variables: &[(&str, Option<OsString>)],
        args: &[S],
    ) -> Output {
        let base = self.pond.command(args);
        let id = user.to_string();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(&self.program).args(args);
        command.current_dir(self.pond.mirror()).env_clear().stdin(Stdio::null());
        for (name, value) in base.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        for (name, value) in variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if args.iter().any(|arg| arg.as_ref() == "commit") {
            self.pond.tick();
        }
        describe(args, command.output().expect("setpriv starts"))
    }

    /// Writes a file of the mirror for its owner.
    pub(crate) fn write(&self, name: &str, content: &str) {
        self.pond.write(name, content);
        for path in self.pond.path(name).ancestors().take_while(|path| *path != self.pond.mirror()) {
            chown(path, Some(OWNER), Some(OWNER)).expect("given away");
        }
    }
}

/// Every path below a directory, with its owner.
pub(crate) fn owners(directory: &Path) -> Vec<(PathBuf, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
    let owner =
        |entry: walkdir::DirEntry| (entry.path().to_owned(), entry.metadata().expect("metadata").uid());
    entries.map(|entry| owner(entry.expect("an entry"))).collect()
}
