//! Any bytes at all, by LMTP, to any of a list's addresses: each message ends as the ledger knows, and nothing falls over.

use anyhow::{Context, Result, ensure};
use posthaste_testkit::source::Job;
use posthaste_testkit::wait;
use serde_json::{Value, json};

use crate::scene::{ANNE, On, Scene};
use crate::support::PATIENCE;

/// What mail is made of, and what it should not be made of.
const PIECES: &[&[u8]] = &[
    b"From: anne@far.example\r\n",
    b"From: \"=?utf-8?b?w5w=?=\" <anne@far.example>, x@y.z\r\n",
    b"From: stranger@else.example (a (nested) comment\r\n",
    b"To: test@example.org\r\n",
    b"To: undisclosed-recipients:;\r\n",
    b"Cc: a@b.c, \"d\" <e@f.g>, =?x?y?z?=\r\n",
    b"Subject: =?utf-8?q?=C3=28?= =?iso-8859-1?b?not base64?=\r\n",
    b"Subject: Re: confirm 0123456789abcdef0123456789abcdef01234567\r\n",
    b"Message-ID: <>\r\n",
    b"Message-ID: <a@b> <c@d>\r\n",
    b"Date: the day after\r\n",
    b"Received: from x ([2001:db8::1]) by y; Mon, 99 Foo 20265 99:99:99 +9999\r\n",
    b"Received: (((((((((((\r\n",
    b"Approved: \xff\xfe\r\n",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=.; s=; b=; bh=;\r\n",
    b"ARC-Seal: i=999; cv=none\r\n",
    b"Authentication-Results: example.org; dmarc=(((fail\r\n",
    b"Content-Type: multipart/mixed; boundary=\"x\"\r\n",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
    b"Content-Type: multipart/digest; boundary=\r\n",
    b"Content-Type: text/plain; charset=utf-7; format=flowed\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html; charset*0*=''%ff; charset*2=a\r\n",
    b"Content-Type: message/delivery-status\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Transfer-Encoding: uuencode\r\n",
    b"Content-Disposition: attachment; filename*=utf-8''..%2f..%2fetc%2fpasswd\r\n",
    b"List-Id: <test.example.org>\r\n",
    b"X-BeenThere: test@example.org\r\n",
    b"Precedence: \x00bulk\r\n",
    b"Auto-Submitted: auto-replied\r\n",
    b"X-Ack: yes\r\n",
    b"no colon here\r\n",
    b" folded from nowhere\r\n",
    b": no name\r\n",
    b"\xe4\xf6\xfc: \xa0\x80\xff\r\n",
    b"\r\n",
    b"\r\n",
    b"--x\r\n",
    b"--x--\r\n",
    b"--x\r\n\r\n--x\r\n\r\n--x--\r\n--x--\r\n",
    b"Final-Recipient: rfc822; anne@far.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    b"Final-Recipient: rfc822;\r\nAction: \xff\r\nStatus: 5.999999999999999999.1\r\n",
    b"unsubscribe\r\nhelp\r\nwho\r\nset digest \xff\r\n",
    b"join address=\"a b\"@c.d digest=plain\r\nleave\r\n",
    b"<html><script>x</script><p>&#x110000;&\r\n",
    b"=\r\n=4\r\n=C3=28\r\n",
    b"AAAA====AAAA\r\n",
    b".\r\n..\r\n...\r\n",
    b"begin 644 x\r\n#86)C\r\nend\r\n",
    b"\x00\x01\x02\x7f\r\n",
    b"> quoted\r\n-- \r\nsignature\r\n",
    b"a line that ends badly\n",
    b"another\r",
];

const SENDERS: &[&str] = &[
    "anne@far.example",
    "",
    "stranger@else.example",
    "test-bounces@example.org",
    "\"a b\"@far.example",
    "x+y=z@far.example",
];

const PLACES: &[&str] = &[
    "test@example.org",
    "test@example.org",
    "test@example.org",
    "test-owner@example.org",
    "test-request@example.org",
    "test-join@example.org",
    "test-leave@example.org",
    "test-subscribe@example.org",
    "test-confirm@example.org",
    "test-confirm+0123456789abcdef0123456789abcdef01234567@example.org",
    "test-confirm+m1.owner@example.org",
    "test-confirm+../../x@example.org",
    "test-bounces@example.org",
    "test-bounces+anne=far.example@example.org",
    "test-bounces+=@example.org",
    "test+anything@example.org",
];

/// Numbers that look like chance and are the same each time (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit.max(1) as u64).unwrap_or_default()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &'a [&'a T]) -> &'a T
    where
        &'a T: Default,
    {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }

    /// A message: pieces in any order, with any bytes between them now and then.
    fn message(&mut self, number: usize) -> Vec<u8> {
        let mut message = vec![];
        // Most have an identity, for what has none is hard to find again.
        if self.below(8) > 0 {
            message.extend_from_slice(format!("Message-ID: <{number}@bytes.example>\r\n").as_bytes());
        }
        for _ in 0..self.below(24) {
            message.extend_from_slice(self.one(PIECES));
            if self.below(20) == 0 {
                let noise: Vec<u8> =
                    (0..self.below(60)).map(|_| u8::try_from(self.below(256)).unwrap_or_default()).collect();
                message.extend(noise.into_iter().filter(|b| !b"\r\n".contains(b)));
                message.extend_from_slice(b"\r\n");
            }
        }
        message
    }
}

async fn any_bytes(on: On, seed: u64, count: usize) -> Result<()> {
    let scene = Scene::on(on, "[content]\nfilter_report = true\n").await?;
    scene.add(&[ANNE, "bart@far.example"]).await?;
    scene
        .set(&[("filter_content", "yes"), ("filter_types", "image"), ("convert_html_to_plaintext", "yes")])
        .await?;
    scene
        .set(&[("personalize", "individual"), ("header", "Hello $user_name"), ("new_member_posts", "0")])
        .await?;
    scene.set(&[("require_explicit_destination", "no"), ("default_nonmember_action", "defer")]).await?;
    scene.set(&[("topics", "any: ."), ("topics_enabled", "yes"), ("moderator_password", "sesame")]).await?;
    scene.server.run(&["digest", "mode", crate::support::LIST, "bart@far.example", "html"]).await?;
    let mut chance = Chance(seed);
    let (mut accepted, mut refused) = (0_u64, 0);
    for number in 0..count {
        let (from, to) = (chance.one(SENDERS), chance.one(PLACES));
        let job = Job::new(&format!("{number}"), from, vec![to.to_owned()], &chance.message(number));
        let sent =
            scene.server.source().send(job).await.with_context(|| format!("message {number} of {seed}"))?;
        accepted += sent.accepted as u64;
        for refusal in &sent.refusals {
            // What is wrong with it is said once and for all; trouble of ours would be a 4xx.
            ensure!(refusal.starts_with('5') && refusal.len() > 10, "message {number}: {refusal}");
            refused += 1;
        }
    }
    ensure!(accepted > count as u64 / 3 && refused > 0, "{accepted} accepted, {refused} refused");
    scene.quiet().await?;
    for stage in ["digest", "archive"] {
        scene.server.wait_for_depth(stage, 0, PATIENCE).await?;
    }
    scene.server.run(&["digest", "send"]).await?;
    scene.quiet().await?;
    scene.quarantined(0).await?;
    let status = scene.server.status().await?;
    let same = status.get("accepted_before").and_then(Value::as_u64).unwrap_or_default();
    let found = status.get("accepted").and_then(Value::as_u64).context("accepted")?;
    ensure!(found + same == accepted, "{accepted} times 250, {found} accepted and {same} known before");
    wait::until("vitals", PATIENCE, async || Ok(tasks(&scene).await?.len() > 5)).await?;
    for task in tasks(&scene).await? {
        ensure!(task.get("recent_restarts").and_then(Value::as_u64) == Some(0), "{task}");
    }
    scene.server.ledger_adds_up().await
}

async fn tasks(scene: &Scene) -> Result<Vec<Value>> {
    let vitals = scene.server.control(&json!({ "do": "vitals" })).await?;
    Ok(vitals.pointer("/done/tasks").and_then(Value::as_array).cloned().unwrap_or_default())
}

#[tokio::test]
async fn p33_any_bytes_end_in_the_ledgers_sum() -> Result<()> {
    for seed in [1, 2] {
        any_bytes(On::Sqlite, seed, 300).await?;
    }
    Ok(())
}

#[tokio::test]
async fn p33_any_bytes_end_in_the_ledgers_sum_on_postgresql() -> Result<()> {
    any_bytes(On::Postgresql, 3, 200).await
}

#[tokio::test]
async fn p33_any_bytes_end_in_the_ledgers_sum_on_mariadb() -> Result<()> {
    any_bytes(On::Mariadb, 4, 200).await
}
