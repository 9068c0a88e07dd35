use futures::future::join_all;
use tempfile::TempDir;

use super::*;
use crate::keychain::tests::write_script;

const KEY: &str = "reg.corp:5000";

/// A folder with helpers.
fn folder(scripts: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, script) in scripts {
        write_script(&folder.path().join(format!("docker-credential-{name}")), script);
    }
    folder
}

fn helpers(folder: &TempDir) -> Helpers {
    Helpers::new(Some(folder.path().into()), Duration::from_secs(10))
}

async fn ask(script: &str) -> Answer {
    let folder = folder(&[("test", script)]);
    helpers(&folder).ask("test", KEY).await
}

#[tokio::test]
async fn a_helper_reads_the_key_and_nothing_else() {
    let script =
        r#"[ "$*" = get ] && key=$(cat) && printf '{"ServerURL":"%s","Username":"u","Secret":"%s"}' "$key" "$key""#;
    let given = ask(script).await.expect("an answer");
    let Some(Credentials::Basic { username, password }) = given.credentials else { panic!("credentials") };
    assert_eq!((username.as_str(), password.expose_secret(), given.note), ("u", KEY, None));
}

#[tokio::test]
async fn a_helper_inherits_the_environment_without_other_secrets() {
    let folder = folder(&[("test", r#"printf '{"Username":"%s","Secret":"%s"}' "${HOME-none}" "${PATH-none}""#)]);
    let path = Some(folder.path().into());
    let of = |unset: &[&str]| {
        Helpers::of(&Options {
            path: path.clone(),
            helper_unset: unset.iter().map(Into::into).collect(),
            ..Options::default()
        })
    };
    for (unset, is_there) in [(&[][..], true), (&["HOME"], false)] {
        let given = of(unset).ask("test", KEY).await.expect("an answer");
        let Some(Credentials::Basic { username, password }) = given.credentials else { panic!("credentials") };
        assert_eq!((username != "none", password.expose_secret() != "none"), (is_there, true));
    }
}

#[tokio::test]
async fn an_identity_token_is_recognised_by_its_user_name() {
    let given = ask(r#"echo '{"ServerURL":"","Username":"<token>","Secret":"t"}'"#).await.expect("an answer");
    let Some(Credentials::IdentityToken { username: None, token, .. }) = given.credentials else { panic!("a token") };
    assert_eq!(token.expose_secret(), "t");
}

#[tokio::test]
async fn missing_credentials_are_not_a_failure() {
    for script in [
        "echo credentials not found in native keychain; exit 1",
        r#"echo '{"ServerURL":"x","Username":"","Secret":""}'"#,
        "echo '{}'",
    ] {
        let given = ask(script).await.expect("an answer");
        assert!(given.credentials.is_none() && given.note.is_none(), "{script}");
    }
}

#[tokio::test]
async fn failures_are_reported_without_secrets() {
    for (script, why) in [
        ("echo 'the vault is sealed'; exit 1", "docker-credential-test failed: the vault is sealed"),
        ("exit 3", "docker-credential-test failed with exit code 3"),
        ("echo one >&2; echo 'run: sso login' >&2; echo >&2; exit 1", "docker-credential-test failed: run: sso login"),
        ("echo said; echo debug >&2; exit 1", "docker-credential-test failed: said"),
        (r#"echo '{"Secret":"s3cret"}' >&2; exit 1"#, "docker-credential-test failed with exit code 1"),
        ("sleep 3 >/dev/null & echo '' >&2; echo left >&2; exit 1", "docker-credential-test failed: left"),
        (
            "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2; exit 1",
            "docker-credential-test failed: end",
        ),
        (r#"echo '{"Secret":"s3cret"}'; exit 1"#, "docker-credential-test failed with exit code 1"),
        (r#"echo 'debug: cached'; echo '{"Secret":"s3cret"}'; exit 1"#, "docker-credential-test failed: debug: cached"),
        (r#"echo 'got {"Secret":"s3cret"}' >&2; exit 1"#, "docker-credential-test failed: got"),
        (
            "echo 'Secret: s3cret-1 token=s3cret-1, \"password\": s3cret-1'; exit 1",
            "docker-credential-test failed: Secret: REDACTED token=REDACTED \"password\": REDACTED",
        ),
        (
            "echo 'cannot open https://ann:s3cret@vault'; exit 1",
            "docker-credential-test failed: cannot open https://REDACTED@vault",
        ),
        (
            "echo 'cannot fetch the token: oauth2: invalid_grant'; exit 1",
            "docker-credential-test failed: cannot fetch the token: oauth2: invalid_grant",
        ),
        ("echo s3cret", "docker-credential-test printed an invalid answer"),
        (r#"echo '["","ann","s3cret"]'"#, "docker-credential-test printed an invalid answer"),
        (r#"echo '{"Username":7,"Secret":"s3cret"}'"#, "docker-credential-test printed an invalid answer"),
        (
            r#"echo '{"Username":"a:b","Secret":"s3cret"}'"#,
            "docker-credential-test printed an unusable answer: its user name has a colon",
        ),
        ("exec cat /dev/zero", "docker-credential-test printed more than 64 KiB"),
        ("kill -9 $$", "docker-credential-test was killed by signal 9"),
        (
            "echo '{\"auths\": {\"x\": \"s3cret\"}}'",
            "docker-credential-test printed an answer without Username and Secret",
        ),
    ] {
        let failure = ask(script).await.expect_err(script);
        assert_eq!((failure.why.as_str(), failure.fault), (why, HelperFault::Failed));
    }
    let long = ask("head -c 5000 /dev/zero | tr '\\0' x; exit 1").await.expect_err("a failure").why;
    assert!(long.len() < 300, "{long}");
}

#[tokio::test]
async fn an_answer_is_read_as_docker_reads_it() {
    for script in [
        r#"echo '{"username":"u","SECRET":"s"}'"#,
        // What the helper leaves behind holds the pipe open.
        r#"echo '{"Username":"u","Secret":"s"}'; sleep 1000 &"#,
    ] {
        let given = ask(script).await.expect(script);
        assert!(matches!(given.credentials, Some(Credentials::Basic { .. })), "{script}");
    }
    let none = ask("echo 'the session has expired' >&2; echo 'credentials not found in native keychain'; exit 1").await;
    let none = none.expect("no credentials");
    assert!(none.credentials.is_none());
    let note = none.note.expect("a note");
    assert_eq!(note, "docker-credential-test has no credentials for reg.corp:5000: the session has expired");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_why() {
    let folder = folder(&[]);
    for (name, text, why) in [
        ("lost", "#!/nowhere/sh\n", "cannot be run: the interpreter in its first line does not exist"),
        ("text", "echo\n", "cannot be run: Exec format error"),
    ] {
        let path = folder.path().join(format!("docker-credential-{name}"));
        std::fs::write(&path, text).expect("written");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, executable).expect("set");
        let failure = helpers(&folder).ask(name, KEY).await.expect_err(name);
        assert_eq!(failure.why, format!("docker-credential-{name} {why}"));
    }
}

#[tokio::test]
async fn a_reply_for_another_server_is_used_and_noted() {
    let given =
        ask(r#"echo '{"ServerURL":"https://evil.example","Username":"u","Secret":"s"}'"#).await.expect("an answer");
    assert!(matches!(given.credentials, Some(Credentials::Basic { .. })));
    let note = given.note.expect("a note");
    assert_eq!(note, r#"docker-credential-test was asked for reg.corp:5000 and answered for "https://evil.example""#);
    let given = ask(r#"echo '{"ServerURL":"https://ann:s3cret@evil.example","Username":"u","Secret":"s"}'"#).await;
    let note = given.expect("an answer").note.expect("a note");
    assert!(note.ends_with(r#"answered for "https://REDACTED@evil.example""#), "{note}");
    let same = ask(r#"echo '{"ServerURL":"https://REG.corp:5000/v2/","Username":"u","Secret":"s"}'"#).await;
    assert_eq!(same.expect("an answer").note, None);
}

#[tokio::test]
async fn a_hanging_helper_is_abandoned() {
    let folder = folder(&[("hangs", "exec sleep 1000"), ("forks", "sleep 1000 & echo '{}'")]);
    let helpers = Helpers::new(Some(folder.path().into()), Duration::from_millis(50));
    for name in ["hangs", "forks"] {
        let failure = helpers.ask(name, KEY).await.expect_err(name);
        assert_eq!(failure.why, format!("docker-credential-{name} timed out after 50ms"));
        assert_eq!((failure.fault, failure.key.as_str()), (HelperFault::TimedOut, KEY));
    }
}

#[tokio::test]
async fn a_helper_is_searched_in_path_only() {
    let folder = folder(&[("there", "echo '{}'")]);
    std::fs::create_dir(folder.path().join("docker-credential-folder")).expect("a folder");
    std::fs::write(folder.path().join("docker-credential-plain"), "").expect("written");
    let found = helpers(&folder);
    found.ask("there", KEY).await.expect("it is there");
    for name in ["missing", "folder"] {
        let failure = found.ask(name, KEY).await.expect_err(name);
        assert_eq!(failure.why, format!("docker-credential-{name} is not in PATH"));
        assert_eq!((failure.program, failure.fault), (format!("docker-credential-{name}"), HelperFault::Missing));
    }
    let plain = found.ask("plain", KEY).await.expect_err("not executable");
    let path = folder.path().join("docker-credential-plain");
    assert_eq!(plain.why, format!("docker-credential-plain is not executable: {}", path.display()));
    assert_eq!(plain.fault, HelperFault::NotStarted);
    let here = std::env::current_dir().expect("a folder");
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(folder.path().strip_prefix("/").expect("an absolute path"));
    assert!(relative.join("docker-credential-there").exists());
    for path in [None, Some("".into()), Some(relative.into())] {
        let helpers = Helpers::new(path, Duration::from_secs(10));
        assert_eq!(helpers.ask("there", KEY).await.expect_err("none").why, "docker-credential-there is not in PATH");
    }
}

#[tokio::test]
async fn a_helper_runs_once_for_concurrent_callers() {
    let folder = folder(&[("counts", r#"cat >> "$0.log"; echo >> "$0.log"; echo '{"Username":"u","Secret":"s"}'"#)]);
    let helpers = helpers(&folder);
    let answers = join_all((0..10).map(|_| helpers.ask("counts", KEY))).await;
    assert!(answers.into_iter().all(|answer| answer.expect("an answer").credentials.is_some()));
    helpers.ask("counts", "other.corp").await.expect("an answer");
    let log = std::fs::read_to_string(folder.path().join("docker-credential-counts.log")).expect("a log");
    assert_eq!(log, "reg.corp:5000\nother.corp\n");
}

#[test]
fn names_are_checked() {
    for name in ["pass", "ecr-login", "osxkeychain", "a.b_c-1"] {
        check_name(name).expect(name);
    }
    for name in ["", "-x", "a/b", "../x", "a b", "a\n", "a;b", "\u{e9}", "$(x)"] {
        assert_eq!(check_name(name).expect_err(name).kind(), &crate::Kind::Config);
    }
}
