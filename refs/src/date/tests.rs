//! Every form at a fixed moment: Wednesday 2026-05-20, 14:30:15 in Berlin (UTC+2 then).

use super::*;

fn now() -> Zoned {
    "2026-05-20T14:30:15+02:00[Europe/Berlin]".parse().expect("a moment")
}

fn at(text: &str, day_time: DayTime) -> Result<String, DateProblem> {
    let zoned = parse_date_zoned(text, &now(), day_time).map_err(|error| error.problem)?;
    Ok(zoned.strftime("%Y-%m-%d %H:%M:%S %z").to_string())
}

#[track_caller]
fn assert_all(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(at(text, DayTime::End).as_deref(), Ok(*expected), "{text}");
    }
}

#[test]
fn moments_written_out() {
    assert_all(&[
        ("2026-05-01T12:30:00Z", "2026-05-01 12:30:00 +0000"),
        ("2026-05-01t12:30:00.25-07:00", "2026-05-01 12:30:00 -0700"),
        ("2026-05-01T12:30", "2026-05-01 12:30:00 +0200"),
        ("2026-05-01 12:30", "2026-05-01 12:30:00 +0200"),
        ("2026-01-01 12:30:15", "2026-01-01 12:30:15 +0100"),
        ("2026-05-01 12:30 +0530", "2026-05-01 12:30:00 +0530"),
        ("2026-05-01 12:30:15 +02", "2026-05-01 12:30:15 +0200"),
        ("2026-05-01 12:30 UTC", "2026-05-01 12:30:00 +0000"),
        ("2026/5/1 3:05pm", "2026-05-01 15:05:00 +0200"),
        ("2026.05.01 12 am", "2026-05-01 00:00:00 +0200"),
        ("Fri May 1 12:30:00 2026 +0200", "2026-05-01 12:30:00 +0200"),
        ("Fri, 01 May 2026 12:30:00 -0100", "2026-05-01 12:30:00 -0100"),
        ("May 1, 2026 noon", "2026-05-01 12:00:00 +0200"),
        ("@1700000000 +0200", "2023-11-15 00:13:20 +0200"),
        ("@0", "1970-01-01 01:00:00 +0100"),
        ("@-1.5", "1970-01-01 00:59:58 +0100"),
        ("1700000000 -0700", "2023-11-14 15:13:20 -0700"),
    ]);
    let moment = parse_date("@1.5", &now(), DayTime::End).expect("a date");
    assert_eq!(moment.as_nanosecond(), 1_500_000_000);
    let moment = parse_date("1970-01-01T00:00:60.123456789999Z", &now(), DayTime::End).expect("a date");
    assert_eq!(moment.as_nanosecond(), 59_123_456_789);
}

#[test]
fn days_without_a_time() {
    for (text, day) in [
        ("2026-05-01", "2026-05-01"),
        ("today", "2026-05-20"),
        ("Yesterday", "2026-05-19"),
        ("wednesday", "2026-05-20"),
        ("last wednesday", "2026-05-13"),
        ("thursday", "2026-05-14"),
        ("last tue", "2026-05-19"),
        ("May 1", "2026-05-01"),
        ("20 may", "2026-05-20"),
        ("21 May", "2025-05-21"),
        ("feb 28 2024", "2024-02-28"),
    ] {
        // Berlin has another offset in winter.
        let zone = if day.contains("-02-") { "+0100" } else { "+0200" };
        for (day_time, time) in
            [(DayTime::Start, "00:00:00"), (DayTime::Same, "14:30:15"), (DayTime::End, "23:59:59")]
        {
            assert_eq!(at(text, day_time), Ok(format!("{day} {time} {zone}")), "{text}");
        }
    }
    assert_eq!(at("2026-05-01 Z", DayTime::End).as_deref(), Ok("2026-05-01 23:59:59 +0000"));
}

#[test]
fn words_and_lengths_of_time() {
    assert_all(&[
        ("now", "2026-05-20 14:30:15 +0200"),
        ("NOW", "2026-05-20 14:30:15 +0200"),
        ("now Z", "2026-05-20 12:30:15 +0000"),
        ("noon", "2026-05-20 12:00:00 +0200"),
        ("midnight", "2026-05-20 00:00:00 +0200"),
        ("14:30", "2026-05-20 14:30:00 +0200"),
        ("14:31", "2026-05-19 14:31:00 +0200"),
        ("3pm", "2026-05-19 15:00:00 +0200"),
        ("yesterday noon", "2026-05-19 12:00:00 +0200"),
        ("noon yesterday", "2026-05-19 12:00:00 +0200"),
        ("last friday 9:15", "2026-05-15 09:15:00 +0200"),
        ("30 seconds ago", "2026-05-20 14:29:45 +0200"),
        ("1 minute ago", "2026-05-20 14:29:15 +0200"),
        ("an hour ago", "2026-05-20 13:30:15 +0200"),
        ("2 days ago", "2026-05-18 14:30:15 +0200"),
        ("2 days", "2026-05-18 14:30:15 +0200"),
        ("2 days ago 08:00", "2026-05-18 08:00:00 +0200"),
        ("3 weeks ago", "2026-04-29 14:30:15 +0200"),
        ("3 months ago", "2026-02-20 14:30:15 +0100"),
        ("two years ago", "2024-05-20 14:30:15 +0200"),
        ("1 week 2 days 3 hours ago", "2026-05-11 11:30:15 +0200"),
        ("2.days.3.hours.ago", "2026-05-18 11:30:15 +0200"),
        ("yesterday.noon", "2026-05-19 12:00:00 +0200"),
        ("last week", "2026-05-13 14:30:15 +0200"),
        ("last month", "2026-04-20 14:30:15 +0200"),
        ("last year", "2025-05-20 14:30:15 +0200"),
    ]);
}

#[test]
fn what_is_not_a_date_is_refused() {
    use DateProblem as P;
    for (text, piece, problem) in [
        ("", "", P::Empty),
        (" , ", "", P::Empty),
        ("upstream", "upstream", P::Unknown),
        ("2 dyas ago", "dyas", P::Unknown),
        ("ago", "ago", P::Unknown),
        ("last", "last", P::Unknown),
        ("last 2 days", "last", P::Unknown),
        ("days", "days", P::Unknown),
        ("2026", "2026", P::LoneNumber),
        ("20260501", "20260501", P::LoneNumber),
        ("2026-05-01x", "2026-05-01x", P::Unknown),
        ("2026-05-01T", "2026-05-01T", P::Unknown),
        ("2026-02-30", "2026-02-30", P::NoSuchDay),
        ("2026-05-01T25:00", "2026-05-01T25:00", P::NoSuchDay),
        ("13pm", "13pm", P::NoSuchDay),
        ("2026-05-01 12:30 +02:75", "+02:75", P::Unknown),
        ("2026-05-01 12:30 13:30", "13:30", P::Twice),
        ("2026-05-01 2026-05-02", "2026-05-02", P::Twice),
        ("today yesterday", "yesterday", P::Twice),
        ("2026-05-01 yesterday", "", P::Twice),
        ("2026-05-01 last friday", "", P::Twice),
        ("now 12:30", "", P::Twice),
        ("@5 2 days ago", "", P::Twice),
        ("yesterday 2 hours ago", "", P::Twice),
        ("may", "", P::NoDay),
        ("may 2026", "", P::NoDay),
        ("+0200", "", P::NoDay),
        ("feb 30 2026", "", P::NoSuchDay),
        ("may 32", "32", P::NoSuchDay),
        ("90000 years ago", "", P::Range),
        ("@99999999999999", "", P::Range),
        ("99999999999999999999", "99999999999999999999", P::Range),
    ] {
        assert_eq!(
            parse_date(text, &now(), DayTime::End),
            Err(DateError { text: text.into(), piece: piece.into(), problem }),
            "{text}"
        );
    }
    let error = parse_date("2 dyas ago", &now(), DayTime::End).expect_err("no date");
    assert_eq!(error.to_string(), "'2 dyas ago' is not a date: 'dyas' is not understood here");
}

#[test]
fn days_follow_the_calendar_where_clocks_change() {
    // On 2026-03-29 Berlin's clocks skipped from 02:00 to 03:00.
    let now: Zoned = "2026-03-29T12:00:00+02:00[Europe/Berlin]".parse().expect("a moment");
    let moment = |text| parse_date(text, &now, DayTime::Start).expect("a date").to_string();
    assert_eq!(moment("1 day ago"), "2026-03-28T11:00:00Z");
    assert_eq!(moment("24 hours ago"), "2026-03-28T10:00:00Z");
    assert_eq!(moment("today"), "2026-03-28T23:00:00Z");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[0-9@+:.TZ apmdyso-]{0,24}|\\PC{0,12}") {
        for day_time in [DayTime::Start, DayTime::Same, DayTime::End] {
            drop(parse_date(&text, &now(), day_time));
        }
    }

    #[test]
    fn rfc_3339_is_read_as_printed(seconds in -60_000_000_000_i64..250_000_000_000) {
        let moment = Timestamp::from_second(seconds).expect("in range");
        proptest::prop_assert_eq!(parse_date(&moment.to_string(), &now(), DayTime::End), Ok(moment));
    }
}
