//! From tokens to what an expression says.
//!
//! Depth is bounded on reading, so that whoever walks through an expression need not count.

use super::lexer::{Token, tokens};
use super::{Expression, Mistake, Need, Node, Operator};

/// Bytes of an expression.
const LONGEST: usize = 512 << 10;
/// How deep parts may lie in each other.
const DEPTH: usize = 64;
/// How many operators, indices and the like of one kind may follow each other, over all.
const CHAINS: usize = 128;

/// How strongly operators bind.
mod strength {
    pub(super) const ALTERNATIVE: usize = 10;
    pub(super) const CONJUNCTION: usize = 15;
    pub(super) const COMPARISON: usize = 20;
    pub(super) const SUM: usize = 30;
    pub(super) const NOT: usize = 50;
    pub(super) const PRODUCT: usize = 60;
    pub(super) const SIGN: usize = 90;
    pub(super) const POWER: usize = 100;
    pub(super) const OTHERWISE: usize = 500;
}

pub(super) fn parse(source: &str) -> Result<Expression, Mistake> {
    if source.len() > LONGEST {
        return Err(Mistake { at: 0, message: "the expression is too long".to_owned() });
    }
    let tokens = tokens(source)?;
    let mut parser = Parser { tokens, ..Parser::default() };
    let root = parser.sequence()?;
    if parser.peek() != &Token::End {
        return parser.unexpected();
    }
    let Parser { needs, about_findings, sets_confidence, .. } = parser;
    let source = source.into();
    Ok(Expression { source, root, needs, about_findings, sets_confidence })
}

/// What may stand between two values.
#[derive(Clone, Copy)]
enum Infix {
    Any,
    All,
    Otherwise,
    Matches,
    Plain(Operator),
    Range,
    Pipe,
}

/// What is left to read, and what is known so far.
#[derive(Default)]
pub(super) struct Parser {
    tokens: Vec<(Token, usize)>,
    pub(super) next: usize,
    depth: usize,
    chains: usize,
    /// The names of values that are in reach.
    names: Vec<String>,
    needs: Vec<Need>,
    pub(super) about_findings: bool,
    pub(super) sets_confidence: bool,
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn peek_after(&self) -> &Token {
        self.tokens.get(self.next + 1).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn at(&self) -> usize {
        let last = self.tokens.last().map_or(0, |(_, at)| *at);
        self.tokens.get(self.next).map_or(last, |(_, at)| *at)
    }

    pub(super) fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake { at: self.at(), message: message.into() })
    }

    pub(super) fn unexpected<T>(&self) -> Result<T, Mistake> {
        match self.peek() {
            Token::End => self.wrong("the expression breaks off"),
            Token::Word(word) => self.wrong(format!("`{word}` is not expected here")),
            Token::Mark(mark) => self.wrong(format!("`{mark}` is not expected here")),
            _ => self.wrong("a value is not expected here"),
        }
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        matches!(self.peek(), Token::Mark(one) if *one == mark)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(one) if one == word)
    }

    pub(super) fn skip(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.next += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, mark: &str) -> Result<(), Mistake> {
        if self.skip(mark) { Ok(()) } else { self.unexpected() }
    }

    /// Something that there is not.
    pub(super) fn unknown(&mut self, at: usize, what: impl Into<String>) -> Node {
        let what = what.into();
        if !self.needs.iter().any(|need| need.what == what) {
            self.needs.push(Need { at, what });
        }
        Node::Unknown
    }

    fn chain(&mut self) -> Result<(), Mistake> {
        self.chains += 1;
        if self.chains > CHAINS { self.wrong("the expression is too deep") } else { Ok(()) }
    }

    /// Names for values, and what is said with them.
    fn sequence(&mut self) -> Result<Node, Mistake> {
        let reach = self.names.len();
        let mut values = Vec::new();
        let body = loop {
            let name = if self.is_word("let") {
                self.next += 1;
                let Token::Word(name) = self.take() else {
                    self.next -= 1;
                    return self.unexpected();
                };
                self.expect("=")?;
                Some(name)
            } else {
                None
            };
            let value = self.expression(0)?;
            if name.is_some() && !self.is_mark(";") {
                return self.unexpected();
            }
            let more = self.skip(";") && self.peek() != &Token::End && !self.is_mark(")");
            if !more {
                break value;
            }
            values.push(value);
            self.names.push(name.unwrap_or_default());
        };
        self.names.truncate(reach);
        Ok(if values.is_empty() { body } else { Node::Let(values, Box::new(body)) })
    }

    /// An expression whose operators bind at least so strongly.
    pub(super) fn expression(&mut self, least: usize) -> Result<Node, Mistake> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.wrong("the expression is too deep");
        }
        let mut left = self.operand()?;
        let mut before = None;
        while let Some((infix, strength, negated, width)) = self.infix() {
            if strength < least {
                break;
            }
            let at = self.at();
            self.next += width;
            if before.is_some() {
                // Only these two lie beside each other instead of in each other.
                if !matches!(infix, Infix::Any | Infix::All) {
                    self.chain()?;
                }
            }
            left = self.joined(left, infix, strength, at)?;
            if before == Some(strength::COMPARISON) && strength == strength::COMPARISON {
                left = self.unknown(at, "comparisons in a row");
            }
            before = Some(strength);
            if negated {
                left = Node::Not(Box::new(left));
            }
        }
        if least == 0 && self.skip("?") {
            let yes = self.expression(0)?;
            self.expect(":")?;
            let no = self.expression(0)?;
            left = Node::Choice(Box::new([left, yes, no]));
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The operator that comes next, how strongly it binds, whether it is negated, and its tokens.
    fn infix(&self) -> Option<(Infix, usize, bool, usize)> {
        use strength::{ALTERNATIVE, COMPARISON, CONJUNCTION, OTHERWISE, POWER, PRODUCT, SUM};
        let plain = |operator, strength| Some((Infix::Plain(operator), strength, false, 1));
        let word = |word: &str| {
            Some(match word {
                "in" => Infix::Plain(Operator::In),
                "contains" => Infix::Plain(Operator::Contains),
                "startsWith" => Infix::Plain(Operator::StartsWith),
                "endsWith" => Infix::Plain(Operator::EndsWith),
                "matches" => Infix::Matches,
                _ => return None,
            })
        };
        match self.peek() {
            Token::Mark(mark) => match *mark {
                "||" => Some((Infix::Any, ALTERNATIVE, false, 1)),
                "&&" => Some((Infix::All, CONJUNCTION, false, 1)),
                "??" => Some((Infix::Otherwise, OTHERWISE, false, 1)),
                ".." => Some((Infix::Range, COMPARISON + 5, false, 1)),
                "|" => Some((Infix::Pipe, 0, false, 1)),
                "==" => plain(Operator::Equal, COMPARISON),
                "!=" => plain(Operator::Unequal, COMPARISON),
                "<" => plain(Operator::Less, COMPARISON),
                "<=" => plain(Operator::AtMost, COMPARISON),
                ">" => plain(Operator::More, COMPARISON),
                ">=" => plain(Operator::AtLeast, COMPARISON),
                "+" => plain(Operator::Plus, SUM),
                "-" => plain(Operator::Minus, SUM),
                "*" => plain(Operator::Times, PRODUCT),
                "/" => plain(Operator::Over, PRODUCT),
                "%" => plain(Operator::Modulo, PRODUCT),
                "^" | "**" => plain(Operator::Power, POWER),
                _ => None,
            },
            Token::Word(first) => match (first.as_str(), self.peek_after()) {
                ("or", _) => Some((Infix::Any, ALTERNATIVE, false, 1)),
                ("and", _) => Some((Infix::All, CONJUNCTION, false, 1)),
                ("not", Token::Word(second)) => Some((word(second)?, COMPARISON, true, 2)),
                (first, _) => Some((word(first)?, COMPARISON, false, 1)),
            },
            _ => None,
        }
    }

    /// An operator with the value on its right.
    fn joined(
        &mut self,
        left: Node,
        infix: Infix,
        strength: usize,
        at: usize,
    ) -> Result<Node, Mistake> {
        if let Infix::Pipe = infix {
            let Token::Word(name) = self.take() else {
                self.next -= 1;
                return self.unexpected();
            };
            self.expect("(")?;
            return self.call(&name, Some(left), at);
        }
        let right_first = matches!(infix, Infix::Plain(Operator::Power));
        let right = self.expression(strength + usize::from(!right_first))?;
        let push = |mut nodes: Vec<Node>, right| {
            nodes.push(right);
            nodes
        };
        Ok(match (infix, left) {
            (Infix::Any, Node::Any(nodes)) => Node::Any(push(nodes, right)),
            (Infix::Any, left) => Node::Any(vec![left, right]),
            (Infix::All, Node::All(nodes)) => Node::All(push(nodes, right)),
            (Infix::All, left) => Node::All(vec![left, right]),
            (Infix::Otherwise, left) => Node::Otherwise(Box::new([left, right])),
            (Infix::Plain(operator), left) => Node::Binary(operator, Box::new([left, right]), at),
            (Infix::Matches, left) => self.matches(left, vec![right], at),
            (Infix::Range | Infix::Pipe, _) => self.unknown(at, "a range"),
        })
    }

    /// A value, with the operators before it and what is taken of it.
    fn operand(&mut self) -> Result<Node, Mistake> {
        let strength = match self.peek() {
            Token::Mark("!") => strength::NOT,
            Token::Word(word) if word == "not" => strength::NOT,
            Token::Mark("-" | "+") => strength::SIGN,
            _ => {
                let value = self.value()?;
                return self.taken(value);
            }
        };
        let sign = self.take();
        let value = self.expression(strength)?;
        Ok(match (sign, value) {
            (Token::Mark("+"), value) => value,
            (Token::Mark("-"), Node::Whole(number)) => Node::Whole(number.wrapping_neg()),
            (Token::Mark("-"), Node::Number(number)) => Node::Number(-number),
            (Token::Mark("-"), value) => Node::Negative(Box::new(value)),
            (_, value) => Node::Not(Box::new(value)),
        })
    }

    fn value(&mut self) -> Result<Node, Mistake> {
        let at = self.at();
        match self.take() {
            Token::Text(text) => Ok(Node::Text(text.into_bytes().into())),
            Token::Whole(number) => Ok(Node::Whole(number)),
            Token::Number(number) => Ok(Node::Number(number)),
            Token::Mark("(") => {
                let inner = self.sequence()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Mark("[") => Ok(Node::List(self.values("]")?)),
            Token::Mark("{") => self.braces(at),
            // What a function that runs over a list is given; the function is what is lacking.
            Token::Mark("#") => Ok(Node::Unknown),
            Token::Word(word) => self.word(word, at),
            _ => {
                self.next -= 1;
                self.unexpected()
            }
        }
    }

    /// Values with commas between them, up to a mark.
    pub(super) fn values(&mut self, end: &str) -> Result<Vec<Node>, Mistake> {
        let mut values = Vec::new();
        while !self.skip(end) {
            values.push(self.expression(0)?);
            if !self.skip(",") && !self.is_mark(end) {
                return self.unexpected();
            }
        }
        Ok(values)
    }

    /// A map, or what a function does with each item.
    fn braces(&mut self, at: usize) -> Result<Node, Mistake> {
        let needs = self.needs.len();
        while !self.skip("}") {
            self.expression(0)?;
            if self.skip(":") {
                self.expression(0)?;
            }
            if !self.skip(",") && !self.is_mark("}") {
                return self.unexpected();
            }
        }
        self.needs.truncate(needs);
        Ok(self.unknown(at, "a map"))
    }

    fn word(&mut self, word: String, at: usize) -> Result<Node, Mistake> {
        if let Some(local) = self.names.iter().rposition(|name| *name == word) {
            return Ok(Node::Local(local));
        }
        match word.as_str() {
            "true" => return Ok(Node::Bool(true)),
            "false" => return Ok(Node::Bool(false)),
            "nil" | "null" => return Ok(Node::Nil),
            "if" => {
                self.next -= 1;
                return self.wrong("`if` with braces is not read");
            }
            "finding" | "attributes" => return self.entry(&word, at),
            _ => {}
        }
        if self.skip("(") {
            return self.call(&word, None, at);
        }
        let Token::Word(inner) = self.peek_after().clone() else {
            return Ok(self.unknown(at, format!("`{word}`")));
        };
        if !self.is_mark(".") {
            return Ok(self.unknown(at, format!("`{word}`")));
        }
        self.next += 2;
        if !self.skip("(") {
            return Ok(self.unknown(at, format!("`{word}.{inner}`")));
        }
        let own = word == "filter" && OWN.contains(&inner.as_str());
        let name = if own { inner } else { format!("{word}.{inner}") };
        self.call(&name, None, at)
    }

    /// What is taken of a value: items, parts, and what older expressions write like that.
    fn taken(&mut self, mut value: Node) -> Result<Node, Mistake> {
        loop {
            let at = self.at();
            if self.skip("[") {
                self.chain()?;
                value = self.item(value)?;
            } else if self.skip(".") || self.skip("?.") {
                self.chain()?;
                if self.skip("[") {
                    value = self.item(value)?;
                    continue;
                }
                let Token::Word(name) = self.take() else {
                    self.next -= 1;
                    return self.unexpected();
                };
                let called = self.skip("(");
                let mut values = if called { self.values(")")? } else { Vec::new() };
                value = match (name.as_str(), values.pop(), values.is_empty()) {
                    ("contains", Some(part), true) => {
                        Node::Binary(Operator::Contains, Box::new([value, part]), at)
                    }
                    _ => self.unknown(at, format!("`.{name}`")),
                };
            } else {
                return Ok(value);
            }
        }
    }

    fn item(&mut self, value: Node) -> Result<Node, Mistake> {
        let from = if self.is_mark(":") { None } else { Some(Box::new(self.expression(0)?)) };
        if !self.skip(":") {
            self.expect("]")?;
            let Some(index) = from else { return self.unexpected() };
            return Ok(Node::Item(Box::new([value, *index])));
        }
        let to = if self.is_mark("]") { None } else { Some(Box::new(self.expression(0)?)) };
        self.expect("]")?;
        Ok(Node::Part(Box::new(value), from, to))
    }
}

/// Functions that older expressions call with `filter.` before their name.
const OWN: [&str; 6] =
    ["matchesAny", "findMatch", "containsAny", "entropy", "failsTokenEfficiency", "tokenRatio"];
