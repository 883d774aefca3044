//! The tour's data: the same bytes and times on every machine, so that its commits have the same ids everywhere.
//!
//! Only integers are reckoned with: the last digit of a sine is not the same on every processor.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// 2026-04-01 00:00 UTC.
const START: i64 = 1_775_001_600;
/// Two weeks of a reading every ten minutes.
const READINGS: usize = 14 * DAY;
const DAY: usize = 144;
const INTERVAL: i64 = 600;
/// When what is written by hand was written: 2026-03-30 16:00 UTC.
const WRITTEN: i64 = 1_774_886_400;

struct Station {
    name: &'static str,
    title: &'static str,
    /// Metres above the sea.
    altitude: i32,
    /// Mean temperature and its swing over a day, in hundredths of a degree.
    mean: i64,
    swing: i64,
    /// The battery's voltage at dawn, in millivolts.
    battery: i64,
    offset: &'static str,
    /// Readings that are missing: the first one, and how many.
    gap: (usize, usize),
}

const STATIONS: [Station; 4] = [
    Station {
        name: "harbour",
        title: "Harbour mole",
        altitude: 4,
        mean: 910,
        swing: 280,
        battery: 12_640,
        offset: "0.00",
        gap: (1310, 9),
    },
    Station {
        name: "meadow",
        title: "Meadow below the school",
        altitude: 212,
        mean: 780,
        swing: 620,
        battery: 12_510,
        offset: "0.10",
        gap: (402, 31),
    },
    Station {
        name: "ridge",
        title: "Ridge hut",
        altitude: 1480,
        mean: 140,
        swing: 510,
        battery: 12_380,
        offset: "0.05",
        gap: (900, 144),
    },
    Station {
        name: "weir",
        title: "Old weir",
        altitude: 96,
        mean: 840,
        swing: 390,
        battery: 12_590,
        offset: "-0.20",
        gap: (77, 3),
    },
];

/// A day's course, in hundredths of the swing, hour by hour.
const COURSE: [i64; 25] = [
    -62, -71, -79, -87, -94, -99, -92, -70, -38, 2, 38, 66, 86, 97, 100, 95, 82, 60, 34, 8, -13, -29, -42,
    -53, -62,
];

const IGNORED: &str = "# versions that are laid out to be looked at\nbefore/\n";

const NOTES: &str = "\
# Field notes

- 30 March: all four stations set up and running. Clocks are UTC.
- Readings every ten minutes: air temperature (degrees Celsius), relative humidity (%), battery (volts).
- A missing line is a reading that never came: the ridge loses its link in fog.
- `scripts/calibrate.sh STATION` prints a station's readings with the sensor's offset applied.
";

const CALIBRATE: &str = r#"#!/bin/sh
# Prints the readings of a station with the offset of its sensor applied.
# Usage: scripts/calibrate.sh STATION
set -eu
cd "$(dirname "$0")/../stations/$1"
offset=$(sed -n 's/.*"offset_celsius": \(-\{0,1\}[0-9.]*\).*/\1/p' station.json)
awk -F, -v OFS=, -v offset="$offset" 'NR > 1 { $2 = sprintf("%.2f", $2 + offset) } { print }' readings.csv
"#;

/// Writes all of it into an empty directory.
pub(super) fn generate(directory: &Path) -> io::Result<()> {
    write(&directory.join(".pondignore"), IGNORED, WRITTEN)?;
    write(&directory.join("notes.md"), NOTES, WRITTEN)?;
    let script = directory.join("scripts/calibrate.sh");
    write(&script, CALIBRATE, WRITTEN)?;
    #[cfg(unix)]
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    for (station, seed) in STATIONS.iter().zip(7..) {
        let place = directory.join("stations").join(station.name);
        write(&place.join("station.json"), &station.describe(station.offset), WRITTEN)?;
        let mut readings = "time,temperature,humidity,battery\n".to_owned();
        station.readings(seed, 0..READINGS, &mut readings)?;
        write(&place.join("readings.csv"), &readings, time_of(READINGS - 1))?;
    }
    Ok(())
}

/// The harbour's logger appends an hour of readings.
pub(super) fn append(directory: &Path) -> io::Result<()> {
    let mut lines = String::new();
    STATIONS[0].readings(11, READINGS..READINGS + 6, &mut lines)?;
    let path = directory.join("stations/harbour/readings.csv");
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(lines.as_bytes())?;
    set_time(&file, time_of(READINGS + 5))
}

/// The offset of the weir's sensor is corrected.
pub(super) fn edit(directory: &Path) -> io::Result<()> {
    let weir = &STATIONS[3];
    write(&directory.join("stations/weir/station.json"), &weir.describe("-0.45"), time_of(READINGS + 8))
}

fn write(path: &Path, text: &str, seconds: i64) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    set_time(&file, seconds)
}

fn set_time(file: &File, seconds: i64) -> io::Result<()> {
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs()))
}

fn time_of(reading: usize) -> i64 {
    START + INTERVAL * reading as i64
}

impl Station {
    fn describe(&self, offset: &str) -> String {
        let Self { name, title, altitude, .. } = self;
        format!(
            "{{\n  \"station\": \"{name}\",\n  \"title\": \"{title}\",\n  \"altitude_m\": {altitude},\n  \
             \"sensor\": {{\n    \"model\": \"TH-4\",\n    \"offset_celsius\": {offset}\n  }}\n}}\n"
        )
    }

    /// Lines of readings; those of the gap are left out.
    fn readings(&self, seed: u64, which: std::ops::Range<usize>, lines: &mut String) -> io::Result<()> {
        let mut noise = Noise(seed);
        let (gap, missing) = self.gap;
        let mut weather = 0;
        for reading in which {
            // Drawn for every reading, so that a gap shifts nothing behind it.
            weather = (weather * 63 + noise.within(40) * 16) / 64;
            let (jitter, damp) = (noise.within(12), noise.within(3));
            if (gap..gap + missing).contains(&reading) {
                continue;
            }
            let course = course(reading % DAY);
            let temperature = self.mean + self.swing * course / 10_000 + weather * 3 + jitter;
            let humidity = (74 - course / 450 - weather / 12 + damp).clamp(18, 100);
            let battery = self.battery + (course + 10_000) / 45 + noise.within(8);
            let time = Timestamp::from_second(time_of(reading)).map_err(io::Error::other)?;
            let sign = if temperature < 0 { "-" } else { "" };
            let (degrees, hundredths) = (temperature.abs() / 100, temperature.abs() % 100);
            let (volts, rest) = (battery / 1000, battery % 1000 / 10);
            writeln!(lines, "{time},{sign}{degrees}.{hundredths:02},{humidity},{volts}.{rest:02}")
                .map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// The day's course at a reading of the day, in ten-thousandths, straight from hour to hour.
fn course(reading: usize) -> i64 {
    let (hour, tens) = (reading / 6, (reading % 6) as i64);
    (COURSE[hour] * (6 - tens) + COURSE[hour + 1] * tens) * 100 / 6
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from `-most` to `most`.
    fn within(&mut self, most: i64) -> i64 {
        (self.next() % (2 * most as u64 + 1)) as i64 - most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_are_the_same_each_time_and_plausible() {
        let directory = tempfile::tempdir().expect("a directory");
        generate(directory.path()).expect("generated");
        let read = |path: &str| fs::read_to_string(directory.path().join(path)).expect("a file");
        let harbour = read("stations/harbour/readings.csv");
        assert_eq!(harbour.lines().count(), 1 + READINGS - 9);
        assert!(harbour.lines().skip(1).all(|line| line.split(',').count() == 4));
        let total: usize =
            STATIONS.iter().map(|s| read(&format!("stations/{}/readings.csv", s.name)).len()).sum();
        assert!((250_000..350_000).contains(&total), "{total} bytes");
        append(directory.path()).expect("appended");
        assert!(read("stations/harbour/readings.csv").starts_with(&harbour));
        edit(directory.path()).expect("edited");
        assert!(read("stations/weir/station.json").contains("-0.45"));
    }
}
