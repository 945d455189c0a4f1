//! Groups of eight slots and their control word, which is searched eight slots at a time.
//!
//! ```text
//!   | control: 8 bytes | key 0 | value 0 | key 1 | value 1 | ... | key 7 | value 7 |
//! ```
//!
//! A slot's control byte: 0 empty, 1 deleted, 0x80 | h full, where h is the low seven bits of the hash. So fresh
//! memory is an empty group.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

pub const SLOTS: usize = 8;
pub const CONTROL_SIZE: usize = 8;
pub const EMPTY: u8 = 0;
pub const DELETED: u8 = 1;

/// The control byte of a full slot.
#[inline(always)]
pub fn full(hash: u64) -> u8 {
    0x80 | hash as u8
}

/// A control word.
#[derive(Clone, Copy)]
pub struct Control(pub u64);

/// Slots of a group: the top bit of each byte.
#[derive(Clone, Copy)]
pub struct Matches(u64);

impl Control {
    /// Full slots with the hash's low bits. May hold a slot too many beside a right one: compare the keys.
    #[inline(always)]
    pub fn matching(self, hash: u64) -> Matches {
        let differing = self.0 ^ LOW.wrapping_mul(u64::from(full(hash)));
        // Bytes that were equal are zero now, and a zero byte borrows into its top bit.
        Matches(differing.wrapping_sub(LOW) & !differing & HIGH)
    }

    #[inline(always)]
    pub fn has_empty(self) -> bool {
        // As above; that the borrow may reach a byte too many does not matter for whether there is one.
        self.0.wrapping_sub(LOW) & !self.0 & HIGH != 0
    }

    /// Slots that are empty or deleted.
    #[inline(always)]
    pub fn free(self) -> Matches {
        Matches(!self.0 & HIGH)
    }

    #[inline(always)]
    pub fn filled(self) -> Matches {
        Matches(self.0 & HIGH)
    }

    #[inline(always)]
    pub fn byte(self, slot: usize) -> u8 {
        (self.0 >> (slot * 8)) as u8
    }

    #[inline(always)]
    pub fn with(self, slot: usize, byte: u8) -> Control {
        let shift = slot * 8;
        Control(self.0 & !(0xff << shift) | u64::from(byte) << shift)
    }

    /// The slots from `first` on, wrapping around: slot `first` becomes slot 0.
    #[inline(always)]
    pub fn rotated(self, first: usize) -> Control {
        Control(self.0.rotate_right(first as u32 * 8))
    }
}

impl Matches {
    /// The lowest slot.
    #[inline(always)]
    pub fn first(self) -> Option<usize> {
        (self.0 != 0).then_some(self.0.trailing_zeros() as usize / 8)
    }

    /// Without slots below `slot`.
    #[inline(always)]
    pub fn from(self, slot: usize) -> Matches {
        Matches(self.0 & (u64::MAX << (slot * 8)))
    }
}

impl Iterator for Matches {
    type Item = usize;
    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let slot = self.first()?;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_with_the_hash_is_found() {
        for hash in 0..128 {
            for slot in 0..SLOTS {
                let control = Control(0).with(slot, full(hash));
                assert_eq!(control.matching(hash).collect::<Vec<_>>(), [slot]);
                assert_eq!(control.matching(hash ^ 5).first(), None);
                assert_eq!(control.filled().first(), Some(slot));
                assert_eq!(control.free().count(), 7);
            }
        }
    }

    #[test]
    fn empty_and_deleted_differ() {
        let all_deleted = Control(LOW);
        assert!(!all_deleted.has_empty() && Control(0).has_empty());
        assert_eq!(all_deleted.free().count(), 8);
        for slot in 0..SLOTS {
            assert!(all_deleted.with(slot, EMPTY).has_empty());
            assert!(!Control(u64::MAX).with(slot, DELETED).has_empty());
        }
    }

    #[test]
    fn rotation_starts_at_a_slot() {
        let control = Control(0).with(2, full(1)).with(7, full(2));
        assert_eq!(control.rotated(3).filled().collect::<Vec<_>>(), [4, 7]);
    }
}
