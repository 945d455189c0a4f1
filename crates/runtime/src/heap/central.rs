//! Spans by shape: where the P's caches get spans with free slots, and where sweeping happens.
//!
//! A span of small objects is in exactly one place: held by a cache, or in one of its shape's three lists. Whoever takes
//! it out of a list has it to itself. After a collection all spans are in `unswept`; each is swept when it is taken
//! for allocation, when pages are short, or by [`sweep_some`] in the background; before the next collection by
//! [`finish_sweep`]. Large spans are swept at once when marking ends: there is nothing lazy to gain for one object.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::pages::{self, PAGES};
use super::shape::{self, MAX_SHAPES, ShapeId};
use super::size_class::{CLASS_MAGIC, CLASS_PAGES, N_CLASSES, PAGE_SIZE};
use super::span::{Layout, Span};

struct Lists {
    /// Swept, with free slots.
    partial: Vec<&'static Span>,
    /// Swept, or filled since: no free slots.
    full: Vec<&'static Span>,
    unswept: Vec<&'static Span>,
}

static CENTRAL: [Mutex<Lists>; MAX_SHAPES] = [const {
    Mutex::new(Lists {
        partial: Vec::new(),
        full: Vec::new(),
        unswept: Vec::new(),
    })
}; MAX_SHAPES];

static LARGE: Mutex<Vec<&'static Span>> = Mutex::new(Vec::new());

/// Spans in `unswept` lists.
static N_UNSWEPT: AtomicUsize = AtomicUsize::new(0);
/// The shape at which the background sweep goes on.
static SWEEP_SHAPE: AtomicUsize = AtomicUsize::new(0);

/// Objects freed of each class; class 0: large ones.
pub static FREES: [AtomicU64; N_CLASSES] = [const { AtomicU64::new(0) }; N_CLASSES];
pub static LARGE_FREED_BYTES: AtomicU64 = AtomicU64::new(0);
/// Fill freed memory, so that a use after free shows. Set once at the start.
pub static POISON: AtomicBool = AtomicBool::new(false);
const POISON_BYTE: u8 = 0xdb;

/// A span of the shape that has free slots; it belongs to the caller.
pub fn acquire(shape: ShapeId) -> &'static Span {
    let central = &CENTRAL[shape.0 as usize];
    // A shape with very many full unswept spans must not make one allocation slow.
    for _ in 0..100 {
        let span = {
            let mut lists = central.lock();
            if let Some(span) = lists.partial.pop() {
                return span;
            }
            let Some(span) = lists.unswept.pop() else {
                break;
            };
            span
        };
        N_UNSWEPT.fetch_sub(1, Ordering::Relaxed);
        if sweep_bits(span) < span.n_elems() {
            return span;
        }
        central.lock().full.push(span);
    }
    let class = shape.class() as usize;
    let span = pages::allocate(CLASS_PAGES[class] as usize);
    span.set_small(
        shape,
        shape.layout(),
        shape.mask(),
        shape.elem_size(),
        CLASS_MAGIC[class],
    );
    span
}

/// Puts a span back that a cache has done with. `has_free`: some of its slots are free.
pub fn put_back(span: &'static Span, has_free: bool) {
    let mut lists = CENTRAL[span.shape().0 as usize].lock();
    if has_free {
        lists.partial.push(span);
    } else {
        lists.full.push(span);
    }
}

/// Enters a new large span.
pub fn add_large(span: &'static Span) {
    LARGE.lock().push(span);
}

/// Ends marking: every span is to be swept. The world is stopped, the caches hold no spans, all was swept before.
pub fn start_sweep() {
    let mut n_unswept = 0;
    for central in &CENTRAL[..shape::count()] {
        let mut lists = central.lock();
        let lists = &mut *lists;
        debug_assert!(lists.unswept.is_empty());
        std::mem::swap(&mut lists.unswept, &mut lists.full);
        lists.unswept.append(&mut lists.partial);
        n_unswept += lists.unswept.len();
    }
    N_UNSWEPT.store(n_unswept, Ordering::Relaxed);
    SWEEP_SHAPE.store(0, Ordering::Relaxed);
    sweep_large();
}

fn sweep_large() {
    let mut large = LARGE.lock();
    large.retain(|span| {
        let (live, freed) = span.promote_marks();
        if freed > 0 {
            FREES[0].fetch_add(1, Ordering::Relaxed);
            LARGE_FREED_BYTES.fetch_add((span.n_pages() * PAGE_SIZE) as u64, Ordering::Relaxed);
            free_span(span);
        }
        live > 0
    });
}

/// Sweeps one span; the number of objects that stay. The caller has the span to itself.
fn sweep_bits(span: &'static Span) -> usize {
    let poison = POISON.load(Ordering::Relaxed);
    if poison {
        poison_unmarked(span);
    }
    let (live, freed) = span.promote_marks();
    if freed > 0 {
        FREES[span.shape().class() as usize].fetch_add(freed as u64, Ordering::Relaxed);
        // The slots held objects, so they are not zero.
        span.set_zero_from(usize::MAX);
    }
    live
}

/// Sweeps a span out of `unswept` and files it.
fn sweep_and_file(span: &'static Span) -> usize {
    N_UNSWEPT.fetch_sub(1, Ordering::Relaxed);
    let live = sweep_bits(span);
    if live == 0 {
        let n_pages = span.n_pages();
        free_span(span);
        return n_pages;
    }
    put_back(span, live < span.n_elems());
    0
}

fn free_span(span: &'static Span) {
    if POISON.load(Ordering::Relaxed) {
        let start = std::ptr::with_exposed_provenance_mut::<u8>(span.base());
        // SAFETY: the span holds no object any more and belongs to the caller.
        unsafe { start.write_bytes(POISON_BYTE, span.n_pages() * PAGE_SIZE) };
    }
    PAGES.lock().free(span);
}

fn poison_unmarked(span: &'static Span) {
    for index in 0..span.n_elems() {
        if span.is_taken(index) && !span.is_marked(index) {
            let slot = std::ptr::with_exposed_provenance_mut::<u8>(span.slot(index));
            // SAFETY: the slot's object is unreachable, and the span belongs to the caller.
            unsafe { slot.write_bytes(POISON_BYTE, span.elem_size()) };
        }
    }
}

fn pop_unswept() -> Option<&'static Span> {
    loop {
        if N_UNSWEPT.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let shape = SWEEP_SHAPE.load(Ordering::Relaxed);
        if shape >= shape::count() {
            return None;
        }
        if let Some(span) = CENTRAL[shape].lock().unswept.pop() {
            return Some(span);
        }
        // Another thread may have moved on in between: then this leaves the shape to it.
        let _ =
            SWEEP_SHAPE.compare_exchange(shape, shape + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Sweeps up to `n` spans; whether any are left.
pub fn sweep_some(n: usize) -> bool {
    for _ in 0..n {
        let Some(span) = pop_unswept() else {
            return false;
        };
        sweep_and_file(span);
    }
    N_UNSWEPT.load(Ordering::Relaxed) > 0
}

/// Sweeps all that is left.
pub fn finish_sweep() {
    while sweep_some(1024) {}
}

/// Sweeps until about `n_pages` have become free; whether any have.
pub fn sweep_for_pages(n_pages: usize) -> bool {
    let mut freed = 0;
    while freed < n_pages {
        let Some(span) = pop_unswept() else { break };
        freed += sweep_and_file(span);
    }
    freed > 0
}

/// Whether sweeping has come to an end.
pub fn is_swept() -> bool {
    N_UNSWEPT.load(Ordering::Relaxed) == 0
}

/// Visits every span that holds objects; the world is stopped and the caches are flushed.
pub fn for_each_span(visit: &mut dyn FnMut(&'static Span)) {
    for central in &CENTRAL[..shape::count()] {
        let lists = central.lock();
        for span in lists
            .partial
            .iter()
            .chain(&lists.full)
            .chain(&lists.unswept)
        {
            visit(span);
        }
    }
    for span in LARGE.lock().iter() {
        visit(span);
    }
}

/// Whether objects of the layout can hold pointers.
pub fn has_pointers(span: &Span) -> bool {
    span.layout() != Layout::Noscan
}
