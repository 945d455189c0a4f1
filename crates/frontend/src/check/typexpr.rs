//! Type expressions: from syntax to types.

use mini_diagnostics::{Code, Diagnostic, Pos};
use mini_syntax::ast::{self, Expr, ExprKind, Ident, InterfaceElem, UnaryOp};
use mini_syntax::{Symbol, literal};

use super::operand::Operand;
use super::{Checker, Later};
use crate::info::{FuncId, Mode};
use crate::object::ObjectKind;
use crate::program::PkgId;
use crate::types::{Field, Interface, Method, Struct, Type, TypeId};

impl<'a> Checker<'a> {
    /// The type that an expression denotes; invalid after an error.
    pub(super) fn typ(&mut self, expr: &'a Expr) -> TypeId {
        let mut ty = self.type_of_expr(expr);
        if !self.types().generic_params(ty).is_empty() {
            let text = format!(
                "cannot use generic type {} without instantiation",
                self.type_text(ty)
            );
            self.error(Code::WrongTypeArgCount, expr, text);
            ty = TypeId::INVALID;
        }
        self.record_type(expr, ty);
        ty
    }

    /// The type that an expression denotes, which may be generic.
    pub(super) fn generic_or_plain_type(&mut self, expr: &'a Expr) -> TypeId {
        self.type_of_expr(expr)
    }

    /// The type of a variable.
    pub(super) fn var_type(&mut self, expr: &'a Expr) -> TypeId {
        let ty = self.typ(expr);
        self.valid_var_type(expr, ty);
        ty
    }

    /// Notes that a type is that of a variable: it must not be a constraint.
    pub(super) fn valid_var_type(&mut self, expr: &'a Expr, ty: TypeId) {
        let may_be_interface = match self.types().get(ty) {
            Type::Interface(_) | Type::Named(_) | Type::Alias(_) => {
                ty != self.types().any && ty != self.types().error
            }
            _ => false,
        };
        // Interfaces may be under declaration.
        if may_be_interface {
            match self.types().under_type(ty) {
                Type::Interface(_) => {}
                Type::Basic(crate::types::Basic::Invalid) => {}
                _ => return,
            }
            self.later.push(Later::VarType {
                env: self.env,
                ty,
                expr,
            });
        }
    }

    pub(super) fn check_var_type(&mut self, ty: TypeId, expr: &'a Expr) {
        if !self.types().is_interface(ty) {
            return;
        }
        self.prog.types.complete_interface(ty);
        let set = self.types().type_set(ty);
        if set.is_method_set() {
            return;
        }
        let what = match set.is_comparable {
            true => "is (or embeds) comparable",
            false => "contains type constraints",
        };
        let text = format!(
            "cannot use type {} outside a type constraint: interface {what}",
            self.type_text(ty)
        );
        self.error(Code::MisplacedConstraintIface, expr, text);
    }

    fn type_of_expr(&mut self, expr: &'a Expr) -> TypeId {
        match &expr.kind {
            ExprKind::Bad => TypeId::INVALID,
            ExprKind::Name(name) => {
                let x = self.ident(expr, *name, true);
                self.operand_type(&x)
            }
            ExprKind::Selector { .. } => {
                let x = self.selector(expr, true);
                self.operand_type(&x)
            }
            ExprKind::Index { x, indices } => self.instantiated_type(x, indices),
            ExprKind::Paren(inner) => self.typ(inner),
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => {
                let elem = self.var_type(x);
                match elem.is_valid() {
                    true => self.prog.types.pointer(elem),
                    false => TypeId::INVALID,
                }
            }
            ExprKind::ArrayType { len, elem } => {
                let len = match len {
                    Some(len) => self.array_length(len),
                    None => {
                        let text = "invalid use of [...] array (outside a composite literal)";
                        self.error(Code::BadDotDotDotSyntax, expr, text);
                        None
                    }
                };
                let elem = self.var_type(elem);
                match len {
                    Some(len) if elem.is_valid() => {
                        let ty = self.prog.types.array(elem, len);
                        self.note_written(ty, expr.pos);
                        ty
                    }
                    _ => TypeId::INVALID,
                }
            }
            ExprKind::SliceType(elem) => {
                let elem = self.var_type(elem);
                match elem.is_valid() {
                    true => self.prog.types.slice(elem),
                    false => TypeId::INVALID,
                }
            }
            ExprKind::MapType { key, value } => {
                let key_type = self.var_type(key);
                let value = self.var_type(value);
                if !key_type.is_valid() || !value.is_valid() {
                    return TypeId::INVALID;
                }
                self.later.push(Later::MapKey {
                    env: self.env,
                    key,
                    ty: key_type,
                });
                self.prog.types.map(key_type, value)
            }
            ExprKind::ChanType { dir, elem } => {
                let elem = self.var_type(elem);
                match elem.is_valid() {
                    true => {
                        let ty = self.prog.types.chan(*dir, elem);
                        self.note_written(ty, expr.pos);
                        ty
                    }
                    false => TypeId::INVALID,
                }
            }
            ExprKind::StructType(ty) => self.struct_type(ty),
            ExprKind::FuncType(ty) => {
                self.open_scope();
                let sig = self.func_type(FuncId::NONE, None, &[], ty);
                self.close_scope();
                sig
            }
            ExprKind::InterfaceType(ty) => {
                let id = self.interface_type(ty);
                if self.env.pkg == self.prog.main {
                    self.prog.state.interfaces.push((expr.span, id));
                }
                id
            }
            ExprKind::Ellipsis(elem) => {
                self.error(Code::InvalidSyntaxTree, expr, "invalid use of ...");
                self.typ(elem);
                TypeId::INVALID
            }
            _ => {
                self.error(Code::NotAType, expr, format!("{expr} is not a type"));
                self.evaluate(expr);
                TypeId::INVALID
            }
        }
    }

    fn operand_type(&mut self, x: &Operand<'a>) -> TypeId {
        match x.mode {
            Mode::Invalid => TypeId::INVALID,
            Mode::Type => x.ty,
            Mode::NoValue => {
                let text = format!("{} used as type", x.expr);
                self.error_op(Code::NotAType, x, text);
                TypeId::INVALID
            }
            _ => {
                let text = format!("{} is not a type", self.describe(x));
                self.error_op(Code::NotAType, x, text);
                TypeId::INVALID
            }
        }
    }

    fn array_length(&mut self, len: &'a Expr) -> Option<u64> {
        if let ExprKind::Name(name) = len.kind {
            match self.lookup(name) {
                None => {
                    let text = format!("undefined array length {name} or missing type constraint");
                    self.error(Code::InvalidArrayLen, len, text);
                    return None;
                }
                Some(obj) if !matches!(self.object(obj).kind, ObjectKind::Const(_)) => {
                    let text = format!("invalid array length {name}");
                    self.error(Code::InvalidArrayLen, len, text);
                    return None;
                }
                _ => {}
            }
        }
        let x = self.expr(len);
        if x.mode != Mode::Constant {
            if x.is_valid() {
                let text = format!("array length {} must be constant", self.describe(&x));
                self.error_op(Code::InvalidArrayLen, &x, text);
            }
            return None;
        }
        let is_integer = self.types().is_integer(x.ty);
        if (is_integer || self.types().is_untyped(x.ty))
            && let Some(len) = self.const_of(&x).as_i64()
            && len >= 0
        {
            return Some(len as u64);
        }
        let described = self.describe(&x);
        let text = match is_integer {
            true => format!("invalid array length {described}"),
            false => format!("array length {described} must be integer"),
        };
        self.error_op(Code::InvalidArrayLen, &x, text);
        None
    }

    pub(super) fn check_map_key(&mut self, key: &'a Expr, ty: TypeId) {
        if !self.types().comparable(ty) {
            let why = match self.types().is_type_param(ty) {
                true => " (missing comparable constraint)",
                false => "",
            };
            let text = format!("invalid map key type {}{why}", self.type_text(ty));
            self.error(Code::IncomparableMapKey, key, text);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Structs

    fn struct_type(&mut self, ty: &'a ast::StructType) -> TypeId {
        let mut fields: Vec<Field> = Vec::new();
        let mut places: Vec<Pos> = Vec::new();
        for field in &ty.fields {
            let field_type = self.var_type(&field.ty);
            let tag = field.tag.and_then(|tag| self.tag(tag));
            if field.is_embedded() {
                let Some(ident) = embedded_name(&field.ty) else {
                    let text = format!("invalid embedded field type {}", field.ty);
                    self.error(Code::InvalidSyntaxTree, &field.ty, text);
                    continue;
                };
                self.later.push(Later::Embedded {
                    env: self.env,
                    ty: field_type,
                    expr: &field.ty,
                });
                if !self.check_field_name(&fields, &places, ident.name, ident.pos) {
                    continue;
                }
                fields.push(Field {
                    name: ident.name,
                    ty: field_type,
                    is_embedded: true,
                    tag,
                });
                places.push(ident.pos);
                continue;
            }
            for name in &field.names {
                if !self.check_field_name(&fields, &places, name.name, name.pos) {
                    continue;
                }
                fields.push(Field {
                    name: name.name,
                    ty: field_type,
                    is_embedded: false,
                    tag,
                });
                places.push(name.pos);
            }
        }
        let pkg = self.env.pkg;
        self.prog.types.structure(Struct { fields, pkg })
    }

    fn tag(&mut self, tag: ast::Lit) -> Option<Symbol> {
        if tag.kind != ast::LitKind::String {
            let text = format!(
                "invalid syntax tree: incorrect tag syntax: {:?}",
                tag.text.as_str()
            );
            self.push(Diagnostic::error(Code::InvalidSyntaxTree, tag.span(), text));
            return None;
        }
        let bytes = literal::string_value(tag.text.as_str())?;
        // An empty tag is none.
        (!bytes.is_empty()).then(|| Symbol::intern(&String::from_utf8_lossy(&bytes)))
    }

    /// Reports a second field of a name; true if it is the first.
    fn check_field_name(
        &mut self,
        fields: &[Field],
        places: &[Pos],
        name: Symbol,
        pos: Pos,
    ) -> bool {
        if name.is_blank() {
            return true;
        }
        let Some(index) = fields.iter().position(|field| field.name == name) else {
            return true;
        };
        let text = format!("{name} redeclared");
        let span = self.name_span(pos, name);
        let diagnostic = Diagnostic::error(Code::DuplicateDecl, span, text);
        let diagnostic = self.other_declaration(diagnostic, name, places[index]);
        self.push(diagnostic);
        false
    }

    pub(super) fn check_embedded(&mut self, ty: TypeId, expr: &'a Expr) {
        let (base, is_pointer) = self.types().deref(ty);
        let text = match self.types().under_type(base) {
            Type::Basic(crate::types::Basic::UnsafePointer) => {
                "embedded field type cannot be unsafe.Pointer"
            }
            Type::Pointer(_) => "embedded field type cannot be a pointer",
            Type::TypeParam(_) => "embedded field type cannot be a (pointer to a) type parameter",
            Type::Interface(_) if is_pointer => {
                "embedded field type cannot be a pointer to an interface"
            }
            _ => return,
        };
        self.error(Code::InvalidPtrEmbed, expr, text);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Interfaces

    fn interface_type(&mut self, ty: &'a ast::InterfaceType) -> TypeId {
        let mut methods: Vec<Method> = Vec::new();
        let mut embeds = Vec::new();
        let elems = &ty.elems;
        for elem in elems {
            match elem {
                InterfaceElem::Method { name, ty } => {
                    self.open_scope();
                    let sig = self.func_type(FuncId::NONE, None, &[], ty);
                    self.close_scope();
                    if name.name.is_blank() {
                        let text = "methods must have a unique non-blank name";
                        self.error_at(Code::BlankIfaceMethod, name.pos, text);
                        continue;
                    }
                    let pkg = match name.name.is_exported() {
                        true => PkgId::UNIVERSE,
                        false => self.env.pkg,
                    };
                    if methods.iter().any(|method| method.name == name.name) {
                        let first = elems.iter().find_map(|elem| match elem {
                            InterfaceElem::Method { name: other, .. }
                                if other.name == name.name =>
                            {
                                Some(other.pos)
                            }
                            _ => None,
                        });
                        self.duplicate_method(name.name, name.pos, first);
                        continue;
                    }
                    methods.push(Method {
                        name: name.name,
                        pkg,
                        sig,
                    });
                }
                InterfaceElem::Embedded(expr) => {
                    let embed = self.union(expr);
                    if embed.is_valid() {
                        embeds.push(embed);
                    }
                }
            }
        }
        let pkg = self.env.pkg;
        self.types().sort_methods(&mut methods);
        let id = self.prog.types.interface(Interface {
            methods,
            embeds,
            pkg,
            is_implicit: false,
        });
        self.later.push(Later::Interface {
            env: self.env,
            ty: id,
            expr: ty,
        });
        id
    }

    fn duplicate_method(&mut self, name: Symbol, pos: Pos, first: Option<Pos>) {
        let text = format!("duplicate method {name}");
        let span = self.name_span(pos, name);
        let mut diagnostic = Diagnostic::error(Code::DuplicateDecl, span, text);
        if let Some(first) = first {
            let text = format!("other declaration of method {name}");
            diagnostic = diagnostic.also(self.name_span(first, name), text);
        }
        self.push(diagnostic);
    }

    pub(super) fn check_interface(&mut self, id: TypeId, ty: &'a ast::InterfaceType) {
        let mut known: Vec<(Method, Pos)> = Vec::new();
        let Type::Interface(interface) = self.types().get(id).clone() else {
            return;
        };
        for elem in &ty.elems {
            if let InterfaceElem::Method { name, .. } = elem
                && let Some(method) = interface
                    .methods
                    .iter()
                    .find(|known| known.name == name.name)
            {
                known.push((*method, name.pos));
            }
        }
        for elem in &ty.elems {
            let InterfaceElem::Embedded(expr) = elem else {
                continue;
            };
            let embed = self.info(expr).ty;
            if !self.under(embed).is_valid() {
                continue;
            }
            if !self.types().is_interface(embed) {
                continue;
            }
            for method in self.types().methods_of_interface(embed).iter() {
                let same = known
                    .iter()
                    .find(|(other, _)| other.name == method.name && other.pkg == method.pkg);
                match same {
                    Some(&(other, pos)) if !self.types().identical(other.sig, method.sig) => {
                        self.duplicate_method(method.name, expr.start_pos(), Some(pos));
                    }
                    Some(_) => {}
                    None => known.push((*method, expr.start_pos())),
                }
            }
        }
        self.prog.types.complete_interface(id);
    }
}

/// The name that an embedded field gets from its type.
pub(super) fn embedded_name(ty: &Expr) -> Option<Ident> {
    match &ty.kind {
        ExprKind::Name(_) => ty.as_ident(),
        ExprKind::Unary {
            op: UnaryOp::Deref,
            x,
        } => match x.unparen().kind {
            ExprKind::Unary { .. } => None,
            _ => embedded_name(x),
        },
        ExprKind::Selector { sel, .. } => Some(*sel),
        ExprKind::Index { x, .. } | ExprKind::Paren(x) => embedded_name(x),
        _ => None,
    }
}
