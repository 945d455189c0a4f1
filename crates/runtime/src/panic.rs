//! Defer, panic, recover, Goexit.
//!
//! Deferred calls stand in one list per goroutine, each with the frame pointer of its function. A function that returns takes its own
//! ones off and calls them. A panic is a routine on the goroutine's own stack (`go_panic` in [`crate::arch`]) that takes
//! them off newest first, whosever they are, and calls them, asking here what comes next:
//!
//! ```text
//!   F (deferring) ... X (panics) ── go_panic ── deferred call ── ... maybe another panic
//! ```
//!
//! - `recover` counts only in the function that `go_panic` called, of the newest panic. Frames that the compiler made
//!   between them are looked through.
//! - When a deferred call has recovered, execution goes on at the landing pad of its deferring function F, which runs the
//!   rest of F's deferred calls and returns. Panics in frames below F are gone with them.
//! - A Goexit is a panic that cannot be recovered. One that a recovery would unwind goes on instead.

use mini_abi::g::{Action, Defer};
use mini_abi::panics::{LangItem, PanicCode};
use mini_abi::types::{Kind, SliceHeader, Str, TypeDesc};

use crate::builtins::heap::Pair;
use crate::g::{Fault, G};
use crate::{arch, config, fatal, funcs, trace};

/// A panic in progress, or a Goexit.
#[derive(Clone, Copy, Debug)]
pub struct Panic {
    /// The value, an `any`.
    pub value: [u64; 2],
    /// Frame pointer of the routine that runs the deferred calls.
    pub fp: usize,
    /// That of the function whose deferred call runs.
    pub deferring_fp: usize,
    pub recovered: bool,
    pub is_goexit: bool,
}

/// Makes the running builtin or native end in a run-time panic: returns, then the builtin must return. In a hook of a parked
/// goroutine: makes it panic when it continues.
///
/// # Safety
/// `g` is the running goroutine; called on the system stack inside a builtin, native or hook.
pub unsafe fn raise(g: *mut G, code: PanicCode, a: i64, b: i64) {
    // SAFETY: the goroutine is ours.
    unsafe {
        (*g).header.raise_args = [code as u64, a as u64, b as u64];
        (*g).header.raise_code = config().lang_items[LangItem::Raise as usize];
        (*g).header.action = Action::Raise as u64;
    }
}

/// [`raise`] with texts for `runtime.raiseString`.
///
/// # Safety
/// As for [`raise`].
pub unsafe fn raise_with_texts(g: *mut G, code: PanicCode, texts: Vec<String>) {
    // SAFETY: the caller's promise.
    unsafe {
        (*g).extra().raise_strings = texts;
        raise(g, code, 0, 0);
    }
}

/// Makes the running builtin or native end in `runtime.Goexit`.
///
/// # Safety
/// As for [`raise`].
pub(crate) unsafe fn goexit(g: *mut G) {
    // SAFETY: the goroutine is ours.
    unsafe {
        (*g).header.raise_code = arch::go_exit_address();
        (*g).header.action = Action::Raise as u64;
    }
}

/// What the signal handler leaves for `raise_fault`.
///
/// # Safety
/// `g` was running compiled code on this thread, so this thread holds no lock of the allocator.
pub(crate) unsafe fn set_fault(g: *mut G, fault: Fault, code: PanicCode) {
    // SAFETY: the goroutine is ours; `raise_fault` does not look at the action.
    unsafe {
        (*g).extra().fault = Some(fault);
        raise(g, code, 0, 0);
        (*g).header.action = Action::Return as u64;
    }
}

/// What the signal of a fault is called.
pub(crate) fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGBUS => "SIGBUS: bus error",
        _ => "SIGSEGV: segmentation violation",
    }
}

/// What stands for a deferred func value that is nil: calling it panics.
pub(crate) static NIL_CLOSURE: [unsafe extern "C" fn(); 1] = [arch::call_nil];

/// Called by [`arch::call_nil`].
///
/// # Safety
/// Called by the routine, through `call_on_system_stack`.
pub(crate) unsafe extern "C" fn raise_nil_call(g: *mut G) {
    // SAFETY: the goroutine is ours, and its stack pointer is at the return address of the call.
    unsafe {
        (*g).extra().fault = Some(Fault {
            signal: libc::SIGSEGV,
            code: 1,
            address: 0,
            pc: *((*g).header.sp as *const usize),
        });
        raise(g, PanicCode::NilDereference, 0, 0);
    }
}

/// The closure, or what stands for nil.
fn callable(closure: usize) -> usize {
    match closure {
        0 => NIL_CLOSURE.as_ptr() as usize,
        closure => closure,
    }
}

/// `defer`: the frame is that of the function that calls the builtin.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin.
pub(crate) unsafe fn defer(g: *mut G, closure: usize, is_list: bool) {
    // SAFETY: the goroutine is ours.
    unsafe {
        let fp = (*g).header.bp;
        (*g).push_defer(Defer {
            closure: callable(closure),
            fp,
            is_list: u64::from(is_list),
        });
    }
}

/// Takes the newest deferred call off, if it is that of a function that `is_wanted` by its frame pointer.
///
/// # Safety
/// `g` is the running goroutine.
unsafe fn pop(g: *mut G, is_wanted: impl Fn(usize) -> bool) -> Option<Defer> {
    loop {
        // SAFETY: the goroutine is ours.
        let defers = unsafe { (*g).defers() };
        let newest = *defers.last().filter(|defer| is_wanted(defer.fp))?;
        if newest.is_list != 0 {
            // SAFETY: compiled code registered a pointer to a slice in the heap, which the entry keeps alive. Nothing else
            // uses it now: the loops whose bodies append to it are left.
            let list = unsafe { &mut *(newest.closure as *mut SliceHeader) };
            if list.len > 0 {
                list.len -= 1;
                // SAFETY: the slice has an element there.
                let closure = unsafe { *list.ptr.cast::<usize>().offset(list.len) };
                return Some(Defer {
                    closure: callable(closure),
                    ..newest
                });
            }
        }
        // SAFETY: as above.
        unsafe { (*g).drop_newest_defer() };
        if newest.is_list == 0 {
            return Some(newest);
        }
    }
}

/// The newest deferred closure of the calling function, removed; zero: none is left. And whether it may have more.
///
/// # Safety
/// As for [`defer`].
pub(crate) unsafe fn pop_deferred(g: *mut G) -> (usize, bool) {
    // SAFETY: the goroutine is ours.
    unsafe {
        let fp = (*g).header.bp;
        let closure = pop(g, |deferring| deferring == fp).map_or(0, |defer| defer.closure);
        let has_more = (*g).defers().last().is_some_and(|defer| defer.fp == fp);
        (closure, has_more)
    }
}

/// Called by `go_panic`, in whose frame the goroutine stands.
///
/// # Safety
/// Called by the routine, through `call_on_system_stack`.
pub(crate) unsafe extern "C" fn start_panic(g: *mut G, word: u64, data: u64) {
    // SAFETY: the goroutine is ours.
    unsafe {
        if word == 0 {
            // panic(nil): the value becomes a *runtime.PanicNilError, in a panic of its own.
            raise(g, PanicCode::PanicNil, 0, 0);
            return;
        }
        push(g, [word, data], false);
    }
}

/// Called by `go_exit`, in whose frame the goroutine stands.
///
/// # Safety
/// As for [`start_panic`].
pub(crate) unsafe extern "C" fn start_goexit(g: *mut G) {
    // SAFETY: the goroutine is ours.
    unsafe { push(g, [0, 0], true) };
}

unsafe fn push(g: *mut G, value: [u64; 2], is_goexit: bool) {
    // SAFETY: the goroutine is ours.
    unsafe {
        let fp = (*g).header.bp;
        (*g).extra().panics.push(Panic {
            value,
            fp,
            deferring_fp: 0,
            recovered: false,
            is_goexit,
        });
    }
}

/// The next deferred closure; or zero and the code to call when none is left (zero again: the goroutine ends).
///
/// # Safety
/// As for [`start_panic`].
pub(crate) unsafe extern "C" fn next_deferred(g: *mut G) -> Pair<usize, usize> {
    // SAFETY: the goroutine is ours.
    unsafe {
        let next = pop(g, |_| true);
        let panic = newest(g);
        match next {
            Some(defer) => {
                panic.deferring_fp = defer.fp;
                Pair(defer.closure, 0)
            }
            None if panic.is_goexit => Pair(0, 0),
            None => {
                let value = panic.value;
                if std::mem::replace(&mut (*g).extra().is_ending, true) {
                    throw_while_printing(value);
                }
                Pair(0, config().lang_items[LangItem::FatalPanic as usize])
            }
        }
    }
}

/// A method of a value that was to end the program has panicked, with `value`.
///
/// # Safety
/// The words are those of an `any`.
unsafe fn throw_while_printing(value: [u64; 2]) -> ! {
    // SAFETY: the caller's promise: a type, and the address of the value if it is a string.
    let what = unsafe {
        let ty = &*(value[0] as *const TypeDesc);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if ty.kind == Kind::String && ty.package.len == 0 {
            text((*(value[1] as *const Str)).as_bytes())
        } else {
            format!("type {}", text(ty.name.as_bytes()))
        }
    };
    fatal::throw(&format!("panic while printing panic value: {what}"))
}

/// The newest panic, which is that of the routine that asks: those in frames below it are gone.
unsafe fn newest<'a>(g: *mut G) -> &'a mut Panic {
    // SAFETY: the goroutine is ours.
    unsafe {
        let fp = (*g).header.bp;
        let panics = &mut (*g).extra().panics;
        while panics.last().is_some_and(|panic| panic.fp < fp) {
            panics.pop();
        }
        match panics.last_mut() {
            Some(panic) if panic.fp == fp => panic,
            _ => fatal::internal("a panic without a record"),
        }
    }
}

/// A deferred call has returned. Zero: go on with the next. Else where to go on, and the frame pointer there; the stack
/// pointer is in `raise_args[0]`.
///
/// # Safety
/// As for [`start_panic`].
pub(crate) unsafe extern "C" fn after_deferred(g: *mut G) -> Pair<usize, usize> {
    // SAFETY: the goroutine is ours and its stack stands still.
    unsafe {
        let panic = *newest(g);
        if !panic.recovered {
            return Pair(0, 0);
        }
        let target = panic.deferring_fp;
        let panics = &mut (*g).extra().panics;
        while let Some(last) = panics.last().copied() {
            if last.fp > target {
                break;
            }
            if last.is_goexit {
                // It would be unwound, but ends the goroutine: it goes on with the next deferred call.
                (*g).header.raise_args[0] = (last.fp - arch::PANIC_FRAME) as u64;
                return Pair(arch::panic_loop_address(), last.fp);
            }
            panics.pop();
        }
        if panics.is_empty() {
            (*g).extra().fault = None;
        }
        let frame = trace::running_frames(g).find(|frame| frame.fp == target);
        let Some((func, pad)) = frame
            .and_then(|frame| frame.func)
            .and_then(|func| func.landing_pad.map(|pad| (func, pad)))
        else {
            fatal::internal("a function with deferred calls has no landing pad");
        };
        (*g).header.raise_args[0] = (target - func.frame_size as usize) as u64;
        Pair(func.entry + pad as usize, target)
    }
}

/// `recover`, called by the function in whose frame the goroutine stands: the panic's value, or nil.
///
/// # Safety
/// As for [`defer`].
pub(crate) unsafe fn recover(g: *mut G) -> [u64; 2] {
    // SAFETY: the goroutine is ours; frames are live.
    unsafe {
        let mut fp = (*g).header.bp;
        let Some(panic) = (*g)
            .extra
            .as_mut()
            .and_then(|extra| extra.panics.last_mut())
        else {
            return [0, 0];
        };
        if panic.is_goexit || panic.recovered {
            return [0, 0];
        }
        let called_by_panic =
            |fp: usize| *((fp + 8) as *const usize) == arch::panic_deferred_address();
        let is_wrapper = |pc: usize| funcs::find(pc - 1).is_some_and(|func| func.is_wrapper);
        // The wrapper of `defer recover()` stands for the call: the one who asks is the function that deferred it.
        if is_wrapper(*((*g).header.sp as *const usize)) {
            if called_by_panic(fp) {
                return [0, 0];
            }
            fp = *(fp as *const usize);
        }
        loop {
            let caller = *((fp + 8) as *const usize);
            fp = *(fp as *const usize);
            if caller == arch::panic_deferred_address() && fp == panic.fp {
                panic.recovered = true;
                return panic.value;
            }
            if !is_wrapper(caller) {
                return [0, 0];
            }
        }
    }
}

/// Prints the chain of panics and the trace, and ends the program: `runtime.exitPanic`.
///
/// # Safety
/// `g` is the running goroutine, inside a native.
pub(crate) unsafe fn exit(g: *mut G) -> ! {
    fatal::begin_dying();
    // SAFETY: the goroutine is ours.
    unsafe {
        let extra = (*g).extra();
        let mut out = chain(&extra.panics, &extra.panic_texts);
        if let Some(fault) = extra.fault {
            let name = signal_name(fault.signal);
            out += &format!(
                "[signal {name} code={:#x} addr={:#x} pc={:#x}]\n",
                fault.code, fault.address, fault.pc
            );
        }
        fatal::write(&out);
        let fp = extra.panics.last().map(|panic| panic.fp);
        fatal::die_with_traces(g, || {
            fp.map_or_else(String::new, |fp| trace::panicking(g, fp))
        })
    }
}

/// The lines `panic: ...` of a chain, oldest first.
fn chain(panics: &[Panic], texts: &[String]) -> String {
    let mut out = String::new();
    for (i, panic) in panics.iter().enumerate() {
        let again = |i: usize| {
            panics
                .get(i + 1)
                .is_some_and(|next| next.value == panics[i].value)
        };
        if i > 0 {
            if again(i - 1) {
                continue;
            }
            if !panics[i - 1].is_goexit {
                out.push('\t');
            }
        }
        if panic.is_goexit {
            continue;
        }
        out += "panic: ";
        out += texts.get(i).map_or("", String::as_str);
        out += match (panic.recovered, again(i)) {
            (true, true) => " [recovered, repanicked]",
            (true, false) => " [recovered]",
            (false, _) => "",
        };
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panic_with(value: u64, recovered: bool, is_goexit: bool) -> Panic {
        Panic {
            value: [8, value],
            fp: 0,
            deferring_fp: 0,
            recovered,
            is_goexit,
        }
    }

    fn check(panics: &[Panic], expected: &str) {
        let texts: Vec<String> = panics
            .iter()
            .map(|panic| panic.value[1].to_string())
            .collect();
        assert_eq!(chain(panics, &texts), expected);
    }

    #[test]
    fn chains_print_as_in_go() {
        check(&[panic_with(1, false, false)], "panic: 1\n");
        check(
            &[panic_with(1, true, false), panic_with(2, false, false)],
            "panic: 1 [recovered]\n\tpanic: 2\n",
        );
        check(
            &[panic_with(1, true, false), panic_with(1, false, false)],
            "panic: 1 [recovered, repanicked]\n",
        );
        check(
            &[panic_with(0, false, true), panic_with(2, false, false)],
            "panic: 2\n",
        );
    }
}
