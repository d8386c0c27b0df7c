//! The streams that fonts bring along, checked before the interpreter decodes them.

use crate::Budget;
use crate::decode::{TooBig, decode};
use crate::page::Spent;
use hayro_interpret::hayro_syntax::object::{Array, Dict, ObjectIdentifier, Stream};
use std::collections::HashSet;

/// Fonts that one page may name. Real pages name a few dozen.
const MOST_FONTS: usize = 4096;

/// The streams that were checked already; most are shared by all pages.
#[derive(Debug, Default)]
pub(crate) struct Checked(HashSet<ObjectIdentifier>);

impl Checked {
    /// Checks the streams of every font of a page or a form.
    pub(crate) fn check(
        &mut self,
        fonts: &Dict<'_>,
        budget: &Budget,
        spent: &mut Spent,
    ) -> Result<(), TooBig> {
        if fonts.len() > MOST_FONTS {
            return Err(TooBig);
        }
        for name in fonts.keys() {
            // Looking at a font again costs as much as looking it up.
            spent.operations += 1;
            let Some(font) = fonts.get::<Dict<'_>>(&name) else {
                continue;
            };
            self.font(&font, budget, spent)?;
            let descendants = font.get::<Array<'_>>("DescendantFonts");
            if let Some(font) = descendants.and_then(|fonts| fonts.iter::<Dict<'_>>().next()) {
                self.font(&font, budget, spent)?;
            }
        }
        Ok(())
    }

    fn font(&mut self, font: &Dict<'_>, budget: &Budget, spent: &mut Spent) -> Result<(), TooBig> {
        for key in ["ToUnicode", "Encoding", "CIDToGIDMap"] {
            self.stream(font, key, budget, spent)?;
        }
        if let Some(descriptor) = font.get::<Dict<'_>>("FontDescriptor") {
            for key in ["FontFile", "FontFile2", "FontFile3"] {
                self.stream(&descriptor, key, budget, spent)?;
            }
        }
        Ok(())
    }

    fn stream(
        &mut self,
        dict: &Dict<'_>,
        key: &str,
        budget: &Budget,
        spent: &mut Spent,
    ) -> Result<(), TooBig> {
        if let Some(id) = dict.get_ref(key)
            && !self.0.insert(id.into())
        {
            return Ok(());
        }
        let Some(stream) = dict.get::<Stream<'_>>(key) else {
            return Ok(());
        };
        let size = decode(&stream, budget.support_stream_bytes)?.len() as u64;
        spent.decompressed += size;
        if spent.decompressed > budget.total_decompressed_bytes {
            return Err(TooBig);
        }
        Ok(())
    }
}
