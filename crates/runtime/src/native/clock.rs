//! Clocks, and what a goroutine does that waits for a moment only: natives of `time` and `sync`.

use std::sync::LazyLock;

use super::call::{Call, natives};

natives! {
    "time.wallClock" => |c: &mut Call| {
        let (sec, nsec) = clock(libc::CLOCK_REALTIME);
        c.ret_int(0, sec);
        c.ret_int(1, nsec);
    };
    "time.runtimeNano" => |c: &mut Call| { let now = monotonic(); c.ret_int(0, now) };
    "sync.nanotime" => |c: &mut Call| { let now = monotonic(); c.ret_int(0, now) };
    "sync.canSpin" => |c: &mut Call| {
        // Spinning pays while the holder runs on another processor, and for a short time.
        static HAS_COMPANY: LazyLock<bool> =
            LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|n| n.get() > 1));
        let may = c.int(0) < 4 && *HAS_COMPANY;
        c.ret_bool(0, may);
    };
    "sync.doSpin" => |_: &mut Call| (0..30).for_each(|_| std::hint::spin_loop());
    "runtime.KeepAlive" => |_: &mut Call| {};
}

fn clock(id: libc::clockid_t) -> (i64, i64) {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills the struct it is given.
    unsafe { libc::clock_gettime(id, &mut time) };
    (time.tv_sec, time.tv_nsec)
}

/// Nanoseconds of the clock that timers go by.
pub fn monotonic() -> i64 {
    let (sec, nsec) = clock(libc::CLOCK_MONOTONIC);
    sec * 1_000_000_000 + nsec
}
