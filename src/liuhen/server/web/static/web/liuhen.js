/* Small helps for every page. ES2019; no inline scripts, the content policy forbids them. */
"use strict";

(function () {
  /* A part that is fetched anew is closed and unfocused: what the person had opened and stood on is put back by its id. */
  let opened = [];
  let focused = "";

  document.addEventListener("htmx:beforeSwap", function (event) {
    opened = Array.from(event.detail.target.querySelectorAll("details[id][open]"), (one) => one.id);
    const active = document.activeElement;
    focused = active && event.detail.target.contains(active) ? active.id : "";
  });

  document.addEventListener("htmx:afterSwap", function () {
    opened.map((id) => document.getElementById(id)).filter(Boolean).forEach(function (one) {
      one.open = true;
    });
    const place = focused && document.getElementById(focused);
    if (place && place !== document.activeElement) {
      place.focus({ preventScroll: true });
    }
    opened = [];
    focused = "";
  });

  /* What is on the page stays there when the server does not answer: the page says that it is old. */
  function tellLost(event) {
    const lost = document.getElementById("lost");
    if (lost) {
      lost.hidden = false;
    }
    const told = event.detail.target && event.detail.target.querySelector("[data-failed]");
    if (told) {
      told.textContent = told.dataset.failed;
    }
  }

  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, tellLost);
  });

  document.addEventListener("htmx:afterSwap", function () {
    const lost = document.getElementById("lost");
    if (lost) {
      lost.hidden = true;
    }
  });

  /* Opened before htmx was there to hear it, a part would never be fetched. By now it is: this script comes after it. */
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("details[open][hx-get]").forEach(function (one) {
      window.htmx.trigger(one, "toggle");
    });
  });

  function isTyping(element) {
    return element !== null && (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable);
  }

  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(document.activeElement)) {
      return;
    }
    const find = document.getElementById("find");
    if (find) {
      event.preventDefault();
      find.focus();
      find.select();
    }
  });

  /* Escape leaves the search, and closes the seal that the keyboard stands in. */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") {
      return;
    }
    const seal = event.target.closest("details.seal[open]");
    if (event.target.id === "find") {
      event.target.blur();
    } else if (seal) {
      seal.open = false;
      seal.querySelector("summary").focus();
    }
  });

  document.addEventListener("click", function (event) {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      copyText(copy);
    }
    if (event.target.closest("[data-print]")) {
      window.print();
    }
  });

  /* The clipboard interface is there on https:// and loopback only; elsewhere the old command has to do. */
  function copyText(button) {
    const text = button.dataset.copy;
    const done = function () {
      const told = button.nextElementSibling;
      if (told && told.getAttribute("role") === "status") {
        told.textContent = button.dataset.copied;
      }
      button.classList.add("done");
      button.querySelector("use").setAttribute("href", button.querySelector("use").getAttribute("href").replace("#copy", "#check"));
    };
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text).then(done, function () {
        copyByCommand(text, done);
      });
      return;
    }
    copyByCommand(text, done);
  }

  function copyByCommand(text, done) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr";
    document.body.appendChild(field);
    field.select();
    if (document.execCommand("copy")) {
      done();
    }
    field.remove();
  }
})();
