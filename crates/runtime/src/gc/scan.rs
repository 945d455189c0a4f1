//! Finding the pointers in an object.

use mini_abi::types::TypeDesc;

use crate::heap::size_class::HEADER_SIZE;
use crate::heap::span::{Layout, Span};

/// Visits the pointer words of the bytes `from..to` of an object that begins at `start` and is made of values of type
/// `ty`, one behind the other. `from` and `to` are multiples of 8.
///
/// # Safety
/// The bytes are readable, and nobody writes them.
#[inline]
pub unsafe fn typed(
    start: usize,
    from: usize,
    to: usize,
    ty: &TypeDesc,
    visit: &mut impl FnMut(usize),
) {
    let read = |offset: usize| {
        // SAFETY: the caller's promise; offsets are below `to`.
        unsafe { std::ptr::with_exposed_provenance::<usize>(start + offset).read() }
    };
    let n_words = ty.bitmap_words;
    if ty.pointer_bytes == ty.size && n_words == 1 {
        for offset in (from..to).step_by(8) {
            visit(read(offset));
        }
        return;
    }
    let pattern = if n_words <= 64 { low_words(ty) } else { 0 };
    let mut elem = from - from % ty.size;
    while elem < to {
        let begin = from.saturating_sub(elem) / 8;
        let end = (to - elem).min(ty.pointer_bytes).div_ceil(8);
        if n_words <= 64 {
            let mut repeat = begin - begin % n_words;
            while repeat < end {
                let mut bits = pattern;
                while bits != 0 {
                    let word = repeat + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    if word >= begin && word < end {
                        visit(read(elem + word * 8));
                    }
                }
                repeat += n_words;
            }
        } else {
            for word in begin..end {
                if ty.is_pointer_word(word) {
                    visit(read(elem + word * 8));
                }
            }
        }
        elem += ty.size;
    }
}

/// The type's bitmap of up to 64 words as one word.
fn low_words(ty: &TypeDesc) -> u64 {
    let mut pattern = 0;
    for byte in 0..ty.bitmap_words.div_ceil(8) {
        // SAFETY: a descriptor's bitmap has `bitmap_words` bits, in whole bytes.
        pattern |= u64::from(unsafe { *ty.pointer_bitmap.add(byte) }) << (byte * 8);
    }
    if ty.bitmap_words < 64 {
        pattern &= (1 << ty.bitmap_words) - 1;
    }
    pattern
}

/// Visits the pointer words of a whole object.
///
/// # Safety
/// The slot is taken, and nobody writes the object.
#[inline]
pub unsafe fn object(span: &Span, index: usize, visit: &mut impl FnMut(usize)) {
    let slot = span.slot(index);
    match span.layout() {
        Layout::Noscan => {}
        Layout::Mask => {
            let mut bits = span.mask();
            while bits != 0 {
                let word = slot + bits.trailing_zeros() as usize * 8;
                bits &= bits - 1;
                // SAFETY: the mask has bits only for words of the slot.
                visit(unsafe { std::ptr::with_exposed_provenance::<usize>(word).read() });
            }
        }
        Layout::Header => {
            let len = span.elem_size() - HEADER_SIZE;
            // SAFETY: the first word of such a slot is its type, the values follow.
            unsafe {
                let ty = *std::ptr::with_exposed_provenance::<*const TypeDesc>(slot);
                typed(slot + HEADER_SIZE, 0, len, &*ty, visit);
            }
        }
        // SAFETY: the type of the span's only object.
        Layout::Large => unsafe { typed(slot, 0, span.elem_size(), &*span.large_type(), visit) },
    }
}
