//! Config blobs, and the image config (OCI image specification, "Image Configuration"; docker's has the same members),
//! as far as it is displayed.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::platform::Platform;
use crate::name::Digest;

/// A config blob.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Its digest.
    pub digest: Digest,
    /// The exact bytes.
    pub bytes: Bytes,
    /// Its facts; empty for an artifact's config.
    pub image: ImageConfig,
    /// Why it could not be parsed, if it is not a JSON object.
    pub unreadable: Option<String>,
}

/// The displayed parts of an image config. Members that are absent or of another type are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageConfig {
    /// When the image was created, as the config states; it may be a fixed date, see [`Dates`](super::Dates).
    pub created: Option<Timestamp>,
    /// The platform; `None` where this is no image's config.
    pub platform: Option<Platform>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Environment, `NAME=value`.
    pub env: Vec<String>,
    /// Entry point.
    pub entrypoint: Vec<String>,
    /// Default command.
    pub cmd: Vec<String>,
    /// The user that it runs as: a name or number, with a group after a colon.
    pub user: Option<String>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// Exposed ports, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// Directories that are volumes.
    pub volumes: Vec<String>,
    /// The steps of the build.
    pub history: Vec<HistoryEntry>,
    /// When a model was created: the configs of ModelPack and Docker have it elsewhere.
    pub model_created: Option<Timestamp>,
    /// The version of a model, or of a Helm chart: its config is `Chart.yaml` as JSON.
    pub version: Option<String>,
    /// The version of the application that a Helm chart installs.
    pub app_version: Option<String>,
}

/// One step of the build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// When it ran.
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<Timestamp>,
    /// The instruction.
    #[serde(default, deserialize_with = "lenient")]
    pub created_by: Option<String>,
    /// A comment.
    #[serde(default, deserialize_with = "lenient")]
    pub comment: Option<String>,
    /// Whether the step made no layer.
    #[serde(default, deserialize_with = "lenient")]
    pub empty_layer: Option<bool>,
}

#[derive(Deserialize)]
struct Members {
    #[serde(default, deserialize_with = "lenient")]
    created: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    architecture: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    os: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    variant: Option<String>,
    #[serde(default, rename = "os.version", deserialize_with = "lenient")]
    os_version: Option<String>,
    #[serde(default, rename = "os.features", deserialize_with = "lenient")]
    os_features: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    config: Option<Run>,
    #[serde(default, deserialize_with = "lenient")]
    history: Option<Vec<Option<HistoryEntry>>>,
    #[serde(default, deserialize_with = "lenient")]
    descriptor: Option<Model>,
    #[serde(default, deserialize_with = "lenient")]
    version: Option<String>,
    #[serde(default, rename = "appVersion", deserialize_with = "lenient")]
    app_version: Option<String>,
}

/// The `descriptor` of a model's config: ModelPack specifies `createdAt`, Docker writes `created`.
#[derive(Default, Deserialize)]
struct Model {
    #[serde(default, rename = "createdAt", deserialize_with = "lenient")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    created: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    #[serde(default, deserialize_with = "lenient")]
    labels: Option<BTreeMap<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    env: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "lenient")]
    entrypoint: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "lenient")]
    cmd: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    working_dir: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    exposed_ports: Option<BTreeMap<String, Value>>,
    #[serde(default, deserialize_with = "lenient")]
    volumes: Option<BTreeMap<String, Value>>,
}

/// Reads a member, or nothing where it has another type: Helm charts and other artifacts have configs of their own.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// A text; `null` is the empty one.
fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

fn texts(values: Option<Vec<Value>>) -> Vec<String> {
    values.into_iter().flatten().filter_map(text).collect()
}

impl ImageConfig {
    /// Reads a config blob; where it cannot be read, it is empty, with the reason.
    pub(super) fn read(bytes: &[u8]) -> (Self, Option<String>) {
        match Self::parse(bytes) {
            Ok(image) => (image, None),
            Err(error) if error.is_data() => (Self::default(), Some(error.to_string())),
            Err(error) => (Self::default(), Some(format!("not JSON, {error}"))),
        }
    }

    /// Reads a config blob.
    ///
    /// # Errors
    ///
    /// When it is not a JSON object. An empty blob is accepted: some artifacts have one.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        // serde would read an array as the members in their order.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            serde_json::from_slice::<IgnoredAny>(bytes)?;
            return Err(serde::de::Error::custom("not a JSON object"));
        }
        let members: Members = serde_json::from_slice(bytes)?;
        let run = members.config.unwrap_or_default();
        let model = members.descriptor.unwrap_or_default();
        // cosign writes empty strings, BuildKit `unknown`.
        let is_named = |text: &String| !text.is_empty();
        let platform = members.os.filter(is_named).zip(members.architecture.filter(is_named));
        Ok(Self {
            created: members.created,
            platform: platform
                .map(|(os, architecture)| Platform {
                    os,
                    architecture,
                    variant: members.variant.filter(is_named),
                    os_version: members.os_version.filter(is_named),
                    os_features: members.os_features.unwrap_or_default(),
                })
                .filter(|platform| !platform.is_unknown()),
            labels: run.labels.into_iter().flatten().filter_map(|(key, value)| Some((key, text(value)?))).collect(),
            env: texts(run.env),
            entrypoint: texts(run.entrypoint),
            cmd: texts(run.cmd),
            user: run.user.filter(is_named),
            working_dir: run.working_dir.filter(is_named),
            ports: run.exposed_ports.into_iter().flatten().map(|(port, _)| port).collect(),
            volumes: run.volumes.into_iter().flatten().map(|(path, _)| path).collect(),
            history: members.history.into_iter().flatten().flatten().collect(),
            model_created: model.created_at.or(model.created),
            version: model.version.or(members.version).filter(is_named),
            app_version: members.app_version.filter(is_named),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_config_is_read() {
        let config = ImageConfig::parse(
            br#"{"created":"2026-11-18T09:12:00.5Z","architecture":"arm","os":"linux","variant":"v7",
                "config":{"Labels":{"a":"b"},"Env":["PATH=/bin"],"Entrypoint":["/app"],"Cmd":null,"User":"65532:65532",
                    "WorkingDir":"/srv","ExposedPorts":{"8080/tcp":{},"53/udp":null},"Volumes":{"/data":{}}},
                "history":[{"created":"2026-11-18T09:12:00Z","created_by":"RUN x","empty_layer":true}]}"#,
        )
        .expect("JSON");
        assert_eq!(config.created.map(|created| created.to_string()).as_deref(), Some("2026-11-18T09:12:00.5Z"));
        assert_eq!(config.platform.map(|platform| platform.to_string()).as_deref(), Some("linux/arm/v7"));
        assert_eq!((config.env.len(), config.entrypoint.len(), config.cmd.len()), (1, 1, 0));
        assert_eq!(config.labels["a"], "b");
        assert_eq!((config.user.as_deref(), config.working_dir.as_deref()), (Some("65532:65532"), Some("/srv")));
        assert_eq!((config.ports.join(" "), config.volumes.join(" ")), ("53/udp 8080/tcp".into(), "/data".into()));
        assert_eq!(config.history[0].empty_layer, Some(true));
    }

    #[test]
    fn what_is_not_an_image_is_empty_rather_than_an_error() {
        assert_eq!(ImageConfig::parse(b"{}").expect("JSON"), ImageConfig::default());
        assert_eq!(ImageConfig::parse(b"").expect("nothing"), ImageConfig::default());
        let other = br#"{"name":"chart","config":"no","os":7,"created":"yesterday","version":1,"appVersion":""}"#;
        assert_eq!(ImageConfig::parse(other).expect("JSON"), ImageConfig::default());
        for other in ["[]", "7", "hello", "PK\u{3}\u{4}", "{"] {
            let error = ImageConfig::parse(other.as_bytes()).expect_err(other);
            assert!(error.is_data() || error.is_syntax() || error.is_eof(), "{other}: {error}");
        }
        for nowhere in [r#"{"os":"","architecture":""}"#, r#"{"os":"unknown","architecture":"unknown"}"#] {
            assert_eq!(ImageConfig::parse(nowhere.as_bytes()).expect("JSON").platform, None, "{nowhere}");
        }
    }

    #[test]
    fn an_unreadable_member_does_not_affect_the_others() {
        let config =
            br#"{"config":{"Labels":{"a":null,"b":7,"c":"d"},"Env":["A=1",null,2]},"history":[null,{"created_by":7}]}"#;
        let config = ImageConfig::parse(config).expect("JSON");
        assert_eq!(config.labels, BTreeMap::from([("a".to_owned(), String::new()), ("c".to_owned(), "d".to_owned())]));
        assert_eq!(
            (config.env, config.history),
            (vec!["A=1".to_owned(), String::new()], vec![HistoryEntry::default()])
        );
    }

    #[test]
    fn creation_times_of_models_are_read() {
        for name in ["createdAt", "created"] {
            let config =
                format!(r#"{{"descriptor":{{"{name}":"2025-01-01T00:00:00Z"}},"config":{{"format":"gguf"}}}}"#);
            let config = ImageConfig::parse(config.as_bytes()).expect("JSON");
            assert_eq!(config.created, None);
            assert_eq!(
                config.model_created.map(|created| created.to_string()).as_deref(),
                Some("2025-01-01T00:00:00Z")
            );
        }
    }

    #[test]
    fn charts_and_models_have_versions() {
        let versions = |config: &str| {
            let config = ImageConfig::parse(config.as_bytes()).expect("JSON");
            (config.version, config.app_version)
        };
        let chart = r#"{"name":"web","version":"0.9.0","apiVersion":"v2","appVersion":"2.1"}"#;
        assert_eq!(versions(chart), (Some("0.9.0".to_owned()), Some("2.1".to_owned())));
        let model = r#"{"descriptor":{"name":"llama","version":"3.2"},"config":{"architecture":"transformer"}}"#;
        assert_eq!(versions(model), (Some("3.2".to_owned()), None));
    }

    #[test]
    fn the_version_of_windows_is_read() {
        let config = br#"{"os":"windows","architecture":"amd64","os.version":"10.0.17763.1","os.features":["win32k"]}"#;
        let platform = ImageConfig::parse(config).expect("JSON").platform.expect("a platform");
        assert_eq!(platform.to_string(), "windows(10.0.17763.1+win32k)/amd64");
    }
}
