//! Goroutine stacks, scheduler, channels, heap, collector, maps.
