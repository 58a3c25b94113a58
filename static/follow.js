// Follows what changes while a page is open: the server says that something
// changed, and the page reads the part anew. Where no stream gets through it
// asks every quarter of a minute. A page that nobody looks at follows nothing.
(() => {
  "use strict";

  const every = 15000; // between two questions
  const patience = 5000; // for a stream to open

  for (const box of document.querySelectorAll("[data-follow]")) {
    let stream = null, timer = 0, waiting = 0, failures = 0, busy = false, again = false, lost = false, over = false;

    const refresh = async () => {
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      try {
        const answer = await fetch(box.dataset.fresh, {headers: {"HX-Request": "true", "X-Follow": "1"}});
        if (answer.status === 401 || answer.status === 404) {
          over = true;
          stop();
        } else if (answer.ok && !answer.redirected) {
          const before = box.dataset.said;
          await htmx.swap({sourceElement: box, target: box, text: await answer.text(), swap: "outerMorph"});
          const here = document.querySelector("[data-said-here]");
          if (here && box.dataset.said !== before) here.textContent = box.dataset.said;
        }
      } catch { /* out of reach: the next time */ }
      busy = false;
      if (again) {
        again = false;
        refresh();
      }
    };

    const drop = () => {
      clearTimeout(waiting);
      stream?.close();
      stream = null;
    };

    const stop = () => {
      drop();
      clearInterval(timer);
      timer = 0;
    };

    // while there is no stream; each time a new one is tried, too
    const ask = () => {
      timer ||= setInterval(() => {
        refresh();
        if (!stream) listen();
      }, every);
    };

    const listen = () => {
      if (!("EventSource" in window)) {
        ask();
        return;
      }
      stream = new EventSource(box.dataset.follow);
      waiting = setTimeout(ask, patience); // something in between may keep it back
      stream.addEventListener("changed", refresh);
      stream.onopen = () => {
        clearTimeout(waiting);
        clearInterval(timer);
        timer = failures = 0;
        if (lost) refresh();
        lost = false;
      };
      stream.onerror = () => {
        lost = true;
        failures++;
        if (failures < 2 && stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
        drop();
        ask();
      };
    };

    const look = () => {
      if (over) return;
      if (document.hidden) {
        lost = true;
        stop();
      } else if (!stream && !timer) {
        if (lost) refresh();
        lost = false;
        listen();
      }
    };

    document.addEventListener("visibilitychange", look);
    addEventListener("pagehide", stop);
    look();
  }
})();
