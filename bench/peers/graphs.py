"""ONNX graphs of the stages that are measured, with random weights: ViT-L/14-336 and OPT-125M, operation by operation as an
export of their PyTorch modules has them. No PyTorch is needed."""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

VISION = {"width": 1024, "hidden": 4096, "layers": 23, "heads": 16}
LANGUAGE = {"width": 768, "hidden": 3072, "layers": 12, "heads": 12}
VOCABULARY = 50272


class Graph:
    """Nodes and weights, one call each. The name of a tensor is what stands for it."""

    def __init__(self):
        self.nodes, self.weights, self.random = [], [], numpy.random.default_rng(1)

    def node(self, kind, *inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def weight(self, *shape):
        return self.constant((0.02 * self.random.standard_normal(shape)).astype(numpy.float32))

    def linear(self, x, rows, columns):
        return self.node("Add", self.node("MatMul", x, self.weight(rows, columns)), self.weight(columns))

    def norm(self, x, width):
        return self.node("LayerNormalization", x, self.constant(numpy.ones(width, numpy.float32)), self.weight(width), axis=-1,
                         epsilon=1e-5)

    def attention(self, x, size, mask):
        width, heads = size["width"], size["heads"]
        split = self.constant(numpy.array([0, 0, heads, width // heads], numpy.int64))

        def projected(order):
            return self.node("Transpose", self.node("Reshape", self.linear(x, width, width), split), perm=order)

        q, k, v = projected([0, 2, 1, 3]), projected([0, 2, 3, 1]), projected([0, 2, 1, 3])
        q = self.node("Mul", q, self.constant(numpy.float32((width // heads) ** -0.5)))
        scores = self.node("MatMul", q, k)
        if mask is not None:
            scores = self.node("Add", scores, mask)
        context = self.node("Transpose", self.node("MatMul", self.node("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        context = self.node("Reshape", context, self.constant(numpy.array([0, 0, width], numpy.int64)))
        return self.linear(context, width, width)

    def layers(self, x, size, activation, mask=None):
        for _ in range(size["layers"]):
            x = self.node("Add", x, self.attention(self.norm(x, size["width"]), size, mask))
            inner = activation(self.linear(self.norm(x, size["width"]), size["width"], size["hidden"]))
            x = self.node("Add", x, self.linear(inner, size["hidden"], size["width"]))
        return x

    def save(self, path, shape, result, result_shape):
        graph = helper.make_graph(self.nodes, "stage", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                                  [helper.make_tensor_value_info(result, TensorProto.FLOAT, result_shape)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def save_vision(path):
    """Pixels [1, 3, 336, 336] to the last state but one, which the first glance reads."""
    graph, width = Graph(), VISION["width"]

    def quick_gelu(x):
        inner = graph.node("Mul", x, graph.constant(numpy.float32(1.702)))
        return graph.node("Mul", x, graph.node("Sigmoid", inner))

    patches = graph.node("Conv", "x", graph.weight(width, 3, 14, 14), kernel_shape=[14, 14], strides=[14, 14])
    rows = graph.node("Reshape", patches, graph.constant(numpy.array([1, width, 576], numpy.int64)))
    tokens = graph.node("Concat", graph.weight(1, 1, width), graph.node("Transpose", rows, perm=[0, 2, 1]), axis=1)
    x = graph.norm(graph.node("Add", tokens, graph.weight(1, 577, width)), width)
    graph.save(path, [1, 3, 336, 336], graph.layers(x, VISION, quick_gelu), [1, 577, width])


def save_prefill(path, prompt):
    """A prompt of embeddings [1, n, 768] to the logits of its next token."""
    graph, width = Graph(), LANGUAGE["width"]
    mask = graph.constant(numpy.triu(numpy.full((prompt, prompt), numpy.finfo(numpy.float32).min), 1).astype(numpy.float32))
    x = graph.node("Add", "x", graph.weight(1, prompt, width))
    x = graph.norm(graph.layers(x, LANGUAGE, lambda y: graph.node("Relu", y), mask), width)
    last = graph.node("Gather", x, graph.constant(numpy.array([prompt - 1], numpy.int64)), axis=1)
    logits = graph.node("MatMul", last, graph.weight(width, VOCABULARY))
    graph.save(path, [1, prompt, width], logits, [1, 1, VOCABULARY])
