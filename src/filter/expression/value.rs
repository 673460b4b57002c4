//! The values of expressions, and what operators make of numbers.

use std::ops::Range;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::{KIND, Trouble, Valued};
use crate::rule::Operator;

/// A value.
#[derive(Clone)]
pub(super) enum Value<'a> {
    /// What it is is not known here.
    Unknown,
    Nil,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(Text<'a>),
    List(Rc<Vec<Value<'a>>>),
}

/// A text, which may be a secret or hold one.
#[derive(Clone)]
pub(super) enum Text<'a> {
    Lent(&'a [u8]),
    Made(Rc<Zeroizing<Vec<u8>>>),
}

impl<'a> Text<'a> {
    pub(super) fn made(bytes: Vec<u8>) -> Self {
        Text::Made(Rc::new(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Text::Lent(bytes) => bytes,
            Text::Made(bytes) => bytes,
        }
    }

    /// A part of it; the range must lie within.
    pub(super) fn part(&self, range: Range<usize>) -> Text<'a> {
        match self {
            Text::Lent(bytes) => Text::Lent(bytes.get(range).unwrap_or_default()),
            Text::Made(bytes) => Text::made(bytes.get(range).unwrap_or_default().to_vec()),
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn list(values: Vec<Value<'a>>) -> Self {
        Value::List(Rc::new(values))
    }

    /// Unknown, if it is that; else the trouble.
    pub(super) fn unknown_or(self, what: &'static str) -> Valued<'a> {
        match self {
            Value::Unknown => Ok(Value::Unknown),
            _ => Err(Trouble { at: 0, what }),
        }
    }

    /// How many bytes must be looked at to know it.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::Text(text) => text.bytes().len(),
            Value::List(list) => list.iter().map(Value::weight).sum::<usize>() + list.len(),
            _ => 1,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Value::Whole(number) => Some(*number as f64),
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Nil, Value::Nil) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Whole(one), Value::Whole(other)) => one == other,
            (Value::Text(one), Value::Text(other)) => one.bytes() == other.bytes(),
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && one.iter().zip(other.iter()).all(|(a, b)| a.equals(b))
            }
            _ => match (self.number(), other.number()) {
                (Some(one), Some(other)) => one == other,
                _ => false,
            },
        }
    }
}

/// What an operator makes of two numbers, or of two texts that are compared.
pub(super) fn computed<'a>(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> Valued<'a> {
    use Operator::{AtLeast, AtMost, Less, Minus, Modulo, More, Over, Plus, Power, Times};
    let wrong = || Trouble { at: 0, what: KIND };
    let order = match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.bytes().cmp(right.bytes())),
        (Value::Whole(left), Value::Whole(right)) => Some(left.cmp(right)),
        _ => left.number().zip(right.number()).and_then(|(left, right)| left.partial_cmp(&right)),
    };
    let compared = |holds: fn(std::cmp::Ordering) -> bool| {
        let numbers = left.number().is_some() && right.number().is_some();
        match order {
            Some(order) => Ok(Value::Bool(holds(order))),
            None if numbers => Ok(Value::Bool(false)),
            None => Err(wrong()),
        }
    };
    match operator {
        Less => return compared(std::cmp::Ordering::is_lt),
        AtMost => return compared(std::cmp::Ordering::is_le),
        More => return compared(std::cmp::Ordering::is_gt),
        AtLeast => return compared(std::cmp::Ordering::is_ge),
        _ => {}
    }
    if let (Value::Whole(left), Value::Whole(right)) = (left, right) {
        match operator {
            Plus => return Ok(Value::Whole(left.wrapping_add(*right))),
            Minus => return Ok(Value::Whole(left.wrapping_sub(*right))),
            Times => return Ok(Value::Whole(left.wrapping_mul(*right))),
            Modulo => return left.checked_rem(*right).map(Value::Whole).ok_or_else(wrong),
            _ => {}
        }
    }
    let (left, right) = left.number().zip(right.number()).ok_or_else(wrong)?;
    Ok(Value::Number(match operator {
        Plus => left + right,
        Minus => left - right,
        Times => left * right,
        Over => left / right,
        Power => left.powf(right),
        _ => return Err(wrong()),
    }))
}
