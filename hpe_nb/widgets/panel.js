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

  panel({ name, presets, groups }) {
    const { view } = this, { live } = view, rows = {}, kind = name === "settings" ? "" : `${name}_`;
    const choose = (preset) => view.ask({ kind: `${kind}preset`, preset });
    const preset = pick(`${name}: preset`, presets, choose, { class: "hpe-preset", disabled: !live });
    const code = make("code", { class: "hpe-code", title: "as code: click to select, Ctrl+C to copy", tabIndex: 0 });
    const reset = button("Reset", "back to the start", () => choose(presets[0]), { class: "hpe-reset" });
    const copy = () => (navigator.clipboard?.writeText(code.textContent) ?? Promise.reject())
      .then(() => view.say("copied"), () => view.say(NO_CLIPBOARD));
    this.shown[name] = { rows, preset, code };
    const listed = groups.map(({ title, fields }) => {
      const folds = title.startsWith("more");
      return make(folds ? "details" : "div", {}, make(folds ? "summary" : "h4", {}, title), fields.map((field) => {
        const row = (rows[field.name] = this.row(field, (value) => view.ask({ kind: `${kind}set`, changes: { [field.name]: value } })));
        // At every change Chrome's autofill reads all fields of the form, or of the whole page where there is no form.
        return make("form", { method: "dialog" }, row.node);
      }));
    });
    return make("section", { class: `hpe-panel hpe-panel-${name}`, "aria-label": name },
      div("hpe-panel-head", make("b", {}, name), preset, live && reset, button("Copy", "copy the code", copy)), code,
      !live && quiet("Settings move where Python runs."), listed);
  }

  /** One setting: its name, and what it is set with: a list, a box to tick, or a slider with marks and a box for the number. */
  row(field, change) {
    const { view } = this, { name, kind, meaning, low, high, by, whole, options } = field, row = { field, flips: [] };
    const common = { title: meaning, "data-setting": name }, range = { min: low, max: high, title: meaning };
    const round = whole ? Math.round : (value) => value;
    const follow = () => this.follow(); // what came while the slider was held
    // A slider moves by its steps; between them it stands only where a number was typed or a mark was clicked.
    const grid = ({ key = "Arrow" }) => { if (key.startsWith("Arrow")) control.step = by; };
    const control = {
      choice: () => pick(name, options, change, common),
      switch: () => make("input", { type: "checkbox", ...common, onchange: () => change(control.checked) }),
      number: () => make("input", {
        type: "range", ...range, step: "any", ...common, onpointerdown: grid, onkeydown: grid,
        oninput: () => change(+control.value), onchange: follow,
      }),
    }[kind]();
    const box = kind === "number" && make("input", {
      type: "number", ...range, step: "any", "aria-label": `${name}, as a number`,
      onchange: () => { if (box.value) change(round(+box.value)); else box.value = control.ariaValueText; }, // empty is no 0
    });
    row.set = (value) => {
      const focused = document.activeElement;
      if (kind === "switch") control.checked = value;
      else if (control.value !== String(value) && (focused !== control || !(view.ahead || control.matches(":active")))) {
        Object.assign(control, box ? { step: "any", value } : { value });
      }
      if (!box) return;
      const shown = String(+value.toFixed(6));
      if (focused !== box && box.value !== shown) box.value = shown;
      control.ariaValueText = shown;
    };
    row.marks = box && this.marks(row, change);
    row.node = make("fieldset", { class: `hpe-row hpe-row-${kind}`, title: meaning },
      make("label", {}, make("span", {}, name), control), box, row.marks);
    return row;
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
    for (const [name, { rows, code, preset }] of Object.entries(this.shown)) {
      const told = (name === "settings" ? scene : scene[name]) ?? {}, { values = {}, off = [] } = told;
      for (const setting of Object.keys(values).filter((one) => one in rows)) {
        rows[setting].set(values[setting]);
        rows[setting].node.disabled = !live || off.includes(setting);
      }
      [code.textContent, preset.value] = [told.code, told.preset];
    }
  }

  /** Mark on each slider the values at which the result for this picture changes. */
  showMarks(sent) {
    for (const [name, row] of Object.entries(this.shown.settings?.rows ?? {})) {
      const { values = [], exact = true, ...more } = sent[name] ?? {}, { low, high } = row.field;
      const searching = more.searching && this.view.live;
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
    this.turn = pick("turn", turns, (position) => this.to(+position), { hidden: !turns.length });
    this.line = make("canvas", {
      class: "hpe-timeline", title: "people over time: click to go there", hidden: !timeline,
      onclick: (event) => this.to(Math.floor(event.offsetX / this.line.clientWidth * count)),
    });
    this.node = div("hpe-steps", this.play, button("|◀", "one step back", () => this.go(-1)),
      button("▶|", "one step on", () => this.go(1)), this.slider, this.turn, this.line);
  }

  /** Show where the scene stands; while it plays, go on after a while. */
  follow() {
    const { view, slider, turns, count } = this, { position, readout } = view.scene;
    const next = () => (position + 1 < count ? this.to(position + 1) : this.toggle());
    this.position = position;
    if (document.activeElement !== slider || !view.ahead) slider.value = position;
    slider.setAttribute("aria-valuetext", readout);
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
    this.slider.stepUp(by);
    this.to(+this.slider.value);
  }
}

// -------------------------------------------------------------------------------------------------------------- camera

/** The browser's camera: sends a picture when the kernel has answered the one before. */
class Camera {
  constructor(view) {
    this.view = view;
    const start = () => (this.stream ? this.stop("The camera is off; the last picture stays.") : this.begin());
    this.start = button("Start camera", "the browser asks for leave first", start, { class: "hpe-start" });
    this.still = make("input", { type: "file", accept: "image/*", capture: "environment", onchange: () => this.photo() });
    this.node = div("hpe-bar hpe-camera", this.start, make("label", { class: "hpe-still" }, "or take one photo: ", this.still));
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
      this.start.textContent = "Stop camera";
      this.next();
    } catch (error) {
      this.stop(`No camera (${error.name}): take one photo with the button instead, or allow the camera and try again.`);
    }
  }

  next() {
    if (this.stream) this.send(this.video, this.video.videoWidth, this.video.videoHeight);
  }

  async send(source, width, height) {
    const scale = Math.min(1, 640 / width), { canvas, view } = this;
    this.asked = performance.now();
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    view.send({ kind: "frame", n: ++view.count, time: this.asked / 1000 }, [await blob.arrayBuffer()]);
  }

  answered() {
    if (!this.asked) return;
    const { readout } = this.view.get("scene");
    this.view.say(`${readout}; ${Math.round(performance.now() - this.asked)} ms from camera to kernel and back`);
    this.asked = 0;
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
    [this.stream, this.asked] = [null, 0]; // the picture under way changes no words
    this.start.textContent = "Start camera";
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
