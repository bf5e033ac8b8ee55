/* Under an open ticket: the waveform, places to jump to, and the end of the ticket. ES2019. */
"use strict";

(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const COLUMNS = 500;
  const HEIGHT = 64;
  const STEP = 5;
  const playing = document.getElementById("playing");
  const player = document.querySelector("[data-seconds-left]");

  /* The server ends a delivery by itself; this takes away the picture that is still on the screen. */
  window.setTimeout(function () {
    window.location.reload();
  }, Math.min(Number(player.dataset.secondsLeft) * 1000 + 500, 2147483647));

  /* The error may have come before this script: what has no width by then is broken as well. */
  const shown = playing || document.querySelector("img.picture");
  function tellUnplayed() {
    document.getElementById("unplayed").hidden = false;
  }
  if (shown) {
    shown.addEventListener("error", tellUnplayed);
    if (shown.error || (shown.complete && shown.naturalWidth === 0)) {
      tellUnplayed();
    }
  }

  document.querySelectorAll("[data-seeks]").forEach(function (strip) {
    strip.addEventListener("click", function (event) {
      const box = strip.getBoundingClientRect();
      if (playing && Number.isFinite(playing.duration)) {
        playing.currentTime = (playing.duration * (event.clientX - box.left)) / box.width;
      }
    });
    if (playing) {
      makeSlider(strip);
    }
  });

  function makeSlider(strip) {
    strip.setAttribute("role", "slider");
    strip.setAttribute("tabindex", "0");
    strip.setAttribute("aria-valuemin", "0");
    ["loadedmetadata", "timeupdate", "seeked"].forEach(function (name) {
      playing.addEventListener(name, function () {
        tellPlace(strip);
      });
    });
    tellPlace(strip);
    strip.addEventListener("keydown", function (event) {
      const to = target(event.key);
      if (to !== null && Number.isFinite(playing.duration) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        playing.currentTime = Math.min(Math.max(to, 0), playing.duration);
      }
    });
  }

  /* Where a key leads to, in seconds; null where the key leads nowhere. */
  function target(pressed) {
    const now = playing.currentTime;
    const places = {
      ArrowLeft: now - STEP,
      ArrowDown: now - STEP,
      ArrowRight: now + STEP,
      ArrowUp: now + STEP,
      PageDown: now - playing.duration / 10,
      PageUp: now + playing.duration / 10,
      Home: 0,
      End: playing.duration,
    };
    return Object.prototype.hasOwnProperty.call(places, pressed) ? places[pressed] : null;
  }

  function tellPlace(strip) {
    const seconds = Math.floor(playing.currentTime);
    const all = Number.isFinite(playing.duration) ? Math.ceil(playing.duration) : 0;
    strip.setAttribute("aria-valuemax", String(all));
    strip.setAttribute("aria-valuenow", String(Math.min(seconds, all)));
    strip.setAttribute("aria-valuetext", Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0"));
  }

  const wave = document.querySelector("[data-peaks]");
  if (wave) {
    fetch(wave.dataset.peaks, { credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        return answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)));
      })
      .then(function (found) {
        draw(found.peaks[0], found.peaks[1]);
      })
      .catch(function () {
        wave.remove();
      });
  }

  function draw(highest, lowest) {
    const columns = Math.min(COLUMNS, highest.length);
    const loudest = Math.max(0.05, highest.reduce(larger, 0), -lowest.reduce(smaller, 0));
    let path = "";
    for (let column = 0; column < columns; column += 1) {
      const from = Math.floor((column * highest.length) / columns);
      const to = Math.max(from + 1, Math.floor(((column + 1) * highest.length) / columns));
      const top = highest.slice(from, to).reduce(larger, 0) / loudest;
      const bottom = lowest.slice(from, to).reduce(smaller, 0) / loudest;
      const x = ((column + 0.5) * 1000) / columns;
      const middle = HEIGHT / 2;
      path += "M" + x + " " + (middle - top * (middle - 2) - 0.5) + "V" + (middle - bottom * (middle - 2) + 0.5);
    }
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    wave.appendChild(line);
    if (playing) {
      followPlayback();
    }
  }

  function followPlayback() {
    const now = document.createElementNS(SVG, "path");
    now.setAttribute("class", "now");
    wave.appendChild(now);
    playing.addEventListener("timeupdate", function () {
      const x = Number.isFinite(playing.duration) ? (1000 * playing.currentTime) / playing.duration : 0;
      now.setAttribute("d", "M" + x + " 0V" + HEIGHT);
    });
  }

  function larger(one, other) {
    return Math.max(one, other);
  }

  function smaller(one, other) {
    return Math.min(one, other);
  }
})();
