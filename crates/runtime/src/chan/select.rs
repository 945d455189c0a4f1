//! `select`.
//!
//! All channels are locked, in the order of their addresses, so that what is seen is one moment; the cases are tried in random
//! order. If none can go on, the goroutine waits in the queues of all, and the first channel that comes wins it
//! (`G::select_done`). When it continues, it takes itself out of the other queues before anything else.
//!
//! Cases with a nil channel never happen: they are left out at once.

use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use mini_abi::panics::PanicCode;
use mini_abi::types::SelectCase;
use smallvec::SmallVec;

use super::receive::{self, try_receive};
use super::send::{self, Tried, try_send};
use super::waitq::{self, Sudog};
use super::{Chan, sched};
use crate::g::{G, WaitReason};
use crate::hash;

/// Indexes of cases, in some order.
type Order = SmallVec<[u32; 16]>;

/// The index when no case is ready.
const NONE: isize = -1;

/// Does one of the cases: its index, and whether a receive got an element. With `block`, parks until there is one, and who
/// wakes the goroutine decides the results; without, -1 if none is ready.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `cases` are `n` cases, whose channels and elements are as
/// [`super::send`] and [`super::receive`] want them.
pub unsafe fn select(g: *mut G, cases: *const SelectCase, n: usize, block: bool) -> (isize, bool) {
    let cases = match n {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { std::slice::from_raw_parts(cases, n) },
    };
    if !block && cases.iter().all(would_block) {
        return (NONE, false);
    }
    let poll_order = poll_order(cases);
    let mut lock_order = poll_order.clone();
    lock_order.sort_unstable_by_key(|&i| cases[i as usize].chan.addr());
    // SAFETY: the caller's promise; the locks of all channels are held from here to `unlock_all`.
    unsafe {
        for_each_chan(cases, &lock_order, |chan| (*chan).lock.lock());
        let mut chosen = (NONE, Tried::Blocks, null_mut());
        for &i in &poll_order {
            let case = &cases[i as usize];
            let (tried, woken) = match case.is_send != 0 {
                true => try_send(g, case.chan.cast(), case.elem),
                false => try_receive(g, case.chan.cast(), case.elem),
            };
            if tried != Tried::Blocks {
                chosen = (i as isize, tried, woken);
                break;
            }
        }
        let (index, tried, woken) = chosen;
        if tried == Tried::Blocks && block {
            wait(g, cases, &lock_order);
        }
        for_each_chan(cases, &lock_order, |chan| (*chan).lock.unlock());
        if !woken.is_null() {
            sched::ready(woken);
        }
        match tried {
            Tried::Done(ok) => (index, ok),
            Tried::SendClosed => {
                sched::raise(g, PanicCode::SendClosed, 0, 0);
                (index, false)
            }
            Tried::Blocks => (NONE, false),
        }
    }
}

/// Whether a case can be given up without its channel's lock.
fn would_block(case: &SelectCase) -> bool {
    // SAFETY: null or a channel, whose fields other threads change only as these functions expect.
    let Some(chan) = (unsafe { case.chan.cast::<Chan>().as_ref() }) else {
        return true;
    };
    match case.is_send != 0 {
        true => send::would_block(chan),
        false => receive::would_block(chan),
    }
}

/// The cases that can happen at all, shuffled.
fn poll_order(cases: &[SelectCase]) -> Order {
    let mut order = Order::new();
    for (i, case) in cases.iter().enumerate() {
        if case.chan.is_null() {
            continue;
        }
        // Each place is equally likely: the high half of the product is below the length.
        let n = order.len() as u64 + 1;
        let at = (((hash::random() >> 32) * n) >> 32) as usize;
        order.push(i as u32);
        order.swap(at, n as usize - 1);
    }
    order
}

/// Calls `f` once for each channel; `order` has the cases of a channel side by side.
fn for_each_chan(cases: &[SelectCase], order: &Order, mut f: impl FnMut(*mut Chan)) {
    let mut last = null_mut();
    for &i in order {
        let chan = cases[i as usize].chan;
        if chan != last {
            f(chan.cast());
            last = chan;
        }
    }
}

/// Puts the goroutine into all queues and parks it.
///
/// # Safety
/// As for [`select`]; all locks are held.
unsafe fn wait(g: *mut G, cases: &[SelectCase], order: &Order) {
    // SAFETY: the caller's promise.
    unsafe {
        (*g).select_done.store(0, Ordering::Relaxed);
        let mut head: *mut Sudog = null_mut();
        for &i in order {
            let case = &cases[i as usize];
            let chan: *mut Chan = case.chan.cast();
            let sudog = waitq::allocate(g, case.elem, chan);
            (*sudog).is_select = true;
            (*sudog).is_send = case.is_send != 0;
            (*sudog).case = i;
            (*sudog).wait_link = head;
            head = sudog;
            match (*sudog).is_send {
                true => (*chan).senders.enqueue(sudog),
                false => (*chan).receivers.enqueue(sudog),
            }
        }
        (*g).sudogs = head;
        sched::park_then(g, wait_reason(cases), after_wait);
    }
}

/// A single case without default is what a plain operation is.
fn wait_reason(cases: &[SelectCase]) -> WaitReason {
    match cases {
        [] => WaitReason::SelectNoCases,
        [case] => match (case.is_send != 0, case.chan.is_null()) {
            (false, false) => WaitReason::ChanReceive,
            (false, true) => WaitReason::ChanReceiveNil,
            (true, false) => WaitReason::ChanSend,
            (true, true) => WaitReason::ChanSendNil,
        },
        _ => WaitReason::Select,
    }
}

/// A goroutine that waited goes on: it leaves the queues of the channels that have lost.
///
/// # Safety
/// As a hook of [`sched::park_then`].
unsafe fn after_wait(g: *mut G) {
    // SAFETY: the goroutine is about to run on this thread, so its chain is ours; queues are changed under their locks.
    unsafe {
        let winner: *mut Sudog =
            std::ptr::with_exposed_provenance_mut(std::mem::take(&mut (*g).wait_data));
        let (case, success, is_send) = ((*winner).case, (*winner).success, (*winner).is_send);
        let mut sudog = std::mem::replace(&mut (*g).sudogs, null_mut());
        while !sudog.is_null() {
            let next = (*sudog).wait_link;
            if sudog != winner {
                let chan = &mut *(*sudog).chan;
                chan.lock.lock();
                match (*sudog).is_send {
                    true => chan.senders.remove(sudog),
                    false => chan.receivers.remove(sudog),
                }
                chan.lock.unlock();
            }
            waitq::free(sudog);
            sudog = next;
        }
        (*g).header.resume_values = [u64::from(case), u64::from(success)];
        if is_send && !success {
            sched::raise(g, PanicCode::SendClosed, 0, 0);
        }
    }
}
