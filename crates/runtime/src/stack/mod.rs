//! Goroutine stacks: small at first, larger when needed.
//!
//! A stack is one piece of memory that is replaced by one of twice the size ([`contiguous`]) when a prologue finds too little
//! room, and by one of half the size at a collection if less than a quarter is used. Many languages gave this up, because it
//! needs to know every pointer into a stack; here stack maps are exact, so it costs a copy now and then and nothing
//! else. [`Strategy`] is the place where other ways (linked segments) join.
//!
//! ```text
//!   stack_hi ──► ┌─────────────────┐
//!                │ frames          │  grow down
//!                │                 │
//!   guard    ──► ├─────────────────┤  prologues compare rsp (or rsp - frame) with this
//!                │ 752 bytes       │  for leaf functions without a check, and the thunks into the runtime
//!   stack_lo ──► └─────────────────┘
//! ```

pub mod contiguous;
pub mod pool;
pub mod scan;
pub mod walk;

use std::sync::atomic::{AtomicUsize, Ordering};

use mini_abi::g::{STACK_GUARD, STACK_MIN};

use crate::fatal;
use crate::funcs;
use crate::g::{G, Leave, Top};
use crate::sched::{self, World};

/// How stacks grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// One piece that moves.
    #[default]
    Contiguous,
}

impl std::str::FromStr for Strategy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "contiguous" => Ok(Strategy::Contiguous),
            "segmented" | "hybrid" => Err(format!("--stack={name} is not built yet")),
            _ => Err(format!("--stack={name}: unknown stack strategy")),
        }
    }
}

/// A stack that would become larger than this ends the program; see `debug.SetMaxStack`.
static MAX_STACK: AtomicUsize = AtomicUsize::new(1_000_000_000);

/// Sets the limit and returns the previous one.
pub fn set_max_stack(bytes: usize) -> usize {
    MAX_STACK.swap(bytes, Ordering::Relaxed)
}

/// Gives `g` a stack of the smallest size.
///
/// # Safety
/// `g` is not in use and has no stack; `pool` is that of the P we hold.
pub unsafe fn give_stack(g: *mut G, pool: &mut pool::PerP) {
    let stack = pool.new_stack(STACK_MIN);
    // SAFETY: the caller's promise.
    unsafe {
        (*g).header.stack_lo = stack.lo;
        (*g).header.stack_hi = stack.hi();
    }
}

/// Takes the stack of a goroutine that has ended, unless it is one that the next goroutine can use.
///
/// # Safety
/// `g` is dead; `pool` is that of the P we hold.
pub unsafe fn take_large_stack(g: *mut G, pool: &mut pool::PerP) {
    // SAFETY: the caller's promise.
    unsafe {
        let size = (*g).header.stack_hi - (*g).header.stack_lo;
        if size != STACK_MIN || crate::debug::flags().stack_move {
            pool.free_stack(pool::Stack {
                lo: (*g).header.stack_lo,
                size,
            });
            (*g).header.stack_lo = 0;
            (*g).header.stack_hi = 0;
        }
    }
}

/// A prologue found no room, or the guard poisoned. True: leave the thread, and enter the function later.
///
/// # Safety
/// Called by the routine of the same name, which has saved what there is into `g`.
pub unsafe extern "C" fn morestack(g: *mut G) -> bool {
    // SAFETY: `g` is the running goroutine and stands at the entry of a function.
    unsafe {
        (*g).top = Top::Morestack;
        let entry = (*g).header.morestack_entry;
        let Some(func) = funcs::find(entry) else {
            fatal::internal(&format!("morestack from {entry:#x}, which is no function"));
        };
        let stress = crate::debug::flags().stack_move;
        let size = (*g).header.stack_hi - (*g).header.stack_lo;
        let used = (*g).header.stack_hi - (*g).header.sp;
        // The frame, and the thunk's return address.
        let needed = used + func.frame_size as usize + 64 + STACK_GUARD;
        if needed > size || stress && moves_for_stress(&*sched::p_of(g), used) {
            let mut new_size = size;
            while needed > new_size {
                new_size *= 2;
            }
            if new_size > MAX_STACK.load(Ordering::Relaxed) {
                overflow(g);
            }
            contiguous::copy_stack(g, new_size, &mut *(*sched::p_of(g)).stacks.get());
        }
        if stress {
            // The check would send us here again.
            (*g).header.morestack_entry = func.entry + func.body as usize;
        }
        if !(*g).preempt.load(Ordering::SeqCst) {
            // A poisoned guard without a request is one that was meant for an earlier run.
            (*g).reset_guard();
            return false;
        }
        (*g).clear_preempt();
        (*g).leave = Leave::Preempt;
        true
    }
}

/// Whether `MINIDEBUG=stackmove` moves the stack at this call. A deep stack moves now and then only, so that a program needs
/// not the square of its depth.
fn moves_for_stress(p: &sched::P, used: usize) -> bool {
    used < 16 << 10 || (p.random() as usize).is_multiple_of(used >> 9)
}

/// Ends the program: the stack is larger than allowed.
unsafe fn overflow(g: *mut G) -> ! {
    let limit = MAX_STACK.load(Ordering::Relaxed);
    // SAFETY: `g` is the running goroutine.
    let (sp, stack) = unsafe { ((*g).header.sp, (*g).stack()) };
    fatal::write(&format!(
        "runtime: goroutine stack exceeds {limit}-byte limit\nruntime: sp={sp:#x} stack=[{:#x}, {:#x}]\n",
        stack.start, stack.end
    ));
    fatal::throw("stack overflow")
}

/// Halves the stacks of which less than a quarter is used. Part of a collection.
pub fn shrink_stacks(world: &World) {
    if crate::debug::flags().stack_move {
        return;
    }
    for g in crate::roots::goroutines(world) {
        // SAFETY: the world is stopped, so the goroutine is nobody's and we hold all Ps.
        unsafe {
            let stack = (*g).stack();
            let (size, used) = (stack.len(), stack.end - (*g).header.sp);
            if size > STACK_MIN && used + STACK_GUARD < size / 4 && (*g).stack_may_move() {
                contiguous::copy_stack(g, size / 2, &mut *(*world.p()).stacks.get());
            }
        }
    }
}
