//! `TZ` in every form that `date` understands, and what is said of the others.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::Command;

use crate::harness::TestPond;

/// 2026-01-15, 2026-03-20 (summer time has begun in the United States, not in Europe), 2026-07-15, 2026-10-28 (the reverse).
const INSTANTS: [i64; 4] = [1_768_435_200, 1_773_964_800, 1_784_073_600, 1_793_145_600];

const ZONES: [&str; 33] = [
    "",
    ":",
    "UTC",
    "UTC0",
    "UTC+3",
    "GMT0",
    ":UTC",
    "CET",
    "CET-1",
    "CET-1CEST",
    "CET-1CEST,",
    ":CET-1CEST",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "CET-1CEST,M3.5.0,M10.5.0",
    "CET-1CEST-2,M3.5.0/2,M10.5.0/3",
    "<+0330>-3:30",
    "<-03>3",
    "<-03>3<-02>",
    "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
    "EST5",
    "EST5EDT",
    "EST5EDT4",
    "XST5XDT",
    "EST5EDT,J60,J300",
    "EST5EDT,59,299",
    "EST+05:00:00EDT",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "IST-5:30",
    "Europe/Berlin",
    ":Europe/Berlin",
    "America/St_Johns",
    "/usr/share/zoneinfo/Asia/Kathmandu",
    ":/usr/share/zoneinfo/Asia/Kathmandu",
];

/// The offset at an instant, as the program writes it into a commit.
fn offset(pond: &mut TestPond, zone: &OsStr, instant: i64) -> (String, String) {
    pond.set("TZ", zone);
    pond.set("POND_NOW", format!("@{instant}"));
    for name in ["POND_AUTHOR_DATE", "POND_COMMITTER_DATE"] {
        pond.unset(name);
    }
    let output = pond.run(&["commit", "--allow-empty", "-m", "x"]).expect_code(0);
    let raw = pond.run(&["log", "-1", "--date=raw", "--format=%ad"]).expect_code(0).line();
    let (seconds, offset) = raw.split_once(' ').expect("a time and an offset");
    assert_eq!(seconds, instant.to_string());
    (offset.to_owned(), output.err())
}

#[test]
fn every_form_of_tz_is_what_date_takes_it_for() {
    if !Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
        eprintln!("skipped: the database of time zones is not installed");
        return;
    }
    let mut pond = TestPond::new();
    for zone in ZONES {
        for instant in INSTANTS {
            let date =
                Command::new("date").env("TZ", zone).args(["-d", &format!("@{instant}"), "+%z"]).output();
            let date = String::from_utf8(date.expect("date runs").stdout).expect("text");
            let (offset, err) = offset(&mut pond, zone.as_ref(), instant);
            assert_eq!((offset.as_str(), err.as_str()), (date.trim(), ""), "TZ={zone:?} at {instant}");
        }
    }
}

#[test]
fn what_is_no_zone_is_said_once_and_taken_for_utc() {
    let mut pond = TestPond::new();
    let mut zones: Vec<OsString> = [
        "nonsense",
        "Nowhere/City",
        "CET-",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,nonsense",
        "12",
        "/nowhere/at/all",
        "/etc/passwd",
        "/dev/zero",
        "/",
    ]
    .map(Into::into)
    .into();
    zones.push(OsString::from_vec(b"caf\xe9".to_vec()));
    for zone in zones {
        let (offset, err) = offset(&mut pond, &zone, INSTANTS[2]);
        assert_eq!(offset, "+0000", "{zone:?}");
        assert_eq!(err.matches("warning: TZ names no time zone").count(), 1, "{zone:?}\n{err}");
    }
}
