"""The repository: what it promises can be built, installed and run, and nothing is missing or left over."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from collections import defaultdict
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from lab_server import serving
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hpe_nb as hpe
from hpe_nb.cli.main import COMMANDS
from hpe_nb.files.shipped import FOLDERS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KEPT = ("hpe_nb", "data", "notebooks")
FILES = (".gitignore", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "CONTRIBUTING.md")
LEFT_OVER = ("notebooks/.env", "notebooks/.ipynb_checkpoints/a.ipynb", "hpe_nb/__pycache__/a.pyc", "data/.DS_Store")
"""Files that are in many a checkout and belong into no wheel."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source distribution, from a copy with left-over files."""
    copy = tmp_path_factory.mktemp("copy") / "hpe-nb"
    for name in KEPT:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    for name in LEFT_OVER:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("left over")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel and no more; what it needs is lent by this environment."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["-q", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    return folder


@pytest.mark.slow
def test_wheel_has_all_and_nothing_left_over(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if not name.startswith("hpe_nb-")}
    samples = [path for folder in FOLDERS for path in (ROOT / "data" / folder).iterdir() if path.is_file()]
    data = {f"hpe_nb/data/{path.parent.name}/{path.name}" for path in samples}
    notebooks = {f"hpe_nb/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "hpe_nb").rglob("*.py")}
    assert min(map(len, (data, notebooks, modules))) > 0
    assert data | notebooks | modules | {"hpe_nb/py.typed", "hpe_nb/data/CREDITS.md"} <= inside
    left_over = r"\.env|\.ipynb_checkpoints|__pycache__|DS_Store|(^|/)tests?/|data/pictures/"
    assert [name for name in names if re.search(left_over, name)] == []
    assert {name.split("/")[0] for name in inside} == {"hpe_nb"}
    assert f"hpe_nb-{hpe.__version__}.dist-info/METADATA" in names
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names}


@pytest.mark.slow
def test_installed_wheel_stands_alone_and_its_demo_runs_from_anywhere(installed: Path, tmp_path: Path) -> None:
    root, own = Path(sys.executable).anchor, os.environ | {"PYTHONPATH": str(installed)}
    code = "import hpe_nb; print(hpe_nb.__file__, hpe_nb.sample('basketball1'))"
    paths = subprocess.check_output([sys.executable, "-c", code], cwd=root, env=own, text=True).split()
    assert all(installed.resolve() in Path(path).resolve().parents for path in paths)
    text = subprocess.check_output([installed / "bin" / "hpe-nb", "demo", "-o", tmp_path], cwd=root, env=own, text=True)
    assert "basketball1.png, 640 x 480 pixels" in text
    assert {path.name for path in tmp_path.iterdir()} == {"basketball1-poses.json", "basketball1-poses.png"}


@pytest.mark.slow
def test_installed_lab_serves_the_notebooks(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "bin" / "hpe-nb"), "lab", str(tmp_path / "mine"), "--no-browser", "--ip=127.0.0.1"]
    own = os.environ | {"PYTHONPATH": str(installed)}
    with serving(command, tmp_path / "home", own) as (address, token):
        listing = json.load(urllib.request.urlopen(f"{address}/api/contents?token={token}", timeout=30))
    served = {item["name"] for item in listing["content"]}
    assert served == {path.name for path in (ROOT / "notebooks").iterdir() if path.suffix in (".ipynb", ".md")}


def test_what_the_package_imports_is_required() -> None:
    extras = PROJECT["optional-dependencies"]
    needed = map(Requirement, [*PROJECT["dependencies"], *chain.from_iterable(extras.values())])
    given = {canonicalize_name(each.name) for each in needed}
    imported = defaultdict[str, set[str]](set)
    for path in (ROOT / "hpe_nb").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                imported[name.split(".")[0]].add(path.name)
    assert imported["cv2"] == {"opencv.py"}, "others import it the way that explains what is wrong with it"
    known = packages_distributions()
    outside = set(imported) - set(sys.stdlib_module_names) - {"hpe_nb"}
    missing = {name for name in outside if not {canonicalize_name(one) for one in known.get(name, [name])} & given}
    assert missing == {"certifi"}, "used where it happens to be there"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_each_block_of_code_runs_by_itself_in_an_empty_folder(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec", dont_inherit=True), {"__name__": "__main__"})


def test_the_guide_names_every_command_and_extra() -> None:
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`hpe-nb {name}" not in text] == []
    assert [name for name in PROJECT["optional-dependencies"] if f"[{name}]" not in text] == []


def test_the_reference_has_a_title_for_every_room() -> None:
    named = re.findall(r"^from \.(\w+)", (ROOT / "hpe_nb" / "__init__.pyi").read_text(encoding="utf-8"), re.MULTILINE)
    titles = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    assert [room for room in sorted(set(named)) if f'    "{room}": "' not in titles] == []
