//! Native functions that are a few instructions: done inline, no call of the runtime.

use crate::func::{FuncCx, signature_of};
use crate::helpers::Helper;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F64, I8, I32, I64};
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, MemFlagsData, Value};
use mini_abi::builtins::Builtin;
use mini_mir::{FuncId, FuncKind};

/// What a native function stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intrinsic {
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    RoundToEven,
    Abs,
    Copysign,
    Fma,
    FloatBits,
    FloatFromBits,
    TrailingZeros,
    Len,
    OnesCount,
    RotateLeft,
    ReverseBytes,
    AddCarry,
    SubBorrow,
    MulWide,
    AtomicLoad,
    AtomicStore,
    AtomicAdd,
    AtomicSwap,
    AtomicCompareAndSwap,
    AtomicAnd,
    AtomicOr,
    KeepAlive,
    IndexByte,
    EqualBytes,
    CompareBytes,
    /// The first words of the arguments, so many as the result has.
    Same,
}

/// Names without the suffix that says the width.
fn lookup(package: &str, name: &str) -> Option<Intrinsic> {
    use Intrinsic::*;
    let bits = |name: &str| {
        Some(match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "TrailingZeros" => TrailingZeros,
            "Len" => Len,
            "OnesCount" => OnesCount,
            "RotateLeft" => RotateLeft,
            "ReverseBytes" => ReverseBytes,
            "Add" => AddCarry,
            "Sub" => SubBorrow,
            "Mul" if name != "Mul32" => MulWide,
            _ => return None,
        })
    };
    match package {
        "math" => Some(match name {
            "Sqrt" | "sqrt" => Sqrt,
            "Floor" | "floor" => Floor,
            "Ceil" | "ceil" => Ceil,
            "Trunc" | "trunc" => Trunc,
            "RoundToEven" => RoundToEven,
            "Abs" => Abs,
            "Copysign" => Copysign,
            #[cfg(target_arch = "x86_64")]
            "FMA" if std::arch::is_x86_feature_detected!("fma") => Fma,
            "Float64bits" | "Float32bits" => FloatBits,
            "Float64frombits" | "Float32frombits" => FloatFromBits,
            _ => return None,
        }),
        "math/bits" => bits(name),
        "sync/atomic" => {
            let op = [
                ("Load", AtomicLoad),
                ("Store", AtomicStore),
                ("Add", AtomicAdd),
                ("Swap", AtomicSwap),
                ("CompareAndSwap", AtomicCompareAndSwap),
                ("And", AtomicAnd),
                ("Or", AtomicOr),
            ]
            .into_iter()
            .find(|(prefix, _)| {
                // Those of pointers begin with a small letter.
                let (first, rest) = name.split_at(1);
                let rest = rest.strip_prefix(&prefix[1..]);
                rest.is_some_and(|ty| match ty {
                    "Pointer" => first.eq_ignore_ascii_case(&prefix[..1]),
                    "Int32" | "Int64" | "Uint32" | "Uint64" | "Uintptr" => first == &prefix[..1],
                    _ => false,
                })
            });
            op.map(|(_, op)| op)
        }
        "runtime" if name == "KeepAlive" => Some(KeepAlive),
        "strings" | "bytes" | "bufio" if matches!(name, "IndexByte" | "indexByte") => {
            Some(IndexByte)
        }
        "bytes" if name == "Equal" => Some(EqualBytes),
        "bytes" if name == "Compare" => Some(CompareBytes),
        // The library's: bytes that nobody changes any more as a string; a pointer that escape analysis is not to follow.
        "bytes" | "fmt" | "strings" if matches!(name, "asString" | "bytesAsString" | "itself") => {
            Some(Same)
        }
        _ => None,
    }
}

impl FuncCx<'_> {
    fn find_intrinsic(&self, func: FuncId) -> Option<Intrinsic> {
        let func = &self.jit.program().funcs[func];
        if !matches!(func.kind, FuncKind::Native) {
            return None;
        }
        let name = func.name.trim_end_matches("[...]");
        lookup(&func.package, name.rsplit('.').next().unwrap_or(""))
    }

    /// Whether calls of the function are replaced by instructions that are no safepoint.
    pub(crate) fn is_intrinsic(&self, func: FuncId) -> bool {
        self.find_intrinsic(func).is_some()
    }

    /// The operations on channels that package reflect does by the builtins of the language, since they may park.
    fn reflected_channel(&mut self, name: &str, args: &[Value]) -> Option<Vec<Value>> {
        let (builtin, n_pointers) = match name {
            "reflect.chanSend" => (Builtin::chan_send, 2),
            "reflect.chanReceive" => (Builtin::chan_receive, 2),
            "reflect.chanSelect" => (Builtin::select, 1),
            _ => return None,
        };
        for &pointer in &args[..n_pointers] {
            self.root(pointer);
        }
        Some(self.builtin(builtin, args))
    }

    /// Does inline what a native function does, if it is one of the short ones.
    pub(crate) fn intrinsic(&mut self, func: FuncId, args: &[Value]) -> Option<Vec<Value>> {
        use Intrinsic::*;
        let name = self.jit.program().funcs[func].name.clone();
        if matches!(&*name, "runtime.Gosched" | "sync/atomic.yield") {
            self.builtin(Builtin::gosched, &[]);
            return Some(vec![]);
        }
        if let Some(results) = self.reflected_channel(&name, args) {
            return Some(results);
        }
        let intrinsic = self.find_intrinsic(func)?;
        let arg = |i: usize| args[i];
        let out = match intrinsic {
            Sqrt => self.b.ins().sqrt(arg(0)),
            Floor => self.b.ins().floor(arg(0)),
            Ceil => self.b.ins().ceil(arg(0)),
            Trunc => self.b.ins().trunc(arg(0)),
            RoundToEven => self.b.ins().nearest(arg(0)),
            Abs => self.b.ins().fabs(arg(0)),
            Copysign => self.b.ins().fcopysign(arg(0), arg(1)),
            Fma => self.b.ins().fma(arg(0), arg(1), arg(2)),
            FloatBits => {
                let to = match self.b.func.dfg.value_type(arg(0)) {
                    F32 => I32,
                    _ => I64,
                };
                self.b.ins().bitcast(to, MemFlagsData::new(), arg(0))
            }
            FloatFromBits => {
                let to = match self.b.func.dfg.value_type(arg(0)) {
                    I32 => F32,
                    _ => F64,
                };
                self.b.ins().bitcast(to, MemFlagsData::new(), arg(0))
            }
            TrailingZeros => {
                let bits = self.b.func.dfg.value_type(arg(0)).bits();
                let mut wide = self.widen(arg(0));
                if bits < 64 {
                    // What stops the count for zero.
                    wide = self.b.ins().bor_imm_u(wide, 1 << bits);
                }
                self.b.ins().ctz(wide)
            }
            Len => {
                let wide = self.widen(arg(0));
                let zeros = self.b.ins().clz(wide);
                let width = self.int(64);
                self.b.ins().isub(width, zeros)
            }
            OnesCount => {
                let wide = self.widen(arg(0));
                self.b.ins().popcnt(wide)
            }
            RotateLeft => self.b.ins().rotl(arg(0), arg(1)),
            ReverseBytes => self.b.ins().bswap(arg(0)),
            AddCarry => return Some(self.add_carry(args)),
            SubBorrow => return Some(self.sub_borrow(args)),
            MulWide => {
                let high = self.b.ins().umulhi(arg(0), arg(1));
                let low = self.b.ins().imul(arg(0), arg(1));
                return Some(vec![high, low]);
            }
            KeepAlive => return Some(vec![]),
            IndexByte => {
                // The capacity of a slice stands between.
                let byte = self.widen(args[args.len() - 1]);
                let at = self.helper(Helper::IndexByte, &[arg(0), arg(1), byte]);
                at.expect("has a result")
            }
            EqualBytes => self.equal_strings(&args[..2], &args[3..5]),
            CompareBytes => {
                let order = self.helper(Helper::Compare, &[arg(0), arg(1), arg(3), arg(4)]);
                order.expect("has a result")
            }
            Same => {
                let (_, results) = signature_of(self.types, self.jit.program().funcs[func].sig);
                let n = self.jit.native_scalars(results[0]).len();
                return Some(args[..n].to_vec());
            }
            AtomicLoad | AtomicStore | AtomicAdd | AtomicSwap | AtomicCompareAndSwap
            | AtomicAnd | AtomicOr => return Some(self.atomic(func, intrinsic, args)),
        };
        Some(vec![out])
    }

    fn widen(&mut self, value: Value) -> Value {
        match self.b.func.dfg.value_type(value) {
            I64 => value,
            _ => self.b.ins().uextend(I64, value),
        }
    }

    /// Sum and carry out of the top bit.
    fn add_carry(&mut self, args: &[Value]) -> Vec<Value> {
        let (x, y, carry) = (args[0], args[1], args[2]);
        let part = self.b.ins().iadd(x, y);
        let sum = self.b.ins().iadd(part, carry);
        let first = self.b.ins().icmp(IntCC::UnsignedLessThan, part, x);
        let second = self.b.ins().icmp(IntCC::UnsignedLessThan, sum, part);
        let any = self.b.ins().bor(first, second);
        let ty = self.b.func.dfg.value_type(x);
        let carry = self.b.ins().uextend(ty, any);
        vec![sum, carry]
    }

    /// Difference and borrow.
    fn sub_borrow(&mut self, args: &[Value]) -> Vec<Value> {
        let (x, y, borrow) = (args[0], args[1], args[2]);
        let part = self.b.ins().isub(x, y);
        let difference = self.b.ins().isub(part, borrow);
        let first = self.b.ins().icmp(IntCC::UnsignedLessThan, x, y);
        let second = self.b.ins().icmp(IntCC::UnsignedLessThan, part, borrow);
        let any = self.b.ins().bor(first, second);
        let ty = self.b.func.dfg.value_type(x);
        let borrow = self.b.ins().uextend(ty, any);
        vec![difference, borrow]
    }

    fn atomic(&mut self, func: FuncId, op: Intrinsic, args: &[Value]) -> Vec<Value> {
        use Intrinsic::*;
        let address = args[0];
        // A nil address faults here, where a trap is expected; the operation itself never does.
        self.nil_probe(address);
        let flags = MemFlagsData::trusted();
        let name = &self.jit.program().funcs[func].name;
        let ty = if name.ends_with("32") { I32 } else { I64 };
        let rmw =
            |cx: &mut Self, op: AtomicRmwOp| cx.b.ins().atomic_rmw(ty, flags, op, address, args[1]);
        match op {
            AtomicLoad => vec![self.b.ins().atomic_load(ty, flags, address)],
            AtomicStore => {
                // An exchange: several times as fast as a store and a fence.
                rmw(self, AtomicRmwOp::Xchg);
                vec![]
            }
            AtomicAdd => {
                let old = rmw(self, AtomicRmwOp::Add);
                vec![self.b.ins().iadd(old, args[1])]
            }
            AtomicSwap => vec![rmw(self, AtomicRmwOp::Xchg)],
            AtomicAnd => vec![rmw(self, AtomicRmwOp::And)],
            AtomicOr => vec![rmw(self, AtomicRmwOp::Or)],
            _ => {
                let old = self.b.ins().atomic_cas(flags, address, args[1], args[2]);
                let swapped = self.b.ins().icmp(IntCC::Equal, old, args[1]);
                debug_assert_eq!(self.b.func.dfg.value_type(swapped), I8);
                vec![swapped]
            }
        }
    }
}
