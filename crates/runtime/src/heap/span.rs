//! Spans: runs of pages that hold objects of one size, and the way from an address to its object.
//!
//! A span record lies outside the heap and is never unmapped, so a stale pointer to one is harmless: `limit` is zero
//! unless the span holds objects, and every lookup compares with it.
//!
//! ```text
//!   base                                                   base + limit      base + n_pages * 8 KiB
//!   | object 0 | object 1 | object 2 | ...        | object n-1 |   unused tail   |
//! ```
//!
//! `alloc_bits` says which slots are taken: an object, or free but held by a P's cache (see `cache.rs`, which gives
//! them back when it is flushed). `mark_bits` are set by the collector and become the alloc bits when the span is swept.
//!
//! Which words of an object hold pointers is known in one of three ways ([`Layout`]): by the span's mask (objects up to
//! 512 bytes: a span holds only objects with the same pattern of pointers), by a word with the type in front of the
//! object, or, for a large object, by the type in the record.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use mini_abi::types::TypeDesc;

use super::arena;
use super::shape::ShapeId;
use super::size_class::{HEADER_SIZE, MAX_OBJECTS, PAGE_SIZE};

/// What a span record stands for.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A record without pages.
    Dead = 0,
    /// A run of free pages; only its first and last page have table entries.
    Free = 1,
    /// Objects of a size class.
    Small = 2,
    /// One object.
    Large = 3,
}

/// How the pointers of a span's objects are found.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// There are none.
    Noscan = 0,
    /// Bit i of [`Span::mask`] tells of word i.
    Mask = 1,
    /// The first word is the type; the object follows, the type repeated to the end of the slot.
    Header = 2,
    /// [`Span::large_type`], repeated over [`Span::elem_size`].
    Large = 3,
}

pub const BITMAP_WORDS: usize = MAX_OBJECTS / 64;

/// A run of pages. Fields that are not atomic are written only by the thread that has the span to itself: between taking
/// it from the page heap and publishing it, or with the world stopped.
#[repr(C, align(64))]
pub struct Span {
    base: AtomicUsize,
    /// Bytes that objects cover; zero if there are none.
    limit: AtomicUsize,
    /// The pointer pattern for [`Layout::Mask`].
    mask: AtomicU64,
    elem_size: AtomicUsize,
    magic: AtomicU32,
    n_elems: AtomicU32,
    n_pages: AtomicU32,
    shape: AtomicU32,
    state: AtomicU8,
    layout: AtomicU8,
    mark_bits: [AtomicU64; BITMAP_WORDS],
    alloc_bits: [AtomicU64; BITMAP_WORDS],
    large_type: AtomicUsize,
    /// From this address on the span's memory is known to be zero; for free runs and fresh spans.
    zero_from: AtomicUsize,
    /// Neighbours in a free list, under the page heap's lock.
    pub(super) links: UnsafeCell<Links>,
}

/// See [`Span::links`].
pub struct Links {
    pub next: *const Span,
    pub prev: *const Span,
}

// SAFETY: all fields are atomics, except the links, which the page heap's lock guards.
unsafe impl Sync for Span {}
// SAFETY: as above.
unsafe impl Send for Span {}

/// An object found from an address.
#[derive(Clone, Copy)]
pub struct Found {
    pub span: &'static Span,
    pub index: usize,
}

impl Span {
    #[inline(always)]
    pub fn base(&self) -> usize {
        self.base.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub fn n_pages(&self) -> usize {
        self.n_pages.load(Ordering::Relaxed) as usize
    }
    /// One past the last page.
    pub fn end(&self) -> usize {
        self.base() + self.n_pages() * PAGE_SIZE
    }
    #[inline(always)]
    pub fn elem_size(&self) -> usize {
        self.elem_size.load(Ordering::Relaxed)
    }
    #[inline(always)]
    pub fn n_elems(&self) -> usize {
        self.n_elems.load(Ordering::Relaxed) as usize
    }
    #[inline(always)]
    pub fn mask(&self) -> u64 {
        self.mask.load(Ordering::Relaxed)
    }
    pub fn shape(&self) -> ShapeId {
        ShapeId(self.shape.load(Ordering::Relaxed) as u16)
    }
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Relaxed) {
            1 => State::Free,
            2 => State::Small,
            3 => State::Large,
            _ => State::Dead,
        }
    }
    #[inline(always)]
    pub fn layout(&self) -> Layout {
        match self.layout.load(Ordering::Relaxed) {
            1 => Layout::Mask,
            2 => Layout::Header,
            3 => Layout::Large,
            _ => Layout::Noscan,
        }
    }
    #[inline(always)]
    pub fn large_type(&self) -> *const TypeDesc {
        std::ptr::with_exposed_provenance(self.large_type.load(Ordering::Relaxed))
    }
    pub fn zero_from(&self) -> usize {
        self.zero_from.load(Ordering::Relaxed)
    }
    pub fn set_zero_from(&self, addr: usize) {
        self.zero_from.store(addr, Ordering::Relaxed);
    }
    /// Objects of this span may lie in memory that was used before.
    pub fn needs_zeroing(&self) -> bool {
        self.zero_from() > self.base()
    }

    /// Makes the record stand for pages without objects.
    pub fn set_run(&self, state: State, base: usize, n_pages: usize, zero_from: usize) {
        self.limit.store(0, Ordering::Relaxed);
        self.state.store(state as u8, Ordering::Relaxed);
        self.base.store(base, Ordering::Relaxed);
        self.n_pages.store(n_pages as u32, Ordering::Relaxed);
        self.zero_from.store(zero_from, Ordering::Relaxed);
    }

    /// Prepares a run of pages for objects of a shape; all slots are free and unmarked.
    pub fn set_small(
        &self,
        shape: ShapeId,
        layout: Layout,
        mask: u64,
        elem_size: usize,
        magic: u32,
    ) {
        let n_elems = self.n_pages() * PAGE_SIZE / elem_size;
        self.state.store(State::Small as u8, Ordering::Relaxed);
        self.shape.store(u32::from(shape.0), Ordering::Relaxed);
        self.set_objects(layout, mask, elem_size, magic, n_elems);
    }

    /// Prepares a run of pages for one object, which is taken and unmarked.
    pub fn set_large(&self, ty: *const TypeDesc, size: usize) {
        let layout = if ty.is_null() {
            Layout::Noscan
        } else {
            Layout::Large
        };
        self.state.store(State::Large as u8, Ordering::Relaxed);
        self.large_type
            .store(ty.expose_provenance(), Ordering::Relaxed);
        self.set_objects(layout, 0, size, 0, 1);
        self.alloc_bits[0].store(1, Ordering::Relaxed);
    }

    fn set_objects(&self, layout: Layout, mask: u64, elem_size: usize, magic: u32, n_elems: usize) {
        self.layout.store(layout as u8, Ordering::Relaxed);
        self.mask.store(mask, Ordering::Relaxed);
        self.elem_size.store(elem_size, Ordering::Relaxed);
        self.magic.store(magic, Ordering::Relaxed);
        self.n_elems.store(n_elems as u32, Ordering::Relaxed);
        for word in 0..n_elems.div_ceil(64) {
            self.mark_bits[word].store(0, Ordering::Relaxed);
            self.alloc_bits[word].store(0, Ordering::Relaxed);
        }
        // Last, so that a racing lookup sees no objects before they are described.
        self.limit.store(n_elems * elem_size, Ordering::Release);
    }

    /// Words of the bitmaps that are in use.
    #[inline(always)]
    pub fn n_groups(&self) -> usize {
        self.n_elems().div_ceil(64)
    }

    /// The slots that exist in a bitmap word.
    #[inline(always)]
    pub fn group_mask(&self, group: usize) -> u64 {
        let rest = self.n_elems() - group * 64;
        if rest >= 64 {
            u64::MAX
        } else {
            (1 << rest) - 1
        }
    }

    /// Takes all free slots of a group; their bits.
    #[inline]
    pub fn take_group(&self, group: usize) -> u64 {
        let taken = self.alloc_bits[group].load(Ordering::Relaxed);
        let free = !taken & self.group_mask(group);
        self.alloc_bits[group].store(taken | free, Ordering::Relaxed);
        free
    }

    /// Gives slots back that [`Span::take_group`] took.
    pub fn give_back(&self, group: usize, free: u64) {
        let taken = self.alloc_bits[group].load(Ordering::Relaxed);
        self.alloc_bits[group].store(taken & !free, Ordering::Relaxed);
    }

    /// Marks slots that are handed out while the collector marks.
    pub fn mark_group(&self, group: usize, slots: u64) {
        self.mark_bits[group].fetch_or(slots, Ordering::Relaxed);
    }

    /// Takes [`Span::mark_group`] back for slots that were not handed out.
    pub fn unmark_group(&self, group: usize, slots: u64) {
        self.mark_bits[group].fetch_and(!slots, Ordering::Relaxed);
    }

    /// Number of taken slots.
    pub fn n_taken(&self) -> usize {
        count(&self.alloc_bits[..self.n_groups()])
    }

    #[inline(always)]
    pub fn is_taken(&self, index: usize) -> bool {
        self.alloc_bits[index / 64].load(Ordering::Relaxed) >> (index % 64) & 1 != 0
    }

    #[inline(always)]
    pub fn is_marked(&self, index: usize) -> bool {
        self.mark_bits[index / 64].load(Ordering::Relaxed) >> (index % 64) & 1 != 0
    }

    /// Marks an object; whether it was unmarked before. `SHARED`: other threads mark at the same time.
    #[inline(always)]
    pub fn mark<const SHARED: bool>(&self, index: usize) -> bool {
        let bit = 1 << (index % 64);
        let word = &self.mark_bits[index / 64];
        let old = word.load(Ordering::Relaxed);
        if old & bit != 0 {
            return false;
        }
        if SHARED {
            // Relaxed: the bit only decides who scans; the object's words were published by stopping the world.
            return word.fetch_or(bit, Ordering::Relaxed) & bit == 0;
        }
        word.store(old | bit, Ordering::Relaxed);
        true
    }

    pub fn mark_word(&self, group: usize) -> u64 {
        self.mark_bits[group].load(Ordering::Relaxed)
    }
    pub fn alloc_word(&self, group: usize) -> u64 {
        self.alloc_bits[group].load(Ordering::Relaxed)
    }

    /// Ends a cycle for this span: what is not marked is free. Returns the slots that stay and those that were freed.
    pub fn promote_marks(&self) -> (usize, usize) {
        let (mut live, mut taken) = (0, 0);
        for group in 0..self.n_groups() {
            let marks = self.mark_bits[group].load(Ordering::Relaxed);
            live += marks.count_ones() as usize;
            taken += self.alloc_bits[group].load(Ordering::Relaxed).count_ones() as usize;
            self.alloc_bits[group].store(marks, Ordering::Relaxed);
            self.mark_bits[group].store(0, Ordering::Relaxed);
        }
        (live, taken - live)
    }

    /// Address of a slot, header included.
    #[inline(always)]
    pub fn slot(&self, index: usize) -> usize {
        self.base() + index * self.elem_size()
    }

    /// Address of the object in a slot: what `new` returned.
    pub fn object(&self, index: usize) -> usize {
        let header = if self.layout() == Layout::Header {
            HEADER_SIZE
        } else {
            0
        };
        self.slot(index) + header
    }

    /// Index of the slot at a byte offset below `limit`.
    #[inline(always)]
    fn index_of(&self, offset: usize) -> usize {
        ((offset as u64 * u64::from(self.magic.load(Ordering::Relaxed))) >> 32) as usize
    }
}

fn count(words: &[AtomicU64]) -> usize {
    words
        .iter()
        .map(|word| word.load(Ordering::Relaxed).count_ones() as usize)
        .sum()
}

/// The slot that an address points into, taken or not. The address may be anything.
#[inline(always)]
pub fn find_slot(addr: usize) -> Option<Found> {
    let span = arena::lookup(addr)?;
    let offset = addr.wrapping_sub(span.base());
    if offset >= span.limit.load(Ordering::Relaxed) {
        return None;
    }
    // A large object has magic zero, so the index is zero whatever the offset.
    let index = span.index_of(offset);
    Some(Found { span, index })
}

/// The object that an address points into.
#[inline(always)]
pub fn find_object(addr: usize) -> Option<Found> {
    find_slot(addr).filter(|found| found.span.is_taken(found.index))
}
