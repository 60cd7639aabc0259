// One run, live: a reader of its facts as they come. Closing or refreshing the page changes nothing.

import { get, name as encoded, post, taskOf } from "./api.js";
import { NARROW, baselinesOf, curve, groupsOf, scoreRow } from "./curves.js";
import { bar, chip, code, duration, fill, h, many, number, table, words } from "./dom.js";
import { Snapshots, exhibit } from "./snapshots.js";

const MOST_FACTS = 6000;
const nothing = () => ({ log: [], score: new Map(), note: [], exhibit: new Map() });

export async function showRun(place, [name], signal, complain) {
  const found = await get(`/api/runs/${encoded(name)}`, signal);
  const task = await taskOf(found.run.task);
  const page = new Page(place, name, found, task, complain);
  page.listen(found.events, signal);
  page.draw();
}

class Page {
  constructor(place, name, found, task, complain) {
    Object.assign(this, { name, found, task, complain, state: found.run });
    this.facts = nothing();
    this.snapshots = new Snapshots();
    this.head = h("div", { class: "head" });
    this.status = h("div", { class: "status" });
    this.silent = h("p", { class: "wrong", role: "status", hidden: true }, "The studio does not answer, so this page stands still. The run does not: it goes on by itself.");
    this.scores = h("section", { class: "card", "aria-label": "Scores", hidden: true });
    this.curves = h("section", { class: "curves", "aria-label": "Curves" });
    this.exhibits = h("section", { class: "exhibits", "aria-label": "Looked at closely" });
    this.notes = h("section", { class: "card", hidden: true, "aria-label": "What happened on the way" });
    this.log = h("pre", { tabindex: 0, "aria-label": "Log", class: "log" }, found.log || "It was started in a terminal, where its words are.");
    const logged = h("details", {}, h("summary", {}, "Log"), this.log);
    logged.addEventListener("toggle", () => this.readLog());
    this.logged = logged;
    fill(place, this.head, this.status, this.silent, h("div", { class: "two" }, h("div", { class: "seen" }, this.snapshots.element), h("div", {}, this.scores, this.notes)),
      this.curves, this.exhibits, this.details(), logged);
  }

  listen(address, signal) {
    // a browser opens six streams to one host: a page that nobody sees lets its own go, and reads on from there later
    let source = null, from = "", isOver = false;
    const close = () => { source?.close(); source = null; };
    const open = () => {
      if (source || document.hidden || isOver) return;
      source = new EventSource(from ? `${address}&from=${encoded(from)}` : address);
      this.hear(source, (place) => { from = place; }, () => { isOver = true; close(); });
    };
    signal.addEventListener("abort", close);
    NARROW.addEventListener("change", () => this.soon(), { signal });
    addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); this.soon(); }, { signal });
    open();
  }

  hear(source, read, over) {
    const answered = () => { this.silent.hidden = true; };
    source.addEventListener("facts", (event) => { read(event.lastEventId); answered(); JSON.parse(event.data).forEach((fact) => this.take(fact)); this.soon(); });
    source.addEventListener("open", answered);
    source.addEventListener("error", () => {
      this.silent.hidden = false;
      if (source.readyState !== EventSource.CLOSED) return;
      over();
      get("/api/hello").catch(this.complain);
    });
    source.addEventListener("reset", () => { this.facts = nothing(); this.snapshots.clear(); });
    source.addEventListener("state", (event) => {
      const before = this.state.status;
      Object.assign(this.state, JSON.parse(event.data));
      if (before === "running" && this.state.status !== "running") this.refresh();
      this.soon();
    });
    source.addEventListener("gone", () => { over(); this.complain(new Error(`The folder of ${this.name} is gone.`)); });
  }

  take(fact) {
    if (fact.kind === "log") {
      this.facts.log.push(fact);
      if (this.facts.log.length > MOST_FACTS) this.facts.log = this.facts.log.filter((_, number) => number % 2);
    } else if (fact.kind === "show") this.snapshots.add(fact);
    else if (fact.kind === "score") this.facts.score.set(fact.name, fact);
    else if (fact.kind === "exhibit") this.facts.exhibit.set(fact.file, fact);
    else if (fact.kind === "note") this.facts.note.push(fact.sentence);
  }

  soon() {
    if (document.hidden || this.timer) return;
    this.timer = setTimeout(() => { this.timer = undefined; this.draw(); }, this.hasDrawn ? 900 : 0);
    this.hasDrawn = true;
  }

  async refresh() {
    try {
      this.found = await get(`/api/runs/${encoded(this.name)}`);
      this.state = this.found.run;
      this.soon();
    } catch (reason) { this.complain(reason); }
  }

  async readLog() {
    if (!this.logged.open) return;
    const found = await get(`/api/runs/${encoded(this.name)}`).catch(() => null);
    if (found?.log) this.log.textContent = found.log;
    this.log.scrollTop = this.log.scrollHeight;
    if (this.state.status === "running") setTimeout(() => this.log.isConnected && this.readLog(), 4000);
  }

  draw() {
    this.drawHead();
    this.snapshots.update();
    const scores = [...this.facts.score.values()].filter((score) => score.baseline && score.interval);
    this.scores.hidden = !scores.length;
    fill(this.scores, h("h2", {}, "Scores"), this.state.score ? h("p", { class: "verdict" }, this.state.score.verdict) : null, scores.map(scoreRow));
    this.notes.hidden = !this.facts.note.length;
    fill(this.notes, h("h2", {}, "On the way"), h("ul", {}, this.facts.note.map((note) => h("li", {}, note))));
    const groups = groupsOf(this.facts.log);
    const drawn = [...groups].map(([ending, group]) => curve(ending, [...group].map(([name, points]) => ({ name, points })), baselinesOf(group, scores)));
    const once = [...groups.values()].flatMap((group) => [...group]).filter(([, points]) => points.length === 1);
    fill(this.curves, drawn.filter(Boolean), once.length ? h("p", { class: "soft once" }, `Measured once so far: ${once.map(([name, [[, value]]]) => `${words(name)} ${number(value)}`).join(", ")}.`) : null);
    const files = [...this.facts.exhibit.values()];
    if (files.length !== this.exhibits.childElementCount) {
      fill(this.exhibits, files.map((fact) => h("figure", {}, exhibit(fact, words(fact.caption || fact.file)), h("figcaption", {}, words(fact.caption || "")))));
    }
  }

  drawHead() {
    const { state, found, name } = this;
    const told = JSON.stringify([state.status, state.steps > 0, found.report]);
    const left = state.budget?.seconds ? Math.max(0, state.budget.seconds - state.seconds) : null;
    const isRunning = state.status === "running";
    fill(this.status, chip(state.status), h("span", { class: "soft" }, `${this.found.run.task} on ${this.found.run.data} · ${duration(state.seconds)} spent · ${many(state.steps, "step")}`),
      isRunning && left !== null ? h("span", { class: "soft" }, `${duration(left)} left`) : null, bar(state.progress, "Progress"));
    if (told === this.toldHead) return;
    this.toldHead = told;
    const isZoo = name.startsWith("zoo:");
    fill(this.head, h("h1", {}, name), h("div", { class: "buttons" },
      isRunning ? h("button", { type: "button", onclick: () => this.stop() }, "Stop and save") : null,
      !isRunning && !isZoo ? this.moreTime() : null,
      this.task?.applies && state.steps > 0 ? h("a", { class: "button primary", href: `#/try/${encoded(name)}` }, this.task.tried_with.includes("board") ? "Play" : "Try it") : null,
      found.report ? h("a", { class: "button", href: found.report, target: "_blank", rel: "noopener" }, "Report") : null,
      h("a", { class: "button", href: `#/compare/${encoded(name)}` }, "Compare")));
  }

  moreTime() {
    const isWhole = this.state.status === "finished";
    const wanted = h("input", { value: isWhole ? "5m" : "", placeholder: "+ 5m", size: 6, "aria-label": "More time, such as 30s, 5m, 1h", name: "more" });
    const go = async (event) => {
      event.preventDefault();
      try {
        const { job } = await post(`/api/runs/${encoded(this.name)}/more`, { time: wanted.value.trim() && `+${wanted.value.trim().replace(/^\+ */, "")}` });
        this.complain(new Error("It goes on in a moment."));
        await this.begun(job);
      } catch (reason) { this.complain(reason); }
    };
    return h("form", { class: "joined", onsubmit: go }, wanted, h("button", {}, isWhole ? "More time" : "Go on"));
  }

  /** Wait until the run is at work again, or its command has said why not. */
  async begun(job) {
    while (this.head.isConnected && this.state.status !== "running") {
      const state = await get(`/api/jobs/${job}`);
      if (state.code) throw new Error(state.words.trim().split("\n").at(-1) || "It ended without a word.");
      if (state.code === 0) break;
      await new Promise((done) => { setTimeout(done, 700); });
    }
    await this.refresh();
  }

  async stop() {
    try { this.complain(new Error((await post(`/api/runs/${encoded(this.name)}/stop`)).said)); } catch (reason) { this.complain(reason); }
  }

  details() {
    const { settings, machine, findings, seed } = this.found;
    const chosen = Object.fromEntries(Object.entries(settings).filter(([, entry]) => entry.from === "flag").map(([key, entry]) => [key, entry.value]));
    const box = h("div", {}, "…");
    const { budget } = this.state;
    const form = { task: this.found.run.task, data: this.found.run.data, seed, settings: chosen, ...(budget?.seconds ? { time: `${Math.round(budget.seconds)}s` } : { steps: budget?.steps }) };
    post("/api/command", form).then((answer) => fill(box, code(answer.command, "the command of this run"), code(answer.python, "the same in Python"))).catch(() => fill(box, ""));
    const rows = [["setting", "value", "from"], ...Object.entries(settings).map(([key, entry]) => [words(key), entry.value === null ? "auto" : String(entry.value), entry.from]),
      ...Object.entries(machine).map(([key, value]) => [words(key), String(value), "probe"])];
    return [h("details", {}, h("summary", {}, "What the doctor saw"), h("ul", {}, findings.map((each) => h("li", {}, String(each))))),
      h("details", {}, h("summary", {}, "Settings, and the command behind them"), box, table(rows, "Settings"))];
  }
}
