"""NumPy arrays as `.npy`."""

from __future__ import annotations

import sys
from typing import Any

from expops import _mapped


def write(value: Any, path: str) -> bool:
    """Store a plain array; False, and no file, for what `.npy` would change."""
    numpy = sys.modules["numpy"]
    if type(value) is not numpy.ndarray or not _is_lossless(numpy, value.dtype):
        return False
    with open(path, "wb") as file:
        numpy.lib.format.write_array(file, value, allow_pickle=False)
    return True


def read(path: str) -> Any:
    """The array in the file `path`, which can be written to."""
    import numpy

    data = _mapped.view(path)
    if data is None:
        return numpy.load(path, allow_pickle=False)
    version = numpy.lib.format.read_magic(data)
    header = numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = header(data)
    array = numpy.frombuffer(data, dtype, offset=data.tell())
    return array.reshape(shape, order="F" if is_fortran else "C")


def _is_lossless(numpy: Any, dtype: Any) -> bool:
    if dtype.hasobject or dtype.kind not in "biufcmMSUV" or dtype.metadata:
        return False
    if dtype.kind != "V":
        return True
    if dtype.names is None or dtype.isalignedstruct:
        return False
    described = numpy.lib.format.descr_to_dtype(numpy.lib.format.dtype_to_descr(dtype))
    return bool(described == dtype and repr(described) == repr(dtype))
