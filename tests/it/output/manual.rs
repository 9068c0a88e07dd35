//! Man pages, as the formatters of Linux and the BSDs read them.

use std::path::PathBuf;
use std::process::Command;

use test_support::Rls;

/// The pages that `rls man` writes.
fn pages(rls: &Rls) -> Vec<PathBuf> {
    let folder = rls.home().join("man");
    let mut pages: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|page| page.expect("a page").path()).collect();
    pages.sort();
    assert!(pages.len() > 20, "{pages:?}");
    pages
}

/// Everything a formatter printed on either stream.
fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program is installed (apt-get install man-db mandoc)");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn no_formatter_warns_about_a_man_page() {
    let rls = Rls::new().words("man man");
    rls.succeeds();
    for page in pages(&rls) {
        let mut man = Command::new("man");
        man.args(["--warnings", "--encoding=UTF-8", "--local-file", "-Tutf8", "-Z"]).arg(&page);
        let output = man.env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").output();
        let output = output.expect("man is installed (apt-get install man-db)");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", page.display());
        assert!(output.stdout.len() > 1000, "{}", page.display());
        let lint = printed(Command::new("mandoc").args(["-Tlint", "-Wwarning"]).arg(&page));
        assert_eq!(lint, "", "{}", page.display());
    }
}

#[test]
fn a_man_page_is_found_by_its_name_and_reads_as_the_help_does() {
    let rls = Rls::new().words("man share/man/man1");
    rls.succeeds();
    let mut man = Command::new("man");
    man.env("MANPATH", rls.home().join("share/man")).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "100");
    let text = printed(man.args(["-P", "cat", "rls-tags"]));
    let text = text.replace(['\u{2010}', '\u{2011}'], "-");
    for part in ["rls-tags - List tags", "--same-as", "EXAMPLES", "rls tags registry.corp:5000/team/app", "EXIT STATUS"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}
