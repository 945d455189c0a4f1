//! Frontend types to MIR types.

use std::sync::Arc;

use mini_frontend::{Basic, PkgId, Program, Type, TypeId};
use mini_mir::{ChanDir, Field, InterfaceMethod, NamedInfo, TyId, TyKind};
use mini_syntax::ast::ChanDir as SourceDir;

use crate::context::Context;
use crate::names;

impl Context<'_> {
    /// The MIR type of a checked type; identical types give the same.
    pub(crate) fn ty(&mut self, prog: &Program, source: TypeId) -> TyId {
        if let Some(&ty) = self.ty_of.get(&source) {
            return ty;
        }
        let canon = prog.types.canon(prog.types.unalias(source));
        if let Some(&ty) = self.ty_of.get(&canon) {
            self.ty_of.insert(source, ty);
            return ty;
        }
        let ty = match prog.types.get(canon) {
            Type::Named(named) => {
                let named = prog.types.named(*named);
                let package = match named.pkg {
                    PkgId::UNIVERSE => String::new(),
                    pkg => names::path(prog, pkg),
                };
                let name = prog.types.run_time_name(canon);
                let ty = self.types.declare_named(NamedInfo {
                    name: name.into(),
                    package: package.into(),
                });
                self.ty_of.insert(canon, ty);
                let kind = self.ty_kind(prog, prog.types.under(canon));
                self.types.define_named(ty, kind);
                ty
            }
            _ => {
                let kind = self.ty_kind(prog, canon);
                self.types.intern(kind)
            }
        };
        self.ty_of.insert(canon, ty);
        self.ty_of.insert(source, ty);
        self.source_ty.entry(ty).or_insert(canon);
        ty
    }

    fn ty_kind(&mut self, prog: &Program, source: TypeId) -> TyKind {
        match prog.types.get(source) {
            Type::Basic(basic) => basic_kind(*basic),
            Type::Pointer(elem) => TyKind::Pointer(self.ty(prog, *elem)),
            Type::Slice(elem) => TyKind::Slice(self.ty(prog, *elem)),
            Type::Array { elem, len } => TyKind::Array(self.ty(prog, *elem), *len),
            Type::Map { key, value } => TyKind::Map(self.ty(prog, *key), self.ty(prog, *value)),
            Type::Chan { dir, elem } => {
                let dir = match dir {
                    SourceDir::Both => ChanDir::Both,
                    SourceDir::SendOnly => ChanDir::Send,
                    SourceDir::RecvOnly => ChanDir::Receive,
                };
                TyKind::Chan(dir, self.ty(prog, *elem))
            }
            Type::Struct(structure) => {
                let package = names::path(prog, structure.pkg);
                let fields = structure
                    .fields
                    .iter()
                    .map(|field| {
                        let is_exported = field.name.is_exported();
                        Field {
                            name: field.name.as_str().into(),
                            ty: self.ty(prog, field.ty),
                            is_embedded: field.is_embedded,
                            is_exported,
                            package: if is_exported {
                                Arc::from("")
                            } else {
                                Arc::from(&*package)
                            },
                            tag: field.tag.map_or("", |tag| tag.as_str()).into(),
                        }
                    })
                    .collect();
                TyKind::Struct(fields)
            }
            Type::Func(_) => {
                let sig = self.sig(prog, source, vec![]);
                self.types.kind(sig).clone()
            }
            Type::Interface(_) => {
                let mut methods: Vec<InterfaceMethod> = prog
                    .types
                    .methods_of_interface(source)
                    .iter()
                    .map(|method| InterfaceMethod {
                        name: method.name.as_str().into(),
                        package: names::path(prog, method.pkg).into(),
                        sig: self.ty(prog, method.sig),
                    })
                    .collect();
                methods.sort_by(|a, b| (&a.name, &a.package).cmp(&(&b.name, &b.package)));
                TyKind::Interface(methods.into())
            }
            Type::Tuple(parts) => {
                TyKind::Tuple(parts.iter().map(|&part| self.ty(prog, part)).collect())
            }
            // Aliases are looked through, names have entries of their own, type parameters were substituted.
            Type::Named(_) | Type::Alias(_) | Type::TypeParam(_) | Type::Union(_) => {
                mini_diagnostics::bug!("a type without form reached lowering")
            }
        }
    }
}

fn basic_kind(basic: Basic) -> TyKind {
    match basic {
        Basic::Bool | Basic::UntypedBool => TyKind::Bool,
        Basic::Int | Basic::UntypedInt => TyKind::Int,
        Basic::Int8 => TyKind::Int8,
        Basic::Int16 => TyKind::Int16,
        Basic::Int32 | Basic::Rune | Basic::UntypedRune => TyKind::Int32,
        Basic::Int64 => TyKind::Int64,
        Basic::Uint => TyKind::Uint,
        Basic::Uint8 | Basic::Byte => TyKind::Uint8,
        Basic::Uint16 => TyKind::Uint16,
        Basic::Uint32 => TyKind::Uint32,
        Basic::Uint64 => TyKind::Uint64,
        Basic::Uintptr => TyKind::Uintptr,
        Basic::Float32 => TyKind::Float32,
        Basic::Float64 | Basic::UntypedFloat => TyKind::Float64,
        Basic::Complex64 => TyKind::Complex64,
        Basic::Complex128 | Basic::UntypedComplex => TyKind::Complex128,
        Basic::String | Basic::UntypedString => TyKind::String,
        Basic::UnsafePointer | Basic::UntypedNil | Basic::Invalid => TyKind::UnsafePointer,
    }
}
