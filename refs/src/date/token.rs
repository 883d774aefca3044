//! From a text to its tokens: words, numbers, days, times of day, zones.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::DateProblem;
use super::words::{Half, Word, meaning};

/// A piece that is wrong, and what is wrong with it.
pub(super) type Wrong = (String, DateProblem);

/// What a piece of the text is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Word(Word),
    /// A number of at most eight digits.
    Number(i64),
    /// Nanoseconds since 1970-01-01 UTC.
    Epoch(i128),
    Date(Date),
    Time(Time),
    Zone(Offset),
}

/// A piece of the text, and what it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) piece: String,
    pub(super) meaning: Meaning,
}

/// The tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Wrong> {
    let mut tokens = Vec::new();
    for piece in text.split(|character: char| character.is_whitespace() || character == ',') {
        // `2.weeks.ago`: dots between words, but not in `2026.05.01` or `12:30:00.5`.
        let dotted = piece.contains('.')
            && !piece.contains(':')
            && piece.contains(|character: char| character.is_ascii_alphabetic());
        if dotted {
            for piece in piece.split('.') {
                read(piece, &mut tokens)?;
            }
        } else {
            read(piece, &mut tokens)?;
        }
    }
    Ok(tokens)
}

/// Reads one piece, of which `2026-05-01T12:30:00Z` is three tokens and `3pm` two.
fn read(piece: &str, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
    if piece.is_empty() {
        return Ok(());
    }
    let wrong = |problem| (piece.to_owned(), problem);
    let mut push = |meaning| tokens.push(Token { piece: piece.to_owned(), meaning });
    if let Some(seconds) = piece.strip_prefix('@') {
        push(Meaning::Epoch(epoch(seconds).ok_or_else(|| wrong(DateProblem::Unknown))?));
        return Ok(());
    }
    if let Some(word) = meaning(piece) {
        push(Meaning::Word(word));
        return Ok(());
    }
    if let Some(offset) = zone(piece) {
        push(Meaning::Zone(offset));
        return Ok(());
    }
    let (digits, rest) = leading_digits(piece);
    if digits.is_empty() {
        return Err(wrong(DateProblem::Unknown));
    }
    if rest.is_empty() {
        if digits.len() <= 8 {
            push(Meaning::Number(digits.parse().map_err(|_| wrong(DateProblem::Range))?));
        } else {
            push(Meaning::Epoch(epoch(digits).ok_or_else(|| wrong(DateProblem::Range))?));
        }
        return Ok(());
    }
    let mut rest = piece;
    if let Some((date, after)) = leading_date(piece) {
        push(Meaning::Date(date.ok_or_else(|| wrong(DateProblem::NoSuchDay))?));
        let Some(time) = after.strip_prefix(['T', 't']) else {
            return if after.is_empty() { Ok(()) } else { Err(wrong(DateProblem::Unknown)) };
        };
        rest = time;
    }
    if let Some((time, after)) = leading_time(rest) {
        push(Meaning::Time(time.ok_or_else(|| wrong(DateProblem::NoSuchDay))?));
        return match (after, meaning(after), zone(after)) {
            ("", _, _) => Ok(()),
            (_, Some(Word::Half(half)), _) => {
                push(Meaning::Word(Word::Half(half)));
                Ok(())
            }
            (_, _, Some(offset)) => {
                push(Meaning::Zone(offset));
                Ok(())
            }
            _ => Err(wrong(DateProblem::Unknown)),
        };
    }
    // `3pm`
    let (digits, rest) = leading_digits(rest);
    match (digits.parse(), meaning(rest)) {
        (Ok(hour), Some(Word::Half(half))) => {
            push(Meaning::Number(hour));
            push(Meaning::Word(Word::Half(half)));
            Ok(())
        }
        _ => Err(wrong(DateProblem::Unknown)),
    }
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

/// `2026-05-01` and what follows, with `-`, `/` or `.` between; the inner value is none for a day that does
/// not exist.
fn leading_date(text: &str) -> Option<(Option<Date>, &str)> {
    let (year, rest) = leading_digits(text);
    let separator = rest.chars().next().filter(|character| matches!(character, '-' | '/' | '.'))?;
    let (month, rest) = leading_digits(rest.strip_prefix(separator)?);
    let (day, rest) = leading_digits(rest.strip_prefix(separator)?);
    let lengths = (year.len(), month.len(), day.len());
    if !matches!(lengths, (4, 1..=2, 1..=2)) {
        return None;
    }
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    Some((date(), rest))
}

/// `12:30`, `12:30:15` or `12:30:15.5` and what follows; the inner value is none for a time that does not
/// exist.
fn leading_time(text: &str) -> Option<(Option<Time>, &str)> {
    let (hour, rest) = leading_digits(text);
    let (minute, mut rest) = leading_digits(rest.strip_prefix(':')?);
    if !matches!((hour.len(), minute.len()), (1..=2, 2)) {
        return None;
    }
    let (mut second, mut nanoseconds) = (0_i8, 0);
    if let Some(after) = rest.strip_prefix(':') {
        let (digits, after) = leading_digits(after);
        if digits.len() != 2 {
            return None;
        }
        // A leap second is the second before it, as in RFC 3339 readers everywhere.
        second = digits.parse().map(|second: i8| if second == 60 { 59 } else { second }).ok()?;
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            let (digits, after) = leading_digits(after);
            nanoseconds = fraction(digits)?;
            rest = after;
        }
    }
    let time = || Time::new(hour.parse().ok()?, minute.parse().ok()?, second, nanoseconds).ok();
    Some((time(), rest))
}

/// Nanoseconds of the digits behind a decimal point; digits beyond the ninth are dropped.
fn fraction(digits: &str) -> Option<i32> {
    if digits.is_empty() {
        return None;
    }
    let padded = format!("{:0<9}", &digits[..digits.len().min(9)]);
    padded.parse().ok()
}

/// Seconds since 1970, with a sign and a fraction where there is one, in nanoseconds.
fn epoch(text: &str) -> Option<i128> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (seconds, rest) = leading_digits(text);
    let nanoseconds = match rest.strip_prefix('.') {
        Some(digits) if leading_digits(digits).1.is_empty() => fraction(digits)?,
        Some(_) => return None,
        None if rest.is_empty() => 0,
        None => return None,
    };
    let total = i128::from(seconds.parse::<i64>().ok()?) * 1_000_000_000 + i128::from(nanoseconds);
    Some(if negative { -total } else { total })
}

/// `Z`, `UTC`, `GMT`, `+02`, `+0200` or `+02:00`.
fn zone(text: &str) -> Option<Offset> {
    if ["z", "utc", "gmt"].iter().any(|name| name.eq_ignore_ascii_case(text)) {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (digits, after) = leading_digits(rest);
    let (hours, minutes) = match (digits.len(), after.strip_prefix(':').map(leading_digits)) {
        (2, None) if after.is_empty() => (digits, "0"),
        (2, Some((minutes, ""))) if minutes.len() == 2 => (digits, minutes),
        (4, None) if after.is_empty() => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// The time of day that an hour of a clock with twelve hours means.
pub(super) fn in_half(time: Time, half: Half) -> Option<Time> {
    let hour = match (time.hour(), half) {
        (12, Half::Morning) => 0,
        (12, Half::Afternoon) => 12,
        (hour @ 1..=11, Half::Morning) => hour,
        (hour @ 1..=11, Half::Afternoon) => hour + 12,
        _ => return None,
    };
    time.with().hour(hour).build().ok()
}
