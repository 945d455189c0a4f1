//! `c <- x`.

use std::ptr::null_mut;

use mini_abi::panics::PanicCode;

use super::waitq::{self, Sudog};
use super::{Chan, copy_to, sched};
use crate::g::{G, WaitReason};

/// What became of an operation that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// Done; for a receive: whether there was an element, or the channel was closed.
    Done(bool),
    /// The channel is closed: a send must panic.
    SendClosed,
    /// It would have to wait.
    Blocks,
}

/// Sends the element at `elem`: returns at once, parks the goroutine, or raises a panic.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin. `chan` is a channel or null. `elem` is an element, and stays where
/// it is, or is adjusted with the stack, until the goroutine continues.
pub unsafe fn send(g: *mut G, chan: *mut Chan, elem: *mut u8) {
    // SAFETY: the caller's promise; the lock is held where it must be, and given back on each way.
    unsafe {
        if chan.is_null() {
            sched::park(g, WaitReason::ChanSendNil);
            return;
        }
        (*chan).lock.lock();
        let (tried, woken) = try_send(g, chan, elem);
        if tried == Tried::Blocks {
            let sudog = waitq::allocate(g, elem, chan);
            (*sudog).is_send = true;
            (*g).sudogs = sudog;
            (*chan).senders.enqueue(sudog);
            sched::park_then(g, WaitReason::ChanSend, after_wait);
        }
        (*chan).lock.unlock();
        if !woken.is_null() {
            sched::ready(woken);
        }
        if tried == Tried::SendClosed {
            sched::raise(g, PanicCode::SendClosed, 0, 0);
        }
    }
}

/// A sender that waited goes on: it was received from, or the channel was closed.
///
/// # Safety
/// As a hook of [`sched::park_then`].
unsafe fn after_wait(g: *mut G) {
    // SAFETY: the goroutine is about to run on this thread; who woke it left the outcome.
    unsafe {
        let success = std::mem::take(&mut (*g).wait_data) != 0;
        if !success {
            sched::raise(g, PanicCode::SendClosed, 0, 0);
        }
    }
}

/// Sends if that needs no waiting; also returns the goroutine to be made ready (or null) once the lock is released.
///
/// # Safety
/// As for [`send`], for a channel whose lock is held.
pub(super) unsafe fn try_send(g: *mut G, chan: *mut Chan, elem: *const u8) -> (Tried, *mut G) {
    // SAFETY: the caller's promise: we hold the lock.
    unsafe {
        let chan = &mut *chan;
        if chan.is_closed() {
            return (Tried::SendClosed, null_mut());
        }
        if let Some(receiver) = chan.receivers.dequeue() {
            return (Tried::Done(true), hand_to(g, receiver, elem));
        }
        if chan.len() < chan.cap {
            chan.push(g, elem);
            return (Tried::Done(true), null_mut());
        }
        (Tried::Blocks, null_mut())
    }
}

/// Gives the element to a waiting receiver.
///
/// # Safety
/// `g` is the running goroutine; `receiver` was dequeued and its channel's lock is held; `elem` is an element.
unsafe fn hand_to(g: *mut G, receiver: *mut Sudog, elem: *const u8) -> *mut G {
    // SAFETY: the caller's promise; the receiver waits, so its frame stands still.
    unsafe {
        let ty = (*(*receiver).chan).elem;
        copy_to(g, (*receiver).g, ty, (*receiver).elem, elem);
        waitq::complete(receiver, true)
    }
}

/// Whether a send that may not wait can give up without the lock.
///
/// The channel must have been open and full at one moment. `closed` is read first: if the channel was open then and is
/// full afterwards, it was full and open at some moment between (a closed channel never becomes full).
#[inline]
pub(super) fn would_block(chan: &Chan) -> bool {
    if chan.is_closed() {
        return false;
    }
    match chan.cap {
        0 => chan.receivers.is_empty(),
        cap => chan.len() == cap,
    }
}
