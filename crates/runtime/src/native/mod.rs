//! Native library functions: the Rust behind Mini declarations without a body.
//!
//! `runtime`, `sync` and `time` reach into the scheduler; everything else is a leaf over its arguments, written as safe
//! functions over [`call::Call`]. [`float`], [`utf8`] and [`ucd`] are what several of them share.

mod atomic;
mod big;
mod binary;
mod call;
pub mod clock;
mod digest;
mod entity_tables;
mod finalizer;
pub(crate) mod float;
mod fmt;
mod math;
mod memory;
pub mod os;
mod panic_text;
mod poll;
mod process;
mod rand;
mod rand_tables;
mod reflect;
mod regexp;
mod rtype;
pub mod runtime;
mod signal;
mod sort;
mod strconv;
pub mod sync;
mod syscall;
mod testing;
#[cfg(test)]
mod tests;
mod text;
pub mod time;
mod ucd;
mod ucd_tables;
mod utf8;

use mini_abi::native::NativeFn;

/// A native by qualified name: `strconv.formatFloat`; of a package like `internal/rtype`, with or without what is before
/// the last element of its path.
pub fn lookup(name: &str) -> Option<NativeFn> {
    let name = name.rsplit('/').next()?;
    let package = name.split('.').next()?;
    let modules: &[fn(&str) -> Option<NativeFn>] = match package {
        "fmt" => &[fmt::lookup],
        "rtype" => &[rtype::lookup],
        "os" | "stdio" => &[os::lookup, poll::lookup, process::lookup],
        "syscall" => &[syscall::lookup, process::lookup, os::lookup],
        "signal" => &[signal::lookup],
        "strconv" => &[strconv::lookup, ucd::lookup],
        "strings" | "bytes" | "bufio" => &[text::lookup],
        "ucd" => &[ucd::lookup],
        "math" | "bits" => &[math::lookup],
        "sort" => &[sort::lookup],
        "debug" => &[memory::lookup, runtime::lookup],
        "runtime" => &[
            runtime::lookup,
            panic_text::lookup,
            memory::lookup,
            finalizer::lookup,
            clock::lookup,
        ],
        "rand" | "v2" => &[rand::lookup, digest::lookup],
        "sha1" | "sha256" | "sha512" | "crc32" | "maphash" | "html" => &[digest::lookup],
        "binary" => &[binary::lookup],
        "big" => &[big::lookup],
        "reflect" => &[reflect::lookup, reflect::types::lookup],
        "regexp" => &[regexp::lookup],
        "sync" => &[sync::lookup, clock::lookup],
        "testing" => &[testing::lookup],
        "time" => &[time::lookup, clock::lookup],
        "atomic" => &[atomic::lookup, rtype::lookup, sync::lookup],
        _ => &[runtime::lookup],
    };
    modules.iter().find_map(|lookup| lookup(name))
}

/// Makes a native end in a run-time panic, with the text that goes with the code.
fn raise(call: &call::Call, code: mini_abi::panics::PanicCode, text: &str) {
    // SAFETY: we are inside a native of the running goroutine, on the system stack.
    unsafe { crate::panic::raise_with_texts(call.goroutine(), code, vec![text.to_owned()]) };
}

/// Makes a native end in the panic of a nil dereference.
fn raise_nil(call: &call::Call) {
    // SAFETY: we are inside a native of the running goroutine, on the system stack.
    unsafe {
        crate::panic::raise(
            call.goroutine(),
            mini_abi::panics::PanicCode::NilDereference,
            0,
            0,
        )
    };
}
