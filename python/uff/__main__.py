"""convert-to-uff: a frozen TensorFlow graph to a UFF model."""
import argparse
import sys

from .converter import UffException, from_tensorflow_frozen_model


def main():
    parser = argparse.ArgumentParser(prog="convert-to-uff", description="Converts a frozen TensorFlow graph (.pb) to a UFF model.")
    parser.add_argument("input_file", help="the frozen graph")
    parser.add_argument("-l", "--list-nodes", action="store_true", help="show the nodes with their numbers, and convert nothing")
    parser.add_argument("-t", "--text", action="store_true", help="write text beside the model, without its weights")
    parser.add_argument("--write_preprocessed", action="store_true", help="write the graph as the preprocessor leaves it")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("-d", "--debug", action="store_true", help="show each node of the model")
    parser.add_argument("-o", "--output", help="the model's file; the input's name with .uff where it is left out")
    parser.add_argument("-O", "--output-node", action="append", default=[], help="an output, by name or number; may be given again")
    parser.add_argument("-I", "--input-node", action="append", default=[],
                        help="\"name,new_name,dtype,dim1,dim2,...\": the node becomes an input; may be given again")
    parser.add_argument("-p", "--preprocessor", help="a Python file with preprocess(dynamic_graph)")
    options = parser.parse_args()
    output = options.output or (options.input_file[:-3] if options.input_file.endswith(".pb") else options.input_file) + ".uff"
    try:
        from_tensorflow_frozen_model(options.input_file, options.output_node, options.preprocessor, output_filename=output, text=options.text,
                                     quiet=options.quiet, debug_mode=options.debug, list_nodes=options.list_nodes,
                                     write_preprocessed=options.write_preprocessed, input_node=options.input_node)
    except (UffException, OSError) as reason:
        sys.exit(f"convert-to-uff: {reason}")


if __name__ == "__main__":
    main()
