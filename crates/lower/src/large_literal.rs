//! Large literals: tables are filled by functions of their own, piece by piece.
//!
//! What a function costs the code generator grows faster than its length, and a table of some thousand elements would take
//! seconds and gigabytes. Only elements that use nothing of the function around them, and call nothing, move: constants,
//! literals of such, and declared functions.

use std::ops::Range;

use mini_frontend::{Mode, ObjectKind};
use mini_mir::{Callee, FuncSig, LocalId, Operand, TyKind};
use mini_syntax::ast::{Expr, ExprKind, UnaryOp};

use crate::call::Target;
use crate::func::FuncLower;

/// Literals of fewer expressions stay whole.
const MIN_NODES: usize = 1024;

/// Expressions in a piece, at least.
const PIECE_NODES: usize = 256;

impl<'ast> FuncLower<'_, 'ast> {
    /// Cuts the elements of a literal into pieces, each for a function of its own; `None` if they stay where they are.
    pub(crate) fn pieces<'e>(
        &self,
        elements: impl IntoIterator<Item = &'e Expr>,
    ) -> Option<Vec<Range<usize>>> {
        let mut pieces = vec![];
        let (mut start, mut in_piece, mut all, mut end) = (0, 0, 0, 0);
        for element in elements {
            let nodes = self.nodes(element)?;
            in_piece += nodes;
            all += nodes;
            end += 1;
            if in_piece >= PIECE_NODES {
                pieces.push(start..end);
                (start, in_piece) = (end, 0);
            }
        }
        if start < end {
            pieces.push(start..end);
        }
        (all >= MIN_NODES).then_some(pieces)
    }

    /// The number of expressions in one that could stand in any function; `None` if it could not.
    fn nodes(&self, e: &Expr) -> Option<usize> {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some() || info.mode == Mode::Nil {
            return Some(1);
        }
        match &e.kind {
            ExprKind::CompositeLit(lit) => lit
                .elems
                .iter()
                .try_fold(1, |sum, elem| Some(sum + self.nodes(elem)?)),
            ExprKind::KeyValue { key, value } => match key.kind {
                // The name of a field.
                ExprKind::Name(_) if self.info().expr(key.id).mode == Mode::Invalid => {
                    self.nodes(value)
                }
                _ => Some(self.nodes(key)? + self.nodes(value)?),
            },
            ExprKind::Unary {
                op: UnaryOp::Addr,
                x,
            } if matches!(x.unparen().kind, ExprKind::CompositeLit(_)) => self.nodes(x),
            ExprKind::Name(_) | ExprKind::Selector { .. } => {
                matches!(self.object_kind(e), Some(ObjectKind::Func(_))).then_some(1)
            }
            _ => None,
        }
    }

    /// Has a function of its own fill a part of what `container` refers to.
    pub(crate) fn fill_apart(
        &mut self,
        container: LocalId,
        fill: impl FnOnce(&mut FuncLower<'_, 'ast>, LocalId),
    ) {
        let container = Operand::local(container);
        let sig = self.cx.types.intern(TyKind::Func(FuncSig {
            params: vec![self.op_ty(&container)],
            results: vec![],
            variadic: false,
        }));
        let around = &self.cx.funcs[self.me];
        let name = |name: &str| format!("{name}.table").into();
        let (name, short_name) = (name(&around.name), name(&around.short_name));
        let (package, is_library) = (around.package.clone(), around.is_library);
        let func = self
            .cx
            .synthetic(name, short_name, package, sig, is_library, self.b.pos);
        self.cx.funcs[func].no_inline = true;
        let subst = self.subst.clone();
        let pos = self.b.pos;
        self.wrapper_body(func, |inner| {
            inner.subst = subst;
            inner.b.pos = pos;
            inner.declare_wrapper_params(sig);
            let container = inner.b.body.params[0];
            fill(inner, container);
            inner.emit_return();
        });
        let callee = Target::Callee(Callee::Static(func));
        self.emit_call(callee, vec![container], "");
    }
}
