//! Type inference: the type arguments that a call leaves out.
//!
//! In three steps, as the specification has them: typed arguments are unified with the types of their parameters; type
//! parameters with their constraints, as long as that tells something new; what is left and has untyped constants for
//! arguments gets their default type. What was found may speak of other parameters: it is substituted until it does not.

use mini_diagnostics::Pos;

use super::Checker;
use super::errors::place;
use super::operand::{Operand, Part};
use super::unify::{Match, Unifier};
use crate::types::{Subst, Type, TypeId, TypeParamId};

/// What inference failed at.
#[derive(Debug, Default)]
pub(super) struct InferError {
    /// None if an argument was wrong before.
    pub(super) message: Option<(Pos, String)>,
    /// The argument stands for the variable that a generic function is assigned to: what that is.
    pub(super) target: Option<String>,
}

impl<'a> Checker<'a> {
    /// The type arguments for `params`, some of which may be given; the others are invalid. Parameters' types and
    /// arguments are as many.
    pub(super) fn infer(
        &mut self,
        pos: Pos,
        params: &[TypeParamId],
        given: Vec<TypeId>,
        wanted: &[TypeId],
        args: &[Operand<'a>],
        error: &mut InferError,
    ) -> Option<Vec<TypeId>> {
        if given.iter().all(|ty| ty.is_valid()) {
            return Some(given);
        }
        if args.iter().any(|arg| !arg.is_valid()) {
            return None;
        }
        // For better messages: what is given is no matter of inference.
        let subst = Subst::new(params, &given);
        let wanted = self.prog.types.subst_all(wanted, &subst);
        let mut unifier = Unifier::new(params, &given);
        let mut untyped = Vec::new();
        for (index, (arg, &want)) in args.iter().zip(&wanted).enumerate() {
            if !self.mentions_params(params, want) && !self.mentions_params(params, arg.ty) {
                continue;
            }
            if self.types().is_typed(arg.ty) {
                if !self.unify(&mut unifier, want, arg.ty, Match::Assign) {
                    self.mismatch(&unifier, params, want, arg, error);
                    return None;
                }
            } else if matches!(self.types().get(want), Type::TypeParam(_)) && !arg.is_nil() {
                untyped.push(index);
            }
        }
        self.infer_from_constraints(pos, params, &mut unifier, error)?;
        self.infer_from_constants(&wanted, args, &untyped, &mut unifier, error)?;
        let mut inferred = unifier.inferred();
        self.kill_cycles(params, &mut inferred);
        self.simplify(params, &given, &mut inferred);
        for (&param, &ty) in params.iter().zip(&inferred) {
            if !ty.is_valid() || self.mentions_params(params, ty) {
                let param = self.types().type_param(param);
                let (name, declared) = (param.name, self.object(param.obj).pos);
                let text = format!("cannot infer {name} (declared at {})", place(declared));
                error.message = Some((pos, text));
                return None;
            }
        }
        Some(inferred)
    }

    fn mismatch(
        &mut self,
        unifier: &Unifier,
        params: &[TypeParamId],
        want: TypeId,
        arg: &Operand<'a>,
        error: &mut InferError,
    ) {
        let inferred = unifier.inferred();
        let have = self.type_text(arg.ty);
        let name = match (&error.target, arg.part) {
            (Some(target), Part::Target) => target.clone(),
            _ => self.operand_text(arg),
        };
        let wanted = self.type_text(want);
        let text = if inferred.iter().all(|ty| !ty.is_valid()) {
            format!(
                "type {have} of {name} does not match {wanted} (cannot infer {})",
                self.type_param_names(params)
            )
        } else {
            let subst = Subst::new(params, &inferred);
            let new = self.prog.types.subst(want, &subst);
            let shown = self.type_text(new);
            match (new == want, arg.part == Part::Target) {
                (true, _) => format!("type {have} of {name} does not match {wanted}"),
                (_, true) => format!(
                    "inferred type {shown} for {wanted} does not match type {have} of {name}"
                ),
                (_, false) => format!(
                    "type {have} of {name} does not match inferred type {shown} for {wanted}"
                ),
            }
        };
        let pos = match arg.part {
            Part::Target => arg.expr.pos,
            _ => arg.pos(),
        };
        error.message = Some((pos, text));
    }

    /// `P`, `P and Q`, `P, Q, and R`
    fn type_param_names(&self, params: &[TypeParamId]) -> String {
        let names: Vec<&str> = params
            .iter()
            .map(|&param| self.types().type_param(param).name.as_str())
            .collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => only.to_string(),
            [a, b] => format!("{a} and {b}"),
            [first @ .., last] => format!("{}, and {last}", first.join(", ")),
        }
    }

    fn infer_from_constraints(
        &mut self,
        pos: Pos,
        params: &[TypeParamId],
        unifier: &mut Unifier,
        error: &mut InferError,
    ) -> Option<()> {
        loop {
            let n_unknown = unifier.n_unknown();
            for &param in params {
                let known = unifier.at(param);
                if let Some((core, is_single)) = self.types().core_term(param) {
                    if known.is_valid() {
                        if !self.unify(unifier, known, core.ty, Match::Inexact) {
                            error.message = Some((pos, self.unsatisfied(param, known)));
                            return None;
                        }
                    } else if is_single && !core.has_tilde {
                        unifier.set(param, core.ty);
                    }
                }
                if known.is_valid() && !self.mentions_params(params, known) {
                    let constraint = self.types().type_param(param).constraint;
                    let missing =
                        self.missing_method(known, constraint, true, &mut |c, have, want| {
                            c.unify(unifier, have, want, Match::Exact)
                        });
                    if let Some(missing) = missing {
                        let cause = self.missing_text(known, constraint, missing);
                        let text = format!("{} {cause}", self.unsatisfied(param, known));
                        error.message = Some((pos, text));
                        return None;
                    }
                }
            }
            if unifier.n_unknown() == n_unknown {
                return Some(());
            }
        }
    }

    fn unsatisfied(&self, param: TypeParamId, ty: TypeId) -> String {
        let param = self.types().type_param(param);
        format!(
            "{} (type {}) does not satisfy {}",
            param.name,
            self.type_text(ty),
            self.type_text(param.constraint)
        )
    }

    fn infer_from_constants(
        &mut self,
        wanted: &[TypeId],
        args: &[Operand<'a>],
        untyped: &[usize],
        unifier: &mut Unifier,
        error: &mut InferError,
    ) -> Option<()> {
        let mut largest: Vec<(TypeParamId, TypeId)> = Vec::new();
        for &index in untyped {
            let Type::TypeParam(param) = *self.types().get(wanted[index]) else {
                continue;
            };
            if unifier.at(param).is_valid() {
                continue;
            }
            let arg = &args[index];
            match largest.iter_mut().find(|(known, _)| *known == param) {
                None => largest.push((param, arg.ty)),
                Some((_, largest)) => match super::untyped::max_type(*largest, arg.ty) {
                    Some(ty) => *largest = ty,
                    None => {
                        let text = format!(
                            "mismatched types {} and {} (cannot infer {})",
                            self.type_text(*largest),
                            self.type_text(arg.ty),
                            self.types().type_param(param).name
                        );
                        error.message = Some((arg.pos(), text));
                        return None;
                    }
                },
            }
        }
        for (param, ty) in largest {
            let ty = self.types().default_type(ty);
            unifier.set(param, ty);
        }
        Some(())
    }

    /// Forgets what would be substituted without end: a parameter that was found to contain itself.
    fn kill_cycles(&self, params: &[TypeParamId], inferred: &mut [TypeId]) {
        for index in 0..params.len() {
            let mut reached = vec![false; params.len()];
            let mut todo = vec![inferred[index]];
            while let Some(ty) = todo.pop() {
                for (other, &param) in params.iter().enumerate() {
                    if !reached[other] && self.mentions_params(&[param], ty) {
                        reached[other] = true;
                        todo.push(inferred[other]);
                    }
                }
            }
            if reached[index] {
                inferred[index] = TypeId::INVALID;
            }
        }
    }

    /// Substitutes what was found for the parameters that it speaks of.
    fn simplify(&mut self, params: &[TypeParamId], given: &[TypeId], inferred: &mut [TypeId]) {
        loop {
            let subst = Subst::new(params, inferred);
            let mut is_changed = false;
            for index in 0..inferred.len() {
                let old = inferred[index];
                if given[index].is_valid() || !old.is_valid() {
                    continue;
                }
                let mut new = self.prog.types.subst(old, &subst);
                if new != old {
                    // A generic function's signature without its parameters is that of a plain function.
                    if let Type::Func(sig) = self.types().get(new).clone()
                        && sig.is_generic()
                        && !self.mentions_params(params, new)
                    {
                        let mut plain = crate::types::Signature::clone(&sig);
                        plain.type_params.clear();
                        new = self.prog.types.func(plain);
                    }
                    inferred[index] = new;
                    is_changed = true;
                }
            }
            if !is_changed {
                return;
            }
        }
    }

    /// Whether one of the parameters occurs in a type.
    pub(super) fn mentions_params(&self, params: &[TypeParamId], ty: TypeId) -> bool {
        if !self.types().has_type_params(ty) {
            return false;
        }
        let any = |types: &[TypeId]| types.iter().any(|&ty| self.mentions_params(params, ty));
        match self.types().get(ty) {
            Type::Basic(_) => false,
            Type::TypeParam(param) => params.contains(param),
            &Type::Named(id) => any(&self.types().named(id).type_args),
            &Type::Alias(id) => self.mentions_params(params, self.types().alias(id).actual),
            &Type::Pointer(elem) | &Type::Slice(elem) => self.mentions_params(params, elem),
            &Type::Array { elem, .. } | &Type::Chan { elem, .. } => {
                self.mentions_params(params, elem)
            }
            &Type::Map { key, value } => any(&[key, value]),
            Type::Struct(ty) => ty
                .fields
                .iter()
                .any(|field| self.mentions_params(params, field.ty)),
            Type::Func(sig) => sig
                .param_types()
                .chain(sig.result_types())
                .any(|ty| self.mentions_params(params, ty)),
            Type::Interface(interface) => {
                interface
                    .methods
                    .iter()
                    .any(|method| self.mentions_params(params, method.sig))
                    || any(&interface.embeds)
            }
            Type::Tuple(parts) => any(parts),
            Type::Union(terms) => terms
                .iter()
                .any(|term| self.mentions_params(params, term.ty)),
        }
    }
}
