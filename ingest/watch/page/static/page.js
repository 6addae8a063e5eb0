"use strict";
// Keeps the page as the server has it. Without this script everything is there too, as of its load.

document.documentElement.classList.add("js");
const link = document.getElementById("link");
let stream = null;

function say(state, text) {
  link.dataset.state = state;
  link.textContent = text;
}

// Bring an element to the form of another one, keeping what is the same: focus and scrolling stay.
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id || "") !== (fresh.id || "")) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const same = next.id && known.get(next.id);
    if (same) {
      if (same !== at) old.insertBefore(same, at);
      else at = at.nextSibling;
      morph(same, next);
    } else if (at && !(at.id && known.has(at.id))) {
      const current = at;
      at = at.nextSibling;
      morph(current, next);
    } else {
      old.insertBefore(next, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function parsed(tag, html) {
  const inTable = { TR: ["<table><tbody>", "</tbody></table>", "tbody"], TBODY: ["<table><tbody>", "</tbody></table>", "tbody"] };
  const [before, after, selector] = inTable[tag] || ["<div id=whole>", "</div>", "#whole"];
  const page = new DOMParser().parseFromString(before + html + after, "text/html");
  return page.querySelector(selector);
}

function take(parts) {
  for (const [id, html] of Object.entries(parts)) {
    const old = document.getElementById(id);
    if (!old) continue;
    const fresh = parsed(old.nodeName, html);
    if (id.startsWith("row-")) morph(old, fresh.querySelector("tr"));
    else morphChildren(old, fresh);
  }
}

function listen() {
  if (stream) stream.close();
  const query = new URLSearchParams(location.search);
  query.set("path", decodeURIComponent(location.pathname));
  stream = new EventSource("/live?" + query);
  stream.onopen = () => say("live", "live");
  stream.onerror = () => say("lost", "not connected");
  stream.onmessage = (message) => take(JSON.parse(message.data));
}

// A hidden page holds no connection: a browser has six of them for one server.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && stream) {
    stream.close();
    stream = null;
    say("waiting", "paused");
  } else if (!document.hidden && !stream) {
    listen();
  }
});

// Filters show what fits while one types; the address names it.
let visits = 0;
async function visit(url) {
  const visit = ++visits;
  const answer = await fetch(url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (visit !== visits) return;
  history.replaceState(null, "", url);
  for (const part of page.querySelectorAll("[id^=live_]")) {
    const old = document.getElementById(part.id);
    if (old) morphChildren(old, part);
  }
  listen();
}

const filters = document.getElementById("filters");
if (filters) {
  let due = 0;
  const address = () => {
    const fields = [...new FormData(filters)].filter(([, value]) => value);
    const query = new URLSearchParams(fields).toString();
    return query ? "/?" + query : "/";
  };
  filters.addEventListener("input", () => {
    clearTimeout(due);
    due = setTimeout(() => visit(address()), 200);
  });
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    visit(address());
  });
}

// A line of a list leads where its first link leads.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button") && !String(getSelection())) location.href = row.dataset.href;
});

let before = "";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("input, select, textarea");
  if (field) {
    if (event.key === "Escape") field.blur();
    return;
  }
  const search = document.getElementById("q");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (before === "g" && event.key === "r") {
    location.href = "/";
  } else if (before === "g" && event.key === "j") {
    location.href = "/jobs";
  } else if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll("tr[data-href] .c-job a")];
    const here = rows.indexOf(document.activeElement);
    const next = rows[here + (event.key === "j" ? 1 : -1)] || rows[here] || rows[0];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  }
  before = event.key;
});

// The time of a run that is not over passes between two messages too.
function told(seconds) {
  if (seconds < 10) return seconds.toFixed(1) + " s";
  const whole = Math.round(seconds);
  for (const [large, small, length, rest] of [["d", "h", 86400, 3600], ["h", "m", 3600, 60]]) {
    if (whole >= length) return `${Math.floor(whole / length)} ${large} ${Math.floor((whole % length) / rest)} ${small}`;
  }
  return whole >= 60 ? `${Math.floor(whole / 60)} m ${whole % 60} s` : `${whole} s`;
}
setInterval(() => {
  if (link.dataset.state !== "live") return;
  for (const each of document.querySelectorAll(".ticking")) {
    const key = each.dataset.seconds;
    if (each.dataset.from !== key) {
      each.dataset.from = key;
      each.since = performance.now();
    }
    each.textContent = told(Number(key) + (performance.now() - each.since) / 1000);
  }
}, 500);

for (const figure of document.querySelectorAll(".plots figure")) figure.scrollLeft = figure.scrollWidth;
listen();
