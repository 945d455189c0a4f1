//! Where the value of a local comes from, when it is assigned once.
//!
//! A local whose only assignment dominates a use has there the value of that assignment, if nobody has its address. A
//! temporary is written before it is read, so dominance goes without saying; a variable is zero before its assignment.

use crate::body::{Body, LocalKind, StatementKind};
use crate::cfg::Cfg;
use crate::ids::{BlockId, IndexVec, LocalId};
use crate::place::{Operand, PlaceBase, Proj};
use crate::rvalue::Rvalue;
use crate::visit::{self, Access};

/// A statement of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) block: BlockId,
    pub(super) statement: u32,
}

/// Assignments to a local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Def {
    None,
    /// The value that a parameter comes with.
    Entry,
    One(Point),
    Many,
}

/// Assignments and reads of every local.
#[derive(Debug)]
pub(super) struct Defs {
    defs: IndexVec<LocalId, Def>,
    /// Uses other than assignments to the whole.
    pub(super) reads: IndexVec<LocalId, u32>,
}

impl Defs {
    pub(super) fn new(body: &Body) -> Defs {
        let mut defs = Defs {
            defs: IndexVec::from_elem(Def::None, body.locals.len()),
            reads: IndexVec::from_elem(0, body.locals.len()),
        };
        for local in body.params.iter().chain(&body.context) {
            defs.defs[*local] = Def::Entry;
        }
        for (id, block) in body.blocks.iter_enumerated() {
            for (index, statement) in block.statements.iter().enumerate() {
                let point = Point {
                    block: id,
                    statement: index as u32,
                };
                visit::statement_places(statement, &mut |place, access| {
                    visit::place_locals(place, &mut |&local| defs.reads[local] += 1);
                    let PlaceBase::Local(local) = place.base else {
                        return;
                    };
                    let through = matches!(place.proj.first(), Some(Proj::Deref { .. }));
                    match access {
                        Access::Write if place.proj.is_empty() => {
                            defs.reads[local] -= 1;
                            defs.define(local, Def::One(point));
                        }
                        Access::Write | Access::Ref if !through => defs.defs[local] = Def::Many,
                        _ => {}
                    }
                });
                visit::whole_locals(statement, &mut |&local, access| match access {
                    Access::Write if matches!(statement.kind, StatementKind::StorageLive(_)) => {}
                    Access::Write => defs.defs[local] = Def::Many,
                    _ => defs.reads[local] += 1,
                });
            }
            visit::terminator_places(&block.terminator, &mut |place, _| {
                visit::place_locals(place, &mut |&local| defs.reads[local] += 1);
            });
        }
        defs
    }

    fn define(&mut self, local: LocalId, def: Def) {
        let slot = &mut self.defs[local];
        *slot = if *slot == Def::None { def } else { Def::Many };
    }

    /// The only assignment to a local whose address nobody has.
    pub(super) fn only(&self, body: &Body, local: LocalId) -> Option<Point> {
        match self.defs[local] {
            Def::One(point) if !body.locals[local].addr_taken => Some(point),
            _ => None,
        }
    }

    /// The assignment that gives `local` the value it has at `at`.
    pub(super) fn at(&self, body: &Body, cfg: &Cfg, local: LocalId, at: Point) -> Option<Point> {
        let point = self.only(body, local)?;
        let reaches = body.locals[local].kind == LocalKind::Temp
            || if point.block == at.block {
                point.statement < at.statement
            } else {
                cfg.dominates(point.block, at.block)
            };
        reaches.then_some(point)
    }

    /// Whether `local` has the value at `at` wherever it is read behind.
    pub(super) fn is_settled(&self, body: &Body, cfg: &Cfg, local: LocalId, at: Point) -> bool {
        match self.defs[local] {
            Def::Entry => !body.locals[local].addr_taken,
            _ => self.at(body, cfg, local, at).is_some(),
        }
    }

    /// The rvalue behind a chain of copies, and where it is; the operand itself if it is a constant.
    pub(super) fn origin<'a>(
        &self,
        body: &'a Body,
        cfg: &Cfg,
        operand: &'a Operand,
        mut at: Point,
    ) -> Option<Origin<'a>> {
        let mut operand = operand;
        for _ in 0..32 {
            let place = match operand {
                Operand::Const(constant) => return Some(Origin::Const(constant)),
                Operand::Copy(place) => place,
            };
            let local = place.as_local()?;
            let point = self.at(body, cfg, local, at)?;
            let statement = &body.blocks[point.block].statements[point.statement as usize];
            let StatementKind::Assign(_, value) = &statement.kind else {
                return None;
            };
            match value {
                Rvalue::Use(from)
                | Rvalue::Convert {
                    kind: crate::rvalue::ConvertKind::Same,
                    value: from,
                    ..
                } => {
                    operand = from;
                    at = point;
                }
                value => return Some(Origin::Value(value, point)),
            }
        }
        None
    }
}

/// See [`Defs::origin`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    Const(&'a crate::place::Const),
    Value(&'a Rvalue, Point),
}
