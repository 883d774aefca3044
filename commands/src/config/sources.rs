//! Where the layers of configuration are. The environment is read here, once.

use std::env;
use std::path::{Path, PathBuf};

use pond_oplog::pond::{Trust, foreign};

use crate::passwd;

/// The places to read, so that loading itself depends on nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) system: Option<PathBuf>,
    pub(crate) user: Option<PathBuf>,
    pub(crate) pond: Option<PathBuf>,
    /// Whether the pond belongs to this user, or to the one behind sudo.
    pub(crate) pond_is_ours: bool,
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
            // What cannot be looked at cannot be trusted either.
            pond_is_ours: dot_pond
                .is_some_and(|pond| foreign(pond, &own_ponds()).is_ok_and(|who| who.is_none())),
            environment,
            command_line: command_line.to_vec(),
        }
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

/// The user behind sudo, if this is root by it.
pub(crate) fn behind_sudo() -> Option<u32> {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        return env::var("SUDO_UID").ok()?.parse().ok();
    }
    None
}

/// Those whose ponds are written to without being listed as safe: as git has it, this user and, as root, the one behind sudo.
pub(crate) fn own_ponds() -> Trust {
    behind_sudo().map_or(Trust::Ours, |user| Trust::OursAnd(vec![user]))
}
