// The one picture of all widgets: photo, maps, people and tags, drawn in the browser from data.
//
// A view reads named values from a `source` (the kernel's model, or the data inside a saved page), draws them, and sends
// messages back where there is a kernel. Layers, hover, zoom, probe and highlights never ask the kernel.

const INK = "#181818", PAPER = "#ffffff", MISSING = 0, DETECTED = 1;
const LAYERS = ["skeletons", "peaks", "heatmap", "all heatmaps", "tag map", "truth"];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const count = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

/** A new element with properties and children; `class`, `aria-*` and `data-*` become attributes. */
function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class" || name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** The bytes that a trait or a saved page holds, as a view of type `Type`. */
const typed = (Type, data) => new Type(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

/** Float16 numbers (their bytes) as a Float32Array. */
function halves(data) {
  const bits = typed(Uint16Array, data), out = new Float32Array(bits.length), table = halfTable();
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]];
  return out;
}

/** The value of each of the 65536 float16 numbers. */
function halfTable() {
  const table = new Float32Array(65536);
  for (let i = 0; i < 65536; i++) {
    const exponent = (i >> 10) & 31, fraction = i & 1023;
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24;
    table[i] = i & 0x8000 ? -size : size;
  }
  return table;
}

/** `colour` ("#rrggbb") with `share` of `other` in it. */
function mixed(colour, other, share) {
  const [one, two] = [colour, other].map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return `rgb(${one.map((value, i) => Math.round(value + (two[i] - value) * share)).join(",")})`;
}

const brightness = (hex) => [0.299, 0.587, 0.114].reduce((sum, weight, i) =>
  sum + weight * parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16), 0);
const contrast = (hex) => (brightness(hex) > 110 ? INK : PAPER);

// ---------------------------------------------------------------------------------------------------------------- maps

/** Heatmaps and tags, and pictures made of them. */
class Maps {
  constructor(sent, tables) {
    Object.assign(this, { to: sent.to_image, from: sent.to_map, direction: sent.direction, depth: sent.depth });
    [this.width, this.height] = sent.size;
    this.tables = tables;
    this.heat = sent.heat8 ? Float32Array.from(typed(Uint8Array, sent.heat8), (v) => v / 255) : halves(sent.heat);
    this.tags = halves(sent.tags);
    this.canvas = new OffscreenCanvas(this.width, this.height);
    this.painted = "";
  }

  /** Index of the map pixel under an image point, -1 outside. */
  at(x, y) {
    const [a, b, e, c, d, f] = this.from;
    const column = Math.round(a * x + b * y + e), row = Math.round(c * x + d * y + f);
    const inside = column >= 0 && row >= 0 && column < this.width && row < this.height;
    return inside ? row * this.width + column : -1;
  }

  get size() { return this.width * this.height; }
  score(joint, pixel) { return Math.abs(this.heat[joint * this.size + pixel]); }

  /** The tag (D numbers) of a joint type at a pixel. */
  tag(joint, pixel) {
    const start = (joint * this.size + pixel) * this.depth;
    return Array.from(this.tags.subarray(start, start + this.depth));
  }

  /** A tag as the one number that the strip shows. */
  along(tag) { return tag.reduce((sum, value, i) => sum + value * this.direction[i], 0); }

  /** Paint a layer into `canvas`, unless it is there already: the heatmap, all of them, a tag map or the probe. */
  paint(layer, joint, ends, probe) {
    const key = JSON.stringify([layer, layer === "all heatmaps" || joint, probe]);
    if (key === this.painted) return;
    this.painted = key;
    const image = new ImageData(this.width, this.height), out = image.data, n = this.size, start = joint * n;
    if (layer === "probe") this.paintProbe(out, probe);
    for (let i = 0; i < n && layer !== "probe"; i++) {
      let level;
      if (layer === "tag map") level = (this.oneTag(start + i) - ends[0]) / (ends[1] - ends[0]);
      else if (layer === "heatmap") level = Math.abs(this.heat[start + i]);
      else for (let k = level = 0; k < 17; k++) level = Math.max(level, Math.abs(this.heat[k * n + i]));
      const colour = 3 * Math.round(255 * clamp(level, 0, 1)), table = layer === "tag map" ? this.tables[1] : this.tables[0];
      out[4 * i] = table[colour]; out[4 * i + 1] = table[colour + 1]; out[4 * i + 2] = table[colour + 2];
      out[4 * i + 3] = layer === "tag map" ? 190 : 120 + 110 * Math.min(1, 2 * level);
    }
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  oneTag(index) {
    let sum = 0;
    for (let d = 0; d < this.depth; d++) sum += this.tags[index * this.depth + d] * this.direction[d];
    return sum;
  }

  /** Colour every pixel by how near its tag is to `tag`: bright where it is the same, dark from the threshold on. */
  paintProbe(out, { joint, tag, threshold }) {
    const n = this.size, depth = this.depth;
    for (let i = 0; i < n; i++) {
      let apart = 0;
      for (let d = 0; d < depth; d++) apart += (this.tags[(joint * n + i) * depth + d] - tag[d]) ** 2;
      const near = 1 - Math.sqrt(apart) / Math.max(threshold, 1e-6);
      if (near > 0) [out[4 * i], out[4 * i + 1], out[4 * i + 2], out[4 * i + 3]] = [255, 120 + 120 * near, 40, 60 + 150 * near];
      else [out[4 * i], out[4 * i + 1], out[4 * i + 2], out[4 * i + 3]] = [16, 18, 40, 170];
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------- view

/** One view of a source in the element `el`. */
class View {
  constructor(el, source) {
    Object.assign(this, { el, source, fixed: source.get("fixed") });
    Object.assign(this, { layer: this.fixed.layer ?? "skeletons", joint: this.fixed.joint ?? 0, probing: false, mode: "one" });
    Object.assign(this, { zoom: 1, x: 0, y: 0, chosen: null, hovered: null, selected: [], divider: 0.5, pointer: null });
    Object.assign(this, { truth: [], choices: 0, turn: 0, answered: 0, queued: null, items: [], editing: false, levels: [], stripDots: [] });
    this.tables = [this.fixed.magma, this.fixed.viridis].map((table) => typed(Uint8Array, table));
    this.abort = new AbortController();
    this.build();
    for (const [name, follow] of Object.entries({
      fixed: () => { this.fixed = source.get("fixed"); this.panels.build(); this.checkVersion(); }, photo: () => this.loadPhoto(),
      maps: () => this.loadMaps(), scene: () => this.loadScene(), told: () => this.loadTold(), preview: () => { this.preview = source.get("preview"); this.draw(); }, marks: () => this.panels.showMarks(),
      kept: () => this.loadKept(), doctor: () => this.loadDoctor(), status: () => this.loadStatus(), steps: () => this.steps?.show(),
    })) source.on(name, this.guarded(follow), this.abort.signal);
    this.loadMaps();
    this.loadScene();
    this.loadPhoto();
    this.loadTold();
    this.loadKept();
    this.loadDoctor();
    this.loadStatus();
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.stage);
    this.source.send({ kind: "shown" });
    this.checkVersion();
  }

  checkVersion() {
    const { version } = this.fixed;
    if (version && version !== VERSION) this.say(`This view was made by hpe-nb ${version}, the page's code is of ${VERSION}: run its cell again.`, true);
  }

  /** A handler whose errors are shown in the status line and reach the kernel's log. */
  guarded(handler) {
    return (...given) => {
      try { return handler(...given); } catch (error) { this.failed(error); throw error; }
    };
  }

  failed(error) {
    this.say(`The page: ${error.message}`, true);
    this.source.send({ kind: "failed", text: String(error.stack ?? error) });
  }

  close() {
    this.source.send({ kind: "gone" });
    this.abort.abort();
    this.watch.disconnect();
    this.camera?.stop();
    for (const level of this.levels) level.close?.();
    [this.maps, this.levels] = [null, []];
    // Lab keeps the element of a view for a while: nothing hangs on it any more.
    this.root.remove();
    this.root.view = null;
  }

  /** Listen until the view closes. */
  on(node, events, handler, options = {}) {
    for (const event of events.split(" ")) node.addEventListener(event, this.guarded(handler), { ...options, signal: this.abort.signal });
  }

  // -------------------------------------------------------------------------------------------------------------- parts

  build() {
    const button = (text, title, act, more = {}) => make("button", { type: "button", textContent: text, title, onclick: this.guarded(act), ...more });
    const pick = (label, options, act) => {
      const select = make("select", { "aria-label": label, title: label, onchange: this.guarded(() => act(select.value)) });
      select.append(...options.map(([value, text]) => make("option", { value, textContent: text })));
      return select;
    };
    const has = (tool) => this.fixed.tools.includes(tool);
    this.tools = {
      layer: pick("layer: what is drawn on the photo", LAYERS.map((name) => [name, name]), (value) => this.show({ layer: value })),
      joint: pick("joint type whose map is shown and probed", this.fixed.order.map((k) => [k, this.fixed.names[k]]), (value) => this.show({ joint: +value })),
      person: pick("person", [["-1", "none"]], (value) => this.choose(+value < 0 ? null : { person: +value, joint: this.joint })),
      probe: button("Tag probe (T)", "colour every pixel by how near its tag is to the tag under the pointer; hold T or switch it on", () => this.probe(!this.probing), { class: "hpe-probe", "aria-pressed": "false" }),
      whatif: button("What if", "drag a joint on the photo or its dot in the strip, and see what the decoder makes of it; Delete removes it, a double click adds one", () => this.whatIf(!this.editing), { class: "hpe-whatif", "aria-pressed": "false" }),
      untouched: button("Undo changes", "the maps as they were", () => this.source.send({ kind: "edit", what: "reset" }), { class: "hpe-untouched", hidden: true }),
      keep: button("Keep as A", "remember this result and compare others with it", () => this.source.send({ kind: "keep" }), { class: "hpe-keep" }),
      compare: pick("compare with A", [["one", "no comparison"], ["divider", "A | now, divider"], ["beside", "A | now, side by side"]], (value) => this.compare(value)),
      doctor: button("Doctor", "what is odd in this picture, and what to try", () => this.source.send({ kind: "doctor" }), { class: "hpe-doctor" }),
      save: button("Save as page", "write one file that opens in any browser without Python", () => this.source.send({ kind: "save" }), { class: "hpe-save" }),
      back: button("←", "the picture before", () => this.source.send({ kind: "list", by: -1 })),
      place: make("span", { class: "hpe-place" }),
      explore: button("Explore this frame", "open the explorer on this frame, below", () => this.source.send({ kind: "explore" }), { class: "hpe-explore" }),
      forth: button("→", "the next picture", () => this.source.send({ kind: "list", by: 1 })),
    };
    const live = this.source.live, t = this.tools;
    const bar = make("div", { class: "hpe-bar", role: "toolbar", "aria-label": "picture tools" },
      has("list") && live ? make("span", {}, t.back, t.place, t.forth) : null,
      has("layers") ? make("label", {}, "show ", t.layer) : null, has("layers") ? make("label", {}, "of ", t.joint) : null,
      make("label", {}, "person ", t.person), has("probe") ? t.probe : null,
      has("whatif") && live ? t.whatif : null, has("whatif") && live ? t.untouched : null, has("compare") && live ? t.keep : null,
      has("compare") ? t.compare : null, has("doctor") && live ? t.doctor : null, has("save") && live ? t.save : null, has("explore") && live ? t.explore : null);
    t.compare.hidden = true;
    this.photo = make("canvas", { class: "hpe-picture", tabIndex: 0, role: "img" });
    this.strip = make("canvas", { class: "hpe-strip", tabIndex: 0, role: "img" });
    for (const [name, canvas] of [["photo", this.photo], ["strip", this.strip]]) canvas.items = () => this.items.filter((item) => item.on === name);
    this.tip = make("div", { class: "hpe-tip", hidden: true });
    this.hint = make("div", { class: "hpe-note", hidden: true });
    const corner = make("div", { class: "hpe-corner" },
      button("+", "zoom in (key +, or the wheel when the picture is in focus)", () => this.zoomBy(1.5)), button("−", "zoom out (key -)", () => this.zoomBy(1 / 1.5)),
      button("fit", "the whole picture (key 0, or double click)", () => this.fit(), { class: "hpe-fit" }),
      button("full", "full screen (key F)", () => this.fullScreen()),
      button("?", "keys and mouse", () => this.note(HELP), { "aria-label": "help" }));
    this.stage = make("div", { class: "hpe-stage" }, this.photo, corner, this.tip, this.hint);
    this.table = make("div", { class: "hpe-table", hidden: true });
    this.stripBox = make("div", { class: "hpe-strip-box" }, this.strip, this.table);
    this.words = make("div", { class: "hpe-words", "aria-live": "polite" });
    this.readout = make("div", { class: "hpe-readout" });
    this.status = make("div", { class: "hpe-status", role: "status", "aria-live": "polite" });
    this.people = make("div", { class: "hpe-people" });
    this.panels = new Panels(this);
    this.root = make("div", { class: `hpe hpe-is-${this.fixed.app}`, "data-shown": "", "data-lm-suppress-shortcuts": "true" }, bar,
      make("div", { class: "hpe-main" }, this.stage, this.stripBox, this.panels.node), this.readout, make("div", { class: "hpe-say" }, this.words), this.status,
      make("details", { class: "hpe-fold", ontoggle: (event) => { this.listed = event.target.open; this.listPeople(); } }, make("summary", { textContent: "people, one by one" }), this.people));
    if (has("steps")) { this.steps = new Steps(this); bar.after(this.steps.node); this.steps.show(); }
    if (has("camera")) { this.camera = new Camera(this); bar.before(this.camera.node); }
    if (!has("strip")) this.stripBox.hidden = true;
    this.el.append(this.root);
    this.root.view = this;
    this.listen();
  }

  listen() {
    const { photo, strip } = this;
    const place = (event, node) => { const box = node.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    const fingers = new Map();
    let drag = null;
    this.on(photo, "pointerdown", (event) => {
      const [x, y] = place(event, photo);
      fingers.set(event.pointerId, [x, y]);
      photo.setPointerCapture(event.pointerId);
      photo.focus({ preventScroll: true });
      const hit = this.hit(x, y, event.pointerType === "touch" ? 22 : 12);
      const onDivider = this.mode === "divider" && Math.abs(x - this.divider * this.size[0]) < 8;
      drag = { start: [x, y], last: [x, y], moved: false, edit: this.editing && hit?.dot >= 0 ? hit : null, divider: onDivider };
    });
    this.on(photo, "pointermove", (event) => {
      const [x, y] = place(event, photo);
      if (fingers.size === 2 && fingers.has(event.pointerId)) { this.pinch(fingers, event.pointerId, [x, y]); drag = null; return; }
      if (drag) {
        drag.moved ||= Math.hypot(x - drag.start[0], y - drag.start[1]) > 3;
        if (drag.divider) { this.divider = clamp(x / this.size[0], 0, 1); this.draw(); }
        else if (drag.edit && drag.moved) { this.ghost = { dot: drag.edit.dot, at: [x, y] }; this.draw(); }
        else if (drag.moved) { this.x += x - drag.last[0]; this.y += y - drag.last[1]; this.moved(); }
        drag.last = [x, y];
      } else this.point([x, y]);
    });
    this.on(photo, "pointerup pointercancel", (event) => {
      const [x, y] = place(event, photo);
      fingers.delete(event.pointerId);
      if (drag?.edit && drag.moved) this.edit("place", drag.edit.dot, { at: this.toImage(x, y) });
      else if (drag && !drag.moved && !drag.divider && event.type === "pointerup") this.click(this.hit(x, y, event.pointerType === "touch" ? 22 : 12));
      [drag, this.ghost] = [null, null];
    });
    this.on(photo, "pointerleave", () => { if (!drag) this.point(null); });
    this.on(photo, "dblclick", (event) => {
      if (this.editing) this.edit("add", -1, { at: this.toImage(...place(event, photo)), joint: this.joint });
      else this.fit();
    });
    this.on(photo, "wheel", (event) => {
      if (document.activeElement !== photo && !event.ctrlKey && !event.metaKey) { this.note("Click the picture, then the wheel zooms; or hold Ctrl.", 1500); return; }
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), place(event, photo));
    }, { passive: false });
    this.on(photo, "keydown", (event) => this.key(event));
    this.on(strip, "keydown", (event) => this.key(event));
    // The notebook has keys of its own: none of those pressed in here are meant for it.
    this.on(this.root, "keydown", (event) => event.stopPropagation());
    // T works as soon as the pointer is on the picture: no click is needed first.
    const typing = () => document.activeElement?.matches("input, textarea, select, [contenteditable]");
    this.on(document, "keydown", (event) => { if (this.pointer && event.key === "t" && !event.ctrlKey && !event.metaKey && !typing()) this.key(event); }, { capture: true });
    this.on(document, "keyup", (event) => { if (event.key.toLowerCase() === "t" && this.held) { this.held = false; this.probe(false); } });
    let from = null;
    this.on(strip, "pointerdown", (event) => {
      from = { start: place(event, strip), hit: this.stripHit(...place(event, strip)) };
      strip.setPointerCapture(event.pointerId);
      strip.focus({ preventScroll: true });
    });
    this.on(strip, "pointermove", (event) => {
      const at = place(event, strip);
      if (from && Math.hypot(at[0] - from.start[0], at[1] - from.start[1]) > 3) {
        if (this.editing && from.hit?.dot >= 0) this.stripGhost = { dot: from.hit.dot, x: at[0] };
        else this.lasso = [from.start, at];
        this.draw();
      } else if (!from) this.hover(this.stripHit(...at), at, strip);
    });
    this.on(strip, "pointerup pointercancel", (event) => {
      const at = place(event, strip);
      if (this.stripGhost) this.edit("tag", this.stripGhost.dot, { tag: this.tagAt(at[0]) });
      else if (this.lasso) this.select(this.lasso);
      else if (from) this.click(from.hit);
      [from, this.lasso, this.stripGhost] = [null, null, null];
      this.draw();
    });
    this.on(strip, "pointerleave", () => this.hover(null));
  }

  // ---------------------------------------------------------------------------------------------------------------- data

  async loadPhoto() {
    const sent = this.source.get("photo");
    if (!sent?.data) return;
    const load = (this.loads = (this.loads ?? 0) + 1);
    this.loading = true;
    const blob = new Blob([sent.data], { type: sent.type });
    const scale = 1600 / Math.max(...sent.size);
    try {
      const whole = await createImageBitmap(blob);
      // A second, small copy keeps pictures of many megapixels fluid while the whole is seen.
      const small = scale < 0.7 ? [await createImageBitmap(whole, { resizeWidth: Math.round(sent.size[0] * scale), resizeQuality: "high" })] : [];
      if (load !== this.loads || this.abort.signal.aborted) return;
      for (const level of this.levels) level.close();
      this.levels = [whole, ...small];
    } catch (error) { this.failed(error); return; } finally { if (load === this.loads) this.loading = false; }
    const same = this.imageSize && this.imageSize[0] === sent.size[0] && this.imageSize[1] === sent.size[1];
    this.imageSize = sent.size;
    this.truth = sent.truth ?? [];
    [...this.tools.layer.options].find((option) => option.value === "truth").hidden = !this.truth.length;
    if (same) this.draw(); else this.fit();
  }

  loadMaps() {
    const sent = this.source.get("maps");
    this.maps = sent?.tags ? new Maps(sent, this.tables) : null;
    if (sent?.ends) this.ends = sent.ends;
    this.draw();
  }

  loadScene() {
    this.scene = this.source.get("scene");
    const { scene } = this;
    if (!this.scene?.people) { this.scene = { people: [], dots: [], values: {} }; return; }
    if (this.scene.n >= this.answered) this.answered = this.scene.n;
    const { person } = this.tools, { people } = scene;
    if (person.length !== people.length + 1) person.replaceChildren(make("option", { value: -1, textContent: "none" }), ...people.map((one, i) => make("option", { value: i, textContent: one.number })));
    // The kernel says where the chosen joint is now, unless something else was chosen since.
    if ("chosen" in scene && scene.choices >= this.choices) {
      [this.chosen, this.choices] = [scene.chosen, scene.choices];
      if (this.chosen?.joint >= 0) this.joint = this.chosen.joint;
    }
    this.hovered = null;
    [this.selected, this.lit, this.odd] = [[], [], []];
    this.tools.place.textContent = this.scene.place ?? "";
    this.tools.untouched.hidden = !this.scene.edited;
    this.readout.textContent = this.scene.readout ?? "";
    this.photo.setAttribute("aria-label", this.scene.alt ?? "");
    this.strip.setAttribute("aria-label", `Tags of all joints by joint type. ${this.scene.readout ?? ""}`);
    this.panels.follow();
    this.listPeople();
    this.showTable();
    this.follow();
    this.draw();
    if (this.queued) { const message = this.queued; this.queued = null; this.ask(message); }
  }

  /** Ask the kernel for a new picture; while one question is open only the newest waits. */
  set(changes, panel = "settings") { this.ask({ kind: "set", panel, changes }); }

  ask(message) {
    if (this.turn > this.answered && performance.now() - this.asked < 10_000) {
      const { queued } = this, joins = queued && queued.kind === message.kind && queued.panel === message.panel;
      this.queued = joins ? { ...message, changes: { ...queued.changes, ...message.changes } } : message;
      return;
    }
    this.asked = performance.now();
    this.source.send({ ...message, n: ++this.turn });
  }

  loadTold() {
    this.told = this.source.get("told") ?? {};
    const { words, told } = this;
    words.replaceChildren();
    const hint = this.source.live ? "Click a joint, a dot or a person to see why it belongs where it does. Point anywhere to ask a pixel; hold T for the tag probe; + and − zoom." : "Click a joint or a dot to see why it belongs where it does. Point anywhere to ask a pixel; hold T for the tag probe.";
    if (!told.sentence) { words.append(make("span", { class: "hpe-quiet", textContent: this.scene?.hint ?? hint })); this.draw(); return; }
    words.append(make("p", {}, told.person >= 0 ? this.badge(told.person) : "", " ", ...this.linked(told.sentence)));
    if (told.flips?.length || told.searching) {
      words.append(make("div", { class: "hpe-flips" }, told.flips.length ? "It would be otherwise: " : "", ...told.flips.map((flip) => make("button", {
        type: "button", class: "hpe-flip", textContent: `${flip.setting} ${flip.side} ${flip.shown}: ${flip.then}`,
        title: `set ${flip.setting} to ${flip.to}`, disabled: !this.source.live, onclick: this.guarded(() => this.set({ [flip.setting]: flip.to })),
      })), told.searching ? make("span", { class: "hpe-quiet", textContent: " searching for values that change it …" }) : null));
    }
    if (told.candidates?.length) {
      const heads = ["", "score", "tag distance", "pixels away", "cost", "went to"];
      const rows = told.candidates.map((one, i) => make("tr", {
        tabIndex: 0, onmouseenter: () => { this.pointedCandidate = i; this.draw(); }, onmouseleave: () => { this.pointedCandidate = -1; this.draw(); },
        onclick: () => this.centre(one.x, one.y), title: "show it on the photo",
      }, ...[String.fromCharCode(97 + i), one.score, one.tag, one.place, one.cost, one.went].map((text) => make("td", { textContent: text }))));
      words.append(make("table", { class: "hpe-list" }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { textContent: head })))), make("tbody", {}, ...rows)));
    }
    this.draw();
  }

  /** A sentence whose coordinates, such as (120, 45), can be clicked: the picture shows the place. */
  linked(sentence) {
    return sentence.split(/(\(\d+, \d+\))/).map((part, i) => {
      if (i % 2 === 0) return part;
      const [x, y] = part.slice(1, -1).split(", ").map(Number);
      return make("button", { type: "button", class: "hpe-link", textContent: part, onclick: () => this.centre(x, y) });
    });
  }

  loadKept() {
    this.kept = this.source.get("kept");
    const there = !!this.kept?.people;
    this.tools.compare.hidden = !there;
    if (there && this.mode === "one") this.compare("divider");
    if (!there) this.compare("one");
    this.changes?.remove();
    if (there && this.kept.changes) {
      this.changes = make("div", { class: "hpe-changes", "aria-live": "polite" }, make("b", { textContent: `A: ${this.kept.code}. ` }), this.kept.changes.join(" ") || "Nothing has changed since A.");
      this.words.after(this.changes);
    }
    this.draw();
  }

  loadDoctor() {
    const told = this.source.get("doctor");
    this.tools.doctor.classList.toggle("hpe-odd", !!told?.odd);
    this.finding?.remove();
    [this.lit, this.odd] = [[], []];
    if (!told?.findings) { this.draw(); return; }
    const rows = told.findings.map((one) => make("li", {}, make("b", { textContent: one.name }), `: ${one.evidence}. Try: ${one.advice}. `,
      Object.keys(one.changes).length ? make("button", { type: "button", class: "hpe-flip", textContent: Object.entries(one.changes).map(([name, to]) => `${name} = ${to}`).join(", "), disabled: !this.source.live, onclick: this.guarded(() => this.set(one.changes)) }) : ""));
    this.finding = make("div", { class: "hpe-findings" }, rows.length ? make("ol", {}, ...rows) : make("p", { textContent: "Nothing unusual." }));
    this.words.after(this.finding);
    [this.lit, this.odd] = [told.limbs ?? [], told.dots ?? []];
    this.draw();
  }

  loadStatus() {
    const told = this.source.get("status");
    this.say(told?.text ?? "", told?.error);
    if (told?.copy && told.n !== this.copied) { this.copied = told.n; navigator.clipboard?.writeText(told.copy); }
    if (told?.error) this.answered = this.turn;
  }

  say(text, error = false) {
    this.status.textContent = text;
    this.status.classList.toggle("hpe-error", !!error);
  }

  note(text, milliseconds = 8000) {
    this.hint.textContent = text;
    this.hint.hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => { this.hint.hidden = true; }, milliseconds);
  }

  badge(person) {
    const one = this.scene.people[person], colour = this.colour(one?.number ?? person + 1);
    const badge = make("button", { type: "button", class: "hpe-badge", textContent: one?.number ?? "?", title: "show this person", onclick: () => this.choose({ person, joint: -1 }) });
    Object.assign(badge.style, { background: colour, color: contrast(colour) });
    return badge;
  }

  listPeople() {
    if (!this.listed) return;
    const heads = ["person", "score", "tag", "detected", "refined", "missing"];
    const rows = this.scene.people.map((one, i) => {
      const kinds = [1, 2, 0].map((kind) => one.kind.filter((value) => value === kind).length);
      const cells = [this.badge(i), one.score.toFixed(2), one.tag.map((value) => value.toFixed(2)).join(", "), ...kinds];
      return make("tr", { onmouseenter: () => this.hover({ person: i, joint: -1, dot: -1 }), onmouseleave: () => this.hover(null), onclick: () => this.choose({ person: i, joint: -1 }) },
        ...cells.map((cell) => make("td", {}, cell)));
    });
    this.people.replaceChildren(make("table", { class: "hpe-list" }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { textContent: head })))), make("tbody", {}, ...rows)));
  }

  /** The table of a moment of the decoder's work: candidates by people. */
  showTable() {
    const table = this.scene.table;
    this.table.hidden = !table;
    this.strip.hidden = !!table;
    if (!table) return;
    const flat = table.rows.flatMap((row) => row.cells.map((cell) => cell.value)).filter((value) => value != null);
    const [low, high] = [Math.min(...flat), Math.max(...flat)];
    const head = make("tr", {}, make("th"), make("th", { textContent: "score" }), ...table.people.map((number) => make("th", {}, this.chip(number))));
    const rows = table.rows.map((row) => make("tr", { class: row.strong ? "hpe-strong" : "" }, make("th", { textContent: row.letter }), make("td", { textContent: row.score }),
      ...row.cells.map((cell, i) => {
        const node = make("td", { textContent: cell.text, title: cell.under ?? "", onmouseenter: () => { this.pair = [row.dot, table.people[i]]; this.draw(); }, onmouseleave: () => { this.pair = null; this.draw(); } });
        if (cell.value != null) node.style.background = `rgba(86, 180, 233, ${0.6 * (1 - (cell.value - low) / Math.max(high - low, 1e-9)) ** 2})`;
        if (cell.chosen) node.style.outline = `2px solid ${this.colour(table.people[i])}`;
        if (cell.under) node.append(make("small", { textContent: cell.under }));
        return node;
      })));
    this.table.replaceChildren(make("h4", { textContent: table.title }), make("table", { class: "hpe-list" }, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  chip(number) {
    const chip = make("span", { class: "hpe-badge", textContent: number }), colour = this.colour(number);
    Object.assign(chip.style, { background: colour, color: contrast(colour) });
    return chip;
  }

  colour(number) { return this.fixed.colours[(number - 1) % this.fixed.colours.length]; }

  /** People beyond the palette get another pattern of line; in widths of the line. */
  dash(number, width = 3) { return this.fixed.patterns[(number - 1) % this.fixed.patterns.length].map((value) => value * width); }

  // ------------------------------------------------------------------------------------------------------------- actions

  /** Change layer or joint type. */
  show(changes) {
    Object.assign(this, changes);
    if (changes.joint != null && this.chosen?.person >= 0) this.choose({ person: this.chosen.person, joint: this.joint });
    this.follow();
    this.draw();
  }

  follow() {
    const { layer, joint, person } = this.tools;
    [layer.value, joint.value, person.value] = [this.layer, this.joint, this.chosen?.person ?? -1];
  }

  probe(on) {
    this.probing = on && !!this.maps;
    this.tools.probe.setAttribute("aria-pressed", this.probing);
    if (on && !this.pointer) this.note("Point at the photo: every pixel is coloured by how near its tag is to the one under the pointer.", 4000);
    this.draw();
  }

  whatIf(on) {
    this.editing = on;
    this.tools.whatif.setAttribute("aria-pressed", on);
    this.note(on ? "Drag a joint on the photo, or its dot sideways in the strip. Delete removes the chosen one; [ and ] change its score; double click adds one." : "", on ? 8000 : 1);
  }

  edit(what, dot, more) { this.source.send({ kind: "edit", what, dot, ...more }); }

  compare(mode) {
    this.mode = this.kept?.people ? mode : "one";
    this.tools.compare.value = this.mode;
    this.fit();
  }

  click(hit) {
    if (hit?.row >= 0) this.show({ joint: hit.row, layer: ["heatmap", "tag map"].includes(this.layer) ? this.layer : "heatmap" });
    else this.choose(hit);
  }

  /** Light up a joint, a dot or a person, and ask why it is where it is; null lets go. */
  choose(spot) {
    this.chosen = spot && { dot: this.dotOf(spot.person, spot.joint, spot.dot), ...spot };
    if (spot?.joint >= 0) this.joint = spot.joint;
    this.follow();
    this.draw();
    this.source.send({ kind: "choose", choices: ++this.choices, person: spot?.person ?? -1, joint: spot?.joint ?? -1, dot: spot?.dot ?? -1 });
  }

  dotOf(person, joint, otherwise = -1) {
    const at = this.scene.dots.findIndex((dot) => dot[0] === joint && dot[1] === person);
    return person >= 0 && at >= 0 ? at : otherwise < this.scene.dots.length ? otherwise : -1;
  }

  /** Select the dots in a rectangle of the strip: they light up on the photo. */
  select([[x0, y0], [x1, y1]]) {
    const inside = ({ x, y }) => x >= Math.min(x0, x1) && x <= Math.max(x0, x1) && y >= Math.min(y0, y1) && y <= Math.max(y0, y1);
    this.selected = this.stripDots.filter(inside).map(({ dot }) => dot);
    this.say(`${count(this.selected.length, "dot")} selected: ringed on the photo. Escape lets go.`);
  }

  point(at) {
    this.pointer = at;
    if (at && this.mode === "beside") at = [at[0] % (this.size[0] / 2), at[1]];
    this.hover(at && this.hit(...at, 10), at, this.photo);
  }

  hover(spot, at = null, on = null) {
    this.hovered = spot;
    if (on !== this.photo) this.pointer = on ? null : this.pointer;
    const text = this.tipText(spot, on === this.photo ? at : null);
    this.tip.hidden = !text || !at || on !== this.photo;
    if (text && at) {
      this.tip.textContent = text;
      Object.assign(this.tip.style, { left: `${clamp(at[0] + 14, 0, this.size[0] - 190)}px`, top: `${at[1] > this.size[1] - 60 ? at[1] - 52 : at[1] + 14}px` });
    }
    if (on === this.strip && spot) this.say(text);
    this.draw();
  }

  /** What is under the pointer: joint type, score, tag, whose it is or would be. */
  tipText(spot, at) {
    const { names } = this.fixed;
    if (spot?.dot >= 0) {
      const [joint, person, , , score, refined, ...tag] = this.scene.dots[spot.dot];
      const whose = person >= 0 ? `person ${this.scene.people[person].number}` : this.nearestTag(tag, "no person's; ");
      return `${names[joint]}${refined ? " (refined)" : ""}: confidence ${score.toFixed(2)}, tag ${tag.map((t) => t.toFixed(2)).join(", ")}; ${whose}`;
    }
    if (spot?.person >= 0) return `person ${this.scene.people[spot.person].number}: score ${this.scene.people[spot.person].score.toFixed(2)}`;
    if (!at || !this.maps) return "";
    const pixel = this.maps.at(...this.toImage(...at));
    if (pixel < 0) return "";
    const tag = this.maps.tag(this.joint, pixel);
    return `${names[this.joint]} here: confidence ${this.maps.score(this.joint, pixel).toFixed(2)}, tag ${tag.map((t) => t.toFixed(2)).join(", ")}; ${this.nearestTag(tag, "")}`;
  }

  nearestTag(tag, start) {
    const apart = this.scene.people.map((one) => Math.hypot(...one.tag.map((value, i) => value - tag[i])));
    if (!apart.length) return `${start}no person to join`;
    const best = apart.indexOf(Math.min(...apart)), limit = this.threshold;
    return `${start}nearest in tag is person ${this.scene.people[best].number}, ${apart[best].toFixed(2)} away${limit == null ? "" : apart[best] < limit ? ": may join" : ": too far to join"}`;
  }

  get threshold() { return this.scene.values?.tag_threshold; }

  key(event) {
    const { key } = event, people = this.scene.people.length, order = this.fixed.order;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (step && event.shiftKey) { this.x -= 60 * step[0]; this.y -= 60 * step[1]; this.moved(); }
    else if (step && this.steps) this.steps.go(step[0] || step[1]);
    else if (step && people) {
      const person = (Math.max(this.chosen?.person ?? 0, 0) + (this.chosen ? step[1] : 0) + people) % people;
      const row = this.chosen?.joint >= 0 ? order.indexOf(this.chosen.joint) + step[0] : 0;
      this.choose({ person, joint: order[(row + order.length) % order.length] });
    } else if (key === "+" || key === "=") this.zoomBy(1.25);
    else if (key === "-") this.zoomBy(0.8);
    else if (key === "0") this.fit();
    else if (key === "Escape") { this.selected = []; this.whatIf(false); this.choose(null); }
    else if (key.toLowerCase() === "t" && !event.ctrlKey && !event.metaKey) { if (!event.repeat && !this.probing) { this.held = true; this.probe(true); } }
    else if (key.toLowerCase() === "f") this.fullScreen();
    else if (this.editing && this.chosen?.dot >= 0 && key === "Delete") this.edit("delete", this.chosen.dot, {});
    else if (this.editing && this.chosen?.dot >= 0 && (key === "[" || key === "]")) this.edit("score", this.chosen.dot, { by: key === "[" ? -0.05 : 0.05 });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ----------------------------------------------------------------------------------------------------------- geometry

  get size() { return [this.photo.clientWidth, this.photo.clientHeight]; }

  resized() {
    const before = this.lastSize, [width, height] = this.size;
    if (!width || !height) return;
    this.lastSize = [width, height];
    if (!before || this.fitted) this.fit();
    else { this.x += (width - before[0]) / 2; this.y += (height - before[1]) / 2; this.draw(); }
  }

  /** Width of the part of the canvas that shows one picture. */
  get pane() { return this.mode === "beside" ? this.size[0] / 2 : this.size[0]; }

  fit() {
    if (!this.imageSize) return;
    const [width, height] = this.imageSize;
    this.zoom = this.least = Math.min(this.pane / width, this.size[1] / height) || 1;
    this.x = (this.pane - width * this.zoom) / 2 + this.zoom / 2;
    this.y = (this.size[1] - height * this.zoom) / 2 + this.zoom / 2;
    this.fitted = true;
    this.photo.style.touchAction = "pan-y";
    this.draw();
  }

  zoomBy(factor, at = [this.pane / 2, this.size[1] / 2]) {
    if (this.mode === "beside") at = [at[0] % this.pane, at[1]];
    const zoom = clamp(this.zoom * factor, this.least * 0.5, Math.max(this.least * 4, 60));
    this.x = at[0] - (at[0] - this.x) * zoom / this.zoom;
    this.y = at[1] - (at[1] - this.y) * zoom / this.zoom;
    this.zoom = zoom;
    this.moved();
  }

  moved() {
    this.fitted = false;
    this.photo.style.touchAction = "none";
    const [width, height] = this.imageSize ?? [1, 1], room = 40;
    this.x = clamp(this.x, room - width * this.zoom, this.pane - room);
    this.y = clamp(this.y, room - height * this.zoom, this.size[1] - room);
    this.draw();
  }

  pinch(fingers, id, at) {
    const other = [...fingers].find(([finger]) => finger !== id)[1], before = fingers.get(id);
    const middle = (a) => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2], apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
    this.x += middle(at)[0] - middle(before)[0];
    this.y += middle(at)[1] - middle(before)[1];
    this.zoomBy(apart(at) / Math.max(apart(before), 1), middle(at));
    fingers.set(id, at);
  }

  centre(x, y) {
    this.zoom = Math.max(this.zoom, this.least * 3);
    this.x = this.pane / 2 - x * this.zoom;
    this.y = this.size[1] / 2 - y * this.zoom;
    this.mark = [x, y];
    this.moved();
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => this.say("This page may not use the full screen."));
  }

  toScreen(x, y) { return [x * this.zoom + this.x, y * this.zoom + this.y]; }
  toImage(x, y) { return [(x - this.x) / this.zoom, (y - this.y) / this.zoom]; }

  /** The joint or dot nearest to a place of the photo's canvas, within `reach` pixels. */
  hit(x, y, reach) {
    if (this.mode === "beside") { if (x < this.pane) return null; x -= this.pane; }
    let best = null;
    const all = this.layer === "peaks" || this.layer === "truth", one = ["heatmap", "tag map"].includes(this.layer);
    this.scene.dots.forEach(([joint, person, px, py], dot) => {
      if ((person < 0 && !all && !one) || (one && joint !== this.joint)) return;
      const [sx, sy] = this.toScreen(px, py), away = Math.hypot(sx - x, sy - y);
      if (away <= reach && (!best || away < best.away)) best = { person, joint, dot, away };
    });
    return best;
  }

  // -------------------------------------------------------------------------------------------------------------- drawing

  /** Draw at the next frame. */
  draw() { this.frame ??= requestAnimationFrame(this.guarded(() => { this.frame = null; this.paint(); })); }

  paint() {
    // People wait for their photo: neither is seen with another's.
    if (this.abort.signal.aborted || !this.scene || this.loading) return;
    this.items = [];
    this.paintPhoto();
    if (!this.stripBox.hidden && !this.strip.hidden) this.paintStrip();
    this.root.dataset.shown = this.scene.n ?? 0;
    this.root.dataset.frames = +(this.root.dataset.frames ?? 0) + 1;
  }

  /** The context of a canvas as sharp as the screen, in CSS pixels, cleared. */
  context(canvas) {
    const sharp = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
      canvas.width = Math.round(width * sharp);
      canvas.height = Math.round(height * sharp);
    }
    const g = canvas.getContext("2d");
    g.setTransform(sharp, 0, 0, sharp, 0, 0);
    g.clearRect(0, 0, width, height);
    return g;
  }

  paintPhoto() {
    const g = this.context(this.photo), [width, height] = this.size;
    if (!width) return;
    if (this.mode === "one") { this.paintPane(g, this.scene, 0, width); return; }
    const split = this.mode === "divider" ? this.divider * width : width / 2;
    for (const [scene, from, to, name] of [[this.kept, 0, split, "A"], [this.scene, split, width, "now"]]) {
      g.save();
      g.beginPath();
      g.rect(from, 0, to - from, height);
      g.clip();
      if (this.mode === "beside" && from) g.translate(from, 0);
      this.paintPane(g, scene, this.mode === "beside" ? 0 : from, this.mode === "beside" ? width / 2 : to, name === "A");
      g.restore();
      this.sign(g, name, name === "A" ? split - 24 : split + 24, height - 16, "#333333");
    }
    g.fillStyle = "#d55e00";
    g.fillRect(split - 1.5, 0, 3, height);
    if (this.mode === "divider") { g.beginPath(); g.arc(split, height / 2, 8, 0, 7); g.fill(); }
    this.items.push({ on: "photo", kind: "divider", x: split, y: height / 2 });
  }

  /** One picture: photo, map, people, what is lit. `old` for the kept result, in which nothing lights up. */
  paintPane(g, scene, from, to, old = false) {
    if (this.levels.length && this.imageSize) {
      const [width, height] = this.imageSize, small = this.levels[1];
      const level = small && this.zoom * (window.devicePixelRatio || 1) <= 1.4 * small.width / width ? small : this.levels[0];
      g.imageSmoothingEnabled = this.zoom < 6;
      g.imageSmoothingQuality = "medium";
      g.drawImage(level, this.x - this.zoom / 2, this.y - this.zoom / 2, width * this.zoom, height * this.zoom);
    }
    const probe = this.probeTag();
    if (this.maps && (probe || ["heatmap", "all heatmaps", "tag map"].includes(this.layer))) this.paintMap(g, probe);
    if (this.layer === "truth") for (const person of this.truth) this.paintLimbs(g, { xy: person.xy, kind: person.kind }, 9, () => "#ffffffb0", true);
    if (this.layer !== "heatmap" && this.layer !== "tag map" && this.layer !== "all heatmaps") this.paintPeople(g, scene, old);
    this.paintDots(g, scene);
    if (!old) this.paintLit(g, scene);
  }

  probeTag() {
    if (!this.probing || !this.maps || !this.pointer) return null;
    if (this.hovered?.dot >= 0) {
      const [joint, , , , , , ...tag] = this.scene.dots[this.hovered.dot];
      return { joint, tag, threshold: this.threshold ?? 1 };
    }
    const pixel = this.maps.at(...this.toImage(...this.pointer));
    return pixel < 0 ? null : { joint: this.joint, tag: this.maps.tag(this.joint, pixel), threshold: this.threshold ?? 1 };
  }

  paintMap(g, probe) {
    this.maps.paint(probe ? "probe" : this.layer, probe?.joint ?? this.joint, this.ends, probe);
    const [a, b, e, c, d, f] = this.maps.to, s = this.zoom;
    g.save();
    g.beginPath();
    g.rect(this.x - s / 2, this.y - s / 2, this.imageSize[0] * s, this.imageSize[1] * s);
    g.clip();
    g.transform(a * s, c * s, b * s, d * s, e * s + this.x, f * s + this.y);
    g.imageSmoothingEnabled = s * a < 4;
    g.drawImage(this.maps.canvas, -0.5, -0.5);
    g.restore();
    this.items.push({ on: "photo", kind: probe ? "probe" : "map", layer: this.layer, joint: probe?.joint ?? this.joint, tag: probe?.tag, threshold: probe?.threshold });
  }

  paintPeople(g, scene, old) {
    const only = old ? -1 : this.chosen?.person ?? this.hovered?.person ?? -1;
    scene.people.map((one, i) => [one, i]).reverse().forEach(([one, i]) => {
      const colour = this.colour(one.number), shade = (side) => [mixed(colour, PAPER, 0.35), colour, mixed(colour, INK, 0.25)][side];
      g.globalAlpha = only >= 0 && only !== i ? 0.45 : 1;
      this.paintLimbs(g, one, 3, shade, false, this.dash(one.number));
      this.eachJoint(one, (x, y, k) => {
        g.beginPath();
        g.arc(x, y, 4, 0, 7);
        g.lineWidth = 1.5;
        g.strokeStyle = INK;
        g.fillStyle = one.kind[k] === DETECTED ? colour : PAPER;
        g.fill();
        g.stroke();
        if (one.kind[k] !== DETECTED) { g.beginPath(); g.arc(x, y, 2.6, 0, 7); g.strokeStyle = colour; g.stroke(); }
        this.items.push({ on: "photo", kind: "joint", person: i, number: one.number, joint: k, x, y, colour, old });
      });
      g.globalAlpha = 1;
    });
    const taken = [];
    scene.people.forEach((one, i) => {
      let top = null;
      this.eachJoint(one, (x, y) => { if (!top || y < top[1]) top = [x, y]; });
      if (!top) return;
      let [x, y] = [top[0], Math.max(top[1] - 18, 11)];
      for (let tries = 0; tries < 12 && taken.some(([tx, ty]) => Math.abs(tx - x) < 20 && Math.abs(ty - y) < 19); tries++) x += tries % 2 ? -20 * (tries + 1) : 20 * (tries + 1);
      taken.push([x, y]);
      this.sign(g, String(one.number), x, y, this.colour(one.number), this.dash(one.number));
      this.items.push({ on: "photo", kind: "number", person: i, number: one.number, x, y, colour: this.colour(one.number), old });
    });
  }

  eachJoint(one, draw) {
    for (let k = 0; k < 17; k++) if (one.kind[k] !== MISSING) draw(...this.toScreen(one.xy[2 * k], one.xy[2 * k + 1]), k);
  }

  paintLimbs(g, one, width, shade, plain, dash = []) {
    const side = (a, b) => { const [p, q] = [a, b].map((k) => (k === 0 ? 1 : k % 2 ? 0 : 2)); return p === q ? p : 1; };
    g.lineCap = "round";
    for (const [a, b] of this.fixed.limbs) {
      if (one.kind[a] === MISSING || one.kind[b] === MISSING) continue;
      const p = this.toScreen(one.xy[2 * a], one.xy[2 * a + 1]), q = this.toScreen(one.xy[2 * b], one.xy[2 * b + 1]);
      const sure = plain || (one.kind[a] === DETECTED && one.kind[b] === DETECTED), wide = sure ? width : width / 2;
      const line = (colour, w, pattern) => { g.beginPath(); g.setLineDash(pattern); g.moveTo(...p); g.lineTo(...q); g.lineWidth = w; g.strokeStyle = colour; g.stroke(); };
      if (!plain) line(INK, wide + 2, []);
      line(shade(side(a, b)), wide, dash);
    }
    g.setLineDash([]);
  }

  /** A word on a rounded ground. */
  sign(g, text, x, y, colour, dash = []) {
    g.font = "600 12px system-ui, sans-serif";
    const wide = Math.max(18, g.measureText(text).width + 9);
    g.beginPath();
    g.roundRect(x - wide / 2, y - 9, wide, 18, 9);
    g.fillStyle = colour;
    g.fill();
    g.lineWidth = 1.5;
    g.setLineDash(dash.map((value) => value / 1.5));
    g.strokeStyle = contrast(colour);
    g.stroke();
    g.setLineDash([]);
    g.fillStyle = contrast(colour);
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.fillText(text, x, y + 0.5);
  }

  ring(g, x, y, radius, colour, dash = []) {
    for (const [ink, width] of [[INK, 4.5], [colour, 2.5]]) {
      g.beginPath();
      g.setLineDash(ink === INK ? [] : dash);
      g.arc(x, y, radius, 0, 7);
      g.lineWidth = width;
      g.strokeStyle = ink;
      g.stroke();
    }
    g.setLineDash([]);
  }

  /** Peaks of the layer: all of them, or those of one joint type. */
  paintDots(g, scene) {
    const one = ["heatmap", "tag map"].includes(this.layer), all = this.layer === "peaks";
    if (!one && !all && this.layer !== "truth") return;
    scene.dots.forEach(([joint, person, px, py, score], dot) => {
      const [x, y] = this.toScreen(px, py), wrong = this.layer === "truth" && scene.wrong?.includes(dot);
      if ((one && joint !== this.joint) || (this.layer === "truth" && !wrong)) return;
      if (wrong) {
        g.lineWidth = 3;
        g.strokeStyle = "#d1001c";
        g.beginPath();
        g.moveTo(x - 7, y - 7); g.lineTo(x + 7, y + 7); g.moveTo(x + 7, y - 7); g.lineTo(x - 7, y + 7);
        g.stroke();
      } else this.ring(g, x, y, 6, person >= 0 ? this.colour(scene.people[person].number) : "#cccccc");
      if (one) { g.font = "11px system-ui, sans-serif"; g.fillStyle = PAPER; g.strokeStyle = INK; g.lineWidth = 3; g.textAlign = "left"; g.strokeText(score.toFixed(2), x + 9, y - 6); g.fillText(score.toFixed(2), x + 9, y - 6); }
      this.items.push({ on: "photo", kind: wrong ? "wrong" : "peak", dot, joint, person, x, y });
    });
  }

  /** What lights up: the spot pointed at, the chosen one with its candidates, a selection, findings, a dragged dot. */
  paintLit(g, scene) {
    const told = this.told ?? {}, at = (dot) => this.toScreen(scene.dots[dot][2], scene.dots[dot][3]);
    for (const [person, a, b] of this.lit ?? []) {
      const one = scene.people[person];
      if (!one || one.kind[a] === MISSING || one.kind[b] === MISSING) continue;
      g.beginPath();
      g.moveTo(...this.toScreen(one.xy[2 * a], one.xy[2 * a + 1]));
      g.lineTo(...this.toScreen(one.xy[2 * b], one.xy[2 * b + 1]));
      g.lineWidth = 7;
      g.strokeStyle = "#d1001cb0";
      g.stroke();
      this.items.push({ on: "photo", kind: "odd limb", person, limb: [a, b] });
    }
    for (const dot of this.odd ?? []) if (scene.dots[dot]) { this.ring(g, ...at(dot), 8, "#d1001c"); this.items.push({ on: "photo", kind: "odd", dot }); }
    if (this.chosen && told.candidates) {
      told.candidates.forEach((one, i) => {
        const [x, y] = this.toScreen(one.x, one.y), strong = i === this.pointedCandidate;
        this.ring(g, x, y, strong ? 13 : 9, one.runner ? "#f0e442" : PAPER, one.runner ? [] : [3, 3]);
        this.sign(g, String.fromCharCode(97 + i), x + 16, y, "#333333");
        this.items.push({ on: "photo", kind: one.runner ? "runner-up" : "candidate", x, y });
      });
    }
    if (this.previewing) for (const dot of this.preview?.dots ?? []) if (scene.dots[dot]) { this.ring(g, ...at(dot), 11, "#d55e00"); this.items.push({ on: "photo", kind: "would change", dot }); }
    for (const dot of this.selected) if (scene.dots[dot]) { this.ring(g, ...at(dot), 9, "#f0e442"); this.items.push({ on: "photo", kind: "selected", dot }); }
    for (const [spot, colour] of [[this.hovered, "#ffffff"], [this.chosen, "#f0e442"]]) {
      if (spot?.dot >= 0 && scene.dots[spot.dot]) {
        this.ring(g, ...at(spot.dot), 10, colour);
        this.items.push({ on: "photo", kind: spot === this.chosen ? "chosen" : "hovered", dot: spot.dot, x: at(spot.dot)[0], y: at(spot.dot)[1] });
      }
    }
    for (const one of scene.rings ?? []) {
      const [x, y] = this.toScreen(one.x, one.y);
      this.ring(g, x, y, 9, PAPER, [3, 3]);
      if (one.letter) this.sign(g, one.letter, x + 16, y, "#333333");
      this.items.push({ on: "photo", kind: "ring", letter: one.letter, x, y });
    }
    const box = scene.box ?? (this.chosen && told.box);
    if (box) {
      const [x0, y0] = this.toScreen(box[0], box[1]), [x1, y1] = this.toScreen(box[2], box[3]);
      g.setLineDash([6, 4]); g.lineWidth = 2; g.strokeStyle = "#f0e442"; g.strokeRect(x0, y0, x1 - x0, y1 - y0); g.setLineDash([]);
      this.items.push({ on: "photo", kind: "window", x: x0, y: y0 });
    }
    if (this.pair) {
      const person = scene.people.find((one) => one.number === this.pair[1]), dot = scene.dots[this.pair[0]];
      if (dot) this.ring(g, ...this.toScreen(dot[2], dot[3]), 12, "#f0e442");
      if (person && dot) this.eachJoint(person, (x, y) => this.ring(g, x, y, 7, this.colour(person.number)));
    }
    if (this.mark) { this.ring(g, ...this.toScreen(...this.mark), 14, "#f0e442", [4, 3]); this.mark = null; }
    if (this.ghost) this.ring(g, ...this.ghost.at, 8, "#d55e00");
  }

  // ---------------------------------------------------------------------------------------------------------------- strip

  column(tag) {
    const [low, high] = this.ends ?? [-1, 1], [left, right] = [86, this.strip.clientWidth - 12];
    return left + (right - left) * clamp((tag - low) / (high - low), -0.02, 1.02);
  }

  tagAt(x) {
    const [low, high] = this.ends ?? [-1, 1], [left, right] = [86, this.strip.clientWidth - 12];
    return low + (high - low) * (x - left) / (right - left);
  }

  along(tag) { return this.maps ? this.maps.along(tag) : tag[0]; }

  paintStrip() {
    const g = this.context(this.strip), width = this.strip.clientWidth, height = this.strip.clientHeight;
    if (!width) return;
    const style = getComputedStyle(this.root), text = style.color, head = this.scene.people.length > 8 ? 46 : 26, foot = 20;
    const row = (height - head - foot) / 17, middle = (joint) => head + row * (this.fixed.order.indexOf(joint) + 0.5);
    Object.assign(this, { stripDots: [], stripRow: row, stripHead: head });
    const probe = this.probeTag() ?? this.hoveredTag();
    if (probe && this.threshold != null) {
      const at = this.along(probe.tag), [from, to] = [this.column(at - probe.threshold), this.column(at + probe.threshold)];
      g.fillStyle = "#f0a02440";
      g.fillRect(from, head, to - from, height - head - foot);
      g.fillStyle = "#d55e00";
      g.fillRect(this.column(at) - 0.75, head, 1.5, height - head - foot);
      this.items.push({ on: "strip", kind: "band", tag: at, from, to });
    }
    g.font = "11px system-ui, sans-serif";
    g.textBaseline = "middle";
    this.fixed.order.forEach((joint) => {
      const y = middle(joint);
      g.fillStyle = style.getPropertyValue("--hpe-line");
      g.fillRect(82, y, width - 86, 1);
      g.fillStyle = text;
      g.globalAlpha = joint === this.joint ? 1 : 0.75;
      g.font = `${joint === this.joint ? "700 " : ""}11px system-ui, sans-serif`;
      g.textAlign = "right";
      g.fillText(this.fixed.names[joint], 78, y);
      g.globalAlpha = 1;
    });
    g.textAlign = "center";
    const [low, high] = this.ends ?? [-1, 1], step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((s) => (high - low) / s < 8) ?? 100;
    g.fillStyle = text;
    g.font = "11px system-ui, sans-serif";
    for (let tag = Math.ceil(low / step) * step; tag <= high; tag += step) g.fillText(String(+tag.toFixed(2)), this.column(tag), height - 10);
    g.textAlign = "right";
    g.fillText("tag", 78, height - 10);
    const only = this.chosen?.person ?? this.hovered?.person ?? -1, taken = [], heads = [];
    this.scene.people.forEach((one, i) => {
      const x = this.column(this.along(one.tag));
      g.fillStyle = this.colour(one.number);
      g.globalAlpha = only >= 0 && only !== i ? 0.15 : 0.5;
      g.fillRect(x - 1, head, 2, height - head - foot);
      g.globalAlpha = 1;
      // Numbers that would overlap stand in the second row, or a little to the side.
      let at = [x, 12];
      for (let tries = 1; tries < 60 && heads.some(([hx, hy]) => Math.abs(hx - at[0]) < 19 && Math.abs(hy - at[1]) < 18); tries++) {
        const side = 5 * (tries >> 2) * (tries & 2 ? 1 : -1);
        at = [clamp(x + side, 84, width - 10), tries & 1 && head > 30 ? 32 : 12];
      }
      heads.push(at);
      this.sign(g, String(one.number), ...at, this.colour(one.number), this.dash(one.number));
      this.items.push({ on: "strip", kind: "number", person: i, number: one.number, x: at[0], y: at[1] });
    });
    this.scene.dots.forEach(([joint, person, , , score, refined, ...tag], dot) => {
      const x = this.stripGhost?.dot === dot ? this.stripGhost.x : this.column(this.along(tag));
      let y = middle(joint);
      // Dots of equal tags stand one beneath the other: none is hidden.
      for (let tries = 1; tries < 7 && taken.some((other) => Math.abs(other[0] - x) < 6 && Math.abs(other[1] - y) < 5); tries++) y = middle(joint) + 5 * Math.ceil(tries / 2) * (tries % 2 ? 1 : -1);
      taken.push([x, y]);
      const colour = person >= 0 ? this.colour(this.scene.people[person].number) : "#9a9a9a";
      g.globalAlpha = only >= 0 && only !== person ? 0.35 : 1;
      g.beginPath();
      g.arc(x, y, 2.6 + 2.2 * Math.sqrt(clamp(score, 0, 1)), 0, 7);
      g.fillStyle = refined ? PAPER : colour;
      g.fill();
      g.lineWidth = refined ? 2 : 1;
      g.strokeStyle = refined ? colour : INK;
      g.stroke();
      g.globalAlpha = 1;
      if (this.odd?.includes(dot)) this.ring(g, x, y, 7, "#d1001c");
      if (this.chosen?.dot === dot) this.ring(g, x, y, 7, "#f0e442");
      if (this.hovered?.dot === dot) this.ring(g, x, y, 7, "#ffffff");
      if (this.selected.includes(dot)) this.ring(g, x, y, 6, "#f0e442");
      this.stripDots.push({ dot, x, y });
      this.items.push({ on: "strip", kind: "dot", dot, joint, person, x, y, tag: this.along(tag) });
    });
    if (this.lasso) { const [[x0, y0], [x1, y1]] = this.lasso; g.strokeStyle = "#d55e00"; g.lineWidth = 1.5; g.strokeRect(x0, y0, x1 - x0, y1 - y0); }
  }

  hoveredTag() {
    const spot = this.hovered?.dot >= 0 ? this.hovered : this.chosen;
    if (!(spot?.dot >= 0) || !this.scene.dots[spot.dot]) return null;
    return { tag: this.scene.dots[spot.dot].slice(6), threshold: this.threshold };
  }

  stripHit(x, y) {
    const near = this.stripDots.map((one) => ({ ...one, away: Math.hypot(one.x - x, one.y - y) })).filter((one) => one.away < 9).sort((a, b) => a.away - b.away)[0];
    if (near) { const [joint, person] = this.scene.dots[near.dot]; return { person, joint, dot: near.dot }; }
    const number = this.items.find((item) => item.on === "strip" && item.kind === "number" && Math.abs(item.x - x) < 10 && Math.abs(item.y - y) < 10);
    if (number) return { person: number.person, joint: -1, dot: -1 };
    const row = Math.floor((y - this.stripHead) / this.stripRow);
    return x < 80 && row >= 0 && row < 17 ? { row: this.fixed.order[row], person: -1, joint: -1, dot: -1 } : null;
  }
}

const HELP = "Wheel or + − zoom, drag or Shift+arrows pan, 0 or a double click fits. Arrows go from joint to joint and person to person, Escape lets go. Hold T: tag probe. F: full screen. Drag in the strip to select dots.";
