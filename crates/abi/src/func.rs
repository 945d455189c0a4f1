//! What the runtime must know of a compiled function: frame, stack maps, lines, landing pad.
//!
//! Frame of a compiled function (addresses grow upwards):
//!
//! ```text
//!   fp + 16 + 8*i   incoming argument word i that did not fit in registers
//!   fp + 8          return address
//!   fp              caller's frame pointer          <- rbp
//!   ...             callee-saved registers, spill slots, stack objects
//!   sp = fp - frame_size, outgoing stack arguments are pushed below by the call sequence
//! ```
//!
//! A slot number `n` in a stack map means the word at `sp + 8*n` where `sp = fp - frame_size`.
//!
//! A map has two parts. The values of its *live* slots will be read. The rest are slots of *objects*, to which pointers may
//! exist: the collector looks at an object's slots only if it has found such a pointer. Whoever moves the stack adjusts all.

/// A source position, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEntry {
    /// Offset from [`CompiledFunc::entry`] from which on this entry holds.
    pub offset: u32,
    /// Index into [`CompiledFunc::files`].
    pub file: u16,
    /// Index into [`CompiledFunc::inlined`] plus one; zero: the function itself.
    pub inlined: u16,
    pub line: u32,
}

/// A function that was inlined into the compiled one: traces print it as a frame of its own.
#[derive(Clone, Debug)]
pub struct InlinedCall {
    /// Go symbol name of the inlined function.
    pub name: String,
    /// Index plus one of the inlined call that encloses this one; zero: the function itself.
    pub parent: u16,
    /// Position of the call in the parent.
    pub call_file: u16,
    pub call_line: u32,
}

/// A return address and the pointer slots that are live there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// Return address as offset from [`CompiledFunc::entry`].
    pub offset: u32,
    /// Range in [`CompiledFunc::slots`].
    pub first_slot: u32,
    pub n_slots: u32,
    /// So many of them, the first ones, are live; the rest belong to objects. Each part is sorted.
    pub n_live: u32,
}

/// Memory of a frame that pointers may point to, in words from `sp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameObject {
    pub first: u32,
    pub n_words: u32,
}

/// Why a machine instruction may fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TrapKind {
    /// A load or store through a pointer that may be nil.
    NilDereference = 0,
    /// `ud2` behind a call that cannot return.
    Unreachable = 1,
}

/// A compiled function. Offsets are bytes from `entry`. The default has no code, no frame and no tables yet.
#[derive(Clone, Debug, Default)]
pub struct CompiledFunc {
    /// Go symbol name, e.g. `main.(*List).Push`, `main.main.func1`.
    pub name: String,
    pub func_id: u32,
    /// Where callers jump to: the stack check, if there is one.
    pub entry: usize,
    /// Offset of the body behind the stack check (`push rbp`).
    pub body: u32,
    /// Length in bytes, stubs included.
    pub len: u32,
    /// sp = fp - frame_size.
    pub frame_size: u32,
    /// Bytes of incoming stack arguments (popped by the callee).
    pub stack_args_size: u32,
    /// Bit i: integer argument register i (rdi rsi rdx rcx r8 r9) holds a pointer at entry.
    pub pointer_args: u8,
    /// Incoming stack argument words that hold pointers at entry.
    pub pointer_stack_args: Vec<u16>,
    /// Sorted by offset; every call that may reach the runtime is here, also with no slots.
    pub call_sites: Vec<CallSite>,
    pub slots: Vec<u32>,
    /// Sorted; those that some map has slots of.
    pub objects: Vec<FrameObject>,
    /// Offset of the landing pad of a function with `defer`: recovered panics continue there, with
    /// rbp = fp and rsp = fp - frame_size; it runs the remaining defers and returns.
    pub landing_pad: Option<u32>,
    /// Stack map that holds when the landing pad is entered, and for a frame that faulted: the call
    /// site (index) of the registration of the defer. `None`: no pointers.
    pub landing_pad_site: Option<u32>,
    /// Sorted by offset.
    pub traps: Vec<(u32, TrapKind)>,
    /// Sorted by offset.
    pub lines: Vec<LineEntry>,
    pub files: Vec<std::sync::Arc<str>>,
    pub inlined: Vec<InlinedCall>,
    /// Whether it has parameters, a receiver included: traces print `f(...)` or `f()`.
    pub has_parameters: bool,
    /// A function that the compiler made (`defer f(x)` becomes a closure that calls f; method
    /// wrappers): recover() in its callee looks through it, and traces leave it out.
    pub is_wrapper: bool,
}
