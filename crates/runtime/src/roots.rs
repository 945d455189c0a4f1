//! What the collector starts from: stacks, globals, and the runtime's own tables.
//!
//! A visitor gets words that may be null, point into a stack, at static data, or into the heap (also to the inside
//! of an object): it ignores what is not in the heap. Words of a frame stopped by a signal are guesses.

use mini_abi::types::TypeDesc;
use parking_lot::Mutex;

use crate::chan::waitq;
use crate::g::G;
use crate::gc::scan;
use crate::sched::World;
use crate::stack::scan::scan_stack;

/// Values of a type in static data.
struct Global {
    address: usize,
    ty: &'static TypeDesc,
    count: usize,
}

static GLOBALS: Mutex<Vec<Global>> = Mutex::new(Vec::new());

/// Makes `count` values of type `ty` at `address`, in static data, roots.
pub fn register_global(address: usize, ty: &'static TypeDesc, count: usize) {
    if ty.pointer_bytes != 0 && count != 0 {
        GLOBALS.lock().push(Global { address, ty, count });
    }
}

/// Visits all roots.
pub fn for_each_root(world: &World, visit: &mut dyn FnMut(usize)) {
    scan_globals(world, visit);
    for g in goroutines(world) {
        scan_goroutine(world, g, visit);
    }
}

/// All goroutines that are alive.
pub fn goroutines(_world: &World) -> Vec<*mut G> {
    crate::sched::spawn::live_goroutines()
}

/// Visits the words of one goroutine's stack and records.
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "goroutines are never freed, and the world's proof says that this one stands still"
)]
pub fn scan_goroutine(_world: &World, g: *mut G, visit: &mut dyn FnMut(usize)) {
    // SAFETY: the world is stopped, so the goroutine stands at a safepoint and nobody changes its records.
    unsafe {
        let records = |visit: &mut dyn FnMut(usize)| {
            waitq::for_each_root(g, visit);
            for defer in (*g).defers() {
                visit(defer.closure);
            }
            for panic in (*g).extra.iter().flat_map(|extra| &extra.panics) {
                visit(panic.value[1] as usize);
            }
        };
        scan_stack(g, records, visit);
    }
}

/// Visits the pointer words of global variables.
pub fn scan_globals(_world: &World, visit: &mut dyn FnMut(usize)) {
    for global in GLOBALS.lock().iter() {
        // SAFETY: static data that code generation described; the world is stopped, so nobody writes it.
        unsafe {
            let size = global.ty.size * global.count;
            scan::typed(global.address, 0, size, global.ty, &mut |word| visit(word));
        }
    }
}
