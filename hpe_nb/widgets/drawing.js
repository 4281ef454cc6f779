// The one picture of all widgets and its tag strip, drawn from data: photo, maps, people, dots and what lights up.
// Nothing here asks the kernel: layers, hover, zoom, probe and highlights answer at the speed of the screen.

const INK = "#181818", PAPER = "#ffffff", GREY = "#9a9a9a", DARK = "#333333";
const RED = "#d1001c", ORANGE = "#d55e00", YELLOW = "#f0e442";
const MISSING = 0, DETECTED = 1;
const LAYERS = ["skeletons", "peaks", "heatmap", "all heatmaps", "tag map", "truth"];
const ONE_TYPE = ["heatmap", "tag map"], MAP_LAYERS = ["all heatmaps", ...ONE_TYPE];
const FONT = "11px system-ui, sans-serif", BOLD = "600 12px system-ui, sans-serif";
/** Room in the strip for the names of joint types, at its right, and for the scale under it; pixels. */
const NAMES = 86, EDGE = 12, FOOT = 20;
const SHIFTS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** `colour` ("#rrggbb") with `share` of `other` in it. */
function mixed(colour, other, share) {
  const to = channels(other);
  return `rgb(${channels(colour).map((value, i) => Math.round(value + (to[i] - value) * share)).join(",")})`;
}

/** Ink or paper, whichever stands out more against a colour. */
function contrast(hex) {
  const [red, green, blue] = channels(hex);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 110 ? INK : PAPER;
}

/** The first of the spots that is not within `wide`, `high` of one that is taken; it is taken then. */
function free(taken, spots, wide, high) {
  const clear = ([x, y]) => !taken.some(([a, b]) => Math.abs(a - x) < wide && Math.abs(b - y) < high);
  const spot = spots.find(clear) ?? spots[0];
  taken.push(spot);
  return spot;
}

/** The bytes that a trait or a saved page holds, as a view of type `Type`. */
const typed = (Type, data) => new Type(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

// ---------------------------------------------------------------------------------------------------------------- maps

/** Heatmaps and tags, and pictures made of them. */
class Maps {
  constructor(sent, tables) {
    Object.assign(this, { to: sent.to_image, from: sent.to_map, direction: sent.direction, depth: sent.depth, tables });
    [this.width, this.height] = sent.size;
    this.size = this.width * this.height;
    this.heat = typed(Uint8Array, sent.heat);
    this.tags = Float32Array.from(typed(Uint16Array, sent.tags), (value) => sent.low + sent.step * value);
    this.canvas = new OffscreenCanvas(this.width, this.height);
  }

  /** Index of the map pixel under an image point, -1 outside. */
  at(x, y) {
    const [a, b, e, c, d, f] = this.from;
    const column = Math.round(a * x + b * y + e), row = Math.round(c * x + d * y + f);
    const inside = column >= 0 && row >= 0 && column < this.width && row < this.height;
    return inside ? row * this.width + column : -1;
  }

  score(joint, pixel) { return this.heat[joint * this.size + pixel] / 255; }

  /** The tag (D numbers) of a joint type at a pixel. */
  tag(joint, pixel) {
    const start = (joint * this.size + pixel) * this.depth;
    return Array.from(this.tags.subarray(start, start + this.depth));
  }

  /** A tag as the one number that the strip shows; `start` where it begins in a longer list. */
  along(tag, start = 0) {
    let sum = 0;
    for (let d = 0; d < this.depth; d++) sum += tag[start + d] * this.direction[d];
    return sum;
  }

  /** Paint a layer, or the probe where one is given, into `canvas`, unless it is there already. */
  paint(layer, joint, ends, probe) {
    const key = JSON.stringify([probe ?? layer, layer === "all heatmaps" || joint]);
    if (key === this.painted) return;
    this.painted = key;
    const colour = probe ? this.nearness(probe) : this.colouring(layer, joint, ends);
    const pixels = new Uint32Array(this.size);
    for (let i = 0; i < this.size; i++) pixels[i] = colour(i);
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), this.width, this.height);
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** A function that gives the colour of a layer's pixel. */
  colouring(layer, joint, ends) {
    const [magma, viridis] = this.tables, start = joint * this.size;
    const level = (share) => Math.round(255 * clamp(share, 0, 1));
    if (layer === "tag map") {
      const tag = (i) => this.along(this.tags, (start + i) * this.depth);
      return (i) => packed(viridis, level((tag(i) - ends[0]) / (ends[1] - ends[0])), 190);
    }
    const highest = (i) => {
      let most = 0;
      for (let k = 0; k < 17; k++) most = Math.max(most, this.heat[k * this.size + i]);
      return most;
    };
    const heat = layer === "heatmap" ? (i) => this.heat[start + i] : highest;
    return (i) => packed(magma, heat(i), 120 + Math.min(110, 0.86 * heat(i)));
  }

  /** A function that colours a pixel by how near its tag is to the probe's: bright where equal, dark from far on. */
  nearness({ joint, tag, threshold }) {
    const { depth, tags } = this, dark = packed([16, 18, 40], 0, 170);
    return (i) => {
      let apart = 0;
      for (let d = 0; d < depth; d++) apart += (tags[(joint * this.size + i) * depth + d] - tag[d]) ** 2;
      const near = 1 - Math.sqrt(apart) / Math.max(threshold, 1e-6);
      return near > 0 ? (255 | (120 + 120 * near) << 8 | 40 << 16 | (60 + 150 * near) << 24) >>> 0 : dark;
    };
  }
}

/** A colour of a table of RGB values, with its opacity, as a number that a picture holds. */
function packed(table, index, opacity) {
  return (table[3 * index] | table[3 * index + 1] << 8 | table[3 * index + 2] << 16 | opacity << 24) >>> 0;
}

// ------------------------------------------------------------------------------------------------------------- drawing

/** What a view draws, and what of it lies under a pointer. */
class Drawing {
  /** Draw at the next frame; zoom and pan leave the strip as it is. */
  draw(strip = true) {
    this.staleStrip ||= strip;
    this.next ??= requestAnimationFrame(this.guarded(() => { this.next = null; this.paint(); }));
  }

  paint() {
    // People wait for their photo: neither is seen with another's.
    if (this.abort.signal.aborted || !this.scene || this.loading) return;
    this.items.photo = [];
    this.paintPhoto();
    if (this.staleStrip && !this.stripBox.hidden && !this.strip.hidden) this.paintStrip();
    this.staleStrip = false;
    this.root.dataset.shown = this.scene.n ?? 0;
    this.root.dataset.frames = +(this.root.dataset.frames ?? 0) + 1;
  }

  /** Remember something drawn, for readers and for what lies under a pointer. */
  drawn(on, kind, more) { this.items[on].push({ on, kind, ...more }); }

  /** The context of a canvas as sharp as the screen, in CSS pixels, cleared. */
  context(canvas) {
    const sharp = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
      canvas.width = Math.round(width * sharp);
      canvas.height = Math.round(height * sharp);
    }
    const g = canvas.getContext("2d");
    g.setTransform(sharp, 0, 0, sharp, 0, 0);
    g.clearRect(0, 0, width, height);
    return g;
  }

  colour(number) { return this.fixed.colours[(number - 1) % this.fixed.colours.length]; }

  /** The colour of the person at a place among the scene's people, grey for none. */
  colourOf(person, scene = this.scene) { return person >= 0 ? this.colour(scene.people[person].number) : GREY; }

  /** People beyond the palette get another pattern of line; in widths of the line. */
  dash(number, width = 3) {
    return this.fixed.patterns[(number - 1) % this.fixed.patterns.length].map((value) => value * width);
  }

  /** The person who is pointed at or chosen, -1 for none: the others fade. */
  get foremost() { return this.chosen?.person ?? this.hovered?.person ?? -1; }

  /** What lights up on photo and strip: kind, dots by their places, colour and radius. */
  lights() {
    const { odd, chosen, hovered } = this;
    return [
      ["odd", odd.dots, RED, 8],
      ["would change", this.previewing ? this.source.get("preview")?.dots ?? [] : [], ORANGE, 11],
      ["selected", this.selected, YELLOW, 9],
      ["hovered", [hovered?.dot], PAPER, 10],
      ["chosen", [chosen?.dot], YELLOW, 10],
    ];
  }

  // Shapes.

  line(g, from, to, width, colour, pattern = []) {
    g.beginPath();
    g.setLineDash(pattern);
    g.moveTo(...from);
    g.lineTo(...to);
    g.lineWidth = width;
    g.strokeStyle = colour;
    g.stroke();
    g.setLineDash([]);
  }

  circle(g, x, y, radius, colour, width, fill = null, dash = []) {
    g.beginPath();
    g.setLineDash(dash);
    g.arc(x, y, radius, 0, 7);
    Object.assign(g, { lineWidth: width, strokeStyle: colour, fillStyle: fill });
    if (fill) g.fill();
    g.stroke();
    g.setLineDash([]);
  }

  /** A joint: full where it was detected, hollow where it was refined. */
  disc(g, x, y, radius, colour, hollow) {
    this.circle(g, x, y, radius, INK, 1.3, hollow ? PAPER : colour);
    if (hollow) this.circle(g, x, y, 0.65 * radius, colour, 1.5);
  }

  ring(g, x, y, radius, colour, dash = []) {
    this.circle(g, x, y, radius, INK, 4.5);
    this.circle(g, x, y, radius, colour, 2.5, null, dash);
  }

  frame(g, [x0, y0], [x1, y1], colour, dash = []) {
    g.setLineDash(dash);
    Object.assign(g, { lineWidth: 2, strokeStyle: colour });
    g.strokeRect(x0, y0, x1 - x0, y1 - y0);
    g.setLineDash([]);
  }

  /** A word on a rounded ground. */
  sign(g, text, x, y, colour, dash = []) {
    g.font = BOLD;
    const wide = Math.max(18, g.measureText(text).width + 9);
    g.beginPath();
    g.roundRect(x - wide / 2, y - 9, wide, 18, 9);
    g.fillStyle = colour;
    g.fill();
    g.lineWidth = 1.5;
    g.setLineDash(dash.map((value) => value / 1.5));
    g.strokeStyle = contrast(colour);
    g.stroke();
    g.setLineDash([]);
    this.write(g, text, x, y + 0.5, contrast(colour), "center", BOLD);
  }

  write(g, text, x, y, colour, align, font = FONT) {
    Object.assign(g, { font, fillStyle: colour, textAlign: align, textBaseline: "middle" });
    g.fillText(text, x, y);
  }

  /** A person's number on a ground of its colour. */
  badgeOf(g, on, one, person, [x, y], old) {
    const { number } = one, colour = this.colour(number);
    this.sign(g, String(number), x, y, colour, this.dash(number));
    this.drawn(on, "number", { person, number, x, y, colour, old });
  }

  // The photo.

  paintPhoto() {
    const g = this.context(this.photo), [width, height] = this.size;
    if (!width) return;
    if (this.mode === "one") { this.paintPane(g, this.scene); return; }
    const beside = this.mode === "beside", split = beside ? width / 2 : this.divider * width;
    for (const [scene, from, to, name] of [[this.kept, 0, split, "A"], [this.scene, split, width, "now"]]) {
      g.save();
      g.beginPath();
      g.rect(from, 0, to - from, height);
      g.clip();
      if (beside) g.translate(from, 0);
      this.paintPane(g, scene, name === "A");
      g.restore();
      this.sign(g, name, name === "A" ? split - 24 : split + 24, height - 16, DARK);
    }
    g.fillStyle = ORANGE;
    g.fillRect(split - 1.5, 0, 3, height);
    if (!beside) this.disc(g, split, height / 2, 8, ORANGE);
    this.drawn("photo", "divider", { x: split, y: height / 2 });
  }

  /** One picture: photo, map, people, what is lit. `old` for the kept result, in which nothing lights up. */
  paintPane(g, scene, old = false) {
    if (this.levels.length && this.imageSize) {
      const [width, height] = this.imageSize, [whole, small] = this.levels, sharp = window.devicePixelRatio || 1;
      g.imageSmoothingEnabled = this.zoom < 6;
      g.imageSmoothingQuality = "medium";
      const level = small && this.zoom * sharp <= 1.4 * small.width / width ? small : whole;
      this.drawn("photo", "photo", { width: level.width, zoom: this.zoom });
      g.drawImage(level, this.x - this.zoom / 2, this.y - this.zoom / 2, width * this.zoom, height * this.zoom);
    }
    const probe = this.probeTag(), onMap = MAP_LAYERS.includes(this.layer);
    if (this.maps && (probe || onMap)) this.paintMap(g, probe);
    if (this.layer === "truth") for (const one of this.truth) this.paintLimbs(g, one, 9, () => "#ffffffb0", [], true);
    if (!onMap) this.paintPeople(g, scene, old);
    this.paintPeaks(g, scene);
    if (!old) this.paintLit(g, scene);
  }

  paintMap(g, probe) {
    const joint = probe?.joint ?? this.joint, [a, b, e, c, d, f] = this.maps.to, s = this.zoom;
    this.maps.paint(this.layer, joint, this.ends, probe);
    g.save();
    g.beginPath();
    g.rect(this.x - s / 2, this.y - s / 2, this.imageSize[0] * s, this.imageSize[1] * s);
    g.clip();
    g.transform(a * s, c * s, b * s, d * s, e * s + this.x, f * s + this.y);
    g.imageSmoothingEnabled = s * a < 4;
    g.drawImage(this.maps.canvas, -0.5, -0.5);
    g.restore();
    this.drawn("photo", probe ? "probe" : "map", { layer: this.layer, ...probe, joint });
  }

  paintPeople(g, scene, old) {
    const only = old ? -1 : this.foremost, taken = [];
    scene.people.map((one, i) => [one, i]).reverse().forEach(([one, person]) => {
      const { number } = one, colour = this.colour(number);
      const shades = [mixed(colour, PAPER, 0.35), colour, mixed(colour, INK, 0.25)];
      g.globalAlpha = only >= 0 && only !== person ? 0.45 : 1;
      this.paintLimbs(g, one, 3, (side) => shades[side], this.dash(number));
      this.eachJoint(one, (x, y, joint) => {
        this.disc(g, x, y, 4, colour, one.kind[joint] !== DETECTED);
        this.drawn("photo", "joint", { person, number, joint, x, y, colour, old });
      });
      g.globalAlpha = 1;
    });
    scene.people.forEach((one, person) => {
      let top = null;
      this.eachJoint(one, (x, y) => { if (!top || y < top[1]) top = [x, y]; });
      if (!top) return;
      const spots = SHIFTS.map((shift) => [top[0] + 20 * shift, Math.max(top[1] - 18, 11)]);
      this.badgeOf(g, "photo", one, person, free(taken, spots, 20, 19), old);
    });
  }

  eachJoint(one, draw) {
    for (let k = 0; k < 17; k++) if (one.kind[k] !== MISSING) draw(...this.jointAt(one, k), k);
  }

  jointAt(one, joint) { return this.toScreen(one.xy[2 * joint], one.xy[2 * joint + 1]); }
  dotAt([, , x, y]) { return this.toScreen(x, y); }

  /** Limbs of one width; `shade` gives the colour of the left side (0), the middle (1) and the right side (2). */
  paintLimbs(g, one, width, shade, dash, plain = false) {
    const sideOf = (joint) => (joint === 0 ? 1 : joint % 2 ? 0 : 2);
    g.lineCap = "round";
    for (const [a, b] of this.fixed.limbs) {
      if (one.kind[a] === MISSING || one.kind[b] === MISSING) continue;
      const from = this.jointAt(one, a), to = this.jointAt(one, b), side = sideOf(a) === sideOf(b) ? sideOf(a) : 1;
      const wide = plain || (one.kind[a] === DETECTED && one.kind[b] === DETECTED) ? width : width / 2;
      if (!plain) this.line(g, from, to, wide + 2, INK);
      this.line(g, from, to, wide, shade(side), dash);
    }
  }

  /** Whether the layer shows a dot: all peaks, those of one joint type, or joints of another person than the true one. */
  showsPeak(joint, dot, scene = this.scene) {
    if (this.layer === "truth") return !!scene.wrong?.includes(dot);
    return this.layer === "peaks" || (ONE_TYPE.includes(this.layer) && joint === this.joint);
  }

  paintPeaks(g, scene) {
    scene.dots.forEach((row, dot) => {
      const [joint, person, , , score] = row, [x, y] = this.dotAt(row), wrong = this.layer === "truth";
      if (!this.showsPeak(joint, dot, scene)) return;
      if (wrong) for (const down of [7, -7]) this.line(g, [x - 7, y - down], [x + 7, y + down], 3, RED);
      else this.ring(g, x, y, 6, this.colourOf(person, scene));
      if (ONE_TYPE.includes(this.layer)) {
        Object.assign(g, { font: FONT, strokeStyle: INK, lineWidth: 3, textAlign: "left", textBaseline: "middle" });
        g.strokeText(score.toFixed(2), x + 9, y - 9);
        this.write(g, score.toFixed(2), x + 9, y - 9, PAPER, "left");
      }
      this.drawn("photo", wrong ? "wrong" : "peak", { dot, joint, person, x, y });
    });
  }

  /** What lights up: odd limbs and dots, candidates of the chosen joint, what is pointed at, windows, a dragged dot. */
  paintLit(g, scene) {
    const told = this.chosen ? this.told : {};
    const ringed = (kind, [x, y], radius, colour, more = {}, dash = []) => {
      this.ring(g, x, y, radius, colour, dash);
      if (more.letter) this.sign(g, more.letter, x + 16, y, DARK);
      this.drawn("photo", kind, { x, y, ...more });
    };
    for (const [person, a, b] of this.odd.limbs) {
      const one = scene.people[person];
      this.line(g, this.jointAt(one, a), this.jointAt(one, b), 7, `${RED}b0`);
      this.drawn("photo", "odd limb", { person, limb: [a, b] });
    }
    (told.candidates ?? []).forEach((one, i) => {
      const [kind, colour, dash] = one.runner ? ["runner-up", YELLOW, []] : ["candidate", PAPER, [3, 3]];
      const radius = i === this.pointedCandidate ? 13 : 9;
      ringed(kind, this.toScreen(one.x, one.y), radius, colour, { letter: letterOf(i) }, dash);
    });
    for (const [kind, dots, colour, radius] of this.lights()) {
      for (const dot of dots) if (scene.dots[dot]) ringed(kind, this.dotAt(scene.dots[dot]), radius, colour, { dot });
    }
    for (const { x, y, letter } of scene.rings ?? []) {
      ringed("ring", this.toScreen(x, y), 9, PAPER, { letter }, [3, 3]);
    }
    const box = scene.box ?? told.box;
    if (box) {
      const corner = this.toScreen(box[0], box[1]);
      this.frame(g, corner, this.toScreen(box[2], box[3]), YELLOW, [6, 4]);
      this.drawn("photo", "window", { x: corner[0], y: corner[1] });
    }
    const [dot, number] = this.pair ?? [], person = scene.people.find((one) => one.number === number);
    if (scene.dots[dot] && person) {
      ringed("pair", this.dotAt(scene.dots[dot]), 12, YELLOW, { dot });
      this.eachJoint(person, (x, y) => this.ring(g, x, y, 7, this.colour(number)));
    }
    if (this.mark) this.ring(g, ...this.toScreen(...this.mark), 14, YELLOW, [4, 3]);
    if (this.held?.ghost) this.ring(g, ...this.held.ghost, 8, ORANGE);
  }

  // The strip: joint types from top to bottom, tags from left to right.

  get stripEnds() { return [NAMES, this.strip.clientWidth - EDGE]; }

  column(tag) {
    const [low, high] = this.ends, [left, right] = this.stripEnds;
    return left + (right - left) * clamp((tag - low) / (high - low), -0.02, 1.02);
  }

  tagAt(x) {
    const [low, high] = this.ends, [left, right] = this.stripEnds;
    return low + (high - low) * (x - left) / (right - left);
  }

  along(tag) { return this.maps ? this.maps.along(tag) : tag[0]; }

  paintStrip() {
    const g = this.context(this.strip), width = this.strip.clientWidth, height = this.strip.clientHeight;
    this.items.strip = [];
    if (!width) return;
    const style = getComputedStyle(this.root), head = this.scene.people.length > 8 ? 46 : 26;
    const body = { text: style.color, line: style.getPropertyValue("--hpe-line"), head, tall: height - head - FOOT };
    this.rows = { head, high: body.tall / 17 };
    this.paintScale(g, width, height, body);
    this.paintBand(g, body);
    const only = this.foremost, heads = [];
    this.scene.people.forEach((one, person) => {
      const x = this.column(this.along(one.tag)), rows = head > 30 ? [12, 32] : [12];
      g.globalAlpha = only >= 0 && only !== person ? 0.15 : 0.5;
      g.fillStyle = this.colour(one.number);
      g.fillRect(x - 1, head, 2, body.tall);
      g.globalAlpha = 1;
      // Numbers that would overlap stand in the second row, or a little to the side.
      const spots = SHIFTS.flatMap((shift) => rows.map((y) => [clamp(x + 9 * shift, 84, width - 10), y]));
      this.badgeOf(g, "strip", one, person, free(heads, spots, 19, 18));
    });
    this.paintStripDots(g, only);
    if (this.held?.lasso) this.frame(g, ...this.held.lasso, ORANGE);
  }

  /** The names of joint types, and the scale of tags. */
  paintScale(g, width, height, { text, line }) {
    this.fixed.order.forEach((joint) => {
      const y = this.rowOf(joint);
      g.fillStyle = line;
      g.fillRect(NAMES - 4, y, width - NAMES, 1);
      this.write(g, this.fixed.names[joint], NAMES - 8, y, text, "right", `${joint === this.joint ? "700 " : ""}${FONT}`);
    });
    const [low, high] = this.ends;
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((size) => (high - low) / size < 8) ?? 100;
    for (let tag = Math.ceil(low / step) * step; tag <= high; tag += step) {
      this.write(g, String(+tag.toFixed(2)), this.column(tag), height - 10, text, "center");
    }
    this.write(g, "tag", NAMES - 8, height - 10, text, "right");
  }

  rowOf(joint) { return this.rows.head + this.rows.high * (this.fixed.order.indexOf(joint) + 0.5); }

  /** The band of tags that may join the one under the pointer. */
  paintBand(g, { head, tall }) {
    const dot = this.scene.dots[this.hovered?.dot >= 0 ? this.hovered.dot : this.chosen?.dot];
    const probe = this.probeTag() ?? (dot && { tag: dot.slice(6), threshold: this.threshold });
    if (!probe || this.threshold == null) return;
    const tag = this.along(probe.tag);
    const [from, to] = [this.column(tag - probe.threshold), this.column(tag + probe.threshold)];
    g.fillStyle = "#f0a02440";
    g.fillRect(from, head, to - from, tall);
    g.fillStyle = ORANGE;
    g.fillRect(this.column(tag) - 0.75, head, 1.5, tall);
    this.drawn("strip", "band", { tag, from, to });
  }

  paintStripDots(g, only) {
    const taken = Array.from({ length: 17 }, () => []), places = [];
    this.scene.dots.forEach(([joint, person, , , score, refined, ...tag], dot) => {
      const ghost = this.held?.retagged === dot ? this.held.x : null;
      // Dots of equal tags stand one beneath the other: none is hidden.
      const spots = SHIFTS.map((shift) => [ghost ?? this.column(this.along(tag)), this.rowOf(joint) + 5 * shift]);
      const [x, y] = (places[dot] = free(taken[joint], spots.slice(0, 7), 6, 5));
      g.globalAlpha = only >= 0 && only !== person ? 0.35 : 1;
      this.disc(g, x, y, 2.6 + 2.2 * Math.sqrt(clamp(score, 0, 1)), this.colourOf(person), refined);
      g.globalAlpha = 1;
      this.drawn("strip", "dot", { dot, joint, person, x, y, tag: this.along(tag) });
    });
    for (const [, dots, colour] of this.lights()) {
      for (const dot of dots) if (places[dot]) this.ring(g, ...places[dot], 7, colour);
    }
  }

  // What lies under a pointer.

  /** The joint or dot nearest to a place of the photo's canvas, within `reach` pixels. */
  hit(x, y, reach) {
    if (this.mode === "beside") {
      if (x < this.pane) return null;
      x -= this.pane;
    }
    const near = this.scene.dots.map((row, dot) => {
      const [sx, sy] = this.dotAt(row);
      return { person: row[1], joint: row[0], dot, away: Math.hypot(sx - x, sy - y) };
    }).filter(({ person, joint, dot, away }) => away <= reach && (this.showsPeak(joint, dot)
      || (person >= 0 && !(ONE_TYPE.includes(this.layer) && joint !== this.joint))));
    return near.sort((a, b) => a.away - b.away)[0] ?? null;
  }

  /** The dot, the person's number or the joint type's name at a place of the strip. */
  stripHit(x, y) {
    const away = (item) => Math.hypot(item.x - x, item.y - y);
    const near = this.items.strip.filter((item) => away(item) < (item.kind === "dot" ? 9 : 12));
    const { person, joint = -1, dot = -1 } = near.sort((a, b) => away(a) - away(b))[0] ?? {};
    if (person != null) return { person, joint, dot };
    const row = Math.floor((y - this.rows.head) / this.rows.high);
    return x < NAMES - 6 && row >= 0 && row < 17 ? { row: this.fixed.order[row], person: -1, joint: -1, dot: -1 } : null;
  }

  /** The tag under the pointer while the probe is on. */
  probeTag() {
    if (!this.probing || !this.maps || !this.pointer) return null;
    const threshold = this.threshold ?? 1, dot = this.scene.dots[this.hovered?.dot];
    if (dot) return { joint: dot[0], tag: dot.slice(6), threshold };
    const pixel = this.maps.at(...this.toImage(...this.pointer));
    return pixel < 0 ? null : { joint: this.joint, tag: this.maps.tag(this.joint, pixel), threshold };
  }

  // Between image pixels and the screen.

  get size() { return [this.photo.clientWidth, this.photo.clientHeight]; }

  /** Width of the part of the canvas that shows one picture. */
  get pane() { return this.mode === "beside" ? this.size[0] / 2 : this.size[0]; }

  toScreen(x, y) { return [x * this.zoom + this.x, y * this.zoom + this.y]; }
  toImage(x, y) { return [(x - this.x) / this.zoom, (y - this.y) / this.zoom]; }
}

/** The name of a candidate: a, b, c, ... */
const letterOf = (index) => String.fromCharCode(97 + index);
