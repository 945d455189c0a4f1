//! Regular expressions in Go's syntax (package `regexp/syntax`, that of RE2) as `regex_syntax::hir`.
//!
//! Perl's classes and word boundaries are ASCII, Unicode's classes are those of our own tables, and errors carry Go's texts.

use regex_syntax::hir::{
    Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};

use crate::native::ucd;

/// What a pattern is: its expression, and the names of its groups, the whole match first; empty if a group has none.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    pub(super) names: Vec<String>,
}

/// An error: what is wrong, and the part of the pattern that is.
pub(super) type Problem = (&'static str, String);

/// The highest count of a repetition, nested ones multiplied.
const MOST_REPEATS: u32 = 1000;
/// How deep groups may nest.
const MOST_NESTED: usize = 1000;

#[derive(Clone, Copy)]
struct Flags {
    fold_case: bool,
    dot_newline: bool,
    /// `^` and `$` stand for the text's beginning and end only.
    one_line: bool,
    non_greedy: bool,
}

struct Parser<'a> {
    whole: &'a str,
    rest: &'a str,
    /// Perl's syntax, not that of POSIX's egrep.
    perl: bool,
    flags: Flags,
    names: Vec<String>,
}

pub(super) fn parse(pattern: &[u8], perl: bool) -> Result<Parsed, Problem> {
    let whole = std::str::from_utf8(pattern).map_err(|err| {
        let rest = &pattern[err.valid_up_to()..];
        ("invalid UTF-8", String::from_utf8_lossy(rest).into_owned())
    })?;
    let mut parser = Parser {
        whole,
        rest: whole,
        perl,
        flags: Flags {
            fold_case: false,
            dot_newline: false,
            one_line: perl,
            non_greedy: false,
        },
        names: vec![String::new()],
    };
    let hir = parser.alternation(0)?;
    if !parser.rest.is_empty() {
        return Err(("unexpected )", whole.to_owned()));
    }
    Ok(Parsed {
        hir,
        names: parser.names,
    })
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, n: usize) {
        self.rest = &self.rest[n..];
    }

    /// What was read since `from` was the rest.
    fn since(&self, from: &str) -> String {
        from[..from.len() - self.rest.len()].to_owned()
    }

    /// Up to the end or a closing parenthesis.
    fn alternation(&mut self, depth: usize) -> Result<Hir, Problem> {
        if depth > MOST_NESTED {
            return Err(("expression nests too deeply", self.whole.to_owned()));
        }
        let mut choices = Vec::new();
        let mut items: Vec<Hir> = Vec::new();
        let mut last_repeat: Option<&'a str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let mut repeat = None;
            match c {
                ')' => break,
                '|' => {
                    self.skip(1);
                    choices.push(Hir::concat(std::mem::take(&mut items)));
                }
                '(' => {
                    if let Some(group) = self.group(depth)? {
                        items.push(group);
                    }
                }
                '*' | '+' | '?' => {
                    self.skip(1);
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(&mut items, min, max, before, last_repeat)?;
                    repeat = Some(before);
                }
                '{' => match self.counts() {
                    Some((min, max)) => {
                        let is_bad = |n: u32| n > MOST_REPEATS;
                        if is_bad(min) || max.is_some_and(|max| is_bad(max) || min > max) {
                            return Err(("invalid repeat count", self.since(before)));
                        }
                        self.repeat(&mut items, min, max, before, last_repeat)?;
                        if (min >= 2 || max.is_some_and(|max| max >= 2))
                            && !items
                                .last()
                                .is_none_or(|hir| repeats_fit(hir, MOST_REPEATS))
                        {
                            let text = self.since(before);
                            let text = text.strip_suffix('?').unwrap_or(&text).to_owned();
                            return Err(("invalid repeat count", text));
                        }
                        repeat = Some(before);
                    }
                    None => {
                        self.skip(1);
                        items.push(self.literal('{'));
                    }
                },
                _ => self.item(c, &mut items)?,
            }
            last_repeat = repeat;
        }
        choices.push(Hir::concat(items));
        Ok(if choices.len() == 1 {
            choices.remove(0)
        } else {
            Hir::alternation(choices)
        })
    }

    /// One character, class or assertion.
    fn item(&mut self, c: char, items: &mut Vec<Hir>) -> Result<(), Problem> {
        let item = match c {
            '^' => {
                self.skip(1);
                Hir::look(if self.flags.one_line {
                    Look::Start
                } else {
                    Look::StartLF
                })
            }
            '$' => {
                self.skip(1);
                Hir::look(if self.flags.one_line {
                    Look::End
                } else {
                    Look::EndLF
                })
            }
            '.' => {
                self.skip(1);
                let mut class = ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]);
                if !self.flags.dot_newline {
                    class.difference(&of_ranges(&[('\n', '\n')]));
                }
                hir_class(class)
            }
            '[' => self.class()?,
            '\\' => {
                if self.perl {
                    let look = match self.rest.as_bytes().get(1) {
                        Some(b'A') => Some(Look::Start),
                        Some(b'z') => Some(Look::End),
                        Some(b'b') => Some(Look::WordAscii),
                        Some(b'B') => Some(Look::WordAsciiNegate),
                        Some(b'C') => {
                            return Err(("invalid escape sequence", "\\C".to_owned()));
                        }
                        Some(b'Q') => {
                            self.skip(2);
                            let end = self.rest.find("\\E");
                            let text = &self.rest[..end.unwrap_or(self.rest.len())];
                            self.skip(end.map_or(text.len(), |end| end + 2));
                            items.extend(text.chars().map(|c| self.literal(c)));
                            return Ok(());
                        }
                        _ => None,
                    };
                    if let Some(look) = look {
                        self.skip(2);
                        items.push(Hir::look(look));
                        return Ok(());
                    }
                }
                match self.escaped_class()? {
                    Some(class) => hir_class(class),
                    None => {
                        let c = self.escape()?;
                        self.literal(c)
                    }
                }
            }
            _ => {
                self.next();
                self.literal(c)
            }
        };
        items.push(item);
        Ok(())
    }

    fn literal(&self, c: char) -> Hir {
        if self.flags.fold_case {
            let mut class = of_ranges(&[(c, c)]);
            fold(&mut class);
            if class.ranges().len() > 1 || class.ranges()[0].len() > 1 {
                return hir_class(class);
            }
        }
        Hir::literal(c.to_string().into_bytes())
    }

    /// At an opening parenthesis. `None`: only flags were set.
    fn group(&mut self, depth: usize) -> Result<Option<Hir>, Problem> {
        let outer = self.flags;
        let mut capture = None;
        if self.perl && self.rest.starts_with("(?") {
            let from = self.rest;
            let name_at = if from.starts_with("(?P<") && from.len() > 4 {
                Some(4)
            } else if from.starts_with("(?<") && from.len() > 3 {
                Some(3)
            } else {
                None
            };
            if let Some(at) = name_at {
                let Some(end) = from.find('>') else {
                    return Err(("invalid named capture", from.to_owned()));
                };
                let name = &from[at..end];
                let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
                if name.is_empty() || !name.chars().all(is_name) {
                    return Err(("invalid named capture", from[..=end].to_owned()));
                }
                self.skip(end + 1);
                self.names.push(name.to_owned());
                capture = Some(self.names.len() - 1);
            } else if !self.group_flags()? {
                return Ok(None);
            }
        } else {
            self.skip(1);
            self.names.push(String::new());
            capture = Some(self.names.len() - 1);
        }
        let sub = self.alternation(depth + 1)?;
        if self.next() != Some(')') {
            return Err(("missing closing )", self.whole.to_owned()));
        }
        self.flags = outer;
        Ok(Some(match capture {
            // Names may be given twice, so the engine does not get them.
            Some(index) => Hir::capture(Capture {
                index: index as u32,
                name: None,
                sub: Box::new(sub),
            }),
            None => sub,
        }))
    }

    /// Flags behind `(?`; whether a group follows them. For a group the caller puts the old ones back.
    fn group_flags(&mut self) -> Result<bool, Problem> {
        let from = self.rest;
        self.skip(2);
        let mut flags = self.flags;
        let (mut negative, mut saw_flag) = (false, false);
        while let Some(c) = self.next() {
            match c {
                'i' => flags.fold_case = !negative,
                'm' => flags.one_line = negative,
                's' => flags.dot_newline = !negative,
                'U' => flags.non_greedy = !negative,
                '-' if !negative => {
                    negative = true;
                    saw_flag = false;
                    continue;
                }
                ':' | ')' if !negative || saw_flag => {
                    self.flags = flags;
                    return Ok(c == ':');
                }
                _ => break,
            }
            saw_flag = true;
        }
        Err(("invalid or unsupported Perl syntax", self.since(from)))
    }

    /// `{n}`, `{n,}` or `{n,m}`, if that is what follows; counts that are too large are given as one that is.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let end = self.rest.find('}')?;
        let inner = &self.rest[1..end];
        let number = |text: &str| {
            let is_number = !text.is_empty()
                && text.bytes().all(|c| c.is_ascii_digit())
                && (text.len() == 1 || !text.starts_with('0'));
            is_number.then(|| text.parse().unwrap_or(u32::MAX))
        };
        let counts = match inner.split_once(',') {
            None => {
                let n = number(inner)?;
                (n, Some(n))
            }
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        self.skip(end + 1);
        Some(counts)
    }

    /// Repeats the last item. `before`: from the operator on; `last_repeat`: the operator just before it.
    fn repeat(
        &mut self,
        items: &mut Vec<Hir>,
        min: u32,
        max: Option<u32>,
        before: &str,
        last_repeat: Option<&str>,
    ) -> Result<(), Problem> {
        let mut greedy = !self.flags.non_greedy;
        if self.perl {
            if self.rest.starts_with('?') {
                self.skip(1);
                greedy = !greedy;
            }
            if let Some(last) = last_repeat {
                return Err(("invalid nested repetition operator", self.since(last)));
            }
        }
        let Some(sub) = items.pop() else {
            return Err((
                "missing argument to repetition operator",
                self.since(before),
            ));
        };
        items.push(Hir::repetition(Repetition {
            min,
            max,
            greedy,
            sub: Box::new(sub),
        }));
        Ok(())
    }

    /// A class in brackets.
    fn class(&mut self) -> Result<Hir, Problem> {
        let whole = self.rest;
        self.skip(1);
        let mut class = ClassUnicode::empty();
        let negated = self.rest.starts_with('^');
        if negated {
            self.skip(1);
            if !self.perl {
                class.union(&of_ranges(&[('\n', '\n')]));
            }
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err(("missing closing ]", whole.to_owned()));
            }
            if self.rest.starts_with('-')
                && !self.perl
                && !first
                && !self.rest[1..].starts_with(']')
            {
                let end = self.rest.chars().take(2).map(char::len_utf8).sum();
                return Err(("invalid character class range", self.rest[..end].to_owned()));
            }
            first = false;
            if self.rest.len() > 2
                && self.rest.starts_with("[:")
                && let Some(end) = self.rest[2..].find(":]")
            {
                let name = &self.rest[..end + 4];
                let Some(group) = posix_class(name) else {
                    return Err(("invalid character class range", name.to_owned()));
                };
                self.skip(name.len());
                self.add_group(&mut class, group.0, group.1);
                continue;
            }
            if self.rest.starts_with('\\')
                && let Some(other) = self.escaped_class()?
            {
                class.union(&other);
                continue;
            }
            let from = self.rest;
            let lo = self.class_char(whole)?;
            let mut hi = lo;
            if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.skip(1);
                hi = self.class_char(whole)?;
                if hi < lo {
                    return Err(("invalid character class range", self.since(from)));
                }
            }
            let mut range = of_ranges(&[(lo, hi)]);
            if self.flags.fold_case {
                fold(&mut range);
            }
            class.union(&range);
        }
        self.skip(1);
        if negated {
            class.negate();
        }
        Ok(hir_class(class))
    }

    fn class_char(&mut self, whole: &str) -> Result<char, Problem> {
        if self.rest.starts_with('\\') {
            return self.escape();
        }
        self.next()
            .ok_or_else(|| ("missing closing ]", whole.to_owned()))
    }

    /// Adds ranges or what is outside them, with all cases if the flag says so.
    fn add_group(&self, class: &mut ClassUnicode, ranges: &[(char, char)], negated: bool) {
        let mut group = of_ranges(ranges);
        if self.flags.fold_case {
            fold(&mut group);
        }
        if negated {
            group.negate();
        }
        class.union(&group);
    }

    /// `\d`, `\pL`, `\p{Greek}` and so on, if that is what follows.
    fn escaped_class(&mut self) -> Result<Option<ClassUnicode>, Problem> {
        let from = self.rest;
        let Some(c) = self.rest[1..].chars().next().filter(|_| self.perl) else {
            return Ok(None);
        };
        let mut class = ClassUnicode::empty();
        if let Some(ranges) = perl_class(c.to_ascii_lowercase()) {
            self.skip(2);
            self.add_group(&mut class, ranges, c.is_ascii_uppercase());
            return Ok(Some(class));
        }
        if c != 'p' && c != 'P' {
            return Ok(None);
        }
        self.skip(2);
        let mut negated = c == 'P';
        let bad = || ("invalid character class range", from.to_owned());
        let next = self.next().ok_or_else(bad)?;
        let mut name = self.since(from)[2..].to_owned();
        if next == '{' {
            let end = from.find('}').ok_or_else(bad)?;
            name = from[3..end].to_owned();
            self.rest = &from[end + 1..];
        }
        if let Some(rest) = name.strip_prefix('^') {
            negated = !negated;
            name = rest.to_owned();
        }
        let Some(ranges) = ucd::class(&name) else {
            return Err(("invalid character class range", self.since(from)));
        };
        let ranges = ranges.into_iter().flat_map(|(lo, hi)| {
            // Surrogates are in no text.
            let parts = [(lo, hi.min(0xD7FF)), (lo.max(0xE000), hi)];
            parts
                .into_iter()
                .filter(|(lo, hi)| lo <= hi)
                .filter_map(|(lo, hi)| Some((char::from_u32(lo)?, char::from_u32(hi)?)))
        });
        self.add_group(&mut class, &ranges.collect::<Vec<_>>(), negated);
        Ok(Some(class))
    }

    /// At a backslash: the character that is meant.
    fn escape(&mut self) -> Result<char, Problem> {
        let from = self.rest;
        self.skip(1);
        let Some(c) = self.next() else {
            return Err(("trailing backslash at end of expression", String::new()));
        };
        let octal = |text: &str| matches!(text.bytes().next(), Some(b'0'..=b'7'));
        let found = match c {
            '0'..='7' if c == '0' || octal(self.rest) => {
                let mut value = c.to_digit(8);
                for _ in 1..3 {
                    if octal(self.rest) {
                        let digit = self.next().and_then(|c| c.to_digit(8));
                        value = value.zip(digit).map(|(value, digit)| value * 8 + digit);
                    }
                }
                value.and_then(char::from_u32)
            }
            'x' => self.hex(),
            'a' => Some('\x07'),
            'f' => Some('\x0C'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0B'),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        };
        found.ok_or_else(|| ("invalid escape sequence", self.since(from)))
    }

    /// Two digits, or any number of them in braces. Surrogates are in no text: U+FFFD stands for them.
    fn hex(&mut self) -> Option<char> {
        let c = self.next()?;
        let mut value = 0;
        if c == '{' {
            let mut n_digits = 0;
            loop {
                let c = self.next()?;
                if c == '}' {
                    break;
                }
                value = value * 16 + c.to_digit(16)?;
                n_digits += 1;
                if value > 0x10FFFF {
                    return None;
                }
            }
            if n_digits == 0 {
                return None;
            }
        } else {
            let second = self.next()?;
            value = c.to_digit(16)? * 16 + second.to_digit(16)?;
        }
        Some(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

/// Whether the counts of nested repetitions multiply to no more than `n`.
fn repeats_fit(hir: &Hir, n: u32) -> bool {
    let mut n = n;
    if let HirKind::Repetition(repetition) = hir.kind() {
        let m = repetition.max.unwrap_or(repetition.min);
        if m > n {
            return false;
        }
        n /= m.max(1);
    }
    hir.kind().subs().iter().all(|sub| repeats_fit(sub, n))
}

fn of_ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(
        ranges
            .iter()
            .map(|&(lo, hi)| ClassUnicodeRange::new(lo, hi)),
    )
}

fn hir_class(class: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(class))
}

/// Adds what is the same but for case.
fn fold(class: &mut ClassUnicode) {
    /// Classes with more characters are left to the tables of `regex_syntax`.
    const FEW: usize = 1 << 12;
    if class
        .ranges()
        .iter()
        .map(ClassUnicodeRange::len)
        .sum::<usize>()
        > FEW
    {
        // Fails only without its tables.
        let _ = class.try_case_fold_simple();
        return;
    }
    let mut more = Vec::new();
    for range in class.ranges() {
        for c in range.start()..=range.end() {
            let mut other = ucd::simple_fold(c as i32);
            while other != c as i32 {
                more.extend(char::from_u32(other as u32).map(|c| (c, c)));
                other = ucd::simple_fold(other);
            }
        }
    }
    class.union(&of_ranges(&more));
}

fn perl_class(letter: char) -> Option<&'static [(char, char)]> {
    Some(match letter {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0C', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    })
}

/// A class such as `[:alpha:]`, and whether it is negated.
fn posix_class(name: &str) -> Option<(&'static [(char, char)], bool)> {
    let name = name.strip_prefix("[:")?.strip_suffix(":]")?;
    let (name, negated) = match name.strip_prefix('^') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let ranges: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7F')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1F'), ('\x7F', '\x7F')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    Some((ranges, negated))
}
