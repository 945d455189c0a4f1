//! The heap verifier of the stress mode: after marking, with the world stopped, looks whether the heap makes sense.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::heap::central;
use crate::heap::span::{Layout, Span, find_slot};

use super::scan;

/// Small heaps are looked through in every cycle, larger ones now and then: it takes as long as marking.
pub fn is_due(live: usize) -> bool {
    const SMALL: usize = 64 << 10;
    const EVERY: usize = 16;
    static N_CYCLES: AtomicUsize = AtomicUsize::new(0);
    N_CYCLES
        .fetch_add(1, Ordering::Relaxed)
        .is_multiple_of(EVERY)
        || live < SMALL
}

/// Every marked object points only at marked objects, or outside the heap. Ends the process where not.
pub fn check_marks() {
    central::for_each_span(&mut |span| {
        for index in 0..span.n_elems() {
            if !span.is_marked(index) {
                continue;
            }
            if !span.is_taken(index) {
                fail("a free slot is marked", span, index, 0);
            }
            check_object(span, index);
        }
    });
}

fn check_object(span: &Span, index: usize) {
    if span.layout() == Layout::Noscan {
        return;
    }
    // SAFETY: the object is marked and so taken; the world stands still.
    unsafe {
        scan::object(span, index, &mut |word| {
            let Some(target) = find_slot(word) else {
                return;
            };
            if !target.span.is_taken(target.index) {
                fail("a pointer to a free slot", span, index, word);
            }
            if !target.span.is_marked(target.index) {
                fail(
                    "a pointer to an object that is not marked",
                    span,
                    index,
                    word,
                );
            }
        });
    }
}

fn fail(what: &str, span: &Span, index: usize, word: usize) -> ! {
    eprintln!("runtime: heap verifier: {what}");
    eprintln!(
        "runtime: object {:#x}, size {}, layout {:?}, mask {:#b}, word {word:#x}",
        span.object(index),
        span.elem_size(),
        span.layout(),
        span.mask(),
    );
    let start = std::ptr::with_exposed_provenance::<usize>(span.slot(index));
    for offset in 0..(span.elem_size() / 8).min(32) {
        // SAFETY: a word of the slot.
        eprintln!("runtime:   +{:<4} {:#x}", offset * 8, unsafe {
            *start.add(offset)
        });
    }
    crate::fatal::throw("found bad pointer in heap")
}
