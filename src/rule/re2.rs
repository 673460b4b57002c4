//! Expressions in the syntax of RE2, as gitleaks' rules have them, in the syntax that we compile.
//!
//! `\d`, `\s`, `\w` and `\b` are about ASCII there; a brace or a bracket that opens nothing means
//! itself; `\<` is no boundary; a class knows no operators. What is wrong there stays wrong here, so
//! that the compiler says what it is.

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
    while let Some(c) = reader.next() {
        match c {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '{' => reader.brace(),
            '}' => reader.out.push_str(r"\}"),
            _ => reader.out.push(c),
        }
    }
    Some(reader.out)
}

struct Reader<'s> {
    rest: &'s str,
    out: String,
}

impl Reader<'_> {
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

    /// A brace that opens a repetition, or means itself.
    fn brace(&mut self) {
        let inside = self.rest.split_once('}').map_or("", |(inside, _)| inside);
        let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if !least.is_empty() && digits(least) && digits(most) {
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
                let _ = write!(self.out, "{name}:]");
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
        for source in ["(a", "a)", r"\1", r"\h", "*a", "a{2,1}", "(?P<n", "[b-a]", "(?=a)"] {
            let text = translated(source).expect("it is whole");
            assert!(regex::bytes::Regex::new(&text).is_err(), "{source}");
        }
    }
}
