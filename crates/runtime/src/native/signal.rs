//! Natives of `os/signal`.

use super::call::{Call, natives};
use crate::sched::notify;

natives! {
    "signal.enable" => |c: &mut Call| notify::enable(c.int(0) as i32);
    "signal.disable" => |c: &mut Call| notify::disable(c.int(0) as i32);
    "signal.ignore" => |c: &mut Call| notify::ignore(c.int(0) as i32);
    "signal.isIgnored" => |c: &mut Call| {
        let is_ignored = notify::is_ignored(c.int(0) as i32);
        c.ret_bool(0, is_ignored);
    };
    "signal.take" => |c: &mut Call| c.ret_int(0, notify::take().into());
    "signal.wait" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, the one of the library that waits for signals.
        unsafe {
            crate::sched::spawn::make_system(c.goroutine());
            notify::wait(c.goroutine());
        }
    };
}
