//! Which files belong to a build for linux on amd64: the endings of their names, and their `//go:build` lines.
//!
//! As Go's package `go/build` has it. Files that are named on the command line are taken whatever they say.

/// The newest `go1.N` that is satisfied.
const GO_MINOR: u32 = 27;

const KNOWN_OS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

const KNOWN_ARCH: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// Whether a tag is satisfied.
fn is_set(tag: &str) -> bool {
    if let Some(minor) = tag.strip_prefix("go1.") {
        return minor
            .parse()
            .is_ok_and(|minor: u32| (1..=GO_MINOR).contains(&minor));
    }
    matches!(
        tag,
        "linux" | "amd64" | "unix" | "gc" | "mini" | "purego" | "amd64.v1"
    )
}

/// Whether the name of a file, without folder and ending, asks for no other system: `x_linux`, `x_amd64`,
/// `x_linux_amd64`, each with or without `_test`.
pub(crate) fn name_matches(stem: &str) -> bool {
    let stem = stem.split('.').next().unwrap_or_default();
    let Some((_, rest)) = stem.split_once('_') else {
        return true;
    };
    let rest = rest.strip_suffix("_test").unwrap_or(rest);
    let mut words = rest.rsplit('_');
    let (last, before) = (words.next().unwrap_or_default(), words.next());
    if KNOWN_ARCH.contains(&last) {
        let os = before.filter(|word| KNOWN_OS.contains(word));
        return is_set(last) && os.is_none_or(is_set);
    }
    !KNOWN_OS.contains(&last) || is_set(last)
}

/// What stands in front of a file's declarations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// The expression of the `//go:build` line.
    pub(crate) constraint: Option<&'a str>,
    /// What the lines `// +build` say, which count where there is no `//go:build`; a blank line stands below them.
    pub(crate) plus_build: Vec<&'a str>,
    /// The name in the package clause; `None` if there is none where one belongs.
    pub(crate) package: Option<&'a str>,
}

impl Header<'_> {
    /// Whether the file belongs to the build.
    ///
    /// # Errors
    /// What is wrong with the expression of the `//go:build` line.
    pub(crate) fn is_wanted(&self) -> Result<bool, String> {
        match self.constraint {
            Some(expr) => evaluate(expr),
            None => Ok(self.plus_build.iter().all(|words| evaluate_plus(words))),
        }
    }
}

/// Reads the comments before the package clause, and the clause.
pub(crate) fn header(text: &str) -> Header<'_> {
    let mut header = Header::default();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    if rest.starts_with("#!") {
        rest = after_line(rest);
    }
    // Lines `// +build` below which no blank line has been seen, and whether only line comments have been.
    let (mut plus_build, mut only_lines) = (Vec::new(), true);
    loop {
        let trimmed = rest.trim_start();
        if only_lines && rest[..rest.len() - trimmed.len()].contains('\n') {
            header.plus_build.append(&mut plus_build);
        }
        rest = trimmed;
        if let Some(comment) = rest.strip_prefix("//") {
            let line = comment.lines().next().unwrap_or_default();
            if let Some(expr) = line.strip_prefix("go:build")
                && expr.starts_with([' ', '\t'])
                && header.constraint.is_none()
            {
                header.constraint = Some(expr.trim());
            }
            if let Some(words) = line.trim_start().strip_prefix("+build")
                && (words.is_empty() || words.starts_with(char::is_whitespace))
            {
                plus_build.push(words);
            }
            rest = after_line(rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let Some((_, behind)) = comment.split_once("*/") else {
                return header;
            };
            only_lines = false;
            rest = behind;
        } else {
            break;
        }
    }
    if let Some(clause) = rest.strip_prefix("package")
        && clause.starts_with(char::is_whitespace)
    {
        let clause = clause.trim_start();
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = clause.find(|c| !is_part(c)).unwrap_or(clause.len());
        header.package = Some(&clause[..end]).filter(|name| !name.is_empty());
    }
    header
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// The value of a line `// +build`: one of its words holds, of which all parts between commas do.
fn evaluate_plus(words: &str) -> bool {
    let is_tag = |tag: &str| !tag.is_empty() && tag.chars().all(is_tag_char);
    let holds = |part: &str| match part.strip_prefix('!') {
        None => is_tag(part) && is_set(part),
        Some(tag) if tag.is_empty() || tag.starts_with('!') => false,
        Some(tag) => !(is_tag(tag) && is_set(tag)),
    };
    words
        .split_whitespace()
        .any(|word| word.split(',').all(holds))
}

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// The value of a `//go:build` expression.
///
/// # Errors
/// What is wrong with the expression.
pub(crate) fn evaluate(expr: &str) -> Result<bool, String> {
    let mut parser = Parser { rest: expr };
    let value = parser.or()?;
    match parser.peek() {
        "" => Ok(value),
        token => Err(format!("unexpected token {token}")),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// The next token; empty at the end.
    fn peek(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let len = match self.rest.chars().next() {
            None => 0,
            Some('&') if self.rest.starts_with("&&") => 2,
            Some('|') if self.rest.starts_with("||") => 2,
            Some(c) if is_tag_char(c) => self
                .rest
                .find(|c| !is_tag_char(c))
                .unwrap_or(self.rest.len()),
            Some(c) => c.len_utf8(),
        };
        &self.rest[..len]
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_next = self.peek() == token;
        if is_next {
            self.rest = &self.rest[token.len()..];
        }
        is_next
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut value = self.and()?;
        while self.eat("||") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut value = self.not()?;
        while self.eat("&&") {
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<bool, String> {
        if self.eat("!") {
            return Ok(!self.not()?);
        }
        if self.eat("(") {
            let value = self.or()?;
            return match self.eat(")") {
                true => Ok(value),
                false => Err("missing close paren".to_string()),
            };
        }
        let tag = self.peek();
        if !tag.starts_with(is_tag_char) {
            return Err(match tag {
                "" => "unexpected end of expression".to_string(),
                _ => format!("unexpected token {tag}"),
            });
        }
        self.rest = &self.rest[tag.len()..];
        Ok(is_set(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ask_for_a_system() {
        for name in [
            "a",
            "linux",
            "a_linux",
            "a_amd64",
            "a_linux_amd64",
            "a_linux_test",
            "a_unix",
            "amd64",
            "a_b",
        ] {
            assert!(name_matches(name), "{name}");
        }
        for name in [
            "a_windows",
            "a_arm64",
            "a_windows_amd64",
            "a_linux_arm64",
            "a_darwin_test",
            "_windows",
        ] {
            assert!(!name_matches(name), "{name}");
        }
    }

    #[test]
    fn expressions() {
        for (expr, value) in [
            ("linux", true),
            ("!linux", false),
            ("linux && !cgo", true),
            ("purego", true),
            ("windows || (amd64 && gc)", true),
            ("go1.18 && !go1.99", true),
            ("ignore", false),
        ] {
            assert_eq!(evaluate(expr), Ok(value), "{expr}");
        }
        assert!(evaluate("linux &&").is_err());
        assert!(evaluate("(linux").is_err());
        assert!(evaluate("linux amd64").is_err());
    }

    #[test]
    fn header_of_a_file() {
        let text = "// A comment.\n\n//go:build linux\n\n/* more */ package p // here\n";
        assert_eq!(
            header(text),
            Header {
                constraint: Some("linux"),
                plus_build: Vec::new(),
                package: Some("p")
            }
        );
        assert_eq!(header("var x int"), Header::default());
    }

    #[test]
    fn lines_of_the_old_form() {
        for (text, is_wanted) in [
            ("// +build ignore\n\npackage p", false),
            (
                "//+build linux,!cgo windows\n// +build amd64\n\npackage p",
                true,
            ),
            (
                "// +build linux\n// +build arm64\n\n// Text.\npackage p",
                false,
            ),
            ("// +build !linux !!amd64\n\npackage p", false),
            ("// +build !no-tag\n\npackage p", true),
            ("// Text.\n// +build ignore\npackage p", true),
            ("/* Text. */\n\n// +build ignore\n\npackage p", true),
            ("//go:build linux\n// +build ignore\n\npackage p", true),
        ] {
            assert_eq!(header(text).is_wanted(), Ok(is_wanted), "{text}");
        }
    }
}
