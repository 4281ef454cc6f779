// A picture that tells where it was clicked: in the picture's own pixels, with fractions, however large it is shown.
// On a canvas, because an <img> takes a frame longer to show other bytes, and all of them.
function render({ model, el }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { className: "hpe-picture", tabIndex: 0 });
  canvas.setAttribute("role", "img");
  // Keys on the picture are the picture's, not the notebook's.
  canvas.dataset.lmSuppressShortcuts = "true";
  [canvas.width, canvas.height] = model.get("size");
  const context = canvas.getContext("2d", { alpha: false });
  // ImageDecoder, where there is one, takes the bytes as they are; a blob goes through the browser's own process.
  const decoded = async (data) => {
    const type = "image/" + model.get("format");
    if (!window.ImageDecoder) return createImageBitmap(new Blob([data], { type }));
    const decoder = new ImageDecoder({ data, type });
    const { image } = await decoder.decode();
    decoder.close();
    return image;
  };
  // Small patches come as plain pixels, which need no decoding and are there at once.
  const pixels = ({ width, data }) =>
    new ImageData(new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength), width);
  let value, whole, drawn, drawnValue;
  let sent = 0;
  let shown = 0;
  // The picture that came whole, and over it the patches: both are in the model, so every view can start with any.
  const paint = async () => {
    const mine = ++sent;
    const patches = model.get("patches");
    if (model.get("value") !== value) {
      value = model.get("value");
      whole = decoded(value);
    }
    const from = value;
    const over = patches.map((patch) => (patch.width ? pixels(patch) : decoded(patch.data)));
    if (drawnValue === from && patches.every((patch) => patch.width)) put(mine, drawn, over, patches, from);
    else put(mine, await whole, await Promise.all(over), patches, from);
  };
  const put = (mine, under, over, patches, from) => {
    // Pictures are decoded side by side: one that was overtaken is not shown.
    if (mine > shown) {
      shown = mine;
      const [width, height] = [under.displayWidth ?? under.width, under.displayHeight ?? under.height];
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      context.drawImage(under, 0, 0);
      over.forEach((part, i) => {
        const { x, y, width } = patches[i];
        if (width) context.putImageData(part, x, y);
        else context.drawImage(part, x, y);
      });
      if (drawn !== under) drawn?.close();
      [drawn, drawnValue] = [under, from];
      canvas.dispatchEvent(new Event("load"));
    }
    over.forEach((part) => part.close?.());
  };
  const describe = () => canvas.setAttribute("aria-label", model.get("alt"));
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  let count = 0;
  const tell = (name, value) => {
    model.set(name, [...value, ++count]);
    model.save_changes();
  };
  let waiting = false;
  const hover = (name, value) => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; tell(name, value); });
  };
  canvas.addEventListener("click", (event) => tell("clicked", place(event)));
  canvas.addEventListener("pointermove", (event) => hover("hovered", place(event)));
  canvas.addEventListener("pointerleave", () => tell("hovered", [-1, -1]));
  canvas.addEventListener("keydown", (event) => {
    if (!model.get("own_keys").includes(event.key)) return;
    event.preventDefault();
    tell("pressed", [event.key]);
  });
  model.on("change:value change:patches", paint);
  model.on("change:alt", describe);
  model.on("msg:custom", (message) => navigator.clipboard?.writeText(message.copy).catch(() => {}));
  describe();
  paint();
  el.appendChild(canvas);
}
export default { render };
