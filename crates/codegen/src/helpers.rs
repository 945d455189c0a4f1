//! Short routines on bytes that run on the goroutine's stack: a runtime call for a few bytes costs more than the work.
//!
//! They are units of their own, generated and compiled when first called like any function. They have no stack check, since they
//! are called where nothing may move: their frames fit into the guard area below the limit, whose budget leaves room for a
//! small frame and a runtime call beyond the frame of their caller. What is long goes on to the runtime.

use crate::func::{FuncCx, Translated};
use crate::jit::Jit;
use crate::link::Target;
use crate::prologue::Unit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{
    AbiParam, Block, ExtFuncData, ExternalName, Function, InstBuilder, MemFlagsData, Signature,
    Type, UserFuncName, Value,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use mini_abi::builtins::Builtin;
use mini_abi::func::CompiledFunc;

/// A routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Helper {
    /// (to, from, n): memmove.
    Move,
    /// (x, y, n): whether n bytes are equal.
    Equal,
    /// (x, n, y, m): -1, 0 or 1, as strings are ordered.
    Compare,
    /// (x, n, c): the first place of the byte c, or -1.
    IndexByte,
    /// (x, n, i): the rune of several bytes at index i, and its width.
    DecodeRune,
}

/// Lengths from which on the runtime's routines are faster.
const MOVE_LIMIT: i64 = 64;
const EQUAL_LIMIT: i64 = 256;
const INDEX_LIMIT: i64 = 64;

/// Of which no load that begins and ends in it can fault, if any byte of it can be read.
const PAGE: i64 = 4096;

impl Helper {
    pub(crate) const ALL: [Helper; 5] = [
        Helper::Move,
        Helper::Equal,
        Helper::Compare,
        Helper::IndexByte,
        Helper::DecodeRune,
    ];

    fn name(self) -> &'static str {
        match self {
            Helper::Move => "runtime.memmove",
            Helper::Equal => "runtime.memequal",
            Helper::Compare => "runtime.cmpstring",
            Helper::IndexByte => "runtime.indexbyte",
            Helper::DecodeRune => "runtime.decoderune",
        }
    }

    fn signature(self) -> Signature {
        let (n_params, results): (_, &[Type]) = match self {
            Helper::Move => (3, &[]),
            Helper::Equal => (3, &[I8]),
            Helper::Compare => (4, &[I64]),
            Helper::IndexByte => (3, &[I64]),
            Helper::DecodeRune => (3, &[I64, I64]),
        };
        let mut signature = Signature::new(CallConv::Tail);
        signature.params = vec![AbiParam::new(I64); n_params];
        signature
            .returns
            .extend(results.iter().copied().map(AbiParam::new));
        signature
    }
}

impl FuncCx<'_> {
    /// Calls a helper, for its only result if it has one: no safepoint.
    pub(crate) fn helper(&mut self, helper: Helper, args: &[Value]) -> Option<Value> {
        self.helper_results(helper, args).first().copied()
    }

    pub(crate) fn helper_results(&mut self, helper: Helper, args: &[Value]) -> Vec<Value> {
        let target = Target::Unit(self.jit.helper_unit(helper));
        let func = self.func_ref(target, |cx| cx.b.import_signature(helper.signature()));
        let call = self.b.ins().call(func, args);
        self.name_always(call);
        self.b.inst_results(call).to_vec()
    }
}

/// Generates a helper.
pub(crate) fn translate_helper(jit: &Jit, helper: Helper, unit: u32) -> Translated {
    let signature = helper.signature();
    let mut func = Function::with_name_signature(UserFuncName::user(0, unit), signature);
    let mut builder_context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut func, &mut builder_context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let args = b.block_params(entry).to_vec();
    match helper {
        Helper::Move => build_move(&mut b, &args),
        Helper::Equal => build_equal(&mut b, &args),
        Helper::Compare => build_compare(&mut b, &args),
        Helper::IndexByte => build_index_byte(&mut b, &args),
        Helper::DecodeRune => build_decode_rune(&mut b, &args),
    }
    b.seal_all_blocks();
    b.finalize(jit.frontend_config());
    let record = CompiledFunc {
        name: helper.name().into(),
        func_id: unit,
        has_parameters: true,
        is_wrapper: true,
        ..CompiledFunc::default()
    };
    Translated {
        func,
        unit: Unit {
            func: record,
            locations: vec![],
            pad_words: None,
            objects: vec![],
            is_glue: true,
        },
        pad: None,
    }
}

const PLAIN: MemFlagsData = MemFlagsData::new().with_trap_code(None);

fn load(b: &mut FunctionBuilder<'_>, ty: Type, at: Value) -> Value {
    b.ins().load(ty, PLAIN, at, 0)
}

/// Goes to a new block if `x code y`, on in another; switches to the first.
fn when(b: &mut FunctionBuilder<'_>, code: IntCC, x: Value, y: i64) -> Block {
    let (then, otherwise) = (b.create_block(), b.create_block());
    let c = b.ins().icmp_imm_s(code, x, y);
    b.ins().brif(c, then, &[], otherwise, &[]);
    b.switch_to_block(then);
    otherwise
}

pub(crate) fn call_builtin(
    b: &mut FunctionBuilder<'_>,
    builtin: Builtin,
    args: &[Value],
) -> Vec<Value> {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params = vec![AbiParam::new(I64); args.len() + 1];
    let results = builtin.row().2.chars();
    let types = results.map(|letter| if letter == 'b' { I8 } else { I64 });
    signature.returns.extend(types.map(AbiParam::new));
    let signature = b.import_signature(signature);
    let name = b
        .func
        .declare_imported_user_function(Target::Builtin(builtin).name());
    let func = b.import_function(ExtFuncData {
        name: ExternalName::user(name),
        signature,
        colocated: true,
        patchable: false,
    });
    let mut all = vec![b.ins().get_pinned_reg(I64)];
    all.extend(args);
    let call = b.ins().call(func, &all);
    b.inst_results(call).to_vec()
}

/// Reads everything, then writes everything: pieces from both ends that overlap in the middle.
fn build_move(b: &mut FunctionBuilder<'_>, args: &[Value]) {
    let (to, from, n) = (args[0], args[1], args[2]);
    let long = when(b, IntCC::UnsignedLessThanOrEqual, n, MOVE_LIMIT);
    for (ty, pairs) in [(I8X16, 2), (I8X16, 1), (I64, 1), (I32, 1), (I16, 1)] {
        let width = i64::from(ty.bytes());
        let least = if pairs == 2 { 2 * width + 1 } else { width };
        let smaller = when(b, IntCC::UnsignedGreaterThanOrEqual, n, least);
        let mut pieces = vec![];
        for i in 0..pairs {
            let head = b.ins().iconst(I64, i * width);
            let tail = b.ins().iadd_imm_s(n, -(i + 1) * width);
            for offset in [head, tail] {
                let at = b.ins().iadd(from, offset);
                pieces.push((offset, load(b, ty, at)));
            }
        }
        for (offset, piece) in pieces {
            let at = b.ins().iadd(to, offset);
            b.ins().store(PLAIN, piece, at, 0);
        }
        b.ins().return_(&[]);
        b.switch_to_block(smaller);
    }
    let nothing = when(b, IntCC::NotEqual, n, 0);
    let byte = load(b, I8, from);
    b.ins().store(PLAIN, byte, to, 0);
    b.ins().return_(&[]);
    b.switch_to_block(nothing);
    b.ins().return_(&[]);
    b.switch_to_block(long);
    call_builtin(b, Builtin::move_memory, &[to, from, n]);
    b.ins().return_(&[]);
}

/// Returns whether the words of a type at two addresses, and at a second pair, are equal.
fn return_equal(b: &mut FunctionBuilder<'_>, ty: Type, pairs: [(Value, Value); 2]) {
    let [head, tail] = pairs.map(|(x, y)| {
        let (x, y) = (load(b, ty, x), load(b, ty, y));
        b.ins().bxor(x, y)
    });
    let any = b.ins().bor(head, tail);
    let equal = b.ins().icmp_imm_s(IntCC::Equal, any, 0);
    b.ins().return_(&[equal]);
}

fn build_equal(b: &mut FunctionBuilder<'_>, args: &[Value]) {
    let (x, y, n) = (args[0], args[1], args[2]);
    let short = when(b, IntCC::UnsignedGreaterThanOrEqual, n, 8);
    let middle = when(b, IntCC::UnsignedGreaterThan, n, EQUAL_LIMIT);
    let equal = call_builtin(b, Builtin::equal_memory, &[x, y, n]);
    b.ins().return_(&equal);

    // Eight at a time; the last eight may overlap those before.
    b.switch_to_block(middle);
    let last = b.ins().iadd_imm_s(n, -8);
    let (head, body, next, tail, no) = (
        b.create_block(),
        b.create_block(),
        b.create_block(),
        b.create_block(),
        b.create_block(),
    );
    let i = b.append_block_param(head, I64);
    let zero = b.ins().iconst(I64, 0);
    b.ins().jump(head, &[zero.into()]);
    b.switch_to_block(head);
    let more = b.ins().icmp(IntCC::UnsignedLessThan, i, last);
    b.ins().brif(more, body, &[], tail, &[]);
    b.switch_to_block(body);
    let (p, q) = (b.ins().iadd(x, i), b.ins().iadd(y, i));
    let (p, q) = (load(b, I64, p), load(b, I64, q));
    let same = b.ins().icmp(IntCC::Equal, p, q);
    b.ins().brif(same, next, &[], no, &[]);
    b.switch_to_block(next);
    let i = b.ins().iadd_imm_s(i, 8);
    b.ins().jump(head, &[i.into()]);
    b.switch_to_block(no);
    let unequal = b.ins().iconst(I8, 0);
    b.ins().return_(&[unequal]);
    b.switch_to_block(tail);
    let (p, q) = (b.ins().iadd(x, last), b.ins().iadd(y, last));
    return_equal(b, I64, [(p, q), (p, q)]);

    b.switch_to_block(short);
    for ty in [I32, I16] {
        let width = i64::from(ty.bytes());
        let smaller = when(b, IntCC::UnsignedGreaterThanOrEqual, n, width);
        let last = b.ins().iadd_imm_s(n, -width);
        let (p, q) = (b.ins().iadd(x, last), b.ins().iadd(y, last));
        return_equal(b, ty, [(x, y), (p, q)]);
        b.switch_to_block(smaller);
    }
    let nothing = when(b, IntCC::NotEqual, n, 0);
    return_equal(b, I8, [(x, y), (x, y)]);
    b.switch_to_block(nothing);
    let equal = b.ins().iconst(I8, 1);
    b.ins().return_(&[equal]);
}

/// Returns the order of two unsigned words, of which `equal` goes on.
fn return_order(b: &mut FunctionBuilder<'_>, x: Value, y: Value) {
    let greater = b.ins().icmp(IntCC::UnsignedGreaterThan, x, y);
    let less = b.ins().icmp(IntCC::UnsignedLessThan, x, y);
    let order = b.ins().isub(greater, less);
    let order = b.ins().sextend(I64, order);
    b.ins().return_(&[order]);
}

fn build_compare(b: &mut FunctionBuilder<'_>, args: &[Value]) {
    let (x, n, y, m) = (args[0], args[1], args[2], args[3]);
    let common = b.ins().umin(n, m);
    let blocks: [Block; 8] = std::array::from_fn(|_| b.create_block());
    let [
        words,
        word,
        next_word,
        word_differs,
        bytes,
        byte,
        next_byte,
        byte_differs,
    ] = blocks;
    let i = b.append_block_param(words, I64);
    let zero = b.ins().iconst(I64, 0);
    b.ins().jump(words, &[zero.into()]);

    b.switch_to_block(words);
    let end = b.ins().iadd_imm_s(i, 8);
    let fits = b.ins().icmp(IntCC::UnsignedLessThanOrEqual, end, common);
    b.ins().brif(fits, word, &[], bytes, &[i.into()]);
    b.switch_to_block(word);
    let (p, q) = (b.ins().iadd(x, i), b.ins().iadd(y, i));
    let (p, q) = (load(b, I64, p), load(b, I64, q));
    let same = b.ins().icmp(IntCC::Equal, p, q);
    b.ins().brif(same, next_word, &[], word_differs, &[]);
    b.switch_to_block(next_word);
    b.ins().jump(words, &[end.into()]);
    b.switch_to_block(word_differs);
    let (p, q) = (b.ins().bswap(p), b.ins().bswap(q));
    return_order(b, p, q);

    let i = b.append_block_param(bytes, I64);
    b.switch_to_block(bytes);
    let fits = b.ins().icmp(IntCC::UnsignedLessThan, i, common);
    let lengths = b.create_block();
    b.ins().brif(fits, byte, &[], lengths, &[]);
    b.switch_to_block(byte);
    let (p, q) = (b.ins().iadd(x, i), b.ins().iadd(y, i));
    let (p, q) = (load(b, I8, p), load(b, I8, q));
    let same = b.ins().icmp(IntCC::Equal, p, q);
    b.ins().brif(same, next_byte, &[], byte_differs, &[]);
    b.switch_to_block(next_byte);
    let i = b.ins().iadd_imm_s(i, 1);
    b.ins().jump(bytes, &[i.into()]);
    b.switch_to_block(byte_differs);
    return_order(b, p, q);
    b.switch_to_block(lengths);
    return_order(b, n, m);
}

/// A bit for each of the sixteen bytes at an address that is the one wanted.
fn matches_at(b: &mut FunctionBuilder<'_>, at: Value, wanted: Value) -> Value {
    let bytes = load(b, I8X16, at);
    let equal = b.ins().icmp(IntCC::Equal, bytes, wanted);
    b.ins().vhigh_bits(I32, equal)
}

/// Returns the place of the lowest bit, counted from `from`, or -1 if there is none.
fn return_first(b: &mut FunctionBuilder<'_>, bits: Value, from: Value) {
    let none = when(b, IntCC::NotEqual, bits, 0);
    let bit = b.ins().ctz(bits);
    let bit = b.ins().uextend(I64, bit);
    let at = b.ins().iadd(from, bit);
    b.ins().return_(&[at]);
    b.switch_to_block(none);
    let missing = b.ins().iconst(I64, -1);
    b.ins().return_(&[missing]);
}

fn build_index_byte(b: &mut FunctionBuilder<'_>, args: &[Value]) {
    let (x, n, c) = (args[0], args[1], args[2]);
    let byte = b.ins().ireduce(I8, c);
    let wanted = b.ins().splat(I8X16, byte);
    let zero = b.ins().iconst(I64, 0);
    let short = when(b, IntCC::UnsignedGreaterThanOrEqual, n, 16);
    let middle = when(b, IntCC::UnsignedGreaterThan, n, INDEX_LIMIT);
    // What is split into fields has the next separator near, however much follows.
    for place in [0, 16] {
        let (found, next) = (b.create_block(), b.create_block());
        let from = b.ins().iconst(I64, place);
        let at = b.ins().iadd(x, from);
        let bits = matches_at(b, at, wanted);
        b.ins().brif(bits, found, &[], next, &[]);
        b.switch_to_block(found);
        return_first(b, bits, from);
        b.switch_to_block(next);
    }
    let rest = b.ins().iadd_imm_s(x, 32);
    let n_rest = b.ins().iadd_imm_s(n, -32);
    let out = call_builtin(b, Builtin::index_byte, &[rest, n_rest, c]);
    let missing = when(b, IntCC::SignedGreaterThanOrEqual, out[0], 0);
    let at = b.ins().iadd_imm_s(out[0], 32);
    b.ins().return_(&[at]);
    b.switch_to_block(missing);
    b.ins().return_(&out);

    // Sixteen at a time; the last sixteen may overlap those before, which hold no match.
    b.switch_to_block(middle);
    let last = b.ins().iadd_imm_s(n, -16);
    let [head, body, next, found, tail] = std::array::from_fn(|_| b.create_block());
    let i = b.append_block_param(head, I64);
    b.ins().jump(head, &[zero.into()]);
    b.switch_to_block(head);
    let more = b.ins().icmp(IntCC::UnsignedLessThan, i, last);
    b.ins().brif(more, body, &[], tail, &[]);
    b.switch_to_block(body);
    let at = b.ins().iadd(x, i);
    let bits = matches_at(b, at, wanted);
    b.ins().brif(bits, found, &[], next, &[]);
    b.switch_to_block(next);
    let i_next = b.ins().iadd_imm_s(i, 16);
    b.ins().jump(head, &[i_next.into()]);
    b.switch_to_block(found);
    return_first(b, bits, i);
    b.switch_to_block(tail);
    let at = b.ins().iadd(x, last);
    let bits = matches_at(b, at, wanted);
    return_first(b, bits, last);

    // Fewer: sixteen that begin with them or, at the end of a page, that end with them.
    b.switch_to_block(short);
    let nothing = when(b, IntCC::NotEqual, n, 0);
    let in_page = b.ins().band_imm_u(x, PAGE - 1);
    let at_end = when(b, IntCC::UnsignedLessThanOrEqual, in_page, PAGE - 16);
    let bits = matches_at(b, x, wanted);
    let one = b.ins().iconst(I32, 1);
    let n32 = b.ins().ireduce(I32, n);
    let limit = b.ins().ishl(one, n32);
    let mask = b.ins().iadd_imm_s(limit, -1);
    let bits = b.ins().band(bits, mask);
    return_first(b, bits, zero);
    b.switch_to_block(at_end);
    let at = b.ins().iadd(x, n);
    let at = b.ins().iadd_imm_s(at, -16);
    let bits = matches_at(b, at, wanted);
    let sixteen = b.ins().iconst(I32, 16);
    let n32 = b.ins().ireduce(I32, n);
    let others = b.ins().isub(sixteen, n32);
    let bits = b.ins().ushr(bits, others);
    return_first(b, bits, zero);
    b.switch_to_block(nothing);
    let missing = b.ins().iconst(I64, -1);
    b.ins().return_(&[missing]);
}

/// Two and three bytes, but for first bytes that ask more of the second, are decoded here, the rest by the runtime.
fn build_decode_rune(b: &mut FunctionBuilder<'_>, args: &[Value]) {
    let (x, n, i) = (args[0], args[1], args[2]);
    let rest = b.create_block();
    let at = b.ins().iadd(x, i);
    let left = b.ins().isub(n, i);
    let first = b.ins().uload8(I64, PLAIN, at, 0);
    for (width, low, high, lead) in [(2, 0xC2, 0xDF, 0x1F), (3, 0xE1, 0xEC, 0x0F)] {
        let next = b.create_block();
        let work = b.create_block();
        let above = b.ins().iadd_imm_s(first, -low);
        let is_this = b
            .ins()
            .icmp_imm_u(IntCC::UnsignedLessThanOrEqual, above, high - low);
        b.ins().brif(is_this, work, &[], next, &[]);
        b.switch_to_block(work);
        let is_short = when(b, IntCC::UnsignedGreaterThanOrEqual, left, width);
        let mut rune = b.ins().band_imm_u(first, lead);
        let mut wrong = None;
        for place in 1..width {
            let byte = b.ins().uload8(I64, PLAIN, at, place as i32);
            let marker = b.ins().band_imm_u(byte, 0xC0);
            let differs = b.ins().bxor_imm_u(marker, 0x80);
            wrong = Some(match wrong {
                None => differs,
                Some(before) => b.ins().bor(before, differs),
            });
            let shifted = b.ins().ishl_imm_u(rune, 6);
            let bits = b.ins().band_imm_u(byte, 0x3F);
            rune = b.ins().bor(shifted, bits);
        }
        let wrong = wrong.expect("has a second byte");
        let is_wrong = when(b, IntCC::Equal, wrong, 0);
        let width = b.ins().iconst(I64, width);
        b.ins().return_(&[rune, width]);
        for block in [is_short, is_wrong] {
            b.switch_to_block(block);
            b.ins().jump(rest, &[]);
        }
        b.switch_to_block(next);
    }
    b.ins().jump(rest, &[]);
    b.switch_to_block(rest);
    let out = call_builtin(b, Builtin::decode_rune, &[x, n, i]);
    b.ins().return_(&out);
}
