//! The bytes of the document, in one piece and never moved.
//!
//! A `Vec` that grows moves what it holds and then needs the memory twice, which a document of
//! 50 MB does not leave. The memory of an instance grows at its end; while the document arrives,
//! nothing else makes it grow.

/// Bytes by which WebAssembly memory grows.
#[cfg(target_arch = "wasm32")]
const WASM_PAGE: usize = 64 * 1024;

/// 1 MiB at a time, since every growth makes the other side look at the memory anew.
#[cfg(target_arch = "wasm32")]
const STEP: usize = 16;

#[cfg(target_arch = "wasm32")]
#[derive(Default)]
pub(crate) struct Document {
    /// Address of the first byte.
    start: usize,
    length: usize,
    capacity: usize,
}

#[cfg(target_arch = "wasm32")]
impl Document {
    /// Room for `count` bytes after those that are there; null when there is no memory for them.
    pub(crate) fn reserve(&mut self, count: usize) -> *mut u8 {
        let Some(length) = self.length.checked_add(count) else {
            return std::ptr::null_mut();
        };
        if length > self.capacity {
            let pages = (length - self.capacity).div_ceil(WASM_PAGE);
            // At the very end of the memory only as much as is needed.
            let Some((start, pages)) = grow(pages.next_multiple_of(STEP)).or_else(|| grow(pages))
            else {
                return std::ptr::null_mut();
            };
            if self.capacity == 0 {
                self.start = start;
            } else if start != self.start + self.capacity {
                return std::ptr::null_mut();
            }
            self.capacity += pages * WASM_PAGE;
        }
        let at = self.start + self.length;
        self.length = length;
        std::ptr::with_exposed_provenance_mut(at)
    }

    /// Everything that was written.
    pub(crate) fn bytes(&self) -> &'static [u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: `reserve` took these pages from the end of the memory, one after the other; the
        // allocator never hands out memory that it did not grow itself, so nobody else writes
        // here, and memory is never given back. Fresh pages are zeros, so all is initialised.
        unsafe {
            std::slice::from_raw_parts(std::ptr::with_exposed_provenance(self.start), self.length)
        }
    }
}

/// Grows the memory by so many pages; gives the address of the first, and their number.
#[cfg(target_arch = "wasm32")]
fn grow(pages: usize) -> Option<(usize, usize)> {
    let before = core::arch::wasm32::memory_grow::<0>(pages);
    (before != usize::MAX).then_some((before * WASM_PAGE, pages))
}

/// The same without WebAssembly, so that the module is compiled and linted everywhere.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Default)]
pub(crate) struct Document(Vec<u8>);

#[cfg(not(target_arch = "wasm32"))]
impl Document {
    pub(crate) fn reserve(&mut self, count: usize) -> *mut u8 {
        crate::reserve(&mut self.0, count)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}
