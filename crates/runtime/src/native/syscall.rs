//! Natives of package `syscall`: calls of the system by number, for each of the forms that their arguments have.
//!
//! All may block and give up the P. What the kernel reads or writes are buffers and strings of the call's own arguments, or copies.

use std::ffi::{CString, c_long};

use super::call::{Call, natives};
use crate::sched::blocking;

natives! {
    "syscall.call" => |c: &mut Call| {
        let trap = c.int(0);
        let a: [c_long; 6] = std::array::from_fn(|i| c.int(1 + i));
        // SAFETY: the package calls none with pointers this way.
        run(c, || unsafe { libc::syscall(trap, a[0], a[1], a[2], a[3], a[4], a[5]) });
    };
    "syscall.callPath" => |c: &mut Call| {
        let (trap, a, b) = (c.int(0), c.int(3), c.int(4));
        match CString::new(c.bytes(1)) {
            // SAFETY: a path that ends in zero.
            Ok(path) => run(c, || unsafe { libc::syscall(trap, path.as_ptr(), a, b) }),
            Err(_) => invalid(c),
        }
    };
    "syscall.callPaths" => |c: &mut Call| {
        let trap = c.int(0);
        match (CString::new(c.bytes(1)), CString::new(c.bytes(3))) {
            // SAFETY: paths that end in zero.
            (Ok(from), Ok(to)) => run(c, || unsafe { libc::syscall(trap, from.as_ptr(), to.as_ptr()) }),
            _ => invalid(c),
        }
    };
    "syscall.callPathBuffer" => |c: &mut Call| {
        let (trap, buffer) = (c.int(0), c.bytes_mut(3));
        match CString::new(c.bytes(1)) {
            // SAFETY: a path that ends in zero, and a buffer with its length.
            Ok(path) => run(c, || unsafe {
                libc::syscall(trap, path.as_ptr(), buffer.as_mut_ptr(), buffer.len())
            }),
            Err(_) => invalid(c),
        }
    };
    "syscall.callBuffer" => |c: &mut Call| {
        let (trap, a, buffer, b) = (c.int(0), c.int(1), c.bytes_mut(2), c.int(5));
        // SAFETY: a buffer with its length; the package passes room for what calls without a length write.
        run(c, || unsafe { libc::syscall(trap, a, buffer.as_mut_ptr(), buffer.len(), b) });
    };
    "syscall.callPointer" => |c: &mut Call| {
        let (trap, buffer, a) = (c.int(0), c.bytes_mut(1), c.int(4));
        // SAFETY: the package passes room for what the call writes.
        run(c, || unsafe { libc::syscall(trap, buffer.as_mut_ptr(), a) });
    };
    "syscall.Getpagesize" => |c: &mut Call| {
        // SAFETY: only asks.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        c.ret_int(0, size);
    };
}

fn invalid(call: &mut Call) {
    call.ret_int(0, -1);
    call.ret_int(1, libc::EINVAL.into());
}

/// The result of a call and its error number.
fn run(call: &mut Call, f: impl FnOnce() -> c_long) {
    let f = || match f() {
        -1 => (
            -1,
            std::io::Error::last_os_error()
                .raw_os_error()
                .unwrap_or(libc::EIO),
        ),
        n => (n, 0),
    };
    // SAFETY: inside a native of the running goroutine; one call of the system, on arguments of this call.
    let (n, errno) = unsafe { blocking(call.goroutine(), f) };
    call.ret_int(0, n);
    call.ret_int(1, errno.into());
}
