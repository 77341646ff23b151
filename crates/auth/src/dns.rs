use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use thiserror::Error;
use tokio::time::Instant;

/// After so long a silence of the DNS nobody asks it again for this while: posts are not to wait for it one by one.
const PAUSE: Duration = Duration::from_secs(30);

/// The DNS could not be asked, or did not answer in time. Says nothing about the name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the DNS gave no answer: {0}")]
pub struct DnsTrouble(pub String);

/// The name servers.
pub struct Dns {
    pub(crate) resolver: TokioResolver,
    deadline: Duration,
    silent: Mutex<Option<Instant>>,
}

impl Dns {
    /// Asks these servers, or those of the system if there are none. A question takes `deadline` at most.
    pub fn new(servers: &[SocketAddr], deadline: Duration) -> Result<Self, DnsTrouble> {
        let trouble = |error: &dyn std::fmt::Display| DnsTrouble(error.to_string());
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|e| trouble(&e))?
        } else {
            let mut config = ResolverConfig::default();
            for server in servers {
                let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut name_server.connections {
                    connection.port = server.port();
                }
                config.add_name_server(name_server);
            }
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        builder.options_mut().timeout = deadline / 2;
        builder.options_mut().attempts = 2;
        let resolver = builder.build().map_err(|e| trouble(&e))?;
        Ok(Self { resolver, deadline, silent: Mutex::default() })
    }

    /// The TXT records of a name, each with its strings joined (RFC 7208 §3.3); none if there are none.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, DnsTrouble> {
        let absolute = format!("{}.", name.trim_end_matches('.'));
        let asked = self
            .within(async {
                match self.resolver.txt_lookup(absolute).await {
                    Err(error) if !error.is_no_records_found() => Err(DnsTrouble(error.to_string())),
                    asked => Ok(asked),
                }
            })
            .await?;
        let Ok(lookup) = asked else { return Ok(vec![]) };
        Ok(lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(txt) => Some(txt.txt_data.concat()),
                _ => None,
            })
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect())
    }

    /// Waits for `work` until the deadline. When that passed for one, nobody waits for a while.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, DnsTrouble>>,
    ) -> Result<T, DnsTrouble> {
        let now = Instant::now();
        let silent = *self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if silent.is_some_and(|until| now < until) {
            return Err(DnsTrouble("it was silent a moment ago".into()));
        }
        let answer = tokio::time::timeout(self.deadline, work).await.unwrap_or_else(|_| {
            Err(DnsTrouble(format!("no answer within {} ms", self.deadline.as_millis())))
        });
        // An error that comes at once says something of the name; one that takes its time, of the servers.
        if answer.is_err() && now.elapsed() >= self.deadline / 2 {
            *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
            tracing::warn!("the name servers are silent; posts go on unchecked for half a minute");
        }
        answer
    }
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
