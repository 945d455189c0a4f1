//! The convention of native library functions: Mini declarations without a body.
//!
//! `func formatFloat(f float64, fmt byte, prec, bitSize int) string` in package `strconv` is found under the name
//! `strconv.formatFloat` (a method: `time.(*Timer).stop`). Code generation flattens arguments into words
//! (see the crate's documentation), each stored in eight bytes: integers sign- or zero-extended, bool
//! 0 or 1, float64 as its bits, float32 as its bits in the low half. Results come back the same way.
//!
//! A native runs on the system stack and is a leaf: it never calls back into compiled code and never parks.
//! Pointers in `args` stay valid during the call (the heap does not move; the goroutine's stack stands still
//! while it runs a native), the result block too. What it allocates in the heap must be reachable from the results
//! or `args` before the next allocation in the same native, unless it holds it through the runtime's
//! handle scope: collections start only at safepoints of compiled code, never inside a native, so
//! plain Rust locals are safe.
//!
//! A native that wants a panic sets it with the runtime's `raise` function and returns.
//! One that must block for long (file or console input and output) wraps the blocking part in the runtime's `syscall` bracket.
//! One that parks (semaphores, sleep) asks for it with the runtime's `park` and returns; its results are then the
//! words that the waker leaves in the result block.

/// `g`: the running goroutine; `args`: flattened argument words; `results`: room for the result words.
pub type NativeFn =
    unsafe extern "C" fn(g: *mut crate::g::GHeader, args: *const u64, results: *mut u64);
