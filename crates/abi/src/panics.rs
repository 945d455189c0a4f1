//! Run-time panics that compiled code and the runtime raise.
//!
//! All go through one function of package `runtime` in Mini source,
//! `func raise(code int, a int, b int)`, which makes the `runtime.Error` value and panics.
//! Compiled code calls it directly on the cold path of a check; the runtime asks for it with
//! [`crate::g::Action::Raise`]; strings that a message needs are fetched with the native
//! `func raiseString(i int) string`, which reads what the runtime left in the goroutine.
//!
//! `func fatalPanic()` of the same package ends the program after an unrecovered panic: it turns each
//! panic value of the chain into text (calling Error and String methods) by means of the natives
//! `panicCount() int`, `panicValue(i int) any`, `setPanicText(i int, s string)`, then calls the native `exitPanic()`,
//! which prints `panic: …`, `[recovered]`, the goroutine trace, and exits with status 2.

/// Codes of `runtime.raise`. The comment gives the message behind `runtime error: `.
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanicCode {
    /// `index out of range [a] with length b`
    Index = 0,
    /// The same, index is unsigned: `index out of range [%u] with length b`
    IndexU = 1,
    /// s[:a] `slice bounds out of range [:a] with length b`
    SliceAlen = 2,
    /// s[:a] `slice bounds out of range [:a] with capacity b`
    SliceAcap = 3,
    /// s[a:b] `slice bounds out of range [a:b]`
    SliceB = 4,
    /// s[::a] `slice bounds out of range [::a] with length b`
    Slice3Alen = 5,
    /// `slice bounds out of range [::a] with capacity b`
    Slice3Acap = 6,
    /// s[:a:b] `slice bounds out of range [:a:b]`
    Slice3B = 7,
    /// s[a:b:] `slice bounds out of range [a:b:]`
    Slice3C = 8,
    /// `cannot convert slice with length a to array or pointer to array with length b`
    SliceConvert = 9,
    /// `integer divide by zero`
    Divide = 10,
    /// `negative shift amount`
    Shift = 11,
    /// `invalid memory address or nil pointer dereference` (and `[signal SIGSEGV…` line)
    NilDereference = 12,
    /// `makeslice: len out of range`
    MakeSliceLen = 13,
    /// `makeslice: cap out of range`
    MakeSliceCap = 14,
    /// plain error, no prefix: `makechan: size out of range`
    MakeChanSize = 15,
    /// plain error: `send on closed channel`
    SendClosed = 16,
    /// plain error: `close of closed channel`
    CloseClosed = 17,
    /// plain error: `close of nil channel`
    CloseNil = 18,
    /// plain error: `assignment to entry in nil map`
    NilMap = 19,
    /// `hash of unhashable type T`; T = raiseString(0)
    Unhashable = 20,
    /// `comparing uncomparable type T`; T = raiseString(0)
    Uncomparable = 21,
    /// *TypeAssertionError `interface conversion: I is nil, not T`…: raiseString(0) = interface
    /// type, (1) = dynamic type or empty, (2) = wanted type, (3) = missing method or empty,
    /// (4) = what types that print alike come from different ones of
    TypeAssertion = 22,
    /// `growslice: len out of range`
    GrowSliceLen = 23,
    /// a method of value type called through a nil pointer: `value method main.T.M called using nil *T pointer`, (0) = text
    NilValueMethod = 24,
    /// an unsigned divisor etc. reserved: text from raiseString(0) behind `runtime error: `
    Text = 25,
    /// plain error with text from raiseString(0)
    PlainText = 26,
    /// `panic(nil)`: a `*runtime.PanicNilError`.
    PanicNil = 27,
    // Loops over functions; a is what has become of the loop.
    /// `range function continued iteration after function for loop body returned false`
    RangeDone = 28,
    /// `range function continued iteration after loop body panic`
    RangePanic = 29,
    /// `range function continued iteration after whole loop exit`
    RangeExhausted = 30,
    /// `range function recovered a loop body panic and did not resume panicking`
    RangeMissingPanic = 31,
}

impl PanicCode {
    /// Added to the code of a slice bound: `a` is unsigned.
    pub const UNSIGNED: u64 = 64;
    pub const ALL_DENSE: u64 = 32;
}

/// Functions of Mini's package `runtime` that the runtime itself calls: their code addresses are
/// handed over with the builtin `set_lang_item` by the driver. Lowering keeps them reachable.
#[repr(usize)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LangItem {
    /// `func raise(code int, a int, b int)`
    Raise = 0,
    /// `func fatalPanic()`
    FatalPanic = 1,
}

impl LangItem {
    pub const NAMES: [&'static str; 2] = ["runtime.raise", "runtime.fatalPanic"];
}
