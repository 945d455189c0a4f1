//! Types, variables and parameters too large for the machine, reported once all else is right.
//!
//! Go's compiler finds them behind the checker. Types, where it lays them out: those of package-level declarations first,
//! those of bodies only if there were none (Go: `CalcSize` in types/size.go). Frames, where it has compiled all functions; here
//! only parameters and results count, large variables live in the heap. Variables, where it writes the object file.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Pos, Span};

use super::Checker;
use crate::info::FuncOrigin;
use crate::object::{ObjId, Object, ObjectKind, VarKind};
use crate::types::{Type, TypeId};

/// Bytes that an array must stay below; that is what user space addresses.
const ADDRESS_SPACE: u64 = 1 << 50;

/// Bytes that the element of a channel must stay below.
const CHAN_ELEM: u64 = 1 << 16;

/// Bytes that the parameters and results of a function must stay below together (Go: `maxStackSize` in ssagen/pgen.go).
const FRAME: u64 = 1 << 30;

/// Bytes that a package variable may take (Go: `cutoff` in cmd/internal/obj).
const SYMBOL: u64 = 2_000_000_000;

/// An array or channel type that the source writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    ty: TypeId,
    pos: Pos,
    /// The package-level object whose declaration or body it is a part of.
    owner: ObjId,
    is_in_body: bool,
}

impl<'a> Checker<'a> {
    /// Keeps a type for [`large_types`](Self::large_types): its parts may not be declared yet.
    pub(super) fn note_written(&mut self, ty: TypeId, pos: Pos) {
        if !self.prog.package(self.env.pkg).is_lazy {
            let outer = self.path.last().copied();
            self.prog.state.written_types.push(Written {
                ty,
                pos,
                owner: outer.unwrap_or(self.env.decl),
                is_in_body: self.env.func.is_some(),
            });
        }
    }

    pub(super) fn large_types(&mut self) {
        let mut written = std::mem::take(&mut self.prog.state.written_types);
        written.sort_by_key(|written| (written.is_in_body, written.pos));
        let mut seen: HashSet<TypeId, FixedState> = HashSet::default();
        let mut found_outside = false;
        for Written {
            ty,
            pos,
            owner,
            is_in_body,
        } in written
        {
            let is_const =
                owner.is_some() && matches!(self.object(owner).kind, ObjectKind::Const(_));
            if is_const || is_in_body && found_outside {
                continue;
            }
            if let Some(text) = self.too_large(ty)
                && seen.insert(ty)
            {
                let at = self.declared_with(ty, pos, owner, is_in_body);
                self.error_at(Code::TypeTooLarge, at, text);
                found_outside |= !is_in_body && matches!(self.types().get(ty), Type::Array { .. });
            }
        }
    }

    /// Package variables and signatures of the package, whose types are not too large themselves.
    pub(super) fn large_objects(&mut self, objects: &[ObjId]) {
        let package = self.prog.package(self.env.pkg);
        let path = match package.name.as_str() {
            "main" => "main",
            _ => package.path.as_str(),
        };
        for &obj in objects {
            let object = self.object(obj);
            let text = match object.kind {
                ObjectKind::Var(_) => {
                    let size = self.types().size_of(object.ty).unwrap_or(u64::MAX);
                    (size > SYMBOL).then(|| {
                        let name = object.name;
                        format!("{path}.{name}: symbol too large ({size} bytes > {SYMBOL} bytes)")
                    })
                }
                ObjectKind::Func(func) => {
                    let func = self.prog.func(func);
                    let values = func.recv.iter().chain(&func.params).chain(&func.results);
                    let size = values.fold(0u64, |sum, &value| {
                        let size = self.types().size_of(self.object(value).ty);
                        sum.saturating_add(size.unwrap_or(u64::MAX))
                    });
                    (size >= FRAME).then(|| {
                        let megabytes = size >> 20;
                        format!("stack frame too large (>1GB): 0 MB locals + {megabytes} MB args")
                    })
                }
                _ => None,
            };
            if let Some(text) = text {
                let mut at = self.name_span(object.pos, object.name);
                if let Some(recv) = self.receiver_of(object) {
                    at = recv;
                }
                self.push(Diagnostic::error(Code::TypeTooLarge, at, text));
            }
        }
    }

    /// Where a method's receiver stands, parentheses included.
    fn receiver_of(&self, object: &Object) -> Option<Span> {
        let ObjectKind::Func(func) = object.kind else {
            return None;
        };
        let FuncOrigin::Decl { decl, .. } = self.prog.func(func).origin else {
            return None;
        };
        let decl = self.asts.func_decl(decl)?;
        decl.recv.as_ref()?;
        let start = decl.span.start.offset("func ".len() as u32);
        Some(Span::new(start, decl.name.pos))
    }

    fn too_large(&self, ty: TypeId) -> Option<String> {
        if self.types().has_type_params(ty) {
            return None;
        }
        let is_below = |ty, limit| self.types().size_of(ty).is_some_and(|size| size < limit);
        match *self.types().get(ty) {
            // Of an array of arrays, the inner one is what is too large.
            Type::Array { elem, .. }
                if is_below(elem, ADDRESS_SPACE) && !is_below(ty, ADDRESS_SPACE) =>
            {
                let shown = self.type_text(ty);
                Some(format!("type {shown} larger than address space"))
            }
            Type::Chan { elem, .. } if !is_below(elem, CHAN_ELEM) => {
                Some("channel element type too large (>64kB)".to_string())
            }
            _ => None,
        }
    }

    /// Where Go reports a type: at the local variable that is declared with it, or at the declaration around it.
    fn declared_with(&self, ty: TypeId, pos: Pos, owner: ObjId, is_in_body: bool) -> Pos {
        if !owner.is_some() {
            return pos;
        }
        let around = self.object(owner).pos;
        if !is_in_body {
            return around;
        }
        let is_local =
            |kind: &_| matches!(kind, ObjectKind::Var(var) if var.kind == VarKind::Local);
        let variables = self.prog.objects.iter().filter(|object| {
            (around..=pos).contains(&object.pos)
                && is_local(&object.kind)
                && self.is_written_with(object.ty, ty)
        });
        variables.map(|object| object.pos).max().unwrap_or(around)
    }

    /// Whether `part` is a part of the type, as it is written.
    fn is_written_with(&self, ty: TypeId, part: TypeId) -> bool {
        ty == part
            || match *self.types().get(ty) {
                Type::Pointer(elem)
                | Type::Slice(elem)
                | Type::Array { elem, .. }
                | Type::Chan { elem, .. } => self.is_written_with(elem, part),
                Type::Map { key, value } => {
                    self.is_written_with(key, part) || self.is_written_with(value, part)
                }
                _ => false,
            }
    }
}
