//! `for … range x`.
//!
//! `x` is evaluated once. The variables of the clause are new in each iteration; where the clause assigns to existing
//! ones, it does so at the start of each.

use mini_frontend::VarKind;
use mini_mir::{
    BinOp, BlockId, ConvertKind, LocalId, LocalKind, Operand, Place, Proj, Rvalue, StatementKind,
    TyId, TyKind,
};
use mini_syntax::ast::{Expr, RangeStmt};

use crate::func::FuncLower;
use crate::tuple::{Dest, Source};

/// The blocks of a loop.
struct Loop {
    head: BlockId,
    body: BlockId,
    next: BlockId,
    exit: BlockId,
}

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn range_stmt(&mut self, stmt: &'ast RangeStmt) {
        let x_ty = self.ety(&stmt.x);
        match *self.kind(x_ty) {
            TyKind::Slice(_) => {
                let slice = self.root(&stmt.x, None);
                let slice = self.frozen(slice);
                let len = self.b.eval(TyId::INT, Rvalue::Len(Operand::local(slice)));
                self.range_indexed(stmt, Operand::local(len), Some(Place::local(slice)));
            }
            TyKind::Array(_, len) => {
                let array = self.range_array(stmt);
                self.range_indexed(stmt, Operand::int(len as i64), array);
            }
            TyKind::Pointer(array) => {
                let TyKind::Array(_, len) = *self.kind(array) else {
                    self.unsupported(&stmt.x, "range over this type is");
                    return;
                };
                let pointer = self.root(&stmt.x, None);
                let pointer = self.frozen(pointer);
                let array = Place::local(pointer).deref();
                self.range_indexed(stmt, Operand::int(len as i64), Some(array));
            }
            TyKind::String => self.range_string(stmt),
            TyKind::Map(..) => self.range_map(stmt, x_ty),
            TyKind::Chan(..) => self.range_chan(stmt),
            TyKind::Func(ref sig) => {
                let yield_ty = sig.params[0];
                self.range_func(stmt, yield_ty);
            }
            _ if self.cx.types.is_integer(x_ty) => self.range_int(stmt, x_ty),
            _ => {
                self.unsupported(&stmt.x, "range over this type is");
            }
        }
    }

    /// A local that holds the value and that nothing assigns to.
    fn frozen(&mut self, value: Operand) -> LocalId {
        let value = self.snapshot(value);
        self.as_local(value)
    }

    /// The array to take values from: a copy, since the loop ranges over what it was before; the variable itself if nothing
    /// ever changes it.
    fn range_array(&mut self, stmt: &'ast RangeStmt) -> Option<Place> {
        let wants_values = stmt.lhs.len() > 1 && !is_blank(&stmt.lhs[1]);
        let value = self.root(&stmt.x, None);
        if !wants_values {
            return None;
        }
        let is_constant = stmt.x.unparen().as_ident().is_some_and(|name| {
            let var = self
                .info()
                .object(name.id)
                .and_then(|var| self.prog.var(var));
            var.is_some_and(|v| v.kind == VarKind::Local && !v.is_reassigned && !v.is_addr_taken)
        });
        if is_constant && let Operand::Copy(place) = value {
            return Some(place);
        }
        Some(Place::local(self.frozen(value)))
    }

    fn enter_loop(&mut self) -> Loop {
        let blocks = Loop {
            head: self.b.new_block(),
            body: self.b.new_block(),
            next: self.b.new_block(),
            exit: self.b.new_block(),
        };
        self.b.loop_depth += 1;
        self.b.goto(blocks.head);
        self.b.switch_to(blocks.head);
        blocks
    }

    /// The user's statements; then at `next`.
    fn range_body(&mut self, stmt: &'ast RangeStmt, blocks: &Loop) {
        // Nothing between the label and this point lowers a statement that could take it.
        let label = self.pending_label.take();
        self.loop_body(label, &stmt.body, blocks.exit, blocks.next);
        self.b.goto(blocks.next);
        self.b.switch_to(blocks.next);
        self.b.pos = stmt.range_pos;
    }

    fn leave_loop(&mut self, blocks: &Loop) {
        self.b.goto(blocks.head);
        self.b.loop_depth -= 1;
        self.b.switch_to(blocks.exit);
    }

    /// Declares the variables of the clause, or assigns to them all at once.
    pub(crate) fn range_vars(&mut self, stmt: &'ast RangeStmt, values: Vec<Operand>) {
        let outer = self.b.pos;
        let vars = stmt.lhs.iter().zip(values).filter(|(to, _)| !is_blank(to));
        if stmt.is_define {
            for (to, value) in vars {
                self.b.pos = to.pos;
                if let Some(name) = to.as_ident() {
                    self.define_name(name, value);
                }
            }
        } else {
            self.hoist_all(&stmt.lhs);
            let vars = vars.map(|(to, value)| (Dest::Expr(to), Source::Value(value), to.pos));
            self.assign_list(vars.collect());
        }
        self.b.pos = outer;
    }

    fn wants(&self, stmt: &RangeStmt, index: usize) -> bool {
        stmt.lhs.get(index).is_some_and(|e| !is_blank(e))
    }

    /// Counts from 0 to `len`; values are the elements of `base`.
    fn range_indexed(&mut self, stmt: &'ast RangeStmt, len: Operand, base: Option<Place>) {
        let counter = self.counter(TyId::INT, Operand::int(0));
        let blocks = self.enter_loop();
        let more = self.less(counter, len);
        self.b.branch(more, blocks.body, blocks.exit);
        self.b.switch_to(blocks.body);
        let mut values = vec![Operand::local(counter)];
        if self.wants(stmt, 1)
            && let Some(base) = base
        {
            let element = base.project(Proj::Index {
                index: counter,
                checked: true,
            });
            values.push(Operand::Copy(element));
        }
        self.range_vars(stmt, values);
        self.range_body(stmt, &blocks);
        self.advance(counter, Operand::int(1));
        self.leave_loop(&blocks);
    }

    fn less(&mut self, counter: LocalId, limit: Operand) -> Operand {
        let less = Rvalue::Binary(BinOp::Lt, Operand::local(counter), limit);
        Operand::local(self.b.eval(TyId::BOOL, less))
    }

    fn advance(&mut self, counter: LocalId, by: Operand) {
        let sum = Rvalue::Binary(BinOp::Add, Operand::local(counter), by);
        self.b.assign(counter, sum);
    }

    fn range_int(&mut self, stmt: &'ast RangeStmt, ty: TyId) {
        let limit = self.root(&stmt.x, None);
        let limit = self.snapshot(limit);
        let zero = self.const_int(ty, 0);
        let counter = self.counter(ty, zero);
        let blocks = self.enter_loop();
        let more = self.less(counter, limit);
        self.b.branch(more, blocks.body, blocks.exit);
        self.b.switch_to(blocks.body);
        self.range_vars(stmt, vec![Operand::local(counter)]);
        self.range_body(stmt, &blocks);
        let one = self.const_int(ty, 1);
        self.advance(counter, one);
        self.leave_loop(&blocks);
    }

    fn range_string(&mut self, stmt: &'ast RangeStmt) {
        let string = self.root(&stmt.x, None);
        let string = self.frozen(string);
        let len = self.b.eval(TyId::INT, Rvalue::Len(Operand::local(string)));
        let counter = self.counter(TyId::INT, Operand::int(0));
        let rune = self.b.temp(TyId::INT32);
        let width = self.b.temp(TyId::INT);
        let blocks = self.enter_loop();
        let more = self.less(counter, Operand::local(len));
        let decode = self.b.new_block();
        self.b.branch(more, decode, blocks.exit);
        self.b.switch_to(decode);
        self.decode_rune(string, counter, rune, width);
        self.b.goto(blocks.body);
        self.b.switch_to(blocks.body);
        self.range_vars(stmt, vec![Operand::local(counter), Operand::local(rune)]);
        self.range_body(stmt, &blocks);
        self.advance(counter, Operand::local(width));
        self.leave_loop(&blocks);
    }

    /// ASCII is decoded in line.
    fn decode_rune(&mut self, string: LocalId, index: LocalId, rune: LocalId, width: LocalId) {
        let byte = Place::local(string).project(Proj::Index {
            index,
            checked: true,
        });
        let byte = self.b.eval(TyId::UINT8, Rvalue::Use(Operand::Copy(byte)));
        let limit = self.const_int(TyId::UINT8, 0x80);
        let is_ascii = self.less(byte, limit);
        let (ascii, wide, join) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        self.b.branch(is_ascii, ascii, wide);
        self.b.switch_to(ascii);
        let value = Rvalue::Convert {
            kind: ConvertKind::Numeric,
            value: Operand::local(byte),
            ty: TyId::INT32,
            site: None,
        };
        self.b.assign(rune, value);
        self.b.assign(width, Rvalue::Use(Operand::int(1)));
        self.b.goto(join);
        self.b.switch_to(wide);
        let pair = self.cx.types.tuple(&[TyId::INT32, TyId::INT]);
        let value = Rvalue::DecodeRune {
            string: Operand::local(string),
            index: Operand::local(index),
        };
        let decoded = Place::local(self.b.eval(pair, value));
        self.b
            .assign(rune, Rvalue::Use(Operand::Copy(decoded.clone().field(0))));
        self.b
            .assign(width, Rvalue::Use(Operand::Copy(decoded.field(1))));
        self.b.goto(join);
        self.b.switch_to(join);
    }

    fn range_map(&mut self, stmt: &'ast RangeStmt, ty: TyId) {
        let TyKind::Map(key_ty, value_ty) = *self.kind(ty) else {
            return;
        };
        let map = self.root(&stmt.x, None);
        let iter_ty = self.cx.types.intern(TyKind::MapIter(ty));
        let iter = self.b.local("", iter_ty, stmt.range_pos, LocalKind::Temp);
        self.b.live(iter);
        self.b.push(StatementKind::MapIterInit { iter, map });
        let blocks = self.enter_loop();
        let key_pointer = self.cx.types.pointer_to(key_ty);
        let value_pointer = self.cx.types.pointer_to(value_ty);
        let step = self
            .cx
            .types
            .tuple(&[TyId::BOOL, key_pointer, value_pointer]);
        let step = Place::local(self.b.eval(step, Rvalue::MapIterNext { iter }));
        let more = Operand::Copy(step.clone().field(0));
        self.b.branch(more, blocks.body, blocks.exit);
        self.b.switch_to(blocks.body);
        let entry = |part| {
            Operand::Copy(
                step.clone()
                    .field(part)
                    .project(Proj::Deref { non_nil: true }),
            )
        };
        self.range_vars(stmt, vec![entry(1), entry(2)]);
        self.range_body(stmt, &blocks);
        self.leave_loop(&blocks);
    }

    fn range_chan(&mut self, stmt: &'ast RangeStmt) {
        let chan = self.root(&stmt.x, None);
        let chan = self.snapshot(chan);
        let elem = self.cx.types.elem(self.op_ty(&chan));
        let blocks = self.enter_loop();
        let pair = self.cx.types.tuple(&[elem, TyId::BOOL]);
        let value = Rvalue::Receive {
            chan,
            comma_ok: true,
        };
        let received = Place::local(self.b.eval(pair, value));
        let ok = Operand::Copy(received.clone().field(1));
        self.b.branch(ok, blocks.body, blocks.exit);
        self.b.switch_to(blocks.body);
        self.range_vars(stmt, vec![Operand::Copy(received.field(0))]);
        self.range_body(stmt, &blocks);
        self.leave_loop(&blocks);
    }
}

fn is_blank(e: &Expr) -> bool {
    e.as_ident().is_some_and(|name| name.name.is_blank())
}
