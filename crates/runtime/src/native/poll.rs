//! Natives of package `os` for files that are not always ready: calls that do not block, and waits by [`crate::sched::poll`].

use std::ffi::c_int;

use super::call::{Call, natives};
use crate::sched::poll::{self, Answer, Side};
use crate::sched::timer;

natives! {
    "os.pollOpen" => |c: &mut Call| {
        let opened = open(c.int(0) as c_int, c.bool(1));
        c.ret(0, opened.unwrap_or(0));
        c.ret_bool(1, opened.is_ok());
    };
    "os.pollUnblock" => |c: &mut Call| poll::unblock(c.word(0));
    "os.pollClose" => |c: &mut Call| poll::close(c.word(0));
    "os.pollDeadline" => |c: &mut Call| {
        let when = c.bool(3).then(|| timer::now().saturating_add(c.int(2)));
        poll::set_deadline(c.word(0), side(c.int(1)), when);
    };
    "os.pollCheck" => |c: &mut Call| {
        let answer = poll::check(c.word(0), side(c.int(1)));
        c.ret_int(0, answer as i64);
    };
    "os.pollWait" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, the one that holds this side of the file.
        let answer = unsafe { poll::wait(c.goroutine(), c.word(0), side(c.int(1))) };
        c.ret_int(0, answer as i64);
    };
    "os.pollRead" => |c: &mut Call| {
        let (fd, buf) = (c.int(1) as c_int, c.bytes_mut(2));
        // SAFETY: the buffer is ours for its length.
        transfer(c, Side::Read, || unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) });
    };
    "os.pollWrite" => |c: &mut Call| {
        let (fd, bytes) = (c.int(1) as c_int, c.bytes(2));
        // SAFETY: the bytes are readable for their length.
        transfer(c, Side::Write, || unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) });
    };
    "os.setNonblocking" => |c: &mut Call| {
        let done = set_nonblocking(c.int(0) as c_int, c.bool(1));
        c.ret_int(0, done.err().unwrap_or(0).into());
    };
    "os.isNonblocking" => |c: &mut Call| {
        // SAFETY: touches no memory.
        let flags = unsafe { libc::fcntl(c.int(0) as c_int, libc::F_GETFL) };
        c.ret_bool(0, flags >= 0 && flags & libc::O_NONBLOCK != 0);
    };
}

fn side(number: i64) -> Side {
    if number == 0 { Side::Read } else { Side::Write }
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}

/// Enters a file into the set; `set`: and makes it non-blocking. Files and directories of a disk are always ready.
fn open(fd: c_int, set: bool) -> Result<u64, i32> {
    // SAFETY: fstat fills the struct that it is given.
    let kind = unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        match libc::fstat(fd, &mut stat) {
            0 => stat.st_mode & libc::S_IFMT,
            _ => return Err(last_errno()),
        }
    };
    if kind == libc::S_IFREG || kind == libc::S_IFDIR {
        return Err(libc::EPERM);
    }
    let handle = poll::open(fd)?;
    if set && let Err(errno) = set_nonblocking(fd, true) {
        poll::close(handle);
        return Err(errno);
    }
    Ok(handle)
}

fn set_nonblocking(fd: c_int, nonblocking: bool) -> Result<(), i32> {
    // SAFETY: these touch no memory.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        let wanted = match nonblocking {
            true => flags | libc::O_NONBLOCK,
            false => flags & !libc::O_NONBLOCK,
        };
        if flags < 0 || libc::fcntl(fd, libc::F_SETFL, wanted) < 0 {
            return Err(last_errno());
        }
    }
    Ok(())
}

/// `func(handle uint64, fd int, p []byte) (n, errno, answer int)`: a call that does not block, if the file may be used, and the wait
/// if it is not ready.
fn transfer(call: &mut Call, side: Side, mut f: impl FnMut() -> isize) {
    let handle = call.word(0);
    let (mut n, mut errno) = (0, 0);
    let mut answer = poll::check(handle, side);
    if answer == Answer::Go {
        loop {
            n = f();
            errno = if n < 0 { last_errno() } else { 0 };
            if errno != libc::EINTR {
                break;
            }
        }
        if errno == libc::EAGAIN {
            // SAFETY: inside a native of the running goroutine, which holds this side of the file.
            answer = match unsafe { poll::wait(call.goroutine(), handle, side) } {
                Answer::Go => Answer::Again,
                answer => answer,
            };
            errno = 0;
        }
    }
    call.ret_int(0, n.max(0) as i64);
    call.ret_int(1, errno.into());
    call.ret_int(2, answer as i64);
}
