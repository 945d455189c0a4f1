//! Builtins for memory, strings, interfaces, maps: what compiled code calls. Each forwards to the function that does it.
//!
//! # Safety
//! Compiled code calls these on the system stack with the running goroutine's header and arguments as the table in
//! [`mini_abi::builtins`] says. That is what every `SAFETY: as called` below refers to.

#![allow(clippy::missing_safety_doc, reason = "the module says it for all")]

use mini_abi::g::GHeader;
use mini_abi::panics::PanicCode;
use mini_abi::types::{Itab, MapIter, Str, TypeDesc};

use crate::compare::{self, Uncomparable};
use crate::g::G;
use crate::gc::barrier;
use crate::{heap, iface, map, panic, slice, string};

type Type = &'static TypeDesc;

/// Two words that come back in rax and rdx.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Pair<A, B>(pub A, pub B);

// --- memory -------------------------------------------------------------------------------------

pub unsafe extern "C" fn new_object(g: *mut GHeader, ty: Type) -> *mut u8 {
    // SAFETY: as called.
    unsafe { heap::new_object(G::of(g), ty) }
}

pub unsafe extern "C" fn new_array(g: *mut GHeader, elem: Type, n: usize) -> *mut u8 {
    // SAFETY: as called.
    unsafe { heap::new_array(G::of(g), elem, n) }
}

pub unsafe extern "C" fn make_slice(g: *mut GHeader, elem: Type, len: i64, cap: i64) -> *mut u8 {
    // SAFETY: as called.
    unsafe { slice::make(G::of(g), elem, len, cap) }
}

pub unsafe extern "C" fn grow_slice(
    g: *mut GHeader,
    elem: Type,
    old: *const u8,
    old_len: usize,
    old_cap: usize,
    new_len: i64,
) -> Pair<*mut u8, usize> {
    // SAFETY: as called.
    let (ptr, cap) = unsafe { slice::grow(G::of(g), elem, old, old_len, old_cap, new_len) };
    Pair(ptr, cap)
}

pub unsafe extern "C" fn move_memory(_: *mut GHeader, dst: *mut u8, src: *const u8, n: usize) {
    // SAFETY: as called.
    unsafe { dst.copy_from(src, n) };
}

pub unsafe extern "C" fn move_typed(
    g: *mut GHeader,
    ty: Type,
    dst: *mut u8,
    src: *const u8,
    count: usize,
) {
    // SAFETY: as called.
    unsafe { barrier::move_values(G::of(g), ty, dst, src, count) };
}

pub unsafe extern "C" fn equal_memory(
    _: *mut GHeader,
    p: *const u8,
    q: *const u8,
    n: usize,
) -> u64 {
    // SAFETY: as called.
    u64::from(unsafe { compare::bytes(p, q, n) })
}

pub unsafe extern "C" fn zero_memory(_: *mut GHeader, dst: *mut u8, n: usize) {
    // SAFETY: as called.
    unsafe { dst.write_bytes(0, n) };
}

pub unsafe extern "C" fn zero_typed(g: *mut GHeader, ty: Type, dst: *mut u8, count: usize) {
    // SAFETY: as called.
    unsafe { barrier::zero_values(G::of(g), ty, dst, count) };
}

pub unsafe extern "C" fn write_barrier(g: *mut GHeader, slot: *mut *mut u8, new: *mut u8) {
    // SAFETY: as called.
    unsafe { barrier::store(G::of(g), slot, new) };
}

// --- strings --------------------------------------------------------------------------------------

fn text(text: Str) -> Pair<*const u8, usize> {
    Pair(text.ptr, text.len)
}

/// # Safety
/// `len` elements at `ptr` are readable, or `len` is zero.
unsafe fn slice_of<'a, T>(ptr: *const T, len: usize) -> &'a [T] {
    match len {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { std::slice::from_raw_parts(ptr, len) },
    }
}

pub unsafe extern "C" fn concat_strings(
    g: *mut GHeader,
    parts: *const Str,
    n: usize,
    buffer: *mut u8,
) -> Pair<*const u8, usize> {
    // SAFETY: as called.
    text(unsafe { string::concat(G::of(g), slice_of(parts, n), buffer) })
}

pub unsafe extern "C" fn compare_strings(
    _: *mut GHeader,
    p: *const u8,
    m: usize,
    q: *const u8,
    n: usize,
) -> i64 {
    // SAFETY: as called.
    unsafe { string::compare(slice_of(p, m), slice_of(q, n)) }
}

pub unsafe extern "C" fn index_byte(_: *mut GHeader, ptr: *const u8, len: usize, byte: u64) -> i64 {
    // SAFETY: as called.
    let at = memchr::memchr(byte as u8, unsafe { slice_of(ptr, len) });
    at.map_or(-1, |at| at as i64)
}

pub unsafe extern "C" fn string_from_bytes(
    g: *mut GHeader,
    ptr: *const u8,
    len: usize,
    buffer: *mut u8,
) -> Pair<*const u8, usize> {
    // SAFETY: as called.
    text(unsafe { string::from_bytes(G::of(g), slice_of(ptr, len), buffer) })
}

pub unsafe extern "C" fn bytes_from_string(
    g: *mut GHeader,
    ptr: *const u8,
    len: usize,
    buffer: *mut u8,
) -> Pair<*mut u8, usize> {
    // SAFETY: as called.
    let (ptr, cap) = unsafe { string::to_bytes(G::of(g), slice_of(ptr, len), buffer) };
    Pair(ptr, cap)
}

pub unsafe extern "C" fn string_from_runes(
    g: *mut GHeader,
    ptr: *const i32,
    len: usize,
) -> Pair<*const u8, usize> {
    // SAFETY: as called.
    text(unsafe { string::from_runes(G::of(g), slice_of(ptr, len)) })
}

pub unsafe extern "C" fn runes_from_string(
    g: *mut GHeader,
    ptr: *const u8,
    len: usize,
    least: usize,
    capacity: *mut usize,
) -> Pair<*mut i32, usize> {
    // SAFETY: as called; there is room for the capacity.
    unsafe {
        let (ptr, len, cap) = string::to_runes(G::of(g), slice_of(ptr, len), least);
        *capacity = cap;
        Pair(ptr, len)
    }
}

pub unsafe extern "C" fn string_from_rune(g: *mut GHeader, rune: i64) -> Pair<*const u8, usize> {
    // SAFETY: as called.
    text(unsafe { string::from_rune(G::of(g), rune) })
}

pub unsafe extern "C" fn decode_rune(
    _: *mut GHeader,
    ptr: *const u8,
    len: usize,
    index: usize,
) -> Pair<i64, usize> {
    // SAFETY: as called; the index is below the length.
    let (rune, width) = string::decode_rune(unsafe { &slice_of(ptr, len)[index..] });
    Pair(i64::from(rune), width)
}

// --- interfaces, comparison -----------------------------------------------------------------------

/// The outcome of a comparison, or the panic.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin.
unsafe fn equality(g: *mut GHeader, outcome: Result<bool, Uncomparable>) -> u64 {
    outcome.map_or_else(
        |Uncomparable(ty)| {
            let texts = vec![iface::text_of(ty.name)];
            // SAFETY: the caller's promise.
            unsafe { panic::raise_with_texts(G::of(g), PanicCode::Uncomparable, texts) };
            0
        },
        u64::from,
    )
}

pub unsafe extern "C" fn equal_values(
    g: *mut GHeader,
    ty: Type,
    p: *const u8,
    q: *const u8,
) -> u64 {
    // SAFETY: as called.
    unsafe { equality(g, compare::values(ty, p, q)) }
}

pub unsafe extern "C" fn equal_interface_data(
    g: *mut GHeader,
    ty: Type,
    p: *mut u8,
    q: *mut u8,
) -> u64 {
    // SAFETY: as called.
    unsafe { equality(g, compare::data(ty, p, q)) }
}

pub unsafe extern "C" fn find_itab(
    _: *mut GHeader,
    interface: Type,
    ty: Option<Type>,
) -> *const Itab {
    match ty {
        Some(ty) => iface::find_itab(interface, ty),
        None => std::ptr::null(),
    }
}

pub unsafe extern "C" fn raise_type_assertion(
    g: *mut GHeader,
    operand: Option<Type>,
    concrete: Option<Type>,
    wanted: Type,
) {
    // SAFETY: as called.
    unsafe { iface::raise_type_assertion(G::of(g), operand, concrete, wanted) };
}

// --- maps -------------------------------------------------------------------------------------------

pub unsafe extern "C" fn make_map(g: *mut GHeader, ty: Type, hint: i64) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::make(G::of(g), ty, hint) }
}

pub unsafe extern "C" fn map_get(g: *mut GHeader, ty: Type, m: *mut u8, key: *const u8) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::get_any(G::of(g), ty, m, key) }
}

pub unsafe extern "C" fn map_get_64(g: *mut GHeader, ty: Type, m: *mut u8, key: u64) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::get_64(G::of(g), ty, m, key) }
}

pub unsafe extern "C" fn map_get_32(g: *mut GHeader, ty: Type, m: *mut u8, key: u64) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::get_32(G::of(g), ty, m, key as u32) }
}

pub unsafe extern "C" fn map_get_string(
    g: *mut GHeader,
    ty: Type,
    m: *mut u8,
    ptr: *const u8,
    len: usize,
) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::get_string(G::of(g), ty, m, Str { ptr, len }) }
}

pub unsafe extern "C" fn map_set(g: *mut GHeader, _: Type, m: *mut u8, key: *const u8) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::set_any(G::of(g), m, key) }
}

pub unsafe extern "C" fn map_set_64(g: *mut GHeader, _: Type, m: *mut u8, key: u64) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::set_64(G::of(g), m, key) }
}

pub unsafe extern "C" fn map_set_32(g: *mut GHeader, _: Type, m: *mut u8, key: u64) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::set_32(G::of(g), m, key as u32) }
}

pub unsafe extern "C" fn map_set_string(
    g: *mut GHeader,
    _: Type,
    m: *mut u8,
    ptr: *const u8,
    len: usize,
) -> *mut u8 {
    // SAFETY: as called.
    unsafe { map::set_string(G::of(g), m, Str { ptr, len }) }
}

pub unsafe extern "C" fn map_delete(g: *mut GHeader, ty: Type, m: *mut u8, key: *const u8) {
    // SAFETY: as called.
    unsafe { map::delete(G::of(g), ty, m, key) };
}

pub unsafe extern "C" fn map_clear(g: *mut GHeader, _: Type, m: *mut u8) {
    // SAFETY: as called.
    unsafe { map::clear(G::of(g), m) };
}

pub unsafe extern "C" fn map_iter_init(_: *mut GHeader, _: Type, m: *mut u8, iter: *mut MapIter) {
    // SAFETY: as called.
    unsafe { map::iter::init(m, iter) };
}

pub unsafe extern "C" fn map_iter_next(_: *mut GHeader, iter: *mut MapIter) {
    // SAFETY: as called.
    unsafe { map::iter::next(iter) };
}
