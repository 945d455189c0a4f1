//! Shapes: what a span of small objects is made for.
//!
//! A shape is a size class with a pointer layout. Objects up to 512 bytes have at most 64 words, so their layout is one
//! word of bits, and a span holds objects of one layout only: allocation writes no pointer map and the collector reads
//! one per span. Programs use a few dozen layouts. Should one use more than there are ids, its further layouts share
//! shapes that call every word a pointer; the collector checks each word it follows, so that costs precision only.
//!
//! Ids are dense: 0..68 pointer-free objects of each class, 68..136 objects with a type word, then masks in order of use.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use mini_abi::types::TypeDesc;
use parking_lot::Mutex;

use super::size_class::{CLASS_SIZE, MAX_MASKED_SIZE, N_CLASSES};
use super::span::Layout;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeId(pub u16);

pub const MAX_SHAPES: usize = 1024;
const FIRST_HEADER: usize = N_CLASSES;
const FIRST_MASK: usize = 2 * N_CLASSES;
/// Classes whose objects may have a mask, for the shapes that stand in when ids run out.
const N_MASKED_CLASSES: usize = 27;

/// Class and mask of each shape, written once before the id is given out.
static CLASSES: [AtomicU32; MAX_SHAPES] = [const { AtomicU32::new(0) }; MAX_SHAPES];
static MASKS: [AtomicU64; MAX_SHAPES] = [const { AtomicU64::new(0) }; MAX_SHAPES];
static N_SHAPES: AtomicU32 = AtomicU32::new(FIRST_MASK as u32);
static BY_MASK: LazyLock<Mutex<HashMap<(u8, u64), ShapeId>>> = LazyLock::new(Mutex::default);

impl ShapeId {
    #[inline(always)]
    pub fn noscan(class: u8) -> ShapeId {
        ShapeId(u16::from(class))
    }

    #[inline(always)]
    pub fn header(class: u8) -> ShapeId {
        ShapeId(FIRST_HEADER as u16 + u16::from(class))
    }

    /// The shape of objects of `class` whose pointer words are `mask`.
    pub fn masked(class: u8, mask: u64) -> ShapeId {
        debug_assert!(CLASS_SIZE[class as usize] as usize <= MAX_MASKED_SIZE);
        if mask == 0 {
            return ShapeId::noscan(class);
        }
        let mut by_mask = BY_MASK.lock();
        if let Some(&id) = by_mask.get(&(class, mask)) {
            return id;
        }
        let every_word = all_words(CLASS_SIZE[class as usize] as usize);
        let next = N_SHAPES.load(Ordering::Relaxed);
        if next as usize >= MAX_SHAPES - N_MASKED_CLASSES && mask != every_word {
            drop(by_mask);
            return ShapeId::masked(class, every_word);
        }
        CLASSES[next as usize].store(u32::from(class), Ordering::Relaxed);
        MASKS[next as usize].store(mask, Ordering::Relaxed);
        // Release: pairs with the load in `count`, whose caller reads the rows below.
        N_SHAPES.store(next + 1, Ordering::Release);
        let id = ShapeId(next as u16);
        by_mask.insert((class, mask), id);
        id
    }

    pub fn class(self) -> u8 {
        match self.0 as usize {
            id if id < FIRST_HEADER => id as u8,
            id if id < FIRST_MASK => (id - FIRST_HEADER) as u8,
            id => CLASSES[id].load(Ordering::Relaxed) as u8,
        }
    }

    pub fn layout(self) -> Layout {
        match self.0 as usize {
            id if id < FIRST_HEADER => Layout::Noscan,
            id if id < FIRST_MASK => Layout::Header,
            _ => Layout::Mask,
        }
    }

    pub fn mask(self) -> u64 {
        MASKS[self.0 as usize].load(Ordering::Relaxed)
    }

    pub fn elem_size(self) -> usize {
        CLASS_SIZE[self.class() as usize] as usize
    }
}

/// Number of shapes; every smaller id is valid.
pub fn count() -> usize {
    N_SHAPES.load(Ordering::Acquire) as usize
}

fn all_words(size: usize) -> u64 {
    u64::MAX >> (64 - size / 8)
}

/// The pointer words of one value of a type of at most 512 bytes.
pub fn mask_of_type(ty: &TypeDesc) -> u64 {
    debug_assert!(ty.size <= MAX_MASKED_SIZE);
    let mut mask = 0;
    for word in 0..ty.pointer_bytes.div_ceil(8) {
        if ty.is_pointer_word(word) {
            mask |= 1 << word;
        }
    }
    mask
}

/// Repeats the mask of one element over an object of `size` bytes.
#[inline]
pub fn repeat_mask(elem_mask: u64, elem_words: usize, size: usize) -> u64 {
    let every_word = all_words(size);
    let mut mask = elem_mask;
    let mut words = elem_words;
    while words < size / 8 {
        mask |= mask << words;
        words *= 2;
    }
    mask & every_word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_repeats_to_the_end_of_the_slot() {
        assert_eq!(repeat_mask(1, 1, 24), 0b111);
        assert_eq!(repeat_mask(0b01, 2, 48), 0b010101);
        assert_eq!(repeat_mask(0b001, 3, 64), 0b0100_1001);
        assert_eq!(repeat_mask(1, 1, 512), u64::MAX);
    }

    #[test]
    fn equal_masks_share_a_shape() {
        let shape = ShapeId::masked(4, 0b0101);
        assert_eq!(shape, ShapeId::masked(4, 0b0101));
        assert_ne!(shape, ShapeId::masked(4, 0b0001));
        assert_eq!(
            (shape.class(), shape.mask(), shape.layout()),
            (4, 0b0101, Layout::Mask)
        );
        assert_eq!(ShapeId::masked(4, 0), ShapeId::noscan(4));
    }
}
