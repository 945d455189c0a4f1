//! The ends of a program: exit, fatal errors in Go's form, and our own mistakes.
//!
//! May be called on any thread, in a signal handler too; nothing returns. The first to die prints, others wait.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::g::G;
use crate::trace;

/// Exit status of panics and fatal errors.
const STATUS: i32 = 2;

static DYING: AtomicBool = AtomicBool::new(false);

/// Whether someone is printing the program's last words.
pub fn is_dying() -> bool {
    DYING.load(Ordering::Acquire)
}

/// Writes to standard error, as it is.
pub fn write(text: &str) {
    write_bytes(text.as_bytes());
}

/// Writes to standard error; what cannot be written is lost.
pub fn write_bytes(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the bytes are ours.
        let n = unsafe { libc::write(2, bytes.as_ptr().cast(), bytes.len()) };
        if n < 0 {
            // SAFETY: errno is thread-local.
            if unsafe { *libc::__errno_location() } == libc::EINTR {
                continue;
            }
            return;
        }
        bytes = &bytes[n as usize..];
    }
}

/// Lets only one thread go on to print and exit.
pub(crate) fn begin_dying() {
    if DYING.swap(true, Ordering::AcqRel) {
        loop {
            std::thread::park();
        }
    }
}

/// Ends the process, without destructors: other threads still run. If another thread is dying, that goes first.
pub fn exit(status: i32) -> ! {
    if is_dying() {
        loop {
            std::thread::park();
        }
    }
    quit(status)
}

fn quit(status: i32) -> ! {
    // SAFETY: ends the process; nothing of ours is buffered.
    unsafe { libc::_exit(status) }
}

/// The end of [`begin_dying`].
pub(crate) fn die() -> ! {
    quit(STATUS)
}

/// `fatal error: text`.
pub fn throw(text: &str) -> ! {
    begin_dying();
    write(&format!("fatal error: {text}\n"));
    die()
}

/// [`throw`] with the trace of the running goroutine.
///
/// # Safety
/// `g` is the running goroutine of this thread, inside the runtime.
pub unsafe fn throw_with_trace(text: &str, g: *mut G) -> ! {
    begin_dying();
    write(&format!("fatal error: {text}\n\n"));
    // SAFETY: the caller's promise.
    write(&unsafe { trace::running(g) });
    die()
}

/// [`throw`] with the traces of all goroutines, none of which runs.
pub(crate) fn throw_all(text: &str) -> ! {
    begin_dying();
    write(&format!("fatal error: {text}\n"));
    for g in crate::sched::spawn::live_goroutines() {
        // SAFETY: no goroutine runs.
        unsafe {
            if !(*g).is_system {
                write("\n");
                write(&trace::parked(g));
            }
        }
    }
    die()
}

/// We are wrong: says where, and ends.
#[cold]
pub fn internal(text: &str) -> ! {
    begin_dying();
    write(&format!("runtime: internal error: {text}\n"));
    die()
}

/// A signal that is no panic of the program.
pub(crate) fn unexpected_signal(signal: i32, code: i32, address: usize, pc: usize) -> ! {
    begin_dying();
    // A second fault, in what follows, shall end the process at once.
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
        // SAFETY: sets the default action.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let place = match crate::funcs::find(pc) {
        Some(func) => format!("{}+{:#x}", func.name, pc - func.entry),
        None => "outside of compiled code".into(),
    };
    write(&format!(
        "runtime: internal error: signal {signal} code={code:#x} addr={address:#x} pc={pc:#x} ({place})\n"
    ));
    die()
}
