//! Signals: stopping goroutines in loops without calls, and faults that become panics.
//!
//! Handlers run on a stack of their own. They change nothing on the goroutine's stack: they note what they need in `G`, and let
//! the interrupted thread go on in a routine of `arch` on its system stack.

use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use mini_abi::func::TrapKind;
use mini_abi::panics::PanicCode;

use super::{M, current_m};
use crate::arch::{self, Context};
use crate::funcs;
use crate::g::{Fault, G, Leave, Top};

/// What asks a thread to look at its guard: a signal that programs do not use and that is ignored by default, as in Go.
const PREEMPT: i32 = libc::SIGURG;
/// Faults at lower addresses are nil dereferences; code generation checks larger offsets itself.
const NULL_PAGE: usize = 4096;
const SIGNAL_STACK: usize = 64 << 10;

/// Installs the handlers, once for the process.
pub(super) fn install_handlers() {
    let install = |signal,
                   handler: unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void),
                   flags| {
        // SAFETY: the handlers use only what is allowed in one: atomics, tables without locks, their own thread's M and G.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
            libc::sigaction(signal, &action, null_mut());
        }
    };
    install(PREEMPT, on_preempt, libc::SA_RESTART);
    super::notify::install_handlers();
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
        // A second fault in the panic's own code must be delivered too.
        install(signal, on_fault, libc::SA_NODEFER);
    }
}

/// Gives this thread a stack for handlers.
pub(super) fn install_stack() {
    // SAFETY: the mapping is new and never freed; the thread uses it as long as it lives.
    unsafe {
        let stack = libc::mmap(
            null_mut(),
            SIGNAL_STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        );
        if stack == libc::MAP_FAILED {
            crate::fatal::throw("out of memory (signal stack)");
        }
        let stack = libc::stack_t {
            ss_sp: stack,
            ss_flags: 0,
            ss_size: SIGNAL_STACK,
        };
        libc::sigaltstack(&stack, null_mut());
    }
}

/// Asks the goroutine that `m` runs to leave its thread.
///
/// # Safety
/// `m` is an M.
pub(super) unsafe fn preempt(m: *mut M) {
    // SAFETY: Ms and Gs are never freed; a request that comes too late is taken back when the goroutine runs again.
    unsafe {
        let g = (*m).current.load(Ordering::Acquire);
        if g.is_null() {
            return;
        }
        (*g).request_preempt();
        let thread = (*m).thread.load(Ordering::Acquire);
        if thread != 0 {
            libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, PREEMPT);
        }
    }
}

/// The goroutine that was interrupted, if it was in compiled code.
fn interrupted(context: &Context) -> Option<(*mut G, funcs::Func)> {
    let m = current_m();
    if m.is_null() {
        return None;
    }
    // SAFETY: our own M.
    let g = unsafe { (*m).current.load(Ordering::Relaxed) };
    if g.is_null() || g as usize != context.g() {
        return None;
    }
    let func = funcs::find(context.pc())?;
    Some((g, func))
}

unsafe extern "C" fn on_preempt(
    _signal: i32,
    _info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: errno is this thread's; what we call may change it.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the kernel's context; the goroutine is the one this thread was running.
    unsafe {
        let context = Context::new(context);
        if let Some((g, func)) = interrupted(&context) {
            let (pc, body) = (context.pc(), func.entry + func.body as usize);
            let end = func.entry + func.len as usize;
            if (*g).preempt.load(Ordering::Acquire) && arch::is_async_safe(pc, body, end) {
                let registers = (*current_m()).registers.load(Ordering::Relaxed);
                context.save(&mut *registers);
                (*g).header.sp = context.sp();
                (*g).header.bp = context.fp();
                (*g).header.morestack_entry = registers as usize;
                (*g).resume_at = arch::resume_async_address();
                (*g).top = Top::Async;
                (*g).leave = Leave::Preempt;
                context.continue_at(arch::leave_address(), (*g).header.system_sp);
            }
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

unsafe extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel's context and info; the goroutine is the one this thread was running.
    unsafe {
        let context = Context::new(context);
        let (pc, address, code) = (context.pc(), (*info).si_addr() as usize, (*info).si_code);
        let is_sent = code <= 0;
        if let Some((g, func)) = interrupted(&context)
            && !is_sent
            && matches!(signal, libc::SIGSEGV | libc::SIGBUS)
            && funcs::trap(func, pc) == Some(TrapKind::NilDereference)
        {
            if (address >= NULL_PAGE || code == libc::SI_KERNEL) && !(*g).panics_on_fault {
                let name = crate::panic::signal_name(signal);
                crate::fatal::unexpected_address(name, code, address, pc);
            }
            (*g).header.sp = context.sp();
            (*g).header.bp = context.fp();
            // No call returns to the inside of the instruction, so that it cannot be taken for a return address.
            (*g).header.morestack_entry = pc + 1;
            let fault = Fault {
                signal,
                code,
                address,
                pc,
            };
            crate::panic::set_fault(g, fault, PanicCode::NilDereference);
            context.continue_at(arch::raise_fault_address(), (*g).header.system_sp);
            return;
        }
        crate::fatal::unexpected_signal(signal, code, address, pc);
    }
}
