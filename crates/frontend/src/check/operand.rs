//! Operands: an expression under evaluation, with what is known of it.

use mini_diagnostics::{Pos, Span};
use mini_syntax::ast::Expr;

use super::Checker;
use crate::constant::{ConstId, Constant};
use crate::info::Mode;
use crate::object::Builtin;
use crate::types::{Type, TypeId};

/// A value that is being checked, and the expression that it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand<'a> {
    pub(super) mode: Mode,
    pub(super) ty: TypeId,
    pub(super) value: ConstId,
    pub(super) expr: &'a Expr,
    /// With [`Mode::Builtin`].
    pub(super) builtin: Option<Builtin>,
    /// Not the whole expression but one of several values of it.
    pub(super) part: Part,
}

/// Which value of an expression with several an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Whole,
    /// A result of a call, from 1; 0 if it is described as the call.
    Result(u32),
    /// The bool of `v, ok = …`.
    Ok,
    /// The `true` that a switch without tag compares with.
    True,
    /// A value that a range clause gives to the place that the expression is.
    Element,
    /// What the generic function that the expression names is assigned to.
    Target,
}

impl<'a> Operand<'a> {
    pub(super) fn invalid(expr: &'a Expr) -> Operand<'a> {
        Operand {
            mode: Mode::Invalid,
            ty: TypeId::INVALID,
            value: ConstId::NONE,
            expr,
            builtin: None,
            part: Part::Whole,
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.mode != Mode::Invalid
    }

    pub(super) fn set_invalid(&mut self) {
        self.mode = Mode::Invalid;
        self.ty = TypeId::INVALID;
        self.value = ConstId::NONE;
    }

    pub(super) fn set_value(&mut self, ty: TypeId) {
        self.mode = Mode::Value;
        self.ty = ty;
        self.value = ConstId::NONE;
    }

    pub(super) fn is_nil(&self) -> bool {
        self.mode == Mode::Nil
    }

    /// Where errors about the operand stand.
    pub(super) fn pos(&self) -> Pos {
        self.expr.start_pos()
    }

    pub(super) fn span(&self) -> Span {
        self.expr.span
    }
}

impl<'a> Checker<'a> {
    pub(super) fn set_const(&mut self, x: &mut Operand<'a>, value: Constant, ty: TypeId) {
        x.mode = Mode::Constant;
        x.ty = ty;
        x.value = self.prog.constants.add(value);
    }

    pub(super) fn const_of(&self, x: &Operand<'a>) -> &Constant {
        self.prog.constants.get(x.value)
    }

    /// The operand as messages describe it: `x (variable of type int)`, `1.5 (untyped float constant)`.
    pub(super) fn describe(&self, x: &Operand<'a>) -> String {
        if x.is_nil() {
            return match x.ty {
                TypeId::UNTYPED_NIL | TypeId::INVALID => "nil".into(),
                ty => format!("nil (of type {})", self.type_text(ty)),
            };
        }
        let expr = self.operand_text(x);
        let mut text = String::new();
        text.push_str(&expr);
        text.push_str(" (");
        let has_type = !matches!(
            x.mode,
            Mode::Invalid | Mode::NoValue | Mode::Builtin | Mode::Type
        );
        let is_untyped = has_type && self.types().is_untyped(x.ty);
        if is_untyped {
            text.push_str(self.types().get(x.ty).basic_name());
            text.push(' ');
        }
        text.push_str(match x.mode {
            Mode::Invalid => "invalid operand",
            Mode::NoValue => "no value",
            Mode::Builtin => "built-in",
            Mode::Type => "type",
            Mode::Constant => "constant",
            Mode::Variable => "variable",
            Mode::MapIndex => "map index expression",
            Mode::Value => "value",
            Mode::Nil => "nil",
            Mode::CommaOk => "comma, ok expression",
        });
        if x.mode == Mode::Constant {
            let value = self.const_of(x).to_string();
            if value != expr {
                text.push(' ');
                text.push_str(&value);
            }
        }
        if has_type && !is_untyped {
            if x.ty.is_valid() {
                text.push_str(match self.type_kind_word(x.ty) {
                    Some(_) => " of ",
                    None => " of type ",
                });
                if let Some(word) = self.type_kind_word(x.ty) {
                    text.push_str(word);
                    text.push_str(" type ");
                }
                text.push_str(&self.type_text(x.ty));
                if let Some(param) = self.types().as_type_param(x.ty) {
                    text.push_str(" constrained by ");
                    text.push_str(&self.type_text(self.types().type_param(param).constraint));
                    if self.types().type_set(x.ty).is_empty() {
                        text.push_str(" with empty type set");
                    }
                }
            } else {
                text.push_str(" with invalid type");
            }
        }
        text.push(')');
        text
    }

    /// The operand's source.
    pub(super) fn operand_text(&self, x: &Operand<'a>) -> String {
        match x.part {
            Part::Whole | Part::Element | Part::Target | Part::Result(0) => x.expr.to_string(),
            Part::True => "true".into(),
            Part::Ok => "ok value of (comma, ok) expression".into(),
            Part::Result(n) => {
                let ending = match n {
                    1 => "st",
                    2 => "nd",
                    3 => "rd",
                    _ => "th",
                };
                format!("{n}{ending} function result")
            }
        }
    }

    /// The word that says what kind a declared type is, where its name does not.
    pub(super) fn type_kind_word(&self, ty: TypeId) -> Option<&'static str> {
        let types = self.types();
        // Only names hide the kind.
        if !matches!(types.get(ty), Type::Named(_) | Type::Alias(_)) {
            return None;
        }
        Some(match types.under_type(ty) {
            Type::Basic(basic) => return basic_word(*basic),
            Type::Array { .. } => "array",
            Type::Slice(_) => "slice",
            Type::Struct(_) => "struct",
            Type::Pointer(_) => "pointer",
            Type::Func(_) => "func",
            Type::Interface(_) => "interface",
            Type::Map { .. } => "map",
            Type::Chan { .. } => "chan",
            _ => return None,
        })
    }
}

fn basic_word(basic: crate::types::Basic) -> Option<&'static str> {
    use crate::types::Basic;
    (basic.is_const_type() || basic == Basic::UnsafePointer).then(|| match basic {
        Basic::UnsafePointer => "Pointer",
        Basic::Byte => "uint8",
        Basic::Rune => "int32",
        basic => basic.name(),
    })
}

impl Type {
    pub(super) fn basic_name(&self) -> &'static str {
        match self {
            Type::Basic(basic) => basic.name(),
            _ => "",
        }
    }
}
