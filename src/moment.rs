//! Moments and days, in UTC: seconds since 1970 as formats write them, and days as people write them.
//!
//! Not here: the clock. Whoever needs the time is given it.

use std::fmt;

use crate::calendar;

/// Seconds of a day.
const DAY: u64 = calendar::DAY.unsigned_abs();

/// Seconds since 1970 as `2024-05-06T10:00:00`, in UTC.
pub fn utc(seconds: u64) -> String {
    let (day, rest) = (Day::of(seconds), seconds % DAY);
    format!("{day}T{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Reads a moment as RFC 3339 writes it, to seconds since 1970; none for what is no moment.
pub fn seconds(text: &str) -> Option<i64> {
    let day = Day::parse(text.get(..10)?)?;
    let number = |from: usize| -> Option<i64> {
        let part = text.get(from..from + 2)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let apart = text.get(10..11)? == "T" && text.get(13..14)? == ":" && text.get(16..17)? == ":";
    let (hour, minute, second) = (number(11)?, number(14)?, number(17)?);
    let rest = text.get(19..)?;
    let zone = &rest[rest.find(['Z', '+', '-'])?..];
    let shift = match zone.as_bytes()[0] {
        b'Z' => 0,
        sign => {
            let at = text.len() - zone.len();
            let minutes = number(at + 1)? * 60 + number(at + 4)?;
            if sign == b'-' { -minutes } else { minutes }
        }
    };
    apart.then_some(day.number() * calendar::DAY + hour * 3600 + minute * 60 + second - shift * 60)
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u64,
    month: u64,
    day: u64,
}

impl Day {
    /// The day of a moment in seconds since 1970, in UTC.
    pub fn of(seconds: u64) -> Self {
        let (year, month, day) = calendar::civil((seconds / DAY) as i64);
        // None of them is below nought from 1970 on.
        Self { year: year.unsigned_abs(), month: month.unsigned_abs(), day: day.unsigned_abs() }
    }

    /// Days since 1970, the inverse of [`Day::of`].
    fn number(self) -> i64 {
        calendar::days(self.year as i64, self.month as i64, self.day as i64)
    }

    /// Reads `2024-05-06`; none for what is no day.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let all = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            all.then(|| part.parse::<u64>().ok()).flatten()
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        let right = (1..=12).contains(&month) && (1..=length).contains(&day);
        (right && parts.next().is_none()).then_some(Self { year, month, day })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_moments() {
        assert_eq!(utc(0), "1970-01-01T00:00:00");
        assert_eq!(utc(951_782_399), "2000-02-28T23:59:59");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00");
        assert_eq!(utc(1_735_689_599), "2024-12-31T23:59:59");
    }

    #[test]
    fn moments_are_read_back() {
        for time in [0, 951_782_399, 951_782_400, 1_735_689_599, 4_102_444_800] {
            assert_eq!(seconds(&format!("{}Z", utc(time))), i64::try_from(time).ok());
        }
        assert_eq!(seconds("1970-01-01T01:30:00+01:30"), Some(0));
        assert_eq!(seconds("1969-12-31T19:00:00-05:00"), Some(0));
        assert_eq!(seconds("1960-01-01T00:00:00Z"), Some(-315_619_200));
        assert_eq!(seconds("2024-05-06T10:00:00.5Z"), seconds("2024-05-06T10:00:00Z"));
        for wrong in [
            "",
            "2024-05-06",
            "2024-05-06T10:00:00",
            "2024-05-06T1x:00:00Z",
            "2024-05-06T10:00:00+1",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_read_and_ordered() {
        let day = |text| Day::parse(text);
        assert_eq!(day("2024-02-29").map(|d| d.to_string()).as_deref(), Some("2024-02-29"));
        assert!(day("2024-05-06") < day("2024-05-07") && day("2023-12-31") < day("2024-01-01"));
        for wrong in [
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "2024-04-31",
            "20240401",
            "x",
            "2024-01-01-1",
            "+024-01-01",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        assert_eq!(day("1970-01-02"), Some(Day::of(86_400)));
    }
}
