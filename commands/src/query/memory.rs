//! How much memory queries may use.

/// Bytes that rows of queries may take, if nothing else is said.
const USUAL: u64 = 384 << 20;

/// The usual, or a quarter of the machine's memory where that is less.
pub(crate) fn usual() -> usize {
    usize::try_from(machine().map_or(USUAL, |machine| USUAL.min(machine / 4))).unwrap_or(usize::MAX)
}

#[cfg(target_os = "linux")]
fn machine() -> Option<u64> {
    let info = rustix::system::sysinfo();
    // A word is 32 bits on small machines.
    #[allow(clippy::useless_conversion, reason = "it is one where a word has 64 bits")]
    let units = u64::from(info.totalram);
    units.checked_mul(u64::from(info.mem_unit))
}

#[cfg(not(target_os = "linux"))]
fn machine() -> Option<u64> {
    None
}
