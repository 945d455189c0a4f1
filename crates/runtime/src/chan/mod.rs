//! Channels and `select`.
//!
//! A channel is an object of the collected heap: [`Chan`], with a ring buffer behind it (elements without pointers) or in an
//! array of its own. Goroutines that must wait hang in two queues of [`Sudog`]s ([`waitq`]), which are memory of
//! the runtime. Who comes second does the work for both: it copies the element straight from or into the frame of the one
//! who waits ([`send`], [`receive`]) and makes it runnable; [`close`] does so for all; [`select`] waits in many queues.
//!
//! # Invariants
//! All under `Chan::lock`:
//! - At least one of `senders` and `receivers` is empty, except that a `select` may wait for both in one channel.
//! - With a buffer: if it has elements, nobody waits to receive; if it has room, nobody waits to send.
//! - A waiter that was taken from a queue belongs to who took it, until [`waitq::complete`] and `ready`.
//!
//! # Who calls
//! Builtins, on the system stack, with the running goroutine. A goroutine parks before it lets go of the lock: who
//! wakes it always finds it parked. Stacks stand still meanwhile: they move in `morestack` of their own goroutine, which
//! a waiting one is not in, or when the world is stopped, which it is not while a builtin runs. Then the collector
//! and the stack copier find a goroutine's waiters at `G::sudogs` ([`waitq::for_each_root`]).
//!
//! No lock is held when another channel's is taken, but by `select`, in the order of addresses.

mod close;
mod receive;
mod select;
mod send;
#[cfg(test)]
mod tests;
pub mod waitq;

use std::mem::offset_of;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use mini_abi::panics::PanicCode;
use mini_abi::types::{CHAN_CAP, CHAN_LEN, Kind, TypeDesc};
use parking_lot::lock_api::RawMutex as _;

use crate::g::G;
use crate::gc::{self, barrier};
use crate::heap;

pub use close::close;
pub use receive::receive;
pub use select::select;
pub use send::send;
pub use waitq::Sudog;
use waitq::WaitQ;

/// What the channels use of the scheduler. Tests have their own.
#[cfg(not(test))]
mod sched {
    pub(super) use crate::panic::raise;
    pub(super) use crate::sched::{park, park_then, ready};
}
#[cfg(test)]
use tests::sched;

/// A channel.
#[repr(C)]
#[derive(Debug)]
pub struct Chan {
    /// Number of elements in the buffer. Written under the lock, read by anybody.
    len: AtomicUsize,
    cap: usize,
    /// `cap` elements.
    buffer: *mut u8,
    elem: &'static TypeDesc,
    /// Where the next element is put in, and taken out.
    send_at: usize,
    receive_at: usize,
    senders: WaitQ,
    receivers: WaitQ,
    lock: Lock,
    /// Set under the lock, read by anybody.
    closed: AtomicBool,
}

const _: () = assert!(offset_of!(Chan, len) == CHAN_LEN && offset_of!(Chan, cap) == CHAN_CAP);

/// A lock of one byte that spins a little and then lets the thread sleep.
struct Lock(parking_lot::RawMutex);

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lock({})", self.0.is_locked())
    }
}

impl Lock {
    fn lock(&self) {
        self.0.lock();
    }

    /// # Safety
    /// The calling thread holds the lock.
    unsafe fn unlock(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.unlock() }
    }
}

/// The words of a [`Chan`] whose buffer has pointers and is an array of its own.
static CHAN_DESC: TypeDesc = TypeDesc {
    pointer_bytes: offset_of!(Chan, buffer) + 8,
    pointer_bitmap: (&raw const CHAN_POINTERS).cast(),
    bitmap_words: size_of::<Chan>() / 8,
    ..TypeDesc::bare(Kind::Struct, size_of::<Chan>(), 8)
};
static CHAN_POINTERS: u64 = 1 << (offset_of!(Chan, buffer) / 8);

/// `make(chan T, size)`; null after raising a panic.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `ty` is a channel type.
pub unsafe fn make(g: *mut G, ty: &TypeDesc, size: i64) -> *mut Chan {
    // SAFETY: a channel type has an element type.
    let elem: &'static TypeDesc = unsafe { &*ty.elem };
    let bytes = usize::try_from(size)
        .ok()
        .and_then(|cap| cap.checked_mul(elem.size))
        .filter(|&bytes| bytes <= heap::MAX_ALLOC - size_of::<Chan>());
    let Some(bytes) = bytes else {
        // SAFETY: the caller's promise.
        unsafe { sched::raise(g, PanicCode::MakeChanSize, 0, 0) };
        return null_mut();
    };
    // SAFETY: the goroutine is the caller's; the memory is fresh, and has room for the channel and its buffer.
    unsafe {
        let chan: *mut Chan;
        let buffer: *mut u8;
        if bytes == 0 || elem.pointer_bytes == 0 {
            chan = heap::new_zeroed_bytes(g, size_of::<Chan>() + bytes, 8).cast();
            // One past the end would be another object's: without a buffer, any address inside will do.
            buffer = chan
                .cast::<u8>()
                .add(if bytes == 0 { 0 } else { size_of::<Chan>() });
        } else {
            chan = heap::new_object(g, &CHAN_DESC).cast();
            buffer = heap::new_array(g, elem, size as usize);
        }
        chan.write(Chan {
            len: AtomicUsize::new(0),
            cap: size as usize,
            buffer,
            elem,
            send_at: 0,
            receive_at: 0,
            senders: WaitQ::new(),
            receivers: WaitQ::new(),
            lock: Lock(parking_lot::RawMutex::INIT),
            closed: AtomicBool::new(false),
        });
        chan
    }
}

impl Chan {
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Elements in the buffer. The order matters only to those who do not hold the lock: see `would_block`.
    fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// The place after `at`.
    fn next(&self, at: usize) -> usize {
        if at + 1 == self.cap { 0 } else { at + 1 }
    }

    fn slot(&self, at: usize) -> *mut u8 {
        self.buffer.wrapping_add(at * self.elem.size)
    }

    /// Copies the element at `src` to the end of the buffer, which has room.
    ///
    /// # Safety
    /// `g` is running; the lock is held; `src` is an element.
    unsafe fn push(&mut self, g: *mut G, src: *const u8) {
        let slot = self.slot(self.send_at);
        // SAFETY: the caller's promise; the slot is in the buffer.
        unsafe { copy_to_heap(g, self.elem, slot, src) };
        self.send_at = self.next(self.send_at);
        self.len.store(self.len() + 1, Ordering::Release);
    }

    /// Takes the first element out of the buffer, which has one, to `dst` (null: nowhere), a place of the goroutine `g`.
    ///
    /// # Safety
    /// `g` is running; the lock is held; `dst` has room for an element.
    unsafe fn pop(&mut self, g: *mut G, dst: *mut u8) {
        let slot = self.slot(self.receive_at);
        // SAFETY: the caller's promise; the slot is in the buffer and has an element.
        unsafe {
            copy_to(g, g, self.elem, dst, slot);
            // What was received must not be kept alive.
            if self.elem.pointer_bytes != 0 {
                barrier::zero_values(g, self.elem, slot, 1);
            }
        }
        self.receive_at = self.next(self.receive_at);
        self.len.store(self.len() - 1, Ordering::Release);
    }
}

/// # Safety
/// There are elements of the type, or room for one, at the addresses.
#[inline]
unsafe fn copy(ty: &TypeDesc, dst: *mut u8, src: *const u8) {
    // SAFETY: the caller's promise. Most elements are one word.
    unsafe {
        if ty.size == 8 {
            dst.cast::<u64>()
                .write_unaligned(src.cast::<u64>().read_unaligned());
        } else {
            dst.copy_from_nonoverlapping(src, ty.size);
        }
    }
}

/// Copies an element into an object.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `src` is an element, `dst` too, or zero.
#[inline]
unsafe fn copy_to_heap(g: *mut G, ty: &TypeDesc, dst: *mut u8, src: *const u8) {
    // SAFETY: the caller's promise.
    unsafe {
        if ty.pointer_bytes != 0 && gc::is_marking() {
            barrier::move_values(g, ty, dst, src, 1);
        } else {
            copy(ty, dst, src);
        }
    }
}

/// Copies an element to where `owner`, running or waiting, wants it; `dst` may be null.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `src` is an element, `dst` has room for one.
#[inline]
unsafe fn copy_to(g: *mut G, owner: *mut G, ty: &TypeDesc, dst: *mut u8, src: *const u8) {
    if dst.is_null() {
        return;
    }
    // SAFETY: the caller's promise; `owner` is running or waits for us, so its stack stands still.
    unsafe {
        if ty.pointer_bytes != 0 && gc::is_marking() {
            if !(*owner).stack().contains(&dst.addr()) {
                barrier::move_values(g, ty, dst, src, 1);
                return;
            }
            // A frame may have been scanned already. What was there before is not of interest, it need not even be a value.
            barrier::shade_values(g, ty, src, ty.size);
        }
        copy(ty, dst, src);
    }
}

/// Zeroes the place where `owner` wanted an element.
///
/// # Safety
/// As for [`copy_to`].
unsafe fn zero(g: *mut G, owner: *mut G, ty: &TypeDesc, dst: *mut u8) {
    if dst.is_null() {
        return;
    }
    // SAFETY: as in `copy_to`.
    unsafe {
        if (*owner).stack().contains(&dst.addr()) {
            dst.write_bytes(0, ty.size);
        } else {
            barrier::zero_values(g, ty, dst, 1);
        }
    }
}
