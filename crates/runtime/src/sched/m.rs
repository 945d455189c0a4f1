//! M: a thread.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use super::P;
use crate::arch::AsyncRegisters;
use crate::g::G;

/// A thread that runs goroutines. Never freed: an idle thread waits for work.
#[derive(Debug)]
pub struct M {
    pub id: u32,
    /// The P it holds, or null. Its own thread; while it is parked, whoever wakes it.
    pub p: *mut P,
    /// The goroutine it runs. Written by its own thread, read by those who want it to stop.
    pub(super) current: AtomicPtr<G>,
    /// Looks for work without having any; counted in `N_SPINNING`.
    pub(super) spinning: bool,
    /// Kernel id of the thread, for signals; zero until it runs.
    pub(super) thread: AtomicUsize,
    pub(super) parker: Parker,
    /// Where the signal handler saves registers. The scheduler hands the box to the goroutine and puts a new one here.
    pub(super) registers: AtomicPtr<AsyncRegisters>,
    /// In the list of idle threads. Under the scheduler's lock.
    pub(super) is_idle: bool,
}

thread_local! {
    static CURRENT: Cell<*mut M> = const { Cell::new(null_mut()) };
}

/// This thread's M; null on threads that are not the scheduler's. Safe in signal handlers.
#[inline]
pub(crate) fn current_m() -> *mut M {
    CURRENT.get()
}

impl M {
    pub(super) fn new(id: u32) -> Box<M> {
        Box::new(M {
            id,
            p: null_mut(),
            current: AtomicPtr::new(null_mut()),
            spinning: false,
            thread: AtomicUsize::new(0),
            parker: Parker::default(),
            registers: AtomicPtr::new(Box::into_raw(Box::default())),
            is_idle: false,
        })
    }

    /// Makes this thread `m`: thread-local pointer, kernel id, signal stack.
    ///
    /// # Safety
    /// `m` is not bound to another thread and lives forever.
    pub(super) unsafe fn bind(m: *mut M) {
        CURRENT.set(m);
        // SAFETY: the caller's promise; gettid has no preconditions.
        unsafe {
            let thread = libc::syscall(libc::SYS_gettid) as usize;
            (*m).thread.store(thread, Ordering::Release);
        }
        super::signal::install_stack();
    }
}

/// Lets one thread sleep and others wake it; a wake before the sleep is kept.
#[derive(Debug, Default)]
pub(super) struct Parker(AtomicU32);

impl Parker {
    pub(super) const fn new() -> Parker {
        Parker(AtomicU32::new(0))
    }

    /// Sleeps until [`Parker::wake`], at most for `timeout`. True: it was woken.
    pub(super) fn sleep(&self, timeout: Option<Duration>) -> bool {
        // A waker that comes a moment later is common and cheaper to meet awake.
        if self.0.swap(0, Ordering::Acquire) == 1 {
            return true;
        }
        let spec = timeout.map(|timeout| libc::timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        loop {
            let result = futex(&self.0, libc::FUTEX_WAIT, 0, spec.as_ref());
            // Pairs with the Release in `wake`.
            if self.0.swap(0, Ordering::Acquire) == 1 {
                return true;
            }
            if result == -libc::ETIMEDOUT {
                return false;
            }
        }
    }

    pub(super) fn wake(&self) {
        if self.0.swap(1, Ordering::Release) == 0 {
            futex(&self.0, libc::FUTEX_WAKE, 1, None);
        }
    }
}

fn futex(word: &AtomicU32, op: i32, value: u32, timeout: Option<&libc::timespec>) -> i32 {
    // SAFETY: the word and the timespec live during the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            op | libc::FUTEX_PRIVATE_FLAG,
            value,
            timeout.map_or(std::ptr::null(), std::ptr::from_ref),
        )
    };
    if result < 0 {
        // SAFETY: errno is thread-local.
        return -unsafe { *libc::__errno_location() };
    }
    result as i32
}
