//! Progress of long work: a bar on stderr with amount, rate and time left.
//!
//! It appears on a terminal only, after one second only, and leaves nothing behind. Counting costs one atomic
//! addition and may be done from any thread; a thread of its own draws. Nothing is drawn, and no thread
//! started, with `-q`, in a pipe or on a dumb terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::size;

const DELAY: Duration = Duration::from_secs(1);
const REDRAW: Duration = Duration::from_millis(100);

/// What the position counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    /// Things with a name in the singular: `file`, `commit`.
    Items(&'static str),
}

/// The bar that is on the screen now; whoever writes to the terminal suspends it.
#[derive(Clone, Debug, Default)]
pub(super) struct Visible(Arc<Mutex<Option<ProgressBar>>>);

impl Visible {
    fn set(&self, bar: Option<ProgressBar>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    /// Whether a bar is on the screen.
    pub(super) fn is_shown(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Runs `write` while no bar is on the screen.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        let bar = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// Work under way. Ends when dropped.
#[must_use]
pub(crate) struct Progress {
    shared: Option<Arc<Shared>>,
    drawer: Option<JoinHandle<()>>,
}

struct Shared {
    label: String,
    unit: Unit,
    position: AtomicU64,
    /// Zero while it is not known.
    total: AtomicU64,
    files: AtomicU64,
    ended: Mutex<bool>,
    wake: Condvar,
}

impl Progress {
    /// Progress that draws nothing.
    pub(crate) fn silent() -> Self {
        Self { shared: None, drawer: None }
    }

    pub(super) fn start(label: &str, unit: Unit, visible: Visible) -> Self {
        let shared = Arc::new(Shared {
            label: label.to_owned(),
            unit,
            position: AtomicU64::new(0),
            total: AtomicU64::new(0),
            files: AtomicU64::new(0),
            ended: Mutex::new(false),
            wake: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        match thread::Builder::new().name("progress".to_owned()).spawn(move || draw(&theirs, &visible)) {
            Ok(drawer) => Self { shared: Some(shared), drawer: Some(drawer) },
            // The work matters more than the bar.
            Err(_) => Self::silent(),
        }
    }

    /// Says how much there is to do; adds up over calls, so that threads may report what they find.
    pub(crate) fn add_total(&self, amount: u64) {
        if let Some(shared) = &self.shared {
            shared.total.fetch_add(amount, Ordering::Relaxed);
        }
    }

    /// Counts what was done.
    pub(crate) fn add(&self, amount: u64) {
        if let Some(shared) = &self.shared {
            shared.position.fetch_add(amount, Ordering::Relaxed);
        }
    }

    /// Counts a file that was done, beside the bytes.
    pub(crate) fn add_file(&self) {
        if let Some(shared) = &self.shared {
            shared.files.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn end(&mut self) {
        if let Some(shared) = self.shared.take() {
            *shared.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            shared.wake.notify_all();
        }
        if let Some(drawer) = self.drawer.take() {
            // A panic of the drawing thread has been printed already, and harms nothing.
            let _ = drawer.join();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    /// Waits; true when the work has ended.
    fn ended_within(&self, time: Duration) -> bool {
        let guard = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.wake.wait_timeout_while(guard, time, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn show(&self, bar: &ProgressBar, styled_total: &mut Option<bool>) {
        let total = self.total.load(Ordering::Relaxed);
        if *styled_total != Some(total > 0) {
            *styled_total = Some(total > 0);
            bar.set_style(style(self.unit, total > 0));
        }
        if total > 0 {
            bar.set_length(total);
        }
        bar.set_position(self.position.load(Ordering::Relaxed));
        let files = self.files.load(Ordering::Relaxed);
        let mut prefix = self.label.clone();
        if files > 0 {
            prefix = format!("{prefix} {}", size::counted(files, "file"));
        }
        bar.set_prefix(prefix);
        bar.tick();
    }
}

fn draw(shared: &Shared, visible: &Visible) {
    // Counted from the beginning, drawn later: a rate that began at the first drawing would be far off.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let mut styled_total = None;
    let mut waits = 0;
    while !shared.ended_within(REDRAW) {
        waits += 1;
        if REDRAW * waits == DELAY {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            visible.set(Some(bar.clone()));
        }
        shared.show(&bar, &mut styled_total);
    }
    visible.set(None);
    bar.finish_and_clear();
}

fn style(unit: Unit, total_known: bool) -> ProgressStyle {
    let template = match (unit, total_known) {
        (Unit::Bytes, true) => {
            "{prefix} [{bar:20}] {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left  {wide_msg:.dim}"
                .to_owned()
        }
        (Unit::Bytes, false) => {
            "{spinner} {prefix} {binary_bytes}, {binary_bytes_per_sec}, {elapsed}  {wide_msg:.dim}".to_owned()
        }
        (Unit::Items(noun), true) => {
            format!("{{prefix}} [{{bar:20}}] {{human_pos}}/{{human_len}} {noun}s, {{eta}} left  {{wide_msg:.dim}}")
        }
        (Unit::Items(noun), false) => {
            format!("{{spinner}} {{prefix}} {{human_pos}} {noun}s, {{elapsed}}  {{wide_msg:.dim}}")
        }
    };
    ProgressStyle::with_template(&template)
        .expect("BUG: the templates are constants")
        .progress_chars("=> ")
        .tick_chars("|/-\\ ")
}
