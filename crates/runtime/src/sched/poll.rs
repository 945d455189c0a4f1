//! Goroutines that wait for files which are not always ready: pipes, terminals, sockets.
//!
//! Such a file is entered once, edge-triggered for both directions, into an epoll set that a thread of its own waits for. Whoever
//! finds nothing to read (no room to write) parks here; the thread, a deadline or the file's end makes it ready, and it asks again.
//! That thread is none of the scheduler's: it holds no P, and `ready` puts goroutines into the global queue.
//!
//! - An edge that comes while nobody waits stays noted in [`Half::is_ready`], so none is lost between a call that found nothing
//!   and the wait.
//! - A handle names a place in the table and its generation: events and timers of a file that has gone find another generation.
//! - At most one goroutine waits for each direction of a file; package os keeps the others out.
//! - While a goroutine waits here the program is no deadlock: what it waits for may come from outside.
//!
//! Go has the same parts in `runtime/netpoll.go`, but no thread for it: an idle one of its scheduler waits.

use std::os::fd::RawFd;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{Shared, timer};
use crate::g::{G, WaitReason};

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
}

/// What a goroutine that wants to use a file learns. The numbers are those of `os/poll.mini`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum Answer {
    /// Try.
    Go = 0,
    /// The file is being closed.
    Closing = 1,
    /// The deadline has passed.
    TimedOut = 2,
    /// The wait is over: ask again.
    Again = 3,
}

#[derive(Debug)]
struct Half {
    is_ready: bool,
    waiter: Shared<G>,
    deadline: Option<timer::Key>,
    is_late: bool,
}

impl Half {
    const NEW: Half = Half {
        is_ready: false,
        waiter: Shared(null_mut()),
        deadline: None,
        is_late: false,
    };

    fn take_waiter(&mut self) -> Option<Shared<G>> {
        let waiter = std::mem::replace(&mut self.waiter, Shared(null_mut()));
        (!waiter.0.is_null()).then_some(waiter)
    }
}

#[derive(Debug)]
struct File {
    generation: u32,
    fd: RawFd,
    is_closing: bool,
    halves: [Half; 2],
}

struct Table {
    files: Vec<File>,
    free: Vec<usize>,
    /// The epoll set; -1 until the first file comes.
    set: RawFd,
}

static TABLE: Mutex<Table> = Mutex::new(Table {
    files: Vec::new(),
    free: Vec::new(),
    set: -1,
});

static N_WAITERS: AtomicUsize = AtomicUsize::new(0);

impl Table {
    fn find(&mut self, handle: u64) -> Option<&mut File> {
        let file = self.files.get_mut(handle as u32 as usize)?;
        (file.generation == (handle >> 32) as u32).then_some(file)
    }
}

/// Whether a goroutine waits for a file.
pub(super) fn has_waiters() -> bool {
    N_WAITERS.load(Ordering::SeqCst) > 0
}

fn wake(waiters: impl IntoIterator<Item = Shared<G>>) {
    for Shared(g) in waiters {
        // SAFETY: it parked in `ask`, and who takes it out of the table wakes it.
        unsafe { super::ready_last(g) };
        // Only now: in between the program would look like a deadlock.
        N_WAITERS.fetch_sub(1, Ordering::SeqCst);
    }
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}

/// Enters a file, which must not block, and gives its handle; an error number if it is of a kind that is always ready.
pub(crate) fn open(fd: RawFd) -> Result<u64, i32> {
    let mut table = TABLE.lock();
    if table.set < 0 {
        // SAFETY: touches no memory.
        let set = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if set < 0 {
            return Err(last_errno());
        }
        table.set = set;
        let builder = std::thread::Builder::new()
            .name("poller".into())
            .stack_size(256 << 10);
        if builder.spawn(move || watch(set)).is_err() {
            crate::fatal::throw("cannot start a thread");
        }
    }
    let at = match table.free.pop() {
        Some(at) => at,
        None => {
            table.files.push(File {
                generation: 0,
                fd: -1,
                is_closing: false,
                halves: [Half::NEW; 2],
            });
            table.files.len() - 1
        }
    };
    let set = table.set;
    let file = &mut table.files[at];
    let handle = u64::from(file.generation) << 32 | at as u64;
    let events = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: handle,
    };
    // SAFETY: the event is ours.
    if unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd, &mut event) } < 0 {
        let errno = last_errno();
        table.free.push(at);
        return Err(errno);
    }
    file.fd = fd;
    Ok(handle)
}

/// Ends all waits for the file; there are no more afterwards.
pub(crate) fn unblock(handle: u64) {
    let mut table = TABLE.lock();
    let Some(file) = table.find(handle) else {
        return;
    };
    file.is_closing = true;
    let waiters = file.halves.each_mut().map(Half::take_waiter);
    let timers = file.halves.each_mut().map(|half| half.deadline.take());
    drop(table);
    for key in timers.into_iter().flatten() {
        timer::remove(key);
    }
    wake(waiters.into_iter().flatten());
}

/// Forgets a file, behind [`unblock`] and before its descriptor is closed.
pub(crate) fn close(handle: u64) {
    let mut table = TABLE.lock();
    let set = table.set;
    let Some(file) = table.find(handle) else {
        return;
    };
    // SAFETY: touches no memory.
    unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_DEL, file.fd, null_mut()) };
    *file = File {
        generation: file.generation.wrapping_add(1),
        fd: -1,
        is_closing: false,
        halves: [Half::NEW; 2],
    };
    table.free.push(handle as u32 as usize);
}

/// Whether the file may be used at all.
pub(crate) fn check(handle: u64, side: Side) -> Answer {
    let mut table = TABLE.lock();
    match table.find(handle) {
        None => Answer::Closing,
        Some(file) if file.is_closing => Answer::Closing,
        Some(file) if file.halves[side as usize].is_late => Answer::TimedOut,
        Some(_) => Answer::Go,
    }
}

/// What to do after a call found the file not ready. With [`Answer::Again`] the goroutine parks at the end of the native.
///
/// # Safety
/// `g` is the running goroutine, inside a native, and no other waits for this side.
pub(crate) unsafe fn wait(g: *mut G, handle: u64, side: Side) -> Answer {
    let mut table = TABLE.lock();
    let Some(file) = table.find(handle) else {
        return Answer::Closing;
    };
    let half = &mut file.halves[side as usize];
    if file.is_closing {
        return Answer::Closing;
    }
    if half.is_late {
        return Answer::TimedOut;
    }
    if std::mem::take(&mut half.is_ready) {
        return Answer::Go;
    }
    half.waiter = Shared(g);
    N_WAITERS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the caller's promise; nobody finds the goroutine before the lock is released.
    unsafe { super::park(g, WaitReason::IoWait) };
    Answer::Again
}

/// Sets when uses of a side fail, by the monotonic clock; `None`: never.
pub(crate) fn set_deadline(handle: u64, side: Side, when: Option<i64>) {
    let mut table = TABLE.lock();
    let Some(file) = table.find(handle).filter(|file| !file.is_closing) else {
        return;
    };
    let half = &mut file.halves[side as usize];
    if let Some(key) = half.deadline.take() {
        timer::remove(key);
    }
    half.is_late = when.is_some_and(|when| when <= timer::now());
    let mut waiter = None;
    match when {
        Some(_) if half.is_late => waiter = half.take_waiter(),
        Some(when) => {
            half.deadline = Some(timer::add(when, timer::Fire::Deadline { handle, side }))
        }
        None => {}
    }
    drop(table);
    wake(waiter);
}

/// The timer of a deadline has fired.
pub(super) fn expire(handle: u64, side: Side, key: timer::Key) {
    let mut table = TABLE.lock();
    let Some(file) = table.find(handle) else {
        return;
    };
    let half = &mut file.halves[side as usize];
    if half.deadline != Some(key) {
        return;
    }
    half.deadline = None;
    half.is_late = true;
    let waiter = half.take_waiter();
    drop(table);
    wake(waiter);
}

/// The thread that waits for the set.
fn watch(set: RawFd) {
    const N_EVENTS: usize = 64;
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; N_EVENTS];
    loop {
        // SAFETY: room for as many events.
        let n = unsafe { libc::epoll_wait(set, events.as_mut_ptr(), N_EVENTS as i32, -1) };
        let mut waiters = Vec::new();
        {
            let mut table = TABLE.lock();
            for event in events.iter().take(usize::try_from(n).unwrap_or(0)) {
                let (flags, handle) = (event.events as i32, event.u64);
                let Some(file) = table.find(handle) else {
                    continue;
                };
                let ends = libc::EPOLLHUP | libc::EPOLLERR;
                let wanted = [
                    libc::EPOLLIN | libc::EPOLLRDHUP | ends,
                    libc::EPOLLOUT | ends,
                ];
                for (half, wanted) in file.halves.iter_mut().zip(wanted) {
                    if flags & wanted != 0 {
                        half.is_ready = true;
                        waiters.extend(half.take_waiter());
                    }
                }
            }
        }
        wake(waiters);
    }
}
