//! No call waits for ever: every request to the project has an end.

use crate::Error;
use futures_util::future::{Either, select};
use http_call::Timer;
use std::pin::pin;
use std::time::Duration;

/// Time for one answer of the project. Its own statement timeout is 8 s for signed-in users; what
/// takes longer than this will not come.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// Waits for `call`, but no longer than [`ANSWER_LIMIT`].
pub(crate) async fn within<T>(
    timer: &Timer,
    service: &'static str,
    call: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    match select(pin!(call), timer(ANSWER_LIMIT)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Error::late(service)),
    }
}
