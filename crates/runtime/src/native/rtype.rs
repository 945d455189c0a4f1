//! Natives of package `internal/rtype`: values taken apart by their type descriptors.
//!
//! A value is an empty interface: descriptor and data word. Parts of a value are packed into such pairs again; unless
//! the part is pointer-shaped, its data word points into the value it came from.

use mini_abi::types::{Iface, Kind, MapIter, SliceHeader, Str, TypeDesc, TypeFlags};

use super::call::{Call, natives};
use crate::gc::{self, barrier};
use crate::{hash, heap, iface, map};

natives! {
    "rtype.TypeOf" => |c: &mut Call| { let word = c.word(0); c.ret(0, word) };
    "rtype.KindOf" => |c: &mut Call| { let kind = c.desc(0).map_or(Kind::Invalid, |ty| ty.kind); c.ret(0, kind as u64) };
    "rtype.TypeKind" => |c: &mut Call| { let kind = c.desc(0).map_or(Kind::Invalid, |ty| ty.kind); c.ret(0, kind as u64) };
    "rtype.TypeString" => |c: &mut Call| { let name = c.desc(0).map_or(Str::EMPTY, |ty| ty.name); ret_str(c, 0, name) };
    "rtype.TypeElem" => |c: &mut Call| { let elem = c.desc(0).map_or(0, |ty| ty.elem as u64); c.ret(0, elem) };
    "rtype.TypeKey" => |c: &mut Call| { let key = c.desc(0).map_or(0, |ty| ty.key as u64); c.ret(0, key) };
    "rtype.TypeLen" => |c: &mut Call| { let len = c.desc(0).map_or(0, |ty| ty.len as u64); c.ret(0, len) };
    "rtype.TypeSize" => |c: &mut Call| { let size = c.desc(0).map_or(0, |ty| ty.size as u64); c.ret(0, size) };
    "rtype.IsError" => |c: &mut Call| { let is = c.desc(0).is_some_and(is_error); c.ret_bool(0, is) };
    "rtype.IntOf" => |c: &mut Call| { let n = value(c).integer(); c.ret(0, n) };
    "rtype.UintOf" => |c: &mut Call| { let n = value(c).integer(); c.ret(0, n) };
    "rtype.FloatOf" => |c: &mut Call| { let f = value(c).floats().0; c.ret_float(0, f) };
    "rtype.ComplexOf" => |c: &mut Call| {
        let (re, im) = value(c).floats();
        c.ret_float(0, re);
        c.ret_float(1, im);
    };
    "rtype.StringOf" => |c: &mut Call| { let s = value(c).string(); ret_str(c, 0, s) };
    "rtype.BytesOf" => |c: &mut Call| {
        let (ptr, len, cap) = value(c).list();
        c.ret(0, ptr as u64);
        c.ret_int(1, len);
        c.ret_int(2, cap);
    };
    "rtype.AddressOf" => |c: &mut Call| { let address = value(c).address_held(); c.ret(0, address) };
    "rtype.IsNil" => |c: &mut Call| { let is = value(c).address_held() == 0; c.ret_bool(0, is) };
    "rtype.Comparable" => |c: &mut Call| { let is = c.desc(0).is_none() || value(c).is_comparable(); c.ret_bool(0, is) };
    "rtype.Len" => |c: &mut Call| { let n = value(c).len(); c.ret_int(0, n) };
    "rtype.Index" => |c: &mut Call| {
        let v = value(c);
        let part = v.element(c.int(2));
        ret_value(c, 0, part);
    };
    "rtype.Elem" => |c: &mut Call| { let part = value(c).pointee(); ret_value(c, 0, part) };
    "rtype.NumField" => |c: &mut Call| { let n = value(c).ty.fields.len; c.ret(0, n as u64) };
    "rtype.Field" => |c: &mut Call| { let part = value(c).field(c.word(2) as usize); ret_value(c, 0, part) };
    "rtype.FieldType" => |c: &mut Call| { let ty = value(c).ty.fields.as_slice()[c.word(2) as usize].ty; c.ret(0, ty as u64) };
    "rtype.FieldName" => |c: &mut Call| { let name = value(c).ty.fields.as_slice()[c.word(2) as usize].name; ret_str(c, 0, name) };
    "rtype.FieldExported" => |c: &mut Call| { let is = value(c).ty.fields.as_slice()[c.word(2) as usize].is_exported; c.ret_bool(0, is) };
    "rtype.MapEntries" => map_entries;
    "rtype.Swap" => swap;
    "rtype.Assign" => assign;
    "rtype.ZeroLike" => zero_like;
    "rtype.SetString" => |c: &mut Call| set_words(c, 2);
    "rtype.SetBytes" => |c: &mut Call| set_words(c, 3);
    "rtype.SetInt" => |c: &mut Call| set_bits(c);
    "rtype.SetUint" => |c: &mut Call| set_bits(c);
    "rtype.SetFloat" => |c: &mut Call| set_float(c);
    "rtype.SetComplex" => |c: &mut Call| set_complex(c);
    "atomic.sameType" => |c: &mut Call| { let is = c.word(0) == c.word(2); c.ret_bool(0, is) };
}

/// The value in the first two argument words, which is not nil.
pub(super) fn value(call: &Call) -> Value {
    Value {
        ty: call.desc(0).expect("a value that is not nil"),
        data: call.pointer(1),
    }
}

fn ret_value(call: &mut Call, i: usize, part: Option<Value>) {
    call.ret(i, part.map_or(0, |v| std::ptr::from_ref(v.ty) as u64));
    call.ret(i + 1, part.map_or(0, |v| v.data as u64));
}

fn ret_str(call: &mut Call, i: usize, s: Str) {
    call.ret(i, s.ptr as u64);
    call.ret(i + 1, s.len as u64);
}

/// A value: its type, and its data word as in an interface.
///
/// Invariant: `data` is a value of type `ty` if that is pointer-shaped, else it points at one, which is alive as long as
/// the call that the value came with.
#[derive(Clone, Copy)]
pub(crate) struct Value {
    pub(crate) ty: &'static TypeDesc,
    data: *mut u8,
}

impl Value {
    fn is_pointer_shaped(&self) -> bool {
        self.ty.flags & TypeFlags::POINTER_SHAPED != 0
    }

    /// The value of type `ty` at `at`; of an interface type, what it holds.
    ///
    /// # Safety
    /// `at` points at a live value of the type, part of an argument of the call.
    pub(crate) unsafe fn at(ty: *const TypeDesc, at: *mut u8) -> Option<Value> {
        // SAFETY: descriptors of parts are descriptors, which are never freed; the caller vouches for `at`.
        unsafe {
            let ty = &*ty;
            if ty.kind == Kind::Interface {
                return from_interface(ty, *at.cast::<Iface>());
            }
            let data = if ty.flags & TypeFlags::POINTER_SHAPED != 0 {
                *at.cast::<*mut u8>()
            } else {
                at
            };
            Some(Value { ty, data })
        }
    }

    /// The words of the value in memory.
    fn load<T: Copy>(&self) -> T {
        debug_assert!(!self.is_pointer_shaped());
        // SAFETY: `data` points at a value of `ty` (invariant), and callers ask for the form that its kind has.
        unsafe { self.data.cast::<T>().read_unaligned() }
    }

    /// Integers and bool, extended to 64 bits.
    pub(super) fn integer(&self) -> u64 {
        match self.ty.kind {
            Kind::Bool | Kind::Uint8 => u64::from(self.load::<u8>()),
            Kind::Uint16 => u64::from(self.load::<u16>()),
            Kind::Uint32 => u64::from(self.load::<u32>()),
            Kind::Int8 => self.load::<i8>() as u64,
            Kind::Int16 => self.load::<i16>() as u64,
            Kind::Int32 => self.load::<i32>() as u64,
            Kind::Int | Kind::Int64 | Kind::Uint | Kind::Uint64 | Kind::Uintptr => {
                self.load::<u64>()
            }
            _ => 0,
        }
    }

    /// Floats; of complex numbers both parts.
    pub(super) fn floats(&self) -> (f64, f64) {
        match self.ty.kind {
            Kind::Float32 => (self.load::<f32>().into(), 0.0),
            Kind::Float64 => (self.load(), 0.0),
            Kind::Complex64 => {
                let [re, im] = self.load::<[f32; 2]>();
                (re.into(), im.into())
            }
            Kind::Complex128 => {
                let [re, im] = self.load::<[f64; 2]>();
                (re, im)
            }
            _ => (0.0, 0.0),
        }
    }

    pub(super) fn string(&self) -> Str {
        if self.ty.kind == Kind::String {
            self.load()
        } else {
            Str::EMPTY
        }
    }

    /// Elements of a slice or array: where, how many, capacity.
    fn list(&self) -> (*mut u8, i64, i64) {
        match self.ty.kind {
            Kind::Slice => {
                let slice: SliceHeader = self.load();
                (slice.ptr, slice.len as i64, slice.cap as i64)
            }
            Kind::Array => (self.data, self.ty.len as i64, self.ty.len as i64),
            _ => (std::ptr::null_mut(), 0, 0),
        }
    }

    /// The address in a value of a kind that has one.
    /// The data word.
    pub(super) fn address(&self) -> u64 {
        self.data as u64
    }

    fn address_held(&self) -> u64 {
        match self.ty.kind {
            _ if self.is_pointer_shaped() => self.data as u64,
            Kind::Slice => self.load::<SliceHeader>().ptr as u64,
            Kind::UnsafePointer => self.load(),
            _ => self.data as u64,
        }
    }

    fn len(&self) -> i64 {
        match self.ty.kind {
            Kind::String => self.string().len as i64,
            Kind::Map | Kind::Chan if !self.data.is_null() => {
                // SAFETY: the first word of a map or channel object is the number of its entries
                // (`mini_abi::types::{MAP_COUNT, CHAN_LEN}`).
                unsafe { self.data.cast::<i64>().read_volatile() }
            }
            _ => self.list().1,
        }
    }

    fn element(&self, i: i64) -> Option<Value> {
        let (first, len, _) = self.list();
        assert!((0..len).contains(&i), "rtype.Index: {i} of {len}");
        // SAFETY: an element of a live array or slice, in bounds.
        unsafe { Value::at(self.ty.elem, first.add(i as usize * (*self.ty.elem).size)) }
    }

    fn pointee(&self) -> Option<Value> {
        if self.data.is_null() {
            return None;
        }
        // SAFETY: a pointer that is not nil points at a live value of the element type.
        unsafe { Value::at(self.ty.elem, self.data) }
    }

    fn field(&self, i: usize) -> Option<Value> {
        let field = &self.ty.fields.as_slice()[i];
        // SAFETY: a field of a live struct, at the offset its descriptor gives.
        unsafe { Value::at(field.ty, self.data.add(field.offset)) }
    }

    /// Whether == on the value does not panic.
    fn is_comparable(&self) -> bool {
        if self.ty.flags & TypeFlags::COMPARABLE == 0 {
            return false;
        }
        match self.ty.kind {
            Kind::Struct => {
                (0..self.ty.fields.len).all(|i| self.field(i).is_none_or(|v| v.is_comparable()))
            }
            Kind::Array => {
                (0..self.len()).all(|i| self.element(i).is_none_or(|v| v.is_comparable()))
            }
            _ => true,
        }
    }

    /// The order in which fmt prints map keys.
    fn order(a: Option<Value>, b: Option<Value>) -> std::cmp::Ordering {
        use std::cmp::Ordering;
        let (a, b) = match (a, b) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => (a, b),
        };
        if !std::ptr::eq(a.ty, b.ty) {
            return std::ptr::from_ref(a.ty).cmp(&std::ptr::from_ref(b.ty));
        }
        match a.ty.kind {
            Kind::Bool
            | Kind::Uint
            | Kind::Uint8
            | Kind::Uint16
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Uintptr => a.integer().cmp(&b.integer()),
            Kind::Int | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => {
                (a.integer() as i64).cmp(&(b.integer() as i64))
            }
            Kind::Float32 | Kind::Float64 | Kind::Complex64 | Kind::Complex128 => {
                let (a, b) = (a.floats(), b.floats());
                floats(a.0, b.0).then(floats(a.1, b.1))
            }
            // SAFETY: strings of live values.
            Kind::String => unsafe { a.string().as_bytes().cmp(b.string().as_bytes()) },
            Kind::Struct => (0..a.ty.fields.len)
                .map(|i| Value::order(a.field(i), b.field(i)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal),
            Kind::Array => (0..a.len())
                .map(|i| Value::order(a.element(i), b.element(i)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal),
            _ => a.data.cmp(&b.data),
        }
    }
}

/// By value, NaN first.
fn floats(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// What an interface holds.
///
/// # Safety
/// `iface` is a value of the interface type `ty`.
unsafe fn from_interface(ty: &TypeDesc, iface: Iface) -> Option<Value> {
    // SAFETY: the caller's promise.
    let ty = unsafe { hash::dynamic_type(ty, &iface)? };
    Some(Value {
        ty,
        data: iface.data,
    })
}

/// Whether the type has error's method.
fn is_error(ty: &TypeDesc) -> bool {
    let is_error_method = |name: Str, method: *const TypeDesc| {
        // SAFETY: names and types of methods are static data.
        unsafe {
            name.as_bytes() == b"Error"
                && (*method).params.len == 0
                && matches!((*method).results.as_slice(), [result] if (**result).kind == Kind::String)
        }
    };
    if ty.kind == Kind::Interface {
        return ty
            .interface_methods
            .as_slice()
            .iter()
            .any(|m| is_error_method(m.name, m.ty));
    }
    ty.methods
        .as_slice()
        .iter()
        .any(|m| is_error_method(m.name, m.ty))
}

/// `func MapEntries(v any, keys, values []any) int`
fn map_entries(call: &mut Call) {
    let v = value(call);
    let (keys, values) = (call.pairs_mut(2), call.pairs_mut(5));
    let mut entries = Vec::with_capacity(keys.len());
    let mut iter = MapIter {
        key: std::ptr::null_mut(),
        value: std::ptr::null_mut(),
        pointers: [std::ptr::null_mut(); 4],
        state: [0; 6],
    };
    // SAFETY: the value of a map type is null or a map; its keys and values have the types that its descriptor names.
    unsafe {
        map::iter::init(v.data, &mut iter);
        while !iter.key.is_null() {
            entries.push((
                Value::at(v.ty.key, iter.key),
                Value::at(v.ty.elem, iter.value),
            ));
            map::iter::next(&mut iter);
        }
    }
    entries.sort_by(|a, b| Value::order(a.0, b.0));
    // The map may have grown since its length was asked.
    let n = entries.len().min(keys.len()).min(values.len());
    for (i, (key, value)) in entries.into_iter().take(n).enumerate() {
        store_value(call, &mut keys[i], key);
        store_value(call, &mut values[i], value);
    }
    call.ret_int(0, n as i64);
}

/// Stores a value in an element of a `[]any`.
fn store_value(call: &Call, place: &mut [u64; 2], value: Option<Value>) {
    let (ty, data) = value.map_or((0, std::ptr::null_mut()), |v| {
        (std::ptr::from_ref(v.ty) as u64, v.data)
    });
    place[0] = ty;
    store_pointer(call, &mut place[1], data);
}

/// Stores a pointer where the collector sees it.
fn store_pointer(call: &Call, place: &mut u64, pointer: *mut u8) {
    // SAFETY: we are inside a native of the running goroutine; the place is a pointer word.
    unsafe { barrier::store(call.goroutine(), std::ptr::from_mut(place).cast(), pointer) }
}

/// `func Swap(slice any, i, j int)`
fn swap(call: &mut Call) {
    let v = value(call);
    let (first, len, _) = v.list();
    let (i, j) = (call.int(2), call.int(3));
    assert!(
        (0..len).contains(&i) && (0..len).contains(&j),
        "rtype.Swap: {i}, {j} of {len}"
    );
    if i == j {
        return;
    }
    // SAFETY: two elements of the slice, in bounds and not the same.
    unsafe {
        let elem = &*v.ty.elem;
        let (a, b) = (
            first.add(i as usize * elem.size),
            first.add(j as usize * elem.size),
        );
        if elem.pointer_bytes != 0 && gc::is_marking() {
            barrier::shade_values(call.goroutine(), elem, a, elem.size);
            barrier::shade_values(call.goroutine(), elem, b, elem.size);
        }
        std::ptr::swap_nonoverlapping(a, b, elem.size);
    }
}

/// `func Assign(target, v any) bool`: target is a pointer that is not nil.
fn assign(call: &mut Call) {
    let target = value(call);
    // SAFETY: the element type of a pointer type is a descriptor, which is never freed.
    let elem = unsafe { &*target.ty.elem };
    let Some(ty) = call.desc(2) else {
        return call.ret_bool(0, false);
    };
    let data = call.pointer(3);
    let word = match elem.kind {
        Kind::Interface if elem.interface_methods.len == 0 => std::ptr::from_ref(ty).cast::<u8>(),
        Kind::Interface => iface::find_itab(elem, ty).cast(),
        _ => std::ptr::null(),
    };
    let fits = !word.is_null() || std::ptr::eq(elem, ty);
    if !word.is_null() {
        // SAFETY: the target points at an interface: two words.
        let place = unsafe { &mut *target.data.cast::<[u64; 2]>() };
        place[0] = word as u64;
        store_pointer(call, &mut place[1], data);
    } else if fits {
        let source = hash::interface_data(ty, &data);
        // SAFETY: both are values of the type.
        unsafe { barrier::move_values(call.goroutine(), elem, target.data, source, 1) };
    }
    call.ret_bool(0, fits);
}

/// `func ZeroLike(v any) any`: a pointer to a new zero value, or a zero value of the same type.
fn zero_like(call: &mut Call) {
    let v = value(call);
    // SAFETY: we are inside a native of the running goroutine; descriptors are never freed.
    let data = unsafe {
        match v.ty.kind {
            Kind::Pointer => heap::new_object(call.goroutine(), &*v.ty.elem),
            _ if v.is_pointer_shaped() => std::ptr::null_mut(),
            _ => heap::new_object(call.goroutine(), v.ty),
        }
    };
    ret_value(call, 0, Some(Value { ty: v.ty, data }));
}

/// `func SetString(ptr any, s string)`, and SetBytes: the words of what is stored, the first of them a pointer.
fn set_words(call: &mut Call, n_words: usize) {
    let v = value(call);
    // SAFETY: ptr points at a string or slice: so many words.
    let place = unsafe { std::slice::from_raw_parts_mut(v.data.cast::<u64>(), n_words) };
    for (i, word) in place.iter_mut().enumerate().skip(1) {
        *word = call.word(2 + i);
    }
    store_pointer(call, &mut place[0], call.pointer(2));
}

/// `func SetInt(ptr any, x int64)`, and SetUint.
fn set_bits(call: &mut Call) {
    let v = value(call);
    let x = call.word(2);
    // SAFETY: ptr points at an integer of the size that its type says.
    unsafe {
        let size = (*v.ty.elem).size.min(8);
        std::ptr::copy_nonoverlapping(x.to_le_bytes().as_ptr(), v.data, size);
    }
}

fn set_float(call: &mut Call) {
    let v = value(call);
    let x = call.float(2);
    // SAFETY: ptr points at a float of the size that its type says.
    unsafe {
        if (*v.ty.elem).size == 4 {
            v.data.cast::<f32>().write(x as f32);
        } else {
            v.data.cast::<f64>().write(x);
        }
    }
}

fn set_complex(call: &mut Call) {
    let v = value(call);
    let parts = [call.float(2), call.float(3)];
    // SAFETY: ptr points at a complex number of the size that its type says.
    unsafe {
        if (*v.ty.elem).size == 8 {
            v.data.cast::<[f32; 2]>().write(parts.map(|x| x as f32));
        } else {
            v.data.cast::<[f64; 2]>().write(parts);
        }
    }
}
