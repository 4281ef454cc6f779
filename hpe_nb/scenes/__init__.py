"""Scenes with known truth: drawn people, the maps a network would give of them, and whose joint is whose."""

from hpe_nb.scenes.ideal import ideal_maps as ideal_maps
from hpe_nb.scenes.making import Scene as Scene
from hpe_nb.scenes.making import scene as scene
from hpe_nb.scenes.people import pose_names as pose_names
from hpe_nb.scenes.recipe import Actor as Actor
from hpe_nb.scenes.recipe import Recipe as Recipe
from hpe_nb.scenes.recipe import scene_names as scene_names
from hpe_nb.scenes.truth import Truth as Truth
