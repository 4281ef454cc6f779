// A view: the widget's parts on the page, what the kernel sends, and what a person does with pointer and keys. What
// stands on the page is in canvas.html.
//
// It reads named values from the kernel's model, or from one that holds the data inside a saved page, and sends messages
// back where there is a kernel.

const HINT = `Click a joint, a dot or a person's number to see why it belongs where it does. Joints whose tags are near
belong together: switch the tag probe on to see which pixels could join. Point anywhere to ask a pixel; zoom with + and −.`;
const NONE = { limbs: [], dots: [] };

/** Give an element these children in place of those that it has; `false` and `null` are none. */
function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** A new element with properties, `data` attributes and children. */
function make(tag, { data = {}, ...given } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), given);
  Object.assign(node.dataset, data);
  return fill(node, ...children);
}

const div = (className, ...children) => make("div", { className }, ...children);
const quiet = (text) => make("span", { className: "hpe-quiet" }, text);
const assignments = (changes) => Object.entries(changes).map(([name, value]) => `${name} = ${value}`).join(", ");
const button = (text, title, onclick, more = {}) => make("button", { type: "button", title, onclick, ...more }, text);

/** Offer these in a list: pairs of value and text, or values alone. */
function offer(select, choices) {
  return fill(select, choices.map((one) => {
    const [value, text = value] = [one].flat();
    return make("option", { value }, text);
  }));
}

/** A table of heads and rows; a row is its cells and, where given, its element's properties. */
function table(heads, rows) {
  const line = (tag, cells) => cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : make(tag, {}, cell)));
  return make("table", { className: "hpe-list" }, make("thead", {}, make("tr", {}, line("th", heads))),
    make("tbody", {}, rows.map(([cells, more = {}]) => make("tr", more, line("td", cells)))));
}

/** What the kernel sends of a picture, each dot with names for its numbers. */
const named = ({ dots = [], ...scene }) => ({
  ...scene,
  dots: dots.map(([joint, person, x, y, score, refined, ...tag]) => ({ joint, person, x, y, score, refined, tag })),
});

class View extends Drawing {
  constructor(el, model) {
    super();
    const fixed = model.get("fixed");
    Object.assign(this, {
      model, fixed, live: !model.saved, layer: fixed.layer ?? "skeletons", joint: 0, mode: "one", divider: 0.5,
      zoom: 1, x: 0, y: 0, fitted: true, probing: false, editing: false, diagnosing: false, chosen: null, hovered: null,
      pointer: null, selected: [], count: 0, waiting: 0, chose: 0, queued: null, truth: [], levels: [], layers: {},
      odd: NONE, items: { photo: [], strip: [] }, scene: { people: [], dots: [] }, answer: { values: {} },
      abort: new AbortController(),
    });
    this.build();
    el.append(this.root);
    this.listen();
    const traits = ["fixed", "maps", "scene", "answer", "choice", "photo", "told", "kept", "doctor", "status", "marks", "preview"];
    for (const name of traits) this.when(`change:${name}`, () => this[`load_${name}`](this.get(name)))();
    this.when("msg:custom", ({ kind }) => { if (kind === "ping") this.send({ kind: "here" }); });
    const resized = () => {
      if (this.fitted) this.fit(); else this.draw();
      this.steps?.drawLine();
    };
    new ResizeObserver(resized).observe(this.parts.stage);
    const theme = new MutationObserver(() => this.draw()); // the strip is written in the theme's colours
    theme.observe(document.body, { attributes: true });
    this.abort.signal.addEventListener("abort", () => theme.disconnect());
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
    this.camera?.stop();
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

  /** Keep of canvas.html what this widget offers; `parts` are the elements that change or are used, by their names. */
  build() {
    const { fixed, live } = this, parts = (this.parts = {}), data = { shown: "", lmSuppressShortcuts: "true" };
    this.root = make("div", { className: `hpe hpe-is-${fixed.app}`, data, view: this });
    this.root.innerHTML = PARTS;
    for (const one of this.root.querySelectorAll("button")) one.type = "button"; // it submits no form
    for (const part of this.root.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
    for (const tool of this.root.querySelectorAll("[data-tool]")) {
      if (!fixed.tools.includes(tool.dataset.tool) || (!live && tool.matches("[data-send], [data-live]"))) tool.remove();
    }
    const { photo, strip } = Object.assign(this, { photo: parts.photo, strip: parts.strip });
    photo.items = () => this.items.photo;
    strip.items = () => this.items.strip;
    offer(parts.layer, fixed.layers).onchange = () => this.show({ layer: parts.layer.value });
    offer(parts.joint, fixed.order.map((joint) => [joint, fixed.names[joint]]));
    parts.joint.onchange = () => this.show({ joint: +parts.joint.value });
    parts.compare.onchange = () => this.compare(parts.compare.value);
    parts.listed.ontoggle = () => this.listPeople();
    const clicks = {
      probe: () => this.probe(!this.probing), whatif: () => this.whatIf(!this.editing),
      doctor: () => this.show({ diagnosing: !this.diagnosing }), explore: () => this.camera?.stop(),
      nearer: () => this.zoomBy(1.5), farther: () => this.zoomBy(1 / 1.5), fit: () => this.fit(),
      full: () => this.fullScreen(), keys: () => this.note(parts.keys.title),
    };
    for (const [name, act] of Object.entries(clicks)) parts[name].onclick = act;
    this.on(this.root, "click", ({ target: { dataset: { send } } }) => { if (send) this.send(JSON.parse(send)); });
    this.panels = new Panels(this);
    if (this.root.contains(parts.play)) this.steps = new Steps(this);
    if (this.root.contains(parts.camera)) this.camera = new Camera(this);
  }

  // ------------------------------------------------------------------------------------------------------------ pointers

  listen() {
    const { photo, strip } = this;
    this.follow(photo, (at, reach) => {
      const hit = this.photoHit(at, reach), onDivider = Math.abs(at[0] - this.divider * this.size[0]) < 8;
      const click = () => this.choose(hit), pan = (now, last) => this.panBy(now[0] - last[0], now[1] - last[1]);
      if (this.mode === "divider" && onDivider) return { drag: ([x]) => { this.divider = clamp(x / this.size[0], 0, 1); } };
      if (!this.editing || !(hit?.dot >= 0)) return { click, drag: pan };
      const drop = ([x, y]) => this.edit("place", hit.dot, { at: this.toImage(x - this.left, y) });
      return { click, drag: (now) => { this.held.onPhoto = now; }, drop };
    }, (at) => {
      this.pointer = at && [this.mode === "beside" ? at[0] % this.pane : at[0], at[1]];
      this.hover(at && this.photoHit(at, 10), at);
    });
    this.follow(strip, (at) => {
      const hit = this.hit(this.items.strip, at, 9), joint = hit ? null : this.rowAt(...at), dot = hit?.dot;
      const layer = ONE_TYPE.includes(this.layer) ? this.layer : "heatmap";
      const click = () => (joint != null ? this.show({ joint, layer }) : this.choose(hit));
      const retag = ([x]) => this.edit("tag", dot, { tag: this.tagAt(x) });
      if (this.editing && dot >= 0) return { click, drag: (now) => { this.held.onStrip = now; }, drop: retag };
      return { click, drag: (now) => { this.held.lasso = [at, now]; }, drop: (now) => this.select(at, now) };
    }, (at) => {
      const hit = at && this.hit(this.items.strip, at, 9);
      this.pointer = null;
      this.hover(hit);
      if (hit) this.say(this.tipText(hit));
    });
    this.on(photo, "dblclick", ({ offsetX, offsetY }) => {
      if (this.editing) this.edit("add", -1, { at: this.toImage(offsetX % this.pane, offsetY), joint: this.joint });
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
      if (event.type === "pointerup") {
        if (held?.moved) held.drop?.(at(event));
        else held?.click?.();
      }
      this.held = null;
      this.draw();
    });
    this.on(canvas, "pointerleave", () => { if (!this.held) hover(null); });
  }

  /** Light up what the pointer is on; beside it on the photo, `at`, a tip tells what is there. */
  hover(spot, at = null) {
    const { tip } = this.parts, text = at ? this.tipText(spot, this.pointer) : "";
    this.hovered = spot;
    tip.hidden = !text;
    if (text) {
      const [width, height] = this.size, top = at[1] > height - 60 ? at[1] - 52 : at[1] + 14;
      Object.assign(tip.style, { left: `${clamp(at[0] + 14, 0, width - 190)}px`, top: `${top}px` });
      tip.textContent = text;
    }
    this.draw();
  }

  /** What is under the pointer: joint type, confidence, tag, whose it is or would be. */
  tipText(spot, at) {
    const { maps, joint, scene, answer: { values } } = this, { people } = scene, { names } = this.fixed, dot = scene.dots[spot?.dot];
    const told = (name, score, tag, whose) =>
      `${name}: confidence ${score.toFixed(2)}, tag ${tag.map((value) => value.toFixed(2)).join(", ")}; ${whose}`;
    if (dot) {
      const whose = dot.person >= 0 ? `person ${people[dot.person].number}` : `no person's; ${this.nearestTag(dot.tag)}`;
      return told(`${names[dot.joint]}${dot.refined ? " (refined)" : ""}`, dot.score, dot.tag, whose);
    }
    if (spot?.person >= 0) return `person ${people[spot.person].number}: score ${people[spot.person].score.toFixed(2)}`;
    const pixel = at && maps?.read(joint, ...this.toImage(...at));
    if (!pixel) return "";
    const { score, tag } = pixel, seen = score > (values?.detection_threshold ?? 0);
    return told(`${seen ? "" : "no "}${names[joint]} here`, score, tag, this.nearestTag(tag, seen));
  }

  /** Whose a tag would be; whether it may join is said of peaks only. */
  nearestTag(tag, judged = true) {
    const { scene: { people }, threshold } = this;
    if (!people.length) return "no person to join";
    const apart = people.map((one) => Math.hypot(...one.tag.map((value, i) => value - tag[i])));
    const least = Math.min(...apart), verdict = least < threshold ? ": may join" : ": too far to join";
    const { number } = people[apart.indexOf(least)];
    return `nearest in tag is person ${number}, ${least.toFixed(2)} away${judged && threshold != null ? verdict : ""}`;
  }

  get threshold() { return this.answer.values?.tag_threshold; }

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
    this.parts.layer.options[this.fixed.layers.indexOf("truth")].hidden = !this.truth.length;
    if (same) this.draw(); else this.fit();
  }

  load_maps(sent) {
    this.maps = sent.tags ? new Maps(sent, this.fixed) : null;
    this.draw();
  }

  load_scene(sent) {
    if (!sent.people) return;
    Object.assign(this, { scene: named(sent), hovered: null, selected: [], mark: null, items: { photo: [], strip: [] } });
    this.listPeople();
    this.showTable(sent.table);
    this.draw();
  }

  load_answer(answer) {
    const { n = 0, readout, took = "", place = "", edited } = answer;
    if (!readout) return;
    this.answer = answer;
    this.count = Math.max(this.count, n);
    if (n >= this.waiting) this.waiting = 0;
    this.parts.place.textContent = place;
    this.parts.untouched.hidden = !edited;
    this.parts.readout.textContent = readout + took;
    this.describe();
    this.strip.ariaLabel = `Tags of all joints by joint type. ${readout}`;
    this.panels.follow();
    this.steps?.follow();
    this.camera?.answered();
    queueMicrotask(() => this.paint()); // with what came beside it, ready before the next frame begins
    this.askQueued();
  }

  /** The picture in words: the kernel's, and what is drawn on it. */
  describe() {
    const type = ONE_TYPE.includes(this.layer) ? ` of ${this.fixed.names[this.joint]}` : "";
    this.photo.ariaLabel = `${(this.answer.alt ?? "").replace(/\.$/, "")}. Shown: ${this.layer}${type}.`;
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
    return text && button(text, `click: ${assignments(changes)}`, set, { className: "hpe-flip", disabled: !this.live });
  }

  load_told(told) {
    const { sentence, person, joint, flips = [], candidates = [] } = told, other = sentence !== this.told?.sentence;
    const { words, said } = this.parts, asked = person >= 0 && joint >= 0;
    const buttons = flips.map(({ setting, side, value, then, to }) =>
      this.setter(`${setting} ${side} ${+value.toPrecision(4)}: ${then}`, { [setting]: to }, person));
    const rows = candidates.map(({ letter, x, y, peak, cells }) => {
      const show = { tabIndex: 0, title: "show it on the photo", onclick: () => this.centre(x, y) };
      return [[letter, ...cells], { ...show, ...this.lighting({ person: -1, dot: peak }) }];
    });
    this.told = told;
    const answer = sentence && make("p", {}, person >= 0 && this.badge(person), " ", this.linked(sentence));
    fill(
      words,
      answer || quiet(this.answer.hint ?? HINT),
      div("hpe-flips", buttons.length > 0 && "It would be otherwise: ", buttons,
        told.searching && this.live && quiet(" searching for values that change it …")),
      rows.length > 0 && table(["", "score", "tag distance", "pixels away", "cost", "went to"], rows),
      !this.live && asked && quiet("Which settings would change it is found where Python runs."),
    );
    if (other) {
      said.scrollTop = words.offsetTop - said.offsetTop;
      if (words.matches(":hover")) this.hovered = null; // a row that was pointed at is gone
    }
    this.draw();
  }

  /** A sentence whose coordinates, such as (120, 45), can be clicked: the picture shows the place. */
  linked(sentence) {
    return sentence.split(/(\(\d+, \d+\))/).map((part, i) => {
      const show = () => this.centre(...part.match(/\d+/g).map(Number));
      return i % 2 ? button(part, "show it on the photo", show, { className: "hpe-link" }) : part;
    });
  }

  load_kept(kept) {
    const { people, changes = [], code } = (this.kept = named(kept));
    this.parts.compare.hidden = this.parts.changes.hidden = !people;
    if (!people) this.compare("one");
    else if (this.mode === "one") this.compare("divider");
    fill(this.parts.changes, make("b", {}, `A: ${code}. `), changes.join(" ") || "Nothing has changed since A.");
    this.draw();
  }

  load_doctor(doctor) {
    this.odd = doctor.findings ? doctor : NONE;
    const { findings, limbs, dots } = this.odd;
    this.parts.doctor.hidden = !this.live && !findings;
    this.draw();
    if (!findings && this.parts.findings.hasChildNodes()) return; // while the kernel looks again, its words stay
    const rows = (findings ?? []).map(({ name, evidence, advice, changes }) => make("li", {},
      make("b", {}, name), `: ${evidence}. Try: ${advice}. `, this.setter(assignments(changes), changes)));
    this.parts.doctor.classList.toggle("hpe-odd", rows.length > 0);
    const red = limbs.length + dots.length > 0;
    const told = red ? " as a whole. What is red: a limb too long, or a tag far from its person's" : "";
    const none = findings ? `Nothing unusual${told}.` : "Looking at the picture …";
    fill(this.parts.findings, rows.length ? make("ol", {}, rows) : none);
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
    this.parts.status.textContent = text;
    this.parts.status.classList.toggle("hpe-error", !!error);
  }

  /** Show words on the picture for a while. */
  note(text, duration = 8000) {
    this.parts.note.textContent = text;
    this.parts.note.animate({ opacity: [1, 1, 1, 0] }, { duration: text ? duration : 0 });
  }

  /** A person's number as a button that lights the person up. */
  badge(person) {
    const number = this.scene.people[person]?.number ?? person + 1, { colour, ink } = this.look(number);
    const look = { className: "hpe-badge", style: `background: ${colour}; color: ${ink}` };
    return button(number, "show this person", () => this.choose({ person, joint: -1 }), look);
  }

  /** Handlers with which a spot lights up while the pointer is on an element. */
  lighting(spot) { return { onmouseenter: () => this.hover(spot), onmouseleave: () => this.hover(null) }; }

  listPeople() {
    if (!this.parts.listed.open) return;
    const rows = this.scene.people.map((one, person) => {
      const kinds = [1, 2, 0].map((kind) => one.kind.filter((value) => value === kind).length);
      const spot = { person, joint: -1, dot: -1 }, tag = one.tag.map((value) => value.toFixed(2)).join(", ");
      const cells = [this.badge(person), one.score.toFixed(2), tag, ...kinds];
      return [cells, { onclick: () => this.choose(spot), ...this.lighting(spot) }];
    });
    fill(this.parts.people, table(["person", "score", "tag", "detected", "refined", "missing"], rows));
  }

  /** The table of a moment of the decoder's work: candidates by people. */
  showTable(sent) {
    this.parts.table.hidden = !sent;
    this.strip.hidden = !!sent;
    if (!sent) return;
    const people = sent.people.map((number) => this.scene.people.findIndex((one) => one.number === number));
    const cell = ({ dot, under, chosen }, text, i) => make("td",
      { className: chosen === i ? "hpe-chosen" : "", ...this.lighting({ person: people[i], dot }) },
      text, under[i] && make("small", {}, under[i]));
    const rows = sent.rows.map((row) => [
      [row.letter, row.score, ...row.cells.map((text, i) => cell(row, text, i))],
      { className: row.strong ? "hpe-strong" : "" },
    ]);
    fill(this.parts.table, make("h4", {}, sent.title), table(["", "score", ...people.map((one) => this.badge(one))], rows));
  }

  // ------------------------------------------------------------------------------------------------------------- actions

  /** Change layer or joint type, or switch something on or off. */
  show(changes) {
    Object.assign(this, changes);
    if (changes.joint != null && this.chosen?.person >= 0) this.choose({ person: this.chosen.person, joint: this.joint });
    const pressed = { probe: this.probing, whatif: this.editing, doctor: this.diagnosing }, { parts } = this;
    [parts.layer.value, parts.joint.value, parts.findings.hidden] = [this.layer, this.joint, !this.diagnosing];
    for (const [name, on] of Object.entries(pressed)) parts[name].ariaPressed = on;
    if (changes.diagnosing) this.parts.said.scrollTop = 0;
    this.describe();
    this.draw();
  }

  probe(on, holding = false) {
    if (on && !this.pointer) this.note(this.parts.probe.title, 4000);
    this.show({ probing: on && !!this.maps, holding });
  }

  whatIf(editing) {
    this.note(editing ? this.parts.whatif.title : "");
    this.show({ editing });
  }

  edit(what, dot, more) { this.send({ kind: "edit", what, dot, ...more }); }

  compare(mode) {
    this.mode = this.parts.compare.value = this.kept.people ? mode : "one";
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
    return this.scene.dots.findIndex((dot) => dot.joint === joint && dot.person === person && person >= 0);
  }

  /** Select the dots in a rectangle of the strip: they light up on the photo. */
  select([x0, y0], [x1, y1]) {
    const inside = ({ kind, x, y }) => kind === "dot" && (x - x0) * (x - x1) <= 0 && (y - y0) * (y - y1) <= 0;
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
      this.choose({ person, joint: order.at(row % order.length) });
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

  /** Show the photo in this size, its first pixel at this place of the canvas; a piece of it stays in sight. */
  lookAt(zoom, x, y, fitted = false) {
    const [width, height] = this.imageSize ?? [1, 1], room = 40;
    Object.assign(this, { zoom, fitted });
    this.x = clamp(x, room - width * zoom, this.pane - room);
    this.y = clamp(y, room - height * zoom, this.size[1] - room);
    this.draw();
  }

  fit() {
    const [width, height] = this.imageSize ?? [1, 1], { pane, size } = this;
    this.least = Math.min(pane / width, size[1] / height) || 1;
    this.lookAt(this.least, (pane - (width - 1) * this.least) / 2, (size[1] - (height - 1) * this.least) / 2, true);
  }

  panBy(across, down) { this.lookAt(this.zoom, this.x + across, this.y + down); }

  /** Zoom so that a place of the canvas stays where it is. */
  zoomBy(factor, at = [this.pane / 2, this.size[1] / 2]) {
    const middle = [at[0] % this.pane || at[0], at[1]], [x, y] = this.toImage(...middle);
    const zoom = clamp(this.zoom * factor, this.least * 0.5, Math.max(this.least * 4, 60));
    this.lookAt(zoom, middle[0] - x * zoom, middle[1] - y * zoom);
  }

  /** Go to a place of the photo, with a ring around it. */
  centre(x, y) {
    const zoom = Math.max(this.zoom, this.least * 3);
    this.mark = [x, y];
    this.lookAt(zoom, this.pane / 2 - x * zoom, this.size[1] / 2 - y * zoom);
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => this.say("This page may not use the full screen."));
  }
}
