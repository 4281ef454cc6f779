// What stands beside the picture: sliders with their marks, steps and a timeline, the camera; the saved page.

const NO_CLIPBOARD = "The clipboard is closed to this page: select the code and press Ctrl+C.";
const NO_CAMERAS = `This browser gives cameras only to pages from https:// or localhost; take one photo with the button
instead.`;

// ------------------------------------------------------------------------------------------------------------ settings

/** Panels of sliders, lists and boxes, made from the fields that the kernel describes. */
class Panels {
  constructor(view) { Object.assign(this, { view, shown: {} }); }

  build() {
    const { fixed: { panels }, parts } = this.view;
    parts.panels.hidden = !panels.length;
    fill(parts.panels, panels.map((panel) => this.panel(panel)));
    this.follow();
    this.showMarks(this.view.get("marks"));
  }

  panel({ name, presets, groups }) {
    const { view } = this, { live } = view, rows = {}, kind = name === "settings" ? "" : `${name}_`;
    const choose = (preset) => view.ask({ kind: `${kind}preset`, preset }), label = `${name}: preset`;
    const preset = make("select", { className: "hpe-preset", ariaLabel: label, title: label, disabled: !live });
    const code = make("code", { className: "hpe-code", title: "as code: click to select, Ctrl+C to copy", tabIndex: 0 });
    const copy = () => (navigator.clipboard?.writeText(code.textContent) ?? Promise.reject())
      .then(() => view.say("copied"), () => view.say(NO_CLIPBOARD));
    offer(preset, presets).onchange = () => choose(preset.value);
    this.shown[name] = { rows, preset, code };
    const listed = groups.map(({ title, fields }) => {
      const folds = title.startsWith("more");
      return make(folds ? "details" : "div", {}, make(folds ? "summary" : "h4", {}, title), fields.map((field) => {
        const row = (rows[field.name] = this.row(field, (value) =>
          view.ask({ kind: `${kind}set`, changes: { [field.name]: value } })));
        // At every change Chrome's autofill reads all fields of the form, or of the whole page where there is no form.
        return make("form", { method: "dialog" }, row.node);
      }));
    });
    return make("section", { className: `hpe-panel hpe-panel-${name}`, ariaLabel: name },
      div("hpe-panel-head", make("b", {}, name), preset,
        live && button("Reset", "back to the start", () => choose(presets[0]), { className: "hpe-reset" }),
        button("Copy", "copy the code", copy)), code, !live && quiet("Settings move where Python runs."), listed);
  }

  /** One setting: its name, and a list, a box to tick, or a slider with marks and a box for the number. */
  row(field, change) {
    const { view } = this, { name, kind, meaning: title, low, high, by, whole, options = [] } = field;
    const row = { field, flips: [] }, range = { min: low, max: high, step: "any" };
    // A slider moves by its steps; between them it stands only where a number was typed or a mark was clicked.
    const grid = ({ key = "Arrow" }) => { if (key.startsWith("Arrow")) control.step = by; };
    const control = {
      choice: () => offer(make("select", { onchange: () => change(control.value) }), options),
      switch: () => make("input", { type: "checkbox", onchange: () => change(control.checked) }),
      number: () => make("input", {
        type: "range", ...range, onpointerdown: grid, onkeydown: grid, oninput: () => change(+control.value),
        onchange: () => this.follow(), // what came while the slider was held
      }),
    }[kind]();
    control.dataset.setting = name;
    control.title = title;
    const box = kind === "number" && make("input", {
      type: "number", ...range, title, ariaLabel: `${name}, as a number`,
      onchange: () => { // empty is no 0
        if (box.value) change(whole ? Math.round(box.value) : +box.value);
        else box.value = control.ariaValueText;
      },
    });
    row.set = (value) => {
      const focused = document.activeElement, held = focused === control && (view.ahead || control.matches(":active"));
      if (kind === "switch") control.checked = value;
      else if (control.value !== String(value) && !held) Object.assign(control, { step: "any", value });
      if (!box) return;
      control.ariaValueText = String(+value.toFixed(6));
      if (focused !== box && box.value !== control.ariaValueText) box.value = control.ariaValueText;
    };
    row.marks = box && this.marks(row, change);
    row.node = make("fieldset", { className: `hpe-row hpe-row-${kind}`, title },
      make("label", {}, make("span", {}, name), control), box, row.marks);
    return row;
  }

  /** The marks under a slider: the nearest one is previewed and clicked; the arrow keys go from mark to mark. */
  marks(row, change) {
    const { view } = this, { low, high, whole, name } = row.field, now = () => view.answer.values[name];
    const beside = (flip) => clamp(flip > now() ? flip : flip - (whole ? 1 : 1e-6 * (high - low)), low, high);
    const nearest = ({ offsetX, currentTarget }) => {
      const at = low + (high - low) * offsetX / currentTarget.clientWidth;
      return row.flips.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at))[0];
    };
    const jump = (flip) => { if (flip != null && view.live) change(beside(flip)); };
    const leave = () => { view.previewed = null; view.draw(); };
    return make("div", {
      className: "hpe-marks", role: "group", tabIndex: 0, onpointerleave: leave, onblur: leave,
      onpointermove: (event) => {
        const flip = nearest(event);
        if (flip == null || beside(flip) === view.previewed) return;
        view.previewed = beside(flip);
        row.marks.title = `${name} ${+flip.toPrecision(5)}: the result changes here; ${row.told}`;
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
  }

  /** Set all controls to the values of the answer; settings that nothing reads now are disabled. */
  follow() {
    const { answer, live } = this.view;
    for (const [name, { rows, code, preset }] of Object.entries(this.shown)) {
      const told = (name === "settings" ? answer : answer[name]) ?? {}, { values = {}, off = [] } = told;
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
      const { values = [], exact = true, ...more } = sent[name] ?? {}, { low, high } = row.field, { marks } = row;
      const searching = !!more.searching && this.view.live, marked = JSON.stringify(sent[name]);
      if (!marks || row.marked === marked) continue;
      const told = `Values of ${name} at which the result changes: ${searching ? "still searching" : values.length}`
        + `${exact ? "" : ", found by halving"}`;
      Object.assign(row, { marked, flips: values, told });
      if (!marks.matches(":hover")) marks.title = told;
      marks.ariaLabel = told;
      marks.classList.toggle("hpe-searching", searching);
      fill(marks, values.map((value) =>
        make("span", { className: "hpe-mark", style: `left: ${100 * (value - low) / (high - low)}%` })));
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- steps

/** Buttons, a slider and a line over time for what has an order: the decoder's moments, the frames of a film. */
class Steps {
  constructor(view) {
    const { count, interval, turns = [], timeline } = view.fixed.steps;
    const { play, back, on, position, turn, line } = view.parts;
    Object.assign(this, { view, count, interval, turns, timeline, play, slider: position, turn, line });
    play.onclick = () => this.toggle();
    back.onclick = () => this.go(-1);
    on.onclick = () => this.go(1);
    Object.assign(position, { max: count - 1, oninput: () => this.to(+position.value) });
    Object.assign(offer(turn, turns), { hidden: !turns.length, onchange: () => this.to(+turn.value) });
    line.hidden = !timeline;
    line.onclick = (event) => this.to(Math.floor(event.offsetX / line.clientWidth * count));
  }

  /** Show where the scene stands; while it plays, go on after a while. */
  follow() {
    const { view, slider, turns, count } = this, { position, readout } = view.answer;
    const next = () => (position + 1 < count ? this.to(position + 1) : this.toggle());
    this.position = position;
    if (document.activeElement !== slider || !view.ahead) slider.value = position;
    slider.ariaValueText = readout;
    this.turn.value = turns.findLast(([start]) => start <= position)?.[0] ?? "";
    this.drawLine();
    clearTimeout(this.timer);
    if (this.playing) this.timer = setTimeout(next, this.interval);
  }

  drawLine() {
    const { timeline, position } = this;
    if (!timeline) return;
    const g = this.view.context(this.line), { clientWidth: width, clientHeight: height } = this.line;
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
    const { camera: start, still } = view.parts;
    Object.assign(this, { view, start, still, video: make("video", { muted: true, playsInline: true }) });
    start.onclick = () => (this.stream ? this.stop("The camera is off; the last picture stays.") : this.begin());
    still.onchange = () => this.photo();
  }

  async begin() {
    if (!navigator.mediaDevices?.getUserMedia) { this.view.say(NO_CAMERAS); return; }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: false });
      if (this.view.abort.signal.aborted) { this.stop(); return; }
      this.video.srcObject = this.stream;
      await this.video.play();
      if (!this.stream) return; // it was stopped meanwhile
      this.start.textContent = "Stop camera";
      this.send(this.video, this.video.videoWidth, this.video.videoHeight);
    } catch (error) {
      this.stop(`No camera (${error.name}): take one photo with the button instead, or allow the camera and try again.`);
    }
  }

  async send(source, width, height) {
    const scale = Math.min(1, 640 / width), { view } = this;
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    this.asked = performance.now();
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
    view.send({ kind: "frame", n: ++view.count, time: this.asked / 1000 }, [await blob.arrayBuffer()]);
  }

  answered() {
    const { asked, stream, video, view } = this;
    if (!asked) return;
    view.say(`${view.answer.readout}; ${Math.round(performance.now() - asked)} ms from camera to kernel and back`);
    this.asked = 0;
    if (stream) this.send(video, video.videoWidth, video.videoHeight);
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
