//! A port of this machine that can be closed and opened again, and connections that can be cut.
//!
//! axum's own server answers every request; a provider that fails does not. So this serves hyper's
//! connections itself: a request that ends in [`Cut`] ends its connection without a byte.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Largest request that is read.
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// The connection ends here.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("cut")
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What a port serves.
pub(crate) trait Site: Send + Sync + 'static {
    fn serve(
        self: Arc<Self>,
        head: Parts,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Response, Cut>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Closed,
    Ended,
}

/// A port of the loopback address, until it is ended.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    wanted: watch::Sender<Gate>,
    reached: watch::Receiver<Gate>,
}

impl Port {
    /// Listens on `port` of the loopback address; 0 takes a free one.
    pub(crate) async fn open(port: u16, site: Arc<dyn Site>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (wanted, orders) = watch::channel(Gate::Open);
        let (report, reached) = watch::channel(Gate::Open);
        tokio::spawn(run(listener, address, site, orders, report));
        Ok(Self { address, wanted, reached })
    }

    /// Opens or closes; returns once that is so. Closing cuts what is open.
    pub(crate) async fn set_open(&self, open: bool) {
        let gate = if open { Gate::Open } else { Gate::Closed };
        self.wanted.send_if_modified(|wanted| {
            let changes = *wanted != Gate::Ended && *wanted != gate;
            if changes {
                *wanted = gate;
            }
            changes
        });
        let mut reached = self.reached.clone();
        // An error means that the server is gone, and its port with it.
        let _ = reached.wait_for(|now| *now == gate).await;
    }

    /// Closes for good.
    pub(crate) fn end(&self) {
        self.wanted.send_if_modified(|gate| std::mem::replace(gate, Gate::Ended) != Gate::Ended);
    }
}

async fn run(
    listener: TcpListener,
    address: SocketAddr,
    site: Arc<dyn Site>,
    mut orders: watch::Receiver<Gate>,
    report: watch::Sender<Gate>,
) {
    let mut listener = Some(listener);
    loop {
        let gate = *orders.borrow_and_update();
        match gate {
            Gate::Ended => return,
            Gate::Closed => {
                listener = None;
                report.send_replace(Gate::Closed);
                if orders.changed().await.is_err() {
                    return;
                }
            }
            Gate::Open => {
                let open = match listener.take() {
                    Some(open) => open,
                    None => bind_again(address).await,
                };
                report.send_replace(Gate::Open);
                // Leaving cuts the connections with the set that holds them.
                serve(&open, &site, &mut orders).await;
            }
        }
    }
}

/// The port was ours a moment ago; whoever has it now may give it back.
async fn bind_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(listener: &TcpListener, site: &Arc<dyn Site>, orders: &mut watch::Receiver<Gate>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream, Arc::clone(site)));
                }
            }
            Some(_) = connections.join_next() => {}
            _ = orders.changed() => break,
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, site: Arc<dyn Site>) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let site = Arc::clone(&site);
        async move {
            let (head, body) = request.into_parts();
            // A body that breaks off is nobody's request.
            let body = to_bytes(Body::new(body), MAX_REQUEST_BYTES).await.map_err(|_| Cut)?;
            site.serve(head, body).await
        }
    });
    // An error is a connection that ended, which is what was wanted or what clients do.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
