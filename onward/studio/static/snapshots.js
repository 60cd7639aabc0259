// What a run showed as it went on, with a slider through time; it follows the newest until it is moved.

import { duration, fill, h, rowsOf, table, words } from "./dom.js";

// a tiny picture is made larger and shows its pixels, any other only smaller
const sharp = (image) => image.classList.toggle("sharp", 2.5 * image.naturalWidth < image.parentElement.clientWidth);
const MOST_BYTES = 200000; // of a table or a text; the rest is on the disk

/** Show one file of a run or of a try: a picture, a film, a table, a text, or a link. */
export function exhibit(item, alt) {
  if (item.shown === "picture") return h("img", { src: item.link, alt, class: "exhibit", loading: "lazy", onload: (event) => sharp(event.target) });
  if (item.shown === "film") return h("video", { src: item.link, controls: true, loop: true, muted: true, playsinline: true, autoplay: true, "aria-label": alt, class: "exhibit" });
  if (item.rows) return table(item.rows, alt);
  if (item.words !== undefined) return h("pre", { tabindex: 0, "aria-label": alt }, item.words);
  if (item.shown === "table" || item.shown === "text") {
    const place = h("div", { class: "exhibit" }, "…");
    fetch(item.link, { headers: { Range: `bytes=0-${MOST_BYTES}` } }).then((answer) => (answer.ok ? answer.text() : "")).then((text) => {
      fill(place, item.shown === "table" ? table(rowsOf(text), alt) : h("pre", { tabindex: 0, "aria-label": alt }, text.slice(0, 20000)));
    }).catch(() => fill(place, "This file is gone."));
    return place;
  }
  return h("a", { href: item.link, download: "" }, words(alt));
}

export class Snapshots {
  constructor() {
    this.kinds = new Map();
    this.kind = null;
    this.follows = true;
    this.frame = h("div", { class: "frame" });
    this.caption = h("figcaption", { "aria-live": "off" });
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Time of the snapshot", oninput: () => this.move() });
    this.player = h("button", { type: "button", class: "quiet", onclick: () => this.play() }, "▶ play");
    this.tabs = h("div", { class: "tabs", role: "group", "aria-label": "Kinds of snapshots" });
    this.element = h("figure", { class: "snapshots", hidden: true }, this.tabs, this.frame, this.caption,
      this.row = h("div", { class: "row", hidden: true }, this.player, this.slider));
  }

  clear() { this.kinds.clear(); this.kind = null; this.element.hidden = true; }

  add(fact) {
    if (!this.kinds.has(fact.name)) this.kinds.set(fact.name, []);
    this.kinds.get(fact.name).push(fact);
    this.kind ??= fact.name;
  }

  get items() { return this.kinds.get(this.kind) ?? []; }

  update() {
    if (!this.items.length) return;
    this.element.hidden = false;
    this.slider.max = this.items.length - 1;
    this.row.hidden = this.items.length < 2;
    if (this.follows) this.slider.value = this.items.length - 1;
    const names = [...this.kinds.keys()];
    if (names.length > 1 && names.join() !== this.told) {
      this.told = names.join();
      fill(this.tabs, names.map((name) => h("button", { type: "button", class: "tab", "aria-pressed": String(name === this.kind), onclick: () => { this.kind = name; this.told = ""; this.follows = true; this.update(); } }, words(name))));
    }
    this.draw();
  }

  move() {
    this.follows = Number(this.slider.value) === this.items.length - 1;
    this.draw();
  }

  draw() {
    const item = this.items[Number(this.slider.value)];
    if (!item || item.link === this.drawn) return;
    this.drawn = item.link;
    const title = words(item.caption || item.name);
    const told = `${title}${/\bstep \d/.test(title) ? "" : `, step ${item.step}`}, after ${duration(item.seconds)}`;
    const old = this.frame.querySelector("img");
    if (item.shown === "picture" && old) Object.assign(old, { src: item.link, alt: told });
    else fill(this.frame, exhibit(item, told));
    this.caption.textContent = told;
    this.slider.setAttribute("aria-valuetext", told);
  }

  play() {
    if (this.timer) return this.halt();
    this.player.textContent = "◼ halt";
    if (Number(this.slider.value) >= this.items.length - 1) this.slider.value = 0;
    this.timer = setInterval(() => {
      this.slider.value = Number(this.slider.value) + 1;
      this.move();
      if (Number(this.slider.value) >= this.items.length - 1 || !this.element.isConnected) this.halt();
    }, Math.max(120, Math.min(700, 8000 / this.items.length)));
    return undefined;
  }

  halt() {
    clearInterval(this.timer);
    this.timer = undefined;
    this.player.textContent = "▶ play";
  }
}
