//! The ends of a program: exit, fatal errors in Go's form, and our own mistakes.
//!
//! May be called on any thread, in a signal handler too; nothing returns. The first to die prints, others wait.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::g::G;
use crate::sched;
use crate::trace::{self, Level};

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

/// Where last words go besides standard error; negative: nowhere.
static CRASH_FILE: AtomicI32 = AtomicI32::new(-1);

/// Sets a descriptor that gets the last words, too, negative for none; gives the previous one.
pub(crate) fn set_crash_file(fd: i32) -> i32 {
    CRASH_FILE.swap(fd, Ordering::AcqRel)
}

/// Writes to standard error; what cannot be written is lost.
pub fn write_bytes(bytes: &[u8]) {
    write_to(2, bytes);
    let crash_file = CRASH_FILE.load(Ordering::Acquire);
    if crash_file >= 0 && is_dying() {
        write_to(crash_file, bytes);
    }
}

fn write_to(fd: i32, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the bytes are ours.
        let n = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
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
    if trace::level() == Level::Crash {
        // SAFETY: restores the default action and raises the signal, which ends the process with a core dump.
        unsafe {
            libc::signal(libc::SIGABRT, libc::SIG_DFL);
            libc::raise(libc::SIGABRT);
        }
    }
    quit(STATUS)
}

/// Prints what `GOTRACEBACK` asks for and ends: `own` makes the trace of `g`, the goroutine that ends the program.
///
/// # Safety
/// `g` is null or the running goroutine of this thread, inside the runtime; behind [`begin_dying`].
pub(crate) unsafe fn die_with_traces(g: *mut G, own: impl FnOnce() -> String) -> ! {
    if trace::level() > Level::None && !g.is_null() {
        write("\n");
        write(&own());
    }
    if trace::level() > Level::Single || g.is_null() && trace::level() > Level::None {
        let running = sched::freeze();
        // SAFETY: the world is frozen.
        write(&unsafe { trace::others(g, &running) });
    }
    die()
}

/// `fatal error: text`, with the trace of the goroutine that this thread runs, if it does.
pub fn throw(text: &str) -> ! {
    begin_dying();
    write(&format!("fatal error: {text}\n"));
    let g = sched::current_g();
    if g.is_null() {
        die()
    }
    // SAFETY: we are inside the runtime, which the goroutine has called.
    unsafe { die_with_traces(g, || trace::running(g)) }
}

/// [`throw`] with the traces of all goroutines; none runs.
pub(crate) fn throw_all(text: &str) -> ! {
    begin_dying();
    write(&format!("fatal error: {text}\n"));
    // SAFETY: no goroutine runs on this thread.
    unsafe { die_with_traces(std::ptr::null_mut(), String::new) }
}

/// We are wrong: says where, and ends.
#[cold]
pub fn internal(text: &str) -> ! {
    begin_dying();
    write(&format!("runtime: internal error: {text}\n"));
    die()
}

/// The program has used an address that is none.
pub(crate) fn unexpected_address(signal: &str, code: i32, address: usize, pc: usize) -> ! {
    begin_dying();
    write(&format!(
        "unexpected fault address {address:#x}\nfatal error: fault\n[signal {signal} code={code:#x} addr={address:#x} pc={pc:#x}]\n"
    ));
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
