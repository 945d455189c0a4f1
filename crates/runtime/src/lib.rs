//! Goroutine stacks, scheduler, channels, heap, collector, maps. Knows no compiler.
//!
//! Rust code never runs on a goroutine's stack: compiled code comes in through
//! [`arch`]'s `call_on_system_stack`, runs a builtin on the stack of its thread, and goes back, or parks and the
//! scheduler's loop, on the same system stack, goes on with another goroutine.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`g`] | the goroutine and its states |
//! | [`arch`] | the naked routines: the only place with assembly |
//! | [`stack`] | getting, growing, copying, walking stacks |
//! | [`sched`] | G, M, P; parking; timers; stopping the world |
//! | [`chan`] | channels and select |
//! | [`panic`] | defer, panic, recover, faults |
//! | [`trace`] | goroutine traces |
//! | [`heap`], [`gc`] | memory and its collector; [`roots`] feeds it |
//! | [`map`], [`string`], [`slice`], [`iface`], [`hash`] | data |
//! | [`builtins`], [`native`] | what compiled code and the library call |
//! | [`footprint`] | memory that is not the program's |

pub mod arch;
pub mod arena;
pub mod builtins;
pub mod chan;
pub mod compare;
pub mod debug;
mod defers;
pub mod fatal;
pub mod footprint;
pub mod funcs;
pub mod g;
pub mod gc;
pub mod hash;
pub mod heap;
pub mod iface;
pub mod map;
pub mod native;
pub mod panic;
pub mod print;
pub mod roots;
pub mod sched;
pub mod slice;
pub mod stack;
pub mod string;
pub mod trace;

use std::sync::OnceLock;

use mini_abi::{CompileHook, ReflectHooks, Runtime};

/// What the driver tells the runtime about the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// The func value of the program's first function: initialisers, then `main.main`.
    pub main_closure: usize,
    pub compile_hook: CompileHook,
    pub reflect: ReflectHooks,
    /// Code addresses of `mini_abi::panics::LangItem`s.
    pub lang_items: [usize; 2],
    /// `os.Args`.
    pub args: Vec<String>,
    /// `MINIDEBUG`.
    pub debug: debug::Flags,
}

static CONFIG: OnceLock<Config> = OnceLock::new();

/// What the program was started with.
fn config() -> &'static Config {
    match CONFIG.get() {
        Some(config) => config,
        None => fatal::internal("the program has not been started"),
    }
}

/// What compiled code needs of the runtime.
pub fn vtable() -> Runtime {
    Runtime {
        builtins: *builtins::addresses(),
        call_on_system_stack: arch::call_on_system_stack_address(),
        morestack: arch::morestack_address(),
        lazy_compile: arch::lazy_compile_address(),
        go_panic: arch::go_panic_address(),
        lookup_native: native::lookup,
        register_func: funcs::register,
        register_global: roots::register_global,
    }
}

/// Runs the program on this thread and others, and ends the process with it.
pub fn start(config: Config) -> ! {
    debug::set_flags(config.debug);
    trace::init();
    native::os::set_arguments(config.args.iter().map(Into::into));
    let closure = config.main_closure;
    let _ = CONFIG.set(config);
    let procs = std::env::var("GOMAXPROCS")
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|&n| n > 0)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()));
    sched::spawn::boot(procs, closure)
}
