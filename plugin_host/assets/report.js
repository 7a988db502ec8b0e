// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

// Tables: a click on a heading sorts by that column, a second one the other way. Cells without a
// key stay at the end.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const other = first === "descending" ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const key = (row) => row.cells[column].dataset.key;
    const numbers = head.classList.contains("number");
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
      return sign * (numbers ? Number(x) - Number(y) : x.localeCompare(y));
    });
    table.tBodies[0].append(...rows);
  }));
}

// Players: the versions share one place in time; choosing another one goes on where the last was.
let playing = null;

for (const box of document.querySelectorAll(".sounds")) {
  const player = box.querySelector(".player");
  if (!player) continue;
  const [play, place, clock, blind, reveal] =
    ["play", "place", "clock", "blind", "reveal"].map((name) => player.querySelector("." + name));
  const group = player.querySelector(".versions");
  const versions = [...group.querySelectorAll(".version")].map((button) => ({
    button, audio: button.nextElementSibling, html: button.innerHTML,
  }));
  let chosen = null;

  const show = () => {
    const { currentTime, duration, paused } = chosen.audio;
    play.textContent = paused ? "Play" : "Pause";
    clock.textContent = currentTime.toFixed(1) + " s";
    if (duration) place.value = Math.round(1000 * currentTime / duration);
  };
  const choose = (version) => {
    const before = chosen;
    if (before === version) return;
    chosen = version;
    for (const each of versions) each.button.setAttribute("aria-pressed", String(each === version));
    if (before) {
      const running = !before.audio.paused;
      before.audio.pause();
      version.audio.currentTime = before.audio.currentTime;
      if (running) start();
    }
    show();
  };
  const start = () => {
    if (playing && playing !== chosen.audio) playing.pause();
    playing = chosen.audio;
    chosen.audio.play().catch(() => { clock.textContent = "can't play"; });
  };
  const name = () => {
    const hidden = box.classList.contains("blinded");
    [...group.querySelectorAll(".version")].forEach((button, number) => {
      const version = versions.find((each) => each.button === button);
      button.innerHTML = hidden ? "<b>" + (number + 1) + "</b>" : version.html;
    });
    blind.setAttribute("aria-pressed", String(hidden));
    reveal.hidden = !hidden;
  };

  for (const version of versions) {
    version.button.addEventListener("click", () => choose(version));
    for (const event of ["timeupdate", "play", "pause", "ended"]) {
      version.audio.addEventListener(event, () => { if (chosen === version) show(); });
    }
  }
  play.addEventListener("click", () => { if (chosen.audio.paused) start(); else chosen.audio.pause(); });
  place.addEventListener("input", () => {
    if (chosen.audio.duration) chosen.audio.currentTime = place.value / 1000 * chosen.audio.duration;
  });
  // Blind: another order each time, numbers for names, no pictures that would give them away.
  blind.addEventListener("click", () => {
    const mixed = versions.map((version) => [Math.random(), version]).sort((a, b) => a[0] - b[0]);
    for (const [, { button, audio }] of mixed) group.append(button, audio);
    box.classList.add("blinded");
    name();
    choose(mixed[0][1]);
  });
  reveal.addEventListener("click", () => { box.classList.remove("blinded"); name(); });
  choose(versions[0]);
}
