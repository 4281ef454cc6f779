// What stands beside the picture: sliders with their marks, steps and a timeline, the camera; the saved page.

const NO_CLIPBOARD = "The clipboard is closed to this page: select the code and press Ctrl+C.";
const NO_CAMERAS = `This browser gives cameras only to pages from https:// or localhost; take one photo with the button
instead.`;

// ------------------------------------------------------------------------------------------------------------ settings

/** Panels of sliders, lists and boxes, made from the fields that the kernel describes. */
class Panels {
  constructor(view) {
    Object.assign(this, { view, node: div("hpe-panels"), shown: {} });
  }

  build() {
    const { panels } = this.view.fixed;
    this.node.hidden = !panels.length;
    this.node.replaceChildren(...panels.map((panel) => this.panel(panel)));
    this.follow();
    this.showMarks(this.view.get("marks"));
  }

  panel({ name, title, presets, groups }) {
    const { view } = this, { live } = view, rows = {}, kind = name === "settings" ? "" : `${name}_`;
    const preset = pick(`${title}: preset`, presets, (one) => view.ask({ kind: `${kind}preset`, preset: one }),
      { class: "hpe-preset", disabled: !live });
    const code = make("code",
      { class: "hpe-code", title: "the settings as code: click to select, Ctrl+C to copy", tabIndex: 0 });
    const reset = button("Reset", "back to the start", () => view.send({ kind: `${kind}reset` }), { class: "hpe-reset" });
    const copy = () => (navigator.clipboard?.writeText(code.textContent) ?? Promise.reject())
      .then(() => view.say("copied"), () => view.say(NO_CLIPBOARD));
    this.shown[name] = { rows, preset, code };
    const listed = groups.map((group) => make(group.folded ? "details" : "div", { class: "hpe-group" },
      make(group.folded ? "summary" : "h4", {}, group.title),
      group.fields.map((field) => {
        rows[field.name] = this.row(field, (value) => view.ask({ kind: `${kind}set`, changes: { [field.name]: value } }));
        return rows[field.name].node;
      })));
    return make("section", { class: `hpe-panel hpe-panel-${name}`, "aria-label": title },
      div("hpe-panel-head", make("b", {}, title), preset, live && reset, button("Copy", "copy the code", copy)), code,
      !live && quiet("Settings move where Python runs."), listed);
  }

  /** One setting: its name, and what it is set with. */
  row(field, change) {
    const { name, kind, meaning } = field, id = `hpe-${Math.random().toString(36).slice(2)}`;
    const common = { id, title: meaning, "data-setting": name }, row = { field, flips: [] };
    if (kind === "number") this.number(row, change, common);
    else {
      const control = kind === "choice" ? pick(name, field.options, change, common)
        : make("input", { type: "checkbox", ...common, onchange: () => change(control.checked) });
      row.controls = [control];
      row.set = (value) => { control[kind === "choice" ? "value" : "checked"] = value; };
    }
    row.node = make("div", { class: `hpe-row hpe-row-${kind}`, title: meaning },
      make("label", { htmlFor: id }, name), row.controls, row.marks);
    return row;
  }

  /** A slider, a box for the number, and the strip of marks under them. */
  number(row, change, common) {
    const { view } = this, { low, high, by, whole, name } = row.field, range = { min: low, max: high, step: "any" };
    // A slider moves by its steps; between them it stands only where a number was typed or a mark was clicked.
    const grid = ({ key = "Arrow" }) => { if (key.startsWith("Arrow")) slider.step = by; };
    const slider = make("input", {
      type: "range", ...common, ...range, onpointerdown: grid, onkeydown: grid, oninput: () => change(+slider.value),
      onchange: () => this.follow(), // what came while the slider was held
    });
    const box = make("input", {
      type: "number", ...range, title: common.title, "aria-label": `${name}, as a number`,
      onchange: () => change(whole ? Math.round(+box.value) : +box.value),
    });
    row.controls = [slider, box];
    row.set = (value) => {
      const shown = +value.toFixed(6), focused = document.activeElement, waits = view.turn > view.answered || view.queued;
      if (focused !== box) box.value = shown;
      // While newer values wait for their answer, the slider is ahead of the kernel.
      if (focused !== slider || !(waits || slider.matches(":active"))) Object.assign(slider, { step: "any", value });
      slider.setAttribute("aria-valuetext", shown);
    };
    row.marks = this.marks(row, change);
  }

  /** The marks under a slider: the nearest one is previewed and clicked; the arrow keys go from mark to mark. */
  marks(row, change) {
    const { view } = this, { low, high, whole, name } = row.field, now = () => view.scene.values[name];
    const beside = (flip) => clamp(flip > now() ? flip : flip - (whole ? 1 : 1e-6 * (high - low)), low, high);
    const nearest = (event) => {
      const box = marks.getBoundingClientRect(), at = low + (high - low) * (event.clientX - box.left) / box.width;
      return row.flips.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at))[0];
    };
    const jump = (flip) => { if (flip != null && view.live) change(beside(flip)); };
    const leave = () => { row.pointed = view.previewed = null; view.draw(); };
    const marks = make("div", {
      class: "hpe-marks", role: "group", tabIndex: 0, onpointerleave: leave, onblur: leave,
      onpointermove: (event) => {
        const flip = nearest(event);
        if (flip == null || flip === row.pointed) return;
        [row.pointed, view.previewed] = [flip, beside(flip)];
        marks.title = `${name} ${+flip.toPrecision(5)}: the result changes here; ${row.told}`;
        view.send({ kind: "preview", setting: name, value: view.previewed });
      },
      onclick: (event) => jump(nearest(event)),
      onkeydown: (event) => {
        if (event.key === "ArrowRight") jump(row.flips.find((flip) => flip > now()));
        else if (event.key === "ArrowLeft") jump(row.flips.findLast((flip) => flip <= now()));
        else return;
        event.preventDefault();
      },
    });
    return marks;
  }

  /** Set all controls to the scene's values; settings that nothing reads now are disabled. */
  follow() {
    const { scene, live } = this.view;
    const told = {
      settings: [scene.values, scene.code, scene.preset], scene: [scene.knobs, scene.scene_code, scene.scene_preset],
    };
    for (const [name, { rows, code, preset }] of Object.entries(this.shown)) {
      const [values = {}, text = "", named = "your own"] = told[name];
      for (const [setting, row] of Object.entries(rows)) {
        const off = !!scene.off?.includes(setting);
        if (setting in values) row.set(values[setting]);
        row.node.classList.toggle("hpe-off", off);
        for (const control of row.controls) control.disabled = off || !live;
      }
      [code.textContent, preset.value] = [text, named];
    }
  }

  /** Mark on each slider the values at which the result for this picture changes. */
  showMarks(sent) {
    for (const [name, row] of Object.entries(this.shown.settings?.rows ?? {})) {
      const { values = [], exact = true, searching } = sent[name] ?? {}, { low, high } = row.field;
      if (!row.marks || row.marked === JSON.stringify(sent[name])) continue;
      const told = `Values of ${name} at which the result changes: ${searching ? "still searching" : values.length}`
        + `${exact ? "" : ", found by halving"}`;
      Object.assign(row, { marked: JSON.stringify(sent[name]), flips: values, told });
      if (row.pointed == null) row.marks.title = told;
      row.marks.setAttribute("aria-label", told);
      row.marks.classList.toggle("hpe-searching", !!searching);
      row.marks.replaceChildren(...values.map((value) => {
        const mark = make("span", { class: "hpe-mark" });
        mark.style.left = `${100 * (value - low) / (high - low)}%`;
        return mark;
      }));
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- steps

/** Buttons, a slider and a line over time for what has an order: the decoder's moments, the frames of a film. */
class Steps {
  constructor(view) {
    const { count, interval, turns = [], timeline } = view.fixed.steps;
    Object.assign(this, { view, count, interval, turns, timeline });
    this.play = button("▶", "play", () => this.toggle());
    this.slider = make("input", {
      type: "range", min: 0, max: count - 1, step: 1, "aria-label": "position", class: "hpe-position",
      oninput: () => this.to(+this.slider.value),
    });
    this.told = make("span", { class: "hpe-told" });
    this.turn = pick("turn", turns, (position) => this.to(+position), { hidden: !turns.length });
    this.line = make("canvas", {
      class: "hpe-timeline", title: "people over time: click to go there", hidden: !timeline,
      onclick: (event) => this.to(Math.floor(event.offsetX / this.line.clientWidth * count)),
    });
    this.node = div("hpe-steps", this.play, button("|◀", "one step back", () => this.go(-1)),
      button("▶|", "one step on", () => this.go(1)), this.slider, this.turn, this.told, this.line);
  }

  show({ position, told }) {
    if (position == null) return;
    const { view, slider, turns, count } = this;
    const next = () => (position + 1 < count ? this.to(position + 1) : this.toggle());
    this.position = position;
    if (document.activeElement !== slider || view.turn <= view.answered) slider.value = position;
    slider.setAttribute("aria-valuetext", told);
    this.told.textContent = told;
    this.turn.value = turns.findLast(([start]) => start <= position)?.[0] ?? "";
    if (this.timeline) this.drawLine(position);
    clearTimeout(this.timer);
    if (this.playing) this.timer = setTimeout(next, this.interval);
  }

  drawLine(position) {
    const { timeline } = this, g = this.view.context(this.line), { clientWidth: width, clientHeight: height } = this.line;
    const wide = width / timeline.length, high = height / Math.max(1, ...timeline);
    timeline.forEach((people, i) => bar(g, i * wide, height, Math.max(1, wide - 0.5), -people * high, "#56b4e9"));
    bar(g, (position + 0.5) * wide - 1, 0, 2, height, ORANGE);
  }

  toggle() {
    this.playing = !this.playing;
    [this.play.textContent, this.play.title] = this.playing ? ["❚❚", "pause"] : ["▶", "play"];
    clearTimeout(this.timer);
    if (this.playing) this.to((this.position + 1) % this.count);
  }

  to(position) { this.view.ask({ kind: "go", position }); }

  go(by) {
    if (this.playing) this.toggle();
    this.slider.value = clamp(+this.slider.value + by, 0, this.count - 1);
    this.to(+this.slider.value);
  }
}

// -------------------------------------------------------------------------------------------------------------- camera

/** The browser's camera: sends a picture when the kernel has answered the one before. */
class Camera {
  constructor(view) {
    this.view = view;
    const start = () => (this.stream ? this.stop("The camera is off.") : this.begin());
    const explore = () => { this.hold(true); view.send({ kind: "explore" }); };
    this.start = button("Start camera", "the browser asks for leave first", start, { class: "hpe-start" });
    this.freeze = button("Freeze", "hold this picture", () => this.hold(!this.frozen), { class: "hpe-freeze", disabled: true });
    this.still = make("input", { type: "file", accept: "image/*", capture: "environment", onchange: () => this.photo() });
    this.node = div("hpe-bar hpe-camera", this.start, this.freeze,
      make("label", { class: "hpe-still" }, "or take one photo: ", this.still),
      button("Explore this frame", "open the explorer on this frame, below", explore, { class: "hpe-explore" }));
    this.video = make("video", { muted: true, playsInline: true });
    this.canvas = make("canvas");
    view.when("change:scene", () => this.answered());
  }

  async begin() {
    if (!navigator.mediaDevices?.getUserMedia) { this.view.say(NO_CAMERAS); return; }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: false });
      if (this.view.abort.signal.aborted) { this.stop(); return; }
      this.video.srcObject = this.stream;
      await this.video.play();
      [this.start.textContent, this.freeze.disabled] = ["Stop camera", false];
      this.hold(false);
    } catch (error) {
      this.stop(`No camera (${error.name}): take one photo with the button instead, or allow the camera and try again.`);
    }
  }

  hold(frozen) {
    Object.assign(this, { frozen, waiting: frozen ? this.waiting : 0 });
    this.freeze.textContent = frozen ? "Go on" : "Freeze";
    this.next();
  }

  next() {
    const { video, stream, frozen, waiting } = this;
    if (stream && !frozen && !waiting) this.send(video, video.videoWidth, video.videoHeight);
  }

  async send(source, width, height) {
    const scale = Math.min(1, 640 / width), { canvas } = this;
    this.waiting = performance.now();
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    this.view.send({ kind: "frame", time: this.waiting / 1000 }, [await blob.arrayBuffer()]);
  }

  answered() {
    if (!this.waiting) return;
    const { readout } = this.view.get("scene");
    this.view.say(`${readout}; ${Math.round(performance.now() - this.waiting)} ms from camera to kernel and back`);
    this.waiting = 0;
    this.next();
  }

  async photo() {
    const file = this.still.files[0];
    this.still.value = "";
    if (!file) return;
    this.stop();
    try {
      const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
      await this.send(photo, photo.width, photo.height);
    } catch (error) { this.view.say(`${file.name} is no picture that this browser can read.`); }
  }

  stop(words = "") {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    [this.start.textContent, this.freeze.disabled] = ["Start camera", true];
    if (words) this.view.say(words);
  }
}

// --------------------------------------------------------------------------------------------------------------- pages

/** A model that is the data of a saved page; of the chosen joint it tells where it has words. */
async function savedModel(page) {
  const bytes = async (text) => {
    const raw = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const whole = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new DataView(await new Response(whole).arrayBuffer());
  };
  for (const part of [page.fixed, page.photo, page.maps]) {
    for (const [name, value] of Object.entries(part)) if (value?.gz) part[name] = await bytes(value.gz);
  }
  let tell;
  return {
    saved: true,
    get: (name) => page[name],
    on: (event, follow) => { if (event === "change:told") tell = follow; },
    send({ kind, person, joint, dot }) {
      if (kind !== "choose" || !Object.keys(page.explanations).length) return;
      page.told = page.explanations[person >= 0 ? `${person},${joint}` : `dot ${dot}`] ?? {};
      tell();
    },
  };
}

export default {
  render({ model, el }) {
    const view = new View(el, model), below = div("hpe-below"), { widget_manager: manager } = model;
    const show = async () => {
      const id = model.get("below"), child = id && await manager.create_view(await manager.get_model(id));
      below.replaceChildren(...(child ? [child.el] : []));
    };
    el.append(below);
    view.when("change:below", show);
    show();
    return () => view.close();
  },
};
