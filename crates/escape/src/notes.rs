//! The `from …` lines of one edge: how a value went from a location into another, from the inside out.
//!
//! An edge remembers the statement that made it. Names in between were skipped when the graph was drawn; their definitions
//! are told here as the steps of one expression.

use crate::build::{FuncState, base_type, type_after};
use crate::facts::Defs;
use crate::graph::Graph;
use crate::location::{LocId, LocationKind, Note, Why};
use crate::texts::Texts;
use mini_diagnostics::Pos;
use mini_mir::{
    BlockId, ConvertKind, LocalKind, Operand, Place, PlaceBase, Proj, Rvalue, SelectCase, SiteKind,
    StatementKind, TerminatorKind, TyKind,
};

/// `from text (why) at position`
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) why: &'static str,
    pub(crate) at: Pos,
}

/// Calls and projections that a text goes into.
const DEPTH: u32 = 6;

/// Lines under way.
struct Lines<'a> {
    state: &'a FuncState<'a>,
    out: Vec<Line>,
}

impl Lines<'_> {
    fn add(&mut self, text: String, why: &'static str, at: Pos) {
        self.out.push(Line { text, why, at });
    }
}

impl Texts<'_> {
    /// Lines of one edge.
    pub(crate) fn notes(&self, graph: &Graph, src: LocId, derefs: i32, note: Note) -> Vec<Line> {
        let Some(state) = self.func(note.func) else {
            return vec![];
        };
        let mut lines = Lines { state, out: vec![] };
        let block = &state.body.blocks[BlockId(note.block)];
        match block.statements.get(note.statement as usize) {
            Some(statement) => {
                self.edge(
                    &mut lines,
                    graph,
                    (src, derefs),
                    note,
                    &statement.kind,
                    statement.pos,
                );
            }
            None => {
                if let TerminatorKind::Panic(value) = &block.terminator.kind {
                    let pos = block.terminator.pos;
                    self.operand_lines(&mut lines, value, pos, DEPTH);
                    let text = format!("panic({})", self.operand(state, value, DEPTH));
                    lines.add(text, "call parameter", pos);
                }
            }
        }
        lines.out
    }

    fn edge(
        &self,
        lines: &mut Lines<'_>,
        graph: &Graph,
        (src, derefs): (LocId, i32),
        note: Note,
        statement: &StatementKind,
        pos: Pos,
    ) {
        let state = lines.state;
        let whole = || self.statement(state, statement);
        match (note.why, statement) {
            (Why::TooLarge, _) => {
                lines.add(
                    self.plain(graph, src),
                    "too large for stack",
                    self.pos(graph, src),
                );
            }
            (Why::ZeroSized, _) => {
                lines.add(
                    self.plain(graph, src),
                    "zero-sized element",
                    self.pos(graph, src),
                );
            }
            (Why::Captured(_), _) => {
                let text = self.plain(graph, src);
                lines.add(text.clone(), "captured by a closure", pos);
                if derefs < 0 {
                    lines.add(text, "reference", pos);
                }
            }
            (Why::Context, _) => {}
            (_, StatementKind::Assign(place, value)) => {
                self.assign_edge(lines, graph, src, note.why, place, value, pos);
            }
            (Why::MapKey, StatementKind::MapSet { key, .. }) => {
                self.operand_lines(lines, key, pos, DEPTH);
                lines.add(whole(), "key of map put", pos);
            }
            (_, StatementKind::MapSet { value, .. }) => {
                self.operand_lines(lines, value, pos, DEPTH);
                lines.add(whole(), "assign", pos);
            }
            (_, StatementKind::Send { value, .. }) => {
                self.operand_lines(lines, value, pos, DEPTH);
                lines.add(whole(), "send", pos);
            }
            (_, StatementKind::Go(value) | StatementKind::Defer(value)) => {
                self.operand_lines(lines, value, pos, DEPTH);
            }
            (_, StatementKind::MapIterInit { map, .. }) => {
                self.operand_lines(lines, map, pos, DEPTH);
                lines.add(whole(), "range", pos);
            }
            _ => lines.add(whole(), "assign", pos),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of one edge")]
    fn assign_edge(
        &self,
        lines: &mut Lines<'_>,
        graph: &Graph,
        src: LocId,
        why: Why,
        place: &Place,
        value: &Rvalue,
        pos: Pos,
    ) {
        let state = lines.state;
        let text = |value: &Rvalue| self.rvalue(state, value, DEPTH);
        match (why, value) {
            (Why::Argument(index), Rvalue::Call(call)) => {
                if let Some(arg) = call.args.get(index as usize) {
                    self.operand_lines(lines, arg, pos, DEPTH);
                }
                lines.add(text(value), "call parameter", pos);
            }
            (Why::Receiver, Rvalue::Call(call)) => {
                if let mini_mir::Callee::Method { receiver, .. } = &call.callee {
                    self.operand_lines(lines, receiver, pos, DEPTH);
                }
                lines.add(text(value), "call parameter", pos);
            }
            (Why::CalleeOperand, _) => {
                lines.add(text(value), "callee operand", pos);
                return;
            }
            (Why::Result, _) => {}
            (Why::Boxed, Rvalue::MakeInterface { value: boxed, .. }) => {
                self.operand_lines(lines, boxed, pos, DEPTH);
                lines.add(text(value), "interface-converted", pos);
                return;
            }
            (Why::Appended, Rvalue::Append { values, .. }) => {
                // Which of them: the one that comes from the source.
                let from = values
                    .iter()
                    .find(|v| self.comes_from(state, v, graph, src))
                    .or(values.first());
                if let Some(from) = from {
                    self.operand_lines(lines, from, pos, DEPTH);
                }
                lines.add(text(value), "call parameter", pos);
                return;
            }
            (Why::AppendeeSlice, _) => {
                lines.add(text(value), "call parameter", pos);
                lines.add(text(value), "appendee slice", pos);
                return;
            }
            (Why::AppendedSlice, _) => {
                lines.add(text(value), "call parameter", pos);
                lines.add(text(value), "appended slice...", pos);
                return;
            }
            (Why::CopiedSlice, _) => {
                lines.add(text(value), "call parameter", pos);
                lines.add(text(value), "copied slice", pos);
                return;
            }
            (Why::Send, Rvalue::Select { cases, .. }) => {
                for case in cases {
                    if let SelectCase::Send { value, .. } = case
                        && self.comes_from(state, value, graph, src)
                    {
                        self.operand_lines(lines, value, pos, DEPTH);
                    }
                }
                lines.add(text(value), "send", pos);
                return;
            }
            (_, Rvalue::Append { site, slice, .. } | Rvalue::AppendSlice { site, slice, .. }) => {
                if graph.locations[src].kind == LocationKind::Site(*site) {
                    lines.add("append".to_string(), "spill", state.body.sites[*site].pos);
                } else {
                    self.operand_lines(lines, slice, pos, DEPTH);
                    lines.add(text(value), "call parameter", pos);
                }
            }
            (_, Rvalue::Aggregate { parts, ty }) => {
                if let Some(part) = parts
                    .iter()
                    .find(|part| self.comes_from(state, part, graph, src))
                {
                    self.operand_lines(lines, part, pos, DEPTH);
                }
                let name = mini_mir::print::type_name(&self.program.types, *ty);
                let name = name.strip_prefix("main.").unwrap_or(&name);
                if !matches!(self.program.types.kind(*ty), TyKind::Tuple(_)) {
                    lines.add(format!("{name}{{...}}"), "struct literal element", pos);
                }
            }
            _ => self.rvalue_lines(lines, value, pos, DEPTH),
        }
        self.destination(lines, place, value, pos);
    }

    /// The line of a store.
    fn destination(&self, lines: &mut Lines<'_>, place: &Place, value: &Rvalue, pos: Pos) {
        let state = lines.state;
        if let (PlaceBase::Local(local), [Proj::Deref { .. }, ..]) = (place.base, &place.proj[..])
            && let Some(Rvalue::New(site)) = self.definition(state, &Operand::local(local))
        {
            // An element of a literal.
            let site = &state.body.sites[*site];
            let text = site.text.strip_prefix('&').unwrap_or(&site.text);
            let why = match site.kind {
                SiteKind::SliceLiteral | SiteKind::Variadic => "slice-literal-element",
                _ => "struct literal element",
            };
            lines.add(text.to_string(), why, site.pos);
            return;
        }
        let value = self.rvalue(state, value, DEPTH);
        let Some(local) = place.as_local() else {
            let text = format!("{} = {value}", self.place(state, place, DEPTH));
            lines.add(text, "assign", pos);
            return;
        };
        let data = &state.body.locals[local];
        match data.kind {
            LocalKind::Result => lines.add(format!("return {value}"), "return", pos),
            _ if data.name.is_empty() => {}
            _ => {
                let sign = if self.is_declaration(state, local, pos) {
                    ":="
                } else {
                    "="
                };
                lines.add(format!("{} {sign} {value}", data.name), "assign", pos);
            }
        }
    }

    /// Whether the first assignment to a variable, at this position, declares it.
    fn is_declaration(&self, state: &FuncState<'_>, local: mini_mir::LocalId, pos: Pos) -> bool {
        let mut was_live = false;
        for block in state.body.blocks.iter() {
            for statement in &block.statements {
                match &statement.kind {
                    StatementKind::StorageLive(live) => was_live = *live == local,
                    StatementKind::Assign(place, _) if place.as_local() == Some(local) => {
                        if statement.pos == pos {
                            return was_live;
                        }
                        was_live = false;
                    }
                    _ => {}
                }
            }
        }
        false
    }

    /// Whether an operand's chain of names ends at a location.
    fn comes_from(
        &self,
        state: &FuncState<'_>,
        operand: &Operand,
        graph: &Graph,
        src: LocId,
    ) -> bool {
        let mut operand = operand.clone();
        for _ in 0..DEPTH {
            if let Operand::Copy(place) = &operand
                && let PlaceBase::Local(local) = place.base
                && graph.locations[src].kind == LocationKind::Local(local)
            {
                return true;
            }
            operand = match self.definition(state, &operand) {
                Some(Rvalue::Use(x) | Rvalue::Slice { base: x, .. }) => x.clone(),
                Some(Rvalue::Ref(place)) => Operand::Copy(place.clone()),
                Some(
                    Rvalue::New(site)
                    | Rvalue::MakeClosure { site, .. }
                    | Rvalue::MakeSlice { site, .. },
                ) => return graph.locations[src].kind == LocationKind::Site(*site),
                Some(Rvalue::MakeInterface { site, value, .. }) => {
                    if graph.locations[src].kind == LocationKind::Site(*site) {
                        return true;
                    }
                    value.clone()
                }
                _ => return false,
            };
        }
        false
    }

    // ---- Steps of an expression ----

    fn operand_lines(&self, lines: &mut Lines<'_>, operand: &Operand, pos: Pos, depth: u32) {
        if let Operand::Copy(place) = operand {
            self.place_lines(lines, place, pos, depth);
        }
    }

    fn place_lines(&self, lines: &mut Lines<'_>, place: &Place, pos: Pos, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let state = lines.state;
        let PlaceBase::Local(local) = place.base else {
            return;
        };
        if state.facts.is_name(state.body, local)
            && let Defs::One(block, statement) = state.facts.defs[local]
        {
            let statement = &state.body.blocks[block].statements[statement as usize];
            if let StatementKind::Assign(_, value) = &statement.kind {
                self.rvalue_lines(lines, value, statement.pos, depth);
            }
        }
        let mut skip = 0;
        if Some(local) == state.body.context {
            skip = 2;
            if let Some(Proj::Field(field @ 1..)) = place.proj.get(1)
                && state.body.captures[*field as usize - 1].by_ref
            {
                skip = 3;
            }
        }
        let mut ty = base_type(self.program, state.body, place);
        let mut prefix = Place {
            base: place.base,
            proj: Default::default(),
        };
        for (index, step) in place.proj.iter().enumerate() {
            let is_array = matches!(self.program.types.kind(ty), TyKind::Array(..));
            let before = index.checked_sub(1).map(|i| place.proj[i]);
            prefix.proj.push(*step);
            ty = type_after(self.program, ty, step);
            if index < skip {
                continue;
            }
            let why = match step {
                Proj::Deref { .. } => {
                    if matches!(place.proj.get(index + 1), Some(Proj::Field(_))) {
                        continue;
                    }
                    "indirection"
                }
                Proj::Field(_) => match before {
                    Some(Proj::Deref { .. }) if index > skip => "dot of pointer",
                    _ => "dot",
                },
                _ if is_array => "fixed-array-index-of",
                _ => "dot of pointer",
            };
            lines.add(self.place(state, &prefix, DEPTH), why, pos);
        }
    }

    fn rvalue_lines(&self, lines: &mut Lines<'_>, value: &Rvalue, pos: Pos, depth: u32) {
        let state = lines.state;
        let text = || self.rvalue(state, value, DEPTH);
        let site = |site: &mini_mir::SiteId| {
            let site = &state.body.sites[*site];
            (site.text.to_string(), site.pos)
        };
        match value {
            Rvalue::Use(x)
            | Rvalue::Convert {
                value: x,
                kind: ConvertKind::Same | ConvertKind::SliceToArrayPointer,
                ..
            } => self.operand_lines(lines, x, pos, depth),
            Rvalue::Ref(place) => {
                self.place_lines(lines, place, pos, depth);
                lines.add(text(), "address-of", pos);
            }
            Rvalue::New(s)
            | Rvalue::MakeSlice { site: s, .. }
            | Rvalue::MakeClosure { site: s, .. }
            | Rvalue::MakeMap { site: s, .. }
            | Rvalue::Concat { site: s, .. }
            | Rvalue::Convert { site: Some(s), .. } => {
                let (text, at) = site(s);
                lines.add(text, "spill", at);
            }
            Rvalue::MakeInterface {
                site: s, value: x, ..
            } => {
                if state.sites[*s].loc.is_some() {
                    let (text, at) = site(s);
                    lines.add(text, "spill", at);
                } else {
                    self.operand_lines(lines, x, pos, depth);
                    lines.add(text(), "interface-converted", pos);
                }
            }
            Rvalue::ConvertInterface { value: x, .. } => {
                self.operand_lines(lines, x, pos, depth);
                lines.add(text(), "interface-converted", pos);
            }
            Rvalue::Slice { base, .. } => {
                self.operand_lines(lines, base, pos, depth);
                let is_literal = matches!(self.definition(state, base), Some(Rvalue::New(_)));
                if !is_literal {
                    lines.add(text(), "slice", pos);
                }
            }
            Rvalue::TypeAssert { value: x, .. } | Rvalue::Unbox { value: x, .. } => {
                self.operand_lines(lines, x, pos, depth);
                lines.add(text(), "dot", pos);
            }
            _ => {}
        }
    }
}
