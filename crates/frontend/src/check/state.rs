//! What the checker remembers between runs: a lazily checked package is resolved piece by piece.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use indexmap::IndexSet;
use mini_diagnostics::{Pos, Span};
use mini_syntax::ast::NodeIds;
use mini_syntax::{ExprId, Symbol};

use crate::object::ObjId;
use crate::program::{DeclRef, PkgId};
use crate::types::TypeId;

/// How far a package-level object is resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Progress {
    /// Not looked at.
    #[default]
    White,
    /// Being resolved: meeting it again closes a cycle. The number is its place on the stack of such objects.
    Grey(u32),
    Black,
}

/// Where a package-level object is declared, and how.
#[derive(Clone, Debug)]
pub(crate) struct DeclInfo {
    pub(crate) at: DeclRef,
    /// The variables and functions that the initialiser or body refers to, in the order of first use.
    pub(crate) deps: IndexSet<ObjId, FixedState>,
    /// All variables of a declaration `var a, b = f()`.
    pub(crate) vars: Vec<ObjId>,
    /// Which name of the line it is.
    pub(crate) index: u32,
    /// For constants: the line with the values, if that is another one, and iota.
    pub(crate) inherited: Option<DeclRef>,
    pub(crate) iota: u32,
}

/// What is known of package-level objects. Their numbers are dense where a package begins, so a table of places is small.
#[derive(Debug, Default)]
pub(crate) struct DeclInfos {
    /// By object: one more than the place of what is known of it; zero: it is local.
    places: Vec<u32>,
    infos: Vec<DeclInfo>,
}

impl DeclInfos {
    pub(crate) fn insert(&mut self, obj: ObjId, info: DeclInfo) {
        if self.places.len() <= obj.index() {
            self.places.resize(obj.index() + 1, 0);
        }
        self.infos.push(info);
        self.places[obj.index()] = self.infos.len() as u32;
    }

    fn place(&self, obj: ObjId) -> Option<usize> {
        let &place = self.places.get(obj.index())?;
        (place as usize).checked_sub(1)
    }

    pub(crate) fn get(&self, obj: ObjId) -> Option<&DeclInfo> {
        self.place(obj).map(|place| &self.infos[place])
    }

    pub(crate) fn get_mut(&mut self, obj: ObjId) -> Option<&mut DeclInfo> {
        self.place(obj).map(|place| &mut self.infos[place])
    }
}

#[derive(Debug, Default)]
pub(crate) struct PackageState {
    /// Numbers the nodes of bodies that are parsed later.
    pub(crate) ids: NodeIds,
    /// Per file the names its imports bring in.
    pub(crate) file_scopes: Vec<HashMap<Symbol, ObjId, FixedState>>,
    /// Per file its imports, used or not.
    pub(crate) imports: Vec<Vec<ObjId>>,
    /// Package-level objects in source order, methods and blank ones included.
    pub(crate) objects: Vec<ObjId>,
    /// Methods by the name of their receiver's base type, until that type is declared.
    pub(crate) methods: HashMap<Symbol, Vec<ObjId>, FixedState>,
}

#[derive(Debug, Default)]
pub(crate) struct CheckState {
    /// By object: how far it is resolved. Objects beyond the end are local, and always resolved.
    pub(crate) progress: Vec<Progress>,
    pub(crate) decls: DeclInfos,
    /// By package.
    pub(crate) packages: Vec<PackageState>,
    /// Predeclared names.
    pub(crate) universe: HashMap<Symbol, ObjId, FixedState>,
    /// Import paths of loaded packages.
    pub(crate) loaded: HashMap<Symbol, PkgId, FixedState>,
    /// Numbers local types of one name.
    pub(crate) n_local_types: u32,
    /// How type parameters lead to type arguments, to find instances without end.
    pub(crate) growth: super::mono::Growth,
    /// The array and channel types that the user's packages write.
    pub(crate) written_types: Vec<super::large::Written>,
    /// The interfaces that the user's package writes, and where.
    pub(crate) interfaces: Vec<(Span, TypeId)>,
    /// Where an instance of a generic type is first written.
    pub(crate) instance_places: HashMap<TypeId, Pos, FixedState>,
    /// Declared types that are known not to contain themselves.
    pub(crate) sized_types: HashSet<TypeId, FixedState>,
    /// Untyped left operands of non-constant shifts: the type they get must be an integer type.
    pub(crate) shift_operands: HashSet<(PkgId, ExprId), FixedState>,
    /// The bindings of local names, empty between runs; kept for its memory.
    pub(crate) local_heads: Vec<u32>,
}

impl CheckState {
    pub(crate) fn progress(&self, obj: ObjId) -> Progress {
        self.progress
            .get(obj.index())
            .copied()
            .unwrap_or(Progress::Black)
    }

    pub(crate) fn set_progress(&mut self, obj: ObjId, progress: Progress) {
        if self.progress.len() <= obj.index() {
            self.progress.resize(obj.index() + 1, Progress::Black);
        }
        self.progress[obj.index()] = progress;
    }
}
