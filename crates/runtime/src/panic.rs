//! Defer, panic, recover.
use crate::g::G;
use mini_abi::panics::PanicCode;

/// A deferred call: the closure and the frame pointer of the deferring function.
#[derive(Clone, Copy, Debug)]
pub struct Defer {
    pub closure: usize,
    pub fp: usize,
}

/// A panic in progress.
#[derive(Clone, Copy, Debug)]
pub struct Panic {
    pub value: [u64; 2],
    pub fp: usize,
}

/// Makes the running builtin or native end in a run-time panic: returns, then the builtin must return.
///
/// # Safety
/// `g` is the running goroutine; called on the system stack inside a builtin or native.
pub unsafe fn raise(g: *mut G, code: PanicCode, a: i64, b: i64) {
    let _ = (g, code, a, b);
    unimplemented!()
}

/// [`raise`] with texts for `runtime.raiseString`.
///
/// # Safety
/// As for [`raise`].
pub unsafe fn raise_with_texts(g: *mut G, code: PanicCode, texts: Vec<String>) {
    // SAFETY: the caller's promise.
    unsafe {
        (*g).extra().raise_strings = texts;
        raise(g, code, 0, 0);
    }
}
