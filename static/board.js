// The board of work orders and the page of one: moving by dragging and by keys,
// and following what others change. Without script both work by links and forms.
(() => {
  "use strict";

  document.documentElement.classList.add("scripted");
  const board = document.getElementById("board");
  const place = board || document.getElementById("live");
  if (!place) return;

  const said = document.getElementById("board-said");
  const say = (words) => { if (said) said.textContent = words; };
  const dialog = () => document.querySelector("#move-place dialog[open]");

  // ---- following

  let drag = null; // the card that is carried
  let stale = false;
  let moved = ""; // the number of the work order whose card gets the focus

  // busy says that a person is in the middle of something that a new page would
  // disturb: it follows when that is done.
  const busy = () => !!drag || !!dialog() || document.hidden || !!document.querySelector(".htmx-request");

  let reading = false; // one at a time: an older answer must not come after a newer one

  const refresh = async () => {
    if (busy() || reading) {
      stale = true;
      return;
    }
    stale = false;
    reading = true;
    await read();
    reading = false;
    catchUp();
  };

  const read = async () => {
    const mover = moved; // told before this reading, which therefore has it
    const address = board ? location.pathname + location.search : place.dataset.live;
    try {
      // asked for by the page: it does not show that somebody is there
      const answer = await fetch(address, {headers: {"HX-Request": "true", "X-Follow": "1"}});
      const text = await answer.text();
      if (answer.status === 401 || answer.status === 404) stop();
      if (!answer.ok || answer.redirected) return;
      if (busy()) {
        stale = true;
        return;
      }
      const shown = document.getElementById("work-history")?.open;
      await htmx.swap({sourceElement: place, target: place, text, swap: "innerMorph"});
      if (shown) document.getElementById("work-history").open = true;
    } catch {
      return; // out of reach: the next time
    }
    const card = mover && document.getElementById("open-" + mover);
    if (card) {
      card.focus();
      card.closest(".work-card").classList.add("moved");
    }
    if (moved === mover) moved = "";
  };
  const catchUp = () => { if (stale) refresh(); };

  // the stream says only that something changed; while there is none, the page
  // asks now and then
  const every = 20000;
  let stream = null;
  let asking = 0;
  let lost = false;
  const stop = () => {
    stream?.close();
    stream = null;
    clearInterval(asking);
    asking = 0;
  };
  const ask = () => {
    asking ||= setInterval(() => {
      refresh();
      if (!stream || stream.readyState === EventSource.CLOSED) listen();
    }, every);
  };
  const listen = () => {
    if (!("EventSource" in window)) {
      ask();
      return;
    }
    stream = new EventSource(place.dataset.events);
    stream.addEventListener("changed", refresh);
    stream.addEventListener("open", () => {
      clearInterval(asking);
      asking = 0;
      if (lost) refresh(); // what happened while it was away
      lost = false;
    });
    stream.addEventListener("error", () => {
      lost = true;
      ask();
    });
  };
  const look = () => {
    if (document.hidden) {
      lost = true;
      stop();
    } else if (!stream && !asking) listen();
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", stop);
  document.addEventListener("close", () => setTimeout(catchUp, 0), true);
  document.addEventListener("htmx:finally:request", () => setTimeout(catchUp, 0));
  look();

  document.addEventListener("click", (e) => {
    if (e.target instanceof Element && e.target.closest("[data-refresh]")) {
      e.preventDefault();
      refresh().then(() => say("Up to date."));
    }
  });

  // ---- what a move came to

  document.addEventListener("htmx:after:settle", () => {
    const done = document.querySelector("#move-place [data-moved]");
    if (!done) return;
    const words = done.dataset.said;
    moved = done.dataset.moved;
    document.querySelector("#move-place dialog")?.close();
    document.getElementById("move-place").replaceChildren();
    refresh().then(() => say(words));
  });

  if (!board) return;

  // ---- the keys: arrows go from card to card

  const cardsOf = (column) => [...column.querySelectorAll(".work-number")].filter((a) => a.checkVisibility());
  board.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || !(e.target instanceof Element) || !e.target.matches(".work-number, .work-move")) return;
    const step = {ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0]}[e.key];
    if (!step) return;
    e.preventDefault();
    const column = e.target.closest(".board-column");
    const at = cardsOf(column).indexOf(e.target.closest(".work-card").querySelector(".work-number"));
    if (step[1]) {
      cardsOf(column)[at + step[1]]?.focus();
      return;
    }
    const columns = [...board.querySelectorAll(".board-column")].filter((c) => cardsOf(c).length);
    const next = columns[columns.indexOf(column) + step[0]];
    if (next) cardsOf(next)[Math.min(at, cardsOf(next).length - 1)].focus();
  });

  // ---- the mouse: a card is carried to a column

  const list = (s) => (s || "").split(" ").filter(Boolean);

  const begin = () => {
    const allowed = list(drag.card.dataset.moves);
    drag.on = true;
    drag.card.classList.add("lifted");
    board.classList.add("dragging");
    for (const c of board.querySelectorAll(".board-column")) c.classList.toggle("closed-to", c !== drag.from && !allowed.includes(c.dataset.state));
  };

  const end = () => {
    if (!drag) return;
    drag.card.classList.remove("lifted");
    drag.shift?.cancel();
    board.classList.remove("dragging");
    for (const c of board.querySelectorAll(".board-column")) c.classList.remove("over", "closed-to");
    const was = drag;
    drag = null;
    if (was.on) addEventListener("click", (e) => { e.preventDefault(); e.stopPropagation(); }, {capture: true, once: true, signal: AbortSignal.timeout(50)});
    catchUp();
  };

  board.addEventListener("pointerdown", (e) => {
    const card = e.target.closest(".work-card");
    if (e.pointerType !== "mouse" || e.button !== 0 || !card || !card.dataset.moves || e.target.closest(".work-move")) return;
    drag = {card, from: card.closest(".board-column"), x: e.clientX, y: e.clientY, on: false, over: null};
  });

  addEventListener("pointermove", (e) => {
    if (!drag) return;
    const [dx, dy] = [e.clientX - drag.x, e.clientY - drag.y];
    if (!drag.on && Math.hypot(dx, dy) < 6) return;
    if (!drag.on) begin();
    e.preventDefault();
    // an animation leaves no style behind in the page
    drag.shift?.cancel();
    drag.shift = drag.card.animate([{translate: dx + "px " + dy + "px"}, {translate: dx + "px " + dy + "px"}], {duration: 1, fill: "forwards"});
    const column = document.elementFromPoint(e.clientX, e.clientY)?.closest(".board-column");
    const open = column && column !== drag.from && !column.classList.contains("closed-to") ? column : null;
    if (open === drag.over) return;
    drag.over?.classList.remove("over");
    open?.classList.add("over");
    drag.over = open;
  });

  addEventListener("pointerup", () => {
    if (!drag) return;
    const {card, over, on} = drag;
    end();
    if (!on || !over) return;
    const to = over.dataset.state;
    const back = location.pathname + location.search;
    const target = {target: "#move-place", swap: "innerHTML"};
    if (list(card.dataset.direct).includes(to)) htmx.ajax("POST", card.dataset.href + "/move", {...target, values: {to, back, on: "board", drag: "yes", version: card.dataset.version}});
    else htmx.ajax("GET", card.dataset.href + "/move?" + new URLSearchParams({to, back}), target);
  });
  addEventListener("pointercancel", end);
  addEventListener("keydown", (e) => { if (e.key === "Escape") end(); });
})();
