//! The table of builtins: `extern "C"` functions, in `core` (goroutines, channels, panics, printing) and `heap` (memory, strings,
//! interfaces, maps).
pub mod heap;
