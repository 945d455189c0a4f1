//! Fields and methods of a type, through embedding.
//!
//! The search goes level by level through embedded fields, as the language defines it: the shallowest name wins, two at
//! the same depth are ambiguous, a type is entered once. The answer carries the path of embedded fields to walk.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use mini_syntax::Symbol;
use smallvec::{SmallVec, smallvec};

use super::{Method, Type, TypeId, Types};
use crate::object::ObjId;
use crate::program::PkgId;

/// What a selector names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Member {
    /// Field number `index` of the struct that `path` leads to.
    Field { index: u32, ty: TypeId },
    /// A method of a declared type. Its object carries the receiver.
    Method(ObjId),
    /// Method number `index` of the interface that `path` leads to.
    InterfaceMethod {
        index: u32,
        interface: TypeId,
        sig: TypeId,
    },
    /// A method that the constraint of a type parameter asks for. The member itself is found in the type that stands for
    /// the parameter.
    ConstraintMethod {
        name: Symbol,
        /// The package that an unexported name belongs to; [`PkgId::UNIVERSE`] for exported names.
        pkg: PkgId,
        sig: TypeId,
    },
}

/// A successful search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lookup {
    pub member: Member,
    /// The numbers of the embedded fields to walk through, outermost first.
    pub path: Vec<u32>,
    /// A pointer was followed on the way: the receiver's own or an embedded one.
    pub is_indirect: bool,
    /// The type that holds the member: without its pointer.
    pub holder: TypeId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LookupFailure {
    NotFound,
    Ambiguous,
}

struct Embedded {
    ty: TypeId,
    path: Vec<u32>,
    is_indirect: bool,
    /// The type occurs several times at this depth: what it holds is ambiguous.
    is_repeated: bool,
}

/// What is embedded at one depth.
type Level = SmallVec<[Embedded; 2]>;

impl Types {
    /// Finds the field or method `name` as package `pkg` sees it.
    ///
    /// A method with a pointer receiver is found in a value, too: whether the value is addressable is the caller's
    /// question.
    pub fn lookup(&self, ty: TypeId, pkg: PkgId, name: Symbol) -> Result<Lookup, LookupFailure> {
        self.lookup_with(ty, pkg, name, false, |a, b| a == b)
    }

    /// As [`lookup`](Self::lookup), but letters match in either case and names of other packages are seen: for messages.
    pub fn lookup_folded(&self, ty: TypeId, pkg: PkgId, name: Symbol) -> Option<(Symbol, Lookup)> {
        let mut found = None;
        let folded = name.as_str().to_lowercase();
        let result = self.lookup_with(ty, pkg, name, true, |candidate, _| {
            let is_match = candidate.as_str().to_lowercase() == folded;
            if is_match {
                found.get_or_insert(candidate);
            }
            is_match
        });
        found.zip(result.ok())
    }

    /// The names of the methods that a type may have: its own, and those of all that it embeds. Not all of them need be in
    /// its method set.
    pub fn method_names(&self, ty: TypeId) -> HashSet<Symbol, FixedState> {
        let mut names = HashSet::default();
        let mut seen = HashSet::<TypeId, FixedState>::default();
        let mut todo = vec![ty];
        while let Some(ty) = todo.pop() {
            let (ty, _) = self.deref(ty);
            if !seen.insert(ty) {
                continue;
            }
            if let Some(named) = self.as_named(ty) {
                names.extend(named.methods.iter().map(|&(name, _)| name));
            }
            match self.under_type(ty) {
                Type::Struct(structure) => {
                    let embedded = structure.fields.iter().filter(|field| field.is_embedded);
                    todo.extend(embedded.map(|field| field.ty));
                }
                Type::Interface(_) => {
                    let methods = self.methods_of_interface(ty);
                    names.extend(methods.iter().map(|method| method.name));
                }
                _ => {}
            }
        }
        names
    }

    fn lookup_with(
        &self,
        ty: TypeId,
        pkg: PkgId,
        name: Symbol,
        sees_all: bool,
        mut is_same: impl FnMut(Symbol, Symbol) -> bool,
    ) -> Result<Lookup, LookupFailure> {
        if name.is_blank() {
            return Err(LookupFailure::NotFound);
        }
        // A declared pointer type has the fields of what it points to, but no methods.
        if let Some(named) = self.as_named(ty)
            && let Some(elem) = self.pointee(named.id)
        {
            let found = self.lookup_in(elem, true, pkg, name, sees_all, &mut is_same)?;
            return match found.member {
                Member::Field { .. } => Ok(found),
                _ => Err(LookupFailure::NotFound),
            };
        }
        let (start, is_pointer) = self.deref(ty);
        // A pointer to an interface or to a type parameter has no methods.
        if is_pointer && (self.is_interface(start) || self.is_type_param(start)) {
            return Err(LookupFailure::NotFound);
        }
        self.lookup_in(start, is_pointer, pkg, name, sees_all, &mut is_same)
    }

    fn lookup_in(
        &self,
        start: TypeId,
        is_pointer: bool,
        pkg: PkgId,
        name: Symbol,
        sees_all: bool,
        is_same: &mut dyn FnMut(Symbol, Symbol) -> bool,
    ) -> Result<Lookup, LookupFailure> {
        let is_exported = sees_all || name.is_exported();
        let mut seen: SmallVec<[TypeId; 8]> = SmallVec::new();
        let mut current: Level = smallvec![Embedded {
            ty: start,
            path: Vec::new(),
            is_indirect: is_pointer,
            is_repeated: false,
        }];
        while !current.is_empty() {
            let mut next = Level::new();
            let mut found: Option<Lookup> = None;
            for embedded in current {
                let mut ty = embedded.ty;
                if let Some(named) = self.as_named(ty) {
                    if seen.contains(&named.id) {
                        continue;
                    }
                    seen.push(named.id);
                    ty = named.id;
                    if !named.methods.is_empty() && (is_exported || named.pkg == pkg) {
                        let method = self
                            .method_named(&named.methods, name, is_same)
                            .map(Member::Method);
                        if let Some(member) = method {
                            add(&mut found, &embedded, member, ty)?;
                            continue;
                        }
                    }
                }
                match self.under_type(ty) {
                    Type::Struct(structure) => {
                        for (index, field) in structure.fields.iter().enumerate() {
                            let is_visible =
                                || is_exported || field.name.is_exported() || structure.pkg == pkg;
                            if is_same(field.name, name) && is_visible() {
                                let member = Member::Field {
                                    index: index as u32,
                                    ty: field.ty,
                                };
                                add(&mut found, &embedded, member, ty)?;
                                continue;
                            }
                            if found.is_none() && field.is_embedded {
                                let (elem, is_pointer) = self.deref(field.ty);
                                if !matches!(
                                    self.under_type(elem),
                                    Type::Struct(_) | Type::Interface(_)
                                ) && self.as_named(elem).is_none()
                                {
                                    continue;
                                }
                                let mut path = embedded.path.clone();
                                path.push(index as u32);
                                next.push(Embedded {
                                    ty: elem,
                                    path,
                                    is_indirect: embedded.is_indirect || is_pointer,
                                    is_repeated: embedded.is_repeated,
                                });
                            }
                        }
                    }
                    Type::Interface(_) => {
                        let methods = self.methods_of_interface(ty);
                        let hit = methods.iter().position(|method| {
                            (is_exported || method.pkg == pkg) && is_same(method.name, name)
                        });
                        if let Some(index) = hit {
                            let member = Member::InterfaceMethod {
                                index: index as u32,
                                interface: ty,
                                sig: methods[index].sig,
                            };
                            add(&mut found, &embedded, member, ty)?;
                        }
                    }
                    Type::TypeParam(_) => {
                        let set = self.type_set(ty);
                        let hit = set.methods.iter().find(|method| {
                            (is_exported || method.pkg == pkg) && is_same(method.name, name)
                        });
                        if let Some(&Method { name, pkg, sig }) = hit {
                            let member = Member::ConstraintMethod { name, pkg, sig };
                            add(&mut found, &embedded, member, ty)?;
                        }
                    }
                    _ => {}
                }
            }
            if let Some(found) = found {
                return Ok(found);
            }
            current = consolidate(self, next);
        }
        Err(LookupFailure::NotFound)
    }

    fn method_named(
        &self,
        methods: &[(Symbol, ObjId)],
        name: Symbol,
        is_same: &mut dyn FnMut(Symbol, Symbol) -> bool,
    ) -> Option<ObjId> {
        methods
            .iter()
            .find(|(method, _)| is_same(*method, name))
            .map(|&(_, obj)| obj)
    }
}

fn add(
    found: &mut Option<Lookup>,
    embedded: &Embedded,
    member: Member,
    holder: TypeId,
) -> Result<(), LookupFailure> {
    if found.is_some() || embedded.is_repeated {
        return Err(LookupFailure::Ambiguous);
    }
    *found = Some(Lookup {
        member,
        path: embedded.path.clone(),
        is_indirect: embedded.is_indirect,
        holder,
    });
    Ok(())
}

/// Keeps one of each type, marked if there were several.
fn consolidate(types: &Types, list: Level) -> Level {
    if list.len() < 2 {
        return list;
    }
    let mut kept = Level::with_capacity(list.len());
    for embedded in list {
        match kept
            .iter_mut()
            .find(|known| types.identical(known.ty, embedded.ty))
        {
            Some(known) => known.is_repeated = true,
            None => kept.push(embedded),
        }
    }
    kept
}
