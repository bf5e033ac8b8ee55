/* The waveform under a player, and the moving watermark over it. */
"use strict";

(function () {
  const canvas = document.querySelector("canvas.wave");
  if (canvas) {
    fetch(canvas.getAttribute("data-peaks"), { credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        return answer.ok ? answer.json() : null;
      })
      .then(function (wave) {
        if (wave) {
          draw(canvas, wave);
        }
      });
  }

  function draw(target, wave) {
    const peaks = Array.isArray(wave) ? wave : wave.peaks || wave.data || [];
    const width = (target.width = target.clientWidth * (window.devicePixelRatio || 1));
    const height = (target.height = target.clientHeight * (window.devicePixelRatio || 1));
    const pen = target.getContext("2d");
    const most = peaks.reduce(function (high, peak) {
      return Math.max(high, Math.abs(peak));
    }, 1e-9);
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--blue");
    for (let x = 0; x < width; x += 2) {
      const peak = Math.abs(peaks[Math.floor((x / width) * peaks.length)] || 0) / most;
      const tall = Math.max(1, peak * height * 0.92);
      pen.fillRect(x, (height - tall) / 2, 1.4, tall);
    }
  }

  const water = document.querySelector(".player .water");
  if (water) {
    const places = ["flex-start", "center", "flex-end"];
    let step = 0;
    window.setInterval(function () {
      step += 1;
      water.style.alignItems = places[step % 3];
      water.style.justifyContent = places[(step * 2 + 1) % 3];
    }, 7000);
  }
})();
