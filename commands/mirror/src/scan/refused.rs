//! Paths that somebody named, and that no version can have: special files, other ponds, pond's and git's own.

use bstr::{BString, ByteSlice as _};
use pond_objects::escape;
use pond_objects::path::is_below;
use pond_objects::pathspec::Pathspecs;

use crate::host::ignore::is_always_ignored;
use crate::scan::Scan;

/// The paths that were named without wildcards and that a scan came upon but could not take, with the reasons.
pub fn refused(pathspecs: &Pathspecs, scan: &Scan) -> Vec<(BString, String)> {
    let reason = |path: &&bstr::BStr| Some(((*path).into(), reason(path, scan)?));
    pathspecs.literal_paths().filter_map(|path| reason(&path)).collect()
}

/// The name in a path because of which it is never versioned, wherever it stands.
pub fn reserved_name(path: &[u8]) -> Option<&[u8]> {
    path.split_str("/").find(|name| is_always_ignored(name))
}

fn reason(path: &[u8], scan: &Scan) -> Option<String> {
    if let Some(name) = reserved_name(path) {
        return Some(match name {
            b".git" => "'.git' belongs to git, and is never versioned".to_owned(),
            b".pond" => "the name '.pond' belongs to ponds, and is never versioned".to_owned(),
            other => {
                format!("'{}' is a temporary file of pond's, and is never versioned", escape::plain(other))
            }
        });
    }
    if let Some((_, word)) = scan.special.iter().find(|(special, _)| special == path) {
        return Some(format!("it is a {word}, and cannot be versioned"));
    }
    let nested = scan.nested.iter().find(|nested| *nested == path || is_below(path, nested))?;
    Some(if nested == path {
        "it is a pond of its own".to_owned()
    } else {
        format!("it is in {}, a pond of its own", escape::quoted(nested))
    })
}
