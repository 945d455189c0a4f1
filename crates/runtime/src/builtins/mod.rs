//! The table of builtins: `extern "C"` functions, in `core` (goroutines, panics, printing), `chan` and `heap` (memory, strings,
//! interfaces, maps).
pub mod chan;
pub mod heap;
