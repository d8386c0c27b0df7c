//! Builds small PDFs by hand.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "every test file uses its own part")]

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// A PDF under construction: objects numbered from 1. Object 1 is the catalog, 2 the page tree,
/// 3 the font `/F`: Helvetica in WinAnsi, with an acute accent at 1, a circumflex at 2, the
/// ligature "fi" at 3, a dotless i at 4, a cedilla at 5 and an unknown symbol at 6.
pub struct Builder {
    objects: Vec<Vec<u8>>,
    pages: Vec<usize>,
    trailer: String,
}

impl Builder {
    pub fn new() -> Self {
        let mut builder = Self { objects: Vec::new(), pages: Vec::new(), trailer: String::new() };
        builder.object("<< /Type /Catalog /Pages 2 0 R >>");
        builder.object("");
        builder.object(
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding \
             /BaseEncoding /WinAnsiEncoding /Differences \
             [1 /acute /circumflex /fi /dotlessi /cedilla /unheardof] >> >>",
        );
        builder
    }

    /// Adds an object and gives its number.
    pub fn object(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.objects.push(body.into());
        self.objects.len()
    }

    /// Replaces an object.
    pub fn replace(&mut self, number: usize, body: impl Into<Vec<u8>>) {
        self.objects[number - 1] = body.into();
    }

    /// Adds a stream, with more entries for its dictionary.
    pub fn stream(&mut self, entries: &str, data: &[u8]) -> usize {
        let mut body = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.object(body)
    }

    /// Adds a page whose content is this, and which may draw these forms.
    pub fn page_with_forms(&mut self, content: &[u8], forms: &[(&str, usize)]) -> &mut Self {
        let content = self.stream("", content);
        self.page_of(content, forms)
    }

    /// Adds a page whose content is that object.
    pub fn page_of(&mut self, content: usize, forms: &[(&str, usize)]) -> &mut Self {
        self.page_entries(&format!("/Contents {content} 0 R"), forms)
    }

    /// Adds a page with these entries.
    pub fn page_entries(&mut self, entries: &str, forms: &[(&str, usize)]) -> &mut Self {
        let forms: String =
            forms.iter().map(|(name, number)| format!("/{name} {number} 0 R ")).collect();
        let page = self.object(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] {entries} \
             /Resources << /Font << /F 3 0 R >> /XObject << {forms} >> >> >>"
        ));
        self.pages.push(page);
        self
    }

    /// Adds a page whose content is this.
    pub fn page(&mut self, content: &str) -> &mut Self {
        self.page_with_forms(content.as_bytes(), &[])
    }

    /// More entries for the trailer.
    pub fn trailer(&mut self, entries: &str) -> &mut Self {
        self.trailer.push_str(entries);
        self
    }

    /// The bytes of the file.
    pub fn build(&self) -> Vec<u8> {
        let kids: String = self.pages.iter().map(|page| format!("{page} 0 R ")).collect();
        let tree = format!("<< /Type /Pages /Count {} /Kids [{kids}] >>", self.pages.len());
        let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut offsets = Vec::new();
        for (index, body) in self.objects.iter().enumerate() {
            offsets.push(file.len());
            file.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
            // An empty body is the page tree, which is known only now.
            file.extend_from_slice(if body.is_empty() { tree.as_bytes() } else { body });
            file.extend_from_slice(b"\nendobj\n");
        }
        let start = file.len();
        let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1);
        for offset in &offsets {
            end.push_str(&format!("{offset:010} 00000 n \n"));
        }
        end.push_str(&format!(
            "trailer\n<< /Size {} /Root 1 0 R {} >>\nstartxref\n{start}\n%%EOF\n",
            offsets.len() + 1,
            self.trailer,
        ));
        file.extend_from_slice(end.as_bytes());
        file
    }
}

/// A document of one page.
pub fn one_page(content: &str) -> Vec<u8> {
    Builder::new().page(content).build()
}

/// zlib, as `/FlateDecode` wants it.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}
