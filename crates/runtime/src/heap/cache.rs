//! A P's cache: where almost every allocation ends.
//!
//! For each shape the P has used it holds one span and, of it, the free slots of one bitmap word (up to 64): taking one
//! is clearing the lowest bit. Those slots count as taken in the span until the cache is flushed; so the span's bits are
//! exact whenever the world is stopped and the caches are flushed, and allocation touches no shared memory.
//!
//! The way from a type to its shape is a direct-mapped table; small pointer-free values share 16-byte blocks.

use std::sync::atomic::{AtomicU64, Ordering};

use mini_abi::types::TypeDesc;
use parking_lot::Mutex;

use super::arena;
use super::central;
use super::shape::{self, MAX_SHAPES, ShapeId};
use super::size_class::{
    HEADER_SIZE, MAX_MASKED_SIZE, N_CLASSES, PAGE_SIZE, TINY_CLASS, TINY_SIZE, class_of, is_small,
};
use super::span::Span;
use super::{HEAP_LIVE, pages};

/// The free slots a P holds of one shape. All zero: none.
#[repr(C, align(64))]
struct Slots {
    /// Bit i: slot i of the group is free.
    free: u64,
    /// Address of the group's first slot.
    group_start: usize,
    elem_size: usize,
    needs_zeroing: bool,
    group: u32,
    /// The span; null before the first allocation and after a flush.
    span: *const Span,
    /// Objects allocated, those in `free` included.
    n_allocated: u64,
    shape: ShapeId,
}

/// What is known of a type.
#[repr(C)]
#[derive(Clone, Copy)]
struct TypeEntry {
    ty: *const TypeDesc,
    /// Null: not for the fast path.
    slots: *mut Slots,
    /// Pointer words of one value of up to 512 bytes.
    mask: u64,
    size: usize,
}

const N_TYPES: usize = 256;
const N_MASKS: usize = 256;

#[derive(Clone, Copy)]
struct MaskEntry {
    mask: u64,
    class: u8,
    shape: ShapeId,
}

/// See the module. Lives in zeroed memory of its own and is valid so.
#[repr(C)]
pub struct Cache {
    types: [TypeEntry; N_TYPES],
    masks: [MaskEntry; N_MASKS],
    tiny: usize,
    tiny_used: usize,
    /// Objects that found room in a block that was there.
    n_tiny: u64,
    n_large: u64,
    large_bytes: u64,
    /// Allocations until the next collection under gcstress; zero: off.
    stress_left: u64,
    stress_interval: u64,
    shapes: [Slots; MAX_SHAPES],
}

/// What allocating may ask of the caller afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The heap has reached its goal (or the stress mode wants it): collect at the next safepoint.
    CollectSoon,
}

/// All caches there are, for counting.
static CACHES: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

struct Registered(*mut Cache);

// SAFETY: through this pointer a cache is only read, field by field: see `count_all`.
unsafe impl Send for Registered {}

/// Adds what caches have handed out since they were flushed last. Their threads may go on meanwhile: then a number is
/// that of some moment during the call.
pub fn count_all(counts: &mut super::stats::Counts) {
    for Registered(cache) in CACHES.lock().iter() {
        // SAFETY: caches are never freed. The fields are aligned words that their thread may be writing: each is read
        // once, as it was before or after.
        unsafe {
            for id in 0..shape::count() {
                let slots = &raw const (**cache).shapes[id];
                let allocated = (&raw const (*slots).n_allocated).read_volatile();
                let free = (&raw const (*slots).free).read_volatile().count_ones();
                counts.n_allocated[ShapeId(id as u16).class() as usize] +=
                    allocated.saturating_sub(u64::from(free));
            }
            counts.n_tiny += (&raw const (**cache).n_tiny).read_volatile();
            counts.n_allocated[0] += (&raw const (**cache).n_large).read_volatile();
            counts.large_bytes += (&raw const (**cache).large_bytes).read_volatile();
        }
    }
}

static ZERO_SIZED: AtomicU64 = AtomicU64::new(0);

/// Where all objects of size zero are.
pub fn zero_sized() -> *mut u8 {
    (&raw const ZERO_SIZED).cast_mut().cast()
}

impl Cache {
    pub fn new() -> *mut Cache {
        let cache = arena::records(size_of::<Cache>()).cast::<Cache>();
        // SAFETY: zeroed memory of the right size, aligned to a page, that nobody else knows of.
        unsafe {
            (*cache).stress_interval = super::stress_interval();
            (*cache).stress_left = (*cache).stress_interval;
        }
        CACHES.lock().push(Registered(cache));
        cache
    }

    /// The fast path of `new`: the type is known and a slot is at hand. `None`: use [`Cache::new_object`].
    #[inline(always)]
    pub fn try_new_object(&mut self, ty: &'static TypeDesc) -> Option<*mut u8> {
        let entry = &self.types[type_hash(ty)];
        if !std::ptr::eq(entry.ty, ty) || entry.slots.is_null() {
            return None;
        }
        // SAFETY: the entry's slots are part of this cache.
        let slots = unsafe { &mut *entry.slots };
        let free = slots.free;
        if free == 0 {
            return None;
        }
        slots.free = free & (free - 1);
        let object = slots.group_start + free.trailing_zeros() as usize * slots.elem_size;
        let object = std::ptr::with_exposed_provenance_mut(object);
        if slots.needs_zeroing {
            // SAFETY: a free slot of the span.
            unsafe { zero(object, slots.elem_size) };
        }
        Some(object)
    }

    /// A zeroed object.
    pub fn new_object(&mut self, ty: &'static TypeDesc, outcome: &mut Outcome) -> *mut u8 {
        let size = ty.size;
        if size > MAX_MASKED_SIZE {
            if ty.pointer_bytes == 0 {
                return self.new_noscan(size, ty.align as usize, true, outcome);
            }
            return self.new_typed(ty, size, outcome);
        }
        if size < TINY_SIZE && ty.pointer_bytes == 0 {
            return self.new_noscan(size, ty.align as usize, true, outcome);
        }
        self.count_stress(outcome);
        let index = type_hash(ty);
        if !std::ptr::eq(self.types[index].ty, ty) {
            self.enter_type(ty, index);
        }
        let entry = &self.types[index];
        let slots = if entry.slots.is_null() {
            let shape = self.shape_of(class_of(size), entry.mask);
            &raw mut self.shapes[shape.0 as usize]
        } else {
            entry.slots
        };
        // SAFETY: a row of this cache, and the slots it hands out are free.
        unsafe { take_zeroed(&mut *slots, outcome) }
    }

    /// `n` zeroed elements.
    pub fn new_array(
        &mut self,
        elem: &'static TypeDesc,
        n: usize,
        outcome: &mut Outcome,
    ) -> *mut u8 {
        let size = elem.size * n;
        if elem.pointer_bytes == 0 {
            return self.new_noscan(size, elem.align as usize, true, outcome);
        }
        if size > MAX_MASKED_SIZE {
            return self.new_typed(elem, size, outcome);
        }
        if size == 0 {
            return zero_sized();
        }
        self.count_stress(outcome);
        let index = type_hash(elem);
        if !std::ptr::eq(self.types[index].ty, elem) {
            self.enter_type(elem, index);
        }
        let class = class_of(size);
        let class_size = ShapeId::noscan(class).elem_size();
        let mask = shape::repeat_mask(self.types[index].mask, elem.size / 8, class_size);
        let shape = self.shape_of(class, mask);
        let slots = self.slots(shape);
        // SAFETY: a row of this cache, and the slots it hands out are free.
        unsafe { take_zeroed(slots, outcome) }
    }

    /// `size` bytes without pointers, zeroed if wanted.
    pub fn new_noscan(
        &mut self,
        size: usize,
        align: usize,
        zeroed: bool,
        outcome: &mut Outcome,
    ) -> *mut u8 {
        if size == 0 {
            return zero_sized();
        }
        self.count_stress(outcome);
        if size < TINY_SIZE {
            return self.new_tiny(size, align, outcome);
        }
        if !is_small(size) {
            return self.new_large(std::ptr::null(), size, zeroed, outcome);
        }
        let slots = self.slots(ShapeId::noscan(class_of(size)));
        let object = take(slots, outcome);
        if zeroed && slots.needs_zeroing {
            // SAFETY: a free slot of the span.
            unsafe { zero(object, slots.elem_size) };
        }
        object
    }

    fn new_tiny(&mut self, size: usize, align: usize, outcome: &mut Outcome) -> *mut u8 {
        let start = self.tiny_used.next_multiple_of(align.max(1));
        if self.tiny != 0 && start + size <= TINY_SIZE {
            self.tiny_used = start + size;
            self.n_tiny += 1;
            return std::ptr::with_exposed_provenance_mut(self.tiny + start);
        }
        let slots = self.slots(ShapeId::noscan(TINY_CLASS));
        // SAFETY: a row of this cache, and the slots it hands out are free.
        let block = unsafe { take_zeroed(slots, outcome) };
        if self.tiny == 0 || size < self.tiny_used {
            self.tiny = block.expose_provenance();
            self.tiny_used = size;
        }
        block
    }

    /// A zeroed object of more than 512 bytes: values of a type that has pointers.
    fn new_typed(&mut self, ty: &'static TypeDesc, size: usize, outcome: &mut Outcome) -> *mut u8 {
        self.count_stress(outcome);
        if !is_small(size) {
            return self.new_large(ty, size, true, outcome);
        }
        let slots = self.slots(ShapeId::header(class_of(size + HEADER_SIZE)));
        // SAFETY: the slot is free and has room for the word and the object.
        unsafe {
            let slot = take_zeroed(slots, outcome);
            slot.cast::<*const TypeDesc>().write(ty);
            slot.add(HEADER_SIZE)
        }
    }

    fn new_large(
        &mut self,
        ty: *const TypeDesc,
        size: usize,
        zeroed: bool,
        outcome: &mut Outcome,
    ) -> *mut u8 {
        let span = pages::allocate(size.div_ceil(PAGE_SIZE));
        let start = std::ptr::with_exposed_provenance_mut::<u8>(span.base());
        let bytes = span.n_pages() * PAGE_SIZE;
        if zeroed {
            let dirty = span.zero_from().min(span.end()) - span.base();
            // SAFETY: the pages belong to this span alone.
            unsafe { start.write_bytes(0, dirty) };
        }
        // Used memory from here on; the next owner must know.
        span.set_zero_from(usize::MAX);
        span.set_large(ty, bytes);
        central::add_large(span);
        self.n_large += 1;
        self.large_bytes += bytes as u64;
        add_live(bytes, outcome);
        start
    }

    fn slots(&mut self, shape: ShapeId) -> &mut Slots {
        let slots = &mut self.shapes[shape.0 as usize];
        slots.shape = shape;
        slots
    }

    /// The shape of a class and mask, by a table of this P.
    fn shape_of(&mut self, class: u8, mask: u64) -> ShapeId {
        let hash = (mask ^ u64::from(class) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let entry = &mut self.masks[hash as usize];
        if entry.mask != mask || entry.class != class {
            *entry = MaskEntry {
                mask,
                class,
                shape: ShapeId::masked(class, mask),
            };
        }
        let shape = entry.shape;
        self.shapes[shape.0 as usize].shape = shape;
        shape
    }

    fn enter_type(&mut self, ty: &'static TypeDesc, index: usize) {
        let mut entry = TypeEntry {
            ty,
            slots: std::ptr::null_mut(),
            mask: 0,
            size: ty.size,
        };
        if ty.size <= MAX_MASKED_SIZE {
            entry.mask = shape::mask_of_type(ty);
            // Under gcstress every allocation is to be counted, so none takes the fast path.
            if ty.size > 0 && self.stress_interval == 0 {
                let shape = self.shape_of(class_of(ty.size), entry.mask);
                entry.slots = &raw mut self.shapes[shape.0 as usize];
            }
        }
        self.types[index] = entry;
    }

    #[inline(always)]
    fn count_stress(&mut self, outcome: &mut Outcome) {
        if self.stress_interval != 0 {
            self.stress_left -= 1;
            if self.stress_left == 0 {
                self.stress_left = self.stress_interval;
                *outcome = Outcome::CollectSoon;
            }
        }
    }

    /// Gives all spans back. The world is stopped, or the caller is the P's own thread.
    pub fn flush(&mut self, stats: &mut super::stats::Counts) {
        self.tiny = 0;
        self.tiny_used = 0;
        for slots in &mut self.shapes[..shape::count()] {
            if !slots.span.is_null() {
                give_up(slots);
            }
            stats.n_allocated[slots.shape.class() as usize] += slots.n_allocated;
            slots.n_allocated = 0;
        }
        stats.n_tiny += std::mem::take(&mut self.n_tiny);
        stats.n_allocated[0] += std::mem::take(&mut self.n_large);
        stats.large_bytes += std::mem::take(&mut self.large_bytes);
        debug_assert!(stats.n_allocated.len() == N_CLASSES);
    }
}

#[inline(always)]
fn type_hash(ty: &TypeDesc) -> usize {
    let address = std::ptr::from_ref(ty).addr();
    (address ^ address >> 8) >> 4 & (N_TYPES - 1)
}

/// A free slot; its memory may be dirty.
#[inline(always)]
fn take(slots: &mut Slots, outcome: &mut Outcome) -> *mut u8 {
    if slots.free == 0 {
        refill(slots, outcome);
    }
    let free = slots.free;
    slots.free = free & (free - 1);
    let object = slots.group_start + free.trailing_zeros() as usize * slots.elem_size;
    std::ptr::with_exposed_provenance_mut(object)
}

/// # Safety
/// The slots are a row of the caller's cache.
#[inline(always)]
unsafe fn take_zeroed(slots: &mut Slots, outcome: &mut Outcome) -> *mut u8 {
    let object = take(slots, outcome);
    if slots.needs_zeroing {
        // SAFETY: a free slot of the span.
        unsafe { zero(object, slots.elem_size) };
    }
    object
}

/// Moves on to the next group with free slots, in this span or another one.
#[cold]
#[inline(never)]
fn refill(slots: &mut Slots, outcome: &mut Outcome) {
    let mut next_group = slots.group as usize + 1;
    // SAFETY: the span, if any, is held by this cache; records are never unmapped.
    let mut current = unsafe { slots.span.as_ref() };
    loop {
        if let Some(span) = current {
            for group in next_group..span.n_groups() {
                let free = span.take_group(group);
                if free != 0 {
                    if crate::gc::is_marking() {
                        // Allocate black: the collector need not look at what is new.
                        span.mark_group(group, free);
                    }
                    slots.free = free;
                    slots.group = group as u32;
                    slots.group_start = span.slot(group * 64);
                    slots.n_allocated += u64::from(free.count_ones());
                    return;
                }
            }
            central::put_back(span, false);
        }
        let span = central::acquire(slots.shape);
        let n_free = span.n_elems() - span.n_taken();
        add_live(n_free * span.elem_size(), outcome);
        slots.span = span;
        slots.elem_size = span.elem_size();
        slots.needs_zeroing = span.needs_zeroing();
        next_group = 0;
        current = Some(span);
    }
}

/// Counts memory that is (or is about to be) allocated, and asks for a collection at the goal.
fn add_live(bytes: usize, outcome: &mut Outcome) {
    let live = HEAP_LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    if live >= crate::gc::trigger() {
        *outcome = Outcome::CollectSoon;
    }
}

/// Puts the span back with its unused slots.
fn give_up(slots: &mut Slots) {
    // SAFETY: the span is held by this cache.
    let span = unsafe { &*slots.span };
    span.give_back(slots.group as usize, slots.free);
    if crate::gc::is_marking() {
        span.unmark_group(slots.group as usize, slots.free);
    }
    slots.n_allocated -= u64::from(slots.free.count_ones());
    let n_free = span.n_elems() - span.n_taken();
    HEAP_LIVE.fetch_sub(n_free * span.elem_size(), Ordering::Relaxed);
    central::put_back(span, n_free > 0);
    slots.span = std::ptr::null();
    slots.free = 0;
    slots.group = 0;
}

/// Zeroes a slot. Its size is a multiple of 8; sizes up to 64 bytes are a few stores.
///
/// # Safety
/// `size` bytes at `start` are writable and aligned to 8.
#[inline(always)]
unsafe fn zero(start: *mut u8, size: usize) {
    type Wide = std::arch::x86_64::__m128i;
    // SAFETY: all stores lie within `size` bytes; the unaligned ones overlap instead of passing the end.
    unsafe {
        let wide = std::arch::x86_64::_mm_setzero_si128();
        let store = |offset: usize| {
            std::arch::x86_64::_mm_storeu_si128(start.add(offset).cast::<Wide>(), wide);
        };
        if size <= 16 {
            start.cast::<u64>().write(0);
            start.add(size - 8).cast::<u64>().write(0);
        } else if size <= 32 {
            store(0);
            store(size - 16);
        } else if size <= 64 {
            store(0);
            store(16);
            store(size - 32);
            store(size - 16);
        } else {
            start.write_bytes(0, size);
        }
    }
}
