//! `MINIDEBUG=timing`: how long each phase of a start takes, in microseconds, on standard error.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Relaxed: set before there is a second thread.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// Turns the lines on, if the variable asks for them.
pub(crate) fn set(is_on: bool) {
    IS_ON.store(is_on, Ordering::Relaxed);
}

/// Does `work`, and says how long it took.
pub(crate) fn phase<T>(name: &str, work: impl FnOnce() -> T) -> T {
    if !IS_ON.load(Ordering::Relaxed) {
        return work();
    }
    let start = Instant::now();
    let result = work();
    eprintln!("timing: {:6} µs  {name}", start.elapsed().as_micros());
    result
}
