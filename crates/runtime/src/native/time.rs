//! Natives of package `time` that wait.

use super::call::{Call, natives};
use super::sync;
use crate::g::WaitReason;
use crate::sched::{self, timer};

natives! {
    "time.Sleep" => |c: &mut Call| {
        let d = c.int(0);
        if d <= 0 {
            return;
        }
        let g = c.goroutine();
        // SAFETY: inside a native of the running goroutine. The timer may fire before it has left its thread.
        unsafe { sched::park(g, WaitReason::Sleep) };
        timer::add(timer::now().saturating_add(d), timer::Fire::Ready(g));
    };
    "time.waitUntil" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine: the one that fires the timers of the library.
        unsafe { sched::spawn::make_system(c.goroutine()) };
        let (address, when) = (c.pointer(0), c.int(1));
        sync::acquire_until(c, address, when);
    };
    "time.wake" => |c: &mut Call| sync::release(c.pointer(0), false);
}
