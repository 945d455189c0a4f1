//! The fields of a goroutine `G` that machine code touches.
//!
//! `r15` holds the running goroutine's `G` whenever compiled code runs. The runtime's own `G`
//! begins with this header (`#[repr(C)]`, first field); everything behind it is the runtime's.

/// Header of a goroutine. All offsets that machine code uses are taken with `offset_of!`.
#[repr(C)]
#[derive(Debug)]
pub struct GHeader {
    /// Stack pointer while the goroutine is not running compiled code (inside a runtime call or
    /// parked); points at the return address of the call that left compiled code.
    pub sp: usize,
    /// Frame pointer that belongs to `sp`.
    pub bp: usize,
    /// What prologues compare the stack pointer with: lowest address + [`STACK_GUARD`], or
    /// [`STACK_PREEMPT`] to make the next prologue call into the runtime.
    pub stack_guard: usize,
    /// Lowest address of the stack.
    pub stack_lo: usize,
    /// One past the highest address of the stack.
    pub stack_hi: usize,
    /// Top of the system stack of the thread that runs this goroutine; set when it is scheduled.
    pub system_sp: usize,
    /// What the runtime asks of `call_on_system_stack` after a builtin returns, an [`Action`].
    pub action: u64,
    /// Non-zero while the collector wants stores of pointers to be reported
    /// ([`crate::builtins::Builtin::write_barrier`]).
    pub write_barrier: u64,
    /// Entry address of the function that called morestack.
    pub morestack_entry: usize,
    /// Address of `morestack`; prologue stubs jump through it.
    pub morestack: usize,
    /// Address of `call_on_system_stack`; builtin thunks jump through it.
    pub call_on_system_stack: usize,
    /// Code address and three arguments of the panic helper to continue at, for [`Action::Raise`].
    pub raise_code: usize,
    pub raise_args: [u64; 3],
    /// Values that a parked goroutine's builtin returns (rax, rdx) when it runs again.
    pub resume_values: [u64; 2],
    /// Integer arguments that morestack saves and may adjust: rdi rsi rdx rcx r8 r9.
    pub morestack_args: [u64; 6],
    /// Callee-saved registers of a goroutine that is not running: rbx r12 r13 r14.
    pub saved_registers: [u64; 4],
    /// Float arguments that morestack saves: xmm0-7.
    pub morestack_floats: [[u64; 2]; 8],
    /// Where the next deferred call is registered; the newest stands in front of it. Compiled code registers and takes its own.
    pub defer_top: *mut Defer,
    /// Where the room for them ends.
    pub defer_end: *mut Defer,
}

/// A deferred call: the closure and the frame pointer of the deferring function. Or a list of them, in the heap, which grows
/// as the bodies of loops over functions defer for the function around them: a pointer to a `[]func()`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Defer {
    pub closure: usize,
    pub fp: usize,
    /// 0 or 1
    pub is_list: u64,
}

/// What stands below all deferred calls: it is of no function, so that compiled code need not ask whether there are any.
pub const NO_DEFER: Defer = Defer {
    closure: 0,
    fp: 0,
    is_list: 0,
};

/// What a builtin wants to happen when it returns, left in [`GHeader::action`].
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Return to compiled code.
    Return = 0,
    /// Leave the goroutine and run the scheduler; the goroutine continues later with
    /// [`GHeader::resume_values`].
    Park = 1,
    /// Continue at [`GHeader::raise_code`] as if it had been called where the builtin was called.
    Raise = 2,
}

/// Bytes between the lowest address of a stack and the guard. Leaf functions whose frame is at most
/// [`STACK_SMALL`] need no check, and a signal handler never runs there (SA_ONSTACK).
pub const STACK_GUARD: usize = 752;
/// A function whose frame (everything below its return address) is at most this large compares rsp itself with the guard.
pub const STACK_SMALL: usize = 128;
/// Value of `stack_guard` that makes every prologue call morestack.
pub const STACK_PREEMPT: usize = usize::MAX - 0xfff;
/// Size of a new goroutine's stack, in bytes.
pub const STACK_MIN: usize = 2048;
