//! What happens at a time: goroutines that sleep, or that wait for a semaphore with a limit.
//!
//! One ordered table for all, under a lock; [`NEXT`] repeats its first key so that the scheduler sees without the lock
//! whether something is due. Timers of package `time` are written in Mini, on top of this.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::g::G;

/// Names a timer: when it fires, and a number that makes it unique.
pub(crate) type Key = (i64, u64);

/// What a timer does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fire {
    /// Makes a sleeping goroutine ready.
    Ready(*mut G),
    /// The time for uses of a file is over.
    Deadline {
        handle: u64,
        side: super::poll::Side,
    },
    #[cfg_attr(
        test,
        allow(dead_code, reason = "semaphores under test have timers of their own")
    )]
    /// Ends the wait of a goroutine for the semaphore at this address.
    SemaTimeout { g: *mut G, address: usize },
}

// SAFETY: goroutines are never freed, and the one in a timer is parked for it.
unsafe impl Send for Fire {}

static TABLE: Mutex<BTreeMap<Key, Fire>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicI64 = AtomicI64::new(i64::MAX);
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

/// Nanoseconds of the monotonic clock.
pub(crate) fn now() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the clock exists and the place is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// When the first timer fires; `i64::MAX`: there is none.
#[inline]
pub(super) fn next() -> i64 {
    NEXT.load(Ordering::Acquire)
}

/// Adds a timer. The caller then lets the goroutine park.
pub(crate) fn add(when: i64, fire: Fire) -> Key {
    let key = (when, SEQUENCE.fetch_add(1, Ordering::Relaxed));
    let is_first = {
        let mut table = TABLE.lock();
        table.insert(key, fire);
        let is_first = when < NEXT.load(Ordering::Relaxed);
        if is_first {
            NEXT.store(when, Ordering::Release);
        }
        is_first
    };
    if is_first {
        super::run::timer_came_first();
    }
    key
}

/// Removes a timer; false: it has fired or is firing.
#[cfg_attr(test, allow(dead_code, reason = "as for `SemaTimeout`"))]
pub(crate) fn remove(key: Key) -> bool {
    let mut table = TABLE.lock();
    let was = table.remove(&key).is_some();
    NEXT.store(first(&table), Ordering::Release);
    was
}

fn first(table: &BTreeMap<Key, Fire>) -> i64 {
    table.first_key_value().map_or(i64::MAX, |(key, _)| key.0)
}

/// Fires what is due.
pub(super) fn run_due() {
    let next = next();
    if next == i64::MAX || now() < next {
        return;
    }
    let due = {
        let mut table = TABLE.lock();
        let later = table.split_off(&(now() + 1, 0));
        let due = std::mem::replace(&mut *table, later);
        NEXT.store(first(&table), Ordering::Release);
        due
    };
    for (key, fire) in due {
        match fire {
            // SAFETY: the goroutine parked for this timer, which fires once.
            Fire::Ready(g) => unsafe { super::ready_last(g) },
            Fire::Deadline { handle, side } => super::poll::expire(handle, side, key),
            Fire::SemaTimeout { g, address } => crate::native::sync::time_out(g, address, key),
        }
    }
}
