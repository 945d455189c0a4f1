//! Hashes of values, for maps, and the random numbers that seed them.
//!
//! The mixing step multiplies two words to 128 bits and folds the halves: one multiplication spreads every bit of the
//! input over the result. Equal values hash equally: +0 and -0 do; a NaN equals nothing and hashes at random.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use mini_abi::types::{Iface, Itab, Kind, Str, TypeDesc, TypeFlags};

/// An interface held a value whose type has no equality.
#[derive(Debug)]
pub struct Unhashable(pub &'static TypeDesc);

// Odd numbers with as many ones as zeros, no pattern.
const K0: u64 = 0x2d35_8dcc_aa6c_78a5;
const K1: u64 = 0x8bb8_4b93_962e_acc9;
const K2: u64 = 0x4b33_a62e_d433_d4a3;

#[inline(always)]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Of an integer key.
#[inline(always)]
pub fn of_u64(value: u64, seed: u64) -> u64 {
    mix(value ^ seed, K1)
}

/// Of memory.
///
/// # Safety
/// `len` bytes at `ptr` are readable.
#[inline]
pub unsafe fn of_bytes(ptr: *const u8, len: usize, seed: u64) -> u64 {
    let word = |offset: usize| {
        // SAFETY: the caller's promise; all offsets below are at most `len` - 8.
        unsafe { ptr.add(offset).cast::<u64>().read_unaligned() }
    };
    let half = |offset: usize| {
        // SAFETY: as above, `len` - 4.
        u64::from(unsafe { ptr.add(offset).cast::<u32>().read_unaligned() })
    };
    // SAFETY: as above, `len` - 1.
    let byte = |offset: usize| u64::from(unsafe { *ptr.add(offset) });
    let mut seed = seed ^ K0;
    let (a, b) = match len {
        0 => (0, 0),
        1..4 => (byte(0) << 16 | byte(len / 2) << 8 | byte(len - 1), 0),
        4..8 => (half(0), half(len - 4)),
        8..17 => (word(0), word(len - 8)),
        _ => {
            let mut offset = 0;
            if len > 48 {
                let (mut seed1, mut seed2) = (seed, seed);
                while len - offset > 48 {
                    seed = mix(word(offset) ^ K0, word(offset + 8) ^ seed);
                    seed1 = mix(word(offset + 16) ^ K1, word(offset + 24) ^ seed1);
                    seed2 = mix(word(offset + 32) ^ K2, word(offset + 40) ^ seed2);
                    offset += 48;
                }
                seed ^= seed1 ^ seed2;
            }
            while len - offset > 16 {
                seed = mix(word(offset) ^ K1, word(offset + 8) ^ seed);
                offset += 16;
            }
            (word(len - 16), word(len - 8))
        }
    };
    mix(K1 ^ len as u64, mix(a ^ K1, b ^ seed))
}

/// Of a float: equal values have equal hashes.
fn of_f64(value: f64, seed: u64) -> u64 {
    if value == 0.0 {
        of_u64(0, seed ^ K2)
    } else if value.is_nan() {
        of_u64(random(), seed)
    } else {
        of_u64(value.to_bits(), seed)
    }
}

/// Of the value of type `ty` at `p`.
///
/// # Safety
/// There is such a value.
pub unsafe fn of_value(ty: &'static TypeDesc, p: *const u8, seed: u64) -> Result<u64, Unhashable> {
    // SAFETY: the caller's promise, for the value and its parts, which the descriptor describes.
    unsafe {
        if ty.flags & TypeFlags::PLAIN_MEMORY != 0 {
            return Ok(match ty.size {
                8 => of_u64(p.cast::<u64>().read_unaligned(), seed),
                4 => of_u64(u64::from(p.cast::<u32>().read_unaligned()), seed),
                size => of_bytes(p, size, seed),
            });
        }
        Ok(match ty.kind {
            Kind::Float32 => of_f64(f64::from(p.cast::<f32>().read()), seed),
            Kind::Float64 => of_f64(p.cast::<f64>().read(), seed),
            Kind::Complex64 => {
                let [re, im] = p.cast::<[f32; 2]>().read();
                of_f64(f64::from(im), of_f64(f64::from(re), seed))
            }
            Kind::Complex128 => {
                let [re, im] = p.cast::<[f64; 2]>().read();
                of_f64(im, of_f64(re, seed))
            }
            Kind::String => {
                let text = p.cast::<Str>().read();
                of_bytes(text.ptr, text.len, seed)
            }
            Kind::Interface => return of_interface(ty, &p.cast::<Iface>().read(), seed),
            Kind::Array => {
                let elem = &*ty.elem;
                let mut hash = seed;
                for index in 0..ty.len {
                    hash = of_value(elem, p.add(index * elem.size), hash)?;
                }
                hash
            }
            Kind::Struct => {
                let mut hash = seed;
                for field in ty.fields.as_slice() {
                    if field.name.as_bytes() != b"_" {
                        hash = of_value(&*field.ty, p.add(field.offset), hash)?;
                    }
                }
                hash
            }
            Kind::Slice | Kind::Map | Kind::Func | Kind::Invalid => return Err(Unhashable(ty)),
            _ => of_bytes(p, ty.size, seed),
        })
    }
}

/// # Safety
/// The interface value is of type `ty`.
unsafe fn of_interface(ty: &TypeDesc, value: &Iface, seed: u64) -> Result<u64, Unhashable> {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(concrete) = dynamic_type(ty, value) else {
            return Ok(seed);
        };
        if concrete.flags & TypeFlags::COMPARABLE == 0 {
            return Err(Unhashable(concrete));
        }
        let hash = of_value(concrete, interface_data(concrete, &value.data), seed ^ K0)?;
        Ok(mix(hash ^ u64::from(concrete.hash), K2))
    }
}

/// The type of the value in an interface of type `ty`; `None` for nil.
///
/// # Safety
/// The interface value is of type `ty`.
#[inline]
pub unsafe fn dynamic_type(ty: &TypeDesc, value: &Iface) -> Option<&'static TypeDesc> {
    if value.word.is_null() {
        return None;
    }
    // SAFETY: the word of an empty interface is the type, that of another one an itab, which names it.
    unsafe {
        if ty.interface_methods.len == 0 {
            Some(&*value.word.cast::<TypeDesc>())
        } else {
            Some(&*(*value.word.cast::<Itab>()).ty)
        }
    }
}

/// Where the value of an interface's data word is: the word itself, if the value is a pointer.
#[inline]
pub fn interface_data(concrete: &TypeDesc, data: &*mut u8) -> *const u8 {
    if concrete.flags & TypeFlags::POINTER_SHAPED != 0 {
        std::ptr::from_ref(data).cast()
    } else {
        *data
    }
}

thread_local! {
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}
static N_STREAMS: AtomicU64 = AtomicU64::new(0);

/// A random number; not for secrets. Follows `MINIDEBUG=seed=N`.
#[inline]
pub fn random() -> u64 {
    RANDOM.with(|state| {
        let mut current = state.get();
        if current == 0 {
            current = first_state();
        }
        current = current.wrapping_add(K0);
        state.set(current);
        mix(current, current ^ K1)
    })
}

#[cold]
fn first_state() -> u64 {
    let stream = N_STREAMS.fetch_add(1, Ordering::Relaxed) + 1;
    let seed = crate::debug::flags().seed.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |since| since.as_nanos() as u64) ^ u64::from(std::process::id()) << 32
    });
    mix(seed ^ K2, stream.wrapping_mul(K1)) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_every_byte_counts() {
        let mut text = [7u8; 200];
        let mut seen = std::collections::HashSet::new();
        for len in 0..200 {
            // SAFETY: the array is long enough.
            assert!(seen.insert(unsafe { of_bytes(text.as_ptr(), len, 1) }));
        }
        for index in 0..200 {
            text[index] ^= 1;
            // SAFETY: as above.
            assert!(seen.insert(unsafe { of_bytes(text.as_ptr(), 200, 1) }));
            text[index] ^= 1;
        }
    }

    #[test]
    fn integers_spread_over_the_low_bits() {
        let mut buckets = [0; 128];
        for value in 0..12_800u64 {
            buckets[(of_u64(value << 20, 99) >> 7) as usize & 127] += 1;
        }
        assert!(
            buckets.iter().all(|&n| (40..200).contains(&n)),
            "{buckets:?}"
        );
    }

    #[test]
    fn zeros_hash_alike_and_nans_do_not() {
        assert_eq!(of_f64(0.0, 5), of_f64(-0.0, 5));
        assert_ne!(of_f64(f64::NAN, 5), of_f64(f64::NAN, 5));
    }
}
