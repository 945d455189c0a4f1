//! Instances: type arguments for generic types and functions, and whether they satisfy the constraints.

use mini_diagnostics::{Code, Diagnostic, Pos, Span};
use mini_syntax::ast::{Expr, ExprKind};

use super::expr::Target;
use super::infer::InferError;
use super::operand::{Operand, Part};
use super::{Checker, Later};
use crate::info::Mode;
use crate::types::{NoCommon, Signature, Subst, Type, TypeId, TypeParamId};

/// An instantiation whose type arguments are checked against the constraints once all types are known.
#[derive(Debug)]
pub(super) struct Instantiation<'a> {
    pub(super) params: Vec<TypeParamId>,
    pub(super) args: Vec<TypeId>,
    pub(super) pos: Pos,
    pub(super) span: Span,
    /// The written arguments: where errors about them stand.
    pub(super) exprs: &'a [Expr],
}

impl<'a> Checker<'a> {
    /// The underlying type that all types of a type parameter share (of other types their own), if `problem` has nothing
    /// to say against any of them; else why there is none. Asked about types without specific types it gets invalid ones.
    pub(super) fn common_under(
        &self,
        ty: TypeId,
        mut problem: impl FnMut(TypeId, &Type) -> Option<String>,
    ) -> Result<TypeId, String> {
        let mut found = None;
        let common = self.types().common_under_of(ty, |ty, under| {
            found = problem(ty, self.types().get(under));
            found.is_none()
        });
        common.map_err(|why| found.unwrap_or_else(|| self.no_common_text(why)))
    }

    /// Why the types that a type parameter stands for have no underlying type in common.
    pub(super) fn no_common_text(&self, why: NoCommon) -> String {
        match why {
            NoCommon::NoSpecificType | NoCommon::Unwanted => "no specific type".to_string(),
            NoCommon::Different(a, b) => format!(
                "{} and {} have different underlying types",
                self.type_text(a),
                self.type_text(b)
            ),
            NoCommon::ChanElems(a, b) => format!(
                "channels {} and {} have different element types",
                self.type_text(a),
                self.type_text(b)
            ),
            NoCommon::ChanDirections(a, b) => format!(
                "channels {} and {} have conflicting directions",
                self.type_text(a),
                self.type_text(b)
            ),
        }
    }

    /// `x[args…]` as a type.
    pub(super) fn instantiated_type(&mut self, x: &'a Expr, exprs: &'a [Expr]) -> TypeId {
        let generic = self.generic_or_plain_type(x);
        self.record_type(x, generic);
        if !generic.is_valid() {
            for arg in exprs {
                self.typ(arg);
            }
            return TypeId::INVALID;
        }
        let params = self.types().generic_params(generic).to_vec();
        // A wrong alias was reported where it is declared.
        if params.is_empty() && !self.under(generic).is_valid() {
            self.type_list(exprs);
            return TypeId::INVALID;
        }
        if params.is_empty() {
            let list: Vec<String> = exprs.iter().map(ToString::to_string).collect();
            let text = format!(
                "invalid operation: {x}[{}] ({} is not a generic type)",
                list.join(", "),
                self.type_text(generic)
            );
            self.error(Code::NotAGenericType, x, text);
            return TypeId::INVALID;
        }
        let Some(args) = self.type_list(exprs) else {
            return TypeId::INVALID;
        };
        let is_alias = matches!(self.types().get(generic), Type::Alias(_));
        let is_full = self.has_as_many_args(x, generic, params.len(), args.len());
        if !is_full && is_alias {
            return TypeId::INVALID;
        }
        let instance = self.prog.types.instantiate(generic, &args);
        let places = &mut self.prog.state.instance_places;
        places.entry(instance).or_insert(x.pos);
        if is_full {
            self.verify_later(params, args, x.pos, x.span, exprs);
        }
        instance
    }

    fn has_as_many_args(&mut self, x: &'a Expr, generic: TypeId, want: usize, have: usize) -> bool {
        let qualifier = match have.cmp(&want) {
            std::cmp::Ordering::Less => "not enough",
            std::cmp::Ordering::Greater => "too many",
            std::cmp::Ordering::Equal => return true,
        };
        let name = match *self.types().get(generic) {
            Type::Named(id) => self.types().named(id).name,
            Type::Alias(id) => self.types().alias(id).name,
            _ => return false,
        };
        let text = format!("{qualifier} type arguments for type {name}: have {have}, want {want}");
        self.push(Diagnostic::error(Code::WrongTypeArgCount, x.span, text).at(x.pos));
        false
    }

    /// The types that expressions denote; `None` if one is wrong.
    pub(super) fn type_list(&mut self, exprs: &'a [Expr]) -> Option<Vec<TypeId>> {
        let types: Vec<TypeId> = exprs.iter().map(|expr| self.var_type(expr)).collect();
        types.iter().all(|ty| ty.is_valid()).then_some(types)
    }

    pub(super) fn verify_later(
        &mut self,
        params: Vec<TypeParamId>,
        args: Vec<TypeId>,
        pos: Pos,
        span: Span,
        exprs: &'a [Expr],
    ) {
        let env = self.env;
        let instantiation = Instantiation {
            params,
            args,
            pos,
            span,
            exprs,
        };
        self.later.push(Later::Instantiation {
            env,
            instantiation: Box::new(instantiation),
        });
    }

    /// Reports the first type argument that does not satisfy its constraint.
    pub(super) fn verify(&mut self, at: &Instantiation<'a>) {
        let subst = Subst::new(&at.params, &at.args);
        for (index, (&param, &arg)) in at.params.iter().zip(&at.args).enumerate() {
            let constraint = self.types().type_param(param).constraint;
            let constraint = self.prog.types.subst(constraint, &subst);
            let Some(text) = self.satisfies(arg, constraint) else {
                continue;
            };
            let diagnostic = match at.exprs.get(index) {
                Some(expr) => {
                    Diagnostic::error(Code::InvalidTypeArg, expr.span, text).at(expr.start_pos())
                }
                None => Diagnostic::error(Code::InvalidTypeArg, at.span, text).at(at.pos),
            };
            self.push(diagnostic);
            return;
        }
        self.record_growth(at);
    }

    /// The type parameters of a generic function operand.
    pub(super) fn type_params_of(&self, x: &Operand<'a>) -> Vec<TypeParamId> {
        match self.types().get(x.ty) {
            Type::Func(sig) if x.is_valid() => sig.type_params.clone(),
            _ => Vec::new(),
        }
    }

    /// Instantiates the generic function `x`, written with the type arguments of `index` if there is one, and with the
    /// type that is wanted of it. Without `infer`, missing arguments are no error: they are returned as far as known.
    pub(super) fn func_inst(
        &mut self,
        x: &mut Operand<'a>,
        index: Option<&'a Expr>,
        target: Option<Target<'_>>,
        infer: bool,
    ) -> Option<Vec<TypeId>> {
        let fun = x.expr;
        let (pos, exprs): (Pos, &'a [Expr]) = match index.map(|index| (index, &index.kind)) {
            Some((index, ExprKind::Index { indices, .. })) => (index.pos, indices),
            _ => (x.pos(), &[]),
        };
        let params = self.type_params_of(x);
        let Some(mut args) = self.type_list(exprs) else {
            x.set_invalid();
            return None;
        };
        if let Some(index) = index {
            x.expr = index;
        }
        if args.len() > params.len() {
            let text = format!(
                "got {} type arguments but want {}",
                args.len(),
                params.len()
            );
            self.error(Code::WrongTypeArgCount, &exprs[args.len() - 1], text);
            x.set_invalid();
            return None;
        }
        if args.len() < params.len() {
            if !infer {
                return Some(args);
            }
            let mut wanted = Vec::new();
            let mut operands = Vec::new();
            let mut description = String::new();
            if let Some(target) = target {
                let Type::Func(sig) = self.types().get(x.ty).clone() else {
                    return None;
                };
                let plain = Signature {
                    type_params: Vec::new(),
                    ..Signature::clone(&sig)
                };
                wanted.push(self.prog.types.func(plain));
                let mut operand = Operand::invalid(x.expr);
                operand.set_value(target.ty);
                operand.part = Part::Target;
                operands.push(operand);
                description = target.what.to_string();
            }
            let tuple = self.prog.types.tuple(&wanted);
            let (renamed, tuple) = self.prog.types.rename_type_params(&params, tuple);
            let wanted = match self.types().get(tuple) {
                Type::Tuple(parts) => parts.to_vec(),
                _ => Vec::new(),
            };
            let mut error = InferError {
                target: Some(description).filter(|text| !text.is_empty()),
                ..InferError::default()
            };
            args.resize(params.len(), TypeId::INVALID);
            match self.infer(pos, &renamed, args, &wanted, &operands, &mut error) {
                Some(inferred) => args = inferred,
                None => {
                    if let Some((pos, text)) = error.message {
                        let span = x.expr.span;
                        self.push(Diagnostic::error(Code::CannotInferTypeArgs, span, text).at(pos));
                    }
                    x.set_invalid();
                    return None;
                }
            }
        }
        let sig = self.instantiate_signature(fun, x.ty, &args, x.pos(), exprs);
        x.set_value(sig);
        None
    }

    /// Instantiates the signature of the generic function that `fun` names, and writes it down there.
    pub(super) fn instantiate_signature(
        &mut self,
        fun: &'a Expr,
        generic: TypeId,
        args: &[TypeId],
        pos: Pos,
        exprs: &'a [Expr],
    ) -> TypeId {
        let Type::Func(sig) = self.types().get(generic).clone() else {
            return TypeId::INVALID;
        };
        let instance = self.prog.types.instantiate_signature(generic, args);
        self.record_instance(fun, args, instance);
        self.verify_later(sig.type_params.clone(), args.to_vec(), pos, fun.span, exprs);
        instance
    }

    /// Writes the type arguments down at the name of the function.
    fn record_instance(&mut self, fun: &'a Expr, args: &[TypeId], sig: TypeId) {
        let mut at = fun;
        loop {
            let mut info = self.info(at);
            info.ty = sig;
            info.mode = Mode::Value;
            self.record_info(at, info);
            at = match &at.kind {
                ExprKind::Paren(inner) => inner,
                ExprKind::Index { x, .. } => x,
                _ => break,
            };
        }
        let info = &mut self.prog.packages[self.env.pkg.index()].info;
        if let Some(selection) = info.selections.get_mut(&at.id) {
            selection.ty = sig;
        }
        info.instances.insert(at.id, args.into());
    }
}
