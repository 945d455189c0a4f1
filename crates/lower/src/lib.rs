//! Lowering: checked program to MIR.
