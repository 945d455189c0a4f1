//! `x, ok := <-c`.

use std::ptr::null_mut;

use super::send::Tried;
use super::waitq::{self, Sudog};
use super::{Chan, copy_to, copy_to_heap, sched, zero};
use crate::g::{G, WaitReason};

/// Receives into `elem` (null: nowhere). The result says whether there was an element; if the goroutine parks, who
/// wakes it leaves that in `resume_values`.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin. `chan` is a channel or null. `elem` has room for an element, and stays
/// where it is, or is adjusted with the stack, until the goroutine continues.
pub unsafe fn receive(g: *mut G, chan: *mut Chan, elem: *mut u8) -> bool {
    // SAFETY: the caller's promise; the lock is held where it must be, and given back on each way.
    unsafe {
        if chan.is_null() {
            sched::park(g, WaitReason::ChanReceiveNil);
            return false;
        }
        (*chan).lock.lock();
        let (tried, woken) = try_receive(g, chan, elem);
        if tried == Tried::Blocks {
            let sudog = waitq::allocate(g, elem, chan);
            (*g).sudogs = sudog;
            (*chan).receivers.enqueue(sudog);
            sched::park(g, WaitReason::ChanReceive);
        }
        (*chan).lock.unlock();
        if !woken.is_null() {
            sched::ready(woken);
        }
        tried == Tried::Done(true)
    }
}

/// Receives if that needs no waiting; also returns the goroutine to be made ready (or null) once the lock is released.
///
/// # Safety
/// As for [`receive`], for a channel whose lock is held.
pub(super) unsafe fn try_receive(g: *mut G, chan: *mut Chan, elem: *mut u8) -> (Tried, *mut G) {
    // SAFETY: the caller's promise: we hold the lock.
    unsafe {
        let chan = &mut *chan;
        if let Some(sender) = chan.senders.dequeue() {
            return (Tried::Done(true), take_from(g, chan, sender, elem));
        }
        if chan.len() > 0 {
            chan.pop(g, elem);
            return (Tried::Done(true), null_mut());
        }
        if chan.is_closed() {
            zero(g, g, chan.elem, elem);
            return (Tried::Done(false), null_mut());
        }
        (Tried::Blocks, null_mut())
    }
}

/// Takes the element of a waiting sender; with a buffer, which is full then, the first one there, whose place the
/// sender's takes: it is first and last place at once.
///
/// # Safety
/// `g` is the running goroutine; `sender` was dequeued and the lock is held; `elem` has room for an element or is null.
unsafe fn take_from(g: *mut G, chan: &mut Chan, sender: *mut Sudog, elem: *mut u8) -> *mut G {
    // SAFETY: the caller's promise; the sender waits, so its frame stands still.
    unsafe {
        if chan.cap == 0 {
            copy_to(g, g, chan.elem, elem, (*sender).elem);
        } else {
            let slot = chan.slot(chan.receive_at);
            copy_to(g, g, chan.elem, elem, slot);
            copy_to_heap(g, chan.elem, slot, (*sender).elem);
            chan.receive_at = chan.next(chan.receive_at);
            chan.send_at = chan.receive_at;
        }
        waitq::complete(sender, true)
    }
}

/// Whether a receive that may not wait can give up without the lock.
///
/// The channel must have been open and empty at one moment. Emptiness is read first: if the channel is open afterwards,
/// it was open then too, as no channel is opened again.
#[inline]
pub(super) fn would_block(chan: &Chan) -> bool {
    let is_empty = match chan.cap {
        0 => chan.senders.is_empty(),
        _ => chan.len() == 0,
    };
    is_empty && !chan.is_closed()
}
