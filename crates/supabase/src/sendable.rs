//! One wrapper around futures of the HTTP client, so that handlers need none.

/// Marks a future as `Send`.
///
/// axum wants handlers whose futures are `Send`; those of `reqwest` are not when compiled to
/// WebAssembly, where they hold JavaScript values. An isolate has a single thread, so the wrapper
/// (which checks the thread) never refuses there.
#[cfg(target_arch = "wasm32")]
pub fn sendable<F: Future>(future: F) -> impl Future<Output = F::Output> + Send {
    send_wrapper::SendWrapper::new(future)
}

/// Marks a future as `Send`; natively it already is.
#[cfg(not(target_arch = "wasm32"))]
pub fn sendable<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    future
}
