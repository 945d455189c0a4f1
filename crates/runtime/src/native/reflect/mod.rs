//! Natives of package `reflect`: values in memory by their type descriptors.
//!
//! A value comes as an `any` and flags. Its type word is the value's type, also an interface type. With `INDIRECT` the data word is where the
//! value stands, otherwise (pointer-shaped types only) it is the value itself.

mod make;
pub(super) mod types;

pub(super) use make::{call_glue, frames};

use mini_abi::types::{Iface, Kind, MapIter, SliceHeader, Str, TypeDesc, TypeFlags};

use super::call::{Call, natives};
use crate::gc::barrier;
use crate::{chan, compare, hash, heap, map};

natives! {
    "reflect.pack" => |c: &mut Call| { let v = Value::of(c, 0); let packed = v.packed(c); ret(c, 0, packed) };
    "reflect.plain" => |c: &mut Call| { let v = Value::of(c, 0); let data = v.word(); ret(c, 0, (v.ty, data)) };
    "reflect.field" => |c: &mut Call| {
        let v = Value::of(c, 0);
        let field = &v.ty.fields.as_slice()[c.word(3) as usize];
        v.part(c, field.ty, field.offset);
    };
    "reflect.index" => index;
    "reflect.elem" => elem;
    "reflect.store" => |c: &mut Call| { let (to, v) = (c.pointer(1), Value::of(c, 2)); v.copy_to(c, to) };
    "reflect.setBits" => |c: &mut Call| {
        let v = Value::of(c, 0);
        let bytes = c.word(3).to_le_bytes();
        // SAFETY: a number of so many bytes stands there.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), v.data, v.ty.size.min(8)) }
    };
    "reflect.setFloat" => |c: &mut Call| {
        let (v, x) = (Value::of(c, 0), c.float(3));
        // SAFETY: a float of this size stands there.
        unsafe {
            if v.ty.size == 4 {
                v.data.cast::<f32>().write(x as f32);
            } else {
                v.data.cast::<f64>().write(x);
            }
        }
    };
    "reflect.setComplex" => |c: &mut Call| {
        let (v, re, im) = (Value::of(c, 0), c.float(3), c.float(4));
        // SAFETY: a complex number of this size stands there.
        unsafe {
            if v.ty.size == 8 {
                v.data.cast::<[f32; 2]>().write([re as f32, im as f32]);
            } else {
                v.data.cast::<[f64; 2]>().write([re, im]);
            }
        }
    };
    "reflect.fieldEmbedded" => |c: &mut Call| {
        let is = desc(c, 0).fields.as_slice()[c.word(2) as usize].is_embedded;
        c.ret_bool(0, is);
    };
    "reflect.clearMap" => |c: &mut Call| {
        // SAFETY: we are inside a native of the running goroutine; the argument is a map or nil.
        unsafe { map::clear(c.goroutine(), c.pointer(1)) };
    };
    "reflect.setString" => |c: &mut Call| set_words(c, 2);
    "reflect.setBytes" => |c: &mut Call| set_words(c, 3);
    "reflect.mapGet" => map_get;
    "reflect.mapSet" => map_set;
    "reflect.mapEntries" => map_entries;
    "reflect.makeMap" => |c: &mut Call| {
        // SAFETY: we are inside a native of the running goroutine; the argument is a map type.
        let object = unsafe { map::make(c.goroutine(), desc(c, 0), c.int(1)) };
        ret(c, 0, (desc(c, 0), object));
    };
    "reflect.makeSlice" => make_slice;
    "reflect.slice" => slice;
    "reflect.copyElements" => |c: &mut Call| {
        let (dst, src, n) = (Value::of(c, 0), Value::of(c, 3), c.word(6) as usize);
        let (to, from) = (dst.list().0, src.list().0);
        // SAFETY: elements of the same type, of which both have so many.
        unsafe { barrier::move_values(c.goroutine(), &*dst.ty.elem, to, from, n) };
    };
    "reflect.newOf" => |c: &mut Call| {
        let ty = desc(c, 0);
        // SAFETY: we are inside a native of the running goroutine.
        let object = unsafe { heap::new_object(c.goroutine(), ty) };
        ret(c, 0, (make::pointer_to(ty), object));
    };
    "reflect.zeroOf" => |c: &mut Call| {
        let ty = desc(c, 0);
        // SAFETY: as above.
        let object = unsafe { heap::new_object(c.goroutine(), ty) };
        ret(c, 0, (ty, object));
    };
    "reflect.sharedZero" => |c: &mut Call| {
        let (ty, zeros) = (desc(c, 0), std::ptr::from_ref(&ZEROS).cast::<u8>().cast_mut());
        ret(c, 0, (ty, zeros));
    };
    "reflect.grow" => |c: &mut Call| {
        let v = Value::of(c, 0);
        let (old, len, cap) = v.list();
        // SAFETY: we are inside a native of the running goroutine; the slice has so many elements.
        let (ptr, cap) = unsafe { crate::slice::grow(c.goroutine(), &*v.ty.elem, old, len, cap, c.int(3)) };
        let len = len as isize;
        ret_slice(c, v.ty, SliceHeader { ptr, len, cap: cap as isize });
    };
    "reflect.equal" => |c: &mut Call| {
        let (a, b) = (Value::of(c, 0), Value::of(c, 3));
        // SAFETY: both are values of the type, which was checked to be comparable.
        let is = unsafe { compare::values(a.ty, a.at().as_ptr(), b.at().as_ptr()) };
        c.ret_bool(0, is.unwrap_or(false));
    };
    "reflect.isZero" => |c: &mut Call| {
        let v = Value::of(c, 0);
        // SAFETY: a live value.
        let is = unsafe { is_zero(v.ty, v.at().as_ptr()) };
        c.ret_bool(0, is);
    };
    "reflect.valueAt" => |c: &mut Call| { let (ty, at) = (desc(c, 0), c.pointer(1)); ret(c, 0, (ty, at)) };
    "reflect.dataOf" => |c: &mut Call| { let data = c.word(1); c.ret(0, data) };
    "reflect.makeChan" => |c: &mut Call| {
        // SAFETY: we are inside a native of the running goroutine; the argument is a channel type.
        let object = unsafe { chan::make(c.goroutine(), desc(c, 0), c.int(1)) };
        ret(c, 0, (desc(c, 0), object.cast()));
    };
    "reflect.closeChan" => |c: &mut Call| {
        // SAFETY: we are inside a native of the running goroutine; the argument is a channel or null.
        unsafe { chan::close(c.goroutine(), c.pointer(0).cast()) }
    };
    "reflect.retyped" => |c: &mut Call| { let (v, ty) = (Value::of(c, 0), desc(c, 3)); ret(c, 0, (ty, v.data)) };
}

const INDIRECT: u64 = 1;
const ADDRESSABLE: u64 = 2;

fn desc(call: &Call, i: usize) -> &'static TypeDesc {
    call.desc(i).expect("a type")
}

fn ret(call: &mut Call, i: usize, (ty, data): (&TypeDesc, *mut u8)) {
    call.ret(i, std::ptr::from_ref(ty) as u64);
    call.ret(i + 1, data as u64);
}

/// A value of `ty`; see the module's documentation.
/// What small zero values are that nobody changes, of any type: so many bytes, as aligned as any.
static ZEROS: [u128; 64] = [0; 64];

#[derive(Clone, Copy)]
struct Value {
    ty: &'static TypeDesc,
    data: *mut u8,
    is_indirect: bool,
}

/// Where a value stands: in memory, or in the word itself.
enum Place {
    Memory(*mut u8),
    Word(*mut u8),
}

impl Place {
    fn as_ptr(&self) -> *const u8 {
        match self {
            Place::Memory(at) => *at,
            Place::Word(word) => std::ptr::from_ref(word).cast(),
        }
    }
}

impl Value {
    /// The value of the arguments `v any, flags int` from word `i` on.
    fn of(call: &Call, i: usize) -> Value {
        Value {
            ty: desc(call, i),
            data: call.pointer(i + 1),
            is_indirect: call.word(i + 2) & INDIRECT != 0,
        }
    }

    fn at(&self) -> Place {
        if self.is_indirect {
            Place::Memory(self.data)
        } else {
            Place::Word(self.data)
        }
    }

    /// The data word that an interface would have.
    fn word(&self) -> *mut u8 {
        if self.is_indirect && self.ty.flags & TypeFlags::POINTER_SHAPED != 0 {
            // SAFETY: a pointer stands there.
            unsafe { *self.data.cast::<*mut u8>() }
        } else {
            self.data
        }
    }

    /// As an interface value of its own: what an interface holds, a copy of what stands in memory.
    fn packed(&self, call: &Call) -> (&'static TypeDesc, *mut u8) {
        if self.ty.kind == Kind::Interface {
            // SAFETY: an interface value of this type stands there.
            unsafe {
                let value = *self.data.cast::<Iface>();
                let ty = hash::dynamic_type(self.ty, &value).expect("an interface that is not nil");
                return (ty, value.data);
            }
        }
        if self.ty.flags & TypeFlags::POINTER_SHAPED != 0 {
            return (self.ty, self.word());
        }
        // SAFETY: we are inside a native of the running goroutine; the value stands at `data`.
        let copy = unsafe {
            let copy = heap::new_object(call.goroutine(), self.ty);
            barrier::move_values(call.goroutine(), self.ty, copy, self.data, 1);
            copy
        };
        (self.ty, copy)
    }

    /// Copies the value to memory of its type.
    fn copy_to(&self, call: &Call, to: *mut u8) {
        // SAFETY: we are inside a native of the running goroutine; both are values of the type.
        unsafe { barrier::move_values(call.goroutine(), self.ty, to, self.at().as_ptr(), 1) };
    }

    /// Returns the part at an offset: its value and whether it is indirect.
    fn part(&self, call: &mut Call, ty: *const TypeDesc, offset: usize) {
        // SAFETY: the descriptor of a part is never freed; the part lies in the value.
        let part = unsafe {
            (
                &*ty,
                if self.is_indirect {
                    self.data.add(offset)
                } else {
                    self.data
                },
            )
        };
        ret(call, 0, part);
        call.ret(2, u64::from(self.is_indirect));
    }

    /// Elements of a slice or array: where they are, how many, capacity.
    fn list(&self) -> (*mut u8, usize, usize) {
        if self.ty.kind == Kind::Array {
            return (self.data, self.ty.len, self.ty.len);
        }
        // SAFETY: a slice stands there.
        let slice = unsafe { *self.data.cast::<SliceHeader>() };
        (slice.ptr, slice.len as usize, slice.cap as usize)
    }
}

/// Whether a value is equal to the zero value of its type, as -0 is; blank fields do not count.
///
/// # Safety
/// There is a value of the type.
unsafe fn is_zero(ty: &TypeDesc, at: *const u8) -> bool {
    // SAFETY: the caller's promise, for the parts too, where the descriptors say that they are.
    unsafe {
        match ty.kind {
            Kind::String => (*at.cast::<Str>()).len == 0,
            Kind::Interface | Kind::Slice => at.cast::<usize>().read() == 0,
            Kind::Float32 => at.cast::<f32>().read() == 0.0,
            Kind::Float64 => at.cast::<f64>().read() == 0.0,
            Kind::Complex64 => at.cast::<[f32; 2]>().read() == [0.0; 2],
            Kind::Complex128 => at.cast::<[f64; 2]>().read() == [0.0; 2],
            Kind::Array => (0..ty.len).all(|i| is_zero(&*ty.elem, at.add(i * (*ty.elem).size))),
            Kind::Struct => ty
                .fields
                .as_slice()
                .iter()
                .all(|f| f.name.as_bytes() == b"_" || is_zero(&*f.ty, at.add(f.offset))),
            _ => std::slice::from_raw_parts(at, ty.size)
                .iter()
                .all(|&byte| byte == 0),
        }
    }
}

/// `func index(v any, flags, i int) (any, int)`, in range.
fn index(call: &mut Call) {
    let (v, i) = (Value::of(call, 0), call.word(3) as usize);
    // SAFETY: the element type's descriptor is never freed.
    let elem = unsafe { &*v.ty.elem };
    if v.ty.kind == Kind::Array {
        return v.part(call, elem, i * elem.size);
    }
    // SAFETY: in range.
    let at = unsafe { v.list().0.add(i * elem.size) };
    ret(call, 0, (elem, at));
    call.ret(2, INDIRECT | ADDRESSABLE);
}

/// `func elem(v any, flags int) (any, int)`: what a pointer points to, or an interface holds; not nil.
fn elem(call: &mut Call) {
    let v = Value::of(call, 0);
    if v.ty.kind == Kind::Interface {
        let (ty, data) = v.packed(call);
        ret(call, 0, (ty, data));
        call.ret(2, u64::from(ty.flags & TypeFlags::POINTER_SHAPED == 0));
    } else {
        // SAFETY: the element type's descriptor is never freed.
        ret(call, 0, (unsafe { &*v.ty.elem }, v.word()));
        call.ret(2, INDIRECT | ADDRESSABLE);
    }
}

/// `func setString(v any, flags int, s string)`, and setBytes.
fn set_words(call: &mut Call, n_words: usize) {
    let v = Value::of(call, 0);
    // SAFETY: a string or slice stands there: so many words, the first of them a pointer.
    unsafe {
        let words = v.data.cast::<u64>();
        for i in 1..n_words {
            words.add(i).write(call.word(3 + i));
        }
        barrier::store(call.goroutine(), words.cast(), call.pointer(3));
    }
}

/// `func mapGet(m any, key any, flags int) (any, bool)`: a copy of the element.
fn map_get(call: &mut Call) {
    let (ty, key) = (desc(call, 0), Value::of(call, 2));
    let g = call.goroutine();
    // SAFETY: a map and a key of its key type; the element lies in the map until it is copied.
    unsafe {
        let found = map::get_any(g, ty, call.pointer(1), key.at().as_ptr());
        call.ret_bool(2, !found.is_null());
        if !found.is_null() {
            let elem = &*ty.elem;
            let copy = heap::new_object(g, elem);
            barrier::move_values(g, elem, copy, found, 1);
            ret(call, 0, (elem, copy));
        } else {
            call.ret(0, 0);
            call.ret(1, 0);
        }
    }
}

/// `func mapSet(m any, key any, keyFlags int, elem any, elemFlags int)`: deletes if elem is nil.
fn map_set(call: &mut Call) {
    let (ty, key) = (desc(call, 0), Value::of(call, 2));
    let g = call.goroutine();
    // SAFETY: a map that is not nil, and a key and an element of its types.
    unsafe {
        let at = key.at();
        if call.word(5) == 0 {
            return map::delete(g, ty, call.pointer(1), at.as_ptr());
        }
        let elem = Value::of(call, 5);
        let place = map::set_any(g, call.pointer(1), at.as_ptr());
        if !place.is_null() {
            elem.copy_to(call, place);
        }
    }
}

/// `func mapEntries(m any, keys, elems []any) int`: copies of the keys, and of the elements as far as there is room.
fn map_entries(call: &mut Call) {
    let (ty, object) = (desc(call, 0), call.pointer(1));
    let (g, keys, elems) = (call.goroutine(), call.pairs_mut(2), call.pairs_mut(5));
    let mut iter = MapIter {
        key: std::ptr::null_mut(),
        value: std::ptr::null_mut(),
        pointers: [std::ptr::null_mut(); 4],
        state: [0; 6],
    };
    let mut n = 0;
    // SAFETY: a map or nil; its keys and elements have the types that its descriptor names.
    unsafe {
        let copy = |place: &mut [u64; 2], ty: &'static TypeDesc, from: *const u8| {
            let copy = heap::new_object(g, ty);
            barrier::move_values(g, ty, copy, from, 1);
            place[0] = std::ptr::from_ref(ty) as u64;
            barrier::store(g, std::ptr::from_mut(&mut place[1]).cast(), copy);
        };
        map::iter::init(object, &mut iter);
        while !iter.key.is_null() && n < keys.len() {
            copy(&mut keys[n], &*ty.key, iter.key);
            if let Some(place) = elems.get_mut(n) {
                copy(place, &*ty.elem, iter.value);
            }
            n += 1;
            map::iter::next(&mut iter);
        }
    }
    call.ret_int(0, n as i64);
}

/// Returns a new slice value that stands in memory.
fn ret_slice(call: &mut Call, ty: &'static TypeDesc, slice: SliceHeader) {
    let g = call.goroutine();
    // SAFETY: we are inside a native of the running goroutine; room for a slice.
    unsafe {
        let at = heap::new_object(g, ty);
        let words = at.cast::<u64>();
        words.add(1).write(slice.len as u64);
        words.add(2).write(slice.cap as u64);
        barrier::store(g, words.cast(), slice.ptr);
        ret(call, 0, (ty, at));
    }
}

/// `func makeSlice(t typ, len, cap int) any`
fn make_slice(call: &mut Call) {
    let ty = desc(call, 0);
    let (len, cap) = (call.int(1), call.int(2));
    // SAFETY: we are inside a native of the running goroutine.
    let ptr = unsafe { crate::slice::make(call.goroutine(), &*ty.elem, len, cap) };
    ret_slice(
        call,
        ty,
        SliceHeader {
            ptr,
            len: len as isize,
            cap: cap as isize,
        },
    );
}

/// `func slice(v any, flags int, t typ, i, j, k int) any`: part of a slice or an array in memory, in range; t is the slice's type.
fn slice(call: &mut Call) {
    let (v, ty) = (Value::of(call, 0), desc(call, 3));
    let [i, j, k] = [4, 5, 6].map(|at| call.word(at) as usize);
    // SAFETY: in range; without capacity the slice stays at its first element.
    let ptr = unsafe {
        let skip = if k > i { i * (*ty.elem).size } else { 0 };
        v.list().0.add(skip)
    };
    ret_slice(
        call,
        ty,
        SliceHeader {
            ptr,
            len: (j - i) as isize,
            cap: (k - i) as isize,
        },
    );
}
