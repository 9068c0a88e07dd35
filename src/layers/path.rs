//! Paths in an image.

use std::fmt;

/// A path in an image, below its root: normalized, without `.`, `..` and empty components. It is bytes, since names in
/// a layer need not be UTF-8. The root is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Box<[u8]>);

impl FilePath {
    /// A path from the root; `..` leads to the root at most.
    pub fn new(path: impl AsRef<[u8]>) -> Self {
        Self::default().joined(path.as_ref())
    }

    /// Its bytes, without a leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The folder that holds it; the root holds itself.
    pub fn parent(&self) -> Self {
        Self(self.0[..self.0.iter().rposition(|byte| *byte == b'/').unwrap_or_default()].into())
    }

    /// The paths of the folders above it, from the outermost, without the root.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        let slashes = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.map(|(position, _)| &self.0[..position])
    }

    /// Whether `self` is `other`, or below it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        other.is_root() || (self.0.starts_with(&other.0) && matches!(self.0.get(other.0.len()), None | Some(b'/')))
    }

    /// How many components it has more than `other`, which it is within.
    pub(crate) fn depth_below(&self, other: &Self) -> usize {
        let rest = &self.0[other.0.len()..];
        if rest.is_empty() { 0 } else { 1 + rest[1..].iter().filter(|byte| **byte == b'/').count() }
    }

    /// The path that a symbolic link at this path leads to.
    #[must_use]
    pub fn linked(&self, target: &[u8]) -> Self {
        if target.starts_with(b"/") { Self::new(target) } else { self.parent().joined(target) }
    }

    /// `relative`, read from this folder.
    #[must_use]
    pub fn joined(&self, relative: &[u8]) -> Self {
        let mut path = self.0.to_vec();
        for component in relative.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => path.truncate(path.iter().rposition(|byte| *byte == b'/').unwrap_or_default()),
                component => {
                    if !path.is_empty() {
                        path.push(b'/');
                    }
                    path.extend_from_slice(component);
                }
            }
        }
        Self(path.into())
    }

    /// The path below `ancestor`, which is one of [`FilePath::ancestors`].
    pub(super) fn below(&self, ancestor: &[u8]) -> &[u8] {
        self.0.get(ancestor.len() + 1..).unwrap_or_default()
    }
}

impl fmt::Display for FilePath {
    /// With a leading slash. Bytes that are not UTF-8 are replaced; nothing is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_normalized_and_stays_below_the_root() {
        for (text, expected) in [
            ("./etc//passwd", "/etc/passwd"),
            ("/etc/./x/../passwd/", "/etc/passwd"),
            ("../../etc/passwd", "/etc/passwd"),
            ("a/../../b", "/b"),
            ("", "/"),
            ("./", "/"),
        ] {
            assert_eq!(FilePath::new(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn links_lead_from_their_folder_or_from_the_root() {
        let linked = |path: &str, target: &str| FilePath::new(path).linked(target.as_bytes()).to_string();
        assert_eq!(linked("etc/os-release", "../usr/lib/os-release"), "/usr/lib/os-release");
        assert_eq!(linked("bin", "usr/bin"), "/usr/bin");
        assert_eq!(linked("a/b/c", "/x"), "/x");
        assert_eq!(linked("a", "../../../x"), "/x");
    }

    #[test]
    fn parts_of_a_path() {
        let path = FilePath::new("usr/lib/x");
        assert_eq!(path.ancestors().collect::<Vec<_>>(), [&b"usr"[..], b"usr/lib"]);
        assert_eq!((path.name(), path.parent()), (&b"x"[..], FilePath::new("usr/lib")));
        assert!(path.is_within(&FilePath::new("usr")) && path.is_within(&path) && path.is_within(&FilePath::default()));
        assert!(!path.is_within(&FilePath::new("us")) && !path.is_within(&FilePath::new("usr/lib/x/y")));
        assert_eq!(path.depth_below(&FilePath::default()), 3);
        assert_eq!(path.depth_below(&FilePath::new("usr")), 2);
        assert_eq!(path.depth_below(&path), 0);
        assert_eq!(path.below(b"usr"), b"lib/x");
        assert!(FilePath::new("x").parent().is_root());
    }
}
