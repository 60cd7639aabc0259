// Elements without a library, and how figures and times are said.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.entries(value).forEach(([key, each]) => element.style.setProperty(key, each));
    else if (name === "value" && "value" in element) element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

/** Make an HTML element: props are attributes, `onclick` and the like listeners; text stays text. */
export const h = (tag, props, ...children) => filled(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => filled(document.createElementNS(SVG, tag), props, children);

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e5) return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
  if (size > 0 && size < 1e-3) return value.toExponential(2);
  return String(Number(value.toPrecision(3)));
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds ?? 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes) return rest && minutes < 10 ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${rest} s`;
}

export function ago(moment) {
  const seconds = Date.now() / 1000 - moment;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(moment * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

export const many = (number, one, more = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;

export const words = (name) => String(name).replaceAll("_", " ").trim();

export function chip(status) {
  return h("span", { class: `chip ${status}` }, status);
}

export function bar(progress, label) {
  const percent = Math.round(100 * (progress ?? 0));
  return h("span", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": percent, "aria-label": label },
    h("i", { style: { width: `${percent}%` } }));
}

/** A line of code with a button that copies it. */
export function code(text, label) {
  const button = h("button", { type: "button", class: "quiet copy", "aria-label": `Copy ${label}` }, "copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(text).catch(() => {});
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
  const pieces = text.split(/(\s+)/).map((word) => (word.trim() && word.length < 34 ? h("span", { class: "whole" }, word) : word)); // no line ends in a flag's dashes
  return h("div", { class: "code" }, h("pre", { "aria-label": label, tabindex: 0 }, pieces), button);
}

export function table(rows, caption) {
  const [head, ...body] = rows;
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, (head ?? []).map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", {}, body.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

/** Read a csv as our own verbs write it. */
export function rowsOf(text, most = 100) {
  const rows = [[]];
  let cell = "", quoted = false;
  for (let place = 0; place < text.length && rows.length <= most; place += 1) {
    const letter = text[place];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[place + 1] === '"') { cell += '"'; place += 1; } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "," || letter === "\n") {
      rows.at(-1).push(cell);
      cell = "";
      if (letter === "\n") rows.push([]);
    } else if (letter !== "\r") cell += letter;
  }
  if (cell) rows.at(-1).push(cell);
  return rows.filter((row) => row.length);
}
