//! The natives that have an answer in Go's library give that answer: `testdata/natives.txt`.

use super::float::{self, Parse, Text};
use super::{lookup, strconv};

/// Calls a native on words.
fn call(name: &str, args: &[u64]) -> u64 {
    let native = lookup(name).unwrap_or_else(|| panic!("no native {name}"));
    let mut result = [0; 4];
    // SAFETY: the natives called here take floats and touch no goroutine.
    unsafe { native(std::ptr::null_mut(), args.as_ptr(), result.as_mut_ptr()) };
    result[0]
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn bits(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}

fn check(fields: &[&str]) -> (String, String) {
    match *fields {
        ["format", f, form, prec, size, want] => {
            let mut text = Text::new();
            let form = form.as_bytes()[0];
            float::append(
                &mut text,
                f64::from_bits(bits(f)),
                form,
                prec.parse().unwrap(),
                size.parse().unwrap(),
            );
            (String::from_utf8(text.to_vec()).unwrap(), want.to_owned())
        }
        ["parse", text, size, value, state] => {
            let (f, len, got) = float::parse_prefix(text.as_bytes(), size.parse().unwrap());
            // strconv makes a prefix a syntax error.
            let got = if len < text.len() { Parse::Syntax } else { got };
            let f = if got == Parse::Syntax { 0.0 } else { f };
            (
                format!("{:016x} {}", f.to_bits(), got as i32),
                format!("{value} {state}"),
            )
        }
        ["quote", text, plain, ascii, graphic] => {
            let quoted = |ascii_only, graphic| {
                let mut out = Text::new();
                let plain = strconv::Plain {
                    ascii_only,
                    graphic,
                };
                strconv::append_quoted(&mut out, &from_hex(text), b'"', plain);
                out.iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            };
            (
                [
                    quoted(false, false),
                    quoted(true, false),
                    quoted(false, true),
                ]
                .join(" "),
                [plain, ascii, graphic].join(" "),
            )
        }
        ["math", name, x, y, want] => {
            let got = call(&format!("math.{name}"), &[bits(x), bits(y)]);
            let want = bits(want);
            let show = |bits: u64| format!("{:016x} {}", bits, f64::from_bits(bits));
            // Which NaN it is depends on the operands' order in an instruction.
            if f64::from_bits(got).is_nan() && f64::from_bits(want).is_nan() {
                return (show(want), show(want));
            }
            (show(got), show(want))
        }
        _ => panic!("unknown case {fields:?}"),
    }
}

#[test]
fn natives_give_the_answers_of_go() {
    let fused = cfg!(not(target_arch = "x86_64")) || std::is_x86_feature_detected!("fma");
    let mut wrong = Vec::new();
    for line in include_str!("../../testdata/natives.txt").lines() {
        let fields: Vec<_> = line.split(' ').collect();
        // The answers were made on a processor with fused operations, which Exp and what rests on it show.
        if fields[0] == "math" && !fused {
            continue;
        }
        let (got, want) = check(&fields);
        if got != want {
            wrong.push(format!("{line}\n    got {got}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn out_counts_what_does_not_fit() {
    let mut room = [0; 4];
    let mut out = super::call::Out::new(&mut room);
    out.push(b"ab");
    assert_eq!(out.answer(), 2);
    out.fill(b'x', 3);
    assert_eq!(out.answer(), -5);
}

#[test]
fn case_mapping_and_folding() {
    use super::ucd::{LOWER, UPPER, simple_fold, to_case};
    let map = |c: char, case| char::from_u32(to_case(c as i32, case) as u32).unwrap();
    assert_eq!(map('ß', UPPER), 'ß');
    assert_eq!(map('ǆ', UPPER), 'Ǆ');
    assert_eq!(map('Ā', LOWER), 'ā');
    assert_eq!(map('ſ', UPPER), 'S');
    let orbit = |c: char| char::from_u32(simple_fold(c as i32) as u32).unwrap();
    assert_eq!(
        (orbit('K'), orbit('k'), orbit('\u{212A}')),
        ('k', '\u{212A}', 'K')
    );
}
