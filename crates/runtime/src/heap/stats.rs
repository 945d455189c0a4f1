//! What programs can ask about memory: exact counts, as `runtime.MemStats` gives them.
//!
//! Caches count what they hand out; [`read`] adds up. Frees are counted as spans are swept.

use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::cache;
use super::central::{FREES, LARGE_FREED_BYTES};
use super::pages::{HEAP_IN_USE, HEAP_RELEASED, HEAP_SYS, RECORD_BYTES};
use super::size_class::{CLASS_SIZE, N_CLASSES};
use crate::sched::World;

/// Objects allocated, by class (0: large).
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub n_allocated: [u64; N_CLASSES],
    /// Values that share a block with others.
    pub n_tiny: u64,
    pub large_bytes: u64,
}

impl Counts {
    const ZERO: Counts = Counts {
        n_allocated: [0; N_CLASSES],
        n_tiny: 0,
        large_bytes: 0,
    };
}

/// What flushed caches have counted.
static COUNTS: Mutex<Counts> = Mutex::new(Counts::ZERO);

/// Go's names and meanings.
#[derive(Clone, Debug, Default)]
pub struct MemStats {
    pub alloc: u64,
    pub total_alloc: u64,
    pub sys: u64,
    pub mallocs: u64,
    pub frees: u64,
    pub heap_sys: u64,
    pub heap_idle: u64,
    pub heap_in_use: u64,
    pub heap_released: u64,
    pub heap_objects: u64,
    pub stack_in_use: u64,
    pub gc_sys: u64,
    pub mspan_sys: u64,
    pub next_gc: u64,
    pub last_gc: u64,
    pub pause_total_ns: u64,
    pub n_gc: u32,
    pub n_forced_gc: u32,
    /// Duration and end of the last 256 pauses, as Go rotates them.
    pub pauses: Vec<(u64, u64)>,
    pub is_enabled: bool,
    /// Part of the time since the start that the program stood still.
    pub cpu_share: f64,
    /// Size, mallocs, frees by class.
    pub by_size: Vec<(u32, u64, u64)>,
}

/// Flushes all caches: afterwards the spans say exactly which objects there are.
pub fn flush_caches(world: &World) {
    let mut counts = COUNTS.lock();
    crate::sched::for_each_p(world, &mut |p| {
        // SAFETY: the world is stopped, so every P's heap part is ours.
        unsafe { (*(*p).heap.get()).flush(&mut counts) };
    });
}

/// Adds what a cache outside a stopped world (a test's) has counted.
pub fn flush_one(part: &mut super::PerP) {
    part.flush(&mut COUNTS.lock());
}

/// The statistics of this moment. Exact for what the calling thread has done, and altogether if no one allocates now.
pub fn read() -> MemStats {
    let mut counts = *COUNTS.lock();
    cache::count_all(&mut counts);
    let mut stats = MemStats {
        total_alloc: counts.large_bytes,
        mallocs: counts.n_allocated[0] + counts.n_tiny,
        frees: FREES[0].load(Ordering::Relaxed) + counts.n_tiny,
        ..MemStats::default()
    };
    let mut freed_bytes = LARGE_FREED_BYTES.load(Ordering::Relaxed);
    for class in 1..N_CLASSES {
        let (size, mallocs) = (u64::from(CLASS_SIZE[class]), counts.n_allocated[class]);
        let frees = FREES[class].load(Ordering::Relaxed);
        stats.mallocs += mallocs;
        stats.frees += frees;
        stats.total_alloc += mallocs * size;
        freed_bytes += frees * size;
        stats.by_size.push((size as u32, mallocs, frees));
    }
    stats.alloc = stats.total_alloc - freed_bytes;
    stats.heap_objects = stats.mallocs - stats.frees;
    stats.heap_sys = HEAP_SYS.load(Ordering::Relaxed) as u64;
    stats.heap_in_use = HEAP_IN_USE.load(Ordering::Relaxed) as u64;
    stats.heap_idle = stats.heap_sys - stats.heap_in_use;
    stats.heap_released = HEAP_RELEASED.load(Ordering::Relaxed) as u64;
    stats.mspan_sys = RECORD_BYTES.load(Ordering::Relaxed) as u64;
    stats.stack_in_use = crate::stack::pool::bytes_in_use() as u64;
    stats.sys = stats.heap_sys + stats.mspan_sys + stats.stack_in_use;
    crate::gc::add_stats(&mut stats);
    stats
}
