//! The border to machine code: what every architecture's file provides, and in which terms.
//!
//! `r15` below is the register that holds the running goroutine. "The system stack" is the stack of
//! the thread; its top, while a goroutine runs, is [`resume`]'s frame, whose address is in `GHeader::system_sp`.
//!
//! | routine | entered from | does |
//! | --- | --- | --- |
//! | [`resume`] | the scheduler's loop, system stack | continues a goroutine at `G::resume_at`; returns when it has left |
//! | `call_on_system_stack` | compiled code, address in rax | runs a builtin, then returns, parks, stops or raises |
//! | `morestack` | prologue stubs, r11 = entry | grows the stack or gives way, then enters the function |
//! | `lazy_compile` | stubs of functions that are not compiled, r11d = id | compiles it, then enters it |
//! | `go_panic`, `go_exit` | compiled code; `Action::Raise` | run deferred calls until one recovers or none is left |
//! | `raise_fault` | the signal handler | raises as if the faulting instruction had called |
//! | `leave` | the signal handler | returns from [`resume`] |
//!
//! The routines that leave frames on a goroutine's stack keep the chain of frame pointers intact; [`is_routine`]
//! tells the stack walker that a return address is theirs, which means a frame without pointers.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("Mini runs on x86-64 Linux; another machine needs its own file in arch/");
