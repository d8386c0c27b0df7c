//! Gives the module its memory.

/// 96 MiB: a Worker has 128 MB, of which 32 stay for the functions around the module. Ordinary
/// documents need 2 to 25 MB, 300 pages with 40 MB of images some 50.
const MEMORY: u32 = 96 << 20;

/// 4 MiB: the parser nests objects up to 512 deep; what goes deeper traps instead of writing over
/// the heap, since the stack comes first in memory.
const STACK: u32 = 4 << 20;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo:rustc-link-arg-cdylib=--max-memory={MEMORY}");
        println!("cargo:rustc-link-arg-cdylib=-zstack-size={STACK}");
        println!("cargo:rustc-link-arg-cdylib=--stack-first");
    }
}
