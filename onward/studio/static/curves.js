// Curves against minutes, drawn as SVG; gaps where a figure is missing, a dashed line where the baseline is.

import { h, number, s, words } from "./dom.js";

const HEIGHT = 240, LEFT = 60, RIGHT = 14, TOP = 12, BOTTOM = 34;
const MOST_POINTS = 320, MOST_FIGURES = 40;
export const NARROW = matchMedia("(max-width: 52rem)");
const REST = new Set(["kind", "step", "seconds", "progress"]);

export function ticks(low, high) {
  if (high - low < 1e-12 * Math.max(Math.abs(low), Math.abs(high), 1)) return [low];
  const rough = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = [1, 2, 5, 10].map((many) => rough * many).find((each) => (high - low) / each <= 5);
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high + 1e-9 * step; place += 1) found.push(place * step);
  return found;
}

/** Leave points out so that peaks stay: the least and the most of each stretch. */
export function thinned(points) {
  if (points.length <= MOST_POINTS) return points;
  const stride = Math.ceil(points.length / (MOST_POINTS / 2));
  const kept = [];
  for (let start = 0; start < points.length; start += stride) {
    const stretch = points.slice(start, start + stride);
    const order = [...stretch].sort((a, b) => a[1] - b[1]);
    const ends = [order[0], order.at(-1)].sort((a, b) => a[0] - b[0]);
    kept.push(...(ends[0] === ends[1] ? [ends[0]] : ends));
  }
  if (kept.at(-1) !== points.at(-1)) kept.push(points.at(-1));
  return kept;
}

/** Sort figures into pictures: those whose names end alike share one. */
export function groupsOf(facts) {
  const groups = new Map();
  let many = 0;
  for (const fact of facts) {
    for (const [name, value] of Object.entries(fact)) {
      if (REST.has(name) || typeof value !== "number") continue;
      const ending = name.split("_").at(-1);
      if (!groups.has(ending)) groups.set(ending, new Map());
      const group = groups.get(ending);
      if (!group.has(name)) {
        if (many >= MOST_FIGURES) continue;
        many += 1;
        group.set(name, []);
      }
      group.get(name).push([fact.seconds / 60, value]);
    }
  }
  return new Map([...groups].filter(([, group]) => group.size));
}

/** Find the baselines that belong to figures: of scores whose name has all words of a figure's, or the other way round. */
export function baselinesOf(group, scores) {
  const split = (name) => words(name).toLowerCase().split(/[^a-z0-9]+/).filter(Boolean);
  const holds = (one, other) => other.every((word) => one.includes(word));
  const found = [];
  for (const score of scores) {
    for (const [name, points] of group) {
      const [figure, measured] = [split(name), split(score.name)];
      if (!holds(figure, measured) && !holds(measured, figure)) continue;
      const isShare = score.unit === "%" && points.every((point) => Math.abs(point[1]) <= 1); // 0.9 on the way is 90 % in the end
      found.push({ value: score.baseline.value / (isShare ? 100 : 1), label: score.baseline.name });
      break;
    }
  }
  return found;
}

/**
 * Draw lines over minutes.
 * series: [{ name, points: [[minutes, value]], dashed }]; lines: [{ value, label }] across the whole picture.
 */
export function curve(title, series, lines = []) {
  const WIDTH = NARROW.matches ? 400 : 640; // letters keep their size on a phone
  const drawn = series.map((each, place) => ({ ...each, points: thinned(each.points), place })).filter((each) => each.points.length > 1);
  const points = drawn.flatMap((each) => each.points);
  if (points.length < 2) return null;
  const xs = points.map((point) => point[0]), ys = [...points.map((point) => point[1]), ...lines.map((line) => line.value)];
  let [low, high] = [Math.min(...ys), Math.max(...ys)];
  if (high - low < 1e-12) [low, high] = [low - 0.5, high + 0.5];
  const [first, last] = [Math.min(0, ...xs), Math.max(...xs)];
  const across = (x) => LEFT + ((x - first) / Math.max(last - first, 1e-9)) * (WIDTH - LEFT - RIGHT);
  const down = (y) => TOP + ((high - y) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const round = (value) => value.toFixed(1);
  const told = drawn.map((each) => `${words(each.name)} from ${number(each.points[0][1])} to ${number(each.points.at(-1)[1])}`).join("; ");
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${words(title)} against minutes: ${told}` },
    ticks(low, high).map((tick) => [
      s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: round(down(tick)), y2: round(down(tick)) }),
      s("text", { x: LEFT - 7, y: round(down(tick) + 4), "text-anchor": "end" }, number(tick))]),
    ticks(first, last).map((tick) => s("text", { x: round(across(tick)), y: HEIGHT - 16, "text-anchor": "middle" }, number(tick))),
    s("text", { x: WIDTH - RIGHT, y: HEIGHT - 2, "text-anchor": "end" }, "minutes"),
    lines.map((line) => [
      s("line", { class: "baseline", x1: LEFT, x2: WIDTH - RIGHT, y1: round(down(line.value)), y2: round(down(line.value)) }),
      s("text", { class: "baseline", x: LEFT + 6, y: round(down(line.value) + (down(line.value) < TOP + 14 ? 14 : -5)) }, `baseline: ${line.label}`)]),
    drawn.map((each) => s("polyline", { class: `line c${each.place % 6}${each.dashed ? " dashed" : ""}`,
      points: each.points.map(([x, y]) => `${round(across(x))},${round(down(y))}`).join(" ") })));
  return h("figure", { class: "curve" }, picture,
    h("figcaption", {}, drawn.map((each) => h("span", {}, h("i", { class: `c${each.place % 6}${each.dashed ? " dashed" : ""}` }),
      `${words(each.name)} `, h("b", {}, number(each.points.at(-1)[1]))))));
}

/** Show scores: each with its interval and its baseline on one scale. */
export function scoreRow(score) {
  const values = [score.interval[0], score.interval[1], score.value, score.baseline.value];
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  [low, high] = [low - margin, high + margin];
  const at = (value) => (((value - low) / (high - low)) * 300).toFixed(1);
  const better = score.higher_is_better ? "higher is better" : "lower is better";
  return h("div", { class: "score" },
    h("p", {}, h("b", {}, `${words(score.name)} ${number(score.value)}`), score.unit ? ` ${score.unit}` : "", h("span", { class: "soft" }, ` · ${better} · measured on ${score.count.toLocaleString("en")}`)),
    s("svg", { viewBox: "0 0 300 26", role: "img", "aria-label": score.verdict ?? `${score.name} ${number(score.value)}, baseline ${number(score.baseline.value)}` },
      s("line", { class: "grid", x1: 0, x2: 300, y1: 13, y2: 13 }),
      s("line", { class: "interval", x1: at(score.interval[0]), x2: at(score.interval[1]), y1: 13, y2: 13 }),
      s("line", { class: "mark", x1: at(score.baseline.value), x2: at(score.baseline.value), y1: 3, y2: 23 }),
      s("circle", { class: "value", cx: at(score.value), cy: 13, r: 5 })),
    h("p", { class: "soft" }, `${number(score.interval[0])} to ${number(score.interval[1])} · `, h("span", { class: "marked" }, `${score.baseline.name} ${number(score.baseline.value)}`)));
}
