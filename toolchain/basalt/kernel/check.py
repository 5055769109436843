"""What CI sees of guest-pv-linux-patches: that the series applies, in whole and each patch alone, and that what it touches compiles."""

import os
import tempfile
from pathlib import Path

from basalt.kernel import make, options, series, source
from basalt.progress import Trouble, step


def applies():
    """{patch: None, or why it does not apply alone, or behind those before it}."""
    patches = series.patches()
    touched = {name for patch in patches for name in patch.touched}
    with source.locked():
        tree = source.with_series([])
        with tempfile.TemporaryDirectory() as together:
            series.copy(touched, tree, Path(together))
            return {patch: _complaint([patch], tree) or _complaint_in([patch], together) for patch in patches}


def _complaint(wanted, tree):
    with tempfile.TemporaryDirectory() as alone:
        series.copy({name for patch in wanted for name in patch.touched}, tree, Path(alone))
        return _complaint_in(wanted, alone)


def _complaint_in(wanted, folder):
    try:
        series.apply(wanted, folder)
    except Trouble as trouble:
        return str(trouble)
    return None


def objects(patches):
    """What of the kernel's the patches change, as make calls it."""
    return sorted({str(Path(name).with_suffix(".o")) for patch in patches for name in patch.touched if name.endswith((".c", ".S"))})


def compile_touched(jobs=os.cpu_count()):
    """With all patches in it, in the small kernel's folder, which a build goes on from."""
    patches, kind = series.patches(), options.KINDS["small"]
    with source.locked():
        tree = source.with_series(patches)
        options.configure(kind, tree)
        with step(f"{len(objects(patches))} of the kernel's objects compiled"):
            make.run(kind, jobs, *objects(patches))
