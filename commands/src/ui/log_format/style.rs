//! `%C...`: colours in templates.

use anstyle::{Ansi256Color, AnsiColor, Color, RgbColor, Style};

/// A change of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColorCode {
    /// Fields that follow dress themselves.
    Auto,
    /// `always`: also where the output has no colours.
    Set {
        style: Style,
        always: bool,
    },
    Reset {
        always: bool,
    },
}

/// Reads what stands behind `%C`, and gives what follows it.
pub(crate) fn parse(rest: &str) -> Option<(ColorCode, &str)> {
    for name in ["red", "green", "blue", "reset"] {
        if let Some(rest) = rest.strip_prefix(name) {
            return Some((code(name, false)?, rest));
        }
    }
    let (inside, rest) = rest.strip_prefix('(')?.split_once(')')?;
    let code = match inside.split_once(',') {
        _ if inside == "auto" => ColorCode::Auto,
        Some(("auto", words)) => code(words, false)?,
        Some(("always", words)) => code(words, true)?,
        _ => code(inside, false)?,
    };
    Some((code, rest))
}

fn code(words: &str, always: bool) -> Option<ColorCode> {
    let mut style = Style::new();
    let mut has_foreground = false;
    for word in words.split_whitespace() {
        match word {
            "reset" => return Some(ColorCode::Reset { always }),
            "bold" => style = style.bold(),
            "dim" => style = style.dimmed(),
            "italic" => style = style.italic(),
            "ul" => style = style.underline(),
            "blink" => style = style.blink(),
            "reverse" => style = style.invert(),
            "strike" => style = style.strikethrough(),
            _ => {
                let color = color(word)?;
                // The first colour is the text's, the second the background's.
                style = if has_foreground { style.bg_color(color) } else { style.fg_color(color) };
                has_foreground = true;
            }
        }
    }
    Some(ColorCode::Set { style, always })
}

/// A colour by name, number or `#rrggbb`; none inside for the terminal's own.
fn color(word: &str) -> Option<Option<Color>> {
    if matches!(word, "normal" | "default") {
        return Some(None);
    }
    if let Some(digits) = word.strip_prefix('#') {
        let part = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let whole = digits.len() == 6;
        return whole.then(|| Some(Some(RgbColor(part(0)?, part(2)?, part(4)?).into())))?;
    }
    if let Ok(number) = word.parse::<u8>() {
        return Some(Some(Ansi256Color(number).into()));
    }
    let (bright, name) = word.strip_prefix("bright").map_or((false, word), |name| (true, name));
    let color = match name {
        "black" => AnsiColor::Black,
        "red" => AnsiColor::Red,
        "green" => AnsiColor::Green,
        "yellow" => AnsiColor::Yellow,
        "blue" => AnsiColor::Blue,
        "magenta" => AnsiColor::Magenta,
        "cyan" => AnsiColor::Cyan,
        "white" => AnsiColor::White,
        _ => return None,
    };
    Some(Some(color.bright(bright).into()))
}
