//! Spans, source map, diagnostics and their rendering.
