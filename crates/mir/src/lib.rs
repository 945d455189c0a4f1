//! Mid-level IR: control-flow graph of places, layouts, printer, verifier, optimiser.
