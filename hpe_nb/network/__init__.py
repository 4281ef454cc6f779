"""From a photo to maps: networks, where they come from, and how photos are placed in their input."""
