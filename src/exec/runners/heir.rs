//! Stands beside a program while it runs: if `exec` is killed, and so can end nothing any more, its heir does. Until then
//! it is a shell that waits, which costs less than half of what this program would.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use crate::exec::mark::Mark;
use crate::process::Process;

/// Waits for a line from `exec`, and ends what that has started if there is none. What a build tool, or whoever started
/// that, has open for `exec` is closed, as far as any shell can name it: nobody is to wait for an heir, which ends just after
/// `exec`.
const SCRIPT: &str =
    "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; IFS= read -r line || exec \"$0\" orphans \"$@\"";

/// A process that waits for the end of this one.
pub(super) struct Heir(Option<Child>);

impl Heir {
    /// An heir for the program `child`, which was just started; without one, it runs all the same.
    pub(super) fn of(child: u32, mark: Option<&Mark>) -> Self {
        Self(start(child, mark))
    }

    /// Says that the program has ended. Nobody waits for the heir.
    pub(super) fn dismiss(mut self) {
        if let Some(pipe) = self.0.as_mut().and_then(|heir| heir.stdin.as_mut()) {
            let _ = pipe.write_all(b"\n");
        }
    }
}

fn start(child: u32, mark: Option<&Mark>) -> Option<Child> {
    let started = Process::read(child)?.started;
    let mut heir = Command::new("/bin/sh");
    heir.args(["-c", SCRIPT]).arg(std::env::current_exe().ok()?);
    heir.args([child.to_string(), started.to_string()]).args(mark.map(Mark::entries).unwrap_or_default());
    heir.env_clear().current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C, and whoever kills the group of `exec`, are not for the heir.
    std::os::unix::process::CommandExt::process_group(&mut heir, 0);
    heir.spawn().ok()
}
