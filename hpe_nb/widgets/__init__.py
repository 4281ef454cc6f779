"""Widgets: one canvas in the browser (`view.js` and its neighbours), and thin classes that send it data and answer it."""
