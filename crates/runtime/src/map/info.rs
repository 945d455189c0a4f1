//! What the map functions need to know of a map type: made once per type and kept.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use mini_abi::types::{Kind, TypeDesc, TypeFlags};
use parking_lot::RwLock;

use super::group::{CONTROL_SIZE, SLOTS};

/// Larger keys and values are stored behind a pointer.
const MAX_INLINE: usize = 128;

/// How keys are hashed and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Plain8,
    Plain4,
    String,
    Other,
}

/// See the module.
#[derive(Debug)]
pub struct MapInfo {
    map_type: &'static TypeDesc,
    pub key: &'static TypeDesc,
    pub value: &'static TypeDesc,
    pub key_kind: KeyKind,
    pub is_key_indirect: bool,
    pub is_value_indirect: bool,
    /// Storing an equal key changes the stored one: +0 and -0, or what only compares equal.
    pub updates_key: bool,
    /// A key's type may turn out not to be hashable.
    pub may_be_unhashable: bool,
    pub slot_size: usize,
    /// Of the value in its slot.
    pub value_offset: usize,
    pub group_size: usize,
    /// Groups as the collector sees them.
    pub group: &'static TypeDesc,
}

// SAFETY: immutable.
unsafe impl Sync for MapInfo {}
// SAFETY: immutable.
unsafe impl Send for MapInfo {}

/// By the address of the descriptor.
static INFOS: LazyLock<RwLock<HashMap<usize, &'static MapInfo>>> = LazyLock::new(RwLock::default);

/// The infos used last, by some bits of the address.
static RECENT: [AtomicPtr<MapInfo>; 64] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 64];

/// The facts of a map type.
pub fn of(map_type: &'static TypeDesc) -> &'static MapInfo {
    let address = std::ptr::from_ref(map_type).addr();
    let recent = &RECENT[(address >> 4 ^ address >> 8) % RECENT.len()];
    // Acquire: pairs with the release below. SAFETY: infos are never freed.
    match unsafe { recent.load(Ordering::Acquire).as_ref() } {
        Some(info) if std::ptr::eq(info.map_type, map_type) => info,
        _ => {
            let info = find_or_make(map_type);
            recent.store(std::ptr::from_ref(info).cast_mut(), Ordering::Release);
            info
        }
    }
}

#[cold]
fn find_or_make(map_type: &'static TypeDesc) -> &'static MapInfo {
    let address = std::ptr::from_ref(map_type).addr();
    if let Some(info) = INFOS.read().get(&address) {
        return info;
    }
    // Two threads may both come here: the first entry counts.
    INFOS
        .write()
        .entry(address)
        .or_insert_with(|| Box::leak(Box::new(MapInfo::new(map_type))))
}

impl MapInfo {
    fn new(map_type: &'static TypeDesc) -> MapInfo {
        // SAFETY: a map's descriptor names its key and value types.
        let (key, value) = unsafe { (&*map_type.key, &*map_type.elem) };
        let is_key_indirect = key.size > MAX_INLINE;
        let is_value_indirect = value.size > MAX_INLINE;
        let place = |ty: &TypeDesc, is_indirect| match is_indirect {
            true => (8, 8),
            false => (ty.size, ty.align.max(1) as usize),
        };
        let (key_size, key_align) = place(key, is_key_indirect);
        let (value_size, value_align) = place(value, is_value_indirect);
        // A value without size lies at its key: behind the last one would be outside of the group.
        let value_offset = match value_size {
            0 => 0,
            _ => key_size.next_multiple_of(value_align),
        };
        let slot_size = (value_offset + value_size)
            .max(key_size)
            .next_multiple_of(key_align.max(value_align));
        let group_size = (CONTROL_SIZE + SLOTS * slot_size).next_multiple_of(8);
        let mut pointers = Vec::new();
        for slot in 0..SLOTS {
            let start = CONTROL_SIZE + slot * slot_size;
            mark_pointers(&mut pointers, start, key, is_key_indirect);
            mark_pointers(
                &mut pointers,
                start + value_offset,
                value,
                is_value_indirect,
            );
        }
        MapInfo {
            map_type,
            key,
            value,
            key_kind: key_kind(key),
            is_key_indirect,
            is_value_indirect,
            updates_key: updates_key(key),
            may_be_unhashable: may_be_unhashable(key),
            slot_size,
            value_offset,
            group_size,
            group: group_type(group_size, &pointers),
        }
    }
}

/// Appends the numbers of the pointer words of a part of the group.
fn mark_pointers(pointers: &mut Vec<usize>, start: usize, ty: &TypeDesc, is_indirect: bool) {
    if is_indirect {
        pointers.push(start / 8);
        return;
    }
    let words = 0..ty.pointer_bytes.div_ceil(8);
    pointers.extend(
        words
            .filter(|&word| ty.is_pointer_word(word))
            .map(|word| start / 8 + word),
    );
}

fn key_kind(key: &TypeDesc) -> KeyKind {
    let is_plain = key.flags & TypeFlags::PLAIN_MEMORY != 0;
    match (key.kind, key.size) {
        (Kind::String, _) => KeyKind::String,
        (_, 8) if is_plain && key.align == 8 => KeyKind::Plain8,
        (_, 4) if is_plain && key.align == 4 => KeyKind::Plain4,
        _ => KeyKind::Other,
    }
}

fn updates_key(ty: &TypeDesc) -> bool {
    match ty.kind {
        Kind::Float32 | Kind::Float64 | Kind::Complex64 | Kind::Complex128 => true,
        // A string is replaced too: the new one may share its memory with the rest of the program.
        Kind::String | Kind::Interface => true,
        _ => parts(ty).any(updates_key),
    }
}

fn may_be_unhashable(ty: &TypeDesc) -> bool {
    ty.kind == Kind::Interface || parts(ty).any(may_be_unhashable)
}

/// The types of an array's or struct's parts.
fn parts(ty: &TypeDesc) -> impl Iterator<Item = &'static TypeDesc> {
    let (elem, fields) = match ty.kind {
        Kind::Array => (Some(ty.elem), &[][..]),
        Kind::Struct => (None, ty.fields.as_slice()),
        _ => (None, &[][..]),
    };
    // SAFETY: descriptors live as long as the program.
    elem.into_iter()
        .chain(fields.iter().map(|field| field.ty))
        .map(|ty| unsafe { &*ty })
}

/// A descriptor with only what the allocator and the collector read.
pub(super) fn group_type(size: usize, pointers: &[usize]) -> &'static TypeDesc {
    let mut bitmap = vec![0u8; size.div_ceil(64)];
    for word in pointers {
        bitmap[word / 8] |= 1 << (word % 8);
    }
    Box::leak(Box::new(TypeDesc {
        pointer_bytes: pointers.iter().max().map_or(0, |last| (last + 1) * 8),
        pointer_bitmap: Vec::leak(bitmap).as_ptr(),
        bitmap_words: size / 8,
        ..TypeDesc::bare(Kind::Struct, size, 8)
    }))
}
