//! `range` over a map.
//!
//! An iterator walks the table that the map had when the loop began, from a random group and slot on, so each entry comes
//! at most once. As long as the map still uses that table, the walk sees deletions and may see insertions. When the map
//! has moved to another table, each entry of the old one is looked up in the map: it may be gone, or have a new value.
//! A key that does not equal itself (NaN) cannot be found, but it cannot have been deleted either, except by `clear`.
//!
//! Use of [`MapIter`]: `pointers[0]` the map, `pointers[1]` the table; `state[0]` the number of groups less one, `state[1]`
//! random group, `state[2]` random slot, `state[3]` slots passed, `state[4]` the map's `clear_count` at the beginning.

use mini_abi::types::{MapIter, Str};

use super::group::SLOTS;
use super::info::{KeyKind, MapInfo};
use super::{AnyKey, Group, Key, Map, Slot, WRITING, with_key};
use crate::fatal::throw;
use crate::hash;

/// Begins at the first entry.
///
/// # Safety
/// `iter` is zeroed; `map` is null or a map.
pub unsafe fn init(map: *mut u8, iter: *mut MapIter) {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(object) = Map::at(map) else { return };
        if object.flags & WRITING != 0 {
            throw("concurrent map iteration and map write");
        }
        if object.count == 0 {
            return;
        }
        let random = hash::random();
        let iter = &mut *iter;
        iter.pointers[0] = map;
        iter.pointers[1] = object.groups;
        iter.state[0] = u64::from(object.mask);
        iter.state[1] = random >> 3 & u64::from(object.mask);
        iter.state[2] = random & (SLOTS as u64 - 1);
        iter.state[4] = u64::from(object.clear_count);
        next(iter);
    }
}

/// Goes to the next entry; the key becomes null at the end.
///
/// # Safety
/// `iter` was begun by [`init`].
pub unsafe fn next(iter: *mut MapIter) {
    // SAFETY: the caller's promise.
    unsafe {
        let iter = &mut *iter;
        let Some(map) = Map::at(iter.pointers[0]) else {
            iter.key = std::ptr::null_mut();
            return;
        };
        if map.flags & WRITING != 0 {
            throw("concurrent map iteration and map write");
        }
        let info = map.info;
        let n_slots = (iter.state[0] as usize + 1) * SLOTS;
        let mut passed = iter.state[3] as usize;
        while passed < n_slots {
            let index = (passed / SLOTS + iter.state[1] as usize) & iter.state[0] as usize;
            let group = Group(iter.pointers[1].add(index * info.group_size));
            let rotation = iter.state[2] as usize;
            let filled = group.control().rotated(rotation).filled();
            let Some(slot) = filled.from(passed % SLOTS).first() else {
                passed = (passed / SLOTS + 1) * SLOTS;
                continue;
            };
            passed = passed / SLOTS * SLOTS + slot + 1;
            let slot = group.slot(info, (slot + rotation) % SLOTS);
            let current = match std::ptr::eq(iter.pointers[1], map.groups) {
                true => Some(slot),
                false => find_moved(map, info, slot, iter.state[4]),
            };
            if let Some(slot) = current {
                iter.state[3] = passed as u64;
                iter.key = slot.key(info);
                iter.value = slot.value(info);
                return;
            }
        }
        iter.state[3] = passed as u64;
        iter.key = std::ptr::null_mut();
        iter.value = std::ptr::null_mut();
    }
}

/// Where the entry of a table that the map has left is now.
///
/// # Safety
/// The slot of the old table is full.
unsafe fn find_moved(
    map: &Map,
    info: &'static MapInfo,
    slot: Slot,
    clear_count: u64,
) -> Option<Slot> {
    // SAFETY: the caller's promise. A key that was hashed once can be hashed again.
    unsafe {
        let address: *const u8 = slot.key(info);
        with_key!(info, address, |key| {
            if !key.is_at(info, address) {
                return (clear_count == u64::from(map.clear_count)).then_some(slot);
            }
            match key.hash(info, map.seed) {
                Ok(hash) if map.count > 0 => map.find(key, hash),
                _ => None,
            }
        })
    }
}
