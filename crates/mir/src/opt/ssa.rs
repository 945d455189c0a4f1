//! Values of locals: static single assignment as an overlay, without rewriting the body.
//!
//! Each assignment to a local that nobody has the address of gives it a new value, copies give it the value copied, and where
//! ways with different values meet there is a phi (semi-pruned, at iterated dominance frontiers). What is known of how a value
//! was computed is its [`Expr`]. Equal lengths of equal slices are one value.
//!
//! A pass that wants to know the value of a local at some point walks the dominator tree as [`Walk`] does.

use super::Context;
use super::memory::{self, Memory};
use crate::body::{Body, Statement, StatementKind, TerminatorKind};
use crate::cfg::Cfg;
use crate::ids::{BlockId, IndexVec, LocalId};
use crate::place::{ConstValue, Operand, PlaceBase, Proj};
use crate::rvalue::{BinOp, ConvertKind, Rvalue, UnOp};
use crate::types::{TyId, TyKind, TyTable};
use crate::visit::{self, Access};
use smallvec::SmallVec;
use std::collections::HashMap;

crate::define_id!(
    /// A value.
    ValueId, "v"
);

impl ValueId {
    /// The integer zero: constants are it plus something.
    pub(super) const ZERO: ValueId = ValueId(0);
    /// A local that is not followed.
    pub(super) const NONE: ValueId = ValueId(u32::MAX);
}

/// How a value was computed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Opaque,
    Zero,
    Int(i64),
    /// A string constant of so many bytes; an empty or nil slice.
    KnownLen(i64),
    Phi(BlockId, SmallVec<[(BlockId, ValueId); 2]>),
    /// Sum with a constant, as the machine computes it.
    AddConst(ValueId, i64),
    Add(ValueId, ValueId),
    Sub(ValueId, ValueId),
    And(ValueId, ValueId),
    Rem(ValueId, ValueId),
    Div(ValueId, ValueId),
    Shr(ValueId, ValueId),
    Min(ValueId, ValueId),
    Max(ValueId, ValueId),
    /// Conversion between integer types.
    Cast(ValueId),
    Len(ValueId),
    Cap(ValueId),
    /// base[low:high]; missing bounds: zero, the base's length.
    Slice(ValueId, Option<ValueId>, Option<ValueId>),
    MakeSlice(ValueId, ValueId),
    /// append of so many elements.
    Append(ValueId, i64),
    CopyCount(ValueId, ValueId),
    Compare(BinOp, ValueId, ValueId),
    /// Whether a pointer is nil; negated.
    IsNil(ValueId, bool),
    Not(ValueId),
    /// A pointer that is not nil.
    NonNil,
}

#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) ty: TyId,
    pub(super) expr: Expr,
    /// Where it is computed.
    pub(super) block: BlockId,
}

/// The overlay.
#[derive(Debug)]
pub(super) struct Ssa {
    pub(super) values: IndexVec<ValueId, Value>,
    /// Value of each followed local at entry.
    pub(super) entry: IndexVec<LocalId, ValueId>,
    pub(super) phis: IndexVec<BlockId, Vec<(LocalId, ValueId)>>,
    /// For each statement the variables it gives new values.
    pub(super) defs: IndexVec<BlockId, Vec<NewValues>>,
    /// The condition that ends a block, and where it goes if that holds.
    pub(super) branches: IndexVec<BlockId, Option<(ValueId, BlockId)>>,
    constants: HashMap<i64, ValueId, foldhash::fast::FixedState>,
    lengths: HashMap<(ValueId, bool), ValueId, foldhash::fast::FixedState>,
    pub(super) memory: Memory,
}

/// Variables and their new values: the local that is assigned, and the kinds of memory that may change.
pub(super) type NewValues = SmallVec<[(LocalId, ValueId); 1]>;

/// Values of locals at the point that a walk over the dominator tree is at.
pub(super) struct Walk {
    pub(super) current: IndexVec<LocalId, ValueId>,
    undo: Vec<(LocalId, ValueId)>,
}

impl Walk {
    pub(super) fn new(ssa: &Ssa) -> Walk {
        Walk {
            current: ssa.entry.clone(),
            undo: vec![],
        }
    }

    /// To go back to with [`Walk::leave`].
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    pub(super) fn set(&mut self, local: LocalId, value: ValueId) {
        self.undo.push((local, self.current[local]));
        self.current[local] = value;
    }

    pub(super) fn leave(&mut self, mark: usize) {
        while self.undo.len() > mark {
            let (local, value) = self.undo.pop().expect("longer than the mark");
            self.current[local] = value;
        }
    }
}

/// The variables that a statement gives new values.
fn changed(
    cx: Context<'_>,
    ssa: &Ssa,
    body: &Body,
    statement: &Statement,
    change: &mut dyn FnMut(LocalId),
) {
    if let StatementKind::Assign(place, _) = &statement.kind
        && let PlaceBase::Local(local) = place.base
        && !matches!(place.proj.first(), Some(Proj::Deref { .. }))
        // An element of a slice is not in the local.
        && (place.proj.is_empty()
            || !matches!(cx.types.kind(body.locals[local].ty), TyKind::Slice(_)))
    {
        change(local);
    }
    visit::whole_locals(statement, &mut |&local, access| {
        if access == Access::Write {
            change(local);
        }
    });
    let is_followed = |local: LocalId| ssa.entry[local] != ValueId::NONE;
    let kills = memory::kills(cx, body, statement, &is_followed);
    for class in memory::classes(kills) {
        change(ssa.memory.variable(class));
    }
}

impl Ssa {
    pub(super) fn new(body: &Body, cx: Context<'_>, cfg: &Cfg) -> Ssa {
        let types = cx.types;
        let n_variables = body.locals.len() + memory::N_CLASSES;
        let mut ssa = Ssa {
            values: IndexVec::new(),
            entry: IndexVec::from_elem(ValueId::NONE, n_variables),
            phis: IndexVec::from_elem(vec![], body.blocks.len()),
            defs: IndexVec::from_elem(vec![], body.blocks.len()),
            branches: IndexVec::from_elem(None, body.blocks.len()),
            constants: HashMap::default(),
            lengths: HashMap::default(),
            memory: Memory::new(body),
        };
        ssa.add(TyId::INT, Expr::Zero, Body::ENTRY);
        for (local, data) in body.locals.iter_enumerated() {
            if !data.addr_taken && is_followed(types, data.ty) {
                ssa.entry[local] = ssa.add(data.ty, Expr::Opaque, Body::ENTRY);
            }
        }
        for class in 0..memory::N_CLASSES {
            let variable = ssa.memory.variable(class);
            ssa.entry[variable] = ssa.add(TyId::UNIT, Expr::Opaque, Body::ENTRY);
        }
        // A select writes to more than one local.
        for block in body.blocks.iter() {
            for statement in &block.statements {
                if let StatementKind::Assign(_, Rvalue::Select { .. }) = &statement.kind {
                    visit::whole_locals(statement, &mut |&local, _| {
                        ssa.entry[local] = ValueId::NONE;
                    });
                }
            }
        }
        ssa.place_phis(body, cx, cfg);
        ssa.rename(body, cx, cfg);
        ssa
    }

    pub(super) fn add(&mut self, ty: TyId, expr: Expr, block: BlockId) -> ValueId {
        self.values.push(Value { ty, expr, block })
    }

    pub(super) fn expr(&self, value: ValueId) -> &Expr {
        &self.values[value].expr
    }

    pub(super) fn int(&mut self, value: i64) -> ValueId {
        if value == 0 {
            return ValueId::ZERO;
        }
        if let Some(&known) = self.constants.get(&value) {
            return known;
        }
        let id = self.add(TyId::INT, Expr::Int(value), Body::ENTRY);
        self.constants.insert(value, id);
        id
    }

    /// Length (or capacity) of a slice or string.
    pub(super) fn length(&mut self, of: ValueId, is_cap: bool, block: BlockId) -> ValueId {
        match (self.expr(of), is_cap) {
            (Expr::KnownLen(len), _) => {
                let len = *len;
                return self.int(len);
            }
            (Expr::MakeSlice(len, _), false) => return *len,
            (Expr::MakeSlice(_, cap), true) => return *cap,
            (Expr::Slice(_, None, Some(high)), false) => return *high,
            (Expr::Slice(base, None, None), false) => {
                let base = *base;
                return self.length(base, false, block);
            }
            _ => {}
        }
        if let Some(&known) = self.lengths.get(&(of, is_cap)) {
            return known;
        }
        let expr = if is_cap { Expr::Cap(of) } else { Expr::Len(of) };
        let id = self.add(TyId::INT, expr, block);
        self.lengths.insert((of, is_cap), id);
        id
    }

    // ---- Phis ----

    fn place_phis(&mut self, body: &Body, cx: Context<'_>, cfg: &Cfg) {
        let n_blocks = body.blocks.len();
        // Where each local is changed, and whether a value crosses blocks.
        let n_variables = self.entry.len();
        let mut changes: IndexVec<LocalId, Vec<BlockId>> = IndexVec::from_elem(vec![], n_variables);
        let mut crosses = IndexVec::from_elem(false, n_variables);
        for class in 0..memory::N_CLASSES {
            crosses[self.memory.variable(class)] = true;
        }
        let mut changed_here: IndexVec<LocalId, u32> = IndexVec::from_elem(u32::MAX, n_variables);
        for &block in &cfg.order {
            let data = &body.blocks[block];
            for statement in &data.statements {
                visit::statement_places(statement, &mut |place, access| {
                    visit::place_locals(place, &mut |&local| {
                        let writes_whole = access == Access::Write
                            && place.proj.is_empty()
                            && place.base == PlaceBase::Local(local);
                        if !writes_whole && changed_here[local] != block.0 {
                            crosses[local] = true;
                        }
                    });
                });
                changed(cx, self, body, statement, &mut |local| {
                    if std::mem::replace(&mut changed_here[local], block.0) != block.0 {
                        changes[local].push(block);
                    }
                });
            }
            visit::terminator_places(&data.terminator, &mut |place, _| {
                visit::place_locals(place, &mut |&local| {
                    crosses[local] |= changed_here[local] != block.0;
                });
            });
        }
        let mut frontier: IndexVec<BlockId, SmallVec<[BlockId; 2]>> =
            IndexVec::from_elem(SmallVec::new(), n_blocks);
        for &block in &cfg.order {
            if cfg.predecessors[block].len() < 2 {
                continue;
            }
            for &from in &cfg.predecessors[block] {
                let mut at = from;
                while at != cfg.idom[block] {
                    if !frontier[at].contains(&block) {
                        frontier[at].push(block);
                    }
                    if at == Body::ENTRY {
                        break;
                    }
                    at = cfg.idom[at];
                }
            }
        }
        let mut has_phi: IndexVec<BlockId, u32> = IndexVec::from_elem(u32::MAX, n_blocks);
        for local in self.entry.ids() {
            if self.entry[local] == ValueId::NONE || !crosses[local] || changes[local].is_empty() {
                continue;
            }
            let mut todo = changes[local].clone();
            while let Some(block) = todo.pop() {
                for &join in &frontier[block] {
                    if std::mem::replace(&mut has_phi[join], local.0) != local.0 {
                        let expr = Expr::Phi(join, SmallVec::new());
                        let ty = body.locals.get(local).map_or(TyId::UNIT, |l| l.ty);
                        let value = self.add(ty, expr, join);
                        self.phis[join].push((local, value));
                        todo.push(join);
                    }
                }
            }
        }
    }

    // ---- Renaming ----

    fn rename(&mut self, body: &Body, cx: Context<'_>, cfg: &Cfg) {
        let mut walk = Walk::new(self);
        enum Step {
            Enter(BlockId),
            Leave(usize),
        }
        let mut todo = vec![Step::Enter(Body::ENTRY)];
        while let Some(step) = todo.pop() {
            let block = match step {
                Step::Leave(mark) => {
                    walk.leave(mark);
                    continue;
                }
                Step::Enter(block) => block,
            };
            todo.push(Step::Leave(walk.mark()));
            for &(local, value) in &self.phis[block] {
                walk.set(local, value);
            }
            let data = &body.blocks[block];
            for statement in &data.statements {
                let mut defs = NewValues::new();
                let (local, value) = self.define(body, cx, block, statement, &walk);
                if value != ValueId::NONE {
                    defs.push((local, value));
                }
                let is_followed = |local: LocalId| self.entry[local] != ValueId::NONE;
                let kills = memory::kills(cx, body, statement, &is_followed);
                for class in memory::classes(kills) {
                    let version = self.add(TyId::UNIT, Expr::Opaque, block);
                    defs.push((self.memory.variable(class), version));
                }
                for &(variable, value) in &defs {
                    walk.set(variable, value);
                }
                self.defs[block].push(defs);
            }
            if let TerminatorKind::If {
                cond: Operand::Copy(place),
                then,
                ..
            } = &data.terminator.kind
                && let Some(local) = place.as_local()
                && walk.current[local] != ValueId::NONE
            {
                self.branches[block] = Some((walk.current[local], *then));
            }
            for successor in data.terminator.kind.successors() {
                for index in 0..self.phis[successor].len() {
                    let (local, phi) = self.phis[successor][index];
                    if let Expr::Phi(_, args) = &mut self.values[phi].expr
                        && args.iter().all(|(from, _)| *from != block)
                    {
                        args.push((block, walk.current[local]));
                    }
                }
            }
            todo.extend(cfg.children[block].iter().rev().map(|&b| Step::Enter(b)));
        }
    }

    /// The local a statement changes and its new value.
    fn define(
        &mut self,
        body: &Body,
        cx: Context<'_>,
        block: BlockId,
        statement: &Statement,
        walk: &Walk,
    ) -> (LocalId, ValueId) {
        let types = cx.types;
        const NOTHING: (LocalId, ValueId) = (LocalId(0), ValueId::NONE);
        match &statement.kind {
            StatementKind::Assign(place, value) => {
                let PlaceBase::Local(local) = place.base else {
                    return NOTHING;
                };
                if self.entry[local] == ValueId::NONE
                    || matches!(place.proj.first(), Some(Proj::Deref { .. }))
                {
                    return NOTHING;
                }
                let ty = body.locals[local].ty;
                if !place.proj.is_empty() {
                    // An element of a slice is not in the local.
                    if matches!(types.kind(ty), TyKind::Slice(_)) {
                        return NOTHING;
                    }
                    return (local, self.add(ty, Expr::Opaque, block));
                }
                (local, self.rvalue(cx, body, ty, block, value, walk))
            }
            StatementKind::StorageLive(local) | StatementKind::MapIterInit { iter: local, .. }
                if self.entry[*local] != ValueId::NONE =>
            {
                let ty = body.locals[*local].ty;
                let value = match statement.kind {
                    StatementKind::StorageLive(_) => self.zero(types, ty, block),
                    _ => self.add(ty, Expr::Opaque, block),
                };
                (*local, value)
            }
            _ => NOTHING,
        }
    }

    fn zero(&mut self, types: &TyTable, ty: TyId, block: BlockId) -> ValueId {
        if types.is_integer(ty) {
            return ValueId::ZERO;
        }
        match types.kind(ty) {
            TyKind::Slice(_) | TyKind::String => self.add(ty, Expr::KnownLen(0), block),
            _ => self.add(ty, Expr::Opaque, block),
        }
    }

    /// The value of an operand, if its kind is followed.
    pub(super) fn operand(
        &mut self,
        cx: Context<'_>,
        body: &Body,
        block: BlockId,
        operand: &Operand,
        walk: &Walk,
    ) -> Option<ValueId> {
        let types = cx.types;
        match operand {
            Operand::Copy(place) => match place.as_local() {
                Some(local) => {
                    let value = walk.current[local];
                    (value != ValueId::NONE).then_some(value)
                }
                None => self.load(cx, body, place, block, walk),
            },
            Operand::Const(constant) => match &constant.value {
                ConstValue::Int(value) => Some(self.int(i64::try_from(*value).ok()?)),
                ConstValue::Str(bytes) => {
                    let len = bytes.len() as i64;
                    Some(self.add(constant.ty, Expr::KnownLen(len), block))
                }
                ConstValue::Zero => Some(self.zero(types, constant.ty, block)),
                _ => None,
            },
        }
    }

    fn rvalue(
        &mut self,
        cx: Context<'_>,
        body: &Body,
        ty: TyId,
        block: BlockId,
        value: &Rvalue,
        walk: &Walk,
    ) -> ValueId {
        let expr = self.expr_of(cx, body, ty, block, value, walk);
        match expr {
            Ok(known) => known,
            Err(expr) => self.add(ty, expr, block),
        }
    }

    /// Either a value there already is, or how to compute the new one.
    fn expr_of(
        &mut self,
        cx: Context<'_>,
        body: &Body,
        ty: TyId,
        block: BlockId,
        value: &Rvalue,
        walk: &Walk,
    ) -> Result<ValueId, Expr> {
        let types = cx.types;
        let get = |this: &mut Self, x: &Operand| this.operand(cx, body, block, x, walk);
        let opaque = Err(Expr::Opaque);
        match value {
            Rvalue::Use(x)
            | Rvalue::Convert {
                kind: ConvertKind::Same,
                value: x,
                ..
            } => get(self, x).ok_or(Expr::Opaque),
            Rvalue::Convert {
                kind: ConvertKind::Numeric,
                value: x,
                ..
            } => {
                let Some(from) = get(self, x) else {
                    return opaque;
                };
                let from_ty = match x {
                    Operand::Const(constant) => constant.ty,
                    Operand::Copy(_) => self.values[from].ty,
                };
                match (int_range(types, from_ty), int_range(types, ty)) {
                    (Some(a), Some(b))
                        if b.0 <= a.0
                            && a.1 <= b.1
                            && (is_wide_unsigned(types, ty)
                                || !is_wide_unsigned(types, from_ty)) =>
                    {
                        Ok(from)
                    }
                    (Some(_), Some(_)) => Err(Expr::Cast(from)),
                    _ => opaque,
                }
            }
            Rvalue::Unary(UnOp::Not, x) => match get(self, x) {
                Some(x) => Err(Expr::Not(x)),
                None => opaque,
            },
            Rvalue::Binary(op, x, y) => {
                let is_pointer_type = |x: &Operand| match x {
                    Operand::Const(c) => {
                        matches!(types.kind(c.ty), TyKind::Pointer(_))
                            && c.value == ConstValue::Zero
                    }
                    Operand::Copy(_) => false,
                };
                if matches!(op, BinOp::Eq | BinOp::Ne) {
                    let pointer = if is_pointer_type(y) {
                        get(self, x)
                    } else if is_pointer_type(x) {
                        get(self, y)
                    } else {
                        None
                    };
                    if let Some(pointer) = pointer {
                        return Err(Expr::IsNil(pointer, *op == BinOp::Ne));
                    }
                }
                let (Some(a), Some(b)) = (get(self, x), get(self, y)) else {
                    return opaque;
                };
                let is_int = |this: &Self, v: ValueId| types.is_integer(this.values[v].ty);
                if !is_int(self, a) || !is_int(self, b) {
                    return opaque;
                }
                Err(self.arithmetic(*op, a, b))
            }
            Rvalue::Len(x) | Rvalue::Cap(x) => match get(self, x) {
                Some(of)
                    if matches!(
                        types.kind(self.values[of].ty),
                        TyKind::Slice(_) | TyKind::String
                    ) =>
                {
                    Ok(self.length(of, matches!(value, Rvalue::Cap(_)), block))
                }
                _ => opaque,
            },
            Rvalue::Slice {
                base,
                low,
                high,
                max: _,
                ..
            } => {
                let base_value = get(self, base);
                let bound = |this: &mut Self, x: &Option<Operand>| match x {
                    None => Some(None),
                    Some(x) => this.operand(cx, body, block, x, walk).map(Some),
                };
                let (Some(low), Some(high)) = (bound(self, low), bound(self, high)) else {
                    return opaque;
                };
                let low = low.filter(|&low| low != ValueId::ZERO);
                let base_ty = base_value.map(|b| self.values[b].ty);
                let base_value = match (base_value, base_ty.map(|ty| types.kind(ty))) {
                    (Some(base), Some(TyKind::Slice(_) | TyKind::String)) => base,
                    (_, Some(TyKind::Pointer(array))) => match types.kind(*array) {
                        TyKind::Array(_, n) if low.is_none() && high.is_none() => {
                            return Err(Expr::KnownLen(*n as i64));
                        }
                        TyKind::Array(_, n) => self.add(ty, Expr::KnownLen(*n as i64), block),
                        _ => return opaque,
                    },
                    _ => return opaque,
                };
                Err(Expr::Slice(base_value, low, high))
            }
            Rvalue::MakeSlice { len, cap, .. } => match (get(self, len), get(self, cap)) {
                (Some(len), Some(cap)) => Err(Expr::MakeSlice(len, cap)),
                _ => opaque,
            },
            Rvalue::Append { slice, values, .. } => match get(self, slice) {
                Some(base) => Err(Expr::Append(base, values.len() as i64)),
                None => opaque,
            },
            Rvalue::CopySlice { dst, src } => match (get(self, dst), get(self, src)) {
                (Some(dst), Some(src)) => {
                    let dst = self.length(dst, false, block);
                    let src = self.length(src, false, block);
                    Err(Expr::CopyCount(dst, src))
                }
                _ => opaque,
            },
            Rvalue::Ref(_) | Rvalue::New(_) => Err(Expr::NonNil),
            _ => opaque,
        }
    }

    fn arithmetic(&mut self, op: BinOp, a: ValueId, b: ValueId) -> Expr {
        let constant = |this: &Self, v: ValueId| match this.expr(v) {
            Expr::Zero => Some(0),
            Expr::Int(n) => Some(*n),
            _ => None,
        };
        match op {
            BinOp::Add => match (constant(self, a), constant(self, b)) {
                (_, Some(k)) if k != i64::MIN => Expr::AddConst(a, k),
                (Some(k), _) if k != i64::MIN => Expr::AddConst(b, k),
                _ => Expr::Add(a, b),
            },
            BinOp::Sub => match constant(self, b) {
                Some(k) if k != i64::MIN => Expr::AddConst(a, -k),
                _ => Expr::Sub(a, b),
            },
            BinOp::And => Expr::And(a, b),
            BinOp::Rem => Expr::Rem(a, b),
            BinOp::Div => Expr::Div(a, b),
            BinOp::Shr => Expr::Shr(a, b),
            BinOp::Min => Expr::Min(a, b),
            BinOp::Max => Expr::Max(a, b),
            BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
                Expr::Compare(op, a, b)
            }
            _ => Expr::Opaque,
        }
    }
}

fn is_followed(types: &TyTable, ty: TyId) -> bool {
    types.is_integer(ty)
        || matches!(
            types.kind(ty),
            TyKind::Bool | TyKind::Slice(_) | TyKind::String | TyKind::Pointer(_)
        )
}

/// Least and greatest value of an integer type, as far as an `i64` goes (the greatest `u64` counts as the greatest `i64`).
pub(super) fn int_range(types: &TyTable, ty: TyId) -> Option<(i64, i64)> {
    use TyKind::*;
    Some(match types.kind(ty) {
        Int8 => (i8::MIN.into(), i8::MAX.into()),
        Int16 => (i16::MIN.into(), i16::MAX.into()),
        Int32 => (i32::MIN.into(), i32::MAX.into()),
        Int | Int64 => (i64::MIN, i64::MAX),
        Uint8 => (0, u8::MAX.into()),
        Uint16 => (0, u16::MAX.into()),
        Uint32 => (0, u32::MAX.into()),
        // Not below any signed bound that matters: see `is_wide_unsigned`.
        Uint | Uint64 | Uintptr => (0, i64::MAX),
        _ => return None,
    })
}

/// Whether values of the type may be greater than the greatest `i64`.
pub(super) fn is_wide_unsigned(types: &TyTable, ty: TyId) -> bool {
    matches!(
        types.kind(ty),
        TyKind::Uint | TyKind::Uint64 | TyKind::Uintptr
    )
}
