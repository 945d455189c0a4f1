//! The heap's address space: one reserved range, handed out from its start, and the table that finds spans.
//!
//! The range is reserved without memory behind it and made usable in chunks as the heap grows. Because it is one
//! range, the span of an address is one subtraction, one comparison and one load away: `table[(addr - base) / page]`.
//! The table has a word per page of the whole range; the kernel gives it memory where it is written.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::size_class::{PAGE_SHIFT, PAGE_SIZE};
use super::span::Span;

/// What the heap asks the system for at a time, at least.
pub const CHUNK_SIZE: usize = 4 << 20;
/// Where the range begins if the kernel agrees: addresses that are easy to recognise.
const BASE_HINT: usize = 0x00c0_0000_0000;
const LARGEST_RESERVATION: usize = mini_abi::types::LARGEST_HEAP;
const SMALLEST_RESERVATION: usize = 1 << 30;

static BASE: AtomicUsize = AtomicUsize::new(0);
/// Pages that are reserved; zero until [`reserve`] ran, so that no address is found before.
static N_PAGES: AtomicUsize = AtomicUsize::new(0);
static TABLE: AtomicPtr<AtomicPtr<Span>> = AtomicPtr::new(std::ptr::null_mut());

/// First address of the heap.
#[inline(always)]
pub fn base() -> usize {
    BASE.load(Ordering::Relaxed)
}

/// One past the last address that the heap could ever use.
pub fn end() -> usize {
    base() + N_PAGES.load(Ordering::Relaxed) * PAGE_SIZE
}

/// Reserves the range and its table. Called once, under the page heap's lock.
pub fn reserve() {
    let mut size = LARGEST_RESERVATION;
    let base = loop {
        if let Some(base) = os::reserve(BASE_HINT, size + CHUNK_SIZE) {
            break base.next_multiple_of(CHUNK_SIZE);
        }
        size /= 2;
        if size < SMALLEST_RESERVATION {
            out_of_memory(size);
        }
    };
    let n_pages = size >> PAGE_SHIFT;
    let table = os::map_lazily(n_pages * size_of::<AtomicPtr<Span>>())
        .unwrap_or_else(|| out_of_memory(n_pages * 8));
    TABLE.store(table.cast(), Ordering::Relaxed);
    BASE.store(base, Ordering::Relaxed);
    N_PAGES.store(n_pages, Ordering::Release);
}

/// Makes a part of the range usable; its memory reads as zero.
pub fn commit(start: usize, len: usize) {
    debug_assert!(start >= base() && start.is_multiple_of(PAGE_SIZE));
    if start + len > end() || !os::commit(start, len) {
        out_of_memory(len);
    }
}

/// Asks for huge pages behind a part of the range: fewer faults when memory is first touched, fewer misses later. A program
/// with a small heap would pay for memory it does not use.
pub fn prefer_huge_pages(start: usize, len: usize) {
    os::prefer_huge_pages(start, len);
}

/// Gives the memory behind a part of the range back; it reads as zero afterwards.
pub fn release(start: usize, len: usize) {
    os::release(start, len);
}

/// Memory outside the heap for the allocator's own records, never given back.
pub fn records(len: usize) -> *mut u8 {
    os::map_lazily(len).unwrap_or_else(|| out_of_memory(len))
}

/// The entry of a page, if the address lies in the range. An entry may be stale: the span it names says what it covers.
#[inline(always)]
fn entry(addr: usize) -> Option<&'static AtomicPtr<Span>> {
    let page = addr.wrapping_sub(base()) >> PAGE_SHIFT;
    if page >= N_PAGES.load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: the table has N_PAGES entries and is never unmapped; zeroed memory is a null AtomicPtr.
    Some(unsafe { &*TABLE.load(Ordering::Relaxed).add(page) })
}

/// The span record last entered for the page of `addr`.
#[inline(always)]
pub fn lookup(addr: usize) -> Option<&'static Span> {
    let span = entry(addr)?.load(Ordering::Relaxed);
    // SAFETY: span records are never unmapped, so an entry is null or a valid record.
    unsafe { span.as_ref() }
}

/// Enters `span` for every page of a run.
pub fn set_entries(start: usize, n_pages: usize, span: *const Span) {
    for page in 0..n_pages {
        set_entry(start + page * PAGE_SIZE, span);
    }
}

/// Enters `span` for one page.
pub fn set_entry(addr: usize, span: *const Span) {
    let entry = entry(addr).expect("page of the heap");
    // Relaxed: a page's entry is written before an address inside reaches another thread.
    entry.store(span.cast_mut(), Ordering::Relaxed);
}

/// Ends the process in Go's words: `len` bytes are not to be had.
pub fn out_of_memory(len: usize) -> ! {
    let in_use = super::pages::HEAP_SYS.load(Ordering::Relaxed);
    crate::fatal::write(&format!(
        "runtime: out of memory: cannot allocate {len}-byte block ({in_use} in use)\n"
    ));
    crate::fatal::throw("out of memory")
}

/// The system calls. They stay behind this face so that nothing else in the heap knows of mmap.
mod os {
    use libc::{
        MADV_DONTNEED, MAP_ANONYMOUS, MAP_FAILED, MAP_NORESERVE, MAP_PRIVATE, PROT_NONE, PROT_READ,
        PROT_WRITE,
    };

    pub(super) fn reserve(hint: usize, len: usize) -> Option<usize> {
        map(hint, len, PROT_NONE).map(|start| start as usize)
    }

    pub(super) fn map_lazily(len: usize) -> Option<*mut u8> {
        map(0, len, PROT_READ | PROT_WRITE)
    }

    fn map(hint: usize, len: usize, protection: libc::c_int) -> Option<*mut u8> {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        // SAFETY: a new anonymous mapping replaces nothing; the hint is only a hint without MAP_FIXED.
        let start = unsafe {
            libc::mmap(
                std::ptr::without_provenance_mut(hint),
                len,
                protection,
                flags,
                -1,
                0,
            )
        };
        (start != MAP_FAILED).then_some(start.cast())
    }

    pub(super) fn commit(start: usize, len: usize) -> bool {
        let start = std::ptr::with_exposed_provenance_mut(start);
        // SAFETY: the range lies inside the reservation, which nothing else uses.
        unsafe { libc::mprotect(start, len, PROT_READ | PROT_WRITE) == 0 }
    }

    pub(super) fn prefer_huge_pages(start: usize, len: usize) {
        let start = std::ptr::with_exposed_provenance_mut(start);
        // SAFETY: the range lies inside the heap; the advice changes nothing that programs can see.
        unsafe { libc::madvise(start, len, libc::MADV_HUGEPAGE) };
    }

    pub(super) fn release(start: usize, len: usize) {
        let start = std::ptr::with_exposed_provenance_mut(start);
        // SAFETY: the range lies inside the heap and holds no object (the caller has taken it off the free lists).
        unsafe { libc::madvise(start, len, MADV_DONTNEED) };
    }
}
