//! MIR and escape decisions to machine code and side tables, with Cranelift.
