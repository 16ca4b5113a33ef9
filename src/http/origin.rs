//! Where a request comes from: the network address, and the site whose page sent it.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};

use super::{App, problem::Problem};

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address that a request comes from. A proxy on this machine or in a private network names it in
/// `X-Forwarded-For`: its last entry was written by the proxy itself, earlier ones may be forged.
pub(crate) fn address(peer: Option<Peer>, headers: &HeaderMap) -> IpAddr {
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address.to_canonical());
    let is_proxy = match peer {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    let forwarded = headers.get_all("x-forwarded-for").into_iter().next_back().and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
    last.filter(|_| is_proxy).unwrap_or(peer)
}

/// Refuses requests that a page of another site makes a browser send, unless they only read.
///
/// Browsers name the origin of a request in `Sec-Fetch-Site` or at least in `Origin`, and a page can set neither. A
/// request without both does not come from a current browser, so no other site can have caused it.
pub(crate) async fn same_site_only(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !reads && is_of_another_site(&app, request.headers()) {
        return Err(Problem::OtherSite);
    }
    Ok(next.run(request).await)
}

/// Whether a browser says that another site's page sent this.
pub(crate) fn is_of_another_site(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin";
    }
    text(header::ORIGIN.as_str()).is_some_and(|origin| !is_ours(app, headers, origin))
}

/// Whether an origin, as a browser names it, is this service.
pub(crate) fn is_ours(app: &App, headers: &HeaderMap, origin: &str) -> bool {
    let ours = app.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    let host = headers.get(header::HOST).map(|value| value.to_str().unwrap_or_default()).unwrap_or_default();
    let asked = origin.split_once("://").map(|(_, authority)| authority);
    ours.as_deref() == Some(origin) || asked == Some(host)
}
