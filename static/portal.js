// What the pages do beyond htmx. All of it is a convenience: without script
// every page works as plain forms and links.
(() => {
  "use strict";

  const on = (type, f, capture) => document.addEventListener(type, f, capture);
  const closest = (e, selector) => e.target instanceof Element ? e.target.closest(selector) : null;

  // A page that Back brings from the browser's memory may show what a log-out
  // or a payment has ended: it is asked for anew.
  addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });

  // A page that leads on to a payment processor posts its form by itself, but not
  // again when Back or a reload brings it: its button is there for that.
  const sent = document.querySelector("form[data-send]");
  if (sent && performance.getEntriesByType("navigation")[0]?.type === "navigate") sent.requestSubmit();

  // ---- dialogs

  // openers remembers who opened a dialog: some browsers do not give a button
  // the focus when it is clicked, so it would not come back by itself.
  const openers = new WeakMap();

  const open = (dialog, opener) => {
    if (dialog.matches(":modal")) return;
    openers.set(dialog, opener);
    dialog.removeAttribute("open"); // a dialog that the page brought open is not modal yet
    dialog.showModal();
  };

  on("click", (e) => {
    const opener = closest(e, "[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
      e.preventDefault();
      open(dialog, opener);
      return;
    }
    const closer = closest(e, "[data-closes]");
    if (closer && closer.closest("dialog:modal")) {
      e.preventDefault();
      closer.closest("dialog").close();
      return;
    }
    if (closest(e, "[data-print]")) {
      e.preventDefault();
      print();
    }
  });

  // The browser tells of the end a moment after it: a focus that was moved on by
  // then stays where it is.
  on("close", (e) => {
    if (document.activeElement !== document.body) return;
    const opener = openers.get(e.target);
    if (opener && opener.isConnected) opener.focus();
    else if (opener && opener.id && document.getElementById(opener.id)) document.getElementById(opener.id).focus();
  }, true);

  // ---- what has just arrived: at the start and after every swap

  const arrived = (root) => {
    const all = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
    for (const d of all("dialog[data-dialog][open]:not(:modal)"))
      open(d, document.querySelector(`[data-opens="${CSS.escape(d.id)}"]`));
    for (const b of all("[data-print][hidden]")) b.hidden = false;
    all("[data-focus]")[0]?.focus();
    // the next step of a dialog took the place of the one that had the focus
    if (document.activeElement === document.body && root.closest?.("dialog:modal"))
      all("a[href], select, textarea, input:not([type=hidden]), button:not([tabindex])")[0]?.focus();
    const title = document.title.replace(/^Error: /, "");
    document.title = document.querySelector(".error-summary") ? "Error: " + title : title;
  };

  on("htmx:after:settle", (e) => {
    for (const node of e.detail.newContent || []) if (node instanceof Element && node.isConnected) arrived(node);
    // a word of success does not stand above what was refused after it
    if (document.querySelector("main .error-summary")) document.querySelector("main > .notice")?.remove();
  });

  // ---- no answer at all

  on("htmx:error", (e) => {
    const box = document.getElementById("problem");
    if (!box || !e.detail.ctx || e.detail.ctx.response) return;
    const p = document.createElement("p");
    p.textContent = "We could not reach the portal. Check your connection and try again; nothing you typed is lost.";
    p.className = "problem";
    box.replaceChildren(p);
    box.focus();
  });

  // ---- asking before something final

  on("click", (e) => {
    const button = closest(e, "[data-confirm]");
    if (button && !confirm(button.dataset.confirm)) {
      e.preventDefault();
      e.stopImmediatePropagation();
    }
  }, true);

  // ---- one press, one request: the server holds to that anyway

  on("submit", (e) => {
    const form = e.target;
    if (e.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      e.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = e.submitter;
    if (button) button.setAttribute("aria-busy", "true");
    setTimeout(() => {
      delete form.dataset.sent;
      if (button) button.removeAttribute("aria-busy");
    }, 10000);
  });

  // ---- the end of the session

  const session = () => {
    const dialog = document.getElementById("session-ending");
    if (!dialog) return;
    const life = Number(dialog.dataset.minutes) * 60000;
    const warning = 2 * 60 * 1000;
    const clock = dialog.querySelector("[data-left]");
    const tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
    let last = Date.now();

    // seen is called whenever the server has heard from this browser
    const seen = (tell) => {
      last = Date.now();
      if (dialog.open) dialog.close();
      if (tell && tabs) tabs.postMessage("seen");
    };
    if (tabs) tabs.onmessage = () => seen(false);
    if (tabs) tabs.postMessage("seen");

    const extend = async () => {
      try {
        const answer = await fetch("/session/extend", {method: "POST", headers: {"HX-Request": "true"}});
        if (answer.ok) seen(true);
        else leave();
      } catch { /* no connection: the clock goes on and the next try may get through */ }
    };
    // the server sends who is logged out to the log-in page, and back afterwards; a
    // page that holds what cannot be sent yet stays
    const leave = () => {
      if (dispatchEvent(new Event("session:end", {cancelable: true}))) location.replace(location.pathname + location.search);
    };

    on("htmx:after:request", () => seen(true));
    dialog.addEventListener("submit", (e) => {
      e.preventDefault();
      extend();
    });
    dialog.addEventListener("cancel", (e) => {
      e.preventDefault();
      extend();
    });
    // who types is here, even when nothing is sent
    on("input", () => { if (Date.now() - last > life / 4) extend(); });

    const tick = () => {
      const left = last + life - Date.now();
      if (left <= 0) {
        leave();
        return;
      }
      if (left <= warning && navigator.onLine) {
        if (clock) clock.textContent = left > 60000 ? "2 minutes" : left > 30000 ? "1 minute" : "30 seconds";
        open(dialog, document.activeElement);
      }
    };
    setInterval(tick, 1000);
  };

  on("DOMContentLoaded", () => {
    arrived(document);
    session();
  });
})();
