"""Copies a tree into an NTFS image through libntfs-3g, without mounting it.

usage: ntfs-copy-tree.py IMAGE TREE [--compress]
"""
import ctypes
import os
import stat
import struct
import sys

lib = ctypes.CDLL("libntfs-3g.so.89", use_errno=True)
pointer = ctypes.c_void_p
for name, result, arguments in [
    ("ntfs_mount", pointer, [ctypes.c_char_p, ctypes.c_ulong]),
    ("ntfs_umount", ctypes.c_int, [pointer, ctypes.c_int]),
    ("ntfs_pathname_to_inode", pointer, [pointer, pointer, ctypes.c_char_p]),
    ("ntfs_create", pointer, [pointer, ctypes.c_uint32, pointer, ctypes.c_uint8, ctypes.c_uint32]),
    ("ntfs_inode_close", ctypes.c_int, [pointer]),
    ("ntfs_attr_open", pointer, [pointer, ctypes.c_uint32, pointer, ctypes.c_uint32]),
    ("ntfs_attr_pwrite", ctypes.c_int64, [pointer, ctypes.c_int64, ctypes.c_int64, pointer]),
    ("ntfs_attr_pclose", ctypes.c_int, [pointer]),
    ("ntfs_attr_close", None, [pointer]),
    ("ntfs_set_ntfs_attrib", ctypes.c_int, [pointer, pointer, ctypes.c_size_t, ctypes.c_int]),
    ("ntfs_set_ntfs_reparse_data", ctypes.c_int, [pointer, pointer, ctypes.c_size_t, ctypes.c_int]),
]:
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments

DATA, COMPRESSED, COMPRESSION_ALLOWED = 0x80, 0x800, 1 << 6
unnamed = ctypes.addressof(ctypes.c_uint16.in_dll(lib, "AT_UNNAMED"))


def check(value, what):
    if not value:
        raise OSError(ctypes.get_errno(), what)
    return value


def utf16(name):
    data = name.encode("utf-16-le")
    return ctypes.create_string_buffer(data), len(data) // 2


def write(file, content):
    attribute = check(lib.ntfs_attr_open(file, DATA, unnamed, 0), "open data")
    if content:
        done = 0
        while done < len(content):
            piece = content[done : done + 65536]
            written = lib.ntfs_attr_pwrite(attribute, done, len(piece), piece)
            if written <= 0:
                raise OSError(ctypes.get_errno(), "write")
            done += written
        if compress:
            lib.ntfs_attr_pclose(attribute)
    lib.ntfs_attr_close(attribute)


def link(file, target):
    """A symbolic link as Windows makes them: the target twice, to be followed and to be shown."""
    text = target.replace("/", "\\").encode("utf-16-le")
    body = struct.pack("<HHHHI", 0, len(text), len(text), len(text), 0 if target.startswith("/") else 1) + text + text
    data = struct.pack("<IHH", 0xA000000C, len(body), 0) + body
    if lib.ntfs_set_ntfs_reparse_data(file, data, len(data), 0) != 0:
        raise OSError(ctypes.get_errno(), "reparse point")


def copy(directory, path):
    for name in sorted(os.listdir(path)):
        at = os.path.join(path, name)
        mode = os.lstat(at).st_mode
        text, length = utf16(name)
        kind = stat.S_IFDIR if stat.S_ISDIR(mode) else stat.S_IFREG
        made = check(lib.ntfs_create(directory, 0, text, length, kind), at)
        if kind == stat.S_IFDIR:
            copy(made, at)
        elif stat.S_ISLNK(mode):
            link(made, os.readlink(at))
        else:
            with open(at, "rb") as file:
                write(made, file.read())
        lib.ntfs_inode_close(made)


image, tree, compress = sys.argv[1], sys.argv[2], "--compress" in sys.argv
volume = check(lib.ntfs_mount(image.encode(), 0), "mount")
state = ctypes.cast(volume, ctypes.POINTER(ctypes.c_ulong))
if compress:
    state[2] |= COMPRESSION_ALLOWED
root = check(lib.ntfs_pathname_to_inode(volume, None, b"/"), "root")
if compress:
    flags = ctypes.c_uint32(COMPRESSED)
    if lib.ntfs_set_ntfs_attrib(root, ctypes.byref(flags), 4, 0) != 0:
        raise OSError(ctypes.get_errno(), "compress")
copy(root, tree)
lib.ntfs_inode_close(root)
if lib.ntfs_umount(volume, 0) != 0:
    raise OSError(ctypes.get_errno(), "umount")
