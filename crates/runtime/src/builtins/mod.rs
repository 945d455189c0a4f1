//! The table of builtins: `extern "C"` functions, in `core` (goroutines, panics, printing), `chan` and `heap` (memory, strings,
//! interfaces, maps).

pub mod chan;
pub mod core;
pub mod heap;

use mini_abi::builtins::Builtin;

#[allow(unused_imports, reason = "the table names each function once")]
use self::{chan::*, core::*, heap::*};

macro_rules! table {
    ($($name:ident,)*) => { [$($name as *const () as usize,)*] };
}

/// The address of each builtin, by `Builtin as usize`.
pub fn addresses() -> &'static [usize; Builtin::COUNT] {
    static TABLE: std::sync::LazyLock<[usize; Builtin::COUNT]> =
        std::sync::LazyLock::new(|| mini_abi::for_each_builtin!(table));
    &TABLE
}
