"""Widgets: one canvas in the browser (`canvas.js`, `panel.js`), and thin classes that send it data and answer it."""
