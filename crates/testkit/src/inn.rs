//! A private INN 2, the news server: the machine's own, or the one that `cargo xtask test` unpacked.

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::mta::{Daemon, folder, id_of, need_root, root_of};
use crate::ports::Port;

/// The user it runs as, and its group.
const USER: &str = "news";
const BINARY: &str = "usr/lib/news/bin/innd";

/// A news server with configuration and spool in a temporary folder, on a loopback port. Anybody there may read and post.
#[derive(Debug)]
pub struct Inn {
    daemon: Option<Daemon>,
    port: Port,
    folder: TempDir,
}

impl Inn {
    /// One with these groups; one that ends in `=m` is moderated.
    pub async fn start(groups: &[&str]) -> Result<Self> {
        need_root("INN")?;
        let mut inn = Self { daemon: None, port: Port::reserve()?, folder: folder("posthaste-inn-")? };
        inn.lay_out(groups)?;
        inn.resume().await?;
        Ok(inn)
    }

    /// Where it takes connections.
    pub fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// Kills every process of it; its articles stay.
    pub fn stop(&mut self) {
        self.daemon = None;
    }

    /// Starts it again after [`Inn::stop`], on the same port and spool.
    pub async fn resume(&mut self) -> Result<()> {
        let base = self.folder.path().to_owned();
        let program = root_of("inn", BINARY)?.join(BINARY);
        let (program, port) =
            (program.to_str().context("a path is not UTF-8")?, self.port.number().to_string());
        let (reuid, regid) = (format!("--reuid={USER}"), format!("--regid={USER}"));
        let words = [&reuid, &regid, "--clear-groups", "--", program, "-f", "-P", &port];
        let (config, libraries) = (text(&base.join("etc/inn.conf"))?, libraries()?);
        let env = [("INNCONF", config.as_str()), ("LD_LIBRARY_PATH", &libraries)];
        // What the last run left behind.
        for name in ["run/innd.pid", "run/control", "run/nntpin"] {
            let _ = std::fs::remove_file(base.join(name));
        }
        self.daemon = None;
        let log = base.join("daemon.log");
        self.daemon =
            Some(Daemon::start(Path::new("/usr/bin/setpriv"), &words, &env, &self.port, &log).await?);
        Ok(())
    }

    /// Posts an article as a reader would; line ends are made CRLF.
    pub async fn post(&self, article: &str) -> Result<()> {
        let mut reader = Reader::open(self.addr()).await?;
        ensure!(reader.ask("POST").await?.starts_with("340"), "no posting");
        let answer = reader.ask(&format!("{}\r\n.", article.trim_end().replace('\n', "\r\n"))).await?;
        ensure!(answer.starts_with("240"), "{answer}");
        Ok(())
    }

    /// The articles of a group, oldest first.
    pub async fn articles(&self, group: &str) -> Result<Vec<String>> {
        let mut reader = Reader::open(self.addr()).await?;
        let answer = reader.ask(&format!("GROUP {group}")).await?;
        ensure!(answer.starts_with("211"), "{answer}");
        let numbers: Vec<u64> =
            answer.split_whitespace().skip(2).map_while(|word| word.parse().ok()).collect();
        let [first, last] = numbers[..] else { anyhow::bail!("{answer}") };
        let mut articles = vec![];
        for number in first..=last {
            if reader.ask(&format!("ARTICLE {number}")).await?.starts_with("220") {
                articles.push(reader.block().await?);
            }
        }
        Ok(articles)
    }

    fn lay_out(&self, groups: &[&str]) -> Result<()> {
        let base = self.folder.path();
        let root = root_of("inn", BINARY)?;
        let (bin, filters) = (root.join("usr/lib/news/bin"), root.join("etc/news/filter"));
        let folders = [
            "etc",
            "db",
            "articles",
            "overview",
            "incoming/bad",
            "outgoing",
            "log/OLD",
            "run",
            "tmp",
            "http",
            "archive",
        ];
        for name in folders {
            std::fs::create_dir_all(base.join(name))?;
        }
        let group = |group: &&str| match group.strip_suffix("=m") {
            Some(name) => format!("{name} 0000000000 0000000001 m\n"),
            None => format!("{group} 0000000000 0000000001 y\n"),
        };
        let own =
            ["control", "control.cancel", "junk"].map(|name| format!("{name} 0000000000 0000000001 n\n"));
        let active: String = groups.iter().map(group).chain(own).collect();
        let config = config(&text(base)?, &text(&bin)?, &text(&filters)?, self.port.number());
        for (name, content) in [
            ("etc/inn.conf", config.as_str()),
            ("db/active", &active),
            ("db/newsgroups", ""),
            ("db/active.times", ""),
            ("db/history", ""),
            ("etc/storage.conf", "method tradspool {\n  newsgroups: *\n  class: 0\n}\n"),
            ("etc/incoming.conf", "peer ME {\n  hostname: \"localhost, 127.0.0.1\"\n}\n"),
            ("etc/readers.conf", READERS),
            ("etc/newsfeeds", "ME:*::\n"),
            ("etc/expire.ctl", "/remember/:10\n*:A:1:10:never\n"),
            ("etc/moderators", ""),
            ("etc/control.ctl", ""),
            ("etc/distrib.pats", ""),
            ("etc/subscriptions", ""),
            ("etc/localgroups", ""),
            ("etc/nnrpd.track", ""),
        ] {
            std::fs::write(base.join(name), content)?;
        }
        let (user, owner) = (id_of("/etc/passwd", USER)?, id_of("/etc/group", USER)?);
        hand_over(base, user, owner)?;
        let mut history = Command::new("/usr/bin/setpriv");
        history.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", "--"]);
        history.arg(bin.join("makedbz")).args(["-i", "-o", "-s", "1000", "-f"]).arg(base.join("db/history"));
        history.env("INNCONF", base.join("etc/inn.conf")).env("LD_LIBRARY_PATH", libraries()?);
        let made = history.output().context("cannot run makedbz")?;
        ensure!(made.status.success(), "makedbz: {}", String::from_utf8_lossy(&made.stderr));
        Ok(())
    }
}

impl Drop for Inn {
    fn drop(&mut self) {
        self.daemon = None;
        let log = std::fs::read_to_string(self.folder.path().join("log/news")).unwrap_or_default();
        eprintln!("---- log of INN ({}) ----\n{log}", self.addr());
    }
}

const READERS: &str = "auth all {\n  hosts: \"*\"\n  default: \"<anyone>\"\n}\n\
    access all {\n  users: \"*\"\n  newsgroups: \"*\"\n  access: RPA\n}\n";

fn config(base: &str, bin: &str, filters: &str, port: u16) -> String {
    format!(
        "organization: \"Test\"\npathhost: news.example\ndomain: example\nmta: \"/bin/true %s\"\nport: {port}\n\
         bindaddress: 127.0.0.1\nrunasuser: {USER}\nrunasgroup: {USER}\nhismethod: hisv6\novmethod: tradindexed\n\
         enableoverview: true\ndocancels: none\npathnews: {base}\npathbin: {bin}\npathfilter: {filters}\n\
         patharchive: {base}/archive\npatharticles: {base}/articles\npathdb: {base}/db\npathetc: {base}/etc\n\
         pathhttp: {base}/http\npathincoming: {base}/incoming\npathlog: {base}/log\npathoutgoing: {base}/outgoing\n\
         pathoverview: {base}/overview\npathrun: {base}/run\npathspool: {base}\npathtmp: {base}/tmp\n"
    )
}

/// Gives a folder and everything in it to the news server.
fn hand_over(path: &Path, user: u32, group: u32) -> Result<()> {
    chown(path, Some(user), Some(group))?;
    if path.is_dir() {
        for file in std::fs::read_dir(path)? {
            hand_over(&file?.path(), user, group)?;
        }
    }
    Ok(())
}

/// Where its libraries are, if it was unpacked.
fn libraries() -> Result<String> {
    let root = root_of("inn", BINARY)?;
    Ok(format!("{0}/usr/lib/news:{0}/usr/lib/news/lib", root.display()))
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a path is not UTF-8")?.to_owned())
}

/// A reader's connection.
struct Reader(BufReader<TcpStream>);

impl Reader {
    async fn open(addr: SocketAddr) -> Result<Self> {
        let mut reader = Self(BufReader::new(TcpStream::connect(addr).await?));
        reader.line().await?;
        reader.ask("MODE READER").await?;
        Ok(reader)
    }

    async fn ask(&mut self, command: &str) -> Result<String> {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).await?;
        self.line().await
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = vec![];
        self.0.read_until(b'\n', &mut line).await?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    async fn block(&mut self) -> Result<String> {
        let mut block = String::new();
        loop {
            let line = self.line().await?;
            ensure!(!line.is_empty(), "the news server hung up");
            if line == ".\r\n" {
                return Ok(block);
            }
            block.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}
