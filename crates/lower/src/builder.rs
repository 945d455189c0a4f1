//! Builds one body: blocks, statements, temporaries, sites.
//!
//! The builder has a current block. Once that block is ended, statements go into a fresh block that nothing leads to, so
//! that callers need not ask whether code can be reached; [`Builder::finish`] drops such blocks.

use mini_diagnostics::{Pos, Span};
use mini_mir::{
    Block, BlockId, Body, IndexVec, Local, LocalId, LocalKind, Operand, Place, Rvalue, Site,
    SiteId, SiteKind, Statement, StatementKind, Terminator, TerminatorKind, TyId, ids::Idx,
};
use std::sync::Arc;

/// A body under construction.
pub(crate) struct Builder {
    pub(crate) body: Body,
    current: BlockId,
    /// Blocks whose terminator is set.
    ended: Vec<bool>,
    /// Position given to what is built next.
    pub(crate) pos: Pos,
    /// As [`Local::loop_depth`].
    pub(crate) loop_depth: u32,
}

impl Builder {
    pub(crate) fn new(span: Span) -> Builder {
        let mut builder = Builder {
            body: Body::new(span),
            current: Body::ENTRY,
            ended: vec![],
            pos: span.start,
            loop_depth: 1,
        };
        builder.new_block();
        builder
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Blocks

    pub(crate) fn new_block(&mut self) -> BlockId {
        self.ended.push(false);
        self.body.blocks.push(Block {
            statements: vec![],
            terminator: Terminator {
                kind: TerminatorKind::Unreachable,
                pos: self.pos,
                inlined: 0,
            },
        })
    }

    pub(crate) fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Whether the current block still takes statements that control may reach.
    pub(crate) fn is_open(&self) -> bool {
        !self.ended[self.current.index()]
    }

    pub(crate) fn terminate(&mut self, kind: TerminatorKind) {
        if self.is_open() {
            self.ended[self.current.index()] = true;
            self.body.blocks[self.current].terminator = Terminator {
                kind,
                pos: self.pos,
                inlined: 0,
            };
        }
    }

    pub(crate) fn goto(&mut self, target: BlockId) {
        self.terminate(TerminatorKind::Goto(target));
    }

    pub(crate) fn branch(&mut self, cond: Operand, then: BlockId, otherwise: BlockId) {
        match cond {
            Operand::Const(ref c) if c.value == mini_mir::ConstValue::Bool(true) => self.goto(then),
            Operand::Const(ref c) if matches!(c.value, mini_mir::ConstValue::Bool(false)) => {
                self.goto(otherwise)
            }
            cond => self.terminate(TerminatorKind::If {
                cond,
                then,
                otherwise,
            }),
        }
    }

    pub(crate) fn push(&mut self, kind: StatementKind) {
        if !self.is_open() {
            let dead = self.new_block();
            self.switch_to(dead);
        }
        self.body.blocks[self.current].statements.push(Statement {
            kind,
            pos: self.pos,
            inlined: 0,
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Locals and sites

    pub(crate) fn local(
        &mut self,
        name: impl Into<Arc<str>>,
        ty: TyId,
        pos: Pos,
        kind: LocalKind,
    ) -> LocalId {
        self.body.locals.push(Local {
            name: name.into(),
            ty,
            pos,
            kind,
            addr_taken: false,
            loop_depth: self.loop_depth,
        })
    }

    pub(crate) fn temp(&mut self, ty: TyId) -> LocalId {
        self.local("", ty, self.pos, LocalKind::Temp)
    }

    pub(crate) fn site(
        &mut self,
        kind: SiteKind,
        ty: TyId,
        pos: Pos,
        text: impl Into<Arc<str>>,
    ) -> SiteId {
        self.body.sites.push(Site {
            kind,
            ty,
            pos,
            text: text.into(),
            loop_depth: self.loop_depth,
            is_exclusive: false,
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Statements

    pub(crate) fn assign(&mut self, place: impl Into<Place>, value: Rvalue) {
        self.push(StatementKind::Assign(place.into(), value));
    }

    /// The value of an rvalue, in a new temporary.
    pub(crate) fn eval(&mut self, ty: TyId, value: Rvalue) -> LocalId {
        let temp = self.temp(ty);
        self.assign(temp, value);
        temp
    }

    pub(crate) fn live(&mut self, local: LocalId) {
        self.push(StatementKind::StorageLive(local));
    }

    // -----------------------------------------------------------------------------------------------------------------

    /// The body, without the blocks that control cannot reach. A block left open ends the function: the caller has put a
    /// `Return` or knows that control does not get there.
    pub(crate) fn finish(mut self) -> Body {
        let n = self.body.blocks.len();
        let mut reached = vec![false; n];
        let mut order = vec![];
        let mut todo = vec![Body::ENTRY];
        reached[0] = true;
        while let Some(block) = todo.pop() {
            order.push(block);
            for next in self.body.blocks[block].terminator.kind.successors() {
                if !std::mem::replace(&mut reached[next.index()], true) {
                    todo.push(next);
                }
            }
        }
        if order.len() == n {
            return self.body;
        }
        let mut renumbered = vec![BlockId(u32::MAX); n];
        let mut kept = IndexVec::new();
        for (index, block) in std::mem::take(&mut self.body.blocks)
            .raw_mut()
            .drain(..)
            .enumerate()
        {
            if reached[index] {
                renumbered[index] = kept.push(block);
            }
        }
        for block in kept.iter_mut() {
            retarget(&mut block.terminator.kind, |b| renumbered[b.index()]);
        }
        self.body.blocks = kept;
        self.body
    }
}

fn retarget(kind: &mut TerminatorKind, map: impl Fn(BlockId) -> BlockId) {
    match kind {
        TerminatorKind::Goto(target) => *target = map(*target),
        TerminatorKind::If {
            then, otherwise, ..
        } => {
            *then = map(*then);
            *otherwise = map(*otherwise);
        }
        TerminatorKind::Switch {
            targets, otherwise, ..
        } => {
            for target in targets {
                target.target = map(target.target);
            }
            *otherwise = map(*otherwise);
        }
        TerminatorKind::Return | TerminatorKind::Panic(_) | TerminatorKind::Unreachable => {}
    }
}
