/* Verify a custody chain in this browser: each entry's leaf hash and Merkle path (SHA-256 by WebCrypto), the checkpoint's
   Ed25519 signature where this browser knows it, and the chain of the recording's own events (n and prev).
   The forms are those of docs/spec/ledger.md: RFC 6962 hashing, c2sp.org/tlog-proof@v1, signed notes. */
"use strict";

(function () {
  const button = document.getElementById("verify");
  if (!button) {
    return;
  }
  const words = button.dataset;
  const summary = document.getElementById("verdict");

  button.addEventListener("click", function () {
    button.disabled = true;
    fetch(words.proofs, { credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        return answer.json();
      })
      .then(verifyAll)
      .catch(function (problem) {
        say(summary, "bad", words.failed + " " + problem.message);
      })
      .then(function () {
        button.disabled = false;
      });
  });

  async function verifyAll(material) {
    const key = await readKey(material.key);
    let previous = null;
    let signed = true;
    let refused = 0;
    for (let at = 0; at < material.events.length; at += 1) {
      const item = material.events[at];
      const place = document.querySelector('[data-event="' + item.id + '"]');
      try {
        const entry = fromBase64(item.entry);
        const said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry));
        const leaf = await sha256(join([Uint8Array.of(0), entry]));
        if (said.id !== item.id || said.n !== at || said.prev !== previous) {
          throw new Error(words.chain);
        }
        if (place && place.dataset.leaf !== hex(leaf)) {
          throw new Error(words.shown);
        }
        const bySignature = await verifyProof(leaf, item.proof, key);
        signed = signed && bySignature;
        previous = hex(leaf);
        say(place, bySignature ? "ok" : "part", bySignature ? words.ok : words.part);
      } catch (problem) {
        refused += 1;
        say(place, "bad", words.bad + " " + problem.message);
        break;
      }
    }
    if (refused || !material.events.length) {
      say(summary, "bad", words.sumBad);
    } else {
      say(summary, signed ? "ok" : "part", (signed ? words.sumOk : words.sumPart) + " " + words.keyword + " " + key.text);
    }
  }

  async function verifyProof(leaf, text, key) {
    const cut = text.indexOf("\n\n");
    const lines = text.slice(0, cut).split("\n");
    if (lines.shift() !== "c2sp.org/tlog-proof@v1") {
      throw new Error(words.form);
    }
    if (lines[0].slice(0, 6) === "extra ") {
      lines.shift();
    }
    const index = decimal(lines.shift().replace(/^index /, ""));
    const hashes = lines.map(fromBase64);
    const note = text.slice(cut + 2);
    const end = note.indexOf("\n\n");
    const body = note.slice(0, end + 1);
    const head = body.split("\n");
    if (head.length !== 4 || head[0] !== key.name) {
      throw new Error(words.origin);
    }
    const root = await climb(leaf, index, decimal(head[1]), hashes);
    if (hex(root) !== hex(fromBase64(head[2]))) {
      throw new Error(words.root);
    }
    return verifySignature(body, note.slice(end + 2), key);
  }

  /* RFC 9162 section 2.1.3.2; sizes stay far below 2^53. */
  async function climb(leaf, index, size, path) {
    if (index >= size) {
      throw new Error(words.form);
    }
    let from = index;
    let last = size - 1;
    let hash = leaf;
    for (const sibling of path) {
      if (last === 0) {
        throw new Error(words.form);
      }
      if (from % 2 === 1 || from === last) {
        hash = await node(sibling, hash);
        while (from % 2 === 0 && from !== 0) {
          from = Math.floor(from / 2);
          last = Math.floor(last / 2);
        }
      } else {
        hash = await node(hash, sibling);
      }
      from = Math.floor(from / 2);
      last = Math.floor(last / 2);
    }
    if (last !== 0) {
      throw new Error(words.form);
    }
    return hash;
  }

  async function verifySignature(body, lines, key) {
    if (!key.crypto) {
      return false;
    }
    for (const line of lines.split("\n")) {
      const parts = line.split(" ");
      if (parts.length !== 3 || parts[0] !== "\u2014" || parts[1] !== key.name) {
        continue;
      }
      const data = fromBase64(parts[2]);
      if (hex(data.slice(0, 4)) !== key.id) {
        continue;
      }
      const good = await crypto.subtle.verify("Ed25519", key.crypto, data.slice(4), new TextEncoder().encode(body));
      if (!good) {
        throw new Error(words.signature);
      }
      return true;
    }
    throw new Error(words.unsigned);
  }

  async function readKey(text) {
    const first = text.indexOf("+");
    const second = text.indexOf("+", first + 1);
    const name = text.slice(0, first);
    const id = text.slice(first + 1, second);
    const encoded = fromBase64(text.slice(second + 1));
    const own = await sha256(join([new TextEncoder().encode(name + "\n"), encoded]));
    if (encoded[0] !== 1 || encoded.length !== 33 || hex(own.slice(0, 4)) !== id) {
      throw new Error(words.form);
    }
    let imported = null;
    try {
      imported = await crypto.subtle.importKey("raw", encoded.slice(1), "Ed25519", false, ["verify"]);
    } catch (unknown) {
      imported = null; /* an older browser: the path is checked, the signature is not, and the page says so */
    }
    return { name: name, id: id, crypto: imported, text: text };
  }

  function decimal(text) {
    if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) {
      throw new Error(words.form);
    }
    return Number(text);
  }

  async function sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  }

  function node(left, right) {
    return sha256(join([Uint8Array.of(1), left, right]));
  }

  function join(parts) {
    const all = new Uint8Array(
      parts.reduce(function (sum, part) {
        return sum + part.length;
      }, 0)
    );
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  function fromBase64(text) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let at = 0; at < raw.length; at += 1) {
      bytes[at] = raw.charCodeAt(at);
    }
    return bytes;
  }

  function hex(bytes) {
    return Array.from(bytes, function (byte) {
      return byte.toString(16).padStart(2, "0");
    }).join("");
  }

  function say(place, look, text) {
    if (place) {
      place.className = place === summary ? "summary-verdict verdict " + look : "verdict " + look;
      place.textContent = text;
      place.hidden = false;
    }
  }
})();
