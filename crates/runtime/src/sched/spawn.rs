//! Beginning and end: of the program, of threads, of goroutines.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use mini_abi::g::Action;
use parking_lot::Mutex;

use super::*;
use crate::arch;
use crate::stack;

/// System stack of a thread. The compiler runs on it when a function is called for the first time.
const THREAD_STACK: usize = 8 << 20;
/// Goroutine ids that a P takes at a time.
const ID_BATCH: u64 = 16;
/// Runnable goroutines that may wait for a turn before who starts more of them gives up its own, once for as many started.
const BACKLOG: u64 = 1024;
/// Goroutines that a P keeps for reuse.
const P_KEEPS: u32 = 256;

/// All goroutines ever made.
static ALL_GS: Mutex<Vec<Shared<G>>> = Mutex::new(Vec::new());
/// Goroutines that belong to the library (the one of all timers).
static N_SYSTEM: AtomicUsize = AtomicUsize::new(0);
/// Threads that a program may have; see `debug.SetMaxThreads`.
static MAX_THREADS: AtomicU64 = AtomicU64::new(10_000);
static MAIN_G: AtomicPtr<G> = AtomicPtr::new(null_mut());

pub(super) fn n_system() -> usize {
    N_SYSTEM.load(Ordering::Relaxed)
}

/// Marks the running goroutine as the library's: it is not counted.
///
/// # Safety
/// `g` is the running goroutine.
pub(crate) unsafe fn make_system(g: *mut G) {
    // SAFETY: the caller's promise.
    unsafe {
        if !(*g).is_system {
            (*g).is_system = true;
            N_SYSTEM.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// All goroutines that are not dead.
pub(crate) fn live_goroutines() -> Vec<*mut G> {
    ALL_GS
        .lock()
        .iter()
        .map(|g| g.0)
        // SAFETY: goroutines are never freed.
        .filter(|g| !matches!(unsafe { (**g).status() }, Status::Dead | Status::Idle))
        .collect()
}

/// Makes Ps until there are `n`.
pub(super) fn make_ps(n: usize) {
    for (id, place) in PS[..n].iter().enumerate() {
        if place.load(Ordering::Acquire).is_null() {
            place.store(Box::into_raw(P::new(id as u32)), Ordering::Release);
        }
    }
}

/// Begins the program: this thread becomes the first M, with the first P, and runs the closure as goroutine 1.
pub(crate) fn boot(procs: usize, main_closure: usize) -> ! {
    let procs = if crate::debug::flags().seed.is_some() {
        1
    } else {
        procs.clamp(1, MAX_PROCS)
    };
    make_ps(procs);
    N_PROCS.store(procs, Ordering::SeqCst);
    signal::install_handlers();
    let m = new_m();
    // SAFETY: nothing else runs yet; all that is made here lives forever.
    unsafe {
        M::bind(m);
        run::attach(m, PS[0].load(Ordering::Acquire));
        {
            let mut inner = INNER.lock();
            for place in PS[1..procs].iter().rev() {
                inner.put_idle_p(place.load(Ordering::Acquire));
            }
        }
        let g = new_goroutine((*m).p, main_closure);
        MAIN_G.store(g, Ordering::Release);
        (*(*m).p).push_next(g);
        sysmon::start();
        run::run(m)
    }
}

/// Sets `debug.SetMaxThreads` and returns the previous limit.
pub(crate) fn set_max_threads(n: u64) -> u64 {
    let old = MAX_THREADS.swap(n, Ordering::Relaxed);
    check_threads();
    old
}

/// Ends the program if it has more threads than allowed.
fn check_threads() {
    let limit = MAX_THREADS.load(Ordering::Relaxed);
    if u64::from(n_threads()) > limit {
        crate::fatal::write(&format!("runtime: program exceeds {limit}-thread limit\n"));
        crate::fatal::throw("thread exhaustion");
    }
}

pub(super) fn new_m() -> *mut M {
    check_threads();
    let m = Box::into_raw(M::new(N_MS.fetch_add(1, Ordering::Relaxed)));
    ALL_MS.lock().push(Shared(m));
    m
}

/// Starts the thread of `m`, which has a P.
///
/// # Safety
/// `m` is new.
pub(super) unsafe fn start_thread(m: *mut M) {
    let address = m as usize;
    let body = move || {
        let m = address as *mut M;
        // SAFETY: `m` was made for this thread and has a P.
        unsafe {
            M::bind(m);
            run::run(m)
        }
    };
    let builder = std::thread::Builder::new().stack_size(THREAD_STACK);
    if builder.spawn(body).is_err() {
        crate::fatal::throw("cannot start a thread");
    }
}

/// A goroutine that will call `closure`, in no queue.
///
/// # Safety
/// `p` is held by this thread; `closure` is a func value without parameters.
unsafe fn new_goroutine(p: *mut P, closure: usize) -> *mut G {
    // SAFETY: the P is ours; a goroutine that was free or is new, too.
    unsafe {
        let g = take_free(p);
        if (*g).header.stack_hi == 0 {
            stack::give_stack(g, &mut *(*p).stacks.get());
        }
        (*g).header.sp = (*g).header.stack_hi - arch::STACK_TOP;
        (*g).header.bp = 0;
        (*g).header.action = Action::Return as u64;
        (*g).clear_preempt();
        (*g).start_closure = closure;
        (*g).resume_at = arch::resume_start_address();
        (*g).top = Top::Start;
        let (next, end) = (*p).ids.get();
        let (next, end) = if next == end {
            let mut inner = INNER.lock();
            let first = inner.next_id;
            inner.next_id += ID_BATCH;
            (first, first + ID_BATCH)
        } else {
            (next, end)
        };
        (*p).ids.set((next + 1, end));
        (*g).id = next;
        (*p).n_goroutines.fetch_add(1, Ordering::Relaxed);
        (*g).set_status(Status::Runnable);
        g
    }
}

/// A goroutine for reuse, or a new one.
unsafe fn take_free(p: *mut P) -> *mut G {
    // SAFETY: the P and its list are ours; the common list is under the lock.
    unsafe {
        let p = &*p;
        let g = p.free_gs.get();
        if !g.is_null() {
            p.free_gs.set((*g).link);
            p.n_free_gs.set(p.n_free_gs.get() - 1);
            return g;
        }
        {
            let mut inner = INNER.lock();
            let mut first = inner.free_gs.0;
            if !first.is_null() {
                let result = first;
                first = (*first).link;
                for _ in 0..P_KEEPS / 4 {
                    if first.is_null() {
                        break;
                    }
                    let next = (*first).link;
                    (*first).link = p.free_gs.get();
                    p.free_gs.set(first);
                    p.n_free_gs.set(p.n_free_gs.get() + 1);
                    first = next;
                }
                inner.free_gs = Shared(first);
                return result;
            }
        }
        let g = Box::into_raw(G::new());
        ALL_GS.lock().push(Shared(g));
        g
    }
}

/// Starts a goroutine: the `go` statement.
///
/// # Safety
/// `parent` is the running goroutine, inside a builtin; `closure` is a func value without parameters.
pub(crate) unsafe fn go(parent: *mut G, closure: usize) {
    if closure == 0 {
        crate::fatal::throw("go of nil func value");
    }
    // SAFETY: the caller's promise.
    unsafe {
        let p = p_of(parent);
        let g = new_goroutine(p, closure);
        (*g).creator_pc = *((*parent).header.sp as *const usize);
        (*g).creator_id = (*parent).id;
        (*p).push_next(g);
        run::wake_p();
        // Who starts many goroutines lets them run now and then: their stacks are used again while they are in the caches, and
        // there are never more of them than their number is worth.
        if (*g).id.is_multiple_of(BACKLOG) && N_GLOBAL.load(Ordering::Relaxed) >= BACKLOG as usize {
            (*parent).request_preempt();
        }
    }
}

/// Whether the goroutine is the one that runs `main.main`.
pub(crate) fn is_main(g: &G) -> bool {
    std::ptr::eq(g, MAIN_G.load(Ordering::Relaxed))
}

/// The first function of the goroutine has returned. If it was main's, so does the program.
pub(crate) unsafe extern "C" fn return_from_goroutine(g: *mut G) {
    if std::ptr::eq(g, MAIN_G.load(Ordering::Relaxed)) {
        crate::fatal::exit(0);
    }
    // SAFETY: the caller's promise.
    unsafe { end_goroutine(g) }
}

/// The goroutine ends: it leaves its stack for good.
///
/// # Safety
/// Called by the routines of `arch` on behalf of the running goroutine.
pub(crate) unsafe extern "C" fn end_goroutine(g: *mut G) {
    // SAFETY: the goroutine is ours.
    unsafe {
        (*g).leave = Leave::Exit;
        (*g).top = Top::Call;
        (*g).header.action = Action::Park as u64;
    }
}

/// Puts a goroutine that has ended where the next `go` finds it.
///
/// # Safety
/// `m` is this thread's; `g` has just left it for the last time.
pub(super) unsafe fn bury(m: *mut M, g: *mut G) {
    // SAFETY: nobody else knows the goroutine any more, except as a dead one in `ALL_GS`.
    unsafe {
        let p = &*(*m).p;
        (*g).clear_defers();
        (*g).extra = None;
        (*g).thread_locks = 0;
        (*g).panics_on_fault = false;
        (*g).native_results = null_mut();
        (*g).sudogs = null_mut();
        if (*g).is_system {
            (*g).is_system = false;
            N_SYSTEM.fetch_sub(1, Ordering::Relaxed);
        }
        (*g).set_status(Status::Dead);
        stack::take_large_stack(g, &mut *p.stacks.get());
        p.n_goroutines.fetch_sub(1, Ordering::Relaxed);
        (*g).link = p.free_gs.get();
        p.free_gs.set(g);
        p.n_free_gs.set(p.n_free_gs.get() + 1);
        if p.n_free_gs.get() > P_KEEPS {
            let mut inner = INNER.lock();
            for _ in 0..P_KEEPS / 2 {
                let g = p.free_gs.get();
                p.free_gs.set((*g).link);
                (*g).link = inner.free_gs.0;
                inner.free_gs = Shared(g);
            }
            p.n_free_gs.set(p.n_free_gs.get() - P_KEEPS / 2);
        }
    }
}
