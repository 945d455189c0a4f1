//! Escape analysis: which variables and objects of a program can live on the stack.
//!
//! Two invariants are kept for every decision `Stack`: no pointer to a stack object is stored in the heap, and none outlives
//! its object — its frame, or its time round the loop. Moving stacks and precise scanning rest on them.
//!
//! The method is that of Go's compiler: storage becomes [locations](location), assignments become edges whose weight is the
//! number of dereferences minus address-takings ([`build`]), and walks over the graph find whose address reaches what may
//! live longer ([`solve`]). The program is analysed in batches of mutually recursive functions, callees first ([`batch`]);
//! what a caller must know of an analysed function is the tag of each parameter ([`leaks`]). Why something escapes is told
//! from the path that was found ([`explain`]).
#![forbid(unsafe_code)]

mod batch;
mod build;
mod call;
mod explain;
mod facts;
mod graph;
mod leaks;
mod location;
mod natives;
mod notes;
mod solve;
#[cfg(test)]
mod tests;
mod texts;

pub use batch::analyse;

use mini_diagnostics::{Pos, SourceMap};

/// What to tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Level of `-m`: 0 nothing, 1 decisions, 2 also the flows behind them.
    pub level: u8,
}

/// A line of `-m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscapeDiagnostic {
    pub pos: Pos,
    pub message: String,
    /// A second position, named at the end of the line (`… at f.go:3:4`).
    pub at: Option<Pos>,
}

impl EscapeDiagnostic {
    /// The line as the compiler prints it: `file:line:col: message`.
    pub fn render(&self, sources: &SourceMap) -> String {
        let locate = |pos| match sources.locate(pos) {
            Some(location) => location.to_string(),
            None => "<unknown>".to_string(),
        };
        let mut line = format!("{}: {}", locate(self.pos), self.message);
        if let Some(at) = self.at {
            line.push_str(" at ");
            line.push_str(&locate(at));
        }
        line
    }
}
