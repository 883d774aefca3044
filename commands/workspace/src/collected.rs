//! A caller without a terminal: it keeps what it is told. For tests, servers and bindings.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jiff::{Timestamp, Zoned};

use crate::error::CallerError;
use crate::observer::{Counter, Event, Observer, Work};
use crate::session::{Actor, Caller, Settings};

/// An observer that keeps what it is told. Its copies share what they keep.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    told: Mutex<Vec<String>>,
    done: AtomicU64,
    stop: AtomicBool,
}

impl Collected {
    /// What was told so far, in order: each event as its `Debug` form says it.
    pub fn told(&self) -> Vec<String> {
        self.kept.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much work was counted so far: bytes, or files where that is what is counted.
    pub fn done(&self) -> u64 {
        self.kept.done.load(Ordering::Relaxed)
    }

    /// Asks the running deed to stop.
    pub fn stop(&self) {
        self.kept.stop.store(true, Ordering::Relaxed);
    }
}

impl Observer for Collected {
    fn event(&self, event: Event<'_>) {
        self.kept.told.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{event:?}"));
    }

    fn work(&self, _work: Work) -> Box<dyn Counter> {
        Box::new(self.clone())
    }

    fn is_interrupted(&self) -> bool {
        self.kept.stop.load(Ordering::Relaxed)
    }
}

impl Counter for Collected {
    fn add_total(&self, _amount: u64) {}

    fn add(&self, amount: u64) {
        self.kept.done.fetch_add(amount, Ordering::Relaxed);
    }

    fn add_file(&self) {}
}

/// Default settings: as many threads as cores, no ignore patterns of the user, the usual conflict style.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unconfigured;

impl Settings for Unconfigured {
    fn threads(&self) -> Result<Option<usize>, CallerError> {
        Ok(None)
    }

    fn excludes(&self) -> Result<Option<PathBuf>, CallerError> {
        Ok(None)
    }

    fn conflict_style(&self) -> Result<Option<String>, CallerError> {
        Ok(None)
    }
}

impl Caller {
    /// One with the system's clock and no settings.
    pub fn unconfigured(actor: Actor, observer: Box<dyn Observer>) -> Self {
        Self {
            actor: LazyLock::new(Box::new(move || actor)),
            clock: Box::new(|| Ok(Timestamp::now().as_microsecond())),
            wall_clock: Box::new(Zoned::now),
            settings: Box::new(Unconfigured),
            observer,
        }
    }
}
