//! Types that contain themselves by value have no size.

use super::Checker;
use crate::object::ObjId;
use crate::types::{Type, TypeId};

impl<'a> Checker<'a> {
    /// Reports `named` if values of it would contain values of it, and makes it invalid.
    pub(super) fn valid_type(&mut self, named: TypeId) {
        let mut path = Vec::new();
        let mut done = Vec::new();
        if let Some(cycle) = self.find_cycle(named, &mut path, &mut done) {
            let objects: Vec<ObjId> = cycle
                .iter()
                .filter_map(|&ty| self.types().as_named(ty).map(|named| named.obj))
                .collect();
            self.cycle_error(&objects);
            self.prog.types.set_rhs(named, TypeId::INVALID);
        }
    }

    /// The declared types on a cycle through parts by value.
    fn find_cycle(
        &self,
        ty: TypeId,
        path: &mut Vec<TypeId>,
        done: &mut Vec<TypeId>,
    ) -> Option<Vec<TypeId>> {
        match self.types().get(ty) {
            &Type::Named(id) => {
                if let Some(start) = path.iter().position(|&known| known == ty) {
                    return Some(path[start..].to_vec());
                }
                if done.contains(&ty) {
                    return None;
                }
                path.push(ty);
                let found = self.find_cycle(self.types().named(id).rhs, path, done);
                path.pop();
                done.push(ty);
                found
            }
            &Type::Alias(id) => self.find_cycle(self.types().alias(id).actual, path, done),
            &Type::Array { elem, .. } => self.find_cycle(elem, path, done),
            Type::Struct(structure) => structure
                .fields
                .iter()
                .find_map(|field| self.find_cycle(field.ty, path, done)),
            Type::Interface(interface) => interface
                .embeds
                .iter()
                .find_map(|&embed| self.find_cycle(embed, path, done)),
            _ => None,
        }
    }
}
