"""Grows tiny models of every model type with the real command line and asks transformers about the result.

See README.md beside this file. The build never runs it; it needs Python with torch and transformers.
"""

import argparse
import base64
import contextlib
import dataclasses
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import safetensors
import torch
import transformers

import models
import variants

ROOT = Path(__file__).resolve().parents[3]
EXACT = 1e-4
CHANGED = 1e-3

# column, arguments of `coppice grow`, what is refused together, kind of check
RUNS = (
    ("width 2", ["--width", "2", "--noise", "0"], "width", "exact"),
    ("width 3", ["--width", "3", "--noise", "0"], "width", "exact"),
    ("interleaved", ["--width", "2", "--noise", "0", "--placement", "interleave"], "interleave", "exact"),
    ("depth 2", ["--depth", "2"], "depth", "finite"),
    ("stack 2", ["--depth", "2", "--depth-method", "stack"], "stack", "finite"),
    ("stack, 2 kept", ["--depth", "2", "--depth-method", "stack", "--keep-first", "2"], "stack kept", "finite"),
    ("identity 2", ["--depth", "2", "--identity"], "identity", "bits"),
    ("both, noise", ["--depth", "2", "--width", "2", "--noise", "0.01"], "both", "finite"),
    ("top-k kept", ["--width", "2", "--noise", "0", "--top-k", "keep"], "width", "changed"),
)


@dataclasses.dataclass
class Case:
    """One row of the table: a folder to grow, and how to read it."""

    name: str
    model_type: str
    folder: Path
    auto: str
    refuses: tuple
    control: dict | None = None
    variant: variants.Variant | None = None
    dtype: str = "F32"  # of the weights in the source's files

    @property
    def grouped(self):
        """Whether experts are chosen among groups scored by the sum of their two largest."""
        config = json.loads((self.folder / "config.json").read_text())
        groups = config.get("n_group") or config.get("num_expert_group") or 1
        return groups > 1 and self.model_type != "deepseek_v2"


class Failure(Exception):
    """A check that does not hold."""


class Coppice:
    """The program: one virtual machine for all calls, or the launcher anew for each."""

    def __init__(self, processes):
        version = subprocess.run([ROOT / "coppice", "--version"], capture_output=True, text=True, check=True)
        self.version = version.stdout.strip()
        self.loop = None
        if not processes:
            class_path = (ROOT / "target" / "launch" / "classpath").read_text().strip()
            loop = ["java", "-Xlog:disable", "-Duser.language=en", "-Dfile.encoding=UTF-8", "-cp", class_path]
            self.loop = subprocess.Popen(
                [*loop, Path(__file__).with_name("CommandLoop.java")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def __call__(self, *arguments):
        arguments = [str(argument) for argument in arguments]
        if self.loop is None:
            return subprocess.run([ROOT / "coppice", *arguments], capture_output=True, text=True, timeout=300)
        self.loop.stdin.write("\t".join(arguments) + "\n")
        self.loop.stdin.flush()
        code, output, errors = self.loop.stdout.readline().rstrip("\n").split("\t")
        decoded = [base64.b64decode(text).decode() for text in (output, errors)]
        return subprocess.CompletedProcess(arguments, int(code), *decoded)


def check(condition, message):
    if not condition:
        raise Failure(message)


def main():
    arguments = parse()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    coppice = Coppice(arguments.processes)
    work = Path(arguments.work or tempfile.mkdtemp(prefix="coppice-conformance-"))
    started = time.time()
    rows, failures = [], []
    for case in cases(work, arguments.only):
        cells, problems = run_case(case, work, coppice)
        rows.append((case, cells))
        failures += [f"{case.name}: {problem}" for problem in problems]
        print(f"{time.time() - started:6.0f} s  {case.name}: " + ("; ".join(problems) or "ok"), flush=True)
    text = report(rows, failures, coppice.version)
    if arguments.out:
        Path(arguments.out).write_text(text, encoding="utf-8")
    print(text if not arguments.out else f"{len(rows)} rows, {len(failures)} failures")
    if not arguments.work:
        shutil.rmtree(work)
    return 1 if failures else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", action="store_true", help="start ./coppice anew for every call (slow)")
    parser.add_argument("--only", help="regular expression of the rows to run")
    parser.add_argument("--work", help="folder for the tiny models; kept")
    parser.add_argument("--out", help="file for the Markdown table")
    return parser.parse_args()


def cases(work, only):
    """Every tiny model and every variant, built one at a time."""
    pattern = re.compile(only or ".")
    for name, spec in models.SPECS.items():
        if pattern.search(name):
            folder = save(spec, work, name)
            dtype = "BF16" if spec.bfloat16 else "F32"
            yield Case(name, spec.model_type, folder, spec.auto, spec.refuses, spec.control, None, dtype)
    for name, variant in variants.VARIANTS.items():
        if pattern.search(name):
            spec = widened(models.SPECS[variant.base], variant.spec)
            base = save(spec, work, "base of " + name)
            folder = work / slug(name) / "source"
            shutil.rmtree(folder.parent, ignore_errors=True)
            folder.parent.mkdir(parents=True)
            variants.make(variant, base, folder)
            refuses = spec.refuses if variant.refuses is None else variant.refuses
            yield Case(name, spec.model_type, folder, spec.auto, refuses, None, variant)


def widened(spec, more):
    if not more:
        return spec
    config = dict(spec.config)
    config.update(more)
    return dataclasses.replace(spec, config=config)


def save(spec, work, name):
    folder = work / slug(name) / "source"
    shutil.rmtree(folder.parent, ignore_errors=True)
    with contextlib.redirect_stderr(io.StringIO()):
        models.build(spec).save_pretrained(folder, max_shard_size="100KB")
    return folder


def slug(name):
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")


def run_case(case, work, coppice):
    """The cells of one row, and what went wrong in it."""
    cells, problems = {}, []
    try:
        reference = None if case.variant and not case.variant.logits else load(case, case.folder)[1]
    except Exception as problem:
        return {"load": "FAILED"}, [f"source: {first_line(problem)}"]
    for column, arguments, subject, kind in RUNS:
        target = work / slug(case.name) / slug(column)
        shutil.rmtree(target, ignore_errors=True)
        try:
            cells[column] = run(case, column, arguments, subject, kind, target, reference, coppice)
        except Failure as failure:
            cells[column] = "**FAILED**"
            problems.append(f"{column}: {failure}")
        except Exception as problem:
            cells[column] = "**FAILED**"
            problems.append(f"{column}: {first_line(problem)}")
            if "--trace" in sys.argv:
                traceback.print_exc()
    if case.control and "width" not in case.refuses:
        try:
            cells["wrong config"] = wrong_config(case, work, reference)
        except Exception as problem:
            cells["wrong config"] = "**FAILED**"
            problems.append(f"wrong config: {first_line(problem)}")
    return cells, problems


def first_line(problem):
    text = str(problem).strip() or type(problem).__name__
    return f"{type(problem).__name__}: {text.splitlines()[0][:300]}"


def run(case, column, arguments, subject, kind, target, reference, coppice):
    """Grows once and checks the result; returns the cell."""
    if kind == "changed" and reference is None:
        return "-"
    grown = coppice("grow", case.folder, target, *arguments, "--quiet")
    if is_refused(case, subject):
        check(grown.returncode in (2, 3), f"must be refused, got exit code {grown.returncode}")
        check(re.search(r"since|, but ", grown.stderr), f"refusal gives no reason: {grown.stderr.strip()[:200]}")
        check(not target.exists(), "refusal left a folder behind")
        return "refused"
    check(grown.returncode == 0, f"exit code {grown.returncode}: {grown.stderr.strip()[:300]}")
    verified = coppice("verify", case.folder, target, "--quiet")
    check(verified.returncode == 0, f"verify: exit code {verified.returncode}: {verified.stderr.strip()[:200]}")
    check_config(case, arguments, target)
    check(case.dtype in ("F32", dtypes(target)), f"dtype must be {case.dtype}, got {dtypes(target)}")
    if case.variant and case.variant.expect and "--keep-first" not in arguments:
        expectation(case, arguments, target)
    if reference is None:
        return "names"
    return compare(case, kind, reference, load(case, target)[1])


def is_refused(case, subject):
    if subject == "both":
        return any(operator in case.refuses for operator in ("width", "depth", "noise"))
    if subject == "interleave":  # sums of the two largest of a group cannot be kept
        return "width" in case.refuses or case.grouped
    return subject in case.refuses


def factor(arguments, option):
    return int(arguments[arguments.index(option) + 1]) if option in arguments else 1


def expectation(case, arguments, target):
    tensors, config = variants.read(target)
    try:
        case.variant.expect(tensors, config, factor(arguments, "--width"), factor(arguments, "--depth"))
    except AssertionError as problem:
        raise Failure(str(problem) or "unexpected names or shapes") from problem


def check_config(case, arguments, target):
    """The grown config.json is read back with the right layer count."""
    if case.variant and not case.variant.logits:
        return
    before = layer_count(case.folder)
    after = layer_count(target)
    kept = factor(arguments, "--keep-first") if "--keep-first" in arguments else 0
    # a layer of longcat_flash counts twice in transformers
    wanted = before * factor(arguments, "--depth") - kept * (2 if case.model_type == "longcat_flash" else 1)
    check(after == wanted, f"layer count must be {wanted}, got {after}")


def dtypes(folder):
    """The dtypes of a folder's tensors, as its headers name them."""
    found = set()
    for file in folder.glob("*.safetensors"):
        with safetensors.safe_open(file, "pt") as tensors:
            found.update(tensors.get_slice(name).get_dtype() for name in tensors.keys())
    return " ".join(sorted(found))


def layer_count(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    return config.get_text_config(decoder=True).num_hidden_layers


def load(case, folder):
    """A model and its logits; every tensor must be where transformers looks for it."""
    readable = folder
    if case.variant and case.variant.loadable:
        tensors, config = variants.read(folder)
        case.variant.loadable(tensors, config)
        readable = folder.parent / (folder.name + "-readable")
        shutil.rmtree(readable, ignore_errors=True)
        variants.write(readable, tensors, config)
    auto = getattr(transformers, case.auto)
    model, info = auto.from_pretrained(readable, output_loading_info=True, attn_implementation="eager", dtype=torch.float32)
    extra = case.variant.extra if case.variant else "$^"
    ignored = re.compile(extra.replace("LAYERS", str(layer_count(readable))))
    for kind, names in info.items():
        left = sorted(str(n) for n in names if kind != "unexpected_keys" or not ignored.search(str(n)))
        check(not left, f"{kind.replace('_', ' ')}: {left[:4]}{' ...' if len(left) > 4 else ''} ({len(left)})")
    return model, models.logits(model.eval())


def compare(case, kind, reference, got):
    check(bool(torch.isfinite(got).all()), "logits are not finite")
    difference = float((got - reference).abs().max() / reference.abs().max())
    if kind == "exact":
        check(difference <= EXACT, f"logits differ by {difference:.2g}")
    if kind == "bits":
        check(torch.equal(got, reference), f"logits must keep every bit, differ by {difference:.2g}")
        return "0"
    if kind == "changed":
        if case.model_type.startswith("llama4"):
            check(difference <= EXACT, f"top-1 must stay exact, differs by {difference:.2g}")
            return f"{difference:.1g} (top-1)"
        check(difference > CHANGED, f"control must differ, differs by {difference:.2g}")
    return f"{difference:.1e}" if kind == "exact" else f"{difference:.2f}"


def wrong_config(case, work, reference):
    """The width-2 result with its routing keys put back must not give the same logits."""
    right = work / slug(case.name) / "width-2"
    wrong = work / slug(case.name) / "wrong-config"
    shutil.rmtree(wrong, ignore_errors=True)
    shutil.copytree(right, wrong)
    config = json.loads((wrong / "config.json").read_text())
    config.update(case.control)
    (wrong / "config.json").write_text(json.dumps(config))
    got = load(case, wrong)[1]
    return compare(case, "changed", reference, got)


def report(rows, failures, version):
    """The Markdown file."""
    columns = ["load"] if any("load" in cells for _, cells in rows) else []
    columns += [column for column, *_ in RUNS] + ["wrong config"]
    kinds = sorted({case.model_type for case, _ in rows})
    lines = [
        "# What transformers says about grown checkpoints",
        "",
        f"{len(rows)} tiny checkpoints of {len(kinds)} model types, "
        f"{len(failures)} failed checks. Written by `conformance.py`; see README.md beside this file.",
        "",
        f"- {version}",
        f"- transformers {transformers.__version__}, torch {torch.__version__},"
        f" safetensors {safetensors.__version__}, Python {platform.python_version()}, CPU, one thread, eager attention",
        "",
        "Figures are the largest difference of the logits from the source's, over the source's largest logit."
        " Widths are grown with noise 0 and must stay under 1e-4 (computed in float32 whatever the files hold); identity must keep every bit (0);"
        " interleaved copies are refused where groups are scored by their two largest experts; depth, stack and both must load whole and be finite; `top-k kept` and `wrong config` are negative controls"
        " that must differ. `refused`: the command refused with its reason and wrote nothing. `names`: transformers"
        " cannot read the layout, so names, shapes and config keys were checked."
        " Every cell also means that `coppice verify` passed, that no tensor was missing, unexpected or of"
        " another shape, and that the layer count was read back right.",
        "",
    ]
    for title, wanted in (("Model types, as transformers saves them", False), ("Other layouts met in the wild", True)):
        chosen = [(case, cells) for case, cells in rows if (case.variant is not None) == wanted]
        if not chosen:
            continue
        shown = [c for c in columns if any(c in cells for _, cells in chosen)]
        lines += [f"## {title}", "", "| checkpoint | " + " | ".join(shown) + " |"]
        lines += ["|---" * (len(shown) + 1) + "|"]
        for case, cells in chosen:
            lines.append(f"| {case.name} | " + " | ".join(cells.get(c, "") for c in shown) + " |")
        lines.append("")
    lines += ["## Failures", ""]
    lines += [f"- {failure}" for failure in failures] or ["None."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
