//! The whole pipeline, from files to a running program.
