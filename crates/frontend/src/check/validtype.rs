//! Types that contain themselves by value have no size.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::Checker;
use crate::object::ObjId;
use crate::types::{Type, TypeId};

impl<'a> Checker<'a> {
    /// Reports `named` if values of it would contain values of it, and makes it invalid.
    pub(super) fn valid_type(&mut self, named: TypeId) {
        let mut search = Search {
            path: Vec::new(),
            done: HashSet::default(),
            is_complete: true,
        };
        if let Some(cycle) = self.find_cycle(named, &mut search) {
            let objects: Vec<ObjId> = cycle
                .iter()
                .filter_map(|&ty| self.types().as_named(ty).map(|named| named.obj))
                .collect();
            self.cycle_error(&objects);
            self.prog.types.set_rhs(named, TypeId::INVALID);
        } else if search.is_complete {
            self.prog.state.sized_types.insert(named);
        }
    }

    /// The declared types on a cycle through parts by value.
    fn find_cycle(&self, ty: TypeId, search: &mut Search) -> Option<Vec<TypeId>> {
        match self.types().get(ty) {
            &Type::Named(id) => {
                if let Some(start) = search.path.iter().position(|&known| known == ty) {
                    return Some(search.path[start..].to_vec());
                }
                if self.prog.state.sized_types.contains(&ty) || search.done.contains(&ty) {
                    return None;
                }
                let rhs = self.types().named(id).rhs;
                // A declaration in progress is looked at again when it is complete.
                search.is_complete &= rhs.is_valid();
                search.path.push(ty);
                let found = self.find_cycle(rhs, search);
                search.path.pop();
                search.done.insert(ty);
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
            _ => None,
        }
    }
}

struct Search {
    /// The declared types around the one at hand.
    path: Vec<TypeId>,
    done: HashSet<TypeId, FixedState>,
    /// No declaration in progress was met.
    is_complete: bool,
}
