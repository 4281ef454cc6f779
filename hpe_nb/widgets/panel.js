// The parts beside the picture: sliders with marks, steps with a timeline, the camera; and the saved page's model.

const NO_CLIPBOARD = "The clipboard is closed to this page: select the code and press Ctrl+C.";
const NO_CAMERA = `Take one photo with the button instead, or allow the camera and try again: browsers give it only to
pages from https:// or localhost.`;

// ------------------------------------------------------------------------------------------------------------ settings

/** Panels of sliders, lists and check boxes, made from the kernel's description of the settings. */
class Panels {
  constructor(view) { Object.assign(this, { view, shown: {} }); }

  build() {
    fill(this.view.parts.panels, this.view.fixed.panels.map((panel) => this.panel(panel)));
    this.follow();
    this.showMarks(this.view.get("marks"));
  }

  panel({ name, presets, groups }) {
    const { view } = this, rows = {}, kind = name === "settings" ? "" : `${name}_`, label = `${name}: preset`;
    const node = view.parts.panel.content.firstElementChild.cloneNode(true);
    const [title, preset, reset, copy, code] = node.querySelectorAll("b, select, button, code");
    const choose = (chosen) => view.ask({ kind: `${kind}preset`, preset: chosen });
    Object.assign(node, { className: `hpe-panel hpe-panel-${name}`, ariaLabel: name });
    Object.assign(preset, { ariaLabel: label, title: label, disabled: !view.live });
    title.textContent = name;
    offer(preset, presets).onchange = () => choose(preset.value);
    reset.onclick = () => choose(presets[0]);
    copy.onclick = () => (navigator.clipboard?.writeText(code.textContent) ?? Promise.reject())
      .then(() => view.say("copied"), () => view.say(NO_CLIPBOARD));
    this.shown[name] = { rows, preset, code };
    node.append(...groups.map(({ title: head, fields }) => {
      const [box, line] = head.startsWith("more") ? ["details", "summary"] : ["div", "h4"];
      return make(box, {}, make(line, {}, head), fields.map((field) => {
        const row = (rows[field.name] = this.row(field, (value) =>
          view.ask({ kind: `${kind}set`, changes: { [field.name]: value } })));
        // A form for each field: at every change Chrome's autofill reads all fields of the form, or of the whole page.
        return make("form", { method: "dialog" }, row.node);
      }));
    }));
    return node;
  }

  /** One setting: its name, and a list, a check box, or a slider with marks and a box for the number. */
  row(field, change) {
    const { view } = this, { name, kind, meaning: title, low, high, by, whole, options = [] } = field;
    const row = { field, flips: [] }, range = { min: low, max: high, step: "any" };
    const [tag, property, more] = {
      choice: ["select", "value", {}],
      switch: ["input", "checked", { type: "checkbox" }],
      number: ["input", "valueAsNumber", { type: "range", ...range }],
    }[kind];
    // A slider moves in steps, but a typed number or a clicked mark may lie between them. The browser would round such
    // a value, so the slider has a step only while it is moved.
    const control = make(tag, {
      ...more, title, data: { setting: name },
      onkeydown: ({ key }) => { if (key.startsWith("Arrow")) control.step = by; },
      onkeyup: () => this.follow(),
      oninput: () => { control.step = by; change(control[property]); },
    });
    const typed = () => { row.typing = false; this.follow(); };
    const box = kind === "number" && make("input", {
      type: "number", ...range, title, ariaLabel: `${name}, as a number`, onblur: typed,
      oninput: () => { row.typing = true; },
      onchange: () => { // an empty box is not 0
        if (box.value) change(whole ? Math.round(box.value) : +box.value);
        typed();
      },
    });
    if (kind === "choice") offer(control, options);
    row.set = (value) => {
      if (control[property] !== value) Object.assign(control, { step: "any", [property]: value });
      if (!box) return;
      control.ariaValueText = String(+value.toFixed(6));
      if (!row.typing && box.value !== control.ariaValueText) box.value = control.ariaValueText;
    };
    row.marks = box && this.marks(row, change);
    row.node = make("fieldset", { className: `hpe-row hpe-row-${kind}`, title },
      make("label", {}, make("span", {}, name), control), box, row.marks);
    return row;
  }

  /** The marks under a slider: pointing previews the nearest mark, a click jumps to it, arrow keys go to the next. */
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
        view.draw(); // an answer equal to the last one makes no event
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

  /** Set all controls to the kernel's values, or to newer ones of the user; disable settings that are not read. */
  follow() {
    const { answer, live, moved } = this.view;
    for (const [name, { rows, code, preset }] of Object.entries(this.shown)) {
      const told = (name === "settings" ? answer : answer[name]) ?? {}, { values = {}, off = [] } = told;
      const newest = { ...values, ...moved };
      for (const setting of Object.keys(values).filter((one) => one in rows)) {
        rows[setting].set(newest[setting]);
        rows[setting].node.disabled = !live || off.includes(setting);
      }
      [code.textContent, preset.value] = [told.code, told.preset];
    }
  }

  /** Whether, by the marks, no person changes between the kernel's values and these. */
  nobodyChanges(moved) {
    const { view } = this, { values } = view.answer, marked = view.get("marked"), [name, ...more] = Object.keys(moved);
    const { exact, values: flips } = view.get("marks")[name] ?? {}, ends = [values[name], moved[name]];
    const { low, high } = this.shown.settings?.rows[name]?.field ?? {}; // the range that was searched for marks
    return !!exact && !more.length && ends.every((end) => low <= end && end <= high)
      && flips.every((flip) => (flip <= ends[0]) === (flip <= ends[1]))
      && Object.keys(values).every((other) => other === name || values[other] === marked[other]);
  }

  /** Show under each slider the values at which the result for this picture changes. */
  showMarks(sent) {
    for (const [name, row] of Object.entries(this.shown.settings?.rows ?? {})) {
      const { values = [], exact = true, found = values.length, ...more } = sent[name] ?? {}, { marks } = row;
      const searching = !!more.searching && this.view.live, marked = JSON.stringify(sent[name]);
      if (!marks || row.marked === marked) continue;
      const told = `Values of ${name} at which the result changes: ${searching ? "still searching" : found}`
        + `${exact ? "" : ", found by halving"}`;
      Object.assign(row, { marked, flips: values, told });
      if (!marks.matches(":hover")) marks.title = told;
      marks.ariaLabel = told;
      marks.classList.toggle("hpe-searching", searching);
      const { low, high } = row.field, left = (value) => `left: ${100 * (value - low) / (high - low)}%`;
      fill(marks, values.map((value) => make("span", { className: "hpe-mark", style: left(value) })));
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- steps

/** Buttons, a slider and a timeline to step through the decoder's moments or the frames of a film. */
class Steps {
  constructor(view) {
    const { play, position: slider, turn, line } = view.parts;
    Object.assign(this, { view, play, slider, turn, line, turns: [] }, view.fixed.steps);
    slider.max = this.count - 1;
    slider.oninput = () => this.to(+slider.value);
    offer(turn, this.turns).onchange = () => this.to(+turn.value);
    line.onclick = (event) => this.to(Math.floor(event.offsetX / line.clientWidth * this.count));
  }

  /** Show the position; while playing, set the timer for the next one. */
  follow() {
    const { view, slider, turns, turn, count } = this, { position, readout } = view.answer;
    if (document.activeElement !== slider || !view.ahead) slider.value = position;
    slider.ariaValueText = readout;
    turn.value = turns.findLast(([start]) => start <= position)?.[0] ?? "";
    this.drawLine();
    clearTimeout(this.timer);
    const next = () => (position + 1 < count ? this.to(position + 1) : this.toggle());
    if (this.playing) this.timer = setTimeout(next, this.interval);
  }

  drawLine() {
    const { view, line, timeline } = this, { clientWidth: width, clientHeight: height } = line;
    if (!timeline) return;
    const g = view.context(line), wide = width / timeline.length, high = height / Math.max(1, ...timeline);
    timeline.forEach((people, i) => bar(g, i * wide, height, Math.max(1, wide - 0.5), -people * high, "#56b4e9"));
    bar(g, (view.answer.position + 0.5) * wide - 1, 0, 2, height, ORANGE);
  }

  toggle() {
    this.playing = !this.playing;
    [this.play.textContent, this.play.title] = this.playing ? ["❚❚", "pause"] : ["▶", "play"];
    clearTimeout(this.timer);
    if (this.playing) this.to((this.view.answer.position + 1) % this.count);
  }

  to(position) { this.view.ask({ kind: "go", position }); }

  /** Stop playing, and show the kernel's position. */
  refused() {
    if (this.playing) this.toggle();
    this.follow();
  }

  go(by) {
    if (this.playing) this.toggle();
    this.slider.stepUp(by);
    this.to(+this.slider.value);
  }
}

// -------------------------------------------------------------------------------------------------------------- camera

/** The browser's camera: it sends a picture when the kernel has answered the one before. */
class Camera {
  constructor(view) {
    const { camera: start, still, explore } = view.parts;
    Object.assign(this, { view, start, video: make("video", { muted: true, playsInline: true }) });
    still.onchange = () => this.photo(still);
    explore.onclick = () => this.stop();
  }

  /** Start the camera, or stop it. */
  async press() {
    const { view, video, start } = this;
    if (this.stream) { this.stop("The camera is off; the last picture stays."); return; }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: false });
      if (view.abort.signal.aborted) { this.stop(); return; }
      video.srcObject = this.stream;
      await video.play();
      if (!this.stream) return; // it was stopped meanwhile
      start.textContent = "Stop camera";
      await this.send(video);
    } catch (error) {
      this.stop(`No camera (${error.name}). ${NO_CAMERA}`);
    }
  }

  /** Send the camera's picture or a photo, unless the camera is stopped meanwhile. */
  async send(source) {
    const asked = (this.asked = performance.now());
    const picture = await createImageBitmap(source, { imageOrientation: "from-image" });
    const { width, height } = picture, scale = Math.min(1, 640 / width);
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 }), bytes = await blob.arrayBuffer();
    if (this.asked === asked) this.view.send({ kind: "frame", n: ++this.view.count, time: asked / 1000 }, [bytes]);
  }

  answered() {
    const { asked, stream, video, view } = this;
    if (!asked) return;
    view.say(`${view.answer.readout}; ${Math.round(performance.now() - asked)} ms from camera to kernel and back`);
    this.asked = 0;
    if (stream) this.send(video);
  }

  async photo(still) {
    const [file] = still.files;
    still.value = "";
    if (!file) return;
    this.stop();
    await this.send(file).catch(() => this.view.say(`${file.name} is no picture that this browser can read.`));
  }

  stop(words = "") {
    this.stream?.getTracks().forEach((track) => track.stop());
    [this.stream, this.asked] = [null, 0]; // the answer to the last picture must not change the status line
    this.start.textContent = "Start camera";
    if (words) this.view.say(words);
  }
}

// --------------------------------------------------------------------------------------------------------------- pages

/** A model made of a saved page's data, which answers a choice with the words that the page holds. */
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
    const view = new View(el, model), below = make("div", { className: "hpe-below" });
    const show = async () => {
      const id = model.get("below"), manager = model.widget_manager;
      const child = id && await manager.create_view(await manager.get_model(id));
      below.replaceChildren(...(child ? [child.el] : []));
    };
    el.append(below);
    view.when("change:below", show);
    show();
    return () => view.close();
  },
};
