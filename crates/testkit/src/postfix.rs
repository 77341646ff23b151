//! A private Postfix: the machine's own, or the one that `cargo xtask test` unpacked.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::mta::{Daemon, folder, id_of, need_root, root_of};
use crate::ports::Port;

/// A Postfix with configuration, queue and data in a temporary folder, taking mail by SMTP on a loopback port.
/// Ends when dropped; its log then goes to standard error.
#[derive(Debug)]
pub struct Postfix {
    daemon: Option<Daemon>,
    port: Port,
    folder: TempDir,
}

impl Postfix {
    /// Stands before the list server: hands mail for `domains` over by LMTP and refuses everything else.
    pub async fn front(lmtp: SocketAddr, domains: &[&str]) -> Result<Self> {
        let settings = format!(
            "relay_domains = {}\nrelay_transport = lmtp:inet:{lmtp}\ndefault_transport = error:no way out\n\
             recipient_delimiter = +\nowner_request_special = no\n",
            domains.join(" ")
        );
        Self::start(&settings).await
    }

    /// Stands behind the list server: hands everything on to `next` by SMTP.
    pub async fn smarthost(next: SocketAddr) -> Result<Self> {
        Self::start(&format!("relayhost = [{}]:{}\n", next.ip(), next.port())).await
    }

    /// Any other role: `settings` are lines of `main.cf` after our own.
    pub async fn start(settings: &str) -> Result<Self> {
        need_root("Postfix")?;
        let mut postfix =
            Self { daemon: None, port: Port::reserve()?, folder: folder("posthaste-postfix-")? };
        postfix.lay_out(settings)?;
        postfix.resume().await?;
        Ok(postfix)
    }

    /// Where it takes mail by SMTP.
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("maillog")).unwrap_or_default()
    }

    /// How many messages wait in its queue.
    pub fn queued(&self) -> usize {
        ["incoming", "active", "deferred", "maildrop", "hold"]
            .iter()
            .map(|stage| files(&self.folder.path().join("queue").join(stage)))
            .sum()
    }

    /// Kills every process of it; what it accepted stays in its queue.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    /// Starts it again after [`Postfix::stop`], on the same port and queue.
    pub async fn resume(&mut self) -> Result<()> {
        let binary = "usr/lib/postfix/sbin/master";
        let root = root_of("postfix", binary)?;
        let config = self.folder.path().join("config");
        let config = config.to_str().context("a folder's name is not UTF-8")?;
        let libraries = root.join("usr/lib/postfix");
        let libraries = libraries.to_str().context("a folder's name is not UTF-8")?;
        // An unpacked tree does not find its own libraries otherwise; main.cf lets the variable through.
        let env = [("LD_LIBRARY_PATH", libraries)];
        let log = self.folder.path().join("master.log");
        self.daemon = None;
        self.daemon =
            Some(Daemon::start(&root.join(binary), &["-d", "-c", config], &env, &self.port, &log).await?);
        Ok(())
    }

    /// Sends a signal to all its processes: STOP makes it hang with open connections, CONT lets it go on.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.daemon.as_ref().context("this Postfix is stopped")?.signal(signal)
    }

    fn lay_out(&self, settings: &str) -> Result<()> {
        let base = self.folder.path();
        let (user, group) = (id_of("/etc/passwd", "postfix")?, id_of("/etc/group", "postdrop")?);
        let make = |name: &str, mode: u32, owner: Option<u32>, group: Option<u32>| {
            let path = base.join(name);
            std::fs::create_dir_all(&path)?;
            chown(&path, owner, group)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
            anyhow::Ok(())
        };
        make("config", 0o755, None, None)?;
        make("queue", 0o755, None, None)?;
        make("queue/pid", 0o755, None, None)?;
        make("data", 0o700, Some(user), None)?;
        for stage in QUEUES {
            make(&format!("queue/{stage}"), 0o700, Some(user), None)?;
        }
        make("queue/maildrop", 0o730, Some(user), Some(group))?;
        make("queue/public", 0o710, Some(user), Some(group))?;

        let root = root_of("postfix", "usr/lib/postfix/sbin/master")?;
        std::fs::write(base.join("config/main.cf"), main_cf(&root, base, settings))?;
        std::fs::write(base.join("config/master.cf"), master_cf(self.port.number()))?;
        Ok(())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.daemon = None;
        eprintln!("---- log of Postfix ({}) ----\n{}", self.addr(), self.log());
    }
}

const QUEUES: [&str; 12] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
    "trace", "etc",
];

fn main_cf(root: &Path, base: &Path, settings: &str) -> String {
    let (root, base) = (root.display().to_string(), base.display());
    let root = root.trim_end_matches('/');
    format!(
        "compatibility_level = 3.6
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/maillog
maillog_file_prefixes = {base}
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
export_environment = TZ LANG LD_LIBRARY_PATH
myhostname = postfix.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtp_dns_support_level = disabled
smtp_host_lookup = native
lmtp_host_lookup = native
smtpd_relay_restrictions = permit_auth_destination, permit_mynetworks, reject
message_size_limit = 52428800
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
{settings}"
    )
}

fn master_cf(port: u16) -> String {
    let mut text = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for (name, kind, private, wakeup, limit, program) in [
        ("cleanup", "unix", "n", "-", "0", "cleanup"),
        ("qmgr", "unix", "n", "1", "1", "qmgr"),
        ("rewrite", "unix", "-", "-", "-", "trivial-rewrite"),
        ("bounce", "unix", "-", "-", "0", "bounce"),
        ("defer", "unix", "-", "-", "0", "bounce"),
        ("trace", "unix", "-", "-", "0", "bounce"),
        ("verify", "unix", "-", "-", "1", "verify"),
        ("flush", "unix", "n", "1000?", "0", "flush"),
        ("proxymap", "unix", "-", "-", "-", "proxymap"),
        ("smtp", "unix", "-", "-", "-", "smtp"),
        ("relay", "unix", "-", "-", "-", "smtp"),
        ("lmtp", "unix", "-", "-", "-", "lmtp"),
        ("error", "unix", "-", "-", "-", "error"),
        ("retry", "unix", "-", "-", "-", "error"),
        ("discard", "unix", "-", "-", "-", "discard"),
        ("anvil", "unix", "-", "-", "1", "anvil"),
        ("scache", "unix", "-", "-", "1", "scache"),
        ("postlog", "unix-dgram", "n", "-", "1", "postlogd"),
    ] {
        let _ = writeln!(text, "{name} {kind} {private} - n {wakeup} {limit} {program}");
    }
    text
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            _ => 1,
        })
        .sum()
}
