//! Input quoted in messages.

use std::fmt;

/// Shows a text between single quotes, with control characters escaped: a message must not be able to
/// move the cursor of the terminal that it is printed on.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("'")?;
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        f.write_str("'")
    }
}
