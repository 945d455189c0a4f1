//! The collector.

/// Called by the scheduler after [`crate::sched::request_gc`]: on a thread with a P and no running goroutine; may stop the world.
pub fn poll() {}
