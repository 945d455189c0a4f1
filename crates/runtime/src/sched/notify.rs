//! Signals that a program asks for (package `os/signal`), and those that end it with the traces of all goroutines.
//!
//! A handler only notes the signal and wakes `sysmon`, which is no thread of the scheduler's, holds no lock then, and may do
//! the rest: hand the signal to the goroutine that waits for signals, or end the program.
//!
//! ```text
//!   handler ── PENDING ──► sysmon ──┬─► Inbox ──► goroutine of os/signal      wanted
//!                                   ├─► traces, status 2                      SIGQUIT and its kin
//!                                   └─► the default action                    no longer wanted
//! ```

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{Shared, sysmon};
use crate::arch::Context;
use crate::fatal;
use crate::g::{G, WaitReason};

/// The signals that end a program with traces unless it asks for them, and Go's words for them.
const WITH_TRACES: [(i32, &str); 5] = [
    (libc::SIGQUIT, "SIGQUIT: quit"),
    (libc::SIGABRT, "SIGABRT: abort"),
    (libc::SIGTRAP, "SIGTRAP: trace trap"),
    (libc::SIGSYS, "SIGSYS: bad system call"),
    (libc::SIGSTKFLT, "SIGSTKFLT: stack fault"),
];

/// Bit n: signal n has come and `sysmon` has not seen it.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// Bit n: the program listens to signal n.
static WANTED: AtomicU64 = AtomicU64::new(0);
/// Bit n: the program ignores signal n.
static IGNORED: AtomicU64 = AtomicU64::new(0);
static IS_LISTENING: AtomicBool = AtomicBool::new(false);
/// Where the last signal that ends the program with traces came.
static LAST_PC: AtomicUsize = AtomicUsize::new(0);
static LAST_CODE: AtomicI32 = AtomicI32::new(0);

/// What has come and was not taken, and who waits for it.
struct Inbox {
    signals: u64,
    receiver: Shared<G>,
}

static INBOX: Mutex<Inbox> = Mutex::new(Inbox {
    signals: 0,
    receiver: Shared(null_mut()),
});

/// The mask of a signal; zero for what is none.
fn bit(signal: i32) -> u64 {
    match signal {
        1..64 => 1 << signal,
        _ => 0,
    }
}

/// Installs the handlers of [`WITH_TRACES`].
pub(super) fn install_handlers() {
    WITH_TRACES.iter().for_each(|&(signal, _)| handle(signal));
}

/// What a signal that ends the program with traces is called.
fn text(signal: i32) -> Option<&'static str> {
    let row = WITH_TRACES.iter().find(|row| row.0 == signal)?;
    Some(row.1)
}

fn handle(signal: i32) {
    if is_ours(signal) {
        return;
    }
    // SAFETY: the handler uses atomics and a futex only.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigaction(signal, &action, null_mut());
    }
}

unsafe extern "C" fn on_signal(
    signal: i32,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: errno is this thread's, the info and the context are the kernel's.
    unsafe {
        let errno = *libc::__errno_location();
        let code = (*info).si_code;
        if signal == libc::SIGABRT && code != libc::SI_USER {
            // Our own end.
            libc::signal(signal, libc::SIG_DFL);
        } else {
            LAST_PC.store(Context::new(context).pc(), Ordering::Relaxed);
            LAST_CODE.store(code, Ordering::Relaxed);
            // Pairs with the swap in `deliver`.
            PENDING.fetch_or(bit(signal), Ordering::Release);
            sysmon::wake_in_handler();
        }
        *libc::__errno_location() = errno;
    }
}

/// Hands on what has come. Called by `sysmon`.
pub(super) fn deliver() {
    if PENDING.load(Ordering::Relaxed) == 0 {
        return;
    }
    let pending = PENDING.swap(0, Ordering::Acquire);
    let wanted = pending & WANTED.load(Ordering::SeqCst);
    for signal in (1..64).filter(|&signal| (pending & !wanted) & bit(signal) != 0) {
        if let Some(text) = text(signal) {
            die_of(text);
        }
        if IGNORED.load(Ordering::SeqCst) & bit(signal) == 0 {
            // The program has just stopped listening.
            set_action(signal, libc::SIG_DFL);
            // SAFETY: the process gets what it would have got without us.
            unsafe { libc::kill(libc::getpid(), signal) };
        }
    }
    if wanted != 0 {
        let mut inbox = INBOX.lock();
        inbox.signals |= wanted;
        let receiver = std::mem::replace(&mut inbox.receiver, Shared(null_mut())).0;
        drop(inbox);
        if !receiver.is_null() {
            // SAFETY: it parked in `wait`, and whoever takes it out of the inbox wakes it.
            unsafe { super::ready(receiver) };
        }
    }
}

fn die_of(text: &str) -> ! {
    fatal::begin_dying();
    fatal::write(&format!(
        "{text}\nPC={:#x} m=0 sigcode={}\n",
        LAST_PC.load(Ordering::Relaxed),
        LAST_CODE.load(Ordering::Relaxed)
    ));
    // SAFETY: this thread runs no goroutine.
    unsafe { fatal::die_with_traces(null_mut(), String::new) }
}

fn set_action(signal: i32, action: libc::sighandler_t) {
    if is_ours(signal) {
        return;
    }
    // SAFETY: both actions need no code of ours.
    unsafe { libc::signal(signal, action) };
}

/// The program wants to hear of the signal.
pub(crate) fn enable(signal: i32) {
    IGNORED.fetch_and(!bit(signal), Ordering::SeqCst);
    if WANTED.fetch_or(bit(signal), Ordering::SeqCst) & bit(signal) == 0 {
        handle(signal);
    }
}

/// Whether the program listens to the signal.
pub(crate) fn is_wanted(signal: i32) -> bool {
    WANTED.load(Ordering::SeqCst) & bit(signal) != 0
}

/// Signals whose handlers the run-time system needs for itself.
fn is_ours(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGSEGV | libc::SIGBUS | libc::SIGFPE | libc::SIGILL | libc::SIGURG
    )
}

/// The signal does again what it does without us.
pub(crate) fn disable(signal: i32) {
    WANTED.fetch_and(!bit(signal), Ordering::SeqCst);
    if text(signal).is_some() {
        handle(signal);
    } else if signal == libc::SIGPIPE {
        // Writing to a closed pipe is an error; on the standard streams `os` makes it end the program.
        set_action(signal, libc::SIG_IGN);
    } else {
        set_action(signal, libc::SIG_DFL);
    }
}

/// The signal shall do nothing.
pub(crate) fn ignore(signal: i32) {
    IGNORED.fetch_or(bit(signal), Ordering::SeqCst);
    WANTED.fetch_and(!bit(signal), Ordering::SeqCst);
    set_action(signal, libc::SIG_IGN);
}

/// Whether the signal does nothing, be it by [`ignore`] or since the process was started so. As in Go, what was ignored
/// counts as ignored until the program listens to it.
pub(crate) fn is_ignored(signal: i32) -> bool {
    if IGNORED.load(Ordering::SeqCst) & bit(signal) != 0 {
        return true;
    }
    // SAFETY: only asks.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, null_mut(), &mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Whether there is a goroutine that waits for signals: the program can go on even if all others wait.
pub(super) fn is_listening() -> bool {
    IS_LISTENING.load(Ordering::SeqCst)
}

/// A signal that has come; zero: none.
pub(crate) fn take() -> i32 {
    let mut inbox = INBOX.lock();
    let signal = inbox.signals.trailing_zeros() % 64;
    inbox.signals &= !bit(signal as i32);
    signal as i32
}

/// Parks the goroutine until there is something to [`take`].
///
/// # Safety
/// `g` is the running goroutine, inside a native, and the only one that waits here.
pub(crate) unsafe fn wait(g: *mut G) {
    IS_LISTENING.store(true, Ordering::SeqCst);
    let mut inbox = INBOX.lock();
    if inbox.signals == 0 {
        inbox.receiver = Shared(g);
        // SAFETY: the caller's promise; nobody finds the goroutine before the lock is released.
        unsafe { super::park(g, WaitReason::Signal) };
    }
}
