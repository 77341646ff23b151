//! A private Exim 4: the machine's own, or the one that `cargo xtask test` unpacked.

use std::net::SocketAddr;
use std::os::unix::fs::chown;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::mta::{Daemon, folder, id_of, need_root, root_of};
use crate::ports::Port;

/// Debian's name for the user that Exim runs as.
const USER: &str = "Debian-exim";

/// An Exim with configuration and spool in a temporary folder, taking mail by SMTP on a loopback port.
/// Ends when dropped; its log then goes to standard error.
#[derive(Debug)]
pub struct Exim {
    daemon: Option<Daemon>,
    port: Port,
    folder: TempDir,
}

impl Exim {
    /// Stands before the list server: hands mail for `domains` over by LMTP, asking it about each recipient at
    /// RCPT time, and refuses everything else.
    pub async fn front(lmtp: SocketAddr, domains: &[&str]) -> Result<Self> {
        need_root("Exim")?;
        let mut exim = Self { daemon: None, port: Port::reserve()?, folder: folder("posthaste-exim-")? };
        exim.lay_out(lmtp, domains)?;
        exim.resume().await?;
        Ok(exim)
    }

    /// Where it takes mail by SMTP.
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        ["mainlog", "rejectlog", "paniclog"]
            .iter()
            .filter_map(|name| std::fs::read_to_string(self.folder.path().join("log").join(name)).ok())
            .collect()
    }

    /// Kills every process of it; what it accepted stays in its spool.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    /// Starts it again after [`Exim::stop`], on the same port and spool.
    pub async fn resume(&mut self) -> Result<()> {
        let binary = "usr/sbin/exim4";
        let root = root_of("exim", binary)?;
        let config = self.folder.path().join("exim.conf");
        let config = config.to_str().context("a folder's name is not UTF-8")?;
        let log = self.folder.path().join("daemon.log");
        self.daemon = None;
        // In the foreground, with a queue run each second.
        let words = ["-C", config, "-bdf", "-q1s"];
        self.daemon = Some(Daemon::start(&root.join(binary), &words, &[], &self.port, &log).await?);
        Ok(())
    }

    /// Sends a signal to all its processes: STOP makes it hang with open connections, CONT lets it go on.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.daemon.as_ref().context("this Exim is stopped")?.signal(signal)
    }

    fn lay_out(&self, lmtp: SocketAddr, domains: &[&str]) -> Result<()> {
        let (user, group) = (id_of("/etc/passwd", USER)?, id_of("/etc/group", USER)?);
        for name in ["spool", "log"] {
            let path = self.folder.path().join(name);
            std::fs::create_dir_all(&path)?;
            chown(&path, Some(user), Some(group))?;
        }
        let binary = root_of("exim", "usr/sbin/exim4")?.join("usr/sbin/exim4");
        let config = config(
            &self.folder.path().display().to_string(),
            &binary.display().to_string(),
            self.port.number(),
            lmtp,
            domains,
        );
        Ok(std::fs::write(self.folder.path().join("exim.conf"), config)?)
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        self.daemon = None;
        eprintln!("---- log of Exim ({}) ----\n{}", self.addr(), self.log());
    }
}

fn config(base: &str, binary: &str, port: u16, lmtp: SocketAddr, domains: &[&str]) -> String {
    let (host, lmtp_port, domains) = (lmtp.ip(), lmtp.port(), domains.join(" : "));
    format!(
        r"primary_hostname = exim.example
exim_path = {binary}
spool_directory = {base}/spool
log_file_path = {base}/log/%slog
pid_file_path = {base}/spool/exim.pid
process_log_path = {base}/spool/process
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
domainlist list_domains = {domains}
acl_smtp_rcpt = check_rcpt
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
deliver_drop_privilege
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
remote_max_parallel = 10
delay_warning =

begin acl
check_rcpt:
  require domains = +list_domains
          message = relaying denied
  require verify = recipient/callout=10s,no_cache
  accept

begin routers
posthaste:
  driver = accept
  domains = +list_domains
  local_part_suffix_optional
  local_part_suffix = -bounces : -bounces+* : -confirm : -confirm+* : -join : -leave : -owner : -request : -subscribe : -unsubscribe
  transport = posthaste

begin transports
posthaste:
  driver = smtp
  protocol = lmtp
  hosts = {host}
  port = {lmtp_port}
  allow_localhost
  hosts_try_fastopen =
  rcpt_include_affixes

begin retry
*  *  F,1h,1s
"
    )
}
