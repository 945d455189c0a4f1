//! Marking: workers that take grey objects, scan them, and shade what they point at.
//!
//! An object is grey from the moment its mark bit is set until it has been scanned; grey objects lie in packets. A worker
//! fills and empties a packet of its own; full ones go to the pool, from where idle workers fetch. A worker that sees
//! others idle gives away half of what it has. Marking ends when all workers are idle and the pool is empty.
//!
//! One worker begins alone: a thread that is to help costs as much as some thousand objects, and more where processors
//! are busy, since the end waits for it. What it has not done by then it puts into the pool.
//!
//! Before an object is scanned it waits in a short queue while its memory is fetched. Large objects are scanned in
//! pieces, so that several workers can share one.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::scan;
use crate::heap::span::{Layout, find_slot};

/// What marking starts from, in parts that different workers may scan.
pub trait Roots: Sync {
    fn n_parts(&self) -> usize;
    /// Visits words that may be anything; those that point into objects keep them alive.
    fn scan_part(&self, part: usize, visit: &mut dyn FnMut(usize));
}

/// Grey objects (addresses of slots) and pieces of large ones.
type Packet = Vec<usize>;

const PACKET_SIZE: usize = 512;
/// Objects whose memory is being fetched.
const N_FETCHED: usize = 8;
/// Large objects are scanned this many bytes at a time.
const PIECE_SIZE: usize = 128 << 10;
/// How many objects the first worker scans before it gets help, and the most roots with which it begins alone.
const ALONE: usize = 8192;
const ALONE_PARTS: usize = 256;
/// How many objects a worker scans before it looks whether others are idle.
const SHARE_INTERVAL: u32 = 64;

/// What the workers share.
struct Pool {
    packets: Mutex<Vec<Packet>>,
    n_workers: usize,
    n_idle: AtomicUsize,
    next_part: AtomicUsize,
    live: AtomicUsize,
    root_words: AtomicUsize,
}

/// What marking found.
#[derive(Clone, Copy, Debug)]
pub struct Marked {
    /// Bytes of reachable objects.
    pub live: usize,
    /// Bytes of pointers in roots.
    pub roots: usize,
}

/// Marks everything that is reachable. The world is stopped.
pub fn mark_all(roots: &dyn Roots, n_workers: usize) -> Marked {
    let pool = Pool {
        packets: Mutex::new(super::barrier::take_shaded()),
        n_workers,
        n_idle: AtomicUsize::new(0),
        next_part: AtomicUsize::new(0),
        live: AtomicUsize::new(0),
        root_words: AtomicUsize::new(0),
    };
    let is_done = if n_workers == 1 {
        Worker::<false>::new(&pool, usize::MAX).run(roots)
    } else {
        roots.n_parts() <= ALONE_PARTS && Worker::<false>::new(&pool, ALONE).run(roots)
    };
    if !is_done {
        std::thread::scope(|scope| {
            for _ in 1..n_workers {
                scope.spawn(|| Worker::<true>::new(&pool, usize::MAX).run(roots));
            }
            Worker::<true>::new(&pool, usize::MAX).run(roots);
        });
    }
    Marked {
        live: pool.live.into_inner(),
        roots: pool.root_words.into_inner() * 8,
    }
}

/// A marking thread. `SHARED`: there are others.
struct Worker<'p, const SHARED: bool> {
    pool: &'p Pool,
    grey: Packet,
    fetched: [usize; N_FETCHED],
    fetch_pos: usize,
    live: usize,
    /// How many objects it may scan.
    budget: usize,
}

impl<'p, const SHARED: bool> Worker<'p, SHARED> {
    fn new(pool: &'p Pool, budget: usize) -> Self {
        Worker {
            pool,
            grey: Vec::with_capacity(PACKET_SIZE),
            fetched: [0; N_FETCHED],
            fetch_pos: 0,
            live: 0,
            budget,
        }
    }

    /// Scans roots and what hangs on them; false: the budget was too small, and the rest is in the pool.
    fn run(mut self, roots: &dyn Roots) -> bool {
        let mut n_words = 0;
        loop {
            let part = self.pool.next_part.fetch_add(1, Ordering::Relaxed);
            if part >= roots.n_parts() {
                break;
            }
            roots.scan_part(part, &mut |word| {
                n_words += 1;
                self.shade(word);
            });
        }
        self.pool.root_words.fetch_add(n_words, Ordering::Relaxed);
        loop {
            self.drain();
            if self.budget == 0 {
                self.grey
                    .extend(self.fetched.iter().filter(|&&item| item != 0));
                let rest = std::mem::take(&mut self.grey);
                self.pool.packets.lock().push(rest);
                break;
            }
            if !self.fetch_packet() {
                break;
            }
        }
        self.pool.live.fetch_add(self.live, Ordering::Relaxed);
        self.budget > 0
    }

    /// Marks the object that a word points into, if any.
    #[inline(always)]
    fn shade(&mut self, word: usize) {
        let Some(found) = find_slot(word) else { return };
        let (span, index) = (found.span, found.index);
        if !span.is_taken(index) || !span.mark::<SHARED>(index) {
            return;
        }
        self.live += span.elem_size();
        if span.layout() != Layout::Noscan {
            self.push(span.slot(index));
        }
    }

    #[inline(always)]
    fn push(&mut self, item: usize) {
        if self.grey.len() == PACKET_SIZE {
            let full = std::mem::replace(&mut self.grey, Vec::with_capacity(PACKET_SIZE));
            self.pool.packets.lock().push(full);
        }
        self.grey.push(item);
    }

    /// Scans until this worker has nothing left, or has used up its budget.
    fn drain(&mut self) {
        let mut countdown = SHARE_INTERVAL;
        let mut n_empty = 0;
        while n_empty < N_FETCHED {
            let next = self.grey.pop().unwrap_or(0);
            n_empty = if next == 0 { n_empty + 1 } else { 0 };
            if next != 0 {
                prefetch(next);
            }
            let item = std::mem::replace(&mut self.fetched[self.fetch_pos], next);
            self.fetch_pos = (self.fetch_pos + 1) % N_FETCHED;
            if item == 0 {
                continue;
            }
            n_empty = 0;
            self.scan(item);
            self.budget -= 1;
            if self.budget == 0 {
                return;
            }
            if SHARED {
                countdown -= 1;
                if countdown == 0 {
                    countdown = SHARE_INTERVAL;
                    self.share();
                }
            }
        }
    }

    fn scan(&mut self, item: usize) {
        let found = find_slot(item).expect("grey items are objects");
        let (span, index) = (found.span, found.index);
        if span.layout() == Layout::Large {
            return self.scan_piece(item);
        }
        // SAFETY: a marked object is taken, and the world stands still.
        unsafe { scan::object(span, index, &mut |word| self.shade(word)) };
    }

    /// Scans the piece of a large object that begins at `item`; the rest becomes an item of its own.
    fn scan_piece(&mut self, item: usize) {
        let found = find_slot(item).expect("grey items are objects");
        let (start, size) = (found.span.base(), found.span.elem_size());
        let from = item - start;
        let to = size.min(from + PIECE_SIZE);
        if to < size {
            self.push(start + to);
        }
        // SAFETY: the span's type describes its object, and the world stands still.
        unsafe {
            let ty = &*found.span.large_type();
            scan::typed(start, from, to, ty, &mut |word| self.shade(word));
        }
    }

    /// Gives half of the grey objects to the pool if someone waits.
    fn share(&mut self) {
        if self.grey.len() >= 2 && self.pool.n_idle.load(Ordering::Relaxed) > 0 {
            // The older half: it is nearer to the roots, so more hangs on it.
            let half = self.grey.len() / 2;
            let given: Packet = self.grey.drain(..half).collect();
            self.pool.packets.lock().push(given);
        }
    }

    /// Waits for a packet; false: marking is complete.
    fn fetch_packet(&mut self) -> bool {
        if let Some(packet) = self.pool.packets.lock().pop() {
            self.grey = packet;
            return true;
        }
        if !SHARED {
            return false;
        }
        self.pool.n_idle.fetch_add(1, Ordering::SeqCst);
        let mut n_tries = 0u32;
        loop {
            // A worker becomes idle only with empty hands, and only one that is not idle adds packets. So all idle
            // and an empty pool, seen under the lock, means that nothing can come any more.
            {
                let mut packets = self.pool.packets.lock();
                if let Some(packet) = packets.pop() {
                    self.pool.n_idle.fetch_sub(1, Ordering::SeqCst);
                    self.grey = packet;
                    return true;
                }
                if self.pool.n_idle.load(Ordering::SeqCst) == self.pool.n_workers {
                    return false;
                }
            }
            n_tries += 1;
            if n_tries < 32 {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

#[inline(always)]
fn prefetch(addr: usize) {
    let start = std::ptr::with_exposed_provenance(addr);
    // SAFETY: prefetching has no effect but on the cache.
    unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(start) };
}
