//! Unification: makes two types the same by finding types for the type parameters in them.
//!
//! Parameters that were found to be the same share a slot. Matching may be inexact, as assignment is: a declared type
//! matches its underlying type, channels match whatever their direction, an interface matches a type that has its
//! methods.

use super::Checker;
use crate::types::{ChanDir, LookupFailure, Member, Param, Type, TypeId, TypeParamId};

/// How closely types must match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Match {
    /// Inexactly all the way down.
    Inexact,
    /// Inexactly at the top, exactly below.
    Assign,
    Exact,
}

/// Deeper types are not matched.
const MAX_DEPTH: u32 = 50;

#[derive(Debug)]
pub(super) struct Unifier {
    /// Per parameter its slot.
    params: Vec<(TypeParamId, usize)>,
    /// The types found, invalid while unknown.
    slots: Vec<TypeId>,
    depth: u32,
    /// The pairs of interfaces being compared.
    pairs: Vec<(TypeId, TypeId)>,
}

impl Unifier {
    pub(super) fn new(params: &[TypeParamId], given: &[TypeId]) -> Unifier {
        Unifier {
            params: params
                .iter()
                .enumerate()
                .map(|(slot, &param)| (param, slot))
                .collect(),
            slots: given.to_vec(),
            depth: 0,
            pairs: Vec::new(),
        }
    }

    fn slot(&self, param: TypeParamId) -> Option<usize> {
        self.params
            .iter()
            .find(|(known, _)| *known == param)
            .map(|&(_, slot)| slot)
    }

    pub(super) fn at(&self, param: TypeParamId) -> TypeId {
        self.slot(param)
            .map_or(TypeId::INVALID, |slot| self.slots[slot])
    }

    pub(super) fn set(&mut self, param: TypeParamId, ty: TypeId) {
        if let Some(slot) = self.slot(param) {
            self.slots[slot] = ty;
        }
    }

    pub(super) fn n_unknown(&self) -> usize {
        self.params
            .iter()
            .filter(|&&(_, slot)| !self.slots[slot].is_valid())
            .count()
    }

    pub(super) fn inferred(&self) -> Vec<TypeId> {
        self.params
            .iter()
            .map(|&(_, slot)| self.slots[slot])
            .collect()
    }

    /// Makes two parameters share a slot; false if both have types.
    fn join(&mut self, x: usize, y: usize) -> bool {
        if x == y {
            return true;
        }
        let (from, to) = match (self.slots[x].is_valid(), self.slots[y].is_valid()) {
            (true, true) => return false,
            (true, false) => (y, x),
            _ => (x, y),
        };
        for (_, slot) in &mut self.params {
            if *slot == from {
                *slot = to;
            }
        }
        true
    }
}

impl<'a> Checker<'a> {
    /// Whether two types can be made the same. What was found on the way stays even if they cannot.
    pub(super) fn unify(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, mode: Match) -> bool {
        if u.depth >= MAX_DEPTH {
            return false;
        }
        u.depth += 1;
        let is_match = self.unify_types(u, x, y, mode);
        u.depth -= 1;
        is_match
    }

    fn unify_types(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, mode: Match) -> bool {
        // What is found keeps the name of an alias.
        let mut written = y;
        let (mut x, mut y) = (x, y);
        if self.types().unalias(x) == self.types().unalias(y) {
            return true;
        }
        let slot_of = |c: &Self, u: &Unifier, ty: TypeId| {
            let param = c.types().as_type_param(ty)?;
            u.slot(param).map(|slot| (param, slot))
        };
        // A declared type comes second, a parameter that is looked for first.
        if self.types().as_named(x).is_some() || slot_of(self, u, y).is_some() {
            std::mem::swap(&mut x, &mut y);
            written = y;
        }
        (x, y) = (self.types().unalias(x), self.types().unalias(y));
        if mode != Match::Exact
            && self.types().as_named(y).is_some()
            && self.is_type_literal(x)
            && !self.types().is_interface(x)
        {
            y = self.under(y);
            written = y;
            if x == y {
                return true;
            }
        }
        match (slot_of(self, u, x), slot_of(self, u, y)) {
            (Some((_, a)), Some((_, b))) => {
                if u.join(a, b) {
                    return true;
                }
                let (x, y) = (u.slots[a], u.slots[b]);
                return self.unify(u, x, y, mode);
            }
            (Some((param, slot)), None) => {
                let known = u.slots[slot];
                if !known.is_valid() {
                    u.set(param, written);
                    return true;
                }
                return self.unify(u, known, written, mode)
                    && self.refine(u, param, known, written, mode);
            }
            _ => {}
        }
        if mode != Match::Exact {
            let (xi, yi) = (self.types().is_interface(x), self.types().is_interface(y));
            if xi && yi {
                return self.unify_interfaces(u, x, y, false);
            }
            if xi || yi {
                let (interface, other) = if xi { (x, y) } else { (y, x) };
                return self.unify_methods(u, interface, other);
            }
        }
        if self.types().is_type_param(y) {
            std::mem::swap(&mut x, &mut y);
        }
        let inner = match mode {
            Match::Inexact => Match::Inexact,
            _ => Match::Exact,
        };
        match (self.types().get(x).clone(), self.types().get(y).clone()) {
            (Type::Basic(_), Type::Basic(_)) => self.types().identical(x, y),
            (Type::Pointer(a), Type::Pointer(b)) | (Type::Slice(a), Type::Slice(b)) => {
                self.unify(u, a, b, inner)
            }
            (Type::Array { elem: a, len: n }, Type::Array { elem: b, len: m }) => {
                n == m && self.unify(u, a, b, inner)
            }
            (
                Type::Map { key: a, value: b },
                Type::Map {
                    key: c, value: d, ..
                },
            ) => self.unify(u, a, c, inner) && self.unify(u, b, d, inner),
            (Type::Chan { dir: a, elem: x }, Type::Chan { dir: b, elem: y }) => {
                (mode != Match::Exact || a == b) && self.unify(u, x, y, inner)
            }
            (Type::Struct(a), Type::Struct(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(f, g)| {
                        f.is_embedded == g.is_embedded
                            && f.tag == g.tag
                            && f.name == g.name
                            && (f.name.is_exported() || a.pkg == b.pkg)
                            && self.unify(u, f.ty, g.ty, inner)
                    })
            }
            (Type::Func(a), Type::Func(b)) => {
                a.is_variadic == b.is_variadic
                    && self.unify_params(u, &a.params, &b.params, inner)
                    && self.unify_params(u, &a.results, &b.results, inner)
            }
            (Type::Interface(_), Type::Interface(_)) => self.unify_interfaces(u, x, y, true),
            (Type::Named(a), Type::Named(b)) => {
                let (a, b) = (self.types().named(a).clone(), self.types().named(b).clone());
                // Arguments first, so that something is found for the message.
                a.type_args.len() == b.type_args.len()
                    && a.type_args
                        .iter()
                        .zip(&b.type_args)
                        .all(|(&a, &b)| self.unify(u, a, b, mode))
                    && a.origin.is_some()
                    && a.origin == b.origin
            }
            (Type::TypeParam(_), _) => self.unify_with_core(u, x, y),
            _ => false,
        }
    }

    /// A parameter was found before, and what was found matches `y`: which of the two is it?
    fn refine(
        &mut self,
        u: &mut Unifier,
        param: TypeParamId,
        known: TypeId,
        y: TypeId,
        mode: Match,
    ) -> bool {
        let types = self.types();
        let (xi, yi) = (types.is_interface(known), types.is_interface(y));
        let (xn, yn) = (types.as_named(known).is_some(), types.as_named(y).is_some());
        if xi && yi {
            if xn && yn {
                return types.identical(known, y);
            }
            let n_methods = |ty| types.methods_of_interface(ty).len();
            if n_methods(known) != n_methods(y) {
                return false;
            }
        } else if xi || yi {
            // Either would do: there is no telling.
            return false;
        }
        if mode == Match::Exact || xn {
            return true;
        }
        let is_directed = matches!(
            types.under_type(y),
            Type::Chan {
                dir: ChanDir::SendOnly | ChanDir::RecvOnly,
                ..
            }
        );
        if yn || is_directed {
            u.set(param, y);
        }
        true
    }

    fn unify_params(&mut self, u: &mut Unifier, a: &[Param], b: &[Param], mode: Match) -> bool {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| self.unify(u, a.ty, b.ty, mode))
    }

    /// Interfaces match if they have the same methods or, inexactly, if one has those of the other.
    fn unify_interfaces(&mut self, u: &mut Unifier, x: TypeId, y: TypeId, is_exact: bool) -> bool {
        let (a, b) = (self.types().type_set(x), self.types().type_set(y));
        if a.is_comparable != b.is_comparable || !self.types().same_terms(&a, &b) {
            return false;
        }
        if u.pairs.contains(&(x, y)) || u.pairs.contains(&(y, x)) {
            return true;
        }
        let (few, many) = match a.methods.len() <= b.methods.len() {
            true => (&a.methods, &b.methods),
            false => (&b.methods, &a.methods),
        };
        if is_exact && few.len() != many.len() {
            return false;
        }
        u.pairs.push((x, y));
        let is_match = few.iter().all(|method| {
            many.iter()
                .find(|other| other.name == method.name && other.pkg == method.pkg)
                .is_some_and(|other| self.unify(u, method.sig, other.sig, Match::Exact))
        });
        u.pairs.pop();
        is_match
    }

    fn unify_methods(&mut self, u: &mut Unifier, interface: TypeId, other: TypeId) -> bool {
        let methods = self.types().methods_of_interface(interface);
        methods.iter().all(|method| {
            let found = self.types().lookup(other, method.pkg, method.name);
            let sig = match found.map(|found| (found.member, found.holder)) {
                Ok((Member::Method(obj), holder)) => self.method_signature(holder, obj),
                Ok((Member::InterfaceMethod { sig, .. }, _))
                | Ok((Member::ConstraintMethod { sig, .. }, _)) => sig,
                Ok((Member::Field { .. }, _))
                | Err(LookupFailure::NotFound | LookupFailure::Ambiguous) => return false,
            };
            let is_generic = matches!(self.types().get(sig), Type::Func(sig) if sig.is_generic());
            !is_generic && self.unify(u, method.sig, sig, Match::Exact)
        })
    }

    /// A parameter that is not looked for stands for a type of its constraint: the type that these share may match.
    fn unify_with_core(&mut self, u: &mut Unifier, x: TypeId, y: TypeId) -> bool {
        match self.types().common_under(x) {
            Ok(core) => self.unify(u, core, y, Match::Assign),
            Err(_) => false,
        }
    }

    /// Basic types and types without a name.
    fn is_type_literal(&self, ty: TypeId) -> bool {
        !matches!(self.types().get(ty), Type::Named(_) | Type::TypeParam(_))
    }
}
