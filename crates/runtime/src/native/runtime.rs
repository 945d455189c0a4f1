//! Natives of package `runtime` about goroutines, panics and traces.

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
    "runtime.NumCPU" => |c: &mut Call| {
        let n = std::thread::available_parallelism().map_or(1, |n| n.get());
        c.ret_int(0, n as i64);
    };
    "runtime.GOMAXPROCS" => max_procs;
    "runtime.LockOSThread" => |_: &mut Call| {};
    "runtime.UnlockOSThread" => |_: &mut Call| {};
    "runtime.callerInfo" => caller_info;
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

fn caller_info(c: &mut Call) {
    let skip = c.int(0).max(0) as usize;
    // SAFETY: the running goroutine has left compiled code to get here.
    let frames = unsafe { trace::running_frames(c.goroutine()) };
    // The first entry is the caller of this native.
    let Some(entry) = trace::collect(frames, false).get(skip).copied() else {
        for i in 0..7 {
            c.ret(i, 0);
        }
        return;
    };
    c.ret(0, entry.pc as u64);
    // Names live as long as the function, which is for ever.
    c.ret_bytes(1, entry.file.as_bytes());
    c.ret_int(3, i64::from(entry.line));
    c.ret_bytes(4, entry.name.as_bytes());
    c.ret_bool(6, true);
}

fn stack_trace(c: &mut Call) {
    // SAFETY: the running goroutine has left compiled code to get here.
    let text = unsafe { trace::running(c.goroutine()) };
    let buffer = c.bytes_mut(0);
    let n = text.len().min(buffer.len());
    buffer[..n].copy_from_slice(&text.as_bytes()[..n]);
    c.ret_int(0, n as i64);
}
