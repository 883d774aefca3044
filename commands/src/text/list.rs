//! Lists below a message.

use bstr::BString;
use pond_objects::escape;

/// Paths that are listed; the others are counted.
const LISTED: usize = 20;

/// Paths, each in a line of its own below a message that ends with a colon.
pub(crate) fn paths_below(paths: &[BString]) -> String {
    let mut text: String =
        paths.iter().take(LISTED).map(|path| format!("\n  {}", escape::quoted(path))).collect();
    text.extend(more_than(paths.len(), LISTED));
    text
}

/// The line that counts what a list of `length` has beyond the first `listed`, if it has more.
pub(crate) fn more_than(length: usize, listed: usize) -> Option<String> {
    let more = length.saturating_sub(listed);
    (more > 0).then(|| format!("\n  and {more} more"))
}
