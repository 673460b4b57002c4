//! What an expression of betterleaks' configurations comes to for a match or a path.
//!
//! What the expression asks for and there is not is unknown, and whatever depends on it as well: no
//! finding is dropped on an unknown ground. Work and memory are bounded; what needs more drops nothing.

mod call;
mod value;

use zeroize::Zeroizing;

use super::allowlist::Subject;
use crate::finding::Confidence;
use crate::rule::{Expression, Fact, Function, Node, Operator};
use crate::span::Span;
use value::{Text, Value};

/// Parts of an expression that are looked at, at most.
const STEPS: usize = 100_000;
/// Bytes that are looked at or made, at most.
const BYTES: usize = 64 << 20;
/// Items of a list, at most.
const ITEMS: usize = 100_000;

/// What an expression says of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Whether the match is no finding.
    pub drops: bool,
    /// How sure it is, if the expression says that.
    pub confidence: Option<Confidence>,
}

/// Why an expression came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Where, in bytes of the expression.
    pub at: usize,
    /// What happened.
    pub what: &'static str,
}

/// What an expression looks at.
struct Facts<'a> {
    path: &'a str,
    finding: Option<Finding<'a>>,
}

/// What an expression looks at of a finding.
#[derive(Default)]
struct Finding<'a> {
    secret: &'a [u8],
    matched: &'a [u8],
    line: &'a [u8],
    rule: &'a str,
    description: &'a str,
    around: Option<(&'a [u8], Span)>,
}

/// What `expression` says of `subject`.
pub fn outcome(expression: &Expression, subject: &Subject<'_>) -> Outcome {
    let finding = Finding {
        secret: subject.secret,
        matched: subject.matched,
        line: subject.line,
        rule: &subject.rule.id,
        description: &subject.rule.description,
        around: subject.around,
    };
    let facts = Facts { path: subject.path, finding: Some(finding) };
    let mut evaluator = Evaluator::new(&facts);
    let drops = matches!(evaluator.value(expression.root()), Ok(Value::Bool(true)));
    Outcome { drops, confidence: evaluator.confidence }
}

/// Whether `expression`, which looks at places alone, drops content at `path`.
pub fn drops_path(expression: &Expression, path: &str) -> bool {
    if expression.is_about_findings() {
        return false;
    }
    let facts = Facts { path, finding: None };
    matches!(Evaluator::new(&facts).value(expression.root()), Ok(Value::Bool(true)))
}

/// What is wrong with an expression whatever it looks at, as far as a trial with an empty finding tells.
pub fn trouble(expression: &Expression) -> Option<Trouble> {
    let around = Some((&b""[..], Span::new(0, 0)));
    let finding = Finding { around, ..Finding::default() };
    let facts = Facts { path: "", finding: Some(finding) };
    match Evaluator::new(&facts).value(expression.root()) {
        Ok(Value::Bool(_) | Value::Unknown) => None,
        Ok(_) => Some(Trouble { at: 0, what: "it comes to neither yes nor no" }),
        // That hangs on what it looks at.
        Err(trouble) if trouble == LIMIT || trouble.what == RANGE => None,
        Err(trouble) => Some(trouble),
    }
}

const LIMIT: Trouble = Trouble { at: 0, what: "it is too much work" };
const RANGE: &str = "there is no such item";
const KIND: &str = "this does not fit its values";

type Valued<'a> = Result<Value<'a>, Trouble>;

struct Evaluator<'a> {
    facts: &'a Facts<'a>,
    locals: Vec<Value<'a>>,
    steps: usize,
    bytes: usize,
    confidence: Option<Confidence>,
}

impl<'a> Evaluator<'a> {
    fn new(facts: &'a Facts<'a>) -> Self {
        Self { facts, locals: Vec::new(), steps: STEPS, bytes: BYTES, confidence: None }
    }

    /// Accounts for so many bytes.
    fn charge(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(LIMIT)?;
        Ok(())
    }

    fn value(&mut self, whole: &'a Node) -> Valued<'a> {
        self.steps = self.steps.checked_sub(1).ok_or(LIMIT)?;
        Ok(match whole {
            Node::Unknown => Value::Unknown,
            Node::Nil => Value::Nil,
            Node::Bool(yes) => Value::Bool(*yes),
            Node::Whole(number) => Value::Whole(*number),
            Node::Number(number) => Value::Number(*number),
            Node::Text(text) => Value::Text(Text::Lent(text)),
            Node::List(nodes) => self.list(nodes)?,
            Node::Fact(fact) => self.fact(*fact),
            Node::Path => Value::Text(Text::Lent(self.facts.path.as_bytes())),
            Node::Local(number) => self.locals.get(*number).cloned().unwrap_or(Value::Unknown),
            Node::Let(values, body) => return self.named(values, body),
            Node::All(nodes) => self.connected(nodes, false)?,
            Node::Any(nodes) => self.connected(nodes, true)?,
            Node::Not(node) => match self.value(node)? {
                Value::Bool(yes) => Value::Bool(!yes),
                other => other.unknown_or(KIND)?,
            },
            Node::Negative(node) => match self.value(node)? {
                Value::Whole(number) => Value::Whole(number.wrapping_neg()),
                Value::Number(number) => Value::Number(-number),
                other => other.unknown_or(KIND)?,
            },
            Node::Choice(nodes) => match self.value(&nodes[0])? {
                Value::Bool(true) => self.value(&nodes[1])?,
                Value::Bool(false) => self.value(&nodes[2])?,
                other => other.unknown_or(KIND)?,
            },
            Node::Otherwise(nodes) => match self.value(&nodes[0])? {
                Value::Nil => self.value(&nodes[1])?,
                value => value,
            },
            Node::Binary(operator, nodes, at) => {
                let (left, right) = (self.value(&nodes[0])?, self.value(&nodes[1])?);
                self.binary(*operator, left, right)
                    .map_err(|trouble| Trouble { at: *at, ..trouble })?
            }
            Node::Item(nodes) => {
                let (list, index) = (self.value(&nodes[0])?, self.value(&nodes[1])?);
                item(list, index)?
            }
            Node::Part(node, from, to) => self.part(node, from.as_deref(), to.as_deref())?,
            Node::Matches(node, _) | Node::Find(node, _) | Node::Holds(node, _) => {
                match self.value(node)? {
                    Value::Text(text) => self.sought(whole, &text)?,
                    other => other.unknown_or(KIND)?,
                }
            }
            Node::Call(function, nodes, at) => self.called(*function, nodes, *at)?,
        })
    }

    /// What comes of a search in a text.
    fn sought(&mut self, search: &Node, text: &Text<'a>) -> Valued<'a> {
        let bytes = text.bytes();
        self.charge(bytes.len())?;
        Ok(match search {
            Node::Matches(_, None) => Value::Bool(false),
            Node::Matches(_, Some(pattern)) => match pattern.regex() {
                Some(regex) => Value::Bool(regex.is_match(bytes)),
                None => Value::Unknown,
            },
            Node::Find(_, pattern) => match pattern.regex() {
                Some(regex) => {
                    Value::Text(text.part(regex.find(bytes).map_or(0..0, |m| m.range())))
                }
                None => Value::Unknown,
            },
            Node::Holds(_, words) => {
                let small = Zeroizing::new(String::from_utf8_lossy(bytes).to_lowercase());
                words.are_in(small.as_bytes()).map_or(Value::Unknown, Value::Bool)
            }
            _ => Value::Unknown,
        })
    }

    fn called(&mut self, function: Function, nodes: &'a [Node], at: usize) -> Valued<'a> {
        let Value::List(values) = self.list(nodes)? else { return Ok(Value::Unknown) };
        call::call(self, function, &values).map_err(|trouble| Trouble { at, ..trouble })
    }

    fn list(&mut self, nodes: &'a [Node]) -> Valued<'a> {
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(self.value(node)?);
        }
        let known = !values.iter().any(|value| matches!(value, Value::Unknown));
        Ok(if known { Value::list(values) } else { Value::Unknown })
    }

    fn named(&mut self, values: &'a [Node], body: &'a Node) -> Valued<'a> {
        let reach = self.locals.len();
        for value in values {
            let value = self.value(value)?;
            self.locals.push(value);
        }
        let value = self.value(body);
        self.locals.truncate(reach);
        value
    }

    /// Whether all hold, or one does if that `settles`: the first that tells is the last one asked.
    fn connected(&mut self, nodes: &'a [Node], settles: bool) -> Valued<'a> {
        let mut known = true;
        for node in nodes {
            match self.value(node)? {
                Value::Bool(yes) if yes == settles => return Ok(Value::Bool(yes)),
                Value::Bool(_) => {}
                other => {
                    other.unknown_or(KIND)?;
                    known = false;
                }
            }
        }
        Ok(if known { Value::Bool(!settles) } else { Value::Unknown })
    }

    fn fact(&self, fact: Fact) -> Value<'a> {
        let Some(finding) = &self.facts.finding else { return Value::Unknown };
        let text = |bytes: &'a [u8]| Value::Text(Text::Lent(bytes));
        let place = |place: usize| i64::try_from(place).map_or(Value::Unknown, Value::Whole);
        match (fact, finding.around) {
            (Fact::Secret, _) => text(finding.secret),
            (Fact::Match, _) => text(finding.matched),
            (Fact::Line, _) => text(finding.line),
            (Fact::RuleId, _) => text(finding.rule.as_bytes()),
            (Fact::Description, _) => text(finding.description.as_bytes()),
            (_, None) => Value::Unknown,
            (Fact::Fragment, Some((bytes, _))) => text(bytes),
            (Fact::MatchStart, Some((_, at))) => place(at.start),
            (Fact::MatchEnd, Some((_, at))) => place(at.end),
            (Fact::LineStart, Some((bytes, at))) => place(line_around(bytes, at).start),
            (Fact::LineEnd, Some((bytes, at))) => place(line_around(bytes, at).end),
        }
    }

    fn binary(&mut self, operator: Operator, left: Value<'a>, right: Value<'a>) -> Valued<'a> {
        use Operator::{Contains, EndsWith, Equal, In, Plus, StartsWith, Unequal};
        if matches!(left, Value::Unknown) || matches!(right, Value::Unknown) {
            return Ok(Value::Unknown);
        }
        self.charge(left.weight().saturating_add(right.weight()))?;
        Ok(match (operator, left, right) {
            (Equal, left, right) => Value::Bool(left.equals(&right)),
            (Unequal, left, right) => Value::Bool(!left.equals(&right)),
            (In, value, Value::List(list)) => {
                self.charge(value.weight().saturating_mul(list.len()))?;
                Value::Bool(list.iter().any(|item| item.equals(&value)))
            }
            (Contains, Value::Text(text), Value::Text(part)) => {
                Value::Bool(memchr::memmem::find(text.bytes(), part.bytes()).is_some())
            }
            (StartsWith, Value::Text(text), Value::Text(part)) => {
                Value::Bool(text.bytes().starts_with(part.bytes()))
            }
            (EndsWith, Value::Text(text), Value::Text(part)) => {
                Value::Bool(text.bytes().ends_with(part.bytes()))
            }
            (Plus, Value::Text(left), Value::Text(right)) => {
                Value::Text(Text::made([left.bytes(), right.bytes()].concat()))
            }
            (operator, left, right) => value::computed(operator, &left, &right)?,
        })
    }

    fn part(&mut self, node: &'a Node, from: Option<&'a Node>, to: Option<&'a Node>) -> Valued<'a> {
        let value = self.value(node)?;
        let length = match &value {
            Value::Text(text) => text.bytes().len(),
            Value::List(list) => list.len(),
            other => return other.clone().unknown_or(KIND),
        };
        let mut end = |node: Option<&'a Node>, default: usize| match node {
            None => Ok(Some(default)),
            Some(node) => match self.value(node)? {
                Value::Whole(number) => Ok(Some(within(number, length))),
                other => other.unknown_or(KIND).map(|_| None),
            },
        };
        let (Some(from), Some(to)) = (end(from, 0)?, end(to, length)?) else {
            return Ok(Value::Unknown);
        };
        let range = from.min(to)..to;
        Ok(match value {
            Value::Text(text) => Value::Text(text.part(range)),
            Value::List(list) => Value::list(list[range].to_vec()),
            _ => Value::Unknown,
        })
    }
}

/// A place of a text or list; negative ones count from its end.
fn within(number: i64, length: usize) -> usize {
    let size = i64::try_from(length).unwrap_or(i64::MAX);
    let place = if number < 0 { size.saturating_add(number) } else { number };
    usize::try_from(place.clamp(0, size)).unwrap_or(length)
}

fn item<'a>(list: Value<'a>, index: Value<'a>) -> Valued<'a> {
    match (list, index) {
        (Value::Unknown, _) | (_, Value::Unknown) => Ok(Value::Unknown),
        (Value::List(list), Value::Whole(number)) => {
            let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
            let place = if number < 0 { size.saturating_add(number) } else { number };
            let item = usize::try_from(place).ok().and_then(|place| list.get(place));
            item.cloned().ok_or(Trouble { at: 0, what: RANGE })
        }
        _ => Err(Trouble { at: 0, what: KIND }),
    }
}

/// The lines that hold a span.
fn line_around(text: &[u8], at: Span) -> Span {
    let (start, end) = (at.start.min(text.len()), at.end.min(text.len()));
    let before = memchr::memrchr2(b'\n', b'\r', &text[..start]);
    let after = memchr::memchr2(b'\n', b'\r', &text[end..]);
    Span::new(before.map_or(0, |at| at + 1), after.map_or(text.len(), |at| end + at))
}

#[cfg(test)]
mod tests;
