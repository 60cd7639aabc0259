// Calls to the studio. The secret comes with the link's fragment, which no browser sends anywhere, and stays here.

const KEY = "onward-token";

let token = localStorage.getItem(KEY) ?? ""; // of this origin alone, port and all

// A link's secret counts once the studio has taken it: any site can send a browser here with a wrong one.
async function isTakenFromLink() {
  const found = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (!found) return false;
  history.replaceState(null, "", "#/runs"); // before anything is waited for: it stays in no address
  if (found === token) return false;
  const answer = await fetch("/api/hello", { headers: { Authorization: `Bearer ${found}` } }).catch(() => null);
  if (!answer?.ok) return false;
  localStorage.setItem(KEY, found);
  token = found;
  return true;
}

const ready = isTakenFromLink();
// another secret is another studio, of which nothing that this page has read holds
addEventListener("hashchange", async () => { if (await isTakenFromLink()) location.reload(); });

export class Trouble extends Error {
  constructor(words, status) { super(words); this.status = status; }
}

async function call(path, options = {}) {
  await ready;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  } catch (reason) {
    if (reason.name === "AbortError") throw reason;
    throw new Trouble("The studio does not answer. Runs go on; start it again with: onward studio", 0);
  }
  if (answer.ok) return answer.json();
  if (answer.status === 401) throw new Trouble("This studio was started anew. Open the link that `onward studio` printed.", 401);
  const text = await answer.text();
  let said = text;
  try { said = JSON.parse(text).fault ?? text; } catch { /* plain words */ }
  throw new Trouble(said || `The studio answered ${answer.status}.`, answer.status);
}

export const get = (path, signal) => call(path, { signal });
export const post = (path, document = {}, signal) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document), signal });
export const upload = (path, form) => call(path, { method: "POST", body: form });
export const name = (word) => encodeURIComponent(word);

let known;
export const tasks = () => (known ??= get("/api/tasks").then((answer) => answer.tasks).catch((reason) => { known = undefined; throw reason; }));
export const taskOf = async (task) => (await tasks()).find((each) => each.name === task);
