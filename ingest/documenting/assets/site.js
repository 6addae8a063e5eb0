"use strict";
(() => {
  const search = document.getElementById("search");
  const results = document.getElementById("results");
  const entries = (window.INGEST_SEARCH || []).map((entry) => ({
    ...entry,
    all: `${entry.title} ${entry.text}`.toLowerCase(),
  }));
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = words.length ? entries.filter((e) => words.every((w) => e.all.includes(w))) : [];
    results.replaceChildren(...hits.slice(0, 30).map((hit) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = search.dataset.up + hit.link;
      link.textContent = hit.title;
      const text = document.createElement("small");
      text.textContent = ` ${hit.text.slice(0, 160)}`;
      item.append(link, text);
      return item;
    }));
    if (words.length && !hits.length) results.textContent = "Nothing found";
    results.hidden = !words.length;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  const rows = [...document.querySelectorAll("[data-from]")];
  const goes = (element) => element.dataset.from === undefined
    ? rows.filter((row) => row.dataset.from.split(" ").includes(element.id))
    : element.dataset.from.split(" ").map((id) => document.getElementById(id)).filter(Boolean);
  for (const element of [...rows, ...document.querySelectorAll(".read li")]) {
    const mark = (on) => () => {
      for (const each of [element, ...goes(element)]) each.classList.toggle("on", on);
    };
    for (const name of ["mouseenter", "focus"]) element.addEventListener(name, mark(true));
    for (const name of ["mouseleave", "blur"]) element.addEventListener(name, mark(false));
  }
})();
