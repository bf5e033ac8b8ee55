"""Steps that tests of the pages have in common, and what makes a page usable by everybody, measured in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["contrast_faults", "layout_faults", "log_in", "open_ticket", "structure_faults", "to_recording"]


def log_in(page: Page, username: str, password: str) -> None:
    page.goto("/log-in/")
    page.fill("#username", username)
    page.fill("#password", password)
    page.press("#password", "Enter")
    expect(page.locator("nav.rail")).to_be_visible()


def to_recording(page: Page) -> None:
    page.goto("/recordings/")
    page.locator("main tbody a").first.click()
    expect(page.locator("#chain")).to_be_visible()
    # The scripts are deferred: a click before they have run would be lost.
    page.wait_for_load_state()


def open_ticket(page: Page) -> None:
    to_recording(page)
    if page.locator("#t-reason").count():
        page.fill("#t-reason", "案情研判")
        page.click("form.ask button.main")
    if page.locator(".cover-act button").count():
        page.click(".cover-act button")
    expect(page.locator("#playing")).to_be_visible()


def contrast_faults(page: Page) -> list[str]:
    """Return the texts whose contrast is below AA of WCAG 2.1 (1.4.3), each with its ratio.

    Text on a gradient is held against each of its colours. Hidden text, disabled buttons and pictures are left out.
    """
    faults: list[str] = page.evaluate(_CONTRAST)
    return faults


def layout_faults(page: Page) -> list[str]:
    """Return what is wider than the window, sticks out of it, or is cut off without a way to see the rest."""
    faults: list[str] = page.evaluate(_LAYOUT)
    return faults


def structure_faults(page: Page) -> list[str]:
    """Return what a screen reader would miss: labels, names, landmarks, one h1 and no level left out below it."""
    faults: list[str] = page.evaluate(_STRUCTURE)
    return faults


_COMMON: Final = """
  const told = (one) => one.tagName.toLowerCase() + (one.className && one.className.baseVal === undefined
    ? '.' + String(one.className).split(' ').join('.') : '') + ' "' + one.textContent.trim().slice(0, 30) + '"';
  const isClipped = (one) => one !== null
    && (getComputedStyle(one).clip === 'rect(0px, 0px, 0px, 0px)' || isClipped(one.parentElement));
  const seen = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    && !one.closest('[aria-hidden=true], .skip:not(:focus)') && !isClipped(one);
  const texts = () => Array.from(document.querySelectorAll('body *')).filter((one) => seen(one)
    && Array.from(one.childNodes).some((node) => node.nodeType === 3 && node.data.trim()));
"""

_CONTRAST: Final = (
    """() => {"""
    + _COMMON
    + """
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (text) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = text;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
    return (more + 0.05) / (less + 0.05);
  };
  const grounds = (one) => {
    let layers = [];
    for (let at = one; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const stops = (style.backgroundImage.match(/rgba?\\([^)]*\\)/g) || []).map(rgba);
      if (stops.length && stops.every((stop) => stop[3] === 1)) {
        return stops.map((stop) => layers.reduceRight((below, layer) => over(layer, below), stop));
      }
      layers.push(rgba(style.backgroundColor));
      if (layers[layers.length - 1][3] === 1) {
        break;
      }
    }
    return [layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1])];
  };
  return texts().filter((one) => !one.disabled).flatMap((one) => {
    const style = getComputedStyle(one);
    const colour = rgba(style.color);
    for (let at = one; at; at = at.parentElement) {
      colour[3] *= Number(getComputedStyle(at).opacity);
    }
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const least = Math.min(...grounds(one).map((ground) => ratio(over(colour, ground), ground)));
    return least < needed ? [told(one) + ' ' + least.toFixed(2)] : [];
  });
}"""
)

_LAYOUT: Final = (
    """() => {"""
    + _COMMON
    + """
  const faults = [];
  const width = window.innerWidth;
  if (document.scrollingElement.scrollWidth > width) {
    faults.push('the page is ' + document.scrollingElement.scrollWidth + ' wide');
  }
  const pen = document.createElement('canvas').getContext('2d');
  document.querySelectorAll('input[placeholder]').forEach((one) => {
    const style = getComputedStyle(one);
    pen.font = style.font;
    const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (seen(one) && !one.value && pen.measureText(one.placeholder.trim()).width > room) {
      faults.push('placeholder: ' + one.placeholder);
    }
  });
  // The rail of a phone scrolls sideways by design.
  texts().filter((one) => !one.closest('.rail')).forEach((one) => {
    const box = one.getBoundingClientRect();
    if (box.right > width + 0.5 || box.left < -0.5) {
      faults.push('out of the window: ' + told(one));
    }
    for (let at = one; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const isCut = style.overflowX !== 'visible' && at !== document.scrollingElement;
      if (isCut && box.right > at.getBoundingClientRect().right + 0.5 && at !== one) {
        faults.push('cut off: ' + told(one) + ' in ' + at.className);
      }
      const isDotted = style.textOverflow === 'ellipsis' && at.title;
      if (at === one && isCut && !isDotted && at.scrollWidth > at.clientWidth + 1) {
        faults.push('cut off: ' + told(one));
      }
    }
  });
  return Array.from(new Set(faults));
}"""
)

_STRUCTURE: Final = (
    """() => {"""
    + _COMMON
    + """
  const faults = [];
  const all = (what) => Array.from(document.querySelectorAll(what));
  const named = (one) => one.textContent.trim() || one.getAttribute('aria-label') || one.title;
  const one = (what) => all(what).length === 1 || faults.push(all(what).length + ' of ' + what);
  one('h1');
  one('main');
  one('body > .frame > .beside > header, body > .gate > header');
  if (all('.frame').length) {
    one('nav.rail[aria-label]');
  }
  all('input:not([type=hidden]), select, textarea').forEach((field) => {
    if (!field.labels.length && !field.getAttribute('aria-label')) {
      faults.push('no label: ' + field.name);
    }
  });
  all('a[href], button, summary').filter((act) => !named(act)).forEach((act) => faults.push('no name: ' + told(act)));
  all('img:not([alt]), [role=img]:not([aria-label])').forEach((image) => faults.push('no words: ' + told(image)));
  const levels = all('h1, h2, h3, h4').map((head) => Number(head.tagName[1]));
  levels.forEach((level, i) => level - (i ? levels[i - 1] : 0) > 1 && faults.push('a level left out at h' + level));
  const ids = all('[id]').map((marked) => marked.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => faults.push('twice: #' + id));
  all('[aria-describedby]').filter((field) => !document.getElementById(field.getAttribute('aria-describedby')))
    .forEach((field) => faults.push('described by nothing: ' + field.name));
  return faults;
}"""
)
