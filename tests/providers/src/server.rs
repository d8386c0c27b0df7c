//! A server on this machine that ends with its handle.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A running server; dropping it closes the port and ends what still hangs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    closing: watch::Sender<bool>,
}

impl Server {
    /// Serves `router` on a free port of the loopback address.
    pub(crate) async fn start(
        router: Router,
        closing: watch::Sender<bool>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut closed = closing.subscribe();
        tokio::spawn(async move {
            let until_closed = async move {
                // An error means that the handle is gone, which is the same thing.
                let _ = closed.wait_for(|closing| *closing).await;
            };
            let _ = axum::serve(listener, router).with_graceful_shutdown(until_closed).await;
        });
        Ok(Self { address, closing })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.send_replace(true);
    }
}
