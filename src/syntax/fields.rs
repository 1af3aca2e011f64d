//! Tables of fields: which fields a mapping of the project file may have, what each is for, how it is read, and
//! what to tell an editor about it. The parser, its messages and the schema all use the same table.

use serde_json::{Map, Value, json};

use super::node::{Entries, Key, Kind, Node};
use super::reader::Reader;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::source::clip;

/// Reads the value of a field into a `T`.
pub(super) type Read<T> = fn(&mut T, &Key<'_>, &Node<'_>, &mut Reader<'_>);

/// A field of a mapping that is read into a `T`.
pub(super) struct Field<T: 'static> {
    pub(super) name: &'static str,
    /// An older spelling, from existing projects.
    old: Option<&'static str>,
    what: What<T>,
}

enum What<T: 'static> {
    /// A field that is read. `about` says in one sentence what it is for; `schema` is the JSON schema of its
    /// value.
    Read { about: &'static str, schema: fn() -> Value, read: Read<T> },
    /// Not a field; `Read` reports why.
    Refused(Read<T>),
    /// A field of existing projects that does nothing; `Read` says what of it is done in another way.
    Unused(Read<T>),
    /// A field of existing projects that does nothing; the text says what to use instead.
    Ignored(&'static str),
}

impl<T> Field<T> {
    pub(super) const fn new(
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
        read: Read<T>,
    ) -> Self {
        Self { name, old: None, what: What::Read { about, schema, read } }
    }

    /// A field that may also be written as `old`.
    pub(super) const fn renamed(
        name: &'static str,
        old: &'static str,
        about: &'static str,
        schema: fn() -> Value,
        read: Read<T>,
    ) -> Self {
        Self { name, old: Some(old), what: What::Read { about, schema, read } }
    }

    /// A field that is only for people.
    pub(super) const fn note(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, super::shape::any, |_, _, _, _| {})
    }

    /// Not a field, but with a message of its own.
    pub(super) const fn refused(name: &'static str, read: Read<T>) -> Self {
        Self { name, old: None, what: What::Refused(read) }
    }

    /// A field of existing projects that expops does not use, with a message of its own.
    pub(super) const fn unused(name: &'static str, read: Read<T>) -> Self {
        Self { name, old: None, what: What::Unused(read) }
    }

    /// A field of existing projects that expops does not use.
    pub(super) const fn ignored(name: &'static str, instead: &'static str) -> Self {
        Self { name, old: None, what: What::Ignored(instead) }
    }

    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.old == Some(name)
    }

    fn is_offered(&self) -> bool {
        matches!(self.what, What::Read { .. })
    }
}

/// All fields of one kind of mapping.
pub(super) struct Table<T: 'static> {
    /// What has these fields, for messages: "a process".
    pub(super) of: &'static str,
    pub(super) fields: &'static [Field<T>],
    /// Hints for names that are not fields here but were most likely meant for something.
    pub(super) hints: &'static [(&'static str, &'static str)],
}

impl<T> Table<T> {
    /// Reads all `entries` into `to`; `null` counts as a field that was left out.
    pub(super) fn read(&self, entries: Entries<'_, '_>, to: &mut T, reader: &mut Reader<'_>) {
        entries.iter().for_each(|(key, node)| self.entry(key, node, to, reader));
        self.old_and_new(entries, reader);
    }

    /// Reads one entry into `to`.
    pub(super) fn entry(&self, key: &Key<'_>, node: &Node<'_>, to: &mut T, reader: &mut Reader<'_>) {
        match self.find(&key.value).map(|field| &field.what) {
            Some(What::Read { read, .. } | What::Refused(read) | What::Unused(read)) => {
                read(to, key, node, reader)
            }
            Some(What::Ignored(instead)) if !matches!(node.kind, Kind::Null) => {
                let message = format!("`{}` of {} is not used by expops", key.value, self.of);
                reader.warn(key.span, message, *instead);
            }
            Some(What::Ignored(_)) => {}
            None => self.unknown(key, reader),
        }
    }

    /// The field called `name`.
    pub(super) fn find(&self, name: &str) -> Option<&Field<T>> {
        self.fields.iter().find(|field| field.is_called(name))
    }

    /// Reports that no field is called `key`.
    pub(super) fn unknown(&self, key: &Key<'_>, reader: &mut Reader<'_>) {
        if reader.is_full() {
            return reader.count();
        }
        let message = format!("unknown field `{}` of {}", clip(&key.value), self.of);
        let hint = self.hints.iter().find(|(name, _)| *name == key.value);
        let help = hint.map_or_else(|| self.near(&key.value, reader), |(_, help)| (*help).to_owned());
        reader.report(&codes::UNKNOWN_FIELD, (key.span, "no field has this name"), message, help);
    }

    /// Help: the name that `word` most likely means, also in an older spelling, or all of them if none is near.
    fn near(&self, word: &str, reader: &Reader<'_>) -> String {
        let names = self.names();
        let old = self.fields.iter().filter(|field| field.is_offered()).filter_map(|field| field.old);
        match nearest(word, names.iter().copied().chain(old)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => reader.known(word, &names),
        }
    }

    /// The names worth suggesting.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.fields.iter().filter(|field| field.is_offered()).map(|field| field.name).collect()
    }

    /// Reports a field that is given in both its old and its new spelling.
    fn old_and_new(&self, entries: Entries<'_, '_>, reader: &mut Reader<'_>) {
        for field in self.fields {
            let Some(old) = field.old else { continue };
            let find =
                |name: &str| entries.iter().find(|(key, _)| key.value == name).map(|(key, _)| key.span);
            if let (Some(old_span), Some(new_span)) = (find(old), find(field.name)) {
                let new = field.name;
                let message = format!("`{old}` is the old spelling of `{new}`, and both are given");
                let error = Diagnostic::new(&codes::UNKNOWN_FIELD, message)
                    .at(reader.source, old_span, "the old spelling")
                    .at(reader.source, new_span, "the new one");
                reader.push(error.help(format!("keep `{new}`")));
            }
        }
    }

    /// The JSON schema of this kind of mapping.
    pub(super) fn schema(&self) -> Value {
        let mut properties = Map::new();
        for field in self.fields {
            let What::Read { about, schema, .. } = field.what else { continue };
            let mut schema = schema();
            schema["description"] = Value::from(about);
            if let Some(old) = field.old {
                properties.insert(old.to_owned(), schema.clone());
            }
            properties.insert(field.name.to_owned(), schema);
        }
        let unused = |field: &&Field<T>| matches!(field.what, What::Ignored(_) | What::Unused(_));
        for field in self.fields.iter().filter(unused) {
            properties.insert(field.name.to_owned(), json!({"deprecated": true}));
        }
        let mut all =
            json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false});
        for (field, old) in self.fields.iter().filter_map(|field| Some((field, field.old?))) {
            all["dependentSchemas"][field.name] = json!({"properties": {old: false}});
        }
        all
    }
}
