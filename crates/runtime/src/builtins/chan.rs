//! Builtins for channels: what compiled code calls. Each forwards to the function of [`crate::chan`] that does it.
//!
//! # Safety
//! As in [`super::heap`]: compiled code calls these on the system stack with the running goroutine's header and arguments
//! as the table in [`mini_abi::builtins`] says. That is what every `SAFETY: as called` below refers to.

#![allow(clippy::missing_safety_doc, reason = "the module says it for all")]

use mini_abi::g::GHeader;
use mini_abi::types::{SelectCase, TypeDesc};

use super::heap::Pair;
use crate::chan::{self, Chan};
use crate::g::G;

pub unsafe extern "C" fn make_chan(g: *mut GHeader, ty: &'static TypeDesc, size: i64) -> *mut Chan {
    // SAFETY: as called.
    unsafe { chan::make(G::of(g), ty, size) }
}

pub unsafe extern "C" fn chan_send(g: *mut GHeader, chan: *mut Chan, elem: *mut u8) {
    // SAFETY: as called.
    unsafe { chan::send(G::of(g), chan, elem) };
}

pub unsafe extern "C" fn chan_receive(g: *mut GHeader, chan: *mut Chan, elem: *mut u8) -> u64 {
    // SAFETY: as called.
    u64::from(unsafe { chan::receive(G::of(g), chan, elem) })
}

pub unsafe extern "C" fn chan_close(g: *mut GHeader, chan: *mut Chan) {
    // SAFETY: as called.
    unsafe { chan::close(G::of(g), chan) };
}

pub unsafe extern "C" fn select(
    g: *mut GHeader,
    cases: *const SelectCase,
    n: usize,
    block: u64,
) -> Pair<isize, u64> {
    // SAFETY: as called.
    let (index, ok) = unsafe { chan::select(G::of(g), cases, n, block & 0xff != 0) };
    Pair(index, u64::from(ok))
}
