//! `GODEBUG=schedtrace=N`: a line about the scheduler every N milliseconds, in Go's form.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

/// The period in nanoseconds, if there is one.
static PERIOD: LazyLock<Option<i64>> = LazyLock::new(|| {
    let ms = crate::debug::go_debug("schedtrace").filter(|&ms| ms > 0)?;
    Some(ms.saturating_mul(1_000_000))
});
static START: AtomicI64 = AtomicI64::new(0);
static LAST: AtomicI64 = AtomicI64::new(0);

/// Prints the line when it is due; when the next one is, `i64::MAX`: never.
pub(super) fn print_when_due(now: i64) -> i64 {
    let Some(period) = *PERIOD else {
        return i64::MAX;
    };
    if START.load(Ordering::Relaxed) == 0 {
        START.store(now, Ordering::Relaxed);
    }
    let mut last = LAST.load(Ordering::Relaxed);
    if last == 0 || now - last >= period {
        crate::fatal::write(&line(now - START.load(Ordering::Relaxed)));
        LAST.store(now, Ordering::Relaxed);
        last = now;
    }
    last + period
}

fn line(since_start: i64) -> String {
    let n_idle_threads = INNER.lock().idle_ms.len();
    let mut out = format!(
        "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} needspinning=0 idlethreads={n_idle_threads} runqueue={} [",
        since_start / 1_000_000,
        n_procs(),
        N_IDLE_PS.load(Ordering::Relaxed),
        n_threads(),
        N_SPINNING.load(Ordering::Relaxed),
        N_GLOBAL.load(Ordering::Relaxed),
    );
    for p in all_ps() {
        let _ = write!(out, " {}", p.queue_len());
    }
    out.push_str(" ] schedticks=[ ");
    for p in all_ps() {
        let _ = write!(out, "{} ", p.tick.load(Ordering::Relaxed));
    }
    out.push_str("]\n");
    out
}
