"""The pages: README, course and reference, by one command from the repository's root.

    sphinx-build -W -c docs . build/docs

Notebooks are run once and cached in `build/notebooks`; `-D nb_execution_mode=off` leaves their pictures out. With -W a
broken link is an error.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ["HPE_NB_OFFLINE"] = "1"
os.environ["PYTHONPATH"] = str(ROOT)  # for the notebooks' kernels

import hpe_nb  # noqa: E402
import hpe_nb.arrays  # noqa: E402

project, author, copyright = "hpe-nb", "the hpe-nb authors", "the hpe-nb authors"  # noqa: A001
version = release = hpe_nb.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "notebooks/*", "data/*.md", "data/models/*.md"]
exclude_patterns = ["build"]
html_theme = "furo"
html_title = f"hpe-nb {release}"
default_role = "code"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]
autodoc_member_order = "bysource"
autodoc_type_aliases = {
    name: name for name in ("Image", "Float32", "Float64", "Floats", "Ints", "Bools", "Kinds", "RGB")
}
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_use_ivar = True
napoleon_use_rtype = False
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "notebooks")
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
# Readers have no kernel: an output that is both a picture and a widget is shown as the picture, without widget state.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

CONTENTS = """
```{toctree}
:hidden:
:caption: Course
:glob:

notebooks/index
notebooks/*
```

```{toctree}
:hidden:
:caption: Reference
:glob:

docs/*
data/*
data/models/*
CONTRIBUTING
CHANGELOG
```
"""
ROOMS = {
    "skeleton": "The skeleton",
    "settings": "Settings and rules",
    "files": "Pictures and samples",
    "network": "Networks",
    "decoder": "The decoder",
    "explain": "Explanations",
    "scenes": "Scenes with known truth",
    "draw": "Figures",
    "widgets": "Widgets",
    "evaluation": "Evaluation and sweeps",
    "films": "Films",
    "errors": "Errors",
}


def reference() -> str:
    """The reference page: every public name under its room, in the order of `__init__.pyi`."""
    stub = (ROOT / "hpe_nb" / "__init__.pyi").read_text(encoding="utf-8")
    names = re.findall(r"^from \.((\w+)\S*) import (\w+) as", stub, re.MULTILINE)
    lines = ["# Reference", "", "All public names of `import hpe_nb as hpe`, room by room.", ""]
    for room, title in ROOMS.items():
        lines += [f"## {title}", "", "```{eval-rst}", ".. currentmodule:: hpe_nb", ""]
        for module, _, name in (each for each in names if each[1] == room):
            thing = getattr(hpe_nb, name)
            if isinstance(thing, type):
                # For a second name of a class, such as `webcam`, autodoc would only print that it is an alias.
                known = name if thing.__name__ == name else f"{thing.__module__}.{thing.__name__}"
                lines += [] if known == name else [f"`hpe.{name}` is short for this class:", ""]
                lines += [f".. autoclass:: {known}", "   :members:", ""]
            else:
                lines += [
                    f".. autofunction:: {name}" if callable(thing) else f".. autodata:: hpe_nb.{module}.{name}",
                    "",
                ]
        lines += ["```", ""]
    lines += ["## Array types", "", "```{eval-rst}", ".. automodule:: hpe_nb.arrays", "   :members:", "```", ""]
    lost = {room for _, room, _ in names} - set(ROOMS)
    assert not lost, f"the reference has no title for {lost}"
    return "\n".join(lines)


def prepare(*_: Any) -> None:
    """Write the reference page if its text has changed."""
    page, text = ROOT / "docs" / "reference.md", reference()
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def change_source(_: Any, name: str, source: list[str]) -> None:
    """Add the table of contents to the README, the first page, and embed the pictures attached to cells."""
    if name == root_doc:
        source[0] += CONTENTS
    elif name.startswith("notebooks/") and '"attachments"' in source[0]:
        notebook = json.loads(source[0])
        for cell in notebook["cells"]:
            text = "".join(cell["source"])
            for picture, content in cell.pop("attachments", {}).items():
                (kind, data), *_ = content.items()
                text = text.replace(f"attachment:{picture}", f"data:{kind};base64,{data}")
            cell["source"] = text
        source[0] = json.dumps(notebook)


def describe(_: Any, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """List fields with a meaning in their metadata, such as settings, as attributes with range and meaning."""
    del name, options
    if kind != "class" or not dataclasses.is_dataclass(thing):
        return
    knobs = [field for field in dataclasses.fields(thing) if field.metadata.get("meaning")]
    for field in knobs:
        limits = f", {field.metadata['low']} to {field.metadata['high']}" if "low" in field.metadata else ""
        lines += ["", f"* `{field.name}` = {field.default!r}{limits}: {field.metadata['meaning']}"]


def sign(_: Any, kind: str, name: str, thing: Any, options: Any, signature: str | None, returned: str | None) -> Any:
    """Return the signature of a widget's `__init__`, which the `__new__` of traitlets hides."""
    del name, options
    if kind == "class" and (signature or "").startswith("(*args"):
        from sphinx.util.inspect import signature as taken
        from sphinx.util.inspect import stringify_signature

        own = taken(thing.__init__, bound_method=True)
        signature = stringify_signature(own, show_return_annotation=False, unqualified_typehints=True)
    return signature, returned


def drop_widgets(_: Any, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Remove the scripts with the state of widgets, which would be most of the page's size."""
    del name, template, tree
    kept = [file for file in context["script_files"] if "widget-state" not in str(getattr(file, "attributes", ""))]
    context["script_files"] = kept


def finish(app: Any, error: Exception | None) -> None:
    """Copy the README's page to index.html."""
    if not error and app.builder.name == "html":
        shutil.copy(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: Any) -> None:
    """Connect the functions above to Sphinx's events; called by Sphinx."""
    prepare()
    app.connect("source-read", change_source)
    app.connect("autodoc-process-docstring", describe)
    app.connect("autodoc-process-signature", sign)
    app.connect("html-page-context", drop_widgets, priority=900)
    app.connect("build-finished", finish)
