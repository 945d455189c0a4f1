//! `-m=2`: the path by which a value got where it outlives itself, in Go's words.
//!
//! MIR has no source text, so statements are put back into Go: names of values (temporaries) are replaced by what they
//! name.

use crate::EscapeDiagnostic;
use crate::build::{Builder, FuncState};
use crate::facts::Defs;
use crate::graph::Graph;
use crate::location::{LocId, LocationKind, Note, Why};
use crate::solve::Observer;
use mini_diagnostics::Pos;
use mini_mir::{
    Callee, ConstValue, FuncId, Operand, Place, PlaceBase, Program, Proj, Rvalue, SelectCase,
    StatementKind,
};
use std::collections::HashMap;

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
    fn path(&mut self, graph: &Graph, root: LocId, mut src: LocId) {
        let pos = self.texts.pos(graph, src);
        let mut visited = vec![];
        while src != root {
            if visited.contains(&src) {
                return;
            }
            visited.push(src);
            let dst = graph.locations[src].dst;
            let edge = graph.locations[dst].edges[graph.locations[src].dst_edge as usize];
            self.flow(graph, pos, dst, src, edge.derefs, edge.note);
            src = dst;
        }
    }

    fn flow(&mut self, graph: &Graph, pos: Pos, dst: LocId, src: LocId, derefs: i32, note: Note) {
        let steps = match derefs {
            -1 => "&".to_string(),
            n => "*".repeat(n as usize),
        };
        let (to, from) = (
            self.texts.location(graph, dst),
            self.texts.location(graph, src),
        );
        self.line(pos, format!("  flow: {to} ← {steps}{from}:"), None);
        let notes = self.texts.notes(graph, src, derefs, note);
        for (text, why, at) in notes {
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
                self.flow(graph, pos, dst, src, escape.derefs, escape.note);
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

/// Go text of MIR.
pub(crate) struct Texts<'a> {
    pub(crate) program: &'a Program,
    funcs: &'a [FuncState<'a>],
    index_of: &'a HashMap<FuncId, usize, foldhash::fast::FixedState>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(builder: &'a Builder<'_, '_>) -> Texts<'a> {
        Texts {
            program: builder.program,
            funcs: &builder.funcs,
            index_of: &builder.index_of,
        }
    }

    fn func(&self, id: FuncId) -> Option<&'a FuncState<'a>> {
        self.index_of.get(&id).map(|&index| &self.funcs[index])
    }

    fn pos(&self, graph: &Graph, loc: LocId) -> Pos {
        let location = &graph.locations[loc];
        match (location.kind, self.func(location.func)) {
            (LocationKind::Local(local), Some(state)) => state.body.locals[local].pos,
            (LocationKind::Site(site), Some(state)) => state.body.sites[site].pos,
            _ => Pos::NONE,
        }
    }

    /// A location's name; empty: a temporary or something hidden.
    fn plain(&self, graph: &Graph, loc: LocId) -> String {
        let location = &graph.locations[loc];
        match (location.kind, self.func(location.func)) {
            (LocationKind::Local(local), Some(state)) => {
                let data = &state.body.locals[local];
                match location.result {
                    Some(index) if data.name.is_empty() => format!("~r{index}"),
                    _ => data.name.to_string(),
                }
            }
            (LocationKind::Site(site), Some(state)) => state.body.sites[site].text.to_string(),
            _ => String::new(),
        }
    }

    /// A location as flows show it.
    fn location(&self, graph: &Graph, loc: LocId) -> String {
        match graph.locations[loc].kind {
            LocationKind::Heap => "{heap}".to_string(),
            LocationKind::Site(_) => match self.plain(graph, loc) {
                text if text.is_empty() => String::new(),
                text => format!("{{storage for {text}}}"),
            },
            _ => match self.plain(graph, loc) {
                text if text.is_empty() => "{temp}".to_string(),
                text => text,
            },
        }
    }

    /// Lines of one edge: text, reason, position; from the value outwards.
    fn notes(
        &self,
        graph: &Graph,
        src: LocId,
        derefs: i32,
        note: Note,
    ) -> Vec<(String, &'static str, Pos)> {
        let Some(state) = self.func(note.func) else {
            return vec![];
        };
        let mut lines = vec![];
        if derefs < 0 {
            let text = self.plain(graph, src);
            match graph.locations[src].kind {
                LocationKind::Site(_) => lines.push((text, "spill", self.pos(graph, src))),
                _ if matches!(note.why, Why::Captured(_)) => {
                    lines.push((text.clone(), "captured by a closure", Pos::NONE));
                    lines.push((text, "reference", Pos::NONE));
                }
                _ if note.why != Why::TooLarge => {
                    lines.push((format!("&{text}"), "address-of", Pos::NONE));
                }
                _ => {}
            }
        }
        let block = &state.body.blocks[mini_mir::BlockId(note.block)];
        let (text, pos) = match block.statements.get(note.statement as usize) {
            Some(statement) => (self.statement(state, &statement.kind), statement.pos),
            None => ("panic".to_string(), block.terminator.pos),
        };
        let why = match note.why {
            Why::Assign | Why::Stored | Why::Result => {
                let is_result = graph
                    .locations
                    .get(src)
                    .is_some_and(|_| text.starts_with("return "));
                if is_result { "return" } else { "assign" }
            }
            Why::Argument(_)
            | Why::Receiver
            | Why::Panic
            | Why::Appended
            | Why::Go
            | Why::Defer => "call parameter",
            Why::CalleeOperand => "callee operand",
            Why::Captured(_) => "captured by a closure",
            Why::Boxed => "interface-converted",
            Why::AppendeeSlice => "appendee slice",
            Why::AppendedSlice => "appended slice...",
            Why::CopiedSlice => "copied slice",
            Why::MapKey => "key of map put",
            Why::MapValue => "assign",
            Why::Send => "send",
            Why::Range => "range-deref",
            Why::TooLarge => "too large for stack",
            Why::ZeroSized => "zero-sized element",
            Why::Context => "closure context",
        };
        if !(derefs < 0 && matches!(note.why, Why::Captured(_))) {
            lines.push((text, why, pos));
        }
        for line in &mut lines {
            if line.2 == Pos::NONE {
                line.2 = pos;
            }
        }
        lines
    }

    fn statement(&self, state: &FuncState<'_>, statement: &StatementKind) -> String {
        match statement {
            StatementKind::Assign(place, value) => {
                let value = self.rvalue(state, value, 6);
                match place
                    .as_local()
                    .map(|local| (local, &state.body.locals[local]))
                {
                    Some((_, data)) if data.name.is_empty() => {
                        if data.kind == mini_mir::LocalKind::Result {
                            format!("return {value}")
                        } else {
                            value
                        }
                    }
                    _ => format!("{} = {value}", self.place(state, place, 6)),
                }
            }
            StatementKind::MapSet { map, key, value } => format!(
                "{}[{}] = {}",
                self.operand(state, map, 6),
                self.operand(state, key, 6),
                self.operand(state, value, 6)
            ),
            StatementKind::Send { chan, value } => format!(
                "{} <- {}",
                self.operand(state, chan, 6),
                self.operand(state, value, 6)
            ),
            StatementKind::Go(value) | StatementKind::Defer(value) => self.operand(state, value, 6),
            StatementKind::MapIterInit { map, .. } => {
                format!("range {}", self.operand(state, map, 6))
            }
            _ => String::new(),
        }
    }

    fn list<'b>(
        &self,
        state: &FuncState<'_>,
        operands: impl IntoIterator<Item = &'b Operand>,
        depth: u32,
    ) -> String {
        let texts: Vec<String> = operands
            .into_iter()
            .map(|operand| self.operand(state, operand, depth))
            .collect();
        texts.join(", ")
    }

    fn rvalue(&self, state: &FuncState<'_>, value: &Rvalue, depth: u32) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return "…".to_string();
        };
        let operand = |x: &Operand| self.operand(state, x, depth);
        let site = |site: &mini_mir::SiteId| state.body.sites[*site].text.to_string();
        match value {
            Rvalue::Use(x)
            | Rvalue::ConvertInterface { value: x, .. }
            | Rvalue::Unbox { value: x, .. }
            | Rvalue::TypeAssert { value: x, .. }
            | Rvalue::Convert { value: x, .. } => operand(x),
            Rvalue::MakeInterface {
                value: x, site: s, ..
            } => match site(s) {
                text if text.is_empty() => operand(x),
                text => text,
            },
            Rvalue::Ref(place) => format!("&{}", self.place(state, place, depth)),
            Rvalue::New(s)
            | Rvalue::MakeSlice { site: s, .. }
            | Rvalue::MakeClosure { site: s, .. }
            | Rvalue::MakeMap { site: s, .. }
            | Rvalue::MakeChan { site: s, .. }
            | Rvalue::Concat { site: s, .. } => site(s),
            Rvalue::Slice {
                base, low, high, ..
            } => {
                let end = |x: &Option<Operand>| x.as_ref().map_or(String::new(), &operand);
                match (low, high, base) {
                    (None, None, Operand::Copy(place))
                        if place
                            .as_local()
                            .is_some_and(|l| state.body.locals[l].name.is_empty()) =>
                    {
                        operand(base)
                    }
                    _ => format!("{}[{}:{}]", operand(base), end(low), end(high)),
                }
            }
            Rvalue::Append { slice, values, .. } => {
                let args = self.list(state, [slice].into_iter().chain(values), depth);
                format!("append({args})")
            }
            Rvalue::AppendSlice { slice, other, .. } => {
                format!("append({}, {}...)", operand(slice), operand(other))
            }
            Rvalue::CopySlice { dst, src } => format!("copy({}, {})", operand(dst), operand(src)),
            Rvalue::Call(call) => {
                let args = self.list(state, &call.args, depth);
                let name = match &call.callee {
                    Callee::Static(_) | Callee::Value(_) if !call.name.is_empty() => {
                        call.name.to_string()
                    }
                    Callee::Static(func) => self.program.funcs[*func].short_name.to_string(),
                    Callee::Value(value) => operand(value),
                    Callee::Method { receiver, .. } => {
                        if call.name.is_empty() {
                            operand(receiver)
                        } else {
                            call.name.to_string()
                        }
                    }
                };
                format!("{name}({args})")
            }
            Rvalue::MapGet { map, key, .. } => format!("{}[{}]", operand(map), operand(key)),
            Rvalue::Receive { chan, .. } => format!("<-{}", operand(chan)),
            Rvalue::Aggregate { parts, .. } => format!("{{{}}}", self.list(state, parts, depth)),
            Rvalue::Select { cases, .. } => cases
                .iter()
                .find_map(|case| match case {
                    SelectCase::Send { chan, value } => {
                        Some(format!("{} <- {}", operand(chan), operand(value)))
                    }
                    SelectCase::Receive { .. } => None,
                })
                .unwrap_or_default(),
            Rvalue::Len(x) => format!("len({})", operand(x)),
            Rvalue::Cap(x) => format!("cap({})", operand(x)),
            _ => "…".to_string(),
        }
    }

    fn operand(&self, state: &FuncState<'_>, operand: &Operand, depth: u32) -> String {
        match operand {
            Operand::Copy(place) => self.place(state, place, depth),
            Operand::Const(constant) => match &constant.value {
                ConstValue::Bool(value) => value.to_string(),
                ConstValue::Int(value) => value.to_string(),
                ConstValue::Float(value) => value.to_string(),
                ConstValue::Complex(re, im) => format!("({re} + {im}i)"),
                ConstValue::Str(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
                ConstValue::Func(func) => self.program.funcs[*func].short_name.to_string(),
                ConstValue::Zero => "nil".to_string(),
            },
        }
    }

    fn place(&self, state: &FuncState<'_>, place: &Place, depth: u32) -> String {
        let mut proj = &place.proj[..];
        let mut text = match place.base {
            PlaceBase::Global(global) => {
                let name = &*self.program.globals[global].name;
                name.strip_prefix("main.").unwrap_or(name).to_string()
            }
            PlaceBase::Local(local) if Some(local) == state.body.context => match proj {
                [Proj::Deref { .. }, Proj::Field(field @ 1..), rest @ ..] => {
                    let capture = &state.body.captures[*field as usize - 1];
                    proj = match rest {
                        [Proj::Deref { .. }, rest @ ..] if capture.by_ref => rest,
                        _ => rest,
                    };
                    capture.name.to_string()
                }
                _ => String::new(),
            },
            PlaceBase::Local(local) => {
                let data = &state.body.locals[local];
                match state.facts.defs[local] {
                    _ if !data.name.is_empty() => data.name.to_string(),
                    Defs::One(block, statement) => {
                        match &state.body.blocks[block].statements[statement as usize].kind {
                            StatementKind::Assign(_, value) => self.rvalue(state, value, depth),
                            _ => String::new(),
                        }
                    }
                    _ => match state.body.results.iter().position(|&r| r == local) {
                        Some(index) => format!("~r{index}"),
                        None => String::new(),
                    },
                }
            }
        };
        let mut ty = crate::build::base_type(self.program, state.body, place);
        let skipped = place.proj.len() - proj.len();
        for (index, step) in place.proj.iter().enumerate() {
            let field = match (step, self.program.types.kind(ty)) {
                (Proj::Field(field), mini_mir::TyKind::Struct(fields)) => {
                    Some(fields[*field as usize].name.clone())
                }
                _ => None,
            };
            if index >= skipped {
                match step {
                    Proj::Deref { .. } => {
                        let next_is_field =
                            matches!(place.proj.get(index + 1), Some(Proj::Field(_)));
                        text = match text.strip_prefix('&') {
                            Some(rest) => rest.to_string(),
                            None if next_is_field => text,
                            None => format!("*{text}"),
                        };
                    }
                    Proj::Field(_) => {
                        if let Some(name) = field {
                            text = format!("{text}.{name}");
                        }
                    }
                    Proj::Index { index, .. } => {
                        let index =
                            self.place(state, &Place::local(*index), depth.saturating_sub(1));
                        text = format!("{text}[{index}]");
                    }
                    Proj::ConstIndex { index, .. } => text = format!("{text}[{index}]"),
                }
            }
            ty = crate::build::type_after(self.program, ty, step);
        }
        text
    }
}
