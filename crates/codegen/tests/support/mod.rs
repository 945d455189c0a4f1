//! A runtime for tests: one goroutine, memory that is never freed, and a stack that moves at every check.
//!
//! Each prologue's check lands in `morestack`, which copies the used part of the stack to fresh memory, adjusts what the maps name,
//! and makes the old stack inaccessible: a pointer that no map knows crashes at its next use.

use mini_abi::builtins::Builtin;
use mini_abi::func::CompiledFunc;
use mini_abi::g::{Defer, GHeader, NO_DEFER};
use mini_abi::types::{Str, TypeDesc};
use mini_abi::{Runtime, native::NativeFn};
use mini_codegen::{Jit, Options};
use mini_mir::{Decisions, FuncId, Program};
use std::arch::naked_asm;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::offset_of;
use std::sync::Arc;

const STACK: usize = 64 << 10;

#[derive(Default)]
struct State {
    funcs: BTreeMap<usize, CompiledFunc>,
    output: String,
    jit: Option<Arc<Jit>>,
    moves: usize,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Result of running a function.
#[allow(dead_code, reason = "each test crate uses a part of this module")]
pub(crate) struct Outcome {
    pub(crate) value: i64,
    pub(crate) output: String,
    pub(crate) moves: usize,
}

/// Compiles and runs a function of up to two integers.
#[allow(dead_code, reason = "each test crate uses a part of this module")]
pub(crate) fn run(program: Program, decisions: Decisions, func: FuncId, args: [i64; 2]) -> Outcome {
    Machine::new(program, decisions).call(func, args)
}

/// A program whose functions can be called; one a thread.
pub(crate) struct Machine(Arc<Jit>);

#[allow(dead_code, reason = "each test crate uses a part of this module")]
impl Machine {
    pub(crate) fn new(program: Program, decisions: Decisions) -> Machine {
        let jit = Arc::new(jit(Arc::new(program), decisions));
        STATE.with(|s| {
            *s.borrow_mut() = State {
                jit: Some(jit.clone()),
                ..State::default()
            }
        });
        Machine(jit)
    }

    pub(crate) fn call(&self, func: FuncId, args: [i64; 2]) -> Outcome {
        let entry = self.0.compile(func);
        // SAFETY: all zeros is a valid header.
        let mut g: Box<GHeader> = unsafe { Box::new(std::mem::zeroed()) };
        let stack = fresh_stack();
        g.stack_lo = stack;
        g.stack_hi = stack + STACK;
        g.stack_guard = usize::MAX;
        g.defer_top = DEFERS.as_ptr_range().end.cast_mut();
        g.defer_end = g.defer_top;
        g.morestack = morestack as *const () as usize;
        g.call_on_system_stack = call_on_system_stack as *const () as usize;
        // SAFETY: entry is compiled code of a function with at most two integer arguments.
        let value = unsafe { enter(&mut *g, entry, args[0], args[1]) };
        // SAFETY: the stack that the goroutine ended on.
        unsafe { libc::munmap(g.stack_lo as *mut _, STACK) };
        STATE.with(|s| {
            let state = &mut *s.borrow_mut();
            Outcome {
                value,
                output: std::mem::take(&mut state.output),
                moves: std::mem::take(&mut state.moves),
            }
        })
    }
}

fn fresh_stack() -> usize {
    // SAFETY: an anonymous mapping.
    let p = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            STACK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(p, libc::MAP_FAILED);
    p as usize
}

const SP: usize = offset_of!(GHeader, sp);
const BP: usize = offset_of!(GHeader, bp);
const SYSTEM_SP: usize = offset_of!(GHeader, system_sp);
const STACK_HI: usize = offset_of!(GHeader, stack_hi);
const ARGS: usize = offset_of!(GHeader, morestack_args);
const FLOATS: usize = offset_of!(GHeader, morestack_floats);
const ENTRY: usize = offset_of!(GHeader, morestack_entry);

#[unsafe(naked)]
unsafe extern "C" fn enter(g: *mut GHeader, entry: usize, a: i64, b: i64) -> i64 {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15", "sub rsp, 8",
        "mov r15, rdi", "mov rax, rsi", "mov rdi, rdx", "mov rsi, rcx",
        "mov [r15+{system_sp}], rsp", "mov rsp, [r15+{hi}]", "xor ebp, ebp",
        "call rax",
        "mov rsp, [r15+{system_sp}]",
        "add rsp, 8", "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp", "ret",
        system_sp = const SYSTEM_SP, hi = const STACK_HI,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn call_on_system_stack() {
    naked_asm!(
        "mov [r15+{sp}], rsp", "mov [r15+{bp}], rbp", "mov rsp, [r15+{system_sp}]",
        "call rax",
        "mov rsp, [r15+{sp}]", "mov rbp, [r15+{bp}]", "ret",
        sp = const SP, bp = const BP, system_sp = const SYSTEM_SP,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn lazy_compile() {
    naked_asm!(
        "mov [r15+{sp}], rsp", "mov [r15+{bp}], rbp",
        "mov [r15+{args}], rdi", "mov [r15+{args}+8], rsi", "mov [r15+{args}+16], rdx",
        "mov [r15+{args}+24], rcx", "mov [r15+{args}+32], r8", "mov [r15+{args}+40], r9",
        "movups [r15+{floats}], xmm0", "movups [r15+{floats}+16], xmm1", "movups [r15+{floats}+32], xmm2", "movups [r15+{floats}+48], xmm3",
        "mov rsp, [r15+{system_sp}]", "mov edi, r11d", "call {hook}",
        "mov rsp, [r15+{sp}]", "mov rbp, [r15+{bp}]",
        "mov rdi, [r15+{args}]", "mov rsi, [r15+{args}+8]", "mov rdx, [r15+{args}+16]",
        "mov rcx, [r15+{args}+24]", "mov r8, [r15+{args}+32]", "mov r9, [r15+{args}+40]",
        "movups xmm0, [r15+{floats}]", "movups xmm1, [r15+{floats}+16]", "movups xmm2, [r15+{floats}+32]", "movups xmm3, [r15+{floats}+48]",
        "jmp rax",
        sp = const SP, bp = const BP, args = const ARGS, floats = const FLOATS, system_sp = const SYSTEM_SP, hook = sym compile_hook,
    )
}

#[unsafe(naked)]
unsafe extern "C" fn morestack() {
    naked_asm!(
        "mov [r15+{entry}], r11",
        "mov [r15+{sp}], rsp", "mov [r15+{bp}], rbp",
        "mov [r15+{args}], rdi", "mov [r15+{args}+8], rsi", "mov [r15+{args}+16], rdx",
        "mov [r15+{args}+24], rcx", "mov [r15+{args}+32], r8", "mov [r15+{args}+40], r9",
        "movups [r15+{floats}], xmm0", "movups [r15+{floats}+16], xmm1", "movups [r15+{floats}+32], xmm2", "movups [r15+{floats}+48], xmm3",
        "mov rsp, [r15+{system_sp}]", "mov rdi, r15", "call {grow}",
        "mov rsp, [r15+{sp}]", "mov rbp, [r15+{bp}]",
        "mov rdi, [r15+{args}]", "mov rsi, [r15+{args}+8]", "mov rdx, [r15+{args}+16]",
        "mov rcx, [r15+{args}+24]", "mov r8, [r15+{args}+32]", "mov r9, [r15+{args}+40]",
        "movups xmm0, [r15+{floats}]", "movups xmm1, [r15+{floats}+16]", "movups xmm2, [r15+{floats}+32]", "movups xmm3, [r15+{floats}+48]",
        "jmp [r15+{entry}]",
        sp = const SP, bp = const BP, args = const ARGS, floats = const FLOATS, system_sp = const SYSTEM_SP, grow = sym grow, entry = const ENTRY,
    )
}

extern "C" fn compile_hook(func: u32) -> usize {
    let jit = STATE.with(|s| s.borrow().jit.clone());
    jit.expect("running").compile_unit(func)
}

fn adjust(word: usize, lo: usize, hi: usize, delta: usize) {
    // SAFETY: `word` is the address of a word of the new stack or of the header.
    unsafe {
        let p = word as *mut usize;
        if (lo..hi).contains(&*p) {
            *p = (*p).wrapping_add(delta);
        }
    }
}

/// Copies the stack to fresh memory and adjusts every pointer that the maps name.
extern "C" fn grow(g: &mut GHeader) {
    STATE.with(|s| {
        let state = &mut *s.borrow_mut();
        state.moves += 1;
        let (lo, hi) = (g.stack_lo, g.stack_hi);
        let used = hi - g.sp;
        assert!(used + 8192 < STACK, "stack overflow in a test");
        let new = fresh_stack();
        let delta = new.wrapping_sub(lo);
        // SAFETY: both are whole stacks.
        unsafe {
            std::ptr::copy_nonoverlapping(
                g.sp as *const u8,
                (g.sp.wrapping_add(delta)) as *mut u8,
                used,
            )
        };
        let func = state
            .funcs
            .get(&g.morestack_entry)
            .expect("morestack from an unknown function");
        for i in 0..6 {
            if func.pointer_args >> i & 1 != 0 {
                adjust(&raw mut g.morestack_args[i] as usize, lo, hi, delta);
            }
        }
        for &word in &func.pointer_stack_args {
            adjust(
                (g.sp + 8 + 8 * word as usize).wrapping_add(delta),
                lo,
                hi,
                delta,
            );
        }
        g.morestack_entry += func.body as usize;
        let mut fp = g.bp;
        // SAFETY: frames are chained by frame pointers up to the zero that `enter` sets.
        let mut pc = unsafe { *(g.sp as *const usize) };
        while fp != 0 {
            let (entry, func) = state
                .funcs
                .range(..=pc)
                .next_back()
                .expect("pc in no function");
            let at = (pc - entry) as u32;
            let site = func
                .call_sites
                .binary_search_by_key(&at, |s| s.offset)
                .unwrap_or_else(|_| panic!("no call site at {} + {at:#x}", func.name));
            let site = func.call_sites[site];
            let sp = fp - func.frame_size as usize;
            for &slot in &func.slots[site.first_slot as usize..][..site.n_slots as usize] {
                adjust((sp + 8 * slot as usize).wrapping_add(delta), lo, hi, delta);
            }
            // SAFETY: as above.
            let (next, ret) = unsafe { (*(fp as *const usize), *((fp + 8) as *const usize)) };
            adjust(fp.wrapping_add(delta), lo, hi, delta);
            fp = next;
            pc = ret;
        }
        let mut defer = g.defer_top;
        // SAFETY: below the oldest record lies one without a frame.
        unsafe {
            while (*defer.sub(1)).fp != 0 {
                defer = defer.sub(1);
                adjust(&raw mut (*defer).fp as usize, lo, hi, delta);
                adjust(&raw mut (*defer).closure as usize, lo, hi, delta);
            }
        }
        g.sp = g.sp.wrapping_add(delta);
        if g.bp != 0 {
            g.bp = g.bp.wrapping_add(delta);
        }
        g.stack_lo = new;
        g.stack_hi = new + STACK;
        // SAFETY: nothing may use the old stack any more; that is the point.
        unsafe { libc::munmap(lo as *mut _, STACK) };
    });
}

fn print(text: &str) {
    STATE.with(|s| s.borrow_mut().output.push_str(text));
}

fn zeroed(size: usize) -> usize {
    vec![0u64; size.div_ceil(8).max(1)].leak().as_mut_ptr() as usize
}

type G = *mut GHeader;

#[repr(C)]
struct Pair(usize, usize);

extern "C" fn new_object(_: G, ty: &TypeDesc) -> usize {
    zeroed(ty.size)
}
extern "C" fn make_slice(_: G, elem: &TypeDesc, _len: usize, cap: usize) -> usize {
    zeroed(elem.size * cap)
}
extern "C" fn new_array(_: G, elem: &TypeDesc, n: usize) -> usize {
    zeroed(elem.size * n)
}
extern "C" fn grow_slice(
    _: G,
    elem: &TypeDesc,
    old: usize,
    len: usize,
    cap: usize,
    new_len: usize,
) -> Pair {
    let cap = new_len.max(2 * cap);
    let new = zeroed(elem.size * cap);
    // SAFETY: the old array holds len elements, the new one more.
    unsafe { std::ptr::copy_nonoverlapping(old as *const u8, new as *mut u8, len * elem.size) };
    Pair(new, cap)
}
extern "C" fn move_memory(_: G, to: *mut u8, from: *const u8, n: usize) {
    // SAFETY: compiled code passes valid ranges.
    unsafe { std::ptr::copy(from, to, n) }
}
extern "C" fn zero_memory(_: G, to: *mut u8, n: usize) {
    // SAFETY: as above.
    unsafe { std::ptr::write_bytes(to, 0, n) }
}
extern "C" fn equal_memory(_: G, a: *const u8, b: *const u8, n: usize) -> bool {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(a, n) == std::slice::from_raw_parts(b, n) }
}
extern "C" fn concat(_: G, parts: *const Str, n: usize, _: usize) -> Pair {
    let mut out = vec![];
    for i in 0..n {
        // SAFETY: an array of n strings.
        out.extend_from_slice(unsafe { (*parts.add(i)).as_bytes() });
    }
    let out = out.leak();
    Pair(out.as_ptr() as usize, out.len())
}
extern "C" fn print_int(_: G, n: i64) {
    print(&n.to_string());
}
extern "C" fn print_float(_: G, x: f64, _: u64) {
    print(&format!("{x:?}"));
}
extern "C" fn print_bool(_: G, b: u64) {
    print(if b != 0 { "true" } else { "false" });
}
extern "C" fn print_string(_: G, p: *const u8, n: usize) {
    let text = Str { ptr: p, len: n };
    // SAFETY: a string.
    print(&String::from_utf8_lossy(unsafe { text.as_bytes() }));
}
extern "C" fn print_space(_: G) {
    print(" ");
}
extern "C" fn print_newline(_: G) {
    print("\n");
}
extern "C" fn nothing(_: G) {}
extern "C" fn missing(_: G) {
    eprintln!("a builtin that the tests' runtime lacks");
    std::process::abort();
}

/// Room for deferred calls, behind the record that stands for none.
static DEFERS: [Defer; 1] = [NO_DEFER];
const N_DEFERS: usize = 100;

extern "C" fn defer_push(g: G, closure: usize, is_list: usize) {
    let room = Vec::leak(vec![NO_DEFER; N_DEFERS]);
    let range = room.as_mut_ptr_range();
    // SAFETY: the tests' goroutine; the first deferred call finds no room.
    unsafe {
        assert!(
            std::ptr::eq((*g).defer_end, DEFERS.as_ptr_range().end),
            "no room"
        );
        let fp = (*g).bp;
        room[1] = Defer {
            closure,
            fp,
            is_list: is_list as u64,
        };
        (*g).defer_top = range.start.add(2);
        (*g).defer_end = range.end;
    }
}

fn runtime() -> Runtime {
    let mut builtins = [missing as *const () as usize; Builtin::COUNT];
    for (builtin, address) in [
        (Builtin::new_object, new_object as *const ()),
        (Builtin::make_slice, make_slice as *const ()),
        (Builtin::new_array, new_array as *const ()),
        (Builtin::grow_slice, grow_slice as *const ()),
        (Builtin::move_memory, move_memory as *const ()),
        (Builtin::zero_memory, zero_memory as *const ()),
        (Builtin::equal_memory, equal_memory as *const ()),
        (Builtin::concat_strings, concat as *const ()),
        (Builtin::print_int, print_int as *const ()),
        (Builtin::print_float, print_float as *const ()),
        (Builtin::print_bool, print_bool as *const ()),
        (Builtin::print_string, print_string as *const ()),
        (Builtin::print_space, print_space as *const ()),
        (Builtin::print_newline, print_newline as *const ()),
        (Builtin::print_lock, nothing as *const ()),
        (Builtin::print_unlock, nothing as *const ()),
        (Builtin::defer_push, defer_push as *const ()),
    ] {
        builtins[builtin as usize] = address as usize;
    }
    fn lookup(_: &str) -> Option<NativeFn> {
        None
    }
    fn register(func: CompiledFunc) {
        STATE.with(|s| s.borrow_mut().funcs.insert(func.entry, func));
    }
    Runtime {
        builtins,
        call_on_system_stack: call_on_system_stack as *const () as usize,
        morestack: morestack as *const () as usize,
        lazy_compile: lazy_compile as *const () as usize,
        go_panic: missing as *const () as usize,
        lookup_native: lookup,
        register_func: register,
        register_global: |_, _, _| {},
    }
}
/// A compiler whose code is not run.
#[allow(dead_code, reason = "each test crate uses a part of this module")]
pub(crate) fn jit(program: Arc<Program>, decisions: Decisions) -> Jit {
    Jit::new(program, Arc::new(decisions), runtime(), Options::default())
        .expect("host is supported")
}
