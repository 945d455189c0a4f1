//! Spans, the source map, diagnostics as data, and their rendering.
//!
//! Every pass builds [`Diagnostic`]s where the fact is known and collects them; nothing here prints by itself.
//! The driver sorts them as Go's compiler does ([`sort_and_dedup`]) and renders them ([`render_plain`] for files and
//! pipes, [`render_snippet`] for terminals).
//!
//! A position is one `u32` into the whole [`SourceMap`], so a [`Span`] is eight bytes and syntax trees stay small.
#![forbid(unsafe_code)]

mod bug;
mod code;
mod diagnostic;
mod line_directives;
mod pos;
mod render;
mod source;

pub use bug::report_bug;
pub use code::Code;
pub use diagnostic::{Diagnostic, Diagnostics, Label, Note, Severity, sort_and_dedup};
pub use pos::{Pos, Span};
pub use render::{MAX_ERRORS, Rendered, render_all, render_limited, render_plain, render_snippet};
pub use source::{FileId, INVALID_BYTE, Location, SourceFile, SourceMap};
