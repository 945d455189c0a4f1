//! What is to happen when an object is no longer reachable: finalizers and cleanups.
//!
//! A finalizer gets the object, so that is kept for it; what the object refers to is marked as if it were a root, reachable
//! or not. Hence of a chain of objects with finalizers only the first one is unmarked at the end of a cycle: its finalizer
//! runs, and the next one's after a later cycle. A cycle of such objects is never finalized. A cleanup gets something else,
//! and does not keep its object.
//!
//! Whatever is due stands in a queue, a root of its own, until the library's goroutine for that has taken it.
//!
//! From: Go's `mfinal.go`, and "specials" in `mheap.go`.

use std::collections::{BTreeMap, VecDeque};
use std::ptr::null_mut;

use mini_abi::types::TypeDesc;
use parking_lot::Mutex;

use super::scan;
use crate::g::{G, WaitReason};
use crate::heap::span::{Found, Span, find_object};
use crate::sched;

/// A call that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The finalizer, a `func(*T)`, and the object.
    Pointer {
        function: usize,
        ty: *const TypeDesc,
        object: usize,
    },
    /// The finalizer, a `func(I)`, and the object as a value of the interface.
    Interface {
        function: usize,
        ty: *const TypeDesc,
        word: usize,
        object: usize,
    },
    /// A `func()`.
    Cleanup { function: usize },
}

impl Due {
    fn for_each_root(self, visit: &mut dyn FnMut(usize)) {
        match self {
            Due::Pointer {
                function, object, ..
            }
            | Due::Interface {
                function, object, ..
            } => {
                visit(function);
                visit(object);
            }
            Due::Cleanup { function } => visit(function),
        }
    }

    fn function(self) -> usize {
        match self {
            Due::Pointer { function, .. }
            | Due::Interface { function, .. }
            | Due::Cleanup { function } => function,
        }
    }
}

/// What belongs to an object.
#[derive(Debug, Default)]
struct Specials {
    finalizer: Option<Due>,
    /// With numbers by which they can be stopped.
    cleanups: Vec<(u64, Due)>,
}

#[derive(Debug)]
struct State {
    /// By the pointers that they were set with: small objects share a slot.
    objects: BTreeMap<usize, Specials>,
    due: VecDeque<Due>,
    n_cleanups: u64,
    /// The goroutine that waits for calls to make.
    worker: *mut G,
    has_worker: bool,
    /// Until when `runtime.GC` waits for calls, by the monotonic clock in ns.
    patience: i64,
}

// SAFETY: the goroutine is parked and belongs to who takes it out.
unsafe impl Send for State {}

static STATE: Mutex<State> = Mutex::new(State {
    objects: BTreeMap::new(),
    due: VecDeque::new(),
    n_cleanups: 0,
    worker: null_mut(),
    has_worker: false,
    patience: 0,
});

/// How long `runtime.GC` waits, in ns, for calls that a cycle has found. It need not, but in Go they have mostly been made by
/// the time that it returns, and programs count on it.
const PATIENCE: i64 = 2_000_000;

impl State {
    /// True for the first who asks: it starts the goroutine that makes the calls.
    fn needs_worker(&mut self) -> bool {
        !std::mem::replace(&mut self.has_worker, true)
    }

    fn forget_if_empty(&mut self, object: usize) {
        if let Some(specials) = self.objects.get(&object)
            && specials.finalizer.is_none()
            && specials.cleanups.is_empty()
        {
            self.objects.remove(&object);
        }
    }
}

/// Sets the finalizer of the object at an address of the heap; whether to start the goroutine that calls [`wait`] and [`take`]. `None`: it has one.
pub fn set_finalizer(object: usize, finalizer: Due) -> Option<bool> {
    let mut state = STATE.lock();
    let specials = state.objects.entry(object).or_default();
    if specials.finalizer.is_some() {
        return None;
    }
    specials.finalizer = Some(finalizer);
    Some(state.needs_worker())
}

/// Takes the finalizer of an object away, if it has one.
pub fn remove_finalizer(object: usize) {
    let mut state = STATE.lock();
    if let Some(specials) = state.objects.get_mut(&object) {
        specials.finalizer = None;
    }
    state.forget_if_empty(object);
}

/// Adds a cleanup to the object at an address of the heap; its number, and whether to start the goroutine.
pub fn add_cleanup(object: usize, function: usize) -> (u64, bool) {
    let mut state = STATE.lock();
    state.n_cleanups += 1;
    let id = state.n_cleanups;
    let specials = state.objects.entry(object).or_default();
    specials.cleanups.push((id, Due::Cleanup { function }));
    (id, state.needs_worker())
}

/// Takes a cleanup away that is not due yet.
pub fn stop_cleanup(object: usize, id: u64) {
    let mut state = STATE.lock();
    if let Some(specials) = state.objects.get_mut(&object) {
        specials.cleanups.retain(|cleanup| cleanup.0 != id);
    }
    state.forget_if_empty(object);
}

/// Visits what is kept alive for calls to come. The world is stopped.
pub(super) fn for_each_root(visit: &mut dyn FnMut(usize)) {
    let state = STATE.lock();
    for (&object, specials) in &state.objects {
        for (_, cleanup) in &specials.cleanups {
            cleanup.for_each_root(visit);
        }
        if let Some(finalizer) = specials.finalizer {
            visit(finalizer.function());
            if let Some(found) = find_object(object) {
                // SAFETY: the object is there as long as it has specials, and the world stands still.
                unsafe { scan::object(found.span, found.index, &mut |word| visit(word)) };
            }
        }
    }
    for due in &state.due {
        due.for_each_root(visit);
    }
}

/// Behind marking: finds the calls that are due. Objects that are to be finalized are kept; their bytes.
pub(super) fn collect_due() -> usize {
    let mut state = STATE.lock();
    if state.objects.is_empty() {
        return 0;
    }
    // Nothing is kept before all is decided: what shares a slot is due together.
    let mut kept = vec![];
    let State { objects, due, .. } = &mut *state;
    objects.retain(|&object, specials| {
        let Some(Found { span, index }) = find_object(object) else {
            return false;
        };
        if span.is_marked(index) {
            return true;
        }
        if let Some(finalizer) = specials.finalizer.take() {
            due.push_back(finalizer);
            kept.push((span, index));
            return !specials.cleanups.is_empty();
        }
        due.extend(specials.cleanups.iter().map(|cleanup| cleanup.1));
        false
    });
    let newly_marked = |&(span, index): &(&Span, usize)| span.mark::<false>(index);
    let sizes = kept.into_iter().filter(newly_marked);
    sizes.map(|(span, _)| span.elem_size()).sum()
}

/// Wakes the goroutine that makes the calls, if there is something for it. The world runs.
pub(super) fn wake_worker() {
    let mut state = STATE.lock();
    if state.due.is_empty() || state.worker.is_null() {
        return;
    }
    let worker = std::mem::replace(&mut state.worker, null_mut());
    drop(state);
    // SAFETY: it parked in `wait`, and whoever takes it out of the state wakes it.
    unsafe { sched::ready(worker) };
}

/// Behind a cycle that `g` has asked for: begins to wait for calls.
pub(super) fn await_calls(g: *mut G) {
    // SAFETY: goroutines are never freed.
    let is_system = unsafe { (*g).is_system };
    let patience = if is_system { 0 } else { PATIENCE };
    STATE.lock().patience = sched::timer::now() + patience;
}

/// Whether it is worth waiting for calls.
pub fn calls_are_pending() -> bool {
    let state = STATE.lock();
    let is_idle = state.due.is_empty() && !state.worker.is_null();
    state.has_worker && !is_idle && sched::timer::now() < state.patience
}

/// A call that is due.
pub fn take() -> Option<Due> {
    STATE.lock().due.pop_front()
}

/// Parks the goroutine until there is something to [`take`].
///
/// # Safety
/// `g` is the running goroutine, inside a native, and the only one that waits here.
pub unsafe fn wait(g: *mut G) {
    let mut state = STATE.lock();
    if state.due.is_empty() {
        state.worker = g;
        // SAFETY: the caller's promise; nobody finds the goroutine before the lock is released.
        unsafe { sched::park(g, WaitReason::Finalizer) };
    }
}
