// The payment screen: Yes and No answer at once, and a double click turns an
// amount into a box. The sums are the server's; without this file the buttons
// of the form do the same by a round trip.
"use strict";

(() => {
  const on = (type, f, capture) => document.addEventListener(type, f, capture);
  const closest = (e, selector) => e.target instanceof Element ? e.target.closest("#pay-form " + selector) : null;
  let refocus = ""; // the row whose box was left by Enter

  const parts = (row) => ({
    show: row.querySelector(".apply-show"),
    edit: row.querySelector(".apply-edit"),
    input: row.querySelector(".apply-edit input"),
    was: row.querySelector(".apply-edit input[type=hidden]"),
    pencil: row.querySelector(".pencil"),
  });

  const open = (row) => {
    const p = parts(row);
    if (!p.input) return;
    if (p.input.getAttribute("aria-invalid") !== "true") p.input.value = p.was.value;
    p.show.hidden = true;
    p.edit.hidden = false;
    row.setAttribute("hx-morph-skip", ""); // an answer on its way leaves the box alone
    p.input.focus();
    p.input.select();
  };

  const close = (row) => {
    const p = parts(row);
    p.input.value = p.was.value;
    p.input.removeAttribute("aria-invalid");
    row.querySelector(".field-error")?.remove();
    p.edit.hidden = true;
    p.show.hidden = false;
    row.removeAttribute("hx-morph-skip");
  };

  on("click", (e) => {
    const pencil = closest(e, ".pencil");
    if (pencil) {
      e.preventDefault();
      e.stopImmediatePropagation();
      open(pencil.closest("tr"));
      return;
    }
    const flip = closest(e, "button[name=flip]");
    if (!flip) return;
    const yes = flip.getAttribute("aria-pressed") !== "true";
    const word = yes ? "Yes" : "No";
    flip.setAttribute("aria-pressed", yes);
    flip.setAttribute("aria-label", word + flip.dataset.rest);
    flip.textContent = word;
    const row = flip.closest("tr");
    row.classList.toggle("chosen", yes);
    row.querySelector("input[name=pay]").disabled = !yes;
    flip.form.elements.local.value = "1"; // turned here already
  }, true);

  on("dblclick", (e) => {
    const cell = closest(e, "td.apply");
    if (!cell || e.target instanceof HTMLInputElement) return;
    e.preventDefault();
    open(cell.closest("tr"));
  });

  on("keydown", (e) => {
    const input = closest(e, ".apply-edit input");
    if (!input) return;
    const row = input.closest("tr");
    if (e.key === "Enter") {
      e.preventDefault();
      refocus = row.id;
      const same = input.value === parts(row).was.value;
      input.blur(); // a change is sent by htmx
      if (same) parts(row).pencil.focus();
    } else if (e.key === "Escape") {
      e.preventDefault();
      close(row);
      parts(row).pencil.focus();
    }
  });

  on("focusout", (e) => {
    const input = closest(e, ".apply-edit input");
    if (!input) return;
    const row = input.closest("tr");
    row.removeAttribute("hx-morph-skip");
    if (input.value === parts(row).was.value && input.getAttribute("aria-invalid") !== "true") close(row);
  });

  on("htmx:after:settle", () => {
    const row = refocus && document.getElementById(refocus);
    refocus = "";
    if (!row || (document.activeElement && document.activeElement !== document.body)) return;
    const p = parts(row);
    (p.edit.hidden ? p.pencil : p.input).focus();
  });
})();
