//! `safe.directory`: the mirrors of other users' ponds that this user writes to all the same, as in git.
//!
//! It counts from everywhere but the pond itself, which could otherwise call itself safe.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::layer::{Entry, Scope, same_key};
use super::value::{Raw, expand_env, expand_home};

/// The key.
pub(crate) const KEY: &str = "safe.directory";

/// Whether a layer outside of the pond lists the mirror at `root`: by its path, by `PATH/*` of a directory above it, or by `*`.
/// An empty item takes back what stood before it.
pub(super) fn lists<'e>(entries: impl Iterator<Item = &'e Entry>, root: &Path) -> bool {
    let root = canonical(root);
    let mut listed = false;
    for entry in entries.filter(|entry| entry.scope != Scope::Pond && same_key(&entry.key, KEY)) {
        for item in items(&entry.value) {
            listed = !item.is_empty() && (listed || covers(&item, &root));
        }
    }
    listed
}

fn items(value: &Raw) -> Vec<Cow<'_, str>> {
    match value {
        Raw::List(items) => items.iter().map(|item| Cow::Borrowed(item.as_str())).collect(),
        other => vec![other.text()],
    }
}

fn covers(item: &str, root: &Path) -> bool {
    // A variable that is not set names no directory.
    let Ok(item) = expand_env(item, |name| std::env::var(name).ok()) else { return false };
    if item == "*" {
        return true;
    }
    match item.strip_suffix("/*") {
        Some(above) => {
            let above = if above.is_empty() { PathBuf::from("/") } else { canonical(&expand_home(above)) };
            above.is_absolute() && root != above && root.starts_with(above)
        }
        None => {
            let item = canonical(&expand_home(&item));
            item.is_absolute() && item == root
        }
    }
}

/// A path without symbolic links, where it is absolute and can be followed.
fn canonical(path: &Path) -> PathBuf {
    match path.is_absolute() {
        true => std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        false => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layer::Origin;

    #[test]
    fn a_mirror_is_listed_by_its_path_or_one_above() {
        let cases: [(&[&str], bool); 12] = [
            (&[], false),
            (&["/srv/data"], true),
            (&["/srv/data/"], true),
            (&["/srv"], false),
            (&["/srv/*"], true),
            (&["/*"], true),
            (&["/srv/data/*"], false),
            (&["/sr/*"], false),
            (&["*"], true),
            (&["srv/data", "data", "~nobody"], false),
            (&["*", ""], false),
            (&["", "/srv/other", "/srv/data"], true),
        ];
        for (items, expected) in cases {
            let value = Raw::List(items.iter().map(|item| (*item).to_owned()).collect());
            let entry = |scope| Entry {
                key: "Safe.Directory".to_owned(),
                value: value.clone(),
                scope,
                origin: Origin::CommandLine,
            };
            assert_eq!(lists([entry(Scope::User)].iter(), Path::new("/srv/data")), expected, "{items:?}");
            assert!(!lists([entry(Scope::Pond)].iter(), Path::new("/srv/data")), "{items:?}");
        }
    }
}
