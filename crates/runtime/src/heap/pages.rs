//! The page heap: runs of free pages, under one lock.
//!
//! Free runs are kept in lists by length, long ones in an ordered set; neighbours are joined at once by looking at the
//! table entries beside a run. Each run knows from which address on its memory is still zero, so fresh memory is not
//! cleared again. When nothing fits, the range grows by a chunk.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::arena::{self, CHUNK_SIZE};
use super::size_class::PAGE_SIZE;
use super::span::{Links, Span, State};

/// Runs of fewer pages have a list per length.
const N_LISTS: usize = 128;
/// Beyond this size the heap asks for huge pages.
const SMALL_HEAP: usize = 16 << 20;
/// Records are mapped this many bytes at a time.
const RECORD_CHUNK: usize = 256 << 10;

pub static PAGES: Mutex<PageHeap> = Mutex::new(PageHeap::new());

/// Bytes of the range that are usable; of them, those in spans with objects, and those in free runs that have no memory
/// behind them. Written under the lock.
pub static HEAP_SYS: AtomicUsize = AtomicUsize::new(0);
pub static HEAP_IN_USE: AtomicUsize = AtomicUsize::new(0);
pub static HEAP_RELEASED: AtomicUsize = AtomicUsize::new(0);
/// Bytes of span records.
pub static RECORD_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Free runs and spare records.
pub struct PageHeap {
    lists: [*const Span; N_LISTS],
    /// Bit n: list n is not empty.
    filled: u128,
    /// Runs of [`N_LISTS`] pages and more, by (length, address).
    long: BTreeSet<(usize, usize)>,
    /// Where the part of the range begins that is not usable yet; zero before the first use.
    frontier: usize,
    spare: *const Span,
    record_next: *mut u8,
    record_end: *mut u8,
}

// SAFETY: the pointers name span records, which any thread may use under the lock that guards this struct.
unsafe impl Send for PageHeap {}

impl PageHeap {
    const fn new() -> PageHeap {
        PageHeap {
            lists: [std::ptr::null(); N_LISTS],
            filled: 0,
            long: BTreeSet::new(),
            frontier: 0,
            spare: std::ptr::null(),
            record_next: std::ptr::null_mut(),
            record_end: std::ptr::null_mut(),
        }
    }

    /// A run of exactly `n_pages`, in the table for each of its pages, without objects. `None`: the range must grow.
    pub fn take(&mut self, n_pages: usize) -> Option<&'static Span> {
        let run = self.find(n_pages)?;
        self.unlink(run);
        let base = run.base();
        let rest = run.n_pages() - n_pages;
        let zero_from = run.zero_from();
        let end = base + n_pages * PAGE_SIZE;
        run.set_run(State::Dead, base, n_pages, zero_from.clamp(base, end));
        if rest > 0 {
            let rest_base = base + n_pages * PAGE_SIZE;
            self.add_run(rest_base, rest, zero_from.max(rest_base));
        }
        arena::set_entries(base, n_pages, run);
        HEAP_IN_USE.fetch_add(n_pages * PAGE_SIZE, Ordering::Relaxed);
        Some(run)
    }

    /// Adds a chunk that has room for `n_pages`.
    pub fn grow(&mut self, n_pages: usize) {
        if self.frontier == 0 {
            arena::reserve();
            self.frontier = arena::base();
        }
        let Some(len) = n_pages
            .checked_mul(PAGE_SIZE)
            .and_then(|len| len.checked_next_multiple_of(CHUNK_SIZE))
            .filter(|&len| len <= arena::end() - self.frontier)
        else {
            arena::out_of_memory(n_pages.saturating_mul(PAGE_SIZE));
        };
        arena::commit(self.frontier, len);
        if HEAP_SYS.fetch_add(len, Ordering::Relaxed) + len > SMALL_HEAP {
            arena::prefer_huge_pages(self.frontier, len);
        }
        self.insert(self.frontier, len / PAGE_SIZE, self.frontier);
        self.frontier += len;
    }

    /// Takes back the pages of a span that holds nothing any more. The record may be used for something else.
    pub fn free(&mut self, span: &'static Span) {
        let (base, n_pages) = (span.base(), span.n_pages());
        HEAP_IN_USE.fetch_sub(n_pages * PAGE_SIZE, Ordering::Relaxed);
        self.drop_record(span);
        self.insert(base, n_pages, base + n_pages * PAGE_SIZE);
    }

    /// Gives memory of free runs of at least `min_pages` back to the system, up to about `limit` bytes; the bytes.
    pub fn release(&mut self, min_pages: usize, limit: usize) -> usize {
        let mut released = 0;
        for &(_, base) in self.long.iter().rev() {
            released += release_run(arena::lookup(base).expect("a long run is in the table"));
            if released >= limit {
                return released;
            }
        }
        for &head in self.lists[min_pages.min(N_LISTS)..].iter().rev() {
            let mut next = head;
            // SAFETY: records in the lists are valid, their links are ours under the lock.
            while let Some(run) = unsafe { next.as_ref() } {
                released += release_run(run);
                if released >= limit {
                    return released;
                }
                // SAFETY: as above.
                next = unsafe { (*run.links.get()).next };
            }
        }
        released
    }

    /// Joins a run with its free neighbours and keeps it.
    fn insert(&mut self, mut base: usize, mut n_pages: usize, mut zero_from: usize) {
        if base > arena::base()
            && let Some(left) = arena::lookup(base - PAGE_SIZE)
            && left.state() == State::Free
            && left.end() == base
        {
            self.unlink(left);
            n_pages += left.n_pages();
            // The left part's zero tail counts only if all of this run is zero.
            zero_from = if zero_from == base {
                left.zero_from()
            } else {
                zero_from
            };
            base = left.base();
            self.drop_record(left);
        }
        let end = base + n_pages * PAGE_SIZE;
        if let Some(right) = arena::lookup(end)
            && right.state() == State::Free
            && right.base() == end
        {
            self.unlink(right);
            n_pages += right.n_pages();
            zero_from = if right.zero_from() == end {
                zero_from
            } else {
                right.zero_from()
            };
            self.drop_record(right);
        }
        self.add_run(base, n_pages, zero_from);
    }

    fn add_run(&mut self, base: usize, n_pages: usize, zero_from: usize) {
        let run = self.new_record();
        run.set_run(State::Free, base, n_pages, zero_from);
        HEAP_RELEASED.fetch_add(unbacked(run), Ordering::Relaxed);
        arena::set_entry(base, run);
        arena::set_entry(run.end() - PAGE_SIZE, run);
        if n_pages >= N_LISTS {
            self.long.insert((n_pages, base));
            return;
        }
        let head = self.lists[n_pages];
        // SAFETY: records are valid; the links of listed ones are ours under the lock.
        unsafe {
            *run.links.get() = Links {
                next: head,
                prev: std::ptr::null(),
            };
            if let Some(head) = head.as_ref() {
                (*head.links.get()).prev = run;
            }
        }
        self.lists[n_pages] = run;
        self.filled |= 1 << n_pages;
    }

    fn find(&self, n_pages: usize) -> Option<&'static Span> {
        if n_pages < N_LISTS {
            let fitting = self.filled >> n_pages;
            if fitting != 0 {
                let length = n_pages + fitting.trailing_zeros() as usize;
                // SAFETY: the list is not empty, and records are valid.
                return Some(unsafe { &*self.lists[length] });
            }
        }
        let &(_, base) = self.long.range((n_pages, 0)..).next()?;
        arena::lookup(base)
    }

    fn unlink(&mut self, run: &'static Span) {
        let n_pages = run.n_pages();
        HEAP_RELEASED.fetch_sub(unbacked(run), Ordering::Relaxed);
        if n_pages >= N_LISTS {
            self.long.remove(&(n_pages, run.base()));
            return;
        }
        // SAFETY: the run is in a list; its links and its neighbours' are ours under the lock.
        unsafe {
            let links = &*run.links.get();
            if let Some(next) = links.next.as_ref() {
                (*next.links.get()).prev = links.prev;
            }
            match links.prev.as_ref() {
                Some(prev) => (*prev.links.get()).next = links.next,
                None => self.lists[n_pages] = links.next,
            }
        }
        if self.lists[n_pages].is_null() {
            self.filled &= !(1 << n_pages);
        }
    }

    fn new_record(&mut self) -> &'static Span {
        // SAFETY: spare records are valid, linked through `next`, and in no other list.
        if let Some(record) = unsafe { self.spare.as_ref() } {
            // SAFETY: as above.
            self.spare = unsafe { (*record.links.get()).next };
            return record;
        }
        if self.record_next == self.record_end {
            self.record_next = arena::records(RECORD_CHUNK);
            self.record_end = self
                .record_next
                .wrapping_add(RECORD_CHUNK / size_of::<Span>() * size_of::<Span>());
            RECORD_BYTES.fetch_add(RECORD_CHUNK, Ordering::Relaxed);
        }
        let record = self.record_next.cast::<Span>();
        self.record_next = self.record_next.wrapping_add(size_of::<Span>());
        // SAFETY: fresh zeroed memory, aligned to a page and so to the record, is a valid dead record.
        unsafe { &*record }
    }

    fn drop_record(&mut self, record: &'static Span) {
        record.set_run(State::Dead, 0, 0, 0);
        // SAFETY: the record is in no list.
        unsafe { (*record.links.get()).next = self.spare };
        self.spare = record;
    }
}

/// Bytes of a free run that have no memory behind them: never used, or given back.
fn unbacked(run: &Span) -> usize {
    run.end() - run.zero_from().min(run.end())
}

/// Gives the memory of a free run back; the bytes that had any.
fn release_run(run: &Span) -> usize {
    let backed = run.n_pages() * PAGE_SIZE - unbacked(run);
    if backed > 0 {
        arena::release(run.base(), backed.next_multiple_of(PAGE_SIZE));
        run.set_zero_from(run.base());
        HEAP_RELEASED.fetch_add(backed, Ordering::Relaxed);
    }
    backed
}

/// A run of `n_pages`; sweeps before it asks the system for more.
pub fn allocate(n_pages: usize) -> &'static Span {
    if let Some(run) = PAGES.lock().take(n_pages) {
        return run;
    }
    if super::central::sweep_for_pages(n_pages)
        && let Some(run) = PAGES.lock().take(n_pages)
    {
        return run;
    }
    let mut pages = PAGES.lock();
    loop {
        if let Some(run) = pages.take(n_pages) {
            return run;
        }
        pages.grow(n_pages);
    }
}
