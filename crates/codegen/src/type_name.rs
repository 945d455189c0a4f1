//! Names of types as Go prints them at run time.

use mini_mir::{ChanDir, Field, FuncSig, Program, TyId, TyKind};
use std::fmt::Write;

/// A type's name as Go prints it at run time.
pub(crate) fn type_name(program: &Program, ty: TyId) -> String {
    let mut out = String::new();
    write_name(program, ty, &mut out);
    out
}

fn write_name(program: &Program, ty: TyId, out: &mut String) {
    let types = &program.types;
    if let Some(named) = types.named(ty) {
        out.push_str(&named.name);
        return;
    }
    match types.kind(ty) {
        TyKind::Pointer(elem) => {
            out.push('*');
            write_name(program, *elem, out);
        }
        TyKind::Slice(elem) => {
            out.push_str("[]");
            write_name(program, *elem, out);
        }
        TyKind::Array(elem, n) => {
            let _ = write!(out, "[{n}]");
            write_name(program, *elem, out);
        }
        TyKind::Map(key, value) => {
            out.push_str("map[");
            write_name(program, *key, out);
            out.push(']');
            write_name(program, *value, out);
        }
        TyKind::Chan(dir, elem) => {
            out.push_str(match dir {
                ChanDir::Both => "chan ",
                ChanDir::Send => "chan<- ",
                ChanDir::Receive => "<-chan ",
            });
            // chan (<-chan T) must not read as chan<- (chan T).
            let nested = *dir == ChanDir::Both
                && types.named(*elem).is_none()
                && matches!(types.kind(*elem), TyKind::Chan(ChanDir::Receive, _));
            if nested {
                out.push('(');
            }
            write_name(program, *elem, out);
            if nested {
                out.push(')');
            }
        }
        TyKind::Func(sig) => {
            out.push_str("func");
            write_signature(program, sig, out);
        }
        TyKind::Struct(fields) => write_struct(program, fields, out),
        TyKind::Interface(methods) => {
            out.push_str("interface {");
            for (i, method) in methods.iter().enumerate() {
                out.push_str(if i == 0 { " " } else { "; " });
                if !method.package.is_empty() {
                    let package = method.package.rsplit('/').next().unwrap_or("");
                    let _ = write!(out, "{package}.");
                }
                out.push_str(&method.name);
                if let TyKind::Func(sig) = types.kind(method.sig) {
                    write_signature(program, sig, out);
                }
            }
            out.push_str(if methods.is_empty() { "}" } else { " }" });
        }
        TyKind::Tuple(parts) => {
            out.push('(');
            write_list(program, parts, out);
            out.push(')');
        }
        TyKind::MapIter(map) => {
            out.push_str("iterator of ");
            write_name(program, *map, out);
        }
        TyKind::Closure(parts) => {
            out.push_str("closure(");
            write_list(program, parts, out);
            out.push(')');
        }
        TyKind::UnsafePointer => out.push_str("unsafe.Pointer"),
        basic => {
            let name = format!("{basic:?}").to_lowercase();
            out.push_str(&name);
        }
    }
}

fn write_struct(program: &Program, fields: &[Field], out: &mut String) {
    out.push_str("struct {");
    for (i, field) in fields.iter().enumerate() {
        out.push_str(if i == 0 { " " } else { "; " });
        if !field.is_embedded {
            out.push_str(&field.name);
            out.push(' ');
        }
        write_name(program, field.ty, out);
        if !field.tag.is_empty() {
            let _ = write!(out, " {:?}", field.tag);
        }
    }
    out.push_str(if fields.is_empty() { "}" } else { " }" });
}

fn write_list(program: &Program, list: &[TyId], out: &mut String) {
    for (i, &ty) in list.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_name(program, ty, out);
    }
}

fn write_signature(program: &Program, sig: &FuncSig, out: &mut String) {
    out.push('(');
    for (i, &param) in sig.params.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        match program.types.kind(param) {
            TyKind::Slice(elem) if sig.variadic && i + 1 == sig.params.len() => {
                out.push_str("...");
                write_name(program, *elem, out);
            }
            _ => write_name(program, param, out),
        }
    }
    out.push(')');
    match &sig.results[..] {
        [] => {}
        [one] => {
            out.push(' ');
            write_name(program, *one, out);
        }
        many => {
            out.push_str(" (");
            write_list(program, many, out);
            out.push(')');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mini_mir::{InterfaceMethod, NamedInfo};

    fn field(name: &str, ty: TyId) -> Field {
        Field {
            name: name.into(),
            ty,
            is_embedded: false,
            is_exported: false,
            package: "main".into(),
            tag: "".into(),
        }
    }

    #[test]
    fn names_are_those_of_go() {
        let mut program = Program::default();
        let types = &mut program.types;
        let named = types.declare_named(NamedInfo {
            name: "main.T".into(),
            package: "main".into(),
        });
        types.define_named(named, TyKind::Int);
        let pointer = types.pointer_to(named);
        let slice = types.intern(TyKind::Slice(pointer));
        let map = types.intern(TyKind::Map(TyId::STRING, slice));
        let receive = types.intern(TyKind::Chan(ChanDir::Receive, TyId::INT));
        let chan = types.intern(TyKind::Chan(ChanDir::Both, receive));
        let variadic = types.intern(TyKind::Slice(TyId::STRING));
        let func = types.intern(TyKind::Func(FuncSig {
            params: vec![TyId::INT, variadic],
            results: vec![TyId::BOOL, TyId::EMPTY_INTERFACE],
            variadic: true,
        }));
        let object = types.intern(TyKind::Struct([field("a", TyId::FLOAT64)].into()));
        let interface = types.intern(TyKind::Interface(
            [InterfaceMethod {
                name: "M".into(),
                package: "".into(),
                sig: TyId::FUNC,
            }]
            .into(),
        ));
        for (ty, want) in [
            (map, "map[string][]*main.T"),
            (chan, "chan (<-chan int)"),
            (func, "func(int, ...string) (bool, interface {})"),
            (object, "struct { a float64 }"),
            (interface, "interface { M() }"),
        ] {
            assert_eq!(type_name(&program, ty), want);
        }
    }
}
