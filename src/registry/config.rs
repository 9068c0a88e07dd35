//! What rls shows of an image's config (OCI image configuration; docker's is the same in these members).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::platform::Platform;

/// The parts of an image config that are for people. Members that are absent, or not as an image has them, are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// When the image was made; `None` also for the placeholders of reproducible builds (year 1 and 1970).
    pub created: Option<Timestamp>,
    /// For which platform; `None` for what is not an image.
    pub platform: Option<Platform>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Environment, `NAME=value`.
    pub env: Vec<String>,
    /// Entry point.
    pub entrypoint: Vec<String>,
    /// Default command.
    pub cmd: Vec<String>,
    /// How it was built.
    pub history: Vec<HistoryEntry>,
}

/// One step of the build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct HistoryEntry {
    /// When.
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<Timestamp>,
    /// The instruction.
    #[serde(default, deserialize_with = "lenient")]
    pub created_by: Option<String>,
    /// A remark.
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
    #[serde(default, deserialize_with = "lenient")]
    config: Option<Run>,
    #[serde(default, deserialize_with = "lenient")]
    history: Option<Vec<HistoryEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    #[serde(default, deserialize_with = "lenient")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default, deserialize_with = "lenient")]
    env: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    entrypoint: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    cmd: Option<Vec<String>>,
}

/// Helm charts and other artifacts have configs of their own: a member of another type than an image's is as good as absent.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

impl ImageConfig {
    /// Reads a config blob.
    ///
    /// # Errors
    ///
    /// When it is not a JSON object. An empty blob is no error: some artifacts have one.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        // An array would be read as the members in their order.
        let Value::Object(members) = serde_json::from_slice(bytes)? else {
            return Err(serde::de::Error::custom("it is not a JSON object"));
        };
        let members: Members = serde_json::from_value(Value::Object(members))?;
        let run = members.config.unwrap_or_default();
        // cosign writes empty texts, buildkit `unknown`.
        let is_named = |text: &String| !text.is_empty();
        let platform = members.os.filter(is_named).zip(members.architecture.filter(is_named));
        Ok(Self {
            created: members.created.filter(|created| is_real(*created)),
            platform: platform
                .map(|(os, architecture)| Platform { os, architecture, variant: members.variant })
                .filter(|platform| !platform.is_unknown()),
            labels: run.labels.unwrap_or_default(),
            env: run.env.unwrap_or_default(),
            entrypoint: run.entrypoint.unwrap_or_default(),
            cmd: run.cmd.unwrap_or_default(),
            history: members.history.unwrap_or_default(),
        })
    }
}

/// Reproducible builds say the zero time of Go or of Unix where they mean that they do not say.
fn is_real(created: Timestamp) -> bool {
    created.as_second() > 24 * 3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_config_is_read() {
        let config = ImageConfig::parse(
            br#"{"created":"2026-11-18T09:12:00.5Z","architecture":"arm","os":"linux","variant":"v7",
                "config":{"Labels":{"a":"b"},"Env":["PATH=/bin"],"Entrypoint":["/app"],"Cmd":null},
                "history":[{"created":"2026-11-18T09:12:00Z","created_by":"RUN x","empty_layer":true}]}"#,
        )
        .expect("JSON");
        assert_eq!(config.created.map(|created| created.to_string()).as_deref(), Some("2026-11-18T09:12:00.5Z"));
        assert_eq!(config.platform.map(|platform| platform.to_string()).as_deref(), Some("linux/arm/v7"));
        assert_eq!((config.env.len(), config.entrypoint.len(), config.cmd.len()), (1, 1, 0));
        assert_eq!(config.labels["a"], "b");
        assert_eq!(config.history[0].empty_layer, Some(true));
    }

    #[test]
    fn what_is_not_an_image_is_empty_rather_than_an_error() {
        assert_eq!(ImageConfig::parse(b"{}").expect("JSON"), ImageConfig::default());
        assert_eq!(ImageConfig::parse(b"").expect("nothing"), ImageConfig::default());
        let helm = br#"{"name":"chart","config":"no","os":7,"created":"yesterday"}"#;
        assert_eq!(ImageConfig::parse(helm).expect("JSON"), ImageConfig::default());
        assert!(ImageConfig::parse(b"[]").is_err());
        for nowhere in [r#"{"os":"","architecture":""}"#, r#"{"os":"unknown","architecture":"unknown"}"#] {
            assert_eq!(ImageConfig::parse(nowhere.as_bytes()).expect("JSON").platform, None, "{nowhere}");
        }
    }

    #[test]
    fn zero_times_are_unknown() {
        for zero in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
            let config = format!(r#"{{"created":"{zero}"}}"#);
            assert_eq!(ImageConfig::parse(config.as_bytes()).expect("JSON").created, None, "{zero}");
        }
    }
}
