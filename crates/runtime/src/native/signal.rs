//! Natives of `os/signal`, and those of `syscall` about signals.

use super::call::{Call, natives};
use crate::sched::notify;

natives! {
    "signal.enable" => |c: &mut Call| notify::enable(c.int(0) as i32);
    "signal.disable" => |c: &mut Call| notify::disable(c.int(0) as i32);
    "signal.ignore" => |c: &mut Call| notify::ignore(c.int(0) as i32);
    "signal.isIgnored" => |c: &mut Call| {
        let is_ignored = notify::is_ignored(c.int(0) as i32);
        c.ret_bool(0, is_ignored);
    };
    "signal.take" => |c: &mut Call| c.ret_int(0, notify::take().into());
    "signal.wait" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, the one of the library that waits for signals.
        unsafe {
            crate::sched::spawn::make_system(c.goroutine());
            notify::wait(c.goroutine());
        }
    };
    "syscall.kill" => |c: &mut Call| {
        // SAFETY: a system call without pointers.
        let result = unsafe { libc::kill(c.int(0) as i32, c.int(1) as i32) };
        // SAFETY: errno is thread-local.
        let errno = if result < 0 { unsafe { *libc::__errno_location() } } else { 0 };
        c.ret_int(0, errno.into());
    };
    "syscall.Getpagesize" => |c: &mut Call| {
        // SAFETY: only asks.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        c.ret_int(0, size);
    };
}
