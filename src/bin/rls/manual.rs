//! Man pages: one for the program, one for each command. What they say of files, environment and exit codes is the text
//! of `docs/`.

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args;
use crate::help::Topic;

/// Where rls finds things, in the order in which it looks.
const FILES: &[(&str, &str)] = &[
    ("~/.config/rls/config.toml", "the configuration file; see 'rls help config'"),
    ("~/.config/rls/certs.d/HOST[:PORT]/", "CA certificates of a registry"),
    ("~/.docker/config.json", "credentials of docker, which rls login writes"),
    ("$XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json", "credentials of podman"),
    (
        "/etc/docker/certs.d, /etc/containers/certs.d, /etc/containerd/certs.d",
        "CA certificates and client certificates",
    ),
    (
        "/etc/rancher/k3s/registries.yaml, /etc/rancher/rke2/registries.yaml",
        "credentials and CA certificates of k3s and rke2",
    ),
    ("~/.local/state/rls/removed/", "copies of removed manifests, for rls undo"),
];

/// The date of the pages, which `man` shows at their end: that of the release. A build has no date of its own, so that
/// two builds make the same pages.
const DATE: &str = "2026-11-30";

/// A page: its file name, and its text.
pub type Page = (String, Vec<u8>);

/// All pages, that of the program first.
pub fn pages() -> Vec<Page> {
    let mut program = args::command();
    program.build();
    let names: Vec<String> = visible(&program).map(|command| command.get_name().to_owned()).collect();
    let commands = visible(&program).map(|command| (page_name(command.get_name()), command_page(command, &program)));
    std::iter::once(("rls.1".to_owned(), program_page(&program, &names))).chain(commands).collect()
}

fn visible(program: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    program.get_subcommands().filter(|command| !command.is_hide_set())
}

fn page_name(command: &str) -> String {
    format!("rls-{command}.1")
}

fn manual(command: clap::Command, title: &str) -> Man {
    Man::new(command)
        .title(title)
        .section("1")
        .date(DATE)
        .manual("User Commands")
        .source(concat!("rls ", env!("CARGO_PKG_VERSION")))
}

/// Writes a section of clap_mangen, without the line breaks beside its vertical space, which formatters ignore with a
/// warning.
fn render(page: &mut Vec<u8>, section: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) {
    let mut text = Vec::new();
    section(&mut text).expect("a Vec takes everything");
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        let is_space = |line: Option<&&[u8]>| line.is_some_and(|line| **line == *b".sp\n" || **line == *b"\n");
        let is_beside = is_space(lines.get(at + 1)) || at.checked_sub(1).is_some_and(|at| is_space(lines.get(at)));
        if *line == b".br\n" && is_beside {
            continue;
        }
        page.extend_from_slice(line);
    }
}

fn program_page(program: &clap::Command, names: &[String]) -> Vec<u8> {
    let options = args::command().after_help("").after_long_help("");
    let man = manual(options, "RLS");
    let mut page = Vec::new();
    render(&mut page, |out| man.render_title(out));
    render(&mut page, |out| man.render_name_section(out));
    render(&mut page, |out| man.render_synopsis_section(out));
    render(&mut page, |out| man.render_description_section(out));
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for command in visible(program) {
        term(
            &mut roff,
            &format!("rls-{}(1)", command.get_name()),
            &command.get_about().map(ToString::to_string).unwrap_or_default(),
        );
    }
    render(&mut page, |out| roff.to_writer(out));
    render(&mut page, |out| man.render_options_section(out));
    let mut roff = Roff::new();
    common(&mut roff);
    let others: Vec<_> = names.iter().map(|name| format!("rls-{name}(1)")).collect();
    see_also(&mut roff, &others);
    render(&mut page, |out| roff.to_writer(out));
    page
}

fn command_page(command: &clap::Command, program: &clap::Command) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // Options of every command are on the page of the program.
    let globals: Vec<_> = program.get_arguments().map(|argument| argument.get_id().clone()).collect();
    let own = command.clone().name(format!("rls-{name}")).bin_name(format!("rls {name}")).after_help("");
    let own = own.mut_args(|argument| {
        let is_global = globals.contains(argument.get_id());
        argument.hide(is_global)
    });
    let man = manual(own, &format!("RLS-{}", name.to_uppercase()));
    let mut page = Vec::new();
    render(&mut page, |out| man.render_title(out));
    render(&mut page, |out| man.render_name_section(out));
    render(&mut page, |out| man.render_synopsis_section(out));
    render(&mut page, |out| man.render_description_section(out));
    render(&mut page, |out| man.render_options_section(out));
    let mut roff = Roff::new();
    roff.control("PP", []);
    roff.text([roman("Options of every command are described in "), bold("rls"), roman("(1).")]);
    if let Some((before, examples)) = examples.split_once("Examples:\n") {
        for paragraph in before.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            roff.control("PP", []);
            roff.text([roman(paragraph.replace('\n', " "))]);
        }
        roff.control("SH", ["EXAMPLES"]);
        for (at, example) in examples.lines().map(str::trim).enumerate() {
            if at > 0 {
                roff.control("PP", []);
            }
            roff.control("nf", []);
            roff.text([roman(example)]);
            roff.control("fi", []);
        }
    }
    common(&mut roff);
    see_also(&mut roff, &["rls(1)".to_owned()]);
    render(&mut page, |out| roff.to_writer(out));
    page
}

/// Files, environment and exit codes.
fn common(roff: &mut Roff) {
    roff.control("SH", ["FILES"]);
    FILES.iter().for_each(|(name, text)| term(roff, name, text));
    for (title, topic) in [("ENVIRONMENT", Topic::Environment), ("EXIT STATUS", Topic::ExitCodes)] {
        roff.control("SH", [title]);
        topic.terms().iter().for_each(|(name, text)| term(roff, name, text));
    }
}

fn see_also(roff: &mut Roff, names: &[String]) {
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(names.join(", "))]);
}

fn term(roff: &mut Roff, name: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(text)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If this fails, run `make generated` and review the changes.
    #[test]
    fn the_pages_in_the_repository_are_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
        let mut stored: Vec<_> = std::fs::read_dir(&folder)
            .expect("a readable folder")
            .map(|entry| entry.expect("an entry of a folder").file_name())
            .collect();
        stored.sort();
        let mut made: Vec<std::ffi::OsString> = pages().iter().map(|(name, _)| name.into()).collect();
        made.sort();
        assert_eq!(stored, made);
        for (name, page) in pages() {
            let stored = std::fs::read(folder.join(&name)).expect("a readable file");
            assert!(stored == page, "man/{name} is not what rls man writes");
        }
    }

    #[test]
    fn every_page_has_every_section() {
        for (name, page) in pages() {
            let page = String::from_utf8(page).expect("UTF-8");
            for section in [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "OPTIONS",
                "FILES",
                "ENVIRONMENT",
                "\"EXIT STATUS\"",
                "\"SEE ALSO\"",
            ] {
                assert!(page.contains(&format!(".SH {section}\n")), "{name}: {section}");
            }
            if name != "rls.1" {
                assert!(page.contains(".SH EXAMPLES\n"), "{name}");
                assert!(!page.contains("RLS_USERNAME holds"), "{name}");
            }
        }
    }
}
