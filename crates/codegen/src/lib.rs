//! MIR and escape decisions to machine code and side tables, with Cranelift.
//!
//! [`Jit`] compiles a function when it is first called. The way of one function:
//!
//! 1. `func` translates its body to CLIF; `entry` decides where locals live. Places and rvalues are in `place`, `rvalue`, `arith`, `compare`, `convert`, `alloc`,
//!    `iface`, `maps`, `call`, `panics`; `value` moves values between memory and registers, `barrier` tells the collector of
//!    stores, `safepoint` writes stack maps from what `liveness` found out.
//! 2. Cranelift's e-graph optimises it; `unshare` makes stack addresses safe for moving stacks again, `fault_lines` keeps lines of loads.
//! 3. Cranelift lowers it and allocates registers; `prologue` puts the stack check in front and gathers the side tables.
//! 4. `link` places the bytes in the arena (`memory`), registers the function with the runtime and patches callers.
//!
//! `layout` has the calling convention, `type_desc` (with `type_name`) and `statics` the static data that code refers to, `isa` the settings,
//! `intrinsics` the native functions that are a few instructions, `helpers` routines on bytes, `glue` calls by reflection. Frames, registers and maps are described in docs/abi.md.
//!
//! Invariant *moving stacks*: behind a safepoint no value computed before it is used that is, or may be derived from, a
//! pointer; pointers come from their home words in the frame, addresses are computed anew.

mod alloc;
mod arith;
mod barrier;
mod call;
mod compare;
mod convert;
mod entry;
mod fault_lines;
mod func;
mod glue;
mod helpers;
mod iface;
mod intrinsics;
mod isa;
mod jit;
mod layout;
mod link;
mod liveness;
mod maps;
mod memory;
mod panics;
mod place;
mod prologue;
mod rvalue;
mod safepoint;
mod source_loc;
mod statics;
mod type_desc;
mod type_name;
mod unshare;
mod value;

pub use jit::{Emit, Jit, Options};
