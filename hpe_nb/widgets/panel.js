// What stands beside the picture: sliders with their marks, steps and a timeline, the camera; and where data comes from.

const NO_CLIPBOARD = "The clipboard is closed to this page: select the code and press Ctrl+C.";

// ------------------------------------------------------------------------------------------------------------ settings

/** How the kinds of messages to a panel begin. */
const messageTo = (panel) => (panel === "settings" ? "" : `${panel}_`);

/** Panels of sliders, lists and boxes, made from the fields that the kernel describes. */
class Panels {
  constructor(view) {
    this.view = view;
    this.node = make("div", { class: "hpe-panels" });
  }

  build() {
    const { panels } = this.view.fixed;
    this.rows = {};
    this.heads = {};
    this.node.hidden = !panels.length;
    this.node.replaceChildren(...panels.map((panel) => this.panel(panel)));
    this.follow();
    this.showMarks();
  }

  panel({ name, title, presets, groups }) {
    const { view } = this, { live } = view.source, rows = (this.rows[name] = {}), kind = messageTo(name);
    const choose = (preset) => view.ask({ kind: `${kind}preset`, preset, changes: {} });
    const preset = pick(`${title}: preset`, presets, choose, { class: "hpe-preset", disabled: !live });
    const code = make("code", {
      class: "hpe-code", title: "the settings as code: click to select, Ctrl+C to copy", tabIndex: 0,
      onclick: () => getSelection().selectAllChildren(code),
    });
    this.heads[name] = { preset, code };
    const reset = button("Reset", "back to the start", () => view.source.send({ kind: `${kind}reset` }), { class: "hpe-reset" });
    const head = make("div", { class: "hpe-panel-head" }, make("b", { textContent: title }), preset,
      live ? reset : null, button("Copy", "copy the code", () => this.copy(code.textContent)));
    const listed = groups.map((group) => {
      const fields = group.fields.map((field) => (rows[field.name] = this.row(name, field)).node);
      const heading = make(group.folded ? "summary" : "h4", { textContent: group.title });
      return make(group.folded ? "details" : "div", { class: "hpe-group" }, heading, ...fields);
    });
    return make("section", { class: `hpe-panel hpe-panel-${name}`, "aria-label": title }, head, code, ...listed);
  }

  copy(text) {
    const done = navigator.clipboard?.writeText(text) ?? Promise.reject();
    done.then(() => this.view.say("copied"), () => this.view.say(NO_CLIPBOARD));
  }

  /** One setting: its name, and what it is set with. */
  row(panel, field) {
    const { name, kind, meaning } = field, id = `hpe-${Math.random().toString(36).slice(2)}`;
    const change = (value) => this.view.set({ [name]: value }, messageTo(panel));
    const common = { id, title: meaning, "data-setting": name };
    const row = { field };
    if (kind === "number") this.number(row, change, common);
    else {
      const control = kind === "choice" ? pick(name, field.options, change, common)
        : make("input", { type: "checkbox", ...common, onchange: () => change(control.checked) });
      row.controls = [control];
      row.set = (value) => { control[kind === "choice" ? "value" : "checked"] = value; };
    }
    const label = make("label", { htmlFor: id, textContent: name });
    row.node = make("div", { class: `hpe-row hpe-row-${kind}`, title: meaning }, label, ...row.controls, row.marks);
    return row;
  }

  /** A slider, a box for the number, and the strip of marks under them. */
  number(row, change, common) {
    const { view } = this, { low, high, by, whole, name } = row.field, range = { min: low, max: high, step: "any" };
    // Without the dust of binary fractions; between two steps only where a number was typed.
    const round = (value) => clamp(+(Math.round(value / by * 1e3) / 1e3 * by).toFixed(6), low, high);
    const stepped = (value) => round(low + Math.round((value - low) / by) * by);
    const slider = make("input", {
      type: "range", ...common, ...range, oninput: () => change(stepped(+slider.value)),
      onkeydown: (event) => {
        const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        if (!way) return;
        event.preventDefault();
        slider.value = round(+slider.value + way * by);
        change(whole ? Math.round(+slider.value) : +slider.value);
      },
    });
    const box = make("input", {
      type: "number", ...range, title: common.title, "aria-label": `${name}, as a number`,
      onchange: () => change(whole ? Math.round(+box.value) : +box.value),
    });
    row.controls = [slider, box];
    row.set = (value) => {
      if (document.activeElement !== box) box.value = +value.toFixed(6);
      // While newer values wait for their answer, the slider is ahead of the kernel.
      if (document.activeElement !== slider || (view.turn <= view.answered && !view.queued)) slider.value = value;
      slider.setAttribute("aria-valuetext", String(+value.toFixed(6)));
    };
    row.marks = this.marks(row);
  }

  /** The marks under a slider: the nearest one is previewed and clicked; the arrow keys go from mark to mark. */
  marks(row) {
    const { view } = this, { low, high, whole, name } = row.field;
    const jump = (flip) => view.set({ [name]: beside(flip) });
    const beside = (flip) => {
      const just = flip > view.scene.values[name] ? flip : whole ? flip - 1 : flip - 1e-6 * (high - low);
      return clamp(just, low, high);
    };
    const nearest = (event) => {
      const box = marks.getBoundingClientRect(), at = low + (high - low) * (event.clientX - box.left) / box.width;
      return [...row.flips].sort((a, b) => Math.abs(a - at) - Math.abs(b - at))[0];
    };
    const leave = () => { [row.pointed, view.previewing] = [null, false]; view.draw(); };
    const marks = make("div", {
      class: "hpe-marks", role: "group", tabIndex: 0, onpointerleave: leave, onblur: leave,
      onpointermove: (event) => {
        const flip = nearest(event);
        if (flip == null || flip === row.pointed) return;
        [row.pointed, view.previewing] = [flip, true];
        marks.title = `${name} ${+flip.toPrecision(5)}: the result changes here; ${row.told}`;
        view.source.send({ kind: "preview", setting: name, value: beside(flip) });
      },
      onclick: (event) => { if (view.source.live && row.flips.length) jump(nearest(event)); },
      onkeydown: (event) => {
        const now = view.scene.values[name], { flips } = row;
        const flip = { ArrowRight: flips.find((value) => value > now), ArrowLeft: flips.findLast((value) => value <= now) }[event.key];
        if (flip == null) return;
        event.preventDefault();
        jump(flip);
      },
    });
    return marks;
  }

  /** Set all controls to the scene's values; settings that nothing reads now are disabled. */
  follow() {
    const { scene, source } = this.view;
    const shown = { settings: [scene.values, scene.code, scene.preset], scene: [scene.knobs, scene.scene_code, scene.scene_preset] };
    for (const [panel, rows] of Object.entries(this.rows ?? {})) {
      const [values, code, preset] = shown[panel], head = this.heads[panel];
      for (const [name, row] of Object.entries(rows)) {
        const off = !!scene.off?.includes(name);
        if (values?.[name] != null) row.set(values[name]);
        row.node.classList.toggle("hpe-off", off);
        for (const control of row.controls) control.disabled = off || !source.live;
      }
      head.code.textContent = code ?? "";
      head.preset.value = preset ?? "your own";
    }
  }

  /** Mark on each slider the values at which the result for this picture changes. */
  showMarks() {
    const sent = this.view.source.get("marks") ?? {};
    for (const [name, row] of Object.entries(this.rows.settings ?? {})) {
      const told = sent[name] ?? { values: [] }, text = JSON.stringify(told);
      if (!row.marks || row.marked === text) continue;
      row.marked = text;
      const { low, high } = row.field, share = (value) => `${100 * (value - low) / (high - low)}%`;
      const piece = (name, style, text = "") => {
        const node = make("span", { class: name, textContent: text });
        Object.assign(node.style, style);
        return node;
      };
      row.flips = told.values.filter((value) => value >= low && value <= high);
      row.told = `${count(row.flips.length, "value")} of ${name} at which the result changes`
        + `${told.exact === false ? ", found by halving" : ""}${told.searching ? "; still searching" : ""}`;
      if (row.pointed == null) row.marks.title = row.told;
      row.marks.setAttribute("aria-label", row.told);
      row.marks.classList.toggle("hpe-searching", !!told.searching);
      const rest = (told.searching ? [[low, told.from], [told.to, high]] : []).filter(([from, to]) => to > from);
      row.marks.replaceChildren(...row.flips.map((value) => piece("hpe-mark", { left: share(value) })),
        ...rest.map(([from, to]) => piece("hpe-rest", { left: share(from), width: share(low + to - from) },
          to - from > 0.4 * (high - low) ? "searching" : "")));
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- steps

/** Buttons, a slider and a line over time for what has an order: the decoder's moments, the frames of a film. */
class Steps {
  constructor(view) {
    this.view = view;
    this.play = button("▶", "play", () => this.toggle());
    this.slider = make("input", {
      type: "range", min: 0, step: 1, "aria-label": "position", class: "hpe-position", oninput: () => this.to(+this.slider.value),
    });
    this.told = make("span", { class: "hpe-told" });
    this.turns = pick("turn", [], (position) => this.to(+position), { hidden: true });
    this.line = make("canvas", {
      class: "hpe-timeline", hidden: true, title: "people over time: click to go there",
      onclick: (event) => this.to(Math.floor(event.offsetX / this.line.clientWidth * this.sent.count)),
    });
    this.node = make("div", { class: "hpe-steps" }, this.play, button("|◀", "one step back", () => this.go(-1)),
      button("▶|", "one step on", () => this.go(1)), this.slider, this.turns, this.told, this.line);
  }

  show() {
    const sent = (this.sent = this.view.source.get("steps")), { turns = [] } = sent ?? {};
    if (!sent?.count) return;
    this.slider.max = sent.count - 1;
    if (document.activeElement !== this.slider || this.view.turn <= this.view.answered) this.slider.value = sent.position;
    this.slider.setAttribute("aria-valuetext", sent.told);
    this.told.textContent = sent.told;
    this.turns.hidden = !turns.length;
    if (this.turns.length !== turns.length) {
      this.turns.replaceChildren(...turns.map(([textContent, value]) => make("option", { value, textContent })));
    }
    this.turns.value = turns.findLast(([, position]) => position <= sent.position)?.[1] ?? "";
    this.drawLine();
    clearTimeout(this.timer);
    const next = () => (sent.position + 1 < sent.count ? this.to(sent.position + 1) : this.toggle());
    if (this.playing) this.timer = setTimeout(next, sent.interval);
  }

  drawLine() {
    const { timeline, count: all, position } = this.sent, most = Math.max(1, ...(timeline ?? []));
    this.line.hidden = !timeline;
    if (!timeline) return;
    const g = this.view.context(this.line), width = this.line.clientWidth, height = this.line.clientHeight;
    g.fillStyle = "#56b4e9";
    timeline.forEach((value, i) => {
      g.fillRect(i / all * width, height * (1 - value / most), Math.max(1, width / all - 0.5), height * value / most);
    });
    g.fillStyle = ORANGE;
    g.fillRect((position + 0.5) / all * width - 1, 0, 2, height);
  }

  toggle() {
    this.playing = !this.playing;
    [this.play.textContent, this.play.title] = this.playing ? ["❚❚", "pause"] : ["▶", "play"];
    clearTimeout(this.timer);
    if (this.playing) this.to((this.sent.position + 1) % this.sent.count);
  }

  to(position) { this.view.ask({ kind: "go", position, changes: {} }); }

  go(by) {
    if (this.playing) this.toggle();
    this.slider.value = clamp(+this.slider.value + by, 0, this.sent.count - 1);
    this.to(+this.slider.value);
  }
}

// -------------------------------------------------------------------------------------------------------------- camera

/** The browser's camera: sends a picture when the kernel has answered the one before. */
class Camera {
  constructor(view) {
    this.view = view;
    const start = () => (this.stream ? this.end("The camera is off.") : this.begin());
    const explore = () => { this.hold(true); view.source.send({ kind: "explore" }); };
    this.start = button("Start camera", "the browser asks for leave first", start, { class: "hpe-start" });
    this.freeze = button("Freeze", "hold this picture", () => this.hold(!this.frozen), { class: "hpe-freeze", disabled: true });
    this.still = make("input", { type: "file", accept: "image/*", capture: "environment", onchange: () => this.photo() });
    this.node = make("div", { class: "hpe-bar hpe-camera" }, this.start, this.freeze,
      make("label", { class: "hpe-still" }, "or take one photo: ", this.still),
      button("Explore this frame", "open the explorer on this frame, below", explore, { class: "hpe-explore" }));
    this.video = make("video", { muted: true, playsInline: true });
    this.canvas = make("canvas");
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
