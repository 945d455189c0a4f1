//! Type parameters: the lists of functions and types, and the names that a receiver gives to those of its type.

use mini_diagnostics::Code;
use mini_syntax::ast::{self, BinaryOp, Expr, ExprKind, Ident, UnaryOp};

use super::Checker;
use super::errors::count;
use crate::info::{FuncId, FuncOrigin, Mode};
use crate::object::ObjectKind;
use crate::types::{Interface, Subst, Term, Type, TypeId, TypeParamId};

/// Go's limit: unions are compared term by term.
const MAX_TERMS: usize = 100;

/// The parts of a receiver's type `*T[P, Q]`.
pub(super) struct Receiver<'a> {
    pub(super) is_pointer: bool,
    pub(super) base: &'a Expr,
    /// The names for the type's parameters; `None` without brackets.
    pub(super) params: Option<&'a [Expr]>,
}

impl<'a> Receiver<'a> {
    pub(super) fn unpack(ty: &'a Expr) -> Receiver<'a> {
        let mut base = ty.unparen();
        let mut is_pointer = false;
        if let ExprKind::Unary {
            op: UnaryOp::Deref,
            x,
        } = &base.kind
        {
            is_pointer = true;
            base = x.unparen();
        }
        let mut params = None;
        if let ExprKind::Index { x, indices } = &base.kind {
            params = Some(indices.as_slice());
            base = x.unparen();
        }
        Receiver {
            is_pointer,
            base,
            params,
        }
    }

    /// What it says of its type.
    pub(super) fn head(&self) -> ast::Receiver {
        ast::Receiver {
            base: self.base.as_ident().map(|ident| ident.name),
            is_pointer: self.is_pointer,
        }
    }
}

impl<'a> Checker<'a> {
    /// Declares the type parameters of a list in the scope at hand. Their constraints are not known yet: they may speak of
    /// any of them, and of the type that has them.
    pub(super) fn declare_type_params(&mut self, list: &'a [ast::Field]) -> Vec<TypeParamId> {
        let names = list.iter().flat_map(|field| &field.names);
        names
            .enumerate()
            .map(|(index, &name)| self.declare_type_param(name, index))
            .collect()
    }

    fn declare_type_param(&mut self, name: Ident, index: usize) -> TypeParamId {
        let kind = ObjectKind::TypeName { is_alias: false };
        let obj = self.new_object(name, kind, TypeId::INVALID);
        let param = self.prog.types.new_type_param(name.name, obj, index as u32);
        if self.prog.state.universe.contains_key(&name.name) {
            self.prog.types.set_shadows(param, name.pos);
        }
        self.prog.objects[obj.index()].ty = self.types().type_param(param).id;
        self.declare(name, obj);
        param
    }

    /// Resolves the constraints of a list whose parameters are declared.
    pub(super) fn type_param_constraints(
        &mut self,
        list: &'a [ast::Field],
        params: &[TypeParamId],
    ) {
        let was_in = std::mem::replace(&mut self.env.is_in_type_params, true);
        let mut next = params.iter();
        for field in list {
            let constraint = self.constraint(&field.ty);
            for &param in next.by_ref().take(field.names.len()) {
                self.prog.types.set_constraint(param, constraint);
            }
        }
        self.env.is_in_type_params = was_in;
    }

    fn constraint(&mut self, expr: &'a Expr) -> TypeId {
        let is_union = matches!(
            expr.kind,
            ExprKind::Unary {
                op: UnaryOp::Tilde,
                ..
            } | ExprKind::Binary {
                op: BinaryOp::Or,
                ..
            }
        );
        let ty = match is_union {
            true => self.union(expr),
            false => self.typ(expr),
        };
        if self.types().is_type_param(ty) {
            let text = "cannot use a type parameter as constraint";
            self.error(Code::MisplacedTypeParam, expr, text);
            return TypeId::INVALID;
        }
        if !is_union || !ty.is_valid() {
            return ty;
        }
        let pkg = self.env.pkg;
        self.prog.types.interface(Interface {
            methods: Vec::new(),
            embeds: vec![ty],
            pkg,
            is_implicit: true,
        })
    }

    /// `~A | B`: what an interface embeds, or a constraint.
    pub(super) fn union(&mut self, expr: &'a Expr) -> TypeId {
        let mut exprs = Vec::new();
        flatten_union(expr, &mut exprs);
        let mut terms: Vec<Term> = Vec::with_capacity(exprs.len());
        let is_single = exprs.len() == 1;
        for (index, &term) in exprs.iter().enumerate() {
            let (has_tilde, inner) = match &term.kind {
                ExprKind::Unary {
                    op: UnaryOp::Tilde,
                    x,
                } => (true, &**x),
                _ => (false, term),
            };
            let mut ty = self.typ(inner);
            if self.types().is_type_param(ty) {
                let text = match has_tilde {
                    true => format!("type in term {term} cannot be a type parameter"),
                    false => "term cannot be a type parameter".to_string(),
                };
                self.error(Code::MisplacedTypeParam, inner, text);
                ty = TypeId::INVALID;
            }
            if is_single && !has_tilde {
                return ty;
            }
            if index == MAX_TERMS {
                let text = format!(
                    "cannot handle more than {MAX_TERMS} union terms (implementation limitation)"
                );
                self.error(Code::InvalidUnion, term, text);
                return TypeId::INVALID;
            }
            terms.push(Term { has_tilde, ty });
        }
        let union = self.prog.types.union(&terms);
        self.record_type(expr, union);
        let env = self.env;
        self.later.push(super::Later::Union { env, terms, exprs });
        union
    }

    /// Which terms may stand in a union, once all types are known.
    pub(super) fn check_union(&mut self, terms: &[Term], exprs: &[&'a Expr]) {
        for (index, (&term, &expr)) in terms.iter().zip(exprs).enumerate() {
            let under = self.under(term.ty);
            if !under.is_valid() {
                continue;
            }
            let is_interface = self.types().is_interface(under);
            let shown = self.qualified_text(term.ty);
            let problem = if term.has_tilde && is_interface {
                let shown = self.type_text(term.ty);
                Some(format!("invalid use of ~ ({shown} is an interface)"))
            } else if term.has_tilde && !self.types().identical(under, term.ty) {
                let (shown, under) = (self.type_text(term.ty), self.type_text(under));
                Some(format!(
                    "invalid use of ~ (underlying type of {shown} is {under})"
                ))
            } else if is_interface {
                let set = self.types().type_set(under);
                if !set.methods.is_empty() {
                    Some(format!(
                        "cannot use {shown} in union ({shown} contains methods)"
                    ))
                } else if term.ty == self.types().comparable {
                    Some("cannot use comparable in union".to_string())
                } else if set.is_comparable {
                    Some(format!(
                        "cannot use {shown} in union ({shown} embeds comparable)"
                    ))
                } else {
                    None
                }
            } else {
                let other = terms[..index].iter().find(|&&other| {
                    self.under(other.ty).is_valid()
                        && !self.types().is_interface(other.ty)
                        && !self.types().are_disjoint(other, term)
                });
                other.map(|&other| {
                    format!(
                        "overlapping terms {} and {}",
                        self.term_text(term),
                        self.term_text(other)
                    )
                })
            };
            if let Some(text) = problem {
                self.error(Code::InvalidUnion, expr, text);
            }
        }
    }

    pub(super) fn term_text(&self, term: Term) -> String {
        let tilde = if term.has_tilde { "~" } else { "" };
        format!("{tilde}{}", self.qualified_text(term.ty))
    }

    /// The type parameters of the declared function around this place: a type that is declared here depends on them.
    pub(super) fn type_params_around(&self) -> Vec<TypeParamId> {
        let mut at = self.env.func;
        while at.is_some() {
            let func = self.prog.func(at);
            match func.origin {
                FuncOrigin::Lit { parent, .. } => at = parent,
                FuncOrigin::Decl { .. } => return func.type_params.clone(),
            }
        }
        Vec::new()
    }

    /// The type of a receiver with brackets: the names in them are declared as type parameters with the constraints of the
    /// receiver's base type, which is instantiated with them.
    pub(super) fn generic_receiver(
        &mut self,
        func: FuncId,
        expr: &'a Expr,
        receiver: &Receiver<'a>,
        names: &'a [Expr],
    ) -> TypeId {
        let base = self.generic_base(receiver.base);
        let mut params = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            let Some(ident) = name.as_ident() else {
                let text = format!("receiver type parameter {name} must be an identifier");
                self.error(Code::BadDecl, name, text);
                let blank = Ident {
                    id: name.id,
                    name: mini_syntax::Symbol::intern("_"),
                    pos: name.pos,
                };
                params.push(self.declare_type_param(blank, index));
                continue;
            };
            let param = self.declare_type_param(ident, index);
            let ty = self.types().type_param(param).id;
            self.record_type(name, ty);
            params.push(param);
        }
        if func.is_some() {
            self.prog.funcs[func.index()].type_params = params.clone();
        }
        let Some(base) = base else {
            return TypeId::INVALID;
        };
        let wanted = self.types().generic_params(base).to_vec();
        if wanted.len() != params.len() {
            let text = format!(
                "receiver declares {}, but receiver base type declares {}",
                count(params.len(), "type parameter"),
                wanted.len()
            );
            self.error(Code::BadRecv, receiver.base, text);
            return TypeId::INVALID;
        }
        let args: Vec<TypeId> = params
            .iter()
            .map(|&param| self.types().type_param(param).id)
            .collect();
        let subst = Subst::new(&wanted, &args);
        for (&from, &to) in wanted.iter().zip(&params) {
            let constraint = self.types().type_param(from).constraint;
            let constraint = self.prog.types.subst(constraint, &subst);
            self.prog.types.set_constraint(to, constraint);
            self.same_type_param(to, from);
        }
        let instance = self.prog.types.instantiate(base, &args);
        let mut ty = instance;
        if receiver.is_pointer {
            ty = self.prog.types.pointer(instance);
        }
        self.record_receiver(expr, ty, instance);
        ty
    }

    fn generic_base(&mut self, expr: &'a Expr) -> Option<TypeId> {
        let ty = self.generic_or_plain_type(expr);
        self.record_type(expr, ty);
        if !ty.is_valid() {
            return None;
        }
        if self.types().generic_params(ty).is_empty() {
            if !self.under(ty).is_valid() {
                return None;
            }
            let text = format!("{} is not a generic type", self.type_text(ty));
            self.error(Code::InvalidRecv, expr, text);
            return None;
        }
        if matches!(self.types().get(ty), Type::Alias(_)) {
            let text = format!(
                "cannot define new methods on generic alias type {}",
                self.type_text(ty)
            );
            self.error(Code::InvalidRecv, expr, text);
            return None;
        }
        Some(ty)
    }

    fn record_receiver(&mut self, expr: &'a Expr, ty: TypeId, instance: TypeId) {
        self.record_type(expr, ty);
        match &expr.kind {
            ExprKind::Paren(inner) => self.record_receiver(inner, ty, instance),
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => self.record_receiver(x, instance, instance),
            _ => {}
        }
    }

    /// Whether an operand is a type or a function that needs type arguments; says which in messages.
    pub(super) fn generic_kind(&self, mode: Mode, ty: TypeId) -> Option<&'static str> {
        match mode {
            Mode::Invalid | Mode::NoValue | Mode::Builtin => None,
            Mode::Type => (!self.types().generic_params(ty).is_empty()).then_some("type"),
            _ => match self.types().get(ty) {
                Type::Func(sig) if sig.is_generic() => Some("function"),
                _ => None,
            },
        }
    }
}

fn flatten_union<'a>(expr: &'a Expr, list: &mut Vec<&'a Expr>) {
    let mut at = expr;
    let start = list.len();
    while let ExprKind::Binary {
        op: BinaryOp::Or,
        x,
        y,
    } = &at.kind
    {
        list.push(y);
        at = x;
    }
    list.push(at);
    list[start..].reverse();
}
