//! Facts that compiled code and runtime share: type descriptors, offsets, builtin table.
