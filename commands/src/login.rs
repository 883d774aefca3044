//! Whose process this is, and on which machine.

use std::env;

use crate::passwd;

/// The user's login name: from the environment, which cron sets too, else from the password file.
pub(crate) fn login() -> String {
    let set = ["LOGNAME", "USER", "USERNAME"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|text| !text.is_empty()));
    set.or_else(login_of_process).unwrap_or_else(|| "unknown".to_owned())
}

fn login_of_process() -> Option<String> {
    passwd::of_process().map(|user| user.name).or_else(uid)
}

#[cfg(unix)]
fn uid() -> Option<String> {
    Some(format!("uid{}", rustix::process::getuid().as_raw()))
}

#[cfg(not(unix))]
fn uid() -> Option<String> {
    None
}

/// The name of the machine.
#[cfg(unix)]
pub(crate) fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// The name of the machine.
#[cfg(not(unix))]
pub(crate) fn host() -> String {
    env::var("COMPUTERNAME").unwrap_or_else(|_| "localhost".to_owned())
}
