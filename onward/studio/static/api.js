// Calls to the studio. The secret comes with the link's fragment, which no browser sends anywhere, and stays here.

const KEY = "onward-token";

function tokenOf() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (found) {
    localStorage.setItem(KEY, found[1]); // of this origin alone, port and all
    history.replaceState(null, "", "#/runs");
  }
  return localStorage.getItem(KEY) ?? "";
}

let token = tokenOf();
addEventListener("hashchange", () => { if (location.hash.startsWith("#token=")) { token = tokenOf(); dispatchEvent(new Event("hashchange")); } });

export class Trouble extends Error {
  constructor(words, status) { super(words); this.status = status; }
}

async function call(path, options = {}) {
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
