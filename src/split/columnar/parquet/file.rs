//! An open Parquet file whose footer has been checked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};

use super::super::table::{Cause, broken, ours};
use super::categories::Categories;
use super::codec::codec;
use super::compact::Compact;
use super::pages::column_reader;
use super::shape::Shape;
use super::strip::Strip;
use super::weights::Weights;
use crate::file;
use crate::split::error::SplitError;
use crate::split::source::Source;

/// A Parquet file.
pub(in crate::split::columnar) struct ParquetFile<'a> {
    pub(super) source: &'a Source,
    pub(super) handle: Handle,
    pub(super) reader: SerializedFileReader<Handle>,
    /// The first row of each row group, followed by the number of all rows.
    pub(super) groups: Vec<u64>,
    pub(super) shape: Shape,
    /// The categories of each column that readers treat as categorical: those of the whole file, because rows taken
    /// from a table in memory keep all of them.
    pub(super) categories: Vec<Option<Categories>>,
    /// What the pages of each column weigh.
    pub(super) weights: Weights,
}

impl<'a> ParquetFile<'a> {
    /// Opens the file; `memory` is what reading and writing it may take.
    pub(in crate::split::columnar) fn open(
        source: &'a Source,
        (memory, threads): (u64, usize),
    ) -> Result<Self, SplitError> {
        let bad = |error: &dyn std::fmt::Display| broken(&source.name, "Parquet", error.to_string());
        let file = file::context(source.file().try_clone(), "read", source.path())?;
        let handle = Handle { file: Arc::new(file), len: source.len };
        let reader = SerializedFileReader::new(handle.clone()).map_err(|e| bad(&e))?;
        let groups = groups(reader.metadata()).map_err(|message| bad(&message))?;
        check_columns(source, reader.metadata())?;
        let shape = Shape::of(reader.metadata().file_metadata());
        let categories = Vec::new();
        let weights = Weights::of(&handle, reader.metadata(), (memory, threads));
        let mut file = Self { source, handle, reader, groups, shape, categories, weights };
        file.weights.check(&source.name, memory, |c| file.name(c))?;
        for (c, has) in file.shape.categorical().into_iter().enumerate() {
            let found = has.then(|| file.read_categories(c)).transpose()?;
            file.categories.push(found);
            file.check_categories(memory)?;
        }
        Ok(file)
    }

    /// How many bytes all categories take.
    pub(super) fn weight_of_categories(&self) -> u64 {
        self.categories.iter().flatten().map(|categories| categories.page().len() as u64).sum()
    }

    /// How much of `memory` is left beside the categories, which are held as they are and packed.
    pub(in crate::split::columnar) fn beside_categories(&self, memory: u64) -> u64 {
        memory.saturating_sub(2 * self.weight_of_categories())
    }

    /// An error if the categories take more than a quarter of `memory`.
    fn check_categories(&self, memory: u64) -> Result<(), SplitError> {
        let weight = self.weight_of_categories();
        if weight <= memory / 4 {
            return Ok(());
        }
        let own = |c: &usize| self.categories[*c].as_ref().map_or(0, |own| own.page().len());
        let heaviest = (0..self.categories.len()).max_by_key(own).unwrap_or(0);
        let (file, name) = (&self.source.name, self.name(heaviest));
        let (weight, memory) = (weight / 1_000_000, memory / 1_000_000);
        let message = format!(
            "{file}: with those of the column `{name}` the categories take {weight} MB, of at most a quarter of the memory that is allowed ({memory} MB)"
        );
        Err(SplitError::usage(message, "allow more with `--memory`, or store the column as plain strings"))
    }

    /// The categories of column `c`, in the order in which a reader of all row groups encounters them.
    fn read_categories(&self, c: usize) -> Result<Categories, SplitError> {
        let bad = |e: ParquetError| self.bad(c, e);
        let mut categories = Categories::default();
        for g in 0..self.groups.len() - 1 {
            let group = self.reader.get_row_group(g).map_err(bad)?;
            let mut pages = group.get_column_page_reader(c).map_err(bad)?;
            let has_page = categories.read(pages.as_mut()).map_err(bad)?;
            if has_page && is_all_numbers(group.metadata().column(c)) {
                continue;
            }
            let mut reader = column_reader(group.as_ref(), c).map_err(bad)?;
            let mut strip = Strip::new(&self.shape.columns.column(c));
            while strip.read(&mut reader, 1 << 12).map_err(bad)? > 0 {
                categories.add_all(&strip);
                strip.clear();
            }
        }
        Ok(categories)
    }

    /// The codec of column `c`.
    pub(super) fn codec(&self, c: usize) -> Compression {
        let group = self.reader.metadata().row_groups().first();
        let column = group.and_then(|group| group.columns().get(c));
        column.map_or(Compression::UNCOMPRESSED, codec)
    }

    /// The number of rows.
    pub(in crate::split::columnar) fn rows(&self) -> u64 {
        self.groups[self.groups.len() - 1]
    }

    /// An error about column `c`.
    pub(super) fn bad(&self, c: usize, error: impl Into<Cause>) -> SplitError {
        let error = match ours(error.into()) {
            Ok(ours) => return ours,
            Err(error) => error,
        };
        if self.is_encrypted(c) {
            let message = format!("the column `{}` is encrypted", self.name(c));
            let help = "write the table without encryption, or without this column, and split that";
            return SplitError::whole(&self.source.name, message, Some(help));
        }
        broken(&self.source.name, "Parquet", format!("the column `{}`: {error}", self.name(c)))
    }

    /// Whether the footer tells of encryption, and the pages of column `c` are no pages.
    pub(super) fn is_encrypted(&self, c: usize) -> bool {
        let footer = || -> io::Result<bool> {
            let mut length = [0; 4];
            self.handle.file.read_exact_at(&mut length, self.handle.len.saturating_sub(8))?;
            let start = (self.handle.len.saturating_sub(8)).saturating_sub(u32::from_le_bytes(length).into());
            Compact::new(self.handle.get_read(start)?).is_of_encrypted()
        };
        let is_page = |chunk: &ColumnChunkMetaData| {
            let from = self.handle.get_read(chunk.byte_range().0).ok();
            from.and_then(|from| Compact::new(from).page().ok()).is_some_and(|page| page.packed > 0)
        };
        let mut chunks =
            self.reader.metadata().row_groups().iter().filter_map(|group| group.columns().get(c));
        footer().unwrap_or(false) && !chunks.all(is_page)
    }

    /// The path of column `c`.
    fn name(&self, c: usize) -> String {
        self.shape.columns.columns().get(c).map_or(String::new(), |column| column.path().string())
    }
}

/// Whether all data pages of a chunk are dictionary-encoded, as far as it says so.
fn is_all_numbers(column: &ColumnChunkMetaData) -> bool {
    column.page_encoding_stats_mask().is_some_and(|encodings| {
        encodings.is_only(Encoding::RLE_DICTIONARY) || encodings.is_only(Encoding::PLAIN_DICTIONARY)
    })
}

/// Where the row groups begin, or why the footer must be wrong.
fn groups(metadata: &ParquetMetaData) -> Result<Vec<u64>, String> {
    let mut groups = vec![0u64];
    for group in metadata.row_groups() {
        let rows = u64::try_from(group.num_rows()).map_err(|_| "a row group of a negative length")?;
        let end = groups[groups.len() - 1];
        groups.push(rows.checked_add(end).ok_or("more than 2^64 rows")?);
    }
    let (rows, said) = (groups[groups.len() - 1], metadata.file_metadata().num_rows());
    if i128::from(said) != i128::from(rows) {
        return Err(format!("its footer says {said} rows, but its row groups have {rows} rows"));
    }
    Ok(groups)
}

/// An error for a column that cannot be copied as is.
fn check_columns(source: &Source, metadata: &ParquetMetaData) -> Result<(), SplitError> {
    let refuse = |name: String, what: &str, help: &str| {
        Err(SplitError::whole(&source.name, format!("the column `{name}` {what}"), Some(help)))
    };
    for column in metadata.file_metadata().schema_descr().columns() {
        if let Some(LogicalType::_Unknown { .. }) = column.logical_type_ref() {
            let what = "has a logical type that this version does not know";
            return refuse(column.path().string(), what, "write it with a type that Parquet 2.12 defines");
        }
    }
    for column in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let name = || column.column_path().string();
        if column.file_path().is_some() {
            return refuse(name(), "lies in another file", "write the table as one file");
        }
    }
    Ok(())
}

/// A file that several threads read, each at its own position.
#[derive(Clone)]
pub(super) struct Handle {
    file: Arc<File>,
    len: u64,
}

impl Length for Handle {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Handle {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(From { handle: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF("a part lies outside the file; is it cut short?".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Reads from a position onwards.
pub(super) struct From {
    handle: Handle,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.handle.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
