//! A helper with the processes that it starts, which end with it: a helper is often a script, whose children would go
//! on.

use std::io;

use tokio::process::{Child, Command};

/// A running helper. Dropping it kills the helper and its children, unless it has ended.
#[derive(Debug)]
pub(super) struct Group {
    pub leader: Child,
    /// The number of its process group; `None` if it shares ours.
    group: Option<u32>,
}

#[cfg(unix)]
impl Group {
    /// Starts a helper in a process group of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        // A helper may ask for a passphrase on the terminal, which only the foreground group may read. There Ctrl-C
        // ends its children too.
        let has_terminal = std::fs::File::open("/dev/tty").is_ok();
        if !has_terminal {
            command.process_group(0);
        }
        let leader = command.spawn()?;
        let group = leader.id().filter(|_| !has_terminal);
        Ok(Self { leader, group })
    }
}

impl Group {
    /// Leaves the children alone: what a helper that has ended left running is meant to run, such as an agent.
    pub fn has_ended(&mut self) {
        self.group = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        let group = self.group.and_then(|group| rustix::process::Pid::from_raw(group.try_into().ok()?));
        if let Some(group) = group {
            // It may have ended, with all its children.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    /// Starts a helper.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        Ok(Self { leader: command.spawn()?, group: None })
    }
}
