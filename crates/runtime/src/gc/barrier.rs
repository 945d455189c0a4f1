//! The write barrier: while the collector marks, a store of a pointer shades what it overwrites and what it stores.
//!
//! Shading the old value keeps what a not yet scanned stack could still have picked up; shading the new one keeps what a
//! scanned stack hides in a scanned object. With both, stacks are scanned once and new objects are black. What is shaded
//! goes into a buffer of the P, from there into packets for the workers.
//!
//! Compiled code tests [`mini_abi::g::GHeader::write_barrier`]; the runtime's own stores of pointers into objects use
//! [`store`] and [`move_values`], which test the phase.

use mini_abi::types::TypeDesc;
use parking_lot::Mutex;

use super::scan;
use crate::g::G;
use crate::heap::find_object;
use crate::heap::span::Layout;

/// A P's buffer is handed over at this length.
const BUFFER_SIZE: usize = 512;

/// Buffers handed over, to be the first packets of the workers.
static SHADED: Mutex<Vec<Vec<usize>>> = Mutex::new(Vec::new());

/// Takes what the barrier has shaded.
pub fn take_shaded() -> Vec<Vec<usize>> {
    std::mem::take(&mut *SHADED.lock())
}

/// Empties a P's buffer for the workers.
pub fn hand_over(shaded: &mut Vec<usize>) {
    if !shaded.is_empty() {
        SHADED.lock().push(std::mem::take(shaded));
    }
}

/// `*slot = new`.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native; `slot` is a writable pointer word.
#[inline]
pub unsafe fn store(g: *mut G, slot: *mut *mut u8, new: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        if super::is_marking() {
            shade(g, (*slot).expose_provenance());
            shade(g, new.expose_provenance());
        }
        *slot = new;
    }
}

/// Copies `count` values, which may overlap.
///
/// # Safety
/// As for [`store`]; both places hold `count` values of the type.
#[inline]
pub unsafe fn move_values(g: *mut G, ty: &TypeDesc, dst: *mut u8, src: *const u8, count: usize) {
    let size = ty.size * count;
    // SAFETY: the caller's promise.
    unsafe {
        if super::is_marking() && ty.pointer_bytes != 0 && size != 0 {
            shade_values(g, ty, dst, size);
            shade_values(g, ty, src, size);
        }
        dst.copy_from(src, size);
    }
}

/// Zeroes `count` values.
///
/// # Safety
/// As for [`store`]; there are `count` values of the type at `dst`.
#[inline]
pub unsafe fn zero_values(g: *mut G, ty: &TypeDesc, dst: *mut u8, count: usize) {
    let size = ty.size * count;
    // SAFETY: the caller's promise.
    unsafe {
        if super::is_marking() && ty.pointer_bytes != 0 && size != 0 {
            shade_values(g, ty, dst, size);
        }
        dst.write_bytes(0, size);
    }
}

/// # Safety
/// As for [`move_values`].
#[cold]
pub unsafe fn shade_values(g: *mut G, ty: &TypeDesc, values: *const u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        scan::typed(values.expose_provenance(), 0, size, ty, &mut |word| {
            shade(g, word)
        });
    }
}

/// Marks the object that a word points into and hands it to the collector.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native.
unsafe fn shade(g: *mut G, word: usize) {
    let Some(found) = find_object(word) else {
        return;
    };
    if !found.span.mark::<true>(found.index) || found.span.layout() == Layout::Noscan {
        return;
    }
    // SAFETY: the running goroutine's thread holds the P.
    let part = unsafe { &mut *(*crate::sched::p_of(g)).heap.get() };
    part.shaded.push(found.span.slot(found.index));
    if part.shaded.len() >= BUFFER_SIZE {
        hand_over(&mut part.shaded);
    }
}
