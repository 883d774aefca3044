//! Where the layers of configuration are. The environment is read here, once.

use std::env;
use std::path::{Path, PathBuf};

use super::Scope;
use crate::passwd;

/// The places to read, so that loading itself depends on nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) system: Option<PathBuf>,
    pub(crate) user: Option<PathBuf>,
    pub(crate) pond: Option<PathBuf>,
    /// Whether the pond's own file may name programs: it belongs to this user, or to root.
    pub(crate) pond_is_trusted: bool,
    /// The variables whose names start with `POND_CONFIG_`.
    pub(crate) environment: Vec<(String, String)>,
    /// The values of `-c`, as they were given.
    pub(crate) command_line: Vec<String>,
}

impl Sources {
    /// The sources of this process. `dot_pond` is the pond's `.pond` directory, if there is one.
    pub(crate) fn from_environment(dot_pond: Option<&Path>, command_line: &[String]) -> Self {
        let environment = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("POND_CONFIG_"))
            .collect();
        Self {
            system: system_file(),
            user: user_file(),
            pond: dot_pond.map(|directory| directory.join("config.toml")),
            pond_is_trusted: dot_pond.is_none_or(is_ours),
            environment,
            command_line: command_line.to_vec(),
        }
    }

    /// The files in order of rising priority.
    pub(crate) fn files(&self) -> impl Iterator<Item = (Scope, &Path)> {
        [(Scope::System, &self.system), (Scope::User, &self.user), (Scope::Pond, &self.pond)]
            .into_iter()
            .filter_map(|(scope, path)| Some((scope, path.as_deref()?)))
    }
}

/// `POND_CONFIG_SYSTEM` names another file, or none when it is empty.
fn system_file() -> Option<PathBuf> {
    match env::var_os("POND_CONFIG_SYSTEM") {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(PathBuf::from(path)),
        None => Some(PathBuf::from("/etc/pond/config.toml")),
    }
}

/// The user's file, whether or not it exists. None if there is no home directory.
pub(crate) fn user_file() -> Option<PathBuf> {
    Some(user_directory()?.join("pond/config.toml"))
}

/// The file with the user's ignore patterns where core.excludesFile names none.
pub(crate) fn user_ignore_file() -> Option<PathBuf> {
    Some(user_directory()?.join("pond/ignore"))
}

/// `$XDG_CONFIG_HOME`, which must be absolute to count, else `~/.config`.
pub(crate) fn user_directory() -> Option<PathBuf> {
    let xdg = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    xdg.or_else(|| Some(home()?.join(".config")))
}

/// The home directory, which must be absolute to count: `HOME`, or, where that is not set, what the password file says.
///
/// `env::home_dir` asks the system's name services for it, which a program that is linked statically cannot do everywhere:
/// for a user that is not in the file it crashes.
pub(crate) fn home() -> Option<PathBuf> {
    let home = match env::var_os("HOME") {
        Some(home) => Some(home),
        None => passwd::of_process().map(|user| user.home),
    };
    home.map(PathBuf::from).filter(|home| home.is_absolute())
}

#[cfg(unix)]
fn is_ours(directory: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    // What cannot be looked at cannot be trusted either.
    std::fs::metadata(directory)
        .is_ok_and(|data| data.uid() == rustix::process::geteuid().as_raw() || data.uid() == 0)
}

#[cfg(not(unix))]
fn is_ours(_directory: &Path) -> bool {
    true
}
