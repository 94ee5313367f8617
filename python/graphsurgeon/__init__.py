"""Changes TensorFlow graphs, without TensorFlow: nodes are NodeDef messages, graphs are read and written as frozen GraphDefs.

    graph = graphsurgeon.DynamicGraph("model.pb")
    softmax = graph.find_nodes_by_op("Softmax")
    graph.remove(softmax)
    graph.collapse_namespaces({"Postprocessor": graphsurgeon.create_plugin_node("NMS", op="NMS_TRT", numClasses=91)})
    graph.write("changed.pb")
"""
from ._graph import DynamicGraph, StaticGraph
from ._node import AttrValue, GraphDef, NodeDef, TensorProto, array_of, create_node, create_plugin_node, update_node

__version__ = "0.4.6"
__all__ = ["AttrValue", "DynamicGraph", "GraphDef", "NodeDef", "StaticGraph", "TensorProto", "array_of", "create_node", "create_plugin_node",
           "update_node"]
