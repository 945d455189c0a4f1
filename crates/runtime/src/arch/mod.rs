//! The border to machine code.

/// Registers of a goroutine stopped by a signal.
#[derive(Debug, Default)]
pub struct AsyncRegisters {}

pub fn morestack_address() -> usize {
    0
}

pub fn call_on_system_stack_address() -> usize {
    0
}
