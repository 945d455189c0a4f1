//! Natives of `encoding/binary`: values of fixed size as bytes, by their type descriptors.
//!
//! Numbers stand one behind the other without padding; blank fields are zeros that are skipped when reading.

use mini_abi::types::{Kind, SliceHeader, TypeDesc};

use super::call::{Call, natives};

natives! {
    "binary.sizeOf" => |c: &mut Call| {
        let target = Target::of(c);
        let size = fixed_size(target.ty).map_or(-1, |size| (size * target.count) as i64);
        c.ret_int(0, size);
    };
    "binary.encode" => |c: &mut Call| {
        let (big, target) = (c.bool(3), Target::at(c, 4));
        let mut bytes = Bytes { rest: c.bytes_mut(0), big };
        target.each(|ty, at| bytes.put(ty, at));
    };
    "binary.hidden" => |c: &mut Call| {
        let target = Target::of(c);
        let found = if target.count > 0 { hidden(target.ty, false, false) } else { None };
        c.ret(0, found.map_or(0, |kind| kind as u64));
    };
    "binary.decode" => |c: &mut Call| {
        let (big, target) = (c.bool(3), Target::at(c, 4));
        let mut bytes = Bytes { rest: c.bytes_mut(0), big };
        target.each(|ty, at| bytes.take(ty, at));
    };
}

/// Values of one type, one behind the other.
struct Target {
    ty: &'static TypeDesc,
    first: *mut u8,
    count: usize,
}

impl Target {
    fn of(call: &Call) -> Target {
        Target::at(call, 0)
    }

    /// What the `any` at word `i` of the arguments is about: what a pointer points to, the elements of a slice.
    fn at(call: &Call, i: usize) -> Target {
        let ty = call.desc(i).expect("a value that is not nil");
        let mut target = Target {
            ty,
            first: call.pointer(i + 1),
            count: 1,
        };
        // SAFETY: descriptors of parts are never freed; the data word of a pointer is where it points, that of a slice points
        // at its header.
        unsafe {
            if ty.kind == Kind::Pointer && !target.first.is_null() {
                target.ty = &*ty.elem;
            }
            if target.ty.kind == Kind::Slice {
                let slice = *target.first.cast::<SliceHeader>();
                target = Target {
                    ty: &*target.ty.elem,
                    first: slice.ptr,
                    count: slice.len as usize,
                };
            }
        }
        target
    }

    fn each(&self, mut f: impl FnMut(&'static TypeDesc, *mut u8)) {
        for i in 0..self.count {
            // SAFETY: inside the slice.
            f(self.ty, unsafe { self.first.add(i * self.ty.size) });
        }
    }
}

/// The bytes of a value, if its type has no int, uint, uintptr, string or reference.
fn fixed_size(ty: &TypeDesc) -> Option<usize> {
    match ty.kind {
        Kind::Bool
        | Kind::Int8
        | Kind::Int16
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint8
        | Kind::Uint16
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Float32
        | Kind::Float64
        | Kind::Complex64
        | Kind::Complex128 => Some(ty.size),
        // SAFETY: the descriptor of an element is never freed.
        Kind::Array => Some(fixed_size(unsafe { &*ty.elem })? * ty.len),
        Kind::Struct => ty.fields.as_slice().iter().try_fold(0, |sum, field| {
            // SAFETY: as above.
            Some(sum + fixed_size(unsafe { &*field.ty })?)
        }),
        _ => None,
    }
}

/// The kind of the first number of a value that reflection may not set: one in a field that is not exported, unless it is blank.
/// `inherited` is what the fields of a struct inherit, from all but an embedded field; `here` whether a number itself may not be set.
fn hidden(ty: &TypeDesc, inherited: bool, here: bool) -> Option<Kind> {
    match ty.kind {
        // SAFETY: descriptors of parts are never freed.
        Kind::Array if ty.len > 0 => hidden(unsafe { &*ty.elem }, here, here),
        Kind::Array => None,
        Kind::Struct => ty.fields.as_slice().iter().find_map(|field| {
            // SAFETY: as above; names in descriptors are static.
            let (part, name) = unsafe { (&*field.ty, field.name.as_bytes()) };
            let here = inherited || !field.is_exported;
            let below = inherited || here && !field.is_embedded;
            if name == b"_" {
                None
            } else {
                hidden(part, below, here)
            }
        }),
        kind => here.then_some(kind),
    }
}

struct Bytes<'a> {
    rest: &'a mut [u8],
    big: bool,
}

impl Bytes<'_> {
    /// Calls `f` with the words of a value: their kind, where they are and how long, and whether they are those of a blank
    /// field.
    fn words(
        ty: &TypeDesc,
        at: *mut u8,
        blank: bool,
        f: &mut dyn FnMut(Kind, *mut u8, usize, bool),
    ) {
        // SAFETY: elements and fields of a live value, at the offsets that the descriptors give.
        unsafe {
            match ty.kind {
                Kind::Array => {
                    let elem = &*ty.elem;
                    for i in 0..ty.len {
                        Bytes::words(elem, at.add(i * elem.size), blank, f);
                    }
                }
                Kind::Struct => {
                    for field in ty.fields.as_slice() {
                        let blank = blank || field.name.as_bytes() == b"_";
                        Bytes::words(&*field.ty, at.add(field.offset), blank, f);
                    }
                }
                Kind::Complex64 | Kind::Complex128 => {
                    f(ty.kind, at, ty.size / 2, blank);
                    f(ty.kind, at.add(ty.size / 2), ty.size / 2, blank);
                }
                _ => f(ty.kind, at, ty.size, blank),
            }
        }
    }

    fn next(&mut self, n: usize) -> &mut [u8] {
        let (word, rest) = std::mem::take(&mut self.rest).split_at_mut(n);
        self.rest = rest;
        word
    }

    fn put(&mut self, ty: &TypeDesc, at: *mut u8) {
        let big = self.big;
        Bytes::words(ty, at, false, &mut |_, at, n, blank| {
            let word = self.next(n);
            if blank {
                return word.fill(0);
            }
            // SAFETY: a number of so many bytes.
            word.copy_from_slice(unsafe { std::slice::from_raw_parts(at, n) });
            if big {
                word.reverse();
            }
        });
    }

    fn take(&mut self, ty: &TypeDesc, at: *mut u8) {
        let big = self.big;
        Bytes::words(ty, at, false, &mut |kind, at, n, blank| {
            let source = self.next(n);
            if blank {
                return;
            }
            // The source is not ours to change.
            let mut word = [0; 8];
            let word = &mut word[..n];
            word.copy_from_slice(source);
            if big {
                word.reverse();
            }
            if kind == Kind::Bool {
                word[0] = u8::from(word[0] != 0);
            }
            // SAFETY: a number of so many bytes.
            unsafe { std::ptr::copy_nonoverlapping(word.as_ptr(), at, n) }
        });
    }
}
