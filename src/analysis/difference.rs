//! What differs between two images: config, annotations, layers, history, size.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::registry::{Content, Descriptor, Document};

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// An image of an index; the path is its platform, the values are digests.
    Platform,
    /// A setting of the image config, such as `Env.PATH`, `Labels.version`, `User`.
    Config,
    /// An annotation of the manifest.
    Annotation,
    /// A layer that one of the images has; the path is its digest, the value its size in bytes.
    Layer,
    /// Bytes of layers: `shared` ones, and `total`.
    Size,
    /// A step of the build, by its number.
    History,
    /// A file.
    File,
}

/// A difference between a left and a right image. A value that one of them does not have is `null`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// What it is about.
    pub kind: DifferenceKind,
    /// Its name.
    pub path: String,
    /// On the left.
    pub left: Value,
    /// On the right.
    pub right: Value,
}

impl Difference {
    /// A difference.
    pub fn new(kind: DifferenceKind, path: impl Into<String>, left: Value, right: Value) -> Self {
        Self { kind, path: path.into(), left, right }
    }
}

/// The differences between two images, of which the configs are JSON. The shared layers are there even if they are all.
pub fn differences(left: (&Document, &Value), right: (&Document, &Value)) -> Vec<Difference> {
    let mut found = Vec::new();
    let settings = [settings(left.1), settings(right.1)];
    compare(DifferenceKind::Config, &settings[0], &settings[1], &mut found);
    let annotations = |document: &Document| -> BTreeMap<String, Value> {
        document.annotations.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect()
    };
    compare(DifferenceKind::Annotation, &annotations(left.0), &annotations(right.0), &mut found);
    layers(layers_of(left.0), layers_of(right.0), &mut found);
    history(&steps(left.1), &steps(right.1), &mut found);
    found
}

/// Members of a config that are lists or objects, each of which has its own name.
const MAPS: [&str; 3] = ["Labels", "ExposedPorts", "Volumes"];

/// The settings of a config, by name.
fn settings(config: &Value) -> BTreeMap<String, Value> {
    const TOP: [&str; 7] = ["architecture", "os", "variant", "os.version", "created", "author", "docker_version"];
    let is_set = |value: &&Value| !matches!(value, Value::Null) && **value != "" && **value != Value::Array(Vec::new());
    let mut settings = BTreeMap::new();
    for name in TOP {
        if let Some(value) = config.get(name).filter(is_set) {
            settings.insert(name.to_owned(), value.clone());
        }
    }
    for (name, value) in config.get("config").and_then(Value::as_object).into_iter().flatten() {
        match value {
            Value::Object(members) if MAPS.contains(&name.as_str()) => {
                for (key, value) in members {
                    let value = if value.is_object() { Value::Bool(true) } else { value.clone() };
                    settings.insert(format!("{name}.{key}"), value);
                }
            }
            Value::Array(items) if name == "Env" => {
                for variable in items.iter().filter_map(Value::as_str) {
                    let (key, value) = variable.split_once('=').unwrap_or((variable, ""));
                    settings.insert(format!("Env.{key}"), value.into());
                }
            }
            value if is_set(&value) => {
                settings.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    settings
}

fn compare(
    kind: DifferenceKind,
    left: &BTreeMap<String, Value>,
    right: &BTreeMap<String, Value>,
    found: &mut Vec<Difference>,
) {
    let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    for name in names {
        let value = |of: &BTreeMap<String, Value>| of.get(name).cloned().unwrap_or_default();
        let (left, right) = (value(left), value(right));
        if left != right {
            found.push(Difference::new(kind, name, left, right));
        }
    }
}

/// The layers, lowest first, with their sizes, where these are known.
fn layers_of(document: &Document) -> Vec<(String, Option<u64>)> {
    let of = |layer: &Descriptor| (layer.digest.to_string(), layer.known_size());
    match &document.content {
        Content::Image { layers, .. } => layers.iter().map(of).collect(),
        Content::Schema1(schema1) => schema1.layers.iter().map(|digest| (digest.to_string(), None)).collect(),
        Content::Index(_) => Vec::new(),
    }
}

fn layers(left: Vec<(String, Option<u64>)>, right: Vec<(String, Option<u64>)>, found: &mut Vec<Difference>) {
    let names = |layers: &[(String, Option<u64>)]| layers.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    let (in_left, in_right) = (names(&left), names(&right));
    let value = |size: Option<u64>| size.map_or_else(|| "unknown".into(), Value::from);
    for (name, size) in left.iter().filter(|(name, _)| !in_right.contains(name)) {
        found.push(Difference::new(DifferenceKind::Layer, name.clone(), value(*size), Value::Null));
    }
    for (name, size) in right.iter().filter(|(name, _)| !in_left.contains(name)) {
        found.push(Difference::new(DifferenceKind::Layer, name.clone(), Value::Null, value(*size)));
    }
    let sum = |layers: &[(String, Option<u64>)], within: Option<&BTreeSet<String>>| {
        let distinct: BTreeMap<_, _> = layers.iter().map(|(name, size)| (name, *size)).collect();
        let counted = distinct.into_iter().filter(|(name, _)| within.is_none_or(|within| within.contains(*name)));
        counted.map(|(_, size)| size).try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)))
    };
    let shared = value(sum(&left, Some(&in_right)));
    found.push(Difference::new(DifferenceKind::Size, "shared", shared.clone(), shared));
    let totals = [value(sum(&left, None)), value(sum(&right, None))];
    let [left, right] = totals;
    if left != right {
        found.push(Difference::new(DifferenceKind::Size, "total", left, right));
    }
}

/// The instructions of the build.
fn steps(config: &Value) -> Vec<Value> {
    let steps = config.get("history").and_then(Value::as_array).into_iter().flatten();
    steps.map(|step| step.get("created_by").cloned().unwrap_or_default()).collect()
}

/// The steps between the first and the last that differ, each beside the other's.
fn history(left: &[Value], right: &[Value], found: &mut Vec<Difference>) {
    let equal =
        |pairs: &mut dyn Iterator<Item = (&Value, &Value)>| pairs.take_while(|(left, right)| left == right).count();
    let first = equal(&mut left.iter().zip(right));
    let (left, right) = (&left[first..], &right[first..]);
    let last = equal(&mut left.iter().rev().zip(right.iter().rev()));
    let (left, right) = (&left[..left.len() - last], &right[..right.len() - last]);
    for number in 0..left.len().max(right.len()) {
        let value = |steps: &[Value]| steps.get(number).cloned().unwrap_or_default();
        let path = (first + number + 1).to_string();
        found.push(Difference::new(DifferenceKind::History, path, value(left), value(right)));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::name::{Algorithm, Digest};
    use crate::registry::Manifest;

    fn document(layers: &[(&str, u64)], annotations: Value) -> Document {
        let digest = |text: &str| Digest::of(Algorithm::Sha256, text.as_bytes()).to_string();
        let layers: Vec<_> = layers.iter().map(|(name, size)| json!({"digest": digest(name), "size": size})).collect();
        let text = json!({"layers": layers, "annotations": annotations}).to_string();
        Manifest::read(Bytes::from(text), None, Algorithm::Sha256, "it").and_then(|it| it.document()).expect("an image")
    }

    fn shown(found: &[Difference]) -> Vec<String> {
        let short = |path: &str| path.chars().take(12).collect::<String>();
        found.iter().map(|it| format!("{:?} {} {} {}", it.kind, short(&it.path), it.left, it.right)).collect()
    }

    #[test]
    fn each_part_is_compared() {
        let left = (
            document(&[("base", 10), ("a", 5)], json!({"k": "1"})),
            json!({"os": "linux", "config": {"Env": ["PATH=/bin", "A=1"], "User": "", "Labels": {"v": "1"}, "Cmd": ["x"]},
                "history": [{"created_by": "FROM"}, {"created_by": "RUN a"}, {"created_by": "CMD"}]}),
        );
        let right = (
            document(&[("base", 10), ("b", 7)], json!({})),
            json!({"os": "linux", "config": {"Env": ["PATH=/bin"], "User": "1000", "Labels": {"v": "2"}, "Cmd": ["x"],
                "ExposedPorts": {"80/tcp": {}}},
                "history": [{"created_by": "FROM"}, {"created_by": "RUN b"}, {"created_by": "RUN c"}, {"created_by": "CMD"}]}),
        );
        assert_eq!(
            shown(&differences((&left.0, &left.1), (&right.0, &right.1))),
            [
                r#"Config Env.A "1" null"#,
                r#"Config ExposedPorts null true"#,
                r#"Config Labels.v "1" "2""#,
                r#"Config User null "1000""#,
                r#"Annotation k "1" null"#,
                r#"Layer sha256:ca978 5 null"#,
                r#"Layer sha256:3e23e null 7"#,
                r#"Size shared 10 10"#,
                r#"Size total 15 17"#,
                r#"History 2 "RUN a" "RUN b""#,
                r#"History 3 null "RUN c""#,
            ]
        );
    }

    #[test]
    fn an_image_does_not_differ_from_itself() {
        let document = document(&[("base", 10)], json!({}));
        let config = json!({"config": {"Env": ["A=1"]}, "history": [{"created_by": "FROM"}]});
        assert_eq!(shown(&differences((&document, &config), (&document, &config))), ["Size shared 10 10"]);
    }
}
