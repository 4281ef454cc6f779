"""Widgets: one canvas in the browser (`view.js`, `drawing.js`, `panel.js`), and thin classes that send it data and answer it."""
