//! Size classes: the sizes small objects are rounded up to.
//!
//! The capacity of a slice that `append` grew shows through `cap`, so the sizes are those of Go 1.27.
//! Every class wastes at most an eighth of an object on average; spans of a class are as many pages as keep the
//! tail of the span small. The reverse tables and the division magic are computed from the sizes at compile time.

/// Bytes of a page, the unit in which spans are made.
pub const PAGE_SHIFT: usize = 13;
pub const PAGE_SIZE: usize = 1 << PAGE_SHIFT;

/// Objects above this size have a span of their own.
pub const MAX_SMALL_SIZE: usize = 32768;
/// An object with pointers that is larger than this is preceded by a word that names its type.
pub const MAX_MASKED_SIZE: usize = 512;
/// Size of that word.
pub const HEADER_SIZE: usize = 8;
/// Pointer-free objects smaller than this share blocks of this size.
pub const TINY_SIZE: usize = 16;
/// The class of such a block.
pub const TINY_CLASS: u8 = 2;
/// The most objects that a span of small objects holds: a page of the smallest.
pub const MAX_OBJECTS: usize = PAGE_SIZE / 8;

pub const N_CLASSES: usize = 68;

/// Object size of each class; class 0 stands for large objects.
pub const CLASS_SIZE: [u16; N_CLASSES] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792,
    2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728,
    10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672,
    32768,
];

/// Pages of a span of each class.
pub const CLASS_PAGES: [u8; N_CLASSES] = [
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 2, 1, 2, 1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 4, 5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9, 7, 5, 8,
    3, 10, 7, 4,
];

/// `ceil(2^32 / size)`: `(offset * magic) >> 32` is `offset / size` for every offset inside a span.
pub const CLASS_MAGIC: [u32; N_CLASSES] = {
    let mut magic = [0; N_CLASSES];
    let mut class = 1;
    while class < N_CLASSES {
        magic[class] = u32::MAX / CLASS_SIZE[class] as u32 + 1;
        class += 1;
    }
    magic
};

const FINE_LIMIT: usize = 1024;

/// Class by size in steps of 8 bytes up to 1024.
static CLASS_OF_8: [u8; FINE_LIMIT / 8 + 1] = {
    let mut table = [0; FINE_LIMIT / 8 + 1];
    let mut step = 1;
    while step < table.len() {
        table[step] = smallest_class(step * 8);
        step += 1;
    }
    table
};

/// Class by size in steps of 128 bytes above.
static CLASS_OF_128: [u8; (MAX_SMALL_SIZE - FINE_LIMIT) / 128 + 1] = {
    let mut table = [0; (MAX_SMALL_SIZE - FINE_LIMIT) / 128 + 1];
    let mut step = 0;
    while step < table.len() {
        table[step] = smallest_class(FINE_LIMIT + step * 128);
        step += 1;
    }
    table
};

const fn smallest_class(size: usize) -> u8 {
    let mut class = 1;
    while (CLASS_SIZE[class] as usize) < size {
        class += 1;
    }
    class as u8
}

/// The class that holds `size` bytes, 1 <= size <= [`MAX_SMALL_SIZE`].
#[inline(always)]
pub fn class_of(size: usize) -> u8 {
    debug_assert!(size > 0 && size <= MAX_SMALL_SIZE);
    if size <= FINE_LIMIT {
        CLASS_OF_8[size.div_ceil(8)]
    } else {
        CLASS_OF_128[(size - FINE_LIMIT).div_ceil(128)]
    }
}

/// Whether an object of `size` bytes is allocated from a class, header included.
#[inline(always)]
pub fn is_small(size: usize) -> bool {
    size <= MAX_SMALL_SIZE - HEADER_SIZE
}

/// Bytes that are usable in the memory block that an object of `size` bytes gets.
pub fn round_up_size(size: usize, is_noscan: bool) -> usize {
    if size == 0 {
        return 0;
    }
    if is_small(size) {
        let header = if !is_noscan && size > MAX_MASKED_SIZE {
            HEADER_SIZE
        } else {
            0
        };
        return CLASS_SIZE[class_of(size + header) as usize] as usize - header;
    }
    match size.checked_add(PAGE_SIZE - 1) {
        Some(padded) => padded & !(PAGE_SIZE - 1),
        None => size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_fits_its_class_and_not_the_one_below() {
        for size in 1..=MAX_SMALL_SIZE {
            let class = class_of(size) as usize;
            assert!(CLASS_SIZE[class] as usize >= size, "{size}");
            assert!((CLASS_SIZE[class - 1] as usize) < size, "{size}");
        }
    }

    #[test]
    fn magic_divides_every_offset_of_a_span() {
        for class in 1..N_CLASSES {
            let size = CLASS_SIZE[class] as usize;
            for offset in 0..CLASS_PAGES[class] as usize * PAGE_SIZE {
                let quotient = (offset as u64 * u64::from(CLASS_MAGIC[class])) >> 32;
                assert_eq!(quotient as usize, offset / size);
            }
        }
    }

    #[test]
    fn capacities_round_as_in_go() {
        assert_eq!(round_up_size(5 * 8, true), 48);
        assert_eq!(round_up_size(600, false), 640 - 8);
        assert_eq!(round_up_size(632, false), 632);
        assert_eq!(round_up_size(633, false), 696);
        assert_eq!(round_up_size(33_000, true), 40_960);
        assert_eq!(round_up_size(32_761, true), 32_768);
    }
}
