//! Escape analysis: weighted graph over MIR, decisions and their reasons.
