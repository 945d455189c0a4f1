//! Semaphores, by which package `sync` makes goroutines wait.
//!
//! A semaphore is a word of the program, counting free units. Goroutines that find none wait in queues kept here, by the
//! word's address: a fixed number of buckets, each under a lock of its own. A unit that is released while someone waits
//! is handed over at once, without showing in the word, so nobody who comes later takes it away.
//!
//! The word is in the heap (it escapes into the call), so its address does not change while someone waits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use super::call::{Call, natives};
use crate::g::{G, WaitReason};
use crate::sched;

natives! {
    "sync.acquire" => acquire;
    "sync.release" => |c: &mut Call| release(c.pointer(0).cast());
    "time.wake" => |c: &mut Call| release(c.pointer(0).cast());
}

/// A goroutine that waits for a unit of the semaphore at an address.
struct Waiter {
    address: usize,
    g: *mut G,
}

// SAFETY: the goroutine is parked and belongs to whoever takes the waiter out of its queue.
unsafe impl Send for Waiter {}

const N_BUCKETS: usize = 64;

static BUCKETS: [Mutex<VecDeque<Waiter>>; N_BUCKETS] =
    [const { Mutex::new(VecDeque::new()) }; N_BUCKETS];

fn bucket(word: *const AtomicU32) -> &'static Mutex<VecDeque<Waiter>> {
    // Words of neighbouring objects go to different buckets.
    &BUCKETS[(word.addr() >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58 & (N_BUCKETS - 1)]
}

/// Takes a unit if there is one.
fn try_acquire(word: &AtomicU32) -> bool {
    // Acquire: pairs with the release of the unit; what its owner did before is seen.
    word.fetch_update(Ordering::Acquire, Ordering::Relaxed, |n| n.checked_sub(1))
        .is_ok()
}

/// `func acquire(s *uint32, lifo bool, reason int)`
fn acquire(call: &mut Call) {
    let at = call.pointer(0).cast::<AtomicU32>();
    // SAFETY: a semaphore of the program, alive during the call.
    let word = unsafe { &*at };
    if try_acquire(word) {
        return;
    }
    let mut queue = bucket(at).lock();
    // A unit may have come before the lock was taken; from now on a release finds the waiter.
    if try_acquire(word) {
        return;
    }
    let waiter = Waiter {
        address: at.addr(),
        g: call.goroutine(),
    };
    if call.bool(1) {
        queue.push_front(waiter);
    } else {
        queue.push_back(waiter);
    }
    // SAFETY: we are inside a native of the running goroutine, on the system stack.
    unsafe { sched::park(call.goroutine(), reason(call.int(2))) };
}

/// Gives a unit back, to the goroutine that waits first if there is one.
fn release(at: *const AtomicU32) {
    let mut queue = bucket(at).lock();
    if let Some(i) = queue.iter().position(|waiter| waiter.address == at.addr())
        && let Some(waiter) = queue.remove(i)
    {
        drop(queue);
        // SAFETY: it called `park`, and leaving the queue was ours, so this is the only call for that park.
        unsafe { sched::ready(waiter.g) };
        return;
    }
    // SAFETY: a semaphore of the program, alive during the call. Under the lock: see `acquire`.
    unsafe { &*at }.fetch_add(1, Ordering::Release);
}

/// The numbers of sync/native.mini.
fn reason(n: i64) -> WaitReason {
    match n {
        0 => WaitReason::MutexLock,
        1 => WaitReason::RwMutexRLock,
        2 => WaitReason::RwMutexLock,
        3 => WaitReason::WaitGroupWait,
        4 => WaitReason::CondWait,
        _ => WaitReason::Semacquire,
    }
}
