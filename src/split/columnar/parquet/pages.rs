//! Readers of the pages of a column. Some writers begin a column chunk with a page that has no values, which the readers of
//! levels and values take for the end.

use std::ops::Range;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::Result;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, RowGroupReader};

/// A reader of column `c`.
pub(super) fn column_reader(group: &dyn RowGroupReader, c: usize) -> Result<ColumnReader> {
    let column = group.metadata().schema_descr().column(c);
    Ok(get_column_reader(column, Box::new(Filled(group.get_column_page_reader(c)?))))
}

/// Passes over the pages that have no values.
struct Filled(Box<dyn PageReader>);

impl Filled {
    fn pass_empty(&mut self) -> Result<()> {
        let is_empty = |page: PageMetadata| !page.is_dict && page.num_levels == Some(0);
        while self.0.peek_next_page()?.is_some_and(is_empty) {
            self.0.skip_next_page()?;
        }
        Ok(())
    }
}

impl PageReader for Filled {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.pass_empty()?;
        self.0.get_next_page()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pass_empty()?;
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pass_empty()?;
        self.0.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.0.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        self.0.take_deferred_dictionary()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pass_empty()?;
        self.0.at_record_boundary()
    }
}

impl Iterator for Filled {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// Some row groups of a file, for Arrow's reader.
pub(super) struct Chosen<'a, R> {
    pub(super) reader: &'a R,
    pub(super) groups: Range<usize>,
}

impl<R: FileReader> RowGroups for Chosen<'_, R> {
    fn num_rows(&self) -> usize {
        self.row_groups().map(|group| group.num_rows().max(0) as usize).sum()
    }

    fn column_chunks(&self, c: usize) -> Result<Box<dyn PageIterator>> {
        let chunk = |g| -> Result<Box<dyn PageReader>> {
            Ok(Box::new(Filled(self.reader.get_row_group(g)?.get_column_page_reader(c)?)))
        };
        Ok(Box::new(Chunks(self.groups.clone().map(chunk).collect::<Vec<_>>().into_iter())))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.groups.clone().map(|g| self.metadata().row_group(g)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.reader.metadata()
    }
}

/// The chunks of a column, one after the other.
struct Chunks(std::vec::IntoIter<Result<Box<dyn PageReader>>>);

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl PageIterator for Chunks {}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use parquet::basic::Encoding;
    use parquet::column::reader::get_typed_column_reader;
    use parquet::data_type::Int32Type;
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;

    use super::*;

    /// Data pages of lists with items of four bytes.
    struct Lists(VecDeque<Page>);

    impl Lists {
        /// With a page for each slice, of which those below zero continue a list.
        fn new(pages: &[&[i32]]) -> Self {
            let page = |items: &&[i32]| {
                let levels = |level: &dyn Fn(i32) -> u8| -> Vec<u8> {
                    let runs: Vec<u8> = items.iter().flat_map(|item| [2, level(*item)]).collect();
                    (runs.len() as u32).to_le_bytes().into_iter().chain(runs).collect()
                };
                let values = items.iter().flat_map(|item| item.to_le_bytes());
                let repetitions = levels(&|item| u8::from(item < 0));
                Page::DataPage {
                    buf: repetitions.into_iter().chain(levels(&|_| 1)).chain(values).collect(),
                    num_values: items.len() as u32,
                    encoding: Encoding::PLAIN,
                    def_level_encoding: Encoding::RLE,
                    rep_level_encoding: Encoding::RLE,
                    statistics: None,
                }
            };
            Self(pages.iter().map(page).collect())
        }
    }

    impl Iterator for Lists {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0.pop_front().map(Ok)
        }
    }

    impl PageReader for Lists {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.pop_front())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            let of = |page: &Page| PageMetadata {
                num_rows: None,
                num_levels: Some(page.num_values() as usize),
                is_dict: false,
            };
            Ok(self.0.front().map(of))
        }

        fn skip_next_page(&mut self) -> Result<()> {
            self.0.pop_front();
            Ok(())
        }
    }

    #[test]
    fn pages_without_values_are_passed_over_wherever_they_are() {
        let schema = parse_message_type("message m { repeated int32 x; }").unwrap();
        let column = SchemaDescriptor::new(Arc::new(schema)).column(0);
        for skipped in 0..4 {
            let pages = Lists::new(&[&[], &[1, -2, 3], &[], &[], &[-4], &[5], &[]]);
            let reader = get_column_reader(column.clone(), Box::new(Filled(Box::new(pages))));
            let mut reader = get_typed_column_reader::<Int32Type>(reader);
            assert_eq!(reader.skip_records(skipped).unwrap(), skipped);
            let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
            let read =
                reader.read_records(9, Some(&mut definitions), Some(&mut repetitions), &mut values).unwrap();
            assert_eq!(read.0, 3 - skipped);
            assert_eq!(values, [1, -2, 3, -4, 5][[0, 2, 4, 5][skipped]..]);
        }
    }
}
