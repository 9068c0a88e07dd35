//! `OS/ARCH[/VARIANT]`.

use std::fmt;
use std::str::FromStr;

/// A platform as a user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// For instance `linux`.
    pub os: String,
    /// For instance `amd64`.
    pub architecture: String,
    /// For instance `v8`; `None` leaves it open.
    pub variant: Option<String>,
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        };
        let parts: Vec<&str> = text.split('/').filter(is_word).collect();
        match parts[..] {
            [os, architecture, ref variant @ ..]
                if variant.len() < 2 && text.matches('/').count() == variant.len() + 1 =>
            {
                let variant = variant.first().map(|variant| variant.to_ascii_lowercase());
                Ok(Self { os: os.to_ascii_lowercase(), architecture: architecture.to_ascii_lowercase(), variant })
            }
            _ => Err("expected OS/ARCH[/VARIANT], such as linux/arm64 or linux/arm/v7".to_owned()),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_platforms() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        assert_eq!("Linux/ARM64/V8".parse::<Platform>().unwrap().to_string(), "linux/arm64/v8");
    }

    #[test]
    fn refuses_everything_else() {
        for text in
            ["", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/v7/x", "linux/arm/", "lin ux/amd64", "a/b/"]
        {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
