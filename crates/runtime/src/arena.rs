//! The process's allocator: one block of memory, handed out in order, for the thread that compiles; another allocator for
//! everything else.
//!
//! A start makes many small things that live until the process ends. An allocator that sorts them by size touches a
//! page for each size, and each first touch of a page costs the system more than filling it. Here they stand side by side, in a
//! few huge pages where the system gives them. What is freed is kept in a list of its size and handed out again; the last
//! piece grows where it is, as vectors like. Once the block is used up, allocations go to the other allocator. While nothing runs
//! beside the compiler the block is as large as large programs need; [`settle`] then leaves of it what later compiling needs.
//!
//! Invariants: only the thread that [`enter`]ed hands out and takes back; the block is never unmapped, so any thread may free
//! a piece, which is then lost, or move one elsewhere. A piece has the size of its class, so that its layout names its list.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the block: the trees, types and bodies of some hundred thousand lines.
const SIZE: usize = 512 << 20;
/// Bytes of the block that are used once the program runs: most programs of some hundred lines are compiled in them. What other
/// threads free is lost, so there must be a bound.
const SETTLED: usize = 8 << 20;
/// Larger pieces are left to the other allocator: a vector that grows leaves its old memory behind.
const LARGEST: usize = 256 << 10;
const HUGE_PAGE: usize = 2 << 20;

/// Address of the block; zero: there is none. Relaxed: a piece reaches another thread only by a synchronisation of its own.
static START: AtomicUsize = AtomicUsize::new(0);

/// Sizes up to here differ by [`ALIGN`], larger ones by a quarter of the power of two below.
const SMALL: usize = 512;
/// Of all pieces. What asks for more is left to the other allocator.
const ALIGN: usize = 16;
const N_CLASSES: usize = 72;

/// The list of a size, and the size that its pieces have.
#[inline]
fn class(size: usize) -> (usize, usize) {
    if size <= SMALL {
        let rounded = (size + ALIGN - 1) & !(ALIGN - 1);
        return (rounded / ALIGN, rounded);
    }
    let power = (size - 1).ilog2();
    let step = 1 << (power - 2);
    let rounded = (size + step - 1) & !(step - 1);
    // Quarters above 512 (power 9), counted from 1.
    let quarter = (rounded - (1 << power)) >> (power - 2);
    (SMALL / ALIGN + 4 * (power as usize - 9) + quarter, rounded)
}

/// What a thread knows of the block; nothing on threads without one.
struct Local {
    /// What is left, from here to the end.
    next: Cell<usize>,
    end: Cell<usize>,
    /// Free pieces by class, each linked to the next by its first word; zero ends a list.
    lists: [Cell<usize>; N_CLASSES],
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            next: Cell::new(0),
            end: Cell::new(0),
            lists: [const { Cell::new(0) }; N_CLASSES],
        }
    };
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
    LOCAL.with(|local| {
        local.next.set(start);
        local.end.set(start + SIZE);
    });
}

/// From now on hands out no more of the block than a running program may have.
pub fn settle() {
    LOCAL.with(|local| {
        let settled = START.load(Ordering::Relaxed) + SETTLED;
        if local.end.get() > settled {
            local.end.set(settled.max(local.next.get()));
        }
    });
}

#[inline]
fn is_inside(address: usize) -> bool {
    let start = START.load(Ordering::Relaxed);
    start != 0 && address.wrapping_sub(start) < SIZE
}

/// The allocator; see the module.
///
/// Its work is done by functions that are not generic, so that they are compiled once, beside the thread's variable.
#[derive(Debug)]
pub struct Arena<A>(pub A);

/// A piece of the block, if there is one and it is for such a thing.
fn take(size: usize, align: usize) -> Option<NonZero<usize>> {
    if size > LARGEST || align > ALIGN {
        return None;
    }
    let (class, size) = class(size);
    LOCAL.with(|local| {
        let list = &local.lists[class];
        let first = list.get();
        if first != 0 {
            // SAFETY: a free piece of the block, whose first word is the link; the list is this thread's.
            list.set(unsafe { *std::ptr::with_exposed_provenance(first) });
            return NonZero::new(first);
        }
        // A thread without a block has 0 bytes left, behind address 0.
        let piece = local.next.get();
        if local.end.get() - piece < size {
            return None;
        }
        local.next.set(piece + size);
        NonZero::new(piece)
    })
}

/// Takes back a piece; false if it is none of the block's.
fn give_back(piece: *mut u8, size: usize) -> bool {
    if !is_inside(piece.addr()) {
        return false;
    }
    let (class, size) = class(size);
    LOCAL.with(|local| {
        if piece.addr() + size == local.next.get() {
            local.next.set(piece.addr());
        } else if local.end.get() != 0 {
            // SAFETY: the piece is free from now on, and holds a word.
            unsafe { *piece.cast::<usize>() = local.lists[class].get() };
            local.lists[class].set(piece.expose_provenance());
        }
    });
    true
}

/// Whether a piece of the block holds `new` bytes, too, or could be made to.
fn grows_in_place(piece: *mut u8, old: usize, new: usize) -> bool {
    let (_, old) = class(old);
    let (_, rounded) = class(new);
    old == rounded
        || LOCAL.with(|local| {
            let is_last = piece.addr() + old == local.next.get();
            let fits = is_last && new <= LARGEST && piece.addr() + rounded <= local.end.get();
            if fits {
                local.next.set(piece.addr() + rounded);
            }
            fits
        })
}

// SAFETY: a piece of the block is handed out until it is freed: `next` is behind it, and it is in no list. It has at least the
// size and alignment asked for. The rest is the other allocator's.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Arena<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match take(layout.size(), layout.align()) {
            Some(piece) => std::ptr::with_exposed_provenance_mut(piece.get()),
            // SAFETY: as called.
            None => unsafe { self.0.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match take(layout.size(), layout.align()) {
            Some(piece) => {
                let piece = std::ptr::with_exposed_provenance_mut::<u8>(piece.get());
                // SAFETY: the piece has that size.
                unsafe { piece.write_bytes(0, layout.size()) };
                piece
            }
            // SAFETY: as called.
            None => unsafe { self.0.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if !give_back(piece, layout.size()) {
            // SAFETY: as called: it is the other allocator's.
            unsafe { self.0.dealloc(piece, layout) }
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_inside(piece.addr()) {
            // SAFETY: as called: it is the other allocator's.
            return unsafe { self.0.realloc(piece, layout, size) };
        }
        if grows_in_place(piece, layout.size(), size) {
            return piece;
        }
        // SAFETY: a size that is valid with the alignment, as called. The pieces are apart: the old one is still taken.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(piece, layout.size().min(size));
                self.dealloc(piece, layout);
            }
            moved
        }
    }
}
