//! Names in records, as they are shown to people.

use std::borrow::Cow;

use registry_ls::name::Repository;

/// `repository:tag`, or `repository@digest` for what has no tag.
pub fn name(repository: &str, tag: Option<&str>, digest: Option<&str>) -> String {
    match (tag, digest) {
        (Some(tag), _) => format!("{repository}:{tag}"),
        (None, Some(digest)) => format!("{repository}@{digest}"),
        (None, None) => repository.to_owned(),
    }
}

/// The name shown to people: `repository:tag`, or the full name.
pub fn shown<'a>(
    full: bool,
    repository: &'a str,
    tag: Option<&str>,
    digest: Option<&str>,
    reference: &'a str,
) -> Cow<'a, str> {
    if full || is_ambiguous(repository) { reference.into() } else { name(repository, tag, digest).into() }
}

/// The repository shown to people, of a full name with this tag or a digest.
pub fn shown_repository<'a>(full: bool, repository: &'a str, tag: Option<&str>, reference: &'a str) -> &'a str {
    if !full && !is_ambiguous(repository) {
        return repository;
    }
    let without_tag = tag.and_then(|tag| reference.strip_suffix(tag)?.strip_suffix(':'));
    without_tag.unwrap_or_else(|| reference.split('@').next().unwrap_or_default())
}

/// Whether a repository's path would be read back as a host and a path there.
fn is_ambiguous(repository: &str) -> bool {
    repository.parse::<Repository>().is_ok_and(|repository| repository.begins_like_a_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_like_a_host_is_shown_in_full() {
        let shown = |full, repository, reference| shown(full, repository, Some("1"), None, reference).into_owned();
        assert_eq!(shown(false, "team/app", "reg:5000/team/app:1"), "team/app:1");
        assert_eq!(shown(true, "team/app", "reg:5000/team/app:1"), "reg:5000/team/app:1");
        assert_eq!(shown(false, "evil.test/app", "reg:5000/evil.test/app:1"), "reg:5000/evil.test/app:1");
        assert_eq!(shown(false, "localhost/app", "reg:5000/localhost/app:1"), "reg:5000/localhost/app:1");
        assert_eq!(shown(false, "evil.test", "reg:5000/evil.test:1"), "evil.test:1");
    }
}
