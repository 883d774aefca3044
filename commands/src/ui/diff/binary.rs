//! Contents that are not shown line by line.

use std::io::{self, Write};

use super::source::Shared;
use crate::text::size;

/// How much of a content is looked at, as in git.
pub(super) const PROBED: usize = 8000;

/// Whether a content is not text: it holds a NUL byte near its beginning.
pub(crate) fn is_binary(content: &[u8]) -> bool {
    content.iter().take(PROBED).any(|byte| *byte == 0)
}

/// The line below `Binary files ... differ`: sizes, and how much of the new content the old one has too.
pub(super) fn write_summary(
    out: &mut dyn Write,
    old: Option<u64>,
    new: Option<u64>,
    shared: Option<Shared>,
) -> io::Result<()> {
    let sizes = match (old, new) {
        (Some(old), Some(new)) => format!("{} -> {}", size::human(old), size::human(new)),
        (None, Some(new)) => format!("new, {}", size::human(new)),
        (Some(old), None) => format!("deleted, {}", size::human(old)),
        (None, None) => return Ok(()),
    };
    write!(out, " {sizes}")?;
    if let Some(shared) = shared {
        let chunks = size::counted(shared.total, "chunk");
        write!(out, ", {} of {chunks} shared, {}%", size::count(shared.chunks), shared.percent())?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_chunks_on_one_line() {
        let mut out = Vec::new();
        let shared = Shared { chunks: 5, total: 8, bytes: 63, total_bytes: 100 };
        write_summary(&mut out, Some(2048), Some(100), Some(shared)).expect("memory");
        write_summary(&mut out, None, Some(100), None).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, " 2.00 KiB -> 100 B, 5 of 8 chunks shared, 63%\n new, 100 B\n");
    }

    #[test]
    fn a_nul_makes_it_binary() {
        assert!(is_binary(b"a\0b"));
        assert!(!is_binary("größe\n".as_bytes()));
    }
}
