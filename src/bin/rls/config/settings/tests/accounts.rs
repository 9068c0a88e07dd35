//! Which registry gets which user name and password.

use super::*;

/// Who, and where the password is.
fn account(arguments: &str, variables: &[(&str, &str)], file: &str) -> String {
    shown(connection(arguments, variables, file).account)
}

fn shown(account: Account) -> String {
    match account {
        Account::Found => "found".to_owned(),
        Account::Anonymous => "anonymous".to_owned(),
        Account::AuthFile(path) => format!("file {}", path.display()),
        Account::User { username, password: Password::Given(secret) } => {
            format!("{username}, {}", secret.expose_secret())
        }
        Account::User { username, password: Password::Stdin } => format!("{username}, stdin"),
        Account::User { username, password: Password::Prompt } => format!("{username}, prompt"),
    }
}

#[test]
fn user_name_and_password_come_from_one_source() {
    const FILE: &str = "username = \"general\"\n[registries.\"reg:5000\"]\nauth-file = \"own.json\"";
    const PASSWORD: (&str, &str) = ("RLS_PASSWORD", "s3cret");
    assert_eq!(account("", &[], ""), "found");
    assert_eq!(account("-u ann", &[], FILE), "ann, prompt");
    assert_eq!(account("-u ann", &[PASSWORD], ""), "ann, s3cret");
    assert_eq!(account("-u ann --password-stdin", &[PASSWORD], ""), "ann, stdin");
    assert_eq!(account("", &[("RLS_USERNAME", "bob"), PASSWORD], FILE), "bob, s3cret");
    assert_eq!(account("--password-stdin", &[("RLS_USERNAME", "bob")], ""), "bob, stdin");
    assert_eq!(account("", &[("REGISTRY_AUTH_FILE", "env.json")], FILE), "file env.json");
    assert_eq!(account("", &[("RLS_USERNAME", "bob"), ("REGISTRY_AUTH_FILE", "env.json")], FILE), "bob, prompt");
    assert_eq!(account("--auth-file -", &[("RLS_USERNAME", "bob"), PASSWORD], FILE), "file -");
    assert_eq!(account("--anonymous", &[("RLS_USERNAME", "bob"), PASSWORD], FILE), "anonymous");
    assert_eq!(account("", &[], FILE), "file /etc/rls/own.json");
    assert_eq!(account("", &[PASSWORD], "username = \"general\""), "general, s3cret");
    assert_eq!(account("", &[], "[registries.\"reg:5000\"]\nanonymous = true"), "anonymous");
}

/// The account used at a registry, by this command line with `ann` and a password in the environment.
fn account_at(line: &str, variables: &[(&str, &str)], file: &str, registry: &str) -> String {
    let all = [variables, &[("RLS_USERNAME", "ann"), ("RLS_PASSWORD", "s3cret")]].concat();
    let settings = resolve_line(line, &all, file).unwrap_or_else(|usage| panic!("{usage}"));
    shown(settings.connection(&registry.parse().expect("a registry")).unwrap_or_else(|usage| panic!("{usage}")).account)
}

#[test]
fn the_password_of_a_run_is_sent_to_one_registry() {
    const ANN: &str = "ann, s3cret";
    const VARIABLE: [(&str, &str); 1] = [("RLS_REGISTRY", "corp:5000")];
    for (line, variables, file, registry, expected) in [
        ("rls tags -r corp:5000 evil.test/app", &[][..], "", "corp:5000", ANN),
        ("rls tags -r corp:5000 evil.test/app", &[], "", "evil.test", "found"),
        ("rls tags -r corp:5000 app", &[("RLS_REGISTRY", "other:5000")], "", "other:5000", "found"),
        ("rls tags app", &VARIABLE, "", "corp:5000", ANN),
        ("rls tags evil.test/app", &VARIABLE, "", "evil.test", "found"),
        ("rls tags corp:5000/app evil.test/app", &VARIABLE, "", "corp:5000", ANN),
        ("rls tags evil.test/app", &[], "registry = \"corp:5000\"", "evil.test", "found"),
        ("rls tags app", &[], "registry = \"corp:5000\"", "corp:5000", ANN),
        ("rls tags corp:5000/app corp:5000/web", &[], "", "corp:5000", ANN),
        ("rls doctor corp:5000/app", &[], "", "corp:5000", ANN),
        ("rls repos https://corp:5000/team", &[], "", "corp:5000", ANN),
        // Not for another port, nor in plain text where TLS is meant.
        ("rls tags corp/app", &[], "", "corp:5000", "found"),
        ("rls tags corp:5000/app", &[], "", "http://corp:5000", "found"),
        ("rls tags corp:443/app", &[], "", "corp", ANN),
        // Standard input, plans and defaults name no registry.
        ("rls tags -", &[], "", "evil.test", "found"),
        ("rls rm --apply plan.json", &[], "", "corp:5000", "found"),
        ("rls tags alpine", &[], "", "docker.io", "found"),
        ("rls tags docker.io/alpine", &[], "", "docker.io", ANN),
        ("rls tags --anonymous corp:5000/app", &[], "", "corp:5000", "anonymous"),
        // A user of a registry's own has a password of its own.
        ("rls tags -r corp:5000 app", &[], "[registries.\"reg:5000\"]\nusername = \"bob\"", "reg:5000", "bob, prompt"),
    ] {
        assert_eq!(account_at(line, variables, file, registry), expected, "{line} {variables:?} {file} at {registry}");
    }
}

#[test]
fn a_configured_user_name_belongs_to_the_default_registry() {
    let account = |line: &str, file: &str, registry: &str| {
        let settings =
            resolve_line(line, &[("RLS_PASSWORD", "s3cret")], file).unwrap_or_else(|usage| panic!("{usage}"));
        shown(settings.connection(&registry.parse().expect("a registry")).expect("a connection").account)
    };
    const FILE: &str = "registry = \"corp:5000\"\nusername = \"ann\"";
    assert_eq!(account("rls tags app", FILE, "corp:5000"), "ann, s3cret");
    assert_eq!(account("rls tags ghcr.io/app", FILE, "ghcr.io"), "found");
}

#[test]
fn an_ambiguous_password_is_refused() {
    let refused = |line: &str, variables: &[(&str, &str)]| {
        let all = [variables, &[("RLS_PASSWORD", "s3cret")]].concat();
        let usage = resolve_line(line, &all, "").map(|_| ()).expect_err(line);
        assert!(!usage.to_string().contains("s3cret"));
        format!("{usage} | {}", usage.advice().unwrap_or_default())
    };
    let two = refused("rls tags corp:5000/app other:5000/app", &[("RLS_USERNAME", "ann")]);
    assert!(
        two.starts_with("cannot tell which registry RLS_USERNAME is for: corp:5000 and other:5000 are named, "),
        "{two}"
    );
    assert!(
        refused("rls rm -u ann corp:5000/app:1 http://corp:5000/app:1", &[]).contains("which registry -u is for: ")
    );
    assert_eq!(
        refused("rls tags -u ann app", &[]),
        "cannot tell which registry -u is for: no registry is named on the command line | use -r REGISTRY; for Docker \
         Hub: -r docker.io"
    );
    assert_eq!(
        refused("rls tags -u ann other:5000/app", &[("RLS_REGISTRY", "corp:5000")]),
        "cannot tell which registry -u is for: the default registry is corp:5000, but other:5000 is named | use -r \
         other:5000"
    );
    // A name without a registry is in the usual one, which gets it.
    resolve_line("rls tags -u ann app other:5000/app", &[("RLS_REGISTRY", "corp:5000")], "").expect("settings");
    // There is no password prompt there.
    resolve_line("rls tags corp:5000/app other:5000/app", &[], "").expect("settings");
    resolve_line("rls logout -u ann corp:5000", &[], "").expect("settings");
    resolve_line("rls tags --anonymous corp:5000/app other:5000/app", &[("RLS_USERNAME", "ann")], "")
        .expect("settings");
    resolve_line("rls tags --auth-file x corp:5000/app other:5000/app", &[("RLS_USERNAME", "ann")], "")
        .expect("settings");
}

#[test]
fn login_needs_a_registry_for_the_password() {
    let login = |line: &str, variables: &[(&str, &str)], registry: &str| {
        let all = [variables, &[("RLS_REGISTRY", "corp:5000"), ("RLS_PASSWORD", "s3cret")]].concat();
        let settings = resolve_line(line, &all, "").unwrap_or_else(|usage| panic!("{usage}"));
        let login = settings.login(&registry.parse().expect("a registry")).unwrap_or_else(|usage| panic!("{usage}"));
        let username = login.username.unwrap_or_else(|| "-".to_owned());
        shown(Account::User { username, password: login.password })
    };
    assert_eq!(login("rls login", &[("RLS_USERNAME", "ann")], "corp:5000"), "ann, s3cret");
    assert_eq!(login("rls login -u bob other:5000", &[("RLS_USERNAME", "ann")], "other:5000"), "bob, s3cret");
    let with_file = [("RLS_USERNAME", "ann"), ("REGISTRY_AUTH_FILE", "x.json")];
    assert_eq!(login("rls login --auth-file auth.json", &with_file, "corp:5000"), "ann, s3cret");
    // What is for the usual registry is not for another.
    assert_eq!(login("rls login other:5000", &[("RLS_USERNAME", "ann")], "other:5000"), "-, prompt");
}

#[test]
fn a_password_needs_a_user_name() {
    assert_eq!(refused("--password-stdin", &[], ""), "--password-stdin needs a user name | use -u NAME");
    let expected = "--password-stdin needs a user name | use -u NAME";
    assert_eq!(refused("--password-stdin", &[("REGISTRY_AUTH_FILE", "x")], ""), expected);
    assert_eq!(
        refused("", &[("RLS_PASSWORD", "s3cret")], ""),
        "RLS_PASSWORD needs a user name | use -u NAME, or set RLS_USERNAME"
    );
}

#[test]
fn a_password_in_the_user_name_is_refused_and_not_shown() {
    let expected = "the user name contains a colon: a password after it could be read by every user on this machine | \
         use -u NAME to be asked for the password, or --password-stdin to read it from standard input";
    assert_eq!(refused("-u ann:s3cret", &[], ""), expected);
    assert_eq!(refused("", &[("RLS_USERNAME", "ann:s3cret")], ""), expected);
}
