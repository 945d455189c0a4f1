//! Calls: which functions they may reach, and what flows in and out of them.
//!
//! A call to a function of the same batch is wired to its parameters and results; one to an analysed function follows its
//! tags; of any other call the arguments go to the heap.

use crate::build::{At, Builder, Meaning};
use crate::facts::Defs;
use crate::graph::{Hole, Value};
use crate::leaks::FuncTags;
use crate::location::{LocId, Why};
use crate::natives;
use mini_mir::{
    Call, Callee, ConstValue, ConvertKind, FuncId, FuncKind, LocalKind, Operand, PlaceBase, Proj,
    Rvalue, StatementKind, TyKind,
};
use smallvec::SmallVec;
use std::borrow::Cow;

type Callees = SmallVec<[FuncId; 2]>;

impl<'a, 't> Builder<'a, 't> {
    /// Flows of a call whose results go to `results`.
    pub(crate) fn call(&mut self, at: At, call: &'a Call, results: &[Option<Hole>]) {
        let callees = match &call.callee {
            Callee::Static(func) => SmallVec::from_slice(&[*func]),
            Callee::Value(value) => self.static_callees(at.func, value, 8).unwrap_or_default(),
            Callee::Method { .. } => Callees::new(),
        };
        for &callee in &callees {
            self.results(at, callee, results);
        }
        match &call.callee {
            Callee::Value(value) if callees.is_empty() => {
                // The results of a literal that arrives here go where nobody follows them.
                if results.iter().any(Option::is_some) {
                    self.operand(at, Hole::CALLEE, value, Why::CalleeOperand);
                }
            }
            Callee::Method { receiver, .. } => {
                self.operand(at, Hole::HEAP, receiver, Why::Receiver);
            }
            Callee::Value(_) | Callee::Static(_) => {}
        }
        for (index, arg) in call.args.iter().enumerate() {
            if callees.is_empty() {
                self.operand(at, Hole::HEAP, arg, Why::Argument(index as u32));
            }
            for &callee in &callees {
                self.argument(at, callee, index, arg, results);
            }
        }
    }

    /// Results of a callee of this batch.
    fn results(&mut self, at: At, callee: FuncId, holes: &[Option<Hole>]) {
        let Some(&callee) = self.index_of.get(&callee) else {
            return;
        };
        let body = self.funcs[callee].body;
        for (&result, hole) in body.results.iter().zip(holes) {
            if let (Some(hole), Meaning::Location(loc)) = (hole, self.funcs[callee].locals[result])
            {
                let value = Value { loc, derefs: 0 };
                self.graph.flow(*hole, value, at.note(Why::Result));
            }
        }
    }

    fn argument(
        &mut self,
        at: At,
        callee: FuncId,
        index: usize,
        arg: &Operand,
        results: &[Option<Hole>],
    ) {
        let why = Why::Argument(index as u32);
        if let Some(&inner) = self.index_of.get(&callee) {
            if let Some(&param) = self.funcs[inner].body.params.get(index)
                && let Meaning::Location(loc) = self.funcs[inner].locals[param]
            {
                self.operand(at, Hole::to(loc), arg, why);
            }
            return;
        }
        let tags = self.tags_of(callee);
        let Some(leaks) = tags.params.get(index).cloned() else {
            self.operand(at, Hole::HEAP, arg, why);
            return;
        };
        for (sink, derefs) in [
            (Hole::HEAP, leaks.heap),
            (Hole::MUTATOR, leaks.mutator),
            (Hole::CALLEE, leaks.callee),
        ] {
            if let Some(derefs) = derefs {
                self.operand(at, sink.shift(derefs.into()), arg, why);
            }
        }
        for (result, derefs) in leaks.to_results() {
            if let Some(Some(hole)) = results.get(result) {
                self.operand(at, hole.shift(derefs.into()), arg, why);
            }
        }
    }

    /// Tags of a function outside the batch. One whose body is not known (yet) gets everything to the heap.
    fn tags_of(&self, callee: FuncId) -> Cow<'t, FuncTags> {
        if let Some(tags) = self.tags.get(&callee) {
            return Cow::Borrowed(tags);
        }
        match self.program.funcs[callee].kind {
            FuncKind::Native => Cow::Owned(natives::tags(self.program, callee)),
            _ => Cow::Owned(FuncTags::default()),
        }
    }

    // ---- Static callees ----

    /// The functions that a func value can be; `None`: not known. At most `depth` steps through variables.
    fn static_callees(&self, func: usize, value: &Operand, depth: u32) -> Option<Callees> {
        let place = match value {
            Operand::Const(constant) => {
                return match constant.value {
                    ConstValue::Func(func) => Some(SmallVec::from_slice(&[func])),
                    // nil panics when called.
                    ConstValue::Zero => Some(Callees::new()),
                    _ => None,
                };
            }
            Operand::Copy(place) => place,
        };
        let depth = depth.checked_sub(1)?;
        if let Some(local) = place.as_local() {
            let state = &self.funcs[func];
            if state.facts.is_name(state.body, local) {
                let Defs::One(block, statement) = state.facts.defs[local] else {
                    return None;
                };
                let statement = &state.body.blocks[block].statements[statement as usize];
                let StatementKind::Assign(_, value) = &statement.kind else {
                    return None;
                };
                return self.static_rvalue(func, value, depth);
            }
        }
        // A variable, or one captured; or a closure object itself, captured by a wrapper.
        let Value { loc, derefs } = self.place_value(func, place)?;
        if derefs == -1
            && let Some(literal) = self.graph.locations[loc].closure
        {
            return Some(SmallVec::from_slice(&[literal]));
        }
        if derefs != 0 {
            return None;
        }
        if !self.is_variable(func, place) {
            return None;
        }
        let assigns = self.func_assigns.get(&loc)?;
        let mut callees = Callees::new();
        for assign in assigns {
            let (func, value) = (*assign)?;
            for callee in self.static_rvalue(func, value, depth)? {
                if !callees.contains(&callee) {
                    callees.push(callee);
                }
            }
        }
        (!callees.is_empty() && callees.len() <= 4).then_some(callees)
    }

    fn static_rvalue(&self, func: usize, value: &Rvalue, depth: u32) -> Option<Callees> {
        match value {
            Rvalue::MakeClosure { func, .. } => Some(SmallVec::from_slice(&[*func])),
            Rvalue::Use(x)
            | Rvalue::Convert {
                kind: ConvertKind::Same,
                value: x,
                ..
            } => self.static_callees(func, x, depth),
            _ => None,
        }
    }

    /// Whether a place is a whole variable: a local, or a capture of one.
    fn is_variable(&self, func: usize, place: &mini_mir::Place) -> bool {
        let state = &self.funcs[func];
        match &place.proj[..] {
            [] => true,
            [Proj::Deref { .. }, Proj::Field(_)]
            | [Proj::Deref { .. }, Proj::Field(_), Proj::Deref { .. }] => {
                state.captures.is_some()
                    && state
                        .body
                        .context
                        .is_some_and(|context| place.base == PlaceBase::Local(context))
            }
            _ => false,
        }
    }

    /// Notes what is assigned to each variable of function type.
    pub(crate) fn collect_func_assigns(&mut self, func: usize) {
        let state = &self.funcs[func];
        let body = state.body;
        let mut found: Vec<(LocId, Option<(usize, &'a Rvalue)>)> = vec![];
        let is_func = |ty| matches!(self.program.types.kind(ty), TyKind::Func(_));
        for &param in &body.params {
            if let Meaning::Location(loc) = state.locals[param] {
                found.push((loc, None));
            }
        }
        for &block in &state.facts.order {
            for statement in &body.blocks[block].statements {
                let StatementKind::Assign(place, value) = &statement.kind else {
                    continue;
                };
                if !matches!(place.base, PlaceBase::Local(_)) {
                    continue;
                }
                if let Rvalue::Ref(target) = value {
                    // A pointer that is more than a capture may change the variable unseen.
                    if is_func(self.place_type(func, target))
                        && let Some(Value { loc, derefs: 0 }) = self.place_value(func, target)
                        && !self.only_captured(func, place)
                    {
                        found.push((loc, None));
                    }
                }
                if self.is_variable(func, place)
                    && is_func(self.place_type(func, place))
                    && let Some(Value { loc, derefs: 0 }) = self.place_value(func, place)
                {
                    found.push((loc, Some((func, value))));
                }
            }
        }
        for (loc, assign) in found {
            self.func_assigns.entry(loc).or_default().push(assign);
        }
    }

    /// Whether a pointer, stored in `place`, is used as a capture of closures only.
    fn only_captured(&self, func: usize, place: &mini_mir::Place) -> bool {
        let state = &self.funcs[func];
        let Some(local) = place.as_local() else {
            return false;
        };
        if state.body.locals[local].kind != LocalKind::Temp
            || !state.facts.is_name(state.body, local)
        {
            return false;
        }
        let mut captured = 0;
        for &block in &state.facts.order {
            for statement in &state.body.blocks[block].statements {
                if let StatementKind::Assign(
                    _,
                    Rvalue::MakeClosure {
                        captures,
                        func: literal,
                        ..
                    },
                ) = &statement.kind
                {
                    let known = self
                        .index_of
                        .get(literal)
                        .is_some_and(|&inner| self.funcs[inner].captures.is_some());
                    if known {
                        captured += captures
                            .iter()
                            .filter(|capture| capture.as_local() == Some(local))
                            .count();
                    }
                }
            }
        }
        captured as u32 == state.facts.reads[local]
    }
}
