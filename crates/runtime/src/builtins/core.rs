//! Builtins for goroutines, panics, printing, natives: what compiled code calls. Each forwards to the function that does it.
//!
//! # Safety
//! As in [`super::heap`]: compiled code calls these on the system stack with the running goroutine's header and arguments
//! as the table in [`mini_abi::builtins`] says. That is what every `SAFETY: as called` below refers to.

#![allow(clippy::missing_safety_doc, reason = "the module says it for all")]

use mini_abi::g::GHeader;
use mini_abi::native::NativeFn;

use super::heap::Pair;
use crate::g::{G, Top};
use crate::{config, panic, print, sched};

pub unsafe extern "C" fn go_start(g: *mut GHeader, closure: usize) {
    // SAFETY: as called.
    unsafe { sched::spawn::go(G::of(g), closure) }
}

pub unsafe extern "C" fn gosched(g: *mut GHeader) {
    // SAFETY: as called.
    unsafe { sched::yield_now(G::of(g)) }
}

// --- defer, panic, recover ----------------------------------------------------------------------

pub unsafe extern "C" fn defer_push(g: *mut GHeader, what: usize, is_list: usize) {
    // SAFETY: as called.
    unsafe { panic::defer(G::of(g), what, is_list != 0) }
}

pub unsafe extern "C" fn defer_pop(g: *mut GHeader, _: usize) -> Pair<usize, u64> {
    // SAFETY: as called.
    let (closure, has_more) = unsafe { panic::pop_deferred(G::of(g)) };
    Pair(closure, u64::from(has_more))
}

pub unsafe extern "C" fn recover(g: *mut GHeader, _: usize) -> Pair<u64, u64> {
    // SAFETY: as called.
    let [word, data] = unsafe { panic::recover(G::of(g)) };
    Pair(word, data)
}

// --- printing -------------------------------------------------------------------------------------

pub unsafe extern "C" fn print_lock(g: *mut GHeader) {
    // SAFETY: as called.
    unsafe { print::begin(G::of(g)) }
}

pub unsafe extern "C" fn print_unlock(g: *mut GHeader) {
    // SAFETY: as called.
    unsafe { print::end(G::of(g)) }
}

pub unsafe extern "C" fn print_bool(g: *mut GHeader, value: u64) {
    // SAFETY: as called.
    unsafe { print::bool(G::of(g), value & 0xff != 0) }
}

pub unsafe extern "C" fn print_int(g: *mut GHeader, value: i64) {
    // SAFETY: as called.
    unsafe { print::args(G::of(g), format_args!("{value}")) }
}

pub unsafe extern "C" fn print_uint(g: *mut GHeader, value: u64) {
    // SAFETY: as called.
    unsafe { print::args(G::of(g), format_args!("{value}")) }
}

pub unsafe extern "C" fn print_float(g: *mut GHeader, value: f64, bits: u64) {
    // SAFETY: as called.
    unsafe { print::text(G::of(g), &print::float(value, bits as u32)) }
}

pub unsafe extern "C" fn print_complex(g: *mut GHeader, re: f64, im: f64, bits: u64) {
    // SAFETY: as called.
    unsafe { print::text(G::of(g), &print::complex((re, im), bits as u32)) }
}

pub unsafe extern "C" fn print_string(g: *mut GHeader, ptr: *const u8, len: usize) {
    // SAFETY: as called: a string.
    unsafe { print::string(G::of(g), ptr, len) }
}

pub unsafe extern "C" fn print_pointer(g: *mut GHeader, value: u64) {
    // SAFETY: as called.
    unsafe { print::args(G::of(g), format_args!("{value:#x}")) }
}

pub unsafe extern "C" fn print_slice(g: *mut GHeader, ptr: u64, len: i64, cap: i64) {
    // SAFETY: as called.
    unsafe { print::args(G::of(g), format_args!("[{len}/{cap}]{ptr:#x}")) }
}

pub unsafe extern "C" fn print_interface(g: *mut GHeader, word: u64, data: u64) {
    // SAFETY: as called.
    unsafe { print::args(G::of(g), format_args!("({word:#x},{data:#x})")) }
}

pub unsafe extern "C" fn print_space(g: *mut GHeader) {
    // SAFETY: as called.
    unsafe { print::text(G::of(g), " ") }
}

pub unsafe extern "C" fn print_newline(g: *mut GHeader) {
    // SAFETY: as called.
    unsafe { print::text(G::of(g), "\n") }
}

// --- the program --------------------------------------------------------------------------------

pub unsafe extern "C" fn call_native(
    g: *mut GHeader,
    native: usize,
    args: *const u64,
    results: *mut u64,
) {
    // SAFETY: as called: the address of a native, its arguments and room for its results, in the frame. If the
    // native parks, who wakes it finds the room here.
    unsafe {
        (*G::of(g)).native_results = results;
        (*G::of(g)).top = Top::Call;
        std::mem::transmute::<usize, NativeFn>(native)(g, args, results);
    }
}

/// The entry of the function; compiles it if need be. Also called by the routine behind lazy-call stubs, where the
/// goroutine stands at no safepoint: it stays on its thread.
pub unsafe extern "C" fn compile(_: *mut GHeader, id: u32) -> usize {
    (config().compile_hook)(id)
}

pub unsafe extern "C" fn float_mod(_: *mut GHeader, x: f64, y: f64) -> f64 {
    // Rust's remainder is C's fmod, which is exact.
    x % y
}
