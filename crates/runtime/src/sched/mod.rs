//! The scheduler: goroutines (G), threads (M), and the right to run compiled code (P).
//!
//! There are GOMAXPROCS Ps. A thread that holds one runs goroutines from its queue, from the global queue, or from the queues
//! of others; one that finds nothing gives its P back and sleeps. A thread in a blocking call keeps its P for a moment;
//! `sysmon` takes it away when others could use it.
//!
//! - A goroutine leaves its thread only in [`crate::arch`]'s routines, which return from `arch::resume` into the loop in [`run`];
//!   [`Leave`] says why. So all of the scheduler is plain Rust on the system stack.
//! - Parking is in two steps: the builtin enters the goroutine into some queue and returns; the loop then turns Running into
//!   Waiting. A waker that comes in between turns Running into Woken, and the loop sees that the wait is over.
//! - Waking a thread for new work is left to at most one thread that searches ("spinning"): it wakes the next when it finds
//!   something, so that a burst of work wakes as many as are needed and no more.
//! - Stopping the world ([`world`]): guards are poisoned, signals reach loops without calls, Ps of blocking calls are
//!   taken away. Threads inside builtins stop when the builtin ends.
//!
//! - Goroutines that wait for pipes, terminals and sockets park in [`poll`], which has a thread that waits for all of them.
//! - Signals that a program may ask for are noted by the handler and handed on by `sysmon` ([`notify`]).
//!
//! Lock order: channel locks and the semaphore table, then the table of [`poll`], then the timer table, then [`INNER`]. Allocation of Rust memory
//! is allowed under all of them, allocation in the goroutines' heap under none.

pub(crate) mod m;
pub(crate) mod notify;
pub(crate) mod p;
pub(crate) mod poll;
pub(crate) mod run;
pub(crate) mod signal;
pub(crate) mod spawn;
pub(crate) mod sysmon;
pub(crate) mod timer;
mod trace;
mod world;

use std::collections::VecDeque;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use mini_abi::builtins::Builtin;
use mini_abi::g::Action;
use parking_lot::Mutex;

use crate::g::{G, Hook, Leave, Status, Top, WaitReason};

pub use m::M;
pub(crate) use m::current_m;
pub use p::P;
pub(crate) use spawn::{end_goroutine, return_from_goroutine};
pub use world::{World, for_each_p, stop_the_world};
pub(crate) use world::{freeze, set_max_procs};

/// Most Ps there can be.
pub const MAX_PROCS: usize = 1024;

static PS: [AtomicPtr<P>; MAX_PROCS] = [const { AtomicPtr::new(null_mut()) }; MAX_PROCS];
static N_PROCS: AtomicUsize = AtomicUsize::new(0);
static N_IDLE_PS: AtomicUsize = AtomicUsize::new(0);
static N_SPINNING: AtomicUsize = AtomicUsize::new(0);
static N_GLOBAL: AtomicUsize = AtomicUsize::new(0);
/// Threads at the end of a blocking call that wait for a P.
static N_WANT_P: AtomicUsize = AtomicUsize::new(0);
/// Goroutines in blocking calls.
static N_BLOCKING: AtomicUsize = AtomicUsize::new(0);
/// The world is being stopped, or is stopped.
static STOP_WANTED: AtomicBool = AtomicBool::new(false);
static GC_WANTED: AtomicBool = AtomicBool::new(false);
static N_MS: AtomicU32 = AtomicU32::new(0);
/// All threads, for signals.
static ALL_MS: Mutex<Vec<Shared<M>>> = Mutex::new(Vec::new());

/// What the scheduler's lock guards.
struct Inner {
    idle_ps: Vec<Shared<P>>,
    idle_ms: Vec<Shared<M>>,
    /// The idle thread that wakes up for the next timer, or null.
    timer_m: Shared<M>,
    global_head: Shared<G>,
    global_tail: Shared<G>,
    want_p: VecDeque<Shared<M>>,
    /// Ps that have not stopped yet.
    stop_wait: usize,
    /// Who stops the world.
    stopper: Shared<M>,
    free_gs: Shared<G>,
    next_id: u64,
}

static INNER: Mutex<Inner> = Mutex::new(Inner {
    idle_ps: Vec::new(),
    idle_ms: Vec::new(),
    timer_m: Shared(null_mut()),
    global_head: Shared(null_mut()),
    global_tail: Shared(null_mut()),
    want_p: VecDeque::new(),
    stop_wait: 0,
    stopper: Shared(null_mut()),
    free_gs: Shared(null_mut()),
    next_id: 1,
});

/// A pointer to something that is never freed, in a table under a lock.
#[derive(Debug)]
struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: G, M and P are never freed, and say themselves which thread may touch which field.
unsafe impl<T> Send for Shared<T> {}

/// GOMAXPROCS.
pub fn n_procs() -> usize {
    N_PROCS.load(Ordering::Acquire)
}

/// The Ps in use.
fn all_ps() -> impl Iterator<Item = &'static P> {
    // SAFETY: the first N_PROCS places are filled, and Ps are never freed.
    PS[..n_procs()]
        .iter()
        .map(|p| unsafe { &*p.load(Ordering::Acquire) })
}

/// Start of a P's random numbers.
fn random_seed(id: u32) -> u64 {
    let seed = match crate::debug::flags().seed {
        Some(seed) => seed.wrapping_add(1),
        None => timer::now() as u64,
    };
    // Neighbouring seeds shall give unlike sequences; zero is the one state to avoid.
    (seed ^ u64::from(id) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// The goroutine that this thread runs (null: none). Inside a builtin prefer the parameter.
pub fn current_g() -> *mut G {
    let m = current_m();
    if m.is_null() {
        return null_mut();
    }
    // SAFETY: a thread's M lives forever.
    unsafe { (*m).current.load(Ordering::Relaxed) }
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
/// builtin returns, and continues after [`ready`]. `ready` may come before that, from any thread.
///
/// # Safety
/// `g` is the running goroutine; called on the system stack inside a builtin or native.
pub unsafe fn park(g: *mut G, reason: WaitReason) {
    // SAFETY: the goroutine is ours.
    unsafe {
        (*g).wait_reason = reason;
        (*g).wait_since.store(0, Ordering::Relaxed);
        (*g).leave = Leave::Wait;
        (*g).top = Top::Call;
        (*g).header.action = Action::Park as u64;
    }
}

/// [`park`]; before the goroutine continues, `hook` runs on the system stack of the thread that will run it.
/// Call it before anyone can call [`ready`].
///
/// # Safety
/// As for [`park`].
pub unsafe fn park_then(g: *mut G, reason: WaitReason, hook: Hook) {
    // SAFETY: the caller's promise.
    unsafe {
        (*g).hook = Some(hook);
        park(g, reason);
    }
}

/// Makes a goroutine that was parked runnable, before those that wait in this thread's queue. Exactly one call for
/// each [`park`].
///
/// # Safety
/// `g` called `park`, or is about to return from the builtin that did.
pub unsafe fn ready(g: *mut G) {
    // SAFETY: the caller's promise.
    unsafe {
        if end_wait(g) {
            run::enqueue(g, true);
        }
    }
}

/// [`ready`], but behind those that wait.
///
/// # Safety
/// As for [`ready`].
pub unsafe fn ready_last(g: *mut G) {
    // SAFETY: the caller's promise.
    unsafe {
        if end_wait(g) {
            run::enqueue(g, false);
        }
    }
}

/// Ends a wait; true: the goroutine has left its thread and is to be queued.
unsafe fn end_wait(g: *mut G) -> bool {
    loop {
        // SAFETY: goroutines are never freed, and the status is atomic.
        let g = unsafe { &*g };
        if g.transition(Status::Waiting, Status::Runnable) {
            return true;
        }
        // It has not left yet; its thread will see.
        if g.transition(Status::Running, Status::Woken) {
            return false;
        }
        std::hint::spin_loop();
    }
}

/// Makes the running builtin or native end at a safepoint: when it has returned and the goroutine stands at the call site
/// with precise frames, `hook` runs in the scheduler, where it may stop the world; then the goroutine continues.
///
/// # Safety
/// As for [`park`]. The builtin must be a safepoint (`Builtin::is_leaf` is false).
pub unsafe fn at_safepoint(g: *mut G, hook: Hook) {
    // SAFETY: the goroutine is ours.
    unsafe {
        (*g).hook = Some(hook);
        (*g).leave = Leave::Safepoint;
        (*g).top = Top::Call;
        (*g).header.action = Action::Park as u64;
    }
}

/// Makes the running builtin or native end by giving way to others.
///
/// # Safety
/// As for [`at_safepoint`].
pub unsafe fn yield_now(g: *mut G) {
    // SAFETY: the goroutine is ours.
    unsafe {
        (*g).leave = Leave::Yield;
        (*g).top = Top::Call;
        (*g).header.action = Action::Park as u64;
    }
}

/// Asks that [`crate::gc::poll`] be called soon, in a scheduler loop, on a thread with a P and no running goroutine, where
/// it may stop the world. `g`, the running goroutine, leaves its thread at the end of the builtin it is in.
///
/// # Safety
/// As for [`park`].
pub unsafe fn request_gc(g: *mut G) {
    GC_WANTED.store(true, Ordering::Release);
    // SAFETY: the goroutine is ours.
    unsafe { (*g).request_preempt() };
}

/// Whether `MINIDEBUG=gcstress` collects now: always, but with many goroutines, whose stacks every collection scans, only now
/// and then, so that a program that starts n of them needs not the square of n.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native.
pub(crate) unsafe fn is_worth_stressing(g: *mut G) -> bool {
    let n = n_goroutines();
    // SAFETY: the caller's promise.
    n < 1000 || unsafe { (*p_of(g)).random() as usize }.is_multiple_of(n / 100)
}

/// Called by `call_on_system_stack` when the guard is poisoned at the end of the builtin at `function`. True: the goroutine
/// leaves, and its results are in `resume_values`.
///
/// # Safety
/// `g` is the running goroutine.
pub(crate) unsafe extern "C" fn stop_after_builtin(g: *mut G, function: usize) -> bool {
    // SAFETY: the goroutine is ours.
    unsafe {
        if !(*g).preempt.load(Ordering::Acquire) || !is_safepoint(function) {
            // At the call of a leaf the stack map is empty: the next prologue stops it, or the next signal.
            return false;
        }
        (*g).clear_preempt();
        (*g).leave = Leave::Preempt;
        (*g).top = Top::Results;
        true
    }
}

/// Whether frames are described at the call sites of the builtin at this address.
fn is_safepoint(function: usize) -> bool {
    let table = crate::builtins::addresses();
    Builtin::ALL
        .iter()
        .any(|builtin| !builtin.is_leaf() && table[*builtin as usize] == function)
}

/// Runs what may block for long while other goroutines get the P. `f` must not touch the heap or park, and
/// pointers that it uses must be reachable from the goroutine's frames.
///
/// # Safety
/// `g` is the running goroutine, inside a native.
pub unsafe fn blocking<R>(g: *mut G, f: impl FnOnce() -> R) -> R {
    // SAFETY: the goroutine and its thread are ours.
    unsafe {
        let m = (*g).m;
        (*g).top = Top::Call;
        N_BLOCKING.fetch_add(1, Ordering::AcqRel);
        (*g).wait_since.store(0, Ordering::Relaxed);
        (*g).set_status(Status::Syscall);
        let p = (*m).p;
        (*p).blocking_tick.fetch_add(1, Ordering::Relaxed);
        let mark = m as usize + p::BLOCKING;
        // Releases what the goroutine wrote to whoever takes the P.
        (*p).status.store(mark, Ordering::SeqCst);
        sysmon::wake();
        let result = f();
        if (*p)
            .status
            .compare_exchange(mark, p::RUNNING, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
        {
            run::reacquire_p(m);
        }
        (*g).set_status(Status::Running);
        N_BLOCKING.fetch_sub(1, Ordering::AcqRel);
        result
    }
}

/// Threads that the scheduler has made, the one that watches the others included.
pub(crate) fn n_threads() -> u32 {
    N_MS.load(Ordering::Relaxed) + 1
}

/// Number of goroutines, those of the runtime left out.
pub fn n_goroutines() -> usize {
    let mut n = 0usize;
    for p in PS.iter() {
        let p = p.load(Ordering::Acquire);
        if p.is_null() {
            break;
        }
        // SAFETY: Ps are never freed.
        n = n.wrapping_add(unsafe { (*p).n_goroutines.load(Ordering::Relaxed) });
    }
    n.saturating_sub(spawn::n_system())
}

/// Appends to the global queue.
fn push_global_batch(batch: &[*mut G]) {
    let mut inner = INNER.lock();
    for &g in batch {
        inner.push_global(g);
    }
}

impl Inner {
    fn push_global(&mut self, g: *mut G) {
        // SAFETY: who queues a goroutine owns its link; those in the queue are guarded by the lock.
        unsafe {
            (*g).link = null_mut();
            if self.global_tail.0.is_null() {
                self.global_head = Shared(g);
            } else {
                (*self.global_tail.0).link = g;
            }
        }
        self.global_tail = Shared(g);
        N_GLOBAL.fetch_add(1, Ordering::Release);
    }

    fn pop_global(&mut self) -> Option<*mut G> {
        let g = self.global_head.0;
        if g.is_null() {
            return None;
        }
        // SAFETY: as above.
        self.global_head = Shared(unsafe { (*g).link });
        if self.global_head.0.is_null() {
            self.global_tail = Shared(null_mut());
        }
        N_GLOBAL.fetch_sub(1, Ordering::Release);
        Some(g)
    }

    /// Takes an idle P, marked as running.
    fn take_idle_p(&mut self) -> Option<*mut P> {
        let p = self.idle_ps.pop()?.0;
        N_IDLE_PS.fetch_sub(1, Ordering::SeqCst);
        sysmon::wake();
        // SAFETY: Ps are never freed; this one is now ours.
        unsafe { (*p).status.store(p::RUNNING, Ordering::SeqCst) };
        Some(p)
    }

    /// Gives a P back.
    fn put_idle_p(&mut self, p: *mut P) {
        // SAFETY: the caller holds it.
        unsafe {
            (*p).m.store(null_mut(), Ordering::Release);
            (*p).status.store(p::IDLE, Ordering::SeqCst);
        }
        self.idle_ps.push(Shared(p));
        N_IDLE_PS.fetch_add(1, Ordering::SeqCst);
    }
}
