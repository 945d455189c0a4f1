//! Composite literals.
//!
//! A small struct is one aggregate value; larger ones, arrays, and what a pointer or slice refers to are filled in place. What
//! is not mentioned stays zero, so the place must be zero before.

use std::ops::Range;

use mini_diagnostics::Pos;
use mini_mir::{
    LocalId, LocalKind, Operand, Place, Proj, Rvalue, SiteKind, StatementKind, TyId, TyKind,
};
use mini_syntax::ast::{CompositeLit, Expr, ExprKind};

use crate::func::FuncLower;
use crate::hoist::Part;

/// Structs of at most this many words are built as values.
const MAX_AGGREGATE_WORDS: usize = 8;

/// Elements of an array or slice literal with their indices, and the length.
type Elements<'ast> = (Vec<(u64, &'ast Expr)>, u64);

impl<'ast> FuncLower<'_, 'ast> {
    /// `T{…}` as a value.
    pub(crate) fn composite(&mut self, e: &'ast Expr, lit: &'ast CompositeLit) -> Operand {
        let ty = self.ety(e);
        // Inside another literal, `{…}` of a pointer type means `&T{…}`.
        if let TyKind::Pointer(_) = *self.kind(ty) {
            let text = self.site_text(e);
            return self.composite_pointer(e, lit, e.pos, text);
        }
        match *self.kind(ty) {
            TyKind::Slice(_) | TyKind::Map(..) => self.composite_reference(e, lit, ty),
            TyKind::Struct(_) if !self.builds_in_place(ty) => self.struct_value(lit, ty),
            _ => {
                let temp = match self.large_temp(ty) {
                    Some(temp) => temp,
                    None => {
                        let temp = self.b.local("", ty, e.pos, LocalKind::Temp);
                        self.b.assign(temp, Rvalue::Use(Operand::zero(ty)));
                        temp
                    }
                };
                if !lit.elems.is_empty() {
                    self.composite_into(e, lit, ty, Place::local(temp));
                }
                Operand::local(temp)
            }
        }
    }

    /// Whether literals of the type are better filled in place.
    pub(crate) fn builds_in_place(&self, ty: TyId) -> bool {
        match self.kind(ty) {
            TyKind::Array(..) => true,
            TyKind::Struct(_) => self.cx.types.flatten(ty, MAX_AGGREGATE_WORDS).is_none(),
            _ => false,
        }
    }

    /// `&T{…}`
    pub(crate) fn composite_pointer(
        &mut self,
        e: &'ast Expr,
        lit: &'ast CompositeLit,
        pos: Pos,
        text: String,
    ) -> Operand {
        let lit_ty = self.ety(e);
        let (ty, elem) = match *self.kind(lit_ty) {
            TyKind::Pointer(elem) if lit.ty.is_none() => (lit_ty, elem),
            _ => (self.cx.types.pointer_to(lit_ty), lit_ty),
        };
        let outer = std::mem::replace(&mut self.b.pos, pos);
        let site = self.b.site(SiteKind::CompositePointer, elem, pos, text);
        let plain = self.cx.types.pointer_to(elem);
        let pointer = self.b.eval(plain, Rvalue::New(site));
        let place = Place::local(pointer).project(Proj::Deref { non_nil: true });
        self.composite_into(e, lit, elem, place);
        self.b.pos = outer;
        self.retype(Operand::local(pointer), ty)
    }

    /// Fills a zero place.
    pub(crate) fn composite_into(
        &mut self,
        e: &'ast Expr,
        lit: &'ast CompositeLit,
        ty: TyId,
        dest: Place,
    ) {
        match self.kind(ty).clone() {
            TyKind::Struct(_) => {
                self.hoist_literal(e, lit);
                for (index, value) in self.struct_fields(lit, ty) {
                    if self.is_blank_field(ty, index) {
                        self.discard(value);
                    } else {
                        self.expr_into(value, dest.clone().field(index), true);
                    }
                }
            }
            TyKind::Array(..) => {
                let elements = self.elements(lit).0;
                if let Some(pieces) = self.pieces(values_of(&elements)) {
                    let pointer = self.cx.types.pointer_to(ty);
                    let array = self.ref_place(dest);
                    let array = self.b.eval(pointer, Rvalue::Use(array));
                    return self.fill_array_apart(array, &elements, pieces);
                }
                self.hoist_literal(e, lit);
                for (index, value) in elements {
                    let step = Proj::ConstIndex {
                        index,
                        checked: true,
                    };
                    self.expr_into(value, dest.clone().project(step), true);
                }
            }
            _ => {
                let value = self.composite_reference(e, lit, ty);
                self.b.assign(dest, Rvalue::Use(value));
            }
        }
    }

    fn struct_value(&mut self, lit: &'ast CompositeLit, ty: TyId) -> Operand {
        let TyKind::Struct(fields) = self.kind(ty).clone() else {
            mini_diagnostics::bug!("struct literal of another type");
        };
        if lit.elems.is_empty() {
            return Operand::zero(ty);
        }
        let mut parts: Vec<Operand> = fields.iter().map(|f| Operand::zero(f.ty)).collect();
        let given = self.struct_fields(lit, ty);
        let list: Vec<Part<'ast>> = given
            .iter()
            .map(|&(index, value)| (value, Some(fields[index as usize].ty)))
            .collect();
        self.hoist_parts(&list);
        let values = self.fields_in_order(&list);
        for ((index, _), value) in given.into_iter().zip(values) {
            if !self.is_blank_field(ty, index) {
                parts[index as usize] = value;
            }
        }
        Operand::local(self.b.eval(ty, Rvalue::Aggregate { ty, parts }))
    }

    /// Values each of which is assigned before the next is evaluated.
    fn fields_in_order(&mut self, list: &[Part<'ast>]) -> Vec<Operand> {
        for (index, &(e, to)) in list.iter().enumerate() {
            let is_overtaken = list[index + 1..].iter().any(|(e, _)| self.may_raise(e));
            if is_overtaken && self.may_raise(e) {
                self.evaluate(e, to);
            }
        }
        list.iter().map(|&(e, to)| self.settled(e, to)).collect()
    }

    /// Blank fields stay zero, whatever a literal gives for them.
    fn is_blank_field(&self, ty: TyId, index: u32) -> bool {
        match self.kind(ty) {
            TyKind::Struct(fields) => &*fields[index as usize].name == "_",
            _ => false,
        }
    }

    /// The mentioned fields in source order.
    pub(crate) fn struct_fields(
        &self,
        lit: &'ast CompositeLit,
        ty: TyId,
    ) -> Vec<(u32, &'ast Expr)> {
        let TyKind::Struct(fields) = self.kind(ty) else {
            return vec![];
        };
        lit.elems
            .iter()
            .enumerate()
            .filter_map(|(position, elem)| match &elem.kind {
                ExprKind::KeyValue { key, value } => {
                    let name = key.unparen().as_ident()?.name;
                    let index = fields.iter().position(|f| *f.name == *name.as_str())?;
                    Some((index as u32, &**value))
                }
                _ => Some((position as u32, elem)),
            })
            .collect()
    }

    pub(crate) fn elements(&self, lit: &'ast CompositeLit) -> Elements<'ast> {
        let (mut next, mut len) = (0, 0);
        let mut elements = vec![];
        for elem in &lit.elems {
            let value = match &elem.kind {
                ExprKind::KeyValue { key, value } => {
                    let id = self.info().expr(key.unparen().id).value;
                    if id.is_some()
                        && let Some(index) = crate::expr::integer(self.prog.constant(id))
                    {
                        next = index as u64;
                    }
                    &**value
                }
                _ => elem,
            };
            elements.push((next, value));
            next += 1;
            len = len.max(next);
        }
        (elements, len)
    }

    /// A slice or map literal.
    fn composite_reference(&mut self, e: &'ast Expr, lit: &'ast CompositeLit, ty: TyId) -> Operand {
        let text = self.site_text(e);
        match *self.kind(ty) {
            TyKind::Slice(elem) => {
                let (elements, len) = self.elements(lit);
                let pieces = self.pieces(values_of(&elements));
                if pieces.is_none() {
                    self.hoist_literal(e, lit);
                }
                let array = self.cx.types.intern(TyKind::Array(elem, len));
                let site = self.b.site(SiteKind::SliceLiteral, array, e.pos, text);
                let pointer = self.cx.types.pointer_to(array);
                let backing = self.b.eval(pointer, Rvalue::New(site));
                match pieces {
                    None => self.fill_array(backing, &elements),
                    Some(pieces) => self.fill_array_apart(backing, &elements, pieces),
                }
                self.whole_slice(backing, ty)
            }
            TyKind::Map(key_ty, value_ty) => {
                let site = self.b.site(SiteKind::MapLiteral, ty, e.pos, text);
                let hint = Operand::int(lit.elems.len() as i64);
                let map = self.b.eval(ty, Rvalue::MakeMap { site, ty, hint });
                match self.pieces(&lit.elems) {
                    None => self.fill_map(&lit.elems, map, (key_ty, value_ty)),
                    Some(pieces) => {
                        for piece in pieces {
                            self.fill_apart(map, |inner, map| {
                                inner.fill_map(&lit.elems[piece], map, (key_ty, value_ty));
                            });
                        }
                    }
                }
                Operand::local(map)
            }
            _ => self.unsupported(e, "a composite literal of this type is"),
        }
    }

    /// Sets elements of the fresh array that `array` points to.
    fn fill_array(&mut self, array: LocalId, elements: &[(u64, &'ast Expr)]) {
        for &(index, value) in elements {
            let place = crate::call::array_element(array, index);
            self.expr_into(value, place, true);
        }
    }

    fn fill_array_apart(
        &mut self,
        array: LocalId,
        elements: &[(u64, &'ast Expr)],
        pieces: Vec<Range<usize>>,
    ) {
        for piece in pieces {
            self.fill_apart(array, |inner, array| {
                inner.fill_array(array, &elements[piece])
            });
        }
    }

    fn fill_map(&mut self, elems: &'ast [Expr], map: LocalId, (key_ty, value_ty): (TyId, TyId)) {
        for elem in elems {
            let ExprKind::KeyValue { key, value } = &elem.kind else {
                continue;
            };
            self.hoist_parts(&[(key, Some(key_ty)), (value, Some(value_ty))]);
            if self.is_copied_key(key, key_ty, value_ty) {
                self.evaluate(key, Some(key_ty));
            }
            let value = self.settled(value, Some(value_ty));
            let value = self.snapshot_fault(value);
            let key = self.settled(key, Some(key_ty));
            let map = Operand::local(map);
            self.b.push(StatementKind::MapSet { map, key, value });
        }
    }
}

fn values_of<'ast>(elements: &[(u64, &'ast Expr)]) -> impl Iterator<Item = &'ast Expr> {
    elements.iter().map(|element| element.1)
}
