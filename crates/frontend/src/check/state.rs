//! State that outlives a run of the checker.
#[derive(Debug, Default)]
pub struct CheckState {}
