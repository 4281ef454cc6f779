// A view: the widget's parts on the page, what the kernel sends, and what a person does with pointer and keys.
//
// It reads named values from the kernel's model, or from one that holds the data inside a saved page, and sends messages
// back where there is a kernel.

const HELP = `Wheel or + − zoom, drag or Shift+arrows pan, 0 or a double click fits. Arrows go from joint to joint and
person to person, Escape lets go. Hold T: tag probe. F: full screen. Drag in the strip to select dots. — A grey dot is a
peak without a person, a white middle a refined joint, a red ring what the doctor means; a mark under a slider is a
value at which the result changes.`;
const EDITING = `Drag a joint on the photo, or its dot sideways in the strip. Delete removes the chosen one; [ and ]
change its score; double click adds one.`;
const PROBING = `Point at the photo: every pixel is coloured by how near its tag is to the one under the pointer. Hold T,
or switch it on.`;
const HINT = `Click a joint, a dot or a person's number to see why it belongs where it does. Joints whose tags are near
belong together: switch the tag probe on to see which pixels could join. Point anywhere to ask a pixel; zoom with + and −.`;
const NEEDS_KERNEL = ["list", "whatif", "save", "explore", "steps", "camera"];
const NONE = { limbs: [], dots: [] };
const COMPARISONS = [["one", "no comparison"], ["divider", "A | now, divider"], ["beside", "A | now, side by side"]];

/** A new element with properties and children; `class`, `role`, `aria-*` and `data-*` become attributes. */
function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "class" || name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

const div = (name, ...children) => make("div", { class: name }, ...children);
const quiet = (text) => make("span", { class: "hpe-quiet" }, text);
const assignments = (changes) => Object.entries(changes).map(([name, value]) => `${name} = ${value}`).join(", ");
const button = (text, title, onclick, more = {}) =>
  make("button", { type: "button", textContent: text, title, onclick, ...more });
/** Handlers that say what the pointer is on, and null when it leaves. */
const pointing = (say, what) => ({ onmouseenter: () => say(what), onmouseleave: () => say(null) });

/** A list to choose from: pairs of value and text, or values alone. */
function pick(label, options, act, more = {}) {
  const onchange = (event) => act(event.target.value);
  return make("select", { "aria-label": label, title: label, onchange, ...more }, options.map((one) => {
    const [value, textContent = value] = [one].flat();
    return make("option", { value, textContent });
  }));
}

/** A table of heads and rows; a row is its cells and, where given, its element's properties. */
function table(heads, rows) {
  const line = (tag, cells) => cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : make(tag, {}, cell)));
  return make("table", { class: "hpe-list" }, make("thead", {}, make("tr", {}, line("th", heads))),
    make("tbody", {}, rows.map(([cells, more = {}]) => make("tr", more, line("td", cells)))));
}

class View extends Drawing {
  constructor(el, model) {
    super();
    const fixed = model.get("fixed");
    Object.assign(this, {
      el, model, live: !model.saved, fixed, layer: fixed.layer ?? "skeletons", joint: 0,
      mode: "one", divider: 0.5, zoom: 1, x: 0, y: 0,
      probing: false, editing: false, diagnosing: false, chosen: null, hovered: null, pointer: null, selected: [],
      fitted: true, count: 0, waiting: 0, chose: 0, queued: null, truth: [], levels: [], layers: {}, odd: NONE,
      items: { photo: [], strip: [] }, scene: { people: [], dots: [], values: {} }, abort: new AbortController(),
    });
    this.build();
    this.listen();
    for (const name of ["fixed", "maps", "scene", "choice", "photo", "told", "kept", "doctor", "status", "marks", "preview"]) {
      this.when(`change:${name}`, () => this[`load_${name}`](this.get(name)))();
    }
    this.when("msg:custom", ({ kind }) => { if (kind === "ping") this.send({ kind: "here" }); });
    const size = new ResizeObserver(() => { if (this.fitted) this.fit(); else this.draw(); });
    const theme = new MutationObserver(() => this.draw()); // the strip is written in the theme's colours
    size.observe(this.stage);
    theme.observe(document.body, { attributes: true });
    this.watches = [size, theme];
    this.show({});
    this.send({ kind: "here" });
  }

  get(name) {
    const value = this.model.get(name);
    return typeof value === "string" ? JSON.parse(value || "{}") : value ?? {};
  }

  send(message, buffers) { this.model.send(message, undefined, buffers); }

  /** Follow an event of the model until the view closes, and give what follows it. */
  when(event, handler) {
    const apart = async (...given) => handler(...given); // its errors end at the window, not in the notebook
    this.model.on(event, apart);
    this.abort.signal.addEventListener("abort", () => this.model.off(event, apart));
    return apart;
  }

  /** Show an error in the status line and in the kernel's log. */
  failed(error) {
    this.say(`The page: ${error.message}`, true);
    this.send({ kind: "failed", text: String(error.stack ?? error) });
  }

  close() {
    this.send({ kind: "gone" });
    this.abort.abort();
    for (const one of this.watches) one.disconnect();
    if (this.camera) this.camera.stop();
    for (const level of this.levels) level.close();
    // Lab keeps the element of a view for a while: nothing hangs on it any more.
    Object.assign(this, { maps: null, levels: [], layers: {} });
    this.root.remove();
    this.root.view = null;
  }

  /** Listen until the view closes. */
  on(node, events, handler, options = {}) {
    for (const event of events.split(" ")) {
      node.addEventListener(event, handler, { ...options, signal: this.abort.signal });
    }
  }

  // -------------------------------------------------------------------------------------------------------------- parts

  build() {
    const { fixed, live } = this;
    const has = (tool) => fixed.tools.includes(tool) && (live || !NEEDS_KERNEL.includes(tool));
    const send = (kind, more) => () => this.send({ kind, ...more });
    const tool = (name, text, title, act) => button(text, title, act, { class: `hpe-${name}` });
    const t = (this.tools = {
      layer: pick("layer: what is drawn on the photo", fixed.layers, (layer) => this.show({ layer })),
      joint: pick("joint type whose map is shown and probed", fixed.order.map((k) => [k, fixed.names[k]]),
        (k) => this.show({ joint: +k })),
      probe: tool("probe", "Tag probe (T)", PROBING, () => this.probe(!this.probing)),
      whatif: tool("whatif", "What if", EDITING, () => this.whatIf(!this.editing)),
      doctor: tool("doctor", "Doctor", "what is odd in this picture, and what to try",
        () => this.show({ diagnosing: !this.diagnosing })),
      untouched: tool("untouched", "Undo changes", "the maps as they were", send("edit", { what: "reset" })),
      compare: pick("compare with A", COMPARISONS, (mode) => this.compare(mode)),
      place: make("span"),
    });
    const offered = {
      list: [button("←", "the picture before", send("list", { by: -1 })), t.place,
        button("→", "the next picture", send("list", { by: 1 }))],
      layers: [make("label", {}, "show ", t.layer), make("label", {}, "of ", t.joint)],
      probe: t.probe, whatif: [t.whatif, t.untouched], doctor: t.doctor,
      compare: [live && tool("keep", "Keep as A", "remember this result and compare others with it", send("keep")), t.compare],
      save: tool("save", "Save as web page", "write one file that opens in any browser without Python",
        send("save")),
      explore: tool("explore", "Explore this frame", "open the explorer on this frame, below",
        () => { this.camera?.stop(); this.send({ kind: "explore" }); }),
    };
    const bar = make("div", { class: "hpe-bar", role: "toolbar", "aria-label": "picture tools" },
      Object.keys(offered).filter(has).flatMap((name) => offered[name]));
    const canvas = (name, on) => make("canvas", { class: name, tabIndex: 0, role: "img", items: () => this.items[on] });
    [this.photo, this.strip] = [canvas("hpe-picture", "photo"), canvas("hpe-strip", "strip")];
    this.tip = make("div", { class: "hpe-tip", hidden: true });
    this.hint = div("hpe-note");
    this.stage = div("hpe-stage", this.photo, div("hpe-corner",
      button("+", "zoom in (key +, or the wheel when the picture is in focus)", () => this.zoomBy(1.5)),
      button("−", "zoom out (key -)", () => this.zoomBy(1 / 1.5)),
      tool("fit", "Fit", "the whole picture (key 0, or double click)", () => this.fit()),
      tool("full", "Full screen", "full screen (key F)", () => this.fullScreen()),
      button("Keys", "keys and mouse", () => this.note(HELP))), this.tip, this.hint);
    this.table = div("hpe-table");
    this.stripBox = div("hpe-strip-box", this.strip, this.table);
    this.stripBox.hidden = !has("strip");
    [this.findings, this.words, this.changes] = ["hpe-findings", "hpe-words", "hpe-changes"].map((name) => div(name));
    this.said = make("div", { class: "hpe-say", "aria-live": "polite" }, this.findings, this.words, this.changes);
    this.readout = div("hpe-readout");
    this.status = make("div", { class: "hpe-status", role: "status", "aria-live": "polite" });
    this.panels = new Panels(this);
    this.steps = has("steps") ? new Steps(this) : null;
    this.camera = has("camera") ? new Camera(this) : null;
    this.people = div("hpe-people");
    this.listed = make("details", { class: "hpe-fold", ontoggle: () => this.listPeople() },
      make("summary", {}, "people, one by one"), this.people);
    const root = { class: `hpe hpe-is-${fixed.app}`, "data-shown": "", "data-lm-suppress-shortcuts": "true", view: this };
    this.root = make("div", root,
      this.camera?.node, bar, this.steps?.node, div("hpe-main", this.stage, this.stripBox, this.panels.node),
      this.readout, this.said, this.status, this.listed);
    this.el.append(this.root);
  }

  // ------------------------------------------------------------------------------------------------------------ pointers

  listen() {
    const { photo, strip } = this;
    this.follow(photo, (at, reach) => {
      const hit = this.photoHit(at, reach), onDivider = Math.abs(at[0] - this.divider * this.size[0]) < 8;
      const click = () => this.choose(hit), pan = (now, last) => this.panBy(now[0] - last[0], now[1] - last[1]);
      if (this.mode === "divider" && onDivider) return { drag: ([x]) => { this.divider = clamp(x / this.size[0], 0, 1); } };
      if (!this.editing || !(hit?.dot >= 0)) return { click, drag: pan };
      const drop = (now) => this.edit("place", hit.dot, { at: this.toImage(...now) });
      return { click, drag: (now) => { this.held.ghost = now; }, drop };
    }, (at) => {
      this.pointer = at && [this.mode === "beside" ? at[0] % this.pane : at[0], at[1]];
      this.hover(at && this.photoHit(at, 10), at, photo);
    });
    this.follow(strip, (at) => {
      const hit = this.hit(this.items.strip, at, 9), joint = hit ? null : this.rowAt(...at), dot = hit?.dot;
      const layer = ONE_TYPE.includes(this.layer) ? this.layer : "heatmap";
      const click = () => (joint != null ? this.show({ joint, layer }) : this.choose(hit));
      if (this.editing && dot >= 0) {
        const drag = ([x]) => Object.assign(this.held, { retagged: dot, x });
        return { click, drag, drop: ([x]) => this.edit("tag", dot, { tag: this.tagAt(x) }) };
      }
      return { click, drag: (now) => { this.held.lasso = [at, now]; }, drop: (now) => this.select(at, now) };
    }, (at) => { this.pointer = null; this.hover(at && this.hit(this.items.strip, at, 9), at, strip); });
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
    // The notebook has keys of its own and asks where the cursor is: neither is meant for it in here.
    this.on(this.root, "keydown selectionchange", (event) => event.stopPropagation());
    // T works as soon as the pointer is on the picture: no click is needed first.
    this.on(document, "keydown", (event) => {
      const typing = document.activeElement?.matches("input, textarea, select, [contenteditable]");
      if (this.pointer && event.key === "t" && !typing) this.key(event);
    }, { capture: true });
    this.on(document, "keyup", (event) => { if (event.key.toLowerCase() === "t" && this.holding) this.probe(false); });
    const own = this.live ? import.meta.url : location.href.split("#")[0];
    this.on(window, "error unhandledrejection", ({ error, reason = error }) => {
      if (reason?.stack?.includes(own)) this.failed(reason);
    });
  }

  /** Follow the pointers on a canvas. What `grab` gives is dragged and dropped, or clicked; on the photo two fingers pinch. */
  follow(canvas, grab, hover) {
    const fingers = new Map(), at = ({ offsetX, offsetY }) => [offsetX, offsetY];
    this.on(canvas, "pointerdown", (event) => {
      const from = at(event);
      fingers.set(event.pointerId, from);
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      this.held = { ...grab(from, event.pointerType === "touch" ? 22 : 12), from };
    });
    this.on(canvas, "pointermove", (event) => {
      const now = at(event), before = fingers.get(event.pointerId), { held } = this;
      if (!before) { hover(now); return; }
      fingers.set(event.pointerId, now);
      if (fingers.size === 2 && canvas === this.photo) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        this.panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
        const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
        this.zoomBy(distance(now, other) / Math.max(distance(before, other), 1), middle);
        this.held = null;
      } else if (held) {
        held.moved ||= distance(now, held.from) > 3;
        if (held.moved) held.drag(now, before);
        this.draw();
      }
    });
    this.on(canvas, "pointerup pointercancel", (event) => {
      const { held } = this;
      fingers.delete(event.pointerId);
      if (held?.moved) held.drop?.(at(event));
      else if (event.type === "pointerup") held?.click?.();
      this.held = null;
      this.draw();
    });
    this.on(canvas, "pointerleave", () => { if (!this.held) hover(null); });
  }

  hover(spot, at = null, on = null) {
    const text = this.tipText(spot, on === this.photo ? this.pointer : null), { tip } = this;
    this.hovered = spot;
    tip.hidden = !text || !at || on !== this.photo;
    tip.textContent = text;
    if (!tip.hidden) {
      const [width, height] = this.size, top = at[1] > height - 60 ? at[1] - 52 : at[1] + 14;
      Object.assign(tip.style, { left: `${clamp(at[0] + 14, 0, width - 190)}px`, top: `${top}px` });
    } else if (spot && on === this.strip) this.say(text);
    this.draw();
  }

  /** What is under the pointer: joint type, confidence, tag, whose it is or would be. */
  tipText(spot, at) {
    const { people } = this.scene, dot = this.scene.dots[spot?.dot], { names } = this.fixed;
    const told = (name, score, tag, whose) =>
      `${name}: confidence ${score.toFixed(2)}, tag ${tag.map((value) => value.toFixed(2)).join(", ")}; ${whose}`;
    if (dot) {
      const [joint, person, , , score, refined, ...tag] = dot;
      const whose = person >= 0 ? `person ${people[person].number}` : `no person's; ${this.nearestTag(tag)}`;
      return told(`${names[joint]}${refined ? " (refined)" : ""}`, score, tag, whose);
    }
    if (spot?.person >= 0) return `person ${people[spot.person].number}: score ${people[spot.person].score.toFixed(2)}`;
    const pixel = at && this.maps ? this.maps.at(...this.toImage(...at)) : -1;
    if (pixel < 0) return "";
    const tag = [...this.maps.tag(this.joint, pixel)], score = this.maps.score(this.joint, pixel);
    const seen = score > (this.scene.values?.detection_threshold ?? 0), name = names[this.joint];
    return told(seen ? `${name} here` : `no ${name} here`, score, tag, this.nearestTag(tag, seen));
  }

  /** Whose a tag would be; whether it may join is said of peaks only. */
  nearestTag(tag, judged = true) {
    const apart = this.scene.people.map((one) => Math.hypot(...one.tag.map((value, i) => value - tag[i])));
    if (!apart.length) return "no person to join";
    const least = Math.min(...apart), { number } = this.scene.people[apart.indexOf(least)];
    const verdict = least < this.threshold ? ": may join" : ": too far to join";
    return `nearest in tag is person ${number}, ${least.toFixed(2)} away${judged && this.threshold != null ? verdict : ""}`;
  }

  get threshold() { return this.scene.values?.tag_threshold; }

  // ------------------------------------------------------------------------------------- data, by the names of the traits

  load_fixed(fixed) {
    if (!fixed.app) return; // the kernel has let go
    this.fixed = fixed;
    this.panels.build();
    const other = `This view was made by hpe-nb ${fixed.version}, the page's code is of ${VERSION}: run its cell again.`;
    if (fixed.version !== VERSION) this.say(other, true);
  }

  async load_photo(sent) {
    if (!sent.data) return;
    const [width, height] = sent.size, scale = 1600 / Math.max(width, height);
    this.loading = sent;
    const levels = [await createImageBitmap(new Blob([sent.data], { type: "image/jpeg" }))];
    // A second, small copy keeps pictures of many megapixels fluid while the whole is seen.
    const small = { resizeWidth: Math.round(width * scale), resizeQuality: "high" };
    if (scale < 0.7) levels.push(await createImageBitmap(levels[0], small));
    if (this.loading !== sent || this.abort.signal.aborted) return;
    for (const level of this.levels) level.close();
    const same = String(this.imageSize) === String(sent.size);
    Object.assign(this, { levels, loading: null, imageSize: sent.size, truth: sent.truth });
    this.tools.layer.options[this.fixed.layers.indexOf("truth")].hidden = !this.truth.length;
    if (same) this.draw(); else this.fit();
  }

  load_maps(sent) {
    this.maps = sent.tags ? new Maps(sent, this.fixed) : null;
    this.draw();
  }

  load_scene(scene) {
    if (!scene.people) return;
    const { n = 0 } = scene;
    Object.assign(this, { scene, hovered: null, selected: [], mark: null, items: { photo: [], strip: [] } });
    this.count = Math.max(this.count, n);
    if (n >= this.waiting) this.waiting = 0;
    this.tools.place.textContent = scene.place ?? "";
    this.tools.untouched.hidden = !scene.edited;
    this.readout.textContent = scene.readout;
    this.describe();
    this.strip.setAttribute("aria-label", `Tags of all joints by joint type. ${scene.readout}`);
    this.panels.follow();
    this.steps?.follow();
    this.listPeople();
    this.showTable(scene.table);
    this.draw();
    this.askQueued();
  }

  /** The picture in words: the kernel's, and what is drawn on it. */
  describe() {
    const type = ONE_TYPE.includes(this.layer) ? ` of ${this.fixed.names[this.joint]}` : "";
    this.photo.ariaLabel = `${(this.scene.alt ?? "").replace(/\.$/, "")}. Shown: ${this.layer}${type}.`;
  }

  /** The kernel says where the chosen joint is now, unless something else was chosen since. */
  load_choice({ n = 0, ...spot }) {
    if (n < this.chose) return;
    this.chosen = spot.person >= 0 || spot.dot >= 0 ? spot : null;
    if (spot.joint >= 0) this.joint = spot.joint;
    this.show({});
  }

  /** The kernel has answered: ask what has waited for it. */
  askQueued() {
    const { queued } = this;
    this.queued = null;
    if (queued) this.ask(queued);
  }

  /** Ask the kernel for a new picture; while one question is open only the newest waits. */
  ask(message) {
    if (this.waiting && performance.now() - this.asked < 10_000) {
      const before = this.queued?.kind === message.kind ? this.queued.changes : {};
      this.queued = message.changes ? { ...message, changes: { ...before, ...message.changes } } : message;
      return;
    }
    Object.assign(this, { asked: performance.now(), waiting: ++this.count });
    this.send({ ...message, n: this.waiting });
  }

  /** Whether the kernel has something to answer still: then what is set with a slider is ahead of it. */
  get ahead() { return this.waiting > 0 || !!this.queued; }

  /** A button that sets settings, after which the kernel says what has changed and follows the person. */
  setter(text, changes, person = -1) {
    const set = () => this.ask({ kind: "set", changes, person });
    return text && button(text, `click: ${assignments(changes)}`, set, { class: "hpe-flip", disabled: !this.live });
  }

  load_told(told) {
    const { sentence, person, joint, flips = [], candidates = [] } = told, other = sentence !== this.told?.sentence;
    const searching = told.searching && this.live;
    this.told = told;
    const point = (i) => { this.pointedCandidate = i; this.draw(); };
    const parts = [quiet(this.scene.hint ?? HINT)];
    if (sentence) parts[0] = make("p", {}, person >= 0 && this.badge(person), " ", this.linked(sentence));
    if (flips.length || searching) {
      const buttons = flips.map(({ setting, side, value, then, to }) =>
        this.setter(`${setting} ${side} ${+value.toPrecision(4)}: ${then}`, { [setting]: to }, person));
      parts.push(div("hpe-flips", flips.length > 0 && "It would be otherwise: ", buttons,
        searching && quiet(" searching for values that change it …")));
    }
    if (candidates.length) {
      parts.push(table(["", "score", "tag distance", "pixels away", "cost", "went to"], candidates.map(({ x, y, cells }, i) => [
        cells, { tabIndex: 0, title: "show it on the photo", onclick: () => this.centre(x, y), ...pointing(point, i) },
      ])));
    }
    if (!this.live && person >= 0 && joint >= 0) parts.push(quiet("Which settings would change it is found where Python runs."));
    this.words.replaceChildren(...parts);
    if (other) this.said.scrollTop = this.words.offsetTop - this.said.offsetTop;
    point(null);
  }

  /** A sentence whose coordinates, such as (120, 45), can be clicked: the picture shows the place. */
  linked(sentence) {
    return sentence.split(/(\(\d+, \d+\))/).map((part, i) => (i % 2 === 0 ? part
      : button(part, "show it on the photo", () => this.centre(...part.match(/\d+/g).map(Number)), { class: "hpe-link" })));
  }

  load_kept(kept) {
    const { people, changes = [], code } = (this.kept = kept);
    this.tools.compare.hidden = this.changes.hidden = !people;
    if (!people) this.compare("one");
    else if (this.mode === "one") this.compare("divider");
    this.changes.replaceChildren(make("b", {}, `A: ${code}. `), changes.join(" ") || "Nothing has changed since A.");
    this.draw();
  }

  load_doctor(doctor) {
    this.odd = doctor.findings ? doctor : NONE;
    const { findings, limbs, dots } = this.odd;
    this.tools.doctor.hidden = !this.live && !findings;
    this.draw();
    if (!findings && this.findings.hasChildNodes()) return; // while the kernel looks again, its words stay
    const rows = (findings ?? []).map(({ name, evidence, advice, changes }) => make("li", {},
      make("b", {}, name), `: ${evidence}. Try: ${advice}. `, this.setter(assignments(changes), changes)));
    this.tools.doctor.classList.toggle("hpe-odd", rows.length > 0);
    const red = limbs.length + dots.length ? " as a whole. What is red: a limb too long, or a tag far from its person's" : "";
    const none = findings ? `Nothing unusual${red}.` : "Looking at the picture …";
    this.findings.replaceChildren(rows.length ? make("ol", {}, rows) : none);
  }

  load_status({ text = "", error }) {
    this.say(text, error);
    if (text.trim()) this.note(text); // the line itself may lie below the window
    if (!error) return;
    this.waiting = 0;
    this.askQueued();
    this.panels.follow(); // a value that was refused is not the kernel's
  }

  load_marks(sent) { this.panels.showMarks(sent); }
  load_preview() { this.draw(); }

  say(text, error = false) {
    this.status.textContent = text;
    this.status.classList.toggle("hpe-error", !!error);
  }

  /** Show words on the picture for a while. */
  note(text, duration = 8000) {
    this.hint.textContent = text;
    this.hint.animate({ opacity: [1, 1, 1, 0] }, { duration: text ? duration : 0 });
  }

  /** A person's number as a button that lights the person up. */
  badge(person) {
    const number = this.scene.people[person]?.number ?? person + 1, [background, , , color] = this.colours(number);
    const badge = button(number, "show this person", () => this.choose({ person, joint: -1 }), { class: "hpe-badge" });
    Object.assign(badge.style, { background, color });
    return badge;
  }

  listPeople() {
    if (!this.listed.open) return;
    const rows = this.scene.people.map((one, person) => {
      const kinds = [1, 2, 0].map((kind) => one.kind.filter((value) => value === kind).length);
      const spot = { person, joint: -1, dot: -1 }, tag = one.tag.map((value) => value.toFixed(2)).join(", ");
      const does = { onclick: () => this.choose(spot), ...pointing((on) => this.hover(on), spot) };
      return [[this.badge(person), one.score.toFixed(2), tag, ...kinds], does];
    });
    this.people.replaceChildren(table(["person", "score", "tag", "detected", "refined", "missing"], rows));
  }

  /** The table of a moment of the decoder's work: candidates by people. */
  showTable(sent) {
    this.table.hidden = !sent;
    this.strip.hidden = !!sent;
    if (!sent) return;
    const { people } = sent, point = (pair) => { this.pair = pair; this.draw(); };
    const cell = ({ dot, under, chosen }, text, i) => make("td",
      { class: chosen === i ? "hpe-chosen" : "", ...pointing(point, [dot, people[i]]) },
      text, under[i] && make("small", {}, under[i]));
    const rows = sent.rows.map((row) => [
      [row.letter, row.score, ...row.cells.map((text, i) => cell(row, text, i))], { class: row.strong ? "hpe-strong" : "" },
    ]);
    const badges = people.map((number) => this.badge(this.scene.people.findIndex((one) => one.number === number)));
    this.table.replaceChildren(make("h4", {}, sent.title), table(["", "score", ...badges], rows));
  }

  // ------------------------------------------------------------------------------------------------------------- actions

  /** Change layer or joint type, or switch something on or off. */
  show(changes) {
    Object.assign(this, changes);
    if (changes.joint != null && this.chosen?.person >= 0) this.choose({ person: this.chosen.person, joint: this.joint });
    const { layer, joint, probe, whatif, doctor } = this.tools;
    [layer.value, joint.value, this.findings.hidden] = [this.layer, this.joint, !this.diagnosing];
    for (const [tool, on] of [[probe, this.probing], [whatif, this.editing], [doctor, this.diagnosing]]) {
      tool.setAttribute("aria-pressed", on);
    }
    if (changes.diagnosing) this.said.scrollTop = 0;
    this.describe();
    this.draw();
  }

  probe(on, holding = false) {
    if (on && !this.pointer) this.note(PROBING, 4000);
    this.show({ probing: on && !!this.maps, holding });
  }

  whatIf(editing) {
    this.note(editing ? EDITING : "");
    this.show({ editing });
  }

  edit(what, dot, more) { this.send({ kind: "edit", what, dot, ...more }); }

  compare(mode) {
    this.mode = this.tools.compare.value = this.kept.people ? mode : "one";
    this.fit();
  }

  /** Light up a joint, a dot or a person, and ask why it is where it is; null lets go. */
  choose(spot) {
    const { person = -1, joint = -1, dot = this.dotOf(person, joint) } = spot ?? {};
    this.chosen = spot && { person, joint, dot };
    if (joint >= 0) this.joint = joint;
    this.show({});
    this.chose = ++this.count;
    this.send({ kind: "choose", n: this.chose, person, joint, dot });
  }

  /** The dot of a person's joint, -1 where it is missing. */
  dotOf(person, joint) {
    return person < 0 ? -1 : this.scene.dots.findIndex((dot) => dot[0] === joint && dot[1] === person);
  }

  /** Select the dots in a rectangle of the strip: they light up on the photo. */
  select([x0, y0], [x1, y1]) {
    const between = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
    const inside = ({ kind, x, y }) => kind === "dot" && between(x, x0, x1) && between(y, y0, y1);
    this.selected = this.items.strip.filter(inside).map(({ dot }) => dot);
    this.say(`Dots selected: ${this.selected.length}, ringed on the photo. Escape lets go.`);
  }

  key(event) {
    const { chosen, steps } = this, people = this.scene.people.length, { order } = this.fixed;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[name];
    const goOn = ([across, down]) => {
      const person = (Math.max(chosen?.person ?? 0, 0) + (chosen ? down : 0) + people) % people;
      const row = chosen?.joint >= 0 ? order.indexOf(chosen.joint) + across : 0;
      this.choose({ person, joint: order[(row + order.length) % order.length] });
    };
    const score = (by) => () => this.edit("score", chosen.dot, { by });
    let act = {
      "+": () => this.zoomBy(1.25), "=": () => this.zoomBy(1.25), "-": () => this.zoomBy(0.8), 0: () => this.fit(),
      t: () => { if (!event.repeat && !this.probing) this.probe(true, true); }, f: () => this.fullScreen(),
      Escape: () => { this.selected = []; this.whatIf(false); this.choose(null); },
      ...(this.editing && chosen?.dot >= 0
        && { Delete: () => this.edit("delete", chosen.dot), "[": score(-0.05), "]": score(0.05) }),
    }[name];
    if (step && event.shiftKey) act = () => this.panBy(-60 * step[0], -60 * step[1]);
    else if (step && steps) act = () => steps.go(step[0] || step[1]);
    else if (step && people) act = () => goOn(step);
    if (!act || event.ctrlKey || event.metaKey) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  }

  // --------------------------------------------------------------------------------------------------- zoom, pan and fit

  /** Show a place of the photo in the middle. */
  lookAt(x, y, zoom) {
    this.zoom = zoom;
    this.panBy(this.pane / 2 - x * zoom - this.x, this.size[1] / 2 - y * zoom - this.y);
  }

  fit() {
    const [width, height] = this.imageSize ?? [1, 1];
    this.least = Math.min(this.pane / width, this.size[1] / height) || 1;
    this.lookAt((width - 1) / 2, (height - 1) / 2, this.least);
    this.fitted = true;
  }

  panBy(across, down) {
    const [width, height] = this.imageSize ?? [1, 1], room = 40;
    this.x = clamp(this.x + across, room - width * this.zoom, this.pane - room);
    this.y = clamp(this.y + down, room - height * this.zoom, this.size[1] - room);
    this.fitted = false;
    this.draw();
  }

  zoomBy(factor, at = [this.pane / 2, this.size[1] / 2]) {
    const middle = [at[0] % this.pane || at[0], at[1]];
    const zoom = clamp(this.zoom * factor, this.least * 0.5, Math.max(this.least * 4, 60)), by = zoom / this.zoom - 1;
    this.zoom = zoom;
    this.panBy(-(middle[0] - this.x) * by, -(middle[1] - this.y) * by);
  }

  /** Go to a place of the photo, with a ring around it. */
  centre(x, y) {
    this.mark = [x, y];
    this.lookAt(x, y, Math.max(this.zoom, this.least * 3));
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => this.say("This page may not use the full screen."));
  }
}
