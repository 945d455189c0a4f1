//! Walks over the parts of statements: each operand, place and local, once, in order of evaluation.
//!
//! Every function has a twin that may change what it visits.

use crate::body::{Statement, StatementKind, Terminator, TerminatorKind};
use crate::ids::LocalId;
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::rvalue::{Callee, Rvalue, SelectCase};

/// What a statement does with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    /// Takes its address.
    Ref,
}

macro_rules! walks {
    ($rvalue_operands:ident, $statement_operands:ident, $terminator_operands:ident, $statement_places:ident,
     $terminator_places:ident, $place_locals:ident, $whole_locals:ident, $($m:ident)?) => {
        /// Operands of an rvalue.
        pub fn $rvalue_operands(value: &$($m)? Rvalue, visit: &mut dyn FnMut(&$($m)? Operand)) {
            match value {
                Rvalue::Use(x)
                | Rvalue::Unary(_, x)
                | Rvalue::Convert { value: x, .. }
                | Rvalue::MakeInterface { value: x, .. }
                | Rvalue::MakeMap { hint: x, .. }
                | Rvalue::MakeChan { size: x, .. }
                | Rvalue::Len(x)
                | Rvalue::Cap(x)
                | Rvalue::TypeAssert { value: x, .. }
                | Rvalue::TypeIs { value: x, .. }
                | Rvalue::Unbox { value: x, .. }
                | Rvalue::ConvertInterface { value: x, .. }
                | Rvalue::Receive { chan: x, .. } => visit(x),
                Rvalue::Binary(_, a, b)
                | Rvalue::MakeSlice { len: a, cap: b, .. }
                | Rvalue::AppendSlice { slice: a, other: b, .. }
                | Rvalue::CopySlice { dst: a, src: b }
                | Rvalue::DecodeRune { string: a, index: b }
                | Rvalue::MapGet { map: a, key: b, .. }
                | Rvalue::MapEntry { map: a, key: b } => {
                    visit(a);
                    visit(b);
                }
                Rvalue::Aggregate { parts, .. } | Rvalue::Concat { parts, .. } => {
                    for part in parts {
                        visit(part);
                    }
                }
                Rvalue::MakeClosure { captures, .. } => {
                    for capture in captures {
                        visit(capture);
                    }
                }
                Rvalue::Append { slice, values, .. } => {
                    visit(slice);
                    for value in values {
                        visit(value);
                    }
                }
                Rvalue::Slice { base, low, high, max, .. } => {
                    visit(base);
                    for bound in [low, high, max].into_iter().flatten() {
                        visit(bound);
                    }
                }
                Rvalue::Select { cases, .. } => {
                    for case in cases {
                        match case {
                            SelectCase::Send { chan, value } => {
                                visit(chan);
                                visit(value);
                            }
                            SelectCase::Receive { chan, .. } => visit(chan),
                        }
                    }
                }
                Rvalue::Call(call) => {
                    let call = &$($m)? **call;
                    match &$($m)? call.callee {
                        Callee::Static(_) => {}
                        Callee::Value(x) | Callee::Method { receiver: x, .. } => visit(x),
                    }
                    for arg in &$($m)? call.args {
                        visit(arg);
                    }
                }
                Rvalue::Ref(_) | Rvalue::New(_) | Rvalue::MapIterNext { .. } | Rvalue::Recover => {}
            }
        }

        /// Operands of a statement.
        pub fn $statement_operands(statement: &$($m)? Statement, visit: &mut dyn FnMut(&$($m)? Operand)) {
            match &$($m)? statement.kind {
                StatementKind::Assign(_, value) => $rvalue_operands(value, visit),
                StatementKind::MapSet { map, key, value } => {
                    visit(map);
                    visit(key);
                    visit(value);
                }
                StatementKind::MapDelete { map, key } => {
                    visit(map);
                    visit(key);
                }
                StatementKind::MapIterInit { map: x, .. }
                | StatementKind::MapClear(x)
                | StatementKind::SliceClear(x)
                | StatementKind::Close(x)
                | StatementKind::Go(x)
                | StatementKind::Defer(x)
                | StatementKind::DeferList(x)
                | StatementKind::NilCheck(x) => visit(x),
                StatementKind::Send { chan, value } => {
                    visit(chan);
                    visit(value);
                }
                StatementKind::BoundsCheck { index, len } => {
                    visit(index);
                    visit(len);
                }
                StatementKind::Print { args, .. } => {
                    for arg in args {
                        visit(arg);
                    }
                }
                StatementKind::StorageLive(_) | StatementKind::RunDefers | StatementKind::Nop => {}
            }
        }

        /// Operands of a terminator.
        pub fn $terminator_operands(terminator: &$($m)? Terminator, visit: &mut dyn FnMut(&$($m)? Operand)) {
            match &$($m)? terminator.kind {
                TerminatorKind::If { cond: x, .. }
                | TerminatorKind::Switch { value: x, .. }
                | TerminatorKind::Panic(x) => visit(x),
                TerminatorKind::Goto(_) | TerminatorKind::Return | TerminatorKind::Unreachable => {}
            }
        }

        /// Places of a statement: those read, then the one written.
        pub fn $statement_places(statement: &$($m)? Statement, visit: &mut dyn FnMut(&$($m)? Place, Access)) {
            $statement_operands(statement, &mut |operand| {
                if let Operand::Copy(place) = operand {
                    visit(place, Access::Read);
                }
            });
            if let StatementKind::Assign(place, value) = &$($m)? statement.kind {
                if let Rvalue::Ref(target) = value {
                    visit(target, Access::Ref);
                }
                visit(place, Access::Write);
            }
        }

        /// Places of a terminator: all are read.
        pub fn $terminator_places(terminator: &$($m)? Terminator, visit: &mut dyn FnMut(&$($m)? Place, Access)) {
            $terminator_operands(terminator, &mut |operand| {
                if let Operand::Copy(place) = operand {
                    visit(place, Access::Read);
                }
            });
        }

        /// Locals that a place names: its base and its indexes.
        pub fn $place_locals(place: &$($m)? Place, visit: &mut dyn FnMut(&$($m)? LocalId)) {
            if let PlaceBase::Local(local) = &$($m)? place.base {
                visit(local);
            }
            for step in &$($m)? place.proj {
                if let Proj::Index { index, .. } = step {
                    visit(index);
                }
            }
        }

        /// Locals that a statement names outside of places: what comes to life, map iterators, destinations of a select.
        pub fn $whole_locals(statement: &$($m)? Statement, visit: &mut dyn FnMut(&$($m)? LocalId, Access)) {
            match &$($m)? statement.kind {
                StatementKind::StorageLive(local) => visit(local, Access::Write),
                StatementKind::MapIterInit { iter, .. } => visit(iter, Access::Write),
                StatementKind::Assign(_, Rvalue::MapIterNext { iter }) => visit(iter, Access::Read),
                StatementKind::Assign(_, Rvalue::Select { cases, .. }) => {
                    for case in cases {
                        if let SelectCase::Receive { dest: Some(dest), .. } = case {
                            visit(dest, Access::Write);
                        }
                    }
                }
                _ => {}
            }
        }
    };
}

walks!(
    rvalue_operands,
    statement_operands,
    terminator_operands,
    statement_places,
    terminator_places,
    place_locals,
    whole_locals,
);
walks!(
    rvalue_operands_mut,
    statement_operands_mut,
    terminator_operands_mut,
    statement_places_mut,
    terminator_places_mut,
    place_locals_mut,
    whole_locals_mut,
    mut
);

/// Every local that a statement names.
pub fn statement_locals_mut(statement: &mut Statement, visit: &mut dyn FnMut(&mut LocalId)) {
    statement_places_mut(statement, &mut |place, _| place_locals_mut(place, visit));
    whole_locals_mut(statement, &mut |local, _| visit(local));
}

/// Every local that a terminator names.
pub fn terminator_locals_mut(terminator: &mut Terminator, visit: &mut dyn FnMut(&mut LocalId)) {
    terminator_places_mut(terminator, &mut |place, _| place_locals_mut(place, visit));
}
