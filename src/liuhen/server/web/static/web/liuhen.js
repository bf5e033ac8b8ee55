/* Small helps for every page. No inline scripts: the content policy forbids them. */
"use strict";

document.addEventListener("keydown", function (event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement ? document.activeElement.tagName : "");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const find = document.getElementById("find");
    if (find) {
      event.preventDefault();
      find.focus();
      find.select();
    }
  }
});

document.addEventListener("click", function (event) {
  const button = event.target.closest ? event.target.closest("[data-copy]") : null;
  if (!button || !navigator.clipboard) {
    return;
  }
  navigator.clipboard.writeText(button.getAttribute("data-copy")).then(function () {
    button.textContent = button.getAttribute("data-done");
  });
});

document.addEventListener("change", function (event) {
  if (event.target.matches && event.target.matches("select[data-submit]")) {
    event.target.form.submit();
  }
});
