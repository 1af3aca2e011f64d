//! The values of a table as the texts hashed by [`crate::split::value`].

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, new_empty_array};
use arrow_schema::{DataType, Schema, TimeUnit};
use arrow_select::take::take;

use crate::split::error::SplitError;
use crate::split::json_value::quoted;
use crate::split::keys::{KeyRequest, position};
use crate::split::message::Message;
use crate::split::time;
use crate::split::value::{of_float, of_half, of_single, of_text};

/// The columns that make up the key of a row.
pub(super) struct KeyNames {
    file: String,
    names: Vec<String>,
    /// Their positions among all columns.
    pub(super) columns: Vec<usize>,
    whole: bool,
    plain: bool,
}

impl KeyNames {
    pub(super) fn new(file: &str, schema: &Schema, wanted: KeyRequest) -> Result<Self, SplitError> {
        let all: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let columns = match wanted.columns {
            Some(columns) => {
                columns.iter().map(|column| position(file, column, &all)).collect::<Result<Vec<_>, _>>()?
            }
            // An index that pandas made up is not part of the row.
            None => (0..all.len()).filter(|i| !all[*i].starts_with("__index_level_")).collect(),
        };
        let names = columns.iter().map(|i| all[*i].clone()).collect();
        Ok(Self {
            file: file.to_owned(),
            names,
            columns,
            whole: wanted.columns.is_none(),
            plain: wanted.plain,
        })
    }

    /// Calls `each` with the key of each of `rows` rows of these columns.
    pub(super) fn visit(
        &self,
        rows: usize,
        columns: &[ArrayRef],
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(), SplitError> {
        let texts = columns.iter().zip(&self.names).map(|(column, name)| {
            texts(column).map_err(|kind| {
                let message = format!(
                    "{}: the values of the column `{name}` have no text to go by: it is {kind}",
                    self.file
                );
                SplitError::usage(message, "name other columns: `--by hash:COLUMN`")
            })
        });
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let mut message = Message::default();
        for row in 0..rows {
            message.clear();
            match (self.whole, self.plain) {
                (true, _) => {
                    let names = self.names.iter().map(String::as_str);
                    message.add_row(&mut names.zip(&texts).map(|(name, text)| (name, text(row))).collect());
                }
                (false, true) => texts.iter().for_each(|text| message.add_plain(&text(row))),
                (false, false) => texts.iter().for_each(|text| message.add(&text(row))),
            }
            each(message.bytes());
        }
        Ok(())
    }
}

/// The text of each value of a column.
pub(super) type Texts = Box<dyn Fn(usize) -> Vec<u8>>;

/// The texts of the values of `array`, or its type if it has none.
pub(super) fn texts(array: &ArrayRef) -> Result<Texts, DataType> {
    let valid = array.clone();
    let inner = valid_texts(array)?;
    Ok(Box::new(move |i| if valid.is_null(i) { Vec::new() } else { inner(i) }))
}

macro_rules! of_type {
    ($array:expr, $type:ty, $value:ident => $text:expr) => {{
        let array = $array.as_primitive::<$type>().clone();
        Box::new(move |i| {
            let $value = array.value(i);
            Vec::from($text)
        })
    }};
}

fn valid_texts(array: &ArrayRef) -> Result<Texts, DataType> {
    use DataType as T;
    let array = array.clone();
    Ok(match array.data_type() {
        T::Null => Box::new(|_| Vec::new()),
        T::Boolean => Box::new(move |i| if array.as_boolean().value(i) { "true" } else { "false" }.into()),
        T::Int8 => of_type!(array, Int8Type, v => v.to_string()),
        T::Int16 => of_type!(array, Int16Type, v => v.to_string()),
        T::Int32 => of_type!(array, Int32Type, v => v.to_string()),
        T::Int64 => of_type!(array, Int64Type, v => v.to_string()),
        T::UInt8 => of_type!(array, UInt8Type, v => v.to_string()),
        T::UInt16 => of_type!(array, UInt16Type, v => v.to_string()),
        T::UInt32 => of_type!(array, UInt32Type, v => v.to_string()),
        T::UInt64 => of_type!(array, UInt64Type, v => v.to_string()),
        T::Float16 => of_type!(array, Float16Type, v => of_half(v.to_bits())),
        T::Float32 => of_type!(array, Float32Type, v => of_single(v)),
        T::Float64 => of_type!(array, Float64Type, v => of_float(v)),
        T::Decimal128(_, scale) => {
            let scale = *scale;
            of_type!(array, Decimal128Type, v => of_text(decimal(&v.to_string(), scale).as_bytes()).into_owned())
        }
        T::Decimal256(_, scale) => {
            let scale = *scale;
            of_type!(array, Decimal256Type, v => of_text(decimal(&v.to_string(), scale).as_bytes()).into_owned())
        }
        T::Utf8 => Box::new(move |i| of_text(array.as_string::<i32>().value(i).as_bytes()).into_owned()),
        T::LargeUtf8 => Box::new(move |i| of_text(array.as_string::<i64>().value(i).as_bytes()).into_owned()),
        T::Utf8View => Box::new(move |i| of_text(array.as_string_view().value(i).as_bytes()).into_owned()),
        T::Binary => Box::new(move |i| of_text(array.as_binary::<i32>().value(i)).into_owned()),
        T::LargeBinary => Box::new(move |i| of_text(array.as_binary::<i64>().value(i)).into_owned()),
        T::BinaryView => Box::new(move |i| of_text(array.as_binary_view().value(i)).into_owned()),
        T::FixedSizeBinary(_) => {
            Box::new(move |i| of_text(array.as_fixed_size_binary().value(i)).into_owned())
        }
        T::Date32 => of_type!(array, Date32Type, v => time::date(v.into())),
        T::Date64 => of_type!(array, Date64Type, v => time::date(v.div_euclid(86_400_000))),
        T::Time32(TimeUnit::Second) => of_type!(array, Time32SecondType, v => time::time(v.into(), 1)),
        T::Time32(_) => of_type!(array, Time32MillisecondType, v => time::time(v.into(), 1_000)),
        T::Time64(TimeUnit::Microsecond) => {
            of_type!(array, Time64MicrosecondType, v => time::time(v, 1_000_000))
        }
        T::Time64(_) => of_type!(array, Time64NanosecondType, v => time::time(v, 1_000_000_000)),
        T::Timestamp(unit, zone) => {
            let has_zone = zone.as_ref().is_some_and(|zone| !zone.is_empty());
            timestamps(&array, *unit, if has_zone { "+00:00" } else { "" })
        }
        T::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let (number, category) = (numbers(dictionary.keys())?, texts(dictionary.values())?);
            Box::new(move |i| category(number(i)))
        }
        T::List(_) | T::LargeList(_) | T::FixedSizeList(_, _) | T::Struct(_) => {
            has_text(array.data_type())?;
            Box::new(move |i| nested(&array, i).unwrap_or_default())
        }
        other => return Err(other.clone()),
    })
}

/// The number of the category of each row that has one.
fn numbers(keys: &dyn Array) -> Result<Box<dyn Fn(usize) -> usize>, DataType> {
    macro_rules! of_type {
        ($type:ty) => {{
            let keys = keys.as_primitive::<$type>().clone();
            Box::new(move |i| keys.value(i) as usize)
        }};
    }
    Ok(match keys.data_type() {
        DataType::Int8 => of_type!(Int8Type),
        DataType::Int16 => of_type!(Int16Type),
        DataType::Int32 => of_type!(Int32Type),
        DataType::Int64 => of_type!(Int64Type),
        DataType::UInt8 => of_type!(UInt8Type),
        DataType::UInt16 => of_type!(UInt16Type),
        DataType::UInt32 => of_type!(UInt32Type),
        DataType::UInt64 => of_type!(UInt64Type),
        other => return Err(other.clone()),
    })
}

fn timestamps(array: &ArrayRef, unit: TimeUnit, zone: &'static str) -> Texts {
    match unit {
        TimeUnit::Second => of_type!(array, TimestampSecondType, v => time::timestamp(v, 1) + zone),
        TimeUnit::Millisecond => {
            of_type!(array, TimestampMillisecondType, v => time::timestamp(v, 1_000) + zone)
        }
        TimeUnit::Microsecond => {
            of_type!(array, TimestampMicrosecondType, v => time::timestamp(v, 1_000_000) + zone)
        }
        TimeUnit::Nanosecond => {
            of_type!(array, TimestampNanosecondType, v => time::timestamp(v, 1_000_000_000) + zone)
        }
    }
}

/// The digits of a decimal with the point inserted.
pub(super) fn decimal(digits: &str, scale: i8) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    match usize::try_from(scale) {
        Ok(0) => format!("{sign}{digits}"),
        Ok(scale) => {
            let padded = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => format!("{sign}{digits}{}", "0".repeat(usize::from(scale.unsigned_abs()))),
    }
}

/// An error with the type inside `kind` whose values have no text.
fn has_text(kind: &DataType) -> Result<(), DataType> {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_text(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().try_for_each(|field| has_text(field.data_type())),
        other => texts(&new_empty_array(other)).map(drop),
    }
}

/// The text of a value inside a list or structure, or its type if it has none.
fn nested(array: &ArrayRef, i: usize) -> Result<Vec<u8>, DataType> {
    if i >= array.len() || array.is_null(i) || array.data_type() == &DataType::Null {
        return Ok(b"null".to_vec());
    }
    let items = |items: ArrayRef| -> Result<Vec<u8>, DataType> {
        let texts = (0..items.len()).map(|i| nested(&items, i)).collect::<Result<Vec<_>, _>>()?;
        Ok([b"[".as_slice(), &texts.join(&b','), b"]"].concat())
    };
    Ok(match array.data_type() {
        DataType::List(_) => items(array.as_list::<i32>().value(i))?,
        DataType::LargeList(_) => items(array.as_list::<i64>().value(i))?,
        DataType::FixedSizeList(_, _) => items(array.as_fixed_size_list().value(i))?,
        DataType::Struct(_) => {
            let structure = array.as_struct();
            let mut fields: Vec<_> = structure.column_names().into_iter().zip(structure.columns()).collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            let field = |(name, column): (&str, &ArrayRef)| -> Result<Vec<u8>, DataType> {
                Ok([quoted(name.as_bytes()), b":".to_vec(), nested(&Arc::clone(column), i)?].concat())
            };
            let fields = fields.into_iter().map(field).collect::<Result<Vec<_>, DataType>>()?;
            [b"{".as_slice(), &fields.join(&b','), b"}"].concat()
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let value = take(dictionary.values().as_ref(), &dictionary.keys().slice(i, 1), None);
            nested(&value.map_err(|_| array.data_type().clone())?, 0)?
        }
        DataType::Utf8 => quoted(array.as_string::<i32>().value(i).as_bytes()),
        DataType::LargeUtf8 => quoted(array.as_string::<i64>().value(i).as_bytes()),
        DataType::Utf8View => quoted(array.as_string_view().value(i).as_bytes()),
        DataType::Binary => quoted(array.as_binary::<i32>().value(i)),
        DataType::LargeBinary => quoted(array.as_binary::<i64>().value(i)),
        DataType::BinaryView => quoted(array.as_binary_view().value(i)),
        DataType::FixedSizeBinary(_) => quoted(array.as_fixed_size_binary().value(i)),
        // JSON has dates as texts, too.
        kind if kind.is_temporal() => quoted(&texts(array)?(i)),
        _ => texts(array)?(i),
    })
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        BinaryArray, Date32Array, DictionaryArray, Int16Array, ListArray, NullArray, StringArray,
        StructArray, Time32SecondArray, TimestampSecondArray,
    };
    use arrow_buffer::OffsetBuffer;
    use arrow_schema::Field;

    use super::*;
    use crate::split::json_value::of_json;

    /// As in JSON, which has no dates.
    #[test]
    fn what_is_a_text_in_json_is_one_in_a_list() {
        let of = |items: ArrayRef| {
            let item = Arc::new(Field::new("item", items.data_type().clone(), true));
            let list = ListArray::new(item, OffsetBuffer::from_lengths([items.len()]), items, None);
            String::from_utf8(texts(&(Arc::new(list) as ArrayRef)).unwrap()(0)).unwrap()
        };
        let json = |text: &str| String::from_utf8(of_json(text.as_bytes())).unwrap();
        let days = of(Arc::new(Date32Array::from(vec![Some(0), None])));
        assert_eq!(days, json(r#"["1970-01-01", null]"#));
        let moments = of(Arc::new(TimestampSecondArray::from(vec![1]).with_timezone("UTC")));
        assert_eq!(moments, json(r#"["1970-01-01 00:00:01+00:00"]"#));
        assert_eq!(of(Arc::new(NullArray::new(2))), json("[null, null]"));
        assert_eq!(of(Arc::new(Time32SecondArray::from(vec![1]))), json(r#"["00:00:01"]"#));
        assert_eq!(of(Arc::new(BinaryArray::from(vec![&b"a"[..], b"12"]))), json(r#"["a", "12"]"#));
    }

    /// Written out for each row, these would be 4 GB.
    #[test]
    fn categories_are_not_written_out_for_each_row() {
        let heavy: ArrayRef =
            Arc::new(StringArray::from(vec![Some("x".repeat(1 << 22)), None, Some("y".to_owned())]));
        let rows = (0..1000).map(|i| (i % 4 != 3).then_some(i % 4)).collect::<Int16Array>();
        let text = texts(&(Arc::new(DictionaryArray::new(rows, heavy)) as ArrayRef)).unwrap();
        assert_eq!([text(0).len(), text(1).len(), text(2).len(), text(999).len()], [1 << 22, 0, 1, 0]);
    }

    #[test]
    fn bytes_in_a_list_are_told_apart() {
        let field = Field::new("f", DataType::Binary, true);
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"\xFF"[..], b"\xFE"]));
        let structs: ArrayRef = Arc::new(StructArray::new(vec![field].into(), vec![bytes], None));
        let text = texts(&structs).unwrap();
        assert_ne!(text(0), text(1));
    }

    #[test]
    fn decimals() {
        assert_eq!(decimal("-150", 2), "-1.50");
        assert_eq!(decimal("5", 3), "0.005");
        assert_eq!(decimal("5", -2), "500");
    }
}
