//! P: the right to run compiled code, its queue of goroutines, and the caches that need no lock.
//!
//! The queue is a ring of which the owner writes the tail and anyone the head: the owner pushes and pops, others steal half of
//! it with one compare-and-swap. `run_next` is a place in front of the queue for the goroutine that was made ready
//! last, so that two goroutines that talk to each other pass the P back and forth without queueing.

use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use super::M;
use crate::g::G;

/// [`P::status`]: held by nobody, in the list of idle Ps.
pub(super) const IDLE: usize = 0;
/// Held by a thread that runs goroutines or the scheduler.
pub(super) const RUNNING: usize = 1;
/// The world is stopped.
pub(super) const STOPPED: usize = 2;
/// Added to the address of the thread that is in a blocking call, and that takes the P back if no one else did. The address
/// makes the compare-and-swap at the end of the call fail if the P has had another owner in between.
pub(super) const BLOCKING: usize = 3;

const RING: u32 = 256;

/// See the module's text. Fields without atomics belong to the thread that holds the P, or that stopped the world.
#[derive(Debug)]
pub struct P {
    pub id: u32,
    pub(super) status: AtomicUsize,
    /// The thread that holds it.
    pub(super) m: AtomicPtr<M>,
    /// Counts time slices; `sysmon` sees by it how long one lasts.
    pub(super) tick: AtomicU32,
    /// Counts blocking calls.
    pub(super) blocking_tick: AtomicU32,
    pub(super) run_next: AtomicPtr<G>,
    head: AtomicU32,
    tail: AtomicU32,
    ring: [AtomicPtr<G>; RING as usize],
    /// Counts rounds of the scheduler, so that the global queue is not forgotten.
    pub(super) rounds: Cell<u32>,
    /// Goroutines that have ended, chained by `link`, for reuse.
    pub(super) free_gs: Cell<*mut G>,
    pub(super) n_free_gs: Cell<u32>,
    /// Goroutine ids that this P may give out.
    pub(super) ids: Cell<(u64, u64)>,
    /// Goroutines started minus goroutines ended here; the sum over all Ps is their number.
    pub(super) n_goroutines: AtomicUsize,
    random: Cell<u64>,
    /// The heap's part.
    pub heap: UnsafeCell<crate::heap::PerP>,
    pub(crate) stacks: UnsafeCell<crate::stack::pool::PerP>,
}

impl P {
    pub(super) fn new(id: u32) -> Box<P> {
        Box::new(P {
            id,
            status: AtomicUsize::new(IDLE),
            m: AtomicPtr::new(null_mut()),
            tick: AtomicU32::new(0),
            blocking_tick: AtomicU32::new(0),
            run_next: AtomicPtr::new(null_mut()),
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            ring: [const { AtomicPtr::new(null_mut()) }; RING as usize],
            rounds: Cell::new(0),
            free_gs: Cell::new(null_mut()),
            n_free_gs: Cell::new(0),
            ids: Cell::new((0, 0)),
            n_goroutines: AtomicUsize::new(0),
            random: Cell::new(super::random_seed(id)),
            heap: UnsafeCell::default(),
            stacks: UnsafeCell::default(),
        })
    }

    /// A number from this P's generator (xorshift64*); under `MINIDEBUG=seed` the sequence is fixed. Owner.
    pub fn random(&self) -> u32 {
        let mut x = self.random.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.random.set(x);
        (x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// Number of goroutines in the ring.
    pub(super) fn queue_len(&self) -> u32 {
        let head = self.head.load(Ordering::Acquire);
        self.tail.load(Ordering::Acquire).wrapping_sub(head)
    }

    /// Number of goroutines in the queue. Exact for the owner.
    pub(super) fn len(&self) -> u32 {
        self.queue_len() + u32::from(!self.run_next.load(Ordering::Acquire).is_null())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes `g` the next to run; the previous one goes to the end of the queue. Owner. True: something was displaced.
    pub(super) fn push_next(&self, g: *mut G) -> bool {
        let old = self.run_next.swap(g, Ordering::AcqRel);
        if old.is_null() {
            return false;
        }
        self.push(old);
        true
    }

    /// Puts what was to be run next at the end. Owner.
    pub(super) fn demote_next(&self) {
        let next = self.run_next.swap(null_mut(), Ordering::AcqRel);
        if !next.is_null() {
            self.push(next);
        }
    }

    /// Puts `g` at the end. Half of a full queue goes to the global one. Owner.
    pub(super) fn push(&self, g: *mut G) {
        loop {
            // Pairs with the thieves' compare-and-swap: slots in front of the head have been read.
            let head = self.head.load(Ordering::Acquire);
            let tail = self.tail.load(Ordering::Relaxed);
            if tail.wrapping_sub(head) < RING {
                self.ring[(tail % RING) as usize].store(g, Ordering::Relaxed);
                // Publishes the slot to thieves.
                self.tail.store(tail.wrapping_add(1), Ordering::Release);
                return;
            }
            let n = RING / 2;
            let batch: Vec<*mut G> = (0..n)
                .map(|i| self.ring[(head.wrapping_add(i) % RING) as usize].load(Ordering::Relaxed))
                .collect();
            if self
                .head
                .compare_exchange(
                    head,
                    head.wrapping_add(n),
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                super::push_global_batch(&batch);
            }
        }
    }

    /// The next goroutine; whether it came from `run_next` and so goes on in the current time slice. Owner.
    pub(super) fn pop(&self) -> Option<(*mut G, bool)> {
        if !self.run_next.load(Ordering::Relaxed).is_null() {
            let next = self.run_next.swap(null_mut(), Ordering::AcqRel);
            if !next.is_null() {
                return Some((next, true));
            }
        }
        self.pop_queue().map(|g| (g, false))
    }

    fn pop_queue(&self) -> Option<*mut G> {
        loop {
            let head = self.head.load(Ordering::Acquire);
            if self.tail.load(Ordering::Relaxed) == head {
                return None;
            }
            let g = self.ring[(head % RING) as usize].load(Ordering::Relaxed);
            if self
                .head
                .compare_exchange_weak(
                    head,
                    head.wrapping_add(1),
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                return Some(g);
            }
        }
    }

    /// A goroutine chosen by the generator, for `MINIDEBUG=seed`. Owner, and the only P.
    pub(super) fn pop_random(&self) -> Option<*mut G> {
        self.demote_next();
        let n = self.len();
        if n == 0 {
            return None;
        }
        for _ in 0..self.random() % n {
            let g = self.pop_queue()?;
            self.push(g);
        }
        self.pop_queue()
    }

    /// Takes half of the queue of `victim`, or else its `run_next` if `even_next`; returns one of them, the rest goes into our own
    /// empty queue. Owner of `self`.
    pub(super) fn steal(&self, victim: &P, even_next: bool) -> Option<*mut G> {
        let tail = self.tail.load(Ordering::Relaxed);
        loop {
            let head = victim.head.load(Ordering::Acquire);
            let available = victim.tail.load(Ordering::Acquire).wrapping_sub(head);
            if available == 0 {
                if !even_next {
                    return None;
                }
                let next = victim.run_next.load(Ordering::Acquire);
                if next.is_null() {
                    return None;
                }
                return victim
                    .run_next
                    .compare_exchange(next, null_mut(), Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
                    .then_some(next);
            }
            let n = available - available / 2;
            if n > RING / 2 {
                // Head and tail were read at different times.
                continue;
            }
            for i in 0..n {
                let g = victim.ring[(head.wrapping_add(i) % RING) as usize].load(Ordering::Relaxed);
                self.ring[(tail.wrapping_add(i) % RING) as usize].store(g, Ordering::Relaxed);
            }
            if victim
                .head
                .compare_exchange(
                    head,
                    head.wrapping_add(n),
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                // The last one is run at once, the others are published.
                let last =
                    self.ring[(tail.wrapping_add(n - 1) % RING) as usize].load(Ordering::Relaxed);
                self.tail.store(tail.wrapping_add(n - 1), Ordering::Release);
                return Some(last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(i: usize) -> *mut G {
        (i * 16) as *mut G
    }

    #[test]
    fn a_queue_keeps_order_and_the_next_goes_first() {
        let p = P::new(0);
        p.push(fake(1));
        p.push(fake(2));
        assert!(!p.push_next(fake(3)));
        assert!(p.push_next(fake(4)));
        let order: Vec<_> = std::iter::from_fn(|| p.pop()).collect();
        assert_eq!(
            order,
            [
                (fake(4), true),
                (fake(1), false),
                (fake(2), false),
                (fake(3), false)
            ]
        );
    }

    #[test]
    fn stealing_takes_half_and_nothing_is_lost() {
        let (a, b) = (P::new(0), P::new(1));
        for i in 1..=9 {
            a.push(fake(i));
        }
        let first = b.steal(&a, false).unwrap();
        let mut seen = vec![first];
        seen.extend(std::iter::from_fn(|| b.pop().map(|(g, _)| g)));
        assert_eq!(seen.len(), 5);
        seen.extend(std::iter::from_fn(|| a.pop().map(|(g, _)| g)));
        seen.sort();
        assert_eq!(seen, (1..=9).map(fake).collect::<Vec<_>>());
        assert!(b.steal(&a, true).is_none());
    }

    #[test]
    fn threads_that_steal_get_each_goroutine_once() {
        let p = P::new(0);
        let shared: &'static P = Box::leak(p);
        let address = shared as *const P as usize;
        let taken = AtomicUsize::new(0);
        let left = std::sync::atomic::AtomicBool::new(true);
        std::thread::scope(|scope| {
            for id in 1..3 {
                let (taken, left) = (&taken, &left);
                scope.spawn(move || {
                    let own = P::new(id);
                    // SAFETY: leaked; thieves use only atomics of the victim.
                    let victim = unsafe { &*(address as *const P) };
                    while left.load(Ordering::Acquire) || !victim.is_empty() {
                        if own.steal(victim, true).is_some() {
                            taken.fetch_add(1, Ordering::Relaxed);
                            while own.pop().is_some() {
                                taken.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }
                });
            }
            for i in 1..=20_000 {
                while shared.len() > 200 {
                    std::hint::spin_loop();
                }
                shared.push(fake(i));
            }
            left.store(false, Ordering::Release);
        });
        assert_eq!(taken.load(Ordering::Relaxed), 20_000);
    }
}
