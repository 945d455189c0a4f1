//! Natives that look at or steer the heap and its collector: of `runtime` and `runtime/debug`.

use super::call::{Call, natives};
use crate::gc;
use crate::heap::{self, stats};
use crate::sched;

natives! {
    "runtime.GC" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine.
        unsafe { sched::at_safepoint(c.goroutine(), gc::force) }
    };
    "runtime.readMemStats" => |c: &mut Call| read_mem_stats(c.words_mut(0));
    "debug.SetGCPercent" => |c: &mut Call| {
        let percent = c.int(0);
        c.ret_int(0, gc::configure(|pacer| pacer.set_percent(percent)));
    };
    "debug.SetMemoryLimit" => |c: &mut Call| {
        let limit = c.int(0);
        c.ret_int(0, gc::configure(|pacer| pacer.set_limit(limit)));
    };
    "debug.freeOSMemory" => |_: &mut Call| {
        heap::release_free_memory();
    };
}

/// The words in the order that `runtime.ReadMemStats` names.
fn read_mem_stats(words: &mut [u64]) {
    let stats = stats::read();
    let values = [
        stats.alloc,
        stats.total_alloc,
        stats.mallocs,
        stats.frees,
        stats.sys,
        stats.heap_sys,
        stats.heap_in_use,
        stats.heap_idle,
        stats.heap_released,
        0, // Stacks are not counted yet.
        stats.next_gc,
        stats.pause_total_ns,
        u64::from(stats.n_gc),
        u64::from(stats.n_forced_gc),
        stats.last_gc,
    ];
    for (word, value) in words.iter_mut().zip(values) {
        *word = value;
    }
}
