//! Natives that look at or steer the heap and its collector: of `runtime` and `runtime/debug`.

use super::call::{Call, natives};
use crate::gc;
use crate::heap::{self, stats};
use crate::sched;

natives! {
    "runtime.collect" => |c: &mut Call| {
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
    "runtime.floatOf" => |c: &mut Call| { let bits = c.word(0); c.ret(0, bits) };
    "debug.gcPauses" => |c: &mut Call| {
        // Durations and ends, the newest first.
        let stats = stats::read();
        let n = stats.n_gc as usize;
        let kept = n.min(stats.pauses.len());
        let words = c.words_mut(0);
        for (i, pair) in words.chunks_exact_mut(2).take(kept).enumerate() {
            let (pause, end) = stats.pauses[(n - 1 - i) % stats.pauses.len()];
            pair.copy_from_slice(&[pause, end]);
        }
        c.ret_int(0, stats.n_gc.into());
        c.ret_int(1, stats.pause_total_ns as i64);
        c.ret_int(2, stats.last_gc as i64);
    };
    "debug.freeOSMemory" => |_: &mut Call| {
        heap::release_free_memory();
    };
}

/// The words in the order that `runtime.ReadMemStats` names; behind them size, allocations and frees of each class, then
/// duration and end of the last pauses.
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
        stats.stack_in_use,
        stats.next_gc,
        stats.pause_total_ns,
        u64::from(stats.n_gc),
        u64::from(stats.n_forced_gc),
        stats.last_gc,
        stats.mspan_sys,
        u64::from(stats.is_enabled),
        stats.cpu_share.to_bits(),
        stats.by_size.len() as u64,
    ];
    let classes = stats.by_size.iter();
    let by_class = classes.flat_map(|&(size, mallocs, frees)| [size.into(), mallocs, frees]);
    let pauses = stats.pauses.iter().flat_map(|&(pause, end)| [pause, end]);
    let all = values.into_iter().chain(by_class).chain(pauses);
    for (word, value) in words.iter_mut().zip(all) {
        *word = value;
    }
}
