//! Calls whose callee is known become static: of a func value that is a top-level function, of a method of an interface value
//! that was made from a concrete value in the same body.
//!
//! A method with a value receiver is called as declared: with the value, or with what the pointer points to, so that a nil
//! pointer is dereferenced where a call through the interface says which method it was called with. A promoted one is called
//! through its wrapper, which takes a pointer to the value; the value is put in a temporary for it. Whether a literal is called is for the inliner to see: a static call has no context.
//!
//! Precondition: none; new locals only.

use super::defs::{Defs, Origin, Point};
use crate::body::{Body, Local, LocalKind, Statement, StatementKind};
use crate::cfg::Cfg;
use crate::place::{ConstValue, Operand, Place};
use crate::program::Program;
use crate::rvalue::{Callee, Rvalue};
use crate::types::{TyId, TyKind};
use mini_diagnostics::Pos;
use std::sync::Arc;

/// An interface call that became static, for `-m`.
pub(super) struct Change {
    pub(super) call: Arc<str>,
    pub(super) ty: TyId,
    pub(super) pos: Pos,
    pub(super) inlined: u32,
}

/// What to do with a call.
enum Plan {
    Func(crate::ids::FuncId),
    Method {
        func: crate::ids::FuncId,
        ty: TyId,
        value: Operand,
        receiver: Receiver,
    },
}

/// What of the interface's value a method is called with.
#[derive(Clone, Copy)]
enum Receiver {
    Value,
    /// The address of a copy.
    Address,
    Pointee,
}

pub(super) fn run(body: &mut Body, program: &mut Program) -> Vec<Change> {
    let is_candidate = |statement: &Statement| {
        matches!(&statement.kind, StatementKind::Assign(_, Rvalue::Call(call))
            if !matches!(call.callee, Callee::Static(_)))
    };
    if !body
        .blocks
        .iter()
        .any(|block| block.statements.iter().any(is_candidate))
    {
        return vec![];
    }
    let cfg = Cfg::new(body);
    let defs = Defs::new(body);
    let mut plans = vec![];
    for &block in &cfg.order {
        for (index, statement) in body.blocks[block].statements.iter().enumerate() {
            let at = Point {
                block,
                statement: index as u32,
            };
            if let Some(plan) = plan(body, program, &cfg, &defs, statement, at) {
                plans.push((at, plan));
            }
        }
    }
    let mut changes = vec![];
    // From the end, so that inserted statements move nothing that is still to be changed.
    for (at, plan) in plans.into_iter().rev() {
        apply(body, program, at, plan, &mut changes);
    }
    changes.reverse();
    changes
}

fn plan(
    body: &Body,
    program: &Program,
    cfg: &Cfg,
    defs: &Defs,
    statement: &Statement,
    at: Point,
) -> Option<Plan> {
    let StatementKind::Assign(_, Rvalue::Call(call)) = &statement.kind else {
        return None;
    };
    match &call.callee {
        Callee::Static(_) => None,
        Callee::Value(value) => match defs.origin(body, cfg, value, at)? {
            Origin::Const(constant) => match constant.value {
                ConstValue::Func(func) => Some(Plan::Func(func)),
                _ => None,
            },
            Origin::Value(..) => None,
        },
        Callee::Method {
            receiver,
            interface,
            method,
        } => {
            let mut origin = defs.origin(body, cfg, receiver, at)?;
            while let Origin::Value(Rvalue::ConvertInterface { value, .. }, from) = origin {
                origin = defs.origin(body, cfg, value, from)?;
            }
            let Origin::Value(Rvalue::MakeInterface { value, .. }, made) = origin else {
                return None;
            };
            // The value must be the same at the call.
            let ty = match value {
                Operand::Const(constant) => constant.ty,
                Operand::Copy(place) => {
                    let local = place.as_local()?;
                    if !defs.is_settled(body, cfg, local, made) {
                        return None;
                    }
                    body.locals[local].ty
                }
            };
            let TyKind::Interface(methods) = program.types.kind(*interface) else {
                return None;
            };
            let wanted = &methods[*method as usize];
            let found = program.methods.get(&ty)?.iter().find(|m| {
                (&m.name, &m.package, m.sig) == (&wanted.name, &wanted.package, wanted.sig)
            })?;
            let func = found.by_value.unwrap_or(found.func);
            let TyKind::Func(sig) = program.types.kind(program.funcs[func].sig) else {
                return None;
            };
            let first = *sig.params.first()?;
            let receiver = match (program.types.kind(first), program.types.kind(ty)) {
                _ if first == ty => Receiver::Value,
                (TyKind::Pointer(elem), _) if *elem == ty => Receiver::Address,
                (_, TyKind::Pointer(elem)) if *elem == first => Receiver::Pointee,
                _ => return None,
            };
            Some(Plan::Method {
                func,
                ty,
                value: value.clone(),
                receiver,
            })
        }
    }
}

fn apply(body: &mut Body, program: &mut Program, at: Point, plan: Plan, changes: &mut Vec<Change>) {
    let statement = &mut body.blocks[at.block].statements[at.statement as usize];
    let (pos, inlined) = (statement.pos, statement.inlined);
    let StatementKind::Assign(dest, Rvalue::Call(call)) = &mut statement.kind else {
        return;
    };
    match plan {
        Plan::Func(func) => call.callee = Callee::Static(func),
        Plan::Method {
            func,
            ty,
            value,
            receiver,
        } => {
            changes.push(Change {
                call: call.name.clone(),
                ty,
                pos,
                inlined,
            });
            call.callee = Callee::Static(func);
            match (receiver, &value) {
                (Receiver::Value, _) => return call.args.insert(0, value),
                (Receiver::Pointee, Operand::Copy(pointer)) => {
                    return call.args.insert(0, Operand::Copy(pointer.clone().deref()));
                }
                (Receiver::Pointee, Operand::Const(_)) | (Receiver::Address, _) => {}
            }
            let loop_depth = dest.as_local().map_or(1, |l| body.locals[l].loop_depth);
            let temp = |ty, addr_taken| Local {
                name: Arc::from(""),
                ty,
                pos,
                kind: LocalKind::Temp,
                addr_taken,
                loop_depth,
            };
            let is_address = matches!(receiver, Receiver::Address);
            let copy = body.locals.push(temp(ty, is_address));
            let mut new = vec![StatementKind::Assign(copy.into(), Rvalue::Use(value))];
            call.args.insert(
                0,
                if is_address {
                    let pointer = body.locals.push(temp(program.types.pointer_to(ty), false));
                    new.insert(0, StatementKind::StorageLive(copy));
                    new.push(StatementKind::Assign(
                        pointer.into(),
                        Rvalue::Ref(Place::local(copy)),
                    ));
                    Operand::local(pointer)
                } else {
                    Operand::Copy(Place::local(copy).deref())
                },
            );
            let index = at.statement as usize;
            body.blocks[at.block].statements.splice(
                index..index,
                new.into_iter().map(|kind| Statement { kind, pos, inlined }),
            );
        }
    }
}
