//! `--profile`: what was read, and how long it took.

use std::time::{Duration, Instant};

use pond_query::Reads;

use crate::context::Context;
use crate::text::size;

/// How long the phases of a command took, and how many rows came of it.
#[derive(Debug)]
pub(super) struct Times {
    opening: Duration,
    pub(super) planning: Duration,
    pub(super) running: Duration,
    pub(super) rows: u64,
}

impl Times {
    /// After opening, which began then.
    pub(super) fn opened(began: Instant) -> Self {
        Self { opening: began.elapsed(), planning: Duration::ZERO, running: Duration::ZERO, rows: 0 }
    }
}

/// Says it on stderr.
pub(super) fn print(ctx: &Context, reads: &Reads, times: &Times) {
    let mut parts = Vec::new();
    let mut part = |count: u64, text: String| {
        if count > 0 {
            parts.push(text);
        }
    };
    let human = size::human;
    part(reads.chunks, format!("{} ({})", size::counted(reads.chunks, "chunk"), human(reads.chunk_bytes)));
    part(reads.host_bytes, format!("{} of files in the mirror", human(reads.host_bytes)));
    part(reads.packs, format!("{} ({})", size::counted(reads.packs, "pack"), human(reads.pack_bytes)));
    part(reads.rows, format!("{} of history", size::counted(reads.rows, "row")));
    let read = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    ctx.ui.status(format_args!("read {read}; gave {}", size::counted(times.rows, "row")));
    ctx.ui.status(format_args!(
        "opening {:.3} s, planning {:.3} s, running {:.3} s",
        times.opening.as_secs_f64(),
        times.planning.as_secs_f64(),
        times.running.as_secs_f64()
    ));
}
