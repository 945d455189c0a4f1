//! Index and slice expressions.

use mini_diagnostics::Code;
use mini_syntax::ast::{Expr, SliceExpr};

use super::Checker;
use super::operand::Operand;
use crate::constant::ConstId;
use crate::info::Mode;
use crate::types::{Type, TypeId};

/// What indexing a value gives.
struct Element {
    /// Of a map.
    key: Option<TypeId>,
    elem: TypeId,
    /// Of an array.
    length: Option<i64>,
    mode: Mode,
}

impl<'a> Checker<'a> {
    /// An element, a type's instance, or a generic function with type arguments: then the second result is true, and the
    /// operand is the function, not yet instantiated.
    pub(super) fn index_expr(
        &mut self,
        expr: &'a Expr,
        inner: &'a Expr,
        indices: &'a [Expr],
    ) -> (Operand<'a>, bool) {
        let x = self.generic_expr_or_type(inner);
        if x.mode == Mode::Value && self.generic_kind(x.mode, x.ty).is_some() {
            return (x, true);
        }
        (self.index_operand(expr, x, indices), false)
    }

    fn index_operand(
        &mut self,
        expr: &'a Expr,
        mut x: Operand<'a>,
        indices: &'a [Expr],
    ) -> Operand<'a> {
        let inner = x.expr;
        match x.mode {
            Mode::Invalid => {
                self.use_exprs(indices);
                return x;
            }
            Mode::Type => {
                x.ty = self.var_type(expr);
                if !x.ty.is_valid() {
                    x.set_invalid();
                }
                return x;
            }
            Mode::Builtin => {
                let text = format!("cannot index {}", self.describe(&x));
                self.error_at_node(Code::NonSliceableOperand, expr, text);
                self.use_exprs(indices);
                x.set_invalid();
                return x;
            }
            _ => {}
        }
        let behind = match *self.types().under_type(x.ty) {
            Type::Pointer(elem) | Type::Map { value: elem, .. } => elem,
            _ => x.ty,
        };
        if !self.is_complete(x.ty) || !self.is_complete(behind) {
            x.set_invalid();
            return x;
        }
        let mut length = None;
        let elem = match *self.types().under_type(x.ty) {
            Type::Array { elem, len } => {
                length = Some(len as i64);
                if x.mode != Mode::Variable {
                    x.mode = Mode::Value;
                }
                elem
            }
            Type::Slice(elem) => {
                x.mode = Mode::Variable;
                elem
            }
            Type::Pointer(base) => match *self.types().under_type(base) {
                Type::Array { elem, len } => {
                    length = Some(len as i64);
                    x.mode = Mode::Variable;
                    elem
                }
                _ => TypeId::INVALID,
            },
            Type::Map { key, value } => {
                let Some(index) = self.single_index(indices) else {
                    x.set_invalid();
                    return x;
                };
                let mut k = self.generic_expr(index);
                self.assignment(&mut k, key, "map index");
                x.mode = Mode::MapIndex;
                x.ty = value;
                x.value = ConstId::NONE;
                return x;
            }
            Type::TypeParam(_) => match self.common_element(&x) {
                Some(common) => {
                    if let Some(key) = common.key {
                        let Some(index) = self.single_index(indices) else {
                            x.set_invalid();
                            return x;
                        };
                        let mut k = self.generic_expr(index);
                        self.assignment(&mut k, key, "map index");
                        x.mode = Mode::MapIndex;
                        x.ty = common.elem;
                        x.value = ConstId::NONE;
                        return x;
                    }
                    length = common.length;
                    x.mode = common.mode;
                    common.elem
                }
                None => TypeId::INVALID,
            },
            _ if self.types().is_string(x.ty) => {
                if x.mode == Mode::Constant {
                    length = self.const_of(&x).as_bytes().map(|text| text.len() as i64);
                    if self.types().is_untyped(x.ty) {
                        self.update_expr_type(inner, TypeId::STRING, true);
                    }
                }
                x.mode = Mode::Value;
                TypeId::BYTE
            }
            _ => TypeId::INVALID,
        };
        if !elem.is_valid() {
            if self.under(x.ty).is_valid() {
                let text = format!("cannot index {}", self.describe(&x));
                self.error_at_node(Code::NonSliceableOperand, expr, text);
            }
            self.use_exprs(indices);
            x.set_invalid();
            return x;
        }
        x.ty = elem;
        x.value = ConstId::NONE;
        match self.single_index(indices) {
            Some(index) => {
                self.index(index, length);
            }
            None => x.set_invalid(),
        }
        x
    }

    /// What indexing gives for every type that a type parameter stands for, if that is the same.
    fn common_element(&self, x: &Operand<'a>) -> Option<Element> {
        let types = self.types();
        let mut common: Option<Element> = None;
        let is_common = types.all_under(x.ty, |under| {
            let mut this = Element {
                key: None,
                elem: TypeId::INVALID,
                length: None,
                mode: Mode::Variable,
            };
            match *types.get(under) {
                Type::Basic(basic) if basic.is_string() => {
                    this.elem = TypeId::BYTE;
                    this.mode = Mode::Value;
                }
                Type::Array { elem, len } => {
                    this.elem = elem;
                    this.length = Some(len as i64);
                    if x.mode != Mode::Variable {
                        this.mode = Mode::Value;
                    }
                }
                Type::Pointer(base) => {
                    let Type::Array { elem, len } = *types.under_type(base) else {
                        return false;
                    };
                    this.elem = elem;
                    this.length = Some(len as i64);
                }
                Type::Slice(elem) => this.elem = elem,
                Type::Map { key, value } => {
                    this.key = Some(key);
                    this.elem = value;
                }
                _ => return false,
            }
            let Some(known) = &mut common else {
                common = Some(this);
                return true;
            };
            let same_key = match (known.key, this.key) {
                (Some(a), Some(b)) => types.identical(a, b),
                (a, b) => a == b,
            };
            if !same_key || !types.identical(known.elem, this.elem) {
                return false;
            }
            // The shortest array counts; a value that is not addressable makes all so.
            known.length = match (known.length, this.length) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if this.mode == Mode::Value {
                known.mode = Mode::Value;
            }
            true
        });
        common.filter(|_| is_common)
    }

    /// The type that decides how a value is sliced: for a type parameter the one its types share, where strings count as
    /// slices of bytes, but string if one is among them.
    fn sliceable(&mut self, x: &Operand<'a>) -> Result<TypeId, String> {
        if !self.types().is_type_param(x.ty) {
            return Ok(self.under(x.ty));
        }
        let bytes = self.prog.types.slice(TypeId::BYTE);
        let types = self.types();
        let mut common: Option<(TypeId, TypeId)> = None;
        let mut has_string = false;
        let mut failure = None;
        types.all_types(x.ty, |ty, under| {
            if !ty.is_valid() {
                failure = Some(format!("no specific type in {}", self.type_text(x.ty)));
                return false;
            }
            let is_string = types.is_string(under);
            has_string |= is_string;
            let form = if is_string { bytes } else { under };
            match common {
                None => common = Some((ty, form)),
                Some((first, shared)) if !types.identical(shared, form) => {
                    failure = Some(format!(
                        "{} and {} have different underlying types",
                        self.type_text(first),
                        self.type_text(ty)
                    ));
                }
                Some(_) => {}
            }
            failure.is_none()
        });
        match (failure, common) {
            (Some(failure), _) => Err(failure),
            (None, Some(_)) if has_string => Ok(TypeId::STRING),
            (None, Some((_, form))) => Ok(form),
            (None, None) => Ok(x.ty),
        }
    }

    fn single_index(&mut self, indices: &'a [Expr]) -> Option<&'a Expr> {
        if let Some(second) = indices.get(1) {
            let text = "invalid operation: more than one index";
            self.error(Code::InvalidIndex, second, text);
        }
        indices.first()
    }

    /// Checks an index, below `max` if that is known. `None` after an error; inside, the value of a constant.
    pub(super) fn index(&mut self, index: &'a Expr, max: Option<i64>) -> Option<Option<i64>> {
        let mut x = self.expr(index);
        if !self.is_valid_index(&mut x, Code::InvalidIndex, "index", false) {
            return None;
        }
        if x.mode != Mode::Constant {
            return Some(None);
        }
        let value = self.const_of(&x).as_i64()?;
        if let Some(max) = max
            && value >= max
        {
            let text = format!("invalid argument: index {value} out of bounds [0:{max}]");
            self.error_op(Code::InvalidIndex, &x, text);
            return None;
        }
        Some(Some(value))
    }

    /// Whether `x` can be an index or a size: an integer, or a constant that is one.
    pub(super) fn is_valid_index(
        &mut self,
        x: &mut Operand<'a>,
        code: Code,
        what: &str,
        allow_negative: bool,
    ) -> bool {
        if !x.is_valid() {
            return false;
        }
        self.convert_untyped(x, TypeId::INT);
        if !x.is_valid() {
            return false;
        }
        if !self.types().all_integer(x.ty) {
            let text = format!(
                "invalid argument: {what} {} must be integer",
                self.describe(x)
            );
            self.error_op(code, x, text);
            return false;
        }
        if x.mode == Mode::Constant && !self.const_of(x).is_unknown() {
            if !allow_negative && self.const_of(x).sign() < 0 {
                let text = format!(
                    "invalid argument: {what} {} must not be negative",
                    self.describe(x)
                );
                self.error_op(code, x, text);
                return false;
            }
            if self
                .const_of(x)
                .represent(crate::types::Basic::Int)
                .is_err()
            {
                let text = format!(
                    "invalid argument: {what} {} overflows int",
                    self.describe(x)
                );
                self.error_op(code, x, text);
                return false;
            }
        }
        true
    }

    pub(super) fn slice_expr(&mut self, expr: &'a Expr, slice: &'a SliceExpr) -> Operand<'a> {
        let mut x = self.expr(&slice.x);
        let bounds = [&slice.lo, &slice.hi, &slice.max];
        if !x.is_valid() {
            for bound in bounds.into_iter().flatten() {
                self.use_exprs(std::slice::from_ref(bound));
            }
            return x;
        }
        let mut length = None;
        if let Some(elem) = self.types().pointee(x.ty)
            && !self.is_complete(elem)
        {
            x.set_invalid();
            return x;
        }
        let form = match self.sliceable(&x) {
            Ok(form) => form,
            Err(cause) => {
                let text = format!("cannot slice {}: {cause}", self.describe(&x));
                self.error_op(Code::NonSliceableOperand, &x, text);
                x.set_invalid();
                return x;
            }
        };
        let ty = match *self.types().get(form) {
            Type::Slice(_) => Some(x.ty),
            Type::Array { elem, len } => {
                length = Some(len as i64);
                if x.mode != Mode::Variable {
                    let text = format!("cannot slice unaddressable value {}", self.describe(&x));
                    self.error_op(Code::NonSliceableOperand, &x, text);
                    x.set_invalid();
                    return x;
                }
                self.mark_addr_taken(&slice.x);
                Some(self.prog.types.slice(elem))
            }
            Type::Pointer(base) => match *self.types().under_type(base) {
                Type::Array { elem, len } => {
                    length = Some(len as i64);
                    Some(self.prog.types.slice(elem))
                }
                _ => None,
            },
            _ if self.types().is_string(form) => {
                if slice.is_full {
                    let text = "invalid operation: 3-index slice of string";
                    let pos = match &slice.max {
                        Some(max) => max.start_pos(),
                        None => super::call::closing(expr),
                    };
                    self.error_at(Code::InvalidSliceExpr, pos, text);
                    x.set_invalid();
                    return x;
                }
                if x.mode == Mode::Constant {
                    length = self.const_of(&x).as_bytes().map(|text| text.len() as i64);
                }
                if self.types().is_untyped(x.ty) {
                    self.update_expr_type(&slice.x, TypeId::STRING, true);
                    Some(TypeId::STRING)
                } else {
                    Some(x.ty)
                }
            }
            _ => None,
        };
        let Some(ty) = ty else {
            let text = format!("cannot slice {}", self.describe(&x));
            self.error_op(Code::NonSliceableOperand, &x, text);
            x.set_invalid();
            return x;
        };
        x.set_value(ty);
        if slice.is_full && (slice.hi.is_none() || slice.max.is_none()) {
            // The parser has said so.
            x.set_invalid();
            return x;
        }
        let mut values = [None; 3];
        for (i, bound) in bounds.into_iter().enumerate() {
            values[i] = match bound {
                Some(bound) => self.index(bound, length.map(|length| length + 1)).flatten(),
                None if i == 0 => Some(0),
                None => length,
            };
        }
        for i in 0..2 {
            for j in i + 1..3 {
                if let (Some(low), Some(high)) = (values[i], values[j])
                    && high < low
                {
                    let text = format!("invalid slice indices: {high} < {low}");
                    let at = bounds[j].as_ref().unwrap_or(expr);
                    self.error(Code::SwappedSliceIndices, at, text);
                    return x;
                }
            }
        }
        x
    }
}
