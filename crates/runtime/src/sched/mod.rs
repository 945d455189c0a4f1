//! The scheduler: goroutines (G), threads (M), the right to run compiled code (P).
use crate::g::{G, Hook, WaitReason};
use std::cell::UnsafeCell;

/// A thread.
#[derive(Debug)]
pub struct M {
    pub p: *mut P,
}

/// The right to run compiled code, and what goes with it.
#[derive(Debug)]
pub struct P {
    pub id: u32,
    /// The heap's part: touched by the thread that holds the P, or by who stopped the world.
    pub heap: UnsafeCell<crate::heap::PerP>,
}

/// Proof that the world is stopped; starts it again when dropped.
#[derive(Debug)]
pub struct World(());

/// The goroutine that this thread runs (null: none). Inside a builtin prefer the parameter.
pub fn current_g() -> *mut G {
    unimplemented!()
}

/// The P that the running goroutine's thread holds.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native.
#[inline]
pub unsafe fn p_of(g: *mut G) -> *mut P {
    // SAFETY: a running goroutine has a thread, and that thread a P.
    unsafe { (*(*g).m).p }
}

/// Makes the running builtin or native end by waiting: returns at once; the goroutine leaves its thread when the
/// builtin returns, and continues after [`ready`]. `ready` may come before that.
///
/// # Safety
/// `g` is the running goroutine; called on the system stack inside a builtin or native.
pub unsafe fn park(g: *mut G, reason: WaitReason) {
    let _ = (g, reason);
    unimplemented!()
}

/// [`park`]; before the goroutine continues, `hook` runs on the system stack of the thread that will run it.
///
/// # Safety
/// As for [`park`].
pub unsafe fn park_then(g: *mut G, reason: WaitReason, hook: Hook) {
    let _ = (g, reason, hook);
    unimplemented!()
}

/// Makes a goroutine that was parked runnable. Exactly one call for each [`park`].
///
/// # Safety
/// `g` called `park`, or is about to return from the builtin that did.
pub unsafe fn ready(g: *mut G) {
    let _ = g;
    unimplemented!()
}

/// Makes the running builtin or native end at a safepoint: when it has returned and the goroutine stands at the call site
/// with precise frames, `hook` runs in the scheduler, where it may stop the world; then the goroutine continues.
///
/// # Safety
/// As for [`park`].
pub unsafe fn at_safepoint(g: *mut G, hook: Hook) {
    let _ = (g, hook);
    unimplemented!()
}

/// Asks that [`crate::gc::poll`] be called soon, in a scheduler loop, on a thread with a P and no running goroutine, where
/// it may stop the world. `g`, the running goroutine, leaves its thread at the end of the builtin it is in.
///
/// # Safety
/// As for [`park`].
pub unsafe fn request_gc(g: *mut G) {
    let _ = g;
    unimplemented!()
}

/// Runs what may block for long while other goroutines get the P. `f` must not touch the heap or park.
///
/// # Safety
/// `g` is the running goroutine, inside a native.
pub unsafe fn blocking<R>(g: *mut G, f: impl FnOnce() -> R) -> R {
    let _ = g;
    f()
}

/// Stops all goroutines at safepoints. Called in a hook (see [`at_safepoint`]) or in [`crate::gc::poll`].
pub fn stop_the_world(reason: &'static str) -> World {
    let _ = reason;
    unimplemented!()
}

/// Calls `visit` with each P; the world is stopped, so the caller may use all their parts.
pub fn for_each_p(_world: &World, visit: &mut dyn FnMut(*mut P)) {
    let _ = visit;
    unimplemented!()
}
