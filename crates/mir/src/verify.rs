//! The verifier: the rules of the crate documentation, checked.
