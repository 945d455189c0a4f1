//! What tests of the heap, the collector and maps share: types made by hand, and a goroutine that is none.

use std::mem::MaybeUninit;

use mini_abi::types::{FieldDesc, Kind, Str, Table, TypeDesc, TypeFlags};

use super::PerP;
use crate::g::G;
use crate::sched::{M, P};

/// A goroutine that "runs" on the calling thread, good for allocating. Never freed.
pub fn goroutine() -> *mut G {
    // SAFETY: the allocator reads only the fields that are set here.
    unsafe {
        let p = Box::leak(Box::new(MaybeUninit::<P>::zeroed())).as_mut_ptr();
        (&raw mut (*p).heap).write(PerP::default().into());
        let m = Box::leak(Box::new(MaybeUninit::<M>::zeroed())).as_mut_ptr();
        (*m).p = p;
        let g = Box::leak(G::new());
        g.m = m;
        g
    }
}

/// The heap's part of its P.
///
/// # Safety
/// `g` is from [`goroutine`], and the result is used before anything is allocated.
pub unsafe fn part<'a>(g: *mut G) -> &'a mut PerP {
    // SAFETY: the caller's promise.
    unsafe { &mut *(*crate::sched::p_of(g)).heap.get() }
}

/// A type of `words` words, up to 64, of which `pointers` (one bit each) are pointers.
pub fn words(words: usize, pointers: u64) -> TypeDesc {
    let bitmap: &'static [u8] = Box::leak(Box::new(pointers.to_le_bytes()));
    TypeDesc {
        pointer_bytes: (64 - pointers.leading_zeros() as usize) * 8,
        pointer_bitmap: bitmap.as_ptr(),
        bitmap_words: words,
        name: Str::from_static("T"),
        ..TypeDesc::bare(Kind::Struct, words * 8, 8)
    }
}

pub fn leak(ty: TypeDesc) -> &'static TypeDesc {
    Box::leak(Box::new(ty))
}

/// A number type: `kind` says which, `size` its bytes.
pub fn number(kind: Kind, size: usize) -> &'static TypeDesc {
    let is_float = matches!(kind, Kind::Float32 | Kind::Float64);
    let plain = if is_float { 0 } else { TypeFlags::PLAIN_MEMORY };
    leak(TypeDesc {
        size,
        align: size as u8,
        kind,
        flags: TypeFlags::COMPARABLE | plain,
        ..words(1, 0)
    })
}

pub fn string() -> &'static TypeDesc {
    leak(TypeDesc {
        kind: Kind::String,
        flags: TypeFlags::COMPARABLE,
        name: Str::from_static("string"),
        ..words(2, 0b01)
    })
}

/// `interface {}`
pub fn any() -> &'static TypeDesc {
    leak(TypeDesc {
        kind: Kind::Interface,
        flags: TypeFlags::COMPARABLE,
        name: Str::from_static("interface {}"),
        ..words(2, 0b10)
    })
}

pub fn slice_of_int() -> &'static TypeDesc {
    leak(TypeDesc {
        kind: Kind::Slice,
        name: Str::from_static("[]int"),
        elem: number(Kind::Int, 8),
        ..words(3, 0b001)
    })
}

/// `[len]uint64`
pub fn array(len: usize) -> &'static TypeDesc {
    leak(TypeDesc {
        size: len * 8,
        kind: Kind::Array,
        flags: TypeFlags::COMPARABLE | TypeFlags::PLAIN_MEMORY,
        elem: number(Kind::Uint64, 8),
        len,
        ..words(1, 0)
    })
}

/// A struct of the given fields, one behind the other at multiples of 8.
pub fn structure(fields: &[(&'static str, &'static TypeDesc)]) -> &'static TypeDesc {
    let mut offset = 0;
    let fields = fields.iter().map(|&(name, ty)| {
        let field = FieldDesc {
            name: Str::from_static(name),
            ty,
            offset,
            is_exported: false,
            is_embedded: false,
            tag: Str::EMPTY,
            package: Str::EMPTY,
        };
        offset += ty.size.next_multiple_of(8);
        field
    });
    let fields: Vec<_> = fields.collect();
    leak(TypeDesc {
        size: offset,
        flags: TypeFlags::COMPARABLE,
        fields: Table::from_static(Vec::leak(fields)),
        ..words(1, 0)
    })
}

pub fn map(key: &'static TypeDesc, value: &'static TypeDesc) -> &'static TypeDesc {
    leak(TypeDesc {
        kind: Kind::Map,
        key,
        elem: value,
        flags: TypeFlags::POINTER_SHAPED,
        ..words(1, 1)
    })
}
