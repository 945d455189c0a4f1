//! Calls of built-in functions.

use mini_diagnostics::Code;
use mini_syntax::ast::{CallExpr, Expr};

use super::Checker;
use super::operand::{Operand, Part};
use crate::constant::{Complex, ConstId, Constant};
use crate::info::Mode;
use crate::object::Builtin;
use crate::types::{Basic, ChanDir, Param, Signature, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn builtin_call(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        builtin: Builtin,
    ) -> Operand<'a> {
        let invalid = Operand::invalid(expr);
        let name = builtin.name();
        if call.has_dots && builtin != Builtin::Append {
            let text = format!("invalid operation: invalid use of ... with built-in {name}");
            self.error(Code::InvalidDotDotDot, expr, text);
            self.use_exprs(&call.args);
            return invalid;
        }
        let had_call = self.env.has_call_or_recv;
        let is_length = matches!(builtin, Builtin::Len | Builtin::Cap);
        if is_length {
            self.env.has_call_or_recv = false;
        }
        let takes_values = !matches!(builtin, Builtin::Make | Builtin::New | Builtin::Offsetof);
        let mut args = Vec::new();
        let mut n_args = call.args.len();
        if takes_values {
            args = self.expr_list(&call.args);
            n_args = args.len();
            if args.iter().any(|arg| !arg.is_valid()) {
                if is_length {
                    self.env.has_call_or_recv = had_call;
                }
                return invalid;
            }
        }
        let (wanted, is_variadic) = builtin.arity();
        let is_short = n_args < wanted;
        if is_short || (!is_variadic && n_args > wanted) {
            let qualifier = if is_short { "not enough" } else { "too many" };
            let text = format!(
                "invalid operation: {qualifier} arguments for {expr} (expected {wanted}, found {n_args})"
            );
            self.error(Code::WrongArgCount, expr, text);
            if is_length {
                self.env.has_call_or_recv = had_call;
            }
            return invalid;
        }
        let mut x = match builtin {
            Builtin::Append => self.append(expr, call, &mut args),
            Builtin::Len | Builtin::Cap => {
                let result = self.length(builtin, args[0]);
                self.env.has_call_or_recv = had_call;
                result
            }
            Builtin::Clear => self.clear(args[0]),
            Builtin::Close => self.close(args[0]),
            Builtin::Copy => self.copy(&args),
            Builtin::Delete => self.delete(&mut args),
            Builtin::Make => self.make(expr, call),
            Builtin::Max | Builtin::Min => self.min_max(builtin, &mut args),
            Builtin::New => self.new_value(&call.args[0]),
            Builtin::Panic => {
                let mut x = args[0];
                let any = self.types().empty_interface;
                self.assignment(&mut x, any, "argument to panic");
                no_value(x)
            }
            Builtin::Print | Builtin::Println => {
                let context = format!("argument to built-in {name}");
                let mut is_fine = true;
                for arg in &mut args {
                    self.assignment_to_blank(arg, &context);
                    is_fine &= arg.is_valid();
                }
                let mut x = invalid;
                if is_fine {
                    x.mode = Mode::NoValue;
                }
                x
            }
            Builtin::Recover => {
                let func = self.env.func;
                if func.is_some() {
                    self.prog.funcs[func.index()].has_recover = true;
                }
                let mut x = invalid;
                let any = self.types().empty_interface;
                x.set_value(any);
                x
            }
            Builtin::Alignof | Builtin::Sizeof => self.size(builtin, args[0]),
            Builtin::Offsetof => self.offset(&call.args[0]),
            Builtin::Add | Builtin::String => self.pointer_and_length(builtin, &mut args),
            Builtin::Slice => self.slice_of_pointer(&mut args),
            Builtin::SliceData => self.slice_data(args[0]),
            Builtin::StringData => self.string_data(args[0]),
            Builtin::Complex => self.complex(expr, args[0], args[1]),
            Builtin::Real | Builtin::Imag => self.part_of_complex(builtin, args[0]),
        };
        x.expr = expr;
        x.part = Part::Whole;
        x.builtin = None;
        x
    }

    /// The element type of a slice operand; of a type parameter that of all its types.
    fn slice_elem(&mut self, x: &Operand<'a>, code: Code, what: &str) -> Option<TypeId> {
        match self.common_slice_elem(x) {
            Ok(elem) => Some(elem),
            Err(cause) => {
                self.error_op(code, x, format!("invalid {what}: {cause}"));
                None
            }
        }
    }

    fn common_slice_elem(&self, x: &Operand<'a>) -> Result<TypeId, String> {
        let mut found = None;
        let mut other = None;
        let is_slice = self.types().all_under(x.ty, |under| {
            let Type::Slice(elem) = *self.types().get(under) else {
                return false;
            };
            match found {
                None => found = Some(elem),
                Some(first) if !self.types().identical(first, elem) => other = Some(elem),
                Some(_) => {}
            }
            other.is_none()
        });
        match (found, other) {
            (Some(first), Some(other)) => Err(format!(
                "mismatched slice element types {} and {} in {}",
                self.type_text(first),
                self.type_text(other),
                self.describe(x)
            )),
            (Some(elem), None) if is_slice => Ok(elem),
            _ => {
                let have = match x.is_nil() {
                    true => "untyped nil".to_string(),
                    false => self.describe(x),
                };
                Err(format!("argument must be a slice; have {have}"))
            }
        }
    }

    /// Whether `y` may be copied or appended to bytes though it is, or may be, a string. The error tells why not.
    fn is_string_for_bytes(&mut self, x: &Operand<'a>, y: &Operand<'a>) -> Option<bool> {
        let bytes = self.prog.types.slice(TypeId::BYTE);
        if self.assignable(x, bytes).is_err() {
            return None;
        }
        let types = self.types();
        let mut has_string = false;
        let is_fine = types.all_under(y.ty, |under| match *types.get(under) {
            Type::Slice(elem) => types.identical(elem, TypeId::BYTE),
            _ => {
                has_string |= types.is_string(under);
                types.is_string(under)
            }
        });
        is_fine.then_some(has_string)
    }

    fn append(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        args: &mut [Operand<'a>],
    ) -> Operand<'a> {
        let mut x = args[0];
        let Some(elem) = self.slice_elem(&x, Code::InvalidAppend, "append") else {
            return Operand::invalid(expr);
        };
        if call.has_dots && args.len() == 2 && self.is_string_for_bytes(&x, &args[1]) == Some(true)
        {
            if self.types().is_untyped(args[1].ty) {
                self.convert_untyped(&mut args[1], TypeId::STRING);
            }
            x.set_value(x.ty);
            return x;
        }
        let slice = self.prog.types.slice(elem);
        let sig = Signature {
            params: vec![
                Param {
                    name: None,
                    ty: x.ty,
                },
                Param {
                    name: None,
                    ty: slice,
                },
            ],
            is_variadic: true,
            ..Signature::default()
        };
        self.arguments(expr, call, &sig, args);
        x.set_value(x.ty);
        x
    }

    fn length(&mut self, builtin: Builtin, mut x: Operand<'a>) -> Operand<'a> {
        let is_len = builtin == Builtin::Len;
        let under = self.under(x.ty);
        let base = match *self.types().get(under) {
            Type::Pointer(elem) if matches!(self.types().under_type(elem), Type::Array { .. }) => {
                self.under(elem)
            }
            _ => under,
        };
        let is_string = self.types().is_string(base);
        let constant = match self.types().get(base) {
            Type::Basic(_) if is_string && is_len => match x.mode {
                Mode::Constant => self.const_of(&x).as_bytes().map(|text| text.len() as i64),
                _ => None,
            },
            &Type::Array { len, .. } if !self.env.has_call_or_recv => Some(len as i64),
            Type::Array { .. } | Type::Slice(_) | Type::Chan { .. } => None,
            Type::Map { .. } if is_len => None,
            Type::TypeParam(_) if self.all_have_length(x.ty, is_len) => None,
            _ => {
                if under.is_valid() {
                    let text = format!(
                        "invalid argument: {} for built-in {}",
                        self.describe(&x),
                        builtin.name()
                    );
                    let code = if is_len {
                        Code::InvalidLen
                    } else {
                        Code::InvalidCap
                    };
                    self.error_op(code, &x, text);
                }
                x.set_invalid();
                return x;
            }
        };
        match constant {
            Some(length) => self.set_const(&mut x, Constant::int(length), TypeId::INT),
            None => {
                if self.types().is_untyped(x.ty) {
                    self.default_operand(&mut x);
                }
                x.set_value(TypeId::INT);
            }
        }
        x
    }

    /// Whether `len`, or else `cap`, is defined for all types that a type parameter stands for.
    fn all_have_length(&self, ty: TypeId, is_len: bool) -> bool {
        let types = self.types();
        types.all_under(ty, |under| match *types.get(under) {
            Type::Basic(basic) => is_len && basic.is_string(),
            Type::Map { .. } => is_len,
            Type::Pointer(elem) => matches!(types.under_type(elem), Type::Array { .. }),
            Type::Array { .. } | Type::Slice(_) | Type::Chan { .. } => true,
            _ => false,
        })
    }

    /// `complex(re, im)`
    fn complex(&mut self, expr: &'a Expr, mut x: Operand<'a>, mut y: Operand<'a>) -> Operand<'a> {
        let are_constant = x.mode == Mode::Constant && y.mode == Mode::Constant;
        match (self.types().is_untyped(x.ty), self.types().is_untyped(y.ty)) {
            (false, false) => {}
            (true, false) => self.convert_untyped(&mut x, y.ty),
            (false, true) => self.convert_untyped(&mut y, x.ty),
            (true, true) if are_constant => {
                for part in [&mut x, &mut y] {
                    if self.types().is_numeric(part.ty) && self.const_of(part).to_float().is_some()
                    {
                        part.ty = TypeId::UNTYPED_FLOAT;
                    }
                }
            }
            // A shift that is still untyped: an error, since floats are not shifted.
            (true, true) => {
                self.convert_untyped(&mut x, TypeId::FLOAT64);
                self.convert_untyped(&mut y, TypeId::FLOAT64);
            }
        }
        if !x.is_valid() || !y.is_valid() {
            return Operand::invalid(expr);
        }
        if !self.types().identical(x.ty, y.ty) {
            let text = format!(
                "invalid operation: {expr} (mismatched types {} and {})",
                self.type_text(x.ty),
                self.type_text(y.ty)
            );
            self.error_op(Code::InvalidComplex, &x, text);
            return Operand::invalid(expr);
        }
        if self.refuses_type_param(Builtin::Complex, &x) {
            return Operand::invalid(expr);
        }
        let ty = match self.types().basic(x.ty) {
            Some(Basic::Float32) => TypeId::COMPLEX64,
            Some(Basic::Float64) => TypeId::COMPLEX128,
            Some(Basic::UntypedFloat) => TypeId::UNTYPED_COMPLEX,
            _ => {
                let text = format!(
                    "invalid argument: arguments have type {}, expected floating-point",
                    self.type_text(x.ty)
                );
                self.error_op(Code::InvalidComplex, &x, text);
                return Operand::invalid(expr);
            }
        };
        if !are_constant {
            x.set_value(ty);
            return x;
        }
        let parts = (self.const_of(&x).to_float(), self.const_of(&y).to_float());
        let value = match parts {
            (Some(re), Some(im)) => Complex::new(re, im).into(),
            _ => Constant::Unknown,
        };
        self.set_const(&mut x, value, ty);
        x
    }

    /// `real(x)`, `imag(x)`
    fn part_of_complex(&mut self, builtin: Builtin, mut x: Operand<'a>) -> Operand<'a> {
        if self.types().is_untyped(x.ty) {
            if x.mode != Mode::Constant {
                self.convert_untyped(&mut x, TypeId::COMPLEX128);
            } else if self.types().is_numeric(x.ty) {
                x.ty = TypeId::UNTYPED_COMPLEX;
            }
        }
        if !x.is_valid() || self.refuses_type_param(builtin, &x) {
            x.set_invalid();
            return x;
        }
        let ty = match self.types().basic(x.ty) {
            Some(Basic::Complex64) => TypeId::FLOAT32,
            Some(Basic::Complex128) => TypeId::FLOAT64,
            Some(Basic::UntypedComplex) => TypeId::UNTYPED_FLOAT,
            _ => {
                let (code, shown) = match builtin {
                    Builtin::Real => (Code::InvalidReal, self.type_text(x.ty)),
                    _ => (Code::InvalidImag, self.type_text(x.ty)),
                };
                let text =
                    format!("invalid argument: argument has type {shown}, expected complex type");
                self.error_op(code, &x, text);
                x.set_invalid();
                return x;
            }
        };
        if x.mode != Mode::Constant {
            x.set_value(ty);
            return x;
        }
        let value = match self.const_of(&x).to_complex() {
            Some(Complex { re, .. }) if builtin == Builtin::Real => Constant::Float(re),
            Some(Complex { im, .. }) => Constant::Float(im),
            None => Constant::Unknown,
        };
        self.set_const(&mut x, value, ty);
        x
    }

    /// Refuses parts of numbers whose type is a type parameter, as Go does: the type of the result would have to be a type
    /// parameter that nobody declares.
    fn refuses_type_param(&mut self, builtin: Builtin, x: &Operand<'a>) -> bool {
        let types = self.types();
        let is_fine = |basic: Basic| match builtin {
            Builtin::Complex => matches!(basic, Basic::Float32 | Basic::Float64),
            _ => matches!(basic, Basic::Complex64 | Basic::Complex128),
        };
        let is_refused = types.is_type_param(x.ty)
            && types.all_under(x.ty, |under| types.basic(under).is_some_and(is_fine));
        if is_refused {
            let code = match builtin {
                Builtin::Complex => Code::InvalidComplex,
                Builtin::Real => Code::InvalidReal,
                _ => Code::InvalidImag,
            };
            let text = format!(
                "{} not supported as argument to built-in {} for go1.18 (see go.dev/issue/50937)",
                self.describe(x),
                builtin.name()
            );
            self.error_op(code, x, text);
        }
        is_refused
    }

    fn clear(&mut self, mut x: Operand<'a>) -> Operand<'a> {
        let is_fine = self.types().all_under(x.ty, |under| {
            matches!(self.types().get(under), Type::Map { .. } | Type::Slice(_))
        });
        if !is_fine {
            let text = format!(
                "invalid argument: cannot clear {}: argument must be (or constrained by) map or slice",
                self.describe(&x)
            );
            self.error_op(Code::InvalidClear, &x, text);
            x.set_invalid();
            return x;
        }
        no_value(x)
    }

    fn close(&mut self, mut x: Operand<'a>) -> Operand<'a> {
        let mut what = "";
        self.types().all_under(x.ty, |under| {
            what = match self.types().get(under) {
                Type::Chan {
                    dir: ChanDir::RecvOnly,
                    ..
                } => "receive-only channel",
                Type::Chan { .. } => return true,
                _ => "non-channel",
            };
            false
        });
        if what.is_empty() {
            return no_value(x);
        }
        let text = format!(
            "invalid operation: cannot close {what} {}",
            self.describe(&x)
        );
        self.error_op(Code::InvalidClose, &x, text);
        x.set_invalid();
        x
    }

    fn copy(&mut self, args: &[Operand<'a>]) -> Operand<'a> {
        let (mut x, mut y) = (args[0], args[1]);
        let Some(to) = self.slice_elem(&x, Code::InvalidCopy, "copy") else {
            x.set_invalid();
            return x;
        };
        if self.is_string_for_bytes(&x, &y).is_some() {
            self.default_operand(&mut y);
            x.set_value(TypeId::INT);
            return x;
        }
        let from = match self.types().all_string(y.ty) {
            true => Some(TypeId::BYTE),
            false => self.slice_elem(&y, Code::InvalidCopy, "copy"),
        };
        let Some(from) = from else {
            x.set_invalid();
            return x;
        };
        if !self.types().identical(to, from) {
            let text = format!(
                "invalid copy: arguments {} and {} have different element types {} and {}",
                self.describe(&x),
                self.describe(&y),
                self.type_text(to),
                self.type_text(from)
            );
            self.error_op(Code::InvalidCopy, &x, text);
            x.set_invalid();
            return x;
        }
        x.set_value(TypeId::INT);
        x
    }

    fn delete(&mut self, args: &mut [Operand<'a>]) -> Operand<'a> {
        let mut x = args[0];
        let mut key = None;
        let mut problem = None;
        self.types().all_under(x.ty, |under| {
            match (self.types().get(under), key) {
                (&Type::Map { key: other, .. }, Some(known))
                    if !self.types().identical(known, other) =>
                {
                    problem = Some(format!(
                        "maps of {} must have identical key types",
                        self.describe(&x)
                    ));
                }
                (&Type::Map { key: other, .. }, _) => key = Some(other),
                _ => problem = Some(format!("{} is not a map", self.describe(&x))),
            }
            problem.is_none()
        });
        let (None, Some(key)) = (&problem, key) else {
            let text = format!("invalid argument: {}", problem.unwrap_or_default());
            self.error_op(Code::InvalidDelete, &x, text);
            x.set_invalid();
            return x;
        };
        self.assignment(&mut args[1], key, "argument to delete");
        if !args[1].is_valid() {
            x.set_invalid();
            return x;
        }
        no_value(x)
    }

    fn make(&mut self, expr: &'a Expr, call: &'a CallExpr) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let arg = &call.args[0];
        let ty = self.var_type(arg);
        if !ty.is_valid() {
            self.use_exprs(&call.args[1..]);
            return x;
        }
        if !self.under(ty).is_valid() {
            return x;
        }
        let common = self.common_under(ty, |ty, under| match under {
            Type::Slice(_) | Type::Map { .. } | Type::Chan { .. } => None,
            _ if !ty.is_valid() => Some("no specific type".to_string()),
            _ => Some("type must be slice, map, or channel".to_string()),
        });
        let min = match common {
            Ok(under) => match self.types().get(under) {
                Type::Slice(_) => 2,
                _ => 1,
            },
            Err(cause) => {
                let text = format!("invalid argument: cannot make {arg}: {cause}");
                self.error(Code::InvalidMake, arg, text);
                return x;
            }
        };
        let n_args = call.args.len();
        if n_args < min || min + 1 < n_args {
            let text = format!(
                "invalid operation: {expr} expects {min} or {} arguments; found {n_args}",
                min + 1
            );
            self.error(Code::WrongArgCount, expr, text);
            return x;
        }
        let mut sizes = Vec::new();
        for arg in &call.args[1..] {
            sizes.extend(self.index(arg, None).flatten());
        }
        if let [length, capacity] = sizes[..]
            && length > capacity
        {
            let text = "invalid argument: length and capacity swapped";
            self.error(Code::SwappedMakeArgs, &call.args[1], text);
        }
        x.set_value(ty);
        x
    }

    fn min_max(&mut self, builtin: Builtin, args: &mut [Operand<'a>]) -> Operand<'a> {
        let op = match builtin {
            Builtin::Max => mini_syntax::ast::BinaryOp::Gt,
            _ => mini_syntax::ast::BinaryOp::Lt,
        };
        let mut x = args[0];
        for (i, arg) in args.iter_mut().enumerate() {
            if !self.types().all_ordered(arg.ty) {
                let text = format!("invalid argument: {} cannot be ordered", self.describe(arg));
                self.error_op(Code::InvalidMinMaxOperand, arg, text);
                x.set_invalid();
                return x;
            }
            if i == 0 {
                continue;
            }
            self.match_types(&mut x, arg);
            if !x.is_valid() {
                return x;
            }
            if !self.types().identical(x.ty, arg.ty) {
                let text = format!(
                    "invalid argument: mismatched types {} (previous argument) and {} (type of {})",
                    self.type_text(x.ty),
                    self.type_text(arg.ty),
                    arg.expr
                );
                self.error_op(Code::MismatchedTypes, arg, text);
                x.set_invalid();
                return x;
            }
            if x.mode == Mode::Constant && arg.mode == Mode::Constant {
                let is_better = Constant::compare(op, self.const_of(arg), self.const_of(&x));
                if is_better == Constant::Bool(true) {
                    x = *arg;
                }
            } else {
                x.mode = Mode::Value;
                x.value = ConstId::NONE;
            }
        }
        if x.mode != Mode::Constant {
            x.mode = Mode::Value;
            if self.types().is_untyped(x.ty) {
                self.default_operand(&mut x);
            }
        }
        for arg in args.iter() {
            self.update_expr_type(arg.expr, x.ty, true);
        }
        x
    }

    fn new_value(&mut self, arg: &'a Expr) -> Operand<'a> {
        let mut x = self.expr_or_type(arg);
        self.exclude(&mut x, &[Mode::NoValue, Mode::Builtin]);
        if !x.is_valid() {
            return x;
        }
        if x.mode == Mode::Type {
            self.valid_var_type(arg, x.ty);
        } else if self.types().is_untyped(x.ty) {
            self.assignment_to_blank(&mut x, "argument to new");
            if !x.is_valid() {
                return x;
            }
        }
        let ty = self.prog.types.pointer(x.ty);
        x.set_value(ty);
        x
    }
}

fn no_value(mut x: Operand<'_>) -> Operand<'_> {
    if x.is_valid() {
        x.mode = Mode::NoValue;
        x.ty = TypeId::INVALID;
        x.value = ConstId::NONE;
    }
    x
}
