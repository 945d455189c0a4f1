//! `for … range f`, where f is a function.
//!
//! The body of the loop becomes a function, which f is called with; `continue` returns true from it, `break` false. Other
//! ways out of the loop ([`Exit`]) leave their number in a variable and return false; behind the call of f, the function
//! around the loop looks at the number and goes there, which may again mean to leave a loop. The body's function is
//! lowered at once, and captures what it turns out to need, always of the function directly around it.
//!
//! What the body defers is deferred by the function around the outermost loop: closures go to a list, which is registered when
//! that loop begins. What it returns goes to that function's results.
//!
//! The loop has a state, one of the `Range…` numbers below, so that an iterator that calls the body once too often panics.
//! (Go: `cmd/compile/internal/rangefunc/rewrite.go`.)

use std::rc::Rc;

use mini_abi::panics::PanicCode;
use mini_frontend::ObjId;
use mini_mir::{
    BinOp, BlockId, Call, Callee, CaptureInfo, FuncId, FuncSig, LocalId, LocalKind, Operand, Place,
    Proj, Rvalue, SiteKind, StatementKind, SwitchTarget, TerminatorKind, TyId, TyKind,
};
use mini_syntax::Symbol;
use mini_syntax::ast::{Block, BranchKind, Ident, RangeStmt, StmtKind};

use crate::func::{FuncLower, Slot};
use crate::names::Inner;
use crate::stmt::any_stmt;

/// The body has ended the loop.
const DONE: i64 = 0;
/// The body is running, or has panicked.
const RUNNING: i64 = 1;
/// The iterator has returned.
const EXHAUSTED: i64 = 2;
/// The iterator may call the body.
const READY: i64 = 3;

/// A way out of a loop that its body cannot go itself.
#[derive(Clone, Copy, PartialEq)]
enum Exit {
    /// The results have been assigned.
    Return,
    Branch(BranchKind, Option<Ident>),
}

impl Exit {
    fn is_same(self, other: Exit) -> bool {
        let name = |label: Option<Ident>| label.map(|label| label.name);
        match (self, other) {
            (Exit::Return, Exit::Return) => true,
            (Exit::Branch(kind, label), Exit::Branch(other, to)) => {
                kind == other && name(label) == name(to)
            }
            _ => false,
        }
    }
}

/// What the function of a loop's body takes from the function around it.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Variable(ObjId),
    State,
    /// Number of the exit that was taken, from one.
    Exit,
    /// The list of deferred closures.
    Defers,
}

/// What is special about the function of a loop's body while it is lowered.
pub(crate) struct LoopBody<'ast> {
    stmt: &'ast RangeStmt,
    /// One for each capture.
    sources: Vec<Source>,
    exits: Vec<Exit>,
    /// Where `break` goes.
    done: BlockId,
    /// Loops over functions around it, and itself.
    depth: u32,
}

/// Whether the body of a loop over a function in `body` returns from the function around it.
pub(crate) fn returns_from_loop(lower: &mut FuncLower<'_, '_>, body: &Block) -> bool {
    any_stmt(&body.stmts, &mut |stmt| match &stmt.kind {
        StmtKind::Range(range) => {
            let ty = lower.info().type_of(range.x.unparen().id);
            let ty = lower.concrete(ty);
            lower.prog.types.signature(ty).is_some()
                && any_stmt(&range.body.stmts, &mut |stmt| {
                    matches!(stmt.kind, StmtKind::Return(_))
                })
        }
        _ => false,
    })
}

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn range_func(&mut self, stmt: &'ast RangeStmt, yield_ty: TyId) {
        let label = self.pending_label.take();
        let pos = self.b.pos;
        let target = self.call_target(stmt.x.unparen());
        self.b.pos = pos;
        let depth = self.loop_body.as_ref().map_or(1, |body| body.depth + 1);
        let state = self.loop_var(&format!("#state{depth}"), READY);
        let func = self.body_func(yield_ty);
        let (sources, exits) = self.lower_body(func, stmt, label, yield_ty, depth);
        self.b.pos = pos;
        let taken = (!exits.is_empty()).then(|| self.loop_var("#next", 0));

        let captures: Vec<Operand> = sources
            .into_iter()
            .map(|source| match (source, taken) {
                (Source::Variable(var), _) => self.captured_value(var),
                (Source::Exit, Some(taken)) => self.ref_place(Place::local(taken)),
                (Source::State | Source::Exit, _) => self.ref_place(Place::local(state)),
                (Source::Defers, _) => self.defer_list(),
            })
            .collect();
        let words = captures.iter().map(|value| self.op_ty(value)).collect();
        let closure = self.cx.types.intern(TyKind::Closure(words));
        let site = self
            .b
            .site(SiteKind::FuncLiteral, closure, pos, "func literal");
        let value = Rvalue::MakeClosure {
            site,
            ty: yield_ty,
            func,
            captures,
        };
        let body = Operand::local(self.b.eval(yield_ty, value));
        let name = self.text(&stmt.x);
        self.emit_call(target, vec![body], &name);

        let swallowed = self.state_is(Place::local(state), BinOp::Eq, RUNNING);
        self.raise_if(swallowed, |_| {
            Operand::int(PanicCode::RangeMissingPanic as i64)
        });
        self.b.assign(state, Rvalue::Use(Operand::int(EXHAUSTED)));
        if let Some(taken) = taken {
            self.take_exits(taken, &exits);
        }
    }

    /// A variable of the loop that its body shares.
    fn loop_var(&mut self, name: &str, value: i64) -> LocalId {
        let local = self.b.local(name, TyId::INT, self.b.pos, LocalKind::Var);
        self.b.live(local);
        self.b.assign(local, Rvalue::Use(Operand::int(value)));
        local
    }

    /// The function that a body becomes, not lowered yet.
    fn body_func(&mut self, yield_ty: TyId) -> FuncId {
        let kind = self.kind(yield_ty).clone();
        let sig = self.cx.types.intern(kind);
        let (name, short_name) = self.cx.inner_name(self.me, Inner::LoopBody);
        let outer = &self.cx.funcs[self.me];
        let (package, is_library) = (outer.package.clone(), outer.is_library);
        let func = self.cx.synthetic(
            name.into(),
            short_name.into(),
            package,
            sig,
            is_library,
            self.b.pos,
        );
        self.cx.funcs[func].is_wrapper = false;
        self.cx.funcs[func].parent = Some(self.me);
        func
    }

    fn lower_body(
        &mut self,
        func: FuncId,
        stmt: &'ast RangeStmt,
        label: Option<Symbol>,
        yield_ty: TyId,
        depth: u32,
    ) -> (Vec<Source>, Vec<Exit>) {
        let FuncSig { params, .. } = self.func_sig(yield_ty);
        let span = stmt.body.span();
        let pos = self.b.pos;
        let mut inner = FuncLower::new(self.cx, self.prog, self.pkg, func, span);
        inner.b.pos = pos;
        inner.subst = Rc::clone(&self.subst);
        inner.source_body = Some(&stmt.body);
        inner.result_vars.clone_from(&self.result_vars);
        inner.has_named_results = self.has_named_results;
        let (next, done) = (inner.b.new_block(), inner.b.new_block());
        inner.loop_body = Some(Box::new(LoopBody {
            stmt,
            sources: vec![],
            exits: vec![],
            done,
            depth,
        }));
        inner.set_context(vec![]);
        inner.body_params(&params);
        inner.enter_body();
        if !stmt.is_define {
            let values = inner.b.body.params.iter().copied();
            let values = values.map(Operand::local).collect();
            inner.range_vars(stmt, values);
        }
        inner.loop_body(label, &stmt.body, done, next);
        inner.b.pos = stmt.body.rbrace;
        inner.b.goto(next);
        for (block, state) in [(next, READY), (done, DONE)] {
            inner.b.switch_to(block);
            inner.leave_body(state);
        }
        let cost = crate::cost::count(
            &inner,
            mini_frontend::FuncId::NONE,
            &stmt.body,
            crate::cost::LOOP_STATE,
        );
        inner.cx.costs.insert(func, cost);
        let body = inner.loop_body.take();
        inner.finish();
        body.map_or((vec![], vec![]), |body| (body.sources, body.exits))
    }

    /// What the iterator passes: the variables of the clause, if it declares some.
    fn body_params(&mut self, params: &[TyId]) {
        let stmt = self.loop_body.as_ref().map(|body| body.stmt);
        for (index, &ty) in params.iter().enumerate() {
            let name = stmt
                .filter(|stmt| stmt.is_define)
                .and_then(|stmt| stmt.lhs.get(index)?.as_ident())
                .filter(|name| !name.name.is_blank());
            let param = match name.and_then(|name| self.info().object(name.id)) {
                Some(var) => self.declare(var, LocalKind::Param),
                None => self.b.local("", ty, self.b.pos, LocalKind::Param),
            };
            self.b.body.params.push(param);
        }
        let result = self
            .b
            .local("~r0", TyId::BOOL, self.b.pos, LocalKind::Result);
        self.b.body.results.push(result);
    }

    /// Checks that the body may be called, and notes that it is running.
    fn enter_body(&mut self) {
        let state = self.capture(Source::State, TyId::INT, true, "#state");
        let is_wrong = self.state_is(state.clone(), BinOp::Ne, READY);
        self.raise_if(is_wrong, |this| {
            let was = this
                .b
                .eval(TyId::INT, Rvalue::Use(Operand::Copy(state.clone())));
            let running = Rvalue::Use(Operand::int(RUNNING));
            this.b.assign(state.clone(), running);
            let first = Operand::int(PanicCode::RangeDone as i64);
            let code = Rvalue::Binary(BinOp::Add, Operand::local(was), first);
            Operand::local(this.b.eval(TyId::INT, code))
        });
        self.b.assign(state, Rvalue::Use(Operand::int(RUNNING)));
    }

    /// Returns to the iterator, which may go on if the state is ready.
    fn leave_body(&mut self, state: i64) {
        let place = self.capture(Source::State, TyId::INT, true, "#state");
        self.b.assign(place, Rvalue::Use(Operand::int(state)));
        let result = self.b.body.results[0];
        let goes_on = self.const_bool(TyId::BOOL, state == READY);
        self.b.assign(result, Rvalue::Use(goes_on));
        self.b.terminate(TerminatorKind::Return);
    }

    fn state_is(&mut self, state: Place, op: BinOp, value: i64) -> Operand {
        let test = Rvalue::Binary(op, Operand::Copy(state), Operand::int(value));
        Operand::local(self.b.eval(TyId::BOOL, test))
    }

    /// Raises the panic with the code that `code` computes if the condition holds.
    fn raise_if(&mut self, cond: Operand, code: impl FnOnce(&mut Self) -> Operand) {
        let Some(raise) = self.cx.raise else { return };
        let (bad, good) = (self.b.new_block(), self.b.new_block());
        self.b.branch(cond, bad, good);
        self.b.switch_to(bad);
        let code = code(self);
        let call = Call {
            callee: Callee::Static(raise),
            args: vec![code, Operand::int(0), Operand::int(0)],
            name: "".into(),
        };
        self.b.eval(TyId::UNIT, Rvalue::Call(Box::new(call)));
        self.b.terminate(TerminatorKind::Unreachable);
        self.b.switch_to(good);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Captures

    /// The place, seen from the body, of what it takes from the function around it.
    fn capture(&mut self, source: Source, ty: TyId, by_ref: bool, name: &str) -> Place {
        let Some(body) = &mut self.loop_body else {
            mini_diagnostics::bug!("capture outside of a loop's body");
        };
        let index = match body.sources.iter().position(|&known| known == source) {
            Some(index) => index,
            None => {
                body.sources.push(source);
                let mut captures = std::mem::take(&mut self.b.body.captures);
                captures.push(CaptureInfo {
                    name: name.into(),
                    ty,
                    by_ref,
                });
                self.set_context(captures);
                self.b.body.captures.len() - 1
            }
        };
        let place = self.context_field(index as u32 + 1);
        if by_ref {
            place.project(Proj::Deref { non_nil: true })
        } else {
            place
        }
    }

    /// Lets the body of a loop capture a variable.
    pub(crate) fn capture_variable(&mut self, var: ObjId) -> Option<Place> {
        self.loop_body.as_ref()?;
        let ty = self.object_ty(var);
        let by_ref = self.captured_by_ref(var, ty);
        let name = self.prog.object(var).name;
        let place = self.capture(Source::Variable(var), ty, by_ref, name.as_str());
        let field = self.b.body.captures.len() as u32;
        self.vars.insert(var, Slot::Captured { field, by_ref });
        Some(place)
    }

    /// What a closure holds of a variable: its value or a pointer to it.
    pub(crate) fn captured_value(&mut self, var: ObjId) -> Operand {
        let ty = self.object_ty(var);
        let by_ref = self.captured_by_ref(var, ty);
        let place = self.var_place(var);
        if by_ref {
            self.ref_place(place)
        } else {
            Operand::Copy(place)
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Ways out

    /// Whether a goto from here to the label stays in the body.
    pub(crate) fn has_label(&self, label: Ident) -> bool {
        self.loop_body.as_ref().is_none_or(|body| {
            any_stmt(&body.stmt.body.stmts, &mut |stmt| {
                matches!(stmt.kind, StmtKind::Labeled { label: own, .. } if own.name == label.name)
            })
        })
    }

    /// Leaves the body for a place outside of its loop.
    pub(crate) fn leave_for_branch(&mut self, kind: BranchKind, label: Option<Ident>) {
        self.leave_for(Exit::Branch(kind, label));
    }

    /// Returns the values that the results of the source's function have now.
    pub(crate) fn return_results(&mut self) {
        if self.loop_body.is_some() {
            self.leave_for(Exit::Return);
        } else {
            self.emit_return();
        }
    }

    fn leave_for(&mut self, exit: Exit) {
        let place = self.capture(Source::Exit, TyId::INT, true, "#next");
        let Some(body) = &mut self.loop_body else {
            return;
        };
        let known = body.exits.iter().position(|known| known.is_same(exit));
        let index = known.unwrap_or(body.exits.len());
        if known.is_none() {
            body.exits.push(exit);
        }
        let done = body.done;
        let number = Operand::int(index as i64 + 1);
        self.b.assign(place, Rvalue::Use(number));
        self.b.goto(done);
    }

    /// Goes where the body wanted to go.
    fn take_exits(&mut self, taken: LocalId, exits: &[Exit]) {
        let behind = self.b.new_block();
        let blocks: Vec<BlockId> = exits.iter().map(|_| self.b.new_block()).collect();
        let targets = (1..)
            .zip(&blocks)
            .map(|(value, &target)| SwitchTarget { value, target })
            .collect();
        self.b.terminate(TerminatorKind::Switch {
            value: Operand::local(taken),
            targets,
            otherwise: behind,
        });
        for (&exit, block) in exits.iter().zip(blocks) {
            self.b.switch_to(block);
            match exit {
                Exit::Return => self.return_results(),
                Exit::Branch(kind, label) => self.branch_stmt(kind, label),
            }
        }
        self.b.switch_to(behind);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Deferring

    /// The list that bodies put deferred closures in; registered where the outermost loop begins.
    fn defer_list(&mut self) -> Operand {
        let list = self.cx.types.intern(TyKind::Slice(TyId::FUNC));
        let pointer = self.cx.types.pointer_to(list);
        if self.loop_body.is_some() {
            return Operand::Copy(self.capture(Source::Defers, pointer, false, "#defers"));
        }
        let site = self.b.site(SiteKind::Hidden, list, self.b.pos, "");
        let token = self.b.eval(pointer, Rvalue::New(site));
        self.b.push(StatementKind::DeferList(Operand::local(token)));
        Operand::local(token)
    }

    /// Defers for the function around the loop.
    pub(crate) fn defer_outside(&mut self, closure: Operand) {
        let list = self.defer_list();
        let list = self.as_place(list).project(Proj::Deref { non_nil: true });
        let site = self.b.site(SiteKind::Hidden, TyId::FUNC, self.b.pos, "");
        let longer = Rvalue::Append {
            site,
            slice: Operand::Copy(list.clone()),
            values: vec![closure],
        };
        self.b.assign(list, longer);
    }
}
