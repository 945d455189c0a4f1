//! Semaphores, by which packages `sync` and `time` make goroutines wait.
//!
//! A semaphore is a word of the program that counts free units. Goroutines that find none wait in queues by the
//! word's address, kept in a table of buckets, each under a lock. A unit that is released while someone waits goes to
//! the first of the queue, so nobody who comes later takes it away.
//!
//! # Invariants
//! - The word is in the heap (escape analysis lets it escape into the call), so its address does not change; while someone
//!   waits, `G::wait_data` holds it, and the collector sees it there ([`crate::chan::waitq::for_each_root`]).
//! - A waiting goroutine is linked through `G::link`, as it is in no other queue. It belongs to who takes it out.
//! - `Bucket::n_waiters` is raised before the word is looked at for the last time, and a release looks at it after
//!   it has raised the word: one of the two sees the other, and without waiters a release takes no lock.
//! - A wait with a limit has an entry in `Table::timed` until someone ends it: the release, or the timer ([`time_out`]).
//!   Both do so under the lock, and the loser finds the entry gone.

use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::call::{Call, natives};
use crate::g::{G, WaitReason};

/// What semaphores use of the scheduler. Tests have their own.
#[cfg(not(test))]
mod sched {
    pub(super) use crate::sched::timer::{Fire, Key, add as add_timer, remove as remove_timer};
    pub(super) use crate::sched::{park, ready, ready_last, yield_now};
}
#[cfg(test)]
use tests::sched;

natives! {
    "sync.acquire" => |c: &mut Call| {
        let word = c.pointer(0).cast();
        let (lifo, reason) = (c.bool(1), reason(c.int(2)));
        // SAFETY: a semaphore of the program; inside a native.
        unsafe { acquire(c.goroutine(), word, lifo, reason) };
    };
    "sync.release" => |c: &mut Call| {
        let handoff = c.bool(1);
        // SAFETY: as above.
        unsafe { release(c.goroutine(), c.pointer(0).cast(), handoff) };
    };
    "atomic.yield" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, which is a safepoint.
        unsafe { crate::sched::yield_now(c.goroutine()) }
    };
    "sync.fatal" => |c: &mut Call| {
        crate::fatal::throw(&String::from_utf8_lossy(c.bytes(0)))
    };
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

/// Goroutines waiting for units of one semaphore, linked through `G::link`.
#[derive(Debug)]
struct Queue {
    first: *mut G,
    last: *mut G,
}

/// What a bucket's lock guards.
#[derive(Debug)]
struct Table {
    /// By address of the semaphore; no queue is empty.
    queues: BTreeMap<usize, Queue>,
    /// Those who wait with a limit. There are few: package `time` has one.
    timed: Vec<(*mut G, sched::Key)>,
}

// SAFETY: goroutines are never freed, and those in the table are parked and belong to who holds the lock.
unsafe impl Send for Table {}

#[derive(Debug)]
struct Bucket {
    n_waiters: AtomicUsize,
    table: Mutex<Table>,
}

/// A prime, so that addresses with the same low bits go to different buckets.
const N_BUCKETS: usize = 251;

static BUCKETS: [Bucket; N_BUCKETS] = [const {
    Bucket {
        n_waiters: AtomicUsize::new(0),
        table: Mutex::new(Table {
            queues: BTreeMap::new(),
            timed: Vec::new(),
        }),
    }
}; N_BUCKETS];

fn bucket(address: usize) -> &'static Bucket {
    &BUCKETS[(address >> 2) % N_BUCKETS]
}

/// Takes a unit if there is one.
fn try_take(word: &AtomicU32) -> bool {
    // Acquire pairs with the release of the unit. SeqCst on failure orders it after `n_waiters` was raised.
    word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        .is_ok()
}

impl Table {
    /// # Safety
    /// `g` is in no queue, and about to wait.
    unsafe fn push(&mut self, address: usize, g: *mut G, first: bool) {
        // SAFETY: the caller's promise; who stands in a queue is valid.
        unsafe {
            (*g).link = null_mut();
            let queue = self.queues.entry(address).or_insert(Queue {
                first: null_mut(),
                last: null_mut(),
            });
            if queue.first.is_null() {
                (queue.first, queue.last) = (g, g);
            } else if first {
                (*g).link = queue.first;
                queue.first = g;
            } else {
                (*queue.last).link = g;
                queue.last = g;
            }
        }
    }

    /// Takes out the first who waits for the semaphore, or only `wanted`.
    fn take(&mut self, address: usize, wanted: Option<*mut G>) -> Option<*mut G> {
        let queue = self.queues.get_mut(&address)?;
        let mut before = null_mut::<G>();
        let mut g = queue.first;
        // SAFETY: goroutines in a queue are valid and linked by those who hold the lock.
        unsafe {
            while wanted.is_some_and(|wanted| wanted != g) {
                before = g;
                g = (*g).link;
                if g.is_null() {
                    return None;
                }
            }
            let next = std::mem::replace(&mut (*g).link, null_mut());
            match before.is_null() {
                true => queue.first = next,
                false => (*before).link = next,
            }
            if next.is_null() {
                queue.last = before;
            }
        }
        if queue.first.is_null() {
            self.queues.remove(&address);
        }
        Some(g)
    }

    /// The timer of a goroutine that waits with a limit.
    fn take_timer(&mut self, g: *mut G) -> Option<sched::Key> {
        let i = self.timed.iter().position(|entry| entry.0 == g)?;
        Some(self.timed.swap_remove(i).1)
    }
}

/// Takes a unit, or parks the goroutine until it is given one.
///
/// # Safety
/// `g` is the running goroutine, inside a native; `word` is a semaphore in the heap.
unsafe fn acquire(g: *mut G, word: *const AtomicU32, lifo: bool, reason: WaitReason) {
    // SAFETY: the caller's promise.
    unsafe {
        if !try_take(&*word) {
            wait(g, word, lifo, reason, None);
        }
    }
}

/// [`acquire`] for the time up to `when`; whether there was a unit goes to `result`, in the goroutine's frame.
///
/// # Safety
/// As for [`acquire`]; `result` is that of the native.
pub(super) unsafe fn acquire_until(
    g: *mut G,
    word: *const AtomicU32,
    when: i64,
    reason: WaitReason,
    result: *mut u64,
) {
    // SAFETY: the caller's promise.
    unsafe {
        (*g).native_results = result;
        if try_take(&*word) || wait(g, word, false, reason, Some(when)) {
            end_timed(g, true);
        }
    }
}

/// Leaves the result of a wait with a limit where the native returns it.
///
/// # Safety
/// The goroutine is ours, and in [`acquire_until`].
unsafe fn end_timed(g: *mut G, success: bool) {
    // SAFETY: the caller's promise; the stack copier keeps the address up to date.
    unsafe { *std::mem::replace(&mut (*g).native_results, null_mut()) = u64::from(success) };
}

/// Queues and parks the goroutine. True: it got a unit all the same, at the last moment.
///
/// # Safety
/// As for [`acquire`].
unsafe fn wait(
    g: *mut G,
    word: *const AtomicU32,
    lifo: bool,
    reason: WaitReason,
    until: Option<i64>,
) -> bool {
    let address = word.expose_provenance();
    let bucket = bucket(address);
    let mut table = bucket.table.lock();
    bucket.n_waiters.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the caller's promise. Nobody finds the goroutine before the lock is released.
    unsafe {
        if try_take(&*word) {
            bucket.n_waiters.fetch_sub(1, Ordering::SeqCst);
            return true;
        }
        (*g).wait_data = address;
        table.push(address, g, lifo);
        sched::park(g, reason);
        if let Some(when) = until {
            let key = sched::add_timer(when, sched::Fire::SemaTimeout { g, address });
            table.timed.push((g, key));
        }
    }
    false
}

/// Gives a unit back, to the goroutine that waits first if there is one; with `handoff`, that one runs at once.
///
/// # Safety
/// `g` is the running goroutine, inside a native; `word` is a semaphore.
pub(super) unsafe fn release(g: *mut G, word: *const AtomicU32, handoff: bool) {
    let address = word.addr();
    let bucket = bucket(address);
    // SAFETY: the caller's promise.
    let word = unsafe { &*word };
    word.fetch_add(1, Ordering::SeqCst);
    if bucket.n_waiters.load(Ordering::SeqCst) == 0 {
        return;
    }
    let mut table = bucket.table.lock();
    // Who waits gets the unit, unless someone else has just taken it: then that one's release will come here.
    if !table.queues.contains_key(&address) || !try_take(word) {
        return;
    }
    let Some(waiter) = table.take(address, None) else {
        return;
    };
    bucket.n_waiters.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: the waiter is parked and was taken from the queue: it is ours.
    unsafe {
        (*waiter).wait_data = 0;
        if let Some(key) = table.take_timer(waiter) {
            sched::remove_timer(key);
            end_timed(waiter, true);
        }
        drop(table);
        sched::ready(waiter);
        if handoff {
            sched::yield_now(g);
        }
    }
}

/// The timer with this key is due: if the goroutine still waits for the semaphore because of which it was set, it goes on
/// without a unit.
pub(crate) fn time_out(g: *mut G, address: usize, key: sched::Key) {
    let bucket = bucket(address);
    let mut table = bucket.table.lock();
    let Some(i) = table.timed.iter().position(|entry| *entry == (g, key)) else {
        return;
    };
    table.timed.swap_remove(i);
    if table.take(address, Some(g)).is_none() {
        return;
    }
    bucket.n_waiters.fetch_sub(1, Ordering::SeqCst);
    drop(table);
    // SAFETY: the goroutine is parked and was taken from the queue: it is ours.
    unsafe {
        (*g).wait_data = 0;
        end_timed(g, false);
        sched::ready_last(g);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stands in for the scheduler: notes what is asked of it.
    pub(super) mod sched {
        use std::cell::RefCell;

        use crate::g::{G, WaitReason};

        pub(in super::super) type Key = (i64, u64);

        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in super::super) enum Fire {
            SemaTimeout { g: *mut G, address: usize },
        }

        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Event {
            Park(*mut G, WaitReason),
            Ready(*mut G),
            Yield(*mut G),
            Timer(i64, Fire),
            Remove(Key),
        }

        thread_local! {
            static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
        }

        pub(super) fn events() -> Vec<Event> {
            EVENTS.with_borrow_mut(std::mem::take)
        }

        fn note(event: Event) {
            EVENTS.with_borrow_mut(|events| events.push(event));
        }

        pub(in super::super) unsafe fn park(g: *mut G, reason: WaitReason) {
            note(Event::Park(g, reason));
        }

        pub(in super::super) unsafe fn ready(g: *mut G) {
            note(Event::Ready(g));
        }

        pub(in super::super) unsafe fn ready_last(g: *mut G) {
            note(Event::Ready(g));
        }

        pub(in super::super) unsafe fn yield_now(g: *mut G) {
            note(Event::Yield(g));
        }

        pub(in super::super) fn add_timer(when: i64, fire: Fire) -> Key {
            note(Event::Timer(when, fire));
            (when, 1)
        }

        pub(in super::super) fn remove_timer(key: Key) -> bool {
            note(Event::Remove(key));
            true
        }
    }

    use sched::Event::{Park, Ready, Remove, Timer, Yield};
    use sched::events;

    fn goroutines<const N: usize>() -> [*mut G; N] {
        [(); N].map(|()| Box::into_raw(G::new()))
    }

    fn get(g: *mut G, word: &AtomicU32, lifo: bool) {
        // SAFETY: the word stays where it is.
        unsafe { acquire(g, word, lifo, WaitReason::MutexLock) };
    }

    fn get_until(g: *mut G, word: &AtomicU32, when: i64, result: &mut u64) {
        // SAFETY: as above; the result too.
        unsafe { acquire_until(g, word, when, WaitReason::Sleep, result) };
    }

    fn give(g: *mut G, word: &AtomicU32, handoff: bool) {
        // SAFETY: as above.
        unsafe { release(g, word, handoff) };
    }

    #[test]
    fn units_are_counted() {
        let [g] = goroutines();
        let word = AtomicU32::new(1);
        get(g, &word, false);
        give(g, &word, false);
        give(g, &word, true);
        assert_eq!((word.into_inner(), events()), (2, vec![]));
    }

    #[test]
    fn first_come_first_served_but_lifo_goes_to_the_front() {
        let [a, b, c, d] = goroutines();
        let word = AtomicU32::new(0);
        get(a, &word, false);
        get(b, &word, false);
        get(c, &word, true);
        assert_eq!(events(), [a, b, c].map(|g| Park(g, WaitReason::MutexLock)));
        for _ in 0..3 {
            give(d, &word, false);
        }
        assert_eq!(events(), [Ready(c), Ready(a), Ready(b)]);
        assert_eq!(word.load(Ordering::Relaxed), 0);
        give(d, &word, false);
        assert_eq!((word.into_inner(), events()), (1, vec![]));
    }

    #[test]
    fn handoff_gives_way() {
        let [a, b] = goroutines();
        let word = AtomicU32::new(0);
        get(a, &word, false);
        events();
        give(b, &word, true);
        assert_eq!(events(), [Ready(a), Yield(b)]);
    }

    #[test]
    fn semaphores_in_one_bucket_are_apart() {
        let [a, b, c] = goroutines();
        let words = [const { AtomicU32::new(0) }; N_BUCKETS + 1];
        let (one, two) = (&words[0], &words[N_BUCKETS]);
        get(a, one, false);
        get(b, two, false);
        events();
        give(c, two, false);
        give(c, one, false);
        assert_eq!(events(), [Ready(b), Ready(a)]);
    }

    #[test]
    fn limited_wait_ends_by_release_or_timer() {
        let [a, b, c] = goroutines();
        let word = AtomicU32::new(0);
        let address = (&raw const word).addr();
        let (mut x, mut y) = (9, 9);
        get_until(a, &word, 100, &mut x);
        get_until(b, &word, 200, &mut y);
        let timer = |g, when| Timer(when, sched::Fire::SemaTimeout { g, address });
        let park = |g| Park(g, WaitReason::Sleep);
        assert_eq!(events(), [park(a), timer(a, 100), park(b), timer(b, 200)]);
        time_out(b, address, (200, 1));
        assert_eq!((y, events()), (0, vec![Ready(b)]));
        give(c, &word, false);
        assert_eq!((x, events()), (1, vec![Remove((100, 1)), Ready(a)]));
        // Both are late.
        time_out(a, address, (100, 1));
        time_out(b, address, (200, 1));
        assert_eq!(events(), []);
        give(c, &word, false);
        get_until(a, &word, 300, &mut y);
        assert_eq!((y, events()), (1, vec![]));
    }

    /// Goroutines as threads that spin where they would park.
    #[test]
    fn no_unit_is_lost_between_threads() {
        static WORD: AtomicU32 = AtomicU32::new(1);
        static INSIDE: AtomicU32 = AtomicU32::new(0);
        let run = || {
            let [g] = goroutines();
            for _ in 0..20_000 {
                get(g, &WORD, false);
                // Parked here means queued: `wait_data` is cleared by who gives us the unit.
                while !events().is_empty() {
                    // SAFETY: our own goroutine; another thread clears the word.
                    while unsafe { (&raw const (*g).wait_data).read_volatile() } != 0 {
                        std::thread::yield_now();
                    }
                }
                assert_eq!(INSIDE.fetch_add(1, Ordering::SeqCst), 0);
                INSIDE.fetch_sub(1, Ordering::SeqCst);
                give(g, &WORD, false);
                events();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(run);
            }
        });
        assert_eq!(WORD.load(Ordering::Relaxed), 1);
    }
}
