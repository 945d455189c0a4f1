//! The scheduler, stacks and panics under machine code made by hand: each test runs this binary again as a program whose functions
//! are the routines below, since a program ends its process.
//!
//! The routines follow what code generation emits: a prologue that compares with the guard, frames chained by rbp, r15 = G,
//! runtime calls through `call_on_system_stack`, and records that describe all that.

use std::arch::global_asm;
use std::mem::offset_of;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

use mini_abi::func::{CallSite, CompiledFunc, TrapKind};
use mini_abi::g::GHeader;
use mini_runtime::{Config, funcs};

/// A routine's labels: entry, body behind the check, end.
macro_rules! routine {
    ($name:literal, frame $frame:literal, $($line:literal,)*) => {
        global_asm!(
            concat!(".globl t_", $name, "\n.p2align 4\nt_", $name, ":"),
            "cmp rsp, [r15+{guard}]",
            concat!("jbe t_", $name, "_stub"),
            concat!(".globl t_", $name, "_body\nt_", $name, "_body:"),
            "push rbp",
            "mov rbp, rsp",
            concat!("sub rsp, ", $frame),
            $($line,)*
            concat!("add rsp, ", $frame),
            "pop rbp",
            "ret",
            concat!("t_", $name, "_stub:"),
            concat!("lea r11, [rip+t_", $name, "]"),
            "jmp [r15+{morestack}]",
            concat!(".globl t_", $name, "_end\nt_", $name, "_end:"),
            guard = const offset_of!(GHeader, stack_guard),
            morestack = const offset_of!(GHeader, morestack),
        );
    };
}

global_asm!(
    // rax = function: as a thunk of code generation.
    ".globl t_thunk",
    "t_thunk:",
    "jmp [r15+{call}]",
    call = const offset_of!(GHeader, call_on_system_stack),
);

// func(closure): closure[1] = rounds. Gives way so many times, then counts itself.
routine!("yielder", frame 16,
    "mov [rsp], rbx",
    "mov rbx, [rdi+8]",
    "2:",
    "lea rax, [rip+t_gosched]",
    "call t_thunk",
    ".globl t_yielder_s0\nt_yielder_s0:",
    "dec rbx",
    "jnz 2b",
    "lock inc qword ptr [rip+t_counter]",
    "mov rbx, [rsp]",
);

// func(closure): closure[1] = a word. Loops without calls until the word is set, then counts itself.
routine!("spinner", frame 16,
    "mov rax, [rdi+8]",
    "2:",
    "add rcx, 1",
    "cmp qword ptr [rax], 0",
    "je 2b",
    "lock inc qword ptr [rip+t_counter]",
);

// func(closure): calls the Rust function at closure[1] on the system stack.
routine!("caller", frame 16,
    "mov rax, [rdi+8]",
    "call t_thunk",
    ".globl t_caller_s0\nt_caller_s0:",
);

// func(closure): closure[1] = depth. deep(depth, &local): each level checks that its caller's local is where it points.
routine!("deep_start", frame 32,
    "mov qword ptr [rsp], 0x5151",
    "mov rsi, rsp",
    "mov rdi, [rdi+8]",
    "call t_deep",
    ".globl t_deep_start_s0\nt_deep_start_s0:",
    "lock inc qword ptr [rip+t_counter]",
);

// func(depth rdi, p rsi): slot 0 = local, slot 1 = p (mapped), slot 2 = depth.
routine!("deep", frame 32,
    "mov qword ptr [rsp], 0x5151",
    "mov [rsp+8], rsi",
    "mov [rsp+16], rdi",
    "cmp qword ptr [rsi], 0x5151",
    "jne 3f",
    "test rdi, rdi",
    "jz 2f",
    "dec rdi",
    "mov rsi, rsp",
    "call t_deep",
    ".globl t_deep_s0\nt_deep_s0:",
    "mov rsi, [rsp+8]",
    "cmp qword ptr [rsi], 0x5151",
    "jne 3f",
    "jmp 2f",
    "3:",
    "ud2",
    "2:",
);

// func(closure): reads through nil.
routine!("faulter", frame 16,
    "xor eax, eax",
    ".globl t_faulter_t0\nt_faulter_t0:",
    "mov rax, [rax+8]",
);

// func(code, a, b): what runtime.raise does: panics with a value of two words.
routine!("raise", frame 16,
    "lea rax, [rip+t_note_raise]",
    "call t_thunk",
    ".globl t_raise_s0\nt_raise_s0:",
    "mov edi, 1",
    "mov esi, 2",
    "call [rip+t_go_panic]",
    ".globl t_raise_s1\nt_raise_s1:",
    "ud2",
);

// func(): what runtime.fatalPanic does.
routine!("fatal", frame 16,
    "lea rax, [rip+t_exit_panic]",
    "call t_thunk",
    ".globl t_fatal_s0\nt_fatal_s0:",
    "ud2",
);

// func(closure): defers closure[1], faults; counts itself when it was recovered.
routine!("deferring", frame 16,
    "mov rsi, [rdi+8]",
    "lea rax, [rip+t_defer_push]",
    "call t_thunk",
    ".globl t_deferring_s0\nt_deferring_s0:",
    "xor eax, eax",
    ".globl t_deferring_t0\nt_deferring_t0:",
    "mov rax, [rax+8]",
    "ud2",
    ".globl t_deferring_pad\nt_deferring_pad:",
    "lock inc qword ptr [rip+t_counter]",
);

// func(closure): recovers.
routine!("recoverer", frame 16,
    "lea rax, [rip+t_recover]",
    "call t_thunk",
    ".globl t_recoverer_s0\nt_recoverer_s0:",
    "cmp eax, 1",
    "je 2f",
    "ud2",
    "2:",
    "cmp edx, 2",
    "je 2f",
    "ud2",
    "2:",
);

macro_rules! labels {
    ($($name:ident)*) => { unsafe extern "C" { $(static $name: u8;)* } };
}
labels! {
    t_yielder t_yielder_body t_yielder_end t_yielder_s0
    t_spinner t_spinner_body t_spinner_end
    t_caller t_caller_body t_caller_end t_caller_s0
    t_deep_start t_deep_start_body t_deep_start_end t_deep_start_s0
    t_deep t_deep_body t_deep_end t_deep_s0
    t_faulter t_faulter_body t_faulter_end t_faulter_t0
    t_raise t_raise_body t_raise_end t_raise_s0 t_raise_s1
    t_fatal t_fatal_body t_fatal_end t_fatal_s0
    t_deferring t_deferring_body t_deferring_end t_deferring_s0 t_deferring_t0 t_deferring_pad
    t_recoverer t_recoverer_body t_recoverer_end t_recoverer_s0
}

#[unsafe(no_mangle)]
static t_counter: AtomicU64 = AtomicU64::new(0);
#[unsafe(no_mangle)]
static t_go_panic: AtomicU64 = AtomicU64::new(0);

use mini_runtime::builtins::core::{defer_push, go_start, gosched, recover};

#[unsafe(no_mangle)]
unsafe extern "C" fn t_gosched(g: *mut GHeader) {
    // SAFETY: called as a builtin.
    unsafe { gosched(g) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn t_defer_push(g: *mut GHeader, closure: usize) {
    // SAFETY: called as a builtin.
    unsafe { defer_push(g, closure, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn t_recover(g: *mut GHeader) -> mini_runtime::builtins::heap::Pair<u64, u64> {
    // SAFETY: called as a builtin.
    unsafe { recover(g, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn t_note_raise(_: *mut GHeader) {}

#[unsafe(no_mangle)]
unsafe extern "C" fn t_exit_panic(g: *mut GHeader) {
    let exit = mini_runtime::native::lookup("runtime.exitPanic").unwrap();
    // SAFETY: called as a native without arguments.
    unsafe { exit(g, std::ptr::null(), std::ptr::null_mut()) }
}

type Label = *const u8;

fn describe(name: &str, entry: Label, body: Label, end: Label, frame: u32) -> CompiledFunc {
    CompiledFunc {
        name: format!("main.{name}"),
        entry: entry as usize,
        body: (body as usize - entry as usize) as u32,
        len: (end as usize - entry as usize) as u32,
        frame_size: frame,
        has_parameters: true,
        ..CompiledFunc::default()
    }
}

fn site(func: &mut CompiledFunc, label: Label, slots: &[u32]) {
    func.call_sites.push(CallSite {
        offset: (label as usize - func.entry) as u32,
        first_slot: func.slots.len() as u32,
        n_slots: slots.len() as u32,
        n_live: slots.len() as u32,
    });
    func.slots.extend_from_slice(slots);
}

fn register() {
    macro_rules! func {
        ($name:ident, $entry:ident $body:ident $end:ident, $frame:literal, $edit:expr) => {
            let mut func = describe(
                stringify!($name),
                &raw const $entry,
                &raw const $body,
                &raw const $end,
                $frame,
            );
            let edit: fn(&mut CompiledFunc) = $edit;
            edit(&mut func);
            funcs::register(func);
        };
    }
    func!(yielder, t_yielder t_yielder_body t_yielder_end, 16, |f| site(f, &raw const t_yielder_s0, &[]));
    func!(spinner, t_spinner t_spinner_body t_spinner_end, 16, |_| {});
    func!(caller, t_caller t_caller_body t_caller_end, 16, |f| site(f, &raw const t_caller_s0, &[]));
    func!(deepStart, t_deep_start t_deep_start_body t_deep_start_end, 32, |f| site(f, &raw const t_deep_start_s0, &[]));
    func!(deep, t_deep t_deep_body t_deep_end, 32, |f| {
        f.pointer_args = 0b10;
        site(f, &raw const t_deep_s0, &[1]);
    });
    func!(faulter, t_faulter t_faulter_body t_faulter_end, 16, |f| {
        f.traps = vec![((&raw const t_faulter_t0 as usize - f.entry) as u32, TrapKind::NilDereference)];
    });
    func!(raise, t_raise t_raise_body t_raise_end, 16, |f| {
        f.name = "runtime.raise".into();
        site(f, &raw const t_raise_s0, &[]);
        site(f, &raw const t_raise_s1, &[]);
    });
    func!(fatal, t_fatal t_fatal_body t_fatal_end, 16, |f| {
        f.name = "runtime.fatalPanic".into();
        site(f, &raw const t_fatal_s0, &[]);
    });
    func!(deferring, t_deferring t_deferring_body t_deferring_end, 16, |f| {
        site(f, &raw const t_deferring_s0, &[]);
        f.traps = vec![((&raw const t_deferring_t0 as usize - f.entry) as u32, TrapKind::NilDereference)];
        f.landing_pad = Some((&raw const t_deferring_pad as usize - f.entry) as u32);
        f.landing_pad_site = Some(0);
    });
    func!(recoverer, t_recoverer t_recoverer_body t_recoverer_end, 16, |f| site(f, &raw const t_recoverer_s0, &[]));
}

/// A func value: code, one word.
fn closure(code: Label, word: usize) -> usize {
    Box::leak(Box::new([code as usize, word])).as_ptr() as usize
}

/// A func value that calls a Rust function as a builtin.
fn call(function: unsafe extern "C" fn(*mut GHeader)) -> usize {
    closure(&raw const t_caller, function as *const () as usize)
}

fn start_program(main: unsafe extern "C" fn(*mut GHeader)) -> ! {
    register();
    t_go_panic.store(mini_runtime::vtable().go_panic as u64, Ordering::SeqCst);
    extern "C" fn no_compiler(_: u32) -> usize {
        unreachable!()
    }
    mini_runtime::start(Config {
        main_closure: call(main),
        compile_hook: no_compiler,
        reflect: mini_abi::ReflectHooks::NONE,
        lang_items: [&raw const t_raise as usize, &raw const t_fatal as usize],
        args: vec!["test".into()],
        debug: mini_runtime::debug::parse(&std::env::var("MINIDEBUG").unwrap_or_default()).unwrap(),
    })
}

/// Runs a program of [`PROGRAMS`] in a process of its own.
fn run(name: &str, env: &[(&str, &str)]) -> Output {
    let output = Command::new("timeout")
        .arg("60")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("MINI_RT_PROGRAM", name)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    if std::env::var("VERBOSE").is_ok() {
        eprintln!(
            "{name} {env:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    output
}

fn check(name: &str, env: &[(&str, &str)], status: i32, expected: &str) {
    let output = run(name, env);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{name} {env:?}: {text}");
    assert!(text.contains(expected), "{name} {env:?}: {text}");
}

/// Not a test of its own: where [`run`]'s process begins.
#[test]
fn child() {
    let Ok(name) = std::env::var("MINI_RT_PROGRAM") else {
        return;
    };
    let (_, main) = PROGRAMS.iter().find(|program| program.0 == name).unwrap();
    start_program(*main);
}

type Main = unsafe extern "C" fn(*mut GHeader);

const PROGRAMS: &[(&str, Main)] = &[
    ("empty", empty),
    ("yield", yielding),
    ("spawn", spawning),
    ("spin", spinning),
    ("deep", deep),
    ("overflow", overflow),
    ("fault", fault),
    ("recover", recovering),
    ("deadlock", deadlock),
    ("goexit_main", goexit_main),
    ("world", world),
    ("sleep", sleeping),
    ("block", blocking),
];

unsafe extern "C" fn empty(_: *mut GHeader) {}

/// Lets main sleep while a watcher waits for the counter to reach `count`, which then says the time a step took and ends the
/// program.
unsafe fn finish_at(g: *mut GHeader, count: u64, steps: u64) {
    static DONE: AtomicU64 = AtomicU64::new(0);
    static STEPS: AtomicU64 = AtomicU64::new(0);
    static SINCE: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    SINCE.get_or_init(std::time::Instant::now);
    DONE.store(count, Ordering::SeqCst);
    STEPS.store(steps, Ordering::SeqCst);
    // A watcher outside of the program: it has no P.
    std::thread::spawn(|| {
        while t_counter.load(Ordering::SeqCst) < DONE.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
        let time = SINCE.get().unwrap().elapsed();
        eprintln!(
            "done, {:.1} ns a step",
            time.as_nanos() as f64 / STEPS.load(Ordering::SeqCst) as f64
        );
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) };
    });
    // SAFETY: main is the running goroutine; a sleep keeps the deadlock detector quiet.
    unsafe { sleep(g, 1 << 60) };
}

unsafe fn sleep(g: *mut GHeader, ns: u64) {
    let native = mini_runtime::native::lookup("time.Sleep").unwrap();
    let args = [ns];
    // SAFETY: called as a native inside a builtin.
    unsafe { native(g, args.as_ptr(), std::ptr::null_mut()) };
}

unsafe extern "C" fn yielding(g: *mut GHeader) {
    for _ in 0..4 {
        // SAFETY: inside a builtin.
        unsafe { go_start(g, closure(&raw const t_yielder, 500_000)) };
    }
    // SAFETY: inside a builtin.
    unsafe { finish_at(g, 4, 2_000_000) };
}

unsafe extern "C" fn spawning(g: *mut GHeader) {
    for _ in 0..100_000 {
        // SAFETY: inside a builtin.
        unsafe { go_start(g, closure(&raw const t_yielder, 1)) };
    }
    // SAFETY: inside a builtin.
    unsafe { finish_at(g, 100_000, 100_000) };
}

unsafe extern "C" fn spinning(g: *mut GHeader) {
    let word: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
    static WORD: std::sync::OnceLock<&'static AtomicU64> = std::sync::OnceLock::new();
    WORD.set(word).unwrap();
    unsafe extern "C" fn set(_: *mut GHeader) {
        WORD.get().unwrap().store(1, Ordering::SeqCst);
    }
    // SAFETY: inside a builtin.
    unsafe {
        go_start(g, call(set));
        for _ in 0..4 {
            go_start(g, closure(&raw const t_spinner, word.as_ptr() as usize));
        }
        finish_at(g, 4, 4);
    }
}

unsafe extern "C" fn deep(g: *mut GHeader) {
    for i in 0..20 {
        // SAFETY: inside a builtin.
        unsafe { go_start(g, closure(&raw const t_deep_start, 100 * i)) };
    }
    // SAFETY: inside a builtin.
    unsafe { finish_at(g, 20, 20 * 1000) };
}

unsafe extern "C" fn overflow(g: *mut GHeader) {
    mini_runtime::stack::set_max_stack(1 << 20);
    // SAFETY: inside a builtin.
    unsafe {
        go_start(g, closure(&raw const t_deep_start, 1 << 40));
        sleep(g, 1 << 40);
    }
}

unsafe extern "C" fn fault(g: *mut GHeader) {
    // SAFETY: inside a builtin.
    unsafe {
        go_start(g, closure(&raw const t_faulter, 0));
        sleep(g, 1 << 40);
    }
}

unsafe extern "C" fn recovering(g: *mut GHeader) {
    let deferred = closure(&raw const t_recoverer, 0);
    // SAFETY: inside a builtin.
    unsafe {
        for _ in 0..1000 {
            go_start(g, closure(&raw const t_deferring, deferred));
        }
        finish_at(g, 1000, 1000);
    }
}

unsafe extern "C" fn deadlock(g: *mut GHeader) {
    // SAFETY: inside a builtin.
    unsafe {
        mini_runtime::chan::receive(
            mini_runtime::g::G::of(g),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
}

unsafe extern "C" fn goexit_main(g: *mut GHeader) {
    let native = mini_runtime::native::lookup("runtime.Goexit").unwrap();
    // SAFETY: called as a native.
    unsafe { native(g, std::ptr::null(), std::ptr::null_mut()) };
}

/// Some goroutines stop the world again and again while others run, spin and grow.
unsafe extern "C" fn world(g: *mut GHeader) {
    use mini_runtime::{g::G, roots, sched, stack};
    unsafe extern "C" fn stop(g: *mut GHeader) {
        unsafe fn hook(_: *mut G) {
            let world = sched::stop_the_world("test");
            let before = t_counter.load(Ordering::SeqCst);
            let mut words = 0usize;
            roots::for_each_root(&world, &mut |_| words += 1);
            stack::shrink_stacks(&world);
            for _ in 0..20 {
                std::thread::yield_now();
            }
            assert_eq!(before, t_counter.load(Ordering::SeqCst), "someone ran");
            drop(world);
            t_counter.fetch_add(1, Ordering::SeqCst);
        }
        // SAFETY: inside a builtin.
        unsafe { sched::at_safepoint(G::of(g), hook) };
    }
    let word: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
    let address = word.as_ptr() as usize;
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        word.store(1, Ordering::SeqCst);
    });
    // SAFETY: inside a builtin.
    unsafe {
        for i in 0..50 {
            go_start(g, call(stop));
            go_start(g, closure(&raw const t_deep_start, 40 * i));
            go_start(g, closure(&raw const t_yielder, 100));
            if i % 10 == 0 {
                go_start(g, closure(&raw const t_spinner, address));
            }
        }
        finish_at(g, 155, 155);
    }
}

unsafe extern "C" fn sleeping(g: *mut GHeader) {
    unsafe extern "C" fn nap(g: *mut GHeader) {
        // SAFETY: inside a builtin.
        unsafe { sleep(g, 5_000_000) };
        t_counter.fetch_add(1, Ordering::SeqCst);
    }
    for _ in 0..1000 {
        // SAFETY: inside a builtin.
        unsafe { go_start(g, call(nap)) };
    }
    // SAFETY: inside a builtin.
    unsafe { finish_at(g, 1000, 1000) };
}

/// Many goroutines block their threads, others go on.
unsafe extern "C" fn blocking(g: *mut GHeader) {
    unsafe extern "C" fn block(g: *mut GHeader) {
        // SAFETY: inside a builtin.
        unsafe {
            mini_runtime::sched::blocking(mini_runtime::g::G::of(g), || {
                std::thread::sleep(std::time::Duration::from_millis(20));
            });
        }
        t_counter.fetch_add(1, Ordering::SeqCst);
    }
    // SAFETY: inside a builtin.
    unsafe {
        for _ in 0..10 {
            go_start(g, call(block));
            go_start(g, closure(&raw const t_yielder, 1000));
        }
        finish_at(g, 20, 20);
    }
}

const ONE: (&str, &str) = ("GOMAXPROCS", "1");
const FOUR: (&str, &str) = ("GOMAXPROCS", "4");
const MOVE: (&str, &str) = ("MINIDEBUG", "stackmove");
const SEED: (&str, &str) = ("MINIDEBUG", "seed=3");

fn everywhere(name: &str, expected: &str) {
    for env in [&[ONE][..], &[FOUR], &[FOUR, MOVE], &[ONE, SEED]] {
        check(name, env, 0, expected);
    }
}

#[test]
fn main_returns_and_the_program_ends() {
    everywhere("empty", "");
}

#[test]
fn goroutines_that_yield_all_finish() {
    everywhere("yield", "done");
}

#[test]
fn a_hundred_thousand_goroutines_run() {
    everywhere("spawn", "done");
}

#[test]
fn loops_without_calls_give_way() {
    everywhere("spin", "done");
}

#[test]
fn pointers_into_stacks_survive_growth() {
    everywhere("deep", "done");
}

#[test]
fn endless_recursion_is_reported() {
    check(
        "overflow",
        &[FOUR],
        2,
        "runtime: goroutine stack exceeds 1048576-byte limit\n",
    );
    check(
        "overflow",
        &[FOUR],
        2,
        "fatal error: stack overflow\n\ngoroutine ",
    );
    check("overflow", &[FOUR], 2, "frames elided...");
}

#[test]
fn a_nil_dereference_panics() {
    check(
        "fault",
        &[FOUR],
        2,
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x",
    );
    check("fault", &[FOUR], 2, "[running]:\nmain.faulter(...)\n\t");
}

#[test]
fn a_recovered_fault_goes_on_at_the_landing_pad() {
    everywhere("recover", "done");
}

#[test]
fn a_deadlock_is_detected() {
    for env in [ONE, FOUR] {
        check(
            "deadlock",
            &[env],
            2,
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive (nil chan)]:\nmain.caller(...)\n\t",
        );
        check(
            "goexit_main",
            &[env],
            2,
            "fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n",
        );
    }
}

#[test]
fn the_world_stops() {
    for env in [&[ONE][..], &[FOUR], &[FOUR, MOVE], &[ONE, SEED]] {
        check("world", env, 0, "done");
    }
}

#[test]
fn sleepers_wake_up() {
    everywhere("sleep", "done");
}

#[test]
fn blocking_calls_hand_their_p_on() {
    everywhere("block", "done");
}
