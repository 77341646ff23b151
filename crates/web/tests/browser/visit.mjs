// Looks at pages in a real Chromium, as Debian ships it, over its debugging pipe. Reads a plan from standard input, writes
// what it found to standard output, both JSON.
//
// plan:  { chromium, axe, keep, visits: [{ url, cookie, press, then, press_then, run, width, height, scheme, script, picture, full }] }
// found: [{ url, title, text, wide, widest: [...], errors: [...], violations: [{ id, nodes: [...] }], rules, result, text_after }]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const plan = JSON.parse(readFileSync(0, "utf8"));
const profile = mkdtempSync(join(tmpdir(), "posthaste-chromium-"));
const browser = spawn(plan.chromium, [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage", "--mute-audio",
  "--hide-scrollbars", `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });

const waiting = new Map(), listeners = new Set();
let last = 0, rest = Buffer.alloc(0);
browser.stdio[4].on("data", (bytes) => {
  rest = Buffer.concat([rest, bytes]);
  for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1)) {
    const message = JSON.parse(rest.subarray(0, end).toString());
    if (message.id) {
      const { done, fail } = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? fail(new Error(JSON.stringify(message.error))) : done(message.result);
    } else for (const listener of listeners) listener(message);
  }
});
browser.on("exit", (code) => { for (const { fail } of waiting.values()) fail(new Error(`Chromium ended: ${code}`)); });

const send = (method, params = {}, sessionId) => new Promise((done, fail) => {
  waiting.set(++last, { done, fail });
  browser.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId }) + "\0");
});

const limit = (promise, what) => Promise.race([
  promise, new Promise((_, fail) => setTimeout(() => fail(new Error(`${what}: nothing for 60 s`)), 60_000).unref()),
]);

async function open() {
  const { browserContextId } = await send("Target.createBrowserContext");
  const { targetId } = await send("Target.createTarget", { url: "about:blank", browserContextId });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  return { sessionId, close: () => send("Target.disposeBrowserContext", { browserContextId }) };
}

let kept;

async function visit(wish) {
  // A page of its own forgets everything at the end; one that is kept spares the time to make it.
  const page = plan.keep ? kept ??= await open() : await open();
  const { sessionId } = page;
  const say = (method, params) => limit(send(method, params, sessionId), method);
  const errors = [];
  let loaded;
  const listener = (message) => {
    if (message.sessionId !== sessionId) return;
    if (message.method === "Page.loadEventFired") loaded?.();
    if (message.method === "Runtime.exceptionThrown") errors.push(message.params.exceptionDetails.text);
    if (message.method === "Log.entryAdded" && message.params.entry.level === "error") errors.push(message.params.entry.text);
  };
  listeners.add(listener);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await say("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const load = (act) => limit(new Promise((done, fail) => { loaded = done; act().catch(fail); }), "load");
  await say("Page.enable");
  await say("Runtime.enable");
  await say("Log.enable");
  const height = wish.height ?? 900;
  await say("Emulation.setDeviceMetricsOverride", { width: wish.width, height, deviceScaleFactor: 1, mobile: false });
  await say("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: wish.scheme ?? "light" }] });
  if (wish.cookie) {
    const [name, ...value] = wish.cookie.split("=");
    await say("Network.setCookie", { name, value: value.join("="), url: wish.url, httpOnly: true, sameSite: "Lax" });
  }
  if (wish.script === false) await say("Emulation.setScriptExecutionDisabled", { value: true });
  await load(() => say("Page.navigate", { url: wish.url }));
  // A press is done as by hand, so that it works without scripts too: the middle of what the selector finds.
  const click = async (selector) => {
    const { root } = await say("DOM.getDocument");
    const { nodeId } = await say("DOM.querySelector", { nodeId: root.nodeId, selector });
    await say("DOM.scrollIntoViewIfNeeded", { nodeId });
    const { quads: [q] } = await say("DOM.getContentQuads", { nodeId });
    const at = { x: (q[0] + q[4]) / 2, y: (q[1] + q[5]) / 2, button: "left", clickCount: 1 };
    await load(async () => {
      await say("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
      await say("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
    });
  };
  for (const press of wish.press ?? []) await click(press);
  if (wish.then) await load(() => say("Page.navigate", { url: wish.then }));
  for (const press of wish.press_then ?? []) await click(press);
  const found = { errors, violations: [] };
  if (wish.script === false) await say("Emulation.setScriptExecutionDisabled", { value: false });
  found.title = await evaluate("document.title");
  found.url = await evaluate("location.href");
  found.text = await evaluate("document.body.innerText");
  found.wide = await evaluate("document.documentElement.scrollWidth > innerWidth");
  if (found.wide) {
    found.widest = await evaluate(
      "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 120))",
    );
  }
  if (wish.run) {
    found.result = await evaluate(wish.run);
    found.text_after = await evaluate("document.body.innerText");
  }
  if (plan.axe && wish.script !== false) {
    await evaluate(readFileSync(plan.axe, "utf8") + ";0");
    found.violations = await evaluate(`axe.run({ resultTypes: ["violations"] }).then((r) => r.violations.map((v) => ({
      id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.target.join(" ") + ": " + n.failureSummary) })))`);
    found.rules = await evaluate("axe.getRules().length");
  }
  if (wish.picture) {
    const { cssContentSize } = await say("Page.getLayoutMetrics");
    const clip = { x: 0, y: 0, width: wish.width, height: Math.ceil(wish.full ? cssContentSize.height : height), scale: 1 };
    const { data } = await say("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip });
    writeFileSync(wish.picture, Buffer.from(data, "base64"));
  }
  listeners.delete(listener);
  if (!plan.keep) await page.close();
  return found;
}

try {
  const found = [];
  for (const wish of plan.visits) found.push(await visit(wish));
  process.stdout.write(JSON.stringify(found));
} finally {
  const over = new Promise((done) => browser.once("exit", done));
  send("Browser.close").catch(() => {});
  await Promise.race([over, new Promise((done) => setTimeout(done, 10_000).unref())]);
  browser.kill("SIGKILL");
  // Helpers of the browser may still write into its profile for a moment.
  rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
