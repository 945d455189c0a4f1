//! The deferred calls of a goroutine: a stack of records that compiled code pushes on and pops from, too.
//!
//! Owns their memory. `GHeader::defer_top` and `defer_end` say where it ends; below the oldest record lies [`NO_DEFER`], for a
//! goroutine that has not deferred yet in a static variable. What compiled code does by itself stands in `mini_codegen`'s
//! `panics`.

use crate::g::G;
use mini_abi::g::{Defer, NO_DEFER};

/// Records that a goroutine that defers has room for at first, with the one below them.
const ROOM: usize = 8;
/// Records from which on the room is not kept for the next goroutine.
const MUCH_ROOM: usize = 64;

static NONE: [Defer; 1] = [NO_DEFER];

/// Where the records of a goroutine without any begin and end.
pub(crate) fn none() -> *mut Defer {
    NONE.as_ptr_range().end.cast_mut()
}

impl G {
    /// The deferred calls, oldest first.
    pub(crate) fn defers(&self) -> &[Defer] {
        // SAFETY: from the oldest to the top there are records; only the goroutine itself changes them, and it stands still or asks.
        unsafe {
            let oldest = self.oldest_defer().cast_const();
            std::slice::from_raw_parts(oldest, self.header.defer_top.offset_from_unsigned(oldest))
        }
    }

    pub(crate) fn defers_mut(&mut self) -> &mut [Defer] {
        let n = self.defers().len();
        if n == 0 {
            return &mut [];
        }
        // SAFETY: as in `defers`; they are in memory that the goroutine owns, since there are some.
        unsafe { std::slice::from_raw_parts_mut(self.oldest_defer(), n) }
    }

    fn oldest_defer(&self) -> *mut Defer {
        match self.defer_room.is_null() {
            true => none(),
            // SAFETY: the room begins with the record that stands for none.
            false => unsafe { self.defer_room.add(1) },
        }
    }

    pub(crate) fn push_defer(&mut self, defer: Defer) {
        if self.header.defer_top == self.header.defer_end {
            self.grow_defers();
        }
        // SAFETY: there is room.
        unsafe {
            self.header.defer_top.write(defer);
            self.header.defer_top = self.header.defer_top.add(1);
        }
    }

    /// Takes the newest away.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn drop_newest_defer(&mut self) {
        assert!(!self.defers().is_empty());
        // SAFETY: there is a record in front of the top.
        self.header.defer_top = unsafe { self.header.defer_top.sub(1) };
    }

    fn grow_defers(&mut self) {
        let defers = self.defers();
        let n = defers.len();
        let capacity = (2 * (n + 1)).max(ROOM);
        let mut room = vec![NO_DEFER; capacity].into_boxed_slice();
        room[1..=n].copy_from_slice(defers);
        self.free_defers();
        self.defer_room = Box::leak(room).as_mut_ptr();
        // SAFETY: inside of the room, and its end.
        unsafe {
            self.header.defer_top = self.defer_room.add(1 + n);
            self.header.defer_end = self.defer_room.add(capacity);
        }
    }

    fn n_room(&self) -> usize {
        match self.defer_room.is_null() {
            true => 0,
            // SAFETY: both belong to the room.
            false => unsafe { self.header.defer_end.offset_from_unsigned(self.defer_room) },
        }
    }

    fn free_defers(&mut self) {
        let room = std::ptr::slice_from_raw_parts_mut(self.defer_room, self.n_room());
        if !self.defer_room.is_null() {
            // SAFETY: `grow_defers` leaked a box of this length, and nobody points into it any more.
            drop(unsafe { Box::from_raw(room) });
        }
        self.defer_room = std::ptr::null_mut();
        self.header.defer_top = none();
        self.header.defer_end = none();
    }

    /// Forgets all; much room is given back.
    pub(crate) fn clear_defers(&mut self) {
        if self.n_room() > MUCH_ROOM {
            self.free_defers();
        }
        self.header.defer_top = self.oldest_defer();
    }
}
