//! Semaphores: what package `sync` (and the timers of `time`) wait with.
//!
//! A semaphore is a counter in the program's memory; who finds it zero waits in a table by its address. A release
//! hands its unit to the first who waits, or adds it to the counter.
//!
//! Invariant, under the lock of the address's bucket: if someone waits, the counter is zero.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use super::call::{Call, natives};
use crate::fatal;
use crate::g::{G, WaitReason};
use crate::sched::{self, timer};

natives! {
    "sync.acquire" => |c: &mut Call| {
        let reason = match c.int(2) {
            0 => WaitReason::MutexLock,
            1 => WaitReason::RwMutexRLock,
            2 => WaitReason::RwMutexLock,
            3 => WaitReason::WaitGroupWait,
            4 => WaitReason::CondWait,
            _ => WaitReason::Semacquire,
        };
        acquire(c.goroutine(), c.pointer(0), c.bool(1), reason);
    };
    "sync.release" => |c: &mut Call| release(c.pointer(0), c.bool(1));
    "sync.fatal" => |c: &mut Call| {
        let text = String::from_utf8_lossy(c.bytes(0)).into_owned();
        // SAFETY: inside a native of the running goroutine.
        unsafe { fatal::throw_with_trace(&text, c.goroutine()) }
    };
    "atomic.yield" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, which is a safepoint.
        unsafe { sched::yield_now(c.goroutine()) }
    };
}

/// Who waits; parked, or about to be.
struct Waiter {
    g: *mut G,
    /// The timer that ends the wait, if there is one.
    timer: Option<timer::Key>,
}

// SAFETY: goroutines are never freed, and one that waits belongs to who takes it from the table.
unsafe impl Send for Waiter {}

type Bucket = Mutex<HashMap<usize, VecDeque<Waiter>, foldhash::fast::FixedState>>;

/// A prime, to spread addresses that differ by powers of two.
const N_BUCKETS: usize = 251;

static TABLE: LazyLock<[Bucket; N_BUCKETS]> = LazyLock::new(|| std::array::from_fn(|_| Bucket::default()));

fn bucket(address: usize) -> &'static Bucket {
    &TABLE[(address >> 3) % N_BUCKETS]
}

fn counter<'a>(address: *mut u8) -> &'a AtomicU32 {
    // SAFETY: natives get the address of a uint32, which the goroutine's frame keeps alive during the call.
    unsafe { AtomicU32::from_ptr(address.cast()) }
}

fn try_take(counter: &AtomicU32) -> bool {
    counter
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1))
        .is_ok()
}

fn acquire(g: *mut G, address: *mut u8, lifo: bool, reason: WaitReason) {
    if try_take(counter(address)) {
        return;
    }
    let key = address as usize;
    let mut bucket = bucket(key).lock();
    if try_take(counter(address)) {
        return;
    }
    // SAFETY: inside a native of the running goroutine. While it waits, the collector finds the semaphore here.
    unsafe {
        (*g).wait_data = key;
        sched::park(g, reason);
    }
    let queue = bucket.entry(key).or_default();
    let waiter = Waiter { g, timer: None };
    if lifo {
        queue.push_front(waiter);
    } else {
        queue.push_back(waiter);
    }
}

/// Gives one unit back; `_handoff`: let the woken goroutine run at once, which it does anyway when we park.
pub(super) fn release(address: *mut u8, _handoff: bool) {
    let key = address as usize;
    let mut bucket = bucket(key).lock();
    let Some(queue) = bucket.get_mut(&key) else {
        counter(address).fetch_add(1, Ordering::AcqRel);
        return;
    };
    let waiter = queue.pop_front();
    if queue.is_empty() {
        bucket.remove(&key);
    }
    drop(bucket);
    match waiter {
        Some(waiter) => wake(waiter, true),
        None => fatal::internal("an empty queue of a semaphore"),
    }
}

/// Ends a wait: `got` says whether the goroutine has its unit.
fn wake(waiter: Waiter, got: bool) {
    // SAFETY: we took it from the table, so it is ours to wake; its result block is in its frame, which stands still.
    unsafe {
        (*waiter.g).wait_data = 0;
        if let Some(key) = waiter.timer {
            if got {
                timer::remove(key);
            }
            *(*waiter.g).native_results = u64::from(got);
        }
        sched::ready(waiter.g);
    }
}

/// Waits for a unit until `when`; the native's result says whether it was got.
pub(super) fn acquire_until(c: &mut Call, address: *mut u8, when: i64) {
    let g = c.goroutine();
    let key = address as usize;
    let mut bucket = bucket(key).lock();
    if try_take(counter(address)) {
        c.ret_bool(0, true);
        return;
    }
    if when <= timer::now() {
        c.ret_bool(0, false);
        return;
    }
    // SAFETY: as in `acquire`.
    unsafe {
        (*g).wait_data = key;
        sched::park(g, WaitReason::Sleep);
    }
    let timer = timer::add(when, timer::Fire::SemaTimeout { g, address: key });
    let queue = bucket.entry(key).or_default();
    queue.push_back(Waiter { g, timer: Some(timer) });
}

/// The timer of a wait fires: ends it, if it has not ended.
pub(crate) fn time_out(g: *mut G, address: usize, timer: timer::Key) {
    let mut bucket = bucket(address).lock();
    let Some(queue) = bucket.get_mut(&address) else { return };
    let Some(i) = queue
        .iter()
        .position(|waiter| std::ptr::eq(waiter.g, g) && waiter.timer == Some(timer))
    else {
        return;
    };
    let waiter = queue.remove(i);
    if queue.is_empty() {
        bucket.remove(&address);
    }
    drop(bucket);
    if let Some(waiter) = waiter {
        wake(waiter, false);
    }
}
