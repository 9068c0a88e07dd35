//! Environment variables. An empty one counts as not set.

use std::env::{split_paths, var_os};
use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use registry_ls::name::without_password;
use secrecy::SecretString;

use super::partial::{PartialConnection, PartialIdentity, PartialLogin, PartialSettings};
use crate::args::{MAX_JOBS, not_contents, parse_duration};
use crate::input::without_line_end;
use crate::output::{ColorChoice, Format, Layout};
use crate::usage::{Result, Usage};

/// The settings of the environment.
#[derive(Debug, Default)]
pub struct Environment {
    /// `RLS_REGISTRY`
    pub registry: Option<String>,
    /// `RLS_PASSWORD`
    pub password: Option<SecretString>,
    /// `RLS_ROOT`: the root of system files such as `/etc/docker`
    pub root: Option<PathBuf>,
    /// `RLS_CONFIG`
    pub config: Option<PathBuf>,
    /// `RLS_USERNAME`, `REGISTRY_AUTH_FILE`, `RLS_CA_FILE` (separated as in `PATH`), `RLS_CLIENT_CERT`,
    /// `RLS_CLIENT_KEY`, `RLS_INSECURE`, `RLS_PLAIN_HTTP`, `RLS_JOBS`, `RLS_TIMEOUT`, `RLS_OUTPUT`, `RLS_LOG`.
    ///
    /// `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE` and `CLICOLOR` set the colours to `auto`, which heeds them; so they
    /// take precedence over the configuration file.
    pub settings: PartialSettings,
}

impl Environment {
    /// The process's environment.
    ///
    /// # Errors
    /// A variable with a value that it cannot have.
    pub fn of_process() -> Result<Self> {
        Self::read(&|name| var_os(name))
    }

    /// The variables that `lookup` finds.
    ///
    /// # Errors
    /// As [`Environment::of_process`].
    pub fn read(lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<Self> {
        let reader = Reader { lookup };
        let username = reader.text("RLS_USERNAME")?.map(|name| without_line_end(&name).to_owned());
        let identity = (reader.path("RLS_CLIENT_CERT")?, reader.path("RLS_CLIENT_KEY")?);
        let sets_color =
            ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR"].iter().any(|name| reader.get(name).is_some());
        let connection = PartialConnection {
            login: PartialLogin { username, auth_file: reader.path("REGISTRY_AUTH_FILE")?, anonymous: false },
            ca_files: reader.paths("RLS_CA_FILE")?,
            client_identity: PartialIdentity::new(identity.0, identity.1, ["RLS_CLIENT_CERT", "RLS_CLIENT_KEY"]),
            insecure: reader.parsed("RLS_INSECURE", parse_switch)?,
            plain_http: reader.parsed("RLS_PLAIN_HTTP", parse_switch)?,
            jobs: reader.parsed("RLS_JOBS", parse_jobs)?,
            ..PartialConnection::default()
        };
        Ok(Self {
            registry: reader.text("RLS_REGISTRY")?,
            password: reader.text("RLS_PASSWORD")?.map(|password| without_line_end(&password).into()),
            root: reader.path("RLS_ROOT")?,
            config: reader.path("RLS_CONFIG")?,
            settings: PartialSettings {
                timeout: reader.parsed("RLS_TIMEOUT", parse_duration)?,
                layout: reader.parsed("RLS_OUTPUT", parse_format)?.map(Layout::Format),
                color: sets_color.then_some(ColorChoice::Auto),
                verbosity: reader.parsed("RLS_LOG", parse_verbosity)?,
                connection,
                ..PartialSettings::default()
            },
        })
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Result<Option<PathBuf>> {
        Ok(self.path_text(name)?.map(PathBuf::from))
    }

    fn paths(&self, name: &str) -> Result<Vec<PathBuf>> {
        Ok(self.path_text(name)?.map(|paths| split_paths(&paths).collect()).unwrap_or_default())
    }

    /// The value of a variable that names files. One that holds their contents is not shown.
    fn path_text(&self, name: &str) -> Result<Option<OsString>> {
        let value = self.get(name);
        value
            .as_deref()
            .map_or(Ok(()), not_contents)
            .map_err(|cause| Usage::new(format!("{name} cannot be used")).because(cause))?;
        Ok(value)
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        let text = self.get(name).map(OsString::into_string).transpose();
        text.map_err(|_| Usage::new(format!("{name} cannot be used")).because("it is not UTF-8"))
    }

    fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let value = parse(&text);
        value
            .map(Some)
            .map_err(|cause| Usage::new(format!("{name}={} cannot be used", without_password(&text))).because(cause))
    }
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("expected 1, true, yes or on, or 0, false, no or off".to_owned()),
    }
}

fn parse_jobs(text: &str) -> Result<u16, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=MAX_JOBS).contains(&u64::from(*jobs)));
    jobs.ok_or_else(|| format!("expected a number from 1 to {MAX_JOBS}"))
}

fn parse_format(text: &str) -> Result<Format, String> {
    Format::from_str(text, true).map_err(|_| "expected table, plain, json, jsonl, yaml or csv".to_owned())
}

fn parse_verbosity(text: &str) -> Result<u8, String> {
    match text.to_ascii_lowercase().as_str() {
        "0" | "off" => Ok(0),
        "1" | "requests" => Ok(1),
        "2" | "headers" => Ok(2),
        _ => Err("expected 0, 1 (requests) or 2 (requests with their headers)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(variables: &[(&str, &str)]) -> Result<Environment> {
        Environment::read(&|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value))
        })
    }

    #[test]
    fn every_variable_is_read() {
        let environment = read(&[
            ("RLS_REGISTRY", "reg:5000"),
            ("RLS_USERNAME", "ann"),
            ("RLS_PASSWORD", "s3cret"),
            ("REGISTRY_AUTH_FILE", "/auth.json"),
            ("RLS_CA_FILE", "a.pem:b.pem"),
            ("RLS_CLIENT_CERT", "c.pem"),
            ("RLS_CLIENT_KEY", "k.pem"),
            ("RLS_INSECURE", "Yes"),
            ("RLS_PLAIN_HTTP", "0"),
            ("RLS_JOBS", "4"),
            ("RLS_TIMEOUT", "2m"),
            ("RLS_OUTPUT", "json"),
            ("RLS_LOG", "2"),
            ("RLS_CONFIG", "/rls.toml"),
            ("NO_COLOR", "1"),
        ])
        .expect("an environment");
        assert_eq!(environment.registry.as_deref(), Some("reg:5000"));
        assert_eq!(environment.password.as_ref().expect("a password").expose_secret(), "s3cret");
        assert_eq!(environment.config, Some(PathBuf::from("/rls.toml")));
        let connection = PartialConnection {
            login: PartialLogin {
                username: Some("ann".to_owned()),
                auth_file: Some("/auth.json".into()),
                anonymous: false,
            },
            ca_files: vec!["a.pem".into(), "b.pem".into()],
            client_identity: PartialIdentity::new(
                Some("c.pem".into()),
                Some("k.pem".into()),
                ["RLS_CLIENT_CERT", "RLS_CLIENT_KEY"],
            ),
            insecure: Some(true),
            plain_http: Some(false),
            jobs: Some(4),
            connect_timeout: None,
            read_timeout: None,
            retries: None,
        };
        let expected = PartialSettings {
            timeout: Some(std::time::Duration::from_secs(120)),
            layout: Some(Layout::Format(Format::Json)),
            color: Some(ColorChoice::Auto),
            progress: None,
            verbosity: Some(2),
            connection,
        };
        assert_eq!(environment.settings, expected);
        assert!(!format!("{environment:?}").contains("s3cret"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let names = [
            "RLS_REGISTRY",
            "RLS_USERNAME",
            "RLS_PASSWORD",
            "REGISTRY_AUTH_FILE",
            "RLS_CA_FILE",
            "RLS_CLIENT_CERT",
            "RLS_CLIENT_KEY",
            "RLS_INSECURE",
            "RLS_PLAIN_HTTP",
            "RLS_JOBS",
            "RLS_TIMEOUT",
            "RLS_OUTPUT",
            "RLS_LOG",
            "RLS_CONFIG",
            "NO_COLOR",
            "FORCE_COLOR",
            "CLICOLOR_FORCE",
            "CLICOLOR",
        ];
        let empty = read(&names.map(|name| (name, ""))).expect("an environment");
        assert_eq!(format!("{empty:?}"), format!("{:?}", Environment::default()));
    }

    #[test]
    fn line_ends_are_stripped_from_user_name_and_password() {
        for (given, meant) in [("pw\n", "pw"), ("pw\r\n", "pw"), (" p w ", " p w "), ("pw\n\n", "pw\n"), ("pw", "pw")] {
            let environment = read(&[("RLS_USERNAME", given), ("RLS_PASSWORD", given)]).expect("an environment");
            assert_eq!(environment.settings.connection.login.username.as_deref(), Some(meant));
            assert_eq!(environment.password.as_ref().expect("a password").expose_secret(), meant);
        }
    }

    #[test]
    fn a_switch_has_eight_values() {
        for (text, value) in [("1", true), ("TRUE", true), ("yes", true), ("on", true)] {
            assert_eq!(
                read(&[("RLS_INSECURE", text)]).expect("an environment").settings.connection.insecure,
                Some(value),
                "{text}"
            );
        }
        for text in ["0", "false", "No", "off"] {
            assert_eq!(
                read(&[("RLS_PLAIN_HTTP", text)]).expect("an environment").settings.connection.plain_http,
                Some(false),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_value_names_the_variable() {
        let cases = [
            (
                "RLS_INSECURE",
                "maybe",
                "RLS_INSECURE=maybe cannot be used: expected 1, true, yes or on, or 0, false, no or off",
            ),
            ("RLS_JOBS", "0", "RLS_JOBS=0 cannot be used: expected a number from 1 to 256"),
            ("RLS_JOBS", "70000", "RLS_JOBS=70000 cannot be used: expected a number from 1 to 256"),
            (
                "RLS_TIMEOUT",
                "10",
                "RLS_TIMEOUT=10 cannot be used: expected a number with its unit, such as 500ms, 10s, 2m or 1h",
            ),
            ("RLS_OUTPUT", "xml", "RLS_OUTPUT=xml cannot be used: expected table, plain, json, jsonl, yaml or csv"),
            (
                "RLS_LOG",
                "debug",
                "RLS_LOG=debug cannot be used: expected 0, 1 (requests) or 2 (requests with their headers)",
            ),
        ];
        for (name, value, text) in cases {
            assert_eq!(read(&[(name, value)]).expect_err("it is refused").to_string(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_that_is_not_utf_8_is_not_shown() {
        use std::os::unix::ffi::OsStringExt;
        let error =
            Environment::read(&|name| (name == "RLS_PASSWORD").then(|| OsString::from_vec(b"s3cret\xff".to_vec())))
                .expect_err("it is refused");
        assert_eq!(error.to_string(), "RLS_PASSWORD cannot be used: it is not UTF-8");
    }
}
