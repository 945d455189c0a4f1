//! The printer: `--emit=mir` and goldens.
