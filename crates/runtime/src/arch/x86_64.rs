//! The naked routines for x86-64, System V.
//!
//! ```text
//!   system stack                         goroutine stack
//!   ┌───────────────────────┐            ┌──────────────────────┐ stack_hi
//!   │ scheduler's loop      │            │ (16 bytes)           │
//!   │ return address        │            │ return address       │ <- pushed by resume_start
//!   │ rbp rbx r12 r13 r14   │            │ frames of compiled   │
//!   │ r15, 8 bytes          │            │ code, chained by rbp │
//!   ├───────────────────────┤ system_sp  │ ...                  │
//!   │ builtins run here     │            │ return address       │ sp: what a call into the
//!   └───────────────────────┘            └──────────────────────┘     runtime left on top
//! ```
//!
//! Compiled code (both the `tail` and the System V convention) keeps rbx r12 r13 r14 across calls, and r15 is pinned,
//! so these four are all that a parked goroutine must keep; when it was stopped by a signal, everything.

use std::arch::naked_asm;
use std::mem::offset_of;

use mini_abi::g::{Action, GHeader, STACK_PREEMPT};

use crate::g::G;

/// All registers of a goroutine that a signal stopped.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct AsyncRegisters {
    /// rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14
    pub general: [u64; 15],
    pub rip: u64,
    pub rflags: u64,
    pub xmm: [[u64; 2]; 16],
}

impl AsyncRegisters {
    pub const RBP: usize = 6;
    pub const RSP: usize = 7;

    /// Copies the registers out of a signal's context.
    ///
    /// # Safety
    /// `context` is what the kernel passed to a handler.
    pub unsafe fn load(&mut self, context: *mut libc::ucontext_t) {
        use libc::*;
        // SAFETY: the context is valid during the handler, and the kernel always saves SSE state.
        unsafe {
            let gregs = &(*context).uc_mcontext.gregs;
            let order = [
                REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
            ];
            for (word, register) in self.general.iter_mut().zip(order) {
                *word = gregs[register as usize] as u64;
            }
            self.rip = gregs[REG_RIP as usize] as u64;
            self.rflags = gregs[REG_EFL as usize] as u64;
            let floats = (*context).uc_mcontext.fpregs;
            for (words, register) in self.xmm.iter_mut().zip(&(*floats)._xmm) {
                let e = register.element;
                *words = [
                    u64::from(e[0]) | u64::from(e[1]) << 32,
                    u64::from(e[2]) | u64::from(e[3]) << 32,
                ];
            }
        }
    }
}

/// What a signal handler reads and changes in the context of the code it interrupted.
pub struct Context(*mut libc::ucontext_t);

impl Context {
    /// # Safety
    /// `context` is what the kernel passed to a handler that has not returned.
    pub unsafe fn new(context: *mut libc::c_void) -> Context {
        Context(context.cast())
    }

    fn register(&self, index: i32) -> *mut i64 {
        // SAFETY: `new`'s promise; the array has a place for each register.
        unsafe { &raw mut (*self.0).uc_mcontext.gregs[index as usize] }
    }

    pub fn pc(&self) -> usize {
        // SAFETY: see `register`.
        unsafe { *self.register(libc::REG_RIP) as usize }
    }

    pub fn sp(&self) -> usize {
        // SAFETY: see `register`.
        unsafe { *self.register(libc::REG_RSP) as usize }
    }

    pub fn fp(&self) -> usize {
        // SAFETY: see `register`.
        unsafe { *self.register(libc::REG_RBP) as usize }
    }

    /// The word in the register that holds the goroutine in compiled code.
    pub fn g(&self) -> usize {
        // SAFETY: see `register`.
        unsafe { *self.register(libc::REG_R15) as usize }
    }

    pub fn save(&self, registers: &mut AsyncRegisters) {
        // SAFETY: `new`'s promise.
        unsafe { registers.load(self.0) }
    }

    /// Continues at `pc` with stack pointer `sp` when the handler returns.
    pub fn continue_at(&self, pc: usize, sp: usize) {
        // SAFETY: see `register`.
        unsafe {
            *self.register(libc::REG_RIP) = pc as i64;
            *self.register(libc::REG_RSP) = sp as i64;
        }
    }
}

/// Whether a signal may stop the goroutine at `pc` in a function whose body begins at `body`: the frame is set up and not
/// yet taken down, so that rbp is this function's. `end` is one past the function's last byte.
///
/// # Safety
/// `body..end` is compiled code.
pub unsafe fn is_async_safe(pc: usize, body: usize, end: usize) -> bool {
    // `push rbp; mov rbp, rsp` is four bytes.
    if pc < body + 4 || pc + 4 > end {
        return false;
    }
    // SAFETY: four bytes from pc are inside the function.
    let bytes = unsafe { std::ptr::read_unaligned(pc as *const [u8; 4]) };
    // At `ret` (c3, c2 imm) the frame is gone; `lea r11, [rip-n]` (4c 8d 1d) and `jmp [r15+n]` (41 ff 67) are the
    // stub behind the body, which the prologue enters before there is a frame.
    !matches!(
        bytes,
        [0xc3 | 0xc2, ..] | [0x4c, 0x8d, 0x1d, _] | [0x41, 0xff, 0x67, _]
    )
}

unsafe extern "C" {
    // Labels inside the routines below.
    static mini_rt_goroutine_end: u8;
    static mini_rt_panic_loop: u8;
    static mini_rt_panic_deferred: u8;
    static mini_rt_panic_end: u8;
}

pub fn morestack_address() -> usize {
    morestack as *const () as usize
}

pub fn call_on_system_stack_address() -> usize {
    call_on_system_stack as *const () as usize
}

pub fn lazy_compile_address() -> usize {
    lazy_compile as *const () as usize
}

pub fn go_panic_address() -> usize {
    go_panic as *const () as usize
}

pub fn go_exit_address() -> usize {
    go_exit as *const () as usize
}

pub fn raise_fault_address() -> usize {
    raise_fault as *const () as usize
}

pub fn leave_address() -> usize {
    leave as *const () as usize
}

/// `G::resume_at` of a goroutine that has not started.
pub fn resume_start_address() -> usize {
    resume_start as *const () as usize
}

/// `G::resume_at` of a goroutine that a signal stopped; its registers are at `GHeader::morestack_entry`.
pub fn resume_async_address() -> usize {
    resume_async as *const () as usize
}

/// Where a panic's loop goes on for its next deferred call, with rbp = its frame and rsp = [`PANIC_FRAME`] below.
pub fn panic_loop_address() -> usize {
    &raw const mini_rt_panic_loop as usize
}

/// Return address that deferred calls made by a panic have.
pub fn panic_deferred_address() -> usize {
    &raw const mini_rt_panic_deferred as usize
}

/// Bytes between the frame pointer and the stack pointer of the panic routine.
pub const PANIC_FRAME: usize = 16;

/// Bytes above the first return address on a goroutine's stack.
pub const STACK_TOP: usize = 16;

/// Whether a return address belongs to the routines that leave frames on goroutine stacks.
pub fn is_routine(pc: usize) -> bool {
    is_panic_routine(pc) || is_start_routine(pc)
}

/// Whether a return address is the panic routine's.
pub fn is_panic_routine(pc: usize) -> bool {
    (go_exit_address()..=&raw const mini_rt_panic_end as usize).contains(&pc)
}

/// Whether a return address is that of a goroutine's first function.
pub fn is_start_routine(pc: usize) -> bool {
    (resume_start_address()..=&raw const mini_rt_goroutine_end as usize).contains(&pc)
}

macro_rules! routine {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),*) { $($line:literal,)* } $($sym:ident = $path:path),* $(,)?) => {
        $(#[$doc])*
        #[unsafe(naked)]
        #[allow(clippy::missing_safety_doc, reason = "the comment says who jumps here")]
        $vis unsafe extern "C" fn $name($($arg: $ty),*) {
            naked_asm!(
                // Offsets, named once for all routines. Every routine mentions each in this dead line.
                ".set mini_rt_unused, {sp}+{bp}+{guard}+{system}+{action}+{entry}+{raise_code}+{raise0}+{results}+{args}+{saved}+{floats}+{resume_at}+{start}+{act_raise}+{preempt}",
                $($line,)*
                sp = const offset_of!(GHeader, sp),
                bp = const offset_of!(GHeader, bp),
                guard = const offset_of!(GHeader, stack_guard),
                system = const offset_of!(GHeader, system_sp),
                action = const offset_of!(GHeader, action),
                entry = const offset_of!(GHeader, morestack_entry),
                raise_code = const offset_of!(GHeader, raise_code),
                raise0 = const offset_of!(GHeader, raise_args),
                results = const offset_of!(GHeader, resume_values),
                args = const offset_of!(GHeader, morestack_args),
                saved = const offset_of!(GHeader, saved_registers),
                floats = const offset_of!(GHeader, morestack_floats),
                resume_at = const offset_of!(G, resume_at),
                start = const offset_of!(G, start_closure),
                act_raise = const Action::Raise as u64,
                preempt = const STACK_PREEMPT as i64,
                $($sym = sym $path,)*
            )
        }
    };
}

routine! {
    /// Continues `g` at `G::resume_at` and returns when it has left the thread.
    ///
    /// Keeps rbp rbx r12-r15 of the scheduler in its frame, whose address is then the top of the system stack.
    pub fn resume(g: *mut G) {
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov r15, rdi",
        "mov [r15+{system}], rsp",
        "jmp [r15+{resume_at}]",
    }
}

routine! {
    /// The end of `resume`: rsp = its frame.
    fn leave() {
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    }
}

routine! {
    /// Runs the function in rax on the system stack: see `abi::Runtime::call_on_system_stack`.
    fn call_on_system_stack() {
        "mov [r15+{sp}], rsp",
        "mov [r15+{bp}], rbp",
        "mov rdi, r15",
        "mov rsp, [r15+{system}]",
        // The function's address, for `stop_after`; twice, to keep the alignment.
        "push rax",
        "push rax",
        "call rax",
        "cmp qword ptr [r15+{action}], 0",
        "jne 2f",
        "cmp qword ptr [r15+{guard}], {preempt}",
        "je 3f",
        "mov rsp, [r15+{sp}]",
        "mov rbp, [r15+{bp}]",
        "ret",
        // The builtin parks or raises.
        "2:",
        "cmp qword ptr [r15+{action}], {act_raise}",
        "je {raise}",
        "mov [r15+{saved}], rbx",
        "mov [r15+{saved}+8], r12",
        "mov [r15+{saved}+16], r13",
        "mov [r15+{saved}+24], r14",
        "lea rax, [rip+{resume_call}]",
        "mov [r15+{resume_at}], rax",
        "mov rsp, [r15+{system}]",
        "jmp {leave}",
        // Someone wants the goroutine to stop: its results wait in G.
        "3:",
        "mov [r15+{results}], rax",
        "mov [r15+{results}+8], rdx",
        "movups [r15+{floats}], xmm0",
        "mov rdi, r15",
        "mov rsi, [rsp]",
        "call {stop_after}",
        "test al, al",
        "jne 4f",
        "mov rax, [r15+{results}]",
        "mov rdx, [r15+{results}+8]",
        "movups xmm0, [r15+{floats}]",
        "mov rsp, [r15+{sp}]",
        "mov rbp, [r15+{bp}]",
        "ret",
        "4:",
        "mov [r15+{saved}], rbx",
        "mov [r15+{saved}+8], r12",
        "mov [r15+{saved}+16], r13",
        "mov [r15+{saved}+24], r14",
        "lea rax, [rip+{resume_results}]",
        "mov [r15+{resume_at}], rax",
        "mov rsp, [r15+{system}]",
        "jmp {leave}",
    }
    raise = raise, resume_call = resume_call, resume_results = resume_results, leave = leave, stop_after = crate::sched::stop_after_builtin,
}

routine! {
    /// Continues after the call of a builtin that parked; its results were left in G. The waker may have asked for a panic.
    fn resume_call() {
        "mov rbx, [r15+{saved}]",
        "mov r12, [r15+{saved}+8]",
        "mov r13, [r15+{saved}+16]",
        "mov r14, [r15+{saved}+24]",
        "cmp qword ptr [r15+{action}], {act_raise}",
        "je {raise}",
        "mov rsp, [r15+{sp}]",
        "mov rbp, [r15+{bp}]",
        "mov rax, [r15+{results}]",
        "mov rdx, [r15+{results}+8]",
        "ret",
    }
    raise = raise,
}

routine! {
    /// Continues after the call of a builtin that had finished when the goroutine was stopped.
    fn resume_results() {
        "movups xmm0, [r15+{floats}]",
        "jmp {resume_call}",
    }
    resume_call = resume_call,
}

routine! {
    /// Calls the panic helper instead of returning from the builtin.
    fn raise() {
        "mov qword ptr [r15+{action}], 0",
        "mov rsp, [r15+{sp}]",
        "mov rbp, [r15+{bp}]",
        "mov rdi, [r15+{raise0}]",
        "mov rsi, [r15+{raise0}+8]",
        "mov rdx, [r15+{raise0}+16]",
        "jmp [r15+{raise_code}]",
    }
}

routine! {
    /// As `raise`, for a fault: an address inside the faulting instruction (in `morestack_entry`) becomes the return address.
    fn raise_fault() {
        "mov rsp, [r15+{sp}]",
        "mov rbp, [r15+{bp}]",
        "push qword ptr [r15+{entry}]",
        "mov rdi, [r15+{raise0}]",
        "mov rsi, [r15+{raise0}+8]",
        "mov rdx, [r15+{raise0}+16]",
        "jmp [r15+{raise_code}]",
    }
}

routine! {
    /// Saves the argument registers; rsp = return address of the call that is being set up.
    fn save_arguments() {
        "mov [r15+{args}], rdi",
        "mov [r15+{args}+8], rsi",
        "mov [r15+{args}+16], rdx",
        "mov [r15+{args}+24], rcx",
        "mov [r15+{args}+32], r8",
        "mov [r15+{args}+40], r9",
        "movups [r15+{floats}], xmm0",
        "movups [r15+{floats}+16], xmm1",
        "movups [r15+{floats}+32], xmm2",
        "movups [r15+{floats}+48], xmm3",
        "movups [r15+{floats}+64], xmm4",
        "movups [r15+{floats}+80], xmm5",
        "movups [r15+{floats}+96], xmm6",
        "movups [r15+{floats}+112], xmm7",
        "ret",
    }
}

routine! {
    /// Restores stack and argument registers and enters the function in `morestack_entry`.
    fn enter_function() {
        "mov rsp, [r15+{sp}]",
        "mov rbp, [r15+{bp}]",
        "mov rdi, [r15+{args}]",
        "mov rsi, [r15+{args}+8]",
        "mov rdx, [r15+{args}+16]",
        "mov rcx, [r15+{args}+24]",
        "mov r8, [r15+{args}+32]",
        "mov r9, [r15+{args}+40]",
        "movups xmm0, [r15+{floats}]",
        "movups xmm1, [r15+{floats}+16]",
        "movups xmm2, [r15+{floats}+32]",
        "movups xmm3, [r15+{floats}+48]",
        "movups xmm4, [r15+{floats}+64]",
        "movups xmm5, [r15+{floats}+80]",
        "movups xmm6, [r15+{floats}+96]",
        "movups xmm7, [r15+{floats}+112]",
        "jmp [r15+{entry}]",
    }
}

routine! {
    /// From a prologue: r11 = entry of the function, rsp = its return address, arguments in place.
    fn morestack() {
        "mov [r15+{entry}], r11",
        "mov [r15+{sp}], rsp",
        "mov [r15+{bp}], rbp",
        "mov rsp, [r15+{system}]",
        "call {save}",
        "mov rdi, r15",
        "call {grow}",
        "test al, al",
        "je {enter}",
        // It was asked to stop.
        "mov [r15+{saved}], rbx",
        "mov [r15+{saved}+8], r12",
        "mov [r15+{saved}+16], r13",
        "mov [r15+{saved}+24], r14",
        "lea rax, [rip+{resume_morestack}]",
        "mov [r15+{resume_at}], rax",
        "mov rsp, [r15+{system}]",
        "jmp {leave}",
    }
    save = save_arguments, grow = crate::stack::morestack, enter = enter_function, resume_morestack = resume_morestack, leave = leave,
}

routine! {
    /// Continues a goroutine that stopped in `morestack`.
    fn resume_morestack() {
        "mov rbx, [r15+{saved}]",
        "mov r12, [r15+{saved}+8]",
        "mov r13, [r15+{saved}+16]",
        "mov r14, [r15+{saved}+24]",
        "jmp {enter}",
    }
    enter = enter_function,
}

routine! {
    /// The code of [`crate::panic::NIL_CLOSURE`].
    pub fn call_nil() {
        "lea rax, [rip+{raise}]",
        "jmp {call}",
    }
    raise = crate::panic::raise_nil_call, call = call_on_system_stack,
}

routine! {
    /// From the stub of a function that is not compiled: r11d = its id, rsp = return address, arguments in place.
    fn lazy_compile() {
        "mov [r15+{sp}], rsp",
        "mov [r15+{bp}], rbp",
        "mov rsp, [r15+{system}]",
        "call {save}",
        "mov rdi, r15",
        "mov esi, r11d",
        "call {compile}",
        "mov [r15+{entry}], rax",
        "jmp {enter}",
    }
    save = save_arguments, compile = crate::builtins::core::compile, enter = enter_function,
}

routine! {
    /// Begins a goroutine: calls its closure, and ends the goroutine when it returns.
    fn resume_start() {
        "mov rsp, [r15+{sp}]",
        "xor ebp, ebp",
        "mov rdi, [r15+{start}]",
        "mov qword ptr [r15+{start}], 0",
        "call [rdi]",
        "lea rax, [rip+{end}]",
        "call {call}",
        ".globl mini_rt_goroutine_end",
        "mini_rt_goroutine_end:",
        "ud2",
    }
    end = crate::sched::return_from_goroutine, call = call_on_system_stack,
}

routine! {
    /// Continues a goroutine that a signal stopped. Two words below its stack pointer are used; compiled
    /// code keeps nothing there.
    fn resume_async() {
        "mov rax, [r15+{entry}]",
        "movups xmm0, [rax+136]",
        "movups xmm1, [rax+152]",
        "movups xmm2, [rax+168]",
        "movups xmm3, [rax+184]",
        "movups xmm4, [rax+200]",
        "movups xmm5, [rax+216]",
        "movups xmm6, [rax+232]",
        "movups xmm7, [rax+248]",
        "movups xmm8, [rax+264]",
        "movups xmm9, [rax+280]",
        "movups xmm10, [rax+296]",
        "movups xmm11, [rax+312]",
        "movups xmm12, [rax+328]",
        "movups xmm13, [rax+344]",
        "movups xmm14, [rax+360]",
        "movups xmm15, [rax+376]",
        "mov rsp, [rax+56]",
        "push qword ptr [rax+120]",
        "push qword ptr [rax+128]",
        "mov rbx, [rax+8]",
        "mov rcx, [rax+16]",
        "mov rdx, [rax+24]",
        "mov rsi, [rax+32]",
        "mov rdi, [rax+40]",
        "mov rbp, [rax+48]",
        "mov r8, [rax+64]",
        "mov r9, [rax+72]",
        "mov r10, [rax+80]",
        "mov r11, [rax+88]",
        "mov r12, [rax+96]",
        "mov r13, [rax+104]",
        "mov r14, [rax+112]",
        "mov rax, [rax]",
        "popfq",
        "ret",
    }
}

const _: () = {
    assert!(offset_of!(AsyncRegisters, rip) == 120);
    assert!(offset_of!(AsyncRegisters, rflags) == 128);
    assert!(offset_of!(AsyncRegisters, xmm) == 136);
};

routine! {
    /// Goexit, and then the panic statement: `go_panic` is `extern tail fn(type word, data word) -> !`. Both share one
    /// loop, which keeps a frame of its own on the goroutine's stack:
    ///
    /// ```text
    ///   caller's return address
    ///   caller's rbp              <- rbp: names the panic in the runtime's records
    ///   16 bytes                  <- rsp
    /// ```
    ///
    /// Deferred calls run from here; when one has recovered, the runtime names the place to go on at.
    fn go_exit() {
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, 16",
        "lea rax, [rip+{start_exit}]",
        "call {call}",
        "jmp mini_rt_panic_loop",

        ".p2align 4",
        ".globl mini_rt_go_panic",
        "mini_rt_go_panic:",
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, 16",
        "mov rdx, rsi",
        "mov rsi, rdi",
        "lea rax, [rip+{start_panic}]",
        "call {call}",

        ".globl mini_rt_panic_loop",
        "mini_rt_panic_loop:",
        // rax = closure; or 0 and rdx = what to call when no deferred call is left
        "lea rax, [rip+{next}]",
        "call {call}",
        "test rax, rax",
        "jz 2f",
        "mov rdi, rax",
        "call [rdi]",
        ".globl mini_rt_panic_deferred",
        "mini_rt_panic_deferred:",
        // rax = where to go on, or 0; rdx = frame pointer, raise_args[0] = stack pointer
        "lea rax, [rip+{after}]",
        "call {call}",
        "test rax, rax",
        "jz mini_rt_panic_loop",
        "mov rsp, [r15+{raise0}]",
        "mov rbp, rdx",
        "jmp rax",
        "2:",
        "test rdx, rdx",
        "jz 3f",
        "call rdx",
        "ud2",
        "3:",
        "lea rax, [rip+{end}]",
        "call {call}",
        ".globl mini_rt_panic_end",
        "mini_rt_panic_end:",
        "ud2",
    }
    start_exit = crate::panic::start_goexit, start_panic = crate::panic::start_panic, next = crate::panic::next_deferred,
    after = crate::panic::after_deferred, end = crate::sched::end_goroutine, call = call_on_system_stack,
}

unsafe extern "C" {
    #[link_name = "mini_rt_go_panic"]
    fn go_panic();
}
