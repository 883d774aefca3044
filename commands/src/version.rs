//! What this program is: its version, its sources, its platform.

/// The version, with the commit of the sources where it is known.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit of the sources.
pub(crate) const COMMIT: Option<&str> = option_env!("POND_COMMIT");
/// The platform that this was built for.
pub(crate) const TARGET: &str = env!("POND_TARGET");

/// What `pond --version` prints, without the line's end.
pub(crate) fn version_line() -> String {
    match COMMIT {
        Some(commit) => format!("pond {VERSION} ({commit})"),
        None => format!("pond {VERSION}"),
    }
}
