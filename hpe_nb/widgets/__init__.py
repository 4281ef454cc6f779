"""Widgets: one canvas in the browser (`view.js` and its neighbours), and classes that send it data and answer it."""
