//! Constants for what is made: capacities of slices and values put into interfaces that are constant though they are written
//! as a variable that is assigned once.
//!
//! `n := 10; make([]int, n)` can be on the stack, and a constant needs no box. As in Go, the texts of `-m` name the constant.
//!
//! Precondition: none.

use super::Context;
use super::defs::{Defs, Origin, Point};
use crate::body::{Body, SiteKind, StatementKind};
use crate::cfg::Cfg;
use crate::place::{Const, ConstValue, Operand};
use crate::rvalue::Rvalue;
use crate::types::{TyId, TyKind};

pub(super) fn run(body: &mut Body, cx: Context<'_>) {
    let is_candidate = |value: &Rvalue| match value {
        Rvalue::MakeSlice { cap: x, .. } | Rvalue::MakeInterface { value: x, .. } => {
            x.as_local().is_some()
        }
        _ => false,
    };
    let any = body.blocks.iter().any(|block| {
        block.statements.iter().any(|statement| {
            matches!(&statement.kind, StatementKind::Assign(_, value) if is_candidate(value))
        })
    });
    if !any {
        return;
    }
    let cfg = Cfg::new(body);
    let defs = Defs::new(body);
    let mut found = vec![];
    for &block in &cfg.order {
        for (index, statement) in body.blocks[block].statements.iter().enumerate() {
            let at = Point {
                block,
                statement: index as u32,
            };
            let StatementKind::Assign(_, value) = &statement.kind else {
                continue;
            };
            let operand = match value {
                Rvalue::MakeSlice { cap, .. } => cap,
                Rvalue::MakeInterface { value, .. } => value,
                _ => continue,
            };
            if operand.as_const().is_none()
                && let Some(constant) = constant(body, cx, &cfg, &defs, operand, at)
            {
                found.push((at, constant));
            }
        }
    }
    for (at, constant) in found {
        replace(body, at, constant);
    }
}

fn constant(
    body: &Body,
    cx: Context<'_>,
    cfg: &Cfg,
    defs: &Defs,
    operand: &Operand,
    at: Point,
) -> Option<Const> {
    let ty = body.locals[operand.as_local()?].ty;
    match defs.origin(body, cfg, operand, at)? {
        Origin::Const(constant) => {
            let fits = match constant.value {
                ConstValue::Zero | ConstValue::Func(_) => false,
                // A pointer that was made of a number is none of the constants.
                ConstValue::Int(_) => cx.types.is_integer(ty),
                _ => true,
            };
            fits.then(|| Const {
                ty,
                value: constant.value.clone(),
            })
        }
        // The length of a literal.
        Origin::Value(Rvalue::Len(slice), from) => {
            let Origin::Value(
                Rvalue::Slice {
                    base,
                    low: None,
                    high: None,
                    ..
                },
                from,
            ) = defs.origin(body, cfg, slice, from)?
            else {
                return None;
            };
            let Origin::Value(Rvalue::New(site), _) = defs.origin(body, cfg, base, from)? else {
                return None;
            };
            let site = &body.sites[*site];
            match (&site.kind, cx.types.kind(site.ty)) {
                (SiteKind::SliceLiteral, TyKind::Array(_, n)) => Some(Const {
                    ty: TyId::INT,
                    value: ConstValue::Int(i128::from(*n)),
                }),
                _ => None,
            }
        }
        Origin::Value(..) => None,
    }
}

fn replace(body: &mut Body, at: Point, constant: Const) {
    let statement = &mut body.blocks[at.block].statements[at.statement as usize];
    let StatementKind::Assign(_, value) = &mut statement.kind else {
        return;
    };
    let text = text(&constant);
    match value {
        Rvalue::MakeSlice { site, len, cap, .. } => {
            if !matches!(constant.value, ConstValue::Int(0..)) {
                return;
            }
            if len == cap {
                *len = Operand::Const(constant.clone());
            }
            *cap = Operand::Const(constant);
            let old = &body.sites[*site].text;
            if let (Some(text), Some(comma)) = (text, old.rfind(", ")) {
                body.sites.raw_mut()[site.0 as usize].text =
                    format!("{}, {text})", &old[..comma]).into();
            }
        }
        Rvalue::MakeInterface { site, value, .. } => {
            *value = Operand::Const(constant);
            let site = &mut body.sites.raw_mut()[site.0 as usize];
            if let Some(text) = text
                && !site.text.is_empty()
            {
                site.text = text.into();
            }
        }
        _ => {}
    }
}

/// The constant as Go writes it; `None` where the source's form is kept.
fn text(constant: &Const) -> Option<String> {
    match &constant.value {
        ConstValue::Int(value) => Some(value.to_string()),
        ConstValue::Bool(value) => Some(value.to_string()),
        ConstValue::Str(bytes) => std::str::from_utf8(bytes)
            .ok()
            .map(|text| format!("{text:?}")),
        _ => None,
    }
}
