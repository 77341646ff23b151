use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use posthaste_model::Clock;
use tokio::net::TcpStream;

use super::auth;
use super::capabilities::Capabilities;
use super::connection::{Connection, lost};
use super::relay::Tls;
use super::session::Trouble;
use super::site::{Site, Tools};
use super::stream::Stream;
use super::tls;

/// The least an address gets of the time for connecting.
const LEAST: Duration = Duration::from_secs(5);

/// From nothing to a connection that is ready for MAIL: name, TCP, TLS, greeting, EHLO, login.
pub(crate) async fn open(site: &Site, clock: &Arc<dyn Clock>) -> Result<Connection, Trouble> {
    let relay = &site.relay;
    let timeouts = &relay.timeouts;
    let tools = within(clock, timeouts.connect, "setting up TLS", site.tools()).await?;
    let stream = reach(site, tools, clock).await?;
    let stream = match (&tools.tls, relay.tls) {
        (Some(connector), Tls::Smtps) => {
            within(clock, timeouts.connect, "TLS", tls::begin(connector, &relay.host, stream)).await?
        }
        _ => Stream::Plain(stream),
    };
    let mut connection = Connection::new(stream, Arc::clone(clock), timeouts.clone());
    let greeting = connection.ask(None, timeouts.greeting).await?;
    if greeting.code != 220 {
        return Err(lost(format_args!("the relay does not take mail from us now: {greeting}")));
    }
    introduce(&mut connection, &relay.helo).await?;
    if let (Some(connector), Tls::StartTls) = (&tools.tls, relay.tls) {
        if !connection.capabilities.starttls {
            return Err(lost("the relay does not offer STARTTLS: correct tls, or the relay"));
        }
        let reply = connection.ask(Some(Bytes::from_static(b"STARTTLS\r\n")), timeouts.reply).await?;
        if reply.code != 220 {
            return Err(lost(format_args!("the relay refused STARTTLS: {reply}")));
        }
        let Stream::Plain(stream) = connection.into_stream() else {
            return Err(lost("TLS has begun already"));
        };
        let stream =
            within(clock, timeouts.connect, "TLS", tls::begin(connector, &relay.host, stream)).await?;
        connection = Connection::new(stream, Arc::clone(clock), timeouts.clone());
        // What was said before TLS counts for nothing (RFC 3207 §4.2).
        introduce(&mut connection, &relay.helo).await?;
    }
    if let Some(login) = &relay.login {
        auth::log_in(&mut connection, login).await?;
    }
    Ok(connection)
}

/// TCP to the first address that answers.
async fn reach(site: &Site, tools: &Tools, clock: &Arc<dyn Clock>) -> Result<TcpStream, Trouble> {
    let limit = site.relay.timeouts.connect;
    let addresses = within(clock, limit, "the name look-up", tools.resolver.addresses()).await?;
    let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let share = share.max(LEAST.min(limit));
    let mut why = lost("the relay has no address");
    for address in addresses {
        let attempt = async {
            let stream = TcpStream::connect(address).await.map_err(|error| {
                lost(format_args!("cannot connect to the relay {} at {address}: {error}", site.hop))
            })?;
            // Commands go out when they are written: we write whole groups.
            stream.set_nodelay(true).map_err(lost)?;
            Ok(stream)
        };
        match within(clock, share, "connecting", attempt).await {
            Ok(stream) => {
                tools.resolver.remember(address);
                return Ok(stream);
            }
            Err(trouble) => why = trouble,
        }
    }
    Err(why)
}

/// EHLO, or HELO for relays that have never heard of it (RFC 5321 §3.2).
async fn introduce(connection: &mut Connection, name: &str) -> Result<(), Trouble> {
    let limit = connection.timeouts.reply;
    let reply = connection.ask(Some(Bytes::from(format!("EHLO {name}\r\n"))), limit).await?;
    if reply.is_positive() {
        connection.capabilities = Capabilities::read(&reply);
        return Ok(());
    }
    if matches!(reply.code, 500 | 501 | 502 | 504 | 550) {
        let helo = connection.ask(Some(Bytes::from(format!("HELO {name}\r\n"))), limit).await?;
        if helo.is_positive() {
            return Ok(());
        }
    }
    Err(lost(format_args!("the relay refused our EHLO {name}: {reply}")))
}

async fn within<T>(
    clock: &Arc<dyn Clock>,
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    tokio::select! {
        biased;
        done = work => done,
        () = clock.sleep(limit) => Err(lost(format_args!("{what} took longer than {} s", limit.as_secs_f32()))),
    }
}
