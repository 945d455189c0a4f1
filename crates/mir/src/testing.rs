//! Builds small programs by hand, for tests of passes.

use crate::body::{
    Block, Body, Local, LocalKind, Site, SiteKind, Statement, StatementKind, Terminator,
    TerminatorKind,
};
use crate::ids::{BlockId, FuncId, LocalId, SiteId};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::program::{Func, FuncKind, InlineCost, Program};
use crate::rvalue::{BinOp, Call, Callee, Rvalue};
use crate::types::{FuncSig, TyId, TyKind};
use mini_diagnostics::{Pos, Span};

/// A program under construction, one function at a time.
#[derive(Debug)]
pub struct Builder {
    pub program: Program,
    pub body: Body,
    current: BlockId,
    /// Each statement, local and site has a position of its own, counting up.
    next_pos: u32,
    pub loop_depth: u32,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    pub fn new() -> Builder {
        let mut builder = Builder {
            program: Program::default(),
            body: Body::new(Span::NONE),
            current: Body::ENTRY,
            next_pos: 1,
            loop_depth: 1,
        };
        builder.block();
        builder
    }

    fn pos(&mut self) -> Pos {
        self.next_pos += 1;
        Pos(self.next_pos)
    }

    // ---- Types ----

    pub fn pointer(&mut self, to: TyId) -> TyId {
        self.program.types.pointer_to(to)
    }

    pub fn slice(&mut self, of: TyId) -> TyId {
        self.program.types.intern(TyKind::Slice(of))
    }

    pub fn array(&mut self, of: TyId, n: u64) -> TyId {
        self.program.types.intern(TyKind::Array(of, n))
    }

    // ---- Locals ----

    pub fn local(&mut self, name: &str, ty: TyId, kind: LocalKind) -> LocalId {
        let pos = self.pos();
        let local = self.body.locals.push(Local {
            name: name.into(),
            ty,
            pos,
            kind,
            addr_taken: false,
            loop_depth: self.loop_depth,
        });
        match kind {
            LocalKind::Param => self.body.params.push(local),
            LocalKind::Result => self.body.results.push(local),
            LocalKind::Context => self.body.context = Some(local),
            LocalKind::Var => self.push(StatementKind::StorageLive(local)),
            LocalKind::Temp => {}
        }
        local
    }

    pub fn param(&mut self, name: &str, ty: TyId) -> LocalId {
        self.local(name, ty, LocalKind::Param)
    }

    pub fn result(&mut self, ty: TyId) -> LocalId {
        let name = format!("~r{}", self.body.results.len());
        self.local(&name, ty, LocalKind::Result)
    }

    pub fn var(&mut self, name: &str, ty: TyId) -> LocalId {
        self.local(name, ty, LocalKind::Var)
    }

    pub fn temp(&mut self, ty: TyId) -> LocalId {
        self.local("", ty, LocalKind::Temp)
    }

    pub fn site(&mut self, kind: SiteKind, ty: TyId, text: &str) -> SiteId {
        let pos = self.pos();
        self.body.sites.push(Site {
            kind,
            ty,
            pos,
            text: text.into(),
            loop_depth: self.loop_depth,
            is_exclusive: false,
        })
    }

    // ---- Statements ----

    pub fn push(&mut self, kind: StatementKind) {
        let pos = self.pos();
        self.body.blocks[self.current].statements.push(Statement {
            kind,
            pos,
            inlined: 0,
        });
    }

    pub fn assign(&mut self, place: impl Into<Place>, value: Rvalue) {
        if let Rvalue::Ref(target) = &value
            && let PlaceBase::Local(local) = target.base
            && !matches!(target.proj.first(), Some(Proj::Deref { .. }))
        {
            self.body.locals[local].addr_taken = true;
        }
        self.push(StatementKind::Assign(place.into(), value));
    }

    pub fn copy(&mut self, to: impl Into<Place>, from: impl Into<Place>) {
        self.assign(to, Rvalue::Use(Operand::Copy(from.into())));
    }

    pub fn eval(&mut self, ty: TyId, value: Rvalue) -> LocalId {
        let temp = self.temp(ty);
        self.assign(temp, value);
        temp
    }

    pub fn address_of(&mut self, place: impl Into<Place>, ty: TyId) -> LocalId {
        let pointer = self.pointer(ty);
        self.eval(pointer, Rvalue::Ref(place.into()))
    }

    pub fn new_object(&mut self, kind: SiteKind, ty: TyId, text: &str) -> LocalId {
        let site = self.site(kind, ty, text);
        let pointer = self.pointer(ty);
        self.eval(pointer, Rvalue::New(site))
    }

    pub fn binary(
        &mut self,
        op: BinOp,
        ty: TyId,
        a: impl Into<Operand>,
        b: impl Into<Operand>,
    ) -> LocalId {
        self.eval(ty, Rvalue::Binary(op, a.into(), b.into()))
    }

    pub fn call(&mut self, callee: FuncId, args: Vec<Operand>) -> LocalId {
        let TyKind::Func(sig) = self.program.types.kind(self.program.funcs[callee].sig) else {
            panic!("callee is no function");
        };
        let results = sig.results.clone();
        let ty = self.program.types.call_result(&results);
        let name = self.program.funcs[callee].short_name.clone();
        let callee = Callee::Static(callee);
        let call = Call { callee, args, name };
        self.eval(ty, Rvalue::Call(Box::new(call)))
    }

    // ---- Blocks ----

    pub fn block(&mut self) -> BlockId {
        self.body.blocks.push(Block {
            statements: vec![],
            terminator: Terminator {
                kind: TerminatorKind::Return,
                pos: Pos::NONE,
                inlined: 0,
            },
        })
    }

    pub fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    pub fn terminate(&mut self, kind: TerminatorKind) {
        self.body.blocks[self.current].terminator.kind = kind;
    }

    /// Ends the block with a jump and goes on in its target.
    pub fn goto(&mut self, target: BlockId) {
        self.terminate(TerminatorKind::Goto(target));
        self.current = target;
    }

    /// Ends the block with a branch and goes on where the condition holds.
    pub fn branch(&mut self, cond: impl Into<Operand>, then: BlockId, otherwise: BlockId) {
        self.terminate(TerminatorKind::If {
            cond: cond.into(),
            then,
            otherwise,
        });
        self.current = then;
    }

    // ---- Functions ----

    /// Ends the function (its last block returns).
    pub fn finish(&mut self, name: &str) -> FuncId {
        let body = std::mem::replace(&mut self.body, Body::new(Span::NONE));
        let types = |locals: &[LocalId]| locals.iter().map(|&l| body.locals[l].ty).collect();
        let sig = FuncSig {
            params: types(&body.params),
            results: types(&body.results),
            variadic: false,
        };
        let sig = self.program.types.intern(TyKind::Func(sig));
        let pos = self.pos();
        let id = self.program.funcs.push(Func {
            name: format!("main.{name}").into(),
            package: "main".into(),
            sig,
            kind: FuncKind::Body(Box::new(body)),
            pos,
            short_name: name.into(),
            no_inline: false,
            is_wrapper: false,
            is_library: false,
            parent: None,
            inline_cost: InlineCost::Unknown,
        });
        self.current = self.block();
        self.loop_depth = 1;
        id
    }
}
