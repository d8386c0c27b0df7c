//! The fonts of a document; the streams that they bring along are checked before they are decoded.

use crate::Budget;
use crate::decode::{TooBig, decode};
use crate::page::Spent;
use hayro_font::{CMapResolverFn, Font, FontCache, FontResolverFn, StandardFont};
use hayro_syntax::object::{Array, Dict, ObjectIdentifier, Stream};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

/// Fonts that one page may name. Real pages name a few dozen.
const MOST_FONTS: usize = 4096;

/// The fonts of a document, each read once.
pub(crate) struct Fonts<'a> {
    cache: FontCache<'a>,
    /// Gives the program of a font that the document lacks.
    programs: FontResolverFn,
    /// Gives the character maps that a document names and does not contain: none.
    maps: CMapResolverFn,
    substitute: OnceCell<Option<Font<'a>>>,
}

impl Default for Fonts<'_> {
    fn default() -> Self {
        // One program stands for all: nothing is drawn, and the names, codes and widths of the 14
        // standard fonts are in tables. The other 13 programs take 240 KB.
        let program = |_: &_| Some(StandardFont::Helvetica.get_font_data());
        Self {
            cache: FontCache::new(),
            programs: Arc::new(program),
            maps: Arc::new(|_| None),
            substitute: OnceCell::new(),
        }
    }
}

impl<'a> Fonts<'a> {
    /// The font that a dictionary describes; `None` when it is of no kind that is known.
    pub(crate) fn get(&self, dict: &Dict<'a>) -> Option<Font<'a>> {
        self.cache.font(dict, &self.programs, &self.maps)
    }

    /// The font for text whose own font is missing.
    pub(crate) fn substitute(&self) -> Option<Font<'a>> {
        let helvetica = || self.cache.standard_font(StandardFont::Helvetica, &self.programs);
        self.substitute.get_or_init(helvetica).clone()
    }
}

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
