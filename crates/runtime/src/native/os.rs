//! Natives of packages `os` and `syscall`: calls to the system, arguments, environment.

use std::ffi::{CString, OsString, c_int};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Mutex, OnceLock};

use super::call::{Call, natives};
use crate::sched::blocking;

natives! {
    "os.sysRead" => |c: &mut Call| {
        let (fd, buf) = (c.int(0) as c_int, c.bytes_mut(1));
        let n = retrying(c, || {
            // SAFETY: the buffer is ours for its length.
            unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) }
        });
        ret_count(c, n);
    };
    "os.sysWrite" => |c: &mut Call| write_all(c, c.int(0) as c_int, c.bytes(1));
    "os.sysWriteString" => |c: &mut Call| write_all(c, c.int(0) as c_int, c.bytes(1));
    "os.sysPread" => |c: &mut Call| {
        let (fd, buf, offset) = (c.int(0) as c_int, c.bytes_mut(1), c.int(4));
        let n = retrying(c, || {
            // SAFETY: the buffer is ours for its length.
            unsafe { libc::pread(fd, buf.as_mut_ptr().cast(), buf.len(), offset) }
        });
        ret_count(c, n);
    };
    "os.sysPwrite" => |c: &mut Call| {
        let (fd, buf, offset) = (c.int(0) as c_int, c.bytes(1), c.int(4));
        let n = retrying(c, || {
            // SAFETY: the buffer is readable for its length.
            unsafe { libc::pwrite(fd, buf.as_ptr().cast(), buf.len(), offset) }
        });
        ret_count(c, n);
    };
    "os.sysOpen" => |c: &mut Call| {
        let (flags, mode) = (c.int(2) as c_int | libc::O_CLOEXEC, c.word(3) as libc::mode_t);
        let fd = with_path(c.bytes(0), |path| {
            // SAFETY: a path that ends in zero.
            retrying(c, || unsafe { libc::open(path, flags, mode) as isize })
        });
        ret_count(c, fd);
    };
    "os.sysClose" => |c: &mut Call| {
        let fd = c.int(0) as c_int;
        // SAFETY: closing a descriptor touches no memory.
        let done = blocking_call(c, || unsafe { libc::close(fd) as isize });
        ret_errno(c, done);
    };
    "os.sysSeek" => |c: &mut Call| {
        // SAFETY: touches no memory.
        let at = unsafe { libc::lseek(c.int(0) as c_int, c.int(1), c.int(2) as c_int) } as isize;
        let result = if at < 0 { Err(last_errno()) } else { Ok(at) };
        ret_count(c, result);
    };
    "os.sysFsync" => |c: &mut Call| {
        let fd = c.int(0) as c_int;
        // SAFETY: touches no memory.
        let done = blocking_call(c, || unsafe { libc::fsync(fd) as isize });
        ret_errno(c, done);
    };
    "os.sysFtruncate" => |c: &mut Call| {
        let (fd, size) = (c.int(0) as c_int, c.int(1));
        // SAFETY: touches no memory.
        let done = blocking_call(c, || unsafe { libc::ftruncate(fd, size) as isize });
        ret_errno(c, done);
    };
    "os.sysFileSize" => |c: &mut Call| { let size = file_size(c.int(0) as c_int); c.ret_int(0, size) };
    "os.sysPath" => |c: &mut Call| {
        let (op, arg) = (c.int(0), c.word(3) as libc::mode_t);
        let done = path_operation(c.bytes(1), op, arg);
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysRename" => |c: &mut Call| {
        let (from, to) = (c.bytes(0), c.bytes(2));
        let done = std::fs::rename(os_path(from), os_path(to)).map_err(errno_of);
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysExit" => |c: &mut Call| {
        let status = c.int(0) as c_int;
        // SAFETY: ends the process at once: other threads still run, so nothing they may use is taken down.
        unsafe { libc::_exit(status) }
    };
    "os.sysGetpid" => |c: &mut Call| c.ret_int(0, std::process::id().into());
    "os.argCount" => |c: &mut Call| c.ret_int(0, arguments().len() as i64);
    "os.arg" => |c: &mut Call| { let i = c.int(0) as usize; c.ret_bytes(0, &arguments()[i]) };
    "os.getenv" => |c: &mut Call| {
        let value = environment().iter().find_map(|entry| {
            let at = memchr::memchr(b'=', entry)?;
            (&entry[..at] == c.bytes(0)).then(|| &entry[at + 1..])
        });
        c.ret_bytes(0, value.unwrap_or_default());
        c.ret_bool(2, value.is_some());
    };
    "os.setenv" => |c: &mut Call| set_variable(c.bytes(0), c.bytes(2), c.bool(4));
    "os.environCount" => |c: &mut Call| { let n = environment().len(); c.ret_int(0, n as i64) };
    "os.environEntry" => |c: &mut Call| {
        // Entries may have gone since they were counted.
        let entry = environment().get(c.int(0) as usize).copied().unwrap_or_default();
        c.ret_bytes(0, entry);
    };
    "os.getwd" => |c: &mut Call| {
        let mut out = c.out(0);
        match std::env::current_dir() {
            Ok(dir) => {
                out.push(dir.as_os_str().as_bytes());
                ret_count(c, Ok(out.answer() as isize));
            }
            Err(err) => ret_count(c, Err(errno_of(err))),
        }
    };
    "os.readDirNames" => read_dir_names;
    "syscall.errorText" => |c: &mut Call| { let text = error_text(c.int(0)); c.ret_bytes(0, text.as_bytes()) };
}

static ARGUMENTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

/// Sets what `os.Args` shows: the program's name and its arguments. The first call counts; before the program starts.
pub fn set_arguments(arguments: impl IntoIterator<Item = OsString>) {
    let _ = ARGUMENTS.set(arguments.into_iter().map(OsString::into_vec).collect());
}

fn arguments() -> &'static [Vec<u8>] {
    ARGUMENTS.get_or_init(|| std::env::args_os().map(OsString::into_vec).collect())
}

/// The environment as `key=value`. Entries live as long as the process: programs hold on to them as strings, so one that
/// is replaced is not freed.
static ENVIRONMENT: Mutex<Option<Vec<&'static [u8]>>> = Mutex::new(None);

fn with_environment<R>(f: impl FnOnce(&mut Vec<&'static [u8]>) -> R) -> R {
    let mut entries = ENVIRONMENT
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    f(entries.get_or_insert_with(|| {
        std::env::vars_os()
            .map(|(key, value)| {
                let mut entry = key.into_vec();
                entry.push(b'=');
                entry.extend(value.into_vec());
                &*entry.leak()
            })
            .collect()
    }))
}

fn environment() -> Vec<&'static [u8]> {
    with_environment(|entries| entries.clone())
}

fn set_variable(key: &[u8], value: &[u8], set: bool) {
    let is_key = |entry: &[u8]| {
        entry.len() > key.len() && entry.starts_with(key) && entry[key.len()] == b'='
    };
    let entry: &'static [u8] = [key, b"=", value].concat().leak();
    with_environment(
        |entries| match entries.iter().position(|entry| is_key(entry)) {
            Some(at) if set => entries[at] = entry,
            Some(at) => {
                entries.remove(at);
            }
            None if set => entries.push(entry),
            None => {}
        },
    );
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}

fn errno_of(err: std::io::Error) -> i32 {
    err.raw_os_error().unwrap_or(libc::EIO)
}

fn os_path(bytes: &[u8]) -> &std::path::Path {
    std::ffi::OsStr::from_bytes(bytes).as_ref()
}

/// Calls `f` with the path as a C string; EINVAL if it has a zero inside.
fn with_path<R>(
    path: &[u8],
    f: impl FnOnce(*const libc::c_char) -> Result<R, i32>,
) -> Result<R, i32> {
    let path = CString::new(path).map_err(|_| libc::EINVAL)?;
    f(path.as_ptr())
}

/// A system call that may block for long, without holding up other goroutines.
fn blocking_call(call: &Call, f: impl FnOnce() -> isize) -> Result<isize, i32> {
    let run = || {
        let n = f();
        if n < 0 { Err(last_errno()) } else { Ok(n) }
    };
    // SAFETY: we are inside a native, on behalf of the running goroutine; `f` makes one system call.
    unsafe { blocking(call.goroutine(), run) }
}

/// [`blocking_call`], again if a signal came between.
fn retrying(call: &Call, mut f: impl FnMut() -> isize) -> Result<isize, i32> {
    loop {
        match blocking_call(call, &mut f) {
            Err(libc::EINTR) => {}
            result => return result,
        }
    }
}

fn ret_count(call: &mut Call, result: Result<isize, i32>) {
    call.ret_int(0, result.unwrap_or(0) as i64);
    call.ret_int(1, result.err().unwrap_or(0).into());
}

fn ret_errno(call: &mut Call, result: Result<isize, i32>) {
    call.ret_int(0, result.err().unwrap_or(0).into());
}

/// Writes everything. A closed pipe on a standard stream ends the process as the signal would.
fn write_all(call: &mut Call, fd: c_int, bytes: &[u8]) {
    let mut done = 0;
    let mut errno = 0;
    loop {
        let rest = &bytes[done..];
        // SAFETY: the bytes are readable for their length.
        match retrying(call, || unsafe {
            libc::write(fd, rest.as_ptr().cast(), rest.len())
        }) {
            Ok(n) => done += n as usize,
            Err(err) => errno = err,
        }
        if errno != 0 || done >= bytes.len() {
            break;
        }
    }
    if errno == libc::EPIPE && (fd == 1 || fd == 2) {
        // SAFETY: restores the default action and raises the signal, which ends the process.
        unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::raise(libc::SIGPIPE);
        }
    }
    call.ret_int(0, done as i64);
    call.ret_int(1, errno.into());
}

fn file_size(fd: c_int) -> i64 {
    // SAFETY: fstat fills the struct that it is given.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        if libc::fstat(fd, &mut stat) == 0 && stat.st_mode & libc::S_IFMT == libc::S_IFREG {
            stat.st_size
        } else {
            0
        }
    }
}

/// What `os/path.mini` asks for by number.
fn path_operation(path: &[u8], op: i64, arg: libc::mode_t) -> Result<(), i32> {
    let check = |n: c_int| if n < 0 { Err(last_errno()) } else { Ok(()) };
    match op {
        // SAFETY: paths that end in zero.
        0 => with_path(path, |path| check(unsafe { libc::mkdir(path, arg) })),
        // SAFETY: as above.
        1 => with_path(path, |path| check(unsafe { libc::unlink(path) })),
        // SAFETY: as above.
        2 => with_path(path, |path| check(unsafe { libc::rmdir(path) })),
        // SAFETY: as above.
        3 => with_path(path, |path| check(unsafe { libc::chdir(path) })),
        // SAFETY: as above.
        4 => with_path(path, |path| check(unsafe { libc::chmod(path, arg) })),
        5 => std::fs::metadata(os_path(path)).map(drop).map_err(errno_of),
        _ => {
            let path = os_path(path);
            let removed = match std::fs::symlink_metadata(path) {
                Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
                Ok(_) => std::fs::remove_file(path),
                Err(err) => Err(err),
            };
            match removed {
                Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(()),
                result => result.map_err(errno_of),
            }
        }
    }
}

/// `func readDirNames(name string, dst []byte) (n int, errno int)`
fn read_dir_names(call: &mut Call) {
    use std::os::unix::fs::FileTypeExt;
    let mut out = call.out(2);
    let mut list = Vec::new();
    let entries = match std::fs::read_dir(os_path(call.bytes(0))) {
        Ok(entries) => entries,
        Err(err) => return ret_count(call, Err(errno_of(err))),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(err) => return ret_count(call, Err(errno_of(err))),
        };
        let letter = match entry.file_type() {
            Ok(ty) if ty.is_dir() => b'd',
            Ok(ty) if ty.is_symlink() => b'l',
            Ok(ty) if ty.is_fifo() => b'p',
            Ok(ty) if ty.is_socket() => b's',
            Ok(ty) if ty.is_char_device() => b'c',
            Ok(ty) if ty.is_block_device() => b'b',
            _ => b'-',
        };
        list.push((entry.file_name().into_vec(), letter));
    }
    list.sort();
    for (name, letter) in list {
        out.push_byte(letter);
        out.push(&name);
        out.push_byte(0);
    }
    ret_count(call, Ok(out.answer() as isize));
}

/// The texts of error numbers, as Go has them for Linux.
fn error_text(errno: i64) -> &'static str {
    usize::try_from(errno)
        .ok()
        .and_then(|at| ERRORS.get(at))
        .copied()
        .unwrap_or("")
}

#[rustfmt::skip]
static ERRORS: [&str; 134] = [
    "",
    "operation not permitted",
    "no such file or directory",
    "no such process",
    "interrupted system call",
    "input/output error",
    "no such device or address",
    "argument list too long",
    "exec format error",
    "bad file descriptor",
    "no child processes",
    "resource temporarily unavailable",
    "cannot allocate memory",
    "permission denied",
    "bad address",
    "block device required",
    "device or resource busy",
    "file exists",
    "invalid cross-device link",
    "no such device",
    "not a directory",
    "is a directory",
    "invalid argument",
    "too many open files in system",
    "too many open files",
    "inappropriate ioctl for device",
    "text file busy",
    "file too large",
    "no space left on device",
    "illegal seek",
    "read-only file system",
    "too many links",
    "broken pipe",
    "numerical argument out of domain",
    "numerical result out of range",
    "resource deadlock avoided",
    "file name too long",
    "no locks available",
    "function not implemented",
    "directory not empty",
    "too many levels of symbolic links",
    "",
    "no message of desired type",
    "identifier removed",
    "channel number out of range",
    "level 2 not synchronized",
    "level 3 halted",
    "level 3 reset",
    "link number out of range",
    "protocol driver not attached",
    "no CSI structure available",
    "level 2 halted",
    "invalid exchange",
    "invalid request descriptor",
    "exchange full",
    "no anode",
    "invalid request code",
    "invalid slot",
    "",
    "bad font file format",
    "device not a stream",
    "no data available",
    "timer expired",
    "out of streams resources",
    "machine is not on the network",
    "package not installed",
    "object is remote",
    "link has been severed",
    "advertise error",
    "srmount error",
    "communication error on send",
    "protocol error",
    "multihop attempted",
    "RFS specific error",
    "bad message",
    "value too large for defined data type",
    "name not unique on network",
    "file descriptor in bad state",
    "remote address changed",
    "can not access a needed shared library",
    "accessing a corrupted shared library",
    ".lib section in a.out corrupted",
    "attempting to link in too many shared libraries",
    "cannot exec a shared library directly",
    "invalid or incomplete multibyte or wide character",
    "interrupted system call should be restarted",
    "streams pipe error",
    "too many users",
    "socket operation on non-socket",
    "destination address required",
    "message too long",
    "protocol wrong type for socket",
    "protocol not available",
    "protocol not supported",
    "socket type not supported",
    "operation not supported",
    "protocol family not supported",
    "address family not supported by protocol",
    "address already in use",
    "cannot assign requested address",
    "network is down",
    "network is unreachable",
    "network dropped connection on reset",
    "software caused connection abort",
    "connection reset by peer",
    "no buffer space available",
    "transport endpoint is already connected",
    "transport endpoint is not connected",
    "cannot send after transport endpoint shutdown",
    "too many references: cannot splice",
    "connection timed out",
    "connection refused",
    "host is down",
    "no route to host",
    "operation already in progress",
    "operation now in progress",
    "stale file handle",
    "structure needs cleaning",
    "not a XENIX named type file",
    "no XENIX semaphores available",
    "is a named type file",
    "remote I/O error",
    "disk quota exceeded",
    "no medium found",
    "wrong medium type",
    "operation canceled",
    "required key not available",
    "key has expired",
    "key has been revoked",
    "key was rejected by service",
    "owner died",
    "state not recoverable",
    "operation not possible due to RF-kill",
    "",
];
