//! From tokens to a moment: what a text says about the day, the time and the zone is collected, then put
//! together.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::token::{Meaning, Token, Wrong, in_half};
use super::words::{Unit, Word};
use super::{DateProblem, DayTime};

/// What the text has said so far.
#[derive(Debug, Default)]
pub(super) struct Parts {
    now: bool,
    /// Nanoseconds since 1970.
    epoch: Option<i128>,
    date: Option<Date>,
    /// Days before today.
    days_back: Option<i32>,
    /// A day of the week, and whether today is left out.
    weekday: Option<(Weekday, bool)>,
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<Time>,
    zone: Option<Offset>,
    spans: Vec<(i64, Unit)>,
}

impl Parts {
    /// Reads all tokens.
    pub(super) fn read(&mut self, tokens: &[Token]) -> Result<(), Wrong> {
        if tokens.is_empty() {
            return Err((String::new(), DateProblem::Empty));
        }
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1).map(|token| token.meaning);
            let used = self.token(token.meaning, next).map_err(|problem| (token.piece.clone(), problem))?;
            at += used;
        }
        Ok(())
    }

    /// Reads one token, or two that belong together; gives how many.
    fn token(&mut self, token: Meaning, next: Option<Meaning>) -> Result<usize, DateProblem> {
        use Meaning as M;
        match (token, next) {
            (M::Epoch(nanoseconds), _) => once(&mut self.epoch, nanoseconds),
            (M::Date(date), _) => once(&mut self.date, date),
            (M::Zone(offset), _) => once(&mut self.zone, offset),
            (M::Time(time), Some(M::Word(Word::Half(half)))) => {
                once(&mut self.time, in_half(time, half).ok_or(DateProblem::NoSuchDay)?)?;
                Ok(2)
            }
            (M::Time(time), _) => once(&mut self.time, time),
            (M::Number(hour), Some(M::Word(Word::Half(half)))) => {
                let time = i8::try_from(hour).ok().and_then(|hour| Time::new(hour, 0, 0, 0).ok());
                once(
                    &mut self.time,
                    time.and_then(|time| in_half(time, half)).ok_or(DateProblem::NoSuchDay)?,
                )?;
                Ok(2)
            }
            (M::Number(count) | M::Word(Word::Count(count)), Some(M::Word(Word::Unit(unit)))) => {
                self.spans.push((count, unit));
                Ok(2)
            }
            (M::Number(number), Some(M::Word(Word::Month(_)))) => self.day_or_year(number),
            (M::Number(number), _) if self.month.is_some() => self.day_or_year(number),
            (M::Number(_) | M::Word(Word::Count(_)), _) => Err(DateProblem::LoneNumber),
            (M::Word(Word::Last), Some(M::Word(Word::Unit(unit)))) => {
                self.spans.push((1, unit));
                Ok(2)
            }
            (M::Word(Word::Last), Some(M::Word(Word::Weekday(weekday)))) => {
                once(&mut self.weekday, (weekday, true))?;
                Ok(2)
            }
            (M::Word(Word::Ago), _) if !self.spans.is_empty() => Ok(1),
            (M::Word(Word::Now), _) if !self.now => {
                self.now = true;
                Ok(1)
            }
            (M::Word(Word::Day(days)), _) => once(&mut self.days_back, days),
            (M::Word(Word::Hour(hour)), _) => {
                once(&mut self.time, Time::new(hour, 0, 0, 0).map_err(|_| DateProblem::NoSuchDay)?)
            }
            (M::Word(Word::Weekday(weekday)), _) => once(&mut self.weekday, (weekday, false)),
            (M::Word(Word::Month(month)), _) => once(&mut self.month, month),
            (M::Word(Word::Now), _) => Err(DateProblem::Twice),
            (M::Word(Word::Last | Word::Ago | Word::Unit(_) | Word::Half(_)), _) => Err(DateProblem::Unknown),
        }
    }

    /// A number beside a month: of four digits a year, otherwise a day.
    fn day_or_year(&mut self, number: i64) -> Result<usize, DateProblem> {
        match number {
            1..=31 => once(&mut self.day, number as i8),
            1000..=9999 => once(&mut self.year, number as i16),
            _ => Err(DateProblem::NoSuchDay),
        }
    }

    /// The moment that was said.
    pub(super) fn moment(&self, now: &Zoned, day_time: DayTime) -> Result<Zoned, DateProblem> {
        let now = match self.zone {
            Some(offset) => now.with_time_zone(TimeZone::fixed(offset)),
            None => now.clone(),
        };
        let day = self.written_day(&now)?;
        let ways = [self.now, self.epoch.is_some(), day.is_some(), !self.spans.is_empty()];
        let said = ways.into_iter().filter(|said| *said).count();
        let exact = self.now || self.epoch.is_some();
        if said > 1 || exact && self.time.is_some() || said == 0 && self.time.is_none() {
            // Two moments at once, or a zone and nothing else.
            return Err(if said == 0 { DateProblem::NoDay } else { DateProblem::Twice });
        }
        if let Some(nanoseconds) = self.epoch {
            let moment = Timestamp::from_nanosecond(nanoseconds).map_err(|_| DateProblem::Range)?;
            return Ok(moment.to_zoned(now.time_zone().clone()));
        }
        if let Some(day) = day {
            return at_time(day, self.time, &now, day_time);
        }
        let moment = self.spans.iter().try_fold(now.clone(), |moment, (count, unit)| {
            moment.checked_sub(span(*count, *unit)?).map_err(|_| DateProblem::Range)
        })?;
        match self.time {
            None => Ok(moment),
            Some(_) if !self.spans.is_empty() => at_time(moment.date(), self.time, &now, day_time),
            Some(_) => last_time(&now, self.time, day_time),
        }
    }

    /// The day that was said, in whichever way.
    fn written_day(&self, now: &Zoned) -> Result<Option<Date>, DateProblem> {
        let today = now.date();
        let by_month = match (self.month, self.day) {
            (Some(month), Some(day)) => Some(self.day_of_month(month, day, today)?),
            (None, None) => None,
            _ => return Err(DateProblem::NoDay),
        };
        let back = match self.days_back {
            Some(days) => Some(today.checked_sub(days.days()).map_err(|_| DateProblem::Range)?),
            None => None,
        };
        let mut days = [self.date, by_month, back].into_iter().flatten();
        let day = days.next();
        if days.next().is_some() {
            return Err(DateProblem::Twice);
        }
        match self.weekday {
            // Beside a date, as git prints it, the day of the week says nothing new.
            Some((_, false)) if self.date.is_some() || by_month.is_some() => Ok(day),
            Some(_) if day.is_some() => Err(DateProblem::Twice),
            Some((weekday, before_today)) => {
                let days = match (today.weekday().since(weekday), before_today) {
                    (0, true) => 7,
                    (days, _) => days,
                };
                today.checked_sub(i32::from(days).days()).map(Some).map_err(|_| DateProblem::Range)
            }
            None => Ok(day),
        }
    }

    /// `May 1`: in the year that was said, or else the last one that there was.
    fn day_of_month(&self, month: i8, day: i8, today: Date) -> Result<Date, DateProblem> {
        let in_year = |year| Date::new(year, month, day).map_err(|_| DateProblem::NoSuchDay);
        match self.year {
            Some(year) => in_year(year),
            None => in_year(today.year())
                .ok()
                .filter(|date| *date <= today)
                .map_or_else(|| in_year(today.year() - 1), Ok),
        }
    }
}

fn once<T: PartialEq>(place: &mut Option<T>, value: T) -> Result<usize, DateProblem> {
    if place.is_some() {
        return Err(DateProblem::Twice);
    }
    *place = Some(value);
    Ok(1)
}

fn span(count: i64, unit: Unit) -> Result<Span, DateProblem> {
    let span = match unit {
        Unit::Second => Span::new().try_seconds(count),
        Unit::Minute => Span::new().try_minutes(count),
        Unit::Hour => Span::new().try_hours(count),
        Unit::Day => Span::new().try_days(count),
        Unit::Week => Span::new().try_weeks(count),
        Unit::Month => Span::new().try_months(count),
        Unit::Year => Span::new().try_years(count),
    };
    span.map_err(|_| DateProblem::Range)
}

fn at_time(day: Date, time: Option<Time>, now: &Zoned, day_time: DayTime) -> Result<Zoned, DateProblem> {
    let zone = now.time_zone().clone();
    let moment = match (time, day_time) {
        (Some(time), _) => day.to_datetime(time).to_zoned(zone),
        (None, DayTime::Same) => day.to_datetime(now.time()).to_zoned(zone),
        (None, DayTime::Start) => day.to_zoned(zone),
        (None, DayTime::End) => day.to_zoned(zone).and_then(|start| start.end_of_day()),
    };
    moment.map_err(|_| DateProblem::Range)
}

/// A time of day alone: today's, or yesterday's where today's is still to come.
fn last_time(now: &Zoned, time: Option<Time>, day_time: DayTime) -> Result<Zoned, DateProblem> {
    let today = at_time(now.date(), time, now, day_time)?;
    if today <= *now {
        return Ok(today);
    }
    let yesterday = now.date().yesterday().map_err(|_| DateProblem::Range)?;
    at_time(yesterday, time, now, day_time)
}
