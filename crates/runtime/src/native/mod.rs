//! Native library functions.
pub mod runtime;
pub mod sync;
pub mod time;

use mini_abi::native::NativeFn;

/// A native by qualified name.
pub fn lookup(name: &str) -> Option<NativeFn> {
    runtime::lookup(name)
        .or_else(|| sync::lookup(name))
        .or_else(|| time::lookup(name))
}
