//! Ctrl-C and requests to end: noticed as a flag, so that a command ends through its ordinary path, removes its
//! temporaries and says what was and was not done.
//!
//! Until [`install`] is called signals do what they always do. After it the first SIGINT, SIGTERM or SIGHUP sets
//! the flag; a second one ends the process at once with exit code 130.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

struct State {
    raised: Arc<AtomicBool>,
    /// Set by the first signal; the next one then ends the process.
    deadly: Arc<AtomicBool>,
    /// The registrations that set `deadly`. Empty while someone is patient.
    setters: Mutex<Vec<SigId>>,
}

static STATE: OnceLock<State> = OnceLock::new();

/// Begins to catch signals. Calling it again does nothing.
pub(crate) fn install() {
    STATE.get_or_init(|| {
        let raised = Arc::new(AtomicBool::new(false));
        let deadly = Arc::new(AtomicBool::new(false));
        for signal in SIGNALS {
            // A signal that cannot be caught keeps its ordinary meaning, which is safe too: every command may
            // be killed at any time. The order matters: the shutdown looks at `deadly` before it is set.
            let _ = flag::register_conditional_shutdown(signal, 130, Arc::clone(&deadly));
            let _ = flag::register(signal, Arc::clone(&raised));
        }
        let setters = Mutex::new(setters(&deadly));
        State { raised, deadly, setters }
    });
}

/// Whether a signal asked to stop. Cheap enough for inner loops.
pub(crate) fn interrupted() -> bool {
    STATE.get().is_some_and(|state| state.raised.load(Ordering::Relaxed))
}

fn setters(deadly: &Arc<AtomicBool>) -> Vec<SigId> {
    SIGNALS.iter().filter_map(|signal| flag::register(*signal, Arc::clone(deadly)).ok()).collect()
}

/// While this lives, repeated signals do not end the process: another program has the terminal, and Ctrl-C is
/// meant for that.
#[must_use]
pub(crate) struct Patience {
    was_raised: bool,
    forget: bool,
}

/// Signals are noticed, but do not kill: for a pager.
pub(crate) fn patient() -> Patience {
    begin(false)
}

/// Signals are forgotten when this ends: for an editor, which uses Ctrl-C itself.
pub(crate) fn deaf() -> Patience {
    begin(true)
}

fn begin(forget: bool) -> Patience {
    install();
    if let Some(state) = STATE.get() {
        for id in state.setters.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            low_level::unregister(id);
        }
        state.deadly.store(false, Ordering::Relaxed);
    }
    Patience { was_raised: interrupted(), forget }
}

impl Drop for Patience {
    fn drop(&mut self) {
        let Some(state) = STATE.get() else { return };
        if self.forget {
            state.raised.store(self.was_raised, Ordering::Relaxed);
        }
        let mut ids = state.setters.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.is_empty() {
            *ids = setters(&state.deadly);
        }
    }
}
