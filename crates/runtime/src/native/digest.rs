//! Natives of the hash functions (`crypto/…`, `hash/…`), of `crypto/rand`, and the names of characters for `html`.

use sha1::digest::generic_array::GenericArray;
use sha1::digest::typenum::{U64, U128};

use super::call::{Call, natives};
use super::entity_tables::ENTITIES;
use crate::hash;

natives! {
    "sha256.blocks" => |c: &mut Call| {
        let state = c.u32s_mut(0).try_into().expect("eight words");
        sha2::compress256(state, blocks::<U64>(c.bytes(3)));
    };
    "sha512.blocks" => |c: &mut Call| {
        let state = c.words_mut(0).try_into().expect("eight words");
        sha2::compress512(state, blocks::<U128>(c.bytes(3)));
    };
    "sha1.blocks" => |c: &mut Call| {
        let state = c.u32s_mut(0).try_into().expect("five words");
        sha1::compress(state, blocks::<U64>(c.bytes(3)));
    };
    "crc32.updateIEEE" => |c: &mut Call| {
        let mut hasher = crc32fast::Hasher::new_with_initial(c.word(0) as u32);
        hasher.update(c.bytes(1));
        c.ret(0, hasher.finalize().into());
    };
    "maphash.randomSeed" => |c: &mut Call| c.ret(0, hash::random() | 1);
    "maphash.hashBytes" => maphash;
    "maphash.hashString" => maphash;
    "maphash.hashValue" => |c: &mut Call| {
        let data = c.pointer(2);
        // SAFETY: a value in an interface, whose data word is the value or points at it.
        let hash = c.desc(1).map_or(Ok(0), |ty| unsafe {
            hash::of_value(ty, hash::interface_data(ty, &data), c.word(0))
        });
        c.ret(0, hash.unwrap_or(0));
    };
    "rand.fill" => |c: &mut Call| fill_random(c.bytes_mut(0));
    "html.entity" => |c: &mut Call| {
        let name = c.bytes(0);
        let text = ENTITIES
            .binary_search_by(|(entity, _)| entity.as_bytes().cmp(name))
            .map_or("", |at| ENTITIES[at].1);
        c.ret_bytes(0, text.as_bytes());
    };
}

/// Bytes as blocks; their length is a multiple of a block's.
fn blocks<N: sha1::digest::generic_array::ArrayLength<u8>>(bytes: &[u8]) -> &[GenericArray<u8, N>] {
    // SAFETY: an array of N bytes has N's length and the alignment of bytes; the slice covers whole arrays of it.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / N::USIZE) }
}

/// `func hashBytes(seed uint64, data []byte) uint64`, and for a string.
fn maphash(call: &mut Call) {
    let data = call.bytes(1);
    // SAFETY: the bytes are readable for their length.
    let hash = unsafe { hash::of_bytes(data.as_ptr(), data.len(), call.word(0)) };
    call.ret(0, hash);
}

fn fill_random(mut bytes: &mut [u8]) {
    while !bytes.is_empty() {
        // SAFETY: the bytes are writable for their length.
        let n = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        // Interrupted by a signal: once more.
        bytes = &mut bytes[usize::try_from(n).unwrap_or(0)..];
    }
}
