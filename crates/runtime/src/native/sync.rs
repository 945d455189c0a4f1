//! Natives of package `sync`.
use mini_abi::native::NativeFn;

/// A native by qualified name.
pub fn lookup(name: &str) -> Option<NativeFn> {
    let _ = name;
    None
}
