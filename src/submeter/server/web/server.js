// Asking the server: a dashboard, a panel and values go out, rows come back.

export class Locked extends Error {}

export async function ask(path, options = {}) {
  const token = sessionStorage.getItem("token");
  const headers = { ...(options.headers || {}) };
  if (token) headers.Authorization = "Bearer " + token;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer: is submeter up still running?", { cause: error });
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
