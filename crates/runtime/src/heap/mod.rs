//! Memory of the program: allocation.
//!
//! | layer | file | under |
//! | --- | --- | --- |
//! | a P's cache of free slots | [`cache`] | nothing: only the P's thread |
//! | spans by shape, sweeping | [`central`] | a lock per shape |
//! | runs of pages | [`pages`] | one lock |
//! | address space, table from page to span | [`arena`] | the lock of the pages |
//!
//! [`span`] describes spans and finds objects, [`shape`] says what a span is made for, [`size_class`] has the sizes.
//!
//! # Invariants
//! - An object never moves. Its address, and any address inside it, leads to it ([`span::find_object`]).
//! - Memory handed out is zero, except by [`new_bytes`].
//! - Allocation never collects. It may ask for a collection ([`crate::gc::request`]), which begins when the goroutine
//!   stands at a safepoint; so a fresh object held only by Rust code is safe until then.
//! - When the world is stopped and the caches are flushed, a slot's alloc bit is set exactly if it holds an object.

pub mod arena;
pub mod cache;
pub mod central;
pub mod pages;
pub mod shape;
pub mod size_class;
pub mod span;
pub mod stats;
#[doc(hidden)]
pub mod testing;

use std::sync::atomic::AtomicUsize;

use mini_abi::types::TypeDesc;

use crate::g::G;
pub use cache::zero_sized;
use cache::{Cache, Outcome};
pub use span::find_object;

/// Bytes of live objects as of the last collection plus what has been allocated since (spans held by caches count as if
/// they were full).
pub static HEAP_LIVE: AtomicUsize = AtomicUsize::new(0);

/// The largest object that can be asked for.
pub const MAX_ALLOC: usize = 1 << 48;

/// The heap's part of a P.
#[derive(Debug)]
pub struct PerP {
    cache: *mut Cache,
    /// Objects that the write barrier shaded and the collector has not seen yet.
    pub shaded: Vec<usize>,
}

impl Default for PerP {
    fn default() -> Self {
        PerP {
            cache: Cache::new(),
            shaded: Vec::new(),
        }
    }
}

impl PerP {
    /// The cache; the caller holds the P.
    #[inline(always)]
    pub fn cache(&mut self) -> &mut Cache {
        // SAFETY: made by `Cache::new`, never freed, and reached only through this PerP.
        unsafe { &mut *self.cache }
    }

    /// Gives the cache's spans back and adds up its counts; hands over what the write barrier shaded.
    pub fn flush(&mut self, counts: &mut stats::Counts) {
        crate::gc::barrier::hand_over(&mut self.shaded);
        self.cache().flush(counts);
    }
}

/// Allocations between collections under gcstress; zero: off.
pub fn stress_interval() -> u64 {
    crate::debug::flags().gc_stress
}

/// The cache of the running goroutine's P.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native; the result is used before it returns, and not twice at once.
#[inline(always)]
unsafe fn cache_of<'a>(g: *mut G) -> &'a mut Cache {
    // SAFETY: the goroutine's thread holds the P, so its heap part is ours.
    unsafe { (*(*crate::sched::p_of(g)).heap.get()).cache() }
}

/// A zeroed object.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native.
#[inline(always)]
pub unsafe fn new_object(g: *mut G, ty: &'static TypeDesc) -> *mut u8 {
    // SAFETY: the caller's promise.
    match unsafe { cache_of(g) }.try_new_object(ty) {
        Some(object) => object,
        // SAFETY: as above.
        None => unsafe { new_object_slow(g, ty) },
    }
}

/// # Safety
/// As for [`new_object`].
#[inline(never)]
unsafe fn new_object_slow(g: *mut G, ty: &'static TypeDesc) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { allocate(g, |cache, outcome| cache.new_object(ty, outcome)) }
}

/// `n` zeroed elements; their size was checked.
///
/// # Safety
/// As for [`new_object`].
pub unsafe fn new_array(g: *mut G, elem: &'static TypeDesc, n: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { allocate(g, |cache, outcome| cache.new_array(elem, n, outcome)) }
}

/// `size` bytes without pointers and with any contents, aligned to `align`.
///
/// # Safety
/// As for [`new_object`].
pub unsafe fn new_bytes(g: *mut G, size: usize, align: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        allocate(g, |cache, outcome| {
            cache.new_noscan(size, align, false, outcome)
        })
    }
}

/// Zeroed memory without pointers, aligned to 8 from 8 bytes on.
///
/// # Safety
/// As for [`new_object`].
pub unsafe fn new_zeroed_bytes(g: *mut G, size: usize, align: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        allocate(g, |cache, outcome| {
            cache.new_noscan(size, align, true, outcome)
        })
    }
}

/// # Safety
/// As for [`new_object`].
#[inline(always)]
unsafe fn allocate(g: *mut G, make: impl FnOnce(&mut Cache, &mut Outcome) -> *mut u8) -> *mut u8 {
    let mut outcome = Outcome::Done;
    // SAFETY: the caller's promise; the reference ends with the call.
    let object = make(unsafe { cache_of(g) }, &mut outcome);
    if outcome == Outcome::CollectSoon {
        // SAFETY: the caller's promise.
        unsafe { crate::gc::request(g) };
    }
    object
}

/// Gives free memory back to the system; the bytes.
pub fn release_free_memory() -> usize {
    pages::PAGES.lock().release(1, usize::MAX)
}

/// Gives up to `limit` bytes of free memory back, in pieces that are worth a system call.
pub fn release_some(limit: usize) -> usize {
    const WORTH_A_CALL: usize = 8;
    pages::PAGES.lock().release(WORTH_A_CALL, limit)
}

/// Bytes of memory that the heap holds without using it.
pub fn unused_memory() -> usize {
    let load = |bytes: &AtomicUsize| bytes.load(std::sync::atomic::Ordering::Relaxed);
    let (used, released) = (load(&pages::HEAP_IN_USE), load(&pages::HEAP_RELEASED));
    load(&pages::HEAP_SYS).saturating_sub(used + released)
}
