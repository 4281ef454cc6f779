// A view of a widget: it shows the data that the kernel sends, and handles pointer and keys. Its elements are in
// canvas.html.
//
// The data comes from the traits of the kernel's model, or from a model that holds the data of a saved page. Messages
// are sent back if there is a kernel.

/** Replace the children of an element; `false` and `null` are left out. */
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

/** Fill a list with choices: pairs of value and text, or values alone. */
const offer = (select, choices) => fill(select, choices.map((one) => new Option(...[one].flat().reverse())));

/** A scene as the kernel sends it, with each dot as an object in place of a row of numbers. */
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
      pointer: null, selected: [], count: 0, waiting: 0, chose: 0, queue: [], truth: [], levels: [], layers: {},
      odd: { limbs: [], dots: [] }, items: { photo: [], strip: [] }, scene: { people: [], dots: [] }, answer: {},
      moved: {}, current: 0,
      abort: new AbortController(),
    });
    this.build();
    el.append(this.root);
    this.listen();
    // Traits that are sent together arrive in any order.
    const traits = "fixed maps scene answer choice photo told kept doctor status marks preview".split(" ");
    for (const name of traits) this.when(`change:${name}`, () => this[`load_${name}`](this.get(name)))();
    this.when("msg:custom", ({ kind }) => { if (kind === "ping") this.send({ kind: "here" }); });
    new ResizeObserver(() => {
      if (this.fitted) this.fit(); else this.draw();
      this.steps?.drawLine();
    }).observe(this.parts.stage);
    const theme = new MutationObserver(() => this.draw()); // the strip's text has the colour of the theme
    theme.observe(document.body, { attributes: true });
    this.abort.signal.addEventListener("abort", () => theme.disconnect());
    this.show({});
    this.send({ kind: "here" });
  }

  get(name) {
    const value = this.model.get(name);
    return typeof value === "string" ? JSON.parse(value || "{}") : value ?? {};
  }

  send(message, buffers) {
    try {
      this.model.send(message, undefined, buffers);
    } catch { // the connection to the kernel is closed
      this.load_status({ text: "Python was restarted and knows this view no more: run its cell again.", error: true });
    }
  }

  /** Handle an event of the model until the view closes; returns the handler that was registered. */
  when(event, handler) {
    const apart = async (...given) => handler(...given); // async: its errors reach the window's handler, see `listen`
    this.model.on(event, apart);
    this.abort.signal.addEventListener("abort", () => this.model.off(event, apart));
    return apart;
  }

  close() {
    this.send({ kind: "gone" });
    this.abort.abort();
    this.camera?.stop();
    for (const level of this.levels) level.close();
    // JupyterLab keeps the element of a closed view for a while: it must not hold the data.
    Object.assign(this, { maps: null, levels: [], layers: {} });
    this.root.remove();
    this.root.view = null;
  }

  /** Handle events of an element until the view closes. */
  on(node, events, handler, options = {}) {
    for (const event of events.split(" ")) {
      node.addEventListener(event, handler, { ...options, signal: this.abort.signal });
    }
  }

  // ------------------------------------------------------------------------------------------------------------- parts

  /** Build the elements of canvas.html that this widget uses; `parts` are those with a `data-part`, by its name. */
  build() {
    const { fixed, live } = this, parts = (this.parts = {}), data = { shown: "", lmSuppressShortcuts: "true" };
    const className = `hpe hpe-is-${fixed.app} hpe-${live ? "live" : "page"}`;
    this.root = make("div", { className, data, view: this });
    this.root.innerHTML = PARTS;
    for (const one of this.root.querySelectorAll("button")) one.type = "button"; // not one that submits a form
    for (const part of this.root.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
    for (const tool of this.root.querySelectorAll("[data-tool]")) {
      if (!fixed.tools.includes(tool.dataset.tool) || (!live && tool.matches("[data-live]"))) tool.remove();
    }
    const { photo, strip } = Object.assign(this, { photo: parts.photo, strip: parts.strip });
    photo.items = () => this.items.photo;
    strip.items = () => this.items.strip;
    offer(parts.layer, fixed.layers).onchange = () => this.show({ layer: parts.layer.value });
    offer(parts.joint, fixed.order.map((joint) => [joint, fixed.names[joint]]));
    parts.joint.onchange = () => this.show({ joint: +parts.joint.value });
    parts.compare.onchange = () => this.compare(parts.compare.value);
    parts.listed.ontoggle = () => this.listPeople();
    parts.keys.onclick = () => this.note(parts.keys.title);
    this.panels = new Panels(this);
    if (this.root.contains(parts.play)) this.steps = new Steps(this);
    if (this.root.contains(parts.camera)) this.camera = new Camera(this);
  }

  /** Make text or an element from a `Piece` of data.py; its text is never parsed as HTML. */
  node(piece, tag) {
    if (!tag && typeof piece === "string") return piece;
    const { number, says = number ? String(number) : piece, kind = "", title = "", act, spot, heads, rows } = piece;
    if (rows) {
      return make("table", { className: "hpe-list", title },
        make("thead", {}, make("tr", {}, heads.map((one) => this.node(one, "th")))),
        make("tbody", {}, rows.map((row) => this.node(row, "tr"))));
    }
    const name = tag || (act && "button") || (Array.isArray(piece) ? "p" : "span");
    const inside = [says].flat().map((one) => this.node(one, name === "tr" ? "td" : ""));
    const node = make(name, { title, className: kind && `hpe-${kind}` }, inside);
    if (spot) node.dataset.spot = JSON.stringify(spot);
    if (act) {
      node.dataset.act = JSON.stringify(act);
      const tabIndex = node.querySelector("button") ? -1 : 0; // one Tab stop for a row with a button
      Object.assign(node, { type: "button", tabIndex, disabled: !this.live && act[0] === "ask" });
    }
    if (number) {
      const { colour: background, ink: color } = this.look(number);
      Object.assign(node, { className: "hpe-badge", title: "show this person" });
      Object.assign(node.style, { background, color });
    }
    return node;
  }

  /** Replace the contents of a part by these pieces; the focus stays on the same button, else goes to the photo. */
  tell(name, pieces = []) {
    const part = this.parts[name], focused = part.contains(document.activeElement) && document.activeElement;
    fill(part, pieces.map((piece) => this.node(piece)));
    if (!focused) return;
    const same = ({ tagName, dataset }) => tagName === focused.tagName && dataset.act === focused.dataset.act;
    ([...part.querySelectorAll("[data-act]")].find(same) ?? this.photo).focus({ preventScroll: true });
  }

  // ---------------------------------------------------------------------------------------------------------- pointers

  listen() {
    const { photo, strip } = this;
    this.follow(photo, (at, reach) => {
      const hit = this.hit(photo, at, reach), [width] = this.size;
      const click = () => this.choose(hit), pan = (now, last) => this.panBy(now[0] - last[0], now[1] - last[1]);
      const onDivider = this.mode === "divider" && Math.abs(at[0] - this.divider * width) < 8;
      if (onDivider) return { drag: ([x]) => { this.divider = clamp(x / width, 0, 1); } };
      if (!this.editing || !(hit?.dot >= 0)) return { click, drag: pan };
      const drop = ([x, y]) => this.edit("place", hit.dot, { at: this.toImage(x - this.left, y) });
      return { click, drag: (now) => { this.held.onPhoto = now; }, drop };
    }, (at) => {
      this.pointer = at && [this.mode === "beside" ? at[0] % this.pane : at[0], at[1]];
      this.hover(at && this.hit(photo, at, 10), at);
    });
    this.follow(strip, (at) => {
      const hit = this.hit(strip, at, 9), joint = hit ? null : this.rowAt(...at), dot = hit?.dot;
      const layer = ONE_TYPE.includes(this.layer) ? this.layer : "heatmap";
      const click = () => (joint != null ? this.show({ joint, layer }) : this.choose(hit));
      const retag = ([x]) => this.edit("tag", dot, { tag: this.tagAt(x) });
      if (this.editing && dot >= 0) return { click, drag: (now) => { this.held.onStrip = now; }, drop: retag };
      return { click, drag: (now) => { this.held.lasso = [at, now]; }, drop: (now) => this.select(at, now) };
    }, (at) => {
      const hit = at && this.hit(strip, at, 9);
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
    // A click on an element with `data-act` calls a method; one with `data-spot` is highlighted, see `node`.
    this.on(this.root, "click", ({ target }) => {
      const [path, ...given] = JSON.parse(target.closest("[data-act]")?.dataset.act ?? '[""]');
      const [name, part] = path.split(".").reverse();
      (part ? this[part] : this)[name]?.(...given);
    });
    this.on(this.root, "pointerover focusin focusout pointerleave", ({ target, type }) => {
      const { spot } = target.closest("[data-spot]")?.dataset ?? {};
      const lit = spot && type !== "focusout" ? JSON.parse(spot) : null;
      if (!target.matches("canvas") && (lit || this.hovered)) this.hover(lit);
    });
    // The notebook listens to keys and selections as well, and must not react to those of the widget.
    this.on(this.root, "keydown selectionchange", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && event.target.matches("tr")) event.target.click();
    });
    // T works without a click while the pointer is on the picture.
    this.on(document, "keydown", (event) => {
      const typing = document.activeElement?.matches("input, textarea, select, [contenteditable]");
      if (this.pointer && event.key === "t" && !typing) this.key(event);
    }, { capture: true });
    this.on(document, "keyup", ({ key }) => { if (this.holding && /^t$/i.test(key)) this.toggle("probing", false); });
    const own = this.live ? import.meta.url : location.href.split("#")[0];
    this.on(window, "error unhandledrejection", ({ error, reason = error }) => {
      if (!reason?.stack?.includes(own)) return;
      this.say(`The page: ${reason.message}`, true);
      this.send({ kind: "failed", text: reason.stack }); // to the kernel's log
    });
  }

  /** Handle pointers on a canvas: `grab` returns what a drag, a drop and a click do; two fingers zoom the photo. */
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
      if (event.type === "pointerup") (held?.moved ? held.drop : held?.click)?.(at(event));
      this.held = null;
      this.draw();
    });
    this.on(canvas, "pointerleave", () => { if (!this.held) hover(null); });
  }

  /** Highlight what is under the pointer; on the photo, a tooltip at `at` describes it. */
  hover(spot, at = null) {
    const { tip } = this.parts, [width, height] = this.size, [x, y] = at ?? [0, 0], below = y < height - 60;
    this.hovered = spot;
    tip.textContent = at ? this.tipText(spot, this.pointer) : "";
    Object.assign(tip.style, { left: `${clamp(x + 14, 0, width - 190)}px`, top: `${below ? y + 14 : y - 52}px` });
    this.draw();
  }

  /** Describe what is under the pointer: joint type, confidence, tag, and the person it belongs to or would join. */
  tipText(spot, at) {
    const { maps, joint, scene: { people, dots }, fixed: { names }, answer: { values } } = this;
    const one = people[spot?.person], dot = dots[spot?.dot];
    const here = dot ?? (at && !one && maps?.read(joint, ...this.toImage(...at)));
    if (!here) return one ? `person ${one.number}: score ${one.score.toFixed(2)}` : "";
    const { score, tag } = here, seen = dot || score > (values?.detection_threshold ?? 0), no = seen ? "" : "no ";
    const kind = dot ? (dot.refined ? " (refined)" : "") : " here", nearest = this.nearestTag(tag, seen);
    const whose = one ? `person ${one.number}` : dot ? `no person's; ${nearest}` : nearest;
    const tags = tag.map((value) => value.toFixed(2)).join(", ");
    return `${no}${names[here.joint]}${kind}: confidence ${score.toFixed(2)}, tag ${tags}; ${whose}`;
  }

  /** Name the person whose tag is nearest; only for a peak (`judged`) also say whether it may join. */
  nearestTag(tag, judged) {
    const { scene: { people }, threshold } = this;
    const away = people.map(({ number, tag: mean }) => [Math.hypot(...mean.map((value, i) => value - tag[i])), number]);
    if (!away.length) return "no person to join";
    const [least, number] = away.sort((a, b) => a[0] - b[0])[0];
    const verdict = least < threshold ? ": may join" : ": too far to join";
    return `nearest in tag is person ${number}, ${least.toFixed(2)} away${judged && threshold != null ? verdict : ""}`;
  }

  get threshold() { return this.moved.tag_threshold ?? this.answer.values?.tag_threshold; }

  // -------------------------------------------------------------- data: load_NAME shows the value of the trait NAME

  load_fixed(fixed) {
    if (!fixed.app) return; // the widget was closed
    this.fixed = fixed;
    this.panels.build();
    const other = `made by hpe-nb ${fixed.version}, the page's code is of ${VERSION}`;
    if (fixed.version !== VERSION) this.say(`This view was ${other}: run its cell again.`, true);
  }

  async load_photo(sent) {
    if (!sent.data) return;
    const [width, height] = sent.size, scale = 1600 / Math.max(width, height);
    this.loading = sent;
    const levels = [await createImageBitmap(new Blob([sent.data], { type: "image/jpeg" }))];
    // A second, small copy keeps photos of many megapixels fast while they are seen whole.
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
    const items = { photo: [], strip: [] }, { chosen, scene: before } = this, was = before.people[chosen?.person];
    Object.assign(this, { scene: named(sent), selected: [], mark: null, previewed: null, items });
    if (was && this.get("choice").n == null) { // this widget sends no choice: the chosen person's number finds it
      const person = sent.people.findIndex(({ number }) => number === was.number);
      this.chosen = person < 0 ? null : { ...chosen, person, dot: this.dotOf(person, chosen.joint) };
    }
    this.listPeople();
    this.tell("table", sent.table);
    this.strip.hidden = !!sent.table;
    this.hover(null);
  }

  load_answer(answer) {
    const { n = 0, readout, took = "", place = "", edited, hint } = answer;
    if (!readout) return;
    Object.assign(this, { answer, current: n, count: Math.max(this.count, n) });
    if (n >= this.waiting) this.waiting = 0;
    if (!this.ahead) this.moved = {};
    this.parts.place.textContent = place;
    this.parts.untouched.hidden = !edited;
    this.parts.readout.textContent = readout + took;
    if (hint) this.parts.hint.textContent = hint;
    this.describe();
    this.strip.ariaLabel = `Tags of all joints by joint type. ${readout}`;
    this.panels.follow();
    this.steps?.follow();
    this.camera?.answered();
    this.drawNow();
    this.askQueued();
  }

  /** Set the photo's alt text: the kernel's words, and the layer that is shown. */
  describe() {
    const type = ONE_TYPE.includes(this.layer) ? ` of ${this.fixed.names[this.joint]}` : "";
    this.photo.ariaLabel = `${(this.answer.alt ?? "").replace(/\.$/, "")}. Shown: ${this.layer}${type}.`;
  }

  /** Take the kernel's choice, unless the user has chosen something else since. */
  load_choice({ n = 0, ...spot }) {
    this.count = Math.max(this.count, n); // another view may have chosen
    if (n < this.chose) return;
    this.chosen = spot.person >= 0 || spot.dot >= 0 ? spot : null;
    if (spot.joint >= 0) this.joint = spot.joint;
    this.show({});
  }

  /** Ask the kernel for a new result. While it works, messages of one kind are joined to one, with all changes. */
  ask(message) {
    const { threshold } = this, same = this.queue.at(-1)?.kind === message.kind;
    const { changes } = same ? this.queue.pop() : {};
    this.queue.push(message.changes ? { ...message, changes: { ...changes, ...message.changes } } : message);
    Object.assign(this.moved, message.changes);
    this.askQueued();
    if (!message.changes) return;
    // Controls and band follow at once. If no mark is between old and new value, the picture needs no answer.
    this.panels.follow();
    if (this.waiting && this.panels.nobodyChanges(this.moved)) this.current = this.waiting;
    if (this.threshold !== threshold) this.drawNow();
  }

  askQueued() {
    const { queue, waiting, asked } = this;
    if (!queue.length || (waiting && performance.now() - asked < 10_000)) return;
    Object.assign(this, { asked: performance.now(), waiting: ++this.count });
    this.send({ ...queue.shift(), n: this.waiting });
  }

  /** Whether answers are due: then the sliders are ahead of the kernel. */
  get ahead() { return this.waiting > 0 || this.queue.length > 0; }

  load_told(told) {
    const { words, said } = this.parts, before = words.firstChild?.textContent;
    this.told = told;
    this.tell("words", told.words);
    if (words.firstChild?.textContent !== before) {
      said.scrollTop = words.offsetTop - said.offsetTop;
      if (words.matches(":hover")) this.hovered = null; // the row under the pointer is gone
    }
    this.draw();
  }

  load_kept(kept) {
    this.kept = named(kept);
    this.parts.compare.hidden = !kept.people;
    if (!kept.people) this.compare("one");
    else if (this.mode === "one") this.compare("divider");
    this.tell("changes", kept.words);
    this.draw();
  }

  load_doctor({ words, found, limbs = [], dots = [] }) {
    const { diagnosing } = this.parts;
    this.odd = { limbs, dots };
    this.draw();
    diagnosing.hidden = !this.live && !words;
    if (!words) return; // the last findings stay until there are new ones
    diagnosing.classList.toggle("hpe-odd", found > 0);
    this.tell("findings", words);
  }

  load_status({ text = "", error }) {
    this.say(text, error);
    this.note(text.trim()); // the status line itself may be out of sight
    if (!error) return;
    // Take back changes that were refused, but not those that still wait to be sent.
    const moved = Object.assign({}, ...this.queue.map(({ changes }) => changes));
    Object.assign(this, { waiting: 0, chose: 0, moved });
    this.load_choice(this.get("choice"));
    this.askQueued();
    this.panels.follow();
    this.steps?.refused();
    this.camera?.stop();
    this.draw();
  }

  load_marks(sent) { this.panels.showMarks(sent); }
  load_preview() { this.draw(); }

  say(text, error = false) {
    this.parts.status.textContent = text;
    this.parts.status.classList.toggle("hpe-error", !!error);
  }

  /** Show words on the picture for some seconds. */
  note(text, duration = 8000) {
    this.parts.note.textContent = text;
    this.parts.note.animate({ opacity: [1, 1, 1, 0] }, { duration: text ? duration : 0 });
  }

  listPeople() {
    if (!this.parts.listed.open) return;
    const rows = this.scene.people.map(({ number, score, tag, kind }, person) => {
      const kinds = [1, 2, 0].map((which) => String(kind.filter((one) => one === which).length));
      const tags = tag.map((value) => value.toFixed(2)).join(", "), act = ["choose", { person }];
      return { says: [[{ number, act }], score.toFixed(2), tags, ...kinds], act, spot: { person } };
    });
    this.tell("people", [{ heads: ["person", "score", "tag", "detected", "refined", "missing"], rows }]);
  }

  // ----------------------------------------------------------------------------------------------------------- actions

  /** Change layer, joint type or a switch, and show it on the controls. */
  show(changes) {
    const { parts } = Object.assign(this, changes);
    const { joint, chosen } = this;
    if (changes.joint != null && chosen?.person >= 0) this.choose({ person: chosen.person, joint });
    [parts.layer.value, parts.joint.value, parts.findings.hidden] = [this.layer, this.joint, !this.diagnosing];
    for (const name of ["probing", "editing", "diagnosing"]) parts[name].ariaPressed = this[name];
    if (changes.diagnosing) parts.said.scrollTop = 0;
    this.describe();
    this.draw();
  }

  /** Switch tag probe, "what if" or doctor on or off; show its tooltip, unless the pointer is on the photo. */
  toggle(name, on = !this[name], holding = false) {
    this.note(on && !this.pointer ? this.parts[name].title : "");
    this.show({ [name]: on, holding });
  }

  edit(what, dot, more) { this.send({ kind: "edit", what, dot, ...more }); }

  compare(mode) {
    this.mode = this.parts.compare.value = this.kept.people ? mode : "one";
    this.fit();
  }

  /** Choose a joint, a dot or a person, and ask the kernel for the words about it; null for no choice. */
  choose(spot) {
    const { person = -1, joint = -1, dot = this.dotOf(person, joint) } = spot ?? {};
    this.chosen = spot && { person, joint, dot };
    if (joint >= 0) this.joint = joint;
    this.show({});
    this.chose = ++this.count;
    this.send({ kind: "choose", n: this.chose, person, joint, dot });
  }

  /** The index of the dot of a person's joint, -1 if it is missing. */
  dotOf(person, joint) {
    return this.scene.dots.findIndex((dot) => dot.joint === joint && dot.person === person && person >= 0);
  }

  /** Select the dots in a rectangle of the strip, which highlights them on the photo. */
  select([x0, y0], [x1, y1]) {
    const inside = ({ kind, x, y }) => kind === "dot" && (x - x0) * (x - x1) <= 0 && (y - y0) * (y - y1) <= 0;
    this.selected = this.items.strip.filter(inside).map(({ dot }) => dot);
    this.say(`Dots selected: ${this.selected.length}, ringed on the photo. Press Escape to clear.`);
  }

  /** Handle a key on photo or strip; the keys of buttons are in canvas.html. */
  key(event) {
    const { chosen, steps } = this, people = this.scene.people.length, { order } = this.fixed;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[name];
    const goOn = ([across, down]) => {
      const person = (Math.max(chosen?.person ?? 0, 0) + (chosen ? down : 0) + people) % people;
      const row = chosen?.joint >= 0 ? order.indexOf(chosen.joint) + across : 0;
      this.choose({ person, joint: order.at(row % order.length) });
    };
    const edit = (what, by) => this.editing && chosen?.dot >= 0 && (() => this.edit(what, chosen.dot, { by }));
    const button = this.root.querySelector(`[data-keys~="${CSS.escape(name)}"]`);
    let act = {
      t: () => { if (this.maps && !event.repeat && !this.probing) this.toggle("probing", true, true); },
      Escape: () => { this.note(""); this.show({ editing: false, selected: [] }); this.choose(null); },
      Delete: edit("delete"), "[": edit("score", -0.05), "]": edit("score", 0.05),
    }[name] ?? (button && (() => button.click()));
    if (step && event.shiftKey) act = () => this.panBy(-60 * step[0], -60 * step[1]);
    else if (step && steps) act = () => steps.go(step[0] || step[1]);
    else if (step && people) act = () => goOn(step);
    if (!act || event.ctrlKey || event.metaKey) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  }

  // ------------------------------------------------------------------------------------------------- zoom, pan and fit

  /** Set the zoom, and the place of the photo's first pixel; some part of the photo always stays in sight. */
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

  /** Zoom around a fixed place of the canvas. */
  zoomBy(factor, at = [this.pane / 2, this.size[1] / 2]) {
    const middle = [at[0] % this.pane || at[0], at[1]], [x, y] = this.toImage(...middle);
    const zoom = clamp(this.zoom * factor, this.least * 0.5, Math.max(this.least * 4, 60));
    this.lookAt(zoom, middle[0] - x * zoom, middle[1] - y * zoom);
  }

  /** Show a place of the photo in the middle, with a ring around it. */
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
