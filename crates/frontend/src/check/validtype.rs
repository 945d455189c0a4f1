//! Types that contain themselves by value have no size.
//!
//! The search walks declarations, not instances: a generic type's right-hand side once for each instance that is met, with
//! the instance as the innermost of the *nest* of types that contain each other. A type parameter leads on to the
//! argument that the innermost instance has for it, which lies outside of that instance.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Pos};

use super::Checker;
use crate::object::ObjId;
use crate::types::{Type, TypeId};

impl<'a> Checker<'a> {
    /// Reports `named` if values of it would contain values of it, and makes it invalid.
    pub(super) fn valid_type(&mut self, named: TypeId) {
        let mut search = Search {
            nest: Vec::new(),
            path: Vec::new(),
            done: HashSet::default(),
            is_complete: true,
        };
        if let Some(cycle) = self.find_cycle(named, &mut search) {
            let names: Vec<(Pos, String)> = cycle
                .iter()
                .filter_map(|&ty| {
                    let named = self.types().as_named(ty)?;
                    let declared = self.object(named.obj);
                    Some(match named.origin {
                        None => (declared.pos, declared.name.to_string()),
                        Some(_) => {
                            let places = &self.prog.state.instance_places;
                            let place = places.get(&ty).copied();
                            (place.unwrap_or(declared.pos), self.type_text(ty))
                        }
                    })
                })
                .collect();
            self.report_cycle(&names, true);
            for ty in [named, cycle[0]] {
                if let Type::Named(id) = *self.types().get(ty) {
                    let origin = self.types().origin(id);
                    let origin = self.types().named(origin).id;
                    self.prog.types.set_rhs(origin, TypeId::INVALID);
                }
                self.prog.types.set_rhs(ty, TypeId::INVALID);
            }
        } else if search.is_complete {
            self.prog.state.sized_types.insert(named);
        }
    }

    /// The declared types on a cycle through parts by value.
    fn find_cycle(&self, ty: TypeId, search: &mut Search) -> Option<Vec<TypeId>> {
        match self.types().get(ty) {
            &Type::Named(id) => {
                let named = self.types().named(id);
                let is_plain = named.origin.is_none() && named.type_params.is_empty();
                let is_known = self.prog.state.sized_types.contains(&ty);
                if is_plain && (is_known || search.done.contains(&ty)) {
                    return None;
                }
                let is_same = |&other: &TypeId| self.types().identical(other, ty);
                if search.nest.iter().any(is_same) {
                    let start = search.path.iter().position(is_same)?;
                    return Some(search.path[start..].to_vec());
                }
                let rhs = self.types().named(self.types().origin(id)).rhs;
                // A declaration in progress is looked at again when it is complete.
                search.is_complete &= rhs.is_valid();
                search.nest.push(ty);
                search.path.push(ty);
                let found = self.find_cycle(rhs, search);
                search.nest.pop();
                search.path.pop();
                if is_plain {
                    search.done.insert(ty);
                }
                found
            }
            &Type::TypeParam(param) => {
                let &inner = search.nest.last()?;
                let Type::Named(id) = *self.types().get(inner) else {
                    return None;
                };
                let named = self.types().named(id);
                let origin = self.types().named(named.origin?);
                let at = origin.type_params.iter().position(|&own| own == param)?;
                let &arg = named.type_args.get(at)?;
                search.nest.pop();
                let found = self.find_cycle(arg, search);
                search.nest.push(inner);
                found
            }
            &Type::Alias(id) => {
                let actual = self.types().alias(id).actual;
                search.is_complete &= actual.is_valid();
                self.find_cycle(actual, search)
            }
            &Type::Array { elem, .. } => self.find_cycle(elem, search),
            Type::Struct(structure) => structure
                .fields
                .iter()
                .find_map(|field| self.find_cycle(field.ty, search)),
            Type::Interface(interface) => interface
                .embeds
                .iter()
                .find_map(|&embed| self.find_cycle(embed, search)),
            Type::Union(terms) => terms
                .iter()
                .find_map(|term| self.find_cycle(term.ty, search)),
            _ => None,
        }
    }

    /// Reports a type that is used, by value, while it is being declared; true if there is nothing to report.
    pub(super) fn is_complete(&mut self, mut ty: TypeId) -> bool {
        loop {
            let (obj, next) = match *self.types().get(ty) {
                Type::Named(id) => {
                    let named = self.types().named(id);
                    if named.origin.is_some() {
                        return true;
                    }
                    (named.obj, named.rhs)
                }
                Type::Alias(id) => {
                    let alias = self.types().alias(id);
                    if alias.origin.is_some() {
                        ty = alias.actual;
                        continue;
                    }
                    (alias.obj, alias.actual)
                }
                _ => return true,
            };
            if self.cycle_through(obj) {
                return false;
            }
            ty = next;
        }
    }

    /// Reports a cycle if the object is being declared.
    pub(super) fn cycle_through(&mut self, obj: ObjId) -> bool {
        let super::state::Progress::Grey(start) = self.prog.state.progress(obj) else {
            return false;
        };
        let cycle: Vec<ObjId> = self.path[start as usize..].to_vec();
        self.cycle_error(&cycle);
        true
    }
}

impl<'a> Checker<'a> {
    /// Reports interfaces without a name whose methods lead back to themselves, as Go's compiler does once all else is
    /// right.
    pub(super) fn anonymous_cycles(&mut self) {
        let mut interfaces = std::mem::take(&mut self.prog.state.interfaces);
        interfaces.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let mut cyclic: HashMap<TypeId, bool, FixedState> = HashMap::default();
        let mut end = Pos::NONE;
        for (span, id) in interfaces {
            // Those inside of others are reached from there.
            if span.start < end {
                continue;
            }
            end = span.end;
            if self.leads_to_itself(id, &mut cyclic) {
                let text = "invalid recursive type: anonymous interface refers to itself (see https://go.dev/issue/56103)";
                self.push(Diagnostic::error(Code::InvalidTypeCycle, span, text));
                cyclic.values_mut().for_each(|is_cyclic| *is_cyclic = false);
            }
        }
    }

    fn leads_to_itself(
        &self,
        interface: TypeId,
        cyclic: &mut HashMap<TypeId, bool, FixedState>,
    ) -> bool {
        let methods = self.types().methods_of_interface(interface);
        methods
            .iter()
            .any(|method| self.reaches_cycle(method.sig, cyclic))
    }

    /// Whether a type leads, through types without names, to an interface that is being looked at.
    fn reaches_cycle(&self, ty: TypeId, cyclic: &mut HashMap<TypeId, bool, FixedState>) -> bool {
        let ty = self.types().unalias(ty);
        match self.types().get(ty) {
            &Type::Pointer(elem) | &Type::Slice(elem) => self.reaches_cycle(elem, cyclic),
            &Type::Array { elem, .. } | &Type::Chan { elem, .. } => {
                self.reaches_cycle(elem, cyclic)
            }
            &Type::Map { key, value } => {
                self.reaches_cycle(key, cyclic) || self.reaches_cycle(value, cyclic)
            }
            Type::Struct(ty) => ty
                .fields
                .iter()
                .any(|field| self.reaches_cycle(field.ty, cyclic)),
            Type::Func(sig) => sig
                .param_types()
                .chain(sig.result_types())
                .any(|ty| self.reaches_cycle(ty, cyclic)),
            Type::Interface(_) => {
                if let Some(&known) = cyclic.get(&ty) {
                    return known;
                }
                cyclic.insert(ty, true);
                if self.leads_to_itself(ty, cyclic) {
                    return true;
                }
                cyclic.insert(ty, false);
                false
            }
            _ => false,
        }
    }
}

struct Search {
    /// The declared types that contain the one at hand.
    nest: Vec<TypeId>,
    /// The declared types on the way to the one at hand.
    path: Vec<TypeId>,
    /// Types without type parameters that were looked at.
    done: HashSet<TypeId, FixedState>,
    /// No declaration in progress was met.
    is_complete: bool,
}
