//! The `mini` command: arguments, terminal, exit status.

fn main() {}
