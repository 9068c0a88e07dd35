//! Suggestions for misspelled words: keys, fields, names of templates, tags and repositories.

/// The candidate that a misspelled `word` probably means: the nearest one by edit distance, up to a third of the word.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let max_distance = max_distance(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= max_distance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn max_distance(word: &str) -> usize {
    (word.chars().count() / 3).max(1)
}

/// Collects the names that a misspelled one may mean, the nearest first.
#[derive(Debug)]
pub struct Similar<'a> {
    word: &'a str,
    max_distance: usize,
    count: usize,
    /// Distances and names, in order.
    best: Vec<(usize, String)>,
}

impl<'a> Similar<'a> {
    /// Names similar to `word`, at most `count`.
    pub fn to(word: &'a str, count: usize) -> Self {
        Self { word, max_distance: max_distance(word), count, best: Vec::new() }
    }

    /// Adds a name if it is near enough: by edit distance, or if it begins with the word.
    pub fn add(&mut self, name: &str) {
        let is_continued = self.word.len() > 1 && name.starts_with(self.word) && name != self.word;
        // The distance is at least the difference of the lengths, which costs nothing.
        if is_continued && !name[self.word.len()..].starts_with('/') {
            self.insert(self.max_distance, name);
        } else if name.len().abs_diff(self.word.len()) <= self.max_distance * 4 {
            let distance = strsim::damerau_levenshtein(self.word, name);
            if distance <= self.max_distance {
                self.insert(distance, name);
            }
        }
    }

    /// Adds a name that is meant although it differs.
    pub fn add_exact(&mut self, name: &str) {
        self.insert(0, name);
    }

    /// The names, the nearest first.
    pub fn into_names(self) -> Vec<String> {
        self.best.into_iter().map(|(_, name)| name).collect()
    }

    fn insert(&mut self, distance: usize, name: &str) {
        if self.best.iter().any(|(_, known)| known == name) {
            return;
        }
        let entry = (distance, name.to_owned());
        let at = self.best.partition_point(|known| *known <= entry);
        if at < self.count {
            self.best.insert(at, entry);
            self.best.truncate(self.count);
        }
    }
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

    fn similar(word: &str, names: &[&str]) -> Vec<String> {
        let mut similar = Similar::to(word, 3);
        names.iter().for_each(|name| similar.add(name));
        similar.into_names()
    }

    #[test]
    fn only_near_names_are_similar() {
        let tags = ["latest", "1.4.0", "1.4.1", "1.40.0", "2.0.0"];
        assert_eq!(similar("latst", &tags), ["latest"]);
        assert_eq!(similar("1.4", &tags), ["1.4.0", "1.4.1", "1.40.0"]);
        assert_eq!(similar("1.4.2", &tags), ["1.4.0", "1.4.1"]);
        assert!(similar("nope", &tags).is_empty());
        assert_eq!(similar("web/ngnix", &["web/nginx", "web/api", "team/nginx"]), ["web/nginx"]);
    }

    #[test]
    fn the_nearest_come_first_and_are_bounded() {
        assert_eq!(similar("app", &["apq", "app2", "ape", "apps", "app"]), ["app", "ape", "app2"]);
    }
}
