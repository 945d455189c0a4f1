//! Unicode properties and case mapping, over [`super::ucd_tables`].

use super::call::{Call, natives};
use super::ucd_tables::{CASES, CATEGORIES, ORBITS, RANGES, RUNS, TABLES};

natives! {
    "ucd.Props" => |c| { let p = props(c.rune(0)); c.ret_int(0, p) };
    "ucd.ToUpper" => |c| { let r = to_case(c.rune(0), UPPER); c.ret_int(0, r.into()) };
    "ucd.ToLower" => |c| { let r = to_case(c.rune(0), LOWER); c.ret_int(0, r.into()) };
    "ucd.ToTitle" => |c| { let r = to_case(c.rune(0), TITLE); c.ret_int(0, r.into()) };
    "ucd.SimpleFold" => |c| { let r = simple_fold(c.rune(0)); c.ret_int(0, r.into()) };
    "ucd.In" => |c: &mut Call| { let is = is_in(c.bytes(0), c.rune(2)); c.ret_bool(0, is) };
    "ucd.Ranges" => |c: &mut Call| {
        let name = std::str::from_utf8(c.bytes(0)).unwrap_or_default();
        let ranges = ranges(name);
        let dst = c.u32s_mut(2);
        if dst.len() >= 2 * ranges.len() {
            for (place, (lo, hi)) in dst.chunks_exact_mut(2).zip(&ranges) {
                place.copy_from_slice(&[*lo, *hi]);
            }
        }
        c.ret_int(0, 2 * ranges.len() as i64);
    };
    "strconv.isPrint" => |c| { let is = is_print(c.rune(0)); c.ret_bool(0, is) };
    "strconv.isGraphic" => |c| { let is = is_graphic(c.rune(0)); c.ret_bool(0, is) };
}

// Bits of `ucd.Props`, as in ucd.mini.
const CONTROL: i64 = 1;
const DIGIT: i64 = 1 << 1;
const GRAPHIC: i64 = 1 << 2;
const LETTER: i64 = 1 << 3;
const LOWER_CASE: i64 = 1 << 4;
const MARK: i64 = 1 << 5;
const NUMBER: i64 = 1 << 6;
const PRINT: i64 = 1 << 7;
const PUNCT: i64 = 1 << 8;
const SPACE: i64 = 1 << 9;
const SYMBOL: i64 = 1 << 10;
const TITLE_CASE: i64 = 1 << 11;
const UPPER_CASE: i64 = 1 << 12;

/// Index of a mapping in [`CASES`].
pub(crate) const UPPER: usize = 0;
/// Index of a mapping in [`CASES`].
pub(crate) const LOWER: usize = 1;
const TITLE: usize = 2;
/// In place of a delta: the runs alternates between upper and lower case.
const ALTERNATING: i32 = 0x110000;

/// The general category of a rune, two letters.
fn category(rune: i32) -> &'static str {
    if !(0..=0x10FFFF).contains(&rune) {
        return "Cn";
    }
    let at = RUNS.partition_point(|run| (run >> 8) as i32 <= rune);
    CATEGORIES[(RUNS[at - 1] & 0xFF) as usize]
}

/// The properties of a rune that the package asks for most.
fn props(rune: i32) -> i64 {
    let is = category(rune).as_bytes();
    let mut set = match is[0] {
        b'L' => LETTER | GRAPHIC | PRINT,
        b'M' => MARK | GRAPHIC | PRINT,
        b'N' => NUMBER | GRAPHIC | PRINT,
        b'P' => PUNCT | GRAPHIC | PRINT,
        b'S' => SYMBOL | GRAPHIC | PRINT,
        _ => 0,
    };
    set |= match is {
        b"Lu" => UPPER_CASE,
        b"Ll" => LOWER_CASE,
        b"Lt" => TITLE_CASE,
        b"Nd" => DIGIT,
        b"Zs" => GRAPHIC,
        b"Cc" => CONTROL,
        _ => 0,
    };
    if rune == 0x20 {
        set |= PRINT;
    }
    if is_space(rune) {
        set |= SPACE;
    }
    set
}

/// Unicode's White_Space.
pub(crate) fn is_space(rune: i32) -> bool {
    matches!(
        rune,
        0x09..=0x0D | 0x20 | 0x85 | 0xA0 | 0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000
    )
}

/// Whether `%q` shows a rune as it is.
pub(crate) fn is_print(rune: i32) -> bool {
    props(rune) & PRINT != 0
}

/// [`is_print`], and Unicode's other spaces.
pub(crate) fn is_graphic(rune: i32) -> bool {
    props(rune) & GRAPHIC != 0
}

/// Maps a rune to [`UPPER`], [`LOWER`] or title case.
pub(crate) fn to_case(rune: i32, case: usize) -> i32 {
    if (0..0x80).contains(&rune) {
        let c = rune as u8;
        return if case == LOWER {
            c.to_ascii_lowercase()
        } else {
            c.to_ascii_uppercase()
        }
        .into();
    }
    let at = CASES.partition_point(|row| (row.1 as i32) < rune);
    let Some(&(lo, _, deltas)) = CASES.get(at).filter(|row| row.0 as i32 <= rune) else {
        return rune;
    };
    if deltas[case] == ALTERNATING {
        // Even offsets are upper, odd ones lower case.
        let lo = lo as i32;
        return lo + ((rune - lo) & !1 | i32::from(case == LOWER));
    }
    rune + deltas[case]
}

/// The next rune that is the same but for case; a cycle.
pub(crate) fn simple_fold(rune: i32) -> i32 {
    if !(0..=0x10FFFF).contains(&rune) {
        return rune;
    }
    if let Ok(at) = ORBITS.binary_search_by_key(&(rune as u32), |row| row.0) {
        return ORBITS[at].1 as i32;
    }
    match to_case(rune, LOWER) {
        same if same == rune => to_case(rune, UPPER),
        other => other,
    }
}

/// Whether the rune is in a category ("Lu", "L"), script or property of that name.
fn is_in(name: &[u8], rune: i32) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    let Ok(at) = TABLES.binary_search_by_key(&name, |row| row.0) else {
        return match name {
            "LC" => matches!(category(rune), "Lu" | "Ll" | "Lt"),
            _ => category(rune).starts_with(name),
        };
    };
    let (_, from, to) = TABLES[at];
    let ranges = &RANGES[from.into()..to.into()];
    let at = ranges.partition_point(|range| (range.1 as i32) < rune);
    ranges.get(at).is_some_and(|range| range.0 as i32 <= rune)
}

/// The ranges of a category or script by its name or a long name, whatever the case, spaces, hyphens and underscores.
pub(crate) fn class(name: &str) -> Option<Vec<(u32, u32)>> {
    let plain = |name: &str| {
        let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
        letters.map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let name = plain(name);
    match name.as_str() {
        "any" => return Some(vec![(0, 0x10FFFF)]),
        "ascii" => return Some(vec![(0, 0x7F)]),
        "assigned" => {
            let all = ["l", "m", "n", "p", "s", "z", "cc", "cf", "co", "cs"];
            return Some(all.iter().flat_map(|name| category_ranges(name)).collect());
        }
        _ => {}
    }
    let short = LONG_NAMES
        .iter()
        .find(|(_, long)| *long == name)
        .map_or(name.as_str(), |(short, _)| short);
    if (1..=2).contains(&short.len()) && short != "yi" {
        return Some(category_ranges(short)).filter(|ranges| !ranges.is_empty());
    }
    let &(table, from, to) = TABLES.iter().find(|row| plain(row.0) == name)?;
    (!PROPERTIES.contains(&table)).then(|| RANGES[from.into()..to.into()].to_vec())
}

/// The ranges of a general category by its name, whatever the case; neighbours are joined.
fn category_ranges(name: &str) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for (i, run) in RUNS.iter().enumerate() {
        let of = CATEGORIES[(run & 0xFF) as usize];
        let is_in = match name {
            "lc" | "LC" => matches!(of, "Lu" | "Ll" | "Lt"),
            _ => name.len() <= 2 && of[..name.len()].eq_ignore_ascii_case(name),
        };
        if is_in {
            let (start, end) = (run >> 8, RUNS.get(i + 1).map_or(0x110000, |next| next >> 8));
            match ranges.last_mut() {
                Some(last) if last.1 + 1 == start => last.1 = end - 1,
                _ => ranges.push((start, end - 1)),
            }
        }
    }
    ranges
}

/// The ranges of a table by its name in package `unicode`.
fn ranges(name: &str) -> Vec<(u32, u32)> {
    match TABLES.binary_search_by_key(&name, |row| row.0) {
        Ok(at) => RANGES[TABLES[at].1.into()..TABLES[at].2.into()].to_vec(),
        Err(_) => category_ranges(name),
    }
}

/// Long names of categories (PropertyValueAliases of the database).
#[rustfmt::skip]
static LONG_NAMES: [(&str, &str); 42] = [
    ("c", "other"), ("cc", "control"), ("cc", "cntrl"), ("cf", "format"), ("cn", "unassigned"), ("co", "privateuse"), ("cs", "surrogate"),
    ("l", "letter"), ("lc", "casedletter"), ("ll", "lowercaseletter"), ("lm", "modifierletter"), ("lo", "otherletter"),
    ("lt", "titlecaseletter"), ("lu", "uppercaseletter"), ("m", "mark"), ("m", "combiningmark"), ("mc", "spacingmark"),
    ("me", "enclosingmark"), ("mn", "nonspacingmark"), ("n", "number"), ("nd", "decimalnumber"), ("nd", "digit"), ("nl", "letternumber"),
    ("no", "othernumber"), ("p", "punctuation"), ("p", "punct"), ("pc", "connectorpunctuation"), ("pd", "dashpunctuation"),
    ("pe", "closepunctuation"), ("pf", "finalpunctuation"), ("pi", "initialpunctuation"), ("po", "otherpunctuation"),
    ("ps", "openpunctuation"), ("s", "symbol"), ("sc", "currencysymbol"), ("sk", "modifiersymbol"), ("sm", "mathsymbol"),
    ("so", "othersymbol"), ("z", "separator"), ("zl", "lineseparator"),
    ("zp", "paragraphseparator"), ("zs", "spaceseparator"),
];

/// Those of the tables that are properties, neither categories nor scripts.
#[rustfmt::skip]
static PROPERTIES: [&str; 39] = [
    "ASCII_Hex_Digit", "Bidi_Control", "Dash", "Deprecated", "Diacritic", "Extender", "Hex_Digit", "Hyphen",
    "IDS_Binary_Operator", "IDS_Trinary_Operator", "IDS_Unary_Operator", "ID_Compat_Math_Continue",
    "ID_Compat_Math_Start", "Ideographic", "Join_Control", "Logical_Order_Exception", "Modifier_Combining_Mark",
    "Noncharacter_Code_Point", "Other_Alphabetic", "Other_Default_Ignorable_Code_Point", "Other_Grapheme_Extend",
    "Other_ID_Continue", "Other_ID_Start", "Other_Lowercase", "Other_Math", "Other_Uppercase", "Pattern_Syntax",
    "Pattern_White_Space", "Prepended_Concatenation_Mark", "Quotation_Mark", "Radical", "Regional_Indicator",
    "Sentence_Terminal", "STerm", "Soft_Dotted", "Terminal_Punctuation", "Unified_Ideograph", "Variation_Selector",
    "White_Space",
];
