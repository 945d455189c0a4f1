//! Natives of package `runtime` about goroutines, panics and traces.

use mini_abi::types::Kind;

use super::call::{Call, natives};
use crate::g::G;
use crate::{panic, sched, stack, string, trace};

natives! {
    "runtime.Gosched" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, which is a safepoint.
        unsafe { sched::yield_now(c.goroutine()) }
    };
    "runtime.Goexit" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine.
        unsafe { panic::goexit(c.goroutine()) }
    };
    "runtime.NumGoroutine" => |c: &mut Call| c.ret_int(0, sched::n_goroutines() as i64);
    "runtime.numThreads" => |c: &mut Call| c.ret_int(0, sched::n_threads().into());
    "runtime.NumCPU" => |c: &mut Call| {
        let n = std::thread::available_parallelism().map_or(1, |n| n.get());
        c.ret_int(0, n as i64);
    };
    "runtime.GOMAXPROCS" => max_procs;
    "runtime.LockOSThread" => |c: &mut Call| {
        // SAFETY: the goroutine is ours.
        unsafe { (*c.goroutine()).thread_locks += 1 };
    };
    "runtime.UnlockOSThread" => |c: &mut Call| {
        // SAFETY: the goroutine is ours.
        let locks = unsafe { &mut (*c.goroutine()).thread_locks };
        *locks = locks.saturating_sub(1);
    };
    "runtime.Breakpoint" => |c: &mut Call| {
        let wait = || {
            // SAFETY: a signal that we or a debugger handle.
            unsafe { libc::raise(libc::SIGTRAP) };
            if !sched::notify::is_wanted(libc::SIGTRAP) {
                // It ends the program, on another thread.
                loop {
                    std::thread::park();
                }
            }
        };
        // SAFETY: inside a native of the running goroutine; nothing of the heap is used.
        unsafe { sched::blocking(c.goroutine(), wait) };
    };
    "runtime.callers" => callers;
    "runtime.describe" => describe;
    "runtime.prepareTraces" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, which is a safepoint.
        unsafe { sched::at_safepoint(c.goroutine(), prepare_traces) };
    };
    "runtime.stackTrace" => stack_trace;
    "runtime.raiseString" => |c: &mut Call| {
        let i = c.int(0) as usize;
        // SAFETY: the goroutine is ours.
        let text = unsafe { (*c.goroutine()).extra().raise_strings.get(i).cloned() };
        return_string(c, 0, text.unwrap_or_default().as_bytes());
    };
    "runtime.panicCount" => |c: &mut Call| {
        // SAFETY: the goroutine is ours.
        let n = unsafe { (*c.goroutine()).extra().panics.len() };
        c.ret_int(0, n as i64);
    };
    "runtime.panicValue" => |c: &mut Call| {
        let i = c.int(0) as usize;
        // SAFETY: the goroutine is ours.
        let value = unsafe { (*c.goroutine()).extra().panics.get(i).map(|panic| panic.value) };
        let [word, data] = value.unwrap_or_default();
        c.ret(0, word);
        c.ret(1, data);
    };
    "runtime.setPanicText" => |c: &mut Call| {
        let text = String::from_utf8_lossy(c.bytes(1));
        set_panic_text(c, c.int(0), &text);
    };
    "runtime.exitPanic" => |c: &mut Call| {
        // SAFETY: the goroutine is ours.
        unsafe { panic::exit(c.goroutine()) }
    };
    "debug.SetMaxStack" => |c: &mut Call| {
        let old = stack::set_max_stack(c.int(0).max(0) as usize);
        c.ret_int(0, old as i64);
    };
    "debug.SetMaxThreads" => |c: &mut Call| {
        let old = sched::spawn::set_max_threads(c.int(0).max(0) as u64);
        c.ret_int(0, old as i64);
    };
    "debug.SetTraceback" => |c: &mut Call| trace::set_level(&String::from_utf8_lossy(c.bytes(0)));
    "runtime.describePointer" => |c: &mut Call| {
        let Some(ty) = c.desc(0) else { return };
        // SAFETY: a descriptor's name is static text.
        c.ret_bytes(0, unsafe { ty.name.as_bytes() });
        c.ret_bool(2, matches!(ty.kind, Kind::Pointer | Kind::UnsafePointer));
    };
    "debug.setCrashFile" => |c: &mut Call| {
        let old = crate::fatal::set_crash_file(c.int(0) as i32);
        c.ret_int(0, old.into());
    };
    "debug.SetPanicOnFault" => |c: &mut Call| {
        let is_on = c.bool(0);
        // SAFETY: the goroutine is ours.
        let old = unsafe { std::mem::replace(&mut (*c.goroutine()).panics_on_fault, is_on) };
        c.ret_bool(0, old);
    };
}

/// Keeps what follows "panic: " for the i-th panic of the chain; continuation lines are marked, so that they are not taken
/// for a trace.
pub(super) fn set_panic_text(c: &Call, i: i64, text: &str) {
    let i = i as usize;
    // SAFETY: the goroutine is ours.
    let texts = unsafe { &mut (*c.goroutine()).extra().panic_texts };
    texts.resize(texts.len().max(i + 1), String::new());
    texts[i] = text.replace('\n', "\n\t");
}

/// Returns a copy of the bytes as a string of the heap.
pub(super) fn return_string(c: &mut Call, i: usize, bytes: &[u8]) {
    // SAFETY: inside a native of the running goroutine; the result block keeps the string alive.
    let text = unsafe { string::new(c.goroutine(), bytes) };
    c.ret(i, text.ptr as u64);
    c.ret(i + 1, text.len as u64);
}

fn max_procs(c: &mut Call) {
    let n = c.int(0);
    c.ret_int(0, sched::n_procs() as i64);
    if n > 0 && n as usize != sched::n_procs() && crate::debug::flags().seed.is_none() {
        // SAFETY: inside a native of the running goroutine, which is a safepoint.
        unsafe {
            (*c.goroutine()).wait_data = n as usize;
            sched::at_safepoint(c.goroutine(), change_max_procs);
        }
    }
}

/// # Safety
/// As a hook of [`sched::at_safepoint`].
unsafe fn change_max_procs(g: *mut G) {
    // SAFETY: the goroutine is ours.
    let n = unsafe { std::mem::take(&mut (*g).wait_data) };
    let world = sched::stop_the_world("GOMAXPROCS");
    sched::set_max_procs(&world, n);
}

/// Bits of a program counter that programs get: above the address, how many calls were inlined below the one that is meant.
const DEPTH_SHIFT: u32 = 56;

/// (skip int, pcs []uintptr) int: the calls, without the first `skip`; the very first is the caller of this native.
fn callers(c: &mut Call) {
    let skip = c.int(0).max(0) as usize;
    let g = c.goroutine();
    // SAFETY: the running goroutine has left compiled code to get here.
    let entries = unsafe { trace::collect(&*g, trace::running_frames(g), false) };
    let room = c.words_mut(1);
    let pcs = entries.iter().skip(skip);
    let mut n = 0;
    for (place, entry) in room.iter_mut().zip(pcs) {
        *place = entry.pc as u64 | u64::from(entry.depth) << DEPTH_SHIFT;
        n += 1;
    }
    c.ret_int(0, n);
}

/// (pc uintptr) (name, file string, line int, entry, call uintptr, inlined, ok bool); `call` is an address in the instruction that
/// calls.
fn describe(c: &mut Call) {
    let word = c.word(0);
    let (pc, depth) = (word & ((1 << DEPTH_SHIFT) - 1), word >> DEPTH_SHIFT);
    let Some(entry) = trace::entry_at(pc as usize, depth as u8) else {
        (0..9).for_each(|i| c.ret(i, 0));
        return;
    };
    // Names live as long as the function, which is for ever.
    c.ret_bytes(0, entry.name.as_bytes());
    c.ret_bytes(2, trace::file_name(entry.file).as_bytes());
    c.ret_int(4, i64::from(entry.line));
    c.ret(5, entry.entry as u64);
    c.ret(6, entry.at as u64 | depth << DEPTH_SHIFT);
    c.ret_bool(7, entry.is_inlined);
    c.ret_bool(8, true);
}

/// Leaves the traces of all other goroutines for [`stack_trace`].
///
/// # Safety
/// As a hook of [`sched::at_safepoint`].
unsafe fn prepare_traces(g: *mut G) {
    let world = sched::stop_the_world("stack trace");
    // SAFETY: the world is stopped, and the goroutine is ours.
    unsafe { (*g).extra().traces = trace::others(g, &[]) };
    drop(world);
}

/// (buf []byte) int: the trace of the goroutine from the caller of the library's function on, and those that were prepared.
fn stack_trace(c: &mut Call) {
    let g = c.goroutine();
    // SAFETY: the running goroutine has left compiled code to get here.
    let mut text = unsafe { trace::running_without(g, "runtime.Stack") };
    // SAFETY: the goroutine is ours.
    text += &unsafe { std::mem::take(&mut (*g).extra().traces) };
    let buffer = c.bytes_mut(0);
    let n = text.len().min(buffer.len());
    buffer[..n].copy_from_slice(&text.as_bytes()[..n]);
    c.ret_int(0, n as i64);
}
