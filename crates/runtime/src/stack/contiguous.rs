//! Moving a goroutine's stack to other memory, and all pointers into it along.
//!
//! What points into a stack, and how it is found:
//!
//! - saved frame pointers: the chain itself;
//! - words of frames: the stack maps of their call sites;
//! - arguments of the function that asked for more stack: masks in its record;
//! - deferred calls and panics: their frame pointers, and closures that live in frames;
//! - a parked goroutine's elements on channels, `select` cases, and native result blocks: fields of `G` and its sudogs.
//!
//! Nothing else may: escape analysis never lets the heap point into a stack. A stack moves when its own goroutine asks
//! (`morestack`) or when the world is stopped, so nobody writes through a sudog meanwhile.

use mini_abi::func::CompiledFunc;

use super::pool::{PerP, Stack};
use super::walk::Frames;
use crate::funcs;
use crate::g::{G, Top};

/// Adds `delta` to words that point into `lo..hi`.
#[derive(Clone, Copy)]
struct Adjust {
    lo: usize,
    hi: usize,
    delta: usize,
}

impl Adjust {
    fn word(self, word: &mut usize) {
        // The end counts: an empty slice may point one past the last object of the oldest frame.
        if *word >= self.lo && *word <= self.hi {
            *word = word.wrapping_add(self.delta);
        }
    }

    fn pointer<T>(self, pointer: &mut *mut T) {
        let mut word = *pointer as usize;
        self.word(&mut word);
        *pointer = word as *mut T;
    }

    /// # Safety
    /// `address` is a word of the old stack that was copied; the new one is written.
    unsafe fn slot(self, address: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.word(&mut *(address.wrapping_add(self.delta) as *mut usize)) }
    }
}

/// Moves the stack of `g` to new memory of `size` bytes and frees the old.
///
/// # Safety
/// - `g` is running and in `morestack`, or the world is stopped and [`G::stack_may_move`].
/// - What is in use fits.
pub unsafe fn copy_stack(g: *mut G, size: usize, pool: &mut PerP) {
    // SAFETY: the goroutine is ours by the caller's promise; all addresses lie in its old stack, or at the same
    // distance from the end of the new one.
    unsafe {
        let g = &mut *g;
        let old = Stack {
            lo: g.header.stack_lo,
            size: g.header.stack_hi - g.header.stack_lo,
        };
        let new = pool.new_stack(size);
        let used = old.hi() - g.header.sp;
        debug_assert!(used < size);
        std::ptr::copy_nonoverlapping(g.header.sp as *const u8, (new.hi() - used) as *mut u8, used);
        let adjust = Adjust {
            lo: old.lo,
            hi: old.hi(),
            delta: new.hi().wrapping_sub(old.hi()),
        };

        if g.top == Top::Morestack
            && let Some(func) = funcs::find(g.header.morestack_entry)
        {
            adjust_arguments(g, func, adjust);
        }
        for frame in Frames::of(g) {
            for slot in frame.slot_addresses() {
                adjust.slot(slot);
            }
            // The chain: the saved frame pointer of the caller.
            adjust.slot(frame.fp);
        }
        adjust_records(g, adjust);

        g.header.sp = g.header.sp.wrapping_add(adjust.delta);
        if g.header.bp != 0 {
            g.header.bp = g.header.bp.wrapping_add(adjust.delta);
        }
        g.header.stack_lo = new.lo;
        g.header.stack_hi = new.hi();
        g.reset_guard();
        pool.free_stack(old);
    }
}

/// The arguments that `morestack` saved, and those on the stack above the return address.
///
/// # Safety
/// `g` is in `morestack` for `func`, and its stack has been copied.
unsafe fn adjust_arguments(g: &mut G, func: &CompiledFunc, adjust: Adjust) {
    for (i, word) in g.header.morestack_args.iter_mut().enumerate() {
        if func.pointer_args & 1 << i != 0 {
            let mut value = *word as usize;
            adjust.word(&mut value);
            *word = value as u64;
        }
    }
    for &i in &func.pointer_stack_args {
        // SAFETY: the word lies above the return address, in the caller's frame.
        unsafe { adjust.slot(g.header.sp + 8 + 8 * usize::from(i)) };
    }
}

/// What the runtime keeps for the goroutine.
///
/// # Safety
/// `g` is ours, its sudogs too.
unsafe fn adjust_records(g: &mut G, adjust: Adjust) {
    for defer in g.defers_mut() {
        adjust.word(&mut defer.fp);
        adjust.word(&mut defer.closure);
    }
    if let Some(extra) = &mut g.extra {
        for panic in &mut extra.panics {
            adjust.word(&mut panic.fp);
            adjust.word(&mut panic.deferring_fp);
        }
    }
    adjust.pointer(&mut g.select_cases);
    adjust.pointer(&mut g.native_results);
    let mut sudog = g.sudogs;
    while !sudog.is_null() {
        // SAFETY: the chain belongs to the goroutine, which is parked or has none.
        unsafe {
            adjust.pointer(&mut (*sudog).elem);
            sudog = (*sudog).wait_link;
        }
    }
}
