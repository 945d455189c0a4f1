//! Natives of package `os` about other processes.
//!
//! They are started with `posix_spawn`: the child borrows the memory until it runs its program, with all signals blocked and on a
//! stack of its own, so that neither the size of the heap nor the other threads matter.

use std::ffi::{CString, c_char, c_int};
use std::ptr::null_mut;

use mini_abi::types::Str;

use super::call::{Call, natives};
use crate::sched::blocking;

natives! {
    "os.sysStart" => start;
    "os.sysWait" => wait;
    "syscall.wait" => wait;
    "syscall.exec" => |c: &mut Call| {
        let path = CString::new(c.bytes(0)).map_err(|_| libc::EINVAL);
        let failed = match (path, strings(c, 2), strings(c, 5)) {
            (Ok(path), Ok(arguments), Ok(environment)) => {
                let (arguments, environment) = (pointers(&arguments), pointers(&environment));
                // SAFETY: a path that ends in zero, and lists of such strings that end in null. If it works it does not return.
                unsafe { libc::execve(path.as_ptr(), arguments.as_ptr().cast(), environment.as_ptr().cast()) };
                errno()
            }
            _ => libc::EINVAL,
        };
        c.ret_int(0, failed.into());
    };
}

/// Flags of `os.sysStart`, as `os/process.mini` has them.
const NEW_SESSION: u64 = 1;
const NEW_GROUP: u64 = 2;

/// What a process is started with.
struct Program {
    path: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    directory: Option<CString>,
    /// The descriptors that become 0, 1, 2 …; negative: none.
    files: Vec<c_int>,
    flags: u64,
    group: libc::pid_t,
}

fn errno() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}

/// The strings of a slice argument; EINVAL if one has a zero byte inside.
fn strings(call: &Call, at: usize) -> Result<Vec<CString>, i32> {
    let n = call.word(at + 1) as usize;
    (0..n)
        .map(|i| {
            let Str { ptr, len, .. } = call.text(at, i);
            let bytes = match len {
                0 => &[][..],
                // SAFETY: a string of the slice, alive during the call.
                len => unsafe { std::slice::from_raw_parts(ptr, len) },
            };
            CString::new(bytes).map_err(|_| libc::EINVAL)
        })
        .collect()
}

/// `func sysStart(name string, argv, env []string, dir string, files []int, flags, group int) (pid int, errno int)`
fn start(call: &mut Call) {
    let text = |at| CString::new(call.bytes(at)).map_err(|_| libc::EINVAL);
    let program = || {
        Ok(Program {
            path: text(0)?,
            arguments: strings(call, 2)?,
            environment: strings(call, 5)?,
            directory: match call.bytes(8) {
                [] => None,
                _ => Some(text(8)?),
            },
            files: call.words(10).iter().map(|&fd| fd as c_int).collect(),
            flags: call.word(13),
            group: call.int(14) as libc::pid_t,
        })
    };
    let result: Result<libc::pid_t, i32> = program().and_then(|program| {
        // SAFETY: inside a native of the running goroutine; starting a process touches nothing of the heap.
        unsafe { blocking(call.goroutine(), || spawn(&program)) }
    });
    call.ret_int(0, result.unwrap_or(0).into());
    call.ret_int(1, result.err().unwrap_or(0).into());
}

/// A list of strings as the system wants it.
fn pointers(list: &[CString]) -> Vec<*mut c_char> {
    let texts = list.iter().map(|text| text.as_ptr().cast_mut());
    texts.chain([null_mut()]).collect()
}

/// Descriptors of ours, closed at the end.
struct Copies(Vec<c_int>);

impl Drop for Copies {
    fn drop(&mut self) {
        for &fd in &self.0 {
            // SAFETY: made by `spawn`, for itself.
            unsafe { libc::close(fd) };
        }
    }
}

fn spawn(program: &Program) -> Result<libc::pid_t, i32> {
    // Above those of the child, so that none is overwritten before it was used.
    let mut copies = Copies(Vec::new());
    let floor = program.files.len().max(3) as c_int;
    for &fd in program.files.iter().filter(|&&fd| fd >= 0) {
        // SAFETY: touches no memory.
        let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, floor) };
        if copy < 0 {
            return Err(errno());
        }
        copies.0.push(copy);
    }
    let (arguments, environment) = (pointers(&program.arguments), pointers(&program.environment));
    let check = |code: c_int| if code == 0 { Ok(()) } else { Err(code) };
    // SAFETY: both objects are made before they are used and taken down behind that; lists of strings end in null, and all that
    // they point at lives until the child runs its program, for which the call waits.
    unsafe {
        let mut actions = std::mem::zeroed();
        check(libc::posix_spawn_file_actions_init(&mut actions))?;
        let mut attributes = std::mem::zeroed();
        check(libc::posix_spawnattr_init(&mut attributes))?;
        let mut run = || {
            let mut copy = copies.0.iter();
            for (to, &fd) in program.files.iter().enumerate() {
                let to = to as c_int;
                match copy.next().filter(|_| fd >= 0) {
                    Some(&from) => check(libc::posix_spawn_file_actions_adddup2(
                        &mut actions,
                        from,
                        to,
                    ))?,
                    None => check(libc::posix_spawn_file_actions_addclose(&mut actions, to))?,
                }
            }
            for to in program.files.len() as c_int..3 {
                check(libc::posix_spawn_file_actions_addclose(&mut actions, to))?;
            }
            if let Some(directory) = &program.directory {
                check(libc::posix_spawn_file_actions_addchdir_np(
                    &mut actions,
                    directory.as_ptr(),
                ))?;
            }
            // We ignore SIGPIPE; programs do not expect that.
            let mut signals = std::mem::zeroed();
            libc::sigemptyset(&mut signals);
            check(libc::posix_spawnattr_setsigmask(&mut attributes, &signals))?;
            libc::sigaddset(&mut signals, libc::SIGPIPE);
            check(libc::posix_spawnattr_setsigdefault(
                &mut attributes,
                &signals,
            ))?;
            let mut flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
            if program.flags & NEW_SESSION != 0 {
                flags |= libc::POSIX_SPAWN_SETSID as c_int;
            }
            if program.flags & NEW_GROUP != 0 {
                flags |= libc::POSIX_SPAWN_SETPGROUP;
                check(libc::posix_spawnattr_setpgroup(
                    &mut attributes,
                    program.group,
                ))?;
            }
            check(libc::posix_spawnattr_setflags(
                &mut attributes,
                flags as libc::c_short,
            ))?;
            let mut pid = 0;
            check(libc::posix_spawn(
                &mut pid,
                program.path.as_ptr(),
                &actions,
                &attributes,
                arguments.as_ptr(),
                environment.as_ptr(),
            ))?;
            Ok(pid)
        };
        let result = run();
        libc::posix_spawn_file_actions_destroy(&mut actions);
        libc::posix_spawnattr_destroy(&mut attributes);
        result
    }
}

/// `func sysWait(pid, options int, usage []int) (got, status, errno int)`: waits for the end of a process and, with a negative `options`,
/// leaves it; else takes it over with what it has used, the words of `struct rusage`.
fn wait(call: &mut Call) {
    const N_WORDS: usize = size_of::<libc::rusage>() / 8;
    let (pid, options) = (call.int(0) as libc::pid_t, call.int(1) as c_int);
    let usage = call.words_mut(2);
    let mut words = [0u64; N_WORDS];
    let mut status = 0;
    let run = || loop {
        // SAFETY: room for what the kernel tells.
        let result = unsafe {
            if options < 0 {
                let mut info: libc::siginfo_t = std::mem::zeroed();
                let flags = libc::WEXITED | libc::WNOWAIT;
                libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, flags)
            } else {
                libc::wait4(pid, &mut status, options, words.as_mut_ptr().cast())
            }
        };
        match result {
            -1 if errno() == libc::EINTR => {}
            -1 => return Err(errno()),
            result => return Ok(result),
        }
    };
    // SAFETY: inside a native of the running goroutine; only memory of this function is written.
    let result = unsafe { blocking(call.goroutine(), run) };
    usage
        .iter_mut()
        .zip(words)
        .for_each(|(to, word)| *to = word);
    call.ret_int(0, result.unwrap_or(-1).into());
    call.ret_int(1, status.into());
    call.ret_int(2, result.err().unwrap_or(0).into());
}
