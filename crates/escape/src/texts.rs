//! MIR put back into Go, for `-m=2`.
//!
//! MIR has no source text. Names of values (temporaries) are replaced by what they name; what cannot be told any more is `…`.

use crate::build::{Builder, FuncState, base_type, type_after};
use crate::facts::Defs;
use crate::graph::Graph;
use crate::location::{LocId, LocationKind, Note};
use mini_diagnostics::Pos;
use mini_mir::{
    Call, Callee, ConstValue, FuncId, LocalKind, Operand, Place, PlaceBase, Program, Proj, Rvalue,
    SelectCase, SiteKind, StatementKind, TyKind,
};
use std::collections::HashMap;

/// Calls and projections that a text goes into.
const DEPTH: u32 = 6;

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

    pub(crate) fn func(&self, id: FuncId) -> Option<&'a FuncState<'a>> {
        self.index_of.get(&id).map(|&index| &self.funcs[index])
    }

    pub(crate) fn pos(&self, graph: &Graph, loc: LocId) -> Pos {
        let location = &graph.locations[loc];
        match (location.kind, self.func(location.func)) {
            (LocationKind::Local(local), Some(state)) => state.body.locals[local].pos,
            (LocationKind::Site(site), Some(state)) => state.body.sites[site].pos,
            _ => Pos::NONE,
        }
    }

    /// A location's name; empty: a temporary or something hidden.
    pub(crate) fn plain(&self, graph: &Graph, loc: LocId) -> String {
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
    pub(crate) fn location(&self, graph: &Graph, loc: LocId) -> String {
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

    /// Text and position of the statement that a note is of.
    pub(crate) fn noted(&self, note: Note) -> Option<(String, Pos)> {
        let state = self.func(note.func)?;
        let block = &state.body.blocks[mini_mir::BlockId(note.block)];
        Some(match block.statements.get(note.statement as usize) {
            Some(statement) => (self.statement(state, &statement.kind), statement.pos),
            None => ("panic".to_string(), block.terminator.pos),
        })
    }

    pub(crate) fn statement(&self, state: &FuncState<'_>, statement: &StatementKind) -> String {
        match statement {
            StatementKind::Assign(place, value) => {
                let value = self.rvalue(state, value, DEPTH);
                match place
                    .as_local()
                    .map(|local| (local, &state.body.locals[local]))
                {
                    Some((_, data)) if data.name.is_empty() => {
                        if data.kind == LocalKind::Result {
                            format!("return {value}")
                        } else {
                            value
                        }
                    }
                    _ => format!("{} = {value}", self.place(state, place, DEPTH)),
                }
            }
            StatementKind::MapSet { map, key, value } => format!(
                "{}[{}] = {}",
                self.operand(state, map, DEPTH),
                self.operand(state, key, DEPTH),
                self.operand(state, value, DEPTH)
            ),
            StatementKind::Send { chan, value } => format!(
                "{} <- {}",
                self.operand(state, chan, DEPTH),
                self.operand(state, value, DEPTH)
            ),
            StatementKind::Go(value) | StatementKind::Defer(value) => {
                self.operand(state, value, DEPTH)
            }
            StatementKind::MapIterInit { map, .. } => {
                format!("range {}", self.operand(state, map, DEPTH))
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

    pub(crate) fn rvalue(&self, state: &FuncState<'_>, value: &Rvalue, depth: u32) -> String {
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
            Rvalue::Call(call) => self.call(state, call, depth),
            Rvalue::MapGet { map, key, .. } | Rvalue::MapEntry { map, key } => {
                format!("{}[{}]", operand(map), operand(key))
            }
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

    /// `f(x, ... argument...)`
    pub(crate) fn call(&self, state: &FuncState<'_>, call: &Call, depth: u32) -> String {
        let mut args: Vec<String> = call
            .args
            .iter()
            .map(|arg| match self.variadic(state, arg) {
                true => "... argument...".to_string(),
                false => self.operand(state, arg, depth),
            })
            .collect();
        let name = match &call.callee {
            // Methods are written as functions of the receiver.
            Callee::Static(func) => match self.program.funcs[*func].short_name.clone() {
                name if name.starts_with('(') => name.to_string(),
                _ if !call.name.is_empty() && !call.name.contains('.') => call.name.to_string(),
                name => match call.name.split_once('.') {
                    Some((package, _)) if self.program.funcs[*func].is_library => {
                        format!("{package}.{name}")
                    }
                    _ => name.to_string(),
                },
            },
            Callee::Value(value) if call.name.is_empty() => self.operand(state, value, depth),
            Callee::Method { receiver, .. } if call.name.is_empty() => {
                self.operand(state, receiver, depth)
            }
            _ => call.name.to_string(),
        };
        if args.iter().any(String::is_empty) {
            args.iter_mut()
                .filter(|arg| arg.is_empty())
                .for_each(|arg| *arg = "…".to_string());
        }
        format!("{name}({})", args.join(", "))
    }

    /// Whether an argument is the slice of the variadic arguments.
    fn variadic(&self, state: &FuncState<'_>, arg: &Operand) -> bool {
        let Some(Rvalue::Slice { base, .. }) = self.definition(state, arg) else {
            return false;
        };
        match self.definition(state, base) {
            Some(Rvalue::New(site)) => state.body.sites[*site].kind == SiteKind::Variadic,
            _ => false,
        }
    }

    /// What a name was given.
    pub(crate) fn definition<'b>(
        &self,
        state: &'b FuncState<'_>,
        operand: &Operand,
    ) -> Option<&'b Rvalue> {
        let local = operand.as_local()?;
        if !state.facts.is_name(state.body, local) {
            return None;
        }
        let Defs::One(block, statement) = state.facts.defs[local] else {
            return None;
        };
        match &state.body.blocks[block].statements[statement as usize].kind {
            StatementKind::Assign(_, value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn operand(&self, state: &FuncState<'_>, operand: &Operand, depth: u32) -> String {
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

    pub(crate) fn place(&self, state: &FuncState<'_>, place: &Place, depth: u32) -> String {
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
        let mut ty = base_type(self.program, state.body, place);
        let skipped = place.proj.len() - proj.len();
        for (index, step) in place.proj.iter().enumerate() {
            let field = match (step, self.program.types.kind(ty)) {
                (Proj::Field(field), TyKind::Struct(fields)) => {
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
            ty = type_after(self.program, ty, step);
        }
        text
    }
}
