"""A graph as a file of TensorBoard's events: records of length, checksum, data, checksum."""
import struct
import time

_TABLE = []


def _crc32c(data):
    if not _TABLE:
        for byte in range(256):
            value = byte
            for _ in range(8):
                value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
            _TABLE.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _masked(data):
    crc = _crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _record(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def _event(field, data):
    # wall_time = 1 (double); file_version = 3, graph_def = 4.
    return b"\x09" + struct.pack("<d", time.time()) + _varint(field << 3 | 2) + _varint(len(data)) + data


def write_graph_event(folder, graph):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{int(time.time())}.graphsurgeon"
    path.write_bytes(_record(_event(3, b"brain.Event:2")) + _record(_event(4, graph.SerializeToString(deterministic=True))))
    return path
