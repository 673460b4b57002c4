//! Dates as git has them and as people write them, without a calendar library.
//!
//! Not here: the clock, and the arithmetic of days.

use crate::calendar::{DAY, civil, days};

/// A moment, RFC 3339, with the offset (minutes east of Greenwich) of whoever noted it.
pub(super) fn rfc3339(seconds: i64, offset: i32) -> String {
    // Commits can say anything; git itself shows years of four digits.
    let offset = if (-1439..=1439).contains(&offset) { offset } else { 0 };
    let local =
        seconds.clamp(-62_135_596_800 + DAY, 253_402_300_799 - DAY) + i64::from(offset) * 60;
    let (year, month, day) = civil(local.div_euclid(DAY));
    let clock = local.rem_euclid(DAY);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let zone = match offset {
        0 => "Z".to_owned(),
        _ => {
            let sign = if offset < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
        }
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
}

/// Reads `2024-03-01`, `2024-03-01T12:30:00`, both with or without seconds and with `Z` or `+01:00`
/// behind a time: seconds since 1970. Without an offset, UTC.
///
/// # Errors
/// What is expected, if it is something else.
pub fn parse_date(text: &str) -> Result<i64, String> {
    moment(text.trim()).ok_or_else(|| {
        "expected a date such as 2024-03-01 or a time such as 2024-03-01T12:30:00Z".to_owned()
    })
}

fn moment(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut numbers = date.splitn(3, '-').map(|part| number(part, 4));
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let day_number = days(year, month, day);
    // The way back tells days that no month has.
    if date.len() != 10 || civil(day_number) != (year, month, day) {
        return None;
    }
    Some(day_number * DAY + time.map_or(Some(0), clock)?)
}

fn number(text: &str, most: usize) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Seconds since midnight in Greenwich.
fn clock(text: &str) -> Option<i64> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, "Z"),
    };
    let offset = match offset.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), rest) => {
            let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
            let seconds = limited(hours, 23)? * 3600 + limited(minutes, 59)? * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => return None,
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (limited(parts.next()?, 23)?, limited(parts.next()?, 59)?);
    let seconds = parts.next().map_or(Some(0), |seconds| limited(seconds, 60))?;
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds - offset)
}

fn limited(text: &str, most: i64) -> Option<i64> {
    number(text, 2).filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_have_the_offset_of_their_author() {
        assert_eq!(rfc3339(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_709_281_800, 60), "2024-03-01T09:30:00+01:00");
        assert_eq!(rfc3339(951_782_400, -570), "2000-02-28T14:30:00-09:30");
        assert_eq!(rfc3339(i64::MAX, i32::MAX).len(), 20);
    }

    #[test]
    fn dates_and_times_are_read() {
        assert_eq!(parse_date("2024-03-01"), Ok(1_709_251_200));
        assert_eq!(parse_date("2024-03-01T09:30:00+01:00"), Ok(1_709_281_800));
        assert_eq!(parse_date("2024-03-01 08:30"), Ok(1_709_281_800));
        for bad in ["", "2024-02-30", "2024-13-01", "24-01-01", "2024-01-01T25:00", "yesterday"] {
            assert!(parse_date(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            seconds in -60_000_000_000i64..250_000_000_000, offset in -1000i32..1000,
        ) {
            prop_assert_eq!(parse_date(&rfc3339(seconds, offset)), Ok(seconds));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZ:é+ -]{0,25}") {
            let _ = parse_date(&text);
        }
    }
}
