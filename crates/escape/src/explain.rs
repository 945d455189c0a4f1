//! `-m=2`: the path by which a value got where it outlives itself, in Go's words.

use crate::EscapeDiagnostic;
use crate::graph::Graph;
use crate::location::{LocId, LocationKind, Note};
use crate::notes::Line;
use crate::solve::Observer;
use crate::texts::Texts;
use mini_diagnostics::Pos;

/// Collects explanations while the solver runs.
pub(crate) struct Explainer<'a> {
    pub(crate) texts: Texts<'a>,
    pub(crate) enabled: bool,
    pub(crate) out: Vec<EscapeDiagnostic>,
}

impl Explainer<'_> {
    fn line(&mut self, pos: Pos, message: String, at: Option<Pos>) {
        self.out.push(EscapeDiagnostic { pos, message, at });
    }

    fn wants(&self, graph: &Graph, loc: LocId) -> bool {
        self.enabled && {
            let location = &graph.locations[loc];
            let func = &self.texts.program.funcs[location.func];
            !func.is_library && !self.texts.location(graph, loc).is_empty()
        }
    }

    /// The edges from `src` to the root of the walk.
    fn path(&mut self, graph: &Graph, root: LocId, src: LocId) {
        let pos = self.texts.pos(graph, src);
        let (mut from, mut at) = (src, src);
        let (mut derefs, mut lines) = (0, vec![]);
        let mut visited = vec![];
        while at != root {
            if visited.contains(&at) {
                return;
            }
            visited.push(at);
            let dst = graph.locations[at].dst;
            let edge = graph.locations[dst].edges[graph.locations[at].dst_edge as usize];
            derefs = if visited.len() == 1 {
                edge.derefs
            } else {
                derefs + edge.derefs
            };
            lines.append(&mut self.texts.notes(graph, at, edge.derefs, edge.note));
            // What only has no name of its own is no station.
            if dst == root || !self.is_passing(graph, dst) {
                self.flow(graph, pos, dst, from, derefs, std::mem::take(&mut lines));
                from = dst;
                derefs = 0;
            }
            at = dst;
        }
    }

    /// Whether a location is a temporary that Go has not.
    fn is_passing(&self, graph: &Graph, loc: LocId) -> bool {
        matches!(graph.locations[loc].kind, LocationKind::Local(_))
            && self.texts.plain(graph, loc).is_empty()
    }

    fn flow(
        &mut self,
        graph: &Graph,
        pos: Pos,
        dst: LocId,
        src: LocId,
        derefs: i32,
        notes: Vec<Line>,
    ) {
        let steps = match derefs {
            -1 => "&".to_string(),
            n => "*".repeat(n.max(0) as usize),
        };
        let (to, from) = (
            self.texts.location(graph, dst),
            self.texts.location(graph, src),
        );
        self.line(pos, format!("  flow: {to} ← {steps}{from}:"), None);
        for Line { text, why, at } in notes {
            self.line(pos, format!("    from {text} ({why})"), Some(at));
        }
    }

    /// Addresses that reached the heap while the graph was being drawn.
    pub(crate) fn early(&mut self, graph: &Graph) {
        for escape in &graph.early {
            if self.wants(graph, escape.src) {
                self.headline(graph, escape.src);
                let pos = self.texts.pos(graph, escape.src);
                let (dst, src) = (escape.dst, escape.src);
                let notes = self.texts.notes(graph, src, escape.derefs, escape.note);
                self.flow(graph, pos, dst, src, escape.derefs, notes);
            }
        }
    }

    fn headline(&mut self, graph: &Graph, src: LocId) {
        let func = &self.texts.program.funcs[graph.locations[src].func];
        let what = self.texts.plain(graph, src);
        let message = format!("{what} escapes to heap in {}:", func.short_name);
        self.line(self.texts.pos(graph, src), message, None);
    }
}

impl Explainer<'_> {
    /// Assignments that were left out.
    pub(crate) fn self_assigns(&mut self, notes: &[Note]) {
        for note in notes {
            let func = &self.texts.program.funcs[note.func];
            if func.is_library {
                continue;
            }
            let Some((text, pos)) = self.texts.noted(*note) else {
                continue;
            };
            let message = format!("{} ignoring self-assignment in {text}", func.short_name);
            self.line(pos, message, None);
        }
    }
}

impl Observer for Explainer<'_> {
    fn escapes(&mut self, graph: &Graph, root: LocId, src: LocId) {
        if self.wants(graph, src) {
            self.headline(graph, src);
            self.path(graph, root, src);
        }
    }

    fn leaks(&mut self, graph: &Graph, root: LocId, src: LocId, derefs: i32) {
        if self.wants(graph, src) {
            let func = &self.texts.program.funcs[graph.locations[src].func];
            let message = format!(
                "parameter {} leaks to {} for {} with derefs={derefs}:",
                self.texts.plain(graph, src),
                self.texts.location(graph, root),
                func.short_name,
            );
            self.line(self.texts.pos(graph, src), message, None);
            self.path(graph, root, src);
        }
    }
}
