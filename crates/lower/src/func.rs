//! One function: what is known while its body is lowered, and the small steps that everything else is made of.

use std::rc::Rc;
use std::sync::Arc;

use mini_abi::panics::PanicCode;
use mini_diagnostics::{Pos, Span};
use mini_frontend::{self as front, Info, ObjId, PkgId, Program, Subst, TypeId, VarKind};
use mini_mir::{
    BinOp, BlockId, Call, Callee, CaptureInfo, Const, ConstValue, FuncId, FuncKind, FuncSig,
    LocalId, LocalKind, MAX_STACK_VAR, Operand, Place, PlaceBase, Proj, Rvalue, SiteKind,
    StatementKind, TerminatorKind, TyId, TyKind, typing::Typing,
};
use mini_syntax::ast::{self, Expr};
use mini_syntax::{ExprId, Symbol};

use crate::builder::Builder;
use crate::context::{Captured, Context, Map};
use crate::range_func::LoopBody;

/// Where a variable of the source is.
#[derive(Clone, Copy)]
pub(crate) enum Slot {
    Local(LocalId),
    /// Word `field` of the closure object; a pointer to the variable if `by_ref`.
    Captured {
        field: u32,
        by_ref: bool,
    },
}

/// What `break` and `continue` refer to.
pub(crate) struct Target {
    pub(crate) label: Option<Symbol>,
    pub(crate) on_break: BlockId,
    /// `None` for switch and select.
    pub(crate) on_continue: Option<BlockId>,
}

pub(crate) struct FuncLower<'a, 'ast> {
    pub(crate) cx: &'a mut Context<'ast>,
    pub(crate) prog: &'a mut Program,
    pub(crate) pkg: PkgId,
    /// What the type parameters stand for.
    pub(crate) subst: Rc<Subst>,
    pub(crate) b: Builder,
    /// The function being lowered.
    pub(crate) me: FuncId,
    pub(crate) vars: Map<ObjId, Slot>,
    pub(crate) targets: Vec<Target>,
    /// Blocks of labels, for goto.
    pub(crate) labels: Map<Symbol, BlockId>,
    /// The label of the statement that is about to be lowered.
    pub(crate) pending_label: Option<Symbol>,
    /// Where `fallthrough` goes.
    pub(crate) fallthrough: Option<BlockId>,
    /// Values of expressions that were evaluated early (`hoist.rs`), until they are asked for.
    pub(crate) hoisted: Map<ExprId, Operand>,
    /// Whether something in a chain of operators, up to one of them, runs among the calls.
    pub(crate) has_turn: Map<ExprId, bool>,
    /// The body, if it is one of the source.
    pub(crate) source_body: Option<&'ast ast::Block>,
    /// Receiver and parameters.
    params: Vec<ObjId>,
    /// The results can be named by the body, or by what it defers.
    pub(crate) has_named_results: bool,
    /// The results of the source's function.
    pub(crate) result_vars: Vec<ObjId>,
    /// Set if this function is the body of a loop over a function.
    pub(crate) loop_body: Option<Box<LoopBody<'ast>>>,
    /// What was called by the expressions in front of parentheses, where that is known.
    pub(crate) called: Map<ExprId, FuncId>,
    /// The literals in the body.
    pub(crate) literals: Map<front::FuncId, FuncId>,
}

impl<'a, 'ast> FuncLower<'a, 'ast> {
    pub(crate) fn new(
        cx: &'a mut Context<'ast>,
        prog: &'a mut Program,
        pkg: PkgId,
        me: FuncId,
        span: Span,
    ) -> FuncLower<'a, 'ast> {
        FuncLower {
            cx,
            prog,
            pkg,
            subst: Rc::default(),
            b: Builder::new(span),
            me,
            vars: Map::default(),
            targets: vec![],
            labels: Map::default(),
            pending_label: None,
            fallthrough: None,
            hoisted: Map::default(),
            has_turn: Map::default(),
            source_body: None,
            params: vec![],
            has_named_results: false,
            result_vars: vec![],
            loop_body: None,
            called: Map::default(),
            literals: Map::default(),
        }
    }

    /// What the checker knows of the package's syntax.
    pub(crate) fn info(&self) -> &Info {
        self.prog.info(self.pkg)
    }

    /// Lowers the body of a declared function or literal.
    pub(crate) fn run(
        mut self,
        source: front::FuncId,
        body: &'ast ast::Block,
        captures: Option<&[Captured]>,
    ) {
        let func = self.prog.func(source).clone();
        self.source_body = Some(body);
        self.params = func.recv.iter().chain(&func.params).copied().collect();
        self.b.body.has_defer = func.has_defer;
        self.b.body.has_recover = func.has_recover;
        if let Some(captures) = captures {
            self.context_param(captures);
        }
        for &param in func.recv.iter().chain(&func.params) {
            let local = self.declare(param, LocalKind::Param);
            self.b.body.params.push(local);
        }
        // The bodies of loops over functions assign to the results long before they are returned.
        let is_shared =
            !func.results.is_empty() && crate::range_func::returns_from_loop(&mut self, body);
        for (index, &result) in func.results.iter().enumerate() {
            let local = self.declare(result, LocalKind::Result);
            let name = &mut self.b.body.locals[local].name;
            if !name.is_empty() {
                self.has_named_results = true;
            } else if is_shared {
                *name = format!("#rv{}", index + 1).into();
            } else {
                *name = format!("~r{index}").into();
            }
            self.b.body.results.push(local);
        }
        self.result_vars.clone_from(&func.results);
        if self.has_named_results || func.has_defer || is_shared {
            self.b.pos = body.lbrace;
            for result in self.b.body.results.clone() {
                let zero = Operand::zero(self.b.body.locals[result].ty);
                self.b.assign(result, Rvalue::Use(zero));
            }
        }
        self.block(body);
        self.b.pos = body.rbrace;
        if func.results.is_empty() {
            self.emit_return();
        } else {
            self.b.terminate(TerminatorKind::Unreachable);
        }
        let cost = crate::cost::count(&self, source, body, 0);
        self.cx.costs.insert(self.me, cost);
        self.finish();
    }

    /// Stores the body.
    pub(crate) fn finish(self) {
        let FuncLower { cx, b, me, .. } = self;
        let mut body = b.finish();
        for site in mini_mir::exclusive::exclusive_appends(&body, &cx.types) {
            body.sites[site].is_exclusive = true;
        }
        cx.funcs[me].kind = FuncKind::Body(Box::new(body));
    }

    /// Makes the context parameter and the slots of the captures.
    fn context_param(&mut self, captures: &[Captured]) {
        for (index, capture) in captures.iter().enumerate() {
            let slot = Slot::Captured {
                field: index as u32 + 1,
                by_ref: capture.by_ref,
            };
            self.vars.insert(capture.var, slot);
        }
        let infos = captures
            .iter()
            .map(|capture| CaptureInfo {
                name: self.prog.object(capture.var).name.as_str().into(),
                ty: capture.ty,
                by_ref: capture.by_ref,
            })
            .collect();
        self.set_context(infos);
    }

    /// Says what the closure object holds, anew if there are more captures.
    pub(crate) fn set_context(&mut self, captures: Vec<CaptureInfo>) {
        let words: Vec<TyId> = captures
            .iter()
            .map(|capture| {
                if capture.by_ref {
                    self.cx.types.pointer_to(capture.ty)
                } else {
                    capture.ty
                }
            })
            .collect();
        let closure = self.cx.types.intern(TyKind::Closure(words.into()));
        let ty = self.cx.types.pointer_to(closure);
        match self.b.body.context {
            Some(context) => self.b.body.locals[context].ty = ty,
            None => {
                let context = self.b.local("", ty, self.b.pos, LocalKind::Context);
                self.b.body.context = Some(context);
            }
        }
        self.b.body.captures = captures;
    }

    /// Word `field` of the closure object.
    pub(crate) fn context_field(&self, field: u32) -> Place {
        let context = self
            .b
            .body
            .context
            .unwrap_or_else(|| mini_diagnostics::bug!("captured variable without context"));
        Place::local(context)
            .project(Proj::Deref { non_nil: true })
            .field(field)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Variables

    /// Makes the local of a variable. Of a declared variable (not a parameter), [`Self::live`] must follow.
    pub(crate) fn declare(&mut self, var: ObjId, kind: LocalKind) -> LocalId {
        let ty = self.object_ty(var);
        let object = self.prog.object(var);
        let local = self.b.local(object.name.as_str(), ty, object.pos, kind);
        self.vars.insert(var, Slot::Local(local));
        local
    }

    /// A declared variable that begins its life here.
    pub(crate) fn declare_var(&mut self, var: ObjId) -> LocalId {
        let local = self.declare(var, LocalKind::Var);
        self.b.live(local);
        local
    }

    /// Whether literals hold a pointer to the variable instead of a copy: Go's rule.
    pub(crate) fn captured_by_ref(&mut self, id: ObjId, ty: TyId) -> bool {
        let Some(var) = self.prog.var(id) else {
            return true;
        };
        var.is_addr_taken
            || var.kind == VarKind::Result
            || self.cx.types.layout(ty).size > 128
            || (var.is_reassigned && !self.is_settled(id))
    }

    /// Whether the variable does not change any more once a literal has it ([`crate::captures`]).
    fn is_settled(&mut self, var: ObjId) -> bool {
        if let Some(&known) = self.cx.settled.get(&var) {
            return known;
        }
        // The function that declares it asks first; of others, nothing is known.
        if let Some(body) = self.source_body {
            let params: &[ObjId] = &self.params;
            let found = crate::captures::settled(self.prog, self.info(), params, &body.stmts);
            for (var, is_settled) in found {
                self.cx.settled.entry(var).or_insert(is_settled);
            }
        }
        *self.cx.settled.entry(var).or_insert(false)
    }

    /// Whether the variable has an address that can outlive an iteration of its loop.
    pub(crate) fn needs_fresh_copy(&mut self, var: ObjId) -> bool {
        let ty = self.object_ty(var);
        self.prog.var(var).is_none_or(|v| v.is_addr_taken)
            || (self.prog.var(var).is_some_and(|v| v.is_captured) && self.captured_by_ref(var, ty))
    }

    pub(crate) fn var_place(&mut self, var: ObjId) -> Place {
        if let Some(slot) = self.vars.get(&var) {
            return match *slot {
                Slot::Local(local) => Place::local(local),
                Slot::Captured { field, by_ref } => {
                    let place = self.context_field(field);
                    if by_ref {
                        place.project(Proj::Deref { non_nil: true })
                    } else {
                        place
                    }
                }
            };
        }
        if self
            .prog
            .var(var)
            .is_some_and(|v| v.kind == VarKind::Package)
        {
            return Place::global(self.cx.global(self.prog, var));
        }
        if let Some(place) = self.capture_variable(var) {
            return place;
        }
        mini_diagnostics::bug!(
            "variable {} used before its declaration was lowered",
            self.prog.object(var).name
        )
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Types

    pub(crate) fn typing(&self) -> Typing<'_> {
        Typing {
            types: &self.cx.types,
            globals: &self.cx.globals,
            body: &self.b.body,
        }
    }

    pub(crate) fn place_ty(&self, place: &Place) -> TyId {
        self.typing().place(place)
    }

    pub(crate) fn op_ty(&self, operand: &Operand) -> TyId {
        self.typing().operand(operand)
    }

    pub(crate) fn kind(&self, ty: TyId) -> &TyKind {
        self.cx.types.kind(ty)
    }

    /// The type of an expression.
    pub(crate) fn ety(&mut self, e: &Expr) -> TyId {
        let ty = self.info().type_of(e.unparen().id);
        self.ty(ty)
    }

    pub(crate) fn object_ty(&mut self, object: ObjId) -> TyId {
        let ty = self.prog.object(object).ty;
        self.ty(ty)
    }

    /// The MIR type of a type that the source speaks of.
    pub(crate) fn ty(&mut self, source: TypeId) -> TyId {
        let source = self.concrete(source);
        self.cx.ty(self.prog, source)
    }

    /// The type with types in place of the type parameters.
    pub(crate) fn concrete(&mut self, source: TypeId) -> TypeId {
        self.prog.types.subst(source, &self.subst)
    }

    /// The type arguments of the generic function that an expression names.
    pub(crate) fn type_args(&mut self, e: &Expr) -> Vec<TypeId> {
        let args = self.info().instances.get(&e.id).cloned();
        let args = args.unwrap_or_default();
        args.iter().map(|&arg| self.concrete(arg)).collect()
    }

    pub(crate) fn func_sig(&self, ty: TyId) -> FuncSig {
        self.cx.signature(ty)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Places and operands

    /// A place that holds the operand's value.
    pub(crate) fn as_place(&mut self, operand: Operand) -> Place {
        match operand {
            Operand::Copy(place) => place,
            Operand::Const(_) => {
                let ty = self.op_ty(&operand);
                Place::local(self.b.eval(ty, Rvalue::Use(operand)))
            }
        }
    }

    /// The value in a local of its own or a constant: not changed by what follows.
    pub(crate) fn snapshot(&mut self, operand: Operand) -> Operand {
        match &operand {
            Operand::Const(_) => operand,
            Operand::Copy(place) => {
                if let Some(local) = place.as_local()
                    && self.b.body.locals[local].kind == LocalKind::Temp
                {
                    return operand;
                }
                let ty = self.op_ty(&operand);
                let copy = self.large_temp(ty).unwrap_or_else(|| self.b.temp(ty));
                self.b.assign(copy, Rvalue::Use(operand));
                Operand::local(copy)
            }
        }
    }

    /// A zeroed temporary for a value that is too large for the stack: a variable, since those have a place in the heap then.
    pub(crate) fn large_temp(&mut self, ty: TyId) -> Option<LocalId> {
        if self.cx.types.layout(ty).size <= MAX_STACK_VAR {
            return None;
        }
        let local = self.b.local("", ty, self.b.pos, LocalKind::Var);
        self.b.live(local);
        Some(local)
    }

    /// A local with the operand's value: the variable itself if it is one.
    pub(crate) fn as_local(&mut self, operand: Operand) -> LocalId {
        if let Some(local) = operand.as_local() {
            return local;
        }
        let ty = self.op_ty(&operand);
        self.b.eval(ty, Rvalue::Use(operand))
    }

    /// `&place`; notes that the address of a local is taken.
    pub(crate) fn ref_place(&mut self, place: Place) -> Operand {
        let ty = self.place_ty(&place);
        // &*p is p, if the pointer is known not to be nil; else the check of `*` stays.
        if let Some((Proj::Deref { non_nil: true }, front)) = place.proj.split_last() {
            return Operand::Copy(Place {
                base: place.base,
                proj: front.into(),
            });
        }
        if let PlaceBase::Local(local) = place.base
            && self.stays_in_base(&place)
        {
            self.b.body.locals[local].addr_taken = true;
        }
        let ty = self.cx.types.pointer_to(ty);
        Operand::local(self.b.eval(ty, Rvalue::Ref(place)))
    }

    fn stays_in_base(&self, place: &Place) -> bool {
        let typing = self.typing();
        let PlaceBase::Local(local) = place.base else {
            return false;
        };
        let mut ty = self.b.body.locals[local].ty;
        for step in &place.proj {
            let leaves = match step {
                Proj::Deref { .. } => true,
                Proj::Field(_) => false,
                Proj::Index { .. } | Proj::ConstIndex { .. } => {
                    !matches!(self.cx.types.kind(ty), TyKind::Array(..))
                }
            };
            if leaves {
                return false;
            }
            match typing.step(ty, step) {
                Some(next) => ty = next,
                None => return false,
            }
        }
        true
    }

    /// Walks through fields, following pointers on the way.
    pub(crate) fn walk_path(&mut self, mut place: Place, path: &[u32]) -> Place {
        for &index in path {
            place = self.auto_deref(place).field(index);
        }
        place
    }

    /// Through the pointer, if the place holds one.
    pub(crate) fn auto_deref(&mut self, place: Place) -> Place {
        match self.kind(self.place_ty(&place)) {
            TyKind::Pointer(_) => place.deref(),
            _ => place,
        }
    }

    /// The parts of a value that stands for several.
    pub(crate) fn tuple_parts(&mut self, value: Operand) -> Vec<Operand> {
        let n = match self.kind(self.op_ty(&value)) {
            TyKind::Tuple(parts) => parts.len() as u32,
            _ => return vec![value],
        };
        let place = self.as_place(value);
        (0..n)
            .map(|i| Operand::Copy(place.clone().field(i)))
            .collect()
    }

    pub(crate) fn const_int(&self, ty: TyId, value: i128) -> Operand {
        Operand::Const(Const {
            ty,
            value: ConstValue::Int(value),
        })
    }

    pub(crate) fn const_bool(&self, ty: TyId, value: bool) -> Operand {
        Operand::Const(Const {
            ty,
            value: ConstValue::Bool(value),
        })
    }

    pub(crate) fn const_func(&self, func: FuncId, ty: TyId) -> Operand {
        Operand::Const(Const {
            ty,
            value: ConstValue::Func(func),
        })
    }

    /// Reports a construct that is not built, and stands in for its value.
    pub(crate) fn unsupported(&mut self, e: &Expr, construct: &str) -> Operand {
        self.cx.unsupported(e.span, construct);
        let ty = self.ety(e);
        Operand::zero(ty)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Small pieces of code

    /// Puts a value into an interface. `pos` and `text` are the expression's.
    pub(crate) fn box_value(
        &mut self,
        value: Operand,
        ty: TyId,
        pos: Pos,
        text: impl Into<Arc<str>>,
    ) -> Operand {
        let from = self.op_ty(&value);
        self.cx.reached.boxed(from);
        self.cx.demand(ty);
        // A pointer that nothing changes any more: calls of its methods through the interface are known then.
        let value = match self.kind(from) {
            TyKind::Pointer(_) => self.snapshot(value),
            _ => value,
        };
        let site = self.b.site(SiteKind::Interface, from, pos, text);
        Operand::local(self.b.eval(ty, Rvalue::MakeInterface { site, ty, value }))
    }

    /// Raises the nil dereference panic if an interface value is nil, as taking a method of it does.
    pub(crate) fn check_interface(&mut self, value: Operand) {
        let Some(raise) = self.cx.raise else { return };
        let nil = Operand::zero(self.op_ty(&value));
        let (bad, good) = (self.b.new_block(), self.b.new_block());
        let is_nil = Rvalue::Binary(BinOp::Eq, value, nil);
        let is_nil = Operand::local(self.b.eval(TyId::BOOL, is_nil));
        self.b.branch(is_nil, bad, good);
        self.b.switch_to(bad);
        let call = Call {
            callee: Callee::Static(raise),
            args: vec![
                Operand::int(PanicCode::NilDereference as i64),
                Operand::int(0),
                Operand::int(0),
            ],
            name: "".into(),
        };
        self.b.eval(TyId::UNIT, Rvalue::Call(Box::new(call)));
        self.b.terminate(TerminatorKind::Unreachable);
        self.b.switch_to(good);
    }

    /// Returns the values that the results have now.
    pub(crate) fn emit_return(&mut self) {
        if self.b.body.has_defer {
            self.b.push(StatementKind::RunDefers);
        }
        self.b.terminate(TerminatorKind::Return);
    }
}
