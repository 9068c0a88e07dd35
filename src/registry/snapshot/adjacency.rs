//! A many-to-many relation between numbers, packed into two arrays.

/// The targets of each source: four bytes per source and four per pair.
#[derive(Debug, Clone, Default)]
pub(super) struct Adjacency {
    /// Where the targets of each source begin, and the end of the last.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Adjacency {
    /// Packs `pairs` of source and target; sources are below `sources`. Linear in both.
    pub(super) fn new(sources: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; sources + 1];
        for (source, _) in pairs.clone() {
            starts[source as usize + 1] += 1;
        }
        for source in 0..sources {
            starts[source + 1] += starts[source];
        }
        let mut next = starts.clone();
        let mut targets = vec![0; starts[sources] as usize];
        for (source, target) in pairs {
            let at = &mut next[source as usize];
            targets[*at as usize] = target;
            *at += 1;
        }
        Self { starts, targets }
    }

    /// The targets of a source, in the order of the pairs.
    pub(super) fn of(&self, source: u32) -> &[u32] {
        let bounds = self.starts.get(source as usize).zip(self.starts.get(source as usize + 1));
        bounds.map_or(&[], |(start, end)| &self.targets[*start as usize..*end as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_targets_in_order() {
        let relation = Adjacency::new(4, [(2, 7), (0, 1), (2, 5), (3, 0)].into_iter());
        let all: Vec<_> = (0..5).map(|source| relation.of(source).to_vec()).collect();
        assert_eq!(all, [vec![1], vec![], vec![7, 5], vec![0], vec![]]);
        assert!(Adjacency::default().of(0).is_empty());
    }
}
