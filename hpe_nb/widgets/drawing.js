// The one picture of all widgets and its tag strip, drawn from data: photo, maps, people, dots and what lights up.
// Nothing here asks the kernel: layers, hover, zoom, probe and highlights answer at the speed of the screen.

const INK = "#181818", PAPER = "#ffffff", GREY = ["#9a9a9a"], DARK = "#333333";
const RED = "#d1001c", ORANGE = "#d55e00", YELLOW = "#f0e442";
const DETECTED = 1;
const ONE_TYPE = ["heatmap", "tag map"], MAP_LAYERS = ["all heatmaps", ...ONE_TYPE], SCALES = [...ONE_TYPE, "nearness"];
const FONT = "11px system-ui, sans-serif", BOLD = "600 12px system-ui, sans-serif";
/** Room in the strip for the names of joint types, at its right, for people's numbers above and the scale below; pixels. */
const NAMES = 98, EDGE = 12, HEAD = 46, FOOT = 20;
/** Steps to the side, the nearest first, where something else stands already. */
const SHIFTS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
/** The bytes that a trait or a saved page holds, as a view of type `Type`. */
const typed = (Type, data) => new Type(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

/** The first of the spots that is not within `wide`, `high` of one that is taken; it is taken then. */
function free(taken, spots, wide, high) {
  const clear = ([x, y]) => !taken.some(([a, b]) => Math.abs(a - x) < wide && Math.abs(b - y) < high);
  const spot = spots.find(clear) ?? spots[0];
  taken.push(spot);
  return spot;
}

// -------------------------------------------------------------------------------------------------------------- shapes

/** Stroke what `trace` lays out, and fill it where there is a `fill`. */
function outline(g, { colour, width = 2, fill = null, dash = [] }, trace) {
  g.beginPath();
  trace();
  Object.assign(g, { strokeStyle: colour, lineWidth: width, fillStyle: fill });
  g.setLineDash(dash);
  if (fill) g.fill();
  g.stroke();
}

const line = (g, from, to, style) => outline(g, style, () => { g.moveTo(...from); g.lineTo(...to); });
const circle = (g, x, y, radius, style) => outline(g, style, () => g.arc(x, y, radius, 0, 7));
const frame = (g, [x0, y0], [x1, y1], style) => outline(g, style, () => g.rect(x0, y0, x1 - x0, y1 - y0));

/** A joint: full where it was detected, hollow where it was refined. */
function disc(g, x, y, radius, colour, hollow) {
  circle(g, x, y, radius, { colour: INK, width: 1.3, fill: hollow ? PAPER : colour });
  if (hollow) circle(g, x, y, 0.65 * radius, { colour, width: 1.5 });
}

function ring(g, x, y, radius, colour, dash) {
  circle(g, x, y, radius, { colour: INK, width: 4.5 });
  circle(g, x, y, radius, { colour, width: 2.5, dash });
}

function bar(g, x, y, width, height, colour) {
  g.fillStyle = colour;
  g.fillRect(x, y, width, height);
}

function write(g, text, x, y, colour, align = "center", font = FONT) {
  Object.assign(g, { font, fillStyle: colour, textAlign: align, textBaseline: "middle" });
  g.fillText(text, x, y);
}

/** A word on a rounded ground. */
function sign(g, text, x, y, colour = DARK, ink = PAPER, dash = []) {
  g.font = BOLD;
  const wide = Math.max(18, g.measureText(text).width + 9);
  outline(g, { colour: ink, width: 1.5, fill: colour, dash }, () => g.roundRect(x - wide / 2, y - 9, wide, 18, 9));
  write(g, text, x, y + 0.5, ink, "center", BOLD);
}

// ---------------------------------------------------------------------------------------------------------------- maps

/** Heatmaps and tags, and pictures made of them. */
class Maps {
  constructor(sent, fixed) {
    const { to_image: to, to_map: from, direction, depth, ends } = sent;
    Object.assign(this, { to, from, direction, depth, ends });
    [this.width, this.height] = sent.size;
    this.size = this.width * this.height;
    this.heat = typed(Uint8Array, sent.heat);
    this.tags = Float32Array.from(typed(Uint16Array, sent.tags), (value) => sent.low + sent.step * value);
    this.canvas = new OffscreenCanvas(this.width, this.height);
    this.colours = Object.fromEntries(SCALES.map((name) => [name, typed(Uint32Array, fixed[name])]));
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
    return this.tags.subarray(start, start + this.depth);
  }

  /** A tag as the one number that the strip shows; `start` where it begins in a longer list. */
  along(tag, start = 0) {
    let sum = 0;
    for (let d = 0; d < this.depth; d++) sum += tag[start + d] * this.direction[d];
    return sum;
  }

  /** Paint a layer, or the probe where one is given, into `canvas`, unless it is there already. */
  paint(layer, joint, probe) {
    const key = JSON.stringify([probe ?? layer, layer === "all heatmaps" || joint]);
    if (key === this.painted) return;
    this.painted = key;
    const [colours, level] = this.colouring(layer, joint, probe);
    const pixels = new Uint32Array(this.size);
    for (let i = 0; i < this.size; i++) pixels[i] = colours[Math.round(clamp(level(i), 0, 255))];
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), this.width, this.height);
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** A layer's 256 colours, and which of them a pixel has. */
  colouring(layer, joint, probe) {
    const { colours, heat, tags, size, depth, ends } = this, start = joint * size;
    if (probe) {
      return [colours.nearness, (i) => {
        let apart = 0;
        for (let d = 0; d < depth; d++) apart += (tags[(start + i) * depth + d] - probe.tag[d]) ** 2;
        return 255 * (1 - Math.sqrt(apart) / Math.max(probe.threshold, 1e-6));
      }];
    }
    if (layer === "tag map") {
      return [colours[layer], (i) => 255 * (this.along(tags, (start + i) * depth) - ends[0]) / (ends[1] - ends[0])];
    }
    if (layer === "heatmap") return [colours[layer], (i) => heat[start + i]];
    const highest = new Uint8Array(size);
    for (let i = 0; i < heat.length; i++) if (heat[i] > highest[i % size]) highest[i % size] = heat[i];
    return [colours.heatmap, (i) => highest[i]];
  }
}

// ------------------------------------------------------------------------------------------------------------- drawing

/** What a view draws, and what of it lies under a pointer. */
class Drawing {
  /** Draw at the next frame. */
  draw() {
    this.next ??= requestAnimationFrame(() => { this.next = null; this.paint(); });
  }

  paint() {
    // People wait for their photo: neither is seen with another's.
    if (this.abort.signal.aborted || this.loading) return;
    this.paintPhoto();
    if (!this.stripBox.hidden && !this.strip.hidden) this.paintStrip();
    this.root.dataset.shown = this.scene.n ?? 0;
    this.root.dataset.frames = +(this.root.dataset.frames ?? 0) + 1;
  }

  /** The context of a canvas of this size in CSS pixels, as sharp as the screen and cleared. */
  context(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
    const sharp = window.devicePixelRatio || 1, size = [Math.round(width * sharp), Math.round(height * sharp)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const g = canvas.getContext("2d");
    g.setTransform(sharp, 0, 0, sharp, 0, 0);
    g.clearRect(0, 0, width, height);
    return g;
  }

  /** Remember something drawn, for readers and for what lies under a pointer. */
  drawn(kind, more) { this.into.push({ kind, ...more }); }

  /** Paint what depends on the things that it `shows`; from the second time on that they are the same, a bitmap is kept. */
  layered(name, g, [width, height], shows, paint) {
    const layer = (this.layers[name] ??= { canvas: new OffscreenCanvas(1, 1), shows: [] }), above = this.into;
    shows.push(width, height, g.canvas.width);
    const changed = shows.some((one, i) => one !== layer.shows[i]);
    if (changed || !layer.kept) {
      Object.assign(layer, { shows, kept: !changed, items: (this.into = []) });
      g.save();
      paint(changed ? g : this.context(layer.canvas, width, height));
      g.restore();
      this.into = above;
    }
    above.push(...layer.items);
    if (!changed) g.drawImage(layer.canvas, 0, 0, width, height);
  }

  /** A person's colour, its shades for the left side and the right, and the ink that stands out on it. */
  colours(number) { return this.fixed.colours[(number - 1) % this.fixed.colours.length]; }

  /** The colour of the person at a place among the scene's people, grey for none. */
  colourOf(person, scene = this.scene) { return (person >= 0 ? this.colours(scene.people[person].number) : GREY)[0]; }

  /** People beyond the palette get another pattern of line; in widths of the line. */
  dash(number, width) {
    return this.fixed.patterns[(number - 1) % this.fixed.patterns.length].map((value) => value * width);
  }

  /** The person who is pointed at or chosen, -1 for none: the others fade. */
  get foremost() { return this.chosen?.person ?? this.hovered?.person ?? -1; }

  /** What lights up on photo and strip: kind, dots by their places, radius and colour. */
  lights() {
    const { odd, diagnosing, chosen, hovered } = this, preview = this.get("preview");
    return [
      ["odd", diagnosing ? odd.dots : [], 8, RED],
      ["would change", preview.value === this.previewed ? preview.dots ?? [] : [], 11, ORANGE],
      ["selected", this.selected, 9, YELLOW],
      ["hovered", [hovered?.dot], 10, PAPER],
      ["chosen", [chosen?.dot], 10, YELLOW],
    ];
  }

  /** A person's number on a ground of its colour. */
  number(g, { number }, person, [x, y], old) {
    const [colour, , , ink] = this.colours(number);
    sign(g, String(number), x, y, colour, ink, this.dash(number, 2));
    this.drawn("number", { person, number, x, y, colour, old });
  }

  // The photo.

  paintPhoto() {
    const g = this.context(this.photo), [width, height] = this.size, { mode } = this, alone = mode === "one";
    this.into = this.items.photo = [];
    this.photo.style.touchAction = this.fitted ? "pan-y" : "none";
    if (!width || !this.imageSize) return;
    const split = mode === "divider" ? this.divider * width : width - this.pane;
    for (const [scene, from, to] of [...(alone ? [] : [[this.kept, 0, split]]), [this.scene, split, width]]) {
      g.save();
      g.beginPath();
      g.rect(from, 0, to - from, height);
      g.clip();
      if (mode === "beside") g.translate(from, 0);
      this.paintPane(g, scene, scene === this.kept);
      g.restore();
    }
    if (alone) return;
    sign(g, "A", split - 24, height - 16);
    sign(g, "now", split + 24, height - 16);
    bar(g, split - 1.5, 0, 3, height, ORANGE);
    if (mode === "divider") disc(g, split, height / 2, 8, ORANGE);
    this.drawn("divider", { x: split, y: height / 2 });
  }

  /** One picture: photo, map, people, what is lit. `old` for the kept result, in which nothing lights up. */
  paintPane(g, scene, old) {
    const { zoom, x, y, layer, joint, size, levels, maps } = this, where = [zoom, x, y, levels, layer, joint];
    const probe = this.probeTag(), only = old ? -1 : this.foremost;
    this.layered("photo", g, size, where.slice(0, 4), (own) => this.paintLevel(own));
    if (maps && (probe || MAP_LAYERS.includes(layer))) this.paintMap(g, probe);
    this.layered(old ? "A" : "now", g, size, [...where, scene, only], (own) => {
      if (layer === "truth") for (const one of this.truth) this.paintLimbs(own, one, 9, Array(3).fill("#ffffffb0"), null);
      if (!MAP_LAYERS.includes(layer)) this.paintPeople(own, scene, only, old);
      this.paintPeaks(own, scene, old);
    });
    if (!old) this.paintLit(g, scene);
  }

  paintLevel(g) {
    const [width, height] = this.imageSize, [whole, small] = this.levels, sharp = window.devicePixelRatio || 1;
    if (!whole) return;
    Object.assign(g, { imageSmoothingEnabled: this.zoom < 6, imageSmoothingQuality: "medium" });
    const level = small && this.zoom * sharp <= 1.4 * small.width / width ? small : whole;
    this.drawn("photo", { width: level.width, zoom: this.zoom });
    g.drawImage(level, this.x - this.zoom / 2, this.y - this.zoom / 2, width * this.zoom, height * this.zoom);
  }

  paintMap(g, probe) {
    const joint = probe?.joint ?? this.joint, [a, b, e, c, d, f] = this.maps.to, s = this.zoom;
    this.maps.paint(this.layer, joint, probe);
    g.save();
    g.beginPath();
    g.rect(this.x - s / 2, this.y - s / 2, this.imageSize[0] * s, this.imageSize[1] * s);
    g.clip();
    g.transform(a * s, c * s, b * s, d * s, e * s + this.x, f * s + this.y);
    g.imageSmoothingEnabled = s * a < 4;
    g.drawImage(this.maps.canvas, -0.5, -0.5);
    g.restore();
    this.drawn(probe ? "probe" : "map", { layer: this.layer, ...probe, joint });
  }

  paintPeople(g, scene, only, old) {
    const taken = [], joints = scene.people.map((one) => this.jointsOf(one));
    for (const person of [...joints.keys()].reverse()) {
      const one = scene.people[person], { number } = one, [colour, left, right] = this.colours(number);
      g.globalAlpha = only >= 0 && only !== person ? 0.45 : 1;
      this.paintLimbs(g, one, 3, [left, colour, right], this.dash(number, 3));
      for (const [x, y, joint] of joints[person]) {
        disc(g, x, y, 4, colour, one.kind[joint] !== DETECTED);
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

  /** Where a person's joints are on the screen, and which they are: [x, y, joint]. */
  jointsOf(one) {
    return one.kind.flatMap((kind, joint) => (kind ? [[...this.jointAt(one, joint), joint]] : []));
  }

  jointAt(one, joint) { return this.toScreen(one.xy[2 * joint], one.xy[2 * joint + 1]); }
  dotAt([, , x, y]) { return this.toScreen(x, y); }

  /** Limbs of one width, thin where refined; `shades` are those of the left side, the middle and the right side. */
  paintLimbs(g, one, width, shades, dash) {
    const sideOf = (joint) => (joint ? 2 - 2 * (joint % 2) : 1);
    g.lineCap = "round";
    for (const [a, b] of this.fixed.limbs.filter((limb) => limb.every((joint) => one.kind[joint]))) {
      const ends = [this.jointAt(one, a), this.jointAt(one, b)], side = sideOf(a) === sideOf(b) ? sideOf(a) : 1;
      const wide = !dash || (one.kind[a] === DETECTED && one.kind[b] === DETECTED) ? width : width / 2;
      if (dash) line(g, ...ends, { colour: INK, width: wide + 2 });
      line(g, ...ends, { colour: shades[side], width: wide, dash: dash ?? [] });
    }
  }

  /** Whether the layer shows a dot: all peaks, those of one joint type, or joints of another person than the true one. */
  showsPeak(joint, dot, scene) {
    if (this.layer === "truth") return !!scene.wrong?.includes(dot);
    return ["peaks", "all heatmaps"].includes(this.layer) || (ONE_TYPE.includes(this.layer) && joint === this.joint);
  }

  paintPeaks(g, scene, old) {
    const wrong = this.layer === "truth";
    scene.dots.forEach((row, dot) => {
      const [joint, person, , , score] = row, [x, y] = this.dotAt(row);
      if (!this.showsPeak(joint, dot, scene)) return;
      if (wrong) for (const down of [7, -7]) line(g, [x - 7, y - down], [x + 7, y + down], { colour: RED, width: 3 });
      else ring(g, x, y, 6, this.colourOf(person, scene));
      if (ONE_TYPE.includes(this.layer)) sign(g, score.toFixed(2), x + 22, y - 19);
      this.drawn(wrong ? "wrong" : "peak", { dot, joint, person, x, y, old });
    });
  }

  /** What lights up: odd limbs and dots, candidates of the chosen joint, what is pointed at, windows, a dragged dot. */
  paintLit(g, scene) {
    const told = this.chosen ? this.told : {}, [pairDot, number] = this.pair ?? [];
    const person = scene.people.find((one) => one.number === number), joints = person ? this.jointsOf(person) : [];
    const dotAt = (dot) => scene.dots[dot] && this.dotAt(scene.dots[dot]);
    for (const [person, a, b] of this.diagnosing ? this.odd.limbs : []) {
      const one = scene.people[person];
      line(g, this.jointAt(one, a), this.jointAt(one, b), { colour: `${RED}b0`, width: 7 });
      this.drawn("odd limb", { person, limb: [a, b] });
    }
    const rings = [
      ...(told.candidates ?? []).map(({ runner, x, y, cells: [letter] }, i) => [runner ? "runner-up" : "candidate",
        this.toScreen(x, y), i === this.pointedCandidate ? 13 : 9, runner ? YELLOW : PAPER, { letter }]),
      ...this.lights().flatMap(([kind, dots, ...look]) => dots.map((dot) => [kind, dotAt(dot), ...look, { dot }])),
      ...(scene.rings ?? []).map(({ x, y, letter }) => ["ring", this.toScreen(x, y), 9, PAPER, { letter }]),
      ...joints.map((at) => ["of the pair", at, 7, this.colours(number)[0]]),
      ["pair", person && dotAt(pairDot), 12, YELLOW, { dot: pairDot }],
      ["place", this.mark && this.toScreen(...this.mark), 14, YELLOW],
      ["ghost", this.held?.ghost, 8, ORANGE],
    ];
    for (const [kind, at, radius, colour, more] of rings.filter((one) => one[1])) {
      ring(g, at[0], at[1], radius, colour, kind === "candidate" || kind === "ring" ? [3, 3] : []);
      if (more?.letter) sign(g, more.letter, at[0] + 16, at[1]);
      this.drawn(kind, { x: at[0], y: at[1], ...more });
    }
    const [x0, y0, x1, y1] = scene.box ?? told.box ?? [];
    if (x0 == null) return;
    frame(g, this.toScreen(x0, y0), this.toScreen(x1, y1), { colour: YELLOW, dash: [6, 4] });
    this.drawn("window", { box: [x0, y0, x1, y1] });
  }

  // The strip: joint types from top to bottom, tags from left to right.

  /** The ends of the scale of tags, and their places. */
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
  rowOf(joint) { return HEAD + this.tall * (this.fixed.order.indexOf(joint) + 0.5) / 17; }
  /** The joint type whose name is at a place. */
  rowAt(x, y) { return x < NAMES - 6 ? this.fixed.order[Math.floor(17 * (y - HEAD) / this.tall)] : null; }

  paintStrip() {
    const g = this.context(this.strip), size = [this.strip.clientWidth, this.strip.clientHeight];
    const { scene, maps, foremost, joint, held } = this, text = getComputedStyle(this.root).color;
    this.into = this.items.strip = [];
    if (!size[0]) return;
    this.tall = size[1] - HEAD - FOOT;
    this.paintBand(g);
    this.layered("scale", g, size, [maps, joint, text], (own) => this.paintScale(own, size, text));
    this.layered("strip", g, size, [scene, maps, foremost, held?.x], (own) => {
      this.paintColumns(own, size[0], foremost);
      this.paintDots(own, foremost);
    });
    const places = this.items.strip.filter(({ kind }) => kind === "dot");
    for (const [, dots, , colour] of this.lights()) {
      for (const { dot, x, y } of places) if (dots.includes(dot)) ring(g, x, y, 7, colour);
    }
    if (held?.lasso) frame(g, ...held.lasso, { colour: ORANGE });
  }

  /** The names of joint types, and the scale of tags. */
  paintScale(g, [width, height], text) {
    for (const joint of this.fixed.order) {
      const y = this.rowOf(joint), font = joint === this.joint ? `700 ${FONT}` : FONT;
      bar(g, NAMES - 4, y, width - NAMES, 1, "#8886");
      write(g, this.fixed.names[joint], NAMES - 8, y, text, "right", font);
    }
    const [low, high] = this.scale, power = 10 ** Math.floor(Math.log10((high - low) / 6));
    const step = power * [1, 2, 5, 10].find((times) => 6 * times * power >= high - low);
    for (let tag = Math.ceil(low / step) * step; tag <= high; tag += step) {
      write(g, String(+tag.toFixed(6)), this.column(tag), height - 10, text);
    }
    write(g, "tag", NAMES - 24, height - 10, text, "right");
  }

  /** The band of tags that may join the one under the pointer. */
  paintBand(g) {
    const dot = this.scene.dots[this.hovered?.dot >= 0 ? this.hovered.dot : this.chosen?.dot];
    const probe = this.probeTag() ?? (dot && { tag: dot.slice(6), threshold: this.threshold });
    if (!probe || this.threshold == null) return;
    const { tall } = this, tag = this.along(probe.tag);
    const [from, to] = [this.column(tag - probe.threshold), this.column(tag + probe.threshold)];
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
      bar(g, x - 1, HEAD, 2, this.tall, this.colours(one.number)[0]);
      g.globalAlpha = 1;
      // Numbers that would overlap stand in the second row, or a little to the side.
      const spots = SHIFTS.flatMap((shift) => [12, 32].map((y) => [clamp(x + 9 * shift, 84, width - 10), y]));
      this.number(g, one, person, free(heads, spots, 19, 18));
    });
  }

  paintDots(g, only) {
    const taken = Array.from({ length: 17 }, () => []), { held } = this;
    this.scene.dots.forEach(([joint, person, , , score, refined, ...numbers], dot) => {
      const tag = this.along(numbers), column = held?.retagged === dot ? held.x : this.column(tag);
      // Dots of equal tags stand one beneath the other: none is hidden.
      const spots = SHIFTS.slice(0, 7).map((shift) => [column, this.rowOf(joint) + 5 * shift]);
      const [x, y] = free(taken[joint], spots, 6, 5);
      g.globalAlpha = only >= 0 && only !== person ? 0.35 : 1;
      disc(g, x, y, 2.6 + 2.2 * Math.sqrt(clamp(score, 0, 1)), this.colourOf(person), refined);
      this.drawn("dot", { dot, joint, person, x, y, tag });
    });
    g.globalAlpha = 1;
  }

  // What lies under a pointer.

  /** The joint, peak or dot nearest to a place of a canvas, within `reach` pixels; a person's number where none is. */
  hit(items, [x, y], reach) {
    const away = (item) => distance([item.x, item.y], [x, y]);
    const nearest = (kinds, within) => items.filter((one) => kinds.includes(one.kind) && !one.old && away(one) < within)
      .sort((a, b) => away(a) - away(b))[0];
    const found = nearest(["joint", "peak", "wrong", "dot"], reach) ?? nearest(["number"], 11);
    if (!found) return null;
    const { person, joint = -1, dot = this.dotOf(person, joint) } = found;
    return { person, joint, dot };
  }

  /** What lies at a place of the photo's canvas. */
  photoHit([x, y], reach) {
    const here = this.mode === "beside" ? x - this.pane : x;
    return here < 0 ? null : this.hit(this.items.photo, [here, y], reach);
  }

  /** The tag under the pointer while the probe is on. */
  probeTag() {
    if (!this.probing || !this.maps || !this.pointer) return null;
    const threshold = this.threshold ?? 1, dot = this.scene.dots[this.hovered?.dot];
    if (dot) return { joint: dot[0], tag: dot.slice(6), threshold };
    const pixel = this.maps.at(...this.toImage(...this.pointer));
    return pixel < 0 ? null : { joint: this.joint, tag: [...this.maps.tag(this.joint, pixel)], threshold };
  }

  // Between image pixels and the screen.

  get size() { return [this.photo.clientWidth, this.photo.clientHeight]; }

  /** Width of the part of the canvas that shows one picture. */
  get pane() { return this.mode === "beside" ? this.size[0] / 2 : this.size[0]; }

  toScreen(x, y) { return [x * this.zoom + this.x, y * this.zoom + this.y]; }
  toImage(x, y) { return [(x - this.x) / this.zoom, (y - this.y) / this.zoom]; }
}
