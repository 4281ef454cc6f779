"""The repository: what it promises can be built, installed and run, and nothing is missing or left over."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from lab_server import serving

import hpe_nb as hpe
from hpe_nb.cli.main import COMMANDS
from hpe_nb.files.shipped import FOLDERS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KEPT = ("hpe_nb", "data", "notebooks")
FILES = (".gitignore", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "CONTRIBUTING.md")
LINES = ["pip install -e . && hpe-nb demo", 'pip install -e ".[test]" && pytest']
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
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of a fresh environment with the wheel; what the wheel needs is lent by this one."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    places = sysconfig.get_paths(scheme="venv", vars={"base": str(home), "platbase": str(home)})
    # A path file lends packages without their own path files: an editable hpe_nb of this environment stays out.
    Path(places["purelib"], "lent.pth").write_text(sysconfig.get_path("purelib") + "\n" + sysconfig.get_path("platlib"))
    program = Path(places["scripts"]) / ("python.exe" if os.name == "nt" else "python")
    install = [sys.executable, "-m", "pip", "--python", str(program), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True)
    return Path(places["scripts"])


def plain_environment() -> dict[str, str]:
    """This process's environment, offline and without hints where packages are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return kept | {"HPE_NB_OFFLINE": "1"}


def run_from_root(command: list[str | Path]) -> str:
    """What a program prints when it is started in `/`, away from any checkout."""
    root = Path(sys.executable).anchor
    done = subprocess.run(command, cwd=root, env=plain_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names}


@pytest.mark.slow
def test_installed_wheel_stands_alone_and_its_demo_runs_from_anywhere(scripts: Path, tmp_path: Path) -> None:
    code = "import hpe_nb; print(hpe_nb.__file__, hpe_nb.sample('basketball1'))"
    package, photo = run_from_root([scripts / "python", "-c", code]).split()
    for path in (package, photo):
        assert scripts.parent.resolve() in Path(path).resolve().parents
    text = run_from_root([scripts / "hpe-nb", "demo", "-o", tmp_path])
    assert "basketball1.png, 640 x 480 pixels" in text
    assert len(hpe.load_poses(tmp_path / "basketball1-poses.json")) >= 2
    assert hpe.read_image(tmp_path / "basketball1-poses.png").shape == (480, 640, 3)


@pytest.mark.slow
def test_installed_lab_serves_the_notebooks(scripts: Path, tmp_path: Path) -> None:
    share = Path(sys.prefix) / "share" / "jupyter"
    lent = {"JUPYTERLAB_DIR": str(share / "lab"), "JUPYTER_PATH": str(share)}
    command = [str(scripts / "hpe-nb"), "lab", str(tmp_path / "mine"), "--no-browser", "--ip=127.0.0.1"]
    with serving(command, tmp_path / "home", plain_environment() | lent) as (address, token):
        listing = json.load(urllib.request.urlopen(f"{address}/api/contents?token={token}", timeout=30))
    served = {item["name"] for item in listing["content"]}
    assert served == {path.name for path in (ROOT / "notebooks").iterdir() if path.suffix in (".ipynb", ".md")}


def plain(requirement: str) -> str:
    """Name of the package in a requirement, as the index compares names."""
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


def test_what_the_package_imports_is_required() -> None:
    extras = PROJECT["optional-dependencies"]
    given = {plain(text) for text in [*PROJECT["dependencies"], *(text for extra in extras.values() for text in extra)]}
    imported = set[str]()
    for node in (node for path in (ROOT / "hpe_nb").rglob("*.py") for node in ast.walk(ast.parse(path.read_bytes()))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
        imported |= {name.split(".")[0] for name in names}
    known = packages_distributions()
    outside = imported - set(sys.stdlib_module_names) - {"hpe_nb"}
    missing = {name for name in outside if not {plain(one) for one in known.get(name, [name])} & given}
    assert missing == {"certifi"}, "used where it happens to be there"


def test_version_is_the_same_everywhere() -> None:
    assert PROJECT["version"] == hpe.__version__


@pytest.mark.skipif(not shutil.which("bash") or os.name == "nt", reason="needs bash")
def test_ci_runs_the_lines_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    extract = next(line for line in script.read_text().splitlines() if line.startswith("mapfile"))
    command = f"{extract}; printf '%s\\n' \"${{lines[@]}}\""
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == LINES


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_each_block_of_code_runs_by_itself_in_an_empty_folder(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPE_NB_OFFLINE", "1")
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
