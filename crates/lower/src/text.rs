//! Expressions as Go's `-m` prints them.
//!
//! Not the source text: parentheses are only where precedence needs them, constants are their values, literals are
//! abbreviated (`T{...}`), and types in conversions stand in parentheses unless they are names.

use mini_frontend::{
    Basic, Builtin, Constant, Member, Mode, ObjectKind, SelectionKind, Type, VarKind,
};
use mini_mir::{TyId, call_text, print::type_name};
use mini_syntax::ast::{BinaryOp, CallExpr, Expr, ExprKind, UnaryOp};

use crate::func::FuncLower;

/// Go's numbers of how tightly things bind, beside those of binary operators.
const UNARY: u8 = 7;
const PRIMARY: u8 = 8;

impl<'ast> FuncLower<'_, 'ast> {
    /// The expression as messages show it.
    pub(crate) fn text(&mut self, e: &'ast Expr) -> String {
        self.text_within(e, 0)
    }

    /// The same as an operand of something that binds as tightly as `min_precedence`.
    pub(crate) fn text_within(&mut self, e: &'ast Expr, min_precedence: u8) -> String {
        self.written(e, min_precedence, false)
    }

    /// The text of an allocation site: calls are marked ([`call_text`]), since Go's messages name the results of those that were
    /// inlined.
    pub(crate) fn site_text(&mut self, e: &'ast Expr) -> String {
        self.written(e, 0, self.cx.explain > 0)
    }

    fn written(&mut self, e: &'ast Expr, min_precedence: u8, marks_calls: bool) -> String {
        // Nothing is said about the library but where it is inlined.
        if self.cx.explain == 0 && self.cx.funcs[self.me].is_library {
            return String::new();
        }
        let text = String::new();
        let mut out = Out { text, marks_calls };
        self.write_text(e, min_precedence, &mut out);
        out.text
    }

    fn write_text(&mut self, e: &'ast Expr, min_precedence: u8, out: &mut Out) {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some() {
            return self.constant_text(e, out);
        }
        let precedence = self.precedence(e);
        let needs_parens = precedence < min_precedence;
        let marked_call = match &e.kind {
            ExprKind::Call(call) if out.marks_calls && self.is_function_call(call) => {
                call_text::open(&mut out.text, e.pos, min_precedence > 0);
                true
            }
            _ => false,
        };
        if needs_parens {
            out.push('(');
        }
        match &e.kind {
            ExprKind::Name(name) => {
                if let Some(package) = self.foreign_package(e) {
                    out.push_str(&package);
                    out.push('.');
                }
                out.push_str(name.as_str());
            }
            ExprKind::FuncLit(_) => out.push_str("func literal"),
            ExprKind::CompositeLit(lit) => {
                let ty = self.ety(e);
                self.write_literal_type(lit.ty.as_deref(), ty, out);
                out.push_str(if lit.elems.is_empty() { "{}" } else { "{...}" });
            }
            ExprKind::Selector { x, sel } => {
                self.write_text(x, PRIMARY, out);
                self.write_embedded(e, out);
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
            ExprKind::Call(call) => self.write_call(e, call, out),
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
                if precedence == 0 {
                    self.write_text(y, 0, out);
                } else if let Some(count) = op.is_shift().then(|| self.count_text(y)).flatten() {
                    out.push_str(&count);
                } else {
                    self.write_text(y, precedence + 1, out);
                }
            }
            _ => self.write_type(e, out),
        }
        if needs_parens {
            out.push(')');
        }
        if marked_call {
            call_text::close(&mut out.text);
        }
    }

    /// A constant count of a shift: without a type it is uint.
    pub(crate) fn count_text(&mut self, count: &'ast Expr) -> Option<String> {
        self.info().expr(count.unparen().id).value.get()?;
        let text = self.text(count);
        let is_plain = text.bytes().all(|b| b.is_ascii_digit());
        Some(if is_plain {
            format!("uint({text})")
        } else {
            text
        })
    }

    /// Go's table `OpPrec`; operations that are not in it are 0 and stand in parentheses everywhere.
    fn precedence(&self, e: &Expr) -> u8 {
        match &e.kind {
            ExprKind::FuncLit(_) => 0,
            ExprKind::Unary {
                op: UnaryOp::Addr,
                x,
            } if matches!(x.unparen().kind, ExprKind::CompositeLit(_)) => 0,
            ExprKind::Unary { .. } => UNARY,
            ExprKind::Binary {
                op: BinaryOp::Add, ..
            } if self.prog.types.is_string(self.info().type_of(e.id)) => 0,
            // || 1, && 2, comparison 4, + 5, * 6.
            ExprKind::Binary { op, .. } => match op.precedence() {
                n @ (1 | 2) => n,
                n => n + 1,
            },
            ExprKind::Call(call) => {
                let made = || self.prog.types.under_type(self.info().type_of(e.id));
                match self.object_kind(call.fun.unparen()) {
                    Some(ObjectKind::Builtin(Builtin::Make))
                        if !matches!(made(), Type::Slice(_)) =>
                    {
                        0
                    }
                    Some(ObjectKind::Builtin(
                        Builtin::Complex | Builtin::Real | Builtin::Imag | Builtin::Recover,
                    )) => 0,
                    _ => PRIMARY,
                }
            }
            _ => PRIMARY,
        }
    }

    /// The library package that declares a name.
    fn foreign_package(&self, name: &Expr) -> Option<String> {
        if !self.cx.funcs[self.me].is_library {
            return None;
        }
        let object = self.prog.object(self.info().object(name.id)?);
        let is_local = matches!(&object.kind, ObjectKind::Var(var) if var.kind != VarKind::Package);
        if is_local || matches!(object.kind, ObjectKind::Builtin(_)) {
            return None;
        }
        let (name, _) = self.prog.types.package_name(object.pkg)?;
        Some(name.to_string())
    }

    /// Whether it is neither a conversion nor a built-in function.
    fn is_function_call(&self, call: &CallExpr) -> bool {
        let fun = call.fun.unparen();
        let mode = self.info().expr(fun.id).mode;
        !matches!(mode, Mode::Type | Mode::Builtin)
            && !matches!(self.object_kind(fun), Some(ObjectKind::Builtin(_)))
    }

    /// The embedded fields that lead to a promoted field or method.
    fn write_embedded(&mut self, selector: &Expr, out: &mut Out) {
        let Some(selection) = self.info().selection(selector.id) else {
            return;
        };
        let types = &self.prog.types;
        let mut ty = selection.recv;
        for &index in &selection.path {
            ty = types.pointee(ty).unwrap_or(ty);
            let Type::Struct(structure) = types.under_type(ty) else {
                return;
            };
            let field = &structure.fields[index as usize];
            out.push('.');
            out.push_str(field.name.as_str());
            ty = field.ty;
        }
    }

    fn write_call(&mut self, e: &'ast Expr, call: &'ast CallExpr, out: &mut Out) {
        let fun = call.fun.unparen();
        if self.info().expr(fun.id).mode == Mode::Type {
            if let Type::Slice(_) = self.prog.types.under_type(self.info().type_of(e.id))
                && self.info().expr(call.args[0].unparen().id).value.is_some()
                && !self.is_bytes(e)
            {
                // Go makes the runes while compiling.
                self.write_type(fun, out);
                return out.push_str("{...}");
            }
            self.write_conversion_type(fun, out);
            out.push('(');
            self.write_list(&call.args, out);
            return out.push(')');
        }
        let is_method = self.write_method(fun, out);
        if !is_method {
            self.write_text(fun, PRIMARY, out);
            out.push('(');
        } else if !call.args.is_empty() {
            out.push_str(", ");
        }
        let ty = self.info().type_of(fun.id);
        let n_fixed = match self.prog.types.signature(ty) {
            Some(sig) if sig.is_variadic && !call.has_dots && self.is_function_call(call) => {
                sig.params.len() - 1
            }
            _ => usize::MAX,
        };
        if n_fixed == usize::MAX {
            self.write_list(&call.args, out);
            return out.push_str(if call.has_dots { "...)" } else { ")" });
        }
        let (fixed, packed) = call.args.split_at(n_fixed.min(call.args.len()));
        self.write_list(fixed, out);
        if !fixed.is_empty() {
            out.push_str(", ");
        }
        out.push_str(if packed.is_empty() {
            "nil...)"
        } else {
            "... argument...)"
        });
    }

    fn is_bytes(&self, e: &Expr) -> bool {
        match self.prog.types.under_type(self.info().type_of(e.id)) {
            Type::Slice(elem) => {
                let elem = self.prog.types.basic(*elem);
                matches!(elem, Some(Basic::Byte | Basic::Uint8))
            }
            _ => false,
        }
    }

    /// The start of a call of a method that is known: `T.m(x`, as Go's compiler has it.
    fn write_method(&mut self, fun: &'ast Expr, out: &mut Out) -> bool {
        let ExprKind::Selector { x, sel } = &fun.kind else {
            return false;
        };
        let Some(selection) = self.info().selection(fun.id) else {
            return false;
        };
        let (SelectionKind::Method, Member::Method(object)) = (selection.kind, selection.member)
        else {
            return false;
        };
        let (holder, is_promoted) = (selection.holder, !selection.path.is_empty());
        let Some(recv) = self
            .prog
            .func_of(object)
            .and_then(|f| self.prog.func(f).recv)
        else {
            return false;
        };
        let is_pointer = self.prog.types.is_pointer(self.prog.object(recv).ty);
        let holder = self.ty(holder);
        let holder = self.local_type_name(holder);
        out.push_str(&match is_pointer {
            true => format!("(*{holder})"),
            false => holder,
        });
        out.push('.');
        out.push_str(sel.name.as_str());
        out.push('(');
        self.write_text(x, if is_promoted { PRIMARY } else { 0 }, out);
        self.write_embedded(fun, out);
        true
    }

    fn write_list(&mut self, list: &'ast [Expr], out: &mut Out) {
        for (index, e) in list.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.write_text(e, 0, out);
        }
    }

    /// A constant: with its type, unless it would have that type without one.
    fn constant_text(&mut self, e: &'ast Expr, out: &mut Out) {
        let Some(id) = self.info().expr(e.id).value.get() else {
            return;
        };
        let ty = self.info().type_of(e.id);
        let value = self.prog.constant(id);
        // Tells byte from uint8.
        let basic = match *self.prog.types.under_type(ty) {
            Type::Basic(basic) => Some(basic),
            _ => None,
        };
        let is_named = self.prog.types.as_named(ty).is_some();
        if !is_named
            && matches!(basic, Some(Basic::Rune | Basic::UntypedRune))
            && let Some(c) = value.as_u64().and_then(|c| u32::try_from(c).ok())
            && let Some(c) = char::from_u32(c)
        {
            return out.push_str(&mini_syntax::literal::quoted(c));
        }
        let literal = value.to_string();
        let is_default = !is_named
            && basic.is_some_and(|basic| {
                basic.is_untyped()
                    || matches!(
                        (basic, value),
                        (Basic::Int, Constant::Int(_))
                            | (Basic::Float64, Constant::Int(_) | Constant::Float(_))
                            | (Basic::Complex128, Constant::Complex(_))
                            | (Basic::String, Constant::Str(_))
                            | (Basic::Bool, Constant::Bool(_))
                    )
            });
        if is_default {
            return out.push_str(&literal);
        }
        let name = match basic {
            Some(basic) if !is_named => basic.name().to_string(),
            _ => {
                let ty = self.ety(e);
                self.local_type_name(ty)
            }
        };
        out.push_str(&format!("{name}({literal})"));
    }

    /// A conversion's type: in parentheses unless it is a name.
    fn write_conversion_type(&mut self, ty: &'ast Expr, out: &mut Out) {
        if matches!(ty.kind, ExprKind::Name(_) | ExprKind::Selector { .. }) {
            self.write_type(ty, out);
        } else {
            out.push('(');
            self.write_type(ty, out);
            out.push(')');
        }
    }

    /// The type of a literal: as written if it is a name, since aliases print as they are.
    fn write_literal_type(&mut self, written: Option<&'ast Expr>, ty: TyId, out: &mut Out) {
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

    pub(crate) fn type_text(&mut self, ty: &'ast Expr) -> String {
        let mut out = Out::default();
        self.write_type(ty, &mut out);
        out.text
    }

    fn write_type(&mut self, ty: &'ast Expr, out: &mut Out) {
        match &ty.unparen().kind {
            ExprKind::Name(name) if self.foreign_package(ty.unparen()).is_none() => {
                out.push_str(name.as_str())
            }
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

/// A text that grows.
#[derive(Default)]
struct Out {
    text: String,
    /// Calls are marked for [`call_text::resolve`](mini_mir::call_text::resolve).
    marks_calls: bool,
}

impl Out {
    fn push(&mut self, c: char) {
        self.text.push(c);
    }

    fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }
}
