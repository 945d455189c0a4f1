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
        let (g, word, when) = (c.goroutine(), c.pointer(0).cast(), c.int(1));
        // SAFETY: inside a native of the running goroutine, the one that fires the timers of the library; the word is a
        // semaphore of the program.
        unsafe {
            sched::spawn::make_system(g);
            if when <= timer::now() {
                c.ret_bool(0, false);
                return;
            }
            sync::acquire_until(g, word, when, WaitReason::Sleep, c.results());
        }
    };
    "time.wake" => |c: &mut Call| {
        // SAFETY: as above.
        unsafe { sync::release(c.goroutine(), c.pointer(0).cast(), false) };
    };
}
