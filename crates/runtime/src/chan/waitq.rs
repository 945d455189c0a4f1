//! Queues of waiting goroutines, and the records that stand in them.
//!
//! A [`Sudog`] says: this goroutine waits for this channel, and its element is there. A goroutine in `select` has many, a
//! channel too. Sudogs are memory of the runtime, kept in a pool of each thread.

use std::cell::RefCell;
use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::Chan;
use crate::g::G;
use crate::gc::scan;

/// A goroutine waiting on a channel. While it stands in a queue, the channel's lock guards it; `g`, `elem`, `chan`
/// and the rest of what says for what it waits is fixed then, but for the stack copier, who stops the world first.
#[derive(Debug)]
pub struct Sudog {
    pub g: *mut G,
    /// The element to send, or where to put what is received (null: nowhere). Points into the goroutine's stack, as a rule.
    pub elem: *mut u8,
    /// Next of the same goroutine: the chain at [`G::sudogs`].
    pub wait_link: *mut Sudog,
    pub chan: *mut Chan,
    pub is_send: bool,
    /// One of the cases of a `select`, of which only one may win.
    pub is_select: bool,
    /// Index of the case.
    pub case: u32,
    /// The operation went through; false: the channel was closed. Set by [`complete`].
    pub success: bool,
    is_queued: bool,
    next: *mut Sudog,
    prev: *mut Sudog,
}

impl Sudog {
    fn new() -> Sudog {
        Sudog {
            g: null_mut(),
            elem: null_mut(),
            wait_link: null_mut(),
            chan: null_mut(),
            is_send: false,
            is_select: false,
            case: 0,
            success: false,
            is_queued: false,
            next: null_mut(),
            prev: null_mut(),
        }
    }
}

/// A queue, first come first served. The channel's lock guards it.
#[derive(Debug)]
pub struct WaitQ {
    first: *mut Sudog,
    last: *mut Sudog,
}

impl WaitQ {
    pub(super) const fn new() -> WaitQ {
        WaitQ {
            first: null_mut(),
            last: null_mut(),
        }
    }

    /// Whether nobody stands there. A hint without the lock; a `select` that has lost may still stand there.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // SAFETY: an aligned word; other threads may write it, so it is read once.
        unsafe { (&raw const self.first).read_volatile().is_null() }
    }

    /// # Safety
    /// `sudog` stands in no queue; the lock is held.
    pub(super) unsafe fn enqueue(&mut self, sudog: *mut Sudog) {
        // SAFETY: the caller's promise; who stands in the queue is valid.
        unsafe {
            (*sudog).next = null_mut();
            (*sudog).prev = self.last;
            (*sudog).is_queued = true;
            if self.last.is_null() {
                self.first = sudog;
            } else {
                (*self.last).next = sudog;
            }
            self.last = sudog;
        }
    }

    /// Takes out the first that still waits; one of a `select` counts only if no other channel has won it.
    ///
    /// # Safety
    /// The lock is held.
    #[inline]
    pub(super) unsafe fn dequeue(&mut self) -> Option<*mut Sudog> {
        loop {
            let sudog = self.first;
            if sudog.is_null() {
                return None;
            }
            // SAFETY: who stands in the queue is valid, and its goroutine waits, or has been won and will come for this sudog,
            // which takes the lock.
            unsafe {
                self.remove(sudog);
                if !(*sudog).is_select || win(&*(*sudog).g) {
                    return Some(sudog);
                }
            }
        }
    }

    /// Takes out `sudog` if it stands in this queue: it stands in no other.
    ///
    /// # Safety
    /// The lock is held.
    pub(super) unsafe fn remove(&mut self, sudog: *mut Sudog) {
        // SAFETY: the caller's promise; the neighbours are valid as they stand in the queue.
        unsafe {
            if !(*sudog).is_queued {
                return;
            }
            let (next, prev) = ((*sudog).next, (*sudog).prev);
            match next.is_null() {
                true => self.last = prev,
                false => (*next).prev = prev,
            }
            match prev.is_null() {
                true => self.first = next,
                false => (*prev).next = next,
            }
            (*sudog).next = null_mut();
            (*sudog).prev = null_mut();
            (*sudog).is_queued = false;
        }
    }
}

/// The first channel that comes gets a goroutine that waits in `select`.
fn win(g: &G) -> bool {
    g.select_done
        .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
        .is_ok()
}

/// Ends the waiting of one that was taken from a queue, after its element was seen to. It must be made ready then.
///
/// # Safety
/// `sudog` was returned by [`WaitQ::dequeue`], and the lock is still held.
pub(super) unsafe fn complete(sudog: *mut Sudog, success: bool) -> *mut G {
    // SAFETY: the goroutine waits, and by the caller's promise it is ours.
    unsafe {
        let g = (*sudog).g;
        (*sudog).success = success;
        if (*sudog).is_select {
            // It clears up itself: see `select::after_wait`.
            (*g).wait_data = sudog.expose_provenance();
        } else {
            if (*sudog).is_send {
                // For `send::after_wait`.
                (*g).wait_data = usize::from(success);
            }
            (*g).header.resume_values = [u64::from(success), 0];
            (*g).sudogs = null_mut();
            free(sudog);
        }
        g
    }
}

/// Visits what a waiting goroutine keeps alive here: its channels, and what it wants to send. For a goroutine that waits for
/// a semaphore, the object that the semaphore is in.
///
/// # Safety
/// The goroutine does not run, nor can it be woken: the world is stopped.
pub unsafe fn for_each_root(g: *const G, visit: &mut dyn FnMut(usize)) {
    // SAFETY: the caller's promise; sudogs in the chain are valid, elements to be sent too.
    unsafe {
        visit((*g).wait_data);
        let mut sudog = (*g).sudogs;
        while !sudog.is_null() {
            visit((*sudog).chan.expose_provenance());
            let ty = (*(*sudog).chan).elem;
            if (*sudog).is_send && ty.pointer_bytes != 0 {
                let elem = (*sudog).elem.expose_provenance();
                scan::typed(elem, 0, ty.size, ty, &mut |word| visit(word));
            }
            sudog = (*sudog).wait_link;
        }
    }
}

/// So many sudogs go from a thread's pool to the common one and back.
const BATCH: usize = 64;

thread_local! {
    static POOL: RefCell<Vec<*mut Sudog>> = const { RefCell::new(Vec::new()) };
}

/// Full batches that threads had no use for.
static COMMON: Mutex<Vec<Batch>> = Mutex::new(Vec::new());

struct Batch(Vec<*mut Sudog>);

// SAFETY: sudogs in a pool belong to nobody.
unsafe impl Send for Batch {}

/// A sudog with the given goroutine, element and channel, in no queue and no chain.
#[inline]
pub(super) fn allocate(g: *mut G, elem: *mut u8, chan: *mut Chan) -> *mut Sudog {
    let sudog = POOL.with_borrow_mut(|pool| {
        pool.pop().unwrap_or_else(|| {
            if let Some(Batch(batch)) = COMMON.lock().pop() {
                *pool = batch;
            }
            pool.pop()
                .unwrap_or_else(|| Box::into_raw(Box::new(Sudog::new())))
        })
    });
    // SAFETY: it came from a pool or is fresh: nobody else knows it.
    unsafe {
        *sudog = Sudog {
            g,
            elem,
            chan,
            ..Sudog::new()
        };
    }
    sudog
}

/// # Safety
/// `sudog` is from [`allocate`], in no queue, and nobody uses it afterwards.
#[inline]
pub(super) unsafe fn free(sudog: *mut Sudog) {
    POOL.with_borrow_mut(|pool| {
        if pool.len() >= 2 * BATCH {
            let batch = pool.split_off(BATCH);
            COMMON.lock().push(Batch(batch));
        }
        pool.push(sudog);
    });
}
