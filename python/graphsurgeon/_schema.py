"""Message classes out of .proto files, when they are imported: no generated code, so any protobuf runtime will do."""
import pathlib
import re

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TOKENS = re.compile(r"//[^\n]*|\"[^\"]*\"|[A-Za-z_][\w.]*|\d+|[{}<>,;=]")
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {name.lower()[5:]: value for name, value in _FIELD.Type.items()}


class _Parser:
    def __init__(self, text):
        self.tokens = [t for t in _TOKENS.findall(text) if not t.startswith("//")]
        self.at = 0

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, token):
        got = self.take()
        if got != token:
            raise SyntaxError(f"'{token}' is expected, not '{got}'")

    def file(self, name):
        file = descriptor_pb2.FileDescriptorProto(name=name, syntax="proto3")
        while self.at < len(self.tokens):
            word = self.take()
            if word == "syntax":
                self.at += 3
            elif word == "package":
                file.package = self.take()
                self.expect(";")
            elif word == "message":
                self.message(file.message_type.add())
            elif word == "enum":
                self.enum(file.enum_type.add())
            else:
                raise SyntaxError(f"'{word}' is not expected here")
        return file

    def enum(self, enum):
        enum.name = self.take()
        self.expect("{")
        while (name := self.take()) != "}":
            self.expect("=")
            enum.value.add(name=name, number=int(self.take()))
            self.expect(";")

    def message(self, message):
        message.name = self.take()
        self.expect("{")
        while (word := self.take()) != "}":
            if word == "message":
                self.message(message.nested_type.add())
            elif word == "oneof":
                message.oneof_decl.add(name=self.take())
                self.expect("{")
                while (kind := self.take()) != "}":
                    self.field(message, kind).oneof_index = len(message.oneof_decl) - 1
            elif word == "map":
                self.map(message)
            elif word == "repeated":
                self.field(message, self.take(), _FIELD.LABEL_REPEATED)
            else:
                self.field(message, word)

    def field(self, message, kind, label=_FIELD.LABEL_OPTIONAL):
        field = message.field.add(name=self.take(), label=label)
        _set_type(field, kind)
        self.expect("=")
        field.number = int(self.take())
        self.expect(";")
        return field

    def map(self, message):
        self.expect("<")
        key = self.take()
        self.expect(",")
        value = self.take()
        self.expect(">")
        start = self.at
        name = self.tokens[start].title().replace("_", "") + "Entry"
        self.field(message, name, _FIELD.LABEL_REPEATED)
        entry = message.nested_type.add(name=name)
        entry.options.map_entry = True
        _set_type(entry.field.add(name="key", number=1, label=_FIELD.LABEL_OPTIONAL), key)
        _set_type(entry.field.add(name="value", number=2, label=_FIELD.LABEL_OPTIONAL), value)


def _set_type(field, kind):
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type_name = kind  # a message or an enum: the pool finds out which


def _resolve(scope, messages, known):
    """Writes type names out in full, from the innermost scope outwards, and says of each whether it is an enum."""
    for message in messages:
        here = scope + "." + message.name
        for field in message.field:
            if not field.type_name:
                continue
            place = here
            while place + "." + field.type_name not in known:
                place = place.rpartition(".")[0]
                if not place:
                    raise SyntaxError(f"{here}: there is no type '{field.type_name}'")
            field.type_name = place + "." + field.type_name
            field.type = known[field.type_name]
        _resolve(here, message.nested_type, known)


def _names(scope, file):
    known = {f"{scope}.{enum.name}": _FIELD.TYPE_ENUM for enum in file.enum_type}

    def add(scope, messages):
        for message in messages:
            known[f"{scope}.{message.name}"] = _FIELD.TYPE_MESSAGE
            add(f"{scope}.{message.name}", message.nested_type)

    add(scope, file.message_type)
    return known


def load(path):
    """The message classes of a .proto file by name, and its enums as {name: {value's name: number}}."""
    path = pathlib.Path(path)
    file = _Parser(path.read_text()).file(path.name)
    scope = "." + file.package
    _resolve(scope, file.message_type, _names(scope, file))
    pool = descriptor_pool.DescriptorPool()  # of its own: a program may have loaded TensorFlow's messages too
    pool.AddSerializedFile(file.SerializeToString())
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    classes = {m.name: make(pool.FindMessageTypeByName(f"{file.package}.{m.name}")) for m in file.message_type}
    enums = {e.name: {v.name: v.number for v in e.value} for e in file.enum_type}
    return classes, enums
