//! `rls doctor`: the right cause and remedy for every fault, against servers that have it.

mod clients;
mod explain;
mod files;
mod http;
mod login;
mod output;
mod permissions;
mod proxies;
mod resolver;
mod tls;
mod tls_handshake;

use test_support::Rls;

/// The exit code and, of what is on standard output, the checks that failed or passed with a remark: all of their
/// lines.
///
/// What differs from run to run is left out, as by [`lasting`].
fn findings(rls: Rls) -> String {
    findings_of(rls, "")
}

/// The findings below an otherwise usual chain whose root is not trusted: the causes and remedies alone.
fn untrusted(rls: Rls) -> String {
    const CHAIN: &str = "exit 11
 ✗ tls          unknown authority (x509)
     TLS 1.3, TLS_AES_256_GCM_SHA384
     server sends 1 certificate
       CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
         sha256:…
         issued by CN=registry-fixture root CA: not sent, not trusted here
";
    let findings = findings(rls);
    let rest = findings.strip_prefix(CHAIN).unwrap_or_else(|| panic!("another chain:\n{findings}"));
    rest.lines().map(|line| format!("{}\n", line.strip_prefix("     ").expect("a fact of the chain"))).collect()
}

/// The same, with more arguments.
fn findings_of(rls: Rls, words: &str) -> String {
    let (code, output) = checks_of(rls, words);
    let mut blocks: Vec<String> = Vec::new();
    for line in output.lines() {
        if line.starts_with("     ") {
            blocks.last_mut().expect("a check").push_str(&format!("{line}\n"));
        } else {
            blocks.push(format!("{line}\n"));
        }
    }
    blocks.retain(|block| block.starts_with(" ✗") || block.contains("\n     "));
    format!("exit {code}\n{}", blocks.concat())
}

/// The exit code and the whole of standard output as people see it, which standard error sums up.
fn checks(rls: Rls) -> (i32, String) {
    checks_of(rls, "")
}

/// The same, with more arguments.
fn checks_of(rls: Rls, words: &str) -> (i32, String) {
    let outcome = rls.words("doctor -o table").words(words).run();
    let code = outcome.code.expect("an exit code");
    let failed = outcome.stdout.lines().filter(|line| line.starts_with(" ✗")).count();
    let all =
        outcome.stdout.lines().filter(|line| [" ✓", " ✗", " –"].iter().any(|sign| line.starts_with(sign))).count();
    let sum = if failed > 0 { format!("{failed} of {all} checks failed.\n") } else { String::new() };
    assert_eq!(&*outcome.stderr, sum, "{outcome}");
    assert_eq!(failed > 0, code != 0, "{outcome}");
    (code, outcome.stdout.lines().map(|line| format!("{}\n", lasting(line))).collect())
}

/// A line without what differs from run to run: how long it took, fingerprints and digests, when a token ends, the time
/// of day.
fn lasting(line: &str) -> String {
    let line = line.strip_suffix(" N ms").map_or(line, |line| line.trim_end_matches(' '));
    let line = without(line, "sha256:", 64);
    let line = if line.ends_with("(signature not checked)") { without(&line, " until ", 20) } else { line };
    without(&line, "this machine's clock says ", 20)
}

/// `line` with an ellipsis that replaces this many characters after `mark`.
fn without(line: &str, mark: &str, length: usize) -> String {
    match line.split_once(mark) {
        Some((before, rest)) if rest.is_char_boundary(length) && rest.len() >= length => {
            format!("{before}{mark}…{}", &rest[length..])
        }
        _ => line.to_owned(),
    }
}
