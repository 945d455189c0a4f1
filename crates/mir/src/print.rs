//! MIR as text: what `--emit=mir` shows and the goldens hold.
//!
//! One line a statement. Locals print as `_3`, with their source name where they have one (`x_3`); places as Go would write
//! them (`*_1`, `_2.f`, `_4[_5]`), `checked` index steps with `!`; sites as `@s0`, explained in front of the blocks.

use crate::body::{Body, LocalKind, Statement, StatementKind, Terminator, TerminatorKind};
use crate::ids::{FuncId, LocalId, SiteId};
use crate::place::{Const, ConstValue, Operand, Place, PlaceBase, Proj};
use crate::program::{FuncKind, Program};
use crate::rvalue::{BinOp, Call, Callee, ConvertKind, Rvalue, SelectCase, UnOp};
use crate::types::{ChanDir, FuncSig, TyId, TyKind, TyTable};
use std::fmt::{self, Write};

/// A type as Go prints it at run time: `[]int`, `map[string]*main.T`, `func(int) (string, error)`.
pub fn type_name(types: &TyTable, id: TyId) -> String {
    let mut out = String::new();
    write_type(types, id, &mut out);
    out
}

/// The whole program.
pub fn program(program: &Program) -> String {
    let mut out = String::new();
    for (_, global) in program.globals.iter_enumerated() {
        let _ = writeln!(
            out,
            "var {}: {}",
            global.name,
            type_name(&program.types, global.ty)
        );
    }
    for id in program.funcs.ids() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&func(program, id));
    }
    let mut sets: Vec<_> = program.methods.iter().collect();
    sets.sort_by_key(|(ty, _)| **ty);
    for (ty, methods) in sets {
        let _ = writeln!(out, "\nmethods of {}:", type_name(&program.types, *ty));
        for method in methods {
            let target = &program.funcs[method.func].name;
            let _ = writeln!(out, "  {} = {target}", method.name);
        }
    }
    out
}

/// One function.
pub fn func(program: &Program, id: FuncId) -> String {
    let func = &program.funcs[id];
    let mut out = String::new();
    let sig = type_name(&program.types, func.sig);
    let _ = write!(
        out,
        "func {}{}",
        func.name,
        sig.strip_prefix("func").unwrap_or(&sig)
    );
    match &func.kind {
        FuncKind::Native => out.push_str(" native\n"),
        FuncKind::Pending => out.push_str(" pending\n"),
        FuncKind::Body(body) => {
            out.push_str(" {\n");
            out.push_str(&self::body(program, body));
            out.push_str("}\n");
        }
    }
    out
}

/// The inside of a body.
pub fn body(program: &Program, body: &Body) -> String {
    let mut out = String::new();
    let _ = Printer { program, body }.body(&mut out);
    out
}

/// One statement, as in a body's print.
pub fn statement(program: &Program, body: &Body, statement: &Statement) -> String {
    let mut out = String::new();
    let _ = Printer { program, body }.statement(&mut out, statement);
    out
}

struct Printer<'a> {
    program: &'a Program,
    body: &'a Body,
}

impl Printer<'_> {
    fn body(&self, out: &mut String) -> fmt::Result {
        for (i, capture) in self.body.captures.iter().enumerate() {
            let how = if capture.by_ref {
                "by reference"
            } else {
                "by value"
            };
            writeln!(
                out,
                "  capture {}: {} {} {how}",
                i + 1,
                capture.name,
                self.ty(capture.ty)
            )?;
        }
        for (id, local) in self.body.locals.iter_enumerated() {
            let kind = match local.kind {
                LocalKind::Param => "param ",
                LocalKind::Result => "result ",
                LocalKind::Var => "var ",
                LocalKind::Temp => "temp ",
                LocalKind::Context => "context ",
            };
            write!(out, "  {kind}{}: {}", self.local(id), self.ty(local.ty))?;
            if local.addr_taken {
                out.push_str(", address taken");
            }
            if local.loop_depth != 1 {
                write!(out, ", depth {}", local.loop_depth)?;
            }
            out.push('\n');
        }
        for (id, site) in self.body.sites.iter_enumerated() {
            writeln!(
                out,
                "  site {id:?}: {:?} {} `{}`, depth {}",
                site.kind,
                self.ty(site.ty),
                site.text,
                site.loop_depth
            )?;
        }
        for (id, block) in self.body.blocks.iter_enumerated() {
            writeln!(out, "{id:?}:")?;
            for statement in &block.statements {
                out.push_str("  ");
                self.statement(out, statement)?;
                out.push('\n');
            }
            out.push_str("  ");
            self.terminator(out, &block.terminator)?;
            out.push('\n');
        }
        Ok(())
    }

    fn ty(&self, id: TyId) -> String {
        type_name(&self.program.types, id)
    }

    fn local(&self, id: LocalId) -> String {
        match self.body.locals.get(id) {
            Some(local) if !local.name.is_empty() => format!("{}_{}", local.name, id.0),
            _ => format!("_{}", id.0),
        }
    }

    fn statement(&self, out: &mut String, statement: &Statement) -> fmt::Result {
        match &statement.kind {
            StatementKind::Assign(place, value) => {
                write!(out, "{} = ", self.place(place))?;
                self.rvalue(out, value)?;
            }
            StatementKind::StorageLive(local) => write!(out, "live {}", self.local(*local))?,
            StatementKind::MapSet { map, key, value } => write!(
                out,
                "{}[{}] = {}",
                self.operand(map),
                self.operand(key),
                self.operand(value)
            )?,
            StatementKind::MapDelete { map, key } => {
                write!(out, "delete({}, {})", self.operand(map), self.operand(key))?
            }
            StatementKind::MapClear(x) | StatementKind::SliceClear(x) => {
                write!(out, "clear({})", self.operand(x))?
            }
            StatementKind::MapIterInit { iter, map } => write!(
                out,
                "{} = iterate({})",
                self.local(*iter),
                self.operand(map)
            )?,
            StatementKind::Send { chan, value } => {
                write!(out, "{} <- {}", self.operand(chan), self.operand(value))?
            }
            StatementKind::Close(x) => write!(out, "close({})", self.operand(x))?,
            StatementKind::Go(x) => write!(out, "go {}", self.operand(x))?,
            StatementKind::Defer(x) => write!(out, "defer {}", self.operand(x))?,
            StatementKind::DeferList(x) => write!(out, "defer all of {}", self.operand(x))?,
            StatementKind::RunDefers => out.push_str("run defers"),
            StatementKind::NilCheck(x) => write!(out, "nil check {}", self.operand(x))?,
            StatementKind::BoundsCheck { index, len } => write!(
                out,
                "bounds check {} < {}",
                self.operand(index),
                self.operand(len)
            )?,
            StatementKind::Print { args, newline } => {
                let name = if *newline { "println" } else { "print" };
                write!(out, "{name}({})", self.operands(args))?
            }
            StatementKind::Nop => out.push_str("nop"),
        }
        Ok(())
    }

    fn terminator(&self, out: &mut String, terminator: &Terminator) -> fmt::Result {
        match &terminator.kind {
            TerminatorKind::Goto(target) => write!(out, "goto {target:?}"),
            TerminatorKind::If {
                cond,
                then,
                otherwise,
            } => write!(
                out,
                "if {} then {then:?} else {otherwise:?}",
                self.operand(cond)
            ),
            TerminatorKind::Switch {
                value,
                targets,
                otherwise,
            } => {
                write!(out, "switch {} [", self.operand(value))?;
                for target in targets {
                    write!(out, "{} -> {:?}, ", target.value, target.target)?;
                }
                write!(out, "else -> {otherwise:?}]")
            }
            TerminatorKind::Return => out.write_str("return"),
            TerminatorKind::Panic(x) => write!(out, "panic({})", self.operand(x)),
            TerminatorKind::Unreachable => out.write_str("unreachable"),
        }
    }

    fn place(&self, place: &Place) -> String {
        let mut text = match place.base {
            PlaceBase::Local(local) => self.local(local),
            PlaceBase::Global(global) => match self.program.globals.get(global) {
                Some(global) => global.name.to_string(),
                None => format!("{global:?}"),
            },
        };
        for (i, step) in place.proj.iter().enumerate() {
            let is_last = i + 1 == place.proj.len();
            match step {
                Proj::Deref { non_nil } => {
                    let star = if *non_nil { "*!" } else { "*" };
                    text = if is_last {
                        format!("{star}{text}")
                    } else {
                        format!("({star}{text})")
                    };
                }
                Proj::Field(index) => {
                    let _ = write!(text, ".{index}");
                }
                Proj::Index { index, checked } => {
                    let mark = if *checked { "!" } else { "" };
                    let _ = write!(text, "[{mark}{}]", self.local(*index));
                }
                Proj::ConstIndex { index, checked } => {
                    let mark = if *checked { "!" } else { "" };
                    let _ = write!(text, "[{mark}{index}]");
                }
            }
        }
        text
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Copy(place) => self.place(place),
            Operand::Const(constant) => self.constant(constant),
        }
    }

    fn operands(&self, operands: &[Operand]) -> String {
        operands
            .iter()
            .map(|o| self.operand(o))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn constant(&self, constant: &Const) -> String {
        let value = match &constant.value {
            ConstValue::Bool(b) => return b.to_string(),
            ConstValue::Int(i) if constant.ty == TyId::INT => return i.to_string(),
            ConstValue::Int(i) => i.to_string(),
            ConstValue::Float(f) => format!("{f:?}"),
            ConstValue::Complex(re, im) => format!("{re:?}+{im:?}i"),
            ConstValue::Str(bytes) => {
                let text = format!("{:?}", String::from_utf8_lossy(bytes));
                if constant.ty == TyId::STRING {
                    return text;
                }
                text
            }
            ConstValue::Func(func) => match self.program.funcs.get(*func) {
                Some(func) => return func.name.to_string(),
                None => format!("{func:?}"),
            },
            ConstValue::Zero => "zero".to_string(),
        };
        format!("{}({value})", self.ty(constant.ty))
    }

    fn site(&self, site: SiteId) -> String {
        format!("@{site:?}")
    }

    fn rvalue(&self, out: &mut String, value: &Rvalue) -> fmt::Result {
        match value {
            Rvalue::Use(x) => out.write_str(&self.operand(x)),
            Rvalue::Unary(op, x) => write!(out, "{}{}", un_op(*op), self.operand(x)),
            Rvalue::Binary(op, x, y) => match op {
                BinOp::Min | BinOp::Max | BinOp::Complex => {
                    write!(
                        out,
                        "{}({}, {})",
                        bin_op(*op),
                        self.operand(x),
                        self.operand(y)
                    )
                }
                _ => write!(
                    out,
                    "{} {} {}",
                    self.operand(x),
                    bin_op(*op),
                    self.operand(y)
                ),
            },
            Rvalue::Convert {
                kind,
                value,
                ty,
                site,
            } => {
                write!(
                    out,
                    "{}:{}({})",
                    self.ty(*ty),
                    convert_kind(*kind),
                    self.operand(value)
                )?;
                if let Some(site) = site {
                    write!(out, " {}", self.site(*site))?;
                }
                Ok(())
            }
            Rvalue::Ref(place) => write!(out, "&{}", self.place(place)),
            Rvalue::Aggregate { ty, parts } => {
                write!(out, "{}{{{}}}", self.ty(*ty), self.operands(parts))
            }
            Rvalue::New(site) => write!(
                out,
                "new({}) {}",
                self.ty(self.body.sites[*site].ty),
                self.site(*site)
            ),
            Rvalue::MakeSlice { site, ty, len, cap } => write!(
                out,
                "make({}, {}, {}) {}",
                self.ty(*ty),
                self.operand(len),
                self.operand(cap),
                self.site(*site)
            ),
            Rvalue::MakeClosure {
                site,
                func,
                captures,
                ..
            } => {
                let name = self
                    .program
                    .funcs
                    .get(*func)
                    .map_or("?".into(), |f| f.name.clone());
                write!(
                    out,
                    "closure {name} [{}] {}",
                    self.operands(captures),
                    self.site(*site)
                )
            }
            Rvalue::MakeInterface { site, ty, value } => write!(
                out,
                "{}:box({}) {}",
                self.ty(*ty),
                self.operand(value),
                self.site(*site)
            ),
            Rvalue::MakeMap { site, ty, hint } => write!(
                out,
                "make({}, {}) {}",
                self.ty(*ty),
                self.operand(hint),
                self.site(*site)
            ),
            Rvalue::MakeChan { site, ty, size } => write!(
                out,
                "make({}, {}) {}",
                self.ty(*ty),
                self.operand(size),
                self.site(*site)
            ),
            Rvalue::Concat { site, parts } => {
                write!(out, "concat({}) {}", self.operands(parts), self.site(*site))
            }
            Rvalue::Append {
                site,
                slice,
                values,
            } => write!(
                out,
                "append({}, {}) {}",
                self.operand(slice),
                self.operands(values),
                self.site(*site)
            ),
            Rvalue::AppendSlice { site, slice, other } => write!(
                out,
                "append({}, {}...) {}",
                self.operand(slice),
                self.operand(other),
                self.site(*site)
            ),
            Rvalue::Len(x) => write!(out, "len({})", self.operand(x)),
            Rvalue::Cap(x) => write!(out, "cap({})", self.operand(x)),
            Rvalue::Slice {
                base,
                low,
                high,
                max,
                checked,
                ..
            } => {
                let part =
                    |x: &Option<Operand>| x.as_ref().map_or(String::new(), |x| self.operand(x));
                let mark = if *checked { "!" } else { "" };
                write!(
                    out,
                    "{}[{mark}{}:{}",
                    self.operand(base),
                    part(low),
                    part(high)
                )?;
                if max.is_some() {
                    write!(out, ":{}", part(max))?;
                }
                out.write_char(']')
            }
            Rvalue::CopySlice { dst, src } => {
                write!(out, "copy({}, {})", self.operand(dst), self.operand(src))
            }
            Rvalue::DecodeRune { string, index } => write!(
                out,
                "decode rune {}[{}]",
                self.operand(string),
                self.operand(index)
            ),
            Rvalue::MapGet { map, key, comma_ok } => write!(
                out,
                "{}[{}]{}",
                self.operand(map),
                self.operand(key),
                ok(*comma_ok)
            ),
            Rvalue::MapEntry { map, key } => {
                write!(out, "entry {}[{}]", self.operand(map), self.operand(key))
            }
            Rvalue::MapIterNext { iter } => write!(out, "next {}", self.local(*iter)),
            Rvalue::TypeAssert {
                value,
                ty,
                comma_ok,
            } => write!(
                out,
                "{}.({}){}",
                self.operand(value),
                self.ty(*ty),
                ok(*comma_ok)
            ),
            Rvalue::TypeIs { value, ty } => {
                write!(out, "{} is {}", self.operand(value), self.ty(*ty))
            }
            Rvalue::Unbox { value, ty } => {
                write!(out, "{}:unbox({})", self.ty(*ty), self.operand(value))
            }
            Rvalue::ConvertInterface { value, ty } => {
                write!(out, "{}:({})", self.ty(*ty), self.operand(value))
            }
            Rvalue::Receive { chan, comma_ok } => {
                write!(out, "<-{}{}", self.operand(chan), ok(*comma_ok))
            }
            Rvalue::Select { cases, has_default } => {
                out.write_str("select [")?;
                for (i, case) in cases.iter().enumerate() {
                    if i > 0 {
                        out.write_str(", ")?;
                    }
                    match case {
                        SelectCase::Send { chan, value } => {
                            write!(out, "{} <- {}", self.operand(chan), self.operand(value))?
                        }
                        SelectCase::Receive { chan, dest: None } => {
                            write!(out, "<-{}", self.operand(chan))?
                        }
                        SelectCase::Receive {
                            chan,
                            dest: Some(dest),
                        } => write!(out, "{} = <-{}", self.local(*dest), self.operand(chan))?,
                    }
                }
                out.write_str(if *has_default { ", default]" } else { "]" })
            }
            Rvalue::Call(call) => self.call(out, call),
            Rvalue::Recover => out.write_str("recover()"),
        }
    }

    fn call(&self, out: &mut String, call: &Call) -> fmt::Result {
        match &call.callee {
            Callee::Static(func) => match self.program.funcs.get(*func) {
                Some(func) => write!(out, "call {}", func.name)?,
                None => write!(out, "call {func:?}")?,
            },
            Callee::Value(x) => write!(out, "call ({})", self.operand(x))?,
            Callee::Method {
                receiver,
                interface,
                method,
            } => {
                let name = match self.program.types.kind(*interface) {
                    TyKind::Interface(methods) => methods
                        .get(*method as usize)
                        .map_or("?".into(), |m| m.name.clone()),
                    _ => "?".into(),
                };
                write!(out, "call {}.{name}", self.operand(receiver))?
            }
        }
        write!(out, "({})", self.operands(&call.args))
    }
}

fn ok(comma_ok: bool) -> &'static str {
    if comma_ok { ", ok" } else { "" }
}

fn un_op(op: UnOp) -> &'static str {
    match op {
        UnOp::Neg => "-",
        UnOp::BitNot => "^",
        UnOp::Not => "!",
        UnOp::Real => "real ",
        UnOp::Imag => "imag ",
    }
}

fn bin_op(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::Rem => "%",
        BinOp::And => "&",
        BinOp::Or => "|",
        BinOp::Xor => "^",
        BinOp::AndNot => "&^",
        BinOp::Shl => "<<",
        BinOp::Shr => ">>",
        BinOp::Eq => "==",
        BinOp::Ne => "!=",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
        BinOp::Min => "min",
        BinOp::Max => "max",
        BinOp::Complex => "complex",
    }
}

fn convert_kind(kind: ConvertKind) -> &'static str {
    match kind {
        ConvertKind::Same => "same",
        ConvertKind::Numeric => "numeric",
        ConvertKind::RuneToString => "rune to string",
        ConvertKind::StringToBytes => "string to bytes",
        ConvertKind::StringToRunes => "string to runes",
        ConvertKind::BytesToString => "bytes to string",
        ConvertKind::RunesToString => "runes to string",
        ConvertKind::SliceToArrayPointer => "slice to array pointer",
    }
}

fn write_type(types: &TyTable, id: TyId, out: &mut String) {
    if let Some(named) = types.named(id) {
        out.push_str(&named.name);
        return;
    }
    match types.kind(id) {
        TyKind::Bool => out.push_str("bool"),
        TyKind::Int => out.push_str("int"),
        TyKind::Int8 => out.push_str("int8"),
        TyKind::Int16 => out.push_str("int16"),
        TyKind::Int32 => out.push_str("int32"),
        TyKind::Int64 => out.push_str("int64"),
        TyKind::Uint => out.push_str("uint"),
        TyKind::Uint8 => out.push_str("uint8"),
        TyKind::Uint16 => out.push_str("uint16"),
        TyKind::Uint32 => out.push_str("uint32"),
        TyKind::Uint64 => out.push_str("uint64"),
        TyKind::Uintptr => out.push_str("uintptr"),
        TyKind::Float32 => out.push_str("float32"),
        TyKind::Float64 => out.push_str("float64"),
        TyKind::Complex64 => out.push_str("complex64"),
        TyKind::Complex128 => out.push_str("complex128"),
        TyKind::String => out.push_str("string"),
        TyKind::UnsafePointer => out.push_str("unsafe.Pointer"),
        TyKind::Pointer(elem) => {
            out.push('*');
            write_type(types, *elem, out);
        }
        TyKind::Slice(elem) => {
            out.push_str("[]");
            write_type(types, *elem, out);
        }
        TyKind::Array(elem, len) => {
            let _ = write!(out, "[{len}]");
            write_type(types, *elem, out);
        }
        TyKind::Map(key, value) => {
            out.push_str("map[");
            write_type(types, *key, out);
            out.push(']');
            write_type(types, *value, out);
        }
        TyKind::Chan(dir, elem) => {
            out.push_str(match dir {
                ChanDir::Both => "chan ",
                ChanDir::Send => "chan<- ",
                ChanDir::Receive => "<-chan ",
            });
            let elem_is_receive = types.named(*elem).is_none()
                && matches!(types.kind(*elem), TyKind::Chan(ChanDir::Receive, _));
            if *dir == ChanDir::Both && elem_is_receive {
                out.push('(');
                write_type(types, *elem, out);
                out.push(')');
            } else {
                write_type(types, *elem, out);
            }
        }
        TyKind::Struct(fields) => {
            out.push_str("struct {");
            for (i, field) in fields.iter().enumerate() {
                out.push_str(if i == 0 { " " } else { "; " });
                if !field.is_embedded {
                    let _ = write!(out, "{} ", field.name);
                }
                write_type(types, field.ty, out);
                if !field.tag.is_empty() {
                    let _ = write!(out, " {:?}", field.tag);
                }
            }
            out.push_str(if fields.is_empty() { "}" } else { " }" });
        }
        TyKind::Func(sig) => {
            out.push_str("func");
            write_sig(types, sig, out);
        }
        TyKind::Interface(methods) => {
            out.push_str("interface {");
            for (i, method) in methods.iter().enumerate() {
                out.push_str(if i == 0 { " " } else { "; " });
                if !method.package.is_empty() {
                    // Go shows the last element of the package's path before an unexported name.
                    let package = method.package.rsplit('/').next().unwrap_or_default();
                    let _ = write!(out, "{package}.");
                }
                out.push_str(&method.name);
                if let TyKind::Func(sig) = types.kind(method.sig) {
                    write_sig(types, sig, out);
                }
            }
            out.push_str(if methods.is_empty() { "}" } else { " }" });
        }
        TyKind::Tuple(parts) => write_list(types, parts, out),
        TyKind::MapIter(map) => {
            out.push_str("iterator of ");
            write_type(types, *map, out);
        }
        TyKind::Closure(parts) => {
            out.push_str("closure");
            write_list(types, parts, out);
        }
    }
}

fn write_list(types: &TyTable, parts: &[TyId], out: &mut String) {
    out.push('(');
    for (i, &part) in parts.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_type(types, part, out);
    }
    out.push(')');
}

fn write_sig(types: &TyTable, sig: &FuncSig, out: &mut String) {
    out.push('(');
    for (i, &param) in sig.params.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if sig.variadic && i + 1 == sig.params.len() {
            out.push_str("...");
            write_type(types, types.elem(param), out);
        } else {
            write_type(types, param, out);
        }
    }
    out.push(')');
    match sig.results.as_slice() {
        [] => {}
        [one] => {
            out.push(' ');
            write_type(types, *one, out);
        }
        many => {
            out.push(' ');
            write_list(types, many, out);
        }
    }
}
