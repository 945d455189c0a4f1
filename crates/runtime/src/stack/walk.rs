//! Walking the frames of a goroutine that is not running compiled code.
//!
//! Frames are chained by frame pointers; the return address below a frame names the function and the call site, and
//! the site its pointer slots. So a walk needs the goroutine's top ([`Top`]) and the table of functions, and
//! nothing is guessed, except in the top frame of a goroutine stopped by a signal.

use crate::arch;
use crate::funcs::{self, Func, Slots};
use crate::g::{G, Top};

/// A frame on a goroutine's stack.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Frame pointer: the word there is the caller's, the next one the return address to the caller.
    pub fp: usize,
    /// Where the function goes on: a return address, the second byte of an instruction that faulted, or an instruction that was
    /// interrupted.
    pub pc: usize,
    /// None: a routine of `arch`, which holds no pointers.
    pub func: Option<Func>,
    pub slots: Slots,
    /// The frame was interrupted by a signal: `pc` is no return address and the slots are not known.
    pub interrupted: bool,
}

impl Frame {
    /// Lowest address of the frame without outgoing arguments.
    pub fn sp(&self) -> usize {
        self.fp - self.func.map_or(0, |func| func.frame_size as usize)
    }

    /// An address inside the instruction that the frame is at: what line tables are asked with.
    pub fn instruction(&self) -> usize {
        let is_call = self
            .func
            .is_some_and(|func| !self.interrupted && funcs::call_site(func, self.pc).is_some());
        self.pc - usize::from(is_call || self.func.is_none())
    }

    /// Addresses of the slots that hold pointers, those of objects included.
    pub fn slot_addresses(&self) -> impl Iterator<Item = usize> + use<> {
        let sp = self.sp();
        let slots = self.slots.live.iter().chain(self.slots.objects);
        slots.map(move |slot| sp + 8 * *slot as usize)
    }
}

/// Goes from the newest frame to the oldest.
#[derive(Debug)]
pub struct Frames {
    pc: usize,
    fp: usize,
    interrupted: bool,
    cache: [(usize, Option<Func>, Slots); 4],
}

impl Frames {
    /// The frames of a goroutine that is parked, queued, or inside the runtime.
    ///
    /// # Safety
    /// The goroutine is not running compiled code, and stays so during the walk; its stack is not freed.
    pub unsafe fn of(g: *const G) -> Frames {
        // SAFETY: the caller's promise: sp and bp were stored when it left compiled code.
        unsafe {
            match (*g).top {
                Top::Start => Frames::from(0, 0),
                Top::Call | Top::Results | Top::Morestack => {
                    Frames::from(*((*g).header.sp as *const usize), (*g).header.bp)
                }
                Top::Async => {
                    let registers = &*((*g).header.morestack_entry as *const arch::AsyncRegisters);
                    let mut frames = Frames::from(registers.rip as usize, (*g).header.bp);
                    frames.interrupted = true;
                    frames
                }
            }
        }
    }

    /// The frames from the one with frame pointer `fp` that goes on at `pc`.
    pub fn from(pc: usize, fp: usize) -> Frames {
        Frames {
            pc,
            fp,
            interrupted: false,
            cache: [(0, None, Slots::NONE); 4],
        }
    }

    /// Function and slots of a return address. Recursion asks for the same few again and again.
    fn lookup(&mut self, pc: usize) -> (Option<Func>, Slots) {
        let entry = &mut self.cache[pc >> 2 & 3];
        if entry.0 == pc {
            return (entry.1, entry.2);
        }
        let (func, slots) = lookup(pc);
        *entry = (pc, func, slots);
        (func, slots)
    }
}

/// Function and pointer slots at a return address or at an instruction that faulted.
fn lookup(pc: usize) -> (Option<Func>, Slots) {
    // The last instruction of a function may be a call: its return address is outside.
    let Some(func) = funcs::find(pc - 1) else {
        if arch::is_routine(pc) {
            return (None, Slots::NONE);
        }
        crate::fatal::internal(&format!("stack walk: {pc:#x} is in no function"));
    };
    if let Some(site) = funcs::call_site(func, pc) {
        return (Some(func), funcs::slots(func, site));
    }
    // A fault leaves the second byte of its instruction.
    if funcs::trap(func, pc - 1).is_some() {
        // It faulted: what its landing pad reads, and nothing else, is still of use.
        return match func.landing_pad_site {
            Some(i) => (Some(func), funcs::slots(func, &func.call_sites[i as usize])),
            None => (Some(func), Slots::NONE),
        };
    }
    crate::fatal::internal(&format!(
        "stack walk: no call site at {}+{:#x}",
        func.name,
        pc - func.entry
    ));
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        if self.fp == 0 {
            return None;
        }
        let interrupted = std::mem::take(&mut self.interrupted);
        let (func, slots) = if interrupted {
            (funcs::find(self.pc), Slots::NONE)
        } else {
            self.lookup(self.pc)
        };
        let frame = Frame {
            fp: self.fp,
            pc: self.pc,
            func,
            slots,
            interrupted,
        };
        // SAFETY: `fp` is the frame pointer of a live frame of a stack that stands still; what is there
        // was pushed by the call and the prologue.
        unsafe {
            self.pc = *((self.fp + 8) as *const usize);
            self.fp = *(self.fp as *const usize);
        }
        Some(frame)
    }
}
