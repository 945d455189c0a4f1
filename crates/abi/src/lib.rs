//! The facts that compiled code and the runtime share, and nothing else.
//!
//! `codegen` and `runtime` never meet: what one must know of the other stands here: the layout of
//! type descriptors and interfaces ([`types`]), the fields of a goroutine that machine code
//! touches ([`g`]), the record that describes a compiled function ([`func`]), the table of runtime
//! functions ([`builtins`]), the convention of native library functions ([`native`]), and the
//! panics that the runtime can raise ([`panics`]). The driver hands code generation a [`Runtime`]
//! with the addresses, and the runtime a [`CompileHook`].
//!
//! # Words
//!
//! Values travel flattened into scalar words, in this order:
//!
//! | type | words |
//! | --- | --- |
//! | bool, integers, uintptr, pointer, map, chan, func, unsafe.Pointer | one |
//! | float32, float64 | one (a float register) |
//! | complex | two floats: real, imaginary |
//! | string | pointer, length |
//! | slice | pointer, length, capacity |
//! | empty interface | type descriptor, data |
//! | other interface | itab, data |
//! | struct, array | those of its fields / elements in order |
//!
//! An interface's data word is a pointer to the (immutable) value, except for pointer-shaped types
//! ([`types::TypeFlags::POINTER_SHAPED`]: pointers, maps, channels, functions), whose value is the data word.
//!
//! A func value is a pointer to a closure object whose first word is a code address; null is nil.
//! The code is called with the closure pointer as its first argument, then the parameters.
//! A method in an itab or a method table takes the interface's data word as its first argument.

pub mod builtins;
pub mod func;
pub mod g;
pub mod native;
pub mod panics;
pub mod types;

use func::CompiledFunc;
use types::TypeDesc;

/// What the runtime offers to code generation. Made by `runtime`, handed over by the driver.
pub struct Runtime {
    /// Address of the `extern "C"` function behind each builtin, indexed by `Builtin as usize`.
    pub builtins: [usize; builtins::Builtin::COUNT],
    /// Naked routine that runs the function whose address is in rax on the system stack, with the
    /// argument registers as they are, and returns its rax, rdx (and xmm0). If the function asked
    /// for it (see [`g::Action`]) it parks the goroutine or raises a panic instead of returning.
    /// Clobbers what a System V call clobbers.
    pub call_on_system_stack: usize,
    /// Naked routine entered from a prologue's stub with r11 = entry of the function.
    pub morestack: usize,
    /// Naked routine entered from the stub of a function that is not compiled yet: r11d = function id (as
    /// [`CompileHook`] takes it), arguments in their registers and on the stack, return address at rsp. It saves
    /// all argument registers (rdi rsi rdx rcx r8 r9, xmm0-7), calls the compile hook on the system stack,
    /// restores them and jumps to the entry that the hook returned. The goroutine must not move meanwhile.
    pub lazy_compile: usize,
    /// Naked routine behind the `panic` statement: `extern tail fn(type word, data word) -> !`,
    /// runs on the goroutine stack and is called directly (not through `call_on_system_stack`).
    pub go_panic: usize,
    /// A native library function by qualified name, e.g. `strconv.formatFloat`.
    pub lookup_native: fn(&str) -> Option<native::NativeFn>,
    /// Publishes a compiled function: afterwards its addresses may appear on stacks.
    pub register_func: fn(CompiledFunc),
    /// Makes a range of static data a root: `count` values of type `ty` at `address`.
    pub register_global: fn(address: usize, ty: &'static types::TypeDesc, count: usize),
}

/// Compiles a function on its first call. Called by the runtime on the system stack, from the
/// lazy-call stub; returns the entry address to continue at. Thread-safe; may block.
pub type CompileHook = extern "C" fn(func_id: u32) -> usize;

/// What package reflect asks of code generation while the program runs. Thread-safe; may block.
#[derive(Clone, Copy, Debug)]
pub struct ReflectHooks {
    /// The program's descriptor of the unnamed type that `like` describes, if the program has that type: kind and parts count
    /// (element, key, length, direction, fields, parameters, results, variadic), of which the parts are descriptors themselves.
    pub find_type: fn(like: &TypeDesc) -> Option<&'static TypeDesc>,
    /// The func value (a closure object in static memory) of a function `func(code uintptr, receiver, params, results unsafe.Pointer)`
    /// that calls `code` by the convention of the function type, with `receiver` as the hidden first argument, arguments from
    /// `params` and results to `results`. Neither has to stand in the heap.
    pub call_glue: fn(CallFrames) -> usize,
    /// Code of a closure of the function type. Its second word is a func value `func(closure, params, results unsafe.Pointer)`,
    /// which is called with the arguments and with zeroed room for results, both in the frame of the glue.
    pub closure_glue: fn(CallFrames) -> usize,
    /// Where the function begins that the code of a closure leads to: it is compiled, if it was not. Other addresses stay as they are.
    pub code_entry: fn(code: usize) -> usize,
}

impl ReflectHooks {
    /// For programs without package reflect.
    pub const NONE: ReflectHooks = ReflectHooks {
        find_type: |_| None,
        call_glue: |frames| panic!("no compiler to call {frames:?}"),
        closure_glue: |frames| panic!("no compiler to make {frames:?}"),
        code_entry: |code| code,
    };
}

/// A function type, and the struct types as which its parameters and its results stand in memory.
#[derive(Clone, Copy, Debug)]
pub struct CallFrames {
    pub func: &'static TypeDesc,
    pub params: &'static TypeDesc,
    pub results: &'static TypeDesc,
}
