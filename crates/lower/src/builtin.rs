//! Calls of predeclared functions.
//!
//! Those that are statements are split in two, evaluation of the arguments and the deed itself, because `go` and `defer` do
//! the second part later, in a function of its own.

use mini_frontend::{Builtin, Member, Mode, ObjectKind};
use mini_mir::{
    BinOp, ConvertKind, Operand, Place, Proj, Rvalue, SiteKind, StatementKind, TerminatorKind,
    TyId, TyKind, UnOp,
};
use mini_syntax::ast::{CallExpr, Expr};

use crate::func::FuncLower;
use crate::hoist::Part;

/// An argument: an expression, or one of several results of a call that is the only argument.
pub(crate) enum Arg<'ast> {
    Expr(&'ast Expr),
    Part(Operand),
}

impl<'ast> FuncLower<'_, 'ast> {
    /// The arguments of a call, those of `f(g())` apart.
    pub(crate) fn args(&mut self, args: &'ast [Expr]) -> Vec<Arg<'ast>> {
        if let [only] = args
            && self.info().expr(only.unparen().id).mode != Mode::Type
        {
            let ty = self.ety(only);
            if matches!(self.kind(ty), TyKind::Tuple(parts) if parts.len() > 1) {
                let value = self.expr(only);
                let parts = self.tuple_parts(value);
                return parts.into_iter().map(Arg::Part).collect();
            }
        }
        args.iter().map(Arg::Expr).collect()
    }

    pub(crate) fn arg(&mut self, arg: &Arg<'ast>) -> Operand {
        match arg {
            Arg::Expr(e) => self.expr(e),
            Arg::Part(part) => part.clone(),
        }
    }

    fn arg_to(&mut self, arg: &Arg<'ast>, ty: TyId) -> Operand {
        match arg {
            Arg::Expr(e) => self.expr_to(e, ty),
            Arg::Part(part) => self.assignable_at(part.clone(), ty, self.b.pos),
        }
    }

    /// The predeclared function that a call calls.
    pub(crate) fn called_builtin(&self, call: &CallExpr) -> Option<Builtin> {
        match self.object_kind(&call.fun) {
            Some(ObjectKind::Builtin(builtin)) => Some(*builtin),
            _ => None,
        }
    }

    pub(crate) fn builtin(&mut self, e: &'ast Expr, call: &'ast CallExpr) -> Operand {
        let Some(builtin) = self.called_builtin(call) else {
            return self.unsupported(e, "this predeclared function is");
        };
        let args = call.args.as_slice();
        match builtin {
            Builtin::Make | Builtin::New => self.hoist_all(args),
            Builtin::Append if !call.has_dots => {
                let ty = self.ety(e);
                let elem = self.cx.types.elem(ty);
                let slice = args.iter().take(1).map(|slice| (slice, None));
                let values = args.iter().skip(1).map(|value| (value, Some(elem)));
                self.hoist_parts(&slice.chain(values).collect::<Vec<_>>());
            }
            _ => self.hoist_all(args),
        }
        match builtin {
            Builtin::Append => self.append(e, call),
            Builtin::Len => self.len_or_cap(&args[0], Rvalue::Len),
            Builtin::Cap => self.len_or_cap(&args[0], Rvalue::Cap),
            Builtin::Make => self.make(e, args),
            Builtin::New => self.new_object(e, &args[0]),
            Builtin::Complex => {
                let ty = self.ety(e);
                let part = match self.kind(ty) {
                    TyKind::Complex64 => TyId::FLOAT32,
                    _ => TyId::FLOAT64,
                };
                let args = self.args(args);
                let parts = match args[..] {
                    [Arg::Expr(re), Arg::Expr(im)] => {
                        self.values(&[(re, Some(part)), (im, Some(part))])
                    }
                    _ => self.args_in_order(&args),
                };
                let parts = parts.into_iter().map(|value| self.retype(value, part));
                let [re, im] = <[_; 2]>::try_from(parts.collect::<Vec<_>>())
                    .unwrap_or_else(|_| mini_diagnostics::bug!("arguments of complex"));
                Operand::local(self.b.eval(ty, Rvalue::Binary(BinOp::Complex, re, im)))
            }
            Builtin::Real | Builtin::Imag => {
                let ty = self.ety(e);
                let op = if builtin == Builtin::Real {
                    UnOp::Real
                } else {
                    UnOp::Imag
                };
                let x = self.expr(&args[0]);
                Operand::local(self.b.eval(ty, Rvalue::Unary(op, x)))
            }
            Builtin::Min | Builtin::Max => self.min_max(e, builtin, args),
            Builtin::Clear
            | Builtin::Close
            | Builtin::Copy
            | Builtin::Delete
            | Builtin::Panic
            | Builtin::Print
            | Builtin::Println
            | Builtin::Recover => {
                let args = self.builtin_args(builtin, args);
                self.do_builtin(builtin, args)
            }
            // Of types that depend on type parameters; others are constant.
            Builtin::Alignof | Builtin::Sizeof => {
                let ty = self.ety(&args[0]);
                let layout = self.cx.types.layout(ty);
                let size = match builtin {
                    Builtin::Sizeof => layout.size,
                    _ => layout.align,
                };
                self.const_int(TyId::UINTPTR, size.into())
            }
            Builtin::Offsetof => self.offset_of(&args[0]),
            Builtin::Add => self.unsafe_add(args),
            Builtin::Slice | Builtin::String => self.unsafe_sequence(e, builtin, args),
            Builtin::SliceData | Builtin::StringData => self.unsafe_data(e, &args[0]),
        }
    }

    /// The arguments of a predeclared function that can stand alone.
    pub(crate) fn builtin_args(&mut self, builtin: Builtin, args: &'ast [Expr]) -> Vec<Operand> {
        let args = self.args(args);
        match builtin {
            Builtin::Delete if let [Arg::Expr(map), Arg::Expr(key)] = args[..] => {
                let (map, key) = self.map_and_key(map, key);
                vec![map, key]
            }
            Builtin::Delete => {
                let map = self.arg(&args[0]);
                let TyKind::Map(key_ty, _) = *self.kind(self.op_ty(&map)) else {
                    mini_diagnostics::bug!("delete from another type");
                };
                let key = self.arg_to(&args[1], key_ty);
                vec![map, key]
            }
            Builtin::Panic => vec![self.arg_to(&args[0], TyId::EMPTY_INTERFACE)],
            Builtin::Print | Builtin::Println => args
                .iter()
                .map(|arg| match arg {
                    Arg::Expr(e) if self.info().expr(e.unparen().id).mode == Mode::Nil => {
                        Operand::zero(TyId::UNSAFE_POINTER)
                    }
                    arg => {
                        let value = self.arg(arg);
                        self.snapshot_fault(value)
                    }
                })
                .collect(),
            _ => self.args_in_order(&args),
        }
    }

    /// Arguments of which all are evaluated in front of what is done with them.
    fn args_in_order(&mut self, args: &[Arg<'ast>]) -> Vec<Operand> {
        let exprs: Option<Vec<Part<'ast>>> = args
            .iter()
            .map(|arg| match arg {
                Arg::Expr(e) => Some((*e, None)),
                Arg::Part(_) => None,
            })
            .collect();
        match exprs {
            Some(parts) => self.values(&parts),
            None => args.iter().map(|arg| self.arg(arg)).collect(),
        }
    }

    /// Does what the builtin does, with these arguments.
    pub(crate) fn do_builtin(&mut self, builtin: Builtin, args: Vec<Operand>) -> Operand {
        let mut args = args.into_iter();
        let mut next = || {
            args.next()
                .unwrap_or_else(|| mini_diagnostics::bug!("argument of {}", builtin.name()))
        };
        match builtin {
            Builtin::Close => self.b.push(StatementKind::Close(next())),
            Builtin::Delete => {
                let (map, key) = (next(), next());
                self.b.push(StatementKind::MapDelete { map, key });
            }
            Builtin::Clear => {
                let x = next();
                let is_map = matches!(self.kind(self.op_ty(&x)), TyKind::Map(..));
                self.b.push(if is_map {
                    StatementKind::MapClear(x)
                } else {
                    StatementKind::SliceClear(x)
                });
            }
            Builtin::Copy => {
                let (dst, src) = (next(), next());
                let copied = self.b.eval(TyId::INT, Rvalue::CopySlice { dst, src });
                return Operand::local(copied);
            }
            Builtin::Panic => self.b.terminate(TerminatorKind::Panic(next())),
            Builtin::Print | Builtin::Println => {
                let newline = builtin == Builtin::Println;
                let args = args.collect();
                self.b.push(StatementKind::Print { args, newline });
            }
            Builtin::Recover => {
                let value = self.b.eval(TyId::EMPTY_INTERFACE, Rvalue::Recover);
                return Operand::local(value);
            }
            _ => mini_diagnostics::bug!("{} is no statement", builtin.name()),
        }
        Operand::zero(TyId::UNIT)
    }

    fn append(&mut self, e: &'ast Expr, call: &'ast CallExpr) -> Operand {
        let ty = self.ety(e);
        let elem = self.cx.types.elem(ty);
        let args = self.args(&call.args);
        let rest = &args[1..];
        if rest.is_empty() {
            return self.arg_to(&args[0], ty);
        }
        if call.has_dots {
            let slice = self.arg_to(&args[0], ty);
            if let Arg::Expr(e) = &rest[0]
                && self.info().expr(e.unparen().id).mode == Mode::Nil
            {
                return slice;
            }
            let slice = self.snapshot_fault(slice);
            let other = self.arg(&rest[0]);
            let site = self.b.site(SiteKind::Append, elem, e.pos, "append");
            let value = Rvalue::AppendSlice { site, slice, other };
            return Operand::local(self.b.eval(ty, value));
        }
        if let Arg::Expr(slice) = args[0] {
            self.evaluate_links(slice, true);
            self.settle(slice, None);
        }
        // The values come in front of the slice.
        for arg in rest {
            if let Arg::Expr(e) = arg {
                self.settle_parts_of(e);
                self.evaluate_links(e, true);
            }
        }
        for arg in rest {
            if let Arg::Expr(e) = arg
                && self.may_raise(e)
            {
                self.evaluate(e, Some(elem));
            }
        }
        let slice = self.arg_to(&args[0], ty);
        let values = rest.iter().map(|x| self.arg_to(x, elem)).collect();
        let site = self.b.site(SiteKind::Append, elem, e.pos, "append");
        let value = Rvalue::Append {
            site,
            slice,
            values,
        };
        Operand::local(self.b.eval(ty, value))
    }

    fn len_or_cap(&mut self, x: &'ast Expr, of: fn(Operand) -> Rvalue) -> Operand {
        let value = self.expr(x);
        let ty = self.op_ty(&value);
        let array = match *self.kind(ty) {
            TyKind::Pointer(elem) => elem,
            _ => ty,
        };
        if let TyKind::Array(_, len) = *self.kind(array) {
            return Operand::int(len as i64);
        }
        Operand::local(self.b.eval(TyId::INT, of(value)))
    }

    /// The place of a field in its struct, and of the structs that are embedded on the way.
    fn offset_of(&mut self, field: &'ast Expr) -> Operand {
        let field = field.unparen();
        let Some(selection) = self.info().selection(field.id).cloned() else {
            return self.unsupported(field, "an offset of this is");
        };
        let (recv, _) = self.prog.types.deref(selection.recv);
        let mut ty = self.ty(recv);
        let last = match selection.member {
            Member::Field { index, .. } => Some(index),
            _ => None,
        };
        let mut offset = 0;
        for &index in selection.path.iter().chain(&last) {
            offset += self.cx.types.field_offset(ty, index);
            ty = self.cx.types.field_ty(ty, index);
        }
        self.const_int(TyId::UINTPTR, offset.into())
    }

    /// An integer argument as an `int`.
    fn int_arg(&mut self, x: &'ast Expr) -> Operand {
        let value = self.expr(x);
        self.as_int(value)
    }

    /// An integer as an `int`.
    pub(crate) fn as_int(&mut self, value: Operand) -> Operand {
        let ty = self.op_ty(&value);
        if ty == TyId::INT {
            return value;
        }
        if let Operand::Const(constant) = &value
            && let mini_mir::ConstValue::Int(i) = constant.value
        {
            return self.const_int(TyId::INT, i);
        }
        let kind = match self.kind(ty) {
            TyKind::Int => ConvertKind::Same,
            _ => ConvertKind::Numeric,
        };
        let value = Rvalue::Convert {
            kind,
            value,
            ty: TyId::INT,
            site: None,
        };
        Operand::local(self.b.eval(TyId::INT, value))
    }

    fn make(&mut self, e: &'ast Expr, args: &'ast [Expr]) -> Operand {
        let ty = self.ety(e);
        let text = self.site_text(e);
        let value = match *self.kind(ty) {
            TyKind::Slice(elem) => {
                let len = self.int_arg(&args[1]);
                let len = self.snapshot_fault(len);
                let cap = match args.get(2) {
                    Some(cap) => self.int_arg(cap),
                    None => len.clone(),
                };
                let site = self.b.site(SiteKind::MakeSlice, elem, e.pos, text);
                Rvalue::MakeSlice { site, ty, len, cap }
            }
            TyKind::Map(..) => {
                let hint = match args.get(1) {
                    Some(hint) => self.int_arg(hint),
                    None => Operand::int(0),
                };
                let site = self.b.site(SiteKind::MakeMap, ty, e.pos, text);
                Rvalue::MakeMap { site, ty, hint }
            }
            TyKind::Chan(..) => {
                let size = match args.get(1) {
                    Some(size) => self.int_arg(size),
                    None => Operand::int(0),
                };
                let site = self.b.site(SiteKind::MakeChan, ty, e.pos, text);
                Rvalue::MakeChan { site, ty, size }
            }
            _ => return self.unsupported(e, "make of this type is"),
        };
        Operand::local(self.b.eval(ty, value))
    }

    /// `new(T)`, `new(value)`
    fn new_object(&mut self, e: &'ast Expr, arg: &'ast Expr) -> Operand {
        let ty = self.ety(e);
        let TyKind::Pointer(elem) = *self.kind(ty) else {
            mini_diagnostics::bug!("new of no pointer");
        };
        let is_type = self.info().expr(arg.unparen().id).mode == Mode::Type;
        let value = (!is_type).then(|| self.expr_to(arg, elem));
        let text = self.site_text(e);
        let site = self.b.site(SiteKind::New, elem, e.pos, text);
        let pointer = self.b.eval(ty, Rvalue::New(site));
        if let Some(value) = value {
            let place = Place::local(pointer).project(Proj::Deref { non_nil: true });
            self.b.assign(place, Rvalue::Use(value));
        }
        Operand::local(pointer)
    }

    fn min_max(&mut self, e: &'ast Expr, builtin: Builtin, args: &'ast [Expr]) -> Operand {
        let ty = self.ety(e);
        let op = if builtin == Builtin::Min {
            BinOp::Min
        } else {
            BinOp::Max
        };
        let parts: Vec<Part<'ast>> = args.iter().map(|arg| (arg, Some(ty))).collect();
        let mut values = self.values(&parts).into_iter();
        let first = values
            .next()
            .unwrap_or_else(|| mini_diagnostics::bug!("min without arguments"));
        values.fold(first, |least, value| {
            Operand::local(self.b.eval(ty, Rvalue::Binary(op, least, value)))
        })
    }
}
