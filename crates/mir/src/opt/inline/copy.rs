//! A copy of a callee's statements: ids become those of the caller, captures what the closure was made of.

use crate::body::{Statement, StatementKind, Terminator, TerminatorKind};
use crate::ids::{BlockId, LocalId, SiteId};
use crate::opt::simplify_cfg;
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::rvalue::Rvalue;
use crate::visit;

/// How ids of the callee are changed.
pub(super) struct Copy {
    pub(super) locals: u32,
    pub(super) blocks: u32,
    pub(super) sites: u32,
    pub(super) marks: u32,
    /// Mark of the call itself, index plus one.
    pub(super) inlined: u32,
    pub(super) context: Option<LocalId>,
    pub(super) captures: Option<Vec<Operand>>,
    pub(super) to: BlockId,
}

impl Copy {
    pub(super) fn local(&self, local: LocalId) -> LocalId {
        LocalId(local.0 + self.locals)
    }

    pub(super) fn block(&self, block: BlockId) -> BlockId {
        BlockId(block.0 + self.blocks)
    }

    pub(super) fn mark(&self, inlined: u32) -> u32 {
        match inlined {
            0 => self.inlined,
            nested => nested + self.marks,
        }
    }

    pub(super) fn statement(&mut self, statement: &mut Statement) {
        visit::statement_operands_mut(statement, &mut |operand| self.operand(operand));
        if let StatementKind::Assign(place, value) = &mut statement.kind {
            self.place(place);
            match value {
                Rvalue::Ref(place) => self.place(place),
                Rvalue::New(site)
                | Rvalue::MakeSlice { site, .. }
                | Rvalue::MakeClosure { site, .. }
                | Rvalue::MakeInterface { site, .. }
                | Rvalue::MakeMap { site, .. }
                | Rvalue::MakeChan { site, .. }
                | Rvalue::Concat { site, .. }
                | Rvalue::Append { site, .. }
                | Rvalue::AppendSlice { site, .. }
                | Rvalue::Convert {
                    site: Some(site), ..
                } => *site = SiteId(site.0 + self.sites),
                _ => {}
            }
        }
        visit::whole_locals_mut(statement, &mut |local, _| *local = self.local(*local));
        statement.inlined = self.mark(statement.inlined);
    }

    pub(super) fn terminator(&mut self, terminator: &mut Terminator) {
        visit::terminator_operands_mut(terminator, &mut |operand| self.operand(operand));
        if terminator.kind == TerminatorKind::Return {
            terminator.kind = TerminatorKind::Goto(self.to);
        } else {
            simplify_cfg::targets_mut(&mut terminator.kind, &mut |target| {
                *target = self.block(*target);
            });
        }
        terminator.inlined = self.mark(terminator.inlined);
    }

    fn operand(&self, operand: &mut Operand) {
        let Operand::Copy(place) = operand else {
            return;
        };
        if let Some(Operand::Const(constant)) = self.capture(place) {
            *operand = Operand::Const(constant.clone());
            return;
        }
        self.place(place);
    }

    /// What a place that begins with a capture stands for.
    fn capture(&self, place: &Place) -> Option<&Operand> {
        match place.proj[..] {
            [Proj::Deref { .. }, Proj::Field(field @ 1..), ..]
                if self
                    .context
                    .is_some_and(|c| place.base == PlaceBase::Local(c)) =>
            {
                self.captures.as_ref()?.get(field as usize - 1)
            }
            _ => None,
        }
    }

    fn place(&self, place: &mut Place) {
        for step in &mut place.proj {
            if let Proj::Index { index, .. } = step {
                *index = self.local(*index);
            }
        }
        if let Some(Operand::Copy(outer)) = self.capture(place) {
            let mut whole = outer.clone();
            whole.proj.extend(place.proj[2..].iter().copied());
            *place = whole;
            return;
        }
        if let PlaceBase::Local(local) = &mut place.base {
            *local = self.local(*local);
        }
    }
}
