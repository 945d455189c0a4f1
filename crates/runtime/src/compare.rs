//! `==` on values of any type, by their descriptor.
//!
//! Parts are compared in order and the first difference decides, so an uncomparable value in an interface is found only if
//! all before it is equal: as the language says.

use mini_abi::types::{Iface, Kind, Str, TypeDesc, TypeFlags};

use crate::hash::{dynamic_type, interface_data};

/// Two interfaces held values of one type, and it has no equality.
#[derive(Debug)]
pub struct Uncomparable(pub &'static TypeDesc);

/// Whether the values of type `ty` at `p` and `q` are equal.
///
/// # Safety
/// There are such values.
pub unsafe fn values(
    ty: &'static TypeDesc,
    p: *const u8,
    q: *const u8,
) -> Result<bool, Uncomparable> {
    // SAFETY: the caller's promise, for the values and their parts, which the descriptor describes.
    unsafe {
        if ty.flags & TypeFlags::PLAIN_MEMORY != 0 {
            return Ok(bytes(p, q, ty.size));
        }
        Ok(match ty.kind {
            Kind::Float32 => p.cast::<f32>().read() == q.cast::<f32>().read(),
            Kind::Float64 => p.cast::<f64>().read() == q.cast::<f64>().read(),
            Kind::Complex64 => p.cast::<[f32; 2]>().read() == q.cast::<[f32; 2]>().read(),
            Kind::Complex128 => p.cast::<[f64; 2]>().read() == q.cast::<[f64; 2]>().read(),
            Kind::String => strings(&*p.cast::<Str>(), &*q.cast::<Str>()),
            Kind::Interface => return interfaces(ty, &*p.cast::<Iface>(), &*q.cast::<Iface>()),
            Kind::Array => {
                let elem = &*ty.elem;
                for offset in (0..ty.len).map(|index| index * elem.size) {
                    if !values(elem, p.add(offset), q.add(offset))? {
                        return Ok(false);
                    }
                }
                true
            }
            Kind::Struct => {
                for field in ty.fields.as_slice() {
                    let offset = field.offset;
                    if field.name.as_bytes() != b"_"
                        && !values(&*field.ty, p.add(offset), q.add(offset))?
                    {
                        return Ok(false);
                    }
                }
                true
            }
            Kind::Slice | Kind::Map | Kind::Func | Kind::Invalid => return Err(Uncomparable(ty)),
            _ => bytes(p, q, ty.size),
        })
    }
}

/// # Safety
/// `len` bytes are readable at both.
#[inline]
pub unsafe fn bytes(p: *const u8, q: *const u8, len: usize) -> bool {
    // SAFETY: the caller's promise. Short ones, as most keys are, are two overlapping loads of each.
    unsafe {
        match len {
            0 => true,
            1..4 => {
                *p == *q && *p.add(len / 2) == *q.add(len / 2) && *p.add(len - 1) == *q.add(len - 1)
            }
            4..8 => both::<u32>(p, q, len),
            8..=16 => both::<u64>(p, q, len),
            _ => libc::memcmp(p.cast(), q.cast(), len) == 0,
        }
    }
}

/// Whether the first and the last `T` of `len` bytes are equal.
///
/// # Safety
/// As for [`bytes`]; `len` is at least the size of `T`.
#[inline(always)]
unsafe fn both<T: Copy + Eq>(p: *const u8, q: *const u8, len: usize) -> bool {
    // SAFETY: the caller's promise.
    let at = |p: *const u8, offset| unsafe { p.add(offset).cast::<T>().read_unaligned() };
    let last = len - size_of::<T>();
    at(p, 0) == at(q, 0) && at(p, last) == at(q, last)
}

/// # Safety
/// Both are valid strings.
#[inline]
pub unsafe fn strings(p: &Str, q: &Str) -> bool {
    // SAFETY: the caller's promise.
    p.len == q.len && (std::ptr::eq(p.ptr, q.ptr) || unsafe { bytes(p.ptr, q.ptr, p.len) })
}

/// Two values of interface type `ty`.
///
/// # Safety
/// Both are valid.
unsafe fn interfaces(ty: &TypeDesc, p: &Iface, q: &Iface) -> Result<bool, Uncomparable> {
    // SAFETY: the caller's promise.
    unsafe {
        // Not the words: there may be two itabs for a pair, one of the compiler's and one made at run time.
        match (dynamic_type(ty, p), dynamic_type(ty, q)) {
            (None, None) => Ok(true),
            (Some(one), Some(other)) if std::ptr::eq(one, other) => data(one, p.data, q.data),
            _ => Ok(false),
        }
    }
}

/// The data words of two interfaces that hold values of type `concrete`.
///
/// # Safety
/// They do.
pub unsafe fn data(
    concrete: &'static TypeDesc,
    p: *mut u8,
    q: *mut u8,
) -> Result<bool, Uncomparable> {
    if concrete.flags & TypeFlags::COMPARABLE == 0 {
        return Err(Uncomparable(concrete));
    }
    if concrete.flags & TypeFlags::POINTER_SHAPED != 0 {
        return Ok(p == q);
    }
    // SAFETY: the caller's promise.
    unsafe {
        values(
            concrete,
            interface_data(concrete, &p),
            interface_data(concrete, &q),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_every_length_counts() {
        let left: Vec<u8> = (0..40).collect();
        for len in 0..40 {
            let mut right = left.clone();
            // SAFETY: both are longer.
            assert!(unsafe { bytes(left.as_ptr(), right.as_ptr(), len) });
            for index in 0..40 {
                right[index] ^= 0x80;
                // SAFETY: as above.
                let is_equal = unsafe { bytes(left.as_ptr(), right.as_ptr(), len) };
                assert_eq!(is_equal, index >= len);
                right[index] ^= 0x80;
            }
        }
    }
}
