
// ------------------------------------------------------------------------------------------------------------ settings

/** Panels of sliders, lists and boxes, made from the fields that the kernel describes. */
class Panels {
  constructor(view) {
    this.view = view;
    this.node = make("div", { class: "hpe-panels" });
    this.build();
  }

  build() {
    this.rows = {};
    this.node.replaceChildren(...this.view.fixed.panels.map((panel) => this.panel(panel)));
    this.node.hidden = !this.view.fixed.panels.length;
    if (this.view.scene) this.follow();
  }

  panel(panel) {
    const { view } = this, groups = panel.groups.map((group) => {
      const rows = group.fields.map((field) => this.row(panel.name, field));
      return group.folded ? make("details", { class: "hpe-group" }, make("summary", { textContent: group.title }), ...rows) : make("div", { class: "hpe-group" }, make("h4", { textContent: group.title }), ...rows);
    });
    const send = (kind) => () => view.source.send({ kind, panel: panel.name });
    const preset = panel.presets && make("select", { "aria-label": `${panel.title}: preset`, class: "hpe-preset", disabled: !view.source.live, onchange: (event) => view.ask({ kind: "preset", panel: panel.name, preset: event.target.value, changes: {} }) },
      ...panel.presets.map((name) => make("option", { value: name, textContent: name })));
    const code = make("code", { class: "hpe-code", title: "the settings as code: click to select, Ctrl+C to copy", tabIndex: 0, onclick: (event) => getSelection().selectAllChildren(event.currentTarget) });
    this.rows[panel.name].code = code;
    this.rows[panel.name].preset = preset;
    const head = make("div", { class: "hpe-panel-head" }, make("b", { textContent: panel.title }), preset,
      view.source.live ? make("button", { type: "button", class: "hpe-reset", textContent: "Reset", title: "back to the start", onclick: send("reset") }) : null,
      make("button", { type: "button", textContent: "Copy", title: "copy the code", onclick: () => this.copy(code.textContent) }));
    return make("section", { class: `hpe-panel hpe-panel-${panel.name}`, "aria-label": panel.title }, head, code, ...groups);
  }

  copy(text) {
    const done = navigator.clipboard?.writeText(text);
    if (done) done.then(() => this.view.say("copied"), () => this.view.say("The clipboard is closed to this page: select the code and press Ctrl+C."));
    else this.view.say("The clipboard is closed to this page: select the code and press Ctrl+C.");
  }

  row(panel, field) {
    const { view } = this, id = `hpe-${Math.random().toString(36).slice(2)}`, live = view.source.live;
    const change = (value) => view.set({ [field.name]: value }, panel);
    const row = { field, controls: [] };
    if (field.kind === "number") {
      const common = { min: field.low, max: field.high, disabled: !live, title: field.meaning };
      const slider = make("input", { type: "range", id, step: "any", ...common, "data-setting": field.name, oninput: () => change(this.round(field, +slider.value)) });
      slider.step = field.by;
      const box = make("input", { type: "number", step: "any", ...common, "aria-label": `${field.name}, as a number`, onchange: () => change(field.whole ? Math.round(+box.value) : +box.value) });
      row.set = (value) => {
        if (document.activeElement !== box) box.value = +value.toFixed(6);
        // A step would round a typed 0.37 to 0.35: the slider then moves from where it is.
        const offset = Math.abs((value - field.low) / field.by - Math.round((value - field.low) / field.by)) > 1e-6;
        slider.step = offset ? "any" : field.by;
        // While newer values wait for their answer, the slider is ahead of the kernel.
        if (document.activeElement !== slider || (view.turn <= view.answered && !view.queued)) slider.value = value;
        slider.setAttribute("aria-valuetext", String(+value.toFixed(6)));
      };
      slider.addEventListener("keydown", (event) => {
        if (slider.step !== "any") return;
        const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        change(clamp(this.round(field, +slider.value + by * field.by), field.low, field.high));
      });
      row.controls = [slider, box];
      row.marks = this.marks(row);
    } else if (field.kind === "switch") {
      const box = make("input", { type: "checkbox", id, disabled: !live, title: field.meaning, "data-setting": field.name, onchange: () => change(box.checked) });
      row.set = (value) => { box.checked = value; };
      row.controls = [box];
    } else {
      const list = make("select", { id, disabled: !live, title: field.meaning, "data-setting": field.name, onchange: () => change(list.value) }, ...field.options.map((value) => make("option", { value, textContent: value })));
      row.set = (value) => { list.value = value; };
      row.controls = [list];
    }
    row.node = make("div", { class: `hpe-row hpe-row-${field.kind}`, title: field.meaning }, make("label", { htmlFor: id, textContent: field.name }), ...row.controls, row.marks);
    (this.rows[panel] ??= {})[field.name] = row;
    return row.node;
  }

  /** The strip of marks under a slider: the nearest one is previewed and clicked; the arrow keys go from mark to mark. */
  marks(row) {
    const { view } = this, { low, high, whole, name } = row.field;
    const beside = (value) => clamp(value > view.scene.values[name] ? value : whole ? value - 1 : value - 1e-6 * (high - low), low, high);
    const nearest = (event) => {
      const box = row.marks.getBoundingClientRect(), at = low + (high - low) * (event.clientX - box.left) / box.width;
      return (row.flips ?? []).reduce((best, value) => (best == null || Math.abs(value - at) < Math.abs(best - at) ? value : best), null);
    };
    const preview = (value) => {
      if (value == null || value === row.pointed) return;
      [row.pointed, view.previewing] = [value, true];
      row.marks.title = `${name} ${+value.toPrecision(5)}: the result changes here; ${row.told}`;
      view.source.send({ kind: "preview", setting: name, value: beside(value) });
    };
    const leave = () => { [row.pointed, view.previewing] = [null, false]; view.draw(); };
    return make("div", { class: "hpe-marks", role: "group", tabIndex: 0, onpointermove: (event) => preview(nearest(event)), onpointerleave: leave, onblur: leave,
      onclick: (event) => { const value = nearest(event); if (value != null && view.source.live) view.set({ [name]: beside(value) }); },
      onkeydown: (event) => {
        const now = view.scene.values[name], ahead = event.key === "ArrowRight", flips = (row.flips ?? []).filter((value) => (ahead ? value > now : value <= now));
        if (!["ArrowLeft", "ArrowRight"].includes(event.key) || !flips.length) return;
        event.preventDefault();
        view.set({ [name]: beside(ahead ? flips[0] : flips[flips.length - 1]) });
      } });
  }

  /** A slider's value without the dust of binary fractions. */
  round(field, value) { return field.whole ? Math.round(value) : +(Math.round(value / field.by * 1e3) / 1e3 * field.by).toFixed(6); }

  /** Set all controls to the scene's values; settings that nothing reads now are disabled. */
  follow() {
    const { scene, source } = this.view;
    for (const [panel, values] of [["settings", scene.values], ["scene", scene.knobs]]) {
      const rows = this.rows[panel];
      if (!rows || !values) continue;
      for (const [name, value] of Object.entries(values)) {
        const row = rows[name];
        if (!row?.set) continue;
        row.set(value);
        const off = scene.off?.includes(name);
        row.node.classList.toggle("hpe-off", !!off);
        for (const control of row.controls) control.disabled = off || !source.live;
      }
      rows.code.textContent = (panel === "settings" ? scene.code : scene.scene_code) ?? "";
      if (rows.preset) rows.preset.value = (panel === "settings" ? scene.preset : scene.scene_preset) ?? "your own";
    }
  }

  /** Mark on each slider the values at which the result for this picture changes. */
  showMarks() {
    const { view } = this, sent = view.source.get("marks") ?? {};
    for (const [name, row] of Object.entries(this.rows.settings ?? {})) {
      const told = sent[name], text = JSON.stringify(told);
      if (!row.marks || row.marked === text) continue;
      row.marked = text;
      const { low, high } = row.field, left = (value) => `${100 * (value - low) / (high - low)}%`;
      row.flips = (told?.values ?? []).filter((value) => value >= low && value <= high);
      row.told = told ? `${count(row.flips.length, "value")} of ${name} at which the result changes${told.exact === false ? ", found by halving" : ""}${told.searching ? "; still searching" : ""}` : "";
      if (row.pointed == null) row.marks.title = row.told;
      row.marks.setAttribute("aria-label", row.told);
      row.marks.classList.toggle("hpe-searching", !!told?.searching);
      row.marks.replaceChildren(...row.flips.map((value) => {
        const mark = make("span", { class: "hpe-mark" });
        mark.style.left = left(value);
        return mark;
      }));
      for (const [from, to] of told?.searching ? [[low, told.from], [told.to, high]] : []) {
        const rest = make("span", { class: "hpe-rest", textContent: to - from > 0.4 * (high - low) ? "searching" : "" });
        Object.assign(rest.style, { left: left(from), width: `${100 * (to - from) / (high - low)}%` });
        if (to > from) row.marks.append(rest);
      }
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- steps

/** Buttons, a slider and a line over time for what has an order: the decoder's moments, the frames of a film. */
class Steps {
  constructor(view) {
    this.view = view;
    const button = (text, title, act) => make("button", { type: "button", textContent: text, title, onclick: act });
    this.play = button("▶", "play", () => this.toggle());
    this.slider = make("input", { type: "range", min: 0, step: 1, "aria-label": "position", class: "hpe-position", oninput: () => this.to(+this.slider.value) });
    this.told = make("span", { class: "hpe-told" });
    this.turns = make("select", { "aria-label": "turn", hidden: true, onchange: () => this.to(+this.turns.value) });
    this.line = make("canvas", { class: "hpe-timeline", hidden: true, title: "people over time: click to go there" });
    this.line.addEventListener("click", (event) => this.to(Math.floor(event.offsetX / this.line.clientWidth * this.sent.count)));
    this.node = make("div", { class: "hpe-steps" }, this.play, button("|◀", "one step back", () => this.go(-1)), button("▶|", "one step on", () => this.go(1)), this.slider, this.turns, this.told, this.line);
  }

  show() {
    const sent = (this.sent = this.view.source.get("steps"));
    if (!sent) return;
    this.slider.max = sent.count - 1;
    if (document.activeElement !== this.slider || this.view.turn <= this.view.answered) this.slider.value = sent.position;
    this.slider.setAttribute("aria-valuetext", sent.told);
    this.told.textContent = sent.told;
    this.turns.hidden = !sent.turns;
    if (sent.turns && this.turns.length !== sent.turns.length) this.turns.replaceChildren(...sent.turns.map(([name, position]) => make("option", { value: position, textContent: name })));
    if (sent.turns) this.turns.value = [...sent.turns].reverse().find(([, position]) => position <= sent.position)?.[1] ?? "";
    this.drawLine();
    if (this.playing) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => (sent.position + 1 < sent.count ? this.to(sent.position + 1) : this.toggle()), sent.interval);
    }
  }

  drawLine() {
    const { timeline, count: all, position } = this.sent;
    this.line.hidden = !timeline;
    if (!timeline) return;
    const g = this.view.context(this.line), width = this.line.clientWidth, height = this.line.clientHeight, most = Math.max(1, ...timeline);
    g.fillStyle = "#56b4e9";
    timeline.forEach((value, i) => g.fillRect(i / all * width, height * (1 - value / most), Math.max(1, width / all - 0.5), height * value / most));
    g.fillStyle = "#d55e00";
    g.fillRect((position + 0.5) / all * width - 1, 0, 2, height);
  }

  toggle() {
    this.playing = !this.playing;
    this.play.textContent = this.playing ? "❚❚" : "▶";
    this.play.title = this.playing ? "pause" : "play";
    clearTimeout(this.timer);
    if (this.playing) this.to(this.sent.position + 1 < this.sent.count ? this.sent.position + 1 : 0);
  }

  to(position) { this.view.ask({ kind: "go", position, changes: {} }); }

  go(by) {
    if (this.playing) this.toggle();
    this.to(clamp(+this.slider.value + by, 0, this.sent.count - 1));
    this.slider.value = clamp(+this.slider.value + by, 0, this.sent.count - 1);
  }
}

// -------------------------------------------------------------------------------------------------------------- camera

/** The browser's camera: sends a picture when the kernel has answered the one before. */
class Camera {
  constructor(view) {
    this.view = view;
    const button = (name, text, act) => make("button", { type: "button", class: name, textContent: text, onclick: () => act() });
    this.start = button("hpe-start", "Start camera", () => (this.stream ? this.end("The camera is off.") : this.begin()));
    this.freeze = button("hpe-freeze", "Freeze", () => this.hold(!this.frozen));
    this.freeze.disabled = true;
    this.still = make("input", { type: "file", accept: "image/*", onchange: () => this.photo() });
    this.still.setAttribute("capture", "environment");
    this.node = make("div", { class: "hpe-bar hpe-camera" }, this.start, this.freeze, make("label", { class: "hpe-still" }, "or take one photo: ", this.still),
      button("hpe-explore", "Explore this frame", () => { this.hold(true); view.source.send({ kind: "explore" }); }));
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    this.canvas = document.createElement("canvas");
    view.source.on("scene", () => this.answered(), view.abort.signal);
  }

  async begin() {
    if (!navigator.mediaDevices?.getUserMedia) { this.view.say("This browser gives cameras only to pages from https:// or localhost; take one photo with the button instead."); return; }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: false });
      if (this.view.abort.signal.aborted) { this.stop(); return; }
      this.video.srcObject = this.stream;
      await this.video.play();
      [this.start.textContent, this.freeze.disabled] = ["Stop camera", false];
      this.hold(false);
    } catch (error) {
      this.end(`No camera (${error.name}): take one photo with the button instead, or allow the camera and try again.`);
    }
  }

  hold(frozen) {
    this.frozen = frozen;
    this.freeze.textContent = frozen ? "Go on" : "Freeze";
    this.next();
  }

  next() {
    if (this.frozen || !this.stream || this.view.abort.signal.aborted) return;
    if (this.video.readyState >= 2) this.send(this.video, this.video.videoWidth, this.video.videoHeight);
    else this.video.addEventListener("loadeddata", () => this.next(), { once: true });
  }

  async send(source, width, height) {
    const scale = Math.min(1, 640 / width);
    [this.canvas.width, this.canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    this.canvas.getContext("2d").drawImage(source, 0, 0, this.canvas.width, this.canvas.height);
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.9));
    this.waiting = performance.now();
    this.view.source.send({ kind: "frame", time: this.waiting / 1000 }, [await blob.arrayBuffer()]);
  }

  answered() {
    if (!this.waiting) return;
    this.view.say(`${this.view.source.get("scene")?.readout ?? ""}; ${Math.round(performance.now() - this.waiting)} ms from camera to kernel and back`);
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

  end(words) { this.stop(); this.view.say(words); }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    [this.start.textContent, this.freeze.disabled] = ["Start camera", true];
  }
}

// ------------------------------------------------------------------------------------------------------------- sources

/** A source that is the kernel's model. */
function liveSource(model, signal) {
  const ping = (message) => { if (message.kind === "ping") model.send({ kind: "here" }); };
  model.on("msg:custom", ping);
  signal.addEventListener("abort", () => model.off("msg:custom", ping));
  return {
    live: true,
    get: (name) => (name === "scene" ? JSON.parse(model.get(name) || "{}") : model.get(name)),
    on(name, follow, signal) {
      model.on(`change:${name}`, follow);
      signal.addEventListener("abort", () => model.off(`change:${name}`, follow));
    },
    send: (message, buffers) => model.send(message, undefined, buffers),
  };
}

/** A source that is the data of a saved page: nothing changes but what is told about the chosen joint. */
export async function savedSource(page) {
  const bytes = async (text) => {
    const raw = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new DataView(await new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  };
  for (const part of [page.fixed, page.photo, page.maps]) for (const [name, value] of Object.entries(part)) if (value?.gz) part[name] = await bytes(value.gz);
  const followers = {};
  return {
    live: false,
    get: (name) => page[name] ?? {},
    on: (name, follow) => { (followers[name] ??= []).push(follow); },
    send(message) {
      if (message.kind !== "choose") return;
      page.told = page.explanations[message.person >= 0 ? `${message.person},${message.joint}` : `dot ${message.dot}`] ?? {};
      for (const follow of followers.told ?? []) follow();
    },
  };
}

export const show = (el, source) => new View(el, source);

export default {
  render({ model, el }) {
    const over = new AbortController(), view = new View(el, liveSource(model, over.signal));
    const below = make("div", { class: "hpe-below" });
    const show = async () => {
      below.replaceChildren();
      if (!model.get("below")) return;
      const child = await model.widget_manager.create_view(await model.widget_manager.get_model(model.get("below")));
      below.replaceChildren(child.el);
    };
    el.append(below);
    model.on("change:below", show);
    show();
    return () => { model.off("change:below", show); over.abort(); view.close(); };
  },
};
