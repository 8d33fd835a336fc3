//! Reading answers. An answer is read into a [`Value`] once, and each record takes its fields out of that: code that serde
//! derives brings a reader of its own for every type, which was a twentieth of what the first page of the app loaded.

pub use serde_json::Value;

/// What can be taken out of JSON. Fields that are not known are passed over, as GitLab adds some with every version.
pub trait FromJson: Sized {
    /// It, or the name of the field that is missing or of another kind (empty when it is the value itself).
    fn from_json(value: &Value) -> Result<Self, &'static str>;

    /// What it is where nothing is said.
    fn absent() -> Option<Self> {
        None
    }
}

/// Takes one field out of an object.
pub fn field<T: FromJson>(value: &Value, name: &'static str) -> Result<T, &'static str> {
    match value.get(name) {
        Some(value) => T::from_json(value).map_err(|inner| if inner.is_empty() { name } else { inner }),
        None => T::absent().ok_or(name),
    }
}

/// Reads a text.
#[must_use]
pub fn read<T: FromJson>(text: &str) -> Option<T> {
    T::from_json(&serde_json::from_str(text).ok()?).ok()
}

macro_rules! scalars {
    ($($type:ty: $value:ident => $read:expr,)*) => {$(
        impl FromJson for $type {
            fn from_json($value: &Value) -> Result<Self, &'static str> { $read.ok_or("") }
        }
    )*};
}

scalars! {
    String: value => value.as_str().map(str::to_owned),
    bool: value => value.as_bool(),
    i64: value => value.as_i64(),
    u32: value => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    u64: value => value.as_u64(),
    f64: value => value.as_f64(),
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Value) -> Result<Self, &'static str> {
        if value.is_null() { Ok(None) } else { T::from_json(value).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value) -> Result<Self, &'static str> {
        value.as_array().ok_or("")?.iter().map(T::from_json).collect()
    }
}

/// A struct that is read from JSON: each field by its own name or that behind `=>`; where nothing is said, it is what stands
/// behind `=`.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$about:meta])* $fvis:vis $field:ident: $type:ty $(=> $key:literal)? $(= $default:expr)?,)* }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$about])* $fvis $field: $type,)* }
        impl $crate::record::FromJson for $name {
            fn from_json(value: &$crate::record::Value) -> Result<Self, &'static str> {
                value.as_object().ok_or("")?;
                Ok(Self { $($field: $crate::record!(@take value, $type, $crate::record!(@key $field $($key)?) $(, $default)?),)* })
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@take $value:ident, $type:ty, $key:expr) => { $crate::record::field::<$type>($value, $key)? };
    (@take $value:ident, $type:ty, $key:expr, $default:expr) => { $crate::record::field::<Option<$type>>($value, $key)?.unwrap_or($default) };
}

#[cfg(test)]
mod tests {
    use super::FromJson;
    use serde_json::json;

    record! {
        #[derive(Debug, PartialEq)]
        struct Thing {
            id: i64,
            reference: Option<String> => "ref",
            tags: Vec<String> = Vec::new(),
            draft: bool = false,
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let thing = |id, reference: Option<&str>, tags: &[&str], draft| {
            Ok(Thing { id, reference: reference.map(str::to_owned), tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), draft })
        };
        for (value, expected) in [
            (json!({ "id": 1, "ref": "main", "tags": ["a"], "draft": true, "more": {} }), thing(1, Some("main"), &["a"], true)),
            (json!({ "id": 1, "ref": null }), thing(1, None, &[], false)),
            (json!({ "id": 1 }), thing(1, None, &[], false)),
            (json!({ "ref": "main" }), Err("id")),
            (json!({ "id": "1" }), Err("id")),
            (json!({ "id": 1, "ref": 2 }), Err("ref")),
            (json!({ "id": 1, "tags": [1] }), Err("tags")),
            (json!([1]), Err("")),
        ] {
            assert_eq!(Thing::from_json(&value), expected, "{value}");
        }
        assert_eq!(Vec::<Thing>::from_json(&json!({})), Err(""));
    }
}
