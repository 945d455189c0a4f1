//! What the collector starts from: stacks, globals, and the runtime's own tables.
//!
//! A visitor gets words that may be null, point into a stack, at static data, or into the heap (also to the inside
//! of an object): it ignores what is not in the heap. Words of a frame stopped by a signal are guesses.
use crate::g::G;
use crate::sched::World;

/// Visits all roots.
pub fn for_each_root(world: &World, visit: &mut dyn FnMut(usize)) {
    scan_globals(world, visit);
    for g in goroutines(world) {
        scan_goroutine(world, g, visit);
    }
}

/// All goroutines that are alive.
pub fn goroutines(_world: &World) -> Vec<*mut G> {
    unimplemented!()
}

/// Visits the words of one goroutine's stack and records.
pub fn scan_goroutine(_world: &World, g: *mut G, visit: &mut dyn FnMut(usize)) {
    let _ = (g, visit);
    unimplemented!()
}

/// Visits the pointer words of global variables, and timers.
pub fn scan_globals(_world: &World, visit: &mut dyn FnMut(usize)) {
    let _ = visit;
    unimplemented!()
}
