// A picture that tells where it was clicked: in the picture's own pixels, with fractions, however large it is shown.
function render({ model, el }) {
  const img = document.createElement("img");
  Object.assign(img, { className: "hpe-picture", tabIndex: 0, draggable: false });
  // Keys on the picture are the picture's, not the notebook's.
  img.dataset.lmSuppressShortcuts = "true";
  const paint = () => {
    const before = img.src;
    img.src = URL.createObjectURL(new Blob([model.get("value")], { type: "image/" + model.get("format") }));
    URL.revokeObjectURL(before);
  };
  const describe = () => {
    img.alt = model.get("alt");
    [img.width, img.height] = model.get("size");
  };
  const place = (event) => {
    const box = img.getBoundingClientRect();
    const scale = img.naturalWidth / box.width;
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
  img.addEventListener("click", (event) => tell("clicked", place(event)));
  img.addEventListener("pointermove", (event) => hover("hovered", place(event)));
  img.addEventListener("pointerleave", () => tell("hovered", [-1, -1]));
  img.addEventListener("keydown", (event) => {
    if (!model.get("own_keys").includes(event.key)) return;
    event.preventDefault();
    tell("pressed", [event.key]);
  });
  model.on("change:value", paint);
  model.on("change:alt change:size", describe);
  model.on("msg:custom", (message) => navigator.clipboard?.writeText(message.copy).catch(() => {}));
  describe();
  paint();
  el.appendChild(img);
}
export default { render };
