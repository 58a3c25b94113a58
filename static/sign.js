// A name drawn by hand. Each canvas with data-signature="field" becomes a pad
// (signature_pad) whose strokes are kept in the form's hidden field of that name,
// in vectors. Without this file the pad stays hidden and the typed name signs.
"use strict";

(() => {
  // The server takes more of each than is ever sent.
  const mostPoints = 6000, mostStrokes = 1500;

  const tenths = (n) => Math.round(n * 10);

  // thin leaves out points that lie close to the last one that stays.
  const thin = (strokes) => {
    for (let gap = 1; strokes.reduce((n, s) => n + s.length, 0) > mostPoints; gap *= 1.5) {
      strokes = strokes.map((s) => {
        let last = null;
        return s.filter((p, i) => {
          const stays = !last || i === s.length - 1 || Math.hypot(p.x - last.x, p.y - last.y) >= gap;
          if (stays) last = p;
          return stays;
        });
      });
      if (gap > 1000) break;
    }
    return strokes.length > mostStrokes ? strokes.filter((s) => s.length > 1).slice(0, mostStrokes) : strokes;
  };

  const begin = (canvas) => {
    const box = canvas.closest("[data-pad]");
    const field = canvas.closest("form").elements[canvas.dataset.signature];
    const status = box.querySelector("[role=status]");
    if (!field || box.dataset.begun) return;
    box.dataset.begun = "1";
    box.hidden = false;
    const pad = new SignaturePad(canvas, {minDistance: 3});
    canvas.removeAttribute("style"); // the style sheet says the same
    let width = 0, height = 0; // of the pad as the strokes are measured

    const ink = () => getComputedStyle(canvas).color;

    // inside cuts a stroke where it left the pad: nothing was seen there.
    const inside = (stroke) => {
      const pieces = [[]];
      for (const p of stroke) {
        if (p.x >= 0 && p.y >= 0 && p.x <= width && p.y <= height) pieces.at(-1).push(p);
        else if (pieces.at(-1).length) pieces.push([]);
      }
      return pieces.filter((s) => s.length);
    };

    const keep = () => {
      const strokes = thin(pad.toData().flatMap((g) => inside(g.points)));
      const first = strokes[0]?.[0].time ?? 0;
      field.value = strokes.length ? JSON.stringify({
        width: tenths(width), height: tenths(height),
        strokes: strokes.map((s) => s.flatMap((p) => [tenths(p.x), tenths(p.y), Math.max(0, Math.round(p.time - first))])),
      }) : "";
      field.dispatchEvent(new Event("input", {bubbles: true}));
    };

    // show draws the strokes anew, in the ink and the size of the moment.
    const show = (groups) => {
      pad.penColor = ink();
      pad.minWidth = width * 0.0014;
      pad.maxWidth = width * 0.0042;
      const one = (g) => ({penColor: pad.penColor, dotSize: 0, minWidth: pad.minWidth, maxWidth: pad.maxWidth,
        velocityFilterWeight: pad.velocityFilterWeight, compositeOperation: "source-over", points: g.points});
      pad.fromData(groups.map(one));
    };

    // kept is what the hidden field holds, as the pad's own data.
    const kept = () => {
      if (!field.value) return [];
      try {
        const d = JSON.parse(field.value), by = width / d.width;
        return d.strokes.map((s) => {
          const points = [];
          for (let i = 0; i + 2 < s.length; i += 3) points.push({x: s[i] * by, y: s[i + 1] * by, time: s[i + 2], pressure: 0.5});
          return {points};
        });
      } catch {
        field.value = "";
        return [];
      }
    };

    const fit = () => {
      const now = canvas.getBoundingClientRect();
      const ratio = Math.max(devicePixelRatio || 1, 1);
      const w = Math.round(now.width * ratio), h = Math.round(now.height * ratio);
      if (!w || !h || (canvas.width === w && canvas.height === h && width)) return;
      const by = width ? now.width / width : 0;
      const groups = by ? pad.toData().map((g) => ({points: g.points.map((p) => ({...p, x: p.x * by, y: p.y * by}))})) : null;
      width = now.width;
      height = now.height;
      canvas.width = w;
      canvas.height = h;
      canvas.getContext("2d").scale(w / width, h / height);
      show(groups || kept());
      if (groups) keep();
    };

    new ResizeObserver(fit).observe(canvas);
    fit();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(pad.toData()));
    pad.addEventListener("endStroke", () => {
      keep();
      if (status.textContent) status.textContent = "";
    });
    box.querySelector("[data-clear]").addEventListener("click", () => {
      pad.clear();
      keep();
      status.textContent = "The drawing is cleared.";
    });
  };

  const all = () => document.querySelectorAll("canvas[data-signature]").forEach(begin);
  document.addEventListener("htmx:after:settle", all);
  all();
})();
