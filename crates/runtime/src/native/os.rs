//! Natives of packages `os` and `syscall`: calls to the system, arguments, environment.

use std::ffi::{CString, OsString, c_int};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Mutex, OnceLock};

use super::call::{Call, natives};
use crate::sched::blocking;

natives! {
    "os.sysRead" => read;
    "os.sysWrite" => |c: &mut Call| write_all(c, c.int(0) as c_int, c.bytes(1));
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
    "os.sysPath2" => |c: &mut Call| {
        let (from, to) = (os_path(c.bytes(1)), os_path(c.bytes(3)));
        let done = match c.int(0) {
            0 => std::fs::rename(from, to),
            1 => std::os::unix::fs::symlink(from, to),
            _ => std::fs::hard_link(from, to),
        };
        ret_errno(c, done.map(|()| 0).map_err(errno_of));
    };
    "os.sysTruncate" => |c: &mut Call| {
        let size = c.int(2);
        // SAFETY: a path that ends in zero.
        let done = with_path(c.bytes(0), |path| checked(unsafe { libc::truncate(path, size) }));
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysChown" => |c: &mut Call| {
        let (uid, gid, follow) = (c.word(2) as libc::uid_t, c.word(3) as libc::gid_t, c.bool(4));
        // SAFETY: a path that ends in zero.
        let done = with_path(c.bytes(0), |path| checked(unsafe {
            if follow { libc::chown(path, uid, gid) } else { libc::lchown(path, uid, gid) }
        }));
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysTimes" => |c: &mut Call| {
        let words = c.words_mut(2);
        let time = |i: usize| libc::timespec { tv_sec: words[i] as i64, tv_nsec: words[i + 1] as i64 };
        let times = [time(0), time(2)];
        // SAFETY: a path that ends in zero, and two times.
        let done = with_path(c.bytes(0), |path| checked(unsafe { libc::utimensat(libc::AT_FDCWD, path, times.as_ptr(), 0) }));
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysControl" => |c: &mut Call| {
        let (fd, a, b) = (c.int(1) as c_int, c.word(2), c.word(3));
        // SAFETY: touches no memory.
        let done = checked(unsafe {
            match c.int(0) {
                0 => libc::fchmod(fd, a as libc::mode_t),
                1 => libc::fchown(fd, a as libc::uid_t, b as libc::gid_t),
                _ => libc::fchdir(fd),
            }
        });
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysPipe" => |c: &mut Call| {
        let mut fds = [0; 2];
        // SAFETY: room for two descriptors.
        let done = checked(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) });
        c.words_mut(0).copy_from_slice(&fds.map(|fd| fd as u64));
        ret_errno(c, done.map(|()| 0));
    };
    "os.sysStat" => stat;
    "os.sysText" => system_text;
    "os.sysId" => |c: &mut Call| {
        // SAFETY: these touch no memory.
        let id = unsafe {
            match c.int(0) {
                0 => libc::getuid().into(),
                1 => libc::getgid().into(),
                2 => libc::geteuid().into(),
                3 => libc::getegid().into(),
                4 => libc::getppid().into(),
                _ => libc::sysconf(libc::_SC_PAGESIZE),
            }
        };
        c.ret_int(0, id);
    };
    "os.sysGroups" => |c: &mut Call| {
        let ids = c.words_mut(0);
        let mut groups = vec![0; ids.len()];
        // SAFETY: room for as many groups.
        let n = unsafe { libc::getgroups(groups.len() as c_int, groups.as_mut_ptr()) } as isize;
        for (id, group) in ids.iter_mut().zip(groups) {
            *id = group.into();
        }
        let result = if n < 0 { Err(last_errno()) } else { Ok(n) };
        ret_count(c, result);
    };
    "os.randomNumber" => |c: &mut Call| { let n = crate::hash::random() as u32; c.ret(0, n.into()) };
    "stdio.read" => read;
    "stdio.write" => |c: &mut Call| write_all(c, c.int(0) as c_int, c.bytes(1));
    "os.exitPanics" => |c: &mut Call| {
        let panics = super::testing::exit_panics();
        c.ret_bool(0, panics);
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
        let (value, is_set) = variable(c.bytes(0));
        c.ret_bytes(0, value);
        c.ret_bool(2, is_set);
    };
    "syscall.getenv" => |c: &mut Call| {
        let (value, is_set) = variable(c.bytes(0));
        c.ret_bytes(0, value);
        c.ret_bool(2, is_set);
    };
    "os.setenv" => |c: &mut Call| set_variable(c.bytes(0), c.bytes(2), c.bool(4));
    "syscall.setenv" => |c: &mut Call| set_variable(c.bytes(0), c.bytes(2), c.bool(4));
    "os.environCount" => |c: &mut Call| { let n = environment().len(); c.ret_int(0, n as i64) };
    "syscall.environCount" => |c: &mut Call| { let n = environment().len(); c.ret_int(0, n as i64) };
    "os.environEntry" => |c: &mut Call| {
        // Entries may have gone since they were counted.
        let entry = environment().get(c.int(0) as usize).copied().unwrap_or_default();
        c.ret_bytes(0, entry);
    };
    "syscall.environEntry" => |c: &mut Call| {
        // Entries may have gone since they were counted.
        let entry = environment().get(c.int(0) as usize).copied().unwrap_or_default();
        c.ret_bytes(0, entry);
    };
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

/// The value of an environment variable, and whether it is set.
pub(super) fn variable(key: &[u8]) -> (&'static [u8], bool) {
    let value = environment().iter().find_map(|entry| {
        let at = memchr::memchr(b'=', entry)?;
        (&entry[..at] == key).then(|| &entry[at + 1..])
    });
    (value.unwrap_or_default(), value.is_some())
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

/// `func sysRead(fd int, p []byte) (n int, errno int)`
fn read(call: &mut Call) {
    let (fd, buf) = (call.int(0) as c_int, call.bytes_mut(1));
    let n = retrying(call, || {
        // SAFETY: the buffer is ours for its length.
        unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) }
    });
    ret_count(call, n);
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

/// What a system call's result of -1 means.
fn checked(result: c_int) -> Result<(), i32> {
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}

/// `func sysStat(name string, fd int, follow bool, words []int) (errno int)`
fn stat(call: &mut Call) {
    use std::os::unix::fs::MetadataExt;
    let (fd, path) = (call.int(2), os_path(call.bytes(0)));
    let meta = if fd >= 0 {
        std::fs::metadata(format!("/proc/self/fd/{fd}"))
    } else if call.bool(3) {
        std::fs::metadata(path)
    } else {
        std::fs::symlink_metadata(path)
    };
    let result = meta.map(|m| {
        let words = [
            m.dev() as i64,
            m.ino() as i64,
            m.nlink() as i64,
            m.mode().into(),
            m.uid().into(),
            m.gid().into(),
            m.rdev() as i64,
            m.size() as i64,
            m.blksize() as i64,
            m.blocks() as i64,
            m.atime(),
            m.atime_nsec(),
            m.mtime(),
            m.mtime_nsec(),
            m.ctime(),
            m.ctime_nsec(),
        ];
        call.words_mut(4)
            .copy_from_slice(&words.map(|word| word as u64));
        0
    });
    ret_errno(call, result.map_err(errno_of));
}

/// `func sysText(op int, name string, dst []byte) (n int, errno int)`
fn system_text(call: &mut Call) {
    let path = os_path(call.bytes(1));
    let bytes = |path: std::path::PathBuf| path.into_os_string().into_vec();
    let text = match call.int(0) {
        0 => std::env::current_dir().map(bytes),
        1 => std::fs::read_link(path).map(bytes),
        2 => std::fs::read("/proc/sys/kernel/hostname").map(|name| name.trim_ascii_end().to_vec()),
        3 => std::fs::read_link("/proc/self/exe").map(bytes),
        _ => directory(path),
    };
    let mut out = call.out(3);
    let result = text.map_err(errno_of).map(|text| {
        out.push(&text);
        out.answer() as isize
    });
    ret_count(call, result);
}

/// The entries of a directory, sorted, each begun by a type letter and ended by a zero byte.
fn directory(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::FileTypeExt;
    let mut list = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
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
    let mut text = Vec::new();
    for (name, letter) in list {
        text.push(letter);
        text.extend(name);
        text.push(0);
    }
    Ok(text)
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
