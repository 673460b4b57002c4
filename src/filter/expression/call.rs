//! The functions of expressions.

use super::value::{Text, Value};
use super::{Evaluator, ITEMS, KIND, LIMIT, RANGE, Trouble, Valued};
use crate::filter::shannon;
use crate::finding::Confidence;
use crate::rule::Function;

/// What a function makes of values, none of which is unknown.
pub(super) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    function: Function,
    values: &[Value<'a>],
) -> Valued<'a> {
    let weight = values.iter().map(Value::weight).fold(0, usize::saturating_add);
    evaluator.charge(weight)?;
    let wrong = || Trouble { at: 0, what: KIND };
    match (function, values) {
        (Function::SetConfidence, [Value::Text(level)]) => {
            let level = std::str::from_utf8(level.bytes()).unwrap_or_default();
            evaluator.confidence = confidence(level).or(evaluator.confidence);
            Ok(values[0].clone())
        }
        (Function::Max | Function::Min, [Value::List(list)]) => extreme(function, list),
        (Function::Max | Function::Min, all) => extreme(function, all),
        (Function::First, [Value::List(list)]) => Ok(list.first().cloned().unwrap_or(Value::Nil)),
        (Function::Last, [Value::List(list)]) => Ok(list.last().cloned().unwrap_or(Value::Nil)),
        (Function::Len, [Value::List(list)]) => place(list.len()),
        (Function::Abs, [Value::Whole(number)]) => Ok(Value::Whole(number.wrapping_abs())),
        (Function::Abs, [Value::Number(number)]) => Ok(Value::Number(number.abs())),
        (Function::Int, [value]) => int(value),
        (Function::Float, [value]) => float(value),
        (Function::Text, [value]) => text(value),
        (Function::Join, [Value::List(list)]) => join(evaluator, list, b""),
        (Function::Join, [Value::List(list), Value::Text(between)]) => {
            join(evaluator, list, between.bytes())
        }
        (Function::Split, [Value::Text(text), Value::Text(between)]) => split(text, between),
        (_, [Value::Text(text)]) => of_text(function, text).ok_or_else(wrong),
        (_, [Value::Text(text), Value::Text(part)]) => {
            of_part(function, text, part.bytes()).ok_or_else(wrong)
        }
        (Function::Replace, [Value::Text(text), Value::Text(old), Value::Text(new)]) => {
            replace(evaluator, text.bytes(), old.bytes(), new.bytes())
        }
        _ => Err(wrong()),
    }
}

fn confidence(level: &str) -> Option<Confidence> {
    let all = [Confidence::Low, Confidence::Medium, Confidence::High];
    all.into_iter().find(|confidence| confidence.as_str() == level)
}

fn place<'a>(number: usize) -> Valued<'a> {
    i64::try_from(number).map(Value::Whole).map_err(|_| LIMIT)
}

fn extreme<'a>(function: Function, values: &[Value<'a>]) -> Valued<'a> {
    let mut best: Option<(&Value<'a>, f64)> = None;
    for value in values {
        let number = value.number().ok_or(Trouble { at: 0, what: KIND })?;
        let better = |best: f64| match function {
            Function::Max => number > best,
            _ => number < best,
        };
        if best.is_none_or(|(_, best)| better(best)) {
            best = Some((value, number));
        }
    }
    best.map(|(value, _)| value.clone()).ok_or(Trouble { at: 0, what: RANGE })
}

fn parsed<'a, T: std::str::FromStr>(text: &Text<'_>, make: fn(T) -> Value<'a>) -> Valued<'a> {
    let text = std::str::from_utf8(text.bytes()).unwrap_or_default();
    text.parse().map(make).map_err(|_| Trouble { at: 0, what: RANGE })
}

fn int<'a>(value: &Value<'a>) -> Valued<'a> {
    match value {
        Value::Whole(number) => Ok(Value::Whole(*number)),
        Value::Number(number) => Ok(Value::Whole(*number as i64)),
        Value::Text(text) => parsed(text, Value::Whole),
        _ => Err(Trouble { at: 0, what: KIND }),
    }
}

fn float<'a>(value: &Value<'a>) -> Valued<'a> {
    match value {
        Value::Text(text) => parsed(text, Value::Number),
        value => value.number().map(Value::Number).ok_or(Trouble { at: 0, what: KIND }),
    }
}

fn text<'a>(value: &Value<'a>) -> Valued<'a> {
    Ok(Value::Text(Text::made(match value {
        Value::Text(_) => return Ok(value.clone()),
        Value::Bool(yes) => yes.to_string().into_bytes(),
        Value::Whole(number) => number.to_string().into_bytes(),
        // Very great and very small numbers are written otherwise there.
        Value::Number(number) if (1e-4..1e20).contains(&number.abs()) || *number == 0.0 => {
            number.to_string().into_bytes()
        }
        Value::Number(_) => return Ok(Value::Unknown),
        _ => return Err(Trouble { at: 0, what: KIND }),
    })))
}

fn join<'a>(evaluator: &mut Evaluator<'a>, list: &[Value<'a>], between: &[u8]) -> Valued<'a> {
    evaluator.charge(between.len().saturating_mul(list.len()))?;
    let mut joined = Vec::new();
    for (number, value) in list.iter().enumerate() {
        let Value::Text(text) = value else { return Err(Trouble { at: 0, what: KIND }) };
        if number > 0 {
            joined.extend_from_slice(between);
        }
        joined.extend_from_slice(text.bytes());
    }
    Ok(Value::Text(Text::made(joined)))
}

fn split<'a>(text: &Text<'a>, between: &Text<'a>) -> Valued<'a> {
    let (bytes, between) = (text.bytes(), between.bytes());
    if between.is_empty() {
        return Ok(Value::Unknown);
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(bytes, between) {
        parts.push(Value::Text(text.part(start..at)));
        start = at + between.len();
        if parts.len() > ITEMS {
            return Err(LIMIT);
        }
    }
    parts.push(Value::Text(text.part(start..bytes.len())));
    Ok(Value::list(parts))
}

fn replace<'a>(evaluator: &mut Evaluator<'a>, text: &[u8], old: &[u8], new: &[u8]) -> Valued<'a> {
    if old.is_empty() {
        return Ok(Value::Unknown);
    }
    let mut made = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(text, old) {
        evaluator.charge(new.len())?;
        made.extend_from_slice(&text[start..at]);
        made.extend_from_slice(new);
        start = at + old.len();
    }
    made.extend_from_slice(&text[start..]);
    Ok(Value::Text(Text::made(made)))
}

fn of_text<'a>(function: Function, text: &Text<'a>) -> Option<Value<'a>> {
    let bytes = text.bytes();
    let shown = || String::from_utf8_lossy(bytes);
    let made = |text: String| Value::Text(Text::made(text.into_bytes()));
    Some(match function {
        Function::Entropy if bytes.is_empty() => Value::Number(0.0),
        Function::Entropy => Value::Number(shannon(bytes)),
        Function::Len => Value::Whole(i64::try_from(shown().chars().count()).ok()?),
        Function::Lower => made(shown().to_lowercase()),
        Function::Upper => made(shown().to_uppercase()),
        Function::Trim => {
            let start = bytes.len() - bytes.trim_ascii_start().len();
            Value::Text(text.part(start..start + bytes.trim_ascii().len()))
        }
        _ => return None,
    })
}

fn of_part<'a>(function: Function, text: &Text<'a>, part: &[u8]) -> Option<Value<'a>> {
    let bytes = text.bytes();
    let place = |place: Option<usize>| {
        Value::Whole(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1))
    };
    Some(match function {
        Function::HasPrefix => Value::Bool(bytes.starts_with(part)),
        Function::HasSuffix => Value::Bool(bytes.ends_with(part)),
        Function::TrimPrefix => {
            let start = if bytes.starts_with(part) { part.len() } else { 0 };
            Value::Text(text.part(start..bytes.len()))
        }
        Function::TrimSuffix => {
            let end = if bytes.ends_with(part) { bytes.len() - part.len() } else { bytes.len() };
            Value::Text(text.part(0..end))
        }
        Function::IndexOf => place(memchr::memmem::find(bytes, part)),
        Function::LastIndexOf => place(memchr::memmem::rfind(bytes, part)),
        _ => return None,
    })
}
