//! The zone of this process: `TZ` in every form that POSIX and glibc have for it, else the machine's.
//!
//! As glibc does it: a colon in front counts for nothing, and no text for UTC; then it is the name of a zone's file, absolute or
//! in the system's database, or else POSIX's own notation (`CET-1CEST,M3.5.0,M10.5.0/3`), in which a summer time without
//! a rule follows that of the United States. What is none of these is UTC, which the caller says.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::tz::{self, TimeZone};
use pond_durable::outside;
use pond_objects::escape;

/// glibc's rule for a summer time that comes without one.
const DEFAULT_RULE: &str = ",M3.2.0,M11.1.0";

/// The zone.
pub(super) fn local() -> TimeZone {
    from_environment().0.clone()
}

/// What is to be said of a `TZ` that names no zone.
pub(crate) fn warning() -> Option<&'static str> {
    // The machine's zone is not looked up for this: that costs a walk through the system's database.
    env::var_os("TZ").and_then(|_| from_environment().1.as_deref())
}

fn from_environment() -> &'static (TimeZone, Option<String>) {
    static ZONE: OnceLock<(TimeZone, Option<String>)> = OnceLock::new();
    ZONE.get_or_init(|| {
        let Some(given) = env::var_os("TZ") else { return (TimeZone::system(), None) };
        match given.to_str().and_then(parse) {
            Some(zone) => (zone, None),
            None => {
                let given = escape::plain(given.as_encoded_bytes()).into_owned();
                (
                    TimeZone::UTC,
                    Some(format!("TZ names no time zone that is known here: '{given}'; times are in UTC")),
                )
            }
        }
    })
}

fn parse(text: &str) -> Option<TimeZone> {
    let text = text.strip_prefix(':').unwrap_or(text);
    if text.is_empty() {
        return Some(TimeZone::UTC);
    }
    file(text).or_else(|| posix(text)).or_else(|| tz::db().get(text).ok())
}

/// The zone in a file of the system's database, or in the one that an absolute path names.
fn file(name: &str) -> Option<TimeZone> {
    let database = env::var_os("TZDIR").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = database.unwrap_or_else(|| PathBuf::from("/usr/share/zoneinfo")).join(Path::new(name));
    let bytes = outside::read(&path).ok()??;
    TimeZone::tzif(name, &bytes).ok()
}

fn posix(text: &str) -> Option<TimeZone> {
    let text = text.strip_suffix(',').unwrap_or(text);
    let whole = TimeZone::posix(text).ok();
    whole.or_else(|| TimeZone::posix(&format!("{text}{DEFAULT_RULE}")).ok().filter(|_| !text.contains(',')))
}
