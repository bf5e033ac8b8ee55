/* Verifies a custody chain in this browser: each entry's leaf hash and Merkle path (SHA-256 by WebCrypto), the checkpoint's
   Ed25519 signature where this browser knows it, the unbroken numbering of the recording's events, and that the page shows
   what the entries say. The server that is checked also sends this script: a good verdict finds damage and altered
   records, and no server that lies with its script as well. For that there is `liuhen verify`, apart from the server.
   Forms: docs/spec/ledger.md; RFC 9162 section 2.1, c2sp.org/tlog-proof@v1, c2sp.org/signed-note.
   ES2019. What it says comes from the data attributes of the chain's section. */
"use strict";

(function () {
  const PINNED = "liuhen.ledger-key";
  const NEWEST = "liuhen.checkpoint";
  const ENTRY_ERRORS = ["notCanonical", "otherLeaf", "gap"];
  const MOST_DIGITS = /^(0|[1-9][0-9]{0,14})$/;
  const utf8 = new TextEncoder();

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-verify]");
    const chain = document.getElementById("chain");
    if (button && chain) {
      button.disabled = true;
      verify(chain, button.dataset.verify).then(function () {
        button.disabled = false;
      });
    }
  });

  /* `only` is the id of one event, or empty for the whole chain. */
  async function verify(chain, only) {
    const words = chain.dataset;
    const all = chain.querySelector("[data-verdict-all]");
    clear(all);
    chain.querySelectorAll("[data-verdict]").forEach(clear);
    try {
      if (!window.crypto || !window.crypto.subtle) {
        throw new Refusal("noCrypto");
      }
      const material = await load(words.proofs);
      const key = await readKey(material.key);
      const outcome = await verifyEvents(chain, material.events, key, only);
      if (outcome.refused === 0 && outcome.head !== "") {
        keep(key, outcome.head);
      }
      if (!only) {
        report(all, outcome, key, words);
      } else if (!key.isKept) {
        addLine(placeOf(chain, only), words.notKept, "");
      }
    } catch (refusal) {
      say(only ? placeOf(chain, only) : all, "bad", joined(words.refused, reason(refusal, words)));
    }
  }

  async function load(address) {
    let answer;
    try {
      answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
    } catch (lost) {
      throw new Refusal("noAnswer");
    }
    if (!answer.ok || answer.redirected) {
      throw new Refusal("noAnswer");
    }
    return answer.json();
  }

  async function verifyEvents(chain, events, key, only) {
    const words = chain.dataset;
    const outcome = { refused: 0, unsigned: 0, waiting: 0, size: 0, head: "" };
    const shown = Array.from(chain.querySelectorAll("[data-verdict]"));
    let previous = null;
    let broken = null;
    for (let n = 0; n < events.length && broken === null; n += 1) {
      const place = placeOf(chain, events[n].id);
      const told = !only || only === events[n].id;
      try {
        const leaf = await checkEntry(events[n], n, previous, words.subject, place);
        previous = leaf.hex;
        if (shown[n] !== undefined && shown[n] !== place) {
          throw new Refusal("gap");
        }
        if (told) {
          holdToPage(leaf.said, place);
          const result = await checkProof(leaf.bytes, events[n].proof, key);
          holdToCheckpoint(result, outcome, key);
          outcome.waiting += result.waits ? 1 : 0;
          outcome.unsigned += result.waits || result.signed ? 0 : 1;
          tell(place, result, words);
        }
      } catch (refusal) {
        outcome.refused += 1;
        if (told) {
          say(place, "bad", joined(words.refused, reason(refusal, words)));
        }
        if (ENTRY_ERRORS.includes(refusal.word)) {
          broken = refusal; /* what follows cannot continue an entry that is not there */
        }
      }
    }
    tellRest(shown, outcome, broken, words, only);
    return outcome;
  }

  /* Seals that no entry answers for: the server left them out, or they come after a break. None may look verified. */
  function tellRest(shown, outcome, broken, words, only) {
    const rest = shown.filter((place) => place.hidden && (!only || place.dataset.verdict === only));
    if (broken === null && (rest.length > 0 || shown.length === 0)) {
      outcome.refused += 1;
    }
    for (const place of rest) {
      if (only && broken !== null) {
        say(place, "bad", joined(words.refused, joined(words.earlier, reason(broken, words))));
      } else if (broken !== null) {
        say(place, "mute", words.notVerified);
      } else {
        say(place, "bad", joined(words.refused, words.gap));
      }
    }
  }

  /* What a person reads on the page has to be what the entry says; the attributes alone would bind nothing. */
  function holdToPage(said, place) {
    if (!place) {
      return;
    }
    const page = place.dataset;
    const leaf = place.parentNode.querySelector("[data-shown-leaf]").textContent.replace(/[^0-9a-f]/g, "");
    if (said.type !== page.type || said.time !== page.time || said.actor !== page.actor || !page.leaf.startsWith(leaf)) {
      throw new Refusal("otherPage");
    }
    if (said.type === "recording:sealed") {
      const facts = document.getElementById("facts");
      const original = said.objects.find((object) => object.role === "original");
      for (const name of ["sha256", "sm3", "size"]) {
        const read = facts.querySelector('[data-shown="' + name + '"]').textContent.replace(/[^0-9a-z]/g, "");
        const text = name === "size" ? read.replace(/[^0-9]/g, "") : read;
        if (!original || String(original[name]) !== facts.dataset[name] || text !== facts.dataset[name]) {
          throw new Refusal("otherPage");
        }
      }
    }
  }

  /* All proofs of a run lead to one checkpoint, which is never behind the one of the last good run in this browser.
     That a greater tree holds the smaller one is not proved here: witnesses and `liuhen verify` see to that. */
  function holdToCheckpoint(result, outcome, key) {
    if (result.waits) {
      return;
    }
    if (outcome.head !== "" && outcome.head !== result.head) {
      throw new Refusal("fork");
    }
    const known = key.newest.split("\n");
    if (known.length === 3 && known[0] === key.name && MOST_DIGITS.test(known[1])) {
      if (result.size < Number(known[1])) {
        throw new Refusal("rollBack");
      }
      if (result.size === Number(known[1]) && result.head !== key.newest) {
        throw new Refusal("otherRoot");
      }
    }
    outcome.head = result.head;
    outcome.size = result.size;
  }

  async function checkEntry(event, n, previous, subject, place) {
    let entry;
    let said;
    try {
      entry = fromBase64(event.entry);
      said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry));
    } catch (broken) {
      throw new Refusal("notCanonical");
    }
    const bytes = await sha256([Uint8Array.of(0), entry]);
    if (place && place.dataset.leaf !== toHex(bytes)) {
      throw new Refusal("otherLeaf");
    }
    if (said.id !== event.id || said.subject !== subject || said.n !== n || said.prev !== previous) {
      throw new Refusal("gap");
    }
    return { bytes: bytes, hex: toHex(bytes), said: said };
  }

  async function checkProof(leaf, text, key) {
    if (text === null) {
      return { waits: true, signed: false, size: 0, index: 0, head: "" };
    }
    const proof = splitAt(text, "\n\n");
    const lines = proof.head.split("\n");
    if (lines.shift() !== "c2sp.org/tlog-proof@v1") {
      throw new Refusal("malformed");
    }
    if (lines.length && lines[0].startsWith("extra ")) {
      lines.shift();
    }
    const index = toNumber(lines.length ? lines.shift().replace(/^index /, "") : "");
    const note = splitAt(proof.tail, "\n\n");
    const checkpoint = note.head.split("\n");
    if (checkpoint.length !== 3 || checkpoint[0] !== key.name) {
      throw new Refusal("origin");
    }
    const size = toNumber(checkpoint[1]);
    const root = await climb(leaf, index, size, lines.map(fromBase64));
    if (toHex(root) !== toHex(fromBase64(checkpoint[2]))) {
      throw new Refusal("root");
    }
    const signed = await checkSignature(note.head + "\n", note.tail, key);
    return { waits: false, signed: signed, size: size, index: index, head: note.head };
  }

  /* RFC 9162 section 2.1.3.2. Division in place of shifts: sizes may pass 2^31 and stay below 2^53. */
  async function climb(leaf, index, size, path) {
    if (index >= size) {
      throw new Refusal("malformed");
    }
    let from = index;
    let last = size - 1;
    let hash = leaf;
    for (const sibling of path) {
      if (last === 0 || sibling.length !== 32) {
        throw new Refusal("malformed");
      }
      if (from % 2 === 1 || from === last) {
        hash = await sha256([Uint8Array.of(1), sibling, hash]);
        while (from % 2 === 0 && from !== 0) {
          from = Math.floor(from / 2);
          last = Math.floor(last / 2);
        }
      } else {
        hash = await sha256([Uint8Array.of(1), hash, sibling]);
      }
      from = Math.floor(from / 2);
      last = Math.floor(last / 2);
    }
    if (last !== 0) {
      throw new Refusal("malformed");
    }
    return hash;
  }

  /* True where the pinned key signed `body`; false where this browser does not know Ed25519. */
  async function checkSignature(body, lines, key) {
    for (const line of lines.split("\n")) {
      const parts = line.split(" ");
      if (parts.length !== 3 || parts[0] !== "\u2014" || parts[1] !== key.name) {
        continue;
      }
      const data = fromBase64(parts[2]);
      if (toHex(data.slice(0, 4)) !== key.id) {
        continue;
      }
      if (key.crypto === null) {
        return false;
      }
      if (await window.crypto.subtle.verify("Ed25519", key.crypto, data.slice(4), utf8.encode(body))) {
        return true;
      }
      throw new Refusal("signature");
    }
    throw new Refusal("unsigned");
  }

  /* Reads `<name>+<key id>+<base64 of 0x01 and 32 bytes>`, and holds it to the key that was pinned at the first time. */
  async function readKey(text) {
    const parts = text.split("+");
    let encoded;
    try {
      encoded = fromBase64(parts.slice(2).join("+"));
    } catch (broken) {
      throw new Refusal("badKey");
    }
    const id = toHex((await sha256([utf8.encode(parts[0] + "\n"), encoded])).slice(0, 4));
    if (encoded.length !== 33 || encoded[0] !== 1 || id !== parts[1]) {
      throw new Refusal("badKey");
    }
    let imported = null;
    try {
      imported = await window.crypto.subtle.importKey("raw", encoded.slice(1), "Ed25519", false, ["verify"]);
    } catch (error) {
      if (error.name !== "NotSupportedError" && !/unrecognized name/i.test(error.message)) {
        throw new Refusal("badKey");
      }
    }
    const kept = recall();
    if (kept.key !== null && kept.key !== text) {
      throw new Refusal("keyChanged");
    }
    return {
      name: parts[0],
      id: id,
      text: text,
      crypto: imported,
      isFirst: kept.key === null,
      isKept: kept.isKept,
      newest: kept.newest || "",
    };
  }

  /* A browser that blocks site data throws on any use of it; that says nothing about the ledger. */
  function recall() {
    try {
      return { key: window.localStorage.getItem(PINNED), newest: window.localStorage.getItem(NEWEST), isKept: true };
    } catch (blocked) {
      return { key: null, newest: null, isKept: false };
    }
  }

  function keep(key, head) {
    try {
      window.localStorage.setItem(PINNED, key.text);
      window.localStorage.setItem(NEWEST, head);
    } catch (blocked) {
      key.isKept = false;
    }
  }

  function report(place, outcome, key, words) {
    if (outcome.refused) {
      say(place, "bad", words.allRefused);
      return;
    }
    const look = outcome.unsigned || outcome.waiting ? "part" : "ok";
    if (outcome.waiting) {
      say(place, look, outcome.unsigned ? words.allPathWaits : words.allWaits);
      addLine(place, joined(words.waiting, outcome.waiting), "");
    } else {
      say(place, look, outcome.unsigned ? words.allPath : words.all);
    }
    if (outcome.size) {
      addLine(place, words.checkpoint + " " + outcome.size, "");
    }
    const since = key.isFirst ? words.first : words.pinned;
    addLine(place, words.key.replace("{since}", key.isKept ? since : words.notKept), key.text);
  }

  function tell(place, result, words) {
    if (result.waits) {
      say(place, "part", words.oneWaits);
    } else {
      say(place, result.signed ? "ok" : "part", result.signed ? words.one : words.onePath);
      showIndex(place, result.index);
    }
  }

  /* The page may be older than the checkpoint; where it says that there is none, the proof knows better. */
  function showIndex(place, index) {
    const shown = place && place.parentNode.querySelector("[data-shown-waits]");
    if (shown) {
      shown.textContent = "#" + String(index).replace(/\B(?=(\d{3})+$)/g, "\u202f");
      shown.removeAttribute("data-shown-waits");
    }
  }

  /* No space after a colon of full width: it brings its own. */
  function joined(label, text) {
    return label.endsWith("：") ? label + text : label + " " + text;
  }

  function placeOf(chain, id) {
    return chain.querySelector('[data-verdict="' + id + '"]');
  }

  function clear(place) {
    place.hidden = true;
    place.textContent = "";
  }

  function say(place, look, text) {
    if (place) {
      place.hidden = false;
      place.classList.remove("ok", "part", "bad", "mute");
      place.classList.add(look);
      place.textContent = "";
      addLine(place, text, "");
    }
  }

  function addLine(place, text, code) {
    const line = document.createElement("span");
    line.textContent = text;
    if (code) {
      const mono = document.createElement("code");
      mono.textContent = code;
      line.append(" ", mono);
    }
    place.appendChild(line);
  }

  function Refusal(word) {
    this.word = word;
  }

  function reason(refusal, words) {
    return refusal instanceof Refusal ? words[refusal.word] : words.malformed;
  }

  function splitAt(text, mark) {
    const at = text.indexOf(mark);
    if (at < 0) {
      throw new Refusal("malformed");
    }
    return { head: text.slice(0, at), tail: text.slice(at + mark.length) };
  }

  function toNumber(text) {
    if (!MOST_DIGITS.test(text)) {
      throw new Refusal("malformed");
    }
    return Number(text);
  }

  async function sha256(parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return new Uint8Array(await window.crypto.subtle.digest("SHA-256", all));
  }

  function fromBase64(text) {
    const letters = window.atob(text);
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  }

  function toHex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
})();
