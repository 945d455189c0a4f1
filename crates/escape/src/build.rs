//! From MIR to edges: one form of MIR, one rule.
//!
//! Copying a place is a flow from its base with as many dereferences as the place has pointer steps; fields and array
//! elements are not told apart from the whole. Storing through a pointer is a flow to the heap, since nobody knows where the
//! pointer leads — unless it is a temporary that is only another name of a fresh object's or a variable's address.
//!
//! Such names ([`Facts::is_name`]) have no location: each use of one is a use of the value it was given. So the graph has as
//! many locations as one drawn from the source text. In the same way a captured variable, used inside a literal, is the
//! variable itself: `(*context).field` is resolved to what the closure object was made from, as long as the literal is made
//! in one place. The context has a location all the same, into which the closure object's address flows.

use crate::facts::{Defs, Facts};
use crate::graph::{Graph, Hole, Value};
use crate::leaks::FuncTags;
use crate::location::{LocId, Location, LocationKind, Note, Why};
use crate::solve::LiteralResults;
use mini_mir::{
    Body, ConvertKind, FuncId, IndexVec, LocalId, LocalKind, MAX_STACK_VAR, Operand, Place,
    PlaceBase, Program, Proj, Rvalue, SelectCase, SiteId, SiteKind, Statement, StatementKind,
    TerminatorKind, TyId, TyKind,
};
use std::collections::HashMap;

pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// Largest object on the stack that is not a variable.
const MAX_IMPLICIT_STACK_VAR: u64 = 64 << 10;

/// What a local's value is known to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Holds nothing of interest.
    Nothing,
    /// A location of its own (the first of them, for a tuple).
    Location(LocId),
    /// Another name of a value.
    Name(Option<Value>),
}

/// What is known of a site apart from the graph.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SiteFacts {
    pub(crate) loc: Option<LocId>,
    /// Not on the stack even if it could be.
    pub(crate) only_heap: bool,
    pub(crate) is_string_to_bytes: bool,
}

/// A function of the batch.
#[derive(Debug)]
pub(crate) struct FuncState<'a> {
    pub(crate) id: FuncId,
    pub(crate) body: &'a Body,
    pub(crate) facts: Facts,
    pub(crate) locals: IndexVec<LocalId, Meaning>,
    pub(crate) sites: IndexVec<SiteId, SiteFacts>,
    /// What the captures of a literal are, seen from where it is made; `None`: not known.
    pub(crate) captures: Option<Vec<Option<Value>>>,
}

/// Draws the graph of a batch.
pub(crate) struct Builder<'a, 't> {
    pub(crate) program: &'a Program,
    pub(crate) tags: &'t Map<FuncId, FuncTags>,
    pub(crate) graph: Graph,
    pub(crate) funcs: Vec<FuncState<'a>>,
    pub(crate) index_of: Map<FuncId, usize>,
    pub(crate) literals: Map<FuncId, LiteralResults>,
    /// Assignments to variables of function type, by location.
    pub(crate) func_assigns: Map<LocId, Vec<Option<(usize, &'a Rvalue)>>>,
    /// Assignments that were left out because they store nothing new.
    pub(crate) self_assigns: Vec<Note>,
}

/// A statement under way.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// Index of the function in the batch.
    pub(crate) func: usize,
    pub(crate) id: FuncId,
    pub(crate) block: u32,
    pub(crate) statement: u32,
}

impl At {
    pub(crate) fn note(self, why: Why) -> Note {
        Note {
            func: self.id,
            block: self.block,
            statement: self.statement,
            why,
        }
    }
}

impl<'a, 't> Builder<'a, 't> {
    pub(crate) fn new(
        program: &'a Program,
        tags: &'t Map<FuncId, FuncTags>,
        batch: &[FuncId],
    ) -> Builder<'a, 't> {
        let mut builder = Builder {
            program,
            tags,
            graph: Graph::new(),
            funcs: vec![],
            index_of: Map::default(),
            literals: Map::default(),
            func_assigns: Map::default(),
            self_assigns: vec![],
        };
        for &id in batch {
            if let Some(body) = program.body(id) {
                builder.index_of.insert(id, builder.funcs.len());
                builder.funcs.push(FuncState {
                    id,
                    body,
                    facts: Facts::new(body),
                    locals: IndexVec::from_elem(Meaning::Nothing, body.locals.len()),
                    sites: IndexVec::from_elem(SiteFacts::default(), body.sites.len()),
                    captures: None,
                });
            }
        }
        builder
    }

    /// Draws everything.
    pub(crate) fn build(&mut self) {
        for func in 0..self.funcs.len() {
            self.variables(func);
        }
        // Parents before their literals: captures are seen from outside.
        let mut order: Vec<usize> = (0..self.funcs.len()).collect();
        order.sort_by_key(|&func| self.nesting(self.funcs[func].id));
        let makers = self.makers();
        for func in order {
            self.names(func);
            self.captures_of_literals(func, &makers);
        }
        for func in 0..self.funcs.len() {
            self.collect_func_assigns(func);
        }
        for func in 0..self.funcs.len() {
            self.edges(func);
        }
    }

    fn nesting(&self, mut func: FuncId) -> u32 {
        let mut depth = 0;
        while let Some(parent) = self.program.funcs[func].parent {
            depth += 1;
            func = parent;
        }
        depth
    }

    /// How many statements of the batch make each literal.
    fn makers(&self) -> Map<FuncId, u32> {
        let mut makers = Map::default();
        for state in &self.funcs {
            for &block in &state.facts.order {
                for statement in &state.body.blocks[block].statements {
                    if let StatementKind::Assign(_, Rvalue::MakeClosure { func, .. }) =
                        &statement.kind
                    {
                        *makers.entry(*func).or_default() += 1;
                    }
                }
            }
        }
        makers
    }

    // ---- Locations ----

    /// Gives every local a location that is not merely a name or a number.
    fn variables(&mut self, func: usize) {
        let state = &self.funcs[func];
        let (id, body) = (state.id, state.body);
        for (local, data) in body.locals.iter_enumerated() {
            let is_name = state_is_name(&self.funcs[func], local);
            let size = || self.program.types.layout(data.ty).size;
            let too_large = data.kind == LocalKind::Var && size() > MAX_STACK_VAR;
            let matters = data.addr_taken
                || too_large
                || (!is_name && self.program.types.has_pointers(data.ty));
            if !matters {
                continue;
            }
            let loc = self.local_locations(func, local);
            let location = &mut self.graph.locations[loc];
            location.is_param = matches!(data.kind, LocalKind::Param | LocalKind::Context);
            if data.kind == LocalKind::Result {
                location.result = body
                    .results
                    .iter()
                    .position(|&r| r == local)
                    .map(|r| r as u32);
            }
            if too_large {
                let note = Note {
                    func: id,
                    block: 0,
                    statement: 0,
                    why: Why::TooLarge,
                };
                self.graph.flow(Hole::HEAP, Value { loc, derefs: -1 }, note);
            }
        }
        let results = body
            .results
            .iter()
            .filter_map(|&r| match self.funcs[func].locals[r] {
                Meaning::Location(loc) => Some(loc),
                _ => None,
            })
            .collect();
        self.literals.insert(
            id,
            LiteralResults {
                locations: results,
                lost: false,
            },
        );
    }

    fn local_locations(&mut self, func: usize, local: LocalId) -> LocId {
        let state = &self.funcs[func];
        let data = &state.body.locals[local];
        let parts = match self.program.types.kind(data.ty) {
            TyKind::Tuple(parts) => parts.len().max(1),
            _ => 1,
        };
        let depth = data.loop_depth.max(1);
        let id = state.id;
        let first = self
            .graph
            .add(Location::new(LocationKind::Local(local), id, depth));
        for _ in 1..parts {
            self.graph
                .add(Location::new(LocationKind::Local(local), id, depth));
        }
        self.funcs[func].locals[local] = Meaning::Location(first);
        first
    }

    fn site(&mut self, func: usize, site: SiteId) -> LocId {
        if let Some(loc) = self.funcs[func].sites[site].loc {
            return loc;
        }
        let state = &self.funcs[func];
        let data = &state.body.sites[site];
        let depth = data.loop_depth.max(1);
        let loc = self
            .graph
            .add(Location::new(LocationKind::Site(site), state.id, depth));
        self.funcs[func].sites[site].loc = Some(loc);
        loc
    }

    // ---- Names ----

    /// Finds what the temporaries that are only names stand for, and makes the sites.
    fn names(&mut self, func: usize) {
        let body = self.funcs[func].body;
        for index in 0..self.funcs[func].facts.order.len() {
            let block = self.funcs[func].facts.order[index];
            for statement in &body.blocks[block].statements {
                let StatementKind::Assign(place, value) = &statement.kind else {
                    continue;
                };
                self.make_site(func, value);
                let Some(local) = place.as_local() else {
                    continue;
                };
                if !state_is_name(&self.funcs[func], local)
                    || matches!(self.funcs[func].locals[local], Meaning::Location(_))
                {
                    continue;
                }
                match self.pure_value(func, value) {
                    Some(meaning) => self.funcs[func].locals[local] = Meaning::Name(meaning),
                    None if self.program.types.has_pointers(body.locals[local].ty) => {
                        self.local_locations(func, local);
                    }
                    None => {}
                }
            }
        }
    }

    fn make_site(&mut self, func: usize, value: &Rvalue) {
        let (site, only_heap) = match value {
            Rvalue::New(site) | Rvalue::MakeClosure { site, .. } => (*site, false),
            Rvalue::MakeInterface { site, value, .. } => {
                let ty = self.operand_type(func, value);
                if self.program.types.is_pointer_shaped(ty) {
                    return;
                }
                (*site, false)
            }
            Rvalue::MakeSlice { site, cap, .. } => (*site, cap.as_const().is_none()),
            // Short strings have a buffer in the frame; longer ones are on the heap whatever is decided.
            Rvalue::Concat { site, .. } => (*site, false),
            Rvalue::MakeMap { site, .. }
            | Rvalue::Append { site, .. }
            | Rvalue::AppendSlice { site, .. } => (*site, true),
            Rvalue::Convert {
                site: Some(site),
                kind,
                ..
            } => {
                self.funcs[func].sites[*site].is_string_to_bytes =
                    *kind == ConvertKind::StringToBytes;
                (*site, false)
            }
            _ => return,
        };
        let loc = self.site(func, site);
        let facts = &mut self.funcs[func].sites[site];
        facts.only_heap |= only_heap;
        match value {
            Rvalue::MakeClosure { func: literal, .. } => {
                self.graph.locations[loc].closure = Some(*literal);
            }
            Rvalue::Append { .. } | Rvalue::AppendSlice { .. } => {
                self.graph.locations[loc].loop_depth = 0;
            }
            _ => {}
        }
    }

    /// The value of an rvalue if it is that of one location; `None`: more than one, or only a call knows.
    fn pure_value(&self, func: usize, value: &Rvalue) -> Option<Option<Value>> {
        let site = |site: SiteId| {
            self.funcs[func].sites[site]
                .loc
                .map(|loc| Value { loc, derefs: -1 })
        };
        Some(match value {
            Rvalue::Use(x)
            | Rvalue::ConvertInterface { value: x, .. }
            | Rvalue::Slice { base: x, .. }
            | Rvalue::Convert {
                value: x,
                kind: ConvertKind::Same | ConvertKind::SliceToArrayPointer,
                ..
            } => {
                if self.is_tuple(func, x) {
                    return None;
                }
                self.operand_value(func, x)
            }
            Rvalue::Convert { site: s, .. } => s.and_then(site),
            Rvalue::Ref(place) => self.place_value(func, place).map(|v| v.shift(-1)),
            Rvalue::New(s)
            | Rvalue::MakeSlice { site: s, .. }
            | Rvalue::MakeClosure { site: s, .. }
            | Rvalue::MakeMap { site: s, .. }
            | Rvalue::Concat { site: s, .. } => site(*s),
            Rvalue::MakeInterface { site: s, value, .. } => match site(*s) {
                Some(boxed) => Some(boxed),
                None => self.operand_value(func, value),
            },
            Rvalue::TypeAssert {
                value,
                ty,
                comma_ok: false,
            }
            | Rvalue::Unbox { value, ty } => self
                .operand_value(func, value)
                .map(|v| v.shift(self.unboxing(*ty))),
            Rvalue::Aggregate { parts, ty } => {
                if parts.is_empty() || !self.program.types.has_pointers(*ty) {
                    None
                } else {
                    return None;
                }
            }
            Rvalue::Binary(mini_mir::BinOp::Min | mini_mir::BinOp::Max, ..)
            | Rvalue::TypeAssert { .. }
            | Rvalue::Append { .. }
            | Rvalue::AppendSlice { .. }
            | Rvalue::MapIterNext { .. }
            | Rvalue::Call(_) => return None,
            // A pointer that is changed as a number; it is followed to where it becomes a pointer in the same expression.
            Rvalue::Unary(_, x) if self.is_address(func, x) => self.operand_value(func, x),
            Rvalue::Binary(_, x, y) if self.is_address(func, x) => self
                .operand_value(func, x)
                .or_else(|| self.operand_value(func, y)),
            Rvalue::Unary(..)
            | Rvalue::Binary(..)
            | Rvalue::MakeChan { .. }
            | Rvalue::Len(_)
            | Rvalue::Cap(_)
            | Rvalue::CopySlice { .. }
            | Rvalue::DecodeRune { .. }
            | Rvalue::MapGet { .. }
            | Rvalue::MapEntry { .. }
            | Rvalue::TypeIs { .. }
            | Rvalue::Receive { .. }
            | Rvalue::Select { .. }
            | Rvalue::Recover => None,
        })
    }

    fn is_address(&self, func: usize, operand: &Operand) -> bool {
        matches!(
            self.program.types.kind(self.operand_type(func, operand)),
            TyKind::Uintptr
        )
    }

    /// Dereferences that taking a value of this type out of an interface costs.
    fn unboxing(&self, ty: TyId) -> i32 {
        let types = &self.program.types;
        i32::from(!types.is_interface(ty) && !types.is_pointer_shaped(ty))
    }

    fn is_tuple(&self, func: usize, operand: &Operand) -> bool {
        matches!(
            self.program.types.kind(self.operand_type(func, operand)),
            TyKind::Tuple(_)
        )
    }

    /// Resolves the captures of the literals that `func` makes.
    fn captures_of_literals(&mut self, func: usize, makers: &Map<FuncId, u32>) {
        let body = self.funcs[func].body;
        for index in 0..self.funcs[func].facts.order.len() {
            let block = self.funcs[func].facts.order[index];
            for statement in &body.blocks[block].statements {
                let StatementKind::Assign(
                    _,
                    Rvalue::MakeClosure {
                        func: literal,
                        captures,
                        ..
                    },
                ) = &statement.kind
                else {
                    continue;
                };
                let Some(&inner) = self.index_of.get(literal) else {
                    continue;
                };
                // Made later than it was walked (a wrapper without a parent), or in two places: only the context tells.
                let is_inside = self.program.funcs[*literal].parent.is_some();
                if makers.get(literal) == Some(&1) && is_inside && inner != func {
                    let values = captures
                        .iter()
                        .map(|capture| self.operand_value(func, capture))
                        .collect();
                    self.funcs[inner].captures = Some(values);
                }
            }
        }
    }

    // ---- Values ----

    pub(crate) fn operand_value(&self, func: usize, operand: &Operand) -> Option<Value> {
        match operand {
            Operand::Copy(place) => self.place_value(func, place),
            Operand::Const(_) => None,
        }
    }

    /// The value of a place; `None`: nothing that the graph follows (globals, numbers).
    pub(crate) fn place_value(&self, func: usize, place: &Place) -> Option<Value> {
        let PlaceBase::Local(local) = place.base else {
            return None;
        };
        let state = &self.funcs[func];
        let mut ty = state.body.locals[local].ty;
        let mut proj = &place.proj[..];
        let types = &self.program.types;
        let mut value = match (state.locals[local], proj) {
            (Meaning::Location(_), [Proj::Deref { .. }, Proj::Field(field @ 1..), rest @ ..])
                if Some(local) == state.body.context && state.captures.is_some() =>
            {
                let captures = state.captures.as_ref().expect("just seen");
                proj = rest;
                ty = self.after(self.after(ty, &place.proj[0]), &place.proj[1]);
                captures[*field as usize - 1]?
            }
            (Meaning::Location(first), [Proj::Field(part), rest @ ..])
                if matches!(types.kind(ty), TyKind::Tuple(_)) =>
            {
                proj = rest;
                ty = self.after(ty, &place.proj[0]);
                Value {
                    loc: LocId(first.0 + part),
                    derefs: 0,
                }
            }
            (Meaning::Location(loc), _) => Value { loc, derefs: 0 },
            (Meaning::Name(value), _) => value?,
            (Meaning::Nothing, _) => return None,
        };
        for step in proj {
            let through_pointer = match step {
                Proj::Deref { .. } => true,
                Proj::Field(_) => false,
                Proj::Index { .. } | Proj::ConstIndex { .. } => {
                    !matches!(types.kind(ty), TyKind::Array(..))
                }
            };
            value.derefs += i32::from(through_pointer);
            ty = self.after(ty, step);
        }
        Some(value)
    }

    fn after(&self, ty: TyId, step: &Proj) -> TyId {
        type_after(self.program, ty, step)
    }

    pub(crate) fn place_type(&self, func: usize, place: &Place) -> TyId {
        let base = base_type(self.program, self.funcs[func].body, place);
        place
            .proj
            .iter()
            .fold(base, |ty, step| self.after(ty, step))
    }

    pub(crate) fn operand_type(&self, func: usize, operand: &Operand) -> TyId {
        match operand {
            Operand::Copy(place) => self.place_type(func, place),
            Operand::Const(constant) => constant.ty,
        }
    }

    // ---- Edges ----

    /// Flows an operand into a hole.
    pub(crate) fn operand(&mut self, at: At, hole: Hole, operand: &Operand, why: Why) {
        if let Some(value) = self.operand_value(at.func, operand)
            && self
                .program
                .types
                .has_pointers(self.operand_type(at.func, operand))
        {
            self.graph.flow(hole, value, at.note(why));
        }
    }

    /// The hole that a store into a place is, and the flow of the pointer it goes through. `None`: no flow.
    fn place_hole(&mut self, at: At, place: &Place) -> Option<Hole> {
        if matches!(place.base, PlaceBase::Global(_)) {
            return Some(Hole::HEAP);
        }
        match self.place_value(at.func, place) {
            Some(Value { loc, derefs: 0 }) => Some(Hole::to(loc)),
            Some(value) => {
                self.graph
                    .flow(Hole::MUTATOR, value.shift(-1), at.note(Why::Stored));
                Some(Hole::HEAP)
            }
            // A number; or a store through a pointer from the heap.
            None if place.as_local().is_some() => None,
            None => Some(Hole::HEAP),
        }
    }

    fn edges(&mut self, func: usize) {
        let state = &self.funcs[func];
        let (body, id) = (state.body, state.id);
        for index in 0..self.funcs[func].facts.order.len() {
            let block = self.funcs[func].facts.order[index];
            let data = &body.blocks[block];
            let mut at = At {
                func,
                id,
                block: block.0,
                statement: 0,
            };
            for statement in &data.statements {
                self.statement(at, statement);
                at.statement += 1;
            }
            if let TerminatorKind::Panic(value) = &data.terminator.kind {
                self.operand(at, Hole::HEAP, value, Why::Panic);
            }
        }
    }

    fn statement(&mut self, at: At, statement: &'a Statement) {
        match &statement.kind {
            StatementKind::Assign(place, value) => self.assign(at, place, value),
            StatementKind::MapSet { key, value, .. } => {
                self.operand(at, Hole::HEAP, key, Why::MapKey);
                self.operand(at, Hole::HEAP, value, Why::MapValue);
            }
            StatementKind::SliceClear(slice) => {
                self.operand(at, Hole::MUTATOR, slice, Why::Stored);
            }
            StatementKind::MapIterInit { iter, map } => {
                if let Meaning::Location(loc) = self.funcs[at.func].locals[*iter] {
                    self.operand(at, Hole::to(loc), map, Why::Range);
                }
            }
            StatementKind::Send { value, .. } => self.operand(at, Hole::HEAP, value, Why::Send),
            StatementKind::Go(value) => self.operand(at, Hole::HEAP, value, Why::Go),
            StatementKind::DeferList(list) => self.operand(at, Hole::HEAP, list, Why::Defer),
            StatementKind::Defer(value) => {
                let block = mini_mir::BlockId(at.block);
                if self.funcs[at.func].facts.in_cycle[block] {
                    self.operand(at, Hole::HEAP, value, Why::Defer);
                }
            }
            StatementKind::StorageLive(_)
            | StatementKind::MapDelete { .. }
            | StatementKind::MapClear(_)
            | StatementKind::Close(_)
            | StatementKind::RunDefers
            | StatementKind::NilCheck(_)
            | StatementKind::BoundsCheck { .. }
            | StatementKind::Print { .. }
            | StatementKind::Nop => {}
        }
    }

    fn assign(&mut self, at: At, place: &'a Place, value: &'a Rvalue) {
        if self.is_self_assign(at, place, value) {
            self.self_assigns.push(at.note(Why::Assign));
            return;
        }
        let local = place.as_local();
        let is_name =
            local.is_some_and(|l| !matches!(self.funcs[at.func].locals[l], Meaning::Location(_)));
        let parts: &[TyId] = match local.map(|l| {
            self.program
                .types
                .kind(self.funcs[at.func].body.locals[l].ty)
        }) {
            Some(TyKind::Tuple(parts)) => parts,
            _ => &[],
        };
        // One hole a part of a tuple.
        let mut holes: smallvec::SmallVec<[Option<Hole>; 2]> = smallvec::SmallVec::new();
        if is_name {
            holes.resize(parts.len().max(1), None);
        } else if parts.is_empty() {
            holes.push(self.place_hole(at, place));
        } else if let Some(Meaning::Location(first)) = local.map(|l| self.funcs[at.func].locals[l])
        {
            holes.extend((0..parts.len() as u32).map(|part| Some(Hole::to(LocId(first.0 + part)))));
        }
        if let Some(local) = local
            && self.funcs[at.func].body.locals[local].kind == LocalKind::Temp
            && self.funcs[at.func].facts.reads[local] == 0
        {
            holes.iter_mut().for_each(|hole| *hole = None);
        }
        self.rvalue(at, &holes, value);
    }

    /// Flows an rvalue into holes and what it stores elsewhere to where that is.
    fn rvalue(&mut self, at: At, holes: &[Option<Hole>], value: &'a Rvalue) {
        let hole = holes.first().copied().flatten();
        match value {
            Rvalue::Aggregate { parts, .. } => {
                for (index, part) in parts.iter().enumerate() {
                    let hole = if holes.len() > 1 { holes[index] } else { hole };
                    if let Some(hole) = hole {
                        self.operand(at, hole, part, Why::Assign);
                    }
                }
            }
            Rvalue::Use(Operand::Copy(from)) if holes.len() > 1 => {
                for (index, hole) in holes.iter().enumerate() {
                    if let Some(hole) = hole {
                        let part = Operand::Copy(from.clone().field(index as u32));
                        self.operand(at, *hole, &part, Why::Assign);
                    }
                }
            }
            Rvalue::Binary(mini_mir::BinOp::Min | mini_mir::BinOp::Max, a, b) => {
                if let Some(hole) = hole {
                    self.operand(at, hole, a, Why::Assign);
                    self.operand(at, hole, b, Why::Assign);
                }
            }
            Rvalue::TypeAssert {
                value,
                ty,
                comma_ok: true,
            } => {
                if let Some(hole) = hole
                    && self.program.types.has_pointers(*ty)
                {
                    let hole = hole.shift(self.unboxing(*ty));
                    self.operand(at, hole, value, Why::Assign);
                }
            }
            Rvalue::MapIterNext { iter } => {
                if let (Some(Some(hole)), Meaning::Location(loc)) =
                    (holes.get(2), self.funcs[at.func].locals[*iter])
                {
                    let value = Value { loc, derefs: 0 };
                    self.graph.flow(*hole, value, at.note(Why::Range));
                }
            }
            Rvalue::Append {
                site,
                slice,
                values,
            } => {
                self.append(at, hole, *site, slice);
                for value in values {
                    self.operand(at, Hole::HEAP, value, Why::Appended);
                }
            }
            Rvalue::AppendSlice { site, slice, other } => {
                self.append(at, hole, *site, slice);
                self.contents(at, other, Why::AppendedSlice);
            }
            Rvalue::CopySlice { dst, src } => {
                self.operand(at, Hole::MUTATOR, dst, Why::Stored);
                self.contents(at, src, Why::CopiedSlice);
            }
            Rvalue::Call(call) => self.call(at, call, holes),
            _ => {
                self.side_effects(at, value);
                if let Some(hole) = hole
                    && let Some(Some(from)) = self.pure_value(at.func, value)
                    && self.yields_pointers(at.func, value)
                {
                    self.graph.flow(hole, from, at.note(Why::Assign));
                }
            }
        }
    }

    /// Whether an rvalue with a pure value has a type with pointers.
    fn yields_pointers(&self, func: usize, value: &Rvalue) -> bool {
        match value {
            Rvalue::Use(x) => self.program.types.has_pointers(self.operand_type(func, x)),
            Rvalue::TypeAssert { ty, .. }
            | Rvalue::Unbox { ty, .. }
            | Rvalue::Convert { ty, .. } => self.program.types.has_pointers(*ty),
            Rvalue::Unary(..) | Rvalue::Binary(..) => false,
            _ => true,
        }
    }

    /// What making an object stores in it, and whether it is too large for a frame.
    fn side_effects(&mut self, at: At, value: &'a Rvalue) {
        match value {
            Rvalue::MakeInterface { site, value, .. } => {
                if let Some(loc) = self.funcs[at.func].sites[*site].loc {
                    self.operand(at, Hole::to(loc), value, Why::Boxed);
                    self.limit(at, *site, 1);
                }
            }
            Rvalue::New(site) => self.limit(at, *site, 1),
            Rvalue::MakeSlice { site, cap, .. } => {
                let elem = self.funcs[at.func].body.sites[*site].ty;
                if self.program.types.layout(elem).size == 0 {
                    self.site_to_heap(at, *site, Why::ZeroSized);
                } else if let Some(constant) = cap.as_const() {
                    let cap = match constant.value {
                        mini_mir::ConstValue::Int(n) => u64::try_from(n).unwrap_or(u64::MAX),
                        _ => 0,
                    };
                    self.limit(at, *site, cap);
                }
            }
            Rvalue::MakeClosure {
                site,
                func: literal,
                captures,
                ..
            } => self.closure(at, *site, *literal, captures),
            Rvalue::Select { cases, .. } => {
                for case in cases {
                    if let SelectCase::Send { value, .. } = case {
                        self.operand(at, Hole::HEAP, value, Why::Send);
                    }
                }
            }
            _ => {}
        }
    }

    /// Sends a site of `count` objects to the heap if it is too large.
    fn limit(&mut self, at: At, site: SiteId, count: u64) {
        let ty = self.funcs[at.func].body.sites[site].ty;
        let size = self.program.types.layout(ty).size;
        if size.saturating_mul(count) > MAX_IMPLICIT_STACK_VAR {
            self.site_to_heap(at, site, Why::TooLarge);
        }
    }

    fn site_to_heap(&mut self, at: At, site: SiteId, why: Why) {
        if let Some(loc) = self.funcs[at.func].sites[site].loc {
            self.graph
                .flow(Hole::HEAP, Value { loc, derefs: -1 }, at.note(why));
        }
    }

    /// The slice that is appended to flows to the result and, if the elements move, they to the heap; the new array's
    /// address flows to the result.
    fn append(&mut self, at: At, hole: Option<Hole>, site: SiteId, slice: &Operand) {
        if let Some(hole) = hole {
            self.operand(at, hole, slice, Why::Assign);
        }
        self.operand(at, Hole::MUTATOR, slice, Why::Stored);
        self.contents(at, slice, Why::AppendeeSlice);
        if let (Some(hole), Some(loc)) = (hole, self.funcs[at.func].sites[site].loc) {
            self.graph
                .flow(hole, Value { loc, derefs: -1 }, at.note(Why::Assign));
        }
    }

    /// Flows the elements of a slice to the heap.
    fn contents(&mut self, at: At, slice: &Operand, why: Why) {
        let ty = self.operand_type(at.func, slice);
        if let TyKind::Slice(elem) = self.program.types.kind(ty)
            && self.program.types.has_pointers(*elem)
        {
            self.operand(at, Hole::HEAP.shift(1), slice, why);
        }
    }

    /// A closure object: captures flow into it, its address into the context of the literal.
    fn closure(&mut self, at: At, site: SiteId, literal: FuncId, captures: &'a [Operand]) {
        let Some(loc) = self.funcs[at.func].sites[site].loc else {
            return;
        };
        for (index, capture) in captures.iter().enumerate() {
            self.operand(at, Hole::to(loc), capture, Why::Captured(index as u32));
        }
        self.limit(at, site, 1);
        let address = Value { loc, derefs: -1 };
        let note = at.note(Why::Context);
        if let Some(&inner) = self.index_of.get(&literal) {
            if let Some(context) = self.funcs[inner].body.context
                && let Meaning::Location(context) = self.funcs[inner].locals[context]
            {
                self.graph.flow(Hole::to(context), address, note);
            }
        } else {
            // Analysed before. Nobody knows what callers do with its results.
            let leaks = match self.tags.get(&literal) {
                Some(tags) => tags.context.clone(),
                None => crate::leaks::Leaks::to_heap(),
            };
            let to_heap = leaks
                .heap
                .into_iter()
                .chain(leaks.to_results().map(|(_, derefs)| derefs))
                .min();
            for (sink, derefs) in [
                (Hole::HEAP, to_heap),
                (Hole::MUTATOR, leaks.mutator),
                (Hole::CALLEE, leaks.callee),
            ] {
                if let Some(derefs) = derefs {
                    self.graph.flow(sink.shift(derefs.into()), address, note);
                }
            }
        }
    }

    /// `p.x = p.y[i:j]`, `p.q.x = p.q.y` and the like store nothing in an object that was not there before.
    fn is_self_assign(&self, at: At, place: &Place, value: &Rvalue) -> bool {
        let PlaceBase::Local(base) = place.base else {
            return false;
        };
        // Only a variable: a name may stand for something that changed since.
        let data = &self.funcs[at.func].body.locals[base];
        if data.kind == LocalKind::Temp || data.addr_taken {
            return false;
        }
        // x.f = x.g, x[i] = x[j] with the same path to them.
        if let Rvalue::Use(Operand::Copy(from)) = value
            && from.base == place.base
            && let ([dst @ .., to_step], [src @ .., from_step]) = (&place.proj[..], &from.proj[..])
            && dst.len() == src.len()
            && dst.iter().zip(src).all(|(a, b)| same_step(a, b))
        {
            return match (to_step, from_step) {
                (Proj::Field(_), Proj::Field(_)) => true,
                (a, b) => is_index(a) && is_index(b),
            };
        }
        if !matches!(place.proj.first(), Some(Proj::Deref { .. })) {
            return false;
        }
        let source = match value {
            Rvalue::Slice { base, .. } => base,
            Rvalue::Use(from) => from,
            _ => return false,
        };
        let Some(from) = self.origin(at, source) else {
            return false;
        };
        let is_slice = matches!(
            self.program.types.kind(self.place_type(at.func, from)),
            TyKind::Slice(_) | TyKind::String | TyKind::Pointer(_)
        );
        let (dst, src) = (&place.proj[..], &from.proj[..]);
        from.base == place.base
            && is_slice
            && matches!(src.first(), Some(Proj::Deref { .. }))
            && dst[1..].iter().all(|s| matches!(s, Proj::Field(_)))
            && src[1..].iter().all(|s| matches!(s, Proj::Field(_)))
    }

    /// The place that a chain of names in the same block copies or slices.
    fn origin<'b>(&'b self, at: At, operand: &'b Operand) -> Option<&'b Place> {
        let Operand::Copy(place) = operand else {
            return None;
        };
        let Some(local) = place.as_local() else {
            return Some(place);
        };
        let state = &self.funcs[at.func];
        if !state_is_name(state, local) {
            return Some(place);
        }
        let Defs::One(block, statement) = state.facts.defs[local] else {
            return None;
        };
        if block.0 != at.block || statement >= at.statement {
            return None;
        }
        match &state.body.blocks[block].statements[statement as usize].kind {
            StatementKind::Assign(_, Rvalue::Use(x) | Rvalue::Slice { base: x, .. }) => {
                self.origin(at, x)
            }
            _ => None,
        }
    }
}

/// Whether two steps lead from one value to one part.
fn same_step(a: &Proj, b: &Proj) -> bool {
    match (a, b) {
        (Proj::Deref { .. }, Proj::Deref { .. }) => true,
        (Proj::Field(a), Proj::Field(b)) => a == b,
        (Proj::Index { index: a, .. }, Proj::Index { index: b, .. }) => a == b,
        (Proj::ConstIndex { index: a, .. }, Proj::ConstIndex { index: b, .. }) => a == b,
        _ => false,
    }
}

fn is_index(step: &Proj) -> bool {
    matches!(step, Proj::Index { .. } | Proj::ConstIndex { .. })
}

/// Whether a local is only a name (and not part of a tuple).
pub(crate) fn state_is_name(state: &FuncState<'_>, local: LocalId) -> bool {
    state.facts.is_name(state.body, local)
}

/// Sites of which `-m` says nothing.
pub(crate) fn is_silent(kind: &SiteKind) -> bool {
    matches!(
        kind,
        SiteKind::Hidden | SiteKind::GoWrapper | SiteKind::DeferWrapper | SiteKind::MakeChan
    )
}

/// Type of a place's base.
pub(crate) fn base_type(program: &Program, body: &Body, place: &Place) -> TyId {
    match place.base {
        PlaceBase::Local(local) => body.locals[local].ty,
        PlaceBase::Global(global) => program.globals[global].ty,
    }
}

/// Type after one step of a place.
pub(crate) fn type_after(program: &Program, ty: TyId, step: &Proj) -> TyId {
    match (step, program.types.kind(ty)) {
        (Proj::Deref { .. }, TyKind::Pointer(elem)) => *elem,
        (Proj::Field(index), TyKind::Struct(fields)) => fields[*index as usize].ty,
        (Proj::Field(index), TyKind::Tuple(parts)) => parts[*index as usize],
        (Proj::Field(0), TyKind::Closure(_)) => TyId::UINTPTR,
        (Proj::Field(index), TyKind::Closure(parts)) => parts[*index as usize - 1],
        (_, TyKind::Array(elem, _) | TyKind::Slice(elem)) => *elem,
        (_, TyKind::String) => TyId::UINT8,
        (step, kind) => panic!("{step:?} of {kind:?}"),
    }
}
