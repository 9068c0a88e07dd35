use std::io::{Read, Write};
use std::process::{Child, Stdio};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::runner::{Rls, Shown};

/// Ctrl-C as a keyboard sends it.
pub const CTRL_C: &str = "\x03";
/// Ctrl-D: the end of what is typed.
pub const CTRL_D: &str = "\x04";

/// A running rls with a terminal as its standard input, output and error.
pub struct Screen {
    rls: Rls,
    pty: Pty,
    child: Child,
    /// Everything that was written on the terminal so far, what was typed and echoed included.
    seen: Vec<u8>,
    /// How much of it a test has waited for.
    waited: usize,
}

impl Screen {
    /// A terminal of 100 columns.
    pub fn of(rls: Rls) -> Self {
        Self::with_columns(rls, 100)
    }

    /// A terminal of so many columns.
    pub fn with_columns(rls: Rls, columns: u16) -> Self {
        Self::start(rls, columns, false)
    }

    /// Standard output goes nowhere; the terminal shows standard error alone.
    pub fn of_stderr(rls: Rls) -> Self {
        Self::start(rls, 100, true)
    }

    fn start(rls: Rls, columns: u16, without_stdout: bool) -> Self {
        let rls = rls.env("TERM", "xterm-256color");
        let (pty, pts) = open().expect("a terminal");
        pty.resize(Size::new(24, columns)).expect("the terminal has a size");
        let mut command = Command::from(rls.command());
        if without_stdout {
            command = command.stdout(Stdio::null());
        }
        let child = command.spawn(pts).expect("rls starts");
        Self { rls, pty, child, seen: Vec::new(), waited: 0 }
    }

    /// Waits until `text` is written, after what was waited for before.
    pub fn wait_for(&mut self, text: &str) {
        let text = self.rls.hidden(text);
        loop {
            let new = &self.seen[self.waited..];
            if let Some(at) = new.windows(text.len()).position(|window| window == text.as_bytes()) {
                self.waited += at + text.len();
                return;
            }
            assert!(self.read(), "rls ended before it wrote {text:?}:\n{}", self.shown());
        }
    }

    /// Waits until rls reads what is typed, which it does on a thread of its own.
    pub fn wait_for_reading(&mut self) {
        while !is_reading(self.child.id()) {
            assert!(self.child.try_wait().expect("it can be asked").is_none(), "rls ended:\n{}", self.shown());
            std::thread::yield_now();
        }
    }

    /// Types `text`.
    pub fn type_in(&mut self, text: &str) {
        self.pty.write_all(text.as_bytes()).expect("the terminal takes it");
    }

    /// Waits for the end: the exit code and everything that was on the terminal.
    pub fn end(mut self) -> (Option<i32>, Shown) {
        while self.read() {}
        let status = self.child.wait().expect("rls ends");
        (status.code(), self.shown())
    }

    /// Waits for the end: the exit code, and whether the terminal shows again what is typed.
    pub fn end_with_echo(mut self) -> (Option<i32>, bool) {
        while self.read() {}
        let status = self.child.wait().expect("rls ends");
        let modes = rustix::termios::tcgetattr(&self.pty).expect("the terminal has modes");
        (status.code(), modes.local_modes.contains(rustix::termios::LocalModes::ECHO))
    }

    /// Reads some more; false when the terminal was closed, which Linux tells as an error.
    fn read(&mut self) -> bool {
        let mut piece = [0; 4096];
        match self.pty.read(&mut piece) {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.seen.extend_from_slice(&piece[..length]);
                true
            }
        }
    }

    fn shown(&self) -> Shown {
        let text = String::from_utf8_lossy(&self.seen).replace("\r\n", "\n");
        self.rls.readable(text.as_bytes())
    }
}

/// Whether a thread of a process waits in `read` of standard input: its system call's number and first argument say so.
fn is_reading(process: u32) -> bool {
    let read = if cfg!(target_arch = "x86_64") { "0 0x0 " } else { "63 0x0 " };
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    threads
        .into_iter()
        .flatten()
        .flatten()
        .any(|thread| std::fs::read_to_string(thread.path().join("syscall")).is_ok_and(|call| call.starts_with(read)))
}
