//! `posthaste dev`: everything embedded, to try and to develop against.
//!
//! The same server as `serve`, on a configuration of its own making, with a mail catcher for a relay and a page that
//! shows what was caught.

mod catcher;
mod sample;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use posthaste_smtp::server::{self as smtp, Listener, Protocol};
use posthaste_web::Mailbox;
use tokio_util::sync::CancellationToken;

use crate::cli::output::{BadInput, Exit, Out};
use crate::config::Config;
use crate::drill::Ground;
use crate::logging;
use crate::serve::{self, Server};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Where everything is kept; delete it to begin anew
    #[arg(long, default_value = "./posthaste-dev", value_name = "DIR")]
    state: PathBuf,
    /// Port of the page with the caught mail
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    web_port: u16,
    /// Port of the LMTP listener
    #[arg(long, default_value_t = 8024, value_name = "PORT")]
    lmtp_port: u16,
    /// Port of the SMTP listener
    #[arg(long, default_value_t = 8025, value_name = "PORT")]
    smtp_port: u16,
    /// Port of the mail catcher, the relay of this server
    #[arg(long, default_value_t = 8026, value_name = "PORT")]
    catcher_port: u16,
}

/// Starts it all and serves until interrupted.
pub(crate) fn run(options: &Options) -> anyhow::Result<Exit> {
    serve::prepare_state(&options.state)?;
    let state = options.state.canonicalize().context("cannot find the state folder")?;
    serve::runtime()?.block_on(async {
        // Bound before anything is written, so that a busy port leaves no trace.
        let web = bind(options.web_port, "--web-port").await?;
        let relay = bind(options.catcher_port, "--catcher-port").await?;
        drop(bind(options.lmtp_port, "--lmtp-port").await?);
        drop(bind(options.smtp_port, "--smtp-port").await?);
        let ports = Ports {
            web: web.local_addr()?.port(),
            catcher: relay.local_addr()?.port(),
            lmtp: options.lmtp_port,
            smtp: options.smtp_port,
        };
        let file = write_config(&state, &ports)?;
        let config = Config::load(&file).map_err(|problems| BadInput::problems(&problems))?;
        let log = logging::start(&config);
        let mailbox = Arc::new(Mailbox::open(&state.join("mailbox"))?);
        let server =
            Server::open(config.clone(), file.clone(), log, serve::Sockets::default(), Ground::real())
                .await?;
        sample::create(&serve::connect(&config).await?).await?;

        let stop = CancellationToken::new();
        let door = smtp::Options {
            protocol: Protocol::Smtp,
            hostname: "catcher.localhost".into(),
            limits: smtp::Limits::default(),
        };
        let canary = config.canary.address.clone();
        let canary =
            canary.map(|address| catcher::CanaryRoute { address, door: serve::door(&config.lmtp.listen) });
        let catching = smtp::serve(
            Arc::new(Listener::Tcp(relay)),
            Arc::new(door),
            Arc::new(catcher::Catcher::new(mailbox.clone(), canary)),
            stop.clone(),
        );
        let catching = tokio::spawn(catching);
        let line = inject_line(&file);
        server.beside_mailbox(web, mailbox, line.clone())?;
        let invitation = server.invite("you").unwrap_or_default();

        Out::new(false).value(&welcome(&state, &ports, &line, &invitation), &())?;
        let exit = serve::until_stopped(server).await;
        stop.cancel();
        let _ = catching.await;
        exit
    })
}

struct Ports {
    web: u16,
    lmtp: u16,
    smtp: u16,
    catcher: u16,
}

async fn bind(port: u16, flag: &str) -> anyhow::Result<tokio::net::TcpListener> {
    let fix = format!("choose another with {flag} PORT");
    serve::tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &fix).await
}

/// The configuration of this run, so that the command line finds the same server.
fn write_config(state: &Path, ports: &Ports) -> anyhow::Result<PathBuf> {
    let file = state.join("posthaste.toml");
    let text = format!(
        "# Written by `posthaste dev` at each start.\n\
         [site]\nowner = \"olive@people.example\"\n\
         [paths]\nstate = \".\"\n\
         [lmtp]\nlisten = \"127.0.0.1:{}\"\n\
         [smtp]\nlisten = \"127.0.0.1:{}\"\n\
         [relay]\nhost = \"127.0.0.1\"\nport = {}\n\
         [canary]\naddress = \"posthaste-canary@lists.example\"\n\
         [archive]\nkeep = true\n\
         [log]\nlevel = \"warn\"\n",
        ports.lmtp, ports.smtp, ports.catcher
    );
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// A line to paste into a shell that posts to the list.
fn inject_line(file: &Path) -> String {
    let program = std::env::current_exe().map_or_else(|_| "posthaste".into(), |p| p.display().to_string());
    let here = std::env::current_dir().unwrap_or_default();
    let near =
        |path: &str| Path::new(path).strip_prefix(&here).map_or(path.to_owned(), |p| p.display().to_string());
    let (program, file) = (near(&program), near(&file.display().to_string()));
    format!(
        "printf 'Subject: Hello\\n\\nIs anybody here?\\n' | {program} --config {file} inject {} --from {}",
        sample::LIST,
        sample::ANNE
    )
}

fn welcome(state: &Path, ports: &Ports, line: &str, invitation: &str) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Posthaste is up; everything it keeps is in {}\n", state.display());
    let _ = writeln!(text, "  caught mail   http://127.0.0.1:{}", ports.web);
    let _ = writeln!(text, "  status        http://127.0.0.1:{}/status", ports.web);
    let _ = writeln!(text, "  operations    {invitation}");
    let _ = writeln!(text, "  LMTP          127.0.0.1:{}", ports.lmtp);
    let _ = writeln!(text, "  SMTP          127.0.0.1:{}", ports.smtp);
    let _ = writeln!(text, "  list          {} (owner {})", sample::LIST, sample::OWNER);
    let _ = writeln!(text, "  members       {}\n", sample::MEMBERS.map(|(a, _)| a).join(", "));
    let _ = writeln!(text, "Post to the list from another shell:\n\n  {line}\n");
    let _ = write!(text, "Stop with Ctrl-C; start again and everything is still there.");
    text
}
