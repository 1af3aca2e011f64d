//! What a template is given: mappings that keep their order, print as words of the shell, and say what they were asked for
//! in vain.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8PathBuf;
use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, ValueKind};
use minijinja::{Error, Value};

use super::error::CommandError;
use crate::diagnostic::{list, nearest};
use crate::quote;

/// A named input of a command: a file, or what an aggregation gathers under labels.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A file.
    File(Utf8PathBuf),
    /// Label (`data1`, `seed41`) to input, in order.
    Gathered(Vec<(String, Input)>),
}

/// The mapping called `name` of inputs, by key or by label.
pub(super) fn gathered(inputs: Vec<(String, Input)>, name: &str, missed: &Missed) -> Value {
    let value = |(key, input): (String, Input)| {
        let value = match input {
            Input::File(path) => Value::from(path.into_string()),
            Input::Gathered(labels) => gathered(labels, &format!("{name}.{key}"), missed),
        };
        (key, value)
    };
    OrderedMap::value(inputs.into_iter().map(value).collect(), name, missed)
}

/// What a template last asked a mapping for in vain: the template engine names only the place.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed(Arc<Mutex<Option<CommandError>>>);

impl Missed {
    fn put(&self, error: CommandError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn take(&self) -> Option<CommandError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A value whose mappings can be looked into, and are printed as JSON.
pub(super) fn printed_as_json(json: serde_json::Value, name: &str, missed: &Missed) -> Value {
    match json {
        serde_json::Value::Object(entries) => {
            let json = serde_json::to_string(&entries).ok();
            let inside =
                |key: String, value| (key.clone(), printed_as_json(value, &format!("{name}.{key}"), missed));
            let values = entries.into_iter().map(|(key, value)| inside(key, value));
            OrderedMap::with_text(values.collect(), json, (name, missed))
        }
        other => Value::from(Serde(other)),
    }
}

/// A mapping that keeps the order of its keys.
#[derive(Debug)]
pub(super) struct OrderedMap {
    order: Vec<String>,
    values: BTreeMap<String, Value>,
    /// What it is printed as; all its values, if that is `None`.
    text: Option<String>,
    /// How the template refers to it.
    name: String,
    missed: Missed,
}

impl OrderedMap {
    pub(super) fn value(entries: Vec<(String, Value)>, name: &str, missed: &Missed) -> Value {
        Self::with_text(entries, None, (name, missed))
    }

    fn with_text(
        entries: Vec<(String, Value)>,
        text: Option<String>,
        (name, missed): (&str, &Missed),
    ) -> Value {
        let order = entries.iter().map(|(name, _)| name.clone()).collect();
        let values = entries.into_iter().collect();
        Value::from_object(Self { order, values, text, name: name.to_owned(), missed: missed.clone() })
    }

    fn has_no(&self, key: &Value) -> CommandError {
        let (key, names) = (key.to_string(), || self.order.iter().map(String::as_str));
        let has = if self.order.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it has {}", list(names()))
        };
        let help = nearest(&key, names()).map(|near| format!("did you mean `{near}`?"));
        let message = format!("`{}` has no `{key}` ({has})", self.name);
        CommandError { message, span: None, name: Some(key), help }
    }
}

impl Object for OrderedMap {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = key.as_str().and_then(|key| self.values.get(key));
        if found.is_none() {
            self.missed.put(self.has_no(key));
        }
        found.cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.order.iter().map(|name| Value::from(name.clone())).collect())
    }
}

/// A value as words of the shell: a mapping or a list prints everything in it.
pub(super) fn printed(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.downcast_object_ref::<OrderedMap>().and_then(|map| map.text.as_ref()) {
        return Ok(quote::word(text));
    }
    match value.kind() {
        // What a template marks `| safe` is its author's responsibility.
        ValueKind::String if value.is_safe() => Ok(value.to_string()),
        ValueKind::String => Ok(quote::word(value.as_str().unwrap_or_default())),
        ValueKind::None => Ok(String::new()),
        ValueKind::Map => {
            let entries = value.try_iter()?.map(|key| printed(&value.get_item(&key)?));
            Ok(entries.collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            Ok(value.try_iter()?.map(|item| printed(&item)).collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        ValueKind::Undefined => Err(Error::from(minijinja::ErrorKind::UndefinedError)),
        _ => Ok(value.to_string()),
    }
}
