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

pub mod arch;
pub mod builtins;
pub mod chan;
pub mod compare;
pub mod debug;
pub mod g;
pub mod gc;
pub mod hash;
pub mod heap;
pub mod iface;
pub mod map;
pub mod native;
pub mod panic;
pub mod roots;
pub mod sched;
pub mod slice;
pub mod stack;
pub mod string;
