//! Joining and leaving by mail, seen from outside: LMTP in, a sink out.

#[expect(dead_code, reason = "not every test needs every helper")]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use posthaste_testkit::sink::{Caught, Tally};
use posthaste_testkit::source::Job;
use posthaste_testkit::{Server, Sink, wait};
use support::{LIST, PATIENCE, options};

const ANNE: &str = "Anne@far.example";
const OWNER: &str = "owner@example.org";
static MAILS: AtomicUsize = AtomicUsize::new(0);

/// A server, its list, and everything it sent.
struct Scene {
    server: Server,
    sink: Sink,
}

impl Scene {
    /// A list with this owner, no other members, and these settings.
    async fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let sink = Sink::keeping().await?;
        let server = Server::started(options(&sink)).await?;
        server.list_with_members(LIST, 0).await?;
        let scene = Self { server, sink };
        for (key, value) in settings {
            scene.server.run(&["list", "set", LIST, key, value]).await?;
        }
        Ok(scene)
    }

    /// A mail to one of the list's addresses (`test-join@example.org`), with these further fields and this text.
    async fn mail(&self, from: &str, to: &str, more: &str, text: &str) -> Result<()> {
        let number = MAILS.fetch_add(1, Ordering::Relaxed);
        let message =
            format!("From: {from}\nTo: {to}\nMessage-ID: <{number}@people.example>\n{more}\n{text}\n");
        let message = message.replace('\n', "\r\n");
        let job =
            Job::new(&format!("<{number}@people.example>"), from, vec![to.to_owned()], message.as_bytes());
        let sent = self.server.source().send(job).await?;
        ensure!(sent.accepted == 1, "{sent:?}");
        Ok(())
    }

    async fn request(&self, from: &str, text: &str) -> Result<()> {
        self.mail(from, "test-request@example.org", "", text).await
    }

    /// Everything that went to this address so far, oldest first.
    fn got(&self, who: &str) -> Vec<String> {
        let theirs = |c: &&std::sync::Arc<Caught>| c.recipients.iter().any(|r| r.eq_ignore_ascii_case(who));
        self.sink.read(|tally| tally.caught().iter().filter(theirs).map(|c| plain(&c.text())).collect())
    }

    /// The n-th mail that went to this address.
    async fn nth(&self, who: &str, n: usize) -> Result<String> {
        let enough = |tally: &Tally| {
            tally.caught().iter().filter(|c| c.recipients.iter().any(|r| r.eq_ignore_ascii_case(who))).count()
                > n
        };
        self.sink.wait_until(&format!("mail {n} for {who}"), PATIENCE, enough).await?;
        self.got(who).get(n).cloned().context("a mail")
    }

    /// Waits until nothing waits for the commands' runner or for delivery.
    async fn quiet(&self) -> Result<()> {
        self.server.wait_for_depth("command", 0, PATIENCE).await?;
        self.server.wait_for_depth("out", 0, PATIENCE).await
    }

    async fn members(&self) -> Result<String> {
        self.server.run(&["member", "ls", LIST, "--role", "member"]).await
    }

    async fn joins(&self, who: &str) -> Result<()> {
        wait::until(&format!("{who} is a member"), PATIENCE, async || {
            Ok(self.members().await?.to_lowercase().contains(&who.to_lowercase()))
        })
        .await
    }

    async fn leaves(&self, who: &str) -> Result<()> {
        wait::until(&format!("{who} is no member"), PATIENCE, async || {
            Ok(!self.members().await?.to_lowercase().contains(&who.to_lowercase()))
        })
        .await
    }

    async fn add(&self, who: &str) -> Result<()> {
        self.server.run_with(&["member", "add", LIST, "-"], format!("{who}\n").as_bytes()).await?;
        Ok(())
    }
}

/// The text with soft line ends of quoted-printable and folds taken out.
fn plain(text: &str) -> String {
    text.replace("=\r\n", "").replace("\r\n ", " ").replace("\r\n", "\n")
}

/// The address that a mail came from, which is where its answer goes.
fn answers_go_to(mail: &str) -> String {
    let field = |name: &str| mail.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    field("Reply-To:").or_else(|| field("From:")).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn confirm_policy_asks_the_address_and_believes_its_answer() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.mail(ANNE, "test-join@example.org", "Subject: leave", "unsubscribe").await?;
    let asked = scene.nth(ANNE, 0).await?;
    for part in [
        "Auto-Submitted: auto-generated",
        "List-Unsubscribe: <mailto:test-request@example.org?subject=never%20",
    ] {
        ensure!(asked.contains(part), "no {part:?} in\n{asked}");
    }
    let confirm = answers_go_to(&asked);
    ensure!(confirm.starts_with("test-confirm+") && confirm.ends_with("@example.org"), "{confirm}");
    ensure!(!scene.members().await?.contains("far.example"), "nobody joins by asking");
    // An answering machine says yes to nothing.
    scene.mail(ANNE, &confirm, "Auto-Submitted: auto-replied\nSubject: away", "").await?;
    scene.quiet().await?;
    ensure!(!scene.members().await?.contains("far.example"), "an answering machine joined");
    scene.mail(ANNE, &confirm, "Subject: Re: please", "yes").await?;
    let welcome = scene.nth(ANNE, 1).await?;
    ensure!(
        welcome.contains("X-No-Archive: yes") && welcome.contains("From: test-request@example.org"),
        "{welcome}"
    );
    scene.joins(ANNE).await?;
    // Once is once.
    scene.mail(ANNE, &confirm, "Subject: Re: please", "yes").await?;
    let again = scene.nth(ANNE, 2).await?;
    ensure!(again.contains("Nothing waits here under this token"), "{again}");
    scene.quiet().await?;
    ensure!(scene.got(ANNE).len() == 3, "{:?}", scene.got(ANNE));
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn open_policy_takes_known_addresses_at_once_and_asks_unknown_ones() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "open"), ("unsubscription_policy", "open")]).await?;
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let confirm = answers_go_to(&scene.nth(ANNE, 0).await?);
    scene.mail(ANNE, &confirm, "", "").await?;
    scene.joins(ANNE).await?;
    scene.nth(ANNE, 1).await?;
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    let goodbye = scene.nth(ANNE, 2).await?;
    ensure!(goodbye.contains("no longer on the mailing list"), "{goodbye}");
    scene.leaves(ANNE).await?;
    // Proved once: no question any more.
    scene.request(ANNE, "join digest=plain").await?;
    scene.joins(ANNE).await?;
    let both = [scene.nth(ANNE, 3).await?, scene.nth(ANNE, 4).await?].concat();
    ensure!(both.contains("(digest mode)") && both.contains("is now a member"), "{both}");
    Ok(())
}

#[tokio::test]
async fn moderate_policy_asks_the_moderators_after_the_address_is_proved() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "moderate"), ("admin_notify_mchanges", "yes")]).await?;
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let confirm = answers_go_to(&scene.nth(ANNE, 0).await?);
    scene.mail(ANNE, &confirm, "", "").await?;
    let waits = scene.nth(ANNE, 1).await?;
    ensure!(waits.contains("waits for a moderator"), "{waits}");
    let asked = scene.nth(OWNER, 0).await?;
    ensure!(asked.contains("wants to join") && asked.contains(ANNE), "{asked}");
    let decide = answers_go_to(&asked);
    scene.mail(OWNER, &decide, "Subject: Re: x", "who is this?").await?;
    let how = scene.nth(OWNER, 1).await?;
    ensure!(how.contains("accept, reject or discard"), "{how}");
    ensure!(!scene.members().await?.contains("far.example"), "to answer is not to agree");
    scene.mail(OWNER, &decide, "Subject: Re: x", "accept").await?;
    scene.joins(ANNE).await?;
    ensure!(scene.nth(ANNE, 2).await?.contains("X-No-Archive"), "no welcome");
    let told = scene.nth(OWNER, 2).await?;
    ensure!(told.contains("has joined"), "{told}");
    Ok(())
}

#[tokio::test]
async fn confirm_then_moderate_and_a_refusal_with_its_reason() -> Result<()> {
    let scene = Scene::with(&[("subscription_policy", "confirm_then_moderate")]).await?;
    scene.request(ANNE, "join").await?;
    let first = [scene.nth(ANNE, 0).await?, scene.nth(ANNE, 1).await?];
    let asked = first.iter().find(|m| m.contains("test-confirm+")).context("the question")?;
    let token = asked.lines().find_map(|l| l.trim().strip_prefix("confirm ")).context("a token")?.to_owned();
    scene.request(ANNE, &format!("Confirm {}", token.to_uppercase())).await?;
    let decide = answers_go_to(&scene.nth(OWNER, 0).await?);
    scene.mail(OWNER, &decide, "", "reject\nWe know each other here.").await?;
    let refused = scene.nth(ANNE, 3).await?;
    ensure!(refused.contains("We know each other here."), "{refused}");
    ensure!(!scene.members().await?.contains("far.example"), "refused, but a member");
    Ok(())
}

#[tokio::test]
async fn a_token_of_one_list_opens_no_other() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.server.list_with_members("other@example.org", 0).await?;
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let confirm = answers_go_to(&scene.nth(ANNE, 0).await?);
    scene.mail(ANNE, &confirm.replace("test-", "other-"), "", "").await?;
    let told = scene.nth(ANNE, 1).await?;
    ensure!(told.contains("Nothing waits here under this token"), "{told}");
    let others = scene.server.run(&["member", "ls", "other@example.org", "--role", "member"]).await?;
    ensure!(!others.contains("far.example"), "{others}");
    scene.mail(ANNE, &confirm, "", "").await?;
    scene.joins(ANNE).await
}

#[tokio::test]
async fn leaving_by_every_policy() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.add(ANNE).await?;
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    let confirm = answers_go_to(&scene.nth(ANNE, 0).await?);
    scene.mail(ANNE, &confirm, "", "").await?;
    scene.leaves(ANNE).await?;
    scene.nth(ANNE, 1).await?;
    scene.mail(ANNE, "test-leave@example.org", "", "").await?;
    ensure!(scene.nth(ANNE, 2).await?.contains("is not a member"), "{:?}", scene.got(ANNE));
    scene.server.run(&["list", "set", LIST, "unsubscription_policy", "moderate"]).await?;
    scene.add("bart@far.example").await?;
    scene.mail("bart@far.example", "test-leave@example.org", "", "").await?;
    let decide = answers_go_to(&scene.nth(OWNER, 0).await?);
    ensure!(scene.nth("bart@far.example", 0).await?.contains("waits for a moderator"), "not told");
    scene.mail(OWNER, &decide, "", "discard").await?;
    scene.quiet().await?;
    ensure!(scene.members().await?.contains("bart@far.example"), "discarded, but gone");
    scene.mail("bart@far.example", "test-leave@example.org", "", "").await?;
    let decide = answers_go_to(&scene.nth(OWNER, 1).await?);
    scene.mail(OWNER, &decide, "", "accept").await?;
    scene.leaves("bart@far.example").await
}

#[tokio::test]
async fn who_help_echo_end_and_set() -> Result<()> {
    let scene = Scene::with(&[("member_roster_visibility", "members")]).await?;
    scene.add(ANNE).await?;
    scene.request(ANNE, "help\necho Foo  bar\nend now\necho baz").await?;
    let helped = scene.nth(ANNE, 0).await?;
    for part in ["join ", "confirm ", "    echo Foo bar", "    echo baz", "Auto-Submitted: auto-replied"] {
        ensure!(helped.contains(part), "no {part:?} in\n{helped}");
    }
    ensure!(helped.matches("echo baz").count() == 1, "{helped}");
    scene.request(ANNE, "who").await?;
    ensure!(scene.nth(ANNE, 1).await?.contains("    Anne@far.example"), "{:?}", scene.got(ANNE));
    scene.request("stranger@far.example", "who").await?;
    let denied = scene.nth("stranger@far.example", 0).await?;
    ensure!(denied.contains("You may not see") && !denied.contains(ANNE), "{denied}");
    scene.request(ANNE, "set digest mime ack on").await?;
    let mails = [scene.nth(ANNE, 2).await?, scene.nth(ANNE, 3).await?];
    let asked = mails.iter().find(|m| m.contains("digest mime")).context("the question")?;
    scene.mail(ANNE, &answers_go_to(asked), "", "").await?;
    scene.quiet().await?;
    scene.request(ANNE, "set show").await?;
    let shown = scene.nth(ANNE, 4).await?;
    ensure!(shown.contains("set digest mime") && shown.contains("set ack on"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn p36_automatic_mail_and_null_paths_get_no_answer() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    for more in ["Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <x.example.org>"] {
        scene.mail(ANNE, "test-join@example.org", more, "").await?;
        scene.mail(ANNE, "test-request@example.org", more, "help").await?;
    }
    let null = format!("From: {ANNE}\r\nMessage-ID: <null@x>\r\n\r\nhelp\r\n");
    let to = vec!["test-request@example.org".to_owned()];
    scene.server.source().send(Job::new("<null@x>", "", to, null.as_bytes())).await?;
    // The list's own words come back to it.
    scene.mail("test-request@example.org", "test-request@example.org", "", "help").await?;
    scene.quiet().await?;
    ensure!(scene.sink.tally().accepted() == 0, "{:?}", scene.got(ANNE));
    // What nobody asked for comes once a day.
    scene.add(ANNE).await?;
    for _ in 0..3 {
        scene.mail(ANNE, "test-join@example.org", "", "").await?;
    }
    scene.nth(ANNE, 0).await?;
    scene.quiet().await?;
    ensure!(scene.got(ANNE).len() == 1, "{:?}", scene.got(ANNE));
    scene.server.ledger_adds_up().await
}

#[tokio::test]
async fn p37_three_confirmations_for_a_mailbox_over_all_lists_and_ten_for_a_network() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    for n in 0..4 {
        scene.server.list_with_members(&format!("l{n}@example.org"), 0).await?;
        scene.mail(&format!("victim+{n}@far.example"), &format!("l{n}-join@example.org"), "", "").await?;
    }
    scene.quiet().await?;
    let all = |tally: &Tally| {
        tally.caught().iter().filter(|c| c.recipients.iter().any(|r| r.starts_with("victim"))).count()
    };
    ensure!(scene.sink.read(all) == 3, "{}", scene.sink.read(all));
    let received = "Received: from x (y [192.0.2.7]) by mx.example.org; Mon, 1 Jan 2024 00:00:00 +0000";
    for n in 0..12 {
        let more = received.replace(".7]", &format!(".{n}]"));
        scene.mail(&format!("crowd{n}@far{n}.example"), "test-join@example.org", &more, "").await?;
    }
    scene.quiet().await?;
    let crowd = |tally: &Tally| {
        tally.caught().iter().filter(|c| c.recipients.iter().any(|r| r.starts_with("crowd"))).count()
    };
    ensure!(scene.sink.read(crowd) == 10, "{}", scene.sink.read(crowd));
    Ok(())
}

#[tokio::test]
async fn p37_never_again_is_one_mail_away() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    scene.mail(ANNE, "test-join@example.org", "", "").await?;
    let asked = scene.nth(ANNE, 0).await?;
    let never = asked.split("subject=").nth(1).and_then(|t| t.split('>').next()).context("a link")?;
    let subject = format!("Subject: {}", never.replace("%20", " "));
    scene.mail("someone@else.example", "test-request@example.org", &subject, "").await?;
    let done = scene.nth("someone@else.example", 0).await?;
    ensure!(done.contains("no more mails that ask you to confirm"), "{done}");
    scene.mail("anne+other@far.example", "test-join@example.org", "", "").await?;
    scene.quiet().await?;
    ensure!(
        scene.got("anne+other@far.example").is_empty() && scene.got(ANNE).len() == 1,
        "{:?}",
        scene.got(ANNE)
    );
    Ok(())
}

#[tokio::test]
async fn the_banned_and_the_lists_own_addresses_do_not_join() -> Result<()> {
    let scene = Scene::with(&[]).await?;
    for address in ["test@example.org", "test-leave@example.org", "test+x@example.org"] {
        scene.request(ANNE, &format!("join address={address}")).await?;
    }
    for n in 0..3 {
        let told = scene.nth(ANNE, n).await?;
        ensure!(told.contains("is an address of the list itself"), "{told}");
    }
    scene.quiet().await?;
    ensure!(scene.sink.tally().accepted() == 3, "mail went to the list's own addresses");
    Ok(())
}
