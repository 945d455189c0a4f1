//! Type arguments for type parameters: substitution, and the instances of generic types.
//!
//! An instance is a [`Named`](super::Named) (or an alias) of its own, one for each list of arguments as written; its canonical id is
//! the instance of the arguments' canonical ids. What an instance is made of is substituted at once if the generic type
//! is known, and when [`Types::set_rhs`] tells it otherwise. So every type can be looked through without changing the
//! arena.
//!
//! A generic type may lead to ever larger instances of itself: `type T[P any] struct { next *T[[]P] }`. The checker
//! refuses such declarations; here the expansion ends where types are nested [`MAX_GROWTH`] levels deeper than the
//! instance that was asked for. What lies beyond is expanded when somebody asks for it by its arguments.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::{
    Alias, AliasId, Interface, Named, NamedId, Param, Signature, Struct, Term, Type, TypeId,
    TypeParamId, Types, UNKNOWN,
};

/// How much deeper an instance may be nested than the one whose expansion leads to it.
const MAX_GROWTH: u16 = 16;

/// How many instances one expansion may make.
const MAX_EXPANSION: usize = 10_000;

/// What substitution asks of every type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// Type parameters occur in it.
    has_params: bool,
    /// How deep it is nested, instances' arguments included.
    depth: u16,
}

impl Traits {
    const LEAF: Traits = Traits {
        has_params: false,
        depth: 0,
    };
}

#[derive(Debug, Default)]
pub(super) struct Instances {
    /// By generic type (or alias) and arguments as written.
    known: HashMap<(TypeId, Box<[TypeId]>), TypeId, FixedState>,
    /// Instances of generic types that are being declared.
    waiting: HashMap<TypeId, Vec<TypeId>, FixedState>,
    /// Instances to be expanded, each with the depth beyond which none is.
    queue: Vec<(TypeId, u16)>,
    /// While the queue is being worked off: the depth that the instance at hand allows.
    limit: Option<u16>,
}

/// Types for type parameters.
#[derive(Clone, Debug, Default)]
pub struct Subst {
    params: Vec<TypeParamId>,
    args: Vec<TypeId>,
    /// What types that were asked for became.
    memo: RefCell<HashMap<TypeId, TypeId, FixedState>>,
}

impl Subst {
    /// Replaces each parameter by the argument at the same place; an invalid argument leaves its parameter alone.
    pub fn new(params: &[TypeParamId], args: &[TypeId]) -> Subst {
        Subst {
            params: params.to_vec(),
            args: args.to_vec(),
            memo: RefCell::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    pub fn params(&self) -> &[TypeParamId] {
        &self.params
    }

    pub fn args(&self) -> &[TypeId] {
        &self.args
    }

    /// The type that stands for a parameter.
    pub fn get(&self, param: TypeParamId) -> Option<TypeId> {
        let at = self.params.iter().position(|&known| known == param)?;
        self.args
            .get(at)
            .copied()
            .filter(|argument| argument.is_valid())
    }
}

impl Types {
    /// Whether type parameters occur in a type.
    pub fn has_type_params(&self, id: TypeId) -> bool {
        self.traits[id.index()].has_params
    }

    pub(super) fn find_traits(&self, ty: &Type) -> Traits {
        let mut traits = Traits::LEAF;
        let mut is_nested = true;
        let mut part = |id: TypeId| {
            let part = self.traits[id.index()];
            traits.has_params |= part.has_params;
            traits.depth = traits.depth.max(part.depth);
        };
        match ty {
            Type::Basic(_) => return Traits::LEAF,
            Type::TypeParam(_) => {
                return Traits {
                    has_params: true,
                    depth: 0,
                };
            }
            Type::Named(id) => {
                let args = &self.named[id.0 as usize].type_args;
                is_nested = !args.is_empty();
                args.iter().copied().for_each(part);
            }
            // Known when the declaration is.
            Type::Alias(id) => {
                is_nested = false;
                let actual = self.aliases[id.0 as usize].actual;
                match actual.is_valid() {
                    true => part(actual),
                    false => traits.has_params = true,
                }
            }
            &Type::Pointer(elem) | &Type::Slice(elem) => part(elem),
            &Type::Array { elem, .. } | &Type::Chan { elem, .. } => part(elem),
            &Type::Map { key, value } => {
                part(key);
                part(value);
            }
            Type::Struct(ty) => ty.fields.iter().for_each(|field| part(field.ty)),
            Type::Func(sig) => {
                sig.param_types().for_each(&mut part);
                sig.result_types().for_each(part);
                traits.has_params |= sig.is_generic();
            }
            Type::Interface(interface) => {
                interface.methods.iter().for_each(|method| part(method.sig));
                interface.embeds.iter().copied().for_each(part);
            }
            Type::Tuple(parts) => parts.iter().copied().for_each(part),
            Type::Union(terms) => terms.iter().for_each(|term| part(term.ty)),
        }
        traits.depth = traits.depth.saturating_add(is_nested.into());
        traits
    }

    /// Gives a declared type its type parameters: `n_implicit` of the function around a local type, then its own.
    pub fn set_type_params(
        &mut self,
        generic: TypeId,
        type_params: Vec<TypeParamId>,
        n_implicit: usize,
    ) {
        match self.types[generic.index()] {
            Type::Named(id) => {
                self.traits[generic.index()].has_params = n_implicit > 0;
                let named = &mut self.named[id.0 as usize];
                named.type_params = type_params;
                named.n_implicit = n_implicit as u32;
            }
            Type::Alias(id) => self.aliases[id.0 as usize].type_params = type_params,
            _ => {}
        }
    }

    /// The type parameters that a type must be given arguments for before it can be used; empty if there are none.
    pub fn generic_params(&self, id: TypeId) -> &[TypeParamId] {
        match self.types[id.index()] {
            Type::Named(named) => self.named(named).own_type_params(),
            Type::Alias(alias) => &self.alias(alias).type_params,
            _ => &[],
        }
    }

    /// The generic type that a declared type is an instance of; otherwise the type itself.
    pub fn origin(&self, id: NamedId) -> NamedId {
        self.named(id).origin.unwrap_or(id)
    }

    /// The substitution that makes an instance out of its origin. Empty for other types.
    pub fn instance_subst(&self, id: NamedId) -> Subst {
        let named = self.named(id);
        match named.origin {
            Some(origin) => Subst::new(&self.named(origin).type_params, &named.type_args),
            None => Subst::default(),
        }
    }

    /// The instance of a generic type or alias, one argument for each of its own type parameters.
    pub fn instantiate(&mut self, generic: TypeId, args: &[TypeId]) -> TypeId {
        let implicit: Vec<TypeId> = match self.types[generic.index()] {
            Type::Named(id) => {
                let named = self.named(id);
                named.type_params[..named.n_implicit as usize]
                    .iter()
                    .map(|&param| self.type_param(param).id)
                    .collect()
            }
            _ => Vec::new(),
        };
        match implicit.is_empty() {
            true => self.instance(generic, args),
            false => self.instance(generic, &[&implicit, args].concat()),
        }
    }

    /// The same with arguments for the implicit type parameters, too.
    pub(super) fn instance(&mut self, generic: TypeId, args: &[TypeId]) -> TypeId {
        if let Some(&known) = self.instances.known.get(&(generic, args.into())) {
            // What an expansion left out is asked for now.
            if self.instances.limit.is_none() {
                self.expand_from(known, generic);
            }
            return known;
        }
        let id = match self.types[generic.index()] {
            Type::Named(origin) => self.new_instance(generic, origin, args),
            Type::Alias(origin) => self.new_alias_instance(generic, origin, args),
            _ => return TypeId::INVALID,
        };
        match self.instances.limit {
            Some(limit) => self.instances.queue.push((id, limit)),
            None => self.expand_from(id, generic),
        }
        self.set_canon(id);
        id
    }

    fn new_instance(&mut self, generic: TypeId, origin: NamedId, args: &[TypeId]) -> TypeId {
        let named = NamedId(self.named.len() as u32);
        let id = TypeId(self.types.len() as u32);
        let from = self.named(origin);
        let instance = Named {
            id,
            rhs: TypeId::INVALID,
            type_params: Vec::new(),
            origin: Some(origin),
            type_args: args.to_vec(),
            ..from.clone()
        };
        self.named.push(instance);
        self.instances.known.insert((generic, args.into()), id);
        self.add_type(Type::Named(named), UNKNOWN)
    }

    fn new_alias_instance(&mut self, generic: TypeId, origin: AliasId, args: &[TypeId]) -> TypeId {
        let alias = AliasId(self.aliases.len() as u32);
        let from = self.alias(origin);
        let instance = Alias {
            actual: TypeId::INVALID,
            type_params: Vec::new(),
            origin: Some(origin),
            type_args: args.to_vec(),
            ..from.clone()
        };
        self.aliases.push(instance);
        let id = TypeId(self.types.len() as u32);
        self.instances.known.insert((generic, args.into()), id);
        self.add_type(Type::Alias(alias), UNKNOWN)
    }

    fn expand_from(&mut self, instance: TypeId, generic: TypeId) {
        let is_done = match self.types[instance.index()] {
            Type::Named(id) => self.named(id).rhs.is_valid(),
            Type::Alias(id) => self.alias(id).actual.is_valid(),
            _ => true,
        };
        if is_done {
            return;
        }
        if !self.is_declared(generic) {
            let waiting = self.instances.waiting.entry(generic).or_default();
            if !waiting.contains(&instance) {
                waiting.push(instance);
            }
            return;
        }
        let limit = self.traits[instance.index()]
            .depth
            .saturating_add(MAX_GROWTH);
        self.instances.queue.push((instance, limit));
        self.expand_queue();
    }

    /// A generic type got its right-hand side: so do its instances.
    pub(super) fn expand_instances_of(&mut self, generic: TypeId) {
        if self.instances.waiting.is_empty() {
            return;
        }
        for instance in self.instances.waiting.remove(&generic).unwrap_or_default() {
            self.expand_from(instance, generic);
        }
    }

    /// Whether names alone lead from one type to another.
    pub(crate) fn leads_to(&self, mut from: TypeId, to: TypeId) -> bool {
        loop {
            if from == to {
                return true;
            }
            from = match self.types[from.index()] {
                Type::Named(named) => self.named(named).rhs,
                Type::Alias(alias) => self.alias(alias).actual,
                _ => return false,
            };
        }
    }

    fn is_declared(&self, generic: TypeId) -> bool {
        match self.types[generic.index()] {
            Type::Named(id) => self.named(id).rhs.is_valid(),
            Type::Alias(id) => self.alias(id).actual.is_valid(),
            _ => false,
        }
    }

    fn expand_queue(&mut self) {
        if self.instances.limit.is_some() {
            return;
        }
        let mut n_expanded = 0;
        while let Some((instance, limit)) = self.instances.queue.pop() {
            n_expanded += 1;
            if self.traits[instance.index()].depth > limit || n_expanded > MAX_EXPANSION {
                continue;
            }
            self.instances.limit = Some(limit);
            self.expand(instance);
        }
        self.instances.limit = None;
    }

    fn expand(&mut self, instance: TypeId) {
        match self.types[instance.index()] {
            Type::Named(id) => {
                let subst = self.instance_subst(id);
                let Some(origin) = self.named(id).origin.map(|origin| self.named(origin)) else {
                    return;
                };
                let (generic, rhs) = (origin.id, origin.rhs);
                if !rhs.is_valid() {
                    self.instances
                        .waiting
                        .entry(generic)
                        .or_default()
                        .push(instance);
                    return;
                }
                if subst.params().len() != subst.args().len() {
                    return;
                }
                let rhs = self.subst(rhs, &subst);
                // `type T[P any] T[P]` is refused; here it must not go in circles.
                if !self.leads_to(rhs, instance) {
                    self.set_rhs(instance, rhs);
                }
            }
            Type::Alias(id) => {
                let Some(origin) = self.alias(id).origin else {
                    return;
                };
                let subst = Subst::new(&self.alias(origin).type_params, &self.alias(id).type_args);
                let actual = self.alias(origin).actual;
                if !actual.is_valid() {
                    let generic = self.intern(Type::Alias(origin));
                    self.instances
                        .waiting
                        .entry(generic)
                        .or_default()
                        .push(instance);
                    return;
                }
                let actual = self.subst(actual, &subst);
                if !self.leads_to(actual, instance) {
                    self.set_actual(instance, actual);
                }
            }
            _ => {}
        }
    }

    /// The type with type arguments in place of type parameters.
    pub fn subst(&mut self, id: TypeId, subst: &Subst) -> TypeId {
        if subst.is_empty() || !self.traits[id.index()].has_params {
            return id;
        }
        if let Type::TypeParam(param) = self.types[id.index()] {
            return subst.get(param).unwrap_or(id);
        }
        if let Some(&known) = subst.memo.borrow().get(&id) {
            return known;
        }
        let new = self.subst_parts(id, subst);
        subst.memo.borrow_mut().insert(id, new);
        new
    }

    fn subst_parts(&mut self, id: TypeId, subst: &Subst) -> TypeId {
        match self.types[id.index()].clone() {
            Type::Basic(_) | Type::TypeParam(_) => id,
            Type::Named(named) => self.subst_named(id, named, subst),
            Type::Alias(alias) => {
                let Alias {
                    origin, type_args, ..
                } = self.alias(alias).clone();
                match origin {
                    Some(origin) => {
                        let args = self.subst_all(&type_args, subst);
                        let generic = self.intern(Type::Alias(origin));
                        self.instance(generic, &args)
                    }
                    None => {
                        let actual = self.alias(alias).actual;
                        let new = self.subst(actual, subst);
                        if new == actual { id } else { new }
                    }
                }
            }
            Type::Pointer(elem) => {
                let elem = self.subst(elem, subst);
                self.pointer(elem)
            }
            Type::Slice(elem) => {
                let elem = self.subst(elem, subst);
                self.slice(elem)
            }
            Type::Array { elem, len } => {
                let elem = self.subst(elem, subst);
                self.array(elem, len)
            }
            Type::Map { key, value } => {
                let (key, value) = (self.subst(key, subst), self.subst(value, subst));
                self.map(key, value)
            }
            Type::Chan { dir, elem } => {
                let elem = self.subst(elem, subst);
                self.chan(dir, elem)
            }
            Type::Struct(ty) => {
                let mut ty = Struct::clone(&ty);
                for field in &mut ty.fields {
                    field.ty = self.subst(field.ty, subst);
                }
                self.structure(ty)
            }
            Type::Func(sig) => self.subst_signature(id, &sig, subst),
            Type::Tuple(parts) => {
                let parts = self.subst_all(&parts, subst);
                self.tuple(&parts)
            }
            Type::Interface(interface) => {
                let mut interface = Interface::clone(&interface);
                for method in &mut interface.methods {
                    method.sig = self.subst(method.sig, subst);
                }
                interface.embeds = self.subst_all(&interface.embeds, subst);
                let id = self.interface(interface);
                self.complete_interface(id);
                id
            }
            Type::Union(terms) => {
                let terms: Vec<Term> = terms
                    .iter()
                    .map(|term| Term {
                        ty: self.subst(term.ty, subst),
                        ..*term
                    })
                    .collect();
                self.union(&terms)
            }
        }
    }

    fn subst_named(&mut self, id: TypeId, named: NamedId, subst: &Subst) -> TypeId {
        let entry = self.named(named);
        let (generic, args) = match entry.origin {
            Some(origin) => (self.named(origin).id, entry.type_args.clone()),
            // A local type of a generic function: with its function's type arguments it is an instance.
            None => {
                let params = &entry.type_params[..entry.n_implicit as usize];
                let args = params
                    .iter()
                    .map(|&param| self.type_param(param).id)
                    .collect();
                (id, args)
            }
        };
        let new = self.subst_all(&args, subst);
        match new == args {
            true => id,
            false => self.instance(generic, &new),
        }
    }

    pub(crate) fn subst_all(&mut self, types: &[TypeId], subst: &Subst) -> Vec<TypeId> {
        types.iter().map(|&ty| self.subst(ty, subst)).collect()
    }

    fn subst_signature(&mut self, id: TypeId, sig: &Arc<Signature>, subst: &Subst) -> TypeId {
        let mut sig = Signature::clone(sig);
        if sig.is_generic()
            && !sig
                .type_params
                .iter()
                .any(|&param| subst.get(param).is_some())
        {
            // The constraints may speak of what is substituted: then the parameters are others.
            let constraints: Vec<TypeId> = sig
                .type_params
                .iter()
                .map(|&param| self.type_param(param).constraint)
                .collect();
            if self.subst_all(&constraints, subst) != constraints {
                let (params, renamed) = self.rename_type_params(&sig.type_params.clone(), id);
                for &param in &params {
                    let constraint = self.type_param(param).constraint;
                    let constraint = self.subst(constraint, subst);
                    self.set_constraint(param, constraint);
                }
                if let Type::Func(renamed) = self.get(renamed) {
                    sig = Signature::clone(renamed);
                }
                sig.type_params = params;
            }
        }
        self.subst_params(&mut sig.params, subst);
        self.subst_params(&mut sig.results, subst);
        self.func(sig)
    }

    fn subst_params(&mut self, params: &mut [Param], subst: &Subst) {
        for param in params {
            param.ty = self.subst(param.ty, subst);
        }
    }

    /// New type parameters for those of a list, and the type that speaks of them: a generic signature keeps the old list.
    pub(crate) fn rename_type_params(
        &mut self,
        params: &[TypeParamId],
        ty: TypeId,
    ) -> (Vec<TypeParamId>, TypeId) {
        let renamed: Vec<TypeParamId> = params
            .iter()
            .map(|&param| {
                let (name, obj, index) = {
                    let param = self.type_param(param);
                    (param.name, param.obj, param.index)
                };
                let shadows = self.type_param(param).shadows;
                let new = self.new_type_param(name, obj, index);
                self.type_params[new.0 as usize].shadows = shadows;
                new
            })
            .collect();
        let args: Vec<TypeId> = renamed
            .iter()
            .map(|&param| self.type_param(param).id)
            .collect();
        let subst = Subst::new(params, &args);
        for (&old, &new) in params.iter().zip(&renamed) {
            let constraint = self.type_param(old).constraint;
            let constraint = self.subst(constraint, &subst);
            self.set_constraint(new, constraint);
        }
        let ty = self.subst(ty, &subst);
        (renamed, ty)
    }

    /// A generic signature with type arguments: no longer generic.
    pub fn instantiate_signature(&mut self, sig: TypeId, args: &[TypeId]) -> TypeId {
        let Type::Func(generic) = self.get(sig).clone() else {
            return TypeId::INVALID;
        };
        let subst = Subst::new(&generic.type_params, args);
        let plain = Signature {
            type_params: Vec::new(),
            ..Signature::clone(&generic)
        };
        let plain = self.func(plain);
        self.subst(plain, &subst)
    }
}
