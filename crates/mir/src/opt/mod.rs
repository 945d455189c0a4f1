//! The optimiser: one pass a file; the order is the table here.
