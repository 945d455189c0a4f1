//! Names in scope. Local bindings are a stack with, per name, the place of its innermost binding, so that finding a name
//! costs one load; behind them stand the package, the file's imports, and the universe.
//!
//! Checking may jump to another package-level declaration in the middle of a function: [`super::Env::base`] then
//! hides the bindings of the function left behind.

use mini_diagnostics::{Code, Diagnostic, Pos};
use mini_syntax::Symbol;
use mini_syntax::ast::Ident;

use super::Checker;
use crate::object::ObjId;

pub(super) const NO_BINDING: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub(super) name: Symbol,
    pub(super) obj: ObjId,
    /// The binding of the same name that this one hides.
    hidden: u32,
}

#[derive(Debug, Default)]
pub(super) struct Scopes {
    bindings: Vec<Binding>,
    heads: Vec<u32>,
    /// Where each open scope begins in `bindings`.
    opened: Vec<u32>,
}

impl Scopes {
    pub(super) fn with_heads(heads: Vec<u32>) -> Scopes {
        Scopes {
            heads,
            ..Scopes::default()
        }
    }

    pub(super) fn into_heads(self) -> Vec<u32> {
        self.heads
    }

    pub(super) fn depth(&self) -> u32 {
        self.bindings.len() as u32
    }
}

impl<'a> Checker<'a> {
    pub(super) fn open_scope(&mut self) {
        let start = self.scopes.depth();
        self.scopes.opened.push(start);
    }

    pub(super) fn close_scope(&mut self) {
        let start = self.scopes.opened.pop().unwrap_or(0) as usize;
        while self.scopes.bindings.len() > start {
            if let Some(binding) = self.scopes.bindings.pop() {
                self.scopes.heads[binding.name.index()] = binding.hidden;
            }
        }
    }

    /// Binds a local name from here on. Reports a second declaration in the same scope.
    pub(super) fn declare(&mut self, ident: Ident, obj: ObjId) {
        self.prog.packages[self.env.pkg.index()].info.idents[ident.id.index()] = obj;
        if ident.name.is_blank() {
            return;
        }
        if let Some(other) = self.lookup_innermost(ident.name) {
            let other_pos = self.prog.object(other).pos;
            self.redeclared(ident.name, ident.pos, other_pos);
            // Not unused as well.
            if let Some(var) = self.prog.var_mut(obj) {
                var.is_used = true;
            }
            return;
        }
        self.bind(ident.name, obj);
    }

    pub(super) fn bind(&mut self, name: Symbol, obj: ObjId) {
        let scopes = &mut self.scopes;
        let at = name.index();
        if scopes.heads.len() <= at {
            scopes.heads.resize(at + 64, NO_BINDING);
        }
        let hidden = std::mem::replace(&mut scopes.heads[at], scopes.bindings.len() as u32);
        scopes.bindings.push(Binding { name, obj, hidden });
    }

    /// The object bound to `name` in the innermost open scope.
    pub(super) fn lookup_innermost(&self, name: Symbol) -> Option<ObjId> {
        let start = *self.scopes.opened.last()?;
        let &head = self.scopes.heads.get(name.index())?;
        (head != NO_BINDING && head >= start && head >= self.env.base)
            .then(|| self.scopes.bindings[head as usize].obj)
    }

    pub(super) fn lookup_local(&self, name: Symbol) -> Option<ObjId> {
        let &head = self.scopes.heads.get(name.index())?;
        (head != NO_BINDING && head >= self.env.base)
            .then(|| self.scopes.bindings[head as usize].obj)
    }

    /// What `name` stands for here.
    pub(super) fn lookup(&self, name: Symbol) -> Option<ObjId> {
        if let Some(obj) = self.lookup_local(name) {
            return Some(obj);
        }
        let pkg = self.env.pkg.index();
        let imports = self.prog.state.packages[pkg]
            .file_scopes
            .get(self.env.file as usize)
            .and_then(|scope| scope.get(&name));
        if let Some(&obj) = imports {
            return Some(obj);
        }
        if let Some(&obj) = self.prog.packages[pkg].scope.get(&name) {
            return Some(obj);
        }
        self.prog.state.universe.get(&name).copied()
    }

    pub(super) fn redeclared(&mut self, name: Symbol, pos: Pos, other: Pos) {
        let text = format!("{name} redeclared in this block");
        let mut diagnostic =
            Diagnostic::error(Code::DuplicateDecl, self.name_span(pos, name), text);
        if other.is_known() {
            diagnostic = self.other_declaration(diagnostic, name, other);
        }
        self.push(diagnostic);
    }
}
