//! Objects: typed ones, of which only the known fields are read, and all fields of any.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::Json;

/// A key, borrowed unless it has escapes.
#[derive(Deserialize)]
pub(in crate::forstok) struct Key<'a>(#[serde(borrow)] pub(in crate::forstok) Cow<'a, str>);

/// All fields of an object, as they come.
pub(in crate::forstok) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Fields<'a> {
    /// The value under this key. If the key is given twice, the last one counts.
    pub(in crate::forstok) fn get(&self, key: &str) -> Option<Json<'a>> {
        self.0.iter().rev().find(|(other, _)| other == key).map(|(_, value)| *value)
    }
}

impl<'a> Fields<'a> {
    /// All values, as they come.
    pub(in crate::forstok) fn values(&self) -> impl Iterator<Item = Json<'a>> {
        self.0.iter().map(|(_, value)| *value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // As many as an order of Forstok has.
                let mut fields = Vec::with_capacity(48);
                while let Some(Key(key)) = map.next_key()? {
                    fields.push((key, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// The envelope of a webhook whose order is an object, read together with it.
pub(in crate::forstok) struct Expected<'a, O> {
    pub(in crate::forstok) event: Json<'a>,
    pub(in crate::forstok) order: Option<O>,
}

impl<'de: 'a, 'a, O: Deserialize<'de>> Deserialize<'de> for Expected<'a, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Known<'a, O>(PhantomData<(&'a (), O)>);
        impl<'de: 'a, 'a, O: Deserialize<'de>> Visitor<'de> for Known<'a, O> {
            type Value = Expected<'a, O>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Expected { event: Json::Null, order: None };
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        "event" => envelope.event = map.next_value()?,
                        "order" => envelope.order = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(Known(PhantomData))
    }
}

/// Makes a type of the fields of an object. Whatever else the object holds is ignored. Derived code would refuse a key
/// that is given twice; here the last one counts.
macro_rules! object {
    ($(#[$about:meta])* $visibility:vis $name:ident { $($field:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Default)]
        $visibility struct $name<'a> {
            $($field: Json<'a>),+
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Known;
                impl<'de> serde::de::Visitor<'de> for Known {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some($crate::forstok::json::Key(key)) = map.next_key()? {
                            match &*key {
                                $(stringify!($field) => object.$field = map.next_value()?,)+
                                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Known)
            }
        }
    };
}
pub(in crate::forstok) use object;
