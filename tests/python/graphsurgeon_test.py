#!/usr/bin/env python3
"""The package `graphsurgeon`: usage graphsurgeon_test.py PROJECT"""
import pathlib
import sys
import tempfile
import unittest

import numpy as np

PROJECT = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(PROJECT / "python"))
import graphsurgeon as gs


def sample():
    """x -> head/a -> head/b -> y, with a constant in the head and a reader of head/a outside."""
    graph = gs.DynamicGraph()
    graph.extend([gs.create_node("x", op="Placeholder", dtype=np.float32, shape=[None, 3]),
                  gs.create_node("head/c", op="Const", value=np.float32([1, 2, 3])),
                  gs.create_node("head/a", op="Add", inputs=["x", "head/c"]),
                  gs.create_node("head/b", op="Relu", inputs=["head/a"]),
                  gs.create_node("y", op="Tanh", inputs=["head/b"]),
                  gs.create_node("z", op="Exp", inputs=["head/a", "^y"])])
    return graph


def links(graph):
    return {node.name: list(node.input) for node in graph}


class Nodes(unittest.TestCase):
    def test_attributes_have_the_kinds_of_their_values(self):
        node = gs.create_node("n", op="Special", count=3, scale=0.5, flag=True, word="w", sizes=[1, 2], factors=[1, 0.5], words=["a"], dtype=np.int32,
                              shape=[None, 2], table=np.int64([[1, 2]]))
        attr = node.attr
        self.assertEqual((attr["count"].i, attr["scale"].f, attr["flag"].b, attr["word"].s), (3, 0.5, True, b"w"))
        self.assertEqual((list(attr["sizes"].list.i), list(attr["factors"].list.f), list(attr["words"].list.s)), ([1, 2], [1, 0.5], [b"a"]))
        self.assertEqual((attr["dtype"].type, [d.size for d in attr["shape"].shape.dim]), (3, [-1, 2]))
        self.assertEqual([d.size for d in attr["table"].tensor.tensor_shape.dim], [1, 2])
        with self.assertRaisesRegex(ValueError, "dict cannot be an attribute"):
            gs.create_node("n", op="Special", table={})

    def test_plugins_are_called_as_their_operation(self):
        self.assertEqual(gs.create_plugin_node("NMS").op, "NMS")
        self.assertEqual(gs.create_plugin_node("NMS", op="NMS_TRT").op, "NMS_TRT")

    def test_constants_are_arrays(self):
        self.assertEqual(gs.array_of(gs.create_node("c", op="Const", value=np.int32([[1], [2]]))).tolist(), [[1], [2]])
        node = gs.create_node("c", op="Const", value=np.zeros((2, 2), np.int64))
        node.attr["value"].tensor.ClearField("tensor_content")
        node.attr["value"].tensor.int64_val.extend([1, 7])
        self.assertEqual(gs.array_of(node).tolist(), [[1, 7], [7, 7]])

    def test_an_update_keeps_the_rest(self):
        node = gs.create_node("n", op="Special", count=3, scale=0.5)
        gs.update_node(node, name="m", count=4)
        self.assertEqual((node.name, node.op, node.attr["count"].i, node.attr["scale"].f), ("m", "Special", 4, 0.5))


class Finding(unittest.TestCase):
    def test_nodes(self):
        graph = sample()
        names = lambda nodes: [node.name for node in nodes]
        self.assertEqual(names(graph.find_nodes_by_op("Relu")), ["head/b"])
        self.assertEqual(names(graph.find_nodes_by_op({"Relu", "Tanh"})), ["head/b", "y"])
        self.assertEqual(names(graph.find_nodes_by_name(["x", "z"])), ["x", "z"])
        self.assertEqual(names(graph.find_nodes_by_path("head")), ["head/c", "head/a", "head/b"])
        self.assertEqual(names(graph.find_node_inputs(graph.node_map["head/a"])), ["x", "head/c"])
        self.assertEqual(names(graph.find_node_inputs_by_op(graph.node_map["head/a"], "Const")), ["head/c"])
        self.assertEqual(names(graph.find_node_outputs(graph.node_map["head/a"])), ["head/b", "z"])
        self.assertEqual(names(graph.find_node_outputs_by_name(graph.node_map["head/a"], "z")), ["z"])
        self.assertEqual([names(chain) for chain in graph.find_node_chains_by_op(["Add", "Relu", "Tanh"])], [["head/a", "head/b", "y"]])
        self.assertEqual((names(graph.graph_inputs), names(graph.graph_outputs)), (["x"], ["z"]))
        self.assertEqual(names(graph.node_outputs["head/b"]), ["y"])


class Changing(unittest.TestCase):
    def test_removed_nodes_are_read_no_more(self):
        graph = sample()
        graph.remove(graph.find_nodes_by_name("z"))
        graph.remove("y", remove_exclusive_dependencies=True)
        self.assertEqual(links(graph), {})
        graph = sample()
        graph.remove(graph.find_nodes_by_op("Relu"), remove_exclusive_dependencies=True)
        self.assertEqual(links(graph), {"x": [], "head/c": [], "head/a": ["x", "head/c"], "y": [], "z": ["head/a", "^y"]})

    def test_forwarded_nodes_hand_on_what_they_read(self):
        graph = sample()
        graph.forward_inputs(graph.find_nodes_by_op(["Add", "Relu"]))
        self.assertEqual(links(graph), {"x": [], "head/c": [], "y": ["x", "head/c"], "z": ["x", "head/c", "^y"]})
        graph = sample()
        graph.forward_inputs(graph.find_nodes_by_op("Add"), name="x")
        self.assertEqual(links(graph)["head/b"], ["x"])

    def test_namespaces_collapse_into_a_node(self):
        graph = sample()
        graph.collapse_namespaces({"head": gs.create_plugin_node("Head_TRT", size=3)})
        self.assertEqual(links(graph), {"x": [], "y": ["Head_TRT"], "z": ["Head_TRT", "^y"], "Head_TRT": ["x"]})
        self.assertEqual(graph.node_map["Head_TRT"].attr["size"].i, 3)

    def test_nodes_may_be_left_out_of_a_collapse(self):
        graph = sample()
        graph.collapse_namespaces({"head": gs.create_plugin_node("h")}, exclude_nodes=graph.find_nodes_by_op("Const"))
        self.assertEqual(links(graph)["h"], ["x", "head/c"])
        self.assertIn("head/c", graph)

    def test_namespaces_may_share_a_node_and_read_each_other(self):
        graph = sample()
        first, second = gs.create_plugin_node("first"), gs.create_plugin_node("second")
        graph.collapse_namespaces({"head/a": first, "head/c": first, "head": second})
        self.assertEqual(links(graph), {"x": [], "y": ["second"], "z": ["first", "^y"], "first": ["x"], "second": ["first"]})

    def test_names_stay_unique(self):
        with self.assertRaisesRegex(ValueError, "a node 'x' already"):
            sample().append(gs.create_node("x", op="Relu"))

    def test_a_copy_is_its_own(self):
        graph = sample()
        copy = graph.copy()
        copy.remove("x")
        self.assertIn("x", graph)
        self.assertNotIn("x", copy)


class Files(unittest.TestCase):
    def test_graphs_come_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "graph.pb"
            sample().write(path)
            self.assertEqual(gs.StaticGraph(path).as_graph_def(), sample().as_graph_def())
            self.assertEqual(gs.StaticGraph(str(path)).node_ops["head/b"], "Relu")
            events = sample().write_tensorboard(pathlib.Path(folder) / "logs").read_bytes()
            self.assertIn(b"brain.Event:2", events)
            self.assertIn(sample().as_graph_def().SerializeToString(deterministic=True), events)

    def test_a_real_graph(self):
        graph = gs.DynamicGraph(PROJECT / "models/tf/mnist_allcnn/all_cnn3.pb")
        self.assertEqual(len(graph.find_nodes_by_op("Conv2D")), 4)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
