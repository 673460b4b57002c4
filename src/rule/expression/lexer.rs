//! Cuts an expression into words, marks and literals, with their places.

use super::Mistake;

/// A word, a mark or a literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Mark(&'static str),
    Text(String),
    Whole(i64),
    Number(f64),
    End,
}

/// The marks, those that others begin with behind them.
const MARKS: [&str; 33] = [
    "??", "?.", "||", "&&", "==", "!=", "<=", ">=", "**", "..", "(", ")", "[", "]", "{", "}", ",",
    ";", ":", "?", ".", "<", ">", "+", "-", "*", "/", "%", "^", "|", "!", "#", "=",
];

/// All tokens of an expression, each with its place; the last one is its end.
///
/// # Errors
/// What is no token, or does not end.
pub(super) fn tokens(source: &str) -> Result<Vec<(Token, usize)>, Mistake> {
    let mut lexer = Lexer { source, at: 0 };
    let mut all = Vec::new();
    loop {
        lexer.skip_blanks()?;
        let at = lexer.at;
        let token = lexer.token()?;
        let done = token == Token::End;
        all.push((token, at));
        if done {
            return Ok(all);
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn wrong<T>(&self, message: &str) -> Result<T, Mistake> {
        Err(Mistake { at: self.at, message: message.to_owned() })
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c| !holds(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Skips blanks and comments.
    fn skip_blanks(&mut self) -> Result<(), Mistake> {
        loop {
            self.take_while(char::is_whitespace);
            let rest = self.rest();
            if rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let Some(end) = comment.find("*/") else {
                    return self.wrong("this comment does not end");
                };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token, Mistake> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        let next = rest.as_bytes().get(1).copied().unwrap_or(b' ');
        match first {
            '"' | '\'' => self.quoted(first),
            '`' => self.raw(),
            '0'..='9' => self.number(),
            '.' if next.is_ascii_digit() => self.number(),
            '_' | '$' | 'a'..='z' | 'A'..='Z' => {
                let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
                Ok(Token::Word(word.to_owned()))
            }
            _ => match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => {
                    self.at += mark.len();
                    Ok(Token::Mark(mark))
                }
                None => self.wrong(&format!("`{}` means nothing here", first.escape_default())),
            },
        }
    }

    fn raw(&mut self) -> Result<Token, Mistake> {
        let inner = &self.rest()[1..];
        let Some(end) = inner.find('`') else { return self.wrong("this text does not end") };
        self.at += end + 2;
        Ok(Token::Text(inner[..end].to_owned()))
    }

    fn quoted(&mut self, quote: char) -> Result<Token, Mistake> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let mut chars = self.rest().chars();
            match chars.next() {
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(Token::Text(text));
                }
                Some('\\') => text.push(self.escape()?),
                None | Some('\n') => {
                    self.at = start;
                    return self.wrong("this text does not end");
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
    }

    /// The character that an escape means.
    fn escape(&mut self) -> Result<char, Mistake> {
        let rest = &self.rest()[1..];
        let Some(letter) = rest.chars().next() else { return self.wrong("an escape breaks off") };
        let (skipped, digits, radix) = match letter {
            'x' => (1, 2, 16),
            'u' => (1, 4, 16),
            'U' => (1, 8, 16),
            '0'..='3' => (0, 3, 8),
            _ => {
                let simple = match letter {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'v' => '\u{b}',
                    '\\' | '"' | '\'' | '`' => letter,
                    _ => return self.wrong("this escape means nothing"),
                };
                self.at += 2;
                return Ok(simple);
            }
        };
        let code = rest.get(skipped..skipped + digits);
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.and_then(|code| u32::from_str_radix(code, radix).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                self.at += 1 + skipped + digits;
                Ok(c)
            }
            None => self.wrong("this escape means nothing"),
        }
    }

    fn number(&mut self) -> Result<Token, Mistake> {
        let start = self.at;
        let radix = match self.rest().get(..2) {
            Some("0x" | "0X") => Some(16),
            Some("0b" | "0B") => Some(2),
            Some("0o" | "0O") => Some(8),
            _ => None,
        };
        let read = if let Some(radix) = radix {
            self.at += 2;
            let digits = self.take_while(|c| c.is_ascii_hexdigit() || c == '_').replace('_', "");
            i64::from_str_radix(&digits, radix).ok().map(Token::Whole)
        } else {
            let text = self.decimal();
            let whole = !text.contains(['.', 'e', 'E']);
            let whole = text.parse().ok().filter(|_| whole).map(Token::Whole);
            whole.or_else(|| text.parse().ok().map(Token::Number))
        };
        let joined = self.rest().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        match read.filter(|_| !joined) {
            Some(token) => Ok(token),
            None => {
                self.at = start;
                self.wrong("this is no number")
            }
        }
    }

    fn decimal(&mut self) -> String {
        let start = self.at;
        let digit = |c: char| c.is_ascii_digit() || c == '_';
        self.take_while(digit);
        let rest = self.rest();
        if rest.starts_with('.') && !rest.starts_with("..") {
            self.at += 1;
            self.take_while(digit);
        }
        let rest = self.rest();
        if let Some(power) = rest.strip_prefix(['e', 'E']) {
            let sign = usize::from(power.starts_with(['+', '-']));
            if power[sign..].starts_with(|c: char| c.is_ascii_digit()) {
                self.at += 1 + sign;
                self.take_while(digit);
            }
        }
        self.source[start..self.at].replace('_', "")
    }
}
