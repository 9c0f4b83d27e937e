// Asking the server: a dashboard, a panel and values go out, rows come back.

export class Locked extends Error {}

const PATIENCE = 10; // times that a question is asked again because there were too many at once

async function fetched(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer: is submeter up still running?", { cause: error });
  }
}

export async function ask(path, options = {}) {
  const token = sessionStorage.getItem("token");
  const headers = { ...(options.headers || {}) };
  if (token) headers.Authorization = "Bearer " + token;
  let answer = await fetched(path, { ...options, headers });
  for (let turns = 0; answer.status === 429 && turns < PATIENCE; turns++) {
    await new Promise((go) => setTimeout(go, 1000 * Number(answer.headers.get("Retry-After") || 1)));
    answer = await fetched(path, { ...options, headers });
  }
  if (answer.status === 401) throw new Locked("locked");
  if (!answer.ok) {
    const body = await answer.json().catch(() => ({}));
    throw new Error(body.message || answer.statusText);
  }
  return answer;
}

export const read = async (path) => (await ask(path)).json();

export async function question(path, body, signal) {
  const answer = await ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal });
  return answer.text();
}
