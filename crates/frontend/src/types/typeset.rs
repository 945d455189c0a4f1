//! Type sets: the methods and types that an interface stands for.
//!
//! The type set of an interface is the intersection of what its elements stand for. Methods can be kept apart from
//! types, because a union cannot hold interfaces with methods. Everything here follows the specification, section
//! "Interface types", and Go's `typeset.go`.

use std::sync::Arc;

use super::{Method, Term, Type, TypeId, TypeParamId, Types};

/// What the values of an interface, or the arguments of a type parameter, have in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeSet {
    /// All methods, own and embedded, exported names first, then by name. The position of a method in this list is its
    /// number in method tables.
    pub methods: Arc<[Method]>,
    /// The types, disjoint; `None` for all types.
    pub terms: Option<Vec<Term>>,
    /// Of all types only those that are strictly comparable. Never with terms.
    pub is_comparable: bool,
}

impl TypeSet {
    /// The types, if the set is not that of all types and not empty.
    pub fn specific(&self) -> Option<&[Term]> {
        self.terms.as_deref().filter(|terms| !terms.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.terms.as_ref().is_some_and(Vec::is_empty)
    }

    /// Methods say it all: the interface may be the type of a variable.
    pub fn is_method_set(&self) -> bool {
        self.terms.is_none() && !self.is_comparable
    }

    /// All types, without any method.
    pub fn is_all(&self) -> bool {
        self.is_method_set() && self.methods.is_empty()
    }
}

/// Why the types of a set have no underlying type in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoCommon {
    /// There are no specific types.
    NoSpecificType,
    Different(TypeId, TypeId),
    ChanElems(TypeId, TypeId),
    ChanDirections(TypeId, TypeId),
    /// A type that the caller did not want.
    Unwanted,
}

impl Types {
    /// All methods of the interface under `id`, or of the constraint of the type parameter that it is. Empty for other
    /// types.
    pub fn methods_of_interface(&self, id: TypeId) -> Arc<[Method]> {
        let under = self.under(id);
        match self.types[under.index()] {
            Type::Interface(_) | Type::TypeParam(_) => self.type_set(under).methods.clone(),
            _ => Arc::new([]),
        }
    }

    /// The same, remembered if the interface is complete.
    pub fn complete_interface(&mut self, id: TypeId) -> Arc<[Method]> {
        let under = self.under(id);
        if let Some(set) = self.type_sets.get(&under) {
            return set.methods.clone();
        }
        let (set, is_complete) = self.collect_type_set(under);
        let methods = set.methods.clone();
        if is_complete && matches!(self.types[under.index()], Type::Interface(_)) {
            self.type_sets.insert(under, Arc::new(set));
        }
        methods
    }

    /// The type set of an interface, of a type parameter's constraint, or of a constraint that is no interface.
    pub fn type_set(&self, id: TypeId) -> Arc<TypeSet> {
        let mut under = self.under(id);
        if let Type::TypeParam(param) = self.types[under.index()] {
            let constraint = self.type_param(param).constraint;
            under = match self.under(constraint) {
                interface if matches!(self.types[interface.index()], Type::Interface(_)) => {
                    interface
                }
                _ => constraint,
            };
        } else if !matches!(self.types[under.index()], Type::Interface(_)) {
            under = id;
        }
        match self.type_sets.get(&under) {
            Some(set) => set.clone(),
            None => Arc::new(self.collect_type_set(under).0),
        }
    }

    /// The type set, and whether all its parts are known.
    pub(super) fn collect_type_set(&self, id: TypeId) -> (TypeSet, bool) {
        let mut all = TypeSet {
            methods: Arc::new([]),
            terms: None,
            is_comparable: false,
        };
        let mut methods = Vec::new();
        let is_complete = self.collect_into(id, &mut Vec::new(), &mut methods, &mut all);
        self.sort_methods(&mut methods);
        all.methods = methods.into();
        (all, is_complete)
    }

    /// Intersects `all` with what `id` stands for.
    fn collect_into(
        &self,
        id: TypeId,
        seen: &mut Vec<TypeId>,
        methods: &mut Vec<Method>,
        all: &mut TypeSet,
    ) -> bool {
        let under = self.under(id);
        match &self.types[under.index()] {
            Type::Interface(interface) => {
                if seen.contains(&under) {
                    return true;
                }
                seen.push(under);
                for method in &interface.methods {
                    let is_known = methods
                        .iter()
                        .any(|known| known.name == method.name && known.pkg == method.pkg);
                    if !is_known {
                        methods.push(*method);
                    }
                }
                if self.comparable.is_valid() && under == self.under(self.comparable) {
                    self.intersect(all, None, true);
                }
                let mut is_complete = true;
                for &embed in &interface.embeds {
                    is_complete &= self.collect_into(embed, seen, methods, all);
                }
                is_complete
            }
            Type::Union(terms) => {
                let mut is_complete = true;
                let mut union: Option<Vec<Term>> = Some(Vec::new());
                for term in terms.iter() {
                    let under = self.under(term.ty);
                    match self.types[under.index()] {
                        Type::Interface(_) => {
                            let mut inner = TypeSet {
                                methods: Arc::new([]),
                                terms: None,
                                is_comparable: false,
                            };
                            let mut path = seen.clone();
                            is_complete &=
                                self.collect_into(term.ty, &mut path, &mut Vec::new(), &mut inner);
                            union = match (union, inner.terms) {
                                (Some(mut union), Some(inner)) => {
                                    for term in inner {
                                        self.add_term(&mut union, term);
                                    }
                                    Some(union)
                                }
                                _ => None,
                            };
                        }
                        _ if !under.is_valid() => is_complete = false,
                        _ => {
                            // `~T` where T is no underlying type stands for none.
                            let is_none = term.has_tilde && !self.identical(term.ty, under);
                            if let Some(union) = &mut union
                                && !is_none
                            {
                                self.add_term(union, *term);
                            }
                        }
                    }
                }
                self.intersect(all, union, false);
                is_complete
            }
            _ if !under.is_valid() => false,
            _ => {
                let term = Term {
                    has_tilde: false,
                    ty: id,
                };
                self.intersect(all, Some(vec![term]), false);
                true
            }
        }
    }

    fn intersect(&self, all: &mut TypeSet, terms: Option<Vec<Term>>, is_comparable: bool) {
        all.terms = match (all.terms.take(), terms) {
            (None, terms) | (terms, None) => terms,
            (Some(a), Some(b)) => {
                let mut both = Vec::new();
                for &x in &a {
                    for &y in &b {
                        if !self.are_disjoint(x, y) {
                            let narrow = if !x.has_tilde || y.has_tilde { x } else { y };
                            self.add_term(&mut both, narrow);
                        }
                    }
                }
                Some(both)
            }
        };
        all.is_comparable |= is_comparable;
        if all.is_comparable
            && let Some(terms) = &mut all.terms
        {
            terms.retain(|term| self.strictly_comparable(term.ty));
            all.is_comparable = false;
        }
    }

    /// Adds a term to a list of disjoint ones.
    fn add_term(&self, terms: &mut Vec<Term>, term: Term) {
        if terms.iter().any(|&known| self.is_subset(term, known)) {
            return;
        }
        terms.retain(|&known| !self.is_subset(known, term));
        terms.push(term);
    }

    /// Whether no type is in both terms.
    pub fn are_disjoint(&self, x: Term, y: Term) -> bool {
        let (mut a, mut b) = (x.ty, y.ty);
        if y.has_tilde {
            a = self.under(a);
        }
        if x.has_tilde {
            b = self.under(b);
        }
        !self.identical(a, b)
    }

    /// Whether every type of `x` is in `y`.
    fn is_subset(&self, x: Term, y: Term) -> bool {
        !self.are_disjoint(x, y) && (!x.has_tilde || y.has_tilde)
    }

    pub fn includes(&self, term: Term, ty: TypeId) -> bool {
        let ty = match term.has_tilde {
            true => self.under(ty),
            false => ty,
        };
        self.identical(ty, term.ty)
    }

    /// Whether every type of set `a` is in set `b`, methods aside.
    pub fn is_subset_of(&self, a: &TypeSet, b: &TypeSet) -> bool {
        match (&a.terms, &b.terms) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) => a.iter().all(|&x| b.iter().any(|&y| self.is_subset(x, y))),
        }
    }

    /// Whether two lists of types hold the same types.
    pub fn same_terms(&self, a: &TypeSet, b: &TypeSet) -> bool {
        self.is_subset_of(a, b) && self.is_subset_of(b, a)
    }

    /// Asks for every specific type of a type parameter, with its underlying type; of other types for the type itself.
    /// For a type parameter without specific types it asks once, for invalid types.
    pub fn all_types(&self, id: TypeId, mut is_fine: impl FnMut(TypeId, TypeId) -> bool) -> bool {
        if !self.is_type_param(id) {
            return is_fine(id, self.under(id));
        }
        match self.type_set(id).specific() {
            None => is_fine(TypeId::INVALID, TypeId::INVALID),
            Some(terms) => terms
                .iter()
                .all(|term| is_fine(term.ty, self.under(term.ty))),
        }
    }

    /// As [`all_types`](Self::all_types), but of the underlying types only.
    pub fn all_under(&self, id: TypeId, mut is_fine: impl FnMut(TypeId) -> bool) -> bool {
        self.all_types(id, |_, under| is_fine(under))
    }

    /// The underlying type that all types of a type parameter share; of other types their own. Channels may differ in
    /// direction: then the one that restricts most is it.
    pub fn common_under(&self, id: TypeId) -> Result<TypeId, NoCommon> {
        self.common_under_of(id, |_, _| true)
    }

    /// The same, as long as each type and what is under it is wanted.
    pub fn common_under_of(
        &self,
        id: TypeId,
        mut is_wanted: impl FnMut(TypeId, TypeId) -> bool,
    ) -> Result<TypeId, NoCommon> {
        let mut common: Option<(TypeId, TypeId)> = None;
        let mut failure = None;
        self.all_types(id, |ty, under| {
            if !is_wanted(ty, under) {
                failure = Some(NoCommon::Unwanted);
                return false;
            }
            if !ty.is_valid() {
                failure = Some(NoCommon::NoSpecificType);
                return false;
            }
            let Some((first, shared)) = common else {
                common = Some((ty, under));
                return true;
            };
            if let (&Type::Chan { dir: a, elem: x }, &Type::Chan { dir: b, elem: y }) =
                (self.get(shared), self.get(under))
            {
                if !self.identical(x, y) {
                    failure = Some(NoCommon::ChanElems(first, ty));
                    return false;
                }
                use super::ChanDir::Both;
                if a == b || b == Both {
                    return true;
                }
                if a == Both {
                    common = Some((ty, under));
                    return true;
                }
                failure = Some(NoCommon::ChanDirections(first, ty));
                return false;
            }
            if !self.identical(shared, under) {
                failure = Some(NoCommon::Different(first, ty));
                return false;
            }
            true
        });
        match (failure, common) {
            (Some(failure), _) => Err(failure),
            (None, Some((_, under))) => Ok(under),
            (None, None) => Err(NoCommon::NoSpecificType),
        }
    }

    /// The one type that a type parameter can only stand for, or the underlying type that its types share, with a tilde
    /// if there may be names for it; and whether it is the former.
    pub fn core_term(&self, param: TypeParamId) -> Option<(Term, bool)> {
        let id = self.type_param(param).id;
        let set = self.type_set(id);
        let terms = set.specific()?;
        if let [only] = terms {
            return Some((*only, true));
        }
        let ty = self.common_under(id).ok()?;
        let has_tilde = terms.iter().any(|term| term.has_tilde);
        Some((Term { has_tilde, ty }, false))
    }
}
