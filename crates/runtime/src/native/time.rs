//! Natives of package `time` that wait, and the files of the zone database.

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
    "time.readZone" => |c: &mut Call| {
        let mut out = c.out(2);
        let data = zone_file(c.bytes(0));
        if let Some(data) = &data {
            out.push(data);
        }
        c.ret_int(0, out.answer());
        c.ret_bool(1, data.is_some());
    };
    "time.timeZone" => |c: &mut Call| {
        let (name, is_set) = super::os::variable(b"TZ");
        c.ret_bytes(0, name);
        c.ret_bool(2, is_set);
    };
    "time.wake" => |c: &mut Call| {
        // SAFETY: as above.
        unsafe { sync::release(c.goroutine(), c.pointer(0).cast(), false) };
    };
}

/// Where systems keep the zone database.
const ZONE_DIRECTORIES: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/usr/lib/locale/TZ",
    "/etc/zoneinfo",
];

/// The file of a zone by its name in the database, or by a path from the root; none that is larger than any zone's.
fn zone_file(name: &[u8]) -> Option<Vec<u8>> {
    const MOST: u64 = 10 << 20;
    let name = std::str::from_utf8(name).ok()?;
    let read = |path: &std::path::Path| {
        let meta = std::fs::metadata(path).ok()?;
        (meta.is_file() && meta.len() < MOST).then(|| std::fs::read(path).ok())?
    };
    if name.starts_with('/') {
        return read(name.as_ref());
    }
    ZONE_DIRECTORIES
        .iter()
        .find_map(|directory| read(&std::path::Path::new(directory).join(name)))
}
