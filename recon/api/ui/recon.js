"use strict";
// The page of Recon. It asks only this server, builds elements and never
// markup, and shows four states apart: loading, not ready, empty, failed.

const api = "api/v1";
const $ = id => document.getElementById(id);

// el makes an element. Properties are set as such; "aria-" and others that are
// no properties go in as attributes.
function el(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in e) e[name] = value; else e.setAttribute(name, value);
  }
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}

// ---- numbers: totals may exceed what a double holds, so they stay exact ----

function parse(text) {
  return JSON.parse(text, (key, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && context && /^-?\d+$/.test(context.source)
      ? BigInt(context.source) : value);
}
const count = n => n.toLocaleString("en");
function size(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let value = Number(n), unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return (unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)) + " " + units[unit];
}
const exact = n => count(n) + " bytes";
const when = text => text ? new Date(text).toLocaleString() : "–";
function duration(seconds) {
  if (seconds < 60) return seconds + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min " + seconds % 60 + " s";
  return Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min";
}

// ---- asking ----

class Problem extends Error {
  constructor(status, body) {
    super(body.detail || "HTTP " + status);
    this.title = body.title || "The request failed";
    this.code = body.code || "";
    this.retrySeconds = body.retryAfterSeconds || 0;
  }
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const text = await response.text();
  let body = {};
  try { body = text ? parse(text) : {}; } catch (e) { if (response.ok) throw e; }
  if (!response.ok) throw new Problem(response.status, body);
  noteLabel(response.headers);
  return body;
}

// ---- the bar at the top: what is shown, and how old it is ----

let shown = "", announced = "";
const oldAfterSeconds = 1800;

function noteLabel(headers) {
  const generation = /^"([^"]*)"/.exec(headers.get("Recon-Generation") || "");
  if (!generation) return;
  shown = generation[1];
  const seconds = Number(headers.get("Recon-Staleness"));
  const bar = $("as-of");
  bar.textContent = `Data as of ${when(headers.get("Last-Modified"))} (${seconds ? duration(seconds) + " behind" : "up to date"}), generation ${shown}` +
    (seconds > oldAfterSeconds ? ". This is old: see Staging." : "");
  bar.classList.toggle("old", seconds > oldAfterSeconds);
  $("reload").hidden = !announced || announced === shown;
}

// ---- panels ----

// show fills a panel and keeps its last good content, dimmed, when a refresh
// fails. isEmpty decides whether there is anything to see.
async function show(panel, load, draw, emptyText, isEmpty) {
  const place = $(panel);
  const turn = (place.turn || 0) + 1;
  place.turn = turn;
  place.setAttribute("aria-busy", "true");
  if (!place.good) place.replaceChildren(el("div", { className: "skeleton" }), el("p", { className: "hidden", textContent: "Loading…" }));
  try {
    const data = await load();
    if (place.turn !== turn) return;
    place.good = isEmpty(data) ? null : draw(data);
    place.replaceChildren(place.good || el("p", { className: "state", textContent: emptyText }));
  } catch (problem) {
    if (place.turn !== turn) return;
    const message = problem.code === "NOT_READY" ? notReady(problem) : failed(problem, () => show(panel, load, draw, emptyText, isEmpty));
    if (place.good) place.good.classList.add("stale");
    place.replaceChildren(message, ...(place.good ? [place.good] : []));
  } finally {
    if (place.turn === turn) place.removeAttribute("aria-busy");
  }
}

let lookAgain = 0;
function notReady(problem) {
  clearTimeout(lookAgain); // one timer for all panels
  lookAgain = setTimeout(refresh, 1000 * Math.min(problem.retrySeconds || 15, 30));
  return el("p", { className: "state notready", role: "status" },
    el("strong", { textContent: "Not ready yet. " }),
    "The first generation is being built; its progress is shown under Staging. This page will look again by itself.");
}

function failed(problem, again) {
  return el("div", { className: "state failed", role: "alert" },
    el("strong", { textContent: problem.title || "The request failed" }),
    el("span", { textContent: problem.message }),
    el("button", { type: "button", textContent: "Retry", onclick: again }));
}

const none = () => false;

function table(caption, columns, rows) {
  return el("div", { className: "scroll" }, el("table", {},
    el("caption", { textContent: caption }),
    el("thead", {}, el("tr", {}, ...columns.map(c => el("th", { scope: "col", className: c.num ? "num" : "", textContent: c.name })))),
    el("tbody", {}, ...rows.map(r => el("tr", {}, ...r.map((cell, i) =>
      el("td", { className: columns[i].num ? "num" : "", title: cell && cell.title || "" }, cell && cell.text !== undefined ? cell.text : cell)))))));
}

function track(share) {
  const fill = el("div", { className: "fill" });
  fill.style.width = 100 * share + "%";
  return el("div", { className: "track", "aria-hidden": "true" }, fill);
}

// ---- overview ----

async function loadOverview() {
  const [state, open, uploads, deleted] = await Promise.all(["/clusterState", "/keys/open/summary", "/keys/open/mpu/summary", "/keys/deletePending/summary"].map(p => ask(api + p)));
  return { state, open, uploads, deleted };
}

function drawOverview({ state, open, uploads, deleted }) {
  const tile = (name, value, more) => el("div", { className: "tile" }, el("dt", { textContent: name }),
    el("dd", {}, count(value), more === undefined ? null : el("small", { textContent: more })));
  const sizes = (plain, replicated) => `${size(plain)} (${size(replicated)} on disks)`;
  return el("dl", { className: "tiles" },
    tile("Volumes", state.volumes), tile("Buckets", state.buckets), tile("Keys", state.keys),
    tile("Open keys", open.totalOpenKeys, sizes(open.totalUnreplicatedDataSize, open.totalReplicatedDataSize)),
    tile("Multipart uploads", uploads.totalOpenMPUKeys, sizes(uploads.totalDataSize, uploads.totalReplicatedDataSize)),
    tile("Keys to delete", deleted.totalDeletedKeys, sizes(deleted.totalUnreplicatedDataSize, deleted.totalReplicatedDataSize)),
    tile("Directories to delete", state.deletedDirs));
}

// ---- namespace usage ----

let path = "/";

function go(to) {
  path = to || "/";
  $("usage-path").value = path;
  const names = path.split("/").filter(Boolean);
  const steps = [["root", "/"], ...names.map((name, i) => [name, "/" + names.slice(0, i + 1).join("/")])];
  $("crumbs").replaceChildren(...steps.flatMap(([name, target], i) => [
    i ? " / " : "", i === steps.length - 1 ? el("strong", { "aria-current": "page", textContent: name })
      : el("button", { type: "button", className: "link", textContent: name, onclick: () => go(target) })]));
  $("usage").good = null;
  showUsage();
}

function showUsage() {
  const query = `path=${encodeURIComponent(path)}&replica=true&files=${$("usage-files").checked}`;
  return show("usage", () => ask(`${api}/namespace/usage?${query}`), drawUsage,
    "Nothing lies below this path.", u => u.status === "OK" && u.subPathCount === 0 && Number(u.size) === 0);
}

function drawUsage(u) {
  if (u.status !== "OK") return el("p", { className: "state", textContent: "There is no such path in this generation." });
  const whole = Number(u.size) || 1;
  const cut = u.subPathCount - u.subPaths.length;
  const caption = `${size(u.size)} (${exact(u.size)}), ${size(u.sizeWithReplica)} on disks. ` +
    (cut > 0 ? `The ${u.subPaths.length} largest of ${count(u.subPathCount)} parts.` : `${count(u.subPathCount)} parts.`);
  return table(caption, [{ name: "Path" }, { name: "Share" }, { name: "Size", num: true }, { name: "On disks", num: true }],
    u.subPaths.map(s => [
      s.isKey ? s.path : el("button", { type: "button", className: "link", textContent: s.path, onclick: () => go(s.path) }),
      el("div", { className: "share" }, track(Number(s.size) / whole), el("span", { className: "note", textContent: (100 * Number(s.size) / whole).toFixed(1) + " %" })),
      { text: size(s.size), title: exact(s.size) }, { text: size(s.sizeWithReplica), title: exact(s.sizeWithReplica) }]));
}

// ---- file sizes ----

function showSizes() {
  const [volume, bucket] = $("sizes-bucket").value.split("/");
  const query = volume ? `?volume=${encodeURIComponent(volume)}&bucket=${encodeURIComponent(bucket)}` : "";
  return show("sizes", async () => {
    const rows = await ask(api + "/utilization/fileCount" + query);
    if (!query) offerBuckets(rows);
    return rows;
  }, drawSizes, "There are no files.", rows => rows.length === 0);
}

function offerBuckets(rows) {
  const names = [...new Set(rows.map(r => r.volume + "/" + r.bucket))];
  const chosen = $("sizes-bucket").value;
  $("sizes-bucket").replaceChildren(el("option", { value: "", textContent: "all" }), ...names.map(n => el("option", { value: n, textContent: n })));
  $("sizes-bucket").value = chosen;
}

function drawSizes(rows) {
  const bins = new Map();
  for (const r of rows) {
    const bound = String(r.fileSize);
    const bin = bins.get(bound) || { bound: r.fileSize, count: 0 };
    bin.count += Number(r.count);
    bins.set(bound, bin);
  }
  const sorted = [...bins.values()].sort((a, b) => Number(a.bound) - Number(b.bound));
  const most = Math.max(...sorted.map(b => b.count));
  const name = b => Number(b.bound) > 2 ** 60 ? "more" : "to " + size(b.bound);
  const bars = sorted.map(b => {
    const bar = el("div", { title: `${name(b)}: ${count(b.count)} files` });
    bar.style.height = 100 * b.count / most + "%";
    return bar;
  });
  return el("div", {}, el("div", { className: "histogram", "aria-hidden": "true" }, ...bars),
    table("Files by size", [{ name: "Size" }, { name: "Files", num: true }], sorted.map(b => [name(b), count(b.count)])));
}

// ---- keys ----

function showKeys(after, pages) {
  const filter = new URLSearchParams({ startPrefix: $("keys-prefix").value, keySize: $("keys-size").value || "0", limit: "50" });
  if ($("keys-type").value) filter.set("replicationType", $("keys-type").value);
  if (after) filter.set("prevKey", after);
  $("keys").good = null;
  return show("keys", () => ask(`${api}/keys/listKeys?${filter}`), list => drawKeys(list, after, pages),
    after ? "There are no more keys." : "No key matches.", list => list.keys.length === 0);
}

function drawKeys(list, after, pages) {
  const step = (text, target, rest, off) => el("button", { type: "button", textContent: text, disabled: off, onclick: () => showKeys(target, rest) });
  return el("div", {}, table(`${count(list.keys.length)} keys, ${size(list.unReplicatedDataSize)} (${size(list.replicatedDataSize)} on disks) on this page`,
    [{ name: "Path" }, { name: "Size", num: true }, { name: "On disks", num: true }, { name: "Replication" }, { name: "Modified" }],
    list.keys.map(k => [k.path, { text: size(k.size), title: exact(k.size) }, { text: size(k.replicatedSize), title: exact(k.replicatedSize) },
      k.replicationInfo.replicationType === "EC" ? `EC ${k.replicationInfo.codec}-${k.replicationInfo.data}-${k.replicationInfo.parity}`
        : `${k.replicationInfo.replicationType} ${k.replicationInfo.replicationFactor}`, when(k.modificationTime)])),
    el("p", { className: "row" }, step("First page", "", [], !after), step("Previous page", pages[pages.length - 1] || "", pages.slice(0, -1), !after),
      step("Next page", list.lastKey, [...pages, after || ""], list.keys.length < 50)));
}

// ---- tasks ----

const drawStatus = rows => table("As Ozone's RECON_TASK_STATUS has it",
  [{ name: "Task" }, { name: "Last run" }, { name: "Now" }, { name: "Sequence", num: true }, { name: "Updated" }],
  rows.map(r => [r.taskName, r.lastTaskRunStatus === 0 ? "succeeded" : "failed", r.isCurrentTaskRunning ? "running" : "idle",
    count(r.lastUpdatedSeqNumber), r.lastUpdatedTimestamp ? when(r.lastUpdatedTimestamp) : "never"]));

// ---- staging ----

let staging = null;

function drawStaging(s) {
  staging = s;
  const active = ["INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "ROLLING_BACK"].includes(s.state);
  const chip = $("staging-state");
  chip.textContent = s.state.replaceAll("_", " ") + (active && s.phase && s.phase !== s.state ? " – " + s.phase : "");
  chip.className = "chip " + (s.state === "FAILED" ? "failed" : active ? "active" : "good");
  $("staging-line").textContent = active
    ? `Rebuild ${s.job} (${s.trigger || "unknown trigger"}, attempt ${s.attempt}) from sequence ${s.target ? s.target.snapshotSeq : "?"}: ` +
      `${Math.floor(100 * s.progress)} %, ${duration(Math.round(s.durationMs / 1000))} so far` +
      (s.etaSeconds === null ? "" : `, about ${duration(s.etaSeconds)} to go`) + (s.cancelAllowed ? "." : ". It cannot be cancelled any more.")
    : outcome(s.last) + (s.retryAt ? ` The next attempt begins at ${when(s.retryAt)}.` : "");
  $("staging-progress").hidden = !active;
  $("progress").value = s.progress;
  $("cancel").hidden = !(active && s.cancelAllowed);
  $("rebuild").hidden = active;
  drawTasks(s.tasks);
  if (!s.serving) $("as-of").textContent = "Nothing is served yet: the first generation is being built.";
}

function outcome(last) {
  if (!last) return "No rebuild has run since the start.";
  if (last.result === "COMMITTED") return `Rebuild ${last.job} was committed at ${when(last.finishedAt)} after ${duration(Math.round(last.durationMs / 1000))}.`;
  if (last.cause === "CANCELLED") return `Rebuild ${last.job} was cancelled at ${when(last.finishedAt)}${last.reason ? ": " + last.reason : ""}.`;
  return `Rebuild ${last.job} failed at ${when(last.finishedAt)} (${last.cause || "unknown cause"})${last.reason ? ": " + last.reason : ""}. What is served did not change.`;
}

function drawTasks(tasks) {
  $("tasks").replaceChildren(...tasks.map(t => el("tr", {},
    el("th", { scope: "row", textContent: t.name }), el("td", { textContent: t.state + (t.error ? ": " + t.error : "") }),
    el("td", {}, el("progress", { max: 1, value: t.progress, "aria-label": "Progress of " + t.name })),
    el("td", { className: "num", textContent: `${count(BigInt(t.rowsDone))} of ${count(BigInt(t.rowsEstimated))}` }))));
}

async function command(button, target, done) {
  $("staging-note").textContent = "";
  button.disabled = true;
  try {
    drawStaging(await ask(api + target, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }));
    $("staging-note").textContent = done;
  } catch (problem) {
    $("staging-note").textContent = `${problem.title || "The request failed"}: ${problem.message}`;
  } finally {
    button.disabled = false;
  }
}

function follow() {
  const stream = new EventSource(api + "/staging/events");
  const on = (name, fn) => stream.addEventListener(name, e => fn(parse(e.data)));
  on("snapshot", drawStaging);
  on("phase", drawStaging);
  on("task", t => {
    if (!staging) return;
    staging.tasks = staging.tasks.map(old => old.name === t.name ? t : old);
    drawTasks(staging.tasks);
    pollStaging();
  });
  on("published", p => { announced = p.new; if (shown) $("reload").hidden = announced === shown; else refresh(); });
  on("failed", pollStaging);
  on("cancelled", () => { $("staging-note").textContent = "The rebuild was cancelled."; pollStaging(); });
  stream.onerror = () => { if (!staging) pollStaging(); };
}

// pollStaging asks for the whole state, at most every two seconds.
let polled = 0;
async function pollStaging() {
  if (Date.now() - polled < 2000) return;
  polled = Date.now();
  try { drawStaging(await ask(api + "/staging")); } catch (problem) {
    $("staging-state").textContent = "unknown";
    $("staging-line").textContent = "The state of staging cannot be read: " + problem.message;
  }
}

// ---- the page ----

function refresh() {
  announced = "";
  $("reload").hidden = true;
  show("overview", loadOverview, drawOverview, "", none);
  showUsage();
  showSizes();
  show("status", () => ask(api + "/task/status"), drawStatus, "No task has run yet.", rows => rows.length === 0);
}

$("usage-form").addEventListener("submit", e => { e.preventDefault(); go($("usage-path").value.trim()); });
$("usage-files").addEventListener("change", showUsage);
$("sizes-bucket").addEventListener("change", showSizes);
$("keys-form").addEventListener("submit", e => { e.preventDefault(); showKeys("", []); });
$("reload").addEventListener("click", refresh);
$("cancel").addEventListener("click", e => command(e.target, `/staging/jobs/${staging.job}/cancel`, "The rebuild was asked to stop."));
$("rebuild").addEventListener("click", e => command(e.target, "/staging/jobs", "A rebuild was asked for."));
$("keys").replaceChildren(el("p", { className: "state", textContent: "Name a bucket or a directory to list its keys." }));
follow();
go("/");
refresh();
setInterval(() => { if (!document.hidden && !announced) refresh(); }, 60000);
