//! Composite literals and function literals.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use mini_diagnostics::Code;
use mini_syntax::Symbol;
use mini_syntax::ast::{CompositeLit, Expr, ExprKind, FuncLit};

use super::operand::Operand;
use super::{Checker, Later};
use crate::constant::{Constant, Int};
use crate::info::{Func, FuncId, FuncOrigin, Mode, Selection, SelectionKind};
use crate::types::{Member, Struct, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn func_lit(&mut self, expr: &'a Expr, lit: &'a FuncLit) -> Operand<'a> {
        let func = FuncId(self.prog.funcs.len() as u32);
        let parent = self.env.func;
        self.prog.funcs.push(Func {
            pkg: self.env.pkg,
            origin: FuncOrigin::Lit {
                expr: expr.id,
                parent,
            },
            sig: TypeId::INVALID,
            recv: None,
            type_params: Vec::new(),
            has_pointer_recv: false,
            params: Vec::new(),
            results: Vec::new(),
            captures: Vec::new(),
            has_defer: false,
            has_recover: false,
            is_checked: false,
        });
        self.open_scope();
        let sig = self.func_type(func, None, &[], &lit.ty);
        self.close_scope();
        self.prog.funcs[func.index()].sig = sig;
        self.prog.packages[self.env.pkg.index()]
            .info
            .func_lits
            .insert(expr.id, func);
        match parent.is_some() {
            true => self.func_lit_body(func, lit),
            // The body may refer to the variable whose type is being found out.
            false => self.later.push(Later::FuncLit {
                env: self.env,
                func,
                lit,
            }),
        }
        let mut x = Operand::invalid(expr);
        x.set_value(sig);
        x
    }

    pub(super) fn func_lit_body(&mut self, func: FuncId, lit: &'a FuncLit) {
        self.prog.funcs[func.index()].is_checked = true;
        let mut env = self.env;
        env.func = func;
        self.at(env, |c| c.func_body(func, &lit.body));
    }

    pub(super) fn composite_lit(
        &mut self,
        expr: &'a Expr,
        lit: &'a CompositeLit,
        hint: TypeId,
    ) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let mut is_open_array = None;
        let (ty, is_elem) = match &lit.ty {
            Some(ty) => match &ty.kind {
                ExprKind::ArrayType { len: None, elem } => {
                    let elem = self.var_type(elem);
                    is_open_array = Some(elem);
                    (elem, false)
                }
                _ => (self.typ(ty), false),
            },
            None if hint != super::expr::NO_HINT => (hint, true),
            None => {
                let text = "missing type in composite literal";
                self.error(Code::UntypedLit, expr, text);
                (TypeId::INVALID, false)
            }
        };
        if let Some(elem) = is_open_array {
            let length = self.indexed_elems(&lit.elems, elem, None);
            if !elem.is_valid() {
                return x;
            }
            let ty = self.prog.types.array(elem, length as u64);
            if let Some(written) = &lit.ty {
                self.record_type(written, ty);
            }
            x.set_value(ty);
            return x;
        }
        // An element `{…}` of type *T stands for &T{…}.
        let mut base = ty;
        if is_elem
            && let Ok(common) = self.types().common_under(ty)
            && let Type::Pointer(elem) = *self.types().get(common)
        {
            base = elem;
        }
        let common = self.types().common_under(base);
        if !self.is_complete(base) {
            return x;
        }
        let form = self.types().get(common.unwrap_or(base)).clone();
        match form {
            Type::Struct(structure) => self.struct_lit(expr, lit, base, &structure),
            Type::Array { elem, len } => {
                self.indexed_elems(&lit.elems, elem, Some(len as i64));
            }
            Type::Slice(elem) => {
                self.indexed_elems(&lit.elems, elem, None);
            }
            Type::Map { key, value } => self.map_lit(lit, key, value),
            _ => {
                for elem in &lit.elems {
                    self.use_exprs(std::slice::from_ref(elem));
                }
                if self.under(base).is_valid() {
                    let what = if is_elem { " element" } else { "" };
                    let cause = match common {
                        Ok(_) => "",
                        Err(_) => " (no common underlying type)",
                    };
                    let text = format!(
                        "invalid composite literal{what} type {}{cause}",
                        self.type_text(ty)
                    );
                    self.error(Code::InvalidLit, expr, text);
                }
                return x;
            }
        }
        if ty.is_valid() {
            x.set_value(ty);
        }
        x
    }

    fn struct_lit(&mut self, expr: &'a Expr, lit: &'a CompositeLit, base: TypeId, ty: &Struct) {
        let Some(first) = lit.elems.first() else {
            return;
        };
        if matches!(first.kind, ExprKind::KeyValue { .. }) {
            self.keyed_struct_lit(lit, base);
            return;
        }
        let is_foreign = ty.pkg != self.env.pkg;
        for (i, elem) in lit.elems.iter().enumerate() {
            if let ExprKind::KeyValue { .. } = &elem.kind {
                let text = "mixture of field:value and value elements in struct literal";
                self.error(Code::MixedStructLit, elem, text);
                continue;
            }
            let mut x = self.generic_expr(elem);
            let Some(field) = ty.fields.get(i) else {
                let text = format!(
                    "too many values in struct literal of type {}",
                    self.type_text(base)
                );
                self.error_op(Code::InvalidStructLit, &x, text);
                break;
            };
            if is_foreign && !field.name.is_exported() {
                let text = format!(
                    "implicit assignment to unexported field {} in struct literal of type {}",
                    field.name,
                    self.type_text(base)
                );
                self.error_op(Code::UnexportedLitField, &x, text);
                continue;
            }
            self.assignment(&mut x, field.ty, "struct literal");
        }
        if lit.elems.len() < ty.fields.len() {
            let has_private = is_foreign && ty.fields.iter().any(|field| !field.name.is_exported());
            let hint = match has_private {
                true => " (type has unexported fields - use key:value pairs)",
                false => "",
            };
            let text = format!(
                "too few values in struct literal of type {}{hint}",
                self.type_text(base)
            );
            let _ = expr;
            self.error_at(Code::InvalidStructLit, lit.rbrace, text);
        }
    }

    fn keyed_struct_lit(&mut self, lit: &'a CompositeLit, base: TypeId) {
        let mut visited: Vec<(Vec<u32>, Symbol)> = Vec::new();
        for elem in &lit.elems {
            let ExprKind::KeyValue { key, value } = &elem.kind else {
                let text = "mixture of field:value and value elements in struct literal";
                self.error(Code::MixedStructLit, elem, text);
                continue;
            };
            let mut x = self.generic_expr(value);
            let Some(ident) = key.as_ident() else {
                let text = format!("invalid field name {key} in struct literal");
                self.error(Code::InvalidLitField, elem, text);
                continue;
            };
            let structure = self.types().common_under(base).unwrap_or(base);
            let Ok(found) = self.types().lookup(structure, self.env.pkg, ident.name) else {
                let text = self.lookup_error(base, ident.name, true);
                self.error(Code::MissingLitField, key, text);
                continue;
            };
            let Member::Field { index, ty } = found.member else {
                let text = format!("{} is not a field", ident.name);
                self.error(Code::MissingLitField, key, text);
                continue;
            };
            if found.is_indirect {
                let text = format!(
                    "invalid implicit pointer indirection to reach {}",
                    ident.name
                );
                self.error(Code::InvalidLitField, key, text);
                continue;
            }
            self.assignment(&mut x, ty, "struct literal");
            let mut place = found.path.clone();
            place.push(index);
            self.check_literal_field(elem, ident.name, &place, &visited);
            visited.push((place, ident.name));
            if !found.path.is_empty() {
                let selection = Selection {
                    kind: SelectionKind::Field,
                    member: found.member,
                    recv: base,
                    path: found.path.into(),
                    is_indirect: false,
                    holder: found.holder,
                    ty,
                };
                self.prog.packages[self.env.pkg.index()]
                    .info
                    .selections
                    .insert(key.id, selection);
            }
        }
    }

    fn check_literal_field(
        &mut self,
        elem: &'a Expr,
        name: Symbol,
        place: &[u32],
        visited: &[(Vec<u32>, Symbol)],
    ) {
        let text = if visited.iter().any(|(other, _)| other == place) {
            format!("duplicate field name {name} in struct literal")
        } else if let Some((_, other)) = visited.iter().find(|(other, _)| place.starts_with(other))
        {
            format!("cannot specify promoted field {name} and enclosing embedded field {other}")
        } else if let Some((_, other)) = visited.iter().find(|(other, _)| other.starts_with(place))
        {
            format!("cannot specify embedded field {name} and enclosed promoted field {other}")
        } else {
            return;
        };
        self.error(Code::DuplicateLitField, elem, text);
    }

    fn map_lit(&mut self, lit: &'a CompositeLit, key_type: TypeId, value_type: TypeId) {
        let is_interface = self.types().is_interface(key_type);
        let mut visited: HashSet<(Key, TypeId), FixedState> = HashSet::default();
        for elem in &lit.elems {
            let ExprKind::KeyValue { key, value } = &elem.kind else {
                let text = "missing key in map literal";
                self.error(Code::MissingLitKey, elem, text);
                continue;
            };
            let mut x = self.element(key, key_type);
            self.assignment(&mut x, key_type, "map literal");
            if !x.is_valid() {
                self.use_literal_value(value);
                continue;
            }
            if x.mode == Mode::Constant
                && let Some(known) = Key::new(self.const_of(&x))
            {
                let dynamic = match is_interface {
                    true => self.types().canon(x.ty),
                    false => TypeId::INVALID,
                };
                if !visited.insert((known, dynamic)) {
                    let text = format!("duplicate key {} in map literal", self.const_of(&x));
                    self.error_op(Code::DuplicateLitKey, &x, text);
                    self.use_literal_value(value);
                    continue;
                }
            }
            let mut x = self.element(value, value_type);
            self.assignment(&mut x, value_type, "map literal");
        }
    }

    fn use_literal_value(&mut self, value: &'a Expr) {
        if !matches!(value.kind, ExprKind::CompositeLit(_)) {
            self.use_exprs(std::slice::from_ref(value));
        }
    }

    /// The elements of an array or slice literal; returns how long it is.
    fn indexed_elems(&mut self, elems: &'a [Expr], ty: TypeId, length: Option<i64>) -> i64 {
        let mut visited: HashSet<i64, FixedState> = HashSet::default();
        let has_keys = elems
            .iter()
            .any(|elem| matches!(elem.kind, ExprKind::KeyValue { .. }));
        let (mut index, mut max) = (0i64, 0i64);
        for elem in elems {
            let mut is_valid = false;
            let mut value = elem;
            if let ExprKind::KeyValue { key, value: inner } = &elem.kind {
                match self.index(key, length) {
                    Some(Some(at)) => {
                        index = at;
                        is_valid = true;
                    }
                    Some(None) => {
                        let text = format!("index {key} must be integer constant");
                        self.error(Code::InvalidLitIndex, elem, text);
                    }
                    None => {}
                }
                value = inner;
            } else if let Some(length) = length
                && index >= length
            {
                let text = format!("index {index} is out of bounds (>= {length})");
                self.error(Code::OversizeArrayLit, elem, text);
            } else {
                is_valid = true;
            }
            if is_valid && has_keys && !visited.insert(index) {
                let text = format!("duplicate index {index} in array or slice literal");
                self.error(Code::DuplicateLitKey, elem, text);
            }
            index = index.saturating_add(1);
            max = max.max(index);
            let mut x = self.element(value, ty);
            if ty.is_valid() {
                self.assignment(&mut x, ty, "array or slice literal");
            }
        }
        max
    }
}

/// A constant as a map key: equal numbers of different kinds are one.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Key {
    Bool(bool),
    Int(Int),
    Float(u64),
    Complex(u64, u64),
    Str(std::sync::Arc<[u8]>),
}

impl Key {
    pub(super) fn new(value: &Constant) -> Option<Key> {
        Some(match value {
            Constant::Unknown => return None,
            &Constant::Bool(value) => Key::Bool(value),
            Constant::Str(value) => Key::Str(value.clone()),
            Constant::Int(value) => Key::Int(value.clone()),
            Constant::Float(value) => match value.to_int() {
                Some(int) => Key::Int(int),
                None => Key::Float(value.to_f64().to_bits()),
            },
            Constant::Complex(value) => match value.to_float() {
                Some(re) => return Key::new(&Constant::Float(re.clone())),
                None => Key::Complex(value.re.to_f64().to_bits(), value.im.to_f64().to_bits()),
            },
        })
    }
}
