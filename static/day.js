// The technician's day where there is no network. What is pressed is kept in the
// page and shown as done; it is sent in order as soon as there is a network, and
// the server takes each key once. A copy lies in the browser's own database until
// it is sent, for a phone that ends the page: nothing but what was pressed and
// typed, and a log-out clears it (Clear-Site-Data). Without this file every
// button is a plain form.
(() => {
  "use strict";

  const day = document.getElementById("day");
  if (!day) return;
  const me = day.dataset.me;
  const bar = document.getElementById("waiting");
  const on = (type, f, capture) => document.addEventListener(type, f, capture);
  const cards = () => [...day.querySelectorAll("[data-order]")];
  const cardOf = (number) => cards().find((c) => c.dataset.order === number);
  const clock = (at) => new Date(at).toLocaleTimeString("en-US", {hour: "numeric", minute: "2-digit", timeZone: day.dataset.zone || undefined});

  // what each step leads to, and its word
  const moves = {dispatch: "dispatched", arrive: "arrived", complete: "completed"};
  const words = {dispatched: "Dispatched", arrived: "Arrived", completed: "Completed"};
  const undoFor = 60000;

  // ---- the queue, oldest first, and its copy

  let queue = [];
  const database = new Promise((done) => {
    try {
      const asked = indexedDB.open("taps", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("taps", {keyPath: "key"});
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => done(null);
    } catch { done(null); } // a browser that keeps nothing: the page alone remembers
  });
  const keep = async (mode, f) => {
    const db = await database;
    return db && new Promise((done) => {
      try {
        const t = db.transaction("taps", mode);
        const asked = f(t.objectStore("taps"));
        t.oncomplete = () => done(asked.result);
        t.onerror = t.onabort = () => done(null);
      } catch { done(null); }
    });
  };

  // secret works on plain http as well, where crypto.randomUUID is missing
  const secret = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  let last = 0; // taps of the same millisecond keep their order
  const tap = (card, action, fields, say) => {
    last = Math.max(Date.now(), last + 1);
    const t = {key: secret(), me, number: card.dataset.order, path: card.dataset.taps, action, at: last, fields, say, refused: ""};
    queue.push(t);
    keep("readwrite", (s) => s.put(t));
    show(t.number);
    send();
  };
  const forget = (t) => {
    queue = queue.filter((q) => q !== t);
    return keep("readwrite", (s) => s.delete(t.key));
  };

  // ---- what is seen

  const item = (t) => {
    const li = document.createElement("li");
    if (!t.refused) {
      li.textContent = `${t.say}, ${clock(t.at)} - not sent yet`;
      return li;
    }
    li.className = "day-no";
    const why = document.createElement("p");
    why.setAttribute("role", "alert");
    // what was written is not lost: it can be read and copied
    const note = t.action === "note" && (t.fields.find(([name]) => name === "note") || [])[1];
    why.textContent = `${note ? "Note: " + note : t.say}, ${clock(t.at)} - was not accepted. ${t.refused}`;
    li.append(why);
    if (day.dataset.call) {
      const call = document.createElement("a");
      call.className = "button secondary";
      call.href = "tel:" + day.dataset.call;
      call.textContent = "Call the office";
      li.append(call, " ");
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary";
    button.textContent = "Take note, remove";
    button.onclick = () => { forget(t); show(t.number); card(t)?.querySelector("h3").focus(); };
    li.append(button);
    return li;
  };
  const card = (t) => cardOf(t.number);

  // show puts what waits on top of what the server said last
  const show = (number) => {
    const c = cardOf(number);
    if (c) {
      const mine = queue.filter((t) => t.number === number);
      const states = c.dataset.before ? [c.dataset.before, c.dataset.server] : [c.dataset.server];
      let move = null;
      for (const t of mine) if (!t.refused) {
        if (moves[t.action]) { states.push(moves[t.action]); move = t; }
        if (t.action === "undo") { if (states.length > 1) states.pop(); move = t; }
      }
      const old = document.activeElement;
      c.dataset.state = states.at(-1);
      c.toggleAttribute("data-unsent", late && mine.some((t) => !t.refused));
      c.querySelector("[data-queue]").replaceChildren(...mine.filter((t) => late || t.refused).map(item));
      if (move) undo(c, move.action === "undo" ? 0 : move.at + undoFor, move.action !== "undo" && words[moves[move.action]] + " " + clock(move.at), moves[move.action]);
      // who pressed by keyboard goes on at the next step
      if (c.contains(old) && !old.checkVisibility()) ([...c.querySelectorAll(".day-next .day-big")].find((b) => b.checkVisibility()) || c.querySelector("h3")).focus();
    }
    const n = queue.filter((t) => !t.refused).length;
    const taps = n === 1 ? "1 tap" : n + " taps";
    if (n && signedOut) {
      const a = document.createElement("a");
      a.href = "/login?next=" + encodeURIComponent(location.pathname + location.search);
      a.textContent = "Log in again";
      a.onclick = () => { leaving = true; }; // what waits is kept for this technician
      bar.replaceChildren("You are logged out. ", a, ` to send ${taps}.`);
    } else {
      const text = n && late ? `Waiting to be sent - ${taps}` : "";
      if (bar.textContent !== text) bar.textContent = text;
    }
  };
  const showAll = () => { for (const c of cards()) show(c.dataset.order); };

  // undo shows the bar that takes the last step back until its minute is over
  const timers = new WeakMap();
  const undo = (c, until, text, from) => {
    const form = c.querySelector(".day-undo");
    const left = until - Date.now();
    clearTimeout(timers.get(form));
    form.hidden = left <= 0;
    if (form.hidden) return;
    if (text) form.querySelector("[data-undo]").textContent = text;
    if (from) form.elements.from.value = from;
    timers.set(form, setTimeout(() => {
      if (form.contains(document.activeElement)) c.querySelector("h3").focus();
      form.hidden = true;
    }, left));
  };

  // arrived takes in a work order as the server has it now. What somebody is
  // typing into, or has not sent, stays as it is; saved is the part that he sent.
  const arrived = (fresh, saved) => {
    const c = cardOf(fresh.dataset.order);
    if (!c) return;
    for (const name of ["server", "before", "seen"]) c.dataset[name] = fresh.dataset[name];
    const busy = queue.some((t) => t.number === c.dataset.order && t.action === "work");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = c.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!old || old.isEqualNode(part) || old.querySelector("[data-typed]") || part.dataset.part === "work" && busy) continue;
      const held = old.contains(document.activeElement) && document.activeElement;
      if (held && held.localName !== "button" && part.dataset.part !== saved) continue;
      old.replaceWith(part);
      enhance(part);
      if (held) (document.getElementById(held.id) || part.querySelector("[type=submit]") || c.querySelector("h3")).focus({preventScroll: true});
    }
    const form = fresh.querySelector(".day-undo");
    undo(c, form.dataset.left ? Date.now() + form.dataset.left * 1000 : 0, form.querySelector("[data-undo]").textContent, form.elements.from.value);
  };

  // ---- sending

  let sending = false, late = false, signedOut = false, leaving = false, pause = 0, timer = 0;

  const post = async (t) => {
    const form = new FormData();
    for (const [name, value] of t.fields) form.append(name, value, ...(value instanceof Blob ? ["photo.jpg"] : []));
    form.set("key", t.key);
    form.set("action", t.action);
    // how long ago, not when: the phone's clock may be wrong
    form.set("ago", Math.max(0, Date.now() - t.at));
    const stop = new AbortController();
    const wait = setTimeout(() => stop.abort(), t.action === "photo" ? 120000 : 20000);
    try {
      const answer = await fetch(t.path, {method: "POST", body: form, headers: {"HX-Request": "true"}, signal: stop.signal});
      return {status: answer.status, body: new DOMParser().parseFromString(await answer.text(), "text/html")};
    } catch {
      return {status: 0}; // no network: the same key goes again
    } finally {
      clearTimeout(wait);
    }
  };

  const send = async () => {
    if (sending) return;
    sending = true;
    clearTimeout(timer);
    // what is sent at once is not worth a word
    const patience = setTimeout(() => { late = true; showAll(); }, 1500);
    for (let t; (t = queue.find((q) => !q.refused));) {
      const answer = navigator.onLine ? await post(t) : {status: 0};
      const fresh = answer.status && answer.body.querySelector("[data-order]");
      // what is taken shows the work order: an answer without it leads elsewhere, as
      // to a log-in that waits for its code
      signedOut = answer.status === 401 || answer.status > 0 && answer.status < 400 && !fresh;
      if (!answer.status || signedOut || answer.status === 429 || answer.status >= 500) {
        late = true;
        pause = Math.min(pause ? pause * 2 : 2000, 60000);
        timer = setTimeout(send, pause);
        break;
      }
      pause = 0;
      const no = answer.status >= 400 && (answer.body.querySelector("[data-refused]") || answer.body.querySelector("p"));
      if (answer.status >= 400) {
        t.refused = (no && no.textContent) || "The portal did not take it.";
        await keep("readwrite", (s) => s.put(t));
      } else {
        await forget(t);
      }
      if (fresh) arrived(fresh, answer.status < 400 && t.action);
      if (!queue.some((q) => !q.refused)) late = false;
      show(t.number);
    }
    clearTimeout(patience);
    sending = false;
    showAll();
    refresh();
  };
  const soon = () => { pause = 0; if (queue.length) send(); };

  addEventListener("online", soon);
  on("visibilitychange", () => { if (!document.hidden) soon(); });
  addEventListener("pageshow", soon);

  // refresh takes in the day as the office changed it, once nothing is typed or
  // waits any more. Work orders that were there stay the elements that they are.
  let stale = false;
  const refresh = async () => {
    if (!stale || queue.length || document.querySelector("dialog:modal, [data-typed]")) return;
    stale = false;
    try {
      const answer = await fetch(day.dataset.refresh, {headers: {"HX-Request": "true", "X-Follow": "1"}});
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("day-list");
      stale = stale || queue.length > 0;
      if (!fresh || stale) return;
      const ids = (root) => [...root.querySelectorAll("[data-section], [data-order]")].map((e) => e.id || e.dataset.section).join();
      const same = ids(fresh) === ids(day), focus = document.activeElement;
      for (const c of fresh.querySelectorAll("[data-order]")) {
        const old = cardOf(c.dataset.order);
        if (old) {
          arrived(c);
          if (!same) c.replaceWith(old);
        } else {
          enhance(c);
        }
      }
      if (!same) {
        document.getElementById("day-list").replaceWith(fresh);
        if (focus && focus.isConnected) focus.focus({preventScroll: true});
        // sign.js makes the pads of what has come
        document.dispatchEvent(new CustomEvent("htmx:after:settle", {detail: {}}));
      }
      showAll();
    } catch { /* no network: the page stays as it is */ }
  };

  // the office's changes arrive while the page is looked at and there is a network
  let stream = null;
  const listen = () => {
    const wanted = day.dataset.follow && "EventSource" in window && navigator.onLine && !document.hidden;
    if (wanted && !stream) {
      stream = new EventSource(day.dataset.follow);
      stream.addEventListener("changed", () => { stale = true; refresh(); });
    } else if (!wanted && stream) {
      stream.close();
      stream = null;
    }
  };
  for (const type of ["online", "offline", "pageshow"]) addEventListener(type, listen);
  addEventListener("pagehide", () => { if (stream) stream.close(); stream = null; });
  on("visibilitychange", listen);
  on("close", () => setTimeout(refresh, 0), true);

  // ---- what is pressed

  const first = (text) => text.length > 80 ? text.slice(0, 80) + "..." : text;
  const pressed = new WeakMap(); // when a card was stepped on last

  on("submit", async (e) => {
    const form = e.target.closest("form[data-tap]");
    if (form) {
      e.preventDefault();
      const c = form.closest("[data-order]"), action = form.dataset.tap;
      // the next step appears where this one was: a second knock of the same
      // finger is not meant for it
      if (moves[action] && Date.now() - (pressed.get(c) || 0) < 1200) return;
      if (moves[action]) pressed.set(c, Date.now());
      if (action === "work" && !check(form)) return;
      let fields = [...new FormData(form)].filter(([name, v]) => !(v instanceof File));
      fields = fields.map(([name, v]) => [name, name === "seen" ? c.dataset.seen : v]);
      let say = words[moves[action]];
      if (action === "undo") { say = "Undo"; form.hidden = true; }
      if (action === "note") say = "Note: " + first(form.elements.note.value);
      if (action === "work") say = "Parts and labour";
      if (action === "photo") {
        const file = form.elements.photo.files[0];
        if (!file) return;
        say = "Photo";
        form.reset();
        fields.push(["photo", await smaller(file)]);
      }
      if (action === "complete") form.closest("dialog").close();
      if (action === "note") form.reset();
      clean(form);
      tap(c, action, fields, say);
      return;
    }
    // logging out clears what the browser keeps, and with it what was not sent
    if (e.target.getAttribute("action") === "/logout" && queue.length && !confirm("What you pressed without a network is not sent yet. Logging out throws it away. Log out?")) {
      e.preventDefault();
      e.stopImmediatePropagation();
    }
  }, true);

  // smaller scales a photo down before it goes over a bad network; what the
  // browser cannot read goes as it is
  const smaller = async (file) => {
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, 2000 / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => canvas.toBlob((b) => done(b || file), "image/jpeg", 0.85));
    } catch { return file; }
  };

  // ---- parts and labour

  // rows are the lines of a form that something was typed into: a blank one of
  // labour has the price of an hour already
  const rows = (form) => [...form.querySelectorAll(".day-row")].map((row) => {
    const of = (name) => row.querySelector(`[name^=${name}-]`);
    return {row, what: of("description"), quantity: of("quantity"), price: of("price"), taxable: of("taxable")};
  }).filter((r) => r.what.value.trim() || (r.row.dataset.kind === "labour" ? typed(r.quantity) || typed(r.price) : r.price.value.trim()));
  const typed = (input) => input.value.trim() && input.value !== input.defaultValue;

  const check = (form) => {
    for (const r of rows(form)) {
      r.what.setCustomValidity(r.what.value.trim() ? "" : "What was it?");
      r.quantity.setCustomValidity(Number(r.quantity.value || 1) > 0 ? "" : "Enter how many, like 1");
      r.price.setCustomValidity(r.price.value.trim() ? "" : "Enter the price, like 45.00; 0 for none");
    }
    return form.reportValidity();
  };

  const enhance = (root) => {
    for (const e of root.querySelectorAll("[data-step], .day-add")) e.hidden = false;
    for (const b of root.querySelectorAll("[data-plain]")) b.hidden = true;
    for (const l of root.querySelectorAll(".day-camera")) l.classList.add("day-snap");
  };
  const clean = (form) => { for (const e of form.querySelectorAll("[data-typed]")) delete e.dataset.typed; };

  on("input", (e) => {
    const input = e.target;
    if (!day.contains(input) || !input.form || !input.form.dataset.tap) return;
    input.dataset.typed = "";
    if (input.setCustomValidity) input.setCustomValidity("");
    const row = input.closest(".day-row");
    const known = row && input.list && [...input.list.options].find((o) => o.value === input.value);
    if (known) {
      const price = row.querySelector("[name^=price-]");
      if (!price.value) price.value = known.dataset.price;
      row.querySelector("[name^=taxable-]").checked = known.dataset.taxable === "true";
    }
    if (input.name === "no_one") {
      const sign = input.form.querySelector(".day-sign");
      sign.disabled = input.checked;
    }
  });
  on("change", (e) => {
    const form = e.target.form;
    if (e.target.type === "file" && form && form.dataset.tap === "photo" && e.target.files.length) form.requestSubmit();
  });

  on("click", (e) => {
    const button = e.target.closest("button, a");
    if (!button) return;
    if (button.dataset.step) {
      const input = button.parentElement.querySelector("input");
      input.value = Math.max(0.25, (Number(input.value) || 0) + Number(button.dataset.step));
      input.dispatchEvent(new Event("input", {bubbles: true}));
    }
    if (button.dataset.add) {
      const form = button.form, list = form.querySelector(".day-rows");
      const from = [...list.querySelectorAll(`[data-kind=${button.dataset.add}]`)].at(-1);
      const next = Math.max(...[...form.querySelectorAll("[name=line]")].map((l) => Number(l.value))) + 1;
      const was = from.querySelector("[name=line]").value;
      const row = from.cloneNode(true);
      for (const n of row.querySelectorAll("[name], [id], [for]")) for (const a of ["name", "id", "for"]) if (n.hasAttribute(a)) n.setAttribute(a, n.getAttribute(a).replace(new RegExp(`-${was}$`), "-" + next));
      for (const n of row.querySelectorAll("input:not([type=hidden], [type=checkbox])")) n.value = n.name.startsWith("quantity") ? "1" : n.name.startsWith("price") && button.dataset.add === "labour" ? n.defaultValue : "";
      row.querySelector("[name=line]").value = next;
      list.append(row);
      row.querySelector("[name^=description-]").focus();
    }
    // nobody signs for what cannot be saved
    if (button.dataset.opens && button.dataset.opens.startsWith("finish-") && !finish(button.closest("[data-order]"))) {
      e.preventDefault();
      e.stopImmediatePropagation();
    }
    // a page that is left cannot be had again without a network
    if (button.localName === "a" && !navigator.onLine && !button.target && button.protocol.startsWith("http") && !button.dataset.opens && !("closes" in button.dataset)) {
      e.preventDefault();
      bar.textContent = "There is no network: this page stays open, so that you can go on.";
    }
  }, true);

  // finish saves what was typed and lists what the customer signs for, as it
  // stands in the form
  const finish = (c) => {
    const form = c.querySelector("form[data-tap=work]");
    if (form && form.querySelector("[data-typed]")) {
      form.closest("details").open = true;
      if (!check(form)) return false;
      form.requestSubmit();
    }
    const lines = form ? rows(form).map((r) => `${r.quantity.value || 1} x ${r.what.value.trim()}`) : [];
    const list = c.querySelector("[data-done]");
    list.replaceChildren(...(lines.length ? lines : ["No parts or labour were entered."]).map((text) => {
      const li = document.createElement("li");
      li.textContent = text;
      return li;
    }));
    c.querySelector("form[data-tap=complete]").elements.work.value = lines.join("\n");
    return true;
  };

  // ---- leaving

  addEventListener("beforeunload", (e) => { if (!leaving && queue.some((t) => !t.refused)) e.preventDefault(); });
  // without a network the log-in page cannot be had: the page stays
  addEventListener("session:end", (e) => { if (!navigator.onLine || queue.length) e.preventDefault(); });

  // ---- the start

  enhance(day);
  listen();
  for (const c of cards()) {
    const form = c.querySelector(".day-undo");
    if (form.dataset.left) undo(c, Date.now() + form.dataset.left * 1000);
  }
  keep("readonly", (s) => s.getAll()).then((kept) => {
    const known = new Set(queue.map((t) => t.key));
    queue = [...(kept || []).filter((t) => t.me === me && !known.has(t.key)), ...queue].sort((a, b) => a.at - b.at);
    if (!queue.length) return;
    late = true;
    showAll();
    send();
  });
})();
