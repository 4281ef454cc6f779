"""From a photo to maps: pose networks, their download and loading, and the placement of photos in their input."""
