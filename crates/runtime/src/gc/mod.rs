//! The collector: precise, tri-colour mark and lazy sweep, marking in parallel with the world stopped.
//!
//! A cycle:
//! 1. Allocation reaches the goal and asks the scheduler ([`request`]), or the program calls `runtime.GC`.
//! 2. [`collect`] stops the world. What is left unswept is swept, and the caches give their spans back.
//! 3. [`Phase::Mark`]: roots are shaded, then [`mark`]'s workers scan until nothing grey is left.
//!    What is not reached then and has a finalizer or a cleanup is handed to the goroutine that runs them ([`specials`]).
//! 4. [`Phase::MarkTermination`]: counts, the next goal ([`pacer`]), and all spans become unswept ([`heap::central`]).
//! 5. The world goes on; allocation sweeps spans as it needs them.
//!
//! # Invariants
//! - No cycle begins while a span is unswept, so a mark bit always belongs to the running cycle.
//! - In [`Phase::Mark`] new objects are black, and stores of pointers go through [`barrier`]. While marking happens with
//!   the world stopped both have nothing to do; they are what marking beside the program will rest on.
//! - Nothing that Rust code holds is a root: collections begin only where every goroutine stands at a safepoint.

pub mod barrier;
pub mod mark;
pub mod pacer;
pub mod scan;
pub mod specials;
pub mod verify;

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::g::G;
use crate::heap::{self, HEAP_LIVE, central, stats};
use crate::sched::{self, World};

/// Where a cycle stands.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Off = 0,
    Mark = 1,
    MarkTermination = 2,
}

static PHASE: AtomicU8 = AtomicU8::new(Phase::Off as u8);
/// Live bytes at which the next cycle is asked for. Zero until [`init`]: the first allocation comes here and sets it.
static TRIGGER: AtomicUsize = AtomicUsize::new(0);
/// A cycle was asked for and has not begun: 0 none, 1 by allocation, 2 since there was none for long.
static REQUESTED: AtomicU8 = AtomicU8::new(0);
const FOR_GOAL: u8 = 1;
const FOR_IDLE: u8 = 2;
/// A program that allocates little is collected this often nevertheless.
const IDLE_PERIOD: Duration = Duration::from_secs(120);

/// Live bytes at which allocation asks for a collection.
#[inline]
pub fn trigger() -> usize {
    TRIGGER.load(Ordering::Relaxed)
}

/// Whether a cycle is marking.
#[inline]
pub fn is_marking() -> bool {
    PHASE.load(Ordering::Relaxed) == Phase::Mark as u8
}

/// Public for tests, which try the barrier without a cycle that runs beside them.
#[doc(hidden)]
pub fn set_phase(phase: Phase) {
    // The world is stopped: starting it publishes the phase.
    PHASE.store(phase as u8, Ordering::Relaxed);
}

/// Reads `GOGC`, `GOMEMLIMIT`, `GODEBUG`. Done by the first allocation if the program's start did not.
pub fn init() {
    let mut pacer = pacer::PACER.lock();
    if TRIGGER.load(Ordering::Relaxed) == 0 {
        pacer.read_environment();
        if heap::stress_interval() != 0 {
            central::POISON.store(true, Ordering::Relaxed);
        }
        TRIGGER.store(pacer.trigger(), Ordering::Relaxed);
    }
}

/// Asks for a collection, which begins when the running goroutine is at a safepoint.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native.
#[cold]
pub unsafe fn request(g: *mut G) {
    if trigger() == 0 {
        init();
    }
    // SAFETY: the caller's promise.
    let is_stressed = heap::stress_interval() != 0 && unsafe { sched::is_worth_stressing(g) };
    let is_due = HEAP_LIVE.load(Ordering::Relaxed) >= trigger() || is_stressed;
    // Later allocations ask again: the first request may have come from a place where it could not be followed.
    if is_due {
        REQUESTED.store(FOR_GOAL, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { sched::request_gc(g) };
    }
}

/// Called by the scheduler after [`crate::sched::request_gc`]: on a thread with a P and no running goroutine; may stop the world.
pub fn poll() {
    match REQUESTED.swap(0, Ordering::Relaxed) {
        FOR_GOAL => collect(Cause::Goal),
        FOR_IDLE => collect(Cause::Idle),
        _ => {}
    }
}

/// Whether a collection waits to begin.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed) != 0
}

/// For a thread that looks after things now and then: asks for a cycle if the last one was long ago. If so, [`poll`]
/// is to be called.
pub fn request_if_idle_for_long() -> bool {
    if trigger() != 0 && pacer::PACER.lock().is_overdue(IDLE_PERIOD) {
        REQUESTED.store(FOR_IDLE, Ordering::Relaxed);
    }
    is_requested()
}

/// `runtime.collect`: for [`crate::sched::at_safepoint`]. A whole cycle, swept to the end.
///
/// # Safety
/// As for any [`crate::g::Hook`].
pub unsafe fn force(g: *mut G) {
    collect(Cause::Forced);
    central::finish_sweep();
    specials::await_calls(g);
}

/// `debug.FreeOSMemory`: for [`crate::sched::at_safepoint`].
///
/// # Safety
/// As for any [`crate::g::Hook`].
pub unsafe fn force_and_release(g: *mut G) {
    // SAFETY: the caller's promise.
    unsafe { force(g) };
    heap::release_free_memory();
}

/// Why a cycle runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Goal,
    Forced,
    /// Two minutes without a cycle.
    Idle,
}

/// Runs a cycle: stops the world and starts it again. Called in a hook or [`poll`].
pub fn collect(cause: Cause) {
    init();
    let begin = Instant::now();
    central::finish_sweep();
    let world = sched::stop_the_world("GC");
    if cause == Cause::Goal
        && HEAP_LIVE.load(Ordering::Relaxed) < trigger()
        && heap::stress_interval() == 0
    {
        // Someone else's cycle came first.
        return;
    }
    let stopped = Instant::now();
    stats::flush_caches(&world);
    let n_workers = n_workers();
    let roots = WorldRoots::new(&world);
    note_waits(&roots.goroutines);
    let report = collect_stopped(&roots, n_workers);
    crate::stack::shrink_stacks(&world);
    let marked = Instant::now();
    let times = pacer::Times {
        sweep: stopped - begin,
        mark: report.mark_time,
        termination: marked - stopped - report.mark_time.min(marked - stopped),
        begin,
    };
    pacer::PACER
        .lock()
        .end_cycle(cause, &report, &times, n_workers);
    drop(world);
    specials::wake_worker();
}

/// Notes the time for goroutines that have begun to wait since the last cycle, for traces.
fn note_waits(goroutines: &[*mut G]) {
    let now = sched::timer::now();
    for &g in goroutines {
        // SAFETY: goroutines are never freed, and the field is atomic.
        let since = unsafe { &(*g).wait_since };
        if since.load(Ordering::Relaxed) == 0 {
            since.store(now, Ordering::Relaxed);
        }
    }
}

/// The middle of a cycle, with the world stopped and the caches flushed. Tests call it with roots of their own.
pub fn collect_stopped(roots: &dyn mark::Roots, n_workers: usize) -> Report {
    central::finish_sweep();
    let begin = Instant::now();
    let heap_at_start = HEAP_LIVE.load(Ordering::Relaxed);
    set_phase(Phase::Mark);
    let mark::Marked { mut live, roots } = mark::mark_all(roots, n_workers);
    live += specials::collect_due();
    let mark_time = begin.elapsed();
    set_phase(Phase::MarkTermination);
    if heap::stress_interval() != 0 && verify::is_due(live) {
        verify::check_marks();
    }
    central::start_sweep();
    HEAP_LIVE.store(live, Ordering::Relaxed);
    let trigger = pacer::PACER.lock().next_trigger(live, roots);
    TRIGGER.store(trigger, Ordering::Relaxed);
    REQUESTED.store(0, Ordering::Relaxed);
    if central::POISON.load(Ordering::Relaxed) {
        // In the stress mode freed memory is overwritten now, not when someone needs it.
        central::finish_sweep();
    }
    set_phase(Phase::Off);
    Report {
        heap_at_start,
        live,
        mark_time,
    }
}

/// What a cycle found.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Bytes when it began, and those that stay.
    pub heap_at_start: usize,
    pub live: usize,
    pub mark_time: Duration,
}

/// Applies a new setting: `edit` changes the pacer, then the goal is computed anew.
pub fn configure<R>(edit: impl FnOnce(&mut pacer::Pacer) -> R) -> R {
    init();
    let mut pacer = pacer::PACER.lock();
    let result = edit(&mut pacer);
    TRIGGER.store(pacer.trigger(), Ordering::Relaxed);
    result
}

/// Sweeps a little; whether there is more. For threads that have nothing else to do; they hold a P.
pub fn sweep_when_idle() -> bool {
    central::sweep_some(16)
}

/// The collector's share of the statistics.
pub fn add_stats(stats: &mut stats::MemStats) {
    pacer::PACER.lock().add_stats(stats);
    stats.next_gc = pacer::PACER.lock().goal() as u64;
}

/// One marking thread per P, but one only for a heap that is marked about as fast as a thread starts. What was live in the
/// last cycle is the best guess of what will be.
fn n_workers() -> usize {
    const WORTH_A_THREAD: usize = 2 << 20;
    if pacer::PACER.lock().live() < WORTH_A_THREAD {
        return 1;
    }
    sched::n_procs().clamp(1, 32)
}

/// The roots of the stopped world: the goroutines one by one, so that workers share them.
struct WorldRoots<'w> {
    world: &'w World,
    goroutines: Vec<*mut G>,
}

// SAFETY: the world is stopped: goroutines and globals are only read, each by one worker.
unsafe impl Sync for WorldRoots<'_> {}

impl<'w> WorldRoots<'w> {
    fn new(world: &'w World) -> Self {
        WorldRoots {
            world,
            goroutines: crate::roots::goroutines(world),
        }
    }
}

impl mark::Roots for WorldRoots<'_> {
    fn n_parts(&self) -> usize {
        self.goroutines.len() + 1
    }

    fn scan_part(&self, part: usize, visit: &mut dyn FnMut(usize)) {
        match part.checked_sub(1) {
            None => {
                crate::roots::scan_globals(self.world, visit);
                specials::for_each_root(visit);
            }
            Some(index) => crate::roots::scan_goroutine(self.world, self.goroutines[index], visit),
        }
    }
}
