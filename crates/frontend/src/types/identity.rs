//! Identity of types: canonical ids.
//!
//! The canonical form of a type has no aliases, no parameter names, `uint8` for `byte`, and its interfaces are flat
//! lists of methods. It is computed when a type is made; only a type with an unfinished part (an alias or an interface
//! in a cycle of declarations) waits, and is compared by structure meanwhile.

use std::sync::Arc;

use super::{Interface, Method, Param, Signature, Struct, Type, TypeId, Types, UNKNOWN};
use crate::program::PkgId;

impl Types {
    /// The id that stands for all types identical to `id`.
    ///
    /// Of a type with unfinished parts, the type itself.
    pub fn canon(&self, id: TypeId) -> TypeId {
        match self.canons[id.index()] {
            UNKNOWN => id,
            canon => canon,
        }
    }

    /// Whether two types are identical.
    pub fn identical(&self, a: TypeId, b: TypeId) -> bool {
        if a == b {
            return true;
        }
        match (self.canons[a.index()], self.canons[b.index()]) {
            (UNKNOWN, _) | (_, UNKNOWN) => self.same_structure(a, b, &mut Vec::new()),
            (a, b) => a == b,
        }
    }

    /// Tries again to find the canonical ids of types that were made from unfinished parts.
    pub(crate) fn settle_canons(&mut self) {
        for round in 0..8 {
            let mut is_settled = true;
            for index in 0..self.types.len() {
                if self.canons[index] == UNKNOWN {
                    self.set_canon(TypeId(index as u32));
                    is_settled &= self.canons[index] != UNKNOWN;
                }
            }
            if is_settled || round == 7 {
                break;
            }
        }
    }

    pub(super) fn set_canon(&mut self, id: TypeId) {
        if let Some(canon) = self.find_canon(id) {
            self.canons[id.index()] = canon;
        }
    }

    fn known(&mut self, id: TypeId) -> Option<TypeId> {
        match self.canons[id.index()] {
            UNKNOWN => {
                let is_alias = matches!(self.types[id.index()], Type::Alias(_));
                if !is_alias {
                    return None;
                }
                self.set_canon(id);
                Some(self.canons[id.index()]).filter(|&canon| canon != UNKNOWN)
            }
            canon => Some(canon),
        }
    }

    fn find_canon(&mut self, id: TypeId) -> Option<TypeId> {
        let ty = self.types[id.index()].clone();
        let canon = match ty {
            Type::Basic(super::Basic::Byte) => TypeId::UINT8,
            Type::Basic(super::Basic::Rune) => TypeId::INT32,
            Type::Basic(_) | Type::TypeParam(_) => id,
            Type::Named(named) => {
                let named = self.named(named);
                let Some(origin) = named.origin else {
                    return Some(id);
                };
                let (generic, args) = (self.named(origin).id, named.type_args.clone());
                let mut known = Vec::with_capacity(args.len());
                for &arg in &args {
                    known.push(self.known(arg)?);
                }
                match known == args {
                    true => id,
                    false => self.instance(generic, &known),
                }
            }
            Type::Alias(alias) => {
                let actual = self.alias(alias).actual;
                if !actual.is_valid() {
                    return None;
                }
                self.known(actual)?
            }
            Type::Pointer(elem) => {
                let elem = self.known(elem)?;
                self.intern_canon(id, Type::Pointer(elem))
            }
            Type::Slice(elem) => {
                let elem = self.known(elem)?;
                self.intern_canon(id, Type::Slice(elem))
            }
            Type::Array { elem, len } => {
                let elem = self.known(elem)?;
                self.intern_canon(id, Type::Array { elem, len })
            }
            Type::Map { key, value } => {
                let (key, value) = (self.known(key)?, self.known(value)?);
                self.intern_canon(id, Type::Map { key, value })
            }
            Type::Chan { dir, elem } => {
                let elem = self.known(elem)?;
                self.intern_canon(id, Type::Chan { dir, elem })
            }
            Type::Struct(ty) => {
                let mut fields = ty.fields.clone();
                for field in &mut fields {
                    field.ty = self.known(field.ty)?;
                }
                let has_private = fields.iter().any(|field| !field.name.is_exported());
                let pkg = if has_private { ty.pkg } else { PkgId::UNIVERSE };
                self.intern_canon(id, Type::Struct(Arc::new(Struct { fields, pkg })))
            }
            Type::Func(sig) => {
                let params = self.known_params(&sig.params)?;
                let results = self.known_params(&sig.results)?;
                let sig = Signature {
                    params,
                    results,
                    is_variadic: sig.is_variadic,
                    type_params: sig.type_params.clone(),
                };
                self.intern_canon(id, Type::Func(Arc::new(sig)))
            }
            Type::Tuple(parts) => {
                let mut canon = Vec::with_capacity(parts.len());
                for &part in parts.iter() {
                    canon.push(self.known(part)?);
                }
                self.intern_canon(id, Type::Tuple(canon.into()))
            }
            Type::Interface(interface) => self.canon_interface(id, &interface)?,
            Type::Union(terms) => {
                let mut terms = terms.to_vec();
                for term in &mut terms {
                    term.ty = self.known(term.ty)?;
                }
                self.intern_canon(id, Type::Union(terms.into()))
            }
        };
        Some(canon)
    }

    fn known_params(&mut self, params: &[Param]) -> Option<Vec<Param>> {
        let known = params.iter().map(|param| {
            let ty = self.known(param.ty)?;
            Some(Param { name: None, ty })
        });
        known.collect()
    }

    fn canon_interface(&mut self, id: TypeId, interface: &Interface) -> Option<TypeId> {
        // What is embedded may be under declaration: then it is not known yet.
        for &embed in &interface.embeds {
            if !self.under(embed).is_valid() {
                return None;
            }
        }
        let (set, is_complete) = self.collect_type_set(id);
        if !is_complete {
            return None;
        }
        let mut methods: Vec<Method> = set.methods.to_vec();
        for method in &mut methods {
            method.sig = self.known(method.sig)?;
        }
        // `comparable` is told apart from other interfaces without methods by staying embedded.
        let mut embeds = Vec::new();
        if set.is_comparable {
            embeds.push(self.comparable);
        }
        if let Some(mut terms) = set.terms {
            for term in &mut terms {
                term.ty = self.known(term.ty)?;
            }
            terms.sort_by_key(|term| (term.ty, term.has_tilde));
            embeds.push(self.union(&terms));
        }
        let canon = Interface {
            methods,
            embeds,
            pkg: PkgId::UNIVERSE,
            is_implicit: false,
        };
        Some(self.intern_canon(id, Type::Interface(Arc::new(canon))))
    }

    fn intern_canon(&mut self, id: TypeId, ty: Type) -> TypeId {
        if self.types[id.index()] == ty {
            return id;
        }
        if let Some(&known) = self.interned.get(&ty) {
            return known;
        }
        let canon = TypeId(self.types.len() as u32);
        self.add_type(ty, canon)
    }

    /// Identity by structure, for types with unfinished parts. Interfaces whose methods lead back to themselves are the
    /// same if nothing tells them apart: `pairs` are those that are being compared.
    fn same_structure(&self, a: TypeId, b: TypeId, pairs: &mut Vec<(TypeId, TypeId)>) -> bool {
        let (a, b) = (self.unalias(a), self.unalias(b));
        if a == b {
            return true;
        }
        let mut same = |a: TypeId, b: TypeId| match (self.canons[a.index()], self.canons[b.index()])
        {
            (UNKNOWN, _) | (_, UNKNOWN) => self.same_structure(a, b, pairs),
            (a, b) => a == b,
        };
        match (self.get(a), self.get(b)) {
            (Type::Basic(_), Type::Basic(_)) => self.canon(a) == self.canon(b),
            (&Type::Pointer(a), &Type::Pointer(b)) | (&Type::Slice(a), &Type::Slice(b)) => {
                same(a, b)
            }
            (&Type::Array { elem: a, len: n }, &Type::Array { elem: b, len: m }) => {
                n == m && same(a, b)
            }
            (
                &Type::Map { key, value },
                &Type::Map {
                    key: key2,
                    value: value2,
                },
            ) => same(key, key2) && same(value, value2),
            (&Type::Chan { dir, elem: a }, &Type::Chan { dir: dir2, elem: b }) => {
                dir == dir2 && same(a, b)
            }
            (Type::Tuple(a), Type::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(&a, &b)| same(a, b))
            }
            (Type::Func(a), Type::Func(b)) => {
                let mut all = |a: &[Param], b: &[Param]| {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a.ty, b.ty))
                };
                a.is_variadic == b.is_variadic
                    && all(&a.params, &b.params)
                    && all(&a.results, &b.results)
            }
            (Type::Struct(a), Type::Struct(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(f, g)| {
                        f.name == g.name
                            && f.is_embedded == g.is_embedded
                            && f.tag == g.tag
                            && (f.name.is_exported() || a.pkg == b.pkg)
                            && same(f.ty, g.ty)
                    })
            }
            (Type::Named(a), Type::Named(b)) => {
                let (a, b) = (self.named(*a), self.named(*b));
                a.origin.is_some()
                    && a.origin == b.origin
                    && a.type_args
                        .iter()
                        .zip(&b.type_args)
                        .all(|(&a, &b)| same(a, b))
            }
            (Type::Interface(_), Type::Interface(_)) => self.same_interfaces(a, b, pairs),
            _ => false,
        }
    }

    fn same_interfaces(&self, a: TypeId, b: TypeId, pairs: &mut Vec<(TypeId, TypeId)>) -> bool {
        if pairs.contains(&(a, b)) || pairs.contains(&(b, a)) {
            return true;
        }
        let (x, y) = (self.type_set(a), self.type_set(b));
        if x.is_comparable != y.is_comparable
            || !self.same_terms(&x, &y)
            || x.methods.len() != y.methods.len()
        {
            return false;
        }
        pairs.push((a, b));
        let is_same = x.methods.iter().zip(y.methods.iter()).all(|(m, n)| {
            m.name == n.name && m.pkg == n.pkg && self.same_structure(m.sig, n.sig, pairs)
        });
        pairs.pop();
        is_same
    }

    /// Identity that ignores struct tags, for conversions.
    pub fn identical_ignoring_tags(&mut self, a: TypeId, b: TypeId) -> bool {
        if self.identical(a, b) {
            return true;
        }
        let (a, b) = (self.without_tags(a, 0), self.without_tags(b, 0));
        self.identical(a, b)
    }

    fn without_tags(&mut self, id: TypeId, depth: u32) -> TypeId {
        if depth > 64 {
            return id;
        }
        let id = self.unalias(id);
        match self.get(id).clone() {
            Type::Pointer(elem) => {
                let elem = self.without_tags(elem, depth + 1);
                self.pointer(elem)
            }
            Type::Slice(elem) => {
                let elem = self.without_tags(elem, depth + 1);
                self.slice(elem)
            }
            Type::Array { elem, len } => {
                let elem = self.without_tags(elem, depth + 1);
                self.array(elem, len)
            }
            Type::Map { key, value } => {
                let key = self.without_tags(key, depth + 1);
                let value = self.without_tags(value, depth + 1);
                self.map(key, value)
            }
            Type::Chan { dir, elem } => {
                let elem = self.without_tags(elem, depth + 1);
                self.chan(dir, elem)
            }
            Type::Struct(ty) => {
                let mut ty = Struct::clone(&ty);
                for field in &mut ty.fields {
                    field.tag = None;
                    field.ty = self.without_tags(field.ty, depth + 1);
                }
                self.structure(ty)
            }
            Type::Func(sig) => {
                let mut sig = Signature::clone(&sig);
                for param in sig.params.iter_mut().chain(&mut sig.results) {
                    param.ty = self.without_tags(param.ty, depth + 1);
                }
                self.func(sig)
            }
            _ => id,
        }
    }
}
