//! Expressions back to source, in the one-line form of the checker's messages: `…` stands for the contents of composite
//! literals and function bodies.

use std::fmt::{self, Write};

use crate::ast::*;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f }.expr(self)
    }
}

/// A list as the checker shows it: `a, b, c`.
pub fn list(exprs: &[Expr]) -> String {
    let mut out = String::new();
    let _ = Printer { out: &mut out }.list(exprs);
    out
}

/// A signature without its `func`: `(a int, b ...string) (n int, err error)`.
pub fn signature(ty: &FuncType) -> String {
    let mut out = String::new();
    let _ = Printer { out: &mut out }.signature(ty);
    out
}

/// A simple statement, as in `cannot use x := 1 as value`.
pub fn simple_stmt(stmt: &Stmt) -> String {
    let mut out = String::new();
    let _ = Printer { out: &mut out }.simple_stmt(stmt);
    out
}

struct Printer<'a> {
    out: &'a mut dyn Write,
}

impl Printer<'_> {
    fn expr(&mut self, x: &Expr) -> fmt::Result {
        match &x.kind {
            ExprKind::Bad => self.out.write_str("<bad expr>"),
            ExprKind::Name(name) => self.out.write_str(name.as_str()),
            ExprKind::Lit(lit) => self.out.write_str(lit.text.as_str()),
            ExprKind::CompositeLit(lit) => self.composite_lit(lit),
            ExprKind::KeyValue { key, value } => {
                self.expr(key)?;
                self.out.write_str(": ")?;
                self.expr(value)
            }
            ExprKind::FuncLit(lit) => self.func_lit(lit),
            ExprKind::Paren(x) => self.enclosed("(", x, ")"),
            ExprKind::Selector { x, sel } => {
                self.expr(x)?;
                write!(self.out, ".{}", sel.name)
            }
            ExprKind::Index { x, indices } => {
                self.expr(x)?;
                self.out.write_char('[')?;
                self.list(indices)?;
                self.out.write_char(']')
            }
            ExprKind::Slice(slice) => self.slice(slice),
            ExprKind::TypeAssert { x, ty } => {
                self.expr(x)?;
                match ty.kind {
                    ExprKind::Bad => self.out.write_str(".(type)"),
                    _ => self.enclosed(".(", ty, ")"),
                }
            }
            ExprKind::Call(call) => {
                self.expr(&call.fun)?;
                self.out.write_char('(')?;
                self.list(&call.args)?;
                self.out.write_str(if call.has_dots { "...)" } else { ")" })
            }
            ExprKind::Unary { op, x } => {
                self.out.write_str(op.as_str())?;
                self.expr(x)
            }
            ExprKind::Binary { op, x, y } => {
                self.expr(x)?;
                write!(self.out, " {} ", op.as_str())?;
                self.expr(y)
            }
            ExprKind::ArrayType {
                len: Some(len),
                elem,
            } => {
                self.enclosed("[", len, "]")?;
                self.expr(elem)
            }
            ExprKind::ArrayType { len: None, elem } => self.prefixed("[...]", elem),
            ExprKind::SliceType(elem) => self.prefixed("[]", elem),
            ExprKind::StructType(ty) => self.struct_type(ty),
            ExprKind::FuncType(ty) => {
                self.out.write_str("func")?;
                self.signature(ty)
            }
            ExprKind::InterfaceType(ty) => self.interface_type(ty),
            ExprKind::MapType { key, value } => {
                self.enclosed("map[", key, "]")?;
                self.expr(value)
            }
            ExprKind::ChanType { dir, elem } => self.chan_type(*dir, elem),
            ExprKind::Ellipsis(elem) => self.prefixed("...", elem),
        }
    }

    fn list(&mut self, exprs: &[Expr]) -> fmt::Result {
        for (i, x) in exprs.iter().enumerate() {
            if i > 0 {
                self.out.write_str(", ")?;
            }
            self.expr(x)?;
        }
        Ok(())
    }

    fn enclosed(&mut self, open: &str, x: &Expr, close: &str) -> fmt::Result {
        self.out.write_str(open)?;
        self.expr(x)?;
        self.out.write_str(close)
    }

    fn prefixed(&mut self, prefix: &str, x: &Expr) -> fmt::Result {
        self.out.write_str(prefix)?;
        self.expr(x)
    }

    fn composite_lit(&mut self, lit: &CompositeLit) -> fmt::Result {
        if let Some(ty) = &lit.ty {
            self.expr(ty)?;
        }
        self.out
            .write_str(if lit.elems.is_empty() { "{}" } else { "{…}" })
    }

    fn func_lit(&mut self, lit: &FuncLit) -> fmt::Result {
        self.out.write_str("func")?;
        self.signature(&lit.ty)?;
        self.out.write_str(if lit.body.stmts.is_empty() {
            " {}"
        } else {
            " {…}"
        })
    }

    fn slice(&mut self, slice: &SliceExpr) -> fmt::Result {
        self.expr(&slice.x)?;
        self.out.write_char('[')?;
        self.optional(&slice.lo)?;
        self.out.write_char(':')?;
        self.optional(&slice.hi)?;
        if slice.is_full {
            self.out.write_char(':')?;
            self.optional(&slice.max)?;
        }
        self.out.write_char(']')
    }

    fn optional(&mut self, x: &Option<Expr>) -> fmt::Result {
        x.as_ref().map_or(Ok(()), |x| self.expr(x))
    }

    fn struct_type(&mut self, ty: &StructType) -> fmt::Result {
        self.out.write_str("struct{")?;
        for (i, field) in ty.fields.iter().enumerate() {
            if i > 0 {
                self.out.write_str("; ")?;
            }
            self.field(field)?;
            if let Some(tag) = field.tag {
                write!(self.out, " {}", tag.text)?;
            }
        }
        self.out.write_char('}')
    }

    fn interface_type(&mut self, ty: &InterfaceType) -> fmt::Result {
        self.out.write_str("interface{")?;
        for (i, elem) in ty.elems.iter().enumerate() {
            if i > 0 {
                self.out.write_str("; ")?;
            }
            match elem {
                InterfaceElem::Method { name, ty } => {
                    self.out.write_str(name.name.as_str())?;
                    self.signature(ty)?;
                }
                InterfaceElem::Embedded(x) => self.expr(x)?,
            }
        }
        self.out.write_char('}')
    }

    fn chan_type(&mut self, dir: ChanDir, elem: &Expr) -> fmt::Result {
        self.out.write_str(match dir {
            ChanDir::Both => "chan ",
            ChanDir::SendOnly => "chan<- ",
            ChanDir::RecvOnly => "<-chan ",
        })?;
        // `chan (<-chan T)` without its parentheses would read as `chan<- chan T`.
        let is_ambiguous = dir == ChanDir::Both
            && matches!(
                elem.kind,
                ExprKind::ChanType {
                    dir: ChanDir::RecvOnly,
                    ..
                }
            );
        match is_ambiguous {
            true => self.enclosed("(", elem, ")"),
            false => self.expr(elem),
        }
    }

    fn signature(&mut self, ty: &FuncType) -> fmt::Result {
        self.params(&ty.params)?;
        match ty.results.as_slice() {
            [] => Ok(()),
            [result] if result.names.is_empty() => {
                self.out.write_char(' ')?;
                self.expr(&result.ty)
            }
            results => {
                self.out.write_char(' ')?;
                self.params(results)
            }
        }
    }

    fn params(&mut self, fields: &[Field]) -> fmt::Result {
        self.out.write_char('(')?;
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                self.out.write_str(", ")?;
            }
            self.field(field)?;
        }
        self.out.write_char(')')
    }

    fn field(&mut self, field: &Field) -> fmt::Result {
        for (i, name) in field.names.iter().enumerate() {
            let separator = if i + 1 < field.names.len() { ", " } else { " " };
            write!(self.out, "{}{separator}", name.name)?;
        }
        self.expr(&field.ty)
    }

    fn simple_stmt(&mut self, stmt: &Stmt) -> fmt::Result {
        match &stmt.kind {
            StmtKind::Expr(x) => self.expr(x),
            StmtKind::Send { chan, value } => {
                self.expr(chan)?;
                self.prefixed(" <- ", value)
            }
            StmtKind::IncDec { x, is_inc } => {
                self.expr(x)?;
                self.out.write_str(if *is_inc { "++" } else { "--" })
            }
            StmtKind::Assign { lhs, rhs } => {
                self.list(lhs)?;
                self.out.write_str(" = ")?;
                self.list(rhs)
            }
            StmtKind::OpAssign { op, lhs, rhs } => {
                self.expr(lhs)?;
                write!(self.out, " {}= ", op.as_str())?;
                self.expr(rhs)
            }
            StmtKind::Define { lhs, rhs } => {
                self.list(lhs)?;
                self.out.write_str(" := ")?;
                self.list(rhs)
            }
            _ => Ok(()),
        }
    }
}
