// The browser's half of the webcam: takes pictures, sends one when the kernel has answered the last, shows the answer.
const WIDTH = 640;

function add(parent, tag, properties) {
  const node = Object.assign(document.createElement(tag), properties);
  parent.append(node);
  return node;
}

function render({ model, el }) {
  const root = add(el, "div", { className: "hpe-webcam" });
  const shown = add(root, "img", { className: "hpe-picture", alt: "", hidden: true });
  const none = add(root, "div", { className: "hpe-none", textContent: "No picture yet." });
  const bar = add(root, "div", { className: "hpe-bar" });
  const start = add(bar, "button", { className: "jupyter-button hpe-start", textContent: "Start camera" });
  const freeze = add(bar, "button", { className: "jupyter-button hpe-freeze", textContent: "Freeze", disabled: true });
  const label = add(bar, "label", { className: "hpe-still", textContent: "or take one photo: " });
  const still = add(label, "input", { type: "file", accept: "image/*" });
  still.setAttribute("capture", "environment");
  const told = add(root, "div", { className: "hpe-told" });
  told.setAttribute("role", "status");

  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  const canvas = document.createElement("canvas");
  let stream = null, frozen = false, waiting = 0, url = null, gone = false;

  const say = (text) => { told.textContent = text; };

  async function send(source, width, height) {
    const scale = Math.min(1, WIDTH / width);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    waiting = performance.now();
    model.send({ kind: "frame", time: waiting / 1000 }, undefined, [await blob.arrayBuffer()]);
  }

  function next() {
    if (gone || frozen || !stream) return;
    if (video.readyState >= 2) send(video, video.videoWidth, video.videoHeight);
    else video.addEventListener("loadeddata", next, { once: true });
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    start.textContent = "Start camera";
    freeze.disabled = true;
  }

  start.addEventListener("click", async () => {
    if (stream) { stop(); say("The camera is off."); return; }
    if (!navigator.mediaDevices?.getUserMedia) {
      say("This browser gives cameras only to pages from https:// or localhost; take one photo with the button instead.");
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDTH } }, audio: false });
      if (gone) { stop(); return; }
      video.srcObject = stream;
      stream.getVideoTracks()[0].addEventListener("ended", () => { stop(); say("The camera was taken away."); });
      await video.play();
      frozen = false;
      freeze.disabled = false;
      freeze.textContent = "Freeze";
      start.textContent = "Stop camera";
      next();
    } catch (error) {
      stop();
      say(`No camera (${error.name}): take one photo with the button instead, or allow the camera and try again.`);
    }
  });

  freeze.addEventListener("click", () => {
    frozen = !frozen;
    freeze.textContent = frozen ? "Go on" : "Freeze";
    next();
  });

  still.addEventListener("change", async () => {
    const file = still.files[0];
    still.value = "";
    if (!file) return;
    stop();
    try {
      const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
      await send(photo, photo.width, photo.height);
    } catch (error) {
      say(`${file.name} is no picture that this browser can read.`);
    }
  });

  function answered(message, buffers) {
    if (message.kind !== "shown") return;
    if (buffers?.length) {
      const old = url;
      url = URL.createObjectURL(new Blob([buffers[0]], { type: "image/jpeg" }));
      shown.src = url;
      [shown.hidden, none.hidden] = [false, true];
      shown.alt = message.told;
      if (old) URL.revokeObjectURL(old);
    }
    const delay = Math.round(performance.now() - waiting);
    say(`${message.told}; ${delay} ms from camera to screen`);
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
    next();
  }

  model.on("msg:custom", answered);
  return () => {
    gone = true;
    model.off("msg:custom", answered);
    stop();
    if (url) URL.revokeObjectURL(url);
  };
}

export default { render };
