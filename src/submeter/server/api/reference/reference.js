"use strict";
// Shows openapi.json: every path with its parameters and answer, and a button that asks. Texts are written as text.

const $ = (id) => document.getElementById(id);

const EXAMPLES = {
  purge: '{"user": "", "dry_run": true}',
  limit: '{"per": "user", "measure": "cost_usd", "limit": 5, "every": "day"}',
};

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function kind(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.map(kind).join(" | ");
  if (schema.type === "array") return kind(schema.items) + "[]";
  return schema.format || schema.type || "";
}

function table(heads, rows) {
  const made = element("table"), head = element("tr");
  head.append(...heads.map((title) => element("th", title)));
  made.append(head, ...rows.map((cells) => {
    const row = element("tr");
    row.append(...cells.map((cell) => {
      const place = element("td");
      place.append(cell);
      return place;
    }));
    return row;
  }));
  return made;
}

function shapeOf(description, content) {
  const schema = Object.values(content)[0].schema;
  if (!schema.$ref) return element("p", Object.keys(content).join(", "), "muted");
  const model = description.components.schemas[kind(schema)];
  const fields = Object.entries(model.properties || {}).map(([name, field]) => [element("code", name), kind(field)]);
  const part = element("div");
  part.append(element("p", model.description || ""), table(["field", "type"], fields));
  return part;
}

async function ask(method, path, inputs, bodyInput, output) {
  const query = new URLSearchParams();
  let filled = path;
  for (const [parameter, input] of inputs) {
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(parameter.name, input.value);
  }
  const address = "/api/v1" + filled + (query.size ? "?" + query : "");
  const token = $("token").value;
  output.textContent = `${method.toUpperCase()} ${address}\n\n…`;
  const options = { method, headers: token ? { Authorization: "Bearer " + token } : {} };
  if (bodyInput) options.body = bodyInput.value;
  try {
    const answer = await fetch(address, options), text = await answer.text();
    let shown = text.slice(0, 100000);
    try { shown = JSON.stringify(JSON.parse(text), null, 2).slice(0, 100000); } catch { /* not JSON: as it is */ }
    output.textContent = `${method.toUpperCase()} ${address}\n${answer.status} ${answer.statusText}\n\n${shown}`;
  } catch (error) {
    output.textContent = `${method.toUpperCase()} ${address}\n\n${error}`;
  }
}

function drawn(description, path, method, operation) {
  const made = element("details"), head = element("summary"), body = element("div", undefined, "body");
  made.id = operation.operationId;
  head.append(element("span", method.toUpperCase(), "method"), element("code", path), element("span", operation.summary, "muted"));
  const inputs = operation.parameters.map((parameter) => {
    const input = element("input");
    if (parameter.schema.default !== undefined) input.placeholder = String(parameter.schema.default);
    return [parameter, input];
  });
  body.append(table(["parameter", "type", "", ""], inputs.map(([parameter, input]) => [
    element("code", parameter.name + (parameter.required ? " *" : "")), kind(parameter.schema), parameter.description, input,
  ])));
  let bodyInput = null;
  if (operation.requestBody) {
    bodyInput = element("textarea");
    bodyInput.value = EXAMPLES[operation.operationId] || "{}";
    body.append(shapeOf(description, operation.requestBody.content), bodyInput);
  }
  const output = element("pre");
  if (operation.operationId !== "live") {
    const button = element("button", "Ask");
    button.addEventListener("click", () => ask(method, path, inputs, bodyInput, output));
    body.append(button, output);
  }
  const answer = operation.responses[200];
  if (answer) body.append(element("h4", "Answer"), shapeOf(description, answer.content));
  made.append(head, body);
  return made;
}

async function start() {
  const description = await (await fetch("/api/v1/openapi.json")).json();
  $("about").textContent = description.info.description;
  $("paths").replaceChildren(...Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => drawn(description, path, method, operation))));
  if (location.hash) document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
}

start().catch((error) => { $("paths").textContent = `The description cannot be read: ${error}`; });
