// A view: the widget's parts on the page, what the kernel sends, and what a person does with pointer and keys.
//
// It reads named values from a `source` (the kernel's model, or the data inside a saved page) and sends messages back
// where there is a kernel.

const HELP = `Wheel or + − zoom, drag or Shift+arrows pan, 0 or a double click fits. Arrows go from joint to joint and
person to person, Escape lets go. Hold T: tag probe. F: full screen. Drag in the strip to select dots.`;
const EDITING = `Drag a joint on the photo, or its dot sideways in the strip. Delete removes the chosen one; [ and ]
change its score; double click adds one.`;
const PROBING = `Point at the photo: every pixel is coloured by how near its tag is to the one under the pointer. Hold T,
or switch it on.`;
const HINT = `Click a joint, a dot or a person to see why it belongs where it does. Point anywhere to ask a pixel; zoom
with + and −; switch the tag probe on to see which pixels could join.`;
const COMPARISONS = [["one", "no comparison"], ["divider", "A | now, divider"], ["beside", "A | now, side by side"]];

const count = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** A new element with properties and children; `class`, `aria-*` and `data-*` become attributes.
 *  An error in a handler is shown in the status line of its view. */
function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), (event) => {
        try { value(event); } catch (error) { node.closest(".hpe")?.view?.failed(error); throw error; }
      });
    } else if (name === "class" || name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const button = (text, title, onclick, more = {}) => make("button", { type: "button", textContent: text, title, onclick, ...more });

/** A list to choose from: pairs of value and text, or values alone. */
function pick(label, options, act, more = {}) {
  const listed = options.map((one) => [one].flat()).map(([value, text = value]) => make("option", { value, textContent: text }));
  return make("select", { "aria-label": label, title: label, onchange: (event) => act(event.target.value), ...more }, ...listed);
}

/** A table of heads and rows; a row is its cells and, where given, its element's properties. */
function table(heads, rows) {
  const line = (tag, cells) => cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : make(tag, {}, cell)));
  return make("table", { class: "hpe-list" }, make("thead", {}, make("tr", {}, ...line("th", heads))),
    make("tbody", {}, ...rows.map(([cells, more = {}]) => make("tr", more, ...line("td", cells)))));
}

class View extends Drawing {
  constructor(el, source) {
    super();
    const fixed = source.get("fixed");
    Object.assign(this, {
      el, source, fixed, layer: fixed.layer ?? "skeletons", joint: 0, mode: "one", divider: 0.5, zoom: 1, x: 0, y: 0,
      probing: false, editing: false, diagnosing: false, chosen: null, hovered: null, pointer: null, selected: [],
      turn: 0, answered: 0, queued: null, choices: 0, truth: [], levels: [], items: { photo: [], strip: [] }, ends: [-1, 1],
      scene: { people: [], dots: [], values: {} },
    });
    this.tables = [fixed.magma, fixed.viridis].map((table) => typed(Uint8Array, table));
    this.abort = new AbortController();
    this.build();
    this.listen();
    const follow = {
      fixed: () => this.loadFixed(), maps: () => this.loadMaps(), scene: () => this.loadScene(), photo: () => this.loadPhoto(),
      told: () => this.loadTold(), kept: () => this.loadKept(), doctor: () => this.loadDoctor(),
      status: () => this.loadStatus(), steps: () => this.steps?.show(), marks: () => this.panels.showMarks(),
      preview: () => this.draw(),
    };
    for (const [name, load] of Object.entries(follow)) {
      source.on(name, this.guarded(load), this.abort.signal);
      load();
    }
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.stage);
    // The strip is written in the theme's colours.
    this.theme = new MutationObserver(() => this.draw());
    this.theme.observe(document.body, { attributes: true });
    source.send({ kind: "here" });
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
    this.theme.disconnect();
    this.camera?.stop();
    for (const level of this.levels) level.close();
    [this.maps, this.levels] = [null, []];
    // Lab keeps the element of a view for a while: nothing hangs on it any more.
    this.root.remove();
    this.root.view = null;
  }

  /** Listen until the view closes. */
  on(node, events, handler, options = {}) {
    for (const event of events.split(" ")) {
      node.addEventListener(event, this.guarded(handler), { ...options, signal: this.abort.signal });
    }
  }

  // -------------------------------------------------------------------------------------------------------------- parts

  build() {
    const { fixed, source } = this, has = (tool) => fixed.tools.includes(tool);
    const ask = (kind, more = {}) => () => source.send({ kind, ...more });
    const toggle = (text, title, name, act) => button(text, title, act, { class: name, "aria-pressed": "false" });
    const t = (this.tools = {
      layer: pick("layer: what is drawn on the photo", LAYERS, (layer) => this.show({ layer })),
      joint: pick("joint type whose map is shown and probed", fixed.order.map((k) => [k, fixed.names[k]]), (k) => this.show({ joint: +k })),
      person: pick("person", [], (i) => this.choose(+i < 0 ? null : { person: +i, joint: this.joint })),
      probe: toggle("Tag probe (T)", PROBING, "hpe-probe", () => this.probe(!this.probing)),
      whatif: toggle("What if", EDITING, "hpe-whatif", () => this.whatIf(!this.editing)),
      doctor: toggle("Doctor", "what is odd in this picture, and what to try", "hpe-doctor", () => this.diagnose(!this.diagnosing)),
      untouched: button("Undo changes", "the maps as they were", ask("edit", { what: "reset" }), { class: "hpe-untouched", hidden: true }),
      keep: button("Keep as A", "remember this result and compare others with it", ask("keep"), { class: "hpe-keep" }),
      compare: pick("compare with A", COMPARISONS, (mode) => this.compare(mode)),
      save: button("Save as web page", "write one file that opens in any browser without Python", ask("save"), { class: "hpe-save" }),
      explore: button("Explore this frame", "open the explorer on this frame, below", ask("explore"), { class: "hpe-explore" }),
      place: make("span", { class: "hpe-place" }),
    });
    const offered = {
      list: [button("←", "the picture before", ask("list", { by: -1 })), t.place, button("→", "the next picture", ask("list", { by: 1 }))],
      layers: [make("label", {}, "show ", t.layer), make("label", {}, "of ", t.joint)],
      people: [make("label", {}, "person ", t.person)],
      probe: [t.probe], whatif: [t.whatif, t.untouched], compare: source.live ? [t.keep, t.compare] : [t.compare],
      doctor: [t.doctor], save: [t.save], explore: [t.explore],
    };
    const bar = make("div", { class: "hpe-bar", role: "toolbar", "aria-label": "picture tools" },
      ...Object.entries(offered).flatMap(([tool, parts]) => (tool === "people" || has(tool) ? parts : [])));
    this.photo = make("canvas", { class: "hpe-picture", tabIndex: 0, role: "img" });
    this.strip = make("canvas", { class: "hpe-strip", tabIndex: 0, role: "img" });
    this.photo.items = () => this.items.photo;
    this.strip.items = () => this.items.strip;
    this.tip = make("div", { class: "hpe-tip", hidden: true });
    this.hint = make("div", { class: "hpe-note", hidden: true });
    this.stage = make("div", { class: "hpe-stage" }, this.photo, make("div", { class: "hpe-corner" },
      button("+", "zoom in (key +, or the wheel when the picture is in focus)", () => this.zoomBy(1.5)),
      button("−", "zoom out (key -)", () => this.zoomBy(1 / 1.5)),
      button("Fit", "the whole picture (key 0, or double click)", () => this.fit(), { class: "hpe-fit" }),
      button("Full screen", "full screen (key F)", () => this.fullScreen(), { class: "hpe-full" }),
      button("Keys", "keys and mouse", () => this.note(HELP))), this.tip, this.hint);
    this.table = make("div", { class: "hpe-table", hidden: true });
    this.stripBox = make("div", { class: "hpe-strip-box", hidden: !has("strip") }, this.strip, this.table);
    this.words = make("div", { class: "hpe-words", "aria-live": "polite" });
    this.changes = make("div", { class: "hpe-changes", "aria-live": "polite", hidden: true });
    this.findings = make("div", { class: "hpe-findings", "aria-live": "polite", hidden: true });
    this.said = make("div", { class: "hpe-say" }, this.findings, this.words, this.changes);
    this.readout = make("div", { class: "hpe-readout" });
    this.status = make("div", { class: "hpe-status", role: "status", "aria-live": "polite" });
    this.people = make("div", { class: "hpe-people" });
    this.panels = new Panels(this);
    this.steps = has("steps") ? new Steps(this) : null;
    this.camera = has("camera") ? new Camera(this) : null;
    const listed = make("details", { class: "hpe-fold", ontoggle: () => this.listPeople() },
      make("summary", { textContent: "people, one by one" }), this.people);
    this.root = make("div", { class: `hpe hpe-is-${fixed.app}`, "data-shown": "", "data-lm-suppress-shortcuts": "true" },
      this.camera?.node, bar, this.steps?.node, make("div", { class: "hpe-main" }, this.stage, this.stripBox, this.panels.node),
      this.readout, this.said, this.status, listed);
    this.listed = listed;
    this.el.append(this.root);
    this.root.view = this;
  }

  // ------------------------------------------------------------------------------------------------------------ pointers

  listen() {
    const { photo, strip } = this;
    this.follow(photo, {
      grab: (at, touch) => {
        const hit = this.hit(...at, touch ? 22 : 12);
        const divider = this.mode === "divider" && Math.abs(at[0] - this.divider * this.size[0]) < 8;
        return { divider, hit, edit: this.editing && hit?.dot >= 0 };
      },
      drag: (held, at, last) => {
        if (held.divider) { this.divider = clamp(at[0] / this.size[0], 0, 1); this.draw(); }
        else if (held.edit) { held.ghost = at; this.draw(); }
        else this.panBy(at[0] - last[0], at[1] - last[1]);
      },
      drop: (held, at) => { if (held.ghost) this.edit("place", held.hit.dot, { at: this.toImage(...at) }); },
      click: (held) => { if (!held.divider) this.choose(held.hit); },
      hover: (at) => this.point(at),
      pinch: (factor, middle, before) => {
        this.panBy(middle[0] - before[0], middle[1] - before[1]);
        this.zoomBy(factor, middle);
      },
    });
    this.follow(strip, {
      grab: (at) => ({ hit: this.stripHit(...at), start: at }),
      drag: (held, at) => {
        if (this.editing && held.hit?.dot >= 0) Object.assign(held, { retagged: held.hit.dot, x: at[0] });
        else held.lasso = [held.start, at];
        this.draw();
      },
      drop: (held, at) => {
        if (held.lasso) this.select(held.lasso);
        else this.edit("tag", held.retagged, { tag: this.tagAt(at[0]) });
      },
      click: ({ hit }) => {
        if (hit?.row >= 0) this.show({ joint: hit.row, layer: ONE_TYPE.includes(this.layer) ? this.layer : "heatmap" });
        else this.choose(hit);
      },
      hover: (at) => this.hover(at && this.stripHit(...at), at, strip),
    });
    this.on(photo, "dblclick", (event) => {
      if (this.editing) this.edit("add", -1, { at: this.toImage(event.offsetX, event.offsetY), joint: this.joint });
      else this.fit();
    });
    this.on(photo, "wheel", (event) => {
      const meant = document.activeElement === photo || event.ctrlKey || event.metaKey;
      if (!meant) { this.note("Click the picture, then the wheel zooms; or hold Ctrl.", 1500); return; }
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), [event.offsetX, event.offsetY]);
    }, { passive: false });
    for (const canvas of [photo, strip]) this.on(canvas, "keydown", (event) => this.key(event));
    // The notebook has keys of its own: none of those pressed in here are meant for it.
    this.on(this.root, "keydown", (event) => event.stopPropagation());
    // T works as soon as the pointer is on the picture: no click is needed first.
    const typing = () => document.activeElement?.matches("input, textarea, select, [contenteditable]");
    this.on(document, "keydown", (event) => { if (this.pointer && event.key === "t" && !typing()) this.key(event); }, { capture: true });
    this.on(document, "keyup", (event) => { if (event.key.toLowerCase() === "t" && this.holding) this.probe(false); });
  }

  /** Follow the pointers on a canvas: what is grabbed is dragged and dropped, or clicked; two fingers pinch. */
  follow(canvas, does) {
    const fingers = new Map();
    let last = null, start = null;
    const end = () => { [this.held, start] = [null, null]; this.draw(); };
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.on(canvas, "pointerdown", (event) => {
      fingers.set(event.pointerId, at(event));
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      start = last = at(event);
      this.held = does.grab(start, event.pointerType === "touch");
    });
    this.on(canvas, "pointermove", (event) => {
      const now = at(event), before = fingers.get(event.pointerId);
      if (fingers.size === 2 && before && does.pinch) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const middle = (one) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
        does.pinch(distance(now, other) / Math.max(distance(before, other), 1), middle(now), middle(before));
        fingers.set(event.pointerId, now);
        this.held = null;
      } else if (this.held && start) {
        this.held.moved ||= distance(now, start) > 3;
        if (this.held.moved) does.drag(this.held, now, last);
      } else if (!before) does.hover(now);
      last = now;
    });
    this.on(canvas, "pointerup pointercancel", (event) => {
      fingers.delete(event.pointerId);
      if (this.held?.moved) does.drop(this.held, at(event));
      else if (this.held && event.type === "pointerup") does.click(this.held);
      end();
    });
    this.on(canvas, "pointerleave", () => { if (!this.held) does.hover(null); });
  }

  point(at) {
    this.pointer = at && [this.mode === "beside" ? at[0] % this.pane : at[0], at[1]];
    this.hover(at && this.hit(...at, 10), at, this.photo);
  }

  hover(spot, at = null, on = null) {
    this.hovered = spot;
    if (on === this.strip) this.pointer = null;
    const text = this.tipText(spot, on === this.photo ? this.pointer : null), [width, height] = this.size;
    this.tip.hidden = !text || !at || on !== this.photo;
    if (!this.tip.hidden) {
      this.tip.textContent = text;
      const top = at[1] > height - 60 ? at[1] - 52 : at[1] + 14;
      Object.assign(this.tip.style, { left: `${clamp(at[0] + 14, 0, width - 190)}px`, top: `${top}px` });
    } else if (spot && on === this.strip) this.say(text);
    this.draw();
  }

  /** What is under the pointer: joint type, confidence, tag, whose it is or would be. */
  tipText(spot, at) {
    const { people } = this.scene, dot = this.scene.dots[spot?.dot];
    const told = (name, score, tag, whose) =>
      `${name}: confidence ${score.toFixed(2)}, tag ${tag.map((value) => value.toFixed(2)).join(", ")}; ${whose}`;
    if (dot) {
      const [joint, person, , , score, refined, ...tag] = dot;
      const whose = person >= 0 ? `person ${people[person].number}` : `no person's; ${this.nearestTag(tag)}`;
      return told(`${this.fixed.names[joint]}${refined ? " (refined)" : ""}`, score, tag, whose);
    }
    if (spot?.person >= 0) return `person ${people[spot.person].number}: score ${people[spot.person].score.toFixed(2)}`;
    const pixel = at && this.maps ? this.maps.at(...this.toImage(...at)) : -1;
    if (pixel < 0) return "";
    const tag = this.maps.tag(this.joint, pixel);
    return told(`${this.fixed.names[this.joint]} here`, this.maps.score(this.joint, pixel), tag, this.nearestTag(tag));
  }

  /** Whose a tag would be. */
  nearestTag(tag) {
    const apart = this.scene.people.map((one) => Math.hypot(...one.tag.map((value, i) => value - tag[i])));
    if (!apart.length) return "no person to join";
    const least = Math.min(...apart), { number } = this.scene.people[apart.indexOf(least)];
    const verdict = this.threshold == null ? "" : least < this.threshold ? ": may join" : ": too far to join";
    return `nearest in tag is person ${number}, ${least.toFixed(2)} away${verdict}`;
  }

  get threshold() { return this.scene.values?.tag_threshold; }

  // ---------------------------------------------------------------------------------------------------------------- data

  loadFixed() {
    const fixed = this.source.get("fixed");
    if (!fixed.app) return; // the kernel has let go
    this.fixed = fixed;
    this.panels.build();
    const { version } = this.fixed;
    if (version !== VERSION) this.say(`This view was made by hpe-nb ${version}, the page's code is of ${VERSION}: run its cell again.`, true);
  }

  async loadPhoto() {
    const sent = this.source.get("photo");
    if (!sent?.data) return;
    const load = (this.loading = (this.loads ?? 0) + 1), scale = 1600 / Math.max(...sent.size);
    this.loads = load;
    try {
      const levels = [await createImageBitmap(new Blob([sent.data], { type: sent.type }))];
      // A second, small copy keeps pictures of many megapixels fluid while the whole is seen.
      const resizeWidth = Math.round(sent.size[0] * scale);
      if (scale < 0.7) levels.push(await createImageBitmap(levels[0], { resizeWidth, resizeQuality: "high" }));
      if (load !== this.loads || this.abort.signal.aborted) return;
      for (const level of this.levels) level.close();
      this.levels = levels;
    } catch (error) {
      this.failed(error);
      return;
    } finally {
      if (load === this.loads) this.loading = 0;
    }
    const same = String(this.imageSize) === String(sent.size);
    Object.assign(this, { imageSize: sent.size, truth: sent.truth ?? [] });
    this.tools.layer.options[LAYERS.indexOf("truth")].hidden = !this.truth.length;
    if (same) this.draw(); else this.fit();
  }

  loadMaps() {
    const sent = this.source.get("maps");
    this.maps = sent?.tags ? new Maps(sent, this.tables) : null;
    this.ends = sent?.ends ?? [-1, 1];
    this.draw();
  }

  loadScene() {
    const scene = this.source.get("scene");
    if (!scene?.people) return;
    Object.assign(this, { scene, hovered: null, selected: [], mark: null });
    this.answered = Math.max(this.answered, scene.n ?? 0);
    this.tools.person.replaceChildren(make("option", { value: -1, textContent: "none" }),
      ...scene.people.map(({ number }, i) => make("option", { value: i, textContent: number })));
    // The kernel says where the chosen joint is now, unless something else was chosen since.
    if ("chosen" in scene && scene.choices >= this.choices) {
      [this.chosen, this.choices] = [scene.chosen, scene.choices];
      if (this.chosen?.joint >= 0) this.joint = this.chosen.joint;
    }
    this.tools.place.textContent = scene.place ?? "";
    this.tools.untouched.hidden = !scene.edited;
    this.readout.textContent = scene.readout;
    this.photo.setAttribute("aria-label", scene.alt ?? "");
    this.strip.setAttribute("aria-label", `Tags of all joints by joint type. ${scene.readout}`);
    this.panels.follow();
    this.listPeople();
    this.showTable();
    this.showTools();
    this.draw();
    if (this.queued) { const message = this.queued; this.queued = null; this.ask(message); }
  }

  /** Ask the kernel for a new picture; while one question is open only the newest waits. */
  set(changes, to = "") { this.ask({ kind: `${to}set`, changes }); }

  ask(message) {
    if (this.turn > this.answered && performance.now() - this.asked < 10_000) {
      const { queued } = this, joins = queued?.kind === message.kind;
      this.queued = joins ? { ...message, changes: { ...queued.changes, ...message.changes } } : message;
      return;
    }
    this.asked = performance.now();
    this.source.send({ ...message, n: ++this.turn });
  }

  /** A button that sets settings. */
  setter(text, changes) {
    const title = `set ${Object.entries(changes).map(([name, value]) => `${name} to ${value}`).join(", ")}`;
    return button(text, title, () => this.set(changes), { class: "hpe-flip", disabled: !this.source.live });
  }

  loadTold() {
    const told = (this.told = this.source.get("told") ?? {}), parts = [];
    this.pointedCandidate = -1;
    if (told.sentence) {
      parts.push(make("p", {}, told.person >= 0 ? this.badge(told.person) : "", " ", ...this.linked(told.sentence)));
    } else parts.push(make("span", { class: "hpe-quiet", textContent: this.scene.hint ?? HINT }));
    if (told.flips?.length || told.searching) {
      const flips = (told.flips ?? []).map(({ setting, side, value, then, to }) =>
        this.setter(`${setting} ${side} ${+value.toPrecision(4)}: ${then}`, { [setting]: to }));
      const rest = told.searching ? make("span", { class: "hpe-quiet", textContent: " searching for values that change it …" }) : "";
      parts.push(make("div", { class: "hpe-flips" }, flips.length ? "It would be otherwise: " : "", ...flips, rest));
    }
    if (told.candidates?.length) {
      const point = (i) => () => { this.pointedCandidate = i; this.draw(); };
      parts.push(table(["", "score", "tag distance", "pixels away", "cost", "went to"], told.candidates.map((one, i) => [
        [letterOf(i), one.score, one.tag, one.place, one.cost, one.went],
        { tabIndex: 0, title: "show it on the photo", onmouseenter: point(i), onmouseleave: point(-1), onclick: () => this.centre(one.x, one.y) },
      ])));
    }
    this.words.replaceChildren(...parts);
    this.draw();
  }

  /** A sentence whose coordinates, such as (120, 45), can be clicked: the picture shows the place. */
  linked(sentence) {
    return sentence.split(/(\(\d+, \d+\))/).map((part, i) => (i % 2 === 0 ? part
      : button(part, "show it on the photo", () => this.centre(...part.slice(1, -1).split(", ").map(Number)), { class: "hpe-link" })));
  }

  loadKept() {
    this.kept = this.source.get("kept");
    const there = !!this.kept?.people, { changes, code } = this.kept ?? {};
    this.tools.compare.hidden = !there;
    if (!there) this.compare("one");
    else if (this.mode === "one") this.compare("divider");
    this.changes.hidden = !changes;
    this.changes.replaceChildren(make("b", { textContent: `A: ${code}. ` }), changes?.join(" ") || "Nothing has changed since A.");
    this.draw();
  }

  /** Show or hide what is odd in the picture. */
  diagnose(on) {
    this.diagnosing = on;
    this.loadDoctor();
    this.said.scrollTop = 0;
  }

  loadDoctor() {
    const { findings } = this.source.get("doctor") ?? {}, { doctor } = this.tools;
    doctor.classList.toggle("hpe-odd", !!findings?.length);
    doctor.setAttribute("aria-pressed", this.diagnosing);
    const rows = (findings ?? []).map(({ name, evidence, advice, changes }) => {
      const text = Object.entries(changes).map(([setting, to]) => `${setting} = ${to}`).join(", ");
      return make("li", {}, make("b", { textContent: name }), `: ${evidence}. Try: ${advice}. `, text ? this.setter(text, changes) : "");
    });
    const none = findings ? "Nothing unusual." : "Looking at the picture …";
    this.findings.hidden = !this.diagnosing;
    this.findings.replaceChildren(rows.length ? make("ol", {}, ...rows) : none);
    this.draw();
  }

  /** Odd limbs and dots, where they are wanted and belong to what is shown. */
  get odd() {
    const told = this.source.get("doctor");
    return this.diagnosing && told?.turn === this.scene.turn ? told : { limbs: [], dots: [] };
  }

  loadStatus() {
    const told = this.source.get("status");
    if (!told?.n) return;
    this.say(told.text, told.error);
    if (told.error) this.answered = this.turn;
  }

  say(text, error = false) {
    this.status.textContent = text;
    this.status.classList.toggle("hpe-error", !!error);
  }

  note(text, milliseconds = 8000) {
    this.hint.textContent = text;
    this.hint.hidden = !text;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => { this.hint.hidden = true; }, milliseconds);
  }

  /** A person's number as a button that lights the person up. */
  badge(person) {
    const number = this.scene.people[person]?.number ?? person + 1, colour = this.colour(number);
    const badge = button(number, "show this person", () => this.choose({ person, joint: -1 }), { class: "hpe-badge" });
    Object.assign(badge.style, { background: colour, color: contrast(colour) });
    return badge;
  }

  listPeople() {
    if (!this.listed.open) return;
    const rows = this.scene.people.map((one, person) => {
      const kinds = [1, 2, 0].map((kind) => one.kind.filter((value) => value === kind).length);
      const spot = { person, joint: -1, dot: -1 }, tag = one.tag.map((value) => value.toFixed(2)).join(", ");
      const does = { onmouseenter: () => this.hover(spot), onmouseleave: () => this.hover(null), onclick: () => this.choose(spot) };
      return [[this.badge(person), one.score.toFixed(2), tag, ...kinds], does];
    });
    this.people.replaceChildren(table(["person", "score", "tag", "detected", "refined", "missing"], rows));
  }

  /** The table of a moment of the decoder's work: candidates by people. */
  showTable() {
    const sent = this.scene.table;
    this.table.hidden = !sent;
    this.strip.hidden = !!sent;
    if (!sent) return;
    const flat = sent.rows.flatMap(({ values }) => values).filter((value) => value != null);
    const low = Math.min(...flat), range = Math.max(Math.max(...flat) - low, 1e-9), wide = sent.people.length > 16;
    const cell = (row, value, i) => {
      const point = (pair) => () => { this.pair = pair; this.draw(); };
      const node = make("td", { textContent: wide ? "" : value == null ? "-" : value.toFixed(2), onmouseenter: point([row.dot, sent.people[i]]), onmouseleave: point(null) });
      if (value != null) node.style.background = `rgba(86, 180, 233, ${0.6 * (1 - (value - low) / range) ** 2})`;
      if (row.chosen === i) node.style.outline = `2px solid ${this.colour(sent.people[i])}`;
      if (row.under.length && !wide) node.append(make("small", { textContent: `${row.under[i]} px` }));
      return node;
    };
    const badge = (number) => this.badge(this.scene.people.findIndex((one) => one.number === number));
    const rows = sent.rows.map((row) => [
      [row.letter, row.score, ...row.values.map((value, i) => cell(row, value, i))], { class: row.strong ? "hpe-strong" : "" },
    ]);
    this.table.replaceChildren(make("h4", { textContent: sent.title }), table(["", "score", ...sent.people.map(badge)], rows));
  }

  // ------------------------------------------------------------------------------------------------------------- actions

  /** Change layer or joint type. */
  show(changes) {
    Object.assign(this, changes);
    if (changes.joint != null && this.chosen?.person >= 0) this.choose({ person: this.chosen.person, joint: this.joint });
    this.showTools();
    this.draw();
  }

  showTools() {
    const { layer, joint, person } = this.tools;
    [layer.value, joint.value, person.value] = [this.layer, this.joint, this.chosen?.person ?? -1];
  }

  probe(on, holding = false) {
    Object.assign(this, { probing: on && !!this.maps, holding });
    this.tools.probe.setAttribute("aria-pressed", this.probing);
    if (on && !this.pointer) this.note(PROBING, 4000);
    this.draw();
  }

  whatIf(on) {
    this.editing = on;
    this.tools.whatif.setAttribute("aria-pressed", on);
    this.note(on ? EDITING : "");
  }

  edit(what, dot, more) { this.source.send({ kind: "edit", what, dot, ...more }); }

  compare(mode) {
    this.mode = this.kept?.people ? mode : "one";
    this.tools.compare.value = this.mode;
    this.fit();
  }

  /** Light up a joint, a dot or a person, and ask why it is where it is; null lets go. */
  choose(spot) {
    const { person = -1, joint = -1, dot = this.dotOf(person, joint) } = spot ?? {};
    this.chosen = spot && { person, joint, dot };
    if (joint >= 0) this.joint = joint;
    this.showTools();
    this.draw();
    this.said.scrollTop = this.words.offsetTop - this.said.offsetTop;
    this.source.send({ kind: "choose", choices: ++this.choices, person, joint, dot });
  }

  /** The dot of a person's joint, -1 where it is missing. */
  dotOf(person, joint) {
    return person < 0 ? -1 : this.scene.dots.findIndex((dot) => dot[0] === joint && dot[1] === person);
  }

  /** Select the dots in a rectangle of the strip: they light up on the photo. */
  select([[x0, y0], [x1, y1]]) {
    const between = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
    const inside = ({ kind, x, y }) => kind === "dot" && between(x, x0, x1) && between(y, y0, y1);
    this.selected = this.items.strip.filter(inside).map(({ dot }) => dot);
    this.say(`${count(this.selected.length, "dot")} selected: ringed on the photo. Escape lets go.`);
  }

  key(event) {
    const { key } = event, people = this.scene.people.length, { order } = this.fixed, { chosen } = this;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    const editing = this.editing && chosen?.dot >= 0;
    if (step && event.shiftKey) this.panBy(-60 * step[0], -60 * step[1]);
    else if (step && this.steps) this.steps.go(step[0] || step[1]);
    else if (step && people) {
      const person = (Math.max(chosen?.person ?? 0, 0) + (chosen ? step[1] : 0) + people) % people;
      const row = chosen?.joint >= 0 ? order.indexOf(chosen.joint) + step[0] : 0;
      this.choose({ person, joint: order[(row + order.length) % order.length] });
    } else if (key === "+" || key === "=") this.zoomBy(1.25);
    else if (key === "-") this.zoomBy(0.8);
    else if (key === "0") this.fit();
    else if (key === "Escape") { this.selected = []; this.whatIf(false); this.choose(null); }
    else if (event.ctrlKey || event.metaKey) return;
    else if (key.toLowerCase() === "t") { if (!event.repeat && !this.probing) this.probe(true, true); }
    else if (key.toLowerCase() === "f") this.fullScreen();
    else if (editing && key === "Delete") this.edit("delete", chosen.dot);
    else if (editing && (key === "[" || key === "]")) this.edit("score", chosen.dot, { by: key === "[" ? -0.05 : 0.05 });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // --------------------------------------------------------------------------------------------------- zoom, pan and fit

  resized() {
    const before = this.lastSize, [width, height] = this.size;
    if (!width || !height) return;
    this.lastSize = [width, height];
    if (!before || this.fitted) this.fit();
    else this.panBy((width - before[0]) / 2, (height - before[1]) / 2);
    this.draw();
  }

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

  panBy(across, down) {
    const [width, height] = this.imageSize ?? [1, 1], room = 40;
    this.x = clamp(this.x + across, room - width * this.zoom, this.pane - room);
    this.y = clamp(this.y + down, room - height * this.zoom, this.size[1] - room);
    this.fitted = false;
    this.photo.style.touchAction = "none";
    this.draw(!!this.probeTag());
  }

  zoomBy(factor, at = [this.pane / 2, this.size[1] / 2]) {
    const middle = [at[0] % this.pane || at[0], at[1]];
    const zoom = clamp(this.zoom * factor, this.least * 0.5, Math.max(this.least * 4, 60)), by = zoom / this.zoom - 1;
    this.zoom = zoom;
    this.panBy(-(middle[0] - this.x) * by, -(middle[1] - this.y) * by);
  }

  /** Show a place of the photo in the middle, with a ring around it. */
  centre(x, y) {
    this.zoom = Math.max(this.zoom, this.least * 3);
    this.mark = [x, y];
    this.panBy(this.pane / 2 - x * this.zoom - this.x, this.size[1] / 2 - y * this.zoom - this.y);
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => this.say("This page may not use the full screen."));
  }
}
