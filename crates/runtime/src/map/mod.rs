//! Maps: Swiss tables.
//!
//! A map object names one array of groups of eight slots ([`group`]); the hash's upper bits choose the group where the
//! search begins, its low seven bits are matched against eight slots at once. Probing goes on, in triangular steps, to
//! the first group with an empty slot. A map of up to eight entries is one group that may fill up entirely. A full
//! table is replaced by one of twice the size, or, if deleted entries fill it, of the same size.
//!
//! # Invariants
//! - A table that has been replaced is never written again: iterators may still walk it ([`iter`]).
//! - `count` is the number of full slots. `room` is how many empty slots may still be filled before the table is
//!   replaced; for more than one group an eighth stays empty, so that every search ends.
//! - Slots that are not full hold zero where pointers may be.
//! - A thread that changes a map sets `WRITING` for that time; whoever meets it ends the program: the program has a race.

pub mod group;
pub mod info;
pub mod iter;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use mini_abi::panics::PanicCode;
use mini_abi::types::{Str, TypeDesc};

use crate::fatal::throw;
use crate::g::G;
use crate::gc::{self, barrier};
use crate::hash::{self, Unhashable};
use crate::heap;
use crate::panic::{raise, raise_with_texts};
use crate::{compare, iface};
use group::{CONTROL_SIZE, Control, DELETED, EMPTY, SLOTS};
use info::{KeyKind, MapInfo};

/// A map object. The count comes first: `len` reads it.
#[repr(C)]
#[derive(Debug)]
pub struct Map {
    pub count: usize,
    info: &'static MapInfo,
    /// The groups; null as long as there has been no entry.
    groups: *mut u8,
    seed: u64,
    /// Number of groups less one.
    mask: u32,
    room: u32,
    flags: u32,
    /// How often the map was cleared.
    clear_count: u32,
}

const WRITING: u32 = 1;
const MAX_GROUPS: usize = 1 << 31;

/// The map object as the collector sees it: `groups` is its only pointer.
static MAP_TYPE: LazyLock<&'static TypeDesc> =
    LazyLock::new(|| info::group_type(size_of::<Map>(), &[std::mem::offset_of!(Map, groups) / 8]));

/// A key that is looked up: how it is hashed, compared, stored.
trait Key: Copy {
    /// Hashing may fail.
    const MAY_FAIL: bool = false;
    fn hash(self, info: &'static MapInfo, seed: u64) -> Result<u64, Unhashable>;
    /// Whether the key at `stored` is this one.
    ///
    /// # Safety
    /// There is a key of the map's type.
    unsafe fn is_at(self, info: &'static MapInfo, stored: *const u8) -> bool;
    /// Stores the key.
    ///
    /// # Safety
    /// `place` has room for a key; `g` is the running goroutine.
    unsafe fn store(self, g: *mut G, info: &'static MapInfo, place: *mut u8);
}

impl Key for u64 {
    #[inline(always)]
    fn hash(self, _: &'static MapInfo, seed: u64) -> Result<u64, Unhashable> {
        Ok(hash::of_u64(self, seed))
    }
    #[inline(always)]
    unsafe fn is_at(self, _: &'static MapInfo, stored: *const u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe { stored.cast::<u64>().read() == self }
    }
    #[inline(always)]
    unsafe fn store(self, g: *mut G, info: &'static MapInfo, place: *mut u8) {
        // SAFETY: the caller's promise. The key may be a pointer or a channel.
        unsafe {
            match info.key.pointer_bytes {
                0 => place.cast::<u64>().write(self),
                _ => barrier::store(
                    g,
                    place.cast(),
                    std::ptr::with_exposed_provenance_mut(self as usize),
                ),
            }
        }
    }
}

impl Key for u32 {
    #[inline(always)]
    fn hash(self, _: &'static MapInfo, seed: u64) -> Result<u64, Unhashable> {
        Ok(hash::of_u64(u64::from(self), seed))
    }
    #[inline(always)]
    unsafe fn is_at(self, _: &'static MapInfo, stored: *const u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe { stored.cast::<u32>().read() == self }
    }
    #[inline(always)]
    unsafe fn store(self, _: *mut G, _: &'static MapInfo, place: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { place.cast::<u32>().write(self) };
    }
}

impl Key for Str {
    #[inline(always)]
    fn hash(self, _: &'static MapInfo, seed: u64) -> Result<u64, Unhashable> {
        // SAFETY: a valid string.
        Ok(unsafe { hash::of_bytes(self.ptr, self.len, seed) })
    }
    #[inline(always)]
    unsafe fn is_at(self, _: &'static MapInfo, stored: *const u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe { compare::strings(&self, &*stored.cast::<Str>()) }
    }
    #[inline(always)]
    unsafe fn store(self, g: *mut G, _: &'static MapInfo, place: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe {
            barrier::store(g, place.cast(), self.ptr.cast_mut());
            place.cast::<usize>().add(1).write(self.len);
        }
    }
}

/// The address of a key of any type.
#[derive(Clone, Copy)]
struct AnyKey(*const u8);

impl Key for AnyKey {
    const MAY_FAIL: bool = true;

    fn hash(self, info: &'static MapInfo, seed: u64) -> Result<u64, Unhashable> {
        // SAFETY: there is a key of the map's type.
        unsafe { hash::of_value(info.key, self.0, seed) }
    }
    #[inline]
    unsafe fn is_at(self, info: &'static MapInfo, stored: *const u8) -> bool {
        // SAFETY: the caller's promise. The key was hashed, so its parts can be compared.
        unsafe { compare::values(info.key, self.0, stored).unwrap_or(false) }
    }
    unsafe fn store(self, g: *mut G, info: &'static MapInfo, place: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { barrier::move_values(g, info.key, place, self.0, 1) };
    }
}

/// Calls `$body` with the key at an address as the form that is hashed and compared fastest. In an unsafe block: the
/// address must be that of a key of the map's type.
macro_rules! with_key {
    ($info:expr, $address:expr, |$key:ident| $body:expr) => {{
        let (info, address): (&MapInfo, *const u8) = ($info, $address);
        match info.key_kind {
            KeyKind::Plain8 => {
                let $key = address.cast::<u64>().read();
                $body
            }
            KeyKind::Plain4 => {
                let $key = address.cast::<u32>().read();
                $body
            }
            KeyKind::String => {
                let $key = address.cast::<Str>().read();
                $body
            }
            KeyKind::Other => {
                let $key = AnyKey(address);
                $body
            }
        }
    }};
}
use with_key;

/// A group of a table.
#[derive(Clone, Copy)]
struct Group(*mut u8);

impl Group {
    #[inline(always)]
    fn control(self) -> Control {
        // SAFETY: a group begins with its control word.
        Control(unsafe { self.0.cast::<u64>().read() })
    }

    #[inline(always)]
    fn set_control(self, slot: usize, byte: u8) {
        // SAFETY: as above.
        unsafe { self.0.add(slot).write(byte) };
    }

    #[inline(always)]
    fn slot(self, info: &MapInfo, slot: usize) -> Slot {
        // SAFETY: eight slots follow the control word.
        Slot(unsafe { self.0.add(CONTROL_SIZE + slot * info.slot_size) })
    }
}

/// A slot of a group.
#[derive(Clone, Copy)]
struct Slot(*mut u8);

impl Slot {
    /// Where the key is.
    #[inline(always)]
    fn key(self, info: &MapInfo) -> *mut u8 {
        match info.is_key_indirect {
            // SAFETY: a full slot's key, or the pointer to it.
            true => unsafe { self.0.cast::<*mut u8>().read() },
            false => self.0,
        }
    }

    /// Where the value is.
    #[inline(always)]
    fn value(self, info: &MapInfo) -> *mut u8 {
        // SAFETY: a full slot's value, or the pointer to it.
        unsafe {
            let place = self.0.add(info.value_offset);
            match info.is_value_indirect {
                true => place.cast::<*mut u8>().read(),
                false => place,
            }
        }
    }
}

/// The order in which groups are searched.
struct Probe {
    index: usize,
    step: usize,
}

impl Probe {
    #[inline(always)]
    fn new(hash: u64, mask: u32) -> Probe {
        Probe {
            index: (hash >> 7) as usize & mask as usize,
            step: 0,
        }
    }

    #[inline(always)]
    fn advance(&mut self, mask: u32) {
        self.step += 1;
        self.index = (self.index + self.step) & mask as usize;
    }
}

impl Map {
    /// The map at `p`, which may be null.
    ///
    /// # Safety
    /// `p` is null or a map made by [`make`].
    #[inline(always)]
    unsafe fn at<'a>(p: *mut u8) -> Option<&'a mut Map> {
        // SAFETY: the caller's promise. Programs that race are stopped by `WRITING` as far as they are seen.
        unsafe { p.cast::<Map>().as_mut() }
    }

    #[inline(always)]
    fn group(&self, index: usize) -> Group {
        // SAFETY: the table has `mask` + 1 groups, and indexes are masked.
        Group(unsafe { self.groups.add(index * self.info.group_size) })
    }

    /// The slot of a key. The map has a table.
    #[inline(always)]
    fn find(&self, key: impl Key, hash: u64) -> Option<Slot> {
        let (info, mask) = (self.info, self.mask);
        let mut probe = Probe::new(hash, mask);
        loop {
            let group = self.group(probe.index);
            let control = group.control();
            for index in control.matching(hash) {
                let slot = group.slot(info, index);
                // SAFETY: the slot is full.
                if unsafe { key.is_at(info, slot.key(info)) } {
                    return Some(slot);
                }
            }
            // A single group may be full, and there is nowhere else to look.
            if control.has_empty() || mask == 0 {
                return None;
            }
            probe.advance(mask);
        }
    }

    /// Group and index of the slot that a key is in; for deleting.
    fn locate(&self, key: impl Key, hash: u64) -> Option<(Group, usize)> {
        let slot = self.find(key, hash)?;
        let offset = slot.0.addr() - self.groups.addr();
        let group = self.group(offset / self.info.group_size);
        let index = (slot.0.addr() - group.0.addr() - CONTROL_SIZE) / self.info.slot_size;
        Some((group, index))
    }

    /// A free slot for a key that is not there, marked as full; the table has room or a deleted slot on the way.
    #[inline(always)]
    fn claim(&mut self, hash: u64) -> Option<Slot> {
        let mut probe = Probe::new(hash, self.mask);
        loop {
            let group = self.group(probe.index);
            let control = group.control();
            if let Some(index) = control.free().first() {
                if control.byte(index) == EMPTY {
                    if self.room == 0 {
                        return None;
                    }
                    self.room -= 1;
                }
                group.set_control(index, group::full(hash));
                self.count += 1;
                return Some(group.slot(self.info, index));
            }
            if self.mask == 0 {
                return None;
            }
            probe.advance(self.mask);
        }
    }

    /// The slot for a key that is not there, with the key and a zero value in it.
    ///
    /// # Safety
    /// `g` is the running goroutine.
    #[inline(always)]
    unsafe fn insert(&mut self, g: *mut G, key: impl Key, hash: u64) -> Slot {
        let info = self.info;
        // SAFETY: the caller's promise; the slot is ours.
        unsafe {
            let slot = match self.claim(hash) {
                Some(slot) => slot,
                None => {
                    self.replace_table(g);
                    self.claim(hash).expect("a new table has room")
                }
            };
            if info.is_key_indirect {
                let place = heap::new_object(g, info.key);
                barrier::store(g, slot.0.cast(), place);
            }
            if info.is_value_indirect {
                let place = heap::new_object(g, info.value);
                barrier::store(g, slot.0.add(info.value_offset).cast(), place);
            }
            key.store(g, info, slot.key(info));
            slot
        }
    }

    /// Moves to a new table: twice as large, or, if many slots are only deleted, as large as before.
    ///
    /// # Safety
    /// `g` is the running goroutine.
    #[cold]
    #[inline(never)]
    unsafe fn replace_table(&mut self, g: *mut G) {
        let n_old = self.n_groups();
        let n_new = match n_old {
            0 => 1,
            n if self.count <= n * SLOTS * 7 / 16 => n,
            n => n * 2,
        };
        // SAFETY: the caller's promise; the old table is only read.
        unsafe {
            let (old, info) = (self.groups, self.info);
            self.new_table(g, n_new);
            if gc::is_marking() && info.group.pointer_bytes != 0 {
                barrier::shade_values(g, info.group, old, n_old * info.group_size);
            }
            for index in 0..n_old {
                let group = Group(old.add(index * info.group_size));
                for slot in group.control().filled() {
                    let from = group.slot(info, slot);
                    let key = from.key(info);
                    // A key that was hashed once can be hashed again.
                    let hash = with_key!(info, key, |key| key.hash(info, self.seed)).unwrap_or(0);
                    let to = self.claim(hash).expect("the new table is larger");
                    copy_slot(from.0, to.0, info.slot_size);
                }
            }
        }
    }

    fn n_groups(&self) -> usize {
        match self.groups.is_null() {
            true => 0,
            false => self.mask as usize + 1,
        }
    }

    /// Gives the map an empty table.
    ///
    /// # Safety
    /// `g` is the running goroutine.
    unsafe fn new_table(&mut self, g: *mut G, n_groups: usize) {
        if n_groups > MAX_GROUPS || n_groups * self.info.group_size > heap::MAX_ALLOC {
            throw("runtime: map too large: out of memory");
        }
        // SAFETY: the caller's promise.
        unsafe {
            let table = heap::new_array(g, self.info.group, n_groups);
            barrier::store(g, &raw mut self.groups, table);
        }
        self.mask = (n_groups - 1) as u32;
        self.room = room_of(n_groups);
        self.count = 0;
    }

    /// Begins a change.
    #[inline(always)]
    fn begin_write(&mut self) {
        if self.flags & WRITING != 0 {
            throw("concurrent map writes");
        }
        self.flags ^= WRITING;
    }

    /// Ends a change; that someone else has begun one in between shows.
    #[inline(always)]
    fn end_write(&mut self) {
        if self.flags & WRITING == 0 {
            throw("concurrent map writes");
        }
        self.flags ^= WRITING;
    }

    #[inline(always)]
    fn check_read(&self) {
        if self.flags & WRITING != 0 {
            throw("concurrent map read and map write");
        }
    }
}

/// How many slots of an empty table may be filled.
fn room_of(n_groups: usize) -> u32 {
    match n_groups {
        1 => SLOTS as u32,
        n => (n * SLOTS * 7 / 8) as u32,
    }
}

/// # Safety
/// Two slots of the size.
#[inline(always)]
unsafe fn copy_slot(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: the caller's promise. The common sizes are a few moves.
    unsafe {
        match size {
            8 => to.cast::<u64>().write(from.cast::<u64>().read()),
            16 => to.cast::<[u64; 2]>().write(from.cast::<[u64; 2]>().read()),
            24 => to.cast::<[u64; 3]>().write(from.cast::<[u64; 3]>().read()),
            32 => to.cast::<[u64; 4]>().write(from.cast::<[u64; 4]>().read()),
            _ => to.copy_from_nonoverlapping(from, size),
        }
    }
}

/// `make(map[K]V, hint)`.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `map_type` describes a map.
pub unsafe fn make(g: *mut G, map_type: &'static TypeDesc, hint: i64) -> *mut u8 {
    // SAFETY: the caller's promise; the object is fresh.
    unsafe {
        let map = heap::new_object(g, *MAP_TYPE).cast::<Map>();
        map.write(Map {
            count: 0,
            info: info::of(map_type),
            groups: std::ptr::null_mut(),
            seed: hash::random(),
            mask: 0,
            room: 0,
            flags: 0,
            clear_count: 0,
        });
        let hint = usize::try_from(hint).unwrap_or(0);
        // A hint that is too large is only a hint.
        if hint > SLOTS && hint < MAX_GROUPS {
            let n_groups = (hint * 8).div_ceil(7 * SLOTS).next_power_of_two();
            if n_groups * (*map).info.group_size <= heap::MAX_ALLOC {
                (*map).new_table(g, n_groups);
            }
        }
        map.cast()
    }
}

/// Address of the value of `key`; null if it is absent or its hash raised a panic.
#[inline(always)]
unsafe fn get(g: *mut G, map_type: &'static TypeDesc, map: *mut u8, key: impl Key) -> *mut u8 {
    // SAFETY: the caller's promise: see `get_any`.
    unsafe {
        let map = match Map::at(map) {
            Some(map) if map.count > 0 => map,
            other => {
                check_hashable(g, map_type, other, key);
                return std::ptr::null_mut();
            }
        };
        map.check_read();
        match key.hash(map.info, map.seed) {
            Ok(hash) => match map.find(key, hash) {
                Some(slot) => slot.value(map.info),
                None => std::ptr::null_mut(),
            },
            Err(unhashable) => {
                raise_unhashable(g, &unhashable);
                std::ptr::null_mut()
            }
        }
    }
}

/// Address where the value of `key` is to be stored; null after raising a panic.
#[inline(always)]
unsafe fn set(g: *mut G, map: *mut u8, key: impl Key) -> *mut u8 {
    // SAFETY: the caller's promise: see `set_any`.
    unsafe {
        let Some(map) = Map::at(map) else {
            raise(g, PanicCode::NilMap, 0, 0);
            return std::ptr::null_mut();
        };
        if map.flags & WRITING != 0 {
            throw("concurrent map writes");
        }
        let info = map.info;
        let hash = match key.hash(info, map.seed) {
            Ok(hash) => hash,
            Err(unhashable) => {
                raise_unhashable(g, &unhashable);
                return std::ptr::null_mut();
            }
        };
        map.begin_write();
        if map.groups.is_null() {
            map.new_table(g, 1);
        }
        let slot = match map.find(key, hash) {
            Some(slot) => {
                if info.updates_key {
                    key.store(g, info, slot.key(info));
                }
                slot
            }
            None => map.insert(g, key, hash),
        };
        map.end_write();
        slot.value(info)
    }
}

/// # Safety
/// `g` is the running goroutine, inside a builtin; `map` is null or a map of the type; `key` is the address of a key.
pub unsafe fn get_any(
    g: *mut G,
    map_type: &'static TypeDesc,
    map: *mut u8,
    key: *const u8,
) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let info = match Map::at(map) {
            Some(map) => map.info,
            None => info::of(map_type),
        };
        with_key!(info, key, |key| get(g, map_type, map, key))
    }
}

/// # Safety
/// As for [`get_any`]; keys are eight bytes of plain memory.
pub unsafe fn get_64(g: *mut G, map_type: &'static TypeDesc, map: *mut u8, key: u64) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { get(g, map_type, map, key) }
}

/// # Safety
/// As for [`get_any`]; keys are four bytes of plain memory.
pub unsafe fn get_32(g: *mut G, map_type: &'static TypeDesc, map: *mut u8, key: u32) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { get(g, map_type, map, key) }
}

/// # Safety
/// As for [`get_any`]; keys are strings.
pub unsafe fn get_string(
    g: *mut G,
    map_type: &'static TypeDesc,
    map: *mut u8,
    key: Str,
) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { get(g, map_type, map, key) }
}

/// # Safety
/// As for [`get_any`].
pub unsafe fn set_any(g: *mut G, map: *mut u8, key: *const u8) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        match Map::at(map) {
            Some(object) => with_key!(object.info, key, |key| set(g, map, key)),
            None => set(g, map, AnyKey(key)),
        }
    }
}

/// # Safety
/// As for [`get_64`].
pub unsafe fn set_64(g: *mut G, map: *mut u8, key: u64) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { set(g, map, key) }
}

/// # Safety
/// As for [`get_32`].
pub unsafe fn set_32(g: *mut G, map: *mut u8, key: u32) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { set(g, map, key) }
}

/// # Safety
/// As for [`get_string`].
pub unsafe fn set_string(g: *mut G, map: *mut u8, key: Str) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { set(g, map, key) }
}

/// `delete(map, key)`.
///
/// # Safety
/// As for [`get_any`].
pub unsafe fn delete(g: *mut G, map_type: &'static TypeDesc, map: *mut u8, key: *const u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let map = match Map::at(map) {
            Some(map) if map.count > 0 => map,
            other => return check_hashable(g, map_type, other, AnyKey(key)),
        };
        let info = map.info;
        if map.flags & WRITING != 0 {
            throw("concurrent map writes");
        }
        with_key!(info, key, |key| match key.hash(info, map.seed) {
            Ok(hash) => {
                map.begin_write();
                if let Some((group, index)) = map.locate(key, hash) {
                    map.remove(g, group, index);
                }
                map.end_write();
            }
            Err(unhashable) => raise_unhashable(g, &unhashable),
        });
    }
}

impl Map {
    /// Empties a full slot.
    ///
    /// # Safety
    /// `g` is the running goroutine.
    unsafe fn remove(&mut self, g: *mut G, group: Group, index: usize) {
        let info = self.info;
        let slot = group.slot(info, index).0;
        // SAFETY: the caller's promise; the slot's key and value.
        unsafe {
            match info.is_key_indirect {
                true => barrier::store(g, slot.cast(), std::ptr::null_mut()),
                false if info.key.pointer_bytes != 0 => barrier::zero_values(g, info.key, slot, 1),
                false => {}
            }
            // Values are zeroed whether they have pointers or not: a new entry begins with zero.
            let value = slot.add(info.value_offset);
            match info.is_value_indirect {
                true => barrier::store(g, value.cast(), std::ptr::null_mut()),
                false => barrier::zero_values(g, info.value, value, 1),
            }
        }
        // A search that comes through a group with an empty slot ends there, so one more does not hide anything.
        if self.mask == 0 || group.control().has_empty() {
            group.set_control(index, EMPTY);
            self.room += 1;
        } else {
            group.set_control(index, DELETED);
        }
        self.count -= 1;
        if self.count == 0 {
            // Keys of the next entries need not collide with those of the last ones.
            self.seed = hash::random();
            self.forget_deleted();
        }
    }

    /// Makes deleted slots empty ones. The map has no entries.
    fn forget_deleted(&mut self) {
        if self.room < room_of(self.n_groups()) {
            for index in 0..self.n_groups() {
                // SAFETY: a group begins with its control word.
                unsafe { self.group(index).0.cast::<u64>().write(0) };
            }
            self.room = room_of(self.n_groups());
        }
    }
}

/// `clear(map)`.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `map` is null or a map.
pub unsafe fn clear(g: *mut G, map: *mut u8) {
    // SAFETY: the caller's promise; the table is `n_groups` groups long.
    unsafe {
        let Some(map) = Map::at(map) else { return };
        map.begin_write();
        map.clear_count = map.clear_count.wrapping_add(1);
        if !map.groups.is_null() {
            let n_groups = map.n_groups();
            barrier::zero_values(g, map.info.group, map.groups, n_groups);
            map.count = 0;
            map.room = room_of(n_groups);
            map.seed = hash::random();
        }
        map.end_write();
    }
}

/// Looking up in a map without entries still wants a key that can be hashed.
#[inline(always)]
unsafe fn check_hashable<K: Key>(
    g: *mut G,
    map_type: &'static TypeDesc,
    map: Option<&mut Map>,
    key: K,
) {
    if !K::MAY_FAIL {
        return;
    }
    let info = map.map_or_else(|| info::of(map_type), |map| map.info);
    if info.may_be_unhashable
        && let Err(Unhashable(ty)) = key.hash(info, 0)
    {
        let text = format!("hash of unhashable type: {}", iface::text_of(ty.name));
        // SAFETY: the caller is a builtin of the running goroutine.
        unsafe { raise_with_texts(g, PanicCode::PlainText, vec![text]) };
    }
}

#[cold]
unsafe fn raise_unhashable(g: *mut G, unhashable: &Unhashable) {
    let name = iface::text_of(unhashable.0.name);
    // SAFETY: the caller is a builtin of the running goroutine.
    unsafe { raise_with_texts(g, PanicCode::Unhashable, vec![name]) };
}
