//! Unary and binary operators.

use crate::func::FuncCx;
use crate::helpers::Helper;
use crate::rvalue::one;
use crate::value::{Scalars, Val};
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I8};
use cranelift_codegen::ir::{Inst, InstBuilder, InstructionData, Opcode, Value};
use mini_mir::{BinOp, Operand, TyId, TyKind, UnOp};

impl FuncCx<'_> {
    pub(crate) fn unary(&mut self, op: UnOp, operand: &Operand) -> Val {
        let ty = self.operand_ty(operand);
        let v = self.scalars(operand);
        match op {
            UnOp::Neg if self.types.is_complex(ty) || self.types.is_float(ty) => {
                Val::Flat(v.iter().map(|&x| self.b.ins().fneg(x)).collect())
            }
            UnOp::Neg | UnOp::BitNot => {
                let ty = self.b.func.dfg.value_type(v[0]);
                let folded = self.constant_of(v[0]).map(|n| match op {
                    UnOp::Neg => n.wrapping_neg(),
                    _ => !n,
                });
                one(match (folded, op) {
                    (Some(n), _) => {
                        let n = crate::place::truncate(n.into(), ty);
                        self.b.ins().iconst(ty, n)
                    }
                    (None, UnOp::Neg) => self.b.ins().ineg(v[0]),
                    (None, _) => self.b.ins().bnot(v[0]),
                })
            }
            UnOp::Not => one(self.not(v[0])),
            UnOp::Real => one(v[0]),
            UnOp::Imag => one(v[1]),
        }
    }

    /// Makes sure that a comparison of addresses happens here: the optimiser would let it sink to its use, where an address
    /// of this frame, which is computed anew behind each call, may differ from a pointer that was loaded before the stack moved.
    /// A branch stays where it is.
    fn pin(&mut self, comparison: Value) -> Value {
        if !self.exposes_frame {
            return comparison;
        }
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I8);
        let (yes, no) = (self.bool(true), self.bool(false));
        self.b
            .ins()
            .brif(comparison, done, &[yes.into()], done, &[no.into()]);
        self.continue_in(done);
        result
    }

    /// The other truth value; of a comparison, the opposite one, which branches need not compute.
    fn not(&mut self, value: Value) -> Value {
        let inst = self.made_since_last_call(value);
        match inst.map(|inst| self.b.func.dfg.insts[inst]) {
            Some(InstructionData::IntCompare {
                opcode: Opcode::Icmp,
                args: [x, y],
                cond,
            }) => self.b.ins().icmp(cond.complement(), x, y),
            Some(InstructionData::FloatCompare {
                opcode: Opcode::Fcmp,
                args: [x, y],
                cond,
            }) => self.b.ins().fcmp(cond.complement(), x, y),
            _ => self.b.ins().bxor_imm_u(value, 1),
        }
    }

    /// The instruction that computes a value, if it is a little above in this block and nothing can have moved since.
    fn made_since_last_call(&self, value: Value) -> Option<Inst> {
        const NEAR: usize = 8;
        let func = &self.b.func;
        let wanted = func.dfg.value_def(func.dfg.resolve_aliases(value)).inst()?;
        let mut at = func.layout.last_inst(self.b.current_block()?);
        for _ in 0..NEAR {
            let inst = at?;
            if inst == wanted {
                return Some(inst);
            }
            if func.dfg.insts[inst].opcode().is_call() {
                return None;
            }
            at = func.layout.prev_inst(inst);
        }
        None
    }

    pub(crate) fn binary(&mut self, op: BinOp, a: &Operand, b: &Operand, ty: TyId) -> Val {
        let (a_ty, b_ty) = (self.operand_ty(a), self.operand_ty(b));
        match op {
            BinOp::Eq | BinOp::Ne => {
                let mut result = self.equal_operands(a, b);
                if op == BinOp::Ne {
                    result = self.not(result);
                }
                if self.has_pointers(a_ty) && a.as_const().is_none() && b.as_const().is_none() {
                    result = self.pin(result);
                }
                return one(result);
            }
            BinOp::Complex => {
                let (re, im) = (self.scalar(a), self.scalar(b));
                return Val::Flat(Scalars::from_slice(&[re, im]));
            }
            BinOp::Shl | BinOp::Shr => {
                let (x, n) = (self.scalar(a), self.scalar(b));
                return one(self.shift(x, a_ty, n, b_ty, op == BinOp::Shl));
            }
            _ => {}
        }
        let (x, y) = (self.scalars(a), self.scalars(b));
        match self.types.kind(a_ty) {
            TyKind::String => self.binary_string(op, &x, &y),
            TyKind::Float32 | TyKind::Float64 => one(self.binary_float(op, x[0], y[0])),
            TyKind::Complex64 | TyKind::Complex128 => self.binary_complex(op, &x, &y, ty),
            _ => one(self.binary_int(op, x[0], y[0], a_ty)),
        }
    }

    fn binary_int(&mut self, op: BinOp, x: Value, y: Value, ty: TyId) -> Value {
        let is_signed = self.types.is_signed(ty);
        match op {
            BinOp::Add => self.b.ins().iadd(x, y),
            BinOp::Sub => self.b.ins().isub(x, y),
            BinOp::Mul => self.b.ins().imul(x, y),
            BinOp::Div => self.divide(x, y, ty, false),
            BinOp::Rem => self.divide(x, y, ty, true),
            BinOp::And => self.b.ins().band(x, y),
            BinOp::Or => self.b.ins().bor(x, y),
            BinOp::Xor => self.b.ins().bxor(x, y),
            BinOp::AndNot => self.b.ins().band_not(x, y),
            BinOp::Min if is_signed => self.b.ins().smin(x, y),
            BinOp::Min => self.b.ins().umin(x, y),
            BinOp::Max if is_signed => self.b.ins().smax(x, y),
            BinOp::Max => self.b.ins().umax(x, y),
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
                let code = order(op, is_signed);
                self.b.ins().icmp(code, x, y)
            }
            BinOp::Shl | BinOp::Shr | BinOp::Eq | BinOp::Ne | BinOp::Complex => {
                unreachable!("done by the caller")
            }
        }
    }

    fn binary_float(&mut self, op: BinOp, x: Value, y: Value) -> Value {
        match op {
            BinOp::Add => self.b.ins().fadd(x, y),
            BinOp::Sub => self.b.ins().fsub(x, y),
            BinOp::Mul => self.b.ins().fmul(x, y),
            BinOp::Div => self.b.ins().fdiv(x, y),
            // NaN if either is, and -0 below 0: Go's rules.
            BinOp::Min => self.b.ins().fmin(x, y),
            BinOp::Max => self.b.ins().fmax(x, y),
            BinOp::Lt => self.b.ins().fcmp(FloatCC::LessThan, x, y),
            BinOp::Le => self.b.ins().fcmp(FloatCC::LessThanOrEqual, x, y),
            BinOp::Gt => self.b.ins().fcmp(FloatCC::GreaterThan, x, y),
            BinOp::Ge => self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, x, y),
            other => panic!("{other:?} of floats"),
        }
    }

    fn binary_string(&mut self, op: BinOp, x: &[Value], y: &[Value]) -> Val {
        let sign = self.helper(Helper::Compare, &[x[0], x[1], y[0], y[1]]);
        let sign = sign.expect("has a result");
        match op {
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
                one(self.b.ins().icmp_imm_s(order(op, true), sign, 0))
            }
            BinOp::Min | BinOp::Max => {
                let code = match op {
                    BinOp::Min => IntCC::SignedGreaterThan,
                    _ => IntCC::SignedLessThan,
                };
                let second = self.b.ins().icmp_imm_s(code, sign, 0);
                let pointer = self.b.ins().select(second, y[0], x[0]);
                let len = self.b.ins().select(second, y[1], x[1]);
                Val::Flat(Scalars::from_slice(&[pointer, len]))
            }
            other => panic!("{other:?} of strings"),
        }
    }

    fn binary_complex(&mut self, op: BinOp, x: &[Value], y: &[Value], ty: TyId) -> Val {
        let (re, im) = match op {
            BinOp::Add => (self.b.ins().fadd(x[0], y[0]), self.b.ins().fadd(x[1], y[1])),
            BinOp::Sub => (self.b.ins().fsub(x[0], y[0]), self.b.ins().fsub(x[1], y[1])),
            // In double precision, as Go: less is lost where parts cancel.
            BinOp::Mul | BinOp::Div => {
                let narrow = matches!(self.types.kind(ty), TyKind::Complex64);
                let wide: Scalars = x
                    .iter()
                    .chain(y)
                    .map(|&v| match narrow {
                        true => self.b.ins().fpromote(F64, v),
                        false => v,
                    })
                    .collect();
                let (e, f) = match op {
                    BinOp::Mul => self.complex_product(&wide),
                    _ => self.complex_quotient(&wide),
                };
                if narrow {
                    let f32 = cranelift_codegen::ir::types::F32;
                    (self.b.ins().fdemote(f32, e), self.b.ins().fdemote(f32, f))
                } else {
                    (e, f)
                }
            }
            other => panic!("{other:?} of complex numbers"),
        };
        Val::Flat(Scalars::from_slice(&[re, im]))
    }

    /// (a+bi)*(c+di)
    fn complex_product(&mut self, v: &[Value]) -> (Value, Value) {
        let (a, b, c, d) = (v[0], v[1], v[2], v[3]);
        let (ac, bd) = (self.b.ins().fmul(a, c), self.b.ins().fmul(b, d));
        let (ad, bc) = (self.b.ins().fmul(a, d), self.b.ins().fmul(b, c));
        (self.b.ins().fsub(ac, bd), self.b.ins().fadd(ad, bc))
    }

    /// (a+bi)/(c+di) by Smith's method, with the results that C99 annex G asks for at infinities and zeros.
    fn complex_quotient(&mut self, v: &[Value]) -> (Value, Value) {
        let (a, b, c, d) = (v[0], v[1], v[2], v[3]);
        let (abs_c, abs_d) = (self.b.ins().fabs(c), self.b.ins().fabs(d));
        // Divide through by the larger of c and d: with p the larger and q the smaller of them, in either case
        // e = (s + t*ratio)/denom and f = ±(t - s*ratio)/denom where s is the part that meets p.
        let c_larger = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, abs_c, abs_d);
        let p = self.b.ins().select(c_larger, c, d);
        let q = self.b.ins().select(c_larger, d, c);
        let s = self.b.ins().select(c_larger, a, b);
        let t = self.b.ins().select(c_larger, b, a);
        let ratio = self.b.ins().fdiv(q, p);
        let scaled = self.b.ins().fmul(ratio, q);
        let denom = self.b.ins().fadd(p, scaled);
        let t_ratio = self.b.ins().fmul(t, ratio);
        let e = self.b.ins().fadd(s, t_ratio);
        let e = self.b.ins().fdiv(e, denom);
        let s_ratio = self.b.ins().fmul(s, ratio);
        let f_one = self.b.ins().fsub(t, s_ratio);
        let f_two = self.b.ins().fsub(s_ratio, t);
        let f = self.b.ins().select(c_larger, f_one, f_two);
        let f = self.b.ins().fdiv(f, denom);

        // Two NaN parts are rare: there the special cases are looked at.
        let special = self.cold_block();
        let done = self.b.create_block();
        let out_e = self.b.append_block_param(done, F64);
        let out_f = self.b.append_block_param(done, F64);
        let (e_nan, f_nan) = (
            self.b.ins().fcmp(FloatCC::Unordered, e, e),
            self.b.ins().fcmp(FloatCC::Unordered, f, f),
        );
        let both_nan = self.b.ins().band(e_nan, f_nan);
        self.b
            .ins()
            .brif(both_nan, special, &[], done, &[e.into(), f.into()]);
        self.continue_in(special);
        let (e, f) = self.complex_special(v, e, f);
        self.b.ins().jump(done, &[e.into(), f.into()]);
        self.continue_in(done);
        (out_e, out_f)
    }

    fn complex_special(&mut self, v: &[Value], e: Value, f: Value) -> (Value, Value) {
        let (a, b, c, d) = (v[0], v[1], v[2], v[3]);
        let inf = self.b.ins().f64const(f64::INFINITY);
        let zero = self.b.ins().f64const(0.0);
        let is_inf = |cx: &mut Self, x: Value| {
            let abs = cx.b.ins().fabs(x);
            cx.b.ins().fcmp(FloatCC::Equal, abs, inf)
        };
        let is_finite = |cx: &mut Self, x: Value| {
            let abs = cx.b.ins().fabs(x);
            cx.b.ins().fcmp(FloatCC::LessThan, abs, inf)
        };
        let (a_inf, b_inf) = (is_inf(self, a), is_inf(self, b));
        let (c_inf, d_inf) = (is_inf(self, c), is_inf(self, d));
        let (a_fin, b_fin) = (is_finite(self, a), is_finite(self, b));
        let (c_fin, d_fin) = (is_finite(self, c), is_finite(self, d));
        // ±1 where infinite, ±0 elsewhere.
        let unit = |cx: &mut Self, is_inf: Value, x: Value| {
            let one = cx.b.ins().f64const(1.0);
            let size = cx.b.ins().select(is_inf, one, zero);
            cx.b.ins().fcopysign(size, x)
        };
        let product = |cx: &mut Self, a: Value, b: Value, c: Value, d: Value, factor: Value| {
            let (ac, bd) = (cx.b.ins().fmul(a, c), cx.b.ins().fmul(b, d));
            let (bc, ad) = (cx.b.ins().fmul(b, c), cx.b.ins().fmul(a, d));
            let re = cx.b.ins().fadd(ac, bd);
            let im = cx.b.ins().fsub(bc, ad);
            (cx.b.ins().fmul(factor, re), cx.b.ins().fmul(factor, im))
        };
        // Finite by infinite: zero with the right sign.
        let (cu, du) = (unit(self, c_inf, c), unit(self, d_inf, d));
        let small = product(self, a, b, cu, du, zero);
        let any = self.b.ins().bor(c_inf, d_inf);
        let both = self.b.ins().band(a_fin, b_fin);
        let applies = self.b.ins().band(any, both);
        let e = self.b.ins().select(applies, small.0, e);
        let f = self.b.ins().select(applies, small.1, f);
        // Infinite by finite: infinite.
        let (au, bu) = (unit(self, a_inf, a), unit(self, b_inf, b));
        let large = product(self, au, bu, c, d, inf);
        let any = self.b.ins().bor(a_inf, b_inf);
        let both = self.b.ins().band(c_fin, d_fin);
        let applies = self.b.ins().band(any, both);
        let e = self.b.ins().select(applies, large.0, e);
        let f = self.b.ins().select(applies, large.1, f);
        // By zero: infinite, unless both parts of the dividend are NaN.
        let signed_inf = self.b.ins().fcopysign(inf, c);
        let by_zero = (
            self.b.ins().fmul(signed_inf, a),
            self.b.ins().fmul(signed_inf, b),
        );
        let c_zero = self.b.ins().fcmp(FloatCC::Equal, c, zero);
        let d_zero = self.b.ins().fcmp(FloatCC::Equal, d, zero);
        let divisor_zero = self.b.ins().band(c_zero, d_zero);
        let a_num = self.b.ins().fcmp(FloatCC::Ordered, a, a);
        let b_num = self.b.ins().fcmp(FloatCC::Ordered, b, b);
        let has_number = self.b.ins().bor(a_num, b_num);
        let applies = self.b.ins().band(divisor_zero, has_number);
        let e = self.b.ins().select(applies, by_zero.0, e);
        let f = self.b.ins().select(applies, by_zero.1, f);
        debug_assert_eq!(self.b.func.dfg.value_type(applies), I8);
        (e, f)
    }
}

fn order(op: BinOp, is_signed: bool) -> IntCC {
    match (op, is_signed) {
        (BinOp::Lt, true) => IntCC::SignedLessThan,
        (BinOp::Le, true) => IntCC::SignedLessThanOrEqual,
        (BinOp::Gt, true) => IntCC::SignedGreaterThan,
        (BinOp::Ge, true) => IntCC::SignedGreaterThanOrEqual,
        (BinOp::Lt, false) => IntCC::UnsignedLessThan,
        (BinOp::Le, false) => IntCC::UnsignedLessThanOrEqual,
        (BinOp::Gt, false) => IntCC::UnsignedGreaterThan,
        (BinOp::Ge, false) => IntCC::UnsignedGreaterThanOrEqual,
        other => panic!("order of {other:?}"),
    }
}
