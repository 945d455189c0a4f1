//! Memory.

/// The heap's part of a P.
#[derive(Debug, Default)]
pub struct PerP {}
