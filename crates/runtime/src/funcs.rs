//! All compiled functions, found by address.
//!
//! Readers (stack walks, signal handlers) take no lock. The functions stand in levels of sorted arrays: level i is
//! empty or holds at least 2^i of them; a new function is merged with the full low levels into the next empty one, as in a
//! binary counter, so that n functions cost n log n. A writer first publishes the merged level, then clears the
//! lower ones; a reader goes from low to high, so it may meet a function twice but never misses one.
//!
//! Arrays that were merged away are freed while the world is stopped, when no reader can hold one.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use mini_abi::func::{CallSite, CompiledFunc, LineEntry, TrapKind};
use parking_lot::Mutex;

use crate::sched::World;

/// A compiled function; lives as long as the process.
pub type Func = &'static CompiledFunc;

/// The pointer slots of a call site: offsets in words from `sp`.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    pub live: &'static [u32],
    /// Of objects: see [`mini_abi::func`].
    pub objects: &'static [u32],
}

impl Slots {
    pub const NONE: Slots = Slots {
        live: &[],
        objects: &[],
    };
}

/// Sorted by entry.
type Level = Vec<(usize, Func)>;

const N_LEVELS: usize = 32;

static LEVELS: [AtomicPtr<Level>; N_LEVELS] = [const { AtomicPtr::new(null_mut()) }; N_LEVELS];
/// Held by writers; the arrays that no level holds any more.
static RETIRED: Mutex<Vec<Retired>> = Mutex::new(Vec::new());

struct Retired(*mut Level);

// SAFETY: only the holder of the mutex touches it, to free it.
unsafe impl Send for Retired {}

/// Publishes a function.
pub fn register(func: CompiledFunc) {
    debug_assert!(func.call_sites.is_sorted_by_key(|site| site.offset));
    debug_assert!(func.lines.is_sorted_by_key(|line| line.offset));
    let func: Func = Box::leak(Box::new(func));
    let mut retired = RETIRED.lock();
    let mut merged: Level = vec![(func.entry, func)];
    let mut level = 0;
    loop {
        let old = LEVELS[level].load(Ordering::Relaxed);
        if old.is_null() {
            break;
        }
        // SAFETY: published arrays are immutable and we hold the writers' lock.
        merged.extend_from_slice(unsafe { &*old });
        level += 1;
    }
    merged.sort_unstable_by_key(|entry| entry.0);
    // Pairs with the Acquire in `find`: who sees the array sees its contents.
    LEVELS[level].store(Box::into_raw(Box::new(merged)), Ordering::Release);
    for slot in LEVELS[..level].iter().rev() {
        retired.push(Retired(slot.swap(null_mut(), Ordering::Release)));
    }
}

/// Frees arrays that are no longer in use.
pub fn reclaim(_world: &World) {
    for level in RETIRED.lock().drain(..) {
        // SAFETY: it came from `Box::into_raw`, is in no level, and readers that may have loaded it were on
        // threads that have stopped since.
        drop(unsafe { Box::from_raw(level.0) });
    }
}

/// The function whose code holds `pc`. Safe in signal handlers.
pub fn find(pc: usize) -> Option<Func> {
    for slot in &LEVELS {
        let level = slot.load(Ordering::Acquire);
        if level.is_null() {
            continue;
        }
        // SAFETY: arrays are freed only while the world is stopped.
        let level = unsafe { &*level };
        let i = level.partition_point(|entry| entry.0 <= pc);
        if i > 0 {
            let func = level[i - 1].1;
            if pc < func.entry + func.len as usize {
                return Some(func);
            }
        }
    }
    None
}

/// The call site that a return address belongs to.
pub fn call_site(func: Func, return_address: usize) -> Option<&'static CallSite> {
    let offset = (return_address - func.entry) as u32;
    let i = func
        .call_sites
        .binary_search_by_key(&offset, |site| site.offset)
        .ok()?;
    Some(&func.call_sites[i])
}

/// The pointer slots of a call site.
pub fn slots(func: Func, site: &CallSite) -> Slots {
    let slots = &func.slots[site.first_slot as usize..][..site.n_slots as usize];
    let (live, objects) = slots.split_at(site.n_live as usize);
    Slots { live, objects }
}

/// What may go wrong at an instruction.
pub fn trap(func: Func, pc: usize) -> Option<TrapKind> {
    let offset = (pc - func.entry) as u32;
    let i = func
        .traps
        .binary_search_by_key(&offset, |trap| trap.0)
        .ok()?;
    Some(func.traps[i].1)
}

/// The source position of the instruction at `pc`.
pub fn line(func: Func, pc: usize) -> Option<&'static LineEntry> {
    let offset = pc.saturating_sub(func.entry) as u32;
    let i = func.lines.partition_point(|line| line.offset <= offset);
    func.lines.get(i.max(1) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn func_at(entry: usize, len: u32) -> CompiledFunc {
        CompiledFunc {
            name: format!("main.f{entry:x}"),
            entry,
            len,
            has_parameters: true,
            ..CompiledFunc::default()
        }
    }

    #[test]
    fn every_registered_function_is_found_by_any_of_its_addresses() {
        let base = 0x7000_0000_0000_usize;
        // Not in the order of addresses.
        for i in 0..100usize {
            register(func_at(base + (i * 37 % 100) * 64, 40));
        }
        for i in 0..100 {
            let entry = base + i * 64;
            assert_eq!(find(entry).unwrap().entry, entry);
            assert_eq!(find(entry + 39).unwrap().entry, entry);
            assert!(find(entry + 40).is_none());
        }
        assert!(find(base - 1).is_none());
    }
}
