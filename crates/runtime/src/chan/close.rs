//! `close(c)`.

use std::sync::atomic::Ordering;

use mini_abi::panics::PanicCode;
use smallvec::SmallVec;

use super::{Chan, sched, waitq, zero};
use crate::g::G;

/// Closes the channel and wakes all who wait: receivers get zero, senders panic when they continue.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `chan` is a channel or null.
pub unsafe fn close(g: *mut G, chan: *mut Chan) {
    let mut woken = SmallVec::<[*mut G; 32]>::new();
    // SAFETY: the caller's promise; the lock is held where it must be. Who waits stands still and is ours once dequeued.
    unsafe {
        if chan.is_null() {
            sched::raise(g, PanicCode::CloseNil, 0, 0);
            return;
        }
        let chan = &mut *chan;
        chan.lock.lock();
        if chan.is_closed() {
            chan.lock.unlock();
            sched::raise(g, PanicCode::CloseClosed, 0, 0);
            return;
        }
        chan.closed.store(true, Ordering::Release);
        while let Some(receiver) = chan.receivers.dequeue() {
            zero(g, (*receiver).g, chan.elem, (*receiver).elem);
            woken.push(waitq::complete(receiver, false));
        }
        while let Some(sender) = chan.senders.dequeue() {
            woken.push(waitq::complete(sender, false));
        }
        chan.lock.unlock();
        for goroutine in woken {
            sched::ready(goroutine);
        }
    }
}
