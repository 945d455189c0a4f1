//! Expressions as Go's `-m` prints them.
//!
//! Not the source text: parentheses are only where precedence needs them, constants are their values, literals are
//! abbreviated (`T{...}`), and types in conversions stand in parentheses unless they are names.

use mini_mir::{ConstValue, TyId, print::type_name};
use mini_syntax::ast::{Expr, ExprKind, UnaryOp};

use crate::func::FuncLower;

/// How tightly operands of unary operators and calls bind.
const UNARY: u8 = 7;
const PRIMARY: u8 = 8;

impl<'ast> FuncLower<'_, 'ast> {
    /// The expression as messages show it.
    pub(crate) fn text(&mut self, e: &'ast Expr) -> String {
        // Nothing is said about the library.
        if self.cx.funcs[self.me].is_library {
            return String::new();
        }
        let mut out = String::new();
        self.write_text(e, 0, &mut out);
        out
    }

    fn write_text(&mut self, e: &'ast Expr, min_precedence: u8, out: &mut String) {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some() {
            return self.constant_text(e, out);
        }
        let precedence = match &e.kind {
            ExprKind::Unary { .. } => UNARY,
            // Go's numbers: || 1, && 2, comparison 4, + 5, * 6.
            ExprKind::Binary { op, .. } => match op.precedence() {
                n @ (1 | 2) => n,
                n => n + 1,
            },
            _ => PRIMARY,
        };
        let needs_parens = precedence < min_precedence;
        if needs_parens {
            out.push('(');
        }
        match &e.kind {
            ExprKind::Name(name) => out.push_str(name.as_str()),
            ExprKind::FuncLit(_) => out.push_str("func literal"),
            ExprKind::CompositeLit(lit) => {
                let ty = self.ety(e);
                self.write_literal_type(lit.ty.as_deref(), ty, out);
                out.push_str(if lit.elems.is_empty() { "{}" } else { "{...}" });
            }
            ExprKind::Selector { x, sel } => {
                self.write_text(x, PRIMARY, out);
                out.push('.');
                out.push_str(sel.name.as_str());
            }
            ExprKind::Index { x, indices } => {
                self.write_text(x, PRIMARY, out);
                out.push('[');
                self.write_list(indices, out);
                out.push(']');
            }
            ExprKind::Slice(slice) => {
                self.write_text(&slice.x, PRIMARY, out);
                out.push('[');
                for (index, bound) in [&slice.lo, &slice.hi, &slice.max].into_iter().enumerate() {
                    if index == 1 || (index == 2 && slice.is_full) {
                        out.push(':');
                    }
                    if let Some(bound) = bound {
                        self.write_text(bound, 0, out);
                    }
                }
                out.push(']');
            }
            ExprKind::TypeAssert { x, ty } => {
                self.write_text(x, PRIMARY, out);
                out.push_str(".(");
                self.write_type(ty, out);
                out.push(')');
            }
            ExprKind::Call(call) => {
                let fun = call.fun.unparen();
                if self.info().expr(fun.id).mode == mini_frontend::Mode::Type {
                    self.write_conversion_type(fun, out);
                } else {
                    self.write_text(fun, PRIMARY, out);
                }
                out.push('(');
                self.write_list(&call.args, out);
                out.push_str(if call.has_dots { "...)" } else { ")" });
            }
            ExprKind::Unary { op, x } => {
                out.push_str(op.as_str());
                let is_literal = matches!(x.unparen().kind, ExprKind::CompositeLit(_));
                let same =
                    matches!(&x.unparen().kind, ExprKind::Unary { op: inner, .. } if inner == op);
                if same && *op != UnaryOp::Deref {
                    out.push(' ');
                }
                // Go writes *(*p).
                self.write_text(x, if is_literal { 0 } else { PRIMARY }, out);
            }
            ExprKind::Binary { op, x, y } => {
                self.write_text(x, precedence, out);
                out.push(' ');
                out.push_str(op.as_str());
                out.push(' ');
                self.write_text(y, precedence + 1, out);
            }
            _ => self.write_type(e, out),
        }
        if needs_parens {
            out.push(')');
        }
    }

    fn write_list(&mut self, list: &'ast [Expr], out: &mut String) {
        for (index, e) in list.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.write_text(e, 0, out);
        }
    }

    fn constant_text(&mut self, e: &'ast Expr, out: &mut String) {
        let id = self.info().expr(e.id).value;
        let ty = self.ety(e);
        let value = match self.constant(id, ty) {
            mini_mir::Operand::Const(constant) => constant.value,
            mini_mir::Operand::Copy(_) => return,
        };
        let is_rune =
            matches!(&e.kind, ExprKind::Lit(lit) if lit.kind == mini_syntax::ast::LitKind::Rune);
        let literal = match value {
            ConstValue::Str(bytes) => format!("{:?}", String::from_utf8_lossy(&bytes)),
            ConstValue::Bool(b) => b.to_string(),
            ConstValue::Int(i) if is_rune => match u32::try_from(i).ok().and_then(char::from_u32) {
                Some(c) => format!("{c:?}"),
                None => i.to_string(),
            },
            ConstValue::Int(i) => i.to_string(),
            ConstValue::Float(f) => shortest(f, ty == TyId::FLOAT32),
            ConstValue::Complex(re, im) => {
                let is_single = ty == TyId::COMPLEX64;
                let (re, im) = (shortest(re, is_single), shortest(im, is_single));
                format!("({re} + {im}i)")
            }
            _ => return,
        };
        // A constant prints with its type, unless it would have that type without one.
        let is_default = [
            TyId::INT,
            TyId::INT32,
            TyId::FLOAT64,
            TyId::COMPLEX128,
            TyId::STRING,
            TyId::BOOL,
        ]
        .contains(&ty);
        if is_default {
            out.push_str(&literal);
        } else {
            out.push_str(&self.local_type_name(ty));
            out.push('(');
            out.push_str(&literal);
            out.push(')');
        }
    }

    /// A conversion's type: in parentheses unless it is a name.
    fn write_conversion_type(&mut self, ty: &'ast Expr, out: &mut String) {
        if matches!(ty.kind, ExprKind::Name(_) | ExprKind::Selector { .. }) {
            self.write_type(ty, out);
        } else {
            out.push('(');
            self.write_type(ty, out);
            out.push(')');
        }
    }

    /// The type of a literal: as written if it is a name, since aliases print as they are.
    fn write_literal_type(&mut self, written: Option<&'ast Expr>, ty: TyId, out: &mut String) {
        match written {
            Some(written) => self.write_type(written, out),
            None => {
                // An element without a type of its own; `{…}` of a pointer type is `&T{…}`.
                let name = self.local_type_name(ty);
                match name.strip_prefix('*') {
                    Some(elem) => {
                        out.push('&');
                        out.push_str(elem);
                    }
                    None => out.push_str(&name),
                }
            }
        }
    }

    fn write_type(&mut self, ty: &'ast Expr, out: &mut String) {
        match &ty.unparen().kind {
            ExprKind::Name(name) => out.push_str(name.as_str()),
            ExprKind::Selector { x, sel } => {
                self.write_type(x, out);
                out.push('.');
                out.push_str(sel.name.as_str());
            }
            ExprKind::SliceType(elem) => {
                out.push_str("[]");
                self.write_type(elem, out);
            }
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => {
                out.push('*');
                self.write_type(x, out);
            }
            ExprKind::MapType { key, value } => {
                out.push_str("map[");
                self.write_type(key, out);
                out.push(']');
                self.write_type(value, out);
            }
            _ => {
                let id = self.ety(ty);
                let name = self.local_type_name(id);
                out.push_str(&name);
            }
        }
    }

    /// The name of a type without the user's package.
    pub(crate) fn local_type_name(&self, ty: TyId) -> String {
        type_name(&self.cx.types, ty).replace("main.", "")
    }
}

/// A float with as many digits as tell it from its neighbours, as Go's `%g` writes it.
fn shortest(value: f64, is_single: bool) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e21).contains(&size) {
        return match is_single {
            true => (value as f32).to_string(),
            false => value.to_string(),
        };
    }
    let text = match is_single {
        true => format!("{:e}", value as f32),
        false => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
