//! Suggestions for misspelled words: keys, fields, names of templates.

/// The candidate that a misspelled `word` probably means: the nearest one by edit distance, up to a third of the word.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let max_distance = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= max_distance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distant_word_is_not_suggested() {
        let keys = ["registry", "jobs", "ca-file", "connect-timeout"];
        assert_eq!(nearest("registy", keys), Some("registry"));
        assert_eq!(nearest("ca_file", keys), Some("ca-file"));
        assert_eq!(nearest("jbos", keys), Some("jobs"));
        assert_eq!(nearest("conn-timeout", keys), Some("connect-timeout"));
        assert_eq!(nearest("zebra", keys), None);
        assert_eq!(nearest("anything", []), None);
    }
}
