//! The process's allocator: one block of memory, handed out in order, for the thread that compiles; another allocator for
//! everything else.
//!
//! A start makes many small things that live until the process ends. An allocator that sorts them by size touches a
//! page for each size, and each first touch of a page costs the system more than filling it. Here they stand side by side, in a
//! few huge pages where the system gives them. What is freed comes back only if it was handed out last, as it is with
//! vectors that grow and temporaries; once the block is used up, allocations go to the other allocator.
//!
//! Invariants: only the thread that [`enter`]ed hands out; the block is never unmapped, so any thread may free a piece or
//! move one elsewhere.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the block: most programs of some hundred lines are compiled in it.
const SIZE: usize = 8 << 20;
/// Larger pieces are left to the other allocator: a vector that grows leaves its old memory behind.
const LARGEST: usize = 64 << 10;
const HUGE_PAGE: usize = 2 << 20;

/// Address of the block; zero: there is none. Relaxed: a piece reaches another thread only by a synchronisation of its own.
static START: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// What is left, from here to the end; both zero on threads without a block.
    static FREE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Makes the block, and this thread its owner. To be called once; without memory for it nothing changes.
pub fn enter() {
    // SAFETY: new anonymous memory, which nothing refers to.
    let mapped = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            SIZE + HUGE_PAGE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if mapped == libc::MAP_FAILED || START.load(Ordering::Relaxed) != 0 {
        return;
    }
    let start = mapped.addr().next_multiple_of(HUGE_PAGE);
    // SAFETY: advice about the memory that was just mapped.
    unsafe { libc::madvise(mapped.with_addr(start), SIZE, libc::MADV_HUGEPAGE) };
    START.store(
        mapped.with_addr(start).expose_provenance(),
        Ordering::Relaxed,
    );
    FREE.set((start, start + SIZE));
}

fn is_inside(address: usize) -> bool {
    let start = START.load(Ordering::Relaxed);
    start != 0 && address.wrapping_sub(start) < SIZE
}

/// The allocator; see the module.
#[derive(Debug)]
pub struct Arena<A>(pub A);

// SAFETY: a piece of the block is handed out once, until it is freed last of all: `FREE` begins behind it. It has the size and
// alignment asked for. The rest is the other allocator's.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Arena<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (next, end) = FREE.get();
        let mask = layout.align() - 1;
        let start = (next + mask) & !mask;
        if start + layout.size() <= end && layout.size() <= LARGEST {
            FREE.set((start + layout.size(), end));
            return std::ptr::with_exposed_provenance_mut(start);
        }
        // SAFETY: as called.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if FREE.get().1 == 0 || layout.size() > LARGEST {
            // SAFETY: as called.
            return unsafe { self.0.alloc_zeroed(layout) };
        }
        // SAFETY: as called; the piece has that size.
        unsafe {
            let piece = self.alloc(layout);
            if !piece.is_null() {
                piece.write_bytes(0, layout.size());
            }
            piece
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if !is_inside(piece.addr()) {
            // SAFETY: as called: it is the other allocator's.
            return unsafe { self.0.dealloc(piece, layout) };
        }
        let (next, end) = FREE.get();
        if piece.addr() + layout.size() == next {
            FREE.set((piece.addr(), end));
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_inside(piece.addr()) {
            // SAFETY: as called: it is the other allocator's.
            return unsafe { self.0.realloc(piece, layout, size) };
        }
        let (next, end) = FREE.get();
        let is_last = piece.addr() + layout.size() == next;
        if is_last && piece.addr() + size <= end && size <= LARGEST {
            FREE.set((piece.addr() + size, end));
            return piece;
        }
        // SAFETY: a size that is valid with the alignment, as called. The pieces are apart: the old one is still taken.
        unsafe {
            let layout_of_new = Layout::from_size_align_unchecked(size, layout.align());
            let new = self.alloc(layout_of_new);
            if !new.is_null() {
                new.copy_from_nonoverlapping(piece, layout.size().min(size));
                self.dealloc(piece, layout);
            }
            new
        }
    }
}
