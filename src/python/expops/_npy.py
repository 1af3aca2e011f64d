"""NumPy arrays as `.npy`."""

from __future__ import annotations

import sys
from typing import Any


def write(value: Any, path: str) -> bool:
    """Store a plain array; False, and no file, for what `.npy` would change."""
    numpy = sys.modules["numpy"]
    if type(value) is not numpy.ndarray or not _is_lossless(numpy, value.dtype):
        return False
    with open(path, "wb") as file:
        numpy.lib.format.write_array(file, value, allow_pickle=False)
    return True


def read(path: str) -> Any:
    """The array in the file `path`."""
    import numpy

    return numpy.load(path, allow_pickle=False)


def _is_lossless(numpy: Any, dtype: Any) -> bool:
    if dtype.hasobject or dtype.kind not in "biufcmMSUV" or dtype.metadata:
        return False
    if dtype.kind != "V":
        return True
    if dtype.names is None or dtype.isalignedstruct:
        return False
    described = numpy.lib.format.descr_to_dtype(numpy.lib.format.dtype_to_descr(dtype))
    return described == dtype and repr(described) == repr(dtype)
