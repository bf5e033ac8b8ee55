/* Small helps for every page. ES2019; no inline scripts, the content policy forbids them. */
"use strict";

(function () {
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
      button.classList.add("done");
      button.querySelector("use").setAttribute("href", button.querySelector("use").getAttribute("href").replace("#copy", "#check"));
    };
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text).then(done);
      return;
    }
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
