//! Scanning a goroutine's stack: what its frames and records refer to.
//!
//! The live slots of each frame are visited. Slots of objects, which pointers may point to, count only where some pointer does:
//!
//! 1. Visit live slots and what the runtime keeps for the goroutine. Remember words that point into the stack, and the
//!    objects of the frames that are passed, which stand in order of their addresses.
//! 2. Take a remembered word, look the object up that it points into, and visit the object's slots in the same way, once.
//!
//! So an object of the heap whose last pointer lies in a variable that nobody uses any more is collected, though the variable's
//! address was taken. A stale word, in a frame that is scanned conservatively, may lead to an object that was passed over before,
//! and whose pointers may be stale, too; marking ignores words that point at free memory. As in Go (`runtime/mgcstack.go`).

use crate::arch;
use crate::funcs;
use crate::g::{G, Top};

use super::walk::{Frame, Frames};

/// An object of a frame.
struct Object {
    start: usize,
    end: usize,
    /// Stack pointer of the frame.
    sp: usize,
    /// Its pointer words, counted from there.
    slots: &'static [u32],
    is_seen: bool,
}

struct Scan<'v> {
    visit: &'v mut dyn FnMut(usize),
    stack: std::ops::Range<usize>,
    /// Words that point into the stack.
    pointers: Vec<usize>,
    /// In order of their addresses.
    objects: Vec<Object>,
}

impl Scan<'_> {
    fn word(&mut self, word: usize) {
        if self.stack.contains(&word) {
            self.pointers.push(word);
        } else {
            (self.visit)(word);
        }
    }

    /// # Safety
    /// The address is that of a word of the live part of the stack.
    unsafe fn slot(&mut self, address: usize) {
        // SAFETY: the caller's promise.
        self.word(unsafe { *(address as *const usize) });
    }

    /// # Safety
    /// The frame is one of the goroutine's.
    unsafe fn frame(&mut self, frame: &Frame) {
        let sp = frame.sp();
        for &slot in frame.slots.live {
            // SAFETY: a word of the frame.
            unsafe { self.slot(sp + 8 * slot as usize) };
        }
        let mut slots = frame.slots.objects;
        for object in frame.func.iter().flat_map(|func| &func.objects) {
            let Some(&first) = slots.first() else { break };
            let end = object.first + object.n_words;
            if first >= end {
                continue;
            }
            let (own, rest) = slots.split_at(slots.partition_point(|&slot| slot < end));
            slots = rest;
            self.objects.push(Object {
                start: sp + 8 * object.first as usize,
                end: sp + 8 * end as usize,
                sp,
                slots: own,
                is_seen: false,
            });
        }
    }

    /// Visits the objects that pointers were found to.
    ///
    /// # Safety
    /// The stack stands still.
    unsafe fn follow(&mut self) {
        while let Some(pointer) = self.pointers.pop() {
            let after = self.objects.partition_point(|o| o.start <= pointer);
            let Some(object) = self.objects[..after].last_mut() else {
                continue;
            };
            if pointer >= object.end || std::mem::replace(&mut object.is_seen, true) {
                continue;
            }
            let (sp, slots) = (object.sp, object.slots);
            for &slot in slots {
                // SAFETY: a word of the frame.
                unsafe { self.slot(sp + 8 * slot as usize) };
            }
        }
    }
}

/// Calls `visit` with every pointer that is alive on the goroutine's stack, in its saved registers, or among what `records`
/// visits, unless it points into the stack.
///
/// # Safety
/// As for [`Frames::of`].
pub unsafe fn scan_stack(
    g: *const G,
    records: impl FnOnce(&mut dyn FnMut(usize)),
    visit: &mut dyn FnMut(usize),
) {
    // SAFETY: the caller's promise; all addresses below are inside the live part of the stack.
    unsafe {
        let header = &(*g).header;
        let mut scan = Scan {
            visit,
            stack: header.stack_lo..header.stack_hi,
            pointers: vec![],
            objects: vec![],
        };
        records(&mut |word| scan.word(word));
        match (*g).top {
            Top::Start => {
                scan.word((*g).start_closure);
                return;
            }
            Top::Call => {}
            Top::Results => {
                scan.word(header.resume_values[0] as usize);
                scan.word(header.resume_values[1] as usize);
            }
            Top::Morestack => {
                if let Some(func) = funcs::find(header.morestack_entry) {
                    for (i, word) in header.morestack_args.iter().enumerate() {
                        if func.pointer_args & 1 << i != 0 {
                            scan.word(*word as usize);
                        }
                    }
                    for &i in &func.pointer_stack_args {
                        scan.slot(header.sp + 8 + 8 * usize::from(i));
                    }
                }
            }
            Top::Async => {
                let registers = &*(header.morestack_entry as *const arch::AsyncRegisters);
                for word in registers.general {
                    scan.word(word as usize);
                }
                for pair in registers.xmm {
                    scan.word(pair[0] as usize);
                    scan.word(pair[1] as usize);
                }
                for address in (header.sp & !7..header.bp).step_by(8) {
                    scan.slot(address);
                }
            }
        }
        for frame in Frames::of(g) {
            scan.frame(&frame);
        }
        scan.follow();
    }
}
