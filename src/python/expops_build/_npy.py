"""NumPy arrays as `.npy`."""

from __future__ import annotations

import sys
from typing import Any

from expops_build import _mapped


def write(value: Any, path: str) -> bool:
    """Store a plain array; False, and no file, if `.npy` would change it."""
    numpy = sys.modules["numpy"]
    if type(value) is not numpy.ndarray or not _is_lossless(numpy, value.dtype):
        return False
    with open(path, "wb") as file:
        numpy.lib.format.write_array(file, without_padding(numpy, value), allow_pickle=False)
    return True


def without_padding(numpy: Any, array: Any) -> Any:
    """`array` with its padding zeroed: between fields, and after the ten bytes of an x87 number."""
    if array.dtype.names is not None:
        clean = numpy.zeros(array.shape, array.dtype, order="F" if array.flags.fnc else "C")
        for name in array.dtype.names:
            clean[name] = without_padding(numpy, array[name])
        return clean
    width = array.dtype.itemsize // (2 if array.dtype.kind == "c" else 1)
    if array.dtype.kind not in "fc" or width <= 8 or numpy.finfo(array.dtype).nmant != 63:
        return array
    clean = array.copy(order="F" if array.flags.fnc else "C")
    numbers = clean.T if array.flags.fnc else clean
    numbers.reshape(-1).view("u1").reshape(-1, width)[:, 10:] = 0
    return clean


def read(path: str, may_map: bool) -> Any:
    """The array in the file `path`, writable."""
    import numpy

    data = _mapped.view(path) if may_map else None
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
