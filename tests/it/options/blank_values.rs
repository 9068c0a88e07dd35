//! Blank values, as from an unset shell variable: a rule that should keep tags would keep none.

use test_support::Rls;

use crate::registries::seeded;

#[test]
fn an_empty_pattern_range_or_age_is_refused_and_named() {
    let registry = seeded("shared");
    let before = registry.tags("shared/app");
    for (words, option, what) in [
        ("prune shared/app --yes", "--keep", "pattern"),
        ("prune shared/app --yes --keep-last 1", "--keep", "pattern"),
        ("prune shared/app --yes --older-than 1h", "--exclude", "pattern"),
        ("prune shared/app --yes --older-than 1h", "--match", "pattern"),
        ("prune --yes --keep-last 1", "--match-repo", "pattern"),
        ("prune shared/app --yes --keep-last 1", "--keep-semver", "range"),
        ("prune shared/app --yes", "--keep-newer-than", "age"),
        ("prune shared/app --yes", "--older-than", "age"),
        ("tags shared/app", "--match", "pattern"),
        ("tags shared/app", "--exclude", "pattern"),
        ("repos", "--match", "pattern"),
        ("repos", "--exclude", "pattern"),
    ] {
        for value in ["", " ", "\t", " \n "] {
            let separate = Rls::at(&registry).words(words).args([option, value]).fails(2);
            assert_eq!(
                *separate,
                format!("error: {option}: the {what} is empty; is a shell variable unset?\n"),
                "{words}"
            );
            let joined = Rls::at(&registry).words(words).arg(format!("{option}={value}")).fails(2);
            assert_eq!(joined, separate, "{words}");
        }
    }
    assert_eq!((registry.lines(), registry.tags("shared/app")), (Vec::new(), before));
}

#[test]
fn empty_values_in_the_configuration_file_are_refused() {
    let registry = seeded("shared");
    for rule in [
        "keep = [\"\"]",
        "keep = \" \"",
        "keep-last = 1\nkeep = [\"v*\", \"\\t\"]",
        "older-than = \"1h\"\nexclude = [\"\"]",
        "older-than = \"1h\"\nmatch = \" \"",
        "older-than = \"\"",
        "older-than = \" \"",
        "keep-last = 1\nkeep-semver = \" \"",
        "keep-newer-than = \"  \"",
    ] {
        let config = format!("[prune.\"shared/*\"]\n{rule}\n");
        let refused = Rls::at(&registry).config(&config).words("prune shared/app --yes").fails(2);
        assert!(refused.starts_with("error: HOME/.config/rls/config.toml:"), "{rule}: {refused}");
        assert!(refused.contains(" is empty"), "{rule}: {refused}");
    }
    let refused = Rls::at(&registry).config("[prune.\" \"]\nkeep-last = 1\n").words("prune shared/app --yes").fails(2);
    assert!(refused.contains("the pattern is empty"), "{refused}");
    assert_eq!((registry.lines(), registry.tags("shared/app").len()), (Vec::new(), 5));
}
