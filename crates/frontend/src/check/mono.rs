//! Instances without end: a function that calls itself with ever larger type arguments has no finite set of instances.
//!
//! A graph over type parameters: an edge leads from a parameter to one that it, or a type made of it, is an argument for;
//! the latter weighs one. A cycle with weight means instances without end.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Checker;
use super::instantiate::Instantiation;
use crate::types::TypeParamId;

#[derive(Debug, Default)]
pub(crate) struct Growth {
    /// The parameter of a type that a receiver's parameter stands for.
    pub(super) canonical: HashMap<TypeParamId, TypeParamId, FixedState>,
}

impl<'a> Checker<'a> {
    /// The parameter `param` of a receiver is the type's own parameter `of`.
    pub(super) fn same_type_param(&mut self, param: TypeParamId, of: TypeParamId) {
        self.prog.state.growth.canonical.insert(param, of);
    }

    pub(super) fn record_growth(&mut self, _at: &Instantiation<'a>) {}
}
