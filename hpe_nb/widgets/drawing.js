// Draws the picture of all widgets and its tag strip from data: photo, maps, people, dots and highlights.
// Nothing here needs the kernel, so layers, hover, zoom, tag probe and highlights are as fast as the screen.

const INK = "#181818", PAPER = "#ffffff", GREY = "#9a9a9a", DARK = "#333333";
const RED = "#d1001c", ORANGE = "#d55e00", YELLOW = "#f0e442";
const DETECTED = 1;
const ONE_TYPE = ["heatmap", "tag map"], MAP_LAYERS = ["all heatmaps", ...ONE_TYPE];
/** The look of true people: the same colour for all sides of the body. */
const TRUTH = { shades: Array(3).fill("#ffffffb0"), dash: [] };
const FONT = "11px system-ui, sans-serif", BOLD = "600 12px system-ui, sans-serif";
/** Margins of the strip in pixels: names at the left, right edge, people's numbers above, scale below. */
const NAMES = 98, EDGE = 12, HEAD = 46, FOOT = 20;
/** The ring of each kind of highlight: radius, colour and dash. */
const LIT = {
  candidate: [9, PAPER, [1.2, 1.2]], "runner-up": [9, YELLOW], ring: [9, PAPER, [1.2, 1.2]], place: [14, YELLOW],
  odd: [8, RED], "would change": [11, ORANGE], selected: [9, YELLOW], hovered: [13, PAPER], chosen: [10, YELLOW],
};
/** Steps to the side, nearest first, that are tried where a place is taken. */
const SHIFTS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
/** The bytes of a trait or a saved page as an array of type `Type`. */
const typed = (Type, data) => new Type(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

/** Find the first spot with no taken one within `wide` and `high` pixels, else the first of all, and take it. */
function free(taken, spots, wide, high) {
  const clear = ([x, y]) => !taken.some(([a, b]) => Math.abs(a - x) < wide && Math.abs(b - y) < high);
  const spot = spots.find(clear) ?? spots[0];
  taken.push(spot);
  return spot;
}

// -------------------------------------------------------------------------------------------------------------- shapes

/** Draw the path that `trace` makes, filled if there is a `fill`; the dash is in units of the line width. */
function outline(g, { colour, width = 2, fill = null, dash = [] }, trace) {
  g.beginPath();
  trace();
  Object.assign(g, { strokeStyle: colour, lineWidth: width, fillStyle: fill });
  g.setLineDash(dash.map((part) => part * width));
  if (fill) g.fill();
  g.stroke();
}

const line = (g, from, to, style) => outline(g, style, () => { g.moveTo(...from); g.lineTo(...to); });
const circle = (g, [x, y], radius, style) => outline(g, style, () => g.arc(x, y, radius, 0, 7));
const frame = (g, [x0, y0], [x1, y1], style) => outline(g, style, () => g.rect(x0, y0, x1 - x0, y1 - y0));

/** A joint: a full disc if it was detected, a hollow one if it was refined. */
function disc(g, at, radius, colour, hollow) {
  circle(g, at, radius, { colour: INK, width: 1.3, fill: hollow ? PAPER : colour });
  if (hollow) circle(g, at, 0.65 * radius, { colour, width: 1.5 });
}

function ring(g, at, radius, colour, dash) {
  circle(g, at, radius, { colour: INK, width: 4.5 });
  circle(g, at, radius, { colour, width: 2.5, dash });
}

function bar(g, x, y, width, height, colour) {
  g.fillStyle = colour;
  g.fillRect(x, y, width, height);
}

function write(g, text, x, y, colour, align = "center", font = FONT) {
  Object.assign(g, { font, fillStyle: colour, textAlign: align, textBaseline: "middle" });
  g.fillText(text, x, y);
}

/** A word on a rounded background. */
function sign(g, text, x, y, { colour = DARK, ink = PAPER, dash } = {}) {
  g.font = BOLD;
  const wide = Math.max(18, g.measureText(text).width + 9);
  outline(g, { colour: ink, width: 1.5, fill: colour, dash }, () => g.roundRect(x - wide / 2, y - 9, wide, 18, 9));
  write(g, text, x, y + 0.5, ink, "center", BOLD);
}

// ---------------------------------------------------------------------------------------------------------------- maps

/** Heatmaps and tags, and the pictures of their layers. */
class Maps {
  constructor(sent, scales) {
    const [width, height] = sent.size, { low, step, to_image: toImage } = sent;
    const tags = Float32Array.from(typed(Uint16Array, sent.tags), (value) => low + step * value);
    const toMap = new DOMMatrix(toImage).inverse(), canvas = new OffscreenCanvas(width, height);
    Object.assign(this, sent, { scales, width, height, size: width * height, tags, toImage, toMap, canvas });
    this.heat = typed(Uint8Array, sent.heat);
  }

  /** The score and tag (D numbers) of a joint type at a place in image pixels; null outside of the maps. */
  read(joint, x, y) {
    const place = this.toMap.transformPoint({ x, y }), column = Math.round(place.x), row = Math.round(place.y);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return null;
    const pixel = joint * this.size + row * this.width + column, start = pixel * this.depth;
    return { joint, score: this.heat[pixel] / 255, tag: [...this.tags.subarray(start, start + this.depth)] };
  }

  /** A tag as one number, its coordinate in the strip; `start` is its offset in an array of tags. */
  along(tag, start = 0) {
    return this.direction.reduce((sum, part, d) => sum + part * tag[start + d], 0);
  }

  /** Paint a layer, or the tag probe if one is given, into `canvas`, unless it was the last one painted. */
  paint(layer, joint, probe) {
    const key = JSON.stringify([probe ?? layer, layer === "all heatmaps" || joint]);
    if (key === this.painted) return;
    this.painted = key;
    const { heat, tags, size, depth, ends: [low, high] } = this, start = joint * size;
    const shown = probe ? "nearness" : layer, colours = typed(Uint32Array, this.scales[shown]);
    const level = {
      heatmap: (i) => heat[start + i],
      "all heatmaps": (i) => {
        let highest = 0;
        for (let pixel = i; pixel < heat.length; pixel += size) highest = Math.max(highest, heat[pixel]);
        return highest;
      },
      "tag map": (i) => 255 * (this.along(tags, (start + i) * depth) - low) / (high - low),
      nearness: (i) => {
        let apart = 0;
        for (let d = 0; d < depth; d++) apart += (tags[(start + i) * depth + d] - probe.tag[d]) ** 2;
        return 255 * (1 - Math.sqrt(apart) / Math.max(probe.threshold, 1e-6));
      },
    }[shown];
    const pixels = new Uint32Array(size);
    for (let i = 0; i < size; i++) pixels[i] = colours[Math.round(clamp(level(i), 0, 255))];
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), this.width, this.height);
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }
}

// ------------------------------------------------------------------------------------------------------------- drawing

/** Draws a view, and finds the drawn item under the pointer. */
class Drawing {
  /** Draw at the next frame. */
  draw() { this.next ??= requestAnimationFrame(() => this.paint()); }

  /** Draw before the next frame, together with all other changes of this turn of the event loop. */
  drawNow() { queueMicrotask(() => this.paint()); }

  paint() {
    cancelAnimationFrame(this.next);
    this.next = null;
    // While a photo is decoded nothing is drawn, so people never appear on the photo before.
    if (this.abort.signal.aborted || this.loading) return;
    this.items = { photo: [], strip: [] };
    if (this.imageSize && this.photo.clientWidth) this.paintPhoto();
    if (this.strip.clientWidth) this.paintStrip();
    this.root.dataset.shown = this.current;
    this.root.dataset.frames = +(this.root.dataset.frames ?? 0) + 1;
  }

  /** Clear a canvas of this size in CSS pixels, at the screen's resolution, and return its context. */
  context(canvas, [width, height] = [canvas.clientWidth, canvas.clientHeight]) {
    const sharp = window.devicePixelRatio || 1, size = [Math.round(width * sharp), Math.round(height * sharp)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const g = canvas.getContext("2d");
    g.setTransform(sharp, 0, 0, sharp, 0, 0);
    g.clearRect(0, 0, width, height);
    return g;
  }

  /** Note an item that is drawn, for `hit` and for tests. */
  drawn(kind, more) { this.into.push({ kind, ...more }); }

  /** Paint a layer that depends on the values in `shows`; if they stay the same, its bitmap is kept and used again. */
  layered(name, g, size, shows, paint) {
    const layer = (this.layers[name] ??= { canvas: new OffscreenCanvas(1, 1), shows: [] }), above = this.into;
    shows.push(...size, g.canvas.width);
    const changed = shows.some((one, i) => one !== layer.shows[i]);
    if (changed || !layer.kept) {
      Object.assign(layer, { shows, kept: !changed, items: (this.into = []) });
      g.save();
      paint(changed ? g : this.context(layer.canvas, size));
      g.restore();
      this.into = above;
    }
    above.push(...layer.items);
    if (!changed) g.drawImage(layer.canvas, 0, 0, ...size);
  }

  /** The look of the person with a number: colour, ink on it, shades of left side, middle and right side, dash. */
  look(number) { return this.fixed.looks[(number - 1) % this.fixed.looks.length]; }

  /** The colour of the person with this index in a scene, grey for none. */
  colourOf(person, scene = this.scene) { return person >= 0 ? this.look(scene.people[person].number).colour : GREY; }

  /** The person under the pointer, else the chosen one, -1 for none; all others are drawn faded. */
  get foremost() { return [this.hovered, this.chosen].find((spot) => spot?.person >= 0)?.person ?? -1; }

  /** All highlights: kind and place on the photo, and the dot and letter of those that have one. */
  lights() {
    const { odd, diagnosing, chosen, hovered, mark, scene } = this, preview = this.get("preview");
    const dots = (kind, which = []) => which.filter((dot) => dot in scene.dots)
      .map((dot) => ({ kind, dot, ...scene.dots[dot] }));
    return [
      ...((chosen && this.told.lights) ?? []),
      ...dots("odd", diagnosing ? odd.dots : []),
      ...dots("would change", preview.value === this.previewed ? preview.dots : []),
      ...dots("selected", this.selected),
      ...dots("hovered", [hovered?.dot]),
      ...dots("chosen", [chosen?.dot]),
      ...(scene.lights ?? []),
      ...(mark ? [{ kind: "place", x: mark[0], y: mark[1] }] : []),
    ];
  }

  /** A person's number on a background in the person's colour. */
  number(g, { number }, person, [x, y], old) {
    const look = this.look(number);
    sign(g, String(number), x, y, look);
    this.drawn("number", { person, number, x, y, colour: look.colour, old });
  }

  // The photo.

  paintPhoto() {
    const g = this.context(this.photo), [width, height] = this.size, { mode } = this, alone = mode === "one";
    this.into = this.items.photo;
    this.photo.style.touchAction = this.fitted && !this.editing ? "pan-y" : "none";
    const split = mode === "divider" ? this.divider * width : this.left;
    for (const [scene, from, to] of [...(alone ? [] : [[this.kept, 0, split]]), [this.scene, split, width]]) {
      g.save();
      g.beginPath();
      g.rect(from, 0, to - from, height);
      g.clip();
      if (mode === "beside") g.translate(from, 0);
      this.paintPane(g, scene, scene === this.kept);
      g.restore();
    }
    if (this.held?.onPhoto) ring(g, this.held.onPhoto, 8, ORANGE);
    if (alone) return;
    sign(g, "A", split - 24, height - 16);
    sign(g, "now", split + 24, height - 16);
    bar(g, split - 1.5, 0, 3, height, ORANGE);
    if (mode === "divider") disc(g, [split, height / 2], 8, ORANGE);
    this.drawn("divider", { x: split, y: height / 2 });
  }

  /** One picture: photo, map, people and highlights. The kept result (`old`) has no highlights. */
  paintPane(g, scene, old) {
    const { zoom, x, y, layer, joint, size, levels, maps } = this, where = [zoom, x, y, levels];
    const probe = this.probeTag(), only = old ? -1 : this.foremost, onMap = MAP_LAYERS.includes(layer);
    this.layered("photo", g, size, [...where], (own) => this.paintLevel(own));
    if (maps && (probe || onMap)) this.paintMap(g, probe);
    this.layered(old ? "A" : "now", g, size, [...where, layer, joint, scene, only], (own) => {
      if (layer === "truth") for (const one of this.truth) this.paintLimbs(own, one, 9, TRUTH);
      if (!onMap) this.paintPeople(own, scene, only, old);
      this.paintPeaks(own, scene, old);
    });
    if (!old) this.paintLit(g, scene);
  }

  paintLevel(g) {
    const [width, height] = this.imageSize, [whole, small] = this.levels, sharp = window.devicePixelRatio || 1;
    if (!whole) return;
    const level = small && this.zoom * sharp <= 1.4 * small.width / width ? small : whole;
    Object.assign(g, { imageSmoothingEnabled: this.zoom < 6, imageSmoothingQuality: "medium" });
    g.drawImage(level, ...this.toScreen(-0.5, -0.5), width * this.zoom, height * this.zoom);
    this.drawn("photo", { width: level.width, zoom: this.zoom });
  }

  paintMap(g, probe) {
    const joint = probe?.joint ?? this.joint, { zoom, maps: { toImage, canvas } } = this;
    this.maps.paint(this.layer, joint, probe);
    g.save();
    g.translate(this.x, this.y);
    g.scale(zoom, zoom);
    g.beginPath();
    g.rect(-0.5, -0.5, ...this.imageSize);
    g.clip();
    g.transform(...toImage);
    g.imageSmoothingEnabled = zoom * toImage[0] < 4;
    g.drawImage(canvas, -0.5, -0.5);
    g.restore();
    this.drawn(probe ? "probe" : "map", { layer: this.layer, ...probe, joint });
  }

  paintPeople(g, scene, only, old) {
    const taken = [], joints = scene.people.map((one) => // [x, y, joint type] of each, on the screen
      one.kind.flatMap((kind, joint) => (kind ? [[...this.jointAt(one, joint), joint]] : [])));
    for (const person of [...joints.keys()].reverse()) {
      const one = scene.people[person], { number } = one, look = this.look(number), { colour } = look;
      g.globalAlpha = only >= 0 && only !== person ? 0.45 : 1;
      this.paintLimbs(g, one, 3, look);
      for (const [x, y, joint] of joints[person]) {
        disc(g, [x, y], 4, colour, one.kind[joint] !== DETECTED);
        this.drawn("joint", { person, number, joint, x, y, colour, old });
      }
    }
    g.globalAlpha = 1;
    joints.forEach((places, person) => {
      const [x, y] = places.toSorted((a, b) => a[1] - b[1])[0] ?? [];
      const spots = SHIFTS.map((shift) => [x + 20 * shift, Math.max(y - 18, 11)]);
      if (places.length) this.number(g, scene.people[person], person, free(taken, spots, 20, 19), old);
    });
  }

  jointAt(one, joint) { return this.toScreen(one.xy[2 * joint], one.xy[2 * joint + 1]); }

  /** A person's limbs: half as wide where a joint was refined, with a dark rim unless they show the truth. */
  paintLimbs(g, one, width, look) {
    const { shades, dash } = look;
    g.lineCap = look === TRUTH ? "round" : "butt"; // joints cover the ends of people's limbs
    for (const [a, b, side] of this.fixed.limbs.filter(([a, b]) => one.kind[a] && one.kind[b])) {
      const ends = [this.jointAt(one, a), this.jointAt(one, b)];
      const wide = one.kind[a] === DETECTED && one.kind[b] === DETECTED ? width : width / 2;
      if (look !== TRUTH) line(g, ...ends, { colour: INK, width: wide + 2 });
      line(g, ...ends, { colour: shades[side], width: wide, dash });
    }
  }

  /** The peaks of a layer: all, those of one joint type, or those that belong to another true person. */
  paintPeaks(g, scene, old) {
    const { layer } = this, all = ["peaks", "all heatmaps"].includes(layer), single = ONE_TYPE.includes(layer);
    scene.dots.forEach(({ joint, person, score, ...place }, dot) => {
      const wrong = layer === "truth" && scene.wrong?.includes(dot), [x, y] = this.toScreen(place.x, place.y);
      if (!wrong && !all && !(single && joint === this.joint)) return;
      if (wrong) for (const down of [7, -7]) line(g, [x - 7, y - down], [x + 7, y + down], { colour: RED, width: 3 });
      else ring(g, [x, y], 6, this.colourOf(person, scene));
      if (single) sign(g, score.toFixed(2), x + 22, y - 19);
      this.drawn(wrong ? "wrong" : "peak", { dot, joint, person, x, y, old });
    });
  }

  /** Highlights: odd limbs, rings around dots and places, the window that refinement searched. */
  paintLit(g, scene) {
    for (const [person, a, b] of this.diagnosing ? this.odd.limbs : []) {
      const one = scene.people[person];
      line(g, this.jointAt(one, a), this.jointAt(one, b), { colour: `${RED}b0`, width: 7 });
      this.drawn("odd limb", { person, limb: [a, b] });
    }
    for (const { kind, dot, letter, ...place } of this.lights()) {
      const [x, y] = this.toScreen(place.x, place.y), [radius, colour, dash] = LIT[kind];
      ring(g, [x, y], radius, colour, dash);
      if (letter) sign(g, letter, x + 16, y);
      this.drawn(kind, { x, y, dot, letter });
    }
    const box = scene.box ?? (this.chosen && this.told.box);
    if (!box) return;
    frame(g, this.toScreen(box[0], box[1]), this.toScreen(box[2], box[3]), { colour: YELLOW, dash: [3, 2] });
    this.drawn("window", { box });
  }

  // The strip: joint types from top to bottom, tags from left to right.

  /** Both ends of the scale of tags, and their x in the strip. */
  get scale() { return [...(this.maps?.ends ?? [-1, 1]), NAMES, this.strip.clientWidth - EDGE]; }

  column(tag) {
    const [low, high, left, right] = this.scale;
    return left + (right - left) * clamp((tag - low) / (high - low), -0.02, 1.02);
  }

  tagAt(x) {
    const [low, high, left, right] = this.scale;
    return low + (high - low) * (x - left) / (right - left);
  }

  along(tag) { return this.maps ? this.maps.along(tag) : tag[0]; }
  get tall() { return this.strip.clientHeight - HEAD - FOOT; }
  rowOf(joint) { return HEAD + this.tall * (this.fixed.order.indexOf(joint) + 0.5) / 17; }
  /** The joint type whose name is at a place, null for none. */
  rowAt(x, y) { return x < NAMES - 6 ? this.fixed.order[Math.floor(17 * (y - HEAD) / this.tall)] : null; }

  paintStrip() {
    const g = this.context(this.strip), size = [this.strip.clientWidth, this.strip.clientHeight];
    const { scene, maps, foremost, joint } = this, text = getComputedStyle(this.root).color;
    this.into = this.items.strip;
    this.paintBand(g);
    this.layered("scale", g, size, [maps, joint, text], (own) => this.paintScale(own, size, text));
    this.layered("strip", g, size, [scene, maps, foremost], (own) => {
      this.paintColumns(own, size[0], foremost);
      this.paintDots(own, foremost);
    });
    const places = this.into.filter(({ kind }) => kind === "dot");
    for (const { kind, dot } of this.lights()) if (dot >= 0) ring(g, [places[dot].x, places[dot].y], 7, LIT[kind][1]);
    if (this.held?.onStrip) ring(g, this.held.onStrip, 8, ORANGE);
    if (this.held?.lasso) frame(g, ...this.held.lasso, { colour: ORANGE });
  }

  /** The names of joint types, and the scale of tags. */
  paintScale(g, [width, height], text) {
    for (const joint of this.fixed.order) {
      const y = this.rowOf(joint), font = joint === this.joint ? `700 ${FONT}` : FONT;
      bar(g, NAMES - 4, y, width - NAMES, 1, "#8886");
      write(g, this.fixed.names[joint], NAMES - 8, y, text, "right", font);
    }
    for (const tag of this.maps?.ticks ?? []) write(g, String(tag), this.column(tag), height - 10, text);
    write(g, "tag", NAMES - 24, height - 10, text, "right");
  }

  /** The band of tags that are near enough to the one under the pointer to join it. */
  paintBand(g) {
    const { dots } = this.scene, { threshold, tall } = this;
    const probed = this.probeTag() ?? dots[this.hovered?.dot] ?? dots[this.chosen?.dot];
    if (!probed || threshold == null) return;
    const tag = this.along(probed.tag), from = this.column(tag - threshold), to = this.column(tag + threshold);
    bar(g, from, HEAD, to - from, tall, "#f0a02440");
    bar(g, this.column(tag) - 0.75, HEAD, 1.5, tall, ORANGE);
    this.drawn("band", { tag, from, to });
  }

  /** A line for each person's mean tag, with the number above it. */
  paintColumns(g, width, only) {
    const heads = [];
    this.scene.people.forEach((one, person) => {
      const x = this.column(this.along(one.tag));
      g.globalAlpha = only >= 0 && only !== person ? 0.15 : 0.5;
      bar(g, x - 1, HEAD, 2, this.tall, this.colourOf(person));
      g.globalAlpha = 1;
      // A number that would overlap another one is moved to the second row, or a little to the side.
      const spots = SHIFTS.flatMap((shift) => [12, 32].map((y) => [clamp(x + 9 * shift, 84, width - 10), y]));
      this.number(g, one, person, free(heads, spots, 19, 18));
    });
  }

  paintDots(g, only) {
    const taken = Array.from({ length: 17 }, () => []);
    this.scene.dots.forEach(({ joint, person, score, refined, ...one }, dot) => {
      const tag = this.along(one.tag), column = this.column(tag), row = this.rowOf(joint);
      // Dots with equal tags are drawn above each other, so that none is hidden.
      const spots = SHIFTS.slice(0, 7).map((shift) => [column, row + 5 * shift]);
      const [x, y] = free(taken[joint], spots, 6, 5);
      g.globalAlpha = only >= 0 && only !== person ? 0.35 : 1;
      disc(g, [x, y], 2.6 + 2.2 * Math.sqrt(clamp(score, 0, 1)), this.colourOf(person), refined);
      this.drawn("dot", { dot, joint, person, x, y, tag });
    });
    g.globalAlpha = 1;
  }

  // Finding what is under the pointer.

  /** The joint, peak or dot nearest to a place on a canvas, within `reach` pixels; else a person's number, or null. */
  hit(canvas, [x, y], reach) {
    const left = canvas === this.photo ? this.left : 0, away = (item) => distance([item.x, item.y], [x - left, y]);
    const nearest = (kinds, within) => canvas.items()
      .filter((one) => kinds.includes(one.kind) && !one.old && away(one) < within).sort((a, b) => away(a) - away(b))[0];
    const found = nearest(["joint", "peak", "wrong", "dot"], reach) ?? nearest(["number"], 11);
    if (!found || x < left) return null;
    const { person, joint = -1, dot = this.dotOf(person, joint) } = found;
    return { person, joint, dot };
  }

  /** While the tag probe is on: joint type and tag under the pointer, and the distance up to which tags may join. */
  probeTag() {
    const { maps, pointer, scene, threshold = 1 } = this;
    if (!this.probing || !maps || !pointer) return null;
    const under = scene.dots[this.hovered?.dot] ?? maps.read(this.joint, ...this.toImage(...pointer));
    return under && { joint: under.joint, tag: under.tag, threshold };
  }

  // Coordinates: image pixels and screen.

  get size() { return [this.photo.clientWidth, this.photo.clientHeight]; }

  /** Width of the part of the canvas that shows one picture: half of it when two are compared side by side. */
  get pane() { return this.mode === "beside" ? this.size[0] / 2 : this.size[0]; }

  /** Left edge of the part that shows the present result. */
  get left() { return this.size[0] - this.pane; }

  toScreen(x, y) { return [x * this.zoom + this.x, y * this.zoom + this.y]; }
  toImage(x, y) { return [(x - this.x) / this.zoom, (y - this.y) / this.zoom]; }
}
