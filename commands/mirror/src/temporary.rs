//! The names of temporaries in the mirror.

/// How the names of temporaries begin.
pub(crate) const TEMPORARY: &str = ".pond-tmp-";
const MARK: &str = "pond v1 name of a temporary";
/// Digits of a number in a temporary's name.
const DIGITS: usize = 16;

/// Whether a name is that of a temporary which a command made that held the mirror's lock. Nobody else gives such a name
/// to a file: the second half of its digits follows from the first by a hash.
pub(crate) fn is_temporary(name: &[u8]) -> bool {
    let digits = name.strip_prefix(TEMPORARY.as_bytes()).filter(|digits| digits.len() == 2 * DIGITS);
    digits.is_some_and(|digits| *digits == *marked(&digits[..DIGITS]))
}

/// The digits of a name that is known by them.
pub(crate) fn marked(digits: &[u8]) -> Vec<u8> {
    let mark = blake3::Hasher::new_derive_key(MARK).update(digits).finalize().to_hex();
    [digits, &mark.as_bytes()[..DIGITS]].concat()
}
