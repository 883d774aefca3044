//! The password file, read without the system's name services.

use std::ffi::OsString;

/// A user of this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) home: OsString,
}

/// The user of this process. `None` if the file has no such user, as for those of a network.
#[cfg(unix)]
pub(crate) fn of_process() -> Option<User> {
    let file = pond_durable::outside::read(std::path::Path::new("/etc/passwd")).ok()??;
    find(&file, rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
pub(crate) fn of_process() -> Option<User> {
    let home = std::env::home_dir()?.into_os_string();
    Some(User { name: std::env::var("USERNAME").ok()?, home })
}

#[cfg(unix)]
fn find(file: &[u8], uid: u32) -> Option<User> {
    use std::os::unix::ffi::OsStringExt as _;
    let uid = uid.to_string();
    file.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.as_bytes()).then_some(())?;
        let home = OsString::from_vec(fields.nth(2)?.to_vec());
        Some(User { name: String::from_utf8_lossy(name).into_owned(), home })
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_number() {
        let file = b"root:x:0:0:root:/root:/bin/sh\n\nbroken:x:7\nada:x:1000:1000::/home/ada:/bin/sh";
        let user = |name: &str, home: &str| Some(User { name: name.into(), home: home.into() });
        assert_eq!(find(file, 0), user("root", "/root"));
        assert_eq!(find(file, 1000), user("ada", "/home/ada"));
        assert_eq!((find(file, 7), find(file, 100), find(b"", 0)), (None, None, None));
    }
}
