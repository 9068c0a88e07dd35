//! The order of pushing manifests back: a registry accepts an index only after the manifests that it lists (OCI
//! distribution specification, "Pushing Manifests").

use std::collections::{HashMap, HashSet};

use crate::name::Digest;

/// By index: its children that are in the archive.
pub(super) type Children = HashMap<Digest, Vec<Digest>>;

/// All descendants of the roots.
pub(super) fn below<'a>(roots: impl IntoIterator<Item = &'a Digest>, children: &'a Children) -> HashSet<Digest> {
    let mut found = HashSet::new();
    let mut left: Vec<_> = roots.into_iter().filter_map(|root| children.get(root)).flatten().collect();
    while let Some(digest) = left.pop() {
        if found.insert(digest.clone()) {
            left.extend(children.get(digest).into_iter().flatten());
        }
    }
    found
}

/// The levels of each index: 1 for an index of images, 2 for an index of these, and so on. Digests permit no cycles.
pub(super) fn depths(children: &Children) -> HashMap<Digest, usize> {
    let mut parents: HashMap<&Digest, Vec<&Digest>> = HashMap::new();
    let mut waiting: HashMap<&Digest, usize> = HashMap::new();
    for (index, listed) in children {
        let indexes: HashSet<_> = listed.iter().filter(|child| children.contains_key(*child)).collect();
        waiting.insert(index, indexes.len());
        indexes.into_iter().for_each(|child| parents.entry(child).or_default().push(index));
    }
    let mut ready: Vec<_> = waiting.iter().filter(|(_, count)| **count == 0).map(|(index, _)| *index).collect();
    let mut depths: HashMap<Digest, usize> = ready.iter().map(|index| ((*index).clone(), 1)).collect();
    while let Some(index) = ready.pop() {
        let depth = depths.get(index).copied().unwrap_or(1) + 1;
        for parent in parents.get(index).into_iter().flatten() {
            let known = depths.entry((*parent).clone()).or_default();
            *known = depth.max(*known);
            if let Some(count) = waiting.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    ready.push(parent);
                }
            }
        }
    }
    depths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::Algorithm;

    fn digest(number: usize) -> Digest {
        Digest::of(Algorithm::Sha256, number.to_string().as_bytes())
    }

    /// Indexes by number; each lists only numbers below its own.
    fn indexes() -> impl Strategy<Value = Vec<Vec<usize>>> {
        proptest::collection::vec(proptest::collection::vec(any::<usize>(), 0..4), 1..12).prop_map(|indexes| {
            let below = |(number, listed): (usize, Vec<usize>)| {
                listed.into_iter().filter(|_| number > 0).map(|child| child % number.max(1)).collect()
            };
            indexes.into_iter().enumerate().map(below).collect()
        })
    }

    proptest! {
        #[test]
        fn an_index_is_deeper_than_all_that_it_lists(indexes in indexes()) {
            let listed = |children: &[usize]| children.iter().map(|child| digest(*child)).collect::<Vec<_>>();
            let children: Children =
                indexes.iter().enumerate().map(|(number, children)| (digest(number), listed(children))).collect();
            let depths = depths(&children);
            prop_assert_eq!(depths.len(), indexes.len());
            for (index, listed) in &children {
                prop_assert!(listed.iter().all(|child| depths[child] < depths[index]));
            }
            for (number, _) in indexes.iter().enumerate() {
                let below = below([&digest(number)], &children);
                let direct = &indexes[number];
                prop_assert!(direct.iter().all(|child| below.contains(&digest(*child))));
                prop_assert!(!below.contains(&digest(number)));
            }
        }
    }

    #[test]
    fn a_long_chain_of_indexes_needs_no_deep_stack() {
        const LENGTH: usize = 100_000;
        let children: Children = (1..LENGTH).map(|number| (digest(number), vec![digest(number - 1)])).collect();
        assert_eq!(depths(&children)[&digest(LENGTH - 1)], LENGTH - 1);
        assert_eq!(below([&digest(LENGTH - 1)], &children).len(), LENGTH - 1);
    }
}
