//! Expressions in the syntax of RE2, as gitleaks' rules have them, in the syntax that we compile.
//!
//! `\d`, `\s`, `\w` and `\b` are about ASCII there; a brace or a bracket that opens nothing means
//! itself; `\<` is no boundary; a class knows no operators. What is wrong there stays wrong here, or is
//! made so where we would take it for something else, so that the compiler says what it is.

use std::fmt::Write;

/// What a class of Perl stands for.
fn perl(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\x0C\r ]",
        'S' => r"[^\t\n\x0C\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

/// Translates an expression; none if it breaks off in the middle of something.
pub(super) fn translated(source: &str) -> Option<String> {
    let mut reader = Reader { rest: source, out: String::with_capacity(source.len() * 2) };
    let mut repeated = false;
    while let Some(c) = reader.next() {
        let repeats = match c {
            '*' | '+' | '?' => true,
            '{' => reader.is_repetition(),
            _ => false,
        };
        if repeats && repeated {
            reader.out.push_str(UNREPEATABLE);
        }
        match c {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '(' => reader.group(),
            '{' => reader.brace(),
            '}' => reader.out.push_str(r"\}"),
            _ => reader.out.push(c),
        }
        // One question mark makes it lazy.
        if repeats && reader.skip("?") {
            reader.out.push('?');
        }
        repeated = repeats;
    }
    Some(reader.out)
}

/// What is wrong wherever it stands, and for which reason.
const UNREPEATABLE: &str = "(?:*)";
const NO_ESCAPE: &str = r"\y";
/// A repetition of more is none.
const MOST: u32 = 1000;
/// Classes by POSIX's names.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// General categories.
const CATEGORIES: &str = "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm \
                          So Z Zl Zp Zs";

/// Whether a name is that of a general category or a script, as RE2 spells it.
fn is_unicode(name: &str) -> bool {
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    let plain = name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    let is_script = || regex_syntax::parse(&format!(r"\p{{sc={name}}}")).is_ok();
    let is_category = || CATEGORIES.split(' ').any(|category| category == name);
    capital && plain && (is_category() || name == "Any" || name.len() > 2 && is_script())
}

struct Reader<'s> {
    rest: &'s str,
    out: String,
}

impl<'s> Reader<'s> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// A character that means itself.
    fn literal(&mut self, c: char) {
        if c.is_ascii_punctuation() {
            self.out.push('\\');
        }
        // Unlike other marks, these two are boundaries when escaped.
        if matches!(c, '<' | '>') {
            self.out.pop();
        }
        self.out.push(c);
    }

    /// Behind a backslash, outside of classes.
    fn escape(&mut self) -> Option<()> {
        let letter = self.rest.chars().next()?;
        match letter {
            'b' | 'B' => {
                self.next();
                let _ = write!(self.out, r"(?-u:\{letter})");
            }
            'C' => {
                self.next();
                self.out.push_str("(?s-u:.)");
            }
            'Q' => {
                self.next();
                let (quoted, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                quoted.chars().for_each(|c| self.literal(c));
            }
            _ if perl(letter).is_some() => {
                self.next();
                self.out.push_str(perl(letter)?);
            }
            _ => self.character()?,
        }
        Some(())
    }

    /// Behind a backslash: a character, or a class by its name.
    fn character(&mut self) -> Option<()> {
        let letter = self.next()?;
        match letter {
            // Ours alone.
            'u' | 'U' => self.out.push_str(NO_ESCAPE),
            'p' | 'P' if self.is_wrong_class() => self.out.push_str(NO_ESCAPE),
            'p' | 'P' if self.skip("{^") => {
                let (name, rest) = self.rest.split_once('}')?;
                let _ = write!(self.out, r"\{}{{{name}}}", if letter == 'p' { 'P' } else { 'p' });
                self.rest = rest;
            }
            '0'..='7' => self.octal(letter),
            c if c.is_ascii_punctuation() || c == ' ' => self.literal(c),
            c => {
                self.out.push('\\');
                self.out.push(c);
                if matches!(c, 'x' | 'p' | 'P') && self.rest.starts_with('{') {
                    let (inside, rest) = self.rest.split_once('}')?;
                    self.out.push_str(inside);
                    self.out.push('}');
                    self.rest = rest;
                }
            }
        }
        Some(())
    }

    /// Up to three octal digits. One that is not nought alone would be a reference, which is wrong.
    fn octal(&mut self, first: char) {
        let more = self.rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
        if first != '0' && more == 0 {
            self.out.push('\\');
            self.out.push(first);
            return;
        }
        let (digits, rest) = self.rest.split_at(more);
        let value = u32::from_str_radix(&format!("{first}{digits}"), 8).unwrap_or(0);
        self.rest = rest;
        let _ = write!(self.out, r"\x{{{value:x}}}");
    }

    /// Whether a class of Unicode has a name that it has not there: `\p{Letter}`.
    fn is_wrong_class(&self) -> bool {
        let inside = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        inside.is_some_and(|(name, _)| !is_unicode(name.trim_start_matches('^')))
    }

    /// Behind the parenthesis that opens a group: flags that are ours alone are wrong there, and none at all
    /// are fine.
    fn group(&mut self) {
        self.out.push('(');
        let Some(rest) = self.rest.strip_prefix('?') else { return };
        let flags = &rest[..rest.find([':', ')']).unwrap_or(rest.len())];
        if flags.is_empty() && rest.starts_with(')') {
            self.out.push_str("?:");
            self.rest = rest;
        } else if !rest.starts_with(['P', '<', '=', '!']) && flags.contains(['x', 'u', 'R']) {
            self.out.push_str("?@");
            self.rest = rest;
        }
    }

    /// What stands between the braces of a repetition, if they are that.
    fn repetition(&self) -> Option<&'s str> {
        let (inside, _) = self.rest.split_once('}')?;
        let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        (!least.is_empty() && digits(least) && digits(most)).then_some(inside)
    }

    fn is_repetition(&self) -> bool {
        self.repetition().is_some()
    }

    /// A brace that opens a repetition, or means itself.
    fn brace(&mut self) {
        if let Some(inside) = self.repetition() {
            let many = |n: &str| !n.is_empty() && n.parse().map_or(true, |n: u32| n > MOST);
            if inside.split(',').any(many) {
                self.out.push_str(UNREPEATABLE);
            }
            let _ = write!(self.out, "{{{inside}}}");
            self.rest = &self.rest[inside.len() + 1..];
        } else {
            self.out.push_str(r"\{");
        }
    }

    /// Behind the bracket that opens a class.
    fn class(&mut self) -> Option<()> {
        self.out.push('[');
        if self.skip("^") {
            self.out.push('^');
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.rest.starts_with("[:")
                && let Some((name, rest)) = self.rest.split_once(":]")
            {
                let plain = name[2..].trim_start_matches('^');
                if POSIX.contains(&plain) {
                    let _ = write!(self.out, "{name}:]");
                } else {
                    self.out.push_str(NO_ESCAPE);
                }
                self.rest = rest;
                continue;
            }
            let named = self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
            if let Some(class) = named.and_then(perl) {
                self.out.push_str(class);
                self.rest = &self.rest[2..];
                continue;
            }
            self.class_character()?;
            let is_class = matches!(named, Some('p' | 'P'));
            let range = self.rest.starts_with('-') && !self.rest.starts_with("-]") && !is_class;
            if range {
                self.next();
                self.out.push('-');
                self.class_character()?;
            }
        }
        self.next();
        self.out.push(']');
        Some(())
    }

    fn class_character(&mut self) -> Option<()> {
        match self.next()? {
            '\\' => self.character(),
            c => {
                self.literal(c);
                Some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(source: &str, text: &[u8]) -> bool {
        let translated = translated(source).expect("it is whole");
        let regex = regex::bytes::Regex::new(&translated);
        regex.unwrap_or_else(|e| panic!("{source}: {e}")).is_match(text)
    }

    #[test]
    fn what_re2_means_is_meant_here() {
        for (source, text) in [
            (r"^[[]$", "["),
            (r#"^[\s|'|"[]x"#, "[x"),
            (r"^[]a]+$", "]a"),
            (r"^[\w-.]+$", "a-."),
            (r"^[+--]+$", "+,-"),
            (r"^[a&&b]+$", "a&b"),
            (r"^[a~~!--c]+$", "a~-c"),
            (r"^\<a\>$", "<a>"),
            (r"^[\<\>]+$", "<>"),
            (r"^a{,3}{x}$", "a{,3}{x}"),
            (r"^a{2}b{1,}c{1,2}$", "aabcc"),
            (r"^\Qa.b[\E+$", "a.b[["),
            (r"^\x60\x{41}\101\0$", "`AA\0"),
            (r"^\_\-\/\#\ \@\'\x22$", "_-/# @'\""),
            (r"^[\_\-\/\#\ \@\]\\]+$", "_-/# @]\\"),
            (r"^(?P<n>a)(?i:B)(?-i)c\z", "abc"),
            (r"^[[:alnum:]_[:^digit:]-]+$", "a_-"),
            (r"^\pL\p{Greek}\P{Greek}\p{^Greek}[\p{L}-]$", "aλbc-"),
            (r"^[\n\t\a]+$", "\n\t\u{7}"),
            (r"key\b", "keyé"),
            (r"^\W\S\D$", "éüλ"),
            (r"^(?)a??b+?c{1,1000}?$", "abc"),
            (r"^(?:a+)+(?:b{2})*(?i)C$", "aabbc"),
            (r"^\C\C$", "é"),
        ] {
            assert!(is_match(source, text.as_bytes()), "{source}");
        }
        assert!(!is_match(r"\w", "é".as_bytes()));
        assert!(!is_match(r"\d", "٣".as_bytes()));
        assert!(!is_match(r"\s", b"\x0b"));
        assert!(!is_match(r"a$", b"a\n"));
        assert!(!is_match(r"a.b", b"a\nb"));
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        for source in [r"a\", "[a", "[]", r"[\", "[^"] {
            assert_eq!(translated(source), None, "{source}");
        }
        for source in [
            "(a",
            "a)",
            r"\1",
            r"\h",
            "*a",
            "a{2,1}",
            "(?P<n",
            "[b-a]",
            "(?=a)",
            "a++",
            "a**",
            "a*+",
            "a???",
            "a{2}{3}",
            "a{1001}",
            "a{2,1001}",
            "(?x)a",
            "(?u)a",
            "(?Ri:a)",
            r"\u0041",
            r"[\u0041]",
            r"\p{Letter}",
            r"\p{greek}",
            r"\p{Alphabetic}",
            r"\p{script=Greek}",
            "[[:foo:]]",
            "[a[:^foo:]]",
        ] {
            let text = translated(source).expect("it is whole");
            assert!(regex::bytes::Regex::new(&text).is_err(), "{source}");
        }
    }
}
