//! Addresses a caller gives us to fetch: only public https, also after redirects.
//!
//! A function that fetches what it is told could be used to reach what only the server sees
//! (server-side request forgery, OWASP A10:2021). Names and literal addresses are checked here
//! before each hop. That a public *name* resolves to a private address is not seen here: on
//! Cloudflare, `fetch` has no route to private networks, whatever a name resolves to.

use crate::{Platform, PublicAnswer};
use std::net::{Ipv4Addr, Ipv6Addr};
use supabase::Download;
use url::{Host, Url};

/// Redirects followed before giving up; honest file hosts need one or two.
const REDIRECTS_MAX: usize = 3;

/// Why an address was not fetched, or gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not an absolute https address.
    #[error("only public https addresses are fetched")]
    NotHttps,
    /// User name or password in the address.
    #[error("the address holds a user name or a password")]
    Credentials,
    /// A private, loopback, link-local or otherwise special host.
    #[error("the host is not on the public internet")]
    NotPublic,
    /// More than three redirects, or one that leads nowhere.
    #[error("too many redirects, or a redirect without an address")]
    Redirects,
    /// The server answered with something else than 200.
    #[error("the server answered {0}")]
    Status(u16),
    /// The server could not be reached. The reason is for the log.
    #[error("the server could not be reached: {0}")]
    Unreachable(String),
}

/// Reads an address and refuses what is not public https.
///
/// # Errors
/// [`Refusal::NotHttps`], [`Refusal::Credentials`] or [`Refusal::NotPublic`].
pub fn public_url(address: &str) -> Result<Url, Refusal> {
    let url = Url::parse(address).map_err(|_| Refusal::NotHttps)?;
    check(url)
}

fn check(url: Url) -> Result<Url, Refusal> {
    if url.scheme() != "https" {
        return Err(Refusal::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    let public = match url.host() {
        Some(Host::Domain(name)) => is_public_name(name),
        Some(Host::Ipv4(address)) => is_public_v4(address),
        Some(Host::Ipv6(address)) => is_public_v6(address),
        None => false,
    };
    if public { Ok(url) } else { Err(Refusal::NotPublic) }
}

/// Fetches a public address, checking every redirect like the address itself.
///
/// # Errors
/// [`Refusal`]; the body is not read here, so its errors come later.
pub async fn fetch_public(platform: &dyn Platform, url: Url) -> Result<Download, Refusal> {
    let mut url = check(url)?;
    for _ in 0..=REDIRECTS_MAX {
        let PublicAnswer { status, location, download } =
            platform.get_public(url.clone()).await.map_err(Refusal::Unreachable)?;
        match status {
            200 => return Ok(download),
            301 | 302 | 303 | 307 | 308 => {
                let next = location
                    .and_then(|location| url.join(&location).ok())
                    .ok_or(Refusal::Redirects)?;
                url = check(next)?;
            }
            other => return Err(Refusal::Status(other)),
        }
    }
    Err(Refusal::Redirects)
}

/// Names that never leave a machine or a site: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`,
/// and names without a dot.
fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let special = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "test",
        "invalid",
        "example",
        "onion",
        "home.arpa",
        "in-addr.arpa",
        "ip6.arpa",
    ];
    name.contains('.')
        && !special.iter().any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// IANA IPv4 Special-Purpose Address Registry (RFC 6890): what is not globally reachable.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

/// IANA IPv6 Special-Purpose Address Registry: global unicast 2000::/3 without what tunnels to
/// or stands for IPv4 (6to4, Teredo, NAT64) and documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special = first == 0x2002 // 6to4
        || (first == 0x2001 && second < 0x0200) // Teredo, ORCHID, benchmarking
        || (first == 0x2001 && second == 0x0db8)
        || first == 0x3fff; // documentation
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::BoxFuture;
    use futures_util::stream;
    use std::collections::HashMap;
    use std::time::Duration;

    #[test]
    fn public_https_addresses_are_accepted() {
        for address in [
            "https://example.org/cours.pdf",
            "https://93.184.216.34/a.pdf",
            "https://[2606:2800:220:1::1]/a.pdf",
            "https://localhost.example.org/a.pdf",
        ] {
            assert!(public_url(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn everything_that_is_not_public_is_refused() {
        use Refusal::{Credentials, NotHttps, NotPublic};
        let refused = [
            ("http://example.org/a.pdf", NotHttps),
            ("ftp://example.org/a.pdf", NotHttps),
            ("file:///etc/passwd", NotHttps),
            ("data:application/pdf;base64,JVBERg==", NotHttps),
            ("example.org/a.pdf", NotHttps),
            ("https://user:pw@example.org/", Credentials),
            ("https://localhost/a.pdf", NotPublic),
            ("https://LOCALHOST./a.pdf", NotPublic),
            ("https://db.internal/a.pdf", NotPublic),
            ("https://printer.local/a.pdf", NotPublic),
            ("https://metadata/a.pdf", NotPublic),
            ("https://127.0.0.1/a.pdf", NotPublic),
            ("https://2130706433/a.pdf", NotPublic),
            ("https://0x7f.1/a.pdf", NotPublic),
            ("https://0177.0.0.1/a.pdf", NotPublic),
            ("https://127.1/a.pdf", NotPublic),
            ("https://0/a.pdf", NotPublic),
            ("https://10.1.2.3/a.pdf", NotPublic),
            ("https://172.16.0.1/a.pdf", NotPublic),
            ("https://192.168.1.1/a.pdf", NotPublic),
            ("https://169.254.169.254/latest/meta-data", NotPublic),
            ("https://100.64.0.1/a.pdf", NotPublic),
            ("https://198.18.0.1/a.pdf", NotPublic),
            ("https://224.0.0.1/a.pdf", NotPublic),
            ("https://255.255.255.255/a.pdf", NotPublic),
            ("https://[::1]/a.pdf", NotPublic),
            ("https://[::]/a.pdf", NotPublic),
            ("https://[::ffff:127.0.0.1]/a.pdf", NotPublic),
            ("https://[::ffff:10.0.0.1]/a.pdf", NotPublic),
            ("https://[fe80::1]/a.pdf", NotPublic),
            ("https://[fc00::1]/a.pdf", NotPublic),
            ("https://[64:ff9b::7f00:1]/a.pdf", NotPublic),
            ("https://[2002:7f00:1::]/a.pdf", NotPublic),
            ("https://[2001:db8::1]/a.pdf", NotPublic),
        ];
        for (address, reason) in refused {
            assert_eq!(public_url(address), Err(reason), "{address}");
        }
    }

    /// A web where some addresses redirect.
    struct Web(HashMap<&'static str, &'static str>);

    impl Platform for Web {
        fn now_ms(&self) -> u64 {
            0
        }
        fn log(&self, _: &str) {}
        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
        fn allow(&self, _: crate::Limit, _: String) -> BoxFuture<'static, bool> {
            Box::pin(std::future::ready(true))
        }

        fn open_pdf(&self) -> Result<Box<dyn crate::PdfReader>, String> {
            Err("no PDFs here".into())
        }
        fn call_mcq(&self, _: &[u8]) -> Result<Vec<u8>, String> {
            Err("no questions here".into())
        }
        fn get_public(&self, url: Url) -> BoxFuture<'static, Result<PublicAnswer, String>> {
            let location = self.0.get(url.as_str()).map(|to| (*to).to_owned());
            Box::pin(async move {
                Ok(PublicAnswer {
                    status: if location.is_some() { 302 } else { 200 },
                    location,
                    download: Download { content_length: None, bytes: Box::pin(stream::empty()) },
                })
            })
        }
    }

    async fn fetch(hops: &[(&'static str, &'static str)], from: &str) -> Result<(), Refusal> {
        let web = Web(hops.iter().copied().collect());
        fetch_public(&web, Url::parse(from).unwrap()).await.map(|_| ())
    }

    #[tokio::test]
    async fn a_redirect_to_a_private_address_is_refused() {
        for target in
            ["http://a.org/", "https://169.254.169.254/", "//localhost/x", "https://[::1]/"]
        {
            let refusal =
                fetch(&[("https://a.org/1", target)], "https://a.org/1").await.unwrap_err();
            assert!(
                matches!(refusal, Refusal::NotPublic | Refusal::NotHttps),
                "{target}: {refusal}"
            );
        }
    }

    #[tokio::test]
    async fn redirects_are_followed_three_times_and_no_more() {
        let hops = [
            ("https://a.org/1", "/2"),
            ("https://a.org/2", "https://b.org/3"),
            ("https://b.org/3", "4"),
        ];
        assert_eq!(fetch(&hops, "https://a.org/1").await, Ok(()));
        assert_eq!(
            fetch(&[("https://a.org/1", "/1")], "https://a.org/1").await,
            Err(Refusal::Redirects)
        );
    }
}
