//! The optimiser, tried on made-up programs.
//!
//! Random bodies full of loops, comparisons and slices are run by a small interpreter before and behind the passes. They must
//! do the same, and where a pass said `checked` the index must be in range.

use mini_mir::testing::Builder;
use mini_mir::{
    BinOp, Body, Const, ConstValue, ConvertKind, FuncId, LocalId, Operand, Place, PlaceBase,
    Program, Proj, Rvalue, SiteKind, Statement, StatementKind, TerminatorKind, TyId, UnOp, opt,
};

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next(from.len())]
    }
}

const TYPES: [TyId; 5] = [TyId::INT, TyId::INT, TyId::UINT8, TyId::INT32, TyId::UINT64];

// ---- Programs ----

struct Generator {
    b: Builder,
    random: Random,
    ints: Vec<LocalId>,
    slices: Vec<LocalId>,
    slice_ty: TyId,
    result: LocalId,
}

impl Generator {
    fn program(seed: u64) -> (Program, FuncId) {
        let mut b = Builder::new();
        let slice_ty = b.slice(TyId::INT);
        let result = b.result(TyId::INT);
        b.assign(result, Rvalue::Use(Operand::int(0)));
        let mut g = Generator {
            b,
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            ints: vec![],
            slices: vec![],
            slice_ty,
            result,
        };
        for _ in 0..3 {
            let ty = g.random.pick(&TYPES);
            let var = g.b.var("x", ty);
            let value = g.constant(ty);
            g.b.assign(var, Rvalue::Use(value));
            g.ints.push(var);
        }
        for _ in 0..2 {
            let var = g.b.var("s", slice_ty);
            g.slices.push(var);
            g.make_slice(var);
        }
        g.statements(3);
        let f = g.b.finish("f");
        (g.b.program, f)
    }

    fn ty(&self, local: LocalId) -> TyId {
        self.b.body.locals[local].ty
    }

    fn constant(&mut self, ty: TyId) -> Operand {
        let mut value = self.random.next(9) as i128 - 2;
        let special = [i128::from(i64::MAX), i128::from(i64::MIN), 255, 1 << 31];
        if self.random.next(12) == 0 {
            value = self.random.pick(&special);
        }
        Operand::Const(Const {
            ty,
            value: ConstValue::Int(wrap(ty, value)),
        })
    }

    fn int_var(&mut self, ty: TyId) -> Option<LocalId> {
        let found: Vec<LocalId> = self
            .ints
            .iter()
            .copied()
            .filter(|&v| self.ty(v) == ty)
            .collect();
        (!found.is_empty()).then(|| self.random.pick(&found))
    }

    /// An integer of the type.
    fn int(&mut self, ty: TyId) -> Operand {
        match self.random.next(5) {
            0 => self.constant(ty),
            1 if ty == TyId::INT => {
                let slice = self.random.pick(&self.slices.clone());
                self.b
                    .eval(TyId::INT, Rvalue::Len(Operand::local(slice)))
                    .into()
            }
            2 => {
                let from = self.random.pick(&self.ints.clone());
                if self.ty(from) == ty {
                    return from.into();
                }
                let value = Rvalue::Convert {
                    kind: ConvertKind::Numeric,
                    value: from.into(),
                    ty,
                    site: None,
                };
                self.b.eval(ty, value).into()
            }
            _ => match self.int_var(ty) {
                Some(var) => var.into(),
                None => self.constant(ty),
            },
        }
    }

    fn arithmetic(&mut self, ty: TyId) -> Operand {
        let op = self.random.pick(&[
            BinOp::Add,
            BinOp::Add,
            BinOp::Sub,
            BinOp::Sub,
            BinOp::And,
            BinOp::Rem,
            BinOp::Div,
            BinOp::Shr,
            BinOp::Min,
            BinOp::Max,
        ]);
        let a = self.int(ty);
        let b = match op {
            BinOp::Shr => Operand::Const(Const {
                ty: TyId::UINT8,
                value: ConstValue::Int(self.random.next(4) as i128),
            }),
            BinOp::Div => Operand::Const(Const {
                ty,
                value: ConstValue::Int(1 + self.random.next(3) as i128),
            }),
            _ if self.random.next(2) == 0 => self.constant(ty),
            _ => self.int(ty),
        };
        self.b.eval(ty, Rvalue::Binary(op, a, b)).into()
    }

    fn condition(&mut self) -> Operand {
        match self.random.next(6) {
            0 => self.joined_condition(),
            _ => self.comparison(),
        }
    }

    /// a && b, a || b, !c and the like: one local, written on several ways, read where they meet.
    fn joined_condition(&mut self) -> Operand {
        let result = self.b.temp(TyId::BOOL);
        let first = self.comparison();
        if self.random.next(2) == 0 {
            self.b.assign(result, Rvalue::Use(first.clone()));
        } else {
            let value = self.random.next(2) == 0;
            self.b.assign(result, Rvalue::Use(Operand::bool(value)));
        }
        let [more, other, join] = [self.b.block(), self.b.block(), self.b.block()];
        let short = if self.random.next(2) == 0 {
            join
        } else {
            other
        };
        self.b.branch(first, more, short);
        if self.random.next(2) == 0 {
            let second = self.comparison();
            self.b.assign(result, Rvalue::Use(second));
        } else {
            self.b
                .assign(result, Rvalue::Unary(UnOp::Not, result.into()));
        }
        self.b.goto(other);
        if self.random.next(2) == 0 {
            self.b.assign(result, Rvalue::Use(Operand::bool(false)));
        }
        self.b.goto(join);
        match self.random.next(3) {
            0 => result.into(),
            1 => self.b.eval(TyId::BOOL, Rvalue::Use(result.into())).into(),
            _ => {
                let not = Rvalue::Unary(UnOp::Not, result.into());
                self.b.eval(TyId::BOOL, not).into()
            }
        }
    }

    fn comparison(&mut self) -> Operand {
        let ty = self.random.pick(&TYPES);
        let op = self.random.pick(&[
            BinOp::Lt,
            BinOp::Lt,
            BinOp::Le,
            BinOp::Gt,
            BinOp::Ge,
            BinOp::Eq,
            BinOp::Ne,
        ]);
        let (a, b) = (self.int(ty), self.int(ty));
        self.b.eval(TyId::BOOL, Rvalue::Binary(op, a, b)).into()
    }

    fn make_slice(&mut self, var: LocalId) {
        let len = Operand::int(self.random.next(6) as i64);
        let site = self.b.site(SiteKind::MakeSlice, TyId::INT, "make");
        let ty = self.slice_ty;
        let value = Rvalue::MakeSlice {
            site,
            ty,
            len: len.clone(),
            cap: len,
        };
        self.b.assign(var, value);
    }

    fn statements(&mut self, depth: usize) {
        for _ in 0..2 + self.random.next(4) {
            self.statement(depth);
        }
    }

    fn index(&mut self) -> Proj {
        if self.random.next(5) == 0 {
            return Proj::ConstIndex {
                index: self.random.next(5) as u64,
                checked: false,
            };
        }
        let ty = self.random.pick(&TYPES);
        let value = if self.random.next(3) == 0 {
            self.arithmetic(ty)
        } else {
            self.int(ty)
        };
        let index = match value.as_local() {
            Some(local) => local,
            None => self.b.eval(ty, Rvalue::Use(value)),
        };
        Proj::Index {
            index,
            checked: false,
        }
    }

    fn statement(&mut self, depth: usize) {
        match self.random.next(12) {
            0 | 1 => {
                let var = self.random.pick(&self.ints.clone());
                let value = self.arithmetic(self.ty(var));
                self.b.assign(var, Rvalue::Use(value));
            }
            2..=4 => {
                // The result sees each element that is read.
                let slice = self.random.pick(&self.slices.clone());
                let place = Place::local(slice).project(self.index());
                let value = self.b.eval(TyId::INT, Rvalue::Use(Operand::Copy(place)));
                let sum = self.b.binary(BinOp::Add, TyId::INT, self.result, value);
                self.b.copy(self.result, sum);
            }
            5 => {
                let slice = self.random.pick(&self.slices.clone());
                let place = Place::local(slice).project(self.index());
                let value = self.int(TyId::INT);
                self.b.assign(place, Rvalue::Use(value));
            }
            6 | 7 => self.slice(),
            8 => {
                let cond = self.condition();
                if depth == 0 {
                    return;
                }
                let [then, join] = [self.b.block(), self.b.block()];
                self.b.branch(cond, then, join);
                self.statements(depth - 1);
                self.b.goto(join);
            }
            9 | 10 if depth > 0 => self.count(depth - 1),
            _ => {
                let var = self.random.pick(&self.slices.clone());
                let from = self.random.pick(&self.slices.clone());
                if self.random.next(3) == 0 {
                    self.make_slice(var);
                } else {
                    self.b.copy(var, from);
                }
            }
        }
    }

    fn slice(&mut self) {
        let (to, from) = (
            self.random.pick(&self.slices.clone()),
            self.random.pick(&self.slices.clone()),
        );
        let low = (self.random.next(2) == 0).then(|| self.int(TyId::INT));
        let high = (self.random.next(2) == 0).then(|| self.int(TyId::INT));
        let ty = self.slice_ty;
        let value = Rvalue::Slice {
            base: from.into(),
            ty,
            low,
            high,
            max: None,
            checked: false,
        };
        self.b.assign(to, value);
    }

    /// for x := first; x < limit; x += step { … }, in many forms
    fn count(&mut self, depth: usize) {
        let ty = self.random.pick(&TYPES);
        let var = self.b.var("i", ty);
        let first = if self.random.next(2) == 0 {
            self.constant(ty)
        } else {
            self.int(ty)
        };
        self.b.assign(var, Rvalue::Use(first));
        self.ints.push(var);
        let [head, inside, exit] = [self.b.block(), self.b.block(), self.b.block()];
        self.b.goto(head);
        let op = self.random.pick(&[
            BinOp::Lt,
            BinOp::Lt,
            BinOp::Le,
            BinOp::Ge,
            BinOp::Gt,
            BinOp::Ne,
        ]);
        let limit = self.int(ty);
        let more = self
            .b
            .eval(TyId::BOOL, Rvalue::Binary(op, var.into(), limit));
        self.b.branch(more, inside, exit);
        self.statements(depth);
        let step = Operand::Const(Const {
            ty,
            value: ConstValue::Int(1 + self.random.next(2) as i128),
        });
        let op = self.random.pick(&[BinOp::Add, BinOp::Add, BinOp::Sub]);
        self.b.assign(var, Rvalue::Binary(op, var.into(), step));
        self.b.terminate(TerminatorKind::Goto(head));
        self.b.switch_to(exit);
    }
}

// ---- Runs ----

/// A number as its type holds it.
fn wrap(ty: TyId, value: i128) -> i128 {
    match ty {
        TyId::UINT8 => i128::from(value as u8),
        TyId::INT32 => i128::from(value as i32),
        TyId::UINT64 => i128::from(value as u64),
        _ => i128::from(value as i64),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Int(i128),
    /// Array, offset, length, capacity.
    Slice(usize, usize, usize, usize),
}

#[derive(Debug, PartialEq)]
enum End {
    Returned(Value),
    Panicked(Value),
    Endless,
}

struct Machine<'a> {
    body: &'a Body,
    locals: Vec<Value>,
    arrays: Vec<Vec<i128>>,
    /// A check that was taken to be proved failed.
    wrong: Option<String>,
}

struct Panic;

impl Machine<'_> {
    fn int(&mut self, operand: &Operand) -> Result<i128, Panic> {
        Ok(match self.operand(operand)? {
            Value::Int(value) => value,
            Value::Slice(..) => 0,
        })
    }

    fn operand(&mut self, operand: &Operand) -> Result<Value, Panic> {
        match operand {
            Operand::Const(constant) => Ok(Value::Int(match constant.value {
                ConstValue::Int(value) => value,
                ConstValue::Bool(value) => value.into(),
                _ => 0,
            })),
            Operand::Copy(place) => self.read(place),
        }
    }

    fn element(&mut self, place: &Place) -> Result<(usize, usize), Panic> {
        let PlaceBase::Local(local) = place.base else {
            panic!("no globals here")
        };
        let Value::Slice(array, offset, len, _) = self.locals[local.0 as usize] else {
            panic!("index of no slice")
        };
        let (index, checked) = match place.proj[0] {
            Proj::ConstIndex { index, checked } => (i128::from(index), checked),
            Proj::Index { index, checked } => match self.locals[index.0 as usize] {
                Value::Int(value) => (value, checked),
                Value::Slice(..) => panic!("index is a slice"),
            },
            step => panic!("{step:?}"),
        };
        if index < 0 || index >= len as i128 {
            if checked {
                self.wrong = Some(format!("index {index} of {len} in {place:?}"));
            }
            return Err(Panic);
        }
        Ok((array, offset + index as usize))
    }

    fn read(&mut self, place: &Place) -> Result<Value, Panic> {
        if let Some(local) = place.as_local() {
            return Ok(self.locals[local.0 as usize]);
        }
        let (array, at) = self.element(place)?;
        Ok(Value::Int(self.arrays[array][at]))
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Panic> {
        match &statement.kind {
            StatementKind::StorageLive(local) => {
                self.locals[local.0 as usize] = Value::Int(0);
            }
            StatementKind::Assign(place, value) => {
                let value = self.rvalue(place, value)?;
                match place.as_local() {
                    Some(local) => self.locals[local.0 as usize] = value,
                    None => {
                        let (array, at) = self.element(place)?;
                        if let Value::Int(value) = value {
                            self.arrays[array][at] = value;
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn rvalue(&mut self, to: &Place, value: &Rvalue) -> Result<Value, Panic> {
        let ty = to
            .as_local()
            .map_or(TyId::INT, |local| self.body.locals[local].ty);
        Ok(match value {
            Rvalue::Use(x) => self.operand(x)?,
            Rvalue::Convert { value, ty, .. } => Value::Int(wrap(*ty, self.int(value)?)),
            Rvalue::Len(x) => match self.operand(x)? {
                Value::Slice(_, _, len, _) => Value::Int(len as i128),
                Value::Int(_) => panic!("length of a number"),
            },
            Rvalue::MakeSlice { len, .. } => {
                let len = self.int(len)? as usize;
                self.arrays.push((1..=len as i128).collect());
                Value::Slice(self.arrays.len() - 1, 0, len, len)
            }
            Rvalue::Slice {
                base,
                low,
                high,
                checked,
                ..
            } => {
                let Value::Slice(array, offset, len, cap) = self.operand(base)? else {
                    panic!("slice of a number")
                };
                let mut bound = |x: &Option<Operand>, default| match x {
                    None => Ok(default),
                    Some(x) => self.int(x),
                };
                let (low, high) = (bound(low, 0)?, bound(high, len as i128)?);
                if low < 0 || low > high || high > cap as i128 {
                    if *checked {
                        self.wrong = Some(format!("[{low}:{high}] of {len}, {cap}"));
                    }
                    return Err(Panic);
                }
                let (low, high) = (low as usize, high as usize);
                Value::Slice(array, offset + low, high - low, cap - low)
            }
            Rvalue::Unary(UnOp::Not, x) => Value::Int(1 - self.int(x)?),
            Rvalue::Binary(op, a, b) => {
                let (a, b) = (self.int(a)?, self.int(b)?);
                Value::Int(match op {
                    BinOp::Lt => (a < b).into(),
                    BinOp::Le => (a <= b).into(),
                    BinOp::Gt => (a > b).into(),
                    BinOp::Ge => (a >= b).into(),
                    BinOp::Eq => (a == b).into(),
                    BinOp::Ne => (a != b).into(),
                    BinOp::Add => wrap(ty, a + b),
                    BinOp::Sub => wrap(ty, a - b),
                    BinOp::And => wrap(ty, a & b),
                    BinOp::Shr => wrap(ty, a >> b),
                    BinOp::Min => a.min(b),
                    BinOp::Max => a.max(b),
                    BinOp::Rem | BinOp::Div if b == 0 => return Err(Panic),
                    BinOp::Rem => wrap(ty, a % b),
                    BinOp::Div => wrap(ty, a / b),
                    op => panic!("{op:?}"),
                })
            }
            other => panic!("{other:?}"),
        })
    }
}

fn run(program: &Program, func: FuncId) -> (End, Option<String>) {
    let body = program.body(func).expect("it has one");
    let mut machine = Machine {
        body,
        locals: vec![Value::Int(0); body.locals.len()],
        arrays: vec![],
        wrong: None,
    };
    let result = body.results[0].0 as usize;
    let mut block = Body::ENTRY;
    // Rounds of loops are counted, not statements: passes change their number.
    for _ in 0..300 {
        for statement in &body.blocks[block].statements {
            if machine.statement(statement).is_err() {
                return (End::Panicked(machine.locals[result]), machine.wrong);
            }
        }
        match &body.blocks[block].terminator.kind {
            TerminatorKind::Goto(target) => block = *target,
            TerminatorKind::If {
                cond,
                then,
                otherwise,
            } => {
                block = match machine.operand(cond) {
                    Ok(Value::Int(1)) => *then,
                    _ => *otherwise,
                }
            }
            _ => return (End::Returned(machine.locals[result]), machine.wrong),
        }
    }
    (End::Endless, machine.wrong)
}

#[test]
fn optimised_bodies_do_the_same() {
    let (mut n_proved, mut n_returned) = (0, 0);
    for seed in 1..6_000 {
        let (program, func) = Generator::program(seed);
        assert_eq!(
            mini_mir::verify::program(&program),
            Vec::<String>::new(),
            "seed {seed}"
        );
        let (before, _) = run(&program, func);
        let mut optimised = program.clone();
        opt::run_before_escape(&mut optimised, &opt::Options::default());
        opt::run_after_escape(&mut optimised, &Default::default());
        let show = || {
            format!(
                "seed {seed}\n{}\nbefore:\n{}",
                mini_mir::print::func(&optimised, func),
                mini_mir::print::func(&program, func)
            )
        };
        assert_eq!(
            mini_mir::verify::program(&optimised),
            Vec::<String>::new(),
            "{}",
            show()
        );
        let (after, wrong) = run(&optimised, func);
        assert!(wrong.is_none(), "{}: {}", wrong.unwrap_or_default(), show());
        if before != End::Endless && after != End::Endless {
            assert_eq!(before, after, "{}", show());
        }
        n_returned += usize::from(matches!(after, End::Returned(_)));
        n_proved += mini_mir::print::func(&optimised, func)
            .matches("[!")
            .count();
    }
    // It must not be trivially right.
    assert!(
        n_proved > 2_000 && n_returned > 1_000,
        "{n_proved} {n_returned}"
    );
}
