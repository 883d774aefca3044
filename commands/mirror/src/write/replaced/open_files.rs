//! Which files the processes of this machine have open, as far as this process may know.

use std::collections::HashSet;

use crate::stat::Stat;

/// The files that some process other than this one has open or mapped.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    /// Device and inode number of what descriptors lead to.
    open: HashSet<(u64, u64)>,
    /// Inode numbers of files mapped for shared writing. Some file systems show another device there.
    mapped: HashSet<u64>,
    complete: bool,
}

impl OpenFiles {
    /// Looks at every process in `/proc`. On other systems than Linux nothing is known.
    pub(super) fn look() -> Self {
        let mut files = Self::default();
        #[cfg(target_os = "linux")]
        {
            files.complete = linux::sees_every_process();
            linux::look(&mut files);
        }
        files
    }

    /// Whether no process was hidden from the look.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether a process has the file open or mapped.
    pub(super) fn contains(&self, stat: &Stat) -> bool {
        self.open.contains(&(stat.device, stat.inode)) || self.mapped.contains(&stat.inode)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::OpenFiles;

    /// The kernel's fixed number for the first namespace of process ids; in any other one some are not seen.
    const FIRST_NAMESPACE: &str = "pid:[4026531836]";

    pub(super) fn sees_every_process() -> bool {
        rustix::process::geteuid().is_root()
            && fs::read_link("/proc/self/ns/pid").is_ok_and(|name| name.as_os_str() == FIRST_NAMESPACE)
    }

    pub(super) fn look(files: &mut OpenFiles) {
        let Ok(processes) = fs::read_dir("/proc") else {
            files.complete = false;
            return;
        };
        let own = std::process::id().to_string();
        for process in processes.filter_map(Result::ok) {
            let name = process.file_name();
            if name.as_bytes().iter().all(u8::is_ascii_digit) && name != own.as_str() {
                let looked =
                    descriptors(&process.path(), files).and_then(|()| mappings(&process.path(), files));
                if let Err(error) = looked
                    && !is_gone(&error)
                {
                    files.complete = false;
                }
            }
        }
    }

    fn is_gone(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
    }

    fn descriptors(process: &Path, files: &mut OpenFiles) -> io::Result<()> {
        for entry in fs::read_dir(process.join("fd"))? {
            let link = entry?.path();
            // Sockets, pipes and the like are named without a leading slash.
            let is_file =
                fs::read_link(&link).is_ok_and(|target| target.as_os_str().as_bytes().starts_with(b"/"));
            if is_file && let Ok(metadata) = fs::metadata(&link) {
                files.open.insert((metadata.dev(), metadata.ino()));
            }
        }
        Ok(())
    }

    /// Lines are `ADDRESS rw-s OFFSET DEVICE INODE PATH`.
    fn mappings(process: &Path, files: &mut OpenFiles) -> io::Result<()> {
        let maps = fs::read(process.join("maps"))?;
        for line in String::from_utf8_lossy(&maps).lines() {
            let mut fields = line.split_ascii_whitespace().skip(1);
            if fields.next().is_some_and(|rights| rights.contains('w') && rights.contains('s'))
                && let Some(Ok(inode)) = fields.nth(2).map(str::parse::<u64>)
            {
                files.mapped.insert(inode);
            }
        }
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_file_open_in_another_process_is_seen() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let stat = Stat::of(file.path()).expect("a stat");
        assert!(!OpenFiles::look().contains(&stat), "this process does not count");
        let stdout = file.reopen().expect("a descriptor");
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(stdout)
            .spawn()
            .expect("cat is there everywhere");
        assert!(OpenFiles::look().contains(&stat));
        drop(child.stdin.take());
        child.wait().expect("cat ends");
        assert!(!OpenFiles::look().contains(&stat));
    }
}
