//! Parts that records share: optional fields and failures.

use serde::{Serialize, Serializer};

/// A field that is present only if it was requested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not requested: absent.
    #[default]
    Absent,
    /// Requested, but not known: `null`.
    Unknown,
    /// Requested and known.
    Known(T),
}

impl<T> Field<T> {
    /// Whether the field was not requested.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }
}

/// A requested field.
impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unknown, Self::Known)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known().serialize(serializer)
    }
}

#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Option::<T>::json_schema(generator)
    }
}

/// Why one of several targets failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// The stable name of the kind of error, such as `not-found`.
    pub kind: String,
    /// Text for people.
    pub message: String,
}

/// Shown in tables, lines and templates for an unknown value, so that no column is ever empty.
pub const UNKNOWN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Fields {
        #[serde(skip_serializing_if = "Field::is_absent")]
        absent: Field<u64>,
        #[serde(skip_serializing_if = "Field::is_absent")]
        unknown: Field<u64>,
        #[serde(skip_serializing_if = "Field::is_absent")]
        known: Field<Vec<u64>>,
    }

    #[test]
    fn absent_unknown_and_known_differ() {
        let fields = Fields { absent: Field::Absent, unknown: None.into(), known: Some(vec![]).into() };
        assert_eq!(serde_json::to_string(&fields).expect("JSON"), r#"{"unknown":null,"known":[]}"#);
    }
}
